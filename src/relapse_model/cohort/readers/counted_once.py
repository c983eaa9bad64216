"""Rows of a source that say the same as an earlier one, and were counted once: in the report of the reading."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from relapse_model.cohort.cohort import COUNTED_ONCE
from relapse_model.cohort.reading_report import LeftOut, ReadingReport
from relapse_model.errors import Problem

_ROW_BY_ROW = ("cdisc", "omop")  # one row there is one result, or one course
_WHY = "that say the same as an earlier one: counted once"
_NAMED = 10  # rows of a note
_DOSE = "; two doses of one day are one row with the sum"


def _listed(once: Sequence[Problem]) -> str:
    """Return how many rows there are, and the first of them as the source numbers them."""
    rows = list(dict.fromkeys(f"{one.table} {one.counted} {one.row}" for one in once if one.row is not None))
    more = ", ..." if len(rows) > _NAMED or (rows and any(one.row is None for one in once)) else ""
    return f"{len(once):,}" + (f", {', '.join(rows[:_NAMED])}{more}" if rows else "")


def with_repetitions(report: ReadingReport, remarks: Iterable[tuple[str, Problem]]) -> ReadingReport:
    """Return a report that lists rows which the gate counted once: out of those used, or as a note.

    Parameters
    ----------
    report : ReadingReport
    remarks : iterable of (str, Problem)
        Of the gate, each with the table of the cohort and placed in the source.
    """
    once = [(name, one) for name, one in remarks if one.found == COUNTED_ONCE]
    if not once:
        return report
    sources, told = [], 0
    for reading in report.sources:
        own = [(name, one) for name, one in once if one.table == reading.source]
        if report.kind in _ROW_BY_ROW and own and len(own) <= reading.used:
            rows = tuple(one.row for _, one in own if one.row is not None)
            why = _WHY + (_DOSE if own[0][0] == "treatments" else "")
            left = LeftOut(why, len(own), rows if len(rows) == len(own) else ())
            reading = replace(reading, used=reading.used - len(own), left_out=(*reading.left_out, left))
            told += len(own)
        sources.append(reading)
    notes = report.notes
    if told < len(once):
        names = dict.fromkeys(name for name, _ in once)
        counts = "; ".join(f"{name}: {_listed([one for of, one in once if of == name])}" for name in names)
        why = _WHY + (_DOSE if "treatments" in names else "")
        notes = (*notes, f"rows {why} ({counts})")
    return replace(report, sources=tuple(sources), notes=notes)
