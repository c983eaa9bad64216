"""A study that extends another one: what it takes over, what it changes, and what it removes.

The rules, table by table, stand in docs/study_file.md.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from relapse_model.errors import Problem, StudyError
from relapse_model.study import keys
from relapse_model.study.lists_of_entries import one_entry_each
from relapse_model.study.merging import ENTRY_NAMES, merged
from relapse_model.study.origins import Document, KeyPath, Origins, Source
from relapse_model.study.study_text import read_study_text
from relapse_model.study.toml_text import read_toml

EXTENDS, REMOVE = "extends", "remove"
_PART = re.compile(r"""\s*("[^"]*"|'[^']*'|[^."']+)\s*(?:\.|$)""")


def read_document(
    text: str, source: str, folder: Path | None, problems: list[Problem], above: tuple[str, ...] = ()
) -> Document:
    """Return a study with what it takes over from the study that it extends; problems are added to a list.

    Parameters
    ----------
    text : str
        TOML.
    source : str
        What to call it in messages.
    folder : Path or None
        From which a path under ``extends`` counts; None where the text stands in no folder.
    problems : list of Problem
        Added to.
    above : tuple of str
        The studies that extend this one, from the first.

    Raises
    ------
    StudyError
        If the text is no TOML, or what it extends cannot be read.
    """
    raw = read_toml(text, source, "a study file")
    if isinstance(raw, Problem):
        raise StudyError("the study was refused", [raw])
    document = one_entry_each(Document(raw, Origins(Source(source, text))), problems)
    if EXTENDS not in raw:
        if REMOVE in document.raw:
            document.raw.pop(REMOVE)
            problems.append(_here(document, REMOVE, "remove without extends", 'extends = "..." before it, or neither'))
        return document
    base = _base(document, document.raw.pop(EXTENDS), folder, problems, above)
    removed = _removed(base, document, document.raw.pop(REMOVE, []), problems)
    return merged(removed, document, problems, base.raw.get("outcome"))


def _here(document: Document, key: str, found: str, expected: str, advice: str = "") -> Problem:
    return document.origins.of((key,)).problem(found, expected, advice)


def _base(
    document: Document, name: Any, folder: Path | None, problems: list[Problem], above: tuple[str, ...]
) -> Document:
    """Read the study that is extended; it may extend another one itself."""
    expected = "the name of a built-in study, or the path of a file that ends in .toml"
    if not isinstance(name, str) or not name.strip():
        raise _refused(_here(document, EXTENDS, keys.value_shown(name), expected))
    path = name
    if name.endswith(".toml"):
        if folder is None:
            advice = "Load the file by its path, or write what it takes over into it"
            raise _refused(_here(document, EXTENDS, repr(name), "a built-in study, for this text is no file", advice))
        path = str((folder / name).resolve())
    if path in above:
        raise _refused(_here(document, EXTENDS, f"{name!r}, which extends this study itself", "a study that does not"))
    try:
        text, source = read_study_text(path)
    except StudyError as error:
        one = error.problems[0]
        raise _refused(
            _here(document, EXTENDS, one.found if name in one.found else f"{name!r}, {one.found}", one.expected,
                  one.advice)
        ) from None  # fmt: skip
    return read_document(text, source, Path(path).parent, problems, (*above, path))


def _refused(problem: Problem) -> StudyError:
    return StudyError("the study was refused", [problem])


def _removed(base: Document, own: Document, names: Any, problems: list[Problem]) -> Document:
    """Return the base without the keys and entries that the study removes from it."""
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        found = keys.value_shown(names)
        problems.append(_here(own, REMOVE, found, 'a list of names, such as ["predictors.hbcrag", "trial"]'))
        return base
    gone: set[KeyPath] = set()
    for name in names:
        path, known = _found(base.raw, _parts(name))
        if path is None:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
            advice = f"Did you mean {near[0]!r}?" if near else ""
            problems.append(_here(own, REMOVE, repr(name), f"one of {', '.join(known)}", advice))
        else:
            gone.add(path)
    return _without(base, gone)


def _parts(name: str) -> list[str]:
    return [part.strip().strip("\"'") for part in _PART.findall(name)]


def _found(raw: Any, parts: list[str]) -> tuple[KeyPath | None, list[str]]:
    """Return the path of a dotted name, entries by their names; and, where there is none, the names there are."""
    path: KeyPath = ()
    value = raw
    for place, part in enumerate(parts):
        entries = dict(_entries(value, path))
        if part not in entries:
            stem = ".".join(parts[:place])
            return None, [f"{stem}.{name}" if stem else name for name in entries]
        path = (*path, entries[part])
        value = value[entries[part]]
    return (path or None), [str(name) for name in raw]


def _entries(value: Any, path: KeyPath) -> Iterator[tuple[str, str | int]]:
    """Yield by what name each thing below a table, or of a list of entries, is called, and where it stands."""
    if isinstance(value, Mapping):
        yield from ((name, name) for name in value)
    name_key = ENTRY_NAMES.get(path)
    if name_key is not None and isinstance(value, list):
        for position, entry in enumerate(value):
            if isinstance(entry, Mapping) and isinstance(entry.get(name_key), str):
                yield entry[name_key], position


def _without(base: Document, gone: set[KeyPath]) -> Document:
    raw = deepcopy(base.raw)
    origins = Origins(base.origins.of(()).source)
    origins.take(base.origins, (), ())
    for path in sorted(gone, key=_backwards, reverse=True):  # entries from the last, so that none moves before its turn
        holder = raw
        for part in path[:-1]:
            holder = holder[part]  # type: ignore[index]
        del holder[path[-1]]  # type: ignore[arg-type]
        if isinstance(path[-1], int):
            stem, first = path[:-1], path[-1]
            for position in range(first, len(holder)):
                origins.take(origins, (*stem, position + 1), (*stem, position))
    return Document(raw, origins)


def _backwards(path: KeyPath) -> tuple[int, list[str]]:
    return len(path), [f"{part:09d}" if isinstance(part, int) else part for part in path]
