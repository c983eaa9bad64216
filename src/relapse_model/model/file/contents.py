"""What a model file tells whoever opens it without this library: predictors and coefficients, as JSON values."""

from __future__ import annotations

from collections.abc import Mapping
from math import isclose
from typing import Any

import numpy as np

from relapse_model.classifiers.prior.loaded import LoadedPrior
from relapse_model.errors import ModelFileError
from relapse_model.features.design import design
from relapse_model.features.dictionary import data_dictionary
from relapse_model.files import strict_json
from relapse_model.model.file.manifest import COEFFICIENTS, DICTIONARY
from relapse_model.model.trained import TrainedModel

_TOLD = ("name", "label", "unit", "training")  # of the dictionary; how the rest is worded may change with the version
_TOLERANCE = 1e-9


def predictor_values(model: TrainedModel) -> list[dict[str, Any]]:
    """Return the data dictionary, with what the training cohort's values were.

    Parameters
    ----------
    model : TrainedModel

    Returns
    -------
    list of dict
        One per predictor and term of the study: name, label, unit, scale, definition, direction, prior, source; and of
        a predictor ``training``: the central range (on the scale of the model), mean and missing, or the levels.
    """
    training = model.summary["predictors"]
    rows = data_dictionary(model.study).reset_index().to_dict("records")
    return [{str(key): str(value) for key, value in row.items()} | _training(training.get(row["name"])) for row in rows]


def coefficient_values(model: TrainedModel) -> dict[str, Any] | None:
    """Return the coefficients of a logistic regression with priors, recalibrated or not; None of other classifiers.

    They describe the model. The risks are means over the whole posterior (its components stand in the classifier's
    own part), so they are not exactly those of the mean coefficients.

    Parameters
    ----------
    model : TrainedModel

    Returns
    -------
    dict or None
        ``intercept``: mean log-odds with every column at its ``centre``. ``columns``: name, what it is, training
        ``centre``, ``scale`` (standard deviation) and ``if_missing``, and ``prior`` and ``posterior`` as mean and
        standard deviation of the log-odds per unit. ``recalibration``: intercept and slope of the line on the
        log-odds, or null.
    """
    if model.classifier_name != "prior_logistic":
        return None
    outer: Any = model.classifier
    line = None if isinstance(outer, LoadedPrior) else getattr(outer, "recalibration_", None)
    fitted = outer if line is None else outer.estimator_
    mixture = fitted.components_
    columns = [
        {
            "name": name, "is": what, "centre": float(fitted.center_[place]), "scale": float(fitted.scale_[place]),
            "if_missing": float(fitted.impute_[place]),
            "prior": [float(fitted.prior_mean_[place]), float(fitted.prior_sd_[place])],
            "posterior": [float(fitted.coef_mean_[place]), float(fitted.coef_sd_[place])],
        }
        for place, (name, what) in enumerate(_columns(model, fitted.indicators_))
    ]  # fmt: skip
    return {
        "scale": "log-odds per unit of the column",
        "intercept": float(np.dot(mixture.weight, mixture.intercept)),
        "columns": columns,
        "recalibration": None if line is None else {"intercept": line.intercept, "slope": line.slope},
    }


def check_descriptions(parts: Mapping[str, bytes], model: TrainedModel, name: str) -> None:
    """Refuse what tells people of another model than the one that scores.

    Parameters
    ----------
    parts : Mapping of str to bytes
        Of the file, each strict JSON where it is JSON.
    model : TrainedModel
        As it was built from them.
    name : str
        Name of the file, for messages.

    Raises
    ------
    ModelFileError
    """
    expected = {
        DICTIONARY: [{key: row.get(key) for key in _TOLD} for row in predictor_values(model)],
        COEFFICIENTS: coefficient_values(model) if COEFFICIENTS in parts else None,
    }
    for part in {DICTIONARY, COEFFICIENTS} & set(parts):
        told: Any = strict_json(parts[part], part)
        if part == DICTIONARY:
            told = [{key: row.get(key) for key in _TOLD} if isinstance(row, dict) else row for row in told]
        if not _agree(told, expected[part]):
            raise ModelFileError(
                f"{name}: {part} tells of another model than the one in the file; expected what training writes for "
                "its study and its classifier. The file was changed: get it again from whoever trained it."
            )


def _agree(one: object, other: object) -> bool:
    """Tell whether two JSON values are the same, numbers to the last few digits."""
    if isinstance(one, dict) and isinstance(other, dict):
        return set(one) == set(other) and all(_agree(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_agree, one, other))
    if isinstance(one, float | int) and isinstance(other, float | int) and not isinstance(one, bool):
        return isclose(one, other, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE)
    return one == other


def _columns(model: TrainedModel, indicators: tuple[int, ...]) -> list[tuple[str, str]]:
    """Return the name of each column of the classifier, and what it is."""
    described = design(model.study)
    marked = [(described.names[column], "missing, against known") for column in indicators]
    return [
        *((name, "predictor") for name in described.names),
        *((name, "term") for name in described.term_names),
        *marked,
    ]


def _training(values: dict[str, Any] | None) -> dict[str, Any]:
    return {} if values is None else {"training": values}
