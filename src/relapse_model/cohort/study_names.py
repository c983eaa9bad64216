"""The names and codes of tables as a study understands them: mapped at the gate, and asked for where they are used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.tables.column_values import coded_texts
from relapse_model.errors import CohortError, Problem
from relapse_model.study.names import Meaning, NameTable
from relapse_model.study.names_known import agent_names, analyte_names
from relapse_model.study.study import Study

NAMED = (("labs", "analyte"), ("treatments", "agent"))  # table and column of names that a study knows
_READ_WITH = "Read the cohort with this study, which says what it means"


@dataclass(frozen=True, slots=True, eq=False)
class ReadNames:
    """A column of names as a study reads it.

    Attributes
    ----------
    values : array
        The study's name where it has one, else what was printed.
    doubtful : array of int
        Rows with a name that looks like one the study asks for, and is not known to be it.
    came, expected : list of str
        For each of them, what was printed and what may have been meant.
    """

    values: Any
    doubtful: NDArray[np.intp]
    came: list[str]
    expected: list[str]


def name_table(study: Study, column: str) -> NameTable:
    """Return the spellings that a study knows for the names of a column: ``"analyte"`` or ``"agent"``."""
    return analyte_names(study) if column == "analyte" else agent_names(study)


def read_names(values: pd.Series, known: NameTable) -> ReadNames:
    """Read a column of names by a study, each different text once.

    Parameters
    ----------
    values : Series
        Texts; None where blank.
    known : NameTable

    Examples
    --------
    >>> known = NameTable({"entecavir": ("ETV", "恩替卡韦")}, ("entecavir",))
    >>> list(read_names(pd.Series(["ETV", "恩替卡韦", "aspirin"]), known).values)
    ['entecavir', 'entecavir', 'aspirin']
    """
    if isinstance(values.dtype, pd.CategoricalDtype):
        told = {str(text): known.meaning(str(text)) for text in values.array.categories}
        if all(not one.doubt and one.name in (None, text) for text, one in told.items()):
            return ReadNames(values.array, np.zeros(0, dtype=np.intp), [], [])
    codes, printed = pd.factorize(values)
    meanings = [known.meaning(str(text)) for text in printed]
    doubtful = np.array([*(bool(one.doubt) for one in meanings), False], dtype=bool)
    rows = np.flatnonzero(doubtful[codes])
    came = [str(printed[code]) for code in codes[rows]]
    expected = [in_doubt(meanings[code]) for code in codes[rows]]
    names = [text if one.name is None else one.name for text, one in zip(printed, meanings, strict=True)]
    if names == list(printed):
        return ReadNames(values.array, rows, came, expected)
    if isinstance(values.dtype, pd.CategoricalDtype):
        return ReadNames(coded_texts(np.array([*names, None], dtype=object), codes), rows, came, expected)
    if isinstance(values.dtype, pd.StringDtype):
        return ReadNames(pd.array(names, dtype=values.dtype).take(codes, allow_fill=True), rows, came, expected)
    return ReadNames(np.array([*names, None], dtype=object)[codes], rows, came, expected)


def in_doubt(meaning: Meaning) -> str:
    """Say what was expected where a name may mean one of the study, or one of several."""
    return f"{' or '.join(map(repr, meaning.doubt))}, if that is meant, or a name that the study knows"


def advice_for(column: str) -> str:
    """Say what to do about a name in doubt."""
    return f"Rename it, or state it in the study: as one of synonyms under [{column}s.NAME], or under a NAME of its own"


def require_names(cohort: Cohort, study: Study) -> None:
    """Refuse a cohort whose names and codes mean something to the study that they do not say; looked at once.

    A cohort that was read with the study has the study's names. One that was read without it may print "ETV" where
    the study asks for entecavir: taken as it is, that would be a patient who never had any.

    Parameters
    ----------
    cohort : Cohort
    study : Study

    Raises
    ------
    CohortError
        With every such name.
    """
    if cohort.__dict__.get("_names_of") is study:
        return
    problems = [
        Problem("patients", None, column, "codes of this study", "what they mean", _READ_WITH)
        for column in study.codes
        if column in cohort.patients and cohort.codes_read.get(column) != study.codes[column]
    ]
    for table, column in NAMED:
        rows = getattr(cohort, table)
        if rows is None:
            continue
        known = name_table(study, column)
        for text in sorted(str(text) for text in rows[column].unique() if not pd.isna(text)):
            meaning = known.meaning(text)
            if meaning.name not in (None, text):
                problems.append(
                    Problem(table, None, column, repr(text), f"{meaning.name!r}, as in the study", _READ_WITH)
                )
            elif meaning.doubt:
                problems.append(Problem(table, None, column, repr(text), in_doubt(meaning), advice_for(column)))
    if problems:
        raise CohortError("the cohort does not fit the study", problems)
    object.__setattr__(cohort, "_names_of", study)
