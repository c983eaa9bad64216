"""Numbers that stand for "no value": stated by the name of their column, or by their look alone (999)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from relapse_model.cohort.gate_tables import FIRST_ROW
from relapse_model.cohort.readers.label_words import plain_words
from relapse_model.cohort.readers.made_table import MadeTable
from relapse_model.cohort.readers.source_mapping import SourceMapping
from relapse_model.cohort.readers.source_values import text_key
from relapse_model.cohort.readers.units_in_names import Labels
from relapse_model.cohort.tables.identifiers import identifier_keys
from relapse_model.errors import Problem

_NONE = (
    r"(?:not (?:done|known|tested|available|applicable|recorded|measured|performed)|unknown|missing|n/?a|nd|unk|no data"
    r"|no value|no result|unbekannt|fehlend|nicht gemacht|inconnu|manquant|desconocido"
    r"|未做|未查|未测|未检|不详|未知|缺失|无数据)(?![a-z])"
)
_STATED = re.compile(rf"(?<![\d.])(-?\d{{1,5}})\s*(?:[=:：＝,]|means|for|为|表示|代表)\s*{_NONE}")
_BEFORE = re.compile(rf"(?<![a-z]){_NONE}\s*[=:：＝]\s*(-?\d{{1,5}})(?![\d.])")
_LOOKS = re.compile(r"(?:9{3,5}|8{3,5}|7{3,5})(?:\.0+)?|9{4,5}\.[09]+")
_READ = {"labs": "value", "treatments": "dose"}


def codes_stated(text: str) -> frozenset[str]:
    """Return the numbers of which a name or a label says that they mean no value.

    Examples
    --------
    >>> [sorted(codes_stated(text)) for text in ("ALT (999 = not done, -9: unknown)", "ALT 99=未查", "ALT (U/L)")]
    [['-9', '999'], ['99'], []]
    """
    plain = plain_words(text)
    return frozenset([*_STATED.findall(plain), *_BEFORE.findall(plain)])


def stated_codes(made: Mapping[str, MadeTable], labels: Labels) -> Iterator[Problem]:
    """Yield a problem for each number that the name, or a label, of its column calls a code for no value.

    Parameters
    ----------
    made : mapping of str to MadeTable
    labels : mapping of str to tuple of str
        What the source says of its columns besides their names.
    """
    for table, column in _columns(made):
        called = table.called.get(column, column)
        names = np.full(len(table.rows), called, dtype=object) if isinstance(called, str) else called
        codes, distinct = pd.factorize(pd.Series(names, dtype=object))
        stated = [frozenset().union(*map(codes_stated, (str(one), *labels.get(str(one), ())))) for one in distinct]
        if not any(stated):
            continue
        values = table.rows[column].astype(str).map(text_key)
        wrong = [text in {text_key(one) for one in stated[code]} for text, code in zip(values, codes, strict=True)]
        expected = "a value, or a code under [missing]: the name or label of the column calls it none"
        yield from _placed(table, column, np.flatnonzero(wrong).tolist(), expected)


def code_like(made: Mapping[str, MadeTable], mapping: SourceMapping | None = None) -> Iterator[Problem]:
    """Yield a remark for each number such as 999 or 8888, which may be a code for no value.

    Parameters
    ----------
    made : mapping of str to MadeTable
    mapping : SourceMapping, optional
        Whose ``results`` under ``[missing]`` say which are values.
    """
    stated = set() if mapping is None else set(map(text_key, mapping.results))
    for table, column in _columns(made):
        codes, distinct = pd.factorize(table.rows[column].astype(object))
        like = [_LOOKS.fullmatch(str(one)) is not None and text_key(str(one)) not in stated for one in distinct]
        alike = np.array([*like, False], dtype=bool)[codes]
        expected = "a value, or a code for no value? Then name it under [missing]: as one of results, or of codes"
        yield from _placed(table, column, np.flatnonzero(alike).tolist(), expected)


def _columns(made: Mapping[str, MadeTable]) -> Iterator[tuple[MadeTable, str]]:
    for name, column in _READ.items():
        if name in made and {column, "patient_id"} <= set(made[name].rows):
            yield made[name], column


def _placed(table: MadeTable, column: str, rows: list[int], expected: str) -> Iterator[Problem]:
    keys = identifier_keys(table.rows["patient_id"].iloc[rows].astype(object))
    for row, key in zip(rows, keys, strict=True):
        found = repr(str(table.rows[column].iloc[row]))
        yield table.place(Problem("", row + FIRST_ROW, column, found, expected, "", str(key)))
