"""Checks with stable codes: what a careful colleague would object to, before and after a model is made."""

from relapse_model.checks.finding import Finding
from relapse_model.checks.registry import run_checks

__all__ = ["Finding", "run_checks"]
