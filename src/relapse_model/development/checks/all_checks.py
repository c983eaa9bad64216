"""All checks, in the order of their codes: of a cohort with its study, and of a validation."""

from __future__ import annotations

import difflib

from relapse_model.cohort.cohort import Cohort
from relapse_model.development.checks import (
    rm101_assay_platforms,
    rm102_dose_as_predictor,
    rm103_mixed_history,
    rm104_too_many_parameters,
    rm105_look_ahead,
    rm106_passive_antibody,
    rm107_dichotomised_predictor,
    rm108_horizon_beyond_follow_up,
    rm109_loss_by_arm,
    rm110_few_events_for_calibration,
    rm111_implausible_auc,
    rm112_missing_predictor,
    rm113_uneven_testing,
    rm114_leak,
    rm115_training_cohort,
    rm116_constant_predictor,
    rm117_small_category,
    rm118_hardly_known_predictor,
    rm119_unknown_names,
    rm120_not_at_risk,
    rm121_odd_rows,
    rm122_no_gain,
    rm123_history_cut_off,
    rm124_counted_as_no,
    rm125_zero_above_numbers,
    rm126_agent_by_centre,
    rm127_old_results,
    rm128_arm_without_prior,
    rm129_baseline_contradicted,
    rm130_competing_as_censoring,
    rm131_eligibility,
    rm206_screened_here,
)
from relapse_model.development.checks.check import ERROR, CohortCheck
from relapse_model.development.checks.check_result import CheckResult
from relapse_model.development.checks.finding import Finding
from relapse_model.errors import NoOutcomeError, RelapseModelError
from relapse_model.features.at_landmark import AtLandmark
from relapse_model.study.study import Study

COHORT_CHECKS = (
    rm101_assay_platforms.CHECK,
    rm102_dose_as_predictor.CHECK,
    rm103_mixed_history.CHECK,
    rm104_too_many_parameters.CHECK,
    rm105_look_ahead.CHECK,
    rm106_passive_antibody.CHECK,
    rm107_dichotomised_predictor.CHECK,
    rm108_horizon_beyond_follow_up.CHECK,
    rm109_loss_by_arm.CHECK,
    rm112_missing_predictor.CHECK,
    rm113_uneven_testing.CHECK,
    rm114_leak.CHECK,
    rm116_constant_predictor.CHECK,
    rm117_small_category.CHECK,
    rm118_hardly_known_predictor.CHECK,
    rm119_unknown_names.CHECK,
    rm120_not_at_risk.CHECK,
    rm121_odd_rows.CHECK,
    rm123_history_cut_off.CHECK,
    rm124_counted_as_no.CHECK,
    rm125_zero_above_numbers.CHECK,
    rm126_agent_by_centre.CHECK,
    rm127_old_results.CHECK,
    rm128_arm_without_prior.CHECK,
    rm129_baseline_contradicted.CHECK,
    rm130_competing_as_censoring.CHECK,
    rm131_eligibility.CHECK,
    rm206_screened_here.CHECK,
)
EVENTS_CHECK = rm110_few_events_for_calibration.CHECK  # of the number of events of a validation
AUC_CHECK = rm111_implausible_auc.CHECK  # of a study and the AUC of its validation
EVALUATION_CHECK = rm115_training_cohort.CHECK  # of a finished model and a cohort
GAIN_CHECK = rm122_no_gain.CHECK  # of a cross-validation: in training and in validation
CODES = tuple(sorted(check.code for check in (*COHORT_CHECKS, EVENTS_CHECK, AUC_CHECK, EVALUATION_CHECK, GAIN_CHECK)))


def run_checks(
    cohort: Cohort, study: Study, landmark_week: float | None = None, mute: tuple[str, ...] = ()
) -> list[Finding]:
    """Return what the checks of a cohort object to; one that does not apply, or finds nothing, is silent.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    landmark_week : float, optional
        The study's first landmark by default.
    mute : tuple of str
        Codes of checks to mute.

    Returns
    -------
    list of Finding

    Raises
    ------
    RelapseModelError
        For a code that no check has.

    Examples
    --------
    >>> import relapse_model as rm
    >>> cohort, study = rm.simulate_cohort(50, seed=1), rm.load_study("hbsag-relapse")
    >>> [finding.code for finding in run_checks(cohort, study)]
    ['RM101', 'RM104']
    >>> [finding.code for finding in run_checks(cohort, study, mute=("RM101",))]
    ['RM104']
    """
    findings = (result.finding for result in check_results(cohort, study, landmark_week, mute))
    return [finding for finding in findings if finding is not None]


def check_results(
    cohort: Cohort, study: Study, landmark_week: float | None = None, mute: tuple[str, ...] = ()
) -> list[CheckResult]:
    """Return the result of every check of a cohort, whatever its state, in the order of the codes.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    landmark_week : float, optional
    mute : tuple of str
        As `run_checks` takes it; a muted check does not look, and is listed as muted.

    Returns
    -------
    list of CheckResult

    Raises
    ------
    RelapseModelError
        For a code that no check has.

    Examples
    --------
    >>> import relapse_model as rm
    >>> cohort, study = rm.simulate_cohort(50, seed=1), rm.load_study("hbsag-relapse")
    >>> [result.state for result in check_results(cohort, study, mute=("RM101",))][:3]
    ['muted', 'passed', 'passed']
    """
    return results_at(AtLandmark(cohort, study, study.landmark(landmark_week)), mute)


def results_at(at: AtLandmark, mute: tuple[str, ...] = ()) -> list[CheckResult]:
    """Return what `check_results` does, of a cohort of which things may be derived already.

    Parameters
    ----------
    at : AtLandmark
    mute : tuple of str
    """
    muted = known_codes(mute)
    return [check.muted() if check.code in muted else _looked(check, at) for check in COHORT_CHECKS]


def _looked(check: CohortCheck, at: AtLandmark) -> CheckResult:
    """Return the result of a check; one that asks for the outcome of a study without any does not apply."""
    try:
        return check(at)
    except NoOutcomeError:
        return check.not_applicable("the study states no outcome")


def errors_found(
    cohort: Cohort, study: Study, landmark_week: float | None = None, mute: tuple[str, ...] = ()
) -> list[Finding]:
    """Return what the checks of the grade ``error`` find in a cohort; the other checks are not made.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    landmark_week : float, optional
    mute : tuple of str
        As `run_checks` takes it.

    Raises
    ------
    RelapseModelError
        For a code that no check has.
    """
    muted, at = known_codes(mute), AtLandmark(cohort, study, study.landmark(landmark_week))
    grave = [check for check in COHORT_CHECKS if check.severity == ERROR and check.code not in muted]
    found = (_looked(check, at).finding for check in grave)
    return [finding for finding in found if finding is not None]


def known_codes(mute: tuple[str, ...]) -> frozenset[str]:
    """Return the codes to mute; refuse one that no check has, by name: a misspelt one would mute nothing.

    Parameters
    ----------
    mute : tuple of str

    Raises
    ------
    RelapseModelError
        With the nearest code.

    Examples
    --------
    >>> sorted(known_codes(("RM104", "RM101")))
    ['RM101', 'RM104']
    """
    if isinstance(mute, str):
        raise RelapseModelError(f"mute is {mute!r}; expected a tuple of codes, such as ('RM101',).")
    for code in mute:
        if code not in CODES:
            near = difflib.get_close_matches(str(code).upper(), CODES, n=1)
            advice = f" Did you mean {near[0]!r}?" if near else ""
            raise RelapseModelError(
                f"mute names {code!r}, which no check has; expected some of {', '.join(CODES)}.{advice}"
            )
    return frozenset(mute)
