"""RM113: one arm is tested more often than another."""

from __future__ import annotations

import numpy as np
import pandas as pd

from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.measurements import measurements
from relapse_model.comparisons import at_or_before, before, to_the_day
from relapse_model.development.checks.arms import patients_by_arm
from relapse_model.development.checks.check import CohortCheck, Verdict, found, not_applicable, passed
from relapse_model.features.at_landmark import AtLandmark
from relapse_model.study.study import Study

RATIO = 1.2


def uneven_testing(at: AtLandmark) -> Verdict:
    """Warn when the tests of the outcome's analyte per patient-week differ between arms by more than 20 %.

    Who is tested more often is found to have relapsed sooner, and relapses that pass are found in that arm alone
    (detection-time bias): doses that follow a titre bring visits with them. Counted are the weeks with a test after the
    landmark, up to the first positive test or the last negative one and the horizon, so that the tests that confirm a
    relapse do not count; several tests in one week are one.

    Parameters
    ----------
    at : AtLandmark
    """
    name = at.study.outcome.analyte
    if name is None:
        return not_applicable("the outcome is adjudicated: no test decides it")
    outcome = at.outcome
    arms = patients_by_arm(at.cohort, outcome)
    if len(arms) < 2:
        return not_applicable("the patients at risk are not in two or more arms (column 'arm' of the patients table)")
    until = np.minimum(outcome["time_week"].to_numpy(dtype=float), at.study.prediction.horizon_weeks)
    weeks = np.maximum(until - at.landmark, 0.0)
    tests = _tests(at.cohort, at.study, name, at.landmark, until)
    if not all(weeks[rows].sum() > 0 for rows in arms.values()):
        return not_applicable(f"an arm has no follow-up after week {at.landmark:g}")
    rates = {arm: float(tests[rows].sum() / weeks[rows].sum()) for arm, rows in arms.items()}
    lowest, highest = min(rates.values()), max(rates.values())
    if highest <= RATIO * lowest * (1 + 1e-9):  # exactly 20 % is not more
        return passed()
    label = at.study.analytes[name].label
    by_arm = ", ".join(f"{arm} {rate:.3f}" for arm, rate in rates.items())
    return found(
        f"tests of {label} per patient-week up to the outcome: {by_arm}. More tests find the outcome sooner, and "
        "more often: compare the arms at the visits that they have in common, and keep to one visit schedule."
    )


def _tests(cohort: Cohort, study: Study, analyte: str, landmark: float, until: np.ndarray) -> np.ndarray:
    """Count the weeks with a test of each patient, after the landmark and up to a week of their own."""
    results = measurements(cohort, study, analyte)
    counted = before(landmark, results.week) & at_or_before(results.week, until[results.patient])
    week = to_the_day(results.week[counted])
    table = pd.DataFrame({"patient": results.patient[counted], "week": week}).drop_duplicates()
    return np.bincount(table["patient"].to_numpy(dtype=np.intp), minlength=len(cohort))


CHECK = CohortCheck("RM113", "arms tested unequally often", uneven_testing)
