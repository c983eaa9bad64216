"""Risks of both arms standardised to the baseline columns of all randomised patients, with a robust variance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log, sqrt

import numpy as np
from numpy.typing import ArrayLike

from relapse_model.arrays import Floats, Mask
from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.trial.statistics.contrast import RISK_DIFFERENCE, RISK_RATIO, Contrast
from relapse_model.trial.statistics.inputs import check_arms, check_covariates, check_outcome, require_one_of
from relapse_model.validation.ipcw import check_labels
from relapse_model.validation.logistic_fit import fit_logistic, risk_of


@dataclass(frozen=True, eq=False)
class StandardisedContrast:
    """What the risk would be if all randomised patients were in the one arm, or in the other.

    Parameters
    ----------
    patients, events : int
        Patients with a known outcome, and those with the event.
    treatment_risk, control_risk : float
        Standardised risks.
    covariance : ndarray of shape (2, 2)
        Of the two risks, treatment first.
    contrast : Contrast
        Treatment against control.
    """

    patients: int
    events: int
    treatment_risk: float
    control_risk: float
    covariance: Floats
    contrast: Contrast


def standardised_contrast(
    relapse: ArrayLike,
    arm: ArrayLike,
    covariates: ArrayLike | None = None,
    *,
    names: Sequence[str] | None = None,
    strata: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    measure: str = "risk_difference",
    level: float = 0.95,
) -> StandardisedContrast:
    """Compare the risks of two arms, adjusted for baseline columns by standardisation (g-computation).

    A logistic model of arm and columns predicts each patient's risk under both arms; the means over all patients are
    compared. Assumes randomisation, and nothing of the model: if it is wrong the estimate is still right in large
    samples, only less precise. What is estimated is the difference of the arms, as without adjustment, not an effect
    conditional on the columns.

    Parameters
    ----------
    relapse : array-like of shape (n,)
        1 with the event, 0 without; all known.
    arm : array-like of shape (n,)
        1 treatment, 0 control.
    covariates : array-like of shape (n,) or (n, k), optional
        Known before randomisation, none missing; a risk from a model trained elsewhere may be one. Named before the
        data were seen, and few: about one for every ten events.
    names : sequence of str, optional
        Of the covariates.
    strata : array-like of shape (n,), optional
        Labels of the strata within which blocks were permuted; the variance is then smaller, or the same.
    weights : array-like of shape (n,), optional
        Where some outcomes are unknown: 0 for these, and for the others the inverse of the chance of being known
        (`relapse_model.trial.statistics.loss_weights`). The outcomes of weight 0 are not
        read; their columns are. The variance takes the weights as known, and permuted blocks do not lower it.
    measure : str
        ``"risk_difference"``, or ``"risk_ratio"``.
    level : float
        Confidence level.

    Returns
    -------
    StandardisedContrast

    Raises
    ------
    InsufficientDataError
        If an arm has no event or nobody without one, or a column separates those with the event from those without; it
        is named.
    RelapseModelError
        If the arrays do not fit each other, an outcome or arm is unknown, or a covariate missing or constant.

    Notes
    -----
    Ye, Bannick, Yi and Shao 2023, Stat Theory Relat Fields 7:159. In the variance that of the residuals is taken as
    var(y) - 2 cov(y, prediction) + var(prediction), the last over all patients.

    Examples
    --------
    >>> found = standardised_contrast([0, 0, 1, 1, 0, 0, 0, 1], [0, 0, 0, 0, 1, 1, 1, 1])
    >>> round(found.contrast.value, 6)  # without columns: 1/4 - 2/4
    -0.25
    """
    require_one_of(measure, (RISK_DIFFERENCE, RISK_RATIO), "Measure")
    y = check_outcome(relapse)
    treated = check_arms(arm, y.size)
    columns, known = check_covariates(covariates, names, y.size)
    weight = _weights(weights, treated)
    _require_both(y[weight > 0], treated[weight > 0])
    under1, under0 = _predicted(y, treated, columns, known, weight)
    risks = np.stack([under1, under0])
    if weights is None:
        covariance = _covariance(y, treated, risks, strata)
    else:
        covariance, strata = _weighted_covariance(y, treated, risks, weight), None
    risk1, risk0 = float(under1.mean()), float(under0.mean())
    words = "standardised risks, robust variance" + (", weighted for losses" if weights is not None else "")
    words += f", adjusted for {', '.join(known)}" if known else ""
    words += ", permuted blocks within strata" if strata is not None else ""
    if measure == RISK_DIFFERENCE:
        error = sqrt(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
        contrast = Contrast.wald(measure, risk1 - risk0, error, level, words, "Wald test")
    else:
        slope = np.array([1 / risk1, -1 / risk0])
        error, ratio = sqrt(float(slope @ covariance @ slope)), log(risk1 / risk0)
        contrast = Contrast.log_wald(measure, ratio, error, level, words + ", log scale", "Wald test on the log scale")
    return StandardisedContrast(y.size, int(y[weight > 0].sum()), risk1, risk0, covariance, contrast)


def _require_both(y: Floats, treated: Mask) -> None:
    for who, name in ((treated, "treatment"), (~treated, "control")):
        events, patients = int(y[who].sum()), int(who.sum())
        if events in (0, patients):
            raise InsufficientDataError(
                f"Standardised risks: {events} of {patients} patients of the {name} arm had the event; expected "
                "patients with and without it in both arms. Compare the arms without adjustment (`risk_difference`)."
            )


def _weights(weights: ArrayLike | None, treated: Mask) -> Floats:
    """Return the weights, in each arm scaled to the number of its patients; 1 without any."""
    if weights is None:
        return np.ones(treated.size)
    given = np.asarray(weights, dtype=float)
    if given.shape != treated.shape or not (np.isfinite(given) & (given >= 0)).all():
        raise RelapseModelError("Standardised risks: weights; expected a number of at least 0 for every patient.")
    if not (given[treated].any() and given[~treated].any()):
        raise InsufficientDataError("Standardised risks: no outcome of an arm is known; expected some in both.")
    found: Floats = given * np.where(treated, 1 / given[treated].mean(), 1 / given[~treated].mean())
    return found


def _weighted_covariance(y: Floats, treated: Mask, risks: Floats, weight: Floats) -> Floats:
    """Return the covariance of the mean risks from each patient's influence on them; treatment first."""
    influence = risks - risks.mean(axis=1, keepdims=True)
    for row, who in enumerate((treated, ~treated)):
        influence[row] += who * weight * (y - risks[row]) / who.mean()
    found: Floats = np.cov(influence) / y.size
    return found


