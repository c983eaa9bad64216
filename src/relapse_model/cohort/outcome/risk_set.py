"""Who is at risk at a landmark, from what was known there: the same in training, scoring and reports."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Floats, Mask
from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.index_week import require_same_index, seen_at
from relapse_model.cohort.measurements import measurements
from relapse_model.cohort.outcome.confirmation import relapse_intervals
from relapse_model.cohort.outcome.decided_tests import decide_tests, decided_tests
from relapse_model.comparisons import at_or_before, before
from relapse_model.study.study import Study

if TYPE_CHECKING:
    from relapse_model.cohort.outcome.competing import CompetingEvents

AT_RISK = "at risk"
POSITIVE = "not at risk (positive)"
RELAPSED = "not at risk (relapsed)"
COMPETED = "not at risk (competing event)"
UNKNOWN = "not known to be at risk"
LEFT = "not known to be at risk (follow-up ended)"
NOT_AT_RISK = (POSITIVE, RELAPSED, UNKNOWN, COMPETED, LEFT)
ENROLMENT = 0.0  # week


def why_not_at_risk(study: Study, landmark: float) -> str:
    """Return why a study leaves patients out at a landmark, in words that are true of each of them.

    Parameters
    ----------
    study : Study
    landmark : float
        Week.

    Examples
    --------
    >>> from relapse_model import load_study
    >>> why_not_at_risk(load_study("hbsag-relapse"), 0)
    'had the outcome at or before week 0, or no test by then shows that they were free of it'
    """
    other = "no test by then shows that they were free of it"
    if study.outcome.analyte is None:
        other = "in a week that is not known"
    # Before enrolment nobody is followed.
    left = ", or were followed to an earlier week only" if before(ENROLMENT, landmark) else ""
    return f"had the outcome at or before week {landmark:g}, or {other}{left}"


def risk_set(cohort: Cohort, study: Study, landmark: float) -> NDArray[np.object_]:
    """Tell who is at risk at a landmark: only who is known to be free there has anything to lose.

    Of an outcome by tests: a patient whose last test that decides, at or before the landmark, is negative, and who has
    not relapsed before it. A single positive there counts like one that is confirmed, for no later test is read. Of an
    outcome that is adjudicated only, or a column, there is no such test: whoever enrols is taken to be free of it. An
    adjudicated relapse or competing event at or before the landmark ends the risk in both, also one that the study
    calls censoring. A patient whom the outcomes table follows, free of it, to a week before the landmark has left, and
    is not known to be at risk, unless a later test that decides shows it; follow-up to the day of the landmark is
    enough, as a test on it is. Where the study states no outcome, nobody is left out.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    landmark : float
        Week.

    Returns
    -------
    array of str, shape (patients,)
        ``"at risk"``, ``"not at risk (positive)"``, ``"not at risk (relapsed)"``, ``"not at risk (competing event)"``,
        ``"not known to be at risk"`` or ``"not known to be at risk (follow-up ended)"``.

    Examples
    --------
    >>> import relapse_model as rm
    >>> list(risk_set(rm.simulate_cohort(3, seed=1), rm.load_study("hbsag-relapse"), 0.0))
    ['at risk', 'at risk', 'at risk']
    """
    require_same_index(cohort, study)
    cohort = seen_at(cohort, study, landmark)
    state = np.full(len(cohort), AT_RISK, dtype=object)
    if not study.outcome.stated:
        return state
    known_relapse, overruled, unknown_week = _adjudicated(cohort, landmark)
    seen = np.full(len(cohort), np.nan)  # the last test that decides
    if study.outcome.analyte is None:
        # Enrolled free of it and relapsed since, nobody knows when: by a later week it may have been.
        state[unknown_week & (not at_or_before(landmark, ENROLMENT))] = UNKNOWN
    else:
        results = measurements(cohort, study, study.outcome.analyte).until(landmark)
        tests = decided_tests(results, decide_tests(results, study.outcome))
        standing, seen = tests.standing(len(cohort)), tests.last(np.ones(len(tests.week), dtype=bool), len(cohort))
        relapse = relapse_intervals(tests, len(cohort), study.outcome.confirm, landmark)
        state[~np.isnan(relapse.first_positive) & ~overruled] = RELAPSED
        state[standing == 1] = POSITIVE
        state[standing == -1] = UNKNOWN
    state[(state == AT_RISK) & _left(cohort, seen, landmark)] = LEFT
    state[known_relapse] = RELAPSED
    if (competing := competing_of(cohort, study)) is not None:
        state[(competing.name != "") & at_or_before(competing.week, landmark)] = COMPETED
    return state


def competing_of(cohort: Cohort, study: Study) -> CompetingEvents | None:
    """Return the competing events of a cohort, as `competing_events` does; None where it has none.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    """
    if cohort.outcomes is None or "event" not in cohort.outcomes:
        return None
    from relapse_model.cohort.outcome.competing import competing_events  # few cohorts have any

    return competing_events(cohort, study)


def is_at_risk(states: Iterable[object]) -> Mask:
    """Tell which states of `derive_outcome` or `risk_set` are those of patients at risk.

    Parameters
    ----------
    states : iterable of str
    """
    return ~pd.Series(states, dtype=object).isin(NOT_AT_RISK).to_numpy(dtype=bool)


def why_not(state: object, study: Study, landmark: float) -> str:
    """Say why a patient is not at risk; empty for one who is.

    Parameters
    ----------
    state : str
        As `risk_set` gives it.
    study : Study
    landmark : float
    """
    week = f"week {landmark:g}"
    analyte = study.outcome.analyte
    test = f"test of {study.analytes[analyte].label}" if analyte is not None else "test"
    return {
        POSITIVE: f"{POSITIVE}: the last {test} at or before {week} is positive: nothing left to predict",
        COMPETED: f"{COMPETED}: at or before {week}: the outcome cannot come any more",
        RELAPSED: f"{RELAPSED}: {study.outcome.name} at or before {week}: nothing left to predict",
        UNKNOWN: f"{UNKNOWN}: no {test} at or before {week} that decides"
        if analyte is not None
        else f"{UNKNOWN}: {study.outcome.name} in an unknown week, which may lie before {week}",
        LEFT: f"{LEFT}: the outcomes table follows the patient to a week before {week}, and what came since is unknown",
    }.get(str(state), "")


def _adjudicated(cohort: Cohort, landmark: float) -> tuple[Mask, Mask, Mask]:
    """Return who relapsed at or before the landmark, whose rule is overruled, and who relapsed in an unknown week."""
    relapsed, overruled, unknown = (np.zeros(len(cohort), dtype=bool) for _ in range(3))
    if cohort.outcomes is not None:
        rows = cohort.outcomes["patient"].to_numpy(dtype=np.intp)
        week = cohort.outcomes["week"].to_numpy(dtype=float)
        event = cohort.outcomes["relapse"].to_numpy(dtype=float) == 1
        relapsed[rows] = event & at_or_before(week, landmark)
        unknown[rows] = event & np.isnan(week)
        overruled[rows] = ~unknown[rows]
    return relapsed, overruled, unknown


def _left(cohort: Cohort, seen: Floats, landmark: float) -> Mask:
    """Return who is free of the outcome to a week before the landmark, and has no test that decides since then."""
    left = np.zeros(len(cohort), dtype=bool)
    if cohort.outcomes is not None:
        rows = cohort.outcomes["patient"].to_numpy(dtype=np.intp)
        week = cohort.outcomes["week"].to_numpy(dtype=float)
        free = cohort.outcomes["relapse"].to_numpy(dtype=float) == 0
        left[rows] = free & before(week, landmark) & ~before(week, seen[rows])
    return left
