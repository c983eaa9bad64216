"""In which unit results of OMOP are, and which numbers and units contradict each other."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Mask
from relapse_model.cohort.readers.contradicting_units import converted, units_contradict
from relapse_model.cohort.readers.distinct_pairs import distinct_pairs
from relapse_model.cohort.readers.omop.cdm import CdmTable
from relapse_model.cohort.readers.omop.said import NUMBER_COUNTS, SAME, Said, Source, looked_up
from relapse_model.cohort.readers.omop.wanted import Wanted
from relapse_model.cohort.readers.units_in_names import unit_stands
from relapse_model.study.analyte import Analyte

_UNITS = "Correct the one that is wrong, or leave such rows out: unless = { measurement_id = [...] } in the entry"


def units_of(table: pd.DataFrame, wanted: Wanted, units: Mapping[str, str], said: Said) -> Mask:
    """Fill in the units: by the mapping, by concept, as printed; return the rows whose unit is that of a concept."""
    stated = wanted.entry.constants.get("unit", "")
    concept, printed = table["unit_concept_id"], table["unit_source_value"]
    there = ~concept.isin(["", "0"]).to_numpy()
    own = wanted.field("unit")
    if own is not None:
        column = table[own.name.lower()]
        unit, lacking = looked_up(column, own.values or {text: text for text in column.unique()})
        empty = column.isin(["", "0"] if own.name.lower() == "unit_concept_id" else [""]).to_numpy()
        said.refuse(lacking & ~empty, own.name, column, "a unit with a meaning in the mapping",
                    "State it in the entry under unit.values")  # fmt: skip
        said.unit[:] = np.where(empty, stated or own.unit, unit)
        return np.full(len(table), own.name.lower() == "unit_concept_id")
    by_concept, _ = looked_up(concept, units)
    mute = there & (by_concept == "") & (printed == "").to_numpy() & (said.value != "")
    ids = sorted(concept[mute].unique())
    values = ", ".join(f'{one} = "..."' for one in ids)
    advice = f'State them in the entry: unit = {{ field = "unit_concept_id", values = {{ {values} }} }}; or add CONCEPT'
    said.refuse(mute, "unit_concept_id", concept, "a concept with a UCUM code in the table CONCEPT", advice)
    as_printed = np.where((printed != "").to_numpy(), printed.to_numpy(dtype=object), stated)
    said.unit[:] = np.where(by_concept != "", by_concept, as_printed)
    found: Mask = there & (by_concept != "")
    return found


def other_units(
    table: pd.DataFrame, wanted: Wanted, units: Mapping[str, str], said: Said, source: Source,
    number: NDArray[np.float64], rule: Analyte | None,
) -> None:  # fmt: skip
    """Refuse numbers whose unit is one by its concept and another as printed, unless the number was converted.

    It was converted where the source's number times the factor between the two units is the number; where the factor
    is not known, any other number may be a converted one.
    """
    own, column = wanted.field("unit"), "unit_source_value"
    stated = {} if own is None else {own.name.lower(): own.values}
    by_concept, _ = looked_up(table["unit_concept_id"], stated.get("unit_concept_id") or units)
    if not (by_concept != "").any():
        return
    meant, unstated = looked_up(table[column], stated.get(column, {}))
    printed = np.where(unstated, table[column].to_numpy(dtype=object), meant)
    codes, pairs = distinct_pairs(pd.Series(by_concept), pd.Series(printed))
    clash = np.array([units_contradict(one, other) for one, other in pairs], dtype=bool)[codes]
    if not clash.any():
        return
    known = [converted(other, one, rule) if one and other else None for one, other in pairs]
    factor = np.array([np.nan if one is None else one for one in known])[codes]
    came = np.where(source.number, source.value, np.nan)
    wanted_number = np.abs(came * factor - number) <= SAME * np.abs(number)
    changed = np.isnan(factor) & ~np.isnan(came) & (np.abs(came - number) > SAME * np.abs(number))
    rows = clash & ~np.isnan(number) & ~wanted_number & ~changed
    said.refuse(rows, column, table[column], "the unit of unit_concept_id", _UNITS)


def other_numbers(
    table: pd.DataFrame, known: CdmTable, said: Said, other: Mask, by_concept: Mask, *, counts: bool
) -> None:  # fmt: skip
    """Refuse numbers that are not those of the source's text, where no other unit of the text explains it.

    Without a unit of the text the number may have been converted: it counts if the mapping says so.
    """
    printed = table["unit_source_value"]
    codes, pairs = distinct_pairs(printed, pd.Series(said.unit))
    same = np.array([one == unit or unit_stands(one, unit) for one, unit in pairs] or [False], dtype=bool)
    bare = (printed == "").to_numpy()
    column, cells, expected = "value_as_number", table["value_as_number"], f"the number of {known.text}"
    said.refuse(other & ~by_concept & ~bare, column, cells, expected,
                "It was converted, and unit_source_value is that of the source: map unit_concept_id")  # fmt: skip
    said.refuse(other & by_concept & ~bare & same[codes], column, cells, expected,
                "Both are in one unit: correct the one that is wrong")  # fmt: skip
    said.refuse(other & bare & (not counts), column, cells, expected, NUMBER_COUNTS)
