"""What a sponsor's own variables say of rows that are read: supplemental qualifiers, states, comments; LOINC codes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from relapse_model.arrays import Positions
from relapse_model.cohort.readers.beside_rows import is_state
from relapse_model.cohort.readers.cdisc.data_set import DataSet
from relapse_model.cohort.readers.cdisc.library import Library
from relapse_model.cohort.readers.cdisc.rows import TakenRows
from relapse_model.cohort.readers.cdisc.standard import ID
from relapse_model.cohort.readers.entry_rows import leaving_out
from relapse_model.cohort.readers.other_things import NOT_FINAL, PERSON, other_thing, says_only, takes_all_back
from relapse_model.cohort.readers.second_names import LoincMet, SecondNames
from relapse_model.cohort.tables.identifiers import identifier_keys
from relapse_model.errors import Problem

_TOLD = re.compile(r"status|comment|remark|\bnote|STAT$|STS$|COM$|CMT$|COMM$", re.IGNORECASE)
_STATE = re.compile("STAT$|STS$")
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
_SUPPLEMENT = ("RDOMAIN", ID, "IDVAR", "IDVARVAL", "QNAM", "QVAL")
_FEW = 3  # words of a text that names a person, and no more


def said_beside(library: Library, taken: Sequence[TakenRows]) -> tuple[list[Problem], list[str]]:
    """Refuse rows that are read and of which the sponsor says that they were taken back; return notes on the rest.

    Read are SUPPLB and its like, and variables of the data set that are called status, comment or remark.

    Parameters
    ----------
    library : Library
    taken : sequence of TakenRows
    """
    problems: list[Problem] = []
    unfinished: Counter[tuple[str, str]] = Counter()
    twice: list[str] = []
    for one in taken:
        at = one.rows.table.number[one.rows.at].astype(np.intp) - 1
        for name, texts, place in _statements(library, one, at):
            if place == 1:
                twice.append(_twice(name, texts, one.wanted.data.name, at))
            codes, distinct = pd.factorize(texts)
            wrong = np.array([*map(_taken_back, distinct), False], dtype=bool)[codes]
            found = pd.Series(np.full(len(one.rows.table), "", dtype=object))
            found.iloc[one.rows.at] = texts.to_numpy(dtype=object)
            expected = "nothing that takes the row back"
            problems += one.rows.table.problems(one.rows.at[wrong], name, expected, _ADVICE + _out(name), found=found)
            for text, count in Counter(texts[texts != ""]).items():
                if _not_final(text, (name, one.wanted.data.labels.get(name, ""))):
                    unfinished[f"{one.wanted.data.name}, {name}", text] += count
        problems += _below_limits(one, at)
    notes = [
        f"{name}: {count:,} rows that count are called {text!r}; if they do not count yet, {_out(name, text)}"
        for (name, text), count in unfinished.items()
    ]
    return problems, [*notes, *twice]


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


def _not_final(text: object, called: Sequence[str]) -> bool:
    """Tell whether a text says that a result is not final: a state in any words, a remark with nothing else."""
    of_state = any(is_state(one) or _STATE.search(one) for one in called)
    return bool((other_thing if of_state else says_only)(str(text), (NOT_FINAL,)))


def _statements(library: Library, one: TakenRows, at: Positions) -> Iterator[tuple[str, pd.Series, int]]:
    """Yield what stands beside the rows that were taken, each with the name of its variable; again with 1, 2 ..."""
    data, entry = one.wanted.data, one.wanted.entry
    usual = {*one.wanted.standard.none, *entry.when, *(each.name for each in entry.fields.values())}
    for name, label in data.labels.items():
        if name not in usual and (_TOLD.search(name) or _TOLD.search(label)):
            coded = data.coded(name)
            if any(_taken_back(text) or _not_final(text, (name, label)) for text in coded.texts):
                yield name, pd.Series(coded.texts[coded.codes[at]], dtype=object), 0
    for beside in supplements(library, data):
        yield from supplemental(beside, data, at)


def supplements(library: Library, data: DataSet) -> list[DataSet]:
    """Return the data sets of supplemental qualifiers of a data set.

    Parameters
    ----------
    library : Library
    data : DataSet
    """
    found = [one for one in library.data if one.name.startswith("SUPP") and all(name in one for name in _SUPPLEMENT)]
    return [one for one in found if one.holds("RDOMAIN", (data.name[:2],)).any()]


def supplemental(beside: DataSet, data: DataSet, at: Positions) -> Iterator[tuple[str, pd.Series, int]]:
    """Yield for each qualifier what it says of the rows, by subject and the number that IDVAR names.

    The standard has one value of a qualifier for a row; where there are two, none is known to be the later: both come.

    Parameters
    ----------
    beside : DataSet
        Of qualifiers.
    data : DataSet
    at : array of int
        Of the rows.
    """
    rows = pd.DataFrame({name: beside.texts(name) for name in _SUPPLEMENT})
    rows = rows[(rows["RDOMAIN"] == data.name[:2]) & rows["QVAL"].ne("")]
    for (idvar, name), own in rows.groupby(["IDVAR", "QNAM"], sort=False):
        variable = str(idvar)
        if variable and variable not in data:
            continue
        keys = identifier_keys(data.texts(ID).iloc[at].reset_index(drop=True))
        known = identifier_keys(own[ID])
        if variable:  # without it, it is said of all rows of the subject
            keys = keys + "|" + _plain(data.texts(variable).iloc[at].reset_index(drop=True))
            known = known + "|" + _plain(own["IDVARVAL"])
        said = pd.Series(own["QVAL"].to_numpy(dtype=object), index=known)
        said = said[~pd.MultiIndex.from_arrays([said.index, said]).duplicated()]
        nth = said.groupby(level=0).cumcount().to_numpy()
        for place in range(int(nth.max()) + 1):
            texts = keys.map(said[nth == place]).fillna("").astype(object)
            if (texts != "").any():
                yield f"{beside.name}.{name}", texts, place


def _plain(texts: pd.Series) -> pd.Series:
    return texts.str.strip().str.replace(r"\.0+$", "", regex=True)


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
