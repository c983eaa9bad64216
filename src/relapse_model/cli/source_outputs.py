"""What no output may replace because a verb reads it by way of something else: exports, mappings, extended studies."""

from __future__ import annotations

import os
import tomllib
from argparse import Namespace
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from relapse_model.cli.problem_list import is_problem_list
from relapse_model.errors import RelapseModelError
from relapse_model.files import read_bounded, same_file

_MOST = 2**21  # bytes of a mapping or study that are looked at
_READ_BY_NONE = (".toml",)  # by no reader, so that a mapping may stand beside its export
_NAMING = ("file", "dictionary", "events", "study", "extends")  # keys that name files
_DEEPEST = 20  # studies that extend one another
_NOTHING_DONE = "Nothing was read or written."


def files_named(given: Namespace) -> list[Path]:
    """Return the files that a verb reads because its mapping or its study names them.

    Names in a mapping count from its own folder and from that of the source: both are kept.

    Parameters
    ----------
    given : Namespace
    """
    found: list[Path] = []
    mapping, source = getattr(given, "mapping", None), getattr(given, "source", None)
    if isinstance(mapping, str):
        folders = [Path(mapping).parent, *([_folder_of(Path(source))] if isinstance(source, str) else [])]
        found += [folder / name for name in _names(_toml(Path(mapping))) for folder in folders]
    study = getattr(given, "study", None)
    waiting = [Path(study)] if isinstance(study, str) else []
    waiting += [one for one in found if one.suffix == ".toml"]
    while waiting and len(found) < _DEEPEST * 10:
        one = waiting.pop()
        for name in _names({"extends": _toml(one).get("extends")}):
            if name.endswith(".toml") and one.parent / name not in found:
                found.append(one.parent / name)
                waiting.append(one.parent / name)
    return found


def _toml(path: Path) -> dict[str, Any]:
    """Return what a file holds, nothing where it cannot be read: whoever needs it will say why."""
    if path.suffix != ".toml" and not path.is_file():
        return {}
    try:
        return tomllib.loads(read_bounded(path, _MOST).decode("utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return {}


def _names(raw: object) -> Iterator[str]:
    """Yield the texts under keys that name files, at any depth."""
    waiting = [raw]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            yield from (text for key, text in one.items() if key in _NAMING and isinstance(text, str) and text)
            waiting += list(one.values())
        elif isinstance(one, list):
            waiting += one


def _folder_of(source: Path) -> Path:
    return source if source.is_dir() else source.parent


def require_source_untouched(given: Namespace, folders: list[Path], files: list[Path]) -> None:
    """Refuse outputs in the folder of an export that a reader could read, and those that replace a file.

    Parameters
    ----------
    given : Namespace
        Of ``read`` or ``propose-mapping``.
    folders, files : list of Path
        What will be written.

    Raises
    ------
    RelapseModelError
    """
    source = Path(given.source)
    beside = [one for one in folders if source.is_file() and same_file(one, source.parent)]
    if beside:
        raise RelapseModelError(
            f"{beside[0]}: the folder of the export, in which its tables would stand beside it; expected a folder of "
            f"their own. {_NOTHING_DONE}"
        )
    if source.is_dir():
        inside = [one for one in (*folders, *files) if _is_inside(one, source)]
        inside = [one for one in inside if one in folders or one.suffix.lower() not in _READ_BY_NONE]
        if inside:
            raise RelapseModelError(
                f"{inside[0]}: in the folder of the export, of which it would be read as a part from then on; expected "
                f"a place outside {given.source}. {_NOTHING_DONE}"
            )
    problems = getattr(given, "problems", None)
    if given.verb == "read" and _has_tables(Path(given.out), problems):
        raise RelapseModelError(f"{given.out}: the folder holds tables already; choose another. {_NOTHING_DONE}")
    require_new(file for file in files if str(file) != str(problems))


def require_new(files: Iterable[Path]) -> None:
    """Refuse outputs that exist already.

    Parameters
    ----------
    files : iterable of Path

    Raises
    ------
    RelapseModelError
        With all of them.
    """
    there = [file for file in files if os.path.lexists(file) and not file.is_dir()]
    if there:
        raise RelapseModelError(
            f"{', '.join(map(str, there))}: {'it exists' if len(there) == 1 else 'they exist'} already, and nothing is "
            f"overwritten; expected another name. {_NOTHING_DONE}"
        )


def _has_tables(folder: Path, problems: str | None) -> bool:
    """Tell whether a folder holds tables, of a cohort or others; the list of problems is none."""
    own = None if problems is None else Path(problems)
    tables = [*folder.glob("*.csv"), *folder.glob("*.parquet")] if folder.is_dir() else []
    return any(own is None or not same_file(one, own) for one in tables)


def require_own_list(given: Namespace) -> None:
    """Refuse to write the list of problems over a file that is no such list, or one that was edited.

    Parameters
    ----------
    given : Namespace
        With ``problems``.

    Raises
    ------
    RelapseModelError
    """
    file = Path(given.problems)
    if file.is_file() and not is_problem_list(file):
        raise RelapseModelError(
            f"{file}: it exists, and is no list of problems as an earlier run wrote it; expected another name. "
            f"{_NOTHING_DONE}"
        )


def require_different(files: list[Path]) -> None:
    """Refuse two outputs of one name: the second would replace the first.

    Parameters
    ----------
    files : list of Path

    Raises
    ------
    RelapseModelError
    """
    for place, file in enumerate(files):
        if any(same_file(file, other) for other in files[:place]):
            raise RelapseModelError(f"{file}: the name of two outputs; expected one for each. {_NOTHING_DONE}")


def _is_inside(path: Path, folder: Path) -> bool:
    """Tell whether a path lies in a folder, or is it, whatever the link by which it is named."""
    real = Path(os.path.realpath(path))
    return any(one.exists() and one.samefile(folder) for one in (real, *real.parents))
