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
_NINES = re.compile(r"9{6,}(?:\.[09]+)?")  # of fewer a result may be made by chance
_OF_NINES = "{!r}, a number of nines alone, as it is written where there is none"
_WHAT = 'State under [missing] what it is: codes = ["{0}"] if it means no value, results = ["{0}"] if it is one'
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
        keys = [frozenset(map(text_key, one)) for one in stated]
        wrong = [text in keys[code] for text, code in zip(values, codes, strict=True)]
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


def numbers_of_nines(made: Mapping[str, MadeTable], mapping: SourceMapping | None) -> Iterator[Problem]:
    """Yield a problem for each result of six or more nines alone, and of which the mapping says nothing.

    Of fewer, which may be results, `code_like` says so.

    Parameters
    ----------
    made : mapping of str to MadeTable
    mapping : SourceMapping or None
        Whose ``results`` under ``[missing]`` say which are results.

    Examples
    --------
    >>> rows = pd.DataFrame({"patient_id": ["7"] * 4, "value": ["9999999", "9999", "99", "<999999"]})
    >>> made = {"labs": MadeTable(rows, "LB", np.array([1, 2, 3, 4]), {"value": "LBORRES"})}
    >>> [one.row for one in numbers_of_nines(made, None)]
    [1]
    """
    table = made.get("labs")
    if table is None or "value" not in table.rows:
        return
    codes, texts = pd.factorize(table.rows["value"].astype(object))
    stated = set() if mapping is None else set(map(text_key, mapping.results))
    nines = [_NINES.fullmatch(text.strip()) is not None and text_key(text) not in stated for text in map(str, texts)]
    wrong = np.flatnonzero(np.array([*nines, False], dtype=bool)[codes])
    yield from _placed(table, "value", wrong.tolist(), "a result", _OF_NINES, _WHAT)


_UNSETTLED = frozenset({"nd", "n.d", "n.d.", "n. d.", "n/d"})
_ND = "{!r}, which is written for what was not detected, and for what was not done"
_WHICH = (
    'State under [missing] what it is: results = ["{0}"] if nothing was detected, codes = ["{0}"] if it was not done'
)


def is_unsettled(text: str) -> bool:
    """Tell whether a text is an abbreviation that may mean "not detected", and "not done".

    Examples
    --------
    >>> [is_unsettled(text) for text in ("ND", "n.d.", "TND", "not done")]
    [True, True, False, False]
    """
    return plain_words(text) in _UNSETTLED


def unsettled_words(made: Mapping[str, MadeTable], mapping: SourceMapping | None) -> Iterator[Problem]:
    """Yield a problem for each result "nd" of which a mapping of a form filled in by hand does not say what it means.

    A laboratory's own report has its own word for what was not done; whoever fills in a form may mean either.

    Parameters
    ----------
    made : mapping of str to MadeTable
    mapping : SourceMapping or None
        Whose ``results`` under ``[missing]`` say which are results.
    """
    table = made.get("labs")
    if mapping is None or mapping.kind != "redcap" or table is None or "value" not in table.rows:
        return
    codes, texts = pd.factorize(table.rows["value"].astype(object))
    stated = set(map(text_key, mapping.results))
    open_ = [is_unsettled(text) and text_key(text) not in stated for text in map(str, texts)]
    wrong = np.flatnonzero(np.array([*open_, False], dtype=bool)[codes])
    yield from _placed(table, "value", wrong.tolist(), "a result, or none", _ND, _WHICH)


def _columns(made: Mapping[str, MadeTable]) -> Iterator[tuple[MadeTable, str]]:
    for name, column in _READ.items():
        if name in made and {column, "patient_id"} <= set(made[name].rows):
            yield made[name], column


def _placed(
    table: MadeTable, column: str, rows: list[int], expected: str, found: str = "{!r}", advice: str = ""
) -> Iterator[Problem]:  # fmt: skip
    """Yield the problems of rows; what was found, and the advice, hold the text of the cell."""
    keys = identifier_keys(table.rows["patient_id"].iloc[rows].astype(object))
    for row, key in zip(rows, keys, strict=True):
        text = str(table.rows[column].iloc[row]).strip()
        one = Problem("", row + FIRST_ROW, column, found.format(text), expected, advice.format(text), str(key))
        yield table.place(one)
