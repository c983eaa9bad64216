"""Classifiers: scikit-learn estimators that take arrays and give risks.

The three classes are imported when they are first asked for, so that ``import relapse_model.classifiers``
loads neither scikit-learn nor xgboost.
"""

from __future__ import annotations

from importlib import import_module

_HOME = {
    "BoostedTreesClassifier": "boosted_trees",
    "PriorLogisticClassifier": "prior_logistic",
    "RidgeLogisticClassifier": "ridge",
}

__all__ = ["BoostedTreesClassifier", "PriorLogisticClassifier", "RidgeLogisticClassifier"]


def __getattr__(name: str) -> object:
    """Import a classifier when it is first asked for (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted(__all__)
