"""How many patients an external validation needs, for intervals of a width that still says something."""

from __future__ import annotations

from dataclasses import dataclass
from math import asinh, ceil, sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from relapse_model.arrays import Floats
from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.validation.logistic_fit import risk_of

_Z = 1.96  # rounded as in the published criteria
_STEP = 1e4  # the published search for the standard error of ln(O/E) moves by 1 / 10 000
_ROUNDING = 1e-24


@dataclass(frozen=True)
class ExternalSampleSize:
    """The number of patients that each measure of an external validation asks for.

    Parameters
    ----------
    observed_expected, slope, c_statistic : int
        For the observed over expected relapses, the calibration slope, and the C statistic.
    net_benefit : int or None
        For the standardised net benefit; None if no threshold was named.
    prevalence : float
        Anticipated share of relapses.
    """

    observed_expected: int
    slope: int
    c_statistic: int
    net_benefit: int | None
    prevalence: float

    @property
    def patients(self) -> int:
        """Return the number that satisfies all of them."""
        return max(self.observed_expected, self.slope, self.c_statistic, self.net_benefit or 0)

    @property
    def events(self) -> float:
        """Return the relapses to expect among them."""
        return self.patients * self.prevalence


def external_sample_size(
    prevalence: float,
    c_statistic: float,
    linear_predictor: ArrayLike | NormalDist,
    *,
    oe_width: float = 0.2,
    slope_width: float = 0.2,
    c_width: float = 0.1,
    net_benefit: tuple[float, float, float] | None = None,
    net_benefit_width: float = 0.2,
) -> ExternalSampleSize:
    """Return how many patients an external validation of a model of a binary outcome needs.

    Assumes that the model will prove well calibrated, a known outcome for everybody, and patients like those of
    the figures given. Widths are those of 95 % intervals.

    Parameters
    ----------
    prevalence : float
        Anticipated share of relapses.
    c_statistic : float
        Anticipated C statistic, above 0.5 and below 1.
    linear_predictor : array-like of shape (n,) or statistics.NormalDist
        Logit risks anticipated: of patients like those to come, or their normal distribution.
    oe_width, slope_width, c_width : float
        Target widths for observed over expected (anticipated 1), slope (anticipated 1) and C.
    net_benefit : (float, float, float), optional
        Sensitivity and specificity anticipated at a threshold, and the threshold.
    net_benefit_width : float
        Target width for the standardised net benefit.

    Returns
    -------
    ExternalSampleSize

    Raises
    ------
    RelapseModelError
        If a figure is outside its range.
    InsufficientDataError
        If all linear predictors are equal.

    Notes
    -----
    Riley et al. 2021, Stat Med 40:4230; Riley et al. 2024, BMJ 384:e074821.

    Examples
    --------
    >>> size = external_sample_size(0.018, 0.8, NormalDist(-5, 2.5), oe_width=1)
    >>> size.observed_expected, size.c_statistic
    (905, 4252)
    """
    return ExternalSampleSize(
        observed_expected=oe_sample_size(prevalence, oe_width),
        slope=slope_sample_size(linear_predictor, slope_width),
        c_statistic=c_sample_size(c_statistic, prevalence, c_width),
        net_benefit=None
        if net_benefit is None
        else net_benefit_sample_size(*net_benefit, prevalence=prevalence, width=net_benefit_width),
        prevalence=prevalence,
    )


def oe_sample_size(prevalence: float, width: float, ratio: float = 1.0) -> int:
    """Return the patients for an interval of observed over expected relapses of a given width.

    Parameters
    ----------
    prevalence : float
        Anticipated share of relapses.
    width : float
        Width of the 95 % interval, made on the log scale.
    ratio : float
        Anticipated ratio.

    Returns
    -------
    int

    Raises
    ------
    RelapseModelError
        If a figure is outside its range.

    Notes
    -----
    ``n = (1 - phi) / (phi se^2)`` with se such that ``exp(ln ratio +- 1.96 se)`` has the width, rounded up to
    0.0001 as the published implementation does.

    Examples
    --------
    >>> oe_sample_size(0.15, 1.0), oe_sample_size(0.15, 0.5)
    (94, 356)
    """
    _require_shares(prevalence=prevalence)
    _require_positive(width=width, ratio=ratio)
    exact = asinh(width / (2 * ratio)) / _Z
    error = ceil(exact * _STEP) / _STEP
    return ceil((1 - prevalence) / (prevalence * error**2))


def slope_sample_size(linear_predictor: ArrayLike | NormalDist, width: float) -> int:
    """Return the patients for an interval of the calibration slope of a given width, the slope being 1.

    Parameters
    ----------
    linear_predictor : array-like of shape (n,) or statistics.NormalDist
        Logit risks of patients like those to come, or their normal distribution.
    width : float
        Width of the 95 % interval.

    Returns
    -------
    int

    Raises
    ------
    RelapseModelError
        If a figure is outside its range.
    InsufficientDataError
        If all linear predictors are equal: the slope does not exist.

    Notes
    -----
    ``n = I00 / (se^2 (I00 I11 - I01^2))``, with the means of ``p (1 - p)`` times 1, the linear predictor and its
    square. Those of a normal distribution are integrated on a grid; the published implementation simulates them.

    Examples
    --------
    >>> slope_sample_size([-1.0, 1.0], 0.2)
    1954
    """
    _require_positive(width=width)
    logit, share = _distribution(linear_predictor)
    information = share * risk_of(logit) * risk_of(-logit)
    middle = float(information @ logit / information.sum())
    spread = float(information @ (logit - middle) ** 2)  # (I00 I11 - I01^2) / I00, without cancellation
    if spread <= _ROUNDING * float(information @ logit**2):  # equal, but for the rounding of their mean
        raise InsufficientDataError(
            "Sample size for the slope: all linear predictors are equal; expected risks that differ."
        )
    return ceil((2 * _Z / width) ** 2 / spread)


