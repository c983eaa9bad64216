"""The shorthands of a study file, written out: kinds that go without saying, library analytes, printed priors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from relapse_model.errors import Problem
from relapse_model.study.analyte_library import analyte_library
from relapse_model.study.library_analytes import with_library_analytes
from relapse_model.study.lists_of_entries import PREDICTOR_LISTS
from relapse_model.study.origins import Document, KeyPath
from relapse_model.study.predictor_kinds import kind_named

PRINTED = frozenset({"odds_ratio", "hazard_ratio", "ci"})


def without_shorthands(document: Document, problems: list[Problem]) -> Document:
    """Return a study with everything in it written out.

    Parameters
    ----------
    document : Document
        With one entry for each predictor.
    problems : list of Problem
        Added to.
    """
    raw = dict(document.raw)
    analytes = raw.get("analytes", {})
    known = {*analytes, *analyte_library()} if isinstance(analytes, Mapping) else set()
    for section in PREDICTOR_LISTS:
        if isinstance(raw.get(section), list):
            raw[section] = [_with_kind(entry, known) for entry in raw[section]]
    raw = with_library_analytes(Document(raw, document.origins), problems)
    for section in (*PREDICTOR_LISTS, "terms"):
        if isinstance(raw.get(section), list):
            raw[section] = [
                _with_prior(entry, (section, position), document, problems)
                for position, entry in enumerate(raw[section])
            ]
    return Document(raw, document.origins)


def _with_kind(entry: Any, known: set[str]) -> Any:
    """Add the analyte and the kind of a predictor where there is one that goes without saying."""
    if not isinstance(entry, Mapping):
        return entry
    subjects = {"analyte", "column", "agents"} & {*entry}
    kind = kind_named(entry.get("kind"))
    reads_result = kind is not None and "analyte" in kind.requires
    added = {}
    name = entry.get("name")
    named = isinstance(name, str) and name in known
    if named and "analyte" not in entry and (reads_result or not (subjects or "kind" in entry)):
        added["analyte"] = name
        subjects |= {"analyte"}
    if "kind" not in entry and subjects in ({"analyte"}, {"column"}):
        added["kind"] = "last" if subjects == {"analyte"} else "column"
    return {**entry, **added} if added else entry


def _with_prior(entry: Any, path: KeyPath, document: Document, problems: list[Problem]) -> Any:
    """Convert a prior as a paper prints it to the log-odds scale."""
    prior = entry.get("prior") if isinstance(entry, Mapping) else None
    if not isinstance(prior, Mapping) or PRINTED.isdisjoint(prior):
        return entry
    from relapse_model.study.published_effects import converted_prior  # few studies print a ratio

    converted, found = converted_prior(prior, (*path, "prior"), document)
    problems += found
    others = {key: value for key, value in entry.items() if key != "prior"}
    return others if converted is None else {**entry, "prior": converted}
