"""A table as a Word document: three rules, a head that is repeated on every page, rows that are not broken."""

from __future__ import annotations

import io
from typing import Any

from relapse_model.cohort.readers.packages import needed
from relapse_model.report.paper.journal_table import INDENT, JournalTable

_FONT, _CHINESE = "Times New Roman", "SimSun"
_POINTS = 9.0
_NOTES = 8.0
_FEWEST, _MOST = 7, 38  # letters for which a column has room


def word_document(table: JournalTable, *, landscape: bool) -> bytes:
    """Return the document.

    Parameters
    ----------
    table : JournalTable
    landscape : bool
        Whether the page lies on its side.
    """
    docx = needed("docx", "writing a table as DOCX", "paper")
    document = docx.Document()
    _page(document, landscape)
    _letters(document.styles["Normal"])
    heading = document.add_paragraph()
    heading.paragraph_format.keep_with_next = True
    heading.paragraph_format.space_after = docx.shared.Pt(4)
    heading.add_run(table.title).bold = True
    section = document.sections[0]
    _table(document, table, section.page_width - section.left_margin - section.right_margin)
    for note in table.notes:
        paragraph = document.add_paragraph()
        paragraph.paragraph_format.space_before = docx.shared.Pt(2)
        paragraph.paragraph_format.space_after = docx.shared.Pt(0)
        paragraph.add_run(note).font.size = docx.shared.Pt(_NOTES)
    properties = document.core_properties
    properties.author, properties.title, properties.comments = "", table.title[:250], ""
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def _page(document: Any, landscape: bool) -> None:
    from docx.enum.section import WD_ORIENT
    from docx.shared import Mm

    section = document.sections[0]
    long, short = Mm(297), Mm(210)
    section.orientation = WD_ORIENT.LANDSCAPE if landscape else WD_ORIENT.PORTRAIT
    section.page_width, section.page_height = (long, short) if landscape else (short, long)
    section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = Mm(20)


def _letters(style: Any) -> None:
    from docx.oxml.ns import qn
    from docx.shared import Pt

    style.font.name, style.font.size = _FONT, Pt(_POINTS)
    style.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), _CHINESE)


def _table(document: Any, table: JournalTable, room: int) -> None:
    from docx.shared import Emu

    made = document.add_table(rows=1 + len(table.rows), cols=len(table.columns))
    made.autofit = False
    longest = [max(len(row[place]) for row in (table.columns, *table.rows)) for place in range(len(table.columns))]
    letters = [min(max(one, _FEWEST), _MOST) for one in longest]
    widths = [Emu(int(room * one / sum(letters))) for one in letters]
    for column, width in zip(made.columns, widths, strict=True):
        column.width = width
    for number, (row, texts) in enumerate(zip(made.rows, (table.columns, *table.rows), strict=True)):
        for cell, text, width in zip(row.cells, texts, widths, strict=True):
            cell.width = width
            _write(cell.paragraphs[0], text, bold=number == 0)
        _keep_whole(row, head=number == 0)
    _rule(made.rows[0], "top", 8)
    _rule(made.rows[0], "bottom", 4)
    _rule(made.rows[-1], "bottom", 8)


def _write(paragraph: Any, text: str, *, bold: bool) -> None:
    from docx.shared import Mm, Pt

    paragraph.paragraph_format.space_after = Pt(1)
    paragraph.paragraph_format.left_indent = Mm(3) if text.startswith(INDENT) else None
    paragraph.add_run(text.removeprefix(INDENT)).bold = bold or None


def _keep_whole(row: Any, *, head: bool) -> None:
    from docx.oxml import OxmlElement

    settings = row._tr.get_or_add_trPr()
    settings.append(OxmlElement("w:cantSplit"))
    if head:
        settings.append(OxmlElement("w:tblHeader"))


def _rule(row: Any, side: str, eighths: int) -> None:
    """Draw a rule above or below a row, in eighths of a point."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    for cell in row.cells:
        settings = cell._tc.get_or_add_tcPr()
        borders = settings.find(qn("w:tcBorders"))
        if borders is None:
            borders = OxmlElement("w:tcBorders")
            settings.append(borders)
        line = OxmlElement(f"w:{side}")
        for name, value in (("val", "single"), ("sz", str(eighths)), ("space", "0"), ("color", "000000")):
            line.set(qn(f"w:{name}"), value)
        borders.append(line)
