"""What the vocabulary of a source says of concepts: LOINC codes of analytes, concepts below others, UCUM codes."""

from __future__ import annotations

from collections.abc import Iterable

from relapse_model.cohort.readers.omop.tables import Query, Tables, rows_of
from relapse_model.study.study import Study

_CODED = ("concept_id", "concept_code")
_BELOW = ("ancestor_concept_id", "descendant_concept_id")


def has_codes(tables: Tables) -> bool:
    """Tell whether a source has the vocabulary, with codes."""
    return {*_CODED, "vocabulary_id"} <= set(tables.columns("concept"))


def loinc_concepts(tables: Tables, study: Study | None, analytes: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the concept ids of the LOINC codes of analytes, where the source has the vocabulary.

    Parameters
    ----------
    tables : Tables
    study : Study or None
    analytes : iterable of str
    """
    known = {} if study is None else study.analytes
    codes: dict[str, list[str]] = {}
    for name in analytes:
        for code in known[name].loinc if name in known else ():
            codes.setdefault(code, []).append(name)
    if not codes or not has_codes(tables):
        return {}
    query = Query("concept", _CODED, {"vocabulary_id": ("LOINC",), "concept_code": tuple(codes)})
    found: dict[str, tuple[str, ...]] = {}
    for concept, code in rows_of(tables, query).itertuples(index=False):
        for name in codes[code]:
            found[name] = (*found.get(name, ()), concept)
    return found


def codes_of(tables: Tables, concepts: Iterable[str], vocabulary: str = "LOINC") -> dict[str, str]:
    """Return the codes of some concepts in one vocabulary; none where the source does not have it.

    Parameters
    ----------
    tables : Tables
    concepts : iterable of str
    vocabulary : str
    """
    wanted = tuple(dict.fromkeys(concepts))
    if not wanted or not has_codes(tables):
        return {}
    query = Query("concept", _CODED, {"vocabulary_id": (vocabulary,), "concept_id": wanted})
    return dict(rows_of(tables, query).itertuples(index=False))


def names_of(tables: Tables, concepts: Iterable[str]) -> dict[str, str]:
    """Return what the vocabulary calls some concepts; none where the source does not have it.

    Parameters
    ----------
    tables : Tables
    concepts : iterable of str
    """
    columns, wanted = ("concept_id", "concept_name"), tuple(dict.fromkeys(concepts))
    if not wanted or not set(columns) <= set(tables.columns("concept")):
        return {}
    return dict(rows_of(tables, Query("concept", columns, {"concept_id": wanted})).itertuples(index=False))


def concepts_below(tables: Tables, codes: tuple[str, ...]) -> tuple[str, ...]:
    """Return the concepts below some, themselves among them; they alone where the source does not say it."""
    if not set(_BELOW) <= set(tables.columns("concept_ancestor")):
        return codes
    below = rows_of(tables, Query("concept_ancestor", _BELOW[1:], {_BELOW[0]: codes}))
    return tuple(dict.fromkeys((*codes, *below[_BELOW[1]])))


def ucum_codes(tables: Tables) -> dict[str, str]:
    """Return the UCUM codes of units, where the source has the vocabulary."""
    if not has_codes(tables):
        return {}
    return dict(rows_of(tables, Query("concept", _CODED, {"vocabulary_id": ("UCUM",)})).itertuples(index=False))
