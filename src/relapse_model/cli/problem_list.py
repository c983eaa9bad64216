"""Every problem of a refusal as a table, where ``--problems`` asks for it: a message tells the first of a kind."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from relapse_model.errors import IN_LIST, WRITE_THEM, ProblemsError, RelapseModelError

_COLUMNS = ("table", "counted", "row", "column", "found", "expected", "advice", "stands_for")


def is_problem_list(path: Path) -> bool:
    """Tell whether a file is such a table, or empty: it may be written again.

    Parameters
    ----------
    path : Path
    """
    from relapse_model.files import read_bounded

    header = ",".join(_COLUMNS).encode()
    begin = read_bounded(path, len(header) + 5).removeprefix(b"\xef\xbb\xbf")
    return not begin or begin.splitlines()[0] == header


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
    rows = [[getattr(one, column) for column in _COLUMNS] for one in listed]
    table = pd.DataFrame(rows, columns=list(_COLUMNS)).astype({"row": "Int64"})
    write_csv(table, Path(name), private=True)
