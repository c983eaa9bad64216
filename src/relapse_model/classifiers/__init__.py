"""Classifiers: scikit-learn estimators that take arrays and give risks.

The classes are imported when they are first asked for, so that ``import relapse_model.classifiers``
loads neither scikit-learn nor xgboost.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # what editors and type checkers see; the table below is what runs
    from relapse_model.classifiers.combined.averaged import AveragedClassifier
    from relapse_model.classifiers.combined.recalibrated import RecalibratedClassifier
    from relapse_model.classifiers.penalised.elastic_net import ElasticNetLogisticClassifier
    from relapse_model.classifiers.penalised.ridge import RidgeLogisticClassifier
    from relapse_model.classifiers.prior.hazard import PriorHazardClassifier
    from relapse_model.classifiers.prior.logistic import PriorLogisticClassifier
    from relapse_model.classifiers.trees.boosted_trees import BoostedTreesClassifier
    from relapse_model.classifiers.trees.random_forest import ForestClassifier

_WHERE = {
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


if not TYPE_CHECKING:  # a type checker that saw it would believe every name

    def __getattr__(name: str) -> object:
        """Import a classifier when it is first asked for (PEP 562)."""
        if name not in _WHERE:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted(__all__)
