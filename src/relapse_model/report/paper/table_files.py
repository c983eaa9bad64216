"""A table of a journal as CSV, XLSX, LaTeX and DOCX. All text is text: no cell becomes a formula or a command."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Sequence
from typing import Any

from relapse_model.cohort.readers.packages import needed
from relapse_model.errors import RelapseModelError
from relapse_model.report.paper.journal_table import INDENT, JournalTable

# What a spreadsheet program would compute: -1+2 and -1+cmd|..., not -0.5 (-1.2 to 0.3); wide forms as it takes them.
_FORMULA = re.compile(r"[=@\t\r\n\uff1d\uff0b\uff0d\uff20]|[+-](?!\.?\d(?:[\d.,%\s();–−]|(?<=[\s(])[+-]|to)*$)")
_WHOLE = re.compile(r"0|[1-9]\d{0,14}")
_LONG = 42  # letters of a cell, beyond which a column of LaTeX has a width
_FEWEST = 7  # letters for which such a column has room at least
_BETWEEN = 0.027  # of the line: what two columns leave between them
_PAGE = 32  # rows that fit on a page
_WIDEST = 60  # letters of a column of a worksheet
_LANDSCAPE = 6  # columns from which a page lies on its side
_LATEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": "$<$", ">": "$>$", "|": r"\textbar{}",
    '"': r"\textquotedbl{}", "[": "{[}", "]": "{]}", "\N{MINUS SIGN}": "$-$", "\N{MULTIPLICATION SIGN}": r"$\times$",
    "\N{LESS-THAN OR EQUAL TO}": r"$\le$", "\N{GREATER-THAN OR EQUAL TO}": r"$\ge$", "\N{NO-BREAK SPACE}": "~",
    "\N{EM SPACE}": r"\quad ", "\N{SUPERSCRIPT TWO}": "$^2$", "\N{EN DASH}": "--", "\N{MICRO SIGN}": r"$\mu$",
    "\N{GREEK SMALL LETTER MU}": r"$\mu$", "\N{PLUS-MINUS SIGN}": r"$\pm$", "\N{RIGHTWARDS ARROW}": r"$\rightarrow$",
    "\N{DEGREE SIGN}": r"$^\circ$",
}  # fmt: skip


def csv_table(table: JournalTable) -> bytes:
    """Return columns and rows as CSV that Excel opens as UTF-8; a text that would be a formula stands after an ``'``.

    Notes stand in a last column: that of a row in the row, those of the whole table in lines of their own below, in
    which all other cells are empty.

    Parameters
    ----------
    table : JournalTable
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    for row in _with_notes(table):
        writer.writerow([_no_formula(cell.replace(INDENT, "  ")) for cell in row])
    return buffer.getvalue().encode("utf-8-sig")


def _with_notes(table: JournalTable) -> list[tuple[str, ...]]:
    if not table.notes:
        return [table.columns, *table.rows]
    whole = [note for note in table.notes if note not in table.about.values()]
    rows = [(*row, table.about.get(place, "")) for place, row in enumerate(table.rows)]
    return [(*table.columns, "Note"), *rows, *((*[""] * len(table.columns), note) for note in whole)]


def xlsx_table(table: JournalTable) -> bytes:
    """Return a workbook: the title, the columns, the rows, the notes. Counts are numbers, all else text.

    Parameters
    ----------
    table : JournalTable

    Raises
    ------
    RelapseModelError
        Without the package openpyxl, with the line that installs it.
    """
    openpyxl = needed("openpyxl", "writing a table as XLSX", "paper")
    styles: Any = needed("openpyxl.styles", "writing a table as XLSX", "paper")
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Table"
    lines = [(table.title,), table.columns, *table.rows, *((note,) for note in table.notes)]
    for number, line in enumerate(lines, start=1):
        for column, text in enumerate(line, start=1):
            _put(sheet.cell(number, column), text, styles)
    last = 2 + len(table.rows)
    bold, thin = styles.Font(bold=True), styles.Side(style="thin")
    sheet["A1"].font = bold
    for column in range(1, len(table.columns) + 1):
        head = sheet.cell(2, column)
        head.font, head.border = bold, styles.Border(top=thin, bottom=thin)
        if table.rows:
            sheet.cell(last, column).border = styles.Border(bottom=thin)
        letters = max(len(row[column - 1]) for row in (table.columns, *table.rows))
        sheet.column_dimensions[head.column_letter].width = min(max(letters, 6), _WIDEST) + 2
    sheet.freeze_panes = "B3"
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _put(cell: Any, text: str, styles: Any) -> None:
    number = int(text) if _WHOLE.fullmatch(text) else None
    cell.value = number if number is not None else text.removeprefix(INDENT) or None
    if number is None and text:
        cell.data_type = "s"  # or openpyxl takes what begins with = for a formula
    inside = cell.row > 2 and cell.column > 1
    cell.alignment = styles.Alignment(
        indent=int(text.startswith(INDENT)), wrap_text=len(text) > _WIDEST and inside, vertical="top",
        horizontal="left",
    )  # fmt: skip


