"""999 as a result of ALT: a value that may be, a code for no value where its column says so."""

from __future__ import annotations

import pytest
from redcap_projects import HEAD, PATIENTS, TIME, built_in, project
from spreadsheet_files import as_mapping, workbook

from relapse_model.cohort.readers.number_codes import codes_stated
from relapse_model.cohort.readers.redcap.read import read_redcap
from relapse_model.cohort.readers.spreadsheets.read import read_excel
from relapse_model.errors import CohortError

IDS = '[time]\nzero = { field = "Enrol" }\n[patients]\nid = "ID"\n'
FIELDS = HEAD + TIME + PATIENTS + '[[labs]]\nanalyte = "alt"\nvalue = "alt"\nunit = "U/L"\ndate = "on"\n'


def sheet(path, column, value):
    text = f'[[labs]]\nanalyte = "alt"\nvalue = "{column}"\nunit = "U/L"\ndate = "On"\n'
    rows = [["ID", "Enrol", column, "On"], ["P1", "2024-01-01", value, "2024-01-01"]]
    return workbook(path, rows), IDS + text


@pytest.mark.parametrize(
    "column", ["ALT (999=not done)", "ALT, 999 = missing", "ALT（999＝未查）", "ALT [unknown = 999]"]
)
def test_a_code_that_the_column_states_is_no_value(tmp_path, column):
    path, text = sheet(tmp_path / "a.xlsx", column, 999)
    with pytest.raises(CohortError, match="'999'; expected a value, or a code under"):
        read_excel(path, as_mapping(text))
    named = read_excel(path, as_mapping(text + '[missing]\ncodes = ["999"]\n'))
    assert len(named.labs) == 0
    assert len(read_excel(sheet(tmp_path / "b.xlsx", column, 99)[0], as_mapping(text)).labs) == 1


@pytest.mark.parametrize("note", ["ALT (999 = not done)", "999, unknown"])
def test_a_code_in_a_label_of_redcap(tmp_path, note):
    dictionary = (
        "record_id,visit,text,Record,,,\nenrolled,visit,text,Enrolled,,date_ymd,\non,labs,text,Drawn,,date_ymd,\n"
        f'alt,labs,text,"{note}",,,\n'
    )
    data = "record_id,enrolled,on,alt\n1,2024-01-08,2024-01-08,999\n"
    with pytest.raises(CohortError, match="row 2, column 'alt': '999'"):
        read_redcap(*project(tmp_path, data, FIELDS, dictionary), study=built_in())


@pytest.mark.parametrize(("value", "odd"), [(999, True), (8888, True), (99, False), (998, False), ("99.9", False)])
def test_a_number_like_a_code_is_to_be_looked_at(tmp_path, value, odd):
    path, text = sheet(tmp_path / "a.xlsx", "ALT", value)
    cohort = read_excel(path, as_mapping(text))
    assert len(cohort.labs) == 1
    assert len(cohort.remarks) == odd
    for one in cohort.remarks:
        assert str(one).startswith(f"Sheet1, row 2, column 'ALT': '{value}'; expected a value, or a code for no value?")


@pytest.mark.parametrize("text", ["ALT (U/L)", "HBsAg 0.05 = not done below", "ALT 40 normal", "anti-HBs 10: positive"])
def test_other_numbers_in_names_are_no_codes(text):
    assert codes_stated(text) == frozenset()
