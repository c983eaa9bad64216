"""Which eligibility criteria of the study a patient is known not to meet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.eligibility.criteria import SIGNS, decide
from relapse_model.errors import CohortError
from relapse_model.study.eligibility import Criterion
from relapse_model.study.study import Study


@dataclass(frozen=True, slots=True, eq=False)
class NotMet:
    """One criterion, whether it excludes, and who is known to fail it."""

    criterion: Criterion
    excludes: bool
    patients: NDArray[np.bool_]


def criteria_not_met(cohort: Cohort, study: Study) -> list[NotMet]:
    """Return the criteria that some patients are known to fail at enrolment, in the order of the study.

    What is not known is nobody's failure: an absent column, an empty cell, a result that is not there, cannot decide,
    or is in a unit that the study does not accept.

    Parameters
    ----------
    cohort : Cohort
    study : Study

    Examples
    --------
    >>> import relapse_model as rm
    >>> criteria_not_met(rm.simulate_cohort(20, seed=1), rm.load_study("hbsag-relapse"))  # all of them were enrolled
    []
    """
    sides = [(one, False) for one in study.eligibility.include] + [(one, True) for one in study.eligibility.exclude]
    found = [NotMet(criterion, excludes, _failed(cohort, study, criterion, excludes)) for criterion, excludes in sides]
    return [one for one in found if one.patients.any()]


def _failed(cohort: Cohort, study: Study, criterion: Criterion, excludes: bool) -> NDArray[np.bool_]:
    if criterion.analyte is not None and not set(criterion.equals) <= set(SIGNS):
        return np.zeros(len(cohort), dtype=bool)  # `screen` refuses such a criterion: it has no meaning
    try:
        call = decide(cohort, study, criterion).call
    except CohortError:
        return np.zeros(len(cohort), dtype=bool)
    return np.asarray(call == (1 if excludes else 0))
