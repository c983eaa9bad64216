"""The tables of a trial hold the figures of its JSON, counts that add up, and say their level."""

from __future__ import annotations

import re

import pandas as pd
import pytest
from small_trial import PLAN, cohort_132, small_study, small_tables, study_132

import relapse_model as rm
from relapse_model.report.paper.journal_table import INDENT
from relapse_model.report.paper.trial_tables import trial_tables
from relapse_model.report.trial_words import points

EVENTS = pd.DataFrame(
    [("T1", 1, "Injection site pain", "1", "0", "1"), ("T2", 3, "Headache", "3", "1", "0"),
     ("C1", 4, "Headache", "1", "0", "0")],
    columns=["patient_id", "week", "term", "grade", "serious", "related"],
)  # fmt: skip


@pytest.fixture(scope="module")
def found(trial):
    return trial


@pytest.fixture(scope="module")
def tables(found):
    return trial_tables(found)


@pytest.fixture(scope="module")
def small():
    study = small_study(PLAN)
    return rm.compare_arms(rm.make_cohort(**small_tables(), adverse_events=EVENTS, study=study), study)


def cells(table, label):
    return next(row[1:] for row in table.rows if row[0].lstrip(INDENT) == label)


def numbers(text):
    return [float(one.replace("−", "-")) for one in re.findall(r"[+−]?\d+\.\d+", text)]


def test_the_primary_analysis_is_that_of_the_json_to_the_printed_digit(found, tables):
    one = found.to_dict()["primary"]
    row = tables["primary_analysis"].rows[0]
    assert row[0].startswith("Primary: ")
    assert numbers(row[4]) == [round(100 * one["contrast"][name], 1) for name in ("value", "lower", "upper")]
    for cell, arm in zip(row[1:3], ("treatment", "control"), strict=True):
        assert numbers(cell) == [round(100 * one[arm]["value"], 1)]
        assert f"{one[arm]['events']} of {one[arm]['patients']}, {one[arm]['lost']} lost" in cell
    assert float(row[5]) == round(one["contrast"]["p_value"], 2)


def test_every_planned_analysis_has_its_row_also_one_that_was_not_made(found, tables):
    rows = tables["primary_analysis"].rows + tables["sensitivity_analyses"].rows
    assert len(rows) == len(found.contrasts)
    later = cells(tables["primary_analysis"], "Extended to week 60")
    assert later == ("", "", "", "not made", "")
    assert any("neither arm had a visit at week 60" in note for note in tables["primary_analysis"].notes)


def test_the_level_stands_in_the_head_of_the_column_and_is_that_of_the_plan(tables):
    for name in ("primary_analysis", "sensitivity_analyses", "trial_subgroups"):
        assert any("95 % CI" in column for column in tables[name].columns)
    asked = rm.compare_arms(cohort_132(), study_132(level=0.9))
    made = trial_tables(asked)
    assert "Estimate (90 % CI)" in made["primary_analysis"].columns
    text = repr({name: table.to_dict() for name, table in made.items()})
    assert "95 % CI" not in text


def test_the_flow_adds_up(found, tables):
    table, flow = tables["flow"], found.flow
    assert cells(table, "Randomised") == ("66", "66", "132")
    for row in table.rows:
        if row[1]:
            assert int(row[1]) + int(row[2]) == int(row[3])
    known = ("Endpoint known: failed", "Endpoint known: free of failure", "Endpoint unknown (lost)")
    parts = [[int(cell) for cell in cells(table, label)] for label in known]
    assert [sum(column) for column in zip(*parts, strict=True)] == [66, 66, 132]
    assert [int(cell) for cell in cells(table, "reason not recorded")[:2]] == [arm.lost for arm in flow.arms]


def test_age_and_sex_come_first(found):
    assert [row.variable for row in found.table_one.rows][:2] == ["Age (years)", "Male sex"]


def test_table_one_says_for_how_many_a_value_is_not_known(found, tables):
    rows = tables["table_one"].rows
    assert tables["table_one"].columns[1:3] == ("HBIG (n = 66)", "control (n = 66)")
    labels = [row[0] for row in rows]
    genotype = labels.index("HBV genotype")
    following = rows[genotype + 1 :]
    unknown = next(row for row in following if row[0] == f"{INDENT}not known")
    missing = next(row.missing for row in found.table_one.rows if row.variable == "HBV genotype")
    assert unknown[1:3] == tuple(map(str, missing))
    assert sum(row[0] == f"{INDENT}not known" for row in rows) == sum(any(row.missing) for row in found.table_one.rows)


def test_subgroups_have_their_counts_and_one_test_each(found, tables):
    rows = tables["trial_subgroups"].rows
    for one in found.to_dict()["subgroups"]:
        for level in one["levels"]:
            row = next(row for row in rows if row[0] == f"{INDENT}{level['name']}")
            counted = tuple(f"{x} of {n}" for x, n in zip(level["events"], level["patients"], strict=True))
            assert row[1:3] == counted
    assert sum(bool(row[4]) for row in rows) == 2


def test_harms_are_those_of_the_json_with_the_differences(small):
    table = trial_tables(small)["harms"]
    any_event = next(
        row for row in small.to_dict()["adverse_events"]["by_arm"] if row["what"] == "any" and row["arm"] == "HBIG"
    )
    first = table.rows[0]
    assert first[0] == "Any adverse event"
    assert first[1].startswith(f"{any_event['patients']} of {any_event['of']}, ")
    assert first[3].split(" (")[0] == points(any_event["difference"])
    assert cells(table, "Headache")[0].startswith("1 patient")
    assert [row[0] for row in table.rows if not row[1]] == ["By worst grade", "By term"]
    assert any("no tests" in note for note in table.notes)


def test_what_was_not_recorded_has_no_table(tables):
    assert "harms" not in tables


def test_adherence_is_the_one_of_the_json(found, tables):
    rows = [(row["centre"], str(row["due"]), str(row["given"])) for row in found.to_dict()["adherence"]]
    assert [(row[0].lower(), *row[1:3]) for row in tables["adherence"].rows] == rows
    assert tables["adherence"].rows[0][0] == "centre-1"  # the name of a centre is left as it is
    assert tables["adherence"].columns == ("Centre", "Doses due", "Doses given", "%")
    noted = [note for note in tables["adherence"].notes if "9 patients in HBIG, 0 patients in control" in note]
    assert noted
    assert noted[0].startswith(
        "Patients with departures from the rule up to their endpoint. Given although HBsAg was detected"
    )


def test_the_columns_of_the_arms_say_what_they_hold_also_where_it_is_no_risk(tables):
    # Mean weeks stand beside risks: a head "failed" over them would be wrong.
    table = tables["primary_analysis"]
    assert table.columns[1:3] == ("HBIG", "control")
    assert any(" weeks (" in row[1] for row in table.rows)
    assert table.notes[0].startswith("In each arm: risk of failure, or mean weeks free of failure, ")
    assert tables["sensitivity_analyses"].notes[0].startswith("In each arm: risk of failure where ")


def test_a_difference_says_its_unit_and_a_ratio_has_none(tables):
    measures = {row[3] for row in tables["primary_analysis"].rows}
    assert measures == {"Risk difference, percentage points", "Risk ratio", "Hazard ratio", "Weeks gained", ""}
    assert tables["trial_subgroups"].columns[3] == "Difference, percentage points (95 % CI)"
    assert tables["treatments_given"].columns[3] == "Difference, percentage points (95 % CI)"
