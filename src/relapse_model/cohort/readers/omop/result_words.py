"""Words and concepts beside numbers: those that contradict them, or that nobody understands, are refused."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from relapse_model.arrays import Mask
from relapse_model.cohort.laboratory.lab_texts import read_lab_texts
from relapse_model.cohort.readers.beside_numbers import Numbers, contradicts
from relapse_model.cohort.readers.omop.cdm import CdmTable
from relapse_model.cohort.readers.omop.said import NUMBER_COUNTS, Said, looked_up, meanings_of_entry, text_keys
from relapse_model.cohort.readers.omop.wanted import Wanted
from relapse_model.cohort.readers.other_things import NO_RESULT, OF_RESULTS, other_thing
from relapse_model.cohort.readers.source_values import is_missing
from relapse_model.study.analyte import Analyte
from relapse_model.study.names import name_key

_FLAGS = frozenset(
    ("", "h", "l", "hh", "ll", "n", "a", "aa", "high", "low", "normal", "abnormal", "final", "f", "c", "corrected", "*")
)
_CODE = (
    "If it stands for a missing value, state it in the mapping: [missing] codes with this number; else leave the row "
    "out: unless = { measurement_id = [...] } in the entry"
)
_WORDED = (
    "If the words are a sign, such as below, write it as operator_concept_id (4171756 is <, 4172704 is >) in a copy of "
    f"the table, for the number alone has lost it. {NUMBER_COUNTS}, and if the words say nothing of it"
)
_GROUPED = re.compile(r"-?\d{1,3}(?:,\d{3})+")
_ODD = re.compile(r"-?\d{1,3}(?:,\d{3})+|\d\s?\++")  # thousands, or a grade such as 2+


def words_beside(
    table: pd.DataFrame, known: CdmTable, wanted: Wanted, missing: frozenset[str], said: Said, numbers: Numbers,
    rule: Analyte | None,
) -> None:  # fmt: skip
    """Refuse numbers that a concept or a text beside them contradicts; count the concepts without a meaning."""
    printed, concept = table[known.text], table["value_as_concept_id"]
    meanings = meanings_of_entry(wanted)
    by_concept, unknown = looked_up(concept, meanings)
    by_text, _ = looked_up(text_keys(printed), meanings)
    words = np.where(by_text != "", by_text, np.where(_are_words(printed), printed.to_numpy(dtype=object), ""))
    expected = "what the number beside it says"
    for column, cells, meant in (("value_as_concept_id", concept, by_concept), (known.text, printed, words)):
        said.refuse(contradicts(numbers, meant, rule), column, cells, expected, NUMBER_COUNTS)
    none = [one for one, text in meanings.items() if not text]
    gone = concept.isin(none) | text_keys(printed).isin(none) | is_missing(printed, missing)
    said.refuse(
        numbers.there & gone.to_numpy(), known.text, printed, "no number, since this means no value", NUMBER_COUNTS
    )
    coded = numbers.there & unknown & ~concept.isin(["", "0"]).to_numpy()
    said.beside = {str(one): int(count) for one, count in concept[coded].value_counts().items()}


def not_understood(table: pd.DataFrame, known: CdmTable, wanted: Wanted, said: Said, there: Mask) -> None:
    """Refuse numbers beside a text of the source that is no number, no word for a result, and no meaning or flag."""
    printed = table[known.text]
    codes, distinct = pd.factorize(printed)
    kinds = read_lab_texts(pd.Series(distinct, dtype=object))["kind"].to_numpy(dtype=object)
    texts = [str(one) for one in distinct]
    meant = meanings_of_entry(wanted)
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
    negative = rows & (number < 0) & (pd.to_numeric(printed, errors="coerce").to_numpy(dtype=float) == number)
    said.refuse(negative, "value_as_number", table["value_as_number"], "an amount, which is not below 0", _CODE)
    worded = np.array([*(_has_words_and_number(one) for one in texts), False], dtype=bool)[codes]
    said.refuse(rows & worded, known.text, printed, "the number beside it, or a word for it", _WORDED)
    said.refuse(rows, known.text, printed, "the number beside it, or a word for it", NUMBER_COUNTS)


def _has_words_and_number(text: str) -> bool:
    """Tell whether a text has letters beside a number: a sign in words, such as "unter 0,05", or another remark."""
    return any(map(str.isdigit, text)) and any(map(str.isalpha, text))


def _harmless(text: str) -> bool:
    """Tell whether a text beside a number says nothing of it: empty, a flag such as H, or a state such as final."""
    return text.strip().casefold() in _FLAGS


def _are_words(printed: pd.Series) -> Mask:
    codes, distinct = pd.factorize(printed)
    kinds = read_lab_texts(pd.Series(distinct, dtype=object))["kind"]
    words: Mask = np.append(kinds.isin(["negative", "positive"]).to_numpy(), False)[codes]
    return words
