"""The classifiers among which development chooses, from the simplest to the most flexible."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from relapse_model.errors import RelapseModelError
from relapse_model.features.design import Design

if TYPE_CHECKING:
    from relapse_model.classifiers.prior.hazard import PriorHazardClassifier

Floats = NDArray[np.float64]
CANDIDATES = ("prior_logistic", "ridge_logistic", "prior_and_trees", "boosted_trees")
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
RECALIBRATED, RECALIBRATED_PART = "recalibrated", "recalibrated.json"  # a candidate with recalibrated log-odds
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
INTERVAL_RESAMPLES = 50
HAZARD_INTERVAL_WEEKS = 12.0  # as visits are planned; within an interval the hazard counts as constant


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


def build(name: str, design: Design, seed: int, *, final: bool = False, calibration: str = "none") -> Classifier:
    """Return an unfitted candidate.

    Parameters
    ----------
    name : str
        One of `KNOWN`, but "prior_hazard", which is fitted to times: see `build_hazard`.
    design : Design
        Priors and directions of the columns.
    seed : int
    final : bool
        Whether it is the fit that will be kept: then boosted trees also learn their interval.
    calibration : {"none", "logistic"}
        Whether its log-odds are recalibrated on training rows held out of it.
    """
    resamples = INTERVAL_RESAMPLES if final else 0
    settings: dict[str, dict[str, Any]] = {
        "prior_logistic": _priors(design) | {"terms": design.terms, "previous": design.previous},
        "ridge_logistic": {"seed": seed},
        "elastic_net": {"interval_resamples": resamples, "seed": seed},
        "boosted_trees": {"monotone": design.monotone, "interval_resamples": resamples, "seed": seed},
        "random_forest": {"seed": seed},
    }
    if name == "prior_and_trees":
        settings[name] = {"members": tuple(build(member, design, seed, final=final) for member in MEMBERS)}
    unfitted: Classifier = _class(name)(**settings[name])
    return unfitted if calibration == "none" else _class(RECALIBRATED)(unfitted, seed=seed)


def _class(name: str) -> Any:
    """Return the class of a candidate; only what is asked for is imported."""
    from relapse_model import classifiers

    return getattr(classifiers, CLASSES[name])


def build_hazard(design: Design, weeks: float) -> PriorHazardClassifier:
    """Return the unfitted hazard model over `weeks`, in intervals of about 12 weeks."""
    from relapse_model.classifiers.prior.hazard import PriorHazardClassifier

    count = max(1, round(weeks / HAZARD_INTERVAL_WEEKS))
    ends = tuple(float(end) for end in np.linspace(0.0, weeks, count + 1)[1:])
    return PriorHazardClassifier(**_priors(design), intervals=ends)


def _priors(design: Design) -> dict[str, Any]:
    return {
        "prior_mean": design.prior_mean, "prior_sd": design.prior_sd, "prior_per_sd": design.prior_per_sd
    }  # fmt: skip


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
        if name not in KNOWN:
            near = difflib.get_close_matches(name, KNOWN, n=1, cutoff=0)
            raise RelapseModelError(
                f"candidates: {name!r} is no classifier of this library; expected some of "
                f"{', '.join(KNOWN)}. Did you mean {near[0]!r}?"
            )
    if not names:
        raise RelapseModelError(f"candidates: none given; expected some of {', '.join(KNOWN)}.")
    return tuple(name for name in KNOWN if name in names)


def load_classifier(name: str, parts: dict[str, bytes]) -> Classifier:
    """Rebuild a fitted classifier from the parts of a model file; only what scoring needs is imported."""
    if name == "prior_logistic" and RECALIBRATED_PART not in parts:
        from relapse_model.classifiers.prior.loaded import load_prior

        return load_prior(parts)
    loaded: Classifier = _class(RECALIBRATED if RECALIBRATED_PART in parts else name).from_parts(parts)
    return loaded
