"""Events and patients at risk at each time, and the Kaplan-Meier risk made from them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from relapse_model.arrays import Floats
from relapse_model.errors import CensoringError, RelapseModelError


@dataclass(frozen=True, eq=False)
class RiskTable:
    """Events and patients at risk at each time of an event, ascending; events before censorings at ties.

    Parameters
    ----------
    times, events, at_risk : ndarray of shape (k,)
        The distinct times with an event, how many had one then, and how many were still followed just before.
    last : float
        The longest follow-up.
    """

    times: Floats
    events: Floats
    at_risk: Floats
    last: float

    @property
    def survival(self) -> Floats:
        """Return the chance of being free of the event beyond each of the times."""
        survival: Floats = np.cumprod(1 - self.events / self.at_risk, dtype=np.float64)
        return survival

    @property
    def greenwood(self) -> Floats:
        """Return each time's term of Greenwood's sum; 0 where the last patients relapse, as survival is 0 after."""
        left = self.at_risk - self.events
        terms: Floats = np.where(left > 0, self.events / (self.at_risk * np.where(left > 0, left, 1)), 0.0)
        return terms


def risk_table(time: Floats, event: Floats) -> RiskTable:
    """Count events and patients at risk.

    Parameters
    ----------
    time, event : ndarray of shape (n,)
        Checked follow-up.

    Returns
    -------
    RiskTable

    Examples
    --------
    >>> table = risk_table(np.array([1.0, 2, 2, 3]), np.array([1.0, 1, 0, 0]))
    >>> table.at_risk.tolist(), table.survival.round(2).tolist()
    ([4.0, 3.0], [0.75, 0.5])
    """
    distinct, position = np.unique(time, return_inverse=True)
    leaving, events = (
        np.bincount(position, weights=weights, minlength=distinct.size).astype(np.float64)
        for weights in (np.ones(time.size), event)
    )
    at_risk = time.size - (np.cumsum(leaving) - leaving)
    some = events > 0
    return RiskTable(distinct[some], events[some], at_risk[some], float(distinct[-1]))


def require_follow_up(table: RiskTable, week: float, arm: str, what: str) -> None:
    """Refuse a week beyond the last follow-up of an arm, unless all its patients had relapsed.

    Parameters
    ----------
    table : RiskTable
        Of the arm.
    week : float
        The week asked for.
    arm, what : str
        For the message.

    Raises
    ------
    CensoringError
        If nothing is known of that week.
    RelapseModelError
        If the week is not a number above 0.
    """
    if not (np.isfinite(week) and week > 0):
        raise RelapseModelError(f"{what}: week {week}; expected a number above 0.")
    nobody_left = table.times.size > 0 and table.events[-1] == table.at_risk[-1]
    if table.last < week and not nobody_left:
        raise CensoringError(
            f"{what} at week {week:g}: the {arm} arm is followed to week {table.last:g} at most, so what happened "
            f"after it was never observed. Ask for week {table.last:g} or earlier, or add follow-up."
        )
