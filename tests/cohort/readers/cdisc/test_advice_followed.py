"""What a refusal of CDISC data sets says to do, done word by word: the source is read."""

from __future__ import annotations

import re

import pytest
from cdisc_rows import DM, HEAD, LABS, MAPPING, PATIENTS, TIME, cm, lb, read, refused

import relapse_model as rm

COURSES = '[[treatments]]\nagent = "entecavir"\nsource = "CM"\n'
LB = [lb(), lb("S-2", date="2024-02-12")]
WEEKS = HEAD + '[time]\n[time.visits]\n"WEEK 4" = 4\n"WEEK 8" = 8\n' + PATIENTS + LABS


@pytest.fixture(scope="module")
def study():
    return rm.load_study("hbsag-relapse")


def undated(subject, visit, number, **more):
    row = lb(subject, VISIT=visit, VISITNUM=number, **more)
    return {name: text for name, text in row.items() if name != "LBDTC"}


def line_in(said, key):
    """Return the line of a mapping that a refusal names."""
    return next(re.finditer(rf"(?<![\w.]){key} = \{{.*?\}}+(?: \}})?", said))[0] + "\n"


def test_a_course_without_a_first_day_is_completed_or_left_out(tmp_path, study):
    rows = [cm(start=""), cm("S-2")]
    said = refused(tmp_path, MAPPING + COURSES, study=study, lb=LB, cm=rows)
    assert line_in(said, "unless") == 'unless = { CMSTDTC = "" }\n'
    cohort = read(tmp_path, MAPPING + COURSES + line_in(said, "unless"), study=study, lb=LB, cm=rows)
    assert list(cohort.treatments["patient_id"]) == ["S-2"]
    assert "1 among the rows that the mapping leaves out (when, unless)" in str(cohort.reading)
    whole = read(tmp_path, MAPPING + COURSES + 'when = { CMSTDTC = "*" }\n', study=study, lb=LB, cm=rows)
    assert list(whole.treatments["patient_id"]) == ["S-2"]


@pytest.mark.parametrize("missing", ["", '[missing]\ncodes = ["UNK"]\n'])
def test_an_end_that_is_not_known_goes_on_or_is_left_out(tmp_path, study, missing):
    rows = [cm(end="UNK"), cm("S-2", end="2024-03-01")]
    mapping = missing + MAPPING + COURSES
    said = refused(tmp_path, mapping, study=study, lb=LB, cm=rows)
    going = read(tmp_path, mapping + line_in(said, "end"), study=study, lb=LB, cm=rows)
    assert going.treatments["end_week"].notna().tolist() == [False, True]
    left = read(tmp_path, mapping + line_in(said, "unless"), study=study, lb=LB, cm=rows)
    assert list(left.treatments["patient_id"]) == ["S-2"]


def test_an_end_that_the_mapping_names_is_the_one_that_is_read(tmp_path, study):
    """Stated alone, without a start, it stands beside the start of the standard."""
    rows = [cm(end="2024-09-09", CMLAST="2024-01-15"), cm("S-2", end="2024-09-09", CMLAST="2024-02-12")]
    cohort = read(tmp_path, MAPPING + COURSES + 'end = "CMLAST"\n', study=study, lb=LB, cm=rows)
    assert cohort.treatments["end_week"].tolist() == [2.0, 1.0]


@pytest.mark.parametrize("time", ["2024-01-08T23:30Z", "2024-01-08T23:30:00+00:00", "2024-01-09T00:30+01:00"])
def test_a_time_with_an_offset_is_that_of_the_zone_of_the_mapping(tmp_path, time):
    said = refused(tmp_path, lb=[lb(date=time)])
    assert "under [source] of the mapping" in said
    zone = re.search(r'zone = "Asia/Shanghai"$', said)[0]
    cohort = read(tmp_path, MAPPING + f"[source]\n{zone}\n", lb=[lb(date=time)])
    assert [day[:16] for day in cohort.labs["date"]] == ["2024-01-09 07:30"]


def test_time_zero_with_an_offset_is_that_of_the_zone_too(tmp_path):
    people = [one | {"RFSTDTC": one["RFSTDTC"] and f"{one['RFSTDTC']}T20:00:00Z"} for one in DM]
    cohort = read(tmp_path, MAPPING + '[source]\nzone = "Asia/Shanghai"\n', dm=people, lb=LB)
    assert [round(7 * week) for week in cohort.labs["week"]] == [6, 6]  # time zero is the next day there


def test_a_name_of_two_visits_has_no_one_week(tmp_path):
    """The numbering begins again after treatment: WEEK 4 is visit 3, and visit 9."""
    rows = [undated("S-1", "WEEK 4", 3.0), undated("S-2", "WEEK 4", 9.0, result="50"), undated("S-2", "WEEK 8", 4.0)]
    said = refused(tmp_path, WEEKS, lb=rows)
    assert "several VISITNUM of VISIT 'WEEK 4': 3 (1), 9 (1)" in said
    first = line_in(said, "when") + line_in(said, "week").replace('"..."', '"4"')
    second = first.replace('"3"', '"9"').replace('"4"', '"28"').replace('WEEK "28"', 'WEEK "4"')
    third = 'when = { VISITNUM = "4" }\n'
    cohort = read(tmp_path, WEEKS.replace(LABS, "".join(LABS + one for one in (first, second, third))), lb=rows)
    assert sorted(zip(cohort.labs["patient_id"], cohort.labs["week"], strict=True)) == [
        ("S-1", 4.0), ("S-2", 8.0), ("S-2", 28.0)
    ]  # fmt: skip


def test_a_visit_without_a_week_is_stated_or_left_out(tmp_path):
    rows = [undated("S-1", "WEEK 4", 3.0), undated("S-1", "UNSCHEDULED 3.01", 3.01, result="50")]
    said = refused(tmp_path, WEEKS, lb=rows)
    assert len(read(tmp_path, WEEKS + line_in(said, "unless"), lb=rows).labs) == 1
    stated = WEEKS.replace('"WEEK 8" = 8', '"WEEK 8" = 8\n"UNSCHEDULED 3.01" = 5')
    assert read(tmp_path, stated, lb=rows).labs["week"].tolist() == [4.0, 5.0]


def test_dates_count_before_the_weeks_of_visits_and_are_held_against_them(tmp_path):
    mapping = MAPPING.replace(TIME, TIME + '[time.visits]\n"WEEK 4" = 4\n')
    cohort = read(
        tmp_path, mapping, lb=[lb(VISIT="WEEK 4", date="2024-01-29"), lb("S-2", VISIT="WEEK 4", date="2024-06-24")]
    )
    assert cohort.labs["week"].tolist() == [4.0, 20.0]
    (remark,) = cohort.remarks
    assert "week 20.0 by its date, and week 4 by its visit" in str(remark)


def test_a_course_of_another_name_is_left_out_by_the_line_that_is_said(tmp_path, study):
    rows = [cm(), cm("S-2", said="Tenofovir")]
    said = refused(tmp_path, MAPPING + COURSES, study=study, lb=LB, cm=rows)
    stated = line_in(said, "unless").replace("...", "Tenofovir")
    cohort = read(tmp_path, MAPPING + COURSES + stated, study=study, lb=LB, cm=rows)
    assert list(cohort.treatments["patient_id"]) == ["S-1"]


def test_what_unless_names_must_be_there(tmp_path):
    assert "no variable 'NONE' in LB" in refused(tmp_path, MAPPING + 'unless = { NONE = "1" }\n', lb=LB)
