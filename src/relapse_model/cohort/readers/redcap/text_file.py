"""A CSV file as REDCap writes it: field names in the first row, one of REDCap's separators, every row whole."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Mapping
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.cohort.readers.field_texts import USUAL, encoding_shown
from relapse_model.errors import Problem, SourceError

MAX_BYTES = 2**30
REFUSED = "the REDCap export was refused"
_DELIMITERS = ",;\t|^"
_ADVICE = f'State encoding = "..." under [source] in the mapping ({USUAL}), or save it as UTF-8'


def refusal(name: str, found: str, expected: str, advice: str = "", row: int | None = None) -> SourceError:
    """Return a refusal of one problem."""
    return SourceError(REFUSED, [Problem(name, row, None, found, expected, advice)])


def content_of(path: Path, max_bytes: int = MAX_BYTES) -> bytes:
    """Return what is in a file.

    Parameters
    ----------
    path : Path
    max_bytes : int

    Raises
    ------
    SourceError
        If there is none, it cannot be read, or it is larger.
    """
    try:
        size = path.stat().st_size
        if size > max_bytes:
            advice = "State max_bytes under [source] if it is meant to be so large"
            raise refusal(path.name, f"{size:,} bytes", f"at most {max_bytes:,}", advice)
        return path.read_bytes()
    except FileNotFoundError:
        raise refusal(path.name, f"no such file in {path.parent.resolve()}", "a file of the export") from None
    except OSError as error:
        raise refusal(path.name, f"it cannot be read ({error.strerror})", "a file of the export") from None


def text_of(content: bytes, name: str, encoding: str = "") -> str:
    """Return the text of a file: in the encoding that is stated, else that of a byte order mark, else UTF-8."""
    marked = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else ""
    used = encoding or marked or "utf-8-sig"
    shown = encoding_shown(used)
    try:
        text = content.decode("utf-8-sig" if used.lower().replace("_", "-") in ("utf-8", "utf8") else used)
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1  # without the byte order mark
        problem = Problem(name, line, None, f"bytes that are not {shown}", f"{shown} text", _ADVICE, counted="line")
        raise SourceError(REFUSED, [problem]) from None
    except (LookupError, UnicodeError):
        raise refusal(name, f"encoding {used!r}", "the name of an encoding, such as 'utf-8' or 'gb18030'") from None
    if "\0" in text:
        raise refusal(name, "zeros between the letters", f"{shown} text", _ADVICE)
    return text.removeprefix("\ufeff")


def read_rows(path: Path, options: Mapping[str, Any]) -> tuple[dict[str, pd.Series], NDArray[np.int64]]:
    """Read a file into columns of texts, and the number of each row as a spreadsheet shows it.

    Parameters
    ----------
    path : Path
    options : mapping
        ``encoding``, ``delimiter``, ``max_bytes``.

    Raises
    ------
    SourceError
        If a name stands twice, or a row has other cells than the header, as in a file that was cut off.
    """
    text = text_of(content_of(path, options.get("max_bytes", MAX_BYTES)), path.name, options.get("encoding", ""))
    delimiter = options.get("delimiter") or _delimiter(text)
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise refusal(path.name, f"delimiter {delimiter!r}", "one character, such as ',' or ';' or a tab")
    rows: list[list[str]] = []
    try:
        rows += csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    except csv.Error as error:
        found = f"quotation marks that do not close or do not fit, or a cell too long ({error})"
        raise refusal(path.name, found, "a whole CSV file", "Export it again", len(rows) + 1) from None
    if not rows or not any(rows[0]):
        raise refusal(path.name, "nothing", "a row of field names, and rows of data")
    header = [name.strip() for name in rows[0]]
    _refuse_header(header, path.name)
    lengths = np.fromiter(map(len, rows), dtype=np.int64, count=len(rows))
    whole = lengths == len(header)
    wrong = np.flatnonzero(~whole & (lengths > 0))
    if len(wrong):
        raise SourceError(REFUSED, [
            Problem(path.name, row + 1, None, f"{lengths[row]} cells", f"{len(header)}, as the header has",
                    "The file was cut off, or a separator in a value has no quotation marks")
            for row in wrong.tolist()
        ])  # fmt: skip
    kept = np.flatnonzero(whole)[1:]
    columns = list(zip_longest(*(rows[row] for row in kept.tolist()))) or [()] * len(header)
    return {
        name: pd.Series(np.array([*cells, None], dtype=object)[:-1], dtype=object)
        for name, cells in zip(header, columns, strict=True)
    }, (kept + 1).astype(np.int64)  # fmt: skip


def _delimiter(text: str) -> str:
    """Return the separator of the header: names of fields have letters, digits and underscores alone."""
    header = re.sub(r'"[^"]*"', "x", text.split("\n", 1)[0])
    found = Counter(char for char in header if char in _DELIMITERS)
    return found.most_common(1)[0][0] if found else ","


def _refuse_header(header: list[str], name: str) -> None:
    twice = sorted(field for field, count in Counter(header).items() if count > 1 and field)
    problems = [
        Problem(name, 1, field, f"{header.count(field)} columns of this name", "each field once",
                "Export it again with each field once: nothing says which of them counts")
        for field in twice
    ]  # fmt: skip
    if "" in header:
        problems.append(Problem(name, 1, None, f"no name over column {header.index('') + 1}", "a name of a field"))
    if problems:
        raise SourceError(REFUSED, problems)
