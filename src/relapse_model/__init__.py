"""Relapse-risk models for small clinical cohorts. Names are loaded on first use, so the import costs nothing."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from relapse_model._version import __version__

_WHERE = {
    "Cohort": "cohort.cohort",
    "make_cohort": "cohort.gate",
    "read_cohort": "cohort.folder",
    "simulate_cohort": "cohort.simulation.simulated_cohort",
    "screen": "cohort.eligibility.screening",
    "Study": "study.study",
    "load_study": "study.reader",
    "derive_features": "features",
    "derive_outcome": "cohort.outcome.outcome",
    "train": "development.train",
    "validate": "development.internal_validation.validate",
    "RelapseModel": "model.relapse_model",
    "load_model": "model.relapse_model",
    "write_report": "report.validation_report",
    "RelapseModelError": "errors",
}

__all__ = [*_WHERE, "__version__"]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'relapse_model' has no attribute {name!r}")
    return getattr(import_module(f"relapse_model.{_WHERE[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
