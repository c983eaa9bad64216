"""The table of adverse events at the gate: what is read, what is refused, whole and in chunks."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.errors import CohortError

PATIENTS = pd.DataFrame({"patient_id": ["ZHANG-1985", "b", "c"]})
LABS = pd.DataFrame({"patient_id": [], "week": [], "analyte": [], "value": [], "unit": []})


def events(*rows):
    columns = ["patient_id", "week", "term", "grade", "serious", "related"]
    return pd.DataFrame(rows, columns=columns, dtype=object)


SOUND = events(
    ("b", "2", "Headache", "Grade 2", "no", "是"),
    ("b", "-1", "Fever", "", "", ""),
    ("c", "4", "头痛", "重度", "1", "0"),
)


def made(table, **settings):
    return rm.make_cohort(PATIENTS, LABS, adverse_events=table, **settings)


def test_a_sound_table_is_read():
    cohort = made(SOUND)
    table = cohort.adverse_events
    assert repr(cohort) == "Cohort(3 patients, 0 labs, 3 adverse events)"
    assert table["patient"].tolist() == [1, 1, 2]
    assert table["grade"].fillna("unknown").tolist() == ["2", "unknown", "3"]
    np.testing.assert_array_equal(table["serious"], [0, np.nan, 1])
    np.testing.assert_array_equal(table["related"], [1, np.nan, 0])


def test_without_the_table_nothing_is_known_and_an_empty_one_says_that_there_were_none():
    assert rm.make_cohort(PATIENTS, LABS).adverse_events is None
    assert len(made(SOUND.iloc[:0]).adverse_events) == 0


@pytest.mark.parametrize("grade", [2, 2.0, np.int64(2)])
def test_grades_may_be_numbers(grade):
    assert made(SOUND.assign(grade=pd.Series([grade, None, None]))).adverse_events["grade"].iloc[0] == "2"


@pytest.mark.parametrize(
    ("column", "value", "found"),
    [
        ("grade", "0", "'0'"),  # CTCAE: no event
        ("grade", "6", "'6'"),
        ("grade", "2.5", "'2.5'"),
        ("grade", "1-2", "'1-2'"),
        ("serious", "hospital", "'hospital'"),
        ("related", "possibly", "'possibly'"),
        ("week", "", "nothing"),
        ("term", "", "nothing"),
        ("term", "Fall of zhang-1985 at home", "a text that is not shown, since a patient's identifier is in it"),
    ],
)
def test_what_is_wrong_is_refused_by_row(column, value, found):
    table = SOUND.copy()
    table.loc[1, column] = value
    with pytest.raises(CohortError) as refused:
        made(table)
    (problem,) = refused.value.problems
    assert (problem.table, problem.row, problem.column, problem.found) == ("adverse_events", 3, column, found)


def test_a_death_is_serious():
    """CTCAE grade 5 is death, which ICH E2A calls serious; without a word about it, nothing contradicts."""
    wrong = events(("b", "2", "Sepsis", "5", "0", "0"), ("c", "2", "Sepsis", "death", "", ""))
    with pytest.raises(CohortError) as refused:
        made(wrong)
    assert [(one.row, one.column, one.expected) for one in refused.value.problems] == [(2, "serious", "1")]


def test_dates_repetitions_and_strangers():
    dated = SOUND.drop(columns="week").assign(date=["2026-01-15", "2025-12-25", "2026-01-29"])
    cohort = rm.make_cohort(PATIENTS.assign(enrolment_date="2026-01-01"), LABS, adverse_events=dated)
    assert cohort.adverse_events["week"].tolist() == [2, -1, 4]
    wrong = pd.concat([SOUND, SOUND.iloc[:1], events(("x", "1", "Fever", "1", "0", "0"))], ignore_index=True)
    with pytest.raises(CohortError) as refused:
        made(wrong)
    assert [(one.row, one.found) for one in refused.value.problems] == [
        (6, "an identifier that is not in the patients table"), (5, "the same row a second time")
    ]  # fmt: skip


def test_written_read_and_taken_it_is_the_same(tmp_path):
    cohort = made(SOUND)
    cohort.write(tmp_path / "cohort")
    assert rm.read_cohort(tmp_path / "cohort") == cohort
    some = cohort.take(np.array([2, 0]))
    assert some.adverse_events[["patient", "term"]].to_numpy().tolist() == [[0, "头痛"]]


def test_in_parts_the_same_rows_and_problems(tmp_path, study):
    """Row 3 names a patient of another part; row 5 has no such grade."""
    folder, work = tmp_path / "cohort", tmp_path / "work"
    table = pd.concat([SOUND, events(("c", "9", "Rash", "9", "0", "0"))], ignore_index=True)
    table.loc[1, "term"] = "Fall of ZHANG-1985"
    folder.mkdir()
    for name, rows in (("patients", PATIENTS), ("labs", LABS), ("adverse_events", table)):
        rows.to_csv(folder / f"{name}.csv", index=False)
    whole = rm.read_cohort(folder, study=study, on_problems="list")
    split = rm.partition(folder, work, part_patients=1)
    parts = [split.cohort(number, study)[0] for number in range(len(split))]
    assert [str(one) for part in parts for one in part.problems] == [
        str(one) for one in sorted(whole.problems, key=lambda one: one.row)
    ]
    assert [one.row for one in whole.problems] == [5, 3]
    assert sum(len(part.adverse_events) for part in parts) == len(whole.adverse_events) == 0


def test_a_file_of_nearly_that_name_is_refused(tmp_path):
    made(SOUND).write(tmp_path)
    (tmp_path / "adverse_events.csv").rename(tmp_path / "adverse_event.csv")
    with pytest.raises(CohortError, match=r"adverse_events\.csv"):
        rm.read_cohort(tmp_path)


DEATH = ("b", "8", "Sepsis", "5", "1", "0")


def problems(table, **more):
    with pytest.raises(CohortError) as refusal:
        rm.make_cohort(PATIENTS, more.pop("labs", LABS), adverse_events=table, **more)
    return [(one.table, one.row, one.column, one.found) for one in refusal.value.problems]


def test_a_patient_dies_once():
    later = events(DEATH, ("b", "9", "Liver failure", "5", "1", "0"))
    second = "a second death (grade 5) of one patient, on a later day"
    assert problems(later) == [("adverse_events", 3, "week", second)]
    cohort = made(events(DEATH, ("b", "8", "Liver failure", "5", "1", "0")))
    (remark,) = cohort.remarks
    assert "a second event of grade 5 on the day of the death" in str(remark)


def test_nothing_happens_after_a_death():
    """On the day itself an event may be, and of another patient anything."""
    after = "after the patient's death (grade 5)"
    table = events(DEATH, ("b", "8.2", "Rash", "1", "0", "0"), ("b", "8", "Fever", "1", "0", "0"),
                   ("c", "30", "Rash", "1", "0", "0"))  # fmt: skip
    assert problems(table) == [("adverse_events", 3, "week", after)]
    labs = pd.DataFrame({"patient_id": ["b", "b"], "week": ["8", "12"], "analyte": "alt", "value": "20", "unit": "U/L"})
    treatments = pd.DataFrame({"patient_id": ["b"], "agent": ["hbig"], "start_week": ["9"], "end_week": ["9"]})
    outcomes = pd.DataFrame({"patient_id": ["b"], "relapse": ["1"], "week": ["20"]})
    assert problems(events(DEATH), labs=labs, treatments=treatments, outcomes=outcomes) == [
        ("labs", 3, "week", after), ("treatments", 2, "start_week", after), ("outcomes", 2, "week", after),
    ]  # fmt: skip


def test_whether_an_event_was_serious_is_listed_where_it_is_not_said():
    table = events(
        ("b", "8", "Sepsis", "5", "", "0"), ("c", "2", "Rash", "1", "", "0"), ("c", "3", "Fever", "1", "0", "0")
    )
    cohort = made(table)
    assert [(one.row, one.found) for one in cohort.remarks] == [(2, "blank, of grade 5 (death)"), (3, "blank")]
    np.testing.assert_array_equal(cohort.adverse_events["serious"], [np.nan, np.nan, 0])
