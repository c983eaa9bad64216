"""Cells as a sheet shows them: numbers, dates, formats, errors, formulas; and what is said but not read."""

from __future__ import annotations

import datetime
import zipfile

import openpyxl
import pytest
from openpyxl.comments import Comment
from openpyxl.styles import Font, PatternFill
from spreadsheet_files import replace_in_part, workbook

from relapse_model.cohort.readers.spreadsheets import workbook_xml
from relapse_model.cohort.readers.spreadsheets.number_formats import changes_a_number, shown_number
from relapse_model.cohort.readers.spreadsheets.workbook import read_workbook
from relapse_model.errors import SourceError


def sheet_of(path):
    return next(iter(read_workbook(path).values()))


def test_numbers_have_no_noise_and_dates_are_dates(tmp_path):
    row = [
        4740774,
        0.1 + 0.2,
        22.3,
        1e-7,
        True,
        datetime.date(2020, 12, 20),
        datetime.datetime(2024, 3, 2, 8, 30),  # noqa: DTZ001 (a sheet has no time zones)
        "34岁",
    ]
    sheet = sheet_of(workbook(tmp_path / "a.xlsx", [row]))
    expected = ["4740774", "0.3", "22.3", "1e-07", "TRUE", "2020-12-20", "2024-03-02 08:30:00", "34岁"]
    assert sheet.cells[0].tolist() == expected
    assert sheet.numeric[0].tolist() == [True, True, True, True, False, False, False, False]


@pytest.mark.parametrize("epoch", ["1900", "1904"])
def test_the_date_system_is_that_of_the_workbook(epoch, tmp_path):
    book = openpyxl.Workbook()
    if epoch == "1904":
        book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    book.active.append([datetime.date(2020, 12, 20)])
    book.save(tmp_path / "a.xlsx")
    sheet = sheet_of(tmp_path / "a.xlsx")
    assert sheet.cells[0, 0] == "2020-12-20"
    assert (datetime.date(2020, 12, 20) - sheet.epoch).days == (44185 if epoch == "1900" else 42723)


def test_what_a_format_adds_to_a_number_belongs_to_it(tmp_path):
    # 0.05 under "<"0.00 shows <0.05: read as 0.05, a result below the limit would be one above it.
    formats = {"A1": "000000", "B1": '"<"0.00', "C1": "0%", "D1": '0"岁"', "E1": "0.00"}
    sheet = sheet_of(workbook(tmp_path / "a.xlsx", [[12, 0.05, 0.05, 34, 0.126]], formats=formats))
    assert sheet.cells[0].tolist() == ["000012", "<0.05", "5%", "34岁", "0.126"]


def test_a_number_under_a_condition_is_refused(tmp_path):
    sheet = sheet_of(workbook(tmp_path / "a.xlsx", [[0.03]], formats={"A1": '[<0.05]"<0.05";0.00'}))
    assert sheet.cells[0, 0] == ""
    assert "what is shown is not the number" in sheet.unusable[0, 0]


@pytest.mark.parametrize(
    ("code", "number", "shown"),
    [
        ('_(* #,##0.00_);_(* \\(#,##0.00\\);_(* "-"??_);_(@_)', 0.0, "0"),
        ('_(* #,##0.00_);_(* \\(#,##0.00\\);_(* "-"??_);_(@_)', -3.0, "-3"),
        ("0.00;[Red]0.00", -3.0, None),  # a loss of the sign
        ("0.00_);[Red]\\(0.00\\)", 5.5, "5.5"),
        ("[DBNum1]General", 12.0, "12"),
    ],
)
def test_formats_of_several_sections(code, number, shown):
    assert shown_number(number, code) == shown


def test_a_format_of_dates_is_no_business_of_numbers():
    assert not changes_a_number('[$-804]yyyy"年"m"月"d"日"')


def test_errors_and_formulas_without_a_result_have_an_address(tmp_path):
    path = workbook(tmp_path / "a.xlsx", [["a", "b"], ["#N/A", "=1+1"], ["x", '=IF(1=1,"","")']])
    # What a spreadsheet program writes for a formula whose result is the empty text.
    start = b'<c r="B3"><f>'  # what follows is spelt otherwise where lxml is installed
    replace_in_part(path, "xl/worksheets/sheet1.xml", start, start.replace(b'"B3"', b'"B3" t="str"'))
    sheet = sheet_of(path)
    assert sheet.unusable[1, 0] == "the error #N/A"
    assert sheet.unusable[1, 1].startswith("a formula whose result is not in the file")
    assert (2, 1) not in sheet.unusable


def test_an_error_in_the_last_row_is_not_lost(tmp_path):
    sheet = sheet_of(workbook(tmp_path / "a.xlsx", [["a", "b"], ["1", None], [None, "#REF!"]]))
    assert sheet.cells.shape == (3, 2)
    assert list(sheet.unusable) == [(2, 1)]


