"""Sheets of the workbooks, and files of the folder, that a mapping does not name: listed, lest they are forgotten."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from relapse_model.cohort.readers.spreadsheets import text_file, workbook
from relapse_model.cohort.readers.spreadsheets.table import Table

_LOCKS = "~."  # the first letter of files that programs keep beside an open one


def not_read(
    source: Path, tables: Mapping[str, Table], shown: Callable[[object], str], also_read: str = ""
) -> tuple[str, ...]:  # fmt: skip
    """Return the sheets and files of a source that nothing was read of, with their rows; empty sheets are left out.

    Parameters
    ----------
    source : Path
        A file, or a folder of files.
    tables : mapping of str to Table
        What was read.
    shown : callable
        How a message may show a text: sheets are named after patients, too.
    also_read : str
        A file that was read beside them.
    """
    titles: dict[Path, set[str]] = {}
    for table in tables.values():
        if table.sheet.file is not None:
            titles.setdefault(table.sheet.file, set()).add(table.sheet.title)
    found = []
    for file, read in titles.items():
        if file.suffix.lower() in workbook.FORMS:
            others = workbook.rows_by_sheet(file)
            found += [
                f"{shown(file.name)}, sheet {shown(title)} ({rows:,} rows)"
                for title, rows in others.items() if rows and title not in read
            ]  # fmt: skip
    if source.is_dir():
        forms = (*workbook.FORMS, *text_file.FORMS)
        known = {file.resolve() for file in (*titles, source / also_read)}
        found += [
            f"file {shown(one.name)}" for one in sorted(source.iterdir())
            if one.suffix.lower() in forms and one.name[0] not in _LOCKS and one.resolve() not in known
        ]  # fmt: skip
    return tuple(found)
