"""Tables for a journal opened again: title, columns, rows and notes as texts."""

from __future__ import annotations

import io


def read_xlsx(content: bytes, rows: int) -> tuple[str, list[str], list[list[str]], list[str]]:
    """Return what a workbook holds, of a table of that many rows."""
    import openpyxl

    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    lines = [["" if cell is None else str(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
    notes = [row[0] for row in lines[2 + rows :]]
    return lines[0][0], lines[1], lines[2 : 2 + rows], notes


def read_docx(content: bytes) -> tuple[str, list[str], list[list[str]], list[str]]:
    """Return what a Word document holds."""
    import docx

    document = docx.Document(io.BytesIO(content))
    paragraphs = [paragraph.text for paragraph in document.paragraphs]
    (table,) = document.tables
    lines = [[cell.text for cell in row.cells] for row in table.rows]
    return paragraphs[0], lines[0], lines[1:], paragraphs[1:]
