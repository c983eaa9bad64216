"""Two arms in the course of time: who is at risk at each event, and the events expected if the arms do not differ."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from relapse_model.arrays import Floats, Mask


@dataclass(frozen=True, eq=False)
class ArmCounts:
    """Patients at risk at each time of an event, in all and in the treatment arm, and the events in all."""

    times: Floats
    events: Floats
    at_risk: Floats
    at_risk1: Floats

    def expected(self) -> tuple[float, float]:
        """Return the events of the treatment arm if the arms did not differ, and their variance (hypergeometric)."""
        share = self.at_risk1 / self.at_risk
        alone = self.at_risk == 1
        ties = np.where(alone, 0.0, (self.at_risk - self.events) / np.where(alone, 1, self.at_risk - 1))
        variance = self.events * share * (1 - share) * ties
        return float((self.events * share).sum()), float(variance.sum())


def arm_counts(time: Floats, event: Floats, treated: Mask) -> ArmCounts:
    """Count events, and patients at risk in all and in the treatment arm.

    Parameters
    ----------
    time, event, treated : ndarray of shape (n,)
        Checked follow-up and arms.

    Returns
    -------
    ArmCounts

    Examples
    --------
    >>> arm_counts(np.array([1.0, 2]), np.array([1.0, 0]), np.array([True, False])).at_risk1.tolist()
    [1.0]
    """
    distinct, position = np.unique(time, return_inverse=True)
    events, leaving, leaving1 = (
        np.bincount(position, weights=weights, minlength=distinct.size).astype(np.float64)
        for weights in (event, np.ones(time.size), treated.astype(np.float64))
    )
    at_risk, at_risk1 = (np.cumsum(column[::-1])[::-1] for column in (leaving, leaving1))
    some = events > 0
    return ArmCounts(distinct[some], events[some], at_risk[some], at_risk1[some])
