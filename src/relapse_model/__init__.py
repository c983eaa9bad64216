"""Relapse-risk models for small clinical cohorts. Names are loaded on first use, so the import costs nothing."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from relapse_model._version import __version__

_WHERE = {
    "Cohort": "cohort",
    "make_cohort": "cohort_gate",
    "read_cohort": "cohort_files",
    "simulate_cohort": "simulated_cohort",
    "screen": "eligibility",
    "Study": "study",
    "load_study": "study",
    "derive_features": "features",
    "derive_outcome": "outcome",
    "train": "development",
    "validate": "validation.procedure",
    "RelapseModel": "model",
    "load_model": "model_file",
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
