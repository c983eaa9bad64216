"""Do two arms differ in the time to relapse: the log-rank test, within strata if there are."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike

from relapse_model.arrays import Floats, Mask, Positions
from relapse_model.errors import InsufficientDataError
from relapse_model.trial.statistics.contrast import SignificanceTest, two_sided_p
from relapse_model.trial.statistics.inputs import check_arms
from relapse_model.validation.arm_counts import arm_counts
from relapse_model.validation.ipcw import check_follow_up, check_labels


@dataclass(frozen=True, slots=True)
class LogRank:
    """The log-rank test and the counts it is made from.

    Parameters
    ----------
    z : float
        Below 0 if the treatment arm has fewer events than expected.
    observed, expected : float
        Events of the treatment arm, and how many there would be if the arms did not differ.
    test : SignificanceTest
        Chi-square with 1 degree of freedom.
    """

    z: float
    observed: float
    expected: float
    test: SignificanceTest


def log_rank(time: ArrayLike, event: ArrayLike, arm: ArrayLike, strata: ArrayLike | None = None) -> LogRank:
    """Test whether the arms differ in the time to the event.

    Assumes that loss has nothing to do with the coming event, within an arm (and stratum). Has most power if the
    hazards are proportional.

    Parameters
    ----------
    time, event : array-like of shape (n,)
        Weeks to the event or to the last time known free of it; 1 for an event, 0 otherwise.
    arm : array-like of shape (n,)
        1 treatment, 0 control.
    strata : array-like of shape (n,), optional
        Labels; patients are compared within them only.

    Returns
    -------
    LogRank

    Raises
    ------
    InsufficientDataError
        If there is one arm only, or no event while both arms were at risk.
    RelapseModelError
        If the arrays do not fit each other, or an arm or stratum is unknown.

    Notes
    -----
    Mantel 1966, Cancer Chemother Rep 50:163; variances are hypergeometric.

    Examples
    --------
    >>> found = log_rank([1, 2, 3, 4], [1, 1, 1, 1], [0, 0, 1, 1])
    >>> found.observed, round(found.expected, 4), round(found.test.statistic, 4)  # 2/4 + 2/3 + 1 + 1
    (2.0, 3.1667, 2.8824)
    """
    times, events = check_follow_up(time, event)
    treated = check_arms(arm, times.size)
    codes = np.zeros(times.size, dtype=np.intp) if strata is None else check_labels(strata, times.size)[1]
    expected, variance = _expected(times, events, treated, codes)
    if variance == 0:
        raise InsufficientDataError(
            f"Log-rank test: {int(events.sum())} events in all, none while patients of both arms were at risk; "
            "expected one at least."
        )
    observed = float(events[treated].sum())
    z = (observed - expected) / sqrt(variance)
    words = "log-rank test" if strata is None else f"log-rank test, {int(codes.max()) + 1} strata"
    return LogRank(z, observed, expected, SignificanceTest(z * z, 1, two_sided_p(z), words))


def _expected(time: Floats, event: Floats, treated: Mask, codes: Positions) -> tuple[float, float]:
    """Return the expected events of the treatment arm and their variance, over the strata."""
    of_strata = [
        arm_counts(time[rows], event[rows], treated[rows]).expected()
        for rows in (codes == code for code in range(int(codes.max()) + 1))
    ]
    return sum(expected for expected, _ in of_strata), sum(variance for _, variance in of_strata)
