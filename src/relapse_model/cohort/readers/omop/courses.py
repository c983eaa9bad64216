"""Courses of a treatment in a table of events, such as DRUG_EXPOSURE: each is used, refused, or counted."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Mask
from relapse_model.cohort.readers.entry_rows import leaving_out
from relapse_model.cohort.readers.not_found import NO_AMOUNT, is_zero
from relapse_model.cohort.readers.omop.cdm import CDM
from relapse_model.cohort.readers.omop.deaths import after_death
from relapse_model.cohort.readers.omop.events import (
    LIVING,
    cells_of,
    chunks_of,
    each_key_once,
    entry_of,
    other_names,
    refuse_rows,
    usable_rows,
)
from relapse_model.cohort.readers.omop.found_events import Events
from relapse_model.cohort.readers.omop.found_persons import Persons
from relapse_model.cohort.readers.omop.said_of_doses import QUANTITY, SIG, other_doses
from relapse_model.cohort.readers.omop.tables import Tables
from relapse_model.cohort.readers.omop.visits_of_others import VISIT
from relapse_model.cohort.readers.omop.wanted import Asked, Wanted
from relapse_model.cohort.readers.other_things import NEVER, other_things
from relapse_model.cohort.readers.source_dates import iso_dates
from relapse_model.cohort.readers.source_mapping import Field, SourceMapping
from relapse_model.cohort.readers.units_in_names import unit_stands

_STOP = "stop_reason"
_DOSE_UNIT = "dose_unit_source_value"
_VERBATIM = "verbatim_end_date"
_REFILLS = "refills"
_IF_DOSE = f"Correct the one that is wrong, read the dose from where it stands, or {leaving_out(SIG)}"


def read_courses(tables: Tables, table: str, mapping: SourceMapping, asked: Asked, persons: Persons) -> Events:
    """Return the courses of one table, chunk by chunk.

    Parameters
    ----------
    tables : Tables
    table : str
        ``"drug_exposure"``, or another with a start.
    mapping : SourceMapping
    asked : Asked
    persons : Persons
    """
    known = CDM[table]
    wanted = tuple(one for one in asked.treatments if one.table == table)
    more = (known.start, known.end, known.source_code, _DOSE_UNIT, _STOP, _VERBATIM, _REFILLS, SIG, QUANTITY, VISIT)
    query, lacking = chunks_of(tables, table, wanted, more, asked.cohort)
    events = Events()
    for chunk in tables.chunks(query):
        chunk = chunk.assign(**dict.fromkeys(lacking, ""))
        entry, several = entry_of(chunk, wanted)
        events.count(chunk, wanted, known.concept)
        position = persons.positions(chunk["person_id"])
        usable = usable_rows(events, chunk, entry, several, position, persons, table)
        usable &= ~other_names(events, chunk, entry, usable, wanted, position, persons, table, asked)
        never = usable & (other_things(chunk[_STOP], (NEVER,)) != "")
        refuse_rows(events, chunk, never, position, persons, table, _STOP,
                [repr(text) for text in chunk[_STOP][never]], "a course that was given",
                    f"If nothing was given, {leaving_out(_STOP)}")  # fmt: skip
        usable &= ~never
        for place, each in enumerate(wanted):
            own = usable & (entry == place)
            if own.any():
                _courses(events, chunk[own].reset_index(drop=True), each, position[own], persons, table, mapping)
    return each_key_once(events, table)


def _courses(
    events: Events, part: pd.DataFrame, wanted: Wanted, position: NDArray[np.intp], persons: Persons, table: str,
    mapping: SourceMapping,
) -> None:  # fmt: skip
    known, bad = CDM[table], np.zeros(len(part), dtype=bool)
    dates = {}
    for name, usual in (("start", known.start), ("end", known.end or known.start)):
        one = wanted.field(name)
        column = usual if one is None else one.name.lower()
        days, wrong = iso_dates(part[column], "ymd", mapping.time.partial)  # type: ignore[arg-type]
        # An end that OMOP itself requires is not "ongoing" where it is lacking; one that the mapping names may be.
        wrong |= (days == "").to_numpy() & (name == "start" or one is None)
        new = wrong & ~bad
        advice = (
            ""
            if name == "start"
            else f'State in the entry: end = "{usual}" takes an empty end for a course that goes on'
        )
        refuse_rows(events, part, new, position, persons, table, column,
                [repr(text) for text in part[column][new]], "a date as YYYY-MM-DD", advice)  # fmt: skip
        bad |= wrong
        dates[name] = days.to_numpy(dtype=object)
    late = after_death(dates["start"], position, persons) & ~bad
    refuse_rows(events, part, late, position, persons, table, known.start,
            [repr(text) for text in dates["start"][late]], LIVING)  # fmt: skip
    bad |= late
    dose = wanted.field("dose")
    amount, unit = cells_of(part, wanted, "dose"), cells_of(part, wanted, "unit")
    if dose is not None:
        unit = unit or dose.unit if isinstance(unit, str) else unit
        bad |= _zero_doses(events, part, dose, ~bad, position, persons, table)
        bad |= _contradicted_doses(events, part, (dose, unit), ~bad, position, persons, table)
    _told(events, part, wanted, dates, ~bad, dose)
    made = {"patient_id": persons.ids[position], "agent": wanted.name, "start_date": dates["start"],
            "end_date": dates["end"], "dose": amount, "unit": unit if dose is not None else ""}  # fmt: skip
    events.rows.append(pd.DataFrame({**made, "number": part.get(known.row, "")}, dtype=object)[~bad])


def _contradicted_doses(
    events: Events, part: pd.DataFrame, dose: tuple[Field, NDArray[np.object_] | str], usable: Mask,
    position: NDArray[np.intp], persons: Persons, table: str,
) -> Mask:  # fmt: skip
    """Refuse doses in another unit than the one of the mapping, and those of which the directions say another."""
    column, unit = dose[0].name.lower(), dose[1]
    filled = (part[column] != "").to_numpy() & usable
    wrong = np.zeros(len(part), dtype=bool)
    if isinstance(unit, str):
        wrong = _other_units(part[_DOSE_UNIT], unit) & filled
        refuse_rows(events, part, wrong, position, persons, table, _DOSE_UNIT,
                [repr(text) for text in part[_DOSE_UNIT][wrong]], f"{unit!r}, the unit that the mapping states",
                f'Read it where it stands: unit = {{ field = "{_DOSE_UNIT}" }}')  # fmt: skip
    said = other_doses(part[SIG], part[column], unit if isinstance(unit, str) else pd.Series(unit)) & filled & ~wrong
    refuse_rows(events, part, said, position, persons, table, SIG, [repr(text) for text in part[SIG][said]],
            f"the dose that {column} says", _IF_DOSE)  # fmt: skip
    return wrong | said


def _told(
    events: Events, part: pd.DataFrame, wanted: Wanted, dates: dict[str, NDArray[np.object_]], usable: Mask,
    dose: Field | None,
) -> None:  # fmt: skip
    """Count what columns that are not read say of courses that are: another end, doses of later fills, amounts."""
    ends = dates["end"]
    if dose is None and wanted.table == "drug_exposure":
        once = np.array([str(one)[:10] for one in dates["start"]]) == np.array([str(one)[:10] for one in ends])
        amount = ((part[QUANTITY] != "") & (part[_DOSE_UNIT] != "")).to_numpy()
        events.told[wanted.name, QUANTITY] += int((usable & once & amount).sum())
    if wanted.field("end") is None and wanted.table == "drug_exposure":
        printed, _ = iso_dates(part[_VERBATIM], "ymd", "refuse")
        texts = printed.to_numpy(dtype=object)
        events.told[wanted.name, _VERBATIM] += int((usable & (texts != "") & (texts != ends)).sum())
    refilled = part[_REFILLS].str.fullmatch(r"0*[1-9]\d*(?:\.0*)?").to_numpy(dtype=bool)
    events.told[wanted.name, f"{_REFILLS}, dose" if dose is not None else _REFILLS] += int((usable & refilled).sum())


def told_of_courses(events: Events) -> Iterator[str]:
    """Yield notes on what columns that are not read say of courses that are.

    Parameters
    ----------
    events : Events
    """
    said = {
        _VERBATIM: "have another verbatim_end_date than drug_exposure_end_date, which is read; if the first is the end "
        'that was recorded, state in the entry: end = "verbatim_end_date"',
        _REFILLS: "have refills, and are read as one course from the start to the end of the row; see that its end is "
        f"that of the last fill, or {leaving_out(_REFILLS)}",
        QUANTITY: "are of one day and have a quantity and a unit of dose, which are not read, so that no dose is known "
        "of them; if the quantity is the amount that was given, and no number of vials, state in the entry: "
        'dose = { field = "quantity" }, unit = { field = "dose_unit_source_value" }',
        f"{_REFILLS}, dose": "have refills, of which the dose of the row may be one alone: what was given may be more; "
        f"let the mapping read no dose, or {leaving_out(_REFILLS)}",
    }
    for (name, what), count in sorted(events.told.items()):
        if count:
            yield f"drug_exposure: {count:,} courses of {name} {said[what]}"


def _zero_doses(
    events: Events, part: pd.DataFrame, dose: Field, usable: Mask, position: NDArray[np.intp], persons: Persons,
    table: str,
) -> Mask:  # fmt: skip
    """Refuse courses with a dose of 0: whether nothing was given, or nobody knows how much, they do not say."""
    column = dose.name.lower()
    zero: Mask = part[column].map(is_zero).to_numpy(dtype=bool) & usable
    refuse_rows(events, part, zero, position, persons, table, column, [repr(text) for text in part[column][zero]],
            "an amount that was given", NO_AMOUNT)  # fmt: skip
    return zero


def _other_units(printed: pd.Series, stated: str) -> Mask:
    """Tell which rows state a unit of their own that is not the one of the mapping."""
    codes, distinct = pd.factorize(printed)
    other = [bool(stated) and one != "" and not unit_stands(str(one), stated) for one in distinct]
    found: Mask = np.array([*other, False], dtype=bool)[codes]
    return found
