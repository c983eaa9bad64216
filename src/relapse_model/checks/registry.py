"""All checks, in the order of their codes."""

from __future__ import annotations

from collections.abc import Callable

from relapse_model.checks.assay_platforms import assay_platforms
from relapse_model.checks.dose_as_predictor import dose_as_predictor
from relapse_model.checks.finding import Finding
from relapse_model.checks.mixed_history import stated_against_derived
from relapse_model.checks.too_many_parameters import too_many_parameters
from relapse_model.cohort import Cohort
from relapse_model.study import Study

Check = Callable[[Cohort, Study, float], Finding | None]
CHECKS: tuple[Check, ...] = (
    assay_platforms,
    dose_as_predictor,
    stated_against_derived,
    too_many_parameters,
)


def run_checks(cohort: Cohort, study: Study, landmark_week: float | None = None) -> list[Finding]:
    """Run every check; one that does not apply, or finds nothing, is silent.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    landmark_week : float, optional
        The study's first landmark by default.

    Returns
    -------
    list of Finding

    Examples
    --------
    >>> import relapse_model as rm
    >>> [finding.code for finding in run_checks(rm.simulate_cohort(50, seed=1), rm.load_study("hbsag-relapse"))]
    ['RM101', 'RM104']
    """
    landmark = study.landmark(landmark_week)
    found = (check(cohort, study, landmark) for check in CHECKS)
    return [finding for finding in found if finding is not None]
