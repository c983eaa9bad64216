"""The weeks of events and visits, as a proposal asks for them: for results without a date."""

from __future__ import annotations

import re

from relapse_model.cohort.readers.proposed_text import comment, quoted, table_text
from relapse_model.cohort.readers.redcap.export import EVENT, Export
from relapse_model.cohort.readers.redcap.proposal import SHOWN
from relapse_model.cohort.readers.visit_weeks import is_visit

_WEEK = re.compile(r"(?:week|wk|w)_?(\d+)(?:_|$)")
_ASKED = (
    "#? Results of forms without a date: in which week is each event? Complete the lines below, or name a date in each "
    "entry"
)


def weeks_of_events(export: Export) -> dict[str, str]:
    """Return the week that the name of an event states, by event."""
    return {event: found[1] for event in export.events if (found := _WEEK.search(event))}


def visits_lines(export: Export) -> list[str]:
    """Return the section on the weeks of events; nothing where the export has none.

    Parameters
    ----------
    export : Export
    """
    if EVENT not in export.columns or not export.events:
        return []
    weeks, days = weeks_of_events(export), export.offsets
    mark = "#? " if weeks else "# "
    asked = [
        f"{mark}{quoted(event)} = {days[event] / 7:.4g}  # day {days[event]:g} in the list of events"
        if event in days else f'{mark}{quoted(event)} = "..."  # its week, a number such as 4'
        for event in export.events if event not in weeks
    ]  # fmt: skip
    if not weeks:
        return [_ASKED, "# [time.visits]  # weeks, for results without a date", *asked]
    stated = [f"{quoted(event)} = {week}" for event, week in weeks.items()]
    return ["[time.visits]  # weeks, for results without a date", *stated, *asked]


def instead_of_a_date(export: Export) -> list[str]:
    """Return what may say when a result without a date is of: the weeks of events, or a field of visits.

    Parameters
    ----------
    export : Export
    """
    lines = ["# or, instead, the weeks of the events under [time.visits]"] if EVENT in export.columns else []
    for name in export.columns:
        texts = [text for text in export.columns[name].astype(str).str.strip().unique() if text]
        if name != EVENT and is_visit(name) and 0 < len(texts) <= SHOWN and not export.structural(name):
            stated = table_text((text, "...") for text in texts)
            lines.append(f"# week = {{ field = {quoted(name)}, values = {stated} }}  # or {comment(name)}, in weeks")
    return lines
