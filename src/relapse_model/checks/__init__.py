"""Checks with stable codes: what a careful colleague would object to, before and after a model is made."""

from relapse_model.checks.check_result import CheckResult
from relapse_model.checks.finding import Finding
from relapse_model.checks.registry import CODES, check_results, check_validation, run_checks

__all__ = ["CODES", "CheckResult", "Finding", "check_results", "check_validation", "run_checks"]
