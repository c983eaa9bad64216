"""Dates of a report, an entry, a plan or an order: not taken for the day of a sample or of a dose."""

from __future__ import annotations

import openpyxl
import pytest
from redcap_projects import HEAD, built_in, project
from spreadsheet_files import workbook

from relapse_model.cohort.readers.redcap.propose import propose_redcap
from relapse_model.cohort.readers.spreadsheets.propose import propose_excel

DATA = "record_id,enrolled,hbsag,form_date\n7,2024-01-01,0.3,2024-01-08\n"
FIELDS = (
    "record_id,visit,text,Record,,,\nenrolled,visit,text,Enrolled,,date_ymd,\n"
    "hbsag,labs,text,HBsAg (IU/mL),,number,\nform_date,labs,text,{label},,date_ymd,\n"
)
REPORTS = ["Date result received", "Date of report", "Date of data entry", "Datum der Dateneingabe", "Date de saisie",
           "Date form completed"]  # fmt: skip


@pytest.mark.parametrize("label", REPORTS)
def test_redcap_asks_for_the_date_where_that_of_the_form_is_of_a_report_or_an_entry(tmp_path, label):
    source, _ = project(tmp_path, DATA, HEAD, FIELDS.format(label=label))
    text = propose_redcap(source, built_in())
    assert '\ndate = "form_date"' not in text
    assert '#? date = "..."' in text


@pytest.mark.parametrize("label", ["Date of sample", "Visit date", "Datum", "Date collected", "采样日期"])
def test_redcap_takes_the_date_of_a_sample_or_a_visit(tmp_path, label):
    source, _ = project(tmp_path, DATA, HEAD, FIELDS.format(label=label))
    assert '\ndate = "form_date"' in propose_redcap(source, built_in())


@pytest.mark.parametrize("long", [True, False])
@pytest.mark.parametrize("name", ["报告日期", "报告时间"])
def test_a_day_of_report_in_a_sheet_is_asked_about(tmp_path, name, long):
    head, row = ["ID", "Enrolled", name], ["p1", "2024-01-08", "2024-01-20"]
    more, cells = (["Test", "Result", "Unit"], ["HBsAg", 0.3, "IU/mL"]) if long else (["HBsAg (IU/mL)"], [0.3])
    text = propose_excel(workbook(tmp_path / "a.xlsx", [head + more, row + cells]), built_in())
    assert f"#? {name} is called the day of a report" in text
    assert 'date = ""' in text


def doses(tmp_path, name):
    book = openpyxl.Workbook()
    for title, rows in (("Patients", [["ID", "Sex", "Enrolled"], ["p1", "F", "2024-01-08"]]),
                        ("HBIG", [["ID", name, "HBIG dose (IU)"], ["p1", "2024-02-08", 400]])):  # fmt: skip
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    del book["Sheet"]
    book.save(tmp_path / "a.xlsx")
    return propose_excel(tmp_path / "a.xlsx", built_in())


@pytest.mark.parametrize(
    "name", ["HBIG nächster Termin", "HBIG prochaine injection", "HBIG próxima dosis", "HBIG prescription date",
             "HBIG verordnet am", "HBIG 处方日期", "Bestelldatum"],
)  # fmt: skip
def test_days_of_planned_or_ordered_doses_are_asked_about(tmp_path, name):
    text = doses(tmp_path, name)
    assert f"#? {name} is called a plan, a prescription or an order" in text
    assert 'start = ""' in text
    assert f'start = "{name}"' not in text


@pytest.mark.parametrize("name", ["HBIG date", "Datum der Gabe", "注射日期"])
def test_days_of_doses_are_taken(tmp_path, name):
    assert f'start = "{name}"' in doses(tmp_path, name)
