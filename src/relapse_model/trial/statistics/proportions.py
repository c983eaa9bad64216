"""Shares of patients with an event in two arms, all outcomes known: differences, ratios and their tests."""

from __future__ import annotations

from math import inf, isnan

import numpy as np
from numpy.typing import ArrayLike

from relapse_model.errors import RelapseModelError
from relapse_model.trial.statistics.contrast import (
    ODDS_RATIO,
    RISK_DIFFERENCE,
    RISK_RATIO,
    Contrast,
    SignificanceTest,
    two_sided_p,
)
from relapse_model.trial.statistics.inputs import check_counts, require_one_of
from relapse_model.trial.statistics.mover import mover_contrast, score_bounds
from relapse_model.trial.statistics.score_interval import Tables, mantel_haenszel, null_statistic, score_limits
from relapse_model.validation.estimate import Estimate, normal_quantile

_SCORE, _UNCORRECTED, _NEWCOMBE = "miettinen-nurminen", "mee", "newcombe"
_WORDS = {
    _SCORE: ("Miettinen-Nurminen score interval", "score test (chi-square with N - 1)"),
    _UNCORRECTED: ("Mee score interval (without N - 1)", "score test (chi-square)"),
    _NEWCOMBE: ("Newcombe interval (Wilson limits combined)", ""),
}


def risk_difference(
    x1: int, n1: int, x0: int, n0: int, level: float = 0.95, method: str = "miettinen-nurminen"
) -> Contrast:
    """Compare two shares by their difference, treatment minus control.

    Assumes independent patients, all of them with a known outcome; with losses see `survival_contrast`. The interval
    has a width also if nobody in an arm, or in both, had the event.

    Parameters
    ----------
    x1, n1 : int
        Patients with the event, and patients, of the treatment arm.
    x0, n0 : int
        The same of the control arm.
    level : float
        Confidence level.
    method : str
        ``"miettinen-nurminen"``; ``"mee"``, the same without N / (N - 1); ``"newcombe"``.

    Returns
    -------
    Contrast
        The test belongs to the interval: p < 0.05 just where the 95 % interval leaves out 0.

    Raises
    ------
    InsufficientDataError
        If an arm has no patient.
    RelapseModelError
        If the counts are not such, or the method is unknown.

    Notes
    -----
    Miettinen and Nurminen 1985, Stat Med 4:213; Mee 1984, Biometrics 40:1175; Newcombe 1998, Stat Med 17:873.

    Examples
    --------
    >>> print(risk_difference(3, 66, 10, 66))
    -0.11 (-0.22 to -0.00)
    >>> print(risk_difference(0, 66, 0, 66))
    0.00 (-0.06 to 0.06)
    """
    return _contrast(RISK_DIFFERENCE, (x1, n1, x0, n0), level, method)


def risk_ratio(x1: int, n1: int, x0: int, n0: int, level: float = 0.95, method: str = "miettinen-nurminen") -> Contrast:
    """Compare two shares by their ratio, treatment over control.

    Assumes independent patients, all of them with a known outcome.

    Parameters
    ----------
    x1, n1, x0, n0 : int
        Patients with the event, and patients, of the treatment and the control arm.
    level : float
        Confidence level.
    method : str
        As in `risk_difference`.

    Returns
    -------
    Contrast
        Of value None if nobody had the event, and with an infinite upper limit if nobody in the control arm had.

    Raises
    ------
    RelapseModelError
        As `risk_difference`.

    Notes
    -----
    Miettinen and Nurminen 1985, Stat Med 4:213; Donner and Zou 2012, Stat Methods Med Res 21:347 (``"newcombe"``).

    Examples
    --------
    >>> print(risk_ratio(3, 66, 10, 66))
    0.30 (0.09 to 0.96)
    """
    return _contrast(RISK_RATIO, (x1, n1, x0, n0), level, method)


def odds_ratio(x1: int, n1: int, x0: int, n0: int, level: float = 0.95, method: str = "miettinen-nurminen") -> Contrast:
    """Compare the odds of two shares, treatment over control.

    Assumes independent patients, all of them with a known outcome.

    Parameters
    ----------
    x1, n1, x0, n0 : int
        Patients with the event, and patients, of the treatment and the control arm.
    level : float
        Confidence level.
    method : str
        ``"miettinen-nurminen"``, or ``"mee"`` for the same without N / (N - 1).

    Returns
    -------
    Contrast
        Of value None if the odds are 0 over 0.

    Raises
    ------
    RelapseModelError
        As `risk_difference`.

    Notes
    -----
    Miettinen and Nurminen 1985, Stat Med 4:213.

    Examples
    --------
    >>> print(odds_ratio(3, 66, 10, 66))
    0.27 (0.08 to 0.96)
    """
    require_one_of(method, (_SCORE, _UNCORRECTED), "Method of the odds ratio")
    return _contrast(ODDS_RATIO, (x1, n1, x0, n0), level, method)


