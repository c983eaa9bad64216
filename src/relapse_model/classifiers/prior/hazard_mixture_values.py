"""A hazard mixture as JSON values and back: numpy only, so that a scorer needs no scikit-learn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from relapse_model.classifiers.prior.hazard_mixture import DRAWS_PER_DIMENSION, HazardMixture
from relapse_model.classifiers.prior.logistic_mixture_values import read_mixture_terms, term_values
from relapse_model.classifiers.prior.settings import read_settings, weights_values
from relapse_model.classifiers.prior.terms import form_count
from relapse_model.classifiers.shared.saved_parts import Document, check_covariance

PART = "prior_hazard.json"
FORM = "relapse-model prior hazard"

_LARGEST_EFFECT = 1e9  # log-odds, per standard deviation of a column: no posterior comes near it
_LARGEST_NORMAL = 100.0  # no standard normal comes near it
_MOST_COMPONENTS = 10_000
_MOST_COLUMNS = 100_000
_MOST_INTERVALS = 10_000
_MOST_DRAWS = 1_000_000
_PRIORS = (
    "prior_mean", "prior_sd", "prior_per_sd", "strengths", "widths", "default_sd", "typical", "as_stated",
    "strength_weights", "width_weights",
)  # fmt: skip


def hazard_values(mixture: HazardMixture) -> dict[str, object]:
    """Return the mixture as values for a JSON part."""
    values = {name: getattr(mixture, name) for name in HazardMixture.__slots__}
    return values | {"terms": term_values(mixture.terms)}


def hazard_from(document: Document) -> HazardMixture:
    """Return the mixture that stands in a JSON part, or refuse it.

    Parameters
    ----------
    document : Document
        The part, as read.

    Returns
    -------
    HazardMixture
        Checked: shapes agree, numbers are finite and of a size that cannot overflow, intervals ascend, weights sum
        to 1, covariances are positive semidefinite, draws are as many as can have been drawn.

    Raises
    ------
    ModelFileError
        Naming the entry and what was expected.
    """
    predictors = document.integer("n_features", 1, _MOST_COLUMNS)
    terms = read_mixture_terms(document, predictors)  # none in a part written before hazards had terms
    columns = predictors + len(terms)
    count = _length(document, "weight", 1, _MOST_COMPONENTS)
    intervals = _length(document, "ends", 1, _MOST_INTERVALS)
    size = intervals + columns
    draws = _length(document, "draws", DRAWS_PER_DIMENSION * (size + 1), _MOST_DRAWS)
    if draws % 2:
        document.refuse("draws", "an even number of draws: they come in pairs")
    mixture = HazardMixture(
        level=document.array("level", (count, intervals)),
        coef=document.array("coef", (count, columns)),
        covariance=document.array("covariance", (count, size, size)),
        weight=document.array("weight", (count,)),
        draws=document.array("draws", (draws, size + 1)),
        ends=document.array("ends", (intervals,)),
        impute=document.array("impute", (columns,)),
        center=document.array("center", (columns,)),
        scale=document.array("scale", (columns,)),
        terms=terms,
    )
    _check_numbers(document, mixture)
    check_covariance(document, "covariance", mixture.covariance)
    return mixture


def hazard_settings(settings: Mapping[str, Any]) -> dict[str, object]:
    """Return the settings, intervals, draws and terms apart, as JSON holds them: unknown is null, not NaN."""
    return {
        "prior_mean": _optional(settings["prior_mean"]),
        "prior_sd": _optional(settings["prior_sd"]),
        "prior_per_sd": None if settings["prior_per_sd"] is None else np.array(settings["prior_per_sd"], dtype=bool),
        "strengths": [float(value) for value in settings["strengths"]],
        "widths": [float(value) for value in settings["widths"]],
        "default_sd": float(settings["default_sd"]),
        "interval_sd": float(settings["interval_sd"]),
        "visit_window": float(settings["visit_window"]),
        "typical": _optional(settings["typical"]),
        "as_stated": [int(column) for column in settings["as_stated"]],
        **weights_values(settings),
    }


def read_hazard_settings(document: Document, mixture: HazardMixture) -> dict[str, Any]:
    """Return the settings that stand in a part, or refuse it.

    Parameters
    ----------
    document : Document
    mixture : HazardMixture
        Read from the same part.

    Raises
    ------
    ModelFileError
    """
    read = read_settings(document, mixture.columns, len(mixture.terms), form_count(mixture.terms))
    found = {name: read[name] for name in _PRIORS}
    values = Document(f"{document.name}, settings", document.get("settings"))  # type: ignore[arg-type]
    found["interval_sd"] = values.number("interval_sd", low=1e-60)
    found["visit_window"] = values.number("visit_window", low=0.0)
    return found | {"intervals": tuple(mixture.ends.tolist()), "draws": len(mixture.draws), "terms": mixture.terms}


def _optional(values: ArrayLike | None) -> list[float | None] | None:
    if values is None:
        return None
    return [None if np.isnan(value) else float(value) for value in np.array(values, dtype=np.float64)]


def _length(document: Document, key: str, low: int, high: int) -> int:
    found = len(document.items(key))
    if not low <= found <= high:
        document.refuse(key, f"{low} to {high} entries")
    return found


def _check_numbers(document: Document, mixture: HazardMixture) -> None:
    if not (mixture.weight >= 0).all() or abs(mixture.weight.sum() - 1.0) > 1e-9:
        document.refuse("weight", "weights of 0 or more that sum to 1")
    if not (np.diff(mixture.ends, prepend=0.0) > 0).all():
        document.refuse("ends", "weeks above 0 that ascend")
    if not ((mixture.scale >= 1e-30) & (mixture.scale <= 1e30)).all():
        document.refuse("scale", "standard deviations from 1e-30 to 1e30")
    if max(np.abs(mixture.impute).max(), np.abs(mixture.center).max()) > 1e30:
        document.refuse("center", "values within 1e30")
    unit = np.concatenate([np.ones(len(mixture.ends)), mixture.scale])
    sd = np.sqrt(np.maximum(np.diagonal(mixture.covariance, axis1=1, axis2=2), 0.0)) * unit
    largest = {
        "level": np.abs(mixture.level).max(),
        "coef": np.abs(mixture.coef * mixture.scale).max(),
        "covariance": sd.max(),
        "draws": np.abs(mixture.draws[:, :-1] * unit).max(),
    }
    for key, size in largest.items():
        if size > _LARGEST_EFFECT:
            document.refuse(key, f"effects within {_LARGEST_EFFECT:g} log-odds per standard deviation")
    if np.abs(mixture.draws[:, -1]).max() > _LARGEST_NORMAL:
        document.refuse("draws", f"standard normals within {_LARGEST_NORMAL:g} in the last column")
