"""What acting from a threshold on would mean: sensitivity, specificity, predictive values, share flagged."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

from relapse_model.arrays import Floats
from relapse_model.errors import RelapseModelError
from relapse_model.validation.estimate import Estimate, check_predictions, normal_quantile

THRESHOLD_MEASURES = {
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "ppv": "Positive predictive value",
    "npv": "Negative predictive value",
    "flagged": "Share at or above the threshold",
}
_NOBODY = {
    "sensitivity": "nobody has the outcome",
    "specificity": "everybody has the outcome",
    "ppv": "nobody is at or above the threshold",
    "npv": "nobody is below the threshold",
}


@dataclass(frozen=True, slots=True)
class ThresholdMeasures:
    """The measures at one threshold.

    Attributes
    ----------
    threshold : float
        Risk from which on a patient is flagged.
    flagged : int or str
        Patients with a known outcome at or above it; text where the number may not be disclosed.
    measures : dict of str to Estimate
        By the names of `THRESHOLD_MEASURES`.
    refused : dict of str to str
        Measures that these patients cannot support, and why.
    """

    threshold: float
    flagged: int | str
    measures: dict[str, Estimate]
    refused: dict[str, str]

    def to_dict(self) -> dict[str, object]:
        """Return plain values for JSON."""
        return {
            "threshold": self.threshold, "flagged": self.flagged,
            "measures": {name: found.to_dict() for name, found in self.measures.items()}, "refused": self.refused,
        }  # fmt: skip


def threshold_measures(
    relapse: ArrayLike,
    risk: ArrayLike,
    thresholds: ArrayLike,
    weight: ArrayLike | None = None,
    level: float = 0.95,
) -> tuple[ThresholdMeasures, ...]:
    """Return sensitivity, specificity, predictive values and the share flagged, at each threshold.

    Assumes thresholds that were named before: one chosen in these very patients looks better than it is.
    Patients at the threshold are flagged. Intervals are Wilson's; with weights they are taken at the effective
    number of patients, ``(sum w)^2 / sum w^2`` of those in the denominator, the weights being known.

    Parameters
    ----------
    relapse : array-like of shape (n,)
        1 or 0; NaN where the weight is 0.
    risk : array-like of shape (n,)
        Predicted risk, 0 to 1.
    thresholds : array-like of shape (k,)
        Above 0 and below 1.
    weight : array-like of shape (n,), optional
        Such as censoring weights.
    level : float
        Confidence level.

    Returns
    -------
    tuple of ThresholdMeasures
        One per threshold, in the order given. A measure whose denominator is empty is in ``refused``.

    Raises
    ------
    RelapseModelError
        If a threshold is not above 0 and below 1, or there is none.

    Notes
    -----
    Wilson 1927, J Am Stat Assoc 22:209; Kish 1965, Survey Sampling, for the effective number.

    Examples
    --------
    >>> (at,) = threshold_measures([1, 1, 0, 0, 0], [0.6, 0.1, 0.4, 0.1, 0.1], [0.3])
    >>> {name: str(found) for name, found in at.measures.items()}["sensitivity"]
    '0.50 (0.09 to 0.91)'
    """
    y, p, w = check_predictions(relapse, risk, weight)
    cuts = np.atleast_1d(np.asarray(thresholds, dtype=float))
    if cuts.ndim != 1 or cuts.size == 0 or not ((cuts > 0) & (cuts < 1)).all():
        raise RelapseModelError(
            f"Thresholds: {cuts.tolist()}; expected at least one risk above 0 and below 1 at which somebody would act."
        )
    method = "Wilson" if weight is None else "Wilson, effective number of patients"
    return tuple(_at(float(cut), y == 1, p >= cut, w, level, method) for cut in cuts)


def wilson(share: float, n: float, level: float = 0.95, method: str = "Wilson") -> Estimate:
    """Return a share with Wilson's score interval.

    Parameters
    ----------
    share : float
        The share found, 0 to 1.
    n : float
        Patients it was found in; may be an effective number, above 0.
    level : float
        Confidence level.
    method : str
        For the report.

    Returns
    -------
    Estimate

    Raises
    ------
    RelapseModelError
        If the share or the number is outside its range.

    Examples
    --------
    >>> print(wilson(0.0, 10))
    0.00 (0.00 to 0.28)
    """
    if not (0 <= share <= 1 and n > 0):
        raise RelapseModelError(f"Wilson's interval: share {share} of {n}; expected a share of 0 to 1, of more than 0.")
    z = normal_quantile(level)
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    reach = z / (1 + z**2 / n) * sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    # At a share of 0 or 1 the limit is exactly that, but for rounding.
    return Estimate(share, min(share, max(0.0, middle - reach)), max(share, min(1.0, middle + reach)), level, method)


def _at(
    cut: float, relapsed: NDArray[np.bool_], flagged: NDArray[np.bool_], w: Floats, level: float, method: str
) -> ThresholdMeasures:
    """Return the measures at one threshold."""
    whole = np.ones(w.size, dtype=bool)
    shares = {  # of whom, the share with which property
        "sensitivity": (relapsed, flagged),
        "specificity": (~relapsed, ~flagged),
        "ppv": (flagged, relapsed),
        "npv": (~flagged, ~relapsed),
        "flagged": (whole, flagged),
    }
    measures: dict[str, Estimate] = {}
    refused: dict[str, str] = {}
    for name, (among, having) in shares.items():
        if not among.any():
            refused[name] = (
                f"{THRESHOLD_MEASURES[name]} at {cut:g}: {_NOBODY[name]}, of {w.size} patients; expected somebody."
            )
            continue
        weights = w[among]
        effective = float(weights.sum() ** 2 / (weights**2).sum())
        share = float(weights[having[among]].sum() / weights.sum())
        measures[name] = wilson(min(1.0, share), effective, level, method)
    return ThresholdMeasures(cut, int(flagged.sum()), measures, refused)
