"""Adverse events of the trial of twelve, counted by hand."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from page_reader import plain
from scipy import stats
from small_trial import PLAN, small_study, small_tables

import relapse_model as rm
from relapse_model.report.trial_report import trial_page

COLUMNS = ["patient_id", "week", "term", "grade", "serious", "related"]
EVENTS = pd.DataFrame(
    [
        ("T1", 1, "Injection site pain", "1", "0", "1"),
        ("T1", 5, "injection-site pain", "2", "0", "1"),
        ("T2", 3, "Headache", "3", "1", "0"),
        ("T2", 3, "ALT increased", "", "", ""),
        ("C1", -2, "Headache", "1", "0", "0"),  # before randomisation
        ("C2", 60, "Headache", "1", "0", "0"),  # after the visit of week 48
        ("C3", 52, "Headache", "5", "", "0"),  # within its window of 4 weeks
    ],
    columns=COLUMNS,
)


def compared(events, **more):
    tables = small_tables(**more)
    study = small_study(PLAN)
    return rm.compare_arms(rm.make_cohort(**tables, adverse_events=events, study=study), study)


@pytest.fixture(scope="module")
def found():
    return compared(EVENTS)


def counts(found, group):
    """Patients and events of HBIG, then of control, by line of the table."""
    table = found.adverse_events.table
    rows = table[table["group"] == group]
    return {
        what: tuple(both[["patients", "events"]].to_numpy().ravel().tolist())
        for what, both in rows.groupby("what", sort=False)
    }


def test_patients_and_events(found):
    assert counts(found, "summary") == {
        "any": (2, 4, 1, 1),  # T1, T2; C3
        "serious": (1, 1, 1, 1),  # T2; C3 died
        "related to treatment": (1, 2, 0, 0),
        "grade 3 or higher": (1, 1, 1, 1),
    }


def test_grades_count_patients_by_their_worst(found):
    assert counts(found, "grade") == {
        "1": (0, 1, 0, 0), "2": (1, 1, 0, 0), "3": (1, 1, 0, 0), "4": (0, 0, 0, 0), "5": (0, 0, 1, 1),
        "not recorded": (0, 1, 0, 0),
    }  # fmt: skip


def test_terms_meet_whatever_their_spelling(found):
    assert counts(found, "term") == {
        "Headache": (1, 1, 1, 1), "ALT increased": (1, 1, 0, 0), "Injection site pain": (1, 2, 0, 0)
    }  # fmt: skip
    table = found.adverse_events.table.set_index(["what", "arm"])["patients_grade_3_or_higher"]
    assert table["Headache"].tolist() == [1, 1]
    assert table["ALT increased"].isna().all()  # its grade is not known


def test_exact_intervals_and_the_score_interval_of_the_difference(found):
    """2 of 6 against 1 of 6. Limits of 2 of 6: 2.5 % and 97.5 % points of beta (2, 5) and (3, 4)."""
    one = found.adverse_events.table.iloc[0]
    assert one["lower"] == pytest.approx(stats.beta.ppf(0.025, 2, 5), rel=1e-9)
    assert one["upper"] == pytest.approx(stats.beta.ppf(0.975, 3, 4), rel=1e-9)
    expected = rm.risk_difference(2, 6, 1, 6)
    assert one[["difference", "difference_lower", "difference_upper"]].tolist() == [
        expected.value, expected.lower, expected.upper
    ]  # fmt: skip
    rest = found.adverse_events.table[found.adverse_events.table["group"] != "summary"]
    assert rest[["lower", "difference"]].isna().all().all()  # no intervals but those that were asked for


def test_what_is_not_counted_is_told(found):
    assert found.adverse_events.not_counted == {"before week 0": (0, 1), "after week 52": (0, 1)}
    assert "the grade was not recorded for 1 of 5 events" in found.adverse_events.notes
    page = plain(trial_page(found, {}))
    assert "before week 0: 0 and 1 events; after week 52: 0 and 1 events" in page
    assert "2 of 6, 33.3 % (4.3 to 77.7 %); 4 events" in page


def test_no_table_is_not_recorded_and_an_empty_one_is_nobody():
    absent, empty = compared(None), compared(EVENTS.iloc[:0])
    assert absent.adverse_events is None
    assert absent.to_dict()["adverse_events"] is None
    assert any("Adverse events were not recorded" in note for note in absent.notes)
    assert "Not recorded: the cohort folder has no table" in trial_page(absent, {})
    assert counts(empty, "summary")["serious"] == (0, 0, 0, 0)
    assert empty.adverse_events.table["upper"].iloc[0] == pytest.approx(1 - 0.025 ** (1 / 6))
    assert "Not recorded" not in trial_page(empty, {})


def test_what_was_recorded_of_no_event_has_no_line():
    """Without the column, nobody knows whether an event was serious: no row of zeros."""
    found = compared(EVENTS[["patient_id", "week", "term"]])
    assert list(counts(found, "summary")) == ["any"]
    assert counts(found, "grade") == {}
    assert "whether the event was serious was not recorded for any event" in found.adverse_events.notes


def test_events_of_who_was_not_randomised_are_told_and_not_counted():
    tables = small_tables(randomised=[1] * 12)
    tables["patients"] = pd.concat(
        [tables["patients"], pd.DataFrame({"patient_id": ["S1"], "randomised": [0], "age_years": [70.0]})],
        ignore_index=True,
    )
    events = pd.DataFrame([("S1", 1, "Fever", "1", "0", "0")], columns=COLUMNS)
    study = small_study(PLAN)
    found = rm.compare_arms(rm.make_cohort(**tables, adverse_events=events, study=study), study)
    assert counts(found, "summary")["any"] == (0, 0, 0, 0)
    assert "not counted: events of patients who were not randomised (1)" in found.adverse_events.notes


def test_files(found, tmp_path):
    """The counts leave the hospital, the events do not; a later analysis without them leaves none behind."""
    found.save(tmp_path)
    values = json.loads((tmp_path / "trial.json").read_text(encoding="utf-8"))["adverse_events"]
    assert values["by_arm"][0]["patients"] == 2
    assert len(pd.read_csv(tmp_path / "harms.csv")) == len(found.adverse_events.table)
    events = pd.read_csv(tmp_path / "analysis_data" / "adae.csv")
    assert events.loc[events["counted"] == 1, "patient_id"].tolist() == ["T1", "T1", "T2", "T2", "C3"]
    words = pd.read_csv(tmp_path / "analysis_data" / "dictionary.csv")
    assert words.loc[words["data_set"] == "adae", "variable"].tolist() == list(events.columns)
    compared(None).save(tmp_path)
    assert not (tmp_path / "harms.csv").exists()
    assert not (tmp_path / "analysis_data" / "adae.csv").exists()
