"""States beside a result: one that is not final, or not done, is no result unless the mapping says which states count.

The second of two results is the one in question: with exit code 0 and two results, it would have been read as final.
"""

from __future__ import annotations

import pytest
from redcap_projects import HEAD as REDCAP
from redcap_projects import PATIENTS as RECORDS
from redcap_projects import TIME, built_in, project
from spreadsheet_files import as_mapping, workbook

from relapse_model.cohort.readers.redcap.read import read_redcap
from relapse_model.cohort.readers.spreadsheets.propose import propose_excel
from relapse_model.cohort.readers.spreadsheets.read import read_excel
from relapse_model.errors import CohortError

PATIENTS = '[time]\nzero = { field = "Enrol" }\n[patients]\nid = "ID"\n'
LONG = PATIENTS + '[[labs]]\nanalyte = "alt"\nvalue = "ALT"\nunit = "U/L"\ndate = "Date"\n'
WIDE = LONG.replace('"ALT"', '"W{visit} ALT"').replace('"Date"', '"W{visit} Date"')
FIELDS = REDCAP + TIME + RECORDS + '[[labs]]\nanalyte = "alt"\nvalue = "alt"\nunit = "U/L"\ndate = "on"\n'
NOT_FINAL = [
    "preliminary",
    "corrected",
    "Amended",
    "待复核",
    "未审核",
    "X",
    "P",
    "C",
    "pending",
    "not verified",
    "vorläufig",
]


def long_rows(column, *texts):
    dates = ("2024-01-01", "2024-04-01")
    return [
        ["ID", "Enrol", "ALT", "Date", column],
        *(["P1", "2024-01-01", 20 + at, date, text] for at, (date, text) in enumerate(zip(dates, texts, strict=True))),
    ]


def refused(read, *parts) -> list[str]:
    with pytest.raises(CohortError) as refusal:
        read(*parts)
    return [str(problem) for problem in refusal.value.problems]


@pytest.mark.parametrize("state", NOT_FINAL)
@pytest.mark.parametrize("column", ["status", "结果状态", "ALT status", "report_status"])
def test_a_result_that_is_not_final_is_none(tmp_path, column, state):
    path = workbook(tmp_path / "a.xlsx", long_rows(column, "final", state))
    (found,) = refused(read_excel, path, as_mapping(LONG))
    assert f"row 3, column {column!r}: {state!r}" in found
    assert "State which rows count: when" in found


def test_the_mapping_says_which_states_count(tmp_path):
    path = workbook(tmp_path / "a.xlsx", long_rows("status", "final", "corrected"))
    assert len(read_excel(path, as_mapping(LONG + 'when = { status = ["final", "corrected"] }\n')).labs) == 2
    assert len(read_excel(path, as_mapping(LONG + 'when = { status = ["final"] }\n')).labs) == 1


@pytest.mark.parametrize(
    ("column", "state"),
    [("status", "F"), ("结果状态", "已审核"), ("status", "verified"), ("status", "active"), ("Marital status", "P"),
     ("Vital status", "X"), ("疗效状态", "部分缓解"), ("HBeAg status", "corrected"), ("flag", "H"), ("审核人", "X"),
     ("complications", "ascites"), ("not done", "no"), ("not done", None)],
)  # fmt: skip
def test_other_states_say_nothing_of_a_result(tmp_path, column, state):
    path = workbook(tmp_path / "a.xlsx", long_rows(column, state, state))
    assert len(read_excel(path, as_mapping(LONG)).labs) == 2


def test_states_that_count_are_asked(tmp_path, study):
    rows = [["ID", "Enrol date", "test", "result", "unit", "date", "status"],
            ["P1", "2024-01-01", "ALT", 20, "U/L", "2024-01-01", "final"],
            ["P1", "2024-01-01", "ALT", 21, "U/L", "2024-04-01", "preliminary"]]  # fmt: skip
    text = propose_excel(workbook(tmp_path / "a.xlsx", rows), study)
    assert '#? Which states count as results? "final" 1, "preliminary" 1\nwhen = { "status" = ["final"] }' in text
    rows[2][-1] = "verified"
    assert "Which states" not in propose_excel(workbook(tmp_path / "b.xlsx", rows), study)


BESIDE = [("ALT not done", "yes"), ("ALT cancelled", "x"), ("ALT status", "cancelled"), ("ALT 未做", "是"),
          ("ALT note", "haemolysed"), ("not done", "1"), ("ALT valid", "no"), ("status", "preliminary"),
          ("ALT ND", "√")]  # fmt: skip


@pytest.mark.parametrize(("column", "text"), BESIDE)
def test_columns_of_a_visit_are_beside_its_result_alone(tmp_path, column, text):
    """What stands at week 4 is about the result of week 4; at week 0 there is nothing against the result."""
    head = ["ID", "Enrol", "W0 ALT", "W0 Date", f"W0 {column}", "W4 ALT", "W4 Date", f"W4 {column}"]
    row = ["P1", "2024-01-01", 20, "2024-01-01", None, 30, "2024-01-29", text]
    path = workbook(tmp_path / "a.xlsx", [head, row])
    (found,) = refused(read_excel, path, as_mapping(WIDE))
    assert f"row 2, column 'W4 {column}': {text!r}" in found
    assert f"when = {{ 'W{{visit}} {column}' = [...] }}" in found
    stated = WIDE + f'when = {{ "W{{visit}} {column}" = [""] }}\n'
    assert read_excel(path, as_mapping(stated)).labs["value"].tolist() == ["20"]


