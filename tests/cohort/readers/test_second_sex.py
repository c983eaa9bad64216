"""A second statement of the sex, and an age against a birth: the row may be another patient's."""

from __future__ import annotations

import pytest
from redcap_projects import HEAD, PATIENTS, TIME, built_in, project
from spreadsheet_files import as_mapping, workbook

from relapse_model.cohort.readers.redcap.read import read_redcap
from relapse_model.cohort.readers.spreadsheets.read import read_excel
from relapse_model.errors import CohortError

IDS = '[time]\nzero = { field = "Enrol" }\n[patients]\nid = "ID"\n'


def refused(read) -> list[str]:
    with pytest.raises(CohortError) as refusal:
        read()
    return [str(problem) for problem in refusal.value.problems]


@pytest.mark.parametrize("column", ["Gender", "性别"])
def test_the_sex_in_a_row_of_results(tmp_path, column):
    """The laboratory's second row is of a woman, and the patient is a man; 1 is no sex by itself."""
    (tmp_path / "patients.csv").write_text("ID,Enrol,Sex\nP1,2024-01-01,M\n", encoding="utf-8")
    rows = "P1,ALT,20,U/L,2024-01-01,{}\nP1,ALT,21,U/L,2024-02-01,{}\n"
    labs = tmp_path / "labs.csv"
    labs.write_text(f"ID,test,result,unit,date,{column}\n" + rows.format("男", "女"), encoding="utf-8")
    text = (
        '[source]\nfile = "patients.csv"\n[sources.lis]\nfile = "labs.csv"\n'
        + IDS
        + 'sex = "Sex"\n[[labs]]\nsource = "lis"\n'
        'analyte = { field = "test" }\nvalue = "result"\nunit = { field = "unit" }\ndate = "date"\n'
    )
    (found,) = refused(lambda: read_excel(tmp_path, as_mapping(text)))
    assert f"labs.csv, row 3, column {column!r}: the other sex" in found
    labs.write_text(f"ID,test,result,unit,date,{column}\n" + rows.format("M", "1"), encoding="utf-8")
    assert len(read_excel(tmp_path, as_mapping(text)).labs) == 2


@pytest.mark.parametrize(("second", "wrong"), [("2", True), ("1", False), ("", False)])
def test_the_sex_in_a_second_field(tmp_path, second, wrong):
    dictionary = (
        "record_id,visit,text,Record,,,\nenrolled,visit,text,Enrolled,,date_ymd,\n"
        'sex,visit,radio,Sex,"1, Male | 2, Female",,\nsex2,visit,radio,Gender,"1, Male | 2, Female",,\n'
    )
    text = HEAD + TIME + PATIENTS + 'sex = { field = "sex", values = { "1" = "M", "2" = "F" } }\n'
    parts = project(tmp_path, f"record_id,enrolled,sex,sex2\n1,2024-01-08,1,{second}\n", text, dictionary)
    if not wrong:
        assert read_redcap(*parts, study=built_in()).patients["sex"].tolist() == ["M"]
        return
    (found,) = refused(lambda: read_redcap(*parts, study=built_in()))
    assert "row 2, column 'sex2': the other sex" in found


def test_an_age_against_a_birth(tmp_path):
    """Born in 1950, a patient is 73 or 74 on 2024-01-01; a year more is allowed on both sides."""
    ages = [34, 72, 73, 74, 75, 76]
    rows = [["ID", "Enrol", "Age", "出生年份"], *([f"P{age}", "2024-01-01", age, 1950] for age in ages)]
    path = workbook(tmp_path / "a.xlsx", rows)
    found = refused(lambda: read_excel(path, as_mapping(IDS + 'age_years = "Age"\nbirth_year = "出生年份"\n')))
    assert [problem.split(",")[1] for problem in found] == [" row 2", " row 7"]
    assert all("an age that is not the one by the birth" in problem and "1950" not in problem for problem in found)
