"""Dates kept as numbers of days: 19723 (R), 23376 (Stata, SAS) and 45292 (spreadsheets) are all 2024-01-01."""

from __future__ import annotations

import datetime

import pytest
from redcap_projects import HEAD, PATIENTS, TIME, built_in, project
from spreadsheet_files import as_mapping, workbook

from relapse_model.cohort.readers.redcap.read import read_redcap
from relapse_model.cohort.readers.spreadsheets.read import read_excel
from relapse_model.errors import CohortError

ENROLLED = '[time]\nzero = { field = "Enrol" }\n'
IDS = '[patients]\nid = "ID"\n'
LABS = '[[labs]]\nanalyte = "alt"\nvalue = "ALT"\nunit = "U/L"\ndate = "On"\n'
NEW_YEAR = datetime.date(2024, 1, 1)
SINCE = {19723: datetime.date(1970, 1, 1), 23376: datetime.date(1960, 1, 1), 45292: datetime.date(1899, 12, 30)}


@pytest.mark.parametrize("number", SINCE)
def test_the_numbers_are_one_day(number):
    assert SINCE[number] + datetime.timedelta(number) == NEW_YEAR


def sheet(path, number, enrolled="2024-01-01"):
    return workbook(path, [["ID", "Enrol", "ALT", "On"], ["P1", enrolled, 20, number]])


@pytest.mark.parametrize("number", [19723, 23376])
@pytest.mark.parametrize("where", ["result", "enrolment"])
def test_a_workbook_takes_no_count_of_another_program(tmp_path, number, where):
    """By the workbook's own count they would be days of 1953 and 1963."""
    path = sheet(tmp_path / "a.xlsx", *(("2024-01-01", number) if where == "enrolment" else (number,)))
    with pytest.raises(CohortError, match=f"'{number}'; expected a date"):
        read_excel(path, as_mapping(ENROLLED + IDS + LABS))


def test_a_workbook_reads_its_own(tmp_path):
    path = sheet(tmp_path / "a.xlsx", 45306, 45292)
    assert read_excel(path, as_mapping(ENROLLED + IDS + LABS)).labs["week"].tolist() == [2]


@pytest.mark.parametrize("number", SINCE)
@pytest.mark.parametrize("key", ["date", "day", "week"])
def test_a_text_file_reads_none(tmp_path, number, key):
    """Neither as dates nor as days or weeks since enrolment: 19723 days are 54 years."""
    path = tmp_path / "a.csv"
    path.write_text(f"ID,Enrol,ALT,On\nP1,2024-01-01,20,{number}\n", encoding="utf-8")
    with pytest.raises(CohortError, match=f"{number}"):
        read_excel(path, as_mapping(ENROLLED + IDS + LABS.replace("date =", f"{key} =")))


@pytest.mark.parametrize("number", SINCE)
@pytest.mark.parametrize("key", ["start", "start_day", "start_week"])
def test_an_export_of_redcap_reads_none(tmp_path, number, key):
    data = f"record_id,enrolled,given\n1,2024-01-08,{number}\n"
    text = HEAD + TIME + PATIENTS + f'[[treatments]]\nagent = "hbig"\n{key} = "given"\n'
    with pytest.raises(CohortError, match=f"{number}"):
        read_redcap(*project(tmp_path, data, text), study=built_in())


def test_days_of_twenty_years_are_read(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("ID,Enrol,ALT,On\nP1,2004-01-01,20,7300\nP1,2004-01-01,20,-7300\n", encoding="utf-8")
    assert len(read_excel(path, as_mapping(ENROLLED + IDS + LABS.replace("date =", "day ="))).labs) == 2
