"""Predictors and candidates as they may be written, one entry for each: lists of columns or analytes, one line each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from relapse_model.errors import Problem
from relapse_model.study import keys
from relapse_model.study.origins import Document, KeyPath, Origins

PREDICTOR_LISTS = ("predictors", "candidates")
_SUBJECTS = ("column", "analyte")  # of which one entry may name several


def one_entry_each(document: Document, problems: list[Problem]) -> Document:
    """Return the study with one entry for each predictor and candidate, under a name of its own.

    ``[predictors]`` with a line for each becomes a list of entries; an entry with a list of columns, or of analytes,
    becomes an entry for each; an entry without a name has that of its column or analyte.

    Parameters
    ----------
    document : Document
    problems : list of Problem
        Added to.
    """
    raw = dict(document.raw)
    origins = Origins(document.origins.of(()).source)
    for section in PREDICTOR_LISTS:
        entries: list[Any] = []
        for path, entry in _listed(raw.get(section), section):
            for one in _several(entry, path, document.origins, problems):
                origins.take(document.origins, path, (section, len(entries)))
                entries.append(one)
        if entries:
            raw[section] = entries
    return Document(raw, origins)


def _listed(value: Any, section: str) -> list[tuple[KeyPath, Any]]:
    """Return the entries of a section and where each stands; none where it is neither a list nor a table of tables."""
    if isinstance(value, list):
        return [((section, position), entry) for position, entry in enumerate(value)]
    if isinstance(value, Mapping) and value and all(isinstance(entry, Mapping) for entry in value.values()):
        return [((section, name), {"name": name, **entry}) for name, entry in value.items()]
    return []


def _several(entry: Any, path: KeyPath, origins: Origins, problems: list[Problem]) -> list[Any]:
    """Return an entry for each column or analyte that one entry names."""
    if not isinstance(entry, Mapping):
        return [entry]
    several = [key for key in _SUBJECTS if isinstance(entry.get(key), list)]
    if not several:
        return [_named(entry)]
    key = several[0]
    names = entry[key]
    if not names or not all(isinstance(name, str) and name.strip() for name in names) or len(set(names)) < len(names):
        problems.append(
            origins.of((*path, key)).problem(keys.value_shown(names), "a name, or a list of names, each once")
        )
        return []
    own = [one for one in ("name", "label", "label_zh") if one in entry]
    if own and len(names) > 1:
        found = f"{own[0]!r} of {len(names)} predictors"
        problems.append(origins.of((*path, own[0])).problem(found, f"one entry for each {key} that has it"))
    return [_named({**{one: entry[one] for one in entry if one not in own}, key: name}) for name in names]


def _named(entry: Mapping[str, Any]) -> dict[str, Any]:
    subject = next((entry[key] for key in ("analyte", "column") if isinstance(entry.get(key), str)), None)
    if "name" in entry or subject is None or "agents" in entry:
        return dict(entry)
    return {"name": subject, **entry}