def c_sample_size(c_statistic: float, prevalence: float, width: float) -> int:
    """Return the patients for an interval of the C statistic of a given width.

    Parameters
    ----------
    c_statistic : float
        Anticipated C statistic, 0.5 to below 1.
    prevalence : float
        Anticipated share of relapses.
    width : float
        Width of the 95 % interval, below 1.

    Returns
    -------
    int

    Raises
    ------
    RelapseModelError
        If a figure is outside its range.

    Notes
    -----
    Newcombe 2006, Stat Med 25:559 (method 4), for the variance.

    Examples
    --------
    >>> c_sample_size(0.75, 0.15, 0.1), c_sample_size(0.75, 0.15, 0.2)
    (712, 179)
    """
    _require_shares(prevalence=prevalence, width=width)
    if not 0.5 <= c_statistic < 1:
        raise RelapseModelError(f"Sample size: C is {c_statistic}; expected 0.5 to below 1.")

    def wide(n: int) -> bool:
        half = n / 2 - 1
        spread = 1 + half * ((1 - c_statistic) / (2 - c_statistic) + c_statistic / (1 + c_statistic))
        variance = c_statistic * (1 - c_statistic) * spread / (n**2 * prevalence * (1 - prevalence))
        return 2 * _Z * sqrt(variance) > width

    enough = 2
    while wide(enough):
        enough *= 2
    few = enough // 2  # too few, unless 2 were enough
    while enough - few > 1:
        middle = (few + enough) // 2
        few, enough = (middle, enough) if wide(middle) else (few, middle)
    return enough


def net_benefit_sample_size(
    sensitivity: float, specificity: float, threshold: float, *, prevalence: float, width: float
) -> int:
    """Return the patients for an interval of the standardised net benefit of a given width.

    Parameters
    ----------
    sensitivity, specificity : float
        Anticipated at the threshold.
    threshold : float
        Risk from which on somebody would act.
    prevalence : float
        Anticipated share of relapses.
    width : float
        Width of the 95 % interval of net benefit over prevalence.

    Returns
    -------
    int

    Raises
    ------
    RelapseModelError
        If a figure is outside its range.

    Notes
    -----
    Riley et al. 2021, Stat Med 40:4230, after Marsh, Janes and Pepe 2020, Biometrics 76:843. The published
    implementation rounds the standard error to 0.001 before it is used; here it is not rounded.

    Examples
    --------
    >>> net_benefit_sample_size(0.8, 0.6, 0.15, prevalence=0.15, width=0.4)
    251
    """
    _require_shares(prevalence=prevalence, threshold=threshold)
    _require_positive(width=width)
    if not (0 <= sensitivity <= 1 and 0 <= specificity <= 1):
        raise RelapseModelError(
            f"Sample size: sensitivity {sensitivity}, specificity {specificity}; expected both from 0 to 1."
        )
    odds = (1 - prevalence) / prevalence * threshold / (1 - threshold)
    one = (  # variance of one patient
        sensitivity * (1 - sensitivity) / prevalence
        + odds**2 * specificity * (1 - specificity) / (1 - prevalence)
        + odds**2 * (1 - specificity) ** 2 / (prevalence * (1 - prevalence))
    )
    return max(1, ceil(one * (2 * _Z / width) ** 2))


def _distribution(linear_predictor: ArrayLike | NormalDist) -> tuple[Floats, Floats]:
    """Return linear predictors and the share of patients that has each."""
    if isinstance(linear_predictor, NormalDist):
        z = np.linspace(-10, 10, 4001)  # the trapezoid rule is exact to rounding for so smooth an integrand
        density = np.exp(-(z**2) / 2)
        return linear_predictor.mean + linear_predictor.stdev * z, density / density.sum()
    logit = np.asarray(linear_predictor, dtype=float)
    if logit.ndim != 1 or logit.size == 0 or not np.isfinite(logit).all():
        raise RelapseModelError(
            f"Sample size for the slope: linear predictors of shape {logit.shape}; expected one list of finite numbers."
        )
    return logit, np.full(logit.size, 1 / logit.size)


def _require_shares(**figures: float) -> None:
    for name, figure in figures.items():
        if not 0 < figure < 1:
            raise RelapseModelError(f"Sample size: {name} is {figure}; expected above 0 and below 1.")


def _require_positive(**figures: float) -> None:
    for name, figure in figures.items():
        if not (np.isfinite(figure) and figure > 0):
            raise RelapseModelError(f"Sample size: {name} is {figure}; expected a number above 0.")
