"""The checks that read a finished validation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from relapse_model.cohort.cohort import Cohort
from relapse_model.development.checks.all_checks import (
    AUC_CHECK,
    EVENTS_CHECK,
    GAIN_CHECK,
    check_results,
    known_codes,
)
from relapse_model.development.checks.check_result import CheckResult
from relapse_model.validation.estimate import Estimate

if TYPE_CHECKING:
    from relapse_model.development.internal_validation.result import Validation


def check_validation(
    validation: Validation, cohort: Cohort | None = None, mute: tuple[str, ...] = ()
) -> list[CheckResult]:
    """Return the result of every check of a validation; with its cohort, of the cohort's checks too, in order.

    Parameters
    ----------
    validation : Validation
    cohort : Cohort, optional
        The cohort that was validated on: its checks are made for the study and landmark of the validation.
    mute : tuple of str
        As `check_results` takes it.

    Returns
    -------
    list of CheckResult

    Raises
    ------
    RelapseModelError
        For a code that no check has.
    """
    muted = known_codes(mute)
    performance, study = validation.performance, validation.study
    difference = performance.measures.get("log_loss_difference")
    gain = difference if isinstance(difference, Estimate) else None
    results = [
        EVENTS_CHECK.muted() if EVENTS_CHECK.code in muted else EVENTS_CHECK(performance.events),
        AUC_CHECK.muted() if AUC_CHECK.code in muted else AUC_CHECK(study, performance.measures.get("auc")),
        GAIN_CHECK.muted() if GAIN_CHECK.code in muted else GAIN_CHECK(gain),
    ]
    if cohort is not None:
        results += check_results(cohort, study, validation.data.landmark, mute)
    return sorted(results, key=lambda result: result.code)
