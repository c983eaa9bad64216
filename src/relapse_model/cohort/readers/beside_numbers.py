"""Words beside a number: a concept or a text that contradicts it, or of which the mapping knows no meaning."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Mask
from relapse_model.cohort.gate_tables import FIRST_ROW
from relapse_model.cohort.laboratory.lab_texts import read_lab_texts
from relapse_model.cohort.laboratory.unit_conversion import conversion
from relapse_model.cohort.readers.label_words import plain_words
from relapse_model.cohort.readers.made_table import MadeTable
from relapse_model.cohort.tables.identifiers import identifier_keys
from relapse_model.errors import Problem
from relapse_model.study.analyte import Analyte
from relapse_model.study.names_known import analyte_names
from relapse_model.study.study import Study

_BELOW, _ABOVE = ("<", "<="), (">", ">=")
_UNQUANTIFIED = re.compile(
    r"(?:<|(?<!not )below|under|less than|lower than)\s*(?:the\s+)?(?:assay\s+)?(?:lower\s+)?(?:limit of q|l?loq)"
    r"|(?<![a-z])bl?l?oq(?![a-z])|(?:not|non|un)[ -]?quantif|低于.*定量|不可定量|<\s*定量"
)
_LITTLE = re.compile(r"detect|(?<![a-z])(?:low|weak|weakly)(?![a-z])|检出|检测到|测出|弱阳")


@dataclass(frozen=True, slots=True, eq=False)
class Numbers:
    """The numbers of some rows, with their comparators and units.

    Attributes
    ----------
    value : array of float
    comparator, unit : array of str
    there : array of bool
        Rows that have a number.
    """

    value: NDArray[np.float64]
    comparator: NDArray[np.object_]
    unit: NDArray[np.object_]
    there: Mask


def contradicts(numbers: Numbers, words: NDArray[np.object_], rule: Analyte | None) -> Mask:
    """Tell where words cannot be true of the number beside them.

    "Negative" contradicts a number above the study's limit, and one with ``>``; "positive" contradicts 0, and one with
    ``<``; a number in the words contradicts another number. Where the limit is not known, or the unit converts into no
    other (a ratio to a cut-off), "negative" contradicts no plain number. "Detected" and "low positive" contradict 0,
    and no ``<``: DNA is reported as detected below the limit of quantification. That it is below it contradicts a
    number without ``<``.

    Parameters
    ----------
    numbers : Numbers
    words : array of str
        In a laboratory's language; empty where there are none.
    rule : Analyte or None
        Of the study.

    Examples
    --------
    >>> signs = np.array(["", "<", ">"], dtype=object)
    >>> numbers = Numbers(np.array([0.0, 10.0, 10.0]), signs, np.full(3, "IU/mL", dtype=object), np.full(3, True))
    >>> contradicts(numbers, np.full(3, "negative", dtype=object), None).tolist()
    [False, False, True]
    >>> contradicts(numbers, np.full(3, "positive", dtype=object), None).tolist()
    [True, True, False]
    >>> contradicts(numbers, np.full(3, "detected", dtype=object), None).tolist()
    [True, False, False]
    """
    result: Mask = numbers.there & (words != "")
    at = np.flatnonzero(result)  # few rows have both
    if len(at):
        result[at] = _denied(numbers.value[at], numbers.comparator[at], numbers.unit[at], words[at], rule)
    return result


def _denied(
    value: NDArray[np.float64], sign: NDArray[np.object_], unit: NDArray[np.object_], words: NDArray[np.object_],
    rule: Analyte | None,
) -> Mask:  # fmt: skip
    """Tell which numbers the words beside them deny."""
    read = read_lab_texts(pd.Series(words, dtype=object))
    kind, number = read["kind"].to_numpy(dtype=object), read["number"].to_numpy(dtype=float)
    below, above = np.isin(sign.astype(str), _BELOW), np.isin(sign.astype(str), _ABOVE)
    plain = ~below & ~above
    negative = above | (plain & (value > limits_in(unit, rule)))
    codes, distinct = pd.factorize(words)
    unquantified = np.array([says_unquantified(str(word)) for word in distinct], dtype=bool)[codes]
    little = np.array([_LITTLE.search(plain_words(str(word))) is not None for word in distinct], dtype=bool)[codes]
    positive = (below & ~little & ~unquantified) | (plain & (value == 0)) | (unquantified & ~below)
    other = (read["comparator"].to_numpy(dtype=object) != sign) | (number != value)
    found: Mask = ((kind == "negative") & negative) | ((kind == "positive") & positive) | ((kind == "number") & other)
    return found


def says_unquantified(text: str) -> bool:
    """Tell whether words say that a result is below the limit of quantification.

    Examples
    --------
    >>> [says_unquantified(text) for text in ("Detected, <LLOQ", "Not quantifiable", "低于定量下限", "Above LLOQ")]
    [True, True, True, False]
    """
    return _UNQUANTIFIED.search(plain_words(text)) is not None


def negative_numbers(made: Mapping[str, MadeTable], study: Study | None) -> Iterator[Problem]:
    """Yield a problem for each result that is a number above the study's lower limit, and says that it is negative.

    Parameters
    ----------
    made : mapping of str to MadeTable
    study : Study or None
    """
    table = made.get("labs")
    if study is None or table is None or not {"value", "unit", "analyte", "patient_id"} <= set(table.rows):
        return
    codes, texts = pd.factorize(table.rows["value"].astype(object))
    worded = np.array([*(_is_worded(str(one)) for one in texts), False], dtype=bool)[codes]
    rows = table.rows.loc[worded, ["analyte", "unit", "value"]].astype(str)
    triples = rows.groupby(list(rows.columns), sort=False).ngroup().to_numpy()
    different = rows.drop_duplicates()
    wrong = _too_high(different, study)
    for row in np.flatnonzero(worded)[wrong[triples]].tolist() if len(rows) else ():
        found = f"{str(table.rows['value'].iloc[row])!r}, a number above the lower limit"
        expected = "a number below the lower limit of the study, or no word for negative"
        key = str(identifier_keys(table.rows["patient_id"].iloc[[row]]).iloc[0])
        yield table.place(Problem("", row + FIRST_ROW, "value", found, expected, "", key))


def _is_worded(text: str) -> bool:
    """Tell whether a text has a number and more letters than an exponent has."""
    return any(char.isdigit() for char in text) and sum(char.isalpha() for char in text) > 1


def _too_high(results: pd.DataFrame, study: Study) -> Mask:
    """Tell which of some different results are called negative, and are numbers above the lower limit."""
    read, names = read_lab_texts(results["value"].reset_index(drop=True)), analyte_names(study)
    units = read["unit"].where(read["unit"] != "", results["unit"].to_numpy()).to_numpy(dtype=object)
    rules = [study.analytes.get(names.meaning(one).name or "") for one in results["analyte"]]
    limits = [limits_in(units[[place]], rule)[0] for place, rule in enumerate(rules)]
    said = (read["kind"] == "number") & (read["comparator"] == "") & (read["detected"] == False)  # noqa: E712
    high: Mask = said.fillna(False).to_numpy(dtype=bool) & (read["number"].to_numpy(dtype=float) > np.array(limits))
    return high


def limits_in(unit: NDArray[np.object_], rule: Analyte | None) -> NDArray[np.float64]:
    """Return the study's lower limit in the unit of each row; infinite where it is not known."""
    codes, units = pd.factorize(unit)
    limits = [np.inf] * (len(units) + 1)
    for place, one in enumerate(units):
        known = None if rule is None or rule.lower_limit is None else conversion(rule, str(one))
        if rule is not None and rule.lower_limit is not None and known is not None and known[1] == "as_is":
            limits[place] = rule.lower_limit / known[0]
    return np.array(limits)[codes]
