"""What rows of MEASUREMENT and OBSERVATION say: number, comparator, unit, or text; which contradict themselves."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Mask
from relapse_model.cohort.laboratory.lab_texts import read_lab_texts
from relapse_model.cohort.readers.beside_numbers import Numbers
from relapse_model.cohort.readers.distinct_pairs import distinct_pairs
from relapse_model.cohort.readers.omop.cdm import OPERATORS, CdmTable
from relapse_model.cohort.readers.omop.result_times import with_times
from relapse_model.cohort.readers.omop.result_units import other_numbers, other_units, units_of
from relapse_model.cohort.readers.omop.result_words import not_understood, words_beside
from relapse_model.cohort.readers.omop.said import SAME, Said, Source, looked_up, meanings_of_entry, text_keys
from relapse_model.cohort.readers.omop.tables import number_text
from relapse_model.cohort.readers.omop.wanted import Wanted
from relapse_model.cohort.readers.same_meaning import results_contradict
from relapse_model.cohort.readers.source_dates import Partial, iso_dates
from relapse_model.cohort.readers.source_values import is_missing
from relapse_model.study.analyte import Analyte

NO_VALUE = "without a value"
MISSING = "a code for a missing value"
_CODE = (
    "It may be a code: if it is a result, correct the table; if not, leave these rows out: "
    "unless = { measurement_id = [...] } in the entry"
)
_STATE = 'State it in the entry: value = { field = "value_as_concept_id", values = { "CONCEPT" = "negative" } }'


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
    source = Source(
        (read["kind"] == "number").to_numpy(), read["comparator"].to_numpy(dtype=object),
        read["number"].to_numpy(dtype=float), (read["kind"] == "missing").to_numpy(),
    )  # fmt: skip
    number = pd.to_numeric(table["value_as_number"], errors="coerce").to_numpy(dtype=float)
    there = (table["value_as_number"] != "").to_numpy()
    coded = _coded(number, missing)
    said.empty[MISSING] = coded & ~((read["kind"] == "number").to_numpy() & (source.value != number))
    said.refuse(there & ~np.isfinite(number), "value_as_number", table["value_as_number"], "a number")
    comparator = _comparators(table, said)
    advice = "The transformation into OMOP lost or exchanged it: correct the table"
    wrong = source.number & (source.comparator != comparator) & (there | (comparator != ""))
    said.refuse(wrong, known.text, printed, "the comparator of operator_concept_id", advice)
    close = np.abs(source.value - number) <= SAME * np.abs(number)
    said.value[there] = (comparator + _numbers(number))[there]
    exact = there & source.number & (source.value == number)
    said.value[exact] = printed.to_numpy(dtype=object)[exact]
    _without_number(table, known, wanted, missing, said, source, ~there)
    by_concept = units_of(table, wanted, units, said)
    other_units(table, wanted, units, said, source, number, rule)
    own = wanted.field("value")
    counts = own is not None and own.name.lower() == "value_as_number"
    other_numbers(table, known, said, there & source.number & ~close, by_concept, counts=counts)
    if not counts:
        numbers = Numbers(number, comparator, said.unit, there)
        words_beside(table, known, wanted, missing, said, numbers, rule)
        not_understood(table, known, wanted, said, there)
    _dates(table, known, wanted, said, partial, zone)
    return said


def _coded(number: NDArray[np.float64], missing: frozenset[str]) -> Mask:
    """Tell which numbers are codes for a missing value: -999 as -999.0, too."""
    codes = pd.to_numeric(pd.Series(sorted(missing), dtype=object), errors="coerce").dropna().to_numpy(dtype=float)
    found: Mask = np.isin(number, codes) if len(codes) else np.zeros(len(number), dtype=bool)
    return found


def _comparators(table: pd.DataFrame, said: Said) -> NDArray[np.object_]:
    operator = table["operator_concept_id"]
    known, lacking = looked_up(operator, OPERATORS)
    expected = f"one of {', '.join(one for one in OPERATORS if one)}"
    said.refuse(lacking, "operator_concept_id", operator, expected, "OMOP has no other comparator")
    return known


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
    source: Source,
    rows: Mask,
) -> None:
    """Fill in what a concept or a text says where there is no number."""
    printed, concept = table[known.text], table["value_as_concept_id"]
    meanings = meanings_of_entry(wanted)
    by_concept, _ = looked_up(concept, meanings)
    by_text, _ = looked_up(text_keys(printed), meanings)
    meant = np.where(by_concept != "", by_concept, by_text)
    clash = (by_concept != "") & (by_text != "") & (by_concept != by_text)
    clash |= _opposite(printed, by_concept)
    said.refuse(rows & clash, known.text, printed, "the meaning of value_as_concept_id")
    none = {one for one, text in meanings.items() if not text}
    is_none = text_keys(printed).isin(list(none)).to_numpy()
    is_none = is_none | concept.isin(list(none)).to_numpy()
    said.empty[MISSING] = said.settled_as(MISSING) | rows & (is_missing(printed, missing) | (is_none & (meant == "")))
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
    codes, pairs = distinct_pairs(printed, pd.Series(meant))
    found = [results_contradict(one, other) for one, other in pairs]
    opposite: Mask = np.array([*found, False], dtype=bool)[codes]
    return opposite


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
