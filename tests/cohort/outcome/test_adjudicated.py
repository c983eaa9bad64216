"""Adjudicated outcomes: exact weeks, days and months; a relapse in an unknown week; horizons in days and months."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.cohort.outcome.risk_set import LEFT
from relapse_model.errors import CohortError
from relapse_model.study.reader import parse_study

DEATH = """
[study]
protocol = 1
name = "death"

[outcome]
name = "death"
adjudicated = true

[prediction]
{prediction}

[[predictors]]
name = "age"
kind = "column"
column = "age_years"
"""
NEGATIVE, POSITIVE = "<0.05", "0.3"


def death(prediction="horizon_weeks = 48"):
    return parse_study(DEATH.format(prediction=prediction), "test")


def cohort(outcomes, tests=(), study=None, patients=None):
    """Make a cohort of patients a, b, ...; tests are (patient, week, HBsAg)."""
    ids = sorted({*outcomes["patient_id"], *(row[0] for row in tests)})
    table = pd.DataFrame({"patient_id": ids, "age_years": 50}) if patients is None else patients
    labs = pd.DataFrame(tests, columns=["patient_id", "week", "value"]).assign(analyte="hbsag", unit="IU/mL")
    return rm.make_cohort(table, labs, None, outcomes, study=study)


def table(**columns):
    return pd.DataFrame({"patient_id": list("abcdefgh")[: max(map(np.size, columns.values()))], **columns})


def states(outcomes, study, tests=(), **asked):
    return rm.derive_outcome(cohort(outcomes, tests, study), study, **asked)["state"].tolist()


def test_the_week_of_a_relapse_is_exact():
    """48 is by week 48 and a day later is not, whatever the visit window."""
    outcomes = table(relapse=1, week=[47.9, 48, 48 + 1 / 7, 50])
    for prediction in ("horizon_weeks = 48", "horizon_weeks = 48\nvisit_window_weeks = 4"):
        assert states(outcomes, death(prediction)) == ["relapse", "relapse", "free", "free"]


def test_the_last_time_seen_free_has_a_window_only_where_the_study_states_one():
    outcomes = table(relapse=0, week=[43.9, 44, 47, 48])
    assert states(outcomes, death()) == ["lost", "lost", "lost", "free"]
    assert states(outcomes, death("horizon_weeks = 48\nvisit_window_weeks = 4")) == ["lost", "free", "free", "free"]


def test_at_risk_is_who_has_not_had_it_by_the_landmark():
    outcomes = table(relapse=[1, 1, 0, 0], week=[12, 12 + 1 / 7, 8, 60])
    study = death()
    found = states(outcomes, study, landmark_week=12)
    # Followed to week 8 only.
    assert found == ["not at risk (relapsed)", "relapse", LEFT, "free"]


def test_who_is_not_in_the_table_is_at_risk_and_scored():
    study = death()
    one = cohort(table(relapse=[1], week=[20]), [("a", 0, NEGATIVE), ("b", 0, NEGATIVE)], study)
    assert rm.derive_outcome(one, study)["state"].tolist() == ["relapse", "lost"]


def test_the_interval_ends_with_the_last_negative_before_the_relapse(study):
    """Tests after the adjudicated relapse, of whatever result, change nothing."""
    tests = [("a", week, NEGATIVE) for week in (0, 12, 24)]
    later = [("a", 32, NEGATIVE), ("a", 40, POSITIVE), ("a", 44, POSITIVE)]
    outcomes = table(relapse=[1], week=[30])
    for rows in (tests, tests + later):
        found = rm.derive_outcome(cohort(outcomes, rows, study), study).iloc[0]
        stated = found[["state", "last_negative_week", "first_positive_week", "time_week"]].tolist()
        assert stated == ["relapse", 24, 30, 30]


# A relapse in an unknown week


def interval(study, tests, week=np.nan, landmark_week=None):
    found = rm.derive_outcome(cohort(table(relapse=[1], week=[week]), tests, study), study, landmark_week).iloc[0]
    return [found["state"], found["last_negative_week"], found["first_positive_week"], found["event"]]


@pytest.mark.parametrize(
    ("tests", "expected"),
    [
        # Between the last negative and the last contact, which is a haemolysed sample here.
        ([(0, NEGATIVE), (12, NEGATIVE), (20, "not done")], ["relapse", 12, 20, 1]),
        # No later than the first positive test after it.
        ([(0, NEGATIVE), (12, NEGATIVE), (16, POSITIVE), (40, "not done")], ["relapse", 12, 16, 1]),
        # The rule finds it: positive twice.
        ([(0, NEGATIVE), (8, POSITIVE), (12, POSITIVE), (24, NEGATIVE), (30, NEGATIVE)], ["relapse", 0, 8, 1]),
        # The interval straddles the horizon: nobody knows, and he was free at the last negative.
        ([(0, NEGATIVE), (36, NEGATIVE), (70, "not done")], ["lost", 36, 70, 1]),
        # Free through the horizon, relapsed after it.
        ([(0, NEGATIVE), (48, NEGATIVE), (70, "not done")], ["free", 48, 70, 1]),
        # No contact after the last negative: follow-up ends there.
        ([(0, NEGATIVE), (24, NEGATIVE)], ["lost", 24, np.nan, 0]),
    ],
)
def test_a_relapse_in_an_unknown_week_lies_between_what_is_known(study, tests, expected):
    np.testing.assert_equal(interval(study, [("a", *test) for test in tests]), expected)


def test_without_tests_a_relapse_in_an_unknown_week_came_after_enrolment():
    found = interval(death(), [("a", 0, NEGATIVE), ("a", 30, NEGATIVE)])
    np.testing.assert_equal(found, ["relapse", 0, 30, 1])
    # At week 12 nobody knows whether it had come by then.
    later = interval(death(), [("a", 0, NEGATIVE), ("a", 30, NEGATIVE)], landmark_week=12)
    assert later[0] == "not known to be at risk"


def test_an_unknown_week_is_accepted_of_a_relapse_alone(study):
    text = pd.DataFrame({"patient_id": ["a", "b", "c"], "relapse": ["1", "0", "0"], "week": ["", "", "48"]})
    with pytest.raises(
        CohortError, match=r"row 3, column 'week': nothing.*until when the patient was known"
    ) as refused:
        cohort(text, study=study)
    assert len(refused.value.problems) == 1
    dated = text.drop(columns="week").assign(date=["", "", "2024-12-01"])
    patients = pd.DataFrame({"patient_id": ["a", "b", "c"], "enrolment_date": "2024-01-01"})
    with pytest.raises(CohortError, match=r"row 3, column 'date': nothing") as refused:
        cohort(dated, study=study, patients=patients)
    assert len(refused.value.problems) == 1


def test_an_unknown_week_survives_being_written(study, tmp_path):
    tests = [("a", 0, NEGATIVE), ("a", 12, NEGATIVE), ("a", 20, "not done")]
    one = cohort(table(relapse=[1], week=[np.nan]), tests, study)
    one.write(tmp_path / "cohort")
    again = rm.read_cohort(tmp_path / "cohort", study=study)
    pd.testing.assert_frame_equal(rm.derive_outcome(again, study), rm.derive_outcome(one, study))


# Days and months


@pytest.mark.parametrize(("column", "of_a_week"), [("day", 7.0), ("month", 7 / 30.4375)])
def test_follow_up_in_days_or_months_is_weeks(column, of_a_week):
    weeks = np.array([0.0, 12.0, 47.9, 48.0])
    outcomes = table(relapse=[0, 1, 1, 1], **{column: weeks * of_a_week})
    found = rm.derive_outcome(cohort(outcomes), death())
    np.testing.assert_allclose(found["time_week"], weeks)
    with pytest.raises(CohortError, match="columns 'day' and 'month'"):
        cohort(outcomes.assign(day=1, month=1))


@pytest.mark.parametrize("days", [336, 365, 730, 1000, 1001])
def test_a_horizon_in_days_is_kept_to_the_day(days):
    study = death(f"horizon_days = {days}")
    assert study.prediction.horizon_weeks == days / 7
    outcomes = table(relapse=1, day=[days - 1, days, days + 1])
    assert states(outcomes, study) == ["relapse", "relapse", "free"]
    dated = table(relapse=1, date=pd.Timestamp("2011-05-17") + pd.to_timedelta([days - 1, days, days + 1], unit="D"))
    patients = pd.DataFrame({"patient_id": list("abc"), "age_years": 50, "enrolment_date": "2011-05-17"})
    found = rm.derive_outcome(cohort(dated, patients=patients), study)
    assert found["state"].tolist() == ["relapse", "relapse", "free"]


@pytest.mark.parametrize("months", [1, 3, 6, 9, 12, 18, 24, 36, 60])
def test_a_horizon_in_months_loses_no_event_of_its_month(months):
    """In months exactly; by date up to the same day of the month, wherever the months between are long or short."""
    study = death(f"horizon_months = {months}")
    outcomes = table(relapse=[1, 1, 0, 0], month=[months, months + 0.01, months, months - 0.01])
    assert states(outcomes, study) == ["relapse", "free", "free", "lost"]
    starts = pd.date_range("2011-01-01", "2012-12-28", freq="D")
    starts = starts[starts.day <= 28]
    ids = [f"P{number}" for number in range(len(starts))]
    patients = pd.DataFrame({"patient_id": ids, "age_years": 50, "enrolment_date": starts.strftime("%Y-%m-%d")})
    on_the_day = [(start + pd.DateOffset(months=months)).strftime("%Y-%m-%d") for start in starts]
    for relapse, state in ((1, "relapse"), (0, "free")):
        dated = pd.DataFrame({"patient_id": ids, "relapse": relapse, "date": on_the_day})
        assert set(rm.derive_outcome(cohort(dated, patients=patients), study)["state"]) == {state}
    # Spans of so many months differ by four days at most: five more are beyond the longest.
    late = [(start + pd.DateOffset(months=months) + pd.Timedelta(days=5)).strftime("%Y-%m-%d") for start in starts]
    dated = pd.DataFrame({"patient_id": ids, "relapse": 1, "date": late})
    assert set(rm.derive_outcome(cohort(dated, patients=patients), study)["state"]) == {"free"}