def test_columns_of_another_result_of_the_visit_say_nothing(tmp_path):
    head = ["ID", "Enrol", "W0 ALT", "W0 Date", "W0 AST not done", "W4 ALT not done"]
    path = workbook(tmp_path / "a.xlsx", [head, ["P1", "2024-01-01", 20, "2024-01-01", "yes", "yes"]])
    ast = WIDE[WIDE.index("[[labs]]") :].replace("alt", "ast").replace("ALT", "AST")
    both = [[*head, "W0 AST"], ["P1", "2024-01-01", 20, "2024-01-01", "yes", "yes", 5]]
    (found,) = refused(read_excel, workbook(tmp_path / "b.xlsx", both), as_mapping(WIDE + ast))
    assert "'W0 AST not done'" in found
    assert "'W0 AST not done'" not in str(read_excel(path, as_mapping(WIDE)).problems)


@pytest.mark.parametrize("name", ["alt_nd", "alt_not_done", "nd", "alt_nd___1"])
@pytest.mark.parametrize("form", ["", "labs", "visit"])
def test_not_done_beside_a_field(tmp_path, name, form):
    """With or without a dictionary; on another form only where the field names the result."""
    data = f"record_id,enrolled,on,alt,{name}\n1,2024-01-08,2024-01-08,20,0\n2,2024-01-08,2024-01-08,30,1\n"
    bare = name.partition("___")[0]
    choices = '"1, Not done"' if "___" in name else ""
    dictionary = (
        "record_id,visit,text,Record,,,\nenrolled,visit,text,Enrolled,,date_ymd,\non,labs,text,Drawn,,date_ymd,\n"
        f"alt,labs,text,ALT,,,\n{bare},{form},{'checkbox' if choices else 'yesno'},Not done,{choices},,\n"
    )
    parts = project(tmp_path, data, FIELDS, dictionary if form else "")
    if form == "visit" and name == "nd":
        assert len(read_redcap(*parts, study=built_in()).labs) == 2
        return
    (found,) = refused(lambda: read_redcap(*parts, study=built_in()))
    assert f"row 3, column {name!r}" in found


@pytest.mark.parametrize("state", ["preliminary", "2", "X"])
def test_states_in_a_field(tmp_path, state):
    data = f"record_id,enrolled,on,alt,alt_status\n1,2024-01-08,2024-01-08,20,1\n2,2024-01-08,2024-01-08,30,{state}\n"
    dictionary = (
        "record_id,visit,text,Record,,,\nenrolled,visit,text,Enrolled,,date_ymd,\non,labs,text,Drawn,,date_ymd,\n"
        'alt,labs,text,ALT,,,\nalt_status,labs,radio,State,"1, final | 2, preliminary",,\n'
    )
    (found,) = refused(lambda: read_redcap(*project(tmp_path, data, FIELDS, dictionary), study=built_in()))
    assert "row 3, column 'alt_status'" in found


@pytest.mark.parametrize(
    ("column", "text"),
    [("hemolysis", "3+"), ("溶血", "阳性"), ("patient type", "donor"), ("result type", "ratio")],
)
def test_more_that_stands_beside_a_result(tmp_path, column, text):
    path = workbook(tmp_path / "a.xlsx", long_rows(column, None, text))
    (found,) = refused(read_excel, path, as_mapping(LONG))
    assert f"row 3, column {column!r}: {text!r}" in found


@pytest.mark.parametrize(
    ("column", "text"),
    [("溶血", "阴性"), ("hemolysis", "none"), ("patient type", "outpatient"), ("result type", "number")],
)
def test_what_says_nothing_against_it(tmp_path, column, text):
    assert len(read_excel(workbook(tmp_path / "a.xlsx", long_rows(column, None, text)), as_mapping(LONG)).labs) == 2


@pytest.mark.parametrize("column", ["W0 unit", "W0 ALT unit", "ALT unit W0", "W0 单位", "W0 result unit"])
def test_a_unit_of_the_visit_is_not_overruled(tmp_path, column):
    """0.5 ukat/L are 30 U/L."""
    rows = [["ID", "Enrol", "W0 ALT", column, "W0 Date"], ["P1", "2024-01-01", 0.5, "ukat/L", "2024-01-01"]]
    (found,) = refused(read_excel, workbook(tmp_path / "a.xlsx", rows), as_mapping(WIDE))
    pattern = column.replace("W0", "W{visit}")
    assert f"column {column!r}: 'ukat/L'; expected 'U/L'" in found
    assert f"unit = {{ field = {pattern!r} }}" in found
    stated = WIDE.replace('unit = "U/L"', f'unit = {{ field = "{pattern}" }}')
    path = workbook(tmp_path / "b.xlsx", rows)
    assert read_excel(path, as_mapping(stated)).labs["unit"].tolist() == ["ukat/L"]


@pytest.mark.parametrize("column", ["W4 unit", "W0 AST unit", "W0 ref unit"])
def test_a_unit_of_something_else(tmp_path, column):
    rows = [["ID", "Enrol", "W0 ALT", column, "W0 Date"], ["P1", "2024-01-01", 20, "ukat/L", "2024-01-01"]]
    assert len(read_excel(workbook(tmp_path / "a.xlsx", rows), as_mapping(WIDE)).labs) == 1
