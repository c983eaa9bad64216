"""The rows of one entry in one data set: chosen by code, results made of their variables, the others accounted for."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from relapse_model.arrays import Mask, Positions
from relapse_model.cohort.readers.advice_of_cdisc import advice_of_cdisc
from relapse_model.cohort.readers.cdisc.contradicted import (
    other_characters,
    other_events,
    other_named_units,
    other_names,
    other_results,
    other_units,
)
from relapse_model.cohort.readers.cdisc.data_set import Columns, DataSet, code_key
from relapse_model.cohort.readers.cdisc.event_times import other_times
from relapse_model.cohort.readers.cdisc.people import Subjects
from relapse_model.cohort.readers.cdisc.reasons import other_reasons
from relapse_model.cohort.readers.cdisc.second_statements import (
    of_another,
    only_these,
    other_doses,
    other_ends,
    other_loinc,
    other_texts,
    signs_as_printed,
    words_before_numbers,
)
from relapse_model.cohort.readers.cdisc.sequence import number_problems
from relapse_model.cohort.readers.cdisc.starts import other_starts
from relapse_model.cohort.readers.cdisc.study_days import days_since, other_days
from relapse_model.cohort.readers.cdisc.units import unit_of_label
from relapse_model.cohort.readers.cdisc.visits import visits_again
from relapse_model.cohort.readers.cdisc.wanted import Wanted, code_of, is_study_day, made_unit, made_value
from relapse_model.cohort.readers.entry_rows import STATE_DAY, EntryRows, entry_rows, in_mapping, place_of
from relapse_model.cohort.readers.not_found import NO_AMOUNT, NONE, is_zero
from relapse_model.cohort.readers.other_things import NO_RESULT, PERSON, SPECIMEN, other_thing
from relapse_model.cohort.readers.source_mapping import SourceMapping
from relapse_model.cohort.readers.source_table import Fates, SourceTable
from relapse_model.errors import Problem

OTHER_ROWS = "among the rows that the mapping leaves out (when, unless)"
NOT_DONE, DERIVED = "not done", "derived by the analysis, and no result (DTYPE)"
PLANNED = "planned, and not what was given (MOOD)"
NO_DOSE = "a dose of 0, which is none"
_BRACKETS = re.compile(r"\s*\([^()]*[/%][^()]*\)\s*$")
OTHER_CODE = "of a code that the mapping does not name"


@dataclass(frozen=True, slots=True, eq=False)
class TakenRows:
    """What an entry took of a data set.

    Attributes
    ----------
    wanted : Wanted
    rows : EntryRows
    problems : list of Problem
        Of the mapping, for the whole source.
    notes : list of str
    came, met : int
        Rows of its codes, and those of them that are as its ``when`` asks.
    """

    wanted: Wanted
    rows: EntryRows
    problems: list[Problem]
    notes: list[str]
    came: int = 0
    met: int = 0


def taken_rows(
    wanted: Wanted, subjects: Subjects, mapping: SourceMapping, fates: Fates, twice: Mask
) -> TakenRows:  # fmt: skip
    """Take the rows of an entry from its data set.

    Parameters
    ----------
    wanted : Wanted
    subjects : Subjects
        Whose rows count.
    mapping : SourceMapping
    fates : Fates
        Of the rows of the data set.
    twice : array of bool
        Observations of a number that the subject has twice.
    """
    data, entry, standard = wanted.data, wanted.entry, wanted.standard
    code = code_of(data, standard)
    chosen = np.ones(data.rows, dtype=bool)
    if wanted.codes:
        chosen = data.holds(code, wanted.codes)
        if "LBLOINC" in data:
            chosen |= data.holds("LBLOINC", wanted.codes)
        if standard.label in data and standard.label != code and entry.section == "treatments":
            chosen |= data.holds(standard.label, wanted.codes)
    outside: dict[str, Mask] = {}
    for name, texts in entry.when.items():
        outside[OTHER_ROWS] = outside.get(OTHER_ROWS, ~chosen) | ~data.holds(name, texts)
    for name, texts in entry.unless.items():
        outside[OTHER_ROWS] = outside.get(OTHER_ROWS, ~chosen) | _holds(data, name.upper(), texts)
    problems = _parts(wanted, chosen & ~outside.get(OTHER_ROWS, ~chosen), mapping)
    problems += _labels(wanted, chosen & ~outside.get(OTHER_ROWS, ~chosen), mapping)
    problems += visits_again(wanted, chosen & ~outside.get(OTHER_ROWS, ~chosen), mapping)
    problems += of_another(wanted, chosen & ~outside.get(OTHER_ROWS, ~chosen), mapping)
    outside |= subjects.outside(data)
    none, refused = _nothing(wanted, chosen & ~np.any([*outside.values(), ~chosen], axis=0), subjects)
    outside |= none
    for reason, rows in outside.items():
        fates.leave(chosen & rows, reason)
    at = np.flatnonzero(chosen & ~np.any([*outside.values(), ~chosen], axis=0))
    table, more, notes = _table(wanted, subjects, at, mapping)
    more += number_problems(table, data, twice[at])
    problems += [replace(one, patient=None) for one in subjects.nearly_known(subjects.table(data), data, chosen)]
    # Each row of medication is a course, also one of which the start is not known.
    taken = entry_rows(table, entry, mapping, np.ones(len(at), dtype=bool), every=entry.section == "treatments")
    problems += _absent(wanted, chosen & ~outside.get(OTHER_ROWS, ~chosen), mapping)
    _account(fates, data.rows, at, taken)
    taken.problems[:] = [*map(_advised, taken.problems), *refused, *more]
    met = chosen & ~outside.get(OTHER_ROWS, ~chosen)
    return TakenRows(wanted, taken, problems, notes, int(chosen.sum()), int(met.sum()))


def _holds(data: DataSet, name: str, texts: tuple[str, ...]) -> Mask:
    """Tell in which rows a variable has one of some texts; the empty text is where nothing stands."""
    found = data.holds(name, texts)
    return found | (data.texts(name) == "").to_numpy() if "" in texts else found


def _advised(problem: Problem) -> Problem:
    """Return a problem of a code for an unknown day with what to do about it in this reader."""
    if problem.advice != STATE_DAY:
        return problem
    return replace(problem, advice=advice_of_cdisc(replace(problem, expected="a date")))


def _account(fates: Fates, size: int, at: Positions, taken: EntryRows) -> None:
    def whole(rows: Mask) -> Mask:
        spread = np.zeros(size, dtype=bool)
        spread[at[rows]] = True
        return spread

    used = np.zeros(len(at), dtype=bool)
    used[taken.at] = True
    fates.use(whole(used))
    for reason, rows in taken.left.items():
        fates.leave(whole(rows), reason)


def _parts(wanted: Wanted, chosen: Mask, mapping: SourceMapping) -> list[Problem]:
    """Refuse one code under which there are several things, such as bilirubin in blood and in urine."""
    problems = []
    entry, data = wanted.entry, wanted.data
    parts = (
        ("PARAMCD",) if entry.section == "outcome" else wanted.standard.parts if "analyte" in entry.constants else ()
    )
    for part in parts:
        counts = data.counts(part, chosen) if part in data and part not in entry.when else {}
        if len(counts) > 1:
            sentence = ", ".join(f"{text} ({count:,})" for text, count in counts.items())
            right = [text for text in counts if not other_thing(text, (SPECIMEN, PERSON, NO_RESULT))]
            advice = only_these(part, right[:1]) + ", or another of them, in an entry for each" * (len(right) > 1)
            problems.append(
                in_mapping(mapping, place_of(entry), f"{data.name}: several {part}: {sentence}", "one", advice)
            )
    return problems


def _labels(wanted: Wanted, chosen: Mask, mapping: SourceMapping) -> list[Problem]:
    """Refuse a code of results that has several labels, since a code and its label are one by the standard.

    Units in brackets are left out: they are those of each row.
    """
    data, label, code = wanted.data, wanted.standard.label, wanted.standard.code
    if wanted.entry.section != "labs" or not {label, code} <= set(data.labels) or label in wanted.entry.when:
        return []
    problems = []
    for text in data.counts(code, chosen):
        counts = data.counts(label, chosen & data.holds(code, (text,)))
        if len({code_key(_BRACKETS.sub("", one)) for one in counts}) > 1:
            sentence = ", ".join(f"{one} ({count:,})" for one, count in counts.items())
            found = f"{data.name}: several {label} of {text!r}: {sentence}"
            advice = f'State when = {{ {label} = "..." }}'
            problems.append(in_mapping(mapping, place_of(wanted.entry), found, "one", advice))
    return problems


def _nothing(wanted: Wanted, chosen: Mask, subjects: Subjects) -> tuple[dict[str, Mask], list[Problem]]:
    """Return rows of what did not happen; one that was not done and has a result contradicts itself."""
    found: dict[str, Mask] = {}
    problems: list[Problem] = []
    data = wanted.data
    for variable, texts in wanted.standard.none.items():
        if variable not in data:
            continue
        rows = data.holds(variable, texts) & chosen
        reason = DERIVED if variable == "DTYPE" else PLANNED if variable.endswith("MOOD") else NOT_DONE
        found[reason] = found.get(reason, np.zeros(data.rows, dtype=bool)) | rows
        if variable == "LBSTAT" and rows.any():
            table = subjects.table(data, np.flatnonzero(rows))
            values = [table.columns[value] for value, _ in wanted.standard.values if value in data]
            filled = np.any([(texts != "").to_numpy() for texts in values], axis=0)
            problems += table.problems(
                filled, variable, "no result, since it was not done", "Take the result out, or correct the status"
            )
    zero = _zero_doses(wanted) & chosen
    if data.name.startswith(("EX", "EC")):
        found[NO_DOSE] = zero
    elif zero.any():
        table = subjects.table(data, np.flatnonzero(zero))
        expected = "an amount that was given"
        problems += table.problems(np.ones(len(table), dtype=bool), wanted.standard.more["dose"], expected, NO_AMOUNT)
    return found, problems


def _zero_doses(wanted: Wanted) -> Mask:
    """Tell which exposures have a dose of 0; with a placebo it is what was given."""
    data, variable = wanted.data, wanted.standard.more.get("dose", "")
    if wanted.entry.section != "treatments" or variable not in data:
        return np.zeros(data.rows, dtype=bool)
    coded, names = data.coded(variable), data.coded(code_of(data, wanted.standard))
    zero = np.array([is_zero(text) for text in coded.texts], dtype=bool)
    placebo = np.array(["placebo" in text.casefold() for text in names.texts], dtype=bool)
    found: Mask = zero[coded.codes] & ~placebo[names.codes]
    return found


def _absent(wanted: Wanted, chosen: Mask, mapping: SourceMapping) -> list[Problem]:
    """Refuse an outcome of which the data set has no row: a code that was mistyped is no outcome of anybody."""
    entry = wanted.entry
    if entry.section != "outcome" or chosen.any() or entry.options.get("may_be_absent"):
        return []
    found = f"no row of {wanted.data.name} has these codes, or is as 'when' asks"
    return [in_mapping(mapping, place_of(entry), found, "rows of the outcome", NONE)]


def _table(
    wanted: Wanted, subjects: Subjects, at: Positions, mapping: SourceMapping
) -> tuple[SourceTable, list[Problem], list[str]]:  # fmt: skip
    """Return the chosen rows as a table, with the variables that are made of several."""
    table = subjects.table(wanted.data, at)
    columns = table.columns
    assert isinstance(columns, Columns)
    problems: list[Problem] = []
    units = _values(wanted, columns)
    notes = [*signs_as_printed(wanted, columns), *words_before_numbers(wanted, columns)]
    problems += other_units(wanted, columns, table, units)
    problems += [*other_texts(wanted, columns, table, units), *other_loinc(wanted, columns, table)]
    problems += other_ends(wanted, columns, table)
    problems += other_results(wanted, columns, table)
    problems += other_characters(wanted, columns, table)
    problems += other_events(wanted, columns, table)
    problems += other_names(wanted, columns, table, wanted.second, units)
    problems += other_named_units(wanted, columns, table, wanted.second, units)
    for wrong, told in (
        other_days(wanted, columns, table, subjects.references, mapping), other_times(wanted, columns, table, mapping),
        other_reasons(wanted, columns, table), other_starts(wanted, columns, table, subjects, mapping),
    ):  # fmt: skip
        problems += wrong
        notes += told
    imputed = int((columns["ADTF"] != "").sum()) if "ADTF" in wanted.data else 0
    if imputed:
        notes.append(f"{wanted.data.name}: {imputed:,} dates are imputed by the analysis (ADTF), and taken as they are")
    for key, one in wanted.entry.fields.items():
        if key.endswith("day") and is_study_day(one):
            days, zero = days_since(columns[one.name])
            problems += table.problems(
                zero, one.name, "a study day: the day before day 1 is day -1", "Correct the day in the source"
            )
            columns.others[one.name] = days.mask(zero, "")
    if wanted.made_dose:
        notes += _doses(wanted, columns)
    problems += other_doses(wanted, columns, table)
    return table, problems, notes


def _doses(wanted: Wanted, columns: Columns) -> list[str]:
    """Keep the doses of single days: that of a course is the dose of each time, and how often is not known."""
    fields = wanted.entry.fields
    if not {"start", "end", "dose"} <= fields.keys():
        return []
    start, end, dose = (columns[fields[key].name] for key in ("start", "end", "dose"))
    once = (start.str[:10] == end.str[:10]) | (dose == "")
    columns.others[fields["dose"].name] = dose.where(once, "")
    several = int((~once).sum())
    said = f"{several:,} doses of courses of several days are not read: they are those of each time"
    return [f"{wanted.data.name}: {said}"] if several else []


def _values(wanted: Wanted, columns: Columns) -> pd.Series:
    """Make the results of the variables in which they stand; return the unit that each row states."""
    data, fields = wanted.data, wanted.entry.fields
    value_name, unit_name = made_value(data, wanted.standard), made_unit(data, wanted.standard)
    pairs = [(value, unit) for value, unit in wanted.standard.values if value in data]
    if "value" in fields and fields["value"].name != value_name:
        name = fields["value"].name
        pairs = [(value, unit) for value, unit in pairs if value == name] or [(name, "")]
    size = len(columns.rows) if columns.rows is not None else data.rows
    value = pd.Series([""] * size, dtype=object)
    unit = value.copy()
    for variable, named in pairs:
        texts = columns[variable]
        empty = (value == "") & (texts != "")
        unit = unit.mask(empty, _units(columns, named, size))
        value = value.mask(empty, texts)
    if "value" in fields and fields["value"].name == value_name:
        columns.others[value_name] = value
    if "unit" in fields and fields["unit"].name == unit_name:
        columns.others[unit_name] = unit
    return unit


def _units(columns: Columns, named: str, size: int) -> pd.Series:
    """Return the units of rows: of their variable, else what stands in brackets at the end of PARAM."""
    if named in columns.data:
        return columns[named]
    if "PARAM" in columns.data and named == "AVALU":
        texts = columns["PARAM"]
        codes, distinct = pd.factorize(texts)
        found = [unit_of_label(text) for text in distinct]
        return pd.Series(np.array([*found, ""], dtype=object)[codes], dtype=object)
    return pd.Series([""] * size, dtype=object)
