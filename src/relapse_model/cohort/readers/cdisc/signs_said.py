"""Signs of results in variables or qualifiers of their own, such as LBSIGN: "<" beside 0.05 is no 0.05."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from relapse_model.cohort.readers.cdisc.comments import supplemental, supplements
from relapse_model.cohort.readers.cdisc.data_set import DataSet
from relapse_model.cohort.readers.cdisc.library import Library
from relapse_model.cohort.readers.cdisc.rows import TakenRows
from relapse_model.cohort.readers.cdisc.said_beside import TAKE_OUT
from relapse_model.cohort.readers.cdisc.standard import Standard
from relapse_model.cohort.readers.proposed_text import quoted, table_text
from relapse_model.cohort.readers.second_statements import COMPARATORS, flags_below, holds_comparators, plain_sign
from relapse_model.cohort.readers.signs_beside import BELOW, LESS, MORE
from relapse_model.cohort.readers.words_beside import EXPECTED, advice_on, as_comparators, denied_results, stated_signs
from relapse_model.errors import Problem
from relapse_model.study.study import Study

_OTHERS = re.compile(r"NR(?:LO|HI|C|IND)$|^A[N1]R|^M?CRIT\d|^AVALCAT\d|(?:DTC|DTM|DT|TM|DY|SEQ|ID|NUM)$")
_LESS_WORDS = re.compile(r"[<≤]|less|lower|below|l[te]$|低|小|不大|不超")
_YES = frozenset(("1", "1.0", "y", "yes", "true", "x"))
_WRITE = "Write the sign before the number in a copy of the data set, or "


def signs_problems(library: Library, taken: Sequence[TakenRows], study: Study | None) -> list[Problem]:
    """Refuse results that are read as plain numbers, and beside which a sign stands that the mapping does not read.

    Parameters
    ----------
    library : Library
    taken : sequence of TakenRows
    study : Study or None
        Of whose limits it is known which numbers "below the limit" denies.
    """
    problems: list[Problem] = []
    for one in taken:
        entry, rows = one.wanted.entry, one.rows
        if entry.section != "labs" or "value" not in rows.rows or "comparator" in entry.fields or not len(rows.at):
            continue
        results = rows.rows[["analyte", "value", "unit"]].astype(str)
        for name, label, texts in _beside(library, one):
            meanings = signs_in((name, label), texts)
            if not any(meanings.values()):
                continue
            said = texts.map(meanings).fillna("").to_numpy(dtype=object)
            wrong = denied_results(results, said, study)
            found = pd.Series(np.full(len(rows.table), "", dtype=object))
            found.iloc[rows.at] = texts.to_numpy(dtype=object)
            advice = _WRITE + TAKE_OUT if "." in name else _advice(name, meanings)
            problems += rows.table.problems(rows.at[wrong], name, EXPECTED, advice, found=found)
    return problems


def _advice(name: str, meanings: dict[str, str]) -> str:
    alone = all(text in COMPARATORS for text in meanings)
    return f"State in the entry: {comparator_line(name, meanings)}" if alone else advice_on(name, meanings)


def signs_in(called: Sequence[str], texts: pd.Series) -> dict[str, str]:
    """Return what each text of a variable says as a comparator does; empty where the variable says nothing of the kind.

    Parameters
    ----------
    called : sequence of str
        Its name, and its label.
    texts : Series

    Examples
    --------
    >>> signs_in(["LBSIGN", ""], pd.Series(["<", ""])), signs_in(["LBNRIND", ""], pd.Series(["LOW", "NORMAL"]))
    ({'<': '<'}, {})
    >>> signs_in(["LBBLQFL", "Below LLOQ"], pd.Series(["Y", "N"]))
    {'Y': 'below its limit', 'N': ''}
    """
    distinct = [str(text) for text in texts.unique() if str(text).strip()]
    names = [one for text in called if text for one in (text, text[2:])]  # LBBLQ is called BLQ within its domain
    if flags_below(names, texts):
        return {text: BELOW if text.strip().casefold() in _YES else "" for text in distinct}
    if holds_comparators(texts):
        return {text: _sign(text) for text in distinct}
    stated = stated_signs(texts)
    return {} if stated is None else {text: stated.meanings.get(text.strip(), "") for text in distinct}


def _sign(text: str) -> str:
    plain = plain_sign(text).casefold()
    return "" if plain == "=" else LESS if _LESS_WORDS.match(plain) else MORE


def comparator_line(name: str, meanings: dict[str, str]) -> str:
    """Return the line of a mapping that reads the signs of a variable.

    Examples
    --------
    >>> comparator_line("LBSIGN", {"<": "<"}), comparator_line("LBBLQ", {"Y": "below its limit", "N": ""})
    ('comparator = "LBSIGN"', 'comparator = { field = "LBBLQ", values = { "Y" = "<", "N" = "" } }')
    """
    if all(text in COMPARATORS for text in meanings):
        return f"comparator = {quoted(name)}"
    return f"comparator = {{ field = {quoted(name)}, values = {table_text(as_comparators(meanings).items())} }}"


def proposed_comparator(data: DataSet, standard: Standard, code: str) -> list[str]:
    """Return the line for the signs of the results of a code; nothing where no variable holds signs alone.

    Parameters
    ----------
    data : DataSet
    standard : Standard
    code : str
    """
    rows = data.holds(standard.code, [code])
    for name, label in _unread(data, standard):
        texts = data.texts(name)[rows]
        if holds_comparators(texts) or flags_below([name, name[2:], label], texts):
            return [comparator_line(name, signs_in((name, label), texts))]
    return []


def _beside(library: Library, one: TakenRows) -> Iterator[tuple[str, str, pd.Series]]:
    """Yield variables and qualifiers beside the results that were taken: name, label, and text of each row."""
    data, entry = one.wanted.data, one.wanted.entry
    at = one.rows.table.number[one.rows.at].astype(np.intp) - 1
    read = {*entry.when, *(each.name for each in entry.fields.values())}
    for name, label in _unread(data, one.wanted.standard):
        if name not in read:
            coded = data.coded(name)
            yield name, label, pd.Series(coded.texts[coded.codes[at]], dtype=object)
    for beside in supplements(library, data):
        labels = beside.first_of_each("QNAM", "QLABEL") if {"QNAM", "QLABEL"} <= set(beside.labels) else {}
        for name, texts, _ in supplemental(beside, data, at):
            yield name, labels.get(name.rpartition(".")[2], ""), texts


def _unread(data: DataSet, standard: Standard) -> Iterator[tuple[str, str]]:
    """Yield the variables of a data set of which the standard does not say what they are."""
    known = {standard.code, standard.label, *standard.parts, *standard.none, *standard.more.values()}
    known |= {*standard.dates.values(), *standard.days.values(), *(name for pair in standard.values for name in pair)}
    for name, label in data.labels.items():
        if name not in known and not _OTHERS.search(name) and _may_be_sign(data, name, label):
            yield name, label


def _may_be_sign(data: DataSet, name: str, label: str) -> bool:
    return any(signs_in((name, label), pd.Series(data.coded(name).texts, dtype=object)).values())
