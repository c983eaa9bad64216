"""Which encoding the bytes of a text file may be in, where no mark says so: one in which its words look like words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass

CHINESE, TRADITIONAL, WESTERN = "gb18030", "big5", "cp1252"
_COMMON = 0.6  # of the Chinese characters of a text: among the 3,755 in common use, which GB 2312 puts first
_SIGNS = re.escape("°µ²³±·×ºª€’‘“”„–—…§½¼¾«»¿¡¹\xa0")  # that Western texts have beside letters
_RUNS = re.compile(r"[^\x00-\x7f]+")
_WESTERN = re.compile(rf"[{_SIGNS}]?(?:[^\W\d_]{{1,2}}|[{_SIGNS}])[{_SIGNS}]?")  # "größer", "créée" have two in a row


@dataclass(frozen=True, slots=True)
class Guess:
    """Encodings in which a text looks like one.

    Attributes
    ----------
    encoding : str
        The likeliest.
    others : tuple of str
        Further ones in which it looks like a text, too.
    """

    encoding: str
    others: tuple[str, ...] = ()


def guess_encoding(content: bytes) -> Guess | None:
    r"""Return the encoding of bytes that are not UTF-8, by what they read as; None where they look like no text.

    Chinese is mostly written with a few thousand; in a Western text that is read as Chinese, an accent swallows
    the letter that follows it, and the character is a rare one. Chinese read as a Western text has rows of accents.

    Parameters
    ----------
    content : bytes

    Examples
    --------
    >>> guess_encoding("Zentrum;München;Köln".encode("cp1252")).encoding
    'cp1252'
    >>> guess_encoding("病案号,性别,HBsAg定量".encode("gb18030")).encoding
    'gb18030'
    >>> guess_encoding("Sex\n男".encode("gb18030"))
    Guess(encoding='gb18030', others=('cp1252',))
    """
    texts = {name: text for name in _LOOKS if (text := _text(content, name)) is not None}
    found = [name for name, text in texts.items() if _LOOKS[name](text)]
    if found[:1] == [CHINESE] and TRADITIONAL in found:
        found.remove(TRADITIONAL)
    if found == [WESTERN] and CHINESE in texts and _mostly(texts[CHINESE], "gb2312", 0xB0, 0xFF, 1.0):
        found.append(CHINESE)  # rare characters, as in the name of a substance alone
    return Guess(found[0], tuple(found[1:])) if found else None


def _text(content: bytes, encoding: str) -> str | None:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        return None


def _western(text: str) -> bool:
    """Tell whether all that is not ASCII is letters with accents, few in a row, and signs that go with them."""
    return all(_WESTERN.fullmatch(run) for run in _RUNS.findall(text))


def _simplified(text: str) -> bool:
    """Tell whether most of what is not ASCII is characters in common use, or the signs of Chinese texts."""
    return _mostly(text, "gb2312", 0xB0, 0xD7, _COMMON)


def _traditional(text: str) -> bool:
    """Tell the same of traditional characters; a single one may be an accent and the letter that it swallowed."""
    return re.search("[\u3400-\u9fff]{2}", text) is not None and _mostly(text, "big5", 0xA4, 0xC6, _COMMON)


_LOOKS: Mapping[str, Callable[[str], bool]] = {CHINESE: _simplified, WESTERN: _western, TRADITIONAL: _traditional}


def _mostly(text: str, encoding: str, first: int, last: int, share: float) -> bool:
    """Tell whether most characters are those that an encoding has between two first bytes, and none is of no use."""
    met = "".join(_RUNS.findall(text))
    if any(unicodedata.category(one) in ("Co", "Cn", "Cc") for one in met):
        return False
    letters = [one for one in met if "\u3400" <= one <= "\u9fff"]
    codes = [one.encode(encoding, "ignore")[:1] for one in letters]
    common = sum(bool(code) and first <= code[0] <= last for code in codes)
    signs = [one for one in met if not "\u3400" <= one <= "\u9fff"]
    known = sum(bool(one.encode(encoding, "ignore")) for one in signs)
    return common >= share * len(letters) and known >= share * len(signs)
