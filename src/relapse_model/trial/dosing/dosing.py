"""`rm.dosing`: who is due for a dose and why, what was given, and when the next dose falls due."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Floats, Mask
from relapse_model.cohort.cohort import COUNTED_ONCE, Cohort
from relapse_model.cohort.courses import courses_until
from relapse_model.cohort.measurements import measurements
from relapse_model.cohort.tables.column_values import texts
from relapse_model.errors import CohortError, Problem, StudyError
from relapse_model.features.antibody_filter import AntibodyFilter
from relapse_model.features.endogenous import dose_table, doses_given, passive_antibody_of, titre_history
from relapse_model.study.study import Study
from relapse_model.study.trial_plan import DosingRule
from relapse_model.trial.arms.number_words import number_of, weeks_of
from relapse_model.trial.arms.randomised import RANDOMISED, rows_shown
from relapse_model.trial.dosing.as_of import weeks_known
from relapse_model.trial.dosing.dosing_report import DosingReport
from relapse_model.trial.dosing.dosing_tables import adherence, centre_of_each, deviations, due_now, next_doses
from relapse_model.trial.dosing.endings import endings
from relapse_model.trial.dosing.forecast import Forecast, forecast
from relapse_model.trial.dosing.missed_visits import missed_visits
from relapse_model.trial.dosing.planned_visits import planned_visits
from relapse_model.trial.dosing.visit_verdicts import BY_HAND, visit_verdicts, without_arm

_KINETICS = (
    "antibody kinetics were taken from other HBIG products: none have been published for the Chinese 400 IU product"
)


def dosing(
    cohort: Cohort,
    study: Study,
    as_of_week: float | date | None = None,
    visits: tuple[float, ...] | None = None,
) -> DosingReport:
    """Hold the dosing rule of the study against what was measured and given.

    Blood of a visit is drawn before the dose of that visit. A titre printed below a limit under the rule's threshold
    makes a dose due; one whose limit lies above it is undecidable, and listed. Where HBsAg is detected no dose is due:
    that a clinician decides, until a relapse is confirmed, which ends dosing. Forecasts assume the kinetics of the
    study's [passive_antibody].

    Parameters
    ----------
    cohort : Cohort
        With an arm column, a treatments table, and titres in the labs table.
    study : Study
        With a section [dosing].
    as_of_week : float or date, optional
        Up to when the records are looked at: a week since enrolment, or a calendar day (which needs
        ``enrolment_date``). By default all records of each patient.
    visits : tuple of float, optional
        Planned weeks; those of the study by default.

    Returns
    -------
    DosingReport

    Raises
    ------
    StudyError
        If the study has no [dosing].
    CohortError
        If the arm of a randomised patient or the treatments are missing, a dose has no amount in IU, or a date was
        asked for and there are no enrolment dates.
    RelapseModelError
        For a week or day before every enrolment, or more than a year after the last record.

    Examples
    --------
    >>> import relapse_model as rm
    >>> report = rm.dosing(rm.simulate_cohort(40, seed=1), rm.load_study("hbsag-relapse"), as_of_week=12)
    >>> list(report.due.columns)
    ['patient_id', 'arm', 'week', 'titre', 'reason', 'status']
    """
    rule = _rule(study)
    _need_arm(cohort, study, rule)
    planned = rule.visits if visits is None else tuple(visits)
    as_of = weeks_known(cohort, as_of_week, rule)
    ends = endings(cohort, study, rule, as_of)
    table = visit_verdicts(cohort, study, rule, as_of, planned, ends)
    begun = as_of >= rule.first.week - rule.first.window_weeks
    arm = (cohort.patients["arm"] == rule.arm).to_numpy() & begun
    ids, ended = cohort.patient_ids.to_numpy(), np.flatnonzero(arm & ends.ended)
    whose = table["patient"].to_numpy(dtype=np.intp)
    ahead = planned_visits(cohort, study, rule, as_of, planned, ends)
    unseen = missed_visits(cohort, rule, ahead, ends)
    due = due_now(table[~ends.ended[whose]], unseen, cohort, rule)
    notes = [*_notes(rule, as_of_week, ends.cause[ended]), *_counted_once(cohort)]
    found: Forecast | None = None
    places: tuple[int, ...] = ()
    upcoming: pd.DataFrame | None = None
    if study.passive_antibody is None:
        notes.append("no forecast: it needs a section [passive_antibody] in the study")
    else:
        found, places = _forecast(cohort, study, rule, as_of, arm & ~ends.ended)
        by_hand = set(due.loc[due["status"] == BY_HAND, "patient_id"])
        coming = ahead.next_visits(ends.stop)[list(places)]
        upcoming = None if found is None else next_doses(ids, found, places, coming, by_hand)
        notes.append(_KINETICS)
    audited = table.assign(patient=ids[whose]).rename(columns={"patient": "patient_id"})
    centre = centre_of_each(cohort)[whose]
    gone = pd.DataFrame({"patient_id": ids[ended], "week": ends.week[ended], "reason": ends.reason[ended]})
    return DosingReport(
        rule, due, audited, upcoming, deviations(table, centre),
        adherence(table, centre), tuple(notes), gone, int(arm.sum()), found, tuple(ids[list(places)]),
    )  # fmt: skip


def _rule(study: Study) -> DosingRule:
    if study.dosing is None:
        problem = Problem(
            f"study {study.name!r}", None, None, "no section [dosing]", "one with agent, arm, dose and again"
        )
        raise StudyError("no dosing report", [problem])
    return study.dosing


def _notes(rule: DosingRule, as_of: float | date | None, ended: NDArray[np.object_]) -> list[str]:
    """Return what is assumed of windows and of the day, and how many are past dosing."""
    first, again = weeks_of(rule.first.window_weeks), weeks_of(rule.again.act_within_weeks)
    notes = [f"a dose counts as given on time within {again}, the first within {first} (set in the study)"]
    if as_of is None:
        notes.append(
            "no day was stated ('as of'), so the records are taken as complete: a dose that was due and is not among "
            "them counts as overdue, and a planned visit without a titre as not assessed"
        )
    if len(ended):
        causes = ", ".join(f"{cause} {count}" for cause, count in pd.Series(ended).value_counts(sort=False).items())
        notes.append(
            f"dosing has ended in {number_of(len(ended), 'patient')} ({causes}): nothing is due for them, and nothing "
            "is forecast"
        )
    return notes


def _counted_once(cohort: Cohort) -> list[str]:
    """Say whether two vials may have been read as one row."""
    once = sum(one.table == "treatments" and one.found == COUNTED_ONCE for one in cohort.remarks)
    if not once:
        return []
    return [
        f"{number_of(once, 'row')} of treatments that differ from another in the row number only count once: two vials "
        "of one day are to be one row with their sum"
    ]


def _need_arm(cohort: Cohort, study: Study, rule: DosingRule) -> None:
    expected = "the arm of each patient"
    if "arm" not in cohort.patients:
        raise CohortError("no dosing report", [Problem("patients", None, "arm", "the column is missing", expected)])
    arms = cohort.patients["arm"]
    if not (arms == rule.arm).any():
        there = ", ".join(sorted(map(repr, arms.dropna().astype(str).unique()))) or "no arm at all"
        problem = Problem("patients", None, "arm", f"nobody in the arm {rule.arm!r}, but {there}",
                          "patients in the arm that [dosing] names",
                          "State arm under [dosing] as the patients table writes it")  # fmt: skip
        raise CohortError("no dosing report", [problem])
    rows = np.flatnonzero(without_arm(cohort, study) & _randomised(cohort))
    if len(rows):
        problem = Problem("patients", None, "arm", f"no arm in {rows_shown(rows)}", expected,
                          "Find out to which arm they were allocated; who was not randomised has 0 in a column "
                          f"{RANDOMISED!r}")  # fmt: skip
        raise CohortError("no dosing report", [problem])


def _randomised(cohort: Cohort) -> Mask:
    if RANDOMISED not in cohort.patients:
        return np.ones(len(cohort), dtype=bool)
    return np.asarray((texts(cohort.patients[RANDOMISED]) != "0").to_numpy(), dtype=bool)


def _forecast(
    cohort: Cohort, study: Study, rule: DosingRule, as_of: Floats, asked: Mask
) -> tuple[Forecast | None, tuple[int, ...]]:
    """Return the forecast of every patient asked for who has a titre, and their positions."""
    passive = passive_antibody_of(study)
    titres = measurements(cohort, study, rule.again.analyte).valued()
    titres = titres.rows((titres.week <= as_of[titres.patient]) & asked[titres.patient])
    treatments = dose_table(cohort, passive, np.inf)
    given = doses_given(courses_until(treatments, passive.agents, np.inf), np.inf)
    counted = given.start <= as_of[given.patient]
    given = type(given)(*(getattr(given, name)[counted] for name in type(given).__slots__))
    places = np.unique(titres.patient)
    if not len(places):
        return None, ()
    history = titre_history(titres, given, places, len(cohort))
    return forecast(AntibodyFilter(passive), history, rule.dose, rule.again.below), tuple(places.tolist())
