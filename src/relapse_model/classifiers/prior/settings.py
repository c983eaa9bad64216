"""The settings of the prior-informed logistic regression as JSON values and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from relapse_model.arrays import Floats
from relapse_model.classifiers.prior.terms import PriorGrid
from relapse_model.classifiers.shared.saved_parts import Document, is_number

_WEIGHTS = {"strength_weights": "strengths", "width_weights": "widths"}


def settings_values(settings: Mapping[str, Any]) -> dict[str, object]:
    """Return the settings, the terms apart, as JSON holds them: unknown is null, not NaN."""
    previous = settings["previous"]
    return {
        "prior_mean": _optional(settings["prior_mean"]),
        "prior_sd": _optional(settings["prior_sd"]),
        "prior_per_sd": None if settings["prior_per_sd"] is None else np.array(settings["prior_per_sd"], dtype=bool),
        "previous": None
        if previous is None
        else [{"mean": _optional(one.mean[0]), "sd": _optional(one.sd[0])} for one in previous],
        "strengths": [float(value) for value in settings["strengths"]],
        "widths": [float(value) for value in settings["widths"]],
        "between_sds": [float(value) for value in settings["between_sds"]],
        "default_sd": float(settings["default_sd"]),
        "indicators": _indicators(settings["indicators"]),
        "typical": _optional(settings["typical"]),
        "as_stated": [int(column) for column in settings["as_stated"]],
        "baseline": None if settings["baseline"] is None else [float(value) for value in settings["baseline"]],
        "baseline_widths": [float(value) for value in settings["baseline_widths"]],
        **weights_values(settings),
        "centre_sds": [float(value) for value in settings["centre_sds"]],
    }


def weights_values(settings: Mapping[str, Any]) -> dict[str, object]:
    """Return the weights of strengths and widths before the data as JSON holds them."""
    return {name: None if settings[name] is None else [float(value) for value in settings[name]] for name in _WEIGHTS}


def read_settings(document: Document, predictors: int, terms: int, forms: int = 2) -> dict[str, Any]:
    """Return the settings that stand in a part, or refuse it.

    Parameters
    ----------
    document : Document
    predictors, terms : int
        Numbers of columns.
    forms : int
        Of the model, each with a posterior of an earlier one where there is one; two where it has no terms.

    Raises
    ------
    ModelFileError
    """
    values = document.get("settings")
    if not isinstance(values, dict):
        document.refuse("settings", "an object")
    settings = Document(f"{document.name}, settings", values)
    return {
        "prior_mean": _read_optional(settings, "prior_mean", predictors),
        "prior_sd": _read_optional(settings, "prior_sd", predictors),
        "prior_per_sd": _read_flags(settings, predictors),
        "previous": _read_previous(settings, predictors + terms, max(2, forms)),
        "strengths": settings.numbers("strengths"),
        "widths": settings.numbers("widths", low=1e-60),
        # Parts written before there were previous models, indicators, typical values and priors that are held say
        # nothing of them.
        "between_sds": settings.numbers("between_sds", low=0.0) if "between_sds" in values else (0.0,),
        "default_sd": settings.number("default_sd", low=0.0),
        "indicators": _read_indicators(settings, predictors),
        "typical": _read_optional(settings, "typical", predictors) if "typical" in values else None,
        "as_stated": _read_as_stated(settings, predictors + terms),
        **_read_baseline(settings),
        **{weights: _read_weights(settings, weights, grid) for weights, grid in _WEIGHTS.items()},
        **({"centre_sds": settings.numbers("centre_sds", low=0.0)} if "centre_sds" in values else {}),
    }


def _read_weights(settings: Document, name: str, grid: str) -> tuple[float, ...] | None:
    """Return weights before the data; parts written before there were any have none, which weighs all alike."""
    count = len(settings.items(grid))
    if settings.values.get(name) is None:
        return None
    found = settings.numbers(name, low=0.0)
    if len(found) != count or not any(found):
        settings.refuse(name, f"{count} weights, not all of them 0")
    return tuple(found)


def _read_baseline(settings: Document) -> dict[str, Any]:
    """Return the prior of the mean risk; parts written before there was one have none."""
    if "baseline" not in settings.values:
        return {}
    baseline = None if settings.get("baseline") is None else _two_numbers(settings)
    return {"baseline": baseline, "baseline_widths": settings.numbers("baseline_widths", low=1e-60)}


def _two_numbers(settings: Document) -> tuple[float, float]:
    numbers = settings.numbers("baseline")
    if len(numbers) != 2 or not numbers[1] > 0:
        settings.refuse("baseline", "log-odds and a positive standard deviation")
    return float(numbers[0]), float(numbers[1])


def _indicators(value: bool | tuple[int, ...]) -> bool | list[int]:
    return value if isinstance(value, bool) else [int(column) for column in value]


def _read_indicators(settings: Document, predictors: int) -> bool | tuple[int, ...]:
    found = settings.values.get("indicators", False)
    if isinstance(found, bool):
        return found
    return settings.integers("indicators", 0, predictors - 1) if found != [] else ()


def _read_as_stated(settings: Document, columns: int) -> tuple[int, ...]:
    if settings.values.get("as_stated", []) == []:
        return ()
    return settings.integers("as_stated", 0, columns - 1)


def _optional(values: ArrayLike | None) -> list[float | None] | None:
    if values is None:
        return None
    found = np.array(values, dtype=np.float64)
    return [None if np.isnan(value) else float(value) for value in found]


def _read_optional(settings: Document, key: str, columns: int) -> Floats | None:
    if settings.get(key) is None:
        return None
    found = settings.items(key)
    if len(found) != columns or not all(value is None or is_number(value) for value in found):
        settings.refuse(key, f"{columns} numbers or nulls")
    return np.array(found, dtype=np.float64)


def _read_flags(settings: Document, columns: int) -> NDArray[np.bool_] | None:
    if settings.get("prior_per_sd") is None:
        return None
    found = settings.items("prior_per_sd")
    if len(found) != columns or not all(isinstance(value, bool) for value in found):
        settings.refuse("prior_per_sd", f"{columns} times true or false")
    return np.array(found, dtype=bool)


def _read_previous(settings: Document, columns: int, forms: int) -> tuple[PriorGrid, ...] | None:
    if settings.values.get("previous") is None:
        return None
    found = settings.items("previous")
    if len(found) != forms or not all(isinstance(entry, dict) for entry in found):
        settings.refuse("previous", f"{'two' if forms == 2 else forms} posteriors")
    grids = []
    for entry in found:
        one = Document(f"{settings.name}, previous", entry)  # type: ignore[arg-type]
        mean, sd = (_read_optional(one, key, columns) for key in ("mean", "sd"))
        if mean is None or sd is None:
            settings.refuse("previous", "a mean and an sd")
        grids.append(PriorGrid(mean[None], sd[None]))
    return tuple(grids)
