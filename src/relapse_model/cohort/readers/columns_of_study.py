"""Columns of the patients table that a study names itself: looked for in a source by name, or asked for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from relapse_model.cohort.readers.proposed_text import MAY, MUST
from relapse_model.cohort.study_columns import levels_named
from relapse_model.cohort.tables.columns import TABLES
from relapse_model.study.names import name_key
from relapse_model.study.study import Study


def columns_read(study: Study) -> dict[str, str]:
    """Return the columns of the patients table that a study reads, each with what it reads it for first.

    Parameters
    ----------
    study : Study
    """
    found: dict[str, str] = {}
    for column, purpose in _read(study):
        found.setdefault(column, purpose)
    return found


def _read(study: Study) -> Iterator[tuple[str, str]]:
    if study.outcome.column is not None:
        yield study.outcome.column, "its outcome"
    if study.trial is not None:
        yield study.trial.arms.column, "the arms"
    for predictor in study.predictors:
        if predictor.column is not None:
            yield predictor.column, f"predictor {predictor.name!r}"
    for criterion in (*study.eligibility.include, *study.eligibility.exclude):
        if criterion.column is not None:
            yield criterion.column, f"criterion {criterion.id!r}"


def columns_of_its_own(study: Study) -> list[str]:
    """Return the columns that only the study knows, and that a key may be called as they are."""
    return [one for one in columns_read(study) if one not in TABLES["patients"] and _BARE.fullmatch(one)]


def column_called(texts: Iterable[str], study: Study) -> str | None:
    """Return which column that only the study knows a name or label of the source is; None where it is none.

    Parameters
    ----------
    texts : iterable of str
        The name of a column, and its label.
    study : Study
    """
    keys = {name_key(text) for text in texts} - {""}
    return next((column for column in columns_of_its_own(study) if name_key(column) in keys), None)


def levels_of(study: Study, column: str) -> tuple[str, ...]:
    """Return the levels that a study names of a column, those of its outcome among them.

    Parameters
    ----------
    study : Study
    column : str
    """
    outcome = study.outcome
    if column == outcome.column and outcome.equals is not None:
        return (outcome.equals, *outcome.others)
    return levels_named(study).get(column, ())


def columns_left(lines: Iterable[str], study: Study) -> list[str]:
    """Return a question for each column that the study reads, and that no line of the section of patients names.

    Of those that the data contract knows, only that of the outcome: a predictor may be known of nobody.

    Parameters
    ----------
    lines : iterable of str
        Of the proposal's section.
    study : Study
    """
    named = {match[1].strip('"') for line in lines if (match := _NAMED.match(line))}
    asked = []
    for column, purpose in columns_read(study).items():
        outcome = column == study.outcome.column
        if column in named or (column in TABLES["patients"] and not outcome):
            continue
        key = column if _BARE.fullmatch(column) else f'"{column}"'
        note = f"the study reads it for {purpose}: which column is it? Nothing in the source is called so"
        asked.append(f'{MUST if outcome else MAY}{key} = "..."  # {note}')
    return asked


_BARE = re.compile(r"[A-Za-z0-9_-]+")
_NAMED = re.compile(r'(?:#\? |# optional: |# )?([A-Za-z0-9_-]+|"[^"]+") = ')
