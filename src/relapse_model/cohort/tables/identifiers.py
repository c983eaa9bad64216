"""One patient under the many forms in which systems write an identifier: forms of Unicode, widths, unseen spaces."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.cohort.tables.column_values import coded_texts, distinct_texts, read_texts, texts

_WIDTHS = ("<wide>", "<narrow>")


def identifier_key(text: str) -> str:
    r"""Return the key under which the forms of one identifier meet.

    Levelled are composed and decomposed letters, full-width and half-width forms, kinds of spaces, and signs without
    width. Case is kept, and so is every sign that somebody sees: ``P²`` is not ``P2``.

    Parameters
    ----------
    text : str

    Examples
    --------
    >>> identifier_key("Ｐ００１\u200b"), identifier_key("Zoe\u0308\xa01") == identifier_key("Zo\xeb 1")
    ('P001', True)
    """
    if text.isascii():
        return text.strip()
    return unicodedata.normalize("NFC", "".join(map(_normalised, text))).strip()


def identifier_keys(ids: pd.Series) -> pd.Series:
    """Return the keys of a column of identifiers.

    Parameters
    ----------
    ids : Series
        Of str.
    """
    if "".join(ids).isascii():
        return pd.Series(list(map(str.strip, ids)), index=ids.index, dtype=ids.dtype)
    return ids.map({text: identifier_key(text) for text in ids.unique()})


def row_keys(values: pd.Series, *, coded: bool) -> pd.Series:
    """Return the key of the identifier of each row of a table.

    Parameters
    ----------
    values : Series
        Identifiers as they came.
    coded : bool
        Whether the keys of many rows come back as a categorical.

    Examples
    --------
    >>> row_keys(pd.Series([" a", "b "]), coded=True).tolist()
    ['a', 'b']
    """
    split = distinct_texts(values) if coded else None
    if split is None:
        return identifier_keys(read_texts(values))
    codes, distinct = split
    if isinstance(values.dtype, pd.CategoricalDtype) and _are_keys(distinct.tolist()):
        same = pd.Categorical.from_codes(codes.copy(), categories=values.array.categories, validate=False)
        return pd.Series(same, index=values.index, copy=False)
    keys = identifier_keys(texts(distinct)).to_numpy(dtype=object)
    return pd.Series(coded_texts(keys, codes, sort=False), index=values.index, copy=False)


def _are_keys(texts: list[object]) -> bool:
    """Tell whether all are texts of ASCII without spaces: each is its own key."""
    if not all(type(text) is str for text in texts):
        return False
    joined = "".join(map(str, texts))
    return joined.isascii() and joined.split() in ([], [joined])


def same_identifier(text: object, others: Iterable[str]) -> list[int]:
    """Return the places of an identifier among others, in whatever forms they are written.

    Parameters
    ----------
    text : object
    others : iterable of str

    Examples
    --------
    >>> same_identifier("P1", ["P2", "Ｐ１"])
    [1]
    """
    key = identifier_key(str(text))
    return [place for place, other in enumerate(others) if identifier_key(str(other)) == key]


def _normalised(char: str) -> str:
    category = unicodedata.category(char)
    if category in ("Zs", "Zl", "Zp"):
        return " "
    if category == "Cf":  # no width: joiners, marks of direction, soft hyphens, byte order marks
        return ""
    return unicodedata.normalize("NFKC", char) if unicodedata.decomposition(char).startswith(_WIDTHS) else char


def nearly_known(
    given: pd.Series, known: pd.Series, unknown: NDArray[np.bool_]
) -> tuple[tuple[NDArray[np.bool_], str], ...]:
    """Return the rows of unknown identifiers with the advice for each kind of them.

    Spreadsheets write a number as ``1001.0`` and take leading zeros off; what was meant is not guessed, but said.

    Parameters
    ----------
    given, known : Series
        Keys of identifiers, of a table and of the patients table.
    unknown : array of bool
        Rows of `given` that are not in `known`.

    Examples
    --------
    >>> given, known = pd.Series(["1001.0", "7", "x"]), pd.Series(["1001", "007"])
    >>> [advice[:21] for rows, advice in nearly_known(given, known, np.array([True] * 3)) if rows.any()]
    ['The patients table di', 'The patients table di', 'Add the patient there']
    """
    if not unknown.any():
        return ()
    ids = given.astype(object).where(unknown, "")
    number = ids.str.fullmatch(r"\d+").to_numpy()
    bare = ids.str.replace(r"^(\d+)\.0+$", r"\1", regex=True)
    decimals = unknown & ((bare != ids) & bare.isin(known)).to_numpy()
    decimals |= unknown & number & ids.isin(known.str.replace(r"\.0+$", "", regex=True)).to_numpy()
    known_bare = set(known[known.str.fullmatch(r"\d+")].str.lstrip("0"))
    zeros = unknown & ~decimals & number & ids.str.lstrip("0").isin(known_bare).to_numpy()
    spelled = "use one spelling"
    return (
        (decimals, f"The patients table differs by a '.0', as spreadsheets write it: {spelled}"),
        (zeros, f"The patients table differs by leading zeros, which spreadsheets take off: {spelled}"),
        (unknown & ~decimals & ~zeros, "Add the patient there, or take the row out"),
    )
