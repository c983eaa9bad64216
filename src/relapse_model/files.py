"""Files: written in one step, so that a crash leaves the old one or the new one; JSON read strictly."""

from __future__ import annotations

import csv
import json
import os
import tempfile
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from relapse_model.errors import ModelFileError

if TYPE_CHECKING:
    import pandas as pd


def _csv(table: pd.DataFrame) -> str:
    text = table.to_csv(index=False, lineterminator="\n")
    if "\r" not in text:
        return text
    # Before 3.13 Python does not quote a carriage return on its own, and a reader would end the row there.
    return table.to_csv(index=False, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table as UTF-8 CSV, in one step that a crash cannot leave half done."""
    write_text(_csv(table), path)


def write_private_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table as `write_csv` does, for its owner alone, and into a folder that must be there."""
    _write_into(_csv(table).encode("utf-8"), path, 0o600)


def write_text(text: str, path: Path) -> None:
    """Write text to a file in one step that a crash cannot leave half done."""
    write_bytes(text.encode("utf-8"), path)


def write_bytes(content: bytes, path: Path) -> None:
    """Write bytes to a temporary file beside `path`, flush it to disk, and rename it into place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _write_into(content, path, 0o644)


def _write_into(content: bytes, path: Path, mode: int) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def strict_json(data: bytes, name: str, *, finite: bool = False) -> object:
    """Return the value of a JSON text, or refuse it.

    Parameters
    ----------
    data : bytes
        UTF-8.
    name : str
        Name of the part, for messages.
    finite : bool
        Refuse numbers too large for 64 bits too, which Python reads as infinity. Slower.

    Raises
    ------
    ModelFileError

    Examples
    --------
    >>> strict_json(b'{"risk": 0.1}', "example")
    {'risk': 0.1}
    """
    try:
        return json.loads(
            data.decode(),
            parse_constant=_no_constant,
            object_pairs_hook=_no_repeats,
            parse_float=_finite if finite else None,
        )
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{name}: not strict JSON ({error}); expected a part written by this library.") from error


def _finite(text: str) -> float:
    if not isfinite(float(text)):
        raise ValueError("a number too large")
    return float(text)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _no_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is given twice")
    return found
