"""Patients called free of the outcome although their own tests confirm it by then: one of the two is wrong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from relapse_model.arrays import Floats
from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.measurements import measurements
from relapse_model.cohort.outcome.confirmation import relapse_intervals
from relapse_model.cohort.outcome.decided_tests import decide_tests, decided_tests
from relapse_model.cohort.outcome.risk_set import ENROLMENT
from relapse_model.comparisons import at_or_before
from relapse_model.errors import CohortError
from relapse_model.study.study import Study


def confirmed_while_free(cohort: Cohort, study: Study) -> Floats:
    """Return, for patients whose outcome is free, the week of an outcome that their tests confirm by then.

    The outcomes table wins over the rule, so that such a patient counts as free. What the rule leaves unconfirmed
    contradicts nothing, and neither does a patient positive from the start.

    Parameters
    ----------
    cohort : Cohort
    study : Study
        Whose rule decides: its threshold, and how many tests confirm.

    Returns
    -------
    array of float, shape (patients,)
        NaN where nothing contradicts.
    """
    found = np.full(len(cohort), np.nan)
    table = cohort.outcomes
    if table is None or study.outcome.analyte is None or "relapse" not in table:
        return found
    free = (table["relapse"] == 0).to_numpy(dtype=bool)
    if "event" in table:
        free = free & (table["event"] != "competing").to_numpy(dtype=bool)
    if not free.any():
        return found
    try:
        results = measurements(cohort, study, study.outcome.analyte)
    except CohortError:  # a limit that is not known, which whoever derives the outcome is told
        return found
    tests = decided_tests(results, decide_tests(results, study.outcome))
    confirm = replace(study.outcome.confirm, unconfirmed_at_end="censor")
    first = relapse_intervals(tests, len(cohort), confirm, ENROLMENT).first_positive
    patient = table["patient"].to_numpy(dtype=np.intp)[free]
    until = table["week"].to_numpy(dtype=float)[free]
    contradicted = ~np.isnan(first[patient]) & np.asarray(at_or_before(first[patient], until))
    found[patient[contradicted]] = first[patient[contradicted]]
    return found
