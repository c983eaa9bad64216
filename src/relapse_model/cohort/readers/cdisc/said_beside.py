"""What a sponsor's own variables say of rows that are read: supplemental qualifiers, states, comments; LOINC codes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pandas as pd

from relapse_model.arrays import Mask, Positions
from relapse_model.cohort.readers.beside_rows import is_state
from relapse_model.cohort.readers.cdisc.comments import comments_counted, supplemental, supplements
from relapse_model.cohort.readers.cdisc.library import Library
from relapse_model.cohort.readers.cdisc.rows import TakenRows
from relapse_model.cohort.readers.distinct_pairs import distinct_pairs
from relapse_model.cohort.readers.entry_rows import leaving_out
from relapse_model.cohort.readers.other_things import (
    NOT_FINAL,
    PERSON,
    WITHDRAWN,
    other_thing,
    says_only,
    takes_all_back,
)
from relapse_model.cohort.readers.results_in_notes import result_in_note, says_another_result
from relapse_model.cohort.readers.second_names import LoincMet, SecondNames
from relapse_model.cohort.readers.unfinished_notes import unfinished
from relapse_model.errors import Problem

_TOLD = re.compile(r"status|comment|remark|\bnote|STAT$|STS$|COM$|CMT$|COMM$|^CO\.COVAL$", re.IGNORECASE)
_STATE = re.compile("STAT$|STS$")
_OF_LIMIT = re.compile(r"LO$|HI$|LO[QD]|LIM|R[AN]NG|NR|CUT")  # of an assay, or of a normal range
_CATEGORY = re.compile(r"AVALCAT\d+")
_LIMIT = re.compile(
    r"(?!.*(?:[>≥]|above|not below)).*"
    r"(?:\b(?:l?loq|l?lod|bl[oq]?q|blod?)\b|\bbelow (?:the )?(?:lower )?(?:limit|quantif|detect))",
    re.IGNORECASE,
)
_ADVICE = "If the result counts, correct what is said of it; else "
TAKE_OUT = "take such rows out of a copy"
"""What to do about a row of which a qualifier says something: it is no variable that a mapping could name."""
_LIMITED = "Write the limit in AVALC, such as <0.05, or "
_FEW = 3  # words of a text that names a person, and no more


def said_beside(library: Library, taken: Sequence[TakenRows]) -> tuple[list[Problem], list[str]]:
    """Refuse rows that are read and of which the sponsor says that they were taken back; return notes on the rest.

    Read are SUPPLB and its like, comments (CO), and variables of the data set that are called status, comment or
    remark.

    Parameters
    ----------
    library : Library
    taken : sequence of TakenRows
    """
    problems: list[Problem] = []
    notes: Counter[str] = Counter()
    met: Counter[tuple[str, str, str]] = Counter()
    for one in taken:
        at = one.rows.table.number[one.rows.at].astype(np.intp) - 1
        for name, texts, place in _statements(library, one, at):
            called = (name, one.wanted.data.labels.get(name, ""))
            if place == 1 and name.startswith("SUPP"):
                notes[_twice(name, texts, one.wanted.data.name, at)] += 1
            wrong = _each(texts, _taken_back)
            problems += _refused(one, name, texts, wrong, "nothing that takes the row back")
            other = _other_results(one, name, texts) & ~wrong
            problems += _refused(one, name, texts, other, "the result that is read")
            doubtful = _each(texts, _speaks_of_withdrawal) & ~wrong & ~other
            if doubtful.any():
                notes[_doubtful(name, doubtful, one.wanted.data.name, at)] += 1
            for text, count in Counter(texts[texts != ""]).items():
                if said := _not_final(text, called):
                    met[f"{one.wanted.data.name}, {name}", said, text if said == text else "..."] += count
        problems += _below_limits(one, at)
    told = [
        f"{name}: {count:,} rows that count are called {said!r}; if they do not count yet, {_out(name, text)}"
        for (name, said, text), count in met.items()
    ]
    return problems, [*told, *notes, *comments_counted(library)]


def _each(texts: pd.Series, tells: Callable[[str], bool]) -> Mask:
    """Tell of which texts something is so; each different one is read once."""
    codes, distinct = pd.factorize(texts)
    found: Mask = np.array([*(tells(str(text)) for text in distinct), False], dtype=bool)[codes]
    return found


def _refused(one: TakenRows, name: str, texts: pd.Series, wrong: Mask, expected: str) -> list[Problem]:
    found = pd.Series(np.full(len(one.rows.table), "", dtype=object))
    found.iloc[one.rows.at] = texts.to_numpy(dtype=object)
    return one.rows.table.problems(one.rows.at[wrong], name, expected, _ADVICE + _out(name), found=found)


def _other_results(one: TakenRows, name: str, texts: pd.Series) -> Mask:
    """Tell beside which results a note says another one."""
    of_result = _TOLD.search(name) or (name.startswith("SUPP") and not _OF_LIMIT.search(name))
    if "value" not in one.rows.rows or one.wanted.entry.section != "labs" or not of_result:
        return np.zeros(len(texts), dtype=bool)
    codes, pairs = distinct_pairs(texts, one.rows.rows["value"].astype(str))
    found: Mask = np.array([*(says_another_result(*pair) for pair in pairs), False], dtype=bool)[codes]
    return found


def _speaks_of_withdrawal(text: str) -> bool:
    return bool(other_thing(text, (WITHDRAWN,)))


def _doubtful(name: str, rows: Mask, data: str, at: Positions) -> str:
    return (
        f"{name}: {int(rows.sum()):,} rows of {data} that count have a text that speaks of something cancelled, wrong "
        f"or in error; see the first, observation {at[np.flatnonzero(rows)[0]] + 1}"
    )


def _twice(name: str, texts: pd.Series, data: str, at: Positions) -> str:
    rows = np.flatnonzero(texts != "")
    return (
        f"{name}: {len(rows):,} rows of {data} that count have two different values of it, the first is observation "
        f"{at[rows[0]] + 1}; correct the qualifier in the source, or {TAKE_OUT}"
    )


def _out(name: str, text: str = "...") -> str:
    """Say how rows are left out of which a variable, or a qualifier, says something."""
    return TAKE_OUT if "." in name else leaving_out(name.rpartition(", ")[2], text)


def _below_limits(one: TakenRows, at: Positions) -> list[Problem]:
    """Refuse results of which a category says that they are below a limit, and which are read as plain numbers."""
    data, table, problems = one.wanted.data, one.rows.table, list[Problem]()
    if "value" not in one.rows.rows:
        return []
    plain = one.rows.rows["value"].astype(str).str.match(r"\d").to_numpy(dtype=bool)
    for name in filter(_CATEGORY.fullmatch, data.labels):
        coded = data.coded(name)
        below = np.array([_LIMIT.match(str(text)) is not None for text in coded.texts], dtype=bool)
        if below.any():
            texts = pd.Series(np.full(len(table), "", dtype=object))
            texts.iloc[one.rows.at] = coded.texts[coded.codes[at]]
            wrong = one.rows.at[below[coded.codes[at]] & plain]
            advice = _LIMITED + leaving_out(name)
            problems += table.problems(wrong, name, "nothing that contradicts the number", advice, found=texts)
    return problems


def _taken_back(text: object) -> bool:
    said = str(text)
    return takes_all_back(said) or (len(said.split()) <= _FEW and bool(other_thing(said, (PERSON,))))


def _speaks(text: str) -> bool:
    return _taken_back(text) or _speaks_of_withdrawal(text) or bool(result_in_note(text))


def _not_final(text: object, called: Sequence[str]) -> str:
    """Return what says in a text that a result is not final: a state in any words, a clause of a remark alone."""
    of_state = any(is_state(one) or _STATE.search(one) for one in called)
    said = (other_thing if of_state else says_only)(str(text), (NOT_FINAL,))
    return str(text) if said else unfinished(str(text))


def _statements(library: Library, one: TakenRows, at: Positions) -> Iterator[tuple[str, pd.Series, int]]:
    """Yield what stands beside the rows that were taken, each with the name of its variable; again with 1, 2 ..."""
    data, entry = one.wanted.data, one.wanted.entry
    usual = {*one.wanted.standard.none, *entry.when, *(each.name for each in entry.fields.values())}
    for name, label in data.labels.items():
        if name not in usual and (_TOLD.search(name) or _TOLD.search(label)):
            coded = data.coded(name)
            if any(_speaks(str(text)) or _not_final(text, (name, label)) for text in coded.texts):
                yield name, pd.Series(coded.texts[coded.codes[at]], dtype=object), 0
    for beside in supplements(library, data):
        yield from supplemental(beside, data, at)


def loinc_beside(taken: Sequence[TakenRows], second: SecondNames) -> Iterator[str]:
    """Yield notes on LOINC codes of results that are read, which the study does not state for their analyte.

    Parameters
    ----------
    taken : sequence of TakenRows
    second : SecondNames
    """
    met = LoincMet(second)
    for one in taken:
        entry, data = one.wanted.entry, one.wanted.data
        if entry.section == "labs" and "LBLOINC" in data and "LBLOINC" not in entry.when:
            at = one.rows.table.number[one.rows.at].astype(np.intp) - 1
            coded = data.coded("LBLOINC")
            texts, counts = np.unique(coded.codes[at], return_counts=True)
            named = [(str(coded.texts[place]).strip(), int(count)) for place, count in zip(texts, counts, strict=True)]
            name = entry.constants.get("analyte", "")
            asked = () if met.states(name) else one.wanted.codes
            other = [(text, count) for text, count in named if text not in asked]
            met.see(name, [text for text, _ in other], [count for _, count in other])
    yield from met.sentences()
