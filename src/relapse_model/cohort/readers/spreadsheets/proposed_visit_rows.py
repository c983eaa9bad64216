"""Proposed entries of results that stand in columns of their analytes, in a sheet of one row per visit."""

from __future__ import annotations

import re

import pandas as pd

from relapse_model.cohort.readers.identifying import may_identify
from relapse_model.cohort.readers.other_days import not_of_a_sample
from relapse_model.cohort.readers.proposed_text import quoted, table_text
from relapse_model.cohort.readers.spreadsheets.header_words import DAYS, WEEKS, analyte_of, bare_name, head_and_unit
from relapse_model.cohort.readers.spreadsheets.look import Look
from relapse_model.cohort.readers.spreadsheets.proposal import Proposal
from relapse_model.cohort.readers.spreadsheets.proposed_doses import dates_in
from relapse_model.cohort.readers.spreadsheets.proposed_results import day_asked, first_of, unit_lines, unit_of_name
from relapse_model.cohort.readers.units_in_names import shorter_names, time_named
from relapse_model.cohort.readers.visit_weeks import is_visit

_MOST = 40  # visits that are listed
_VISITS = ("visit", "visite", "visita", "time", "timepoint", "time point", "zeit", "访视", "随访", "时间", "时间点")
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")


def results_by_visit(proposal: Proposal, source: str, look: Look) -> None:
    """Write an entry for each column that is called by an analyte, with the column of dates or weeks of its rows.

    Parameters
    ----------
    proposal : Proposal
    source : str
        Its name in the mapping; empty for the sheet of the patients.
    look : Look
    """
    found = [(place, name) for place in range(len(look.table.names)) if (name := _analyte(proposal, look, place))]
    if not found:
        return
    times = _time_lines(proposal, look)
    if not times:
        _untimed(proposal, look, found)
        return
    for place, analyte in found:
        name, values = look.table.names[place], look.texts(place)
        proposal.use(look, place)
        proposal.note_unreadable(values, name)
        proposal.add("", "[[labs]]", f"# {len(values)} results")
        proposal.add(*([f"source = {quoted(source)}"] if source else []))
        proposal.add(f"analyte = {quoted(analyte)}", f"value = {quoted(name)}")
        unit_lines(proposal, analyte, unit_of_name(name), values)
        proposal.add(*times)


def _untimed(proposal: Proposal, look: Look, found: list[tuple[int, str]]) -> None:
    """Say of which columns nothing tells when the results in them were measured."""
    for place, analyte in found:
        proposal.add(
            f"# {look.table.name}, {look.table.names[place]}: results of {analyte}, and no column of dates or weeks "
            "beside it. To read them, give a copy such a column, and name it in a [[labs]]: date, or week."
        )


def _analyte(proposal: Proposal, look: Look, place: int) -> str:
    """Return the analyte of the study by which a column is called that holds anything; nothing where by none."""
    name = look.table.names[place]
    if proposal.uses(look, place) or may_identify(name) or not len(look.texts(place)):
        return ""
    names = (head_and_unit(name)[0], *shorter_names(name))
    found = next((one for each in names if (one := analyte_of(each, proposal.analytes)) is not None), "")
    return found if found in proposal.study.analytes else ""


def _time_lines(proposal: Proposal, look: Look) -> list[str]:
    """Return the lines that say when the rows of a sheet are of: by a date, else by a week; none where nothing does."""
    names = look.table.names
    day = first_of(look, DAYS)
    if day is not None:
        proposal.use(look, day)
        return [f"date = {quoted(names[day])}"]
    week = first_of(look, WEEKS)
    counted = next((place for place, name in enumerate(names) if _is_week(name)), None)
    week = counted if week is None else week
    if week is None:
        week = next((place for place, name in enumerate(names) if is_visit(name)), None)
    if week is None:
        reports = [name for place, name in enumerate(names) if not_of_a_sample(name) and dates_in(look, place)]
        return [f"#? {day_asked(reports)}", 'date = ""'] if reports else []
    proposal.use(look, week)
    return _weeks(names[week], look.texts(week), bare_name(names[week]) in WEEKS or week == counted)


def _is_week(name: str) -> bool:
    """Tell whether a column is called a visit or a time that is counted in weeks: "Visit (week)"."""
    return bare_name(name) in _VISITS and time_named(head_and_unit(name)[1]) == "weeks"


def _weeks(name: str, texts: pd.Series, counts: bool) -> list[str]:
    """Return the line of a column of weeks; a question where some of its texts, such as EOT, are no weeks."""
    visits = [str(one) for one in texts.unique()]
    odd = [one for one in visits if not (counts and _NUMBER.fullmatch(one))]
    if not odd:
        return [f"week = {quoted(name)}"]
    weeks = table_text((one, "..." if one in odd else one) for one in visits[:_MOST])
    return [
        f'#? In which week since enrolment is {", ".join(odd[:_MOST])}? Put it in place of each "..."; rows of a visit '
        f"that is at another week in each patient are left out: when = {{ {quoted(name)} = [...] }}",
        f"week = {{ field = {quoted(name)}, values = {weeks} }}",
    ]
