"""What a model does with a predictor that is not known: which value counts in its place, and what counts beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from relapse_model.arrays import Floats
from relapse_model.features.design import design, matrix_of_codes

if TYPE_CHECKING:
    from relapse_model.model.trained import TrainedModel

NOTE = (
    "A missing value counts as the value named beside it, the median of the training patients, which need not be the "
    "reference: so it can raise or lower the risk."
)
SPREAD = "This model also counts the scatter of the training patients' values, which alone can raise a low risk."


@dataclass(frozen=True, slots=True)
class InPlace:
    """What counts in place of missing values.

    Attributes
    ----------
    value : array of shape (p,), or None
        Of each column of the matrix; None where trees have a branch for what is missing, and no value counts.
    marked : frozenset of int
        Columns of which it counts also that the value is missing.
    spread : bool
        Whether the scatter of the training values counts too, as of a value that is not certain.
    branches : bool
        Whether trees send a missing value down a branch of its own.
    """

    value: Floats | None
    marked: frozenset[int] = frozenset()
    spread: bool = False
    branches: bool = False


def in_place(classifier: Any) -> InPlace:
    """Return what a fitted classifier counts where a value is missing.

    Parameters
    ----------
    classifier : Classifier
        One of this package.

    Examples
    --------
    >>> from relapse_model.classifiers import RidgeLogisticClassifier
    >>> X = np.array([[1.0], [2.0], [9.0], [4.0], [5.0], [np.nan]] * 4)
    >>> in_place(RidgeLogisticClassifier().fit(X, np.arange(24) % 2)).value.tolist()
    [4.0]
    """
    if hasattr(classifier, "impute_"):  # first: of a model that was loaded lightly, others would load all of it
        columns = int(classifier.n_features_in_) if not hasattr(classifier, "mixture") else classifier.mixture.columns
        marked = frozenset(getattr(classifier, "indicators_", ()))
        spread = hasattr(classifier, "prior_mean_") or hasattr(classifier, "components_")
        return InPlace(np.asarray(classifier.impute_, dtype=np.float64)[:columns], marked, spread)
    if hasattr(classifier, "pipeline_"):
        imputer = classifier.pipeline_.steps[0][1]
        return InPlace(np.asarray(imputer.statistics_, dtype=np.float64))
    if hasattr(classifier, "estimator_"):
        return in_place(classifier.estimator_)
    if hasattr(classifier, "members_"):
        return _together([in_place(member) for member in classifier.members_])
    return InPlace(None, branches=True)


def _together(each: list[InPlace]) -> InPlace:
    """Return what members of a mean count; a column for which they take different values has none."""
    values = [one.value for one in each if one.value is not None]
    value = np.where(np.all([one == values[0] for one in values], axis=0), values[0], np.nan) if values else None
    marked = frozenset().union(*(one.marked for one in each))
    return InPlace(value, marked, any(one.spread for one in each), any(one.branches for one in each))


def code_in_place(model: TrainedModel, place: int, found: InPlace) -> float:
    """Return what counts in place of a missing predictor: on the scale of the model, or the place of a level.

    NaN where there is no such value: trees, a predictor that the model leaves out, levels of which none is the middle.

    Parameters
    ----------
    model : TrainedModel
    place : int
        Of the predictor in the study.
    found : InPlace
        Of its classifier.
    """
    predictor = model.study.predictors[place]
    if found.value is None or model.summary.get("hardly_known", {}).get(predictor.name, "prior") != "prior":
        return float("nan")
    own = found.value[design(model.study).predictor == place]
    if not predictor.levels:
        return float(own[0])
    for level in range(len(predictor.levels)):
        codes = np.full((1, len(model.study.predictors)), np.nan)
        codes[0, place] = level
        if np.array_equal(matrix_of_codes(codes, model.study)[0, design(model.study).predictor == place], own):
            return float(level)
    return float("nan")


def counted_words(model: TrainedModel, place: int, shown: str, found: InPlace) -> str:
    """Return how a missing predictor counts, to stand behind ``missing``.

    Parameters
    ----------
    model : TrainedModel
    place : int
        Of the predictor in the study.
    shown : str
        What counts in its place, with its unit; empty where no one value does.
    found : InPlace
        Of its classifier.
    """
    if model.summary.get("hardly_known", {}).get(model.study.predictors[place].name, "prior") != "prior":
        return "left out of the model"
    marked = any(int(column) in found.marked for column in np.flatnonzero(design(model.study).predictor == place))
    parts = [] if found.value is None else [f"counted as {shown or 'the median of each level'}"]
    parts += ["that it is missing counts too"] if marked else []
    parts += ["trees have a branch for it"] if found.branches else []
    return "; ".join(parts)


def note_of(found: InPlace, missing: Sequence[str]) -> str:
    """Return what a reader has to know of missing values; empty where none is counted as a value.

    Parameters
    ----------
    found : InPlace
        Of the classifier.
    missing : sequence of str
        What `counted_words` says of each missing predictor.
    """
    if not any("counted as" in one for one in missing):
        return ""
    return f"{NOTE} {SPREAD}" if found.spread else NOTE
