"""The classifiers that the library knows by name, and how one is made again from the parts of a model file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from relapse_model.arrays import Floats
from relapse_model.errors import ModelFileError

CANDIDATES = ("prior_logistic", "ridge_logistic", "prior_and_trees", "boosted_trees")
RECALIBRATED, RECALIBRATED_PART = "recalibrated", "recalibrated.json"  # a candidate with recalibrated log-odds
KNOWN = (
    "prior_logistic", "ridge_logistic", "elastic_net", "prior_hazard", "prior_and_trees", "boosted_trees",
    "random_forest",
)  # fmt: skip
LABELS = {
    "prior_logistic": "logistic regression with the study's priors",
    "ridge_logistic": "ridge logistic regression",
    "elastic_net": "elastic net logistic regression",
    "prior_hazard": "discrete-time hazards with the study's priors",
    "prior_and_trees": "mean log-odds of the prior-informed logistic regression and boosted trees",
    "boosted_trees": "boosted trees (XGBoost) with monotone directions",
    "random_forest": "random forest",
}
_WITHOUT_PRIORS = {  # where the study states none, they expect small effects of either sign
    "prior_logistic": "logistic regression that expects small effects",
    "prior_hazard": "discrete-time hazards that expect small effects",
    "prior_and_trees": "mean log-odds of the logistic regression that expects small effects and boosted trees",
}
CLASSES = {
    "prior_logistic": "PriorLogisticClassifier",
    "ridge_logistic": "RidgeLogisticClassifier",
    "elastic_net": "ElasticNetLogisticClassifier",
    "prior_hazard": "PriorHazardClassifier",
    "prior_and_trees": "AveragedClassifier",
    "boosted_trees": "BoostedTreesClassifier",
    "random_forest": "ForestClassifier",
    RECALIBRATED: "RecalibratedClassifier",
}
MEMBERS = ("prior_logistic", "boosted_trees")  # of "prior_and_trees"


def label_of(name: str, priors: bool) -> str:
    """Return what a classifier is called; without priors of the study none are mentioned.

    Parameters
    ----------
    name : str
    priors : bool
        Whether the study states any.

    Examples
    --------
    >>> label_of("prior_logistic", True)
    "logistic regression with the study's priors"
    >>> label_of("prior_logistic", False)
    'logistic regression that expects small effects'
    """
    known = LABELS.get(name, name)
    return known if priors else _WITHOUT_PRIORS.get(name, known)


class Classifier(Protocol):
    """What the library asks of a classifier: risks, log-odds, intervals, and parts to be saved."""

    def fit(
        self, X: Floats, y: Floats, sample_weight: Floats | None = None, groups: NDArray[np.intp] | None = None
    ) -> Classifier:
        """Learn; rows of one group stay together where it cross-validates inside."""

    def predict_proba(self, X: Floats) -> Floats:
        """Return the risks, shape (n, 2)."""

    def predict_log_odds(self, X: Floats) -> Floats:
        """Return the log-odds of relapse, shape (n,)."""

    def predict_interval(self, X: Floats, level: float = 0.9) -> Floats:
        """Return the interval of the risk, shape (n, 2)."""

    def to_parts(self) -> dict[str, bytes]:
        """Return the parts of a model file."""


def _class(name: str) -> Any:
    """Return the class of a candidate; only what is asked for is imported."""
    from relapse_model import classifiers

    return getattr(classifiers, CLASSES[name])


def load_classifier(name: str, parts: dict[str, bytes]) -> Classifier:
    """Rebuild a fitted classifier from the parts of a model file; only what scoring needs is imported.

    Parameters
    ----------
    name : str
        One of `KNOWN`.
    parts : dict of str to bytes

    Raises
    ------
    ModelFileError
        If a part is not what the classifier writes, or is none that it reads.
    """
    read = _Read(parts)
    loaded: Classifier
    if name == "prior_logistic" and RECALIBRATED_PART not in parts:
        from relapse_model.classifiers.prior.loaded import load_prior

        loaded = load_prior(read)
    else:
        loaded = _class(RECALIBRATED if RECALIBRATED_PART in parts else name).from_parts(read)
    unused = sorted(set(parts) - read.names)
    if unused:
        raise ModelFileError(
            f"{', '.join(unused[:5])}: no part of this classifier; expected none that it does not read."
        )
    return loaded


class _Read(dict[str, bytes]):
    """Parts that remember which of them were read."""

    def __init__(self, parts: Mapping[str, bytes]):
        super().__init__(parts)
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> bytes:
        self.names.add(name)
        return super().__getitem__(name)
