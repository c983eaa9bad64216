"""The measures of a set of predictions, together: what `validate` and `evaluate` report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from relapse_model.arrays import Floats, generator
from relapse_model.display.html_summary import html_summary
from relapse_model.errors import RelapseModelError
from relapse_model.validation import calibration, discrimination, overall, paired_loss, resampling, within_folds
from relapse_model.validation.estimate import Estimate, refuse_other_order
from relapse_model.validation.pairs_in_time import fold_codes
from relapse_model.validation.uno_concordance import uno_c

MEASURES = {
    "auc": "AUC",
    "c_index": "C (Harrell)",
    "uno_c": "C (Uno), up to the horizon",
    "log_loss": "Log loss",
    "log_loss_mean_risk": "Log loss of the mean risk",
    "log_loss_difference": "Log loss difference",
    "brier": "Brier score",
    "scaled_brier": "Scaled Brier score",
    "calibration_intercept": "Calibration in the large",
    "calibration_slope": "Calibration slope",
    "observed_expected": "Observed / expected",
}
THREE_DIGITS = ("log_loss", "log_loss_mean_risk", "log_loss_difference", "brier", "scaled_brier")


def measure_shown(name: str, found: Estimate | float) -> str:
    """Return a measure as text, with its interval where it has one; those of error with three decimals, others two.

    Parameters
    ----------
    name : str
        A key of `MEASURES`.
    found : Estimate or float

    Examples
    --------
    >>> measure_shown("log_loss_difference", Estimate(-0.0214, -0.05, 0.0004, 0.95, "paired"))
    '-0.021 (-0.050 to 0.000)'
    """
    digits = "z.3f" if name in THREE_DIGITS else "z.2f"
    if not isinstance(found, Estimate):
        return f"{found:{digits}}"
    return f"{found.value:{digits}} ({found.lower:{digits}} to {found.upper:{digits}})"


@dataclass(frozen=True, slots=True, repr=False)
class Performance:
    """Measures of predicted risks against what became of the patients.

    Attributes
    ----------
    patients, events, lost : int
    measures : dict of str to Estimate or float
        By the names of `MEASURES`; a plain number where no interval is made. ``auc_within_arm`` and
        ``auc_within_centre`` stand there only where these are all that the model tells apart.
    refused : dict of str to str
        Measures that these patients cannot support, and why.
    apparent : bool or None
        True: the risks are a model's in the very patients it was made from, so that every figure is too good. None:
        not known, as for a model file that keeps no fingerprint of its training cohort.
    unmeasured : int
        Patients at risk who are left out, since the model gives no risk to a patient without any result.
    competing : int
        Patients with a competing event by the horizon, who are known to stay without the outcome.
    within_levels : dict of str to Estimate
        AUC over pairs alike in a predictor, by its name: what the others tell apart. Of `evaluate`; `validate` has it
        in its own result, and a model file does not keep it.
    """

    patients: int
    events: int
    lost: int
    measures: dict[str, Estimate | float]
    refused: dict[str, str]
    unmeasured: int = 0
    apparent: bool | None = None
    competing: int = 0
    within_levels: dict[str, Estimate] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Return the counts and the two figures that are asked for first."""
        figures = "".join(
            f"; {MEASURES[name]} {measure_shown(name, self.measures[name])}"
            for name in ("auc", "calibration_slope")
            if name in self.measures
        )
        return f"Performance({self.patients} patients, {self.events} events, {self.lost} lost{figures})"

    def _repr_html_(self) -> str:
        """Return every measure with its interval, as a notebook shows it."""
        kind = "Performance in the patients it was made from: too good" if self.apparent else "Performance"
        return html_summary(
            f"{kind}: {self.patients} patients, {self.events} events, {self.lost} lost",
            columns=("measure", "value (interval)"),
            rows=self.measure_rows() + self._within_rows(),
            note=" ".join(f"{MEASURES.get(name, name)}: {why}" for name, why in self.refused.items()),
        )

    def measure_rows(self) -> list[tuple[str, str]]:
        """Return the label and the value of every measure there is, as texts."""
        return [
            (label, measure_shown(name, self.measures[name]))
            for name, label in MEASURES.items()
            if name in self.measures
        ]

    def _within_rows(self) -> list[tuple[str, str]]:
        return [(f"AUC among patients alike in {name}", str(found)) for name, found in self.within_levels.items()]

    def to_dict(self) -> dict[str, object]:
        """Return plain values for JSON."""
        within = {name: found.to_dict() for name, found in self.within_levels.items()}
        values = {
            name: found.to_dict() if isinstance(found, Estimate) else found for name, found in self.measures.items()
        }
        return {
            "patients": self.patients, "events": self.events, "lost": self.lost,
            "measures": values, "refused": self.refused, "apparent": self.apparent,
        } | {
            name: count for name in ("unmeasured", "competing") if (count := getattr(self, name))
        } | ({"within_levels": within} if within else {})  # fmt: skip


