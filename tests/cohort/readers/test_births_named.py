"""Ages beside a day of birth that is not read: an age of the day of the export is not that of time zero."""

from __future__ import annotations

import datetime

import pytest
from redcap_projects import HEAD, TIME, project
from spreadsheet_files import as_mapping, workbook

from relapse_model.cohort.readers.redcap.read import read_redcap
from relapse_model.cohort.readers.spreadsheets.read import read_excel
from relapse_model.errors import CohortError

DAY = datetime.datetime
EXCEL = (
    '[time]\nzero = { field = "Enrol" }\n[patients]\nid = "ID"\nage_years = "Age"\n'
    '[[labs]]\nanalyte = "hbsag"\nvalue = "HBsAg"\nunit = "IU/mL"\ndate = "On"\n'
)
REDCAP = (
    HEAD + TIME + '[patients]\nid = "record_id"\nage_years = "age"\n'
    '[[labs]]\nanalyte = "hbsag"\nvalue = "hbsag"\nunit = "IU/mL"\ndate = "on"\n'
)


def sheet(tmp_path, column, born, age):
    day = DAY(2012, 5, 1)
    return workbook(
        tmp_path / "a.xlsx", [["ID", "Enrol", "Age", column, "HBsAg", "On"], [1, day, age, born, 0.02, day]]
    )


def of_excel(tmp_path, column, born, age):
    return read_excel(sheet(tmp_path, column, born, age), as_mapping(EXCEL))


def of_redcap(tmp_path, column, born, age):
    data = f"record_id,enrolled,age,{column},hbsag,on\n1,2012-05-01,{age},{born},0.02,2012-05-01\n"
    return read_redcap(*project(tmp_path, data, REDCAP))


@pytest.mark.parametrize(
    ("read", "column", "born"),
    [
        (of_excel, "出生日期", DAY(1968, 8, 7)), (of_excel, "Date of birth", "1968-08-07"),
        (of_excel, "出生年份", 1968), (of_redcap, "dob", "1968-08-07"), (of_redcap, "birth_year", "1968"),
    ],
)  # fmt: skip
def test_an_age_of_today_is_refused(tmp_path, read, column, born):
    """Born in August 1968, enrolled in May 2012: 43 years, and not the 56 of the day on which it was exported."""
    assert len(read(tmp_path, column, born, 43)) == 1
    with pytest.raises(CohortError) as refusal:
        read(tmp_path, column, born, 56)
    (found,) = map(str, refusal.value.problems)
    assert "an age that is not the one by the birth that the source records; expected completed years" in found
    assert "1968" not in found


@pytest.mark.parametrize(
    ("column", "born"),
    [("出生体重", 3200), ("Birth weight", 3200), ("Country of birth", "1968"), ("Date of birth", "?")],
)
def test_what_is_no_birth_is_not_compared(tmp_path, column, born):
    assert len(of_excel(tmp_path, column, born, 56)) == 1
