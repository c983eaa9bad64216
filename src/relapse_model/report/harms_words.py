"""Adverse events by arm as the rows of a page."""

from __future__ import annotations

from typing import Any

from relapse_model.report.trial_words import first_capital, percent, points
from relapse_model.trial.arms.adverse_events import GRADE, SUMMARY, TERM, AdverseEvents
from relapse_model.trial.arms.analysis import records

_LONGEST = 50  # terms on the page; all of them are in harms.csv


def harms_rows(found: AdverseEvents | None) -> dict[str, Any] | None:
    """Return the rows of the three tables (summary, grades, terms) as text, and what is said beside them.

    Parameters
    ----------
    found : AdverseEvents or None
    """
    if found is None:
        return None
    lines = harms_lines(found)
    outside = [f"{when}: {both[0]} and {both[1]} events" for when, both in found.not_counted.items() if both != (0, 0)]
    return {
        **lines,
        TERM: lines[TERM][:_LONGEST],
        "more": max(len(lines[TERM]) - _LONGEST, 0),
        "until": f"{found.until:g}",
        "notes": [first_capital(note) for note in found.notes],
        "outside": "; ".join(outside),
    }


def harms_lines(found: AdverseEvents) -> dict[str, list[dict[str, str]]]:
    """Return all rows of the three tables (summary, grades, terms) as text.

    Parameters
    ----------
    found : AdverseEvents
    """
    lines: dict[str, list[dict[str, str]]] = {SUMMARY: [], GRADE: [], TERM: []}
    for (group, what), both in found.table.groupby(["group", "what"], sort=False):
        one, nought = records(both)
        row = {"what": _what(str(group), str(what)), "treatment": _arm(one), "control": _arm(nought), "difference": ""}
        if group == SUMMARY:
            low, high = points(one["difference_lower"]), points(one["difference_upper"])
            row["difference"] = f"{points(one['difference'])} ({low} to {high})"
        lines[str(group)].append(row)
    return lines


def _what(group: str, what: str) -> str:
    if group == SUMMARY:
        return "Any adverse event" if what == "any" else first_capital(what)
    if group == GRADE:
        return f"Grade {what}" if what.isdecimal() else first_capital(what)
    return what


def _arm(row: dict[str, Any]) -> str:
    """Return patients and events of one arm; a share with its exact interval where there is one."""
    events = f"{row['events']} event{'' if row['events'] == 1 else 's'}"
    counted = f"{row['patients']} of {row['of']}"
    if row["group"] == SUMMARY:
        return f"{counted}, {percent(row['share'])} ({_limits(row)}); {events}"
    severe = row["patients_grade_3_or_higher"]
    of_grade = f", {severe} of grade 3 or higher" if row["group"] == TERM and severe else ""
    return f"{row['patients']} patient{'' if row['patients'] == 1 else 's'}{of_grade}; {events}"


def _limits(row: dict[str, Any]) -> str:
    return f"{100 * row['lower']:.1f} to {percent(row['upper'])}"