def _predicted(
    y: Floats, treated: Mask, columns: Floats, names: Sequence[str], weight: Floats
) -> tuple[Floats, Floats]:
    """Return each patient's risk under treatment and under control."""
    ones = np.ones(y.size)
    design = np.column_stack([ones, treated, columns])
    if np.linalg.matrix_rank(design - np.outer(ones, np.r_[0.0, design[:, 1:].mean(axis=0)])) < design.shape[1]:
        raise RelapseModelError(
            f"Standardised risks: the columns {', '.join(map(repr, names))} (or one and the arm) say the same; "
            "expected columns that differ. Leave one out; of k categories give k - 1 columns."
        )
    try:
        rows = weight > 0
        coefficients = fit_logistic(design[rows], y[rows], weight[rows], sandwich=False).coefficients
    except InsufficientDataError:
        raise _separated(y[rows], design[rows], names) from None
    base = coefficients[0] + columns @ coefficients[2:]
    return risk_of(base + coefficients[1]), risk_of(base)


def _separated(y: Floats, design: Floats, names: Sequence[str]) -> InsufficientDataError:
    """Name the columns without which the model could be fitted."""
    blamed = []
    for place, name in enumerate(names):
        try:
            fit_logistic(np.delete(design, 2 + place, axis=1), y, np.ones(y.size), sandwich=False)
            blamed.append(name)
        except InsufficientDataError:
            continue
    listed = ", ".join(map(repr, blamed or names))
    return InsufficientDataError(
        f"Standardised risks: {listed} separates the {int(y.sum())} patients with the event from the "
        f"{int((1 - y).sum())} without (with the other columns), so the model has no finite coefficients; expected "
        "overlap. Adjust for fewer columns, as the plan allows."
    )


def _covariance(y: Floats, treated: Mask, risks: Floats, strata: ArrayLike | None) -> Floats:
    """Return the covariance of the mean risks; treatment first."""
    arms = (treated, ~treated)
    share = np.array([who.mean() for who in arms])
    spread = np.cov(risks)
    # Row: arm of the patients; column: under which arm they are predicted.
    with_outcome = np.array([[np.cov(y[who], risk[who])[0, 1] for risk in risks] for who in arms])
    own = np.array([y[who].var(ddof=1) for who in arms]) - 2 * np.diag(with_outcome) + np.diag(spread)
    variance = np.diag(own / share) + with_outcome + with_outcome.T - spread
    if strata is not None:
        variance = variance - _explained_by_blocks(y, arms, risks, share, strata)
    found: Floats = variance / y.size
    return found


def _explained_by_blocks(y: Floats, arms: tuple[Mask, Mask], risks: Floats, share: Floats, strata: ArrayLike) -> Floats:
    """Return what permuted blocks take off: chance differences of the arms between strata that cannot happen."""
    labels, codes = check_labels(strata, y.size)
    patients = np.bincount(codes)
    means = np.empty((2, patients.size))
    for place, (who, risk) in enumerate(zip(arms, risks, strict=True)):
        number = np.bincount(codes[who], minlength=patients.size)
        if (number == 0).any():
            empty = [repr(labels[code]) for code in np.flatnonzero(number == 0)]
            raise InsufficientDataError(
                f"Standardised risks: strata {', '.join(empty)} have patients of one arm only; expected both arms in "
                "each. Put small strata together by a rule named before."
            )
        means[place] = np.bincount(codes[who], (y - risk)[who], patients.size) / number / share[place]
    weighted = means * np.sqrt(patients / y.size)
    taken: Floats = (weighted @ weighted.T) * (np.diag(share) - np.outer(share, share))
    return taken
