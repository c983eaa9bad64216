"""Every problem of a refusal as a table, where ``--problems`` asks for it: a message tells the first of a kind."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from relapse_model.errors import IN_LIST, WRITE_THEM, ProblemsError, RelapseModelError

_COLUMNS = ("table", "counted", "row", "column", "found", "expected", "advice", "stands_for")
_CHECKSUM = "checksum"  # of the whole list, in each of its rows
_LONG = 16  # characters of it
_MOST = 2**28  # bytes of a list that is looked at


def is_problem_list(path: Path) -> bool:
    """Tell whether a file is such a table as it was written, or empty: it may be replaced.

    One that somebody edited since has another checksum than its rows state, or rows without one.

    Parameters
    ----------
    path : Path
    """
    from relapse_model.files import read_bounded, unescaped

    text = read_bounded(path, _MOST + 1)
    if len(text) > _MOST:
        return False
    try:
        rows = list(csv.reader(io.StringIO(text.decode("utf-8-sig"), newline="")))
    except (UnicodeDecodeError, csv.Error):
        return False
    if not rows or rows == [list(_COLUMNS)]:
        return True
    found = [[unescaped(cell) for cell in row[:-1]] for row in rows[1:]]
    return rows[0] == [*_COLUMNS, _CHECKSUM] and {row[-1] for row in rows[1:] if row} <= {_checksum(found)}


def _checksum(rows: Sequence[Sequence[str]]) -> str:
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:_LONG]


def as_told(given: Namespace, refusal: RelapseModelError, *, written: bool) -> str:
    """Return a refusal as the command line tells it: where every problem stands that the message does not list.

    Parameters
    ----------
    given : Namespace
    refusal : RelapseModelError
    written : bool
        Whether they were written to the file that was asked for.
    """
    text = str(refusal)
    if not isinstance(refusal, ProblemsError):
        return text
    file = getattr(given, "problems", None)
    if file is not None and written:
        where = f": {file}"
    elif hasattr(given, "problems"):
        where = " with --problems FILE"
    else:
        where = " by `relapse-model check` with --problems FILE"
    return text.replace(IN_LIST + WRITE_THEM, where).replace(IN_LIST, where)


def write_problems(given: Namespace, refusal: RelapseModelError | None) -> None:
    """Write the problems of a refusal, one row each; none, where nothing was refused.

    Parameters
    ----------
    given : Namespace
        With ``problems``, the name of the file, where it was asked for.
    refusal : RelapseModelError or None
    """
    name = getattr(given, "problems", None)
    if name is None:
        return
    import pandas as pd

    from relapse_model.files import write_csv

    listed = refusal.problems if isinstance(refusal, ProblemsError) else ()
    values = [[getattr(one, column) for column in _COLUMNS] for one in listed]
    rows = [["" if one is None else str(one) for one in row] for row in values]
    table = pd.DataFrame(rows, columns=list(_COLUMNS), dtype=object).assign(**{_CHECKSUM: _checksum(rows)})
    write_csv(table, Path(name), private=True)
