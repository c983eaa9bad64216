"""Dates beside the weeks that visits state: 2024-10-07 is 40 weeks after 2024-01-01, and no week 12."""

from __future__ import annotations

import pytest
from redcap_projects import HEAD, PATIENTS, TIME, built_in, project
from spreadsheet_files import as_mapping, workbook

from relapse_model.cohort.readers.redcap.read import read_redcap
from relapse_model.cohort.readers.spreadsheets.read import read_excel

ENROLLED = '[time]\nzero = { field = "Enrol" }\n'
IDS = '[patients]\nid = "ID"\n'
LABS = '[[labs]]\nanalyte = "alt"\nvalue = "ALT"\nunit = "U/L"\ndate = "On"\n'
WIDE = LABS.replace('"ALT"', '"W{visit} ALT"').replace('"On"', '"W{visit} On"')
FAR = "2024-10-07"
SAID = "week 40.0 by its date, and week 12 by its visit; expected a date within 6 weeks of the visit"


def remarks(cohort) -> list[str]:
    return [str(one) for one in cohort.remarks]


def test_a_date_far_from_its_column(tmp_path):
    rows = [["ID", "Enrol", "W0 ALT", "W0 On", "W12 ALT", "W12 On"],
            ["P1", "2024-01-01", 20, "2024-01-01", 30, FAR],
            ["P2", "2024-01-01", 20, "2024-01-05", 30, "2024-05-01"]]  # fmt: skip
    path = workbook(tmp_path / "a.xlsx", rows)
    (said,) = remarks(read_excel(path, as_mapping(ENROLLED + IDS + WIDE)))
    assert said.startswith(f"Sheet1, row 2, column 'W12 On': {SAID}")
    assert remarks(read_excel(path, as_mapping(ENROLLED + "visit_window = 28\n" + IDS + WIDE))) == []
    close = remarks(read_excel(path, as_mapping(ENROLLED + "visit_window = 5\n" + IDS + WIDE)))
    assert len(close) == 2  # 2024-05-01 is week 17.3
    assert "week 17.3 by its date" in close[1]


@pytest.mark.parametrize(
    ("column", "text"), [("Visit", "W12"), ("访视", "第12周"), ("week", 12), ("Visit", "V3"), ("study week", "12")]
)
def test_a_date_far_from_a_visit_in_its_row(tmp_path, column, text):
    path = workbook(tmp_path / "a.xlsx", [["ID", "Enrol", column, "ALT", "On"], ["P1", "2024-01-01", text, 30, FAR]])
    mapping = ENROLLED + "visits = { V3 = 12 }\n" + IDS + LABS
    (said,) = remarks(read_excel(path, as_mapping(mapping)))
    assert said.startswith(f"Sheet1, row 2, column 'On': {SAID}")


@pytest.mark.parametrize(
    "text",
    ["W40", "W38", "12 weeks after EOT", "停药12周", "Visit 12", "unscheduled W12", "3月", "W-12", "screening", "12"],
)
def test_other_visits_say_nothing(tmp_path, text):
    rows = [["ID", "Enrol", "Visit", "ALT", "On"], ["P1", "2024-01-01", text, 30, FAR]]
    assert remarks(read_excel(workbook(tmp_path / "a.xlsx", rows), as_mapping(ENROLLED + IDS + LABS))) == []


def test_a_column_of_weeks_that_is_read_as_such_needs_no_date(tmp_path):
    rows = [["ID", "Enrol", "week", "ALT"], ["P1", "2024-01-01", 12, 30]]
    text = ENROLLED + IDS + LABS.replace('date = "On"', 'week = "week"')
    assert remarks(read_excel(workbook(tmp_path / "a.xlsx", rows), as_mapping(text))) == []


@pytest.mark.parametrize("event", ["week_12_arm_1", "w12_arm_2", "month_3_arm_1", "v3_arm_1"])
def test_a_date_far_from_its_event(tmp_path, event):
    """A month is 4.35 weeks: the third is week 13."""
    data = (
        "record_id,redcap_event_name,redcap_repeat_instrument,redcap_repeat_instance,enrolled,on,alt\n"
        f"1,week_0_arm_1,,,2024-01-01,2024-01-01,20\n1,{event},,,,{FAR},30\n1,{event},labs,1,,2024-12-02,30\n"
    )
    text = HEAD + TIME + "visits = { v3 = 12 }\n" * (event[0] == "v") + PATIENTS
    text += '[[labs]]\nanalyte = "alt"\nvalue = "alt"\nunit = "U/L"\ndate = "on"\n'
    (said,) = remarks(read_redcap(*project(tmp_path, data, text), study=built_in()))
    week = "13" if event[0] == "m" else "12"
    assert said.startswith(f"data.csv, row 3, column 'on': {SAID.replace('week 12', f'week {week}')}")
