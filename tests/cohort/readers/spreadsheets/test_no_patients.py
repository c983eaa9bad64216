"""Rows of totals and remarks are no patients, and sheets that nothing was read of are listed."""

from __future__ import annotations

import openpyxl
import pytest
from spreadsheet_files import HEAD, as_mapping, workbook

from relapse_model.cli.program import main
from relapse_model.cohort.readers.spreadsheets.read import read_excel
from relapse_model.errors import CohortError, SourceError

DATED = '[time]\nzero = { field = "in" }\n[patients]\nid = "id"\nsex = "sex"\n'
ALT = '[[labs]]\nanalyte = "alt"\nvalue = "W{visit} ALT"\nunit = "U/L"\n'
ROWS = [["id", "in", "sex", "W0 ALT", "W0 date"], ["P1", "2024-01-01", "F", "20", "2024-01-01"],
        ["P2", "2024-01-08", "M", "30", "2024-01-08"], ["P3", "2024-01-15", "F", "", ""]]  # fmt: skip
MAPPING = DATED + ALT + 'date = "W{visit} date"\n'
UNDATED = '[time]\nvisits = { "0" = 0 }\n[patients]\nid = "id"\nsex = "sex"\n' + ALT
NO_PATIENT = "a patient, or a row that the mapping leaves out"


def problems(source, mapping):
    with pytest.raises((CohortError, SourceError)) as refusal:
        read_excel(source, as_mapping(mapping))
    return [(one.row, one.column, one.expected) for one in refusal.value.problems]


@pytest.mark.parametrize(
    "text", ["Total", "合计", "Mean (SD)", "n=3", "备注：以上数据已核对", "2024 follow-up", "id", "3"]
)
def test_a_row_unlike_the_others_without_a_date_of_enrolment_is_refused(tmp_path, text):
    path = workbook(tmp_path / "a.xlsx", [*ROWS, [text, "", "", "", ""]])
    assert problems(path, MAPPING) == [(5, "id", NO_PATIENT)]


@pytest.mark.parametrize("text", ["Total", "合计", "平均"])
def test_also_with_a_number_and_where_there_are_no_dates(tmp_path, text):
    path = workbook(tmp_path / "a.xlsx", [*ROWS, [text, "", "", "25", ""]])
    assert problems(path, UNDATED) == [(5, "id", NO_PATIENT)]
    assert (5, "id", NO_PATIENT) in problems(path, MAPPING)


@pytest.mark.parametrize(
    "row",
    [
        ["P4", "", "F", "", ""],  # like the others: a patient of whom little is known
        ["X-4", "2024-02-01", "", "", ""],  # unlike them, and enrolled
        ["Total", "2024-02-01", "F", "", ""],
    ],
)
def test_one_sign_alone_does_not_make_a_total(tmp_path, row):
    assert len(read_excel(workbook(tmp_path / "a.xlsx", [*ROWS, row]), as_mapping(MAPPING))) == 4


def test_identifiers_without_digits_are_identifiers(tmp_path):
    rows = [ROWS[0], *([name, *row[1:]] for name, row in zip(["ZS", "LW", "TOTO"], ROWS[1:], strict=True))]
    assert len(read_excel(workbook(tmp_path / "a.xlsx", rows), as_mapping(UNDATED))) == 3


def test_the_mapping_leaves_such_rows_out_and_the_report_lists_them(tmp_path):
    path = workbook(tmp_path / "a.xlsx", [*ROWS, ["合计", "", "", "25", ""], ["", "", "", "checked", ""]])
    stated = '[source]\nnot_patients = ["合计", ""]\n'
    cohort = read_excel(path, as_mapping(stated + MAPPING))
    assert (len(cohort), len(cohort.labs)) == (3, 2)
    told = str(cohort.reading)
    assert "Sheet1: 5 rows, 3 used; 2 rows of no patients, by not_patients (5, 6)" in told
    assert "2 of people who are no patients of the cohort" in told
    with pytest.raises(SourceError, match="of not_patients that no row has"):
        read_excel(path, as_mapping('[source]\nnot_patients = ["合计", "", "Totl"]\n' + MAPPING))


def test_a_total_of_another_sheet_is_left_out_there(tmp_path):
    workbook(tmp_path / "a.xlsx", ROWS)
    (tmp_path / "lis.csv").write_text("id,on,alt\nP1,2024-02-01,20\n合计,,20\n", encoding="utf-8")
    entry = '[[labs]]\nsource = "lis"\nanalyte = "alt"\nvalue = "alt"\nunit = "U/L"\ndate = "on"\n'
    head = '[source]\nfile = "a.xlsx"\n[sources.lis]\nfile = "lis.csv"\n'
    left = read_excel(tmp_path, as_mapping(head + 'not_patients = ["合计"]\n' + DATED + entry))
    assert len(left.labs) == 1
    with pytest.raises(CohortError, match="not in the patients table"):
        read_excel(tmp_path, as_mapping(head + DATED + entry))


@pytest.fixture
def folder(tmp_path):
    """A workbook of a sheet that is read, one that is not and an empty one; beside it another file."""
    book = openpyxl.Workbook()
    sheets = book.active, book.create_sheet("Deaths"), book.create_sheet("Sheet3")
    for row in ROWS:
        sheets[0].append(row)
    for row in (["id", "died"], ["P2", "2024-05-01"]):
        sheets[1].append(row)
    (tmp_path / "in").mkdir()
    book.save(tmp_path / "in" / "a.xlsx")
    (tmp_path / "in" / "drugs.csv").write_text("id,drug\nP1,ETV\n", encoding="utf-8")
    (tmp_path / "in" / "~$a.xlsx").write_bytes(b"")
    (tmp_path / "map.toml").write_text(HEAD + '[source]\nfile = "a.xlsx"\n' + MAPPING, encoding="utf-8")
    return tmp_path


NOT_READ = "Sheets, files and tables not read: 'a.xlsx', sheet 'Deaths' (2 rows); file 'drugs.csv'"


def test_what_the_mapping_does_not_name_is_listed_on_the_terminal_and_in_the_report(folder, capsys):
    out = folder / "cohort"
    asked = ["read", "excel", str(folder / "in"), "--mapping", str(folder / "map.toml"), "--out", str(out)]
    assert main(asked) == 0
    assert NOT_READ in capsys.readouterr().out.splitlines()
    assert NOT_READ in (out / "reading_report.txt").read_text(encoding="utf-8")
    assert '"not_read": [' in (out / "reading_report.json").read_text(encoding="utf-8")


def test_where_everything_is_read_nothing_is_listed(folder):
    """Of a file as the source, its folder is no part."""
    more = '[sources.died]\nsheet = "Deaths"\n' + MAPPING + 'died_on = { field = "died", source = "died" }\n'
    more = more.replace(ALT, "").replace('date = "W{visit} date"\n', "")
    cohort = read_excel(folder / "in" / "a.xlsx", as_mapping(more))
    assert cohort.reading.not_read == ()


def test_a_sheet_named_after_a_patient_is_not_named(tmp_path):
    def more(sheet):
        sheet.parent.create_sheet("visits of HB-0417").append(["x"])

    rows = [ROWS[0], ["HB-0417", *ROWS[1][1:]], ["HB-0418", *ROWS[2][1:]]]
    cohort = read_excel(workbook(tmp_path / "a.xlsx", rows, change=more), as_mapping(MAPPING))
    (told,) = cohort.reading.not_read
    assert "0417" not in told
    assert "(1 rows)" in told
