"""What rows of MEASUREMENT and OBSERVATION say: number, comparator, unit, or text; which contradict themselves."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Mask
from relapse_model.cohort.laboratory.lab_texts import read_lab_texts
from relapse_model.cohort.readers.beside_numbers import Numbers, contradicts
from relapse_model.cohort.readers.contradicting_units import converted, units_contradict
from relapse_model.cohort.readers.omop.asked import Wanted
from relapse_model.cohort.readers.omop.cdm import OPERATORS, CdmTable
from relapse_model.cohort.readers.omop.result_times import with_times
from relapse_model.cohort.readers.omop.tables import number_text
from relapse_model.cohort.readers.other_things import NO_RESULT, OF_RESULTS, other_thing
from relapse_model.cohort.readers.same_meaning import results_contradict
from relapse_model.cohort.readers.source_dates import Partial, iso_dates
from relapse_model.cohort.readers.source_values import is_missing
from relapse_model.cohort.readers.units_in_names import unit_stands
from relapse_model.study.analyte import Analyte
from relapse_model.study.names import name_key

_FLAGS = frozenset(
    ("", "h", "l", "hh", "ll", "n", "a", "aa", "high", "low", "normal", "abnormal", "final", "f", "c", "corrected", "*")
)
_GROUPED = re.compile(r"-?\d{1,3}(?:,\d{3})+")
_ODD = re.compile(r"-?\d{1,3}(?:,\d{3})+|\d\s?\++")  # thousands, or a grade such as 2+
_SAME = 0.005  # a share below which two numbers differ by rounding only
NO_VALUE = "without a value"
MISSING = "a code for a missing value"
_CODE = "It may be a code: if it is a result, correct the table; if not, leave these rows out by 'when'"
_NUMBER = 'If the number counts, state it in the entry: value = { field = "value_as_number" }'
_UNITS = "Correct the one that is wrong, or leave such rows out by 'when'"
_STATE = 'State it in the entry: value = { field = "value_as_concept_id", values = { "CONCEPT" = "negative" } }'


@dataclass(frozen=True, slots=True)
class Unclear:
    """Rows that cannot be read: where, what came, what was expected, what to do."""

    rows: Mask
    column: str
    found: list[str]
    expected: str
    advice: str = ""


@dataclass(slots=True, eq=False)
class Said:
    """What rows say.

    Attributes
    ----------
    value, unit, date : array of str
    empty : mapping of str to array of bool
        Rows that are no results, by reason.
    unclear : list of Unclear
    beside : mapping of str to int
        Concepts without a meaning in the mapping that stand beside a number, which counts.
    zoned : int
        Times with an offset that are not used, since the zone of the hospital is not known.
    """

    value: NDArray[np.object_]
    unit: NDArray[np.object_]
    date: NDArray[np.object_]
    empty: dict[str, Mask] = field(default_factory=dict)
    unclear: list[Unclear] = field(default_factory=list)
    beside: Mapping[str, int] = field(default_factory=dict)
    zoned: int = 0

    def refuse(self, rows: Mask, column: str, found: pd.Series, expected: str, advice: str = "") -> None:
        """Add rows that cannot be read, unless they were refused or are no results."""
        rows = rows & ~self.settled()
        if rows.any():
            self.unclear.append(Unclear(rows, column, [repr(one) for one in found[rows]], expected, advice))

    def settled(self) -> Mask:
        """Tell which rows are refused, or no results."""
        gone = np.zeros(len(self.value), dtype=bool)
        for rows in (*self.empty.values(), *(one.rows for one in self.unclear)):
            gone |= rows
        return gone


def results_said(
    table: pd.DataFrame, known: CdmTable, wanted: Wanted, units: Mapping[str, str], missing: frozenset[str],
    partial: Partial, rule: Analyte | None = None, zone: str = "",
) -> Said:  # fmt: skip
    """Return what the rows of one entry say.

    A number stands with the comparator of its operator. Where the text of the source is that number, it is taken as
    printed; where it has another comparator, the row contradicts itself. Without a number, the concept counts by the
    mapping's meanings, and else the text, unless it is a number that the source's own transformation did not take.
    A concept or a text that contradicts the number beside it is refused, unless the mapping says that the number counts
    (``value = { field = "value_as_number" }``).

    Parameters
    ----------
    table : DataFrame
        Of texts; columns that the source lacks are empty.
    known : CdmTable
    wanted : Wanted
    units : mapping of str to str
        UCUM codes by concept.
    missing : frozenset of str
        Texts that mean no value.
    partial : {"refuse", "middle"}
    rule : Analyte, optional
        Of the study, whose lower limit says which numbers are not negative.
    zone : str
        Of the hospital: in which times with an offset are taken. Without it their days count alone.
    """
    blank = np.full(len(table), "", dtype=object)
    said = Said(blank.copy(), blank.copy(), blank.copy())
    printed = table[known.text]
    read = read_lab_texts(printed)
    source = _Source(
        (read["kind"] == "number").to_numpy(), read["comparator"].to_numpy(dtype=object),
        read["number"].to_numpy(dtype=float), (read["kind"] == "missing").to_numpy(),
    )  # fmt: skip
    number = pd.to_numeric(table["value_as_number"], errors="coerce").to_numpy(dtype=float)
    there = (table["value_as_number"] != "").to_numpy()
    said.refuse(there & ~np.isfinite(number), "value_as_number", table["value_as_number"], "a number")
    comparator = _comparators(table, said)
    advice = "The transformation into OMOP lost or exchanged it: correct the table"
    wrong = source.number & (source.comparator != comparator) & (there | (comparator != ""))
    said.refuse(wrong, known.text, printed, "the comparator of operator_concept_id", advice)
    close = np.abs(source.value - number) <= _SAME * np.abs(number)
    said.value[there] = (comparator + _numbers(number))[there]
    exact = there & source.number & (source.value == number)
    said.value[exact] = printed.to_numpy(dtype=object)[exact]
    _without_number(table, known, wanted, missing, said, source, ~there)
    by_concept = _units(table, wanted, units, said)
    _other_units(table, wanted, units, said, source, number, rule)
    own = wanted.field("value")
    counts = own is not None and own.name.lower() == "value_as_number"
    _other_numbers(table, known, said, there & source.number & ~close, by_concept, counts=counts)
    if not counts:
        numbers = Numbers(number, comparator, said.unit, there)
        _words_beside(table, known, wanted, missing, said, numbers, rule)
        _not_understood(table, known, wanted, said, there)
    _dates(table, known, wanted, said, partial, zone)
    return said


def _words_beside(
    table: pd.DataFrame, known: CdmTable, wanted: Wanted, missing: frozenset[str], said: Said, numbers: Numbers,
    rule: Analyte | None,
) -> None:  # fmt: skip
    """Refuse numbers that a concept or a text beside them contradicts; count the concepts without a meaning."""
    printed, concept = table[known.text], table["value_as_concept_id"]
    meanings = _meanings(wanted)
    by_concept, unknown = _looked_up(concept, meanings)
    by_text, _ = _looked_up(_keys(printed), meanings)
    words = np.where(by_text != "", by_text, np.where(_are_words(printed), printed.to_numpy(dtype=object), ""))
    expected = "what the number beside it says"
    for column, cells, meant in (("value_as_concept_id", concept, by_concept), (known.text, printed, words)):
        said.refuse(contradicts(numbers, meant, rule), column, cells, expected, _NUMBER)
    none = [one for one, text in meanings.items() if not text]
    gone = concept.isin(none) | _keys(printed).isin(none) | is_missing(printed, missing)
    said.refuse(numbers.there & gone.to_numpy(), known.text, printed, "no number, since this means no value", _NUMBER)
    coded = numbers.there & unknown & ~concept.isin(["", "0"]).to_numpy()
    said.beside = {str(one): int(count) for one, count in concept[coded].value_counts().items()}


def _not_understood(table: pd.DataFrame, known: CdmTable, wanted: Wanted, said: Said, there: Mask) -> None:
    """Refuse numbers beside a text of the source that is no number, no word for a result, and no meaning or flag."""
    printed = table[known.text]
    codes, distinct = pd.factorize(printed)
    kinds = read_lab_texts(pd.Series(distinct, dtype=object))["kind"].to_numpy(dtype=object)
    texts = [str(one) for one in distinct]
    meant = _meanings(wanted)
    unclear = [
        (kind not in ("number", "negative", "positive") and not _harmless(text) and name_key(text) not in meant)
        or bool(other_thing(text, (*OF_RESULTS[:3], NO_RESULT))) or bool(_ODD.fullmatch(text.strip()))
        for text, kind in zip(texts, kinds, strict=True)
    ]  # fmt: skip
    rows = np.array([*unclear, False], dtype=bool)[codes] & there
    grouped = np.array([*(bool(_GROUPED.fullmatch(one.strip())) for one in texts), False], dtype=bool)[codes]
    whole = pd.to_numeric(printed.str.replace(",", "", regex=False), errors="coerce").to_numpy(dtype=float)
    number = pd.to_numeric(table["value_as_number"], errors="coerce").to_numpy(dtype=float)
    rows &= ~(grouped & (whole == number))
    said.refuse(rows, known.text, printed, "the number beside it, or a word for it", _NUMBER)


def _harmless(text: str) -> bool:
    """Tell whether a text beside a number says nothing of it: empty, a flag such as H, or a state such as final."""
    return text.strip().casefold() in _FLAGS


def _are_words(printed: pd.Series) -> Mask:
    codes, distinct = pd.factorize(printed)
    kinds = read_lab_texts(pd.Series(distinct, dtype=object))["kind"]
    words: Mask = np.append(kinds.isin(["negative", "positive"]).to_numpy(), False)[codes]
    return words


def _meanings(wanted: Wanted) -> dict[str, str]:
    """Return the meanings that the mapping states, by the keys under which texts are compared."""
    own = wanted.field("value")
    return {} if own is None else {name_key(one): text for one, text in own.values.items()}


@dataclass(frozen=True, slots=True, eq=False)
class _Source:
    """What the text of the source says: whether it is a number, which, and with which comparator."""

    number: Mask
    comparator: NDArray[np.object_]
    value: NDArray[np.float64]
    missing: Mask


def _comparators(table: pd.DataFrame, said: Said) -> NDArray[np.object_]:
    operator = table["operator_concept_id"]
    known, lacking = _looked_up(operator, OPERATORS)
    expected = f"one of {', '.join(one for one in OPERATORS if one)}"
    said.refuse(lacking, "operator_concept_id", operator, expected, "OMOP has no other comparator")
    return known


def _looked_up(values: pd.Series, meanings: Mapping[str, str]) -> tuple[NDArray[np.object_], Mask]:
    """Return what texts mean, empty where they mean nothing, and where that is."""
    codes, distinct = pd.factorize(values)
    found = [meanings.get(str(one)) for one in distinct]
    texts = np.array([*(one or "" for one in found), ""], dtype=object)
    lacking = np.array([*(one is None for one in found), True], dtype=bool)
    return texts[codes], lacking[codes]


def _numbers(number: NDArray[np.float64]) -> NDArray[np.object_]:
    codes, distinct = pd.factorize(number)
    texts = np.array([*(number_text(float(one)) if np.isfinite(one) else "" for one in distinct), ""], dtype=object)
    found: NDArray[np.object_] = texts[codes]
    return found


def _without_number(
    table: pd.DataFrame,
    known: CdmTable,
    wanted: Wanted,
    missing: frozenset[str],
    said: Said,
    source: _Source,
    rows: Mask,
) -> None:
    """Fill in what a concept or a text says where there is no number."""
    printed, concept = table[known.text], table["value_as_concept_id"]
    meanings = _meanings(wanted)
    by_concept, _ = _looked_up(concept, meanings)
    by_text, _ = _looked_up(_keys(printed), meanings)
    meant = np.where(by_concept != "", by_concept, by_text)
    clash = (by_concept != "") & (by_text != "") & (by_concept != by_text)
    clash |= _opposite(printed, by_concept)
    said.refuse(rows & clash, known.text, printed, "the meaning of value_as_concept_id")
    none = {one for one, text in meanings.items() if not text}
    is_none = _keys(printed).isin(list(none)).to_numpy()
    is_none = is_none | concept.isin(list(none)).to_numpy()
    said.empty[MISSING] = rows & (is_missing(printed, missing) | (is_none & (meant == "")))
    coded = ~concept.isin(["", "0"]).to_numpy()
    bare = (printed == "").to_numpy()
    said.empty[NO_VALUE] = rows & bare & ~coded
    plain = source.number & (source.comparator == "")
    said.refuse(rows & plain & (meant == ""), known.text, printed, "no number, since value_as_number has none", _CODE)
    said.refuse(
        rows & bare & coded & (meant == ""), "value_as_concept_id", concept, "a concept with a meaning in the mapping",
        _STATE,
    )  # fmt: skip
    text = np.where(meant != "", meant, printed.to_numpy(dtype=object))
    said.value[rows] = text[rows]


def _opposite(printed: pd.Series, meant: NDArray[np.object_]) -> Mask:
    """Tell where the text of the source says positive and the meaning of the concept negative, or the reverse."""
    codes, pairs = pd.factorize(pd.MultiIndex.from_arrays([printed, meant]))
    found = [results_contradict(str(one), str(other)) for one, other in pairs]
    opposite: Mask = np.array([*found, False], dtype=bool)[codes]
    return opposite


def _keys(printed: pd.Series) -> pd.Series:
    """Return texts under the keys by which meanings are found, each different one looked at once."""
    codes, distinct = pd.factorize(printed)
    keys = np.array([*(name_key(str(one)) for one in distinct), ""], dtype=object)
    return pd.Series(keys[codes], dtype=object)


def _units(table: pd.DataFrame, wanted: Wanted, units: Mapping[str, str], said: Said) -> Mask:
    """Fill in the units: by the mapping, by concept, as printed; return the rows whose unit is that of a concept."""
    stated = wanted.entry.constants.get("unit", "")
    concept, printed = table["unit_concept_id"], table["unit_source_value"]
    there = ~concept.isin(["", "0"]).to_numpy()
    own = wanted.field("unit")
    if own is not None:
        column = table[own.name.lower()]
        unit, lacking = _looked_up(column, own.values or {text: text for text in column.unique()})
        empty = column.isin(["", "0"] if own.name.lower() == "unit_concept_id" else [""]).to_numpy()
        said.refuse(lacking & ~empty, own.name, column, "a unit with a meaning in the mapping",
                    "State it in the entry under unit.values")  # fmt: skip
        said.unit[:] = np.where(empty, stated or own.unit, unit)
        return np.full(len(table), own.name.lower() == "unit_concept_id")
    by_concept, _ = _looked_up(concept, units)
    mute = there & (by_concept == "") & (printed == "").to_numpy() & (said.value != "")
    ids = sorted(concept[mute].unique())
    values = ", ".join(f'{one} = "..."' for one in ids)
    advice = f'State them in the entry: unit = {{ field = "unit_concept_id", values = {{ {values} }} }}; or add CONCEPT'
    said.refuse(mute, "unit_concept_id", concept, "a concept with a UCUM code in the table CONCEPT", advice)
    as_printed = np.where((printed != "").to_numpy(), printed.to_numpy(dtype=object), stated)
    said.unit[:] = np.where(by_concept != "", by_concept, as_printed)
    found: Mask = there & (by_concept != "")
    return found


def _other_units(
    table: pd.DataFrame, wanted: Wanted, units: Mapping[str, str], said: Said, source: _Source,
    number: NDArray[np.float64], rule: Analyte | None,
) -> None:  # fmt: skip
    """Refuse numbers whose unit is one by its concept and another as printed, unless the number was converted.

    It was converted where the source's number times the factor between the two units is the number; where the factor
    is not known, any other number may be a converted one.
    """
    own, column = wanted.field("unit"), "unit_source_value"
    stated = {} if own is None else {own.name.lower(): own.values}
    by_concept, _ = _looked_up(table["unit_concept_id"], stated.get("unit_concept_id") or units)
    if not (by_concept != "").any():
        return
    meant, unstated = _looked_up(table[column], stated.get(column, {}))
    printed = np.where(unstated, table[column].to_numpy(dtype=object), meant)
    first, ones = pd.factorize(by_concept)
    second, others = pd.factorize(printed)
    both, codes = np.unique(first * len(others) + second, return_inverse=True)
    pairs = [(str(ones[pair // len(others)]), str(others[pair % len(others)])) for pair in both.tolist()]
    clash = np.array([units_contradict(one, other) for one, other in pairs], dtype=bool)[codes]
    if not clash.any():
        return
    known = [converted(other, one, rule) if one and other else None for one, other in pairs]
    factor = np.array([np.nan if one is None else one for one in known])[codes]
    came = np.where(source.number, source.value, np.nan)
    wanted_number = np.abs(came * factor - number) <= _SAME * np.abs(number)
    changed = np.isnan(factor) & ~np.isnan(came) & (np.abs(came - number) > _SAME * np.abs(number))
    rows = clash & ~np.isnan(number) & ~wanted_number & ~changed
    said.refuse(rows, column, table[column], "the unit of unit_concept_id", _UNITS)


def _other_numbers(
    table: pd.DataFrame, known: CdmTable, said: Said, other: Mask, by_concept: Mask, *, counts: bool
) -> None:  # fmt: skip
    """Refuse numbers that are not those of the source's text, where no other unit of the text explains it.

    Without a unit of the text the number may have been converted: it counts if the mapping says so.
    """
    printed = table["unit_source_value"]
    codes, pairs = pd.factorize(pd.MultiIndex.from_arrays([printed, said.unit]))
    same = np.array([one == unit or unit_stands(str(one), str(unit)) for one, unit in pairs] or [False], dtype=bool)
    bare = (printed == "").to_numpy()
    column, cells, expected = "value_as_number", table["value_as_number"], f"the number of {known.text}"
    said.refuse(other & ~by_concept & ~bare, column, cells, expected,
                "It was converted, and unit_source_value is that of the source: map unit_concept_id")  # fmt: skip
    said.refuse(other & by_concept & ~bare & same[codes], column, cells, expected,
                "Both are in one unit: correct the one that is wrong")  # fmt: skip
    said.refuse(other & bare & (not counts), column, cells, expected, _NUMBER)


def _dates(
    table: pd.DataFrame, known: CdmTable, wanted: Wanted, said: Said, partial: Partial, zone: str
) -> None:  # fmt: skip
    """Fill in the day, with its time where the moment is of the same day."""
    own = wanted.field("date")
    column = known.start if own is None else own.name.lower()
    days, bad = iso_dates(table[column], "ymd", partial)
    said.refuse(bad | (days == "").to_numpy(), column, table[column], "a date as YYYY-MM-DD")
    if own is not None or known.moment not in table:
        said.date[:] = days.to_numpy(dtype=object)
        return
    found = with_times(days, table[known.moment], partial, zone)
    said.zoned = found.unused
    said.refuse(found.far, known.moment, table[known.moment], f"a time of the day in {column}, or of the one beside it")
    said.date[:] = found.days