def performance(
    relapse: Floats,
    risk: Floats,
    weight: Floats,
    time: Floats,
    event: Floats,
    *,
    seed: int = 0,
    fold: NDArray[np.intp] | None = None,
    by_horizon: tuple[Floats, Floats, float] | None = None,
    competing: tuple[Floats, Floats] | None = None,
) -> Performance:
    """Judge risks: discrimination, calibration, overall error, each weighted for censoring where it applies.

    Parameters
    ----------
    relapse : array
        1, 0, or NaN for the lost.
    risk : array
        Predicted risk at the horizon.
    weight : array
        Censoring weights, 0 for the lost.
    time, event : array
        Follow-up, for Harrell's C (which takes the lost in by itself).
    seed : int
        Of the bootstrap interval of the AUC.
    fold : array, optional
        Of out-of-fold risks: AUC, both C and the calibration slope then compare patients of one fold only, since risks
        of different folds come from different models; see `within_folds`.
    by_horizon : tuple of array, array and float, optional
        For Uno's C: the follow-up cut at the horizon (time since the landmark, event), and the time of the horizon.
    competing : tuple of two arrays, optional
        1 where the follow-up, and that cut at the horizon, ended with a competing event: for both C.
    """
    refuse_other_order(relapse, risk, weight, time, event, fold)
    generator(seed)  # what no measure could use is refused here, and not by every measure
    fold = None if fold is None else fold_codes(fold, len(relapse))
    relapse, risk, weight, time, event = (np.asarray(one, dtype=float) for one in (relapse, risk, weight, time, event))
    known = ~np.isnan(relapse)
    y, p, w = relapse[known], risk[known], weight[known]
    folds = None if fold is None else fold[known]
    wanted = _of_known(y, p, w, folds, seed)
    ever, by_then = (None, None) if competing is None else competing
    wanted["c_index"] = lambda: discrimination.harrell_c(time, event, risk, fold, ever)
    if by_horizon is not None:
        followed, relapsed, horizon = by_horizon
        wanted["uno_c"] = lambda: uno_c(followed, relapsed, risk, horizon, fold, by_then)
    measures: dict[str, Estimate | float] = {}
    refused: dict[str, str] = {}
    for name in MEASURES:
        if name not in wanted:
            continue
        try:
            measures[name] = wanted[name]()
        except RelapseModelError as error:
            refused[name] = str(error)
    others = 0 if by_then is None else int(by_then.sum())
    return Performance(len(relapse), int(y.sum()), int((~known).sum()), measures, refused, competing=others)


def _of_known(
    y: Floats, p: Floats, w: Floats, folds: NDArray[np.intp] | None, seed: int
) -> dict[str, Callable[[], Estimate | float]]:
    """Return the measures of those whose outcome is known."""
    return {
        "auc": lambda: (
            resampling.auc_bootstrap(y, p, w, seed=seed)
            if folds is None
            else within_folds.auc_within_folds(y, p, folds, w, seed=seed)
        ),
        "log_loss": lambda: overall.log_loss(y, p, w),
        "log_loss_mean_risk": lambda: overall.log_loss(y, np.full(len(y), np.average(y, weights=w)), w),
        "log_loss_difference": lambda: paired_loss.log_loss_difference(y, p, w),
        "brier": lambda: overall.brier(y, p, w),
        "scaled_brier": lambda: overall.scaled_brier(y, p, w),
        "calibration_intercept": lambda: calibration.calibration_intercept(y, p, w),
        "calibration_slope": lambda: calibration.estimable_slope(
            calibration.calibration_slope(y, p, w)
            if folds is None
            else within_folds.calibration_slope_within_folds(y, p, folds, w)
        ),
        "observed_expected": lambda: calibration.observed_expected(y, p, w),
    }
