"""RS202: a value outside the range of the training, and how far."""

from __future__ import annotations

from typing import Any

import numpy as np

from relapse_model.features.clinical_units import clinical, three_figures, unit_shown
from relapse_model.model.scoring.guards.guard import Flagged, Guard, NewPatients, flagged
from relapse_model.small_counts import BELOW_ROUNDED, ROUNDED
from relapse_model.study.predictor import Predictor

# By the count in the summary; a file of rounded counts does not tell nobody from a few.
_HARDLY_SEEN = {0: "in no training patient", BELOW_ROUNDED: f"in fewer than {ROUNDED} training patients"}
_ROUNDING = 1e-9  # a mean of equal values may differ from them in its last digit


def training_range(new: NewPatients) -> list[Flagged]:
    """Warn of values beyond the central 90 % of the training by more than a share of its width, and of unseen levels.

    The share is ``range_margin`` of the study's section [scoring], on the scale of the model: a titre of log10 1 to 3
    is 2 wide. Both answers to a yes or no are in the range, however rare one of them was.

    Parameters
    ----------
    new : NewPatients
    """
    known = new.summary["predictors"]
    return [
        one
        for predictor in new.study.predictors
        for one in (_levels if predictor.levels else _numbers)(new, predictor, known[predictor.name])
    ]


def _numbers(new: NewPatients, predictor: Predictor, training: dict[str, Any]) -> list[Flagged]:
    if training["p05"] is None:
        return []
    low, high = _usual(training["p05"], training["p95"])
    number = new.features[predictor.name].to_numpy(dtype=float)
    margin = new.study.scoring.range_margin * (high - low) + _ROUNDING
    beyond = (number < low - margin) | (number > high + margin)
    return [flagged(beyond, lambda row: _outside(predictor, number[row], low, high))]


def _levels(new: NewPatients, predictor: Predictor, training: dict[str, Any]) -> list[Flagged]:
    values = new.features[predictor.name]
    return [
        flagged(
            (values == level).to_numpy(dtype=bool),
            f"outside the training range: {predictor.label} {level} ({_HARDLY_SEEN[count]})",
        )
        for level, count in training["levels"].items()
        if count in _HARDLY_SEEN
    ]


def _usual(low: float, high: float) -> tuple[float, float]:
    """Return the central 90 % of the training values; for 0/1, both of them."""
    return (0.0, 1.0) if {low, high} <= {0.0, 1.0} else (low, high)


def _outside(predictor: Predictor, value: float, low: float, high: float) -> str:
    shown, lower, upper = map(three_figures, clinical(np.array([value, low, high]), predictor))
    text = f"outside the training range: {predictor.label} {shown} {unit_shown(predictor)} (usual {lower} to {upper})"
    if high - low <= _ROUNDING:
        return f"{text}, where it did not vary"
    times = max(low - value, value - high) / (high - low)
    return f"{text}, by {times:.0f} times its width" if times >= 100 else f"{text}, by {times:.2g} times its width"


GUARD = Guard("RS202", "a value outside the training range", training_range)
