"""Classifiers inside another one: fitted on its rows, held out of them, saved under a prefix and read back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.utils.validation import has_fit_parameter

from relapse_model.arrays import Floats
from relapse_model.classifiers.prior.loaded import full_classifier
from relapse_model.classifiers.shared.base import RiskClassifier, TrainingRows
from relapse_model.classifiers.shared.folds import tuning_folds
from relapse_model.classifiers.shared.saved_parts import Document, read_part
from relapse_model.errors import ModelFileError, RelapseModelError

Groups = NDArray[Any] | None

Kinds = Mapping[str, Callable[[], type[RiskClassifier]]]  # each class by its name, imported when it is asked for
_MOST_PARTS = 2000


def _boosted_trees() -> type[RiskClassifier]:
    from relapse_model.classifiers.trees.boosted_trees import BoostedTreesClassifier

    return BoostedTreesClassifier


def _elastic_net() -> type[RiskClassifier]:
    from relapse_model.classifiers.penalised.elastic_net import ElasticNetLogisticClassifier

    return ElasticNetLogisticClassifier


def _forest() -> type[RiskClassifier]:
    from relapse_model.classifiers.trees.random_forest import ForestClassifier

    return ForestClassifier


def _prior_logistic() -> type[RiskClassifier]:
    from relapse_model.classifiers.prior.logistic import PriorLogisticClassifier

    return PriorLogisticClassifier


def _ridge_logistic() -> type[RiskClassifier]:
    from relapse_model.classifiers.penalised.ridge import RidgeLogisticClassifier

    return RidgeLogisticClassifier


# The only classes that a file may name. None of them holds another one, so files cannot nest without end.
SINGLE: Kinds = {
    "BoostedTreesClassifier": _boosted_trees,
    "ElasticNetLogisticClassifier": _elastic_net,
    "ForestClassifier": _forest,
    "PriorLogisticClassifier": _prior_logistic,
    "RidgeLogisticClassifier": _ridge_logistic,
}


def check_kind(estimator: object, kinds: Kinds, setting: str) -> None:
    """Refuse an estimator that is not one of our own ``kinds``: another one could be neither trusted nor saved."""
    estimator = full_classifier(estimator)
    kind = type(estimator).__name__
    if kind not in kinds or type(estimator) is not kinds[kind]():
        raise RelapseModelError(
            f"{setting} holds {kind}; expected one of {', '.join(kinds)}, of relapse_model.classifiers, not yet fitted."
        )


def fit_member(estimator: RiskClassifier | None, rows: TrainingRows, groups: Groups = None, **more: Any) -> Any:
    """Return a fitted copy; its labels are 0.0 and 1.0, its columns have no names."""
    # Only who cross-validates inside needs to know the groups.
    if groups is not None and has_fit_parameter(estimator, "groups"):
        more["groups"] = groups
    return clone(estimator).fit(rows.X, rows.event, sample_weight=rows.weight, **more)


def out_of_fold_log_odds(
    estimator: RiskClassifier | None, rows: TrainingRows, folds: int, seed: int, groups: Groups = None
) -> Floats:
    """Return the log-odds of each row by a copy of the estimator that was fitted without the row's fold.

    Parameters
    ----------
    estimator : RiskClassifier
        Not fitted; everything it learns or chooses is learned or chosen again in each fold.
    rows : TrainingRows
        Rows, events and weights.
    folds, seed : int
        Stratified folds, and the seed of their shuffle.
    groups : array of shape (n,), optional
        Rows of one group stay in one fold.

    Returns
    -------
    ndarray of shape (n,)
        Log-odds of the event.
    """
    fold = tuning_folds(rows.event, folds, seed, groups)
    log_odds = np.empty(len(rows.event))
    for held in (fold == number for number in range(fold.max() + 1)):
        known = TrainingRows(rows.X[~held], rows.event[~held], rows.weight[~held])
        member = fit_member(estimator, known, None if groups is None else groups[~held])
        log_odds[held] = member.predict_log_odds(rows.X[held])
    return log_odds


def member_parts(member: Any, prefix: str) -> tuple[dict[str, object], dict[str, bytes]]:
    """Return what the outer part says of a fitted member, and the member's parts under ``prefix``."""
    own = {f"{prefix}/{name}": data for name, data in member.to_parts().items()}
    return {"kind": type(member).__name__, "parts": sorted(own)}, own


def read_member(document: Document, entry: object, parts: Mapping[str, bytes], prefix: str, kinds: Kinds) -> Any:
    """Return the fitted member that ``member_parts`` described, once it is found to be of our own ``kinds``.

    Parameters
    ----------
    document : Document
        The outer part.
    entry : object
        What stands in it of this member.
    parts : Mapping of str to bytes
        All parts.
    prefix : str
        Under which the member's parts lie.
    kinds : mapping of str to callable
        Classes that it may be, each imported when it is asked for.

    Raises
    ------
    ModelFileError
        If a part is missing, or anything is not what was written.
    """
    if not isinstance(entry, dict):
        document.refuse(prefix, "a kind and its parts")
    described = Document(f"{document.name}, {prefix}", entry)
    kind, names = described.get("kind"), described.items("parts")
    if not isinstance(kind, str) or kind not in kinds:
        described.refuse("kind", f"one of {', '.join(kinds)}")
    if len(names) > _MOST_PARTS or not all(isinstance(name, str) and name.startswith(f"{prefix}/") for name in names):
        described.refuse("parts", f"names that begin with {prefix}/")
    own = {str(name).removeprefix(f"{prefix}/"): read_part(parts, str(name)) for name in names}
    try:
        member = kinds[kind]().from_parts(own)
    except ModelFileError as error:
        raise ModelFileError(f"{prefix}: {error}") from error
    columns = document.integer("n_features", 1, 100_000)
    if member.n_features_in_ != columns or member.classes_.tolist() != [0.0, 1.0]:
        described.refuse("kind", f"a classifier of {columns} columns, of the labels 0.0 and 1.0")
    return member


def limits_as_log_odds(interval: Floats) -> Floats:
    """Return limits of risks as log-odds; a limit that was rounded to 0 or 1 becomes the nearest number beside it."""
    inside = np.clip(interval, np.finfo(np.float64).tiny, 1.0 - np.finfo(np.float64).epsneg)
    log_odds: Floats = np.log(inside) - np.log1p(-inside)
    return log_odds
