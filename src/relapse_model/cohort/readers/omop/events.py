"""Rows of events to rows of a cohort: results, courses, and an outcome; each is used, refused, or counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Mask
from relapse_model.cohort.readers.entry_rows import if_right
from relapse_model.cohort.readers.made_table import ROW, MadeTable
from relapse_model.cohort.readers.omop.cdm import CDM, CdmTable
from relapse_model.cohort.readers.omop.deaths import after_death
from relapse_model.cohort.readers.omop.found_events import Events
from relapse_model.cohort.readers.omop.found_persons import Persons
from relapse_model.cohort.readers.omop.results import results_said
from relapse_model.cohort.readers.omop.said import Said
from relapse_model.cohort.readers.omop.tables import Query, Tables
from relapse_model.cohort.readers.omop.visits_of_others import VISIT
from relapse_model.cohort.readers.omop.wanted import Asked, Wanted
from relapse_model.cohort.readers.second_names import IF_ITS_UNIT, NAMED, OF_ONE_UNIT, LoincMet
from relapse_model.cohort.readers.source_dates import Partial
from relapse_model.cohort.readers.source_mapping import SourceMapping
from relapse_model.cohort.reading_report import LeftOut, NotMapped, SourceReading
from relapse_model.cohort.tables.identifiers import identifier_key
from relapse_model.errors import Problem

NOT_NAMED = "of a concept that the mapping does not name"
OTHER = "not as the mapping's 'when' asks, or left out by its 'unless'"
REFUSED = "refused"
LIVING = "a day of the person's life: the table DEATH says when it ended"
_RESULTS = ("value_as_number", "operator_concept_id", "value_as_concept_id", "unit_concept_id", "unit_source_value")
_ASSAY = ("assay", "lower_limit", "upper_limit")
_COLUMNS = {
    "labs": ("patient_id", "date", "analyte", "value", "unit", *_ASSAY),
    "treatments": ("patient_id", "agent", "start_date", "end_date", "dose", "unit"),
}
_OPTIONAL = {"labs": _ASSAY, "treatments": ("dose", "unit")}


def made_of(found: Mapping[str, Events], section: str) -> MadeTable:
    """Return what was read from one table, or several, as a table of the cohort folder.

    Parameters
    ----------
    found : mapping of str to Events
        By table of the source.
    section : str
        ``"labs"`` or ``"treatments"``.
    """
    columns = _COLUMNS[section]
    every = {name: events.table() for name, events in found.items() if events.rows}
    rows = pd.concat([pd.DataFrame(columns=list(columns), dtype=object), *every.values()], ignore_index=True)
    number = pd.to_numeric(rows.pop("number"), errors="coerce") if "number" in rows else pd.Series(dtype=float)
    empty = [name for name in _OPTIONAL[section] if (rows[name] == "").all()]
    visit = rows.pop("visit") if "visit" in rows else None
    as_text = rows.pop("as_text").astype(bool) if "as_text" in rows else None
    numbered = len(found) == 1 and not number.isna().any()
    if numbered:  # a database gives rows in no order
        order = number.argsort(kind="stable")
        rows, number = rows.iloc[order], number.iloc[order]
        visit = None if visit is None else visit.iloc[order]
        as_text = None if as_text is None else as_text.iloc[order]
    first = next(iter(found))
    rows = rows.drop(columns=empty)
    rows[ROW] = number.to_numpy(dtype=np.int64) if numbered else np.arange(1, len(rows) + 1)
    source = np.repeat(np.array(list(every), dtype=object), [len(one) for one in every.values()])
    known = CDM[first]
    called = {"date": known.start, "start_date": known.start, "end_date": known.end or known.start,
              "value": "value_as_number", "unit": "unit_source_value"}  # fmt: skip
    return MadeTable(rows, first if len(found) == 1 else source,
                     rows[ROW].to_numpy(dtype=np.int64) if numbered else None,
                     {} if len(found) > 1 else dict(called), counted=known.row if numbered else "row",
                     visit=None if visit is None else lambda: _visits(visit),
                     as_text=None if as_text is None else as_text.to_numpy(dtype=bool))  # fmt: skip


def _visits(visit: pd.Series) -> NDArray[np.object_]:
    """Return what visits are called in messages; empty where the source has none."""
    none = visit.isna() | visit.isin(["", "0"])
    named: NDArray[np.object_] = (f"{VISIT} " + visit.astype(str)).mask(none, "").to_numpy(dtype=object)
    return named


def chunks_of(
    tables: Tables, table: str, wanted: tuple[Wanted, ...], more: tuple[str, ...], cohort: int | None
) -> tuple[Query, tuple[str, ...]]:
    """Return the query for all rows that some entries ask for, and the columns that the source lacks.

    Parameters
    ----------
    tables : Tables
    table : str
    wanted : tuple of Wanted
    more : tuple of str
        Columns besides those that the entries name.
    cohort : int or None
    """
    known = tables.columns(table)
    named = [one.name.lower() for each in wanted for one in each.entry.fields.values()]
    conditions = [column for each in wanted for column in (*each.among, *each.unless)]
    names = dict.fromkeys(("person_id", CDM[table].concept, CDM[table].row, *more, *named, *conditions))
    concept = CDM[table].concept
    among = {}
    if all(concept in each.among for each in wanted):
        among = {concept: tuple(dict.fromkeys(code for each in wanted for code in each.among[concept]))}
    there = tuple(name for name in names if name in known)
    return Query(table, there, among, cohort), tuple(name for name in names if name and name not in known)


def left_out(chunk: pd.DataFrame, wanted: Wanted) -> Mask:
    """Tell which rows an entry leaves out, whatever it asks for (``unless``)."""
    found = np.zeros(len(chunk), dtype=bool)
    for column, values in wanted.unless.items():
        found |= chunk[column].isin(values).to_numpy()
    return found


def entry_of(chunk: pd.DataFrame, wanted: tuple[Wanted, ...]) -> tuple[NDArray[np.intp], Mask]:
    """Return which entry each row is of (-1: none), and which rows are of entries with different names."""
    found = np.full(len(chunk), -1)
    several = np.zeros(len(chunk), dtype=bool)
    names = np.array([each.name for each in wanted] or [""], dtype=object)
    for place, each in enumerate(wanted):
        rows = np.ones(len(chunk), dtype=bool)
        for column, values in each.among.items():
            rows &= chunk[column].isin(values).to_numpy()
        rows &= ~left_out(chunk, each)
        several |= rows & (found >= 0) & (names[found] != each.name)
        found[rows & (found < 0)] = place
    return found, several


def read_labs(tables: Tables, table: str, mapping: SourceMapping, asked: Asked, persons: Persons) -> Events:
    """Return the results of one table, chunk by chunk.

    Parameters
    ----------
    tables : Tables
    table : str
        ``"measurement"`` or ``"observation"``.
    mapping : SourceMapping
    asked : Asked
    persons : Persons
    """
    known, wanted = CDM[table], asked.of_table(table)
    visit = tuple(name for name in (VISIT,) if name in tables.columns(table))
    more = (known.start, known.moment, known.text, known.source_code, *_RESULTS, *visit)
    query, lacking = chunks_of(tables, table, wanted, more, asked.cohort)
    events = Events(loinc=LoincMet(asked.second))
    for chunk in tables.chunks(query):
        chunk = chunk.assign(**dict.fromkeys(lacking, ""))
        entry, several = entry_of(chunk, wanted)
        events.count(chunk, wanted, known.concept)
        position = persons.positions(chunk["person_id"])
        usable = usable_rows(events, chunk, entry, several, position, persons, table)
        usable &= ~other_names(events, chunk, entry, usable, wanted, position, persons, table, asked)
        for place, each in enumerate(wanted):
            own = usable & (entry == place)
            if own.any():
                part = chunk[own].reset_index(drop=True)
                said = _said(part, known, each, mapping, asked)
                events.zoned += said.zoned
                events.beside.update({(each.name, concept): count for concept, count in said.beside.items()})
                for reason, rows in said.empty.items():
                    events.left[reason] += int(rows.sum())
                for unclear in said.unclear:
                    refuse_rows(
                        events, part, unclear.rows, position[own], persons, table, unclear.column, unclear.found,
                        unclear.expected, unclear.advice,
                    )  # fmt: skip
                late = after_death(said.date, position[own], persons) & ~said.settled()
                refuse_rows(events, part, late, position[own], persons, table, known.start,
                        [repr(text) for text in said.date[late]], LIVING)  # fmt: skip
                keep = ~said.settled() & ~late
                made = {"patient_id": persons.ids[position[own]], "date": said.date, "analyte": each.name,
                        "value": said.value, "unit": said.unit}  # fmt: skip
                made |= {name: cells_of(part, each, name) for name in _ASSAY}
                made |= {"as_text": part["value_as_number"] == "", **({"visit": part[VISIT]} if visit else {})}
                _count_codes(events, part[keep], known, each)
                events.rows.append(pd.DataFrame({**made, "number": part.get(known.row, "")}, dtype=object)[keep])
    return each_key_once(events, table)


def _said(part: pd.DataFrame, known: CdmTable, wanted: Wanted, mapping: SourceMapping, asked: Asked) -> Said:
    """Return what rows say, without numbers that the source itself calls a logarithm in a unit that is none of one."""
    partial: Partial = mapping.time.partial  # type: ignore[assignment]
    rule = asked.rules.get(wanted.name)
    said = results_said(part, known, wanted, asked.units, mapping.missing, partial, rule, asked.zone)
    number = pd.Series(said.value).astype(str).str.contains(r"\d").to_numpy(dtype=bool)
    for column in filter(None, (known.source_code, known.text)):
        logs = asked.second.logarithms(part[column], pd.Series(said.unit)) & number
        said.refuse(logs, column, part[column], "the amount itself, as its unit says, and no logarithm",
                    if_right(column))  # fmt: skip
    unit = pd.Series(said.unit)
    if asked.called and known.concept in part:
        called = part[known.concept].map(asked.called).fillna("").astype(object)
        scale = (asked.second.logarithms(called, unit) | asked.second.other_units(called, unit)) & number
        said.refuse(scale, known.concept, part[known.concept] + " " + called, OF_ONE_UNIT, IF_ITS_UNIT)
    if known.source_code:  # not the text of the result: a number that was converted has its own unit there
        other = asked.second.other_units(part[known.source_code], unit) & number
        said.refuse(other, known.source_code, part[known.source_code], OF_ONE_UNIT, IF_ITS_UNIT)
    return said


def _count_codes(events: Events, part: pd.DataFrame, known: CdmTable, wanted: Wanted) -> None:
    """Count the concepts of results, and the LOINC codes that the source has for them."""
    if known.source_code and known.source_code not in wanted.among:
        codes = part[known.source_code].value_counts()
        events.loinc.see(wanted.name, map(str, codes.index), map(int, codes))
    if not wanted.entry.when:
        counts = part[known.concept].value_counts()
        events.concepts.update({(wanted.name, str(concept)): int(count) for concept, count in counts.items()})


def each_key_once(events: Events, table: str) -> Events:
    """Refuse rows whose key another row has, and take them out."""
    rows, key = events.table(), CDM[table].row
    if not len(rows):
        return events
    twice = (rows["number"].duplicated(keep=False) & (rows["number"] != "")).to_numpy()
    if twice.any():
        events.left[REFUSED] += int(twice.sum())
        events.problems += [
            Problem(table, int(number) if number.isdigit() else None, key, "a key that another row has", "each once",
                    "Take out the row that does not count", identifier_key(str(own)), counted=key)
            for number, own in rows.loc[twice, ["number", "patient_id"]].itertuples(index=False)
        ]  # fmt: skip
        rows = rows[~twice]
    events.rows = [rows]
    return events


def usable_rows(
    events: Events, chunk: pd.DataFrame, entry: NDArray[np.intp], several: Mask, position: NDArray[np.intp],
    persons: Persons, table: str,
) -> Mask:  # fmt: skip
    """Return the rows of entries and of persons of the cohort; count, or refuse, the others."""
    events.read += len(chunk)
    named = entry >= 0
    events.left[OTHER] += int((~named).sum())
    fates = persons.fates(position)
    events.left.update(fates[named & (fates != "")].tolist())
    events.strangers.update(chunk["person_id"][named & (position < 0)])
    usable = named & (fates == "")
    refuse_rows(events, chunk, usable & several, position, persons, table, CDM[table].concept,
            ["a row of entries with different names"] * int((usable & several).sum()), "one of them")  # fmt: skip
    found: Mask = usable & ~several
    if persons.visits is not None:
        wrong = persons.visits.of_others(chunk) & found
        said = ["a visit of another person"] * int(wrong.sum())
        refuse_rows(events, chunk, wrong, position, persons, table, VISIT, said, "a visit of the person of the row")
        found &= ~wrong
    return found


def other_names(
    events: Events, chunk: pd.DataFrame, entry: NDArray[np.intp], usable: Mask, wanted: tuple[Wanted, ...],
    position: NDArray[np.intp], persons: Persons, table: str, asked: Asked,
) -> Mask:  # fmt: skip
    """Refuse rows that the source itself calls by the name of another analyte or agent; return which they are."""
    column = CDM[table].source_code
    found = np.zeros(len(chunk), dtype=bool)
    for place, each in enumerate(wanted):
        own = np.flatnonzero(usable & (entry == place))
        if not len(own) or not column or column in each.among:
            continue
        wrong = np.zeros(len(chunk), dtype=bool)
        wrong[own] = asked.second.rows(NAMED[each.entry.section], chunk[column].iloc[own], each.name)
        said = [repr(text) for text in chunk[column][wrong]]
        expected = f"a name of {each.name}"
        refuse_rows(events, chunk, wrong, position, persons, table, column, said, expected, if_right(column))
        found |= wrong
    return found


def refuse_rows(
    events: Events, part: pd.DataFrame, rows: Mask, position: NDArray[np.intp], persons: Persons, table: str,
    column: str, found: list[str], expected: str, advice: str = "",
) -> None:  # fmt: skip
    """Add a problem for each of some rows, and count them."""
    events.left[REFUSED] += int(rows.sum())
    row = CDM[table].row
    correct = "Correct the row in the source, or leave it out: " + (
        f"unless = {{ {row} = [...] }} with its number, in the entry" if row else "take it out of a copy"
    )
    for order, place in enumerate(np.flatnonzero(rows).tolist()):
        number = str(part[row].iloc[place]) if row in part else ""
        events.problems.append(Problem(
            table, int(number) if number.isdigit() else None, column, found[order], expected, advice or correct,
            persons.key(int(position[place])), counted=row or "row",
        ))  # fmt: skip


def cells_of(part: pd.DataFrame, wanted: Wanted, name: str) -> NDArray[np.object_] | str:
    """Return what a field of an entry holds in some rows, or what the entry states for all."""
    one = wanted.field(name)
    if one is None:
        return wanted.entry.constants.get(name, "")
    return part[one.name.lower()].to_numpy(dtype=object)


def reading_of(
    tables: Tables, table: str, wanted: tuple[Wanted, ...], events: Events, cohort: int | None
) -> tuple[SourceReading, tuple[NotMapped, ...]]:
    """Return what became of every row of a table, and the concepts that the mapping does not name.

    Parameters
    ----------
    tables : Tables
    table : str
    wanted : tuple of Wanted
    events : Events
    cohort : int or None
    """
    concept = CDM[table].concept
    counts = tables.counts(table, concept, cohort)
    came = counts.total()
    left = Counter(events.left)
    left[NOT_NAMED] += came - events.read
    known = {code for one in wanted for code in one.among.get(concept, ())}
    others = tuple(
        NotMapped(table, code or "no concept", "", count)
        for code, count in sorted(counts.items(), key=lambda one: (-one[1], one[0]))
        if known and code not in known
    )
    used = came - left.total()
    rows = tuple(LeftOut(reason, count) for reason, count in sorted(left.items()) if count)
    return SourceReading(table, "rows", came, used, rows), others
