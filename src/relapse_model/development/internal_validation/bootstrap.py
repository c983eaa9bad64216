"""Bootstrap validation: optimism, .632+, and how much a model depends on which patients it was made from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from relapse_model.arrays import Floats, Positions
from relapse_model.development.internal_validation.refits import Refit, choices, failures
from relapse_model.errors import RelapseModelError
from relapse_model.features.development_data import DevelopmentData
from relapse_model.validation import calibration, discrimination, overall
from relapse_model.validation.optimism import (
    OptimismCorrected,
    Point632Plus,
    no_information,
    optimism_corrected,
    point632_plus,
)
from relapse_model.validation.stability import (
    CalibrationInstability,
    Inclusion,
    Stability,
    calibration_instability,
    inclusion,
    stability,
)

Measure = Callable[[Floats, Floats, Floats], float]

CORRECTED: dict[str, Measure] = {
    "auc": discrimination.auc,
    "log_loss": overall.log_loss,
    "brier": overall.brier,
    "scaled_brier": overall.scaled_brier,
    "calibration_intercept": lambda y, p, w: calibration.calibration_intercept(y, p, w).value,
    "calibration_slope": lambda y, p, w: calibration.calibration_slope(y, p, w).value,
    "observed_expected": lambda y, p, w: calibration.observed_expected(y, p, w).value,
}
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

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, without patients."""
        stable, drawn, effects = self.stability, self.calibration, self.effects
        return {
            "resamples": self.resamples,
            "failed": self.failed,
            "chosen": self.chosen,
            "optimism_corrected": {
                name: (found.corrected.to_dict() if name in WITH_INTERVAL else {"value": found.corrected.value})
                | {"apparent": found.apparent, "optimism": found.optimism}
                for name, found in self.corrected.items()
            },
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
    outside = {name: np.full(len(refits), np.nan) for name in OUT_OF_BAG}
    for place, (one, rows) in enumerate(zip(refits, drawn, strict=True)):
        if one.failed:
            continue
        inside = rows[np.isin(rows, at)]
        own = data.take(inside)
        own_weight = own.weights()
        out = ~np.isin(at, rows)
        for name, measure in CORRECTED.items():
            values[name][0][place] = _value(measure, own.relapse, one.risk[inside], own_weight)
            values[name][1][place] = _value(measure, relapse, one.risk[at], weight)
        for name in OUT_OF_BAG:
            outside[name][place] = _value(CORRECTED[name], relapse[out], one.risk[at][out], weight[out])
    return _summarise(data, risk[at], relapse, weight, resampled, values, outside, refits, columns, thresholds)


def _summarise(
    data: DevelopmentData,
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
    corrected, plus = {}, {}
    for name, measure in CORRECTED.items():
        apparent = _value(measure, relapse, risk, weight)
        found = _or_refusal(refused, name, optimism_corrected, apparent, *values[name])
        if found is not None:
            corrected[name] = found
        if name in OUT_OF_BAG and found is not None:
            nothing = no_information(name, relapse, risk, weight)  # type: ignore[arg-type]
            plus[name] = point632_plus(apparent, outside[name], nothing, OUT_OF_BAG[name])
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
