"""Do two arms differ in times that are known only to lie between two visits: linear rank tests by permutation."""

from __future__ import annotations

from math import sqrt

import numpy as np
from numpy.typing import ArrayLike

from relapse_model.arrays import Floats
from relapse_model.errors import InsufficientDataError
from relapse_model.trial.statistics.contrast import SignificanceTest, two_sided_p
from relapse_model.trial.statistics.inputs import check_arms, require_one_of
from relapse_model.trial.statistics.interval_censored import check_bounds, innermost, maximise

_WORDS = {
    "sun": "log-rank test for interval-censored times (Sun's scores)",
    "finkelstein": "proportional-hazards score test for interval-censored times (Finkelstein's scores)",
    "wilcoxon": "Wilcoxon-Mann-Whitney test for interval-censored times",
}


def interval_censored_test(left: ArrayLike, right: ArrayLike, arm: ArrayLike, scores: str = "sun") -> SignificanceTest:
    """Test whether the arms differ in times of which only two bounds are known.

    Assumes that the visits of both arms follow one plan, so that without an effect the arms are exchangeable, visits
    included. An arm that is tested more often is seen to relapse earlier, and the test cannot tell.

    Parameters
    ----------
    left, right : array-like of shape (n,)
        The last time known free of the event and the first known to have had it, infinite if never, as in
        `interval_censored_masses`.
    arm : array-like of shape (n,)
        1 treatment, 0 control.
    scores : str
        ``"sun"``: the log-rank test, and just that if times are exact or right-censored; ``"finkelstein"``: the score
        of a grouped proportional hazards model; ``"wilcoxon"``: early differences weigh more.

    Returns
    -------
    SignificanceTest
        The statistic is normal: below 0 if the treatment arm has fewer or later events. Its variance is that over
        permutations of the arms.

    Raises
    ------
    InsufficientDataError
        If there is one arm only, or all patients have the same score.
    RelapseModelError
        If the bounds are missing or not in order, or an arm is unknown.

    Notes
    -----
    Sun 1996, Stat Med 15:1387; Finkelstein 1986, Biometrics 42:845; Fay and Shaw 2010, J Stat Softw 36(2).

    Examples
    --------
    >>> interval_censored_test([0, 0, 4, 8], [4, 4, 8, np.inf], [0, 0, 1, 1]).statistic < 0
    True
    """
    require_one_of(scores, tuple(_WORDS), "Scores")
    low, high = check_bounds(left, right)
    treated = check_arms(arm, low.size)
    score = _scores(low, high, scores)
    centred = score - score.mean()
    variance = float((centred**2).sum()) * treated.mean() * (1 - treated.mean()) * low.size / (low.size - 1)
    if variance <= 1e-20 * low.size:
        raise InsufficientDataError(
            f"Interval-censored times: all {low.size} patients have the same score, so nothing tells the arms apart; "
            "expected times that differ."
        )
    z = float(centred[treated].sum()) / sqrt(variance)
    return SignificanceTest(z, None, two_sided_p(z), _WORDS[scores])


def _scores(low: Floats, high: Floats, scores: str) -> Floats:
    """Return each patient's score: large for an early event."""
    covered = innermost(low, high)
    mass = maximise(covered)[0]
    before = np.clip(np.concatenate(([1.0], 1 - np.cumsum(mass))), 0, 1)  # survival before each interval, and after
    before[-1] = 0.0
    start, end = before[covered.first], before[covered.last + 1]
    if scores == "wilcoxon":
        rank: Floats = start + end - 1
        return rank
    positive = np.maximum(before, 1e-300)
    if scores == "sun":
        hazard = np.where(before[:-1] > 0, mass / positive[:-1], 0.0)
        log_survival = -np.concatenate(([0.0], np.cumsum(hazard)))
    else:
        log_survival = np.log(positive)
    value = before * log_survival
    score: Floats = (value[covered.first] - value[covered.last + 1]) / (start - end)
    return score