def latex_table(table: JournalTable) -> bytes:
    """Return a table of the package booktabs; one of more rows than a page holds is a longtable.

    Parameters
    ----------
    table : JournalTable
    """
    long = len(table.rows) > _PAGE
    head = " & ".join(rf"\textbf{{{latex(cell)}}}" for cell in table.columns) + r" \\"
    body = [" & ".join(map(latex, row)) + r" \\" for row in table.rows]
    notes = [rf"\par\smallskip\noindent\footnotesize {latex(note)}" for note in table.notes]
    rows = [r"\toprule", head, r"\midrule", *([r"\endhead"] if long else []), *body, r"\bottomrule"]
    packages = f"booktabs,array{',longtable' if long else ''}"
    first = rf"% \usepackage{{{packages}}}; letters of other scripts need XeLaTeX or LuaLaTeX"
    spec, title = _specification(table), latex(table.title)
    if long:
        lines = [r"\begingroup\small", rf"\begin{{longtable}}{{{spec}}}", rf"\caption{{{title}}}\\", *rows,
                 r"\end{longtable}", *notes, r"\endgroup"]  # fmt: skip
    else:
        lines = [r"\begin{table}[htbp]", r"\small", rf"\caption{{{title}}}", rf"\begin{{tabular}}{{{spec}}}", *rows,
                 r"\end{tabular}", *notes, r"\end{table}"]  # fmt: skip
    return "\n".join([first, *lines, ""]).encode()


def latex(text: str) -> str:
    r"""Return text in which nothing is a command of LaTeX.

    Parameters
    ----------
    text : str

    Examples
    --------
    >>> latex("5 % of \\input{x}, <5, kg/m²")
    '5 \\% of \\textbackslash{}input\\{x\\}, $<$5, kg/m$^2$'
    """
    return "".join(_LATEX.get(letter, letter) for letter in text)


def _specification(table: JournalTable) -> str:
    """Return the columns of LaTeX: those with long texts share what the others leave of the line."""
    widest = [max(len(row[place]) for row in (table.columns, *table.rows)) for place in range(len(table.columns))]
    if sum(widest) <= 95 and max(widest) <= _LONG:
        return "@{}" + "l" * len(widest) + "@{}"
    letters = [min(max(width, _FEWEST), _LONG) for width in widest]
    room = 0.98 - _BETWEEN * len(letters)
    columns = (rf">{{\raggedright\arraybackslash}}p{{{room * one / sum(letters):.3f}\linewidth}}" for one in letters)
    return "@{}" + "".join(columns) + "@{}"


def docx_table(table: JournalTable) -> bytes:
    """Return a Word document: the title, the table with three rules, the notes.

    Parameters
    ----------
    table : JournalTable

    Raises
    ------
    RelapseModelError
        Without the package python-docx, with the line that installs it.
    """
    from relapse_model.report.paper.word_document import word_document

    return word_document(table, landscape=len(table.columns) >= _LANDSCAPE)


FORMATS: dict[str, Callable[[JournalTable], bytes]] = {
    "csv": csv_table,
    "xlsx": xlsx_table,
    "tex": latex_table,
    "docx": docx_table,
}


def require_formats(formats: Sequence[str]) -> None:
    """Refuse formats that are not known, or whose package is not installed, before anything is written.

    Parameters
    ----------
    formats : sequence of str

    Raises
    ------
    RelapseModelError
    """
    unknown = [one for one in formats if one not in FORMATS]
    if unknown or not formats:
        came = ", ".join(unknown) or "none"
        raise RelapseModelError(f"Formats of tables: {came}; expected some of {', '.join(FORMATS)}.")
    for one, package in (("xlsx", "openpyxl"), ("docx", "docx")):
        if one in formats:
            needed(package, f"writing tables as {one.upper()}", "paper")


def _no_formula(cell: str) -> str:
    return f"'{cell}" if _FORMULA.match(cell) else cell
