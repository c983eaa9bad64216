"""The order of events as the project states it, and what contradicts it: stated weeks, and dates of visits."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd

from relapse_model.arrays import Floats
from relapse_model.cohort.readers.entry_rows import in_mapping
from relapse_model.cohort.readers.field_texts import read_field
from relapse_model.cohort.readers.label_words import plain_words
from relapse_model.cohort.readers.redcap.export import EVENT, REPEAT, Export, arm_of
from relapse_model.cohort.readers.source_mapping import Field, SourceMapping
from relapse_model.cohort.readers.source_table import SourceTable
from relapse_model.cohort.readers.visit_weeks import is_visit, weeks_said
from relapse_model.errors import Problem

_ROWS = 10  # named in a note


def visit_weeks(export: Export, mapping: SourceMapping) -> dict[str, float]:
    """Return the week of each event by its unique name; the mapping may name it without its arm."""
    visits = mapping.time.visits
    found = {event: visits.get(event, visits.get(re.sub(r"_arm_\d+[a-z]?$", "", event))) for event in export.events}
    return {event: week for event, week in found.items() if week is not None}


def event_weeks(table: SourceTable, mapping: SourceMapping) -> Floats:
    """Return the week that each row states: the name of its event, else a field of visits; NaN of repeated forms.

    Parameters
    ----------
    table : SourceTable
        Under the patients' identifiers.
    mapping : SourceMapping
    """
    named = {plain_words(name): week for name, week in mapping.time.visits.items()}
    weeks = np.full(len(table), np.nan)
    if EVENT in table.columns:
        bare = table.columns[EVENT].str.replace(r"_arm_\d+[a-z]?$", "", regex=True)
        weeks = weeks_said(bare, named)
        weeks = np.where(np.isnan(weeks), weeks_said(table.columns[EVENT], named), weeks)
    for name in [one for one in table.columns if is_visit(one)][:1]:
        weeks = np.where(np.isnan(weeks), weeks_said(table.columns[name], named, name), weeks)
    if REPEAT in table.columns:
        weeks = np.where((table.columns[REPEAT] == "").to_numpy(), weeks, np.nan)
    return weeks


def weeks_against_offsets(mapping: SourceMapping, export: Export, weeks: dict[str, float]) -> Iterator[Problem]:
    """Yield a problem where stated weeks of two events of an arm are in another order than their days in the project.

    The days themselves are not compared: many projects number their events only. Refused are weeks that are all the
    days, if these are whole weeks.

    Parameters
    ----------
    mapping : SourceMapping
    export : Export
    weeks : dict of str to float
        Of events, by unique name.
    """
    known = [(arm_of(event), export.offsets[event], event) for event in weeks if event in export.offsets]
    days = [(offset, event) for _, offset, event in known if offset]
    if len(days) > 1 and all(weeks[event] == offset and not offset % 7 for offset, event in days):
        found = f"{days[0][1]!r} in week {weeks[days[0][1]]:g}, and the others in the weeks that are their days"
        yield in_mapping(mapping, ("time", "visits"), found, f"{days[0][0] / 7:g}: day_offset is {days[0][0]:g} there",
                         "State weeks: days divided by 7")  # fmt: skip
    for (arm, offset, event), (other_arm, later, other) in zip(sorted(known), sorted(known)[1:], strict=False):
        if arm == other_arm and offset < later and weeks[event] > weeks[other]:
            found = f"{event!r} in week {weeks[event]:g}, and {other!r} in week {weeks[other]:g}"
            expected = f"their order in the list of events: day_offset {offset:g} before {later:g}"
            yield in_mapping(mapping, ("time", "visits"), found, expected, "Correct the weeks, or the list of events")


def order_notes(mapping: SourceMapping, export: Export, table: SourceTable) -> Iterator[str]:
    """Yield a note for each date of results that is earlier, in some rows, than that of an earlier event.

    Parameters
    ----------
    mapping : SourceMapping
    export : Export
    table : SourceTable
        Under the patients' identifiers, with the columns made ready.
    """
    rank = export.ranks
    if EVENT not in export.columns or not rank:
        return
    at = export.columns[EVENT].map(rank)
    once = at.notna()
    if REPEAT in export.columns:
        once &= export.columns[REPEAT] == ""
    for name in dict.fromkeys(one.fields["date"].name for one in mapping.labs if "date" in one.fields):
        if name not in table.columns:
            continue
        days = read_field(table.columns[name], Field(name), mapping, date=True).values.str[:10]
        rows = pd.DataFrame({"patient": table.keys, "arm": export.columns[EVENT].map(arm_of), "rank": at, "day": days})
        rows = rows[(once & (days != "")).to_numpy()].sort_values(["patient", "arm", "rank"], kind="stable")
        latest = pd.to_datetime(rows["day"]).groupby([rows["patient"], rows["arm"]]).cummax()
        early = rows.index[(pd.to_datetime(rows["day"]) < latest).to_numpy()]
        if len(early):
            numbers = sorted(table.number[early].tolist())
            shown = ", ".join(map(str, numbers[:_ROWS])) + (", ..." if len(numbers) > _ROWS else "")
            yield (f"{table.name}, {name}: in {len(numbers)} rows the dates are not in the order of the events "
                   f"({shown}): look whether they are right")  # fmt: skip
