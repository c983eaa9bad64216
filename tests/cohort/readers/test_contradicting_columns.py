"""Columns whose names say that they hold a date, or the unit of a reference range, and not what is read in them."""

from __future__ import annotations

import pytest
from redcap_projects import MAPPING, built_in, project
from spreadsheet_files import as_mapping, workbook

from relapse_model.cohort.readers.contradicting_columns import why_other
from relapse_model.cohort.readers.redcap.propose import propose_redcap
from relapse_model.cohort.readers.redcap.read import read_redcap
from relapse_model.cohort.readers.spreadsheets.read import read_excel
from relapse_model.errors import SourceError

PATIENTS = '[time]\nzero = { field = "Enrol" }\n[patients]\nid = "ID"\n'
DATES = ["ALT date", "ALT_datum", "ALT 日期", "ALT日期", "Date of ALT", "ALT (date)", "ALT Fecha",
         "ALT Date (dd/mm/yyyy)", "ALT采样时间"]  # fmt: skip
VALUES = [
    "ALT",
    "ALT at date of enrolment",
    "ALT closest to visit date",
    "Prothrombin time",
    "ALT update",
    "ALT dating",
]


@pytest.mark.parametrize("name", DATES)
def test_a_date_is_no_result(tmp_path, name):
    """45292 is 2024-01-01 in days since 1899-12-30, and would be an ALT of 45292 U/L."""
    path = workbook(tmp_path / "a.xlsx", [["ID", "Enrol", name, "Day"], ["P1", "2024-01-01", 45292, "2024-01-01"]])
    text = f'[[labs]]\nanalyte = "alt"\nvalue = "{name}"\nunit = "U/L"\ndate = "Day"\n'
    with pytest.raises(SourceError, match="a date; expected a column of the value of alt"):
        read_excel(path, as_mapping(PATIENTS + text))


@pytest.mark.parametrize("name", VALUES)
def test_a_result_may_be_called_with_a_date_or_time(name):
    assert why_other(name, ("labs", 0, "value")) == ""


@pytest.mark.parametrize("name", ["reference unit", "ref unit", "参考单位", "参考值单位", "Unit of normal range"])
def test_the_unit_of_a_reference_range_is_none_of_the_result(tmp_path, name):
    rows = [["ID", "Enrol", "test", "result", name, "date"], ["P1", "2024-01-01", "ALT", 20, "U/L", "2024-01-01"]]
    text = f'[[labs]]\nanalyte = {{ field = "test" }}\nvalue = "result"\ndate = "date"\nunit = {{ field = "{name}" }}\n'
    with pytest.raises(SourceError, match="the unit of a reference range; expected a column of the unit"):
        read_excel(workbook(tmp_path / "a.xlsx", rows), as_mapping(PATIENTS + text))


def test_such_fields_of_redcap(tmp_path):
    data = "record_id,enrolled,lab_date,hbsab,hbsab_ref_unit\n1,2024-01-08,2024-01-08,20,mIU/mL\n"
    unit = MAPPING.replace('unit = "mIU/mL"', 'unit = { field = "hbsab_ref_unit" }')
    for mapping in (unit, MAPPING.replace('value = "hbsab"', 'value = "lab_date"')):
        with pytest.raises(SourceError, match="by its name or label"):
            read_redcap(*project(tmp_path, data, mapping), study=built_in())
    assert '{ field = "hbsab_ref_unit" }' not in propose_redcap(tmp_path / "data.csv", built_in())
