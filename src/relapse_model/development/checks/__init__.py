"""Checks with stable codes: what a careful colleague would object to, before and after a model is made."""

from relapse_model.development.checks.all_checks import CODES, check_results, run_checks
from relapse_model.development.checks.check_result import CheckResult
from relapse_model.development.checks.finding import Finding

__all__ = ["CODES", "CheckResult", "Finding", "check_results", "run_checks"]
