"""Hazard ratio of two arms by Cox's model, with the test of its assumption that the ratio is constant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike

from relapse_model.arrays import Floats
from relapse_model.errors import InsufficientDataError
from relapse_model.trial.statistics.contrast import HAZARD_RATIO, Contrast, SignificanceTest
from relapse_model.trial.statistics.inputs import check_arms, check_covariates
from relapse_model.trial.statistics.kaplan_meier import risk_table
from relapse_model.trial.statistics.partial_likelihood import CoxFit, fit_cox
from relapse_model.validation.ipcw import check_follow_up, check_labels

ARM = "arm"


@dataclass(frozen=True, eq=False)
class CoxContrast:
    """The hazard ratio of the arms, the covariates' coefficients, and the test of proportional hazards.

    Parameters
    ----------
    contrast : Contrast
        Hazard ratio, treatment over control; its standard error is that of the logarithm.
    names : tuple of str
        ``"arm"`` and the covariates.
    coefficients : ndarray of shape (p,)
        Log hazard ratios, in the order of the names.
    covariance : ndarray of shape (p, p)
        Of the coefficients.
    log_likelihood : float
        Of the partial likelihood at its maximum.
    proportional_hazards : SignificanceTest
        Does the arm's log hazard ratio change with time: a small p is evidence against one hazard ratio.
    """

    contrast: Contrast
    names: tuple[str, ...]
    coefficients: Floats
    covariance: Floats
    log_likelihood: float
    proportional_hazards: SignificanceTest


def cox_contrast(
    time: ArrayLike,
    event: ArrayLike,
    arm: ArrayLike,
    covariates: ArrayLike | None = None,
    *,
    names: Sequence[str] | None = None,
    strata: ArrayLike | None = None,
    level: float = 0.95,
) -> CoxContrast:
    """Compare the hazards of relapse of two arms by their ratio.

    Assumes that the ratio is the same at all times (tested beside it), and that loss has nothing to do with the coming
    event given arm and covariates. With covariates the ratio is conditional on them, and farther from 1 than without.

    Parameters
    ----------
    time, event : array-like of shape (n,)
        Weeks to the event or to the last time known free of it; 1 for an event, 0 otherwise.
    arm : array-like of shape (n,)
        1 treatment, 0 control.
    covariates : array-like of shape (n,) or (n, k), optional
        Known before randomisation, none missing.
    names : sequence of str, optional
        Of the covariates.
    strata : array-like of shape (n,), optional
        Labels; each stratum has a baseline hazard of its own.
    level : float
        Confidence level.

    Returns
    -------
    CoxContrast

    Raises
    ------
    InsufficientDataError
        If an arm has no event, or the likelihood has no maximum.
    RelapseModelError
        If the arrays do not fit each other, an arm is unknown or a covariate missing.

    Notes
    -----
    Efron's way with ties; Wald interval on the log scale. Proportional hazards: the score test of a coefficient that
    moves with 1 - S(t-), S the Kaplan-Meier estimate in all patients (Grambsch and Therneau 1994, Biometrika 81:515).

    Examples
    --------
    >>> found = cox_contrast([1, 2, 3, 4], [1, 1, 1, 0], [0, 1, 0, 1])
    >>> round(found.contrast.value, 4)  # 1/(2 + 2r) x r/(1 + 2r) x 1/(1 + r) is largest where 4r^2 + r = 1
    0.3904
    """
    times, events = check_follow_up(time, event)
    treated = check_arms(arm, times.size)
    columns, known = check_covariates(covariates, names, times.size)
    codes = np.zeros(times.size, dtype=np.intp) if strata is None else check_labels(strata, times.size)[1]
    for who, name in ((treated, "treatment"), (~treated, "control")):
        if not events[who].any():
            raise InsufficientDataError(
                f"Cox model: none of {int(who.sum())} patients of the {name} arm had an event, so the hazard ratio "
                "has no finite estimate; expected events in both arms. Compare risks instead."
            )
    fit = fit_cox(times, events, np.column_stack([treated.astype(np.float64), columns]), codes)
    words = "Cox model, Efron ties" + (f", {int(codes.max()) + 1} strata" if strata is not None else "")
    words += f", adjusted for {', '.join(known)}" if known else ""
    contrast = Contrast.log_wald(
        HAZARD_RATIO, float(fit.coefficients[0]), sqrt(fit.covariance[0, 0]), level, words, "Wald test on the log scale"
    )
    test = _proportional_hazards(fit, times, events)
    return CoxContrast(contrast, (ARM, *known), fit.coefficients, fit.covariance, fit.log_likelihood, test)


def _proportional_hazards(fit: CoxFit, time: Floats, event: Floats) -> SignificanceTest:
    """Test whether the first coefficient moves with the share of patients who have had the event."""
    from scipy import stats

    table = risk_table(time, event)
    left = np.concatenate(([1.0], table.survival[:-1]))
    moving = (1 - left)[np.searchsorted(table.times, fit.event_times)]
    moving = moving - moving.mean()
    score = float(moving @ fit.residuals[:, 0])
    whole, cross = fit.information.sum(axis=0), np.tensordot(moving, fit.information, axes=1)[0]
    variance = float(moving**2 @ fit.information[:, 0, 0]) - float(cross @ np.linalg.solve(whole, cross))
    if variance <= 1e-12 * float(whole[0, 0]):
        return SignificanceTest(None, 1, 1.0, "Schoenfeld residuals against time: all events at one time, no test")
    statistic = score**2 / variance
    return SignificanceTest(statistic, 1, float(stats.chi2.sf(statistic, 1)), "Schoenfeld residuals against time")
