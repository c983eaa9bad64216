"""A result as a few lines of HTML for a notebook: facts, and a table of some rows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape

MOST_ROWS = 12  # what is longer is cut, and says so: a notebook is no report
_LINE = "1px solid color-mix(in srgb, currentColor 25%, transparent)"
_CELL = f"text-align: left; vertical-align: top; padding: 0.15em 0.8em 0.15em 0; border-bottom: {_LINE};"


def html_summary(
    title: str,
    facts: Iterable[tuple[str, object]] = (),
    *,
    columns: Sequence[str] = (),
    rows: Sequence[Sequence[object]] = (),
    note: str = "",
) -> str:
    """Return HTML that Jupyter and its relatives show in place of a ``repr``; every text is escaped.

    It holds no script, no style sheet and nothing that is fetched, and takes its colours from the page, light or dark.
    Negative numbers have a minus sign.

    Parameters
    ----------
    title : str
    facts : iterable of (str, object)
        Name and value, one line each; a value of None or "" is left out.
    columns : sequence of str
        Heads of a table; without them there is none.
    rows : sequence of sequence
        Cells; at most 12 rows are shown.
    note : str
        Below the table.

    Examples
    --------
    >>> html = html_summary("A & B", [("patients", 132), ("registry", "")])
    >>> "A &amp; B" in html, "132" in html, "registry" in html
    (True, True, False)
    """
    known = [(name, value) for name, value in facts if value is not None and value != ""]
    parts = [f"<strong>{escape(true_minus(title))}</strong>"]
    if known:
        parts.append(_table([], known))
    if columns:
        parts.append(_table(columns, rows[:MOST_ROWS]))
        if len(rows) > MOST_ROWS:
            note = f"{len(rows) - MOST_ROWS} more rows are not shown. {note}".strip()
    if note:
        parts.append(f'<div style="opacity: 0.75; max-width: 48em">{escape(true_minus(note))}</div>')
    return f'<div style="line-height: 1.4">{"".join(parts)}</div>'


def true_minus(text: str) -> str:
    """Return text whose negative numbers have a minus sign, not a hyphen; ranges, dates and names stay.

    Parameters
    ----------
    text : str

    Examples
    --------
    >>> true_minus("-0.02 (-0.52 to 0.49), 2-3 of 2026-11-29")
    '\N{MINUS SIGN}0.02 (\N{MINUS SIGN}0.52 to 0.49), 2-3 of 2026-11-29'
    """
    return re.sub(r"(?<![\w.)\]-])-(?=\.?\d)", "\N{MINUS SIGN}", text)


def _table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    head = "".join(_heading(escape(one)) for one in columns)
    body = "".join("<tr>" + _cells(row, named=not columns) + "</tr>" for row in rows)
    top = f"<thead><tr>{head}</tr></thead>" if columns else ""
    return f'<table style="border-collapse: collapse; margin: 0.3em 0">{top}<tbody>{body}</tbody></table>'


def _heading(text: str) -> str:
    """Return the cell of a heading; an empty one is the heading of nothing, and no screen reader should stop there."""
    return f'<th scope="col" style="{_CELL}">{text}</th>' if text else f'<td style="{_CELL}"></td>'


def _cells(row: Sequence[object], named: bool) -> str:
    first, *others = (escape(_shown(cell)) for cell in row)
    weight = " opacity: 0.75; font-weight: normal;" if named else " font-weight: 600;"
    start = f'<th scope="row" style="{_CELL}{weight}">{first}</th>'
    return start + "".join(f'<td style="{_CELL}">{cell}</td>' for cell in others)


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return true_minus(f"{value:,}" if isinstance(value, int) else str(value))