def test_what_is_hidden_coloured_struck_or_commented_is_said(tmp_path):
    def change(sheet):
        sheet.row_dimensions[2].hidden = True
        sheet.column_dimensions["B"].hidden = True
        sheet["A2"].fill = PatternFill("solid", fgColor="FFFF00")
        sheet["B2"].font = Font(strike=True)
        sheet["A1"].comment = Comment("why", "me")

    sheet = sheet_of(workbook(tmp_path / "a.xlsx", [["a", "b"], ["1", "2"]], change=change))
    said = "; ".join(sheet.notes)
    assert sheet.cells.tolist() == [["a", "b"], ["1", "2"]]
    assert sheet.hidden_rows == (2,)
    assert list(sheet.unusable) == [(1, 1)]  # whoever looks at the sheet sees a result that was withdrawn
    for text in (
        "1 hidden row, read like the others: 2",
        "1 hidden column",
        "1 coloured cell (A2)",
        "1 cell struck through (B2): refused where they are read",
        "comments",
    ):
        assert text in said


def test_a_document_type_is_refused(tmp_path):
    path = workbook(tmp_path / "a.xlsx", [["a"]])
    with zipfile.ZipFile(path) as archive:
        start = archive.read("xl/worksheets/sheet1.xml")[:10]
    bomb = b'<!DOCTYPE w [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
    replace_in_part(path, "xl/worksheets/sheet1.xml", start, bomb + start)
    with pytest.raises(SourceError, match="document type"):
        read_workbook(path)


def test_a_stray_cell_far_out_does_not_fill_the_memory(tmp_path):
    path = workbook(tmp_path / "a.xlsx", [["a"], ["b"]])
    replace_in_part(path, "xl/worksheets/sheet1.xml", b'r="A2" t', b'r="XFD1048576" t')
    with pytest.raises(SourceError, match="spans 1,048,576 rows"):
        read_workbook(path)


def test_files_that_cannot_be_read_are_named(tmp_path):
    (tmp_path / "not.xlsx").write_bytes(b"nothing of the kind")
    with pytest.raises(SourceError, match=r"not\.xlsx: not readable as a workbook"):
        read_workbook(tmp_path / "not.xlsx")
    with pytest.raises(SourceError, match="no such file in"):
        read_workbook(tmp_path / "none.xlsx")
    path = workbook(tmp_path / "a.xlsx", [["a"]])
    with pytest.raises(SourceError, match="at most 10"):
        read_workbook(path, max_bytes=10)
    with pytest.raises(SourceError, match="when unpacked"):
        read_workbook(path, max_bytes=path.stat().st_size + 1)
    with pytest.raises(SourceError, match="no sheet 'Labs'; expected one of 'Sheet1'"):
        read_workbook(path, ["Labs"])


ODS = """<?xml version="1.0" encoding="UTF-8"?><office:document-content
 xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet>
<table:table table:name="T">
<table:table-row><table:table-cell office:value-type="string"><text:p>病案号</text:p></table:table-cell>
<table:table-cell office:value-type="string"><text:p>日期</text:p></table:table-cell></table:table-row>
<table:table-row><table:table-cell office:value-type="float" office:value="7"><text:p>7</text:p></table:table-cell>
<table:table-cell office:value-type="date" office:date-value="2024-03-02"><text:p>x</text:p></table:table-cell>
</table:table-row></table:table></office:spreadsheet></office:body></office:document-content>"""


def test_open_document_sheets_are_read_and_what_cannot_be_told_is_said(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.ods", "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", ODS.replace("\n<", "<").replace("\n", " "))
        archive.writestr(
            "META-INF/manifest.xml",
            '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>',
        )
    sheet = sheet_of(tmp_path / "a.ods")
    assert sheet.cells[1].tolist() == ["7", "2024-03-02"]
    assert "cannot be read from this file format" in sheet.notes[0]


def test_an_old_workbook_is_read(root):
    # Written by xlwt 1.3: a header, and a row with a number, a date and a text.
    sheet = sheet_of(root / "tests" / "data" / "readers" / "old.xls")
    assert sheet.cells.tolist() == [["病案号", "日期", "HBsAg"], ["7", "2024-03-02", "<0.05"]]


def test_the_standard_library_reads_the_parts_of_an_archive(tmp_path):
    path = workbook(tmp_path / "a.xlsx", [["a", 1]], merged=["A2:B3"])
    with zipfile.ZipFile(path) as archive:
        book = workbook_xml.workbook_details(archive)
        details = workbook_xml.sheet_details(archive, book.files["Sheet1"], book.styles)
    assert (details.rows, details.columns, details.merged) == (1, 2, [(1, 0, 2, 1)])
