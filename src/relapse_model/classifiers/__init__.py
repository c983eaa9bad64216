"""Classifiers: scikit-learn estimators that take arrays and give risks.

The classes are imported when they are first asked for, so that ``import relapse_model.classifiers``
loads neither scikit-learn nor xgboost.
"""

from __future__ import annotations

from importlib import import_module

_HOME = {
    "AveragedClassifier": "combined.averaged",
    "BoostedTreesClassifier": "trees.boosted_trees",
    "ElasticNetLogisticClassifier": "penalised.elastic_net",
    "ForestClassifier": "trees.random_forest",
    "PriorHazardClassifier": "prior.hazard",
    "PriorLogisticClassifier": "prior.logistic",
    "RecalibratedClassifier": "combined.recalibrated",
    "RidgeLogisticClassifier": "penalised.ridge",
}

__all__ = [
    "AveragedClassifier",
    "BoostedTreesClassifier",
    "ElasticNetLogisticClassifier",
    "ForestClassifier",
    "PriorHazardClassifier",
    "PriorLogisticClassifier",
    "RecalibratedClassifier",
    "RidgeLogisticClassifier",
]


def __getattr__(name: str) -> object:
    """Import a classifier when it is first asked for (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted(__all__)
