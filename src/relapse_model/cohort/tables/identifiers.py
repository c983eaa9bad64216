"""One patient under the many forms in which systems write an identifier: forms of Unicode, widths, unseen spaces."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

import pandas as pd

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


def identifier_keys(texts: pd.Series) -> pd.Series:
    """Return the keys of a column of identifiers.

    Parameters
    ----------
    texts : Series
        Of str.
    """
    if "".join(texts).isascii():
        return texts.str.strip() if len(texts) else texts
    return texts.map({text: identifier_key(text) for text in texts.unique()})


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
