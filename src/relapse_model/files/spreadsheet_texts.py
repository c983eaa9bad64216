"""Tables of results as CSV; texts that no spreadsheet takes for formulas, and no terminal for commands."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import TYPE_CHECKING

from relapse_model.files.writing import write_into, write_text

if TYPE_CHECKING:
    import pandas as pd


# What a spreadsheet takes for the start of a formula; one in Chinese, Japanese or Korean takes the wide forms too.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")

_ESCAPE = "'"
_ESCAPED_STARTS = frozenset((*_FORMULA, _ESCAPE))

_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")

# What steers a terminal, turns the order of letters round, cannot be seen, or is no letter in any encoding.
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)


def escaped(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula: an apostrophe before it, which `unescaped` takes off.

    Parameters
    ----------
    text : str

    Examples
    --------
    >>> escaped("=1+1"), escaped("-1.5"), escaped("'=x"), escaped("P001")
    ("'=1+1", '-1.5', "''=x", 'P001')
    >>> unescaped(escaped("'=x"))
    "'=x"
    """
    bare = text.lstrip(_ESCAPE)
    return _ESCAPE + text if bare.startswith(_FORMULA) and not _NUMBER.fullmatch(text) else text


def unescaped(text: str) -> str:
    """Return a text as it was before `escaped`.

    Parameters
    ----------
    text : str
    """
    own = text.startswith(_ESCAPE) and text.lstrip(_ESCAPE).startswith(_FORMULA)
    return text[1:] if own else text


def printable(text: str) -> str:
    """Return a text as a terminal may be given it: characters that steer it are shown by their codes instead.

    Parameters
    ----------
    text : str

    Examples
    --------
    >>> printable("P1" + chr(27)) == "P1" + chr(92) + "x1b"
    True
    """
    return _UNPRINTABLE.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def write_csv(table: pd.DataFrame, path: Path, *, private: bool = False, exact: bool = False) -> None:
    """Write a table of results as UTF-8 CSV, as `write_bytes` does; texts that look like formulas are `escaped`.

    Parameters
    ----------
    table : DataFrame
    path : Path
    private : bool
        As `write_bytes` takes it.
    exact : bool
        Whether a program reads it: then every text stays as it is.
    """
    write_text(csv_text(table if exact else _for_people(table)), path, private=private)


def write_private_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table as `write_csv` does, for its owner alone, and into a folder that must be there."""
    write_into(csv_text(_for_people(table)).encode("utf-8"), path, private=True)


def _for_people(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table of results with every text, and every name of a column, escaped."""
    texts = [place for place in range(table.shape[1]) if table.dtypes.iloc[place].kind not in "biufcmM"]
    columns = [escaped(name) if isinstance(name, str) else name for name in table.columns]
    found = table.set_axis(columns, axis=1)
    for place in texts:
        column = table.iloc[:, place]
        if _ESCAPED_STARTS.isdisjoint({value[:1] for value in column.tolist() if isinstance(value, str)}):
            continue
        changed = column.map(lambda value: escaped(value) if isinstance(value, str) else value)
        if not changed.equals(column):
            found = found.copy()
            found.isetitem(place, changed.to_numpy())
    return found


def csv_text(table: pd.DataFrame) -> str:
    """Return a table as CSV, each text as it stands.

    Parameters
    ----------
    table : DataFrame
    """
    text = table.to_csv(index=False, lineterminator="\n")
    if "\r" not in text:
        return text
    # Before 3.13 Python does not quote a carriage return on its own, and a reader would end the row there.
    return table.to_csv(index=False, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
