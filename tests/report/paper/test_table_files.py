"""Tables as files, opened again: the same cells, and none of them a formula or a command."""

from __future__ import annotations

import csv
import io
import re

import pytest
from open_tables import read_docx, read_xlsx

from relapse_model.errors import RelapseModelError
from relapse_model.report.paper.journal_table import INDENT, journal_table
from relapse_model.report.paper.table_files import (
    FORMATS,
    _no_formula,
    csv_table,
    latex,
    latex_table,
    require_formats,
)

NASTY = journal_table(
    "Title with 100 % & more_things",
    ["What", "=HYPERLINK(1)", "n"],
    [
        ["=1+1", "+cmd|' /C calc'!A0", "12"],
        ["@SUM(A1)", "-1.5 (-2 to 0)", "0"],
        ["+2.1 (−1 to 5)", "-A1", "007"],  # a signed number stays as it is; 007 is a name
        [f"{INDENT}肝病中心", "<5", ""],
        [r"\input{secret} $x$ ~^#_{}", '[a] "q" |', "3.50"],
    ],
    ["A note = of % signs"],
)


def plain(rows):
    return [[cell.replace(INDENT, "") for cell in row] for row in rows]


def test_csv_opened_again_has_no_formula():
    text = csv_table(NASTY).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[1] == ["'=1+1", "'+cmd|' /C calc'!A0", "12", ""]
    assert rows[3][:3] == ["+2.1 (−1 to 5)", "'-A1", "007"]
    assert rows[4][0] == "  肝病中心"
    assert rows[0] == ["What", "'=HYPERLINK(1)", "n", "Note"]
    assert rows[6:] == [["", "", "", "A note = of % signs."]]  # below the five rows, and no row of data
    for row in rows:
        for cell in row:
            assert not re.match(r"[=@\t\r]|[+-](?!\d)", cell)


def test_the_note_of_a_row_stands_in_its_row_of_a_csv_and_a_table_without_notes_has_no_such_column():
    table = journal_table("t", ["a", "b"], [["x", 1], ["y", None]], ["of all"], {1: "y: not made"})
    assert table.notes == ("Of all.", "Y: not made.")
    text = csv_table(table).decode("utf-8-sig")
    assert list(csv.reader(io.StringIO(text))) == [
        ["a", "b", "Note"], ["x", "1", ""], ["y", "", "Y: not made."], ["", "", "Of all."],
    ]  # fmt: skip
    assert csv_table(journal_table("t", ["a"], [["x"]])).decode("utf-8-sig") == "a\nx\n"


@pytest.mark.parametrize("cell", ["-1+2", "-1+cmd|' /C calc'!A0", "-5 (1)+cmd|'x'!A0", "＝1+1", "＠x", "\n=1", "-"])
def test_what_a_spreadsheet_would_compute_is_escaped(cell):
    assert _no_formula(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["-0.5", "+1,234", "-5 %", "-0.5 (-1.2 to 0.3)", "-3 to -1", "−0.5", "-0.5; 0.3"])
def test_a_signed_number_with_its_interval_stays(cell):
    assert _no_formula(cell) == cell


def test_xlsx_opened_again_has_the_same_cells_and_no_formula():
    openpyxl = pytest.importorskip("openpyxl", reason="openpyxl is of the extra 'paper'")
    content = FORMATS["xlsx"](NASTY)
    title, columns, rows, notes = read_xlsx(content, len(NASTY.rows))
    assert (title, columns, notes) == (NASTY.title, list(NASTY.columns), list(NASTY.notes))
    assert rows == plain(NASTY.rows)
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n"}
    assert sheet["C3"].value == 12  # a count is a number
    assert sheet["C5"].value == "007"
    assert sheet["A6"].alignment.indent == 1


def test_docx_opened_again_has_the_same_cells():
    pytest.importorskip("docx", reason="python-docx is of the extra 'paper'")
    title, columns, rows, notes = read_docx(FORMATS["docx"](NASTY))
    assert (title, columns, notes) == (NASTY.title, list(NASTY.columns), list(NASTY.notes))
    assert rows == plain(NASTY.rows)


def test_latex_has_no_letter_that_is_a_command():
    assert latex(r"\a_b^c~d#e$f%g&{h}") == (
        r"\textbackslash{}a\_b\textasciicircum{}c\textasciitilde{}d\#e\$f\%g\&\{h\}"
    )
    text = latex_table(NASTY).decode()
    assert r"\textbackslash{}input\{secret\}" in text
    assert r"\input" not in text
    body = text[text.index(r"\midrule") : text.index(r"\bottomrule")]
    rows = [line for line in body.splitlines() if line.endswith(r"\\")]
    assert len(rows) == len(NASTY.rows)
    assert all(len(re.findall(r"(?<!\\)&", row)) == 2 for row in rows)  # three cells each
    assert r"\quad 肝病中心" in text
    assert "$-$1.5 ($-$2 to 0)" in text


def test_a_long_latex_table_breaks_over_pages_and_repeats_its_head():
    long = journal_table("t", ["a"], [[place] for place in range(40)])
    text = latex_table(long).decode()
    assert r"\begin{longtable}" in text
    assert r"\endhead" in text
    assert "longtable}; letters" in text.splitlines()[0]
    assert r"\begin{tabular}" in latex_table(journal_table("t", ["a"], [["1"]])).decode()


def test_columns_of_long_texts_have_widths_that_fit_the_line():
    table = journal_table("t", ["a", "b", "c"], [["x" * 80, "y" * 200, "z"]])
    widths = [float(one) for one in re.findall(r"p\{([\d.]+)\\linewidth\}", latex_table(table).decode())]
    assert len(widths) == 3
    assert sum(widths) <= 0.94


@pytest.mark.parametrize(
    ("form", "package", "name"), [("xlsx", "openpyxl", "openpyxl"), ("docx", "docx", "python-docx")]
)
def test_a_package_that_is_missing_is_named_with_the_line_that_installs_it(monkeypatch, form, package, name):
    monkeypatch.setitem(__import__("sys").modules, package, None)
    line = rf"needs the package {name}, which is not installed\. Install it with: pip install 'relapse-model\[paper\]'"
    with pytest.raises(RelapseModelError, match=line):
        require_formats(("csv", form))


def test_an_unknown_format_is_refused():
    with pytest.raises(RelapseModelError, match="pdf; expected some of csv, xlsx, tex, docx"):
        require_formats(("csv", "pdf"))
    with pytest.raises(RelapseModelError, match="none; expected"):
        require_formats(())
