"""Bootstrap validation: optimism, .632+, and how much a model depends on which patients it was made from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Literal

import numpy as np

from relapse_model.arrays import Floats, Positions
from relapse_model.development.internal_validation.refit import Refit
from relapse_model.development.internal_validation.refits import choices, failures
from relapse_model.development.refused_runs import reason_of
from relapse_model.errors import RelapseModelError
from relapse_model.features.development_data import DevelopmentData
from relapse_model.validation import calibration, discrimination, overall
from relapse_model.validation.estimate import Estimate
from relapse_model.validation.model_stability import (
    CalibrationInstability,
    Inclusion,
    Stability,
    calibration_instability,
    inclusion,
    stability,
)
from relapse_model.validation.optimism import (
    OptimismCorrected,
    Point632Plus,
    no_information,
    optimism_corrected,
    point632_plus,
)

Measure = Callable[[Floats, Floats, Floats], float]

CORRECTED: dict[str, Measure] = {
    "auc": discrimination.auc,
    "log_loss": overall.log_loss,
    "brier": overall.brier,
    "scaled_brier": overall.scaled_brier,
    "calibration_intercept": lambda y, p, w: calibration.calibration_intercept(y, p, w).value,
    "calibration_slope": lambda y, p, w: calibration.estimable_slope(calibration.calibration_slope(y, p, w)).value,
    "observed_expected": lambda y, p, w: calibration.observed_expected(y, p, w).value,
}
# Measures without bounds, of which one resample with next to no effects would decide the mean.
BY_MEDIAN = ("calibration_intercept", "calibration_slope", "observed_expected")
# A model is calibrated in the patients it was made from by construction, so that the spread of those values
# over resamples says nothing: the other measures have no interval.
WITH_INTERVAL = ("auc", "log_loss", "brier", "scaled_brier")
OUT_OF_BAG = {"auc": True, "log_loss": False, "brier": False}  # measures with a .632+ estimate; larger is better


@dataclass(frozen=True, eq=False)
class BootstrapValidation:
    """What models of the same procedure, made from resamples of the patients, say of it.

    Attributes
    ----------
    resamples : int
        Resamples drawn.
    corrected : dict of str to OptimismCorrected
        Apparent measures less their optimism.
    point632_plus : dict of str to Point632Plus
    refused : dict of str to str
        Measures that these patients cannot support, and why.
    stability : Stability or None
    calibration : CalibrationInstability or None
    effects : Inclusion or None
        Of each column of the design: in how many resamples it has an effect, and raises the risk.
    columns : tuple of str
    chosen, failed : dict of str to int
        How often each classifier was chosen, and why runs failed.
    unjudged : dict of str to int
        Why models could be made, but not judged in the resample itself: they tell of stability, not of optimism.
    """

    resamples: int
    corrected: dict[str, OptimismCorrected]
    point632_plus: dict[str, Point632Plus]
    refused: dict[str, str]
    stability: Stability | None
    calibration: CalibrationInstability | None
    effects: Inclusion | None
    columns: tuple[str, ...]
    chosen: dict[str, int]
    failed: dict[str, int]
    unjudged: dict[str, int] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, without patients."""
        stable, drawn, effects = self.stability, self.calibration, self.effects
        return {
            "resamples": self.resamples,
            "failed": self.failed,
            "unjudged": self.unjudged,
            "chosen": self.chosen,
            "optimism_corrected": {name: _corrected_values(name, found) for name, found in self.corrected.items()},
            "point632_plus": {
                name: {"value": found.value, "weight": found.weight, "out_of_bag": found.out_of_bag}
                for name, found in self.point632_plus.items()
            },
            "refused": self.refused,
            "stability": None if stable is None else {
                "mean_absolute_difference": stable.mape,
                "p95_mean_absolute_difference": stable.mape_p95,
                "median_interval_width": float(np.median(stable.upper - stable.lower)),
                "reclassified": dict(
                    zip(map(str, stable.thresholds.tolist()), stable.mean_reclassified.tolist(), strict=True)
                ),
            },
            "calibration_curves": None if drawn is None else {"drawn": len(drawn.curves), "refused": drawn.refused},
            "effects": None if effects is None else {
                name: {"kept": float(kept), "raises_the_risk": float(up)}
                for name, kept, up in zip(self.columns, effects.kept, effects.positive, strict=True)
            },
        }  # fmt: skip


