"""Nothing is dated after a death that the outcomes tell; the row and the death are both refused."""

from __future__ import annotations

import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.errors import CohortError
from relapse_model.study.reader import parse_study

PATIENTS = pd.DataFrame({"patient_id": ["b", "c"]})
AFTER, DEATH = "after the patient's death (outcomes)", "a death, and rows of the patient dated after it"


def labs(*weeks):
    return pd.DataFrame({"patient_id": "b", "week": weeks, "analyte": "alt", "value": "20", "unit": "U/L"})


def ended(event="competing", name="Death", week="8", patient="b"):
    return pd.DataFrame({"patient_id": [patient], "event": [event], "week": [week], "competing_event": [name]})


def problems(tests, outcomes, **more):
    with pytest.raises(CohortError) as refusal:
        rm.make_cohort(PATIENTS, tests, outcomes=outcomes, **more)
    return [(one.table, one.row, one.column, one.found) for one in refusal.value.problems]


def test_a_result_and_a_course_after_a_death_are_refused_with_the_death():
    """Week 8 is the day of the death itself."""
    courses = pd.DataFrame(
        {"patient_id": ["b", "b"], "agent": "hbig", "start_week": ["7", "9"], "end_week": ["9", "9"]}
    )
    events = pd.DataFrame({"patient_id": ["b"], "week": ["10"], "term": ["Rash"], "grade": ["1"], "serious": ["0"]})
    found = problems(labs("8", "8.2", "12"), ended(), treatments=courses, adverse_events=events)
    assert found == [
        ("labs", 3, "week", AFTER), ("labs", 4, "week", AFTER), ("treatments", 3, "start_week", AFTER),
        ("adverse_events", 2, "week", AFTER), ("outcomes", 2, "week", DEATH),
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["died", "liver-related death", "DEATH (HCC)", "死亡", "因肝病去世"])
def test_names_of_a_death(name):
    assert problems(labs("9"), ended(name=name)) == [("labs", 2, "week", AFTER), ("outcomes", 2, "week", DEATH)]


@pytest.mark.parametrize(
    "outcomes",
    [
        ended(name="transplantation"),
        ended(name="death or transplantation"),  # does not say which
        ended(name="未死亡"),
        ended(week="9"),
        ended(patient="c"),
        ended("free", None),
    ],
)
def test_where_nobody_died_before_nothing_is_refused(outcomes):
    assert len(rm.make_cohort(PATIENTS, labs("0", "9"), outcomes=outcomes).labs) == 2


def test_the_outcome_of_the_study_may_be_death():
    """Without that study, a relapse is no death."""
    study = parse_study(
        '[study]\nprotocol = 1\nname = "own"\n[outcome]\nname = "death"\nadjudicated = true\n[prediction]\n'
        'horizon_weeks = 48\n[[predictors]]\nname = "sex"\nkind = "column"\ncolumn = "sex"\nequals = "M"\n', "own"
    )  # fmt: skip
    table = pd.DataFrame({"patient_id": ["b", "c"], "relapse": ["1", "0"], "week": ["8", "8"]})
    assert len(rm.make_cohort(PATIENTS, labs("9"), outcomes=table).labs) == 1
    assert problems(labs("9"), table, study=study) == [("labs", 2, "week", AFTER), ("outcomes", 2, "week", DEATH)]


def test_in_scoring_it_stops_that_patient_alone():
    cohort = rm.make_cohort(PATIENTS, labs("9"), outcomes=ended(), on_problems="list")
    assert cohort.patient_ids.tolist() == ["c"]
    assert "after the patient's death" in cohort.rejected["reason"].iloc[0]


@pytest.mark.parametrize("name", ["relapse", "Lost to follow-up", "relapse-free", "失访"])
def test_what_is_no_competing_event_is_refused_by_name(name):
    """Who was lost is not known to be free from then on, and a relapse is the outcome."""
    assert problems(labs("0"), ended(name=name)) == [("outcomes", 2, "competing_event", f"'{name.lower()}'")]


def test_the_outcome_of_the_study_is_no_competing_event():
    from dataclasses import replace

    study = rm.load_study("hbsag-relapse")
    study = replace(study, outcome=replace(study.outcome, name="HBsAg reversion"))
    found = problems(labs("0"), ended(name="HBsAg-reversion"), study=study)
    assert found == [("outcomes", 2, "competing_event", "'hbsag-reversion'")]


def test_two_spellings_of_one_competing_event_are_refused():
    table = pd.concat([ended(name="Liver-transplant"), ended(name="liver transplant", patient="c")])
    found = problems(labs("0"), table)
    assert [one[:3] for one in found] == [("outcomes", 2, "competing_event"), ("outcomes", 3, "competing_event")]


def test_dates_are_named_as_dates():
    dated = {"patients": PATIENTS.assign(enrolment_date="2024-01-01"),
             "labs": labs("0").drop(columns="week").assign(date="2024-03-01"),
             "outcomes": ended().drop(columns="week").assign(date="2024-02-26")}  # fmt: skip
    with pytest.raises(CohortError) as refusal:
        rm.make_cohort(**dated)
    assert [(one.table, one.column) for one in refusal.value.problems] == [("labs", "date"), ("outcomes", "date")]
