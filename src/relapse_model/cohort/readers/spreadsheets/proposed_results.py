"""Proposed entries of results: columns of visits, and sheets of one row per result."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import pandas as pd

from relapse_model.cohort.laboratory.lab_texts import read_lab_texts
from relapse_model.cohort.laboratory.unit_conversion import conversion
from relapse_model.cohort.readers.beside_rows import counts_by, is_state
from relapse_model.cohort.readers.factors_in_names import factor_in_name, shown_factor
from relapse_model.cohort.readers.label_words import plain_words
from relapse_model.cohort.readers.other_days import NOT_OF_A_SAMPLE, not_of_a_sample
from relapse_model.cohort.readers.proposed_text import comment, not_read, quoted, sign_asked, table_text, units_read
from relapse_model.cohort.readers.second_statements import holds_comparators
from relapse_model.cohort.readers.signs_beside import NO_SIGN
from relapse_model.cohort.readers.spreadsheets.header_words import (
    ASSAYS,
    DAYS,
    RESULTS,
    TESTS,
    UNITS,
    analyte_of,
    bare_name,
    head_and_unit,
)
from relapse_model.cohort.readers.spreadsheets.look import Look
from relapse_model.cohort.readers.spreadsheets.parts import is_called_visit
from relapse_model.cohort.readers.spreadsheets.proposal import Proposal
from relapse_model.cohort.readers.spreadsheets.proposed_doses import dates_in
from relapse_model.cohort.readers.spreadsheets.table import name_of_column
from relapse_model.cohort.readers.spreadsheets.visit_columns import Columns, columns_of_visits, week_of
from relapse_model.cohort.readers.units_in_names import shorter_names, units_in_name
from relapse_model.cohort.readers.words_beside import as_comparators, stated_signs

_LISTED = 15  # names of tests in a comment


def wide_results(proposal: Proposal, source: str, look: Look) -> None:
    """Write an entry for each analyte whose results stand in columns of visits."""
    patterns = [one for one in columns_of_visits(look) if not any(proposal.uses(look, at) for at in one.places)]
    days = [one for one in patterns if bare_name(one.visits[0].rest) in DAYS]
    days = days or [one for one in patterns if all(dates_in(look, place) for place in one.places)]
    others = [one for one in patterns if one not in days]
    reports = [one for one in days if not_of_a_sample(one.visits[0].rest)]
    days = [one for one in days if one not in reports]
    named = [(one, _analyte(one.visits[0].rest, proposal)) for one in others]
    wanted = [
        (one, name) for one, name in named
        if name in proposal.study.analytes and not _signs_of(proposal, look, one, str(name), alone=False)
    ]  # fmt: skip
    taken = [_days_of(one, days) for one, _ in wanted]
    for one in days if wanted else ():
        if one not in taken:
            proposal.add("", f"# Dates, too: {one.pattern}; other such columns are taken.")
    for one, analyte in wanted:
        assert analyte is not None
        _write_wide(proposal, source, look, one, analyte, _days_of(one, days))
        if reports and not days:
            proposal.ask(day_asked(columns.pattern for columns in reports), 'date = ""')
        sign = [columns for columns, _ in named if _signs_of(proposal, look, columns, analyte, alone=len(wanted) == 1)]
        if len(sign) == 1:
            proposal.use(look, *sign[0].places)
            proposal.add(f"comparator = {quoted(sign[0].pattern)}")


def day_asked(names: Iterable[str]) -> str:
    """Return the question on dates that are called those of a report or an entry.

    Examples
    --------
    >>> day_asked(["报告日期"]).partition(":")[0]
    '报告日期 is called the day of a report, an entry or a receipt'
    """
    shown = comment(", ".join(names))
    return (
        f"{shown} is called the day of {NOT_OF_A_SAMPLE}: which column is the date of the sample? If no other is "
        "known, and it is near enough, name it"
    )


def _days_of(columns: Columns, days: list[Columns]) -> Columns | None:
    """Return the columns of dates that have the most of some visits, the first of several; None where none has any."""
    visits = {one.visit.casefold() for one in columns.visits}
    shared = [len(visits & {one.visit.casefold() for one in each.visits}) for each in days]
    most = max(shared, default=0)
    return days[shared.index(most)] if most else None


def _signs_of(proposal: Proposal, look: Look, columns: Columns, analyte: str, *, alone: bool) -> bool:
    """Tell whether columns of visits hold the comparators of an analyte: by their name, or if it is the only one."""
    texts = pd.concat([look.texts(place) for place in columns.places], ignore_index=True)
    words = bare_name(columns.visits[0].rest).split()
    named = {found for word in words if (found := _analyte(word, proposal)) is not None}
    return holds_comparators(texts) and (named == {analyte} or (alone and not named))


def _analyte(rest: str, proposal: Proposal) -> str | None:
    """Return the analyte of a column, by its name without its visit and unit."""
    names = (head_and_unit(rest)[0], *shorter_names(rest))
    return next((found for name in names if (found := analyte_of(name, proposal.analytes)) is not None), None)


def _write_wide(
    proposal: Proposal, source: str, look: Look, columns: Columns, analyte: str, days: Columns | None
) -> None:
    values = pd.concat([look.texts(place) for place in columns.places], ignore_index=True)
    visits = ", ".join(one.visit for one in columns.visits)
    proposal.use(look, *columns.places)
    proposal.note_unreadable(values, columns.visits[0].rest)
    proposal.add("", "[[labs]]", f"# {len(values)} results at the visits {visits}")
    proposal.add(*([f"source = {quoted(source)}"] if source else []))
    proposal.add(f"analyte = {quoted(analyte)}", f"value = {quoted(columns.pattern)}")
    rest = columns.visits[0].rest
    unit_lines(proposal, analyte, unit_of_name(rest), values)
    if days is not None:
        proposal.use(look, *days.places)
        dated = {one.visit.casefold() for one in days.visits}
        lacking = {one.visit for one in columns.visits if one.visit.casefold() not in dated}
        if lacking:
            proposal.add(f"# No date of the visits {', '.join(sorted(lacking))}.")
        proposal.add(f"date = {quoted(days.pattern)}")
    for one in columns.visits:
        if days is not None and is_called_visit(name_of_column(one.visit)):
            continue  # its date says when
        proposal.visit(one.visit, week_of(one))


def unit_of_name(name: str) -> str:
    """Return the unit that the name of a column prints, with the factor that stands beside it; nothing where none does.

    Examples
    --------
    >>> unit_of_name("HBsAg (IU/mL)"), unit_of_name("HBsAg in Tsd. IE/ml"), unit_of_name("HBsAg")
    ('IU/mL', '10^3 IE/ml', '')
    """
    printed = head_and_unit(name)[1] or next((one for one in units_in_name(name) if one != "log10"), "")
    factor = factor_in_name(name)
    return f"{shown_factor(factor)} {printed}".strip() if factor and not factor_in_name(printed) else printed


def unit_lines(proposal: Proposal, analyte: str, printed: str, values: pd.Series) -> None:
    """Write the unit of the header where the study takes it; ask for it otherwise, unless the results print theirs."""
    rule = proposal.study.analytes[analyte]
    read = read_lab_texts(values)
    number = read[read["kind"] == "number"]
    if len(number) and (asked := sign_asked(proposal.study, analyte)):
        proposal.add(f"# {asked}.", '# lower_limit = ""')
    if printed and conversion(rule, printed) is not None:
        said = not_read(rule, printed)
        proposal.add(f"unit = {quoted(printed)}{f'  # {said}' if said else ''}")
        return
    if not printed and (not len(number) or bool((number["unit"] != "").all())):
        return
    said = f"states {quoted(printed)}, which the study does not take" if printed else "states none"
    proposal.ask(
        f"In which unit is it? The name of the column {said}. The study reads numbers in {units_read(rule)}.",
        'unit = ""',
    )


def first_of(look: Look, words: tuple[str, ...]) -> int | None:
    """Return where the first column stands that is called by one of some words; None where none is."""
    bare = [bare_name(name) for name in look.table.names]
    return next((bare.index(word) for word in words if word in bare), None)


def long_results(proposal: Proposal, source: str, look: Look) -> None:
    """Write an entry for a sheet of one row per result: its columns of test, result, unit, date and assay."""
    test, result = first_of(look, TESTS), first_of(look, RESULTS)
    if test is None or result is None:
        return
    unit, day, assay = first_of(look, UNITS), first_of(look, DAYS), first_of(look, ASSAYS)
    names = look.table.names
    own = {place for place in (test, result, unit, day, assay) if place is not None}
    sign = _sign_of(proposal, look, result, own)
    proposal.use(look, *own, *(() if sign is None else (sign,)))
    proposal.add("", "[[labs]]", f"# {len(look.texts(result))} results")
    aliases = _aliases(proposal, look, test)
    _tests_met(proposal, look, test, unit, aliases)
    known = look.table.column(test).astype(str).str.strip().map(
        lambda text: aliases.get(text) or proposal.analytes.meaning(text).name
    )  # fmt: skip
    values = look.table.column(result).astype(str).str.strip()
    proposal.note_unreadable(values[known.isin(list(proposal.study.analytes)) & (values != "")])
    proposal.add(*([f"source = {quoted(source)}"] if source else []))
    stated = f", values = {table_text(aliases.items())}" if aliases else ""
    proposal.add(f"analyte = {{ field = {quoted(names[test])}{stated} }}", f"value = {quoted(names[result])}")
    _comparator(proposal, look, sign)
    if unit is None:
        proposal.ask("In which unit are the results? There is no column of units.", 'unit = ""')
    else:
        proposal.add(f"unit = {{ field = {quoted(names[unit])} }}")
    if day is None:
        reports = [name for place, name in enumerate(names) if not_of_a_sample(name) and dates_in(look, place)]
        proposal.ask(day_asked(reports) if reports else "Which column is the date of the sample?", 'date = ""')
    else:
        proposal.add(f"date = {quoted(names[day])}")
    proposal.add(*([f"assay = {{ field = {quoted(names[assay])} }}"] if assay is not None else []))
    _states(proposal, look)


def _aliases(proposal: Proposal, look: Look, test: int) -> dict[str, str]:
    """Return the tests that a study does not know by the name that is printed, and that are analytes of it."""
    unknown = [str(one) for one in look.texts(test).unique() if proposal.analytes.meaning(str(one)).name is None]
    found = {text: analyte_of(text, proposal.analytes) or "" for text in unknown}
    return {text: name for text, name in found.items() if name in proposal.study.analytes}


def _sign_of(proposal: Proposal, look: Look, result: int, own: set[int]) -> int | None:
    """Return the column of the comparators of a sheet: of signs alone, else one with signs among other texts."""
    others = [place for place in range(len(look.table.names)) if place not in own and not proposal.uses(look, place)]
    for place in others:
        if holds_comparators(look.table.column(place)):
            return place
    number = look.table.column(result).astype(str).str.match(r"\s*[0-9]").to_numpy(dtype=bool)
    found = ((place, stated_signs(look.table.column(place))) for place in others)
    return next((place for place, one in found if one is not None and bool(((one.said != "") & number).any())), None)


def _comparator(proposal: Proposal, look: Look, sign: int | None) -> None:
    """Write the column of comparators; where texts stand there whose meaning is not known, ask for them."""
    if sign is None:
        return
    name, stated = look.table.names[sign], stated_signs(look.table.column(sign))
    if stated is None:
        proposal.add(f"comparator = {quoted(name)}")
        return
    signs = as_comparators(stated.meanings)
    known = {text: one for text, one in signs.items() if one or plain_words(text) in NO_SIGN}
    line = f"comparator = {{ field = {quoted(name)}, values = {table_text(known.items())} }}"
    if len(known) == len(signs):
        proposal.add(line)
        return
    others = len(signs) - len(known)  # not shown: a remark may name somebody
    proposal.ask(
        f'Is this the comparator? Give its {others} other texts a meaning, too: "" where a number is none.', line
    )


def _states(proposal: Proposal, look: Look) -> None:
    """Ask which states of results count, where a column of them has others than final ones."""
    for place, name in enumerate(look.table.names):
        counts = look.table.column(place).astype(str).str.strip().value_counts() if is_state(name) else pd.Series()
        texts = [str(text) for text in counts.index if text]
        if not any(not counts_by(text, name) for text in texts) or len(texts) > _LISTED:
            continue
        proposal.use(look, place)
        said = ", ".join(f"{quoted(text)} {counts[text]}" for text in texts)
        final = ", ".join(quoted(str(text)) for text in counts.index if not text or counts_by(str(text), name))
        proposal.ask(f"Which states count as results? {said}", f"when = {{ {quoted(name)} = [{final}] }}")
        return


def _tests_met(proposal: Proposal, look: Look, test: int, unit: int | None, aliases: dict[str, str]) -> None:
    """Say which tests there are, in which units, and what they mean to the study."""
    tests = look.table.column(test).astype(str).str.strip()
    units = pd.Series("", index=tests.index) if unit is None else look.table.column(unit).astype(str).str.strip()
    counts = pd.DataFrame({"test": tests, "unit": units}).value_counts()
    for met, count in list(counts.items())[:_LISTED]:
        name, own = map(str, cast("tuple[str, str]", met))
        if not name:
            continue
        meaning = proposal.analytes.meaning(aliases.get(name, name))
        if meaning.name in proposal.study.analytes:
            unread = not_read(proposal.study.analytes[str(meaning.name)], own)
            said = f"{meaning.name}{f', {unread}' if unread else ''}"
        else:
            said = f"like {', '.join(meaning.doubt)}: give its meaning" if meaning.doubt else "not used by the study"
        proposal.add(f"# {name} in {own or 'no unit'}: {count}, {said}")
    if len(counts) > _LISTED:
        proposal.add(f"# and {len(counts) - _LISTED} more tests or units")