def bootstrap_validation(
    data: DevelopmentData,
    risk: Floats,
    refits: Sequence[Refit],
    drawn: Sequence[Positions],
    columns: tuple[str, ...],
    thresholds: Floats,
) -> BootstrapValidation:
    """Put together what the bootstrap models say, on the patients at risk at the (first) landmark.

    Assumes that every resample was developed by the whole procedure. A resample's own value of a measure uses the
    censoring weights of the resample; in the original patients it uses theirs.

    Parameters
    ----------
    data : DevelopmentData
        All rows.
    risk : array of shape (n,)
        Risks by the model of all patients.
    refits : sequence of Refit
        One per resample, with risks of all rows.
    drawn : sequence of array of int
        The rows of each resample.
    columns : tuple of str
    thresholds : array of shape (k,)
        Risks at which one would act.
    """
    at = data.rows_at(data.landmark)
    judged = data.at(data.landmark)
    relapse, weight = judged.relapse, judged.weights()
    resampled = np.array([one.risk[at] for one in refits])
    values = {name: (np.full(len(refits), np.nan), np.full(len(refits), np.nan)) for name in CORRECTED}
    unjudged: Counter[str] = Counter()
    outside = {name: np.full(len(refits), np.nan) for name in OUT_OF_BAG}
    for place, (one, rows) in enumerate(zip(refits, drawn, strict=True)):
        if one.failed:
            continue
        inside = rows[np.isin(rows, at)]
        out = ~np.isin(at, rows)
        for name in OUT_OF_BAG:
            outside[name][place] = _value(CORRECTED[name], relapse[out], one.risk[at][out], weight[out])
        own = data.take(inside)
        try:
            own_weight = own.weights()
        except RelapseModelError as error:
            unjudged[reason_of(error)] += 1
            continue
        for name, measure in CORRECTED.items():
            values[name][0][place] = _value(measure, own.relapse, one.risk[inside], own_weight)
            values[name][1][place] = _value(measure, relapse, one.risk[at], weight)
    found = _summarise(risk[at], relapse, weight, resampled, values, outside, refits, columns, thresholds)
    return replace(found, unjudged=dict(unjudged))


def _corrected_values(name: str, found: OptimismCorrected) -> dict[str, Any]:
    plain: dict[str, Any] = (
        found.corrected.to_dict() if isinstance(found.corrected, Estimate) else {"value": found.value}
    )
    plain |= {"apparent": found.apparent, "optimism": found.optimism, "failed": found.failed}
    plain |= {"optimism_over_resamples": "median" if name in BY_MEDIAN else "mean"}
    return plain | ({"no_interval": found.no_interval} if found.no_interval else {})


def _summarise(
    risk: Floats,
    relapse: Floats,
    weight: Floats,
    resampled: Floats,
    values: dict[str, tuple[Floats, Floats]],
    outside: dict[str, Floats],
    refits: Sequence[Refit],
    columns: tuple[str, ...],
    thresholds: Floats,
) -> BootstrapValidation:
    refused: dict[str, str] = {}
    corrected, plus = _estimates(risk, relapse, weight, values, outside, refused)
    grid = np.linspace(0.0, min(1.0, 1.25 * float(np.quantile(risk, 0.99))), 41)[1:-1]
    usable = [one for one in refits if not one.failed]
    effect = np.array([one.effect for one in refits]) if refits else np.empty((0, len(columns)))
    return BootstrapValidation(
        resamples=len(refits),
        corrected=corrected,
        point632_plus=plus,
        refused=refused,
        stability=_or_refusal(refused, "stability", stability, risk, resampled, thresholds),
        calibration=_or_refusal(
            refused, "calibration_curves", calibration_instability, relapse, resampled, weight, grid
        ),
        effects=_or_refusal(refused, "effects", inclusion, np.where(np.abs(effect) < 1e-9, 0.0, effect)),
        columns=columns,
        chosen=choices(usable),
        failed=failures(refits),
    )


def _estimates(
    risk: Floats,
    relapse: Floats,
    weight: Floats,
    values: dict[str, tuple[Floats, Floats]],
    outside: dict[str, Floats],
    refused: dict[str, str],
) -> tuple[dict[str, OptimismCorrected], dict[str, Point632Plus]]:
    """Return the measures less their optimism, and by .632+; note in `refused` why there is none."""
    corrected: dict[str, OptimismCorrected] = {}
    plus: dict[str, Point632Plus] = {}
    for name, measure in CORRECTED.items():
        apparent = _or_refusal(refused, name, measure, relapse, risk, weight)
        if apparent is None:
            continue
        correct = partial(
            optimism_corrected, level=0.95 if name in WITH_INTERVAL else None,
            center="median" if name in BY_MEDIAN else "mean",
        )  # fmt: skip
        found = _or_refusal(refused, name, correct, apparent, *values[name])
        corrected |= {} if found is None else {name: found}
        if name in OUT_OF_BAG:
            weighted = _or_refusal(
                refused, f"{name}_632", _weighted, name, apparent, outside[name], relapse, risk, weight
            )
            plus |= {} if weighted is None else {name: weighted}
    return corrected, plus


def _weighted(
    name: Literal["auc", "brier", "log_loss"],
    apparent: float,
    outside: Floats,
    relapse: Floats,
    risk: Floats,
    weight: Floats,
) -> Point632Plus:
    return point632_plus(apparent, outside, no_information(name, relapse, risk, weight), OUT_OF_BAG[name])


def _value(measure: Measure, relapse: Floats, risk: Floats, weight: Floats) -> float:
    """Return a measure, NaN where it does not exist in these patients: such resamples are counted by whoever asks."""
    try:
        return measure(relapse, risk, weight)
    except RelapseModelError:
        return float("nan")


def _or_refusal(refused: dict[str, str], name: str, make: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return make(*arguments)
    except RelapseModelError as error:
        refused[name] = str(error)
        return None
