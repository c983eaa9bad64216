"""A table in a CSV file, all of it as text: a column whose name stands twice is refused, not read under another."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def read_plain_csv(path: Path) -> pd.DataFrame:
    """Return a table of texts.

    Parameters
    ----------
    path : Path
        UTF-8, a byte order mark allowed.

    Raises
    ------
    OSError
    ValueError
        If it is no CSV file in UTF-8, or a name stands twice in its first row.
    """
    import pandas as pd

    rows = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig", header=None)
    names = [str(name).strip() for name in rows.iloc[0]]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"two columns {', '.join(map(repr, twice))}")
    return rows.iloc[1:].reset_index(drop=True).set_axis(names, axis=1)
