"""Two equal doses of one patient and day: one dose written twice, or two vials; only somebody who knows can say."""

from __future__ import annotations

import pytest
from redcap_projects import HEAD, PATIENTS, TIME, built_in, project
from spreadsheet_files import as_mapping, workbook

from relapse_model.cohort.readers.redcap.read import read_redcap
from relapse_model.cohort.readers.spreadsheets.read import read_excel
from relapse_model.errors import CohortError

IDS = '[time]\nzero = { field = "Enrol" }\n[patients]\nid = "ID"\n'
DAY = "2024-01-08"
TWICE = "If it was given twice that day (two vials), write one row with the sum"


def said(cohort, source):
    """One dose of 200 IU is left of the two; the remark and the report name the second."""
    assert cohort.treatments["dose"].tolist() == [200]
    (remark,) = cohort.remarks
    assert source in str(remark)
    assert TWICE in str(remark)
    (note,) = [one for one in cohort.reading.notes if "counted once" in one]
    assert note.endswith(f"(treatments: 1, {source.replace(',', '')})")
    return str(remark)


@pytest.mark.parametrize(
    ("head", "row", "text"),
    [
        (["drug", "start", "dose"], ["HBIG", DAY, 200],
         'agent = { field = "drug" }\nstart = "start"\nend = "start"\ndose = "dose"\n'),
        (["D1 date", "D1 dose", "D2 date", "D2 dose"], [DAY, 200, DAY, 200],
         'agent = "hbig"\nstart = "D{visit} date"\nend = "D{visit} date"\ndose = "D{visit} dose"\n'),
    ],
    ids=["long", "wide"],
)  # fmt: skip
def test_in_a_sheet(tmp_path, head, row, text):
    rows = [["ID", "Enrol", *head], *[["P1", DAY, *row]] * (2 if len(row) == 3 else 1)]
    path = workbook(tmp_path / "a.xlsx", rows)
    cohort = read_excel(path, as_mapping(IDS + f'[[treatments]]\n{text}unit = "IU"\n'))
    found = said(cohort, f"Sheet1, row {len(rows)}")
    assert ("D1 date and D2 date have one date" in found) == (len(row) == 4)


def test_in_a_history(tmp_path, study):
    history = "；".join(["HBIG 200IU im 2024.01.08-2024.01.08"] * 2)
    path = workbook(tmp_path / "a.xlsx", [["ID", "Enrol", "用药史"], ["P1", DAY, history]])
    text = '[[treatments]]\nform = "courses"\nagent = { field = "用药史" }\n'
    said(read_excel(path, as_mapping(IDS + text), study=study), "Sheet1, row 2")


def test_in_two_instances(tmp_path):
    data = (
        f"record_id,redcap_repeat_instrument,redcap_repeat_instance,enrolled,given,dose\n1,,,{DAY},,\n"
        f"1,hbig,1,,{DAY},200\n1,hbig,2,,{DAY},200\n"
    )
    text = HEAD + TIME + PATIENTS + '[source]\nrepeating = ["hbig"]\n[[treatments]]\nagent = "hbig"\nstart = "given"\n'
    text += 'end = "given"\ndose = { field = "dose", unit = "IU" }\n'
    said(read_redcap(*project(tmp_path, data, text), study=built_in()), "data.csv, row 4")


def test_two_doses_that_differ_are_two(tmp_path):
    rows = [["ID", "Enrol", "start", "dose"], ["P1", DAY, DAY, 200], ["P1", DAY, DAY, 400]]
    text = '[[treatments]]\nagent = "hbig"\nstart = "start"\nend = "start"\ndose = "dose"\nunit = "IU"\n'
    cohort = read_excel(workbook(tmp_path / "a.xlsx", rows), as_mapping(IDS + text))
    assert (cohort.treatments["dose"].tolist(), cohort.remarks) == ([200, 400], ())


BESIDE = [("vials", "2"), ("支数", "2"), ("number of doses", "3"), ("frequency", "bid"), ("实际剂量", "100"),
          ("Actual dose", "0")]  # fmt: skip


@pytest.mark.parametrize(("column", "text"), BESIDE)
def test_what_makes_another_dose_of_it(tmp_path, column, text):
    """Two vials of 200 IU are 400 IU; 200 IU twice a day are, too."""
    rows = [["ID", "Enrol", "start", "dose", column], ["P1", DAY, DAY, 200, text]]
    given = '[[treatments]]\nagent = "hbig"\nstart = "start"\nend = "start"\n'
    path = workbook(tmp_path / "a.xlsx", rows)
    with pytest.raises(CohortError, match=f"row 2, column '{column}': '{text}'"):
        read_excel(path, as_mapping(IDS + given + 'dose = "dose"\nunit = "IU"\n'))
    assert len(read_excel(path, as_mapping(IDS + given)).treatments) == 1  # that it was given is true
    data = f"record_id,enrolled,given,dose,beside\n1,{DAY},{DAY},200,{text}\n"
    dictionary = (
        "record_id,visit,text,Record,,,\nenrolled,visit,text,Enrolled,,date_ymd,\ngiven,hbig,text,Given,,date_ymd,\n"
        f"dose,hbig,text,Dose,,,\nbeside,hbig,text,{column},,,\n"
    )
    fields = '[[treatments]]\nagent = "hbig"\nstart = "given"\nend = "given"\ndose = { field = "dose", unit = "IU" }\n'
    with pytest.raises(CohortError, match=f"row 2, column 'beside': '{text}'"):
        read_redcap(*project(tmp_path, data, HEAD + TIME + PATIENTS + fields, dictionary), study=built_in())


@pytest.mark.parametrize(
    ("column", "text"), [("vials", "1"), ("frequency", "qd"), ("frequency", "q4w"), ("vial number", "A2")]
)
def test_what_does_not(tmp_path, column, text):
    rows = [["ID", "Enrol", "start", "dose", column], ["P1", DAY, DAY, 200, text]]
    given = '[[treatments]]\nagent = "hbig"\nstart = "start"\nend = "start"\ndose = "dose"\nunit = "IU"\n'
    assert len(read_excel(workbook(tmp_path / "a.xlsx", rows), as_mapping(IDS + given)).treatments) == 1