def score_test(x1: int, n1: int, x0: int, n0: int) -> SignificanceTest:
    """Test the equality of two shares by the score test that belongs to the Miettinen-Nurminen interval.

    Assumes that the normal approximation of the score holds; it does better than for the estimates themselves.

    Parameters
    ----------
    x1, n1, x0, n0 : int
        Patients with the event, and patients, of the treatment and the control arm.

    Returns
    -------
    SignificanceTest
        The chi-square with N - 1; its p-value is 1 if nobody or everybody had the event.

    Raises
    ------
    RelapseModelError
        As `risk_difference`.

    Examples
    --------
    >>> round(score_test(3, 66, 10, 66).p_value, 6)
    0.041651
    """
    z = float(null_statistic(_table((x1, n1, x0, n0), corrected=True)))
    return SignificanceTest(z * z, 1, two_sided_p(z), _WORDS[_SCORE][1])


def fisher_exact(x1: int, n1: int, x0: int, n0: int) -> SignificanceTest:
    """Test the equality of two shares by Fisher's exact test, two-sided.

    Assumes nothing about sample size, and conditions on the number of events in both arms together, at the price of
    power: at 66 patients per arm it has 8 to 10 points less than the score test.

    Parameters
    ----------
    x1, n1, x0, n0 : int
        Patients with the event, and patients, of the treatment and the control arm.

    Returns
    -------
    SignificanceTest
        The p-value is the chance of all tables that are no more likely than the one that came.

    Raises
    ------
    RelapseModelError
        As `risk_difference`.

    Examples
    --------
    >>> round(fisher_exact(3, 66, 10, 66).p_value, 6)
    0.076387
    """
    from scipy import stats

    a, m, b, n = (int(value) for value in check_counts(x1, n1, x0, n0))
    p = float(stats.fisher_exact([[a, m - a], [b, n - b]]).pvalue)
    return SignificanceTest(None, None, min(p, 1.0), "Fisher's exact test")


def proportion(x: int, n: int, level: float = 0.95, method: str = "clopper-pearson") -> Estimate:
    """Estimate one share with its interval.

    Assumes independent patients. The exact interval holds its level always, and is wide for it.

    Parameters
    ----------
    x, n : int
        Patients with the event, and patients.
    level : float
        Confidence level.
    method : str
        ``"clopper-pearson"`` (exact) or ``"wilson"`` (score).

    Returns
    -------
    Estimate

    Raises
    ------
    RelapseModelError
        As `risk_difference`.

    Examples
    --------
    >>> print(proportion(0, 66))  # the exact upper limit: 1 - 0.025 ** (1 / 66)
    0.00 (0.00 to 0.05)
    """
    from scipy import stats

    require_one_of(method, ("clopper-pearson", "wilson"), "Method of one share")
    events, patients, _, _ = (int(value) for value in check_counts(x, n, 0, 1))
    z = normal_quantile(level)
    if method == "wilson":
        return Estimate(events / patients, *score_bounds(events / patients, patients, z), level, "Wilson interval")
    found = stats.binomtest(events, patients).proportion_ci(level, method="exact")
    return Estimate(events / patients, float(found.low), float(found.high), level, "Clopper-Pearson exact interval")


def _contrast(measure: str, counts: tuple[int, int, int, int], level: float, method: str) -> Contrast:
    require_one_of(method, tuple(_WORDS), "Method")
    table = _table(counts, corrected=method == _SCORE)
    words, test = _WORDS[method]
    if method == _NEWCOMBE:
        a, m, b, n = counts
        return mover_contrast(measure, a / m, m, b / n, n, level, words)
    return score_contrast(measure, table, level, words, test)


def score_contrast(measure: str, table: Tables, level: float, method: str, test: str) -> Contrast:
    """Return the contrast of one table by score limits; its counts may be effective ones, not whole.

    Parameters
    ----------
    measure : str
        ``"risk_difference"``, ``"risk_ratio"`` or ``"odds_ratio"``.
    table : Tables
        One table.
    level : float
        Confidence level.
    method, test : str
        Words for the report.

    Returns
    -------
    Contrast

    Examples
    --------
    >>> table = Tables(*(np.array([count]) for count in (3.0, 66.0, 10.0, 66.0)))
    >>> print(score_contrast("risk_difference", table, 0.95, "", ""))
    -0.11 (-0.22 to -0.00)
    """
    lower, upper = score_limits(table, measure, normal_quantile(level))
    z = float(null_statistic(table))
    value = _value(measure, table)
    return Contrast(measure, value, float(lower), float(upper), level, None, z, two_sided_p(z), method, test)


def _value(measure: str, table: Tables) -> float | None:
    if measure == ODDS_RATIO:
        x1, n1, x0, n0 = (float(value[0]) for value in (table.x1, table.n1, table.x0, table.n0))
        over, under = x1 * (n0 - x0), x0 * (n1 - x1)
        return over / under if under > 0 else (inf if over > 0 else None)
    value = float(mantel_haenszel(table, measure))
    return None if isnan(value) else value


def _table(counts: tuple[ArrayLike, ArrayLike, ArrayLike, ArrayLike], *, corrected: bool) -> Tables:
    values = check_counts(*counts)
    if values[0].shape != ():
        raise RelapseModelError(
            f"Counts: arrays of shape {values[0].shape}; expected four numbers. For strata see "
            "`stratified_risk_difference`."
        )
    x1, n1, x0, n0 = (np.atleast_1d(value) for value in values)
    return Tables(x1, n1, x0, n0, corrected)
