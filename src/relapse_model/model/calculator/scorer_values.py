"""A fitted classifier as plain values, from which the page computes the same risks: no code, no training row."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from relapse_model.classifiers.prior.loaded import LoadedPrior
from relapse_model.classifiers.prior.mixture_forms import LogisticMixture
from relapse_model.classifiers.prior.terms import Term
from relapse_model.errors import RelapseModelError

Values = dict[str, Any]
NODES = 32  # of the Gauss-Hermite rule, as `logistic_mixture` takes where the log-odds are least certain


class CalculatorError(RelapseModelError):
    """No calculator can be made of this model, or not in this language."""


def scorer_values(classifier: Any) -> Values:
    """Return a classifier as values that ``scorer.js`` computes risks from.

    Assumes a classifier of this library; a class that the page cannot compute is refused by name, never approximated.

    Parameters
    ----------
    classifier : Classifier
        Fitted.

    Returns
    -------
    dict
        ``kind``, and what that kind needs; arrays packed by `packed`.

    Raises
    ------
    CalculatorError
        For a class without a scorer in the page, or one that knows centres.

    Examples
    --------
    >>> from relapse_model.classifiers import PriorLogisticClassifier
    >>> X = np.random.default_rng(0).normal(size=(132, 2))
    >>> sorted(scorer_values(PriorLogisticClassifier().fit(X, X[:, 0] > 0)))[:4]
    ['center', 'coef', 'covariance', 'impute']
    """
    if getattr(classifier, "centres_", None) is not None:
        raise CalculatorError(
            "The model has an intercept for each centre, and the page has no field for one: its risks would not be "
            "those of `relapse-model score`. Train without `centre` under [prediction], or score with the library."
        )
    if isinstance(classifier, LoadedPrior):
        return _mixture(classifier.mixture)
    name = type(classifier).__name__
    if name not in _KINDS:
        raise CalculatorError(
            f"The page has no scorer for {name}; expected one of {', '.join(sorted(_KINDS))}. Score with "
            "`relapse-model score`, or train with another classifier."
        )
    return _KINDS[name](classifier)


def packed(values: ArrayLike) -> Values:
    """Return an array as base64 of its numbers, 64 bits each, little end first, with its shape: not a digit is lost.

    Examples
    --------
    >>> packed([[1.0, 2.0]])
    {'shape': [1, 2], 'f64': 'AAAAAAAA8D8AAAAAAAAAQA=='}
    """
    array = np.ascontiguousarray(values, dtype="<f8")
    return {"shape": list(array.shape), "f64": base64.b64encode(array.tobytes()).decode("ascii")}


def _prior_logistic(classifier: Any) -> Values:
    return _mixture(classifier.components_)


def _mixture(mixture: LogisticMixture) -> Values:
    place, weight = np.polynomial.hermite_e.hermegauss(NODES)
    rows, columns = np.triu_indices(mixture.covariance.shape[1])
    return {
        "kind": "mixture",
        "coef": packed(mixture.coef),
        "intercept": packed(mixture.intercept),
        "covariance": packed(mixture.covariance[:, rows, columns]),
        "weight": packed(mixture.weight),
        "terms": _terms(mixture.terms),
        "indicators": [int(one) for one in mixture.indicators],
        "nodes": packed(place),
        "node_weight": packed(weight / weight.sum()),
        **_columns(mixture.impute, mixture.center, mixture.scale),
    }


def _prior_hazard(classifier: Any) -> Values:
    mixture = classifier.components_
    return {
        "kind": "hazard",
        "intervals": len(mixture.ends),
        "draws": packed(mixture.draws),
        "terms": _terms(mixture.terms),
        **_columns(mixture.impute, mixture.center, mixture.scale),
    }


def _ridge(classifier: Any) -> Values:
    imputer, scaler, logistic = (step for _, step in classifier.pipeline_.steps)
    return {
        "kind": "gaussian_line",
        "coef": packed(logistic.coef_[0]),
        "intercept": float(logistic.intercept_[0]),
        "covariance": packed(classifier.covariance_),
        **_columns(imputer.statistics_, scaler.mean_, scaler.scale_),
    }


def _elastic_net(classifier: Any) -> Values:
    return {
        "kind": "resampled_line",
        "coef": packed(classifier.coef_),
        "intercept": classifier.intercept_,
        "resampled": packed(classifier.resampled_),
        **_columns(classifier.impute_, classifier.center_, classifier.scale_),
    }


def _boosted_trees(classifier: Any) -> Values:
    return {
        "kind": "trees",
        "booster": _booster(classifier.booster_),
        "resampled": [_booster(one, shares=False) for one in classifier.interval_boosters_],
    }


def _booster(booster: Any, shares: bool = True) -> Values:
    """Return the paths of every tree, one row for each condition, and the log-odds from which they start."""
    from relapse_model.classifiers.trees.contributions import paths_by_tree

    trees, _ = paths_by_tree(bytes(booster.save_raw("ubj")))
    conditions = [
        (column, one.low, one.high, float(one.missing), *((one.share,) if shares else ()))
        for tree in trees
        for path in tree
        for column, one in sorted(path.conditions.items())
    ]
    return {
        "start": _start(booster),
        "paths": packed([len(tree) for tree in trees]),
        "leaf": packed([path.value for tree in trees for path in tree]),
        "tests": packed([len(path.conditions) for tree in trees for path in tree]),
        "conditions": packed(np.array(conditions, dtype=np.float64).reshape(len(conditions), 5 if shares else 4)),
    }


def _start(booster: Any) -> float:
    """Return the log-odds before the first tree, as xgboost computes them in 32 bits."""
    import json

    import xgboost

    text = json.loads(booster.save_config())["learner"]["learner_model_param"]["base_score"]
    row = xgboost.DMatrix(np.zeros((1, booster.num_features())), nthread=1)
    settings = {"objective": "binary:logistic", "base_score": float(str(text).strip("[]")), "nthread": 1}
    return float(xgboost.Booster(settings, [row]).predict(row, output_margin=True)[0])


def _forest(classifier: Any) -> Values:
    forest = classifier.forest_
    return {
        "kind": "forest",
        "feature": packed(forest.feature),
        "right": packed(forest.right),
        "number": packed(forest.number),
        "nodes": packed(forest.nodes),
        **_columns(classifier.impute_, classifier.center_, classifier.scale_),
    }


def _averaged(classifier: Any) -> Values:
    members = classifier.members_
    return {
        "kind": "averaged",
        "weights": packed(classifier.weights_),
        "members": [scorer_values(one) for one in members],
        "from_first": [bool(getattr(one, "starts_from_margin_", False)) for one in members],
    }


def _recalibrated(classifier: Any) -> Values:
    line = classifier.recalibration_
    return {
        "kind": "recalibrated",
        "inner": scorer_values(classifier.estimator_),
        "intercept": line.intercept,
        "slope": line.slope,
    }


_KINDS: Mapping[str, Callable[[Any], Values]] = {
    "PriorLogisticClassifier": _prior_logistic,
    "PriorHazardClassifier": _prior_hazard,
    "RidgeLogisticClassifier": _ridge,
    "ElasticNetLogisticClassifier": _elastic_net,
    "BoostedTreesClassifier": _boosted_trees,
    "ForestClassifier": _forest,
    "AveragedClassifier": _averaged,
    "RecalibratedClassifier": _recalibrated,
}


def _columns(impute: ArrayLike, center: ArrayLike, scale: ArrayLike) -> Values:
    return {"impute": packed(impute), "center": packed(center), "scale": packed(scale)}


def _terms(terms: tuple[Term, ...]) -> list[list[Values]]:
    return [
        [{"column": one.column, "shape": one.shape, "at": one.at, "log10": one.log10} for one in term.factors]
        for term in terms
    ]
