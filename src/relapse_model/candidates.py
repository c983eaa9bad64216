"""The classifiers among which development chooses, from the simplest to the most flexible."""

from __future__ import annotations

import difflib
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from relapse_model.errors import RelapseModelError
from relapse_model.features.design import Design

Floats = NDArray[np.float64]
CANDIDATES = ("prior_logistic", "ridge_logistic", "boosted_trees")
LABELS = {
    "prior_logistic": "logistic regression with the study's priors",
    "ridge_logistic": "ridge logistic regression",
    "boosted_trees": "boosted trees (XGBoost) with monotone directions",
}


class Classifier(Protocol):
    """What the library asks of a classifier: risks, log-odds, intervals, and parts to be saved."""

    def fit(self, X: Floats, y: Floats, sample_weight: Floats | None = None) -> Classifier:
        """Learn."""

    def predict_proba(self, X: Floats) -> Floats:
        """Return the risks, shape (n, 2)."""

    def predict_log_odds(self, X: Floats) -> Floats:
        """Return the log-odds of relapse, shape (n,)."""

    def predict_interval(self, X: Floats, level: float = 0.9) -> Floats:
        """Return the interval of the risk, shape (n, 2)."""

    def to_parts(self) -> dict[str, bytes]:
        """Return the parts of a model file."""


def build(name: str, design: Design, seed: int, *, final: bool = False) -> Classifier:
    """Return an unfitted candidate.

    Parameters
    ----------
    name : str
        One of `CANDIDATES`.
    design : Design
        Priors and directions of the columns.
    seed : int
    final : bool
        Whether it is the fit that will be kept: then boosted trees also learn their interval.
    """
    from relapse_model.classifiers.boosted_trees import BoostedTreesClassifier
    from relapse_model.classifiers.prior_logistic import PriorLogisticClassifier
    from relapse_model.classifiers.ridge import RidgeLogisticClassifier

    model: Classifier
    if name == "prior_logistic":
        model = PriorLogisticClassifier(
            prior_mean=design.prior_mean, prior_sd=design.prior_sd, prior_per_sd=design.prior_per_sd
        )
    elif name == "ridge_logistic":
        model = RidgeLogisticClassifier(seed=seed)
    else:
        resamples = 50 if final else 0
        model = BoostedTreesClassifier(monotone=design.monotone, interval_resamples=resamples, seed=seed)
    return model


def check_candidates(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names in order of simplicity; refuse unknown ones.

    Parameters
    ----------
    names : tuple of str

    Raises
    ------
    RelapseModelError
        For a name that is not a candidate, or none at all.
    """
    for name in names:
        if name not in CANDIDATES:
            near = difflib.get_close_matches(name, CANDIDATES, n=1, cutoff=0)
            raise RelapseModelError(
                f"candidates: {name!r} is no classifier of this library; expected some of "
                f"{', '.join(CANDIDATES)}. Did you mean {near[0]!r}?"
            )
    if not names:
        raise RelapseModelError(f"candidates: none given; expected some of {', '.join(CANDIDATES)}.")
    return tuple(name for name in CANDIDATES if name in names)


def load_classifier(name: str, parts: dict[str, bytes]) -> Classifier:
    """Rebuild a fitted classifier from the parts of a model file."""
    from relapse_model import classifiers

    kinds = {
        "prior_logistic": "PriorLogisticClassifier",
        "ridge_logistic": "RidgeLogisticClassifier",
        "boosted_trees": "BoostedTreesClassifier",
    }
    loaded: Classifier = getattr(classifiers, kinds[name]).from_parts(parts)
    return loaded
