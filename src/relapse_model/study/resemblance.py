"""Whether a text looks like a name without being it: holds it as a word, or is a slip of the pen away from it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

_GREEK = {"α": "alfa", "β": "beta", "γ": "gamma", "δ": "delta", "λ": "lambda", "μ": "u"}
_PLAIN = str.maketrans(
    {
        **_GREEK,
        **dict.fromkeys("‐‑‒–—―−⁃_·・", "-"),
        **dict.fromkeys("()[]{}【】〔〕", " "),
        **dict.fromkeys("\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff®™", None),
    }
)
_TOKEN = re.compile(r"[a-z]+|[0-9]+|[^\W_a-z0-9]+")
_LONG, _VERY_LONG = 8, 12  # letters from which one slip, or two, cannot make another name of it
_ANTIBODY = re.compile(r"\banti(?:[\s-]|h[abcdei]|bod)|\bh[a-z]{1,3}[\s-]?ab\b|\bab\b|抗体|抗(?!原)(?=[\s-]*[a-z])")
_ANTIGEN = re.compile(r"antigen|\bh[a-z]{1,3}[\s-]?ag\b|\bag\b|抗原")
_SHORTEST = 3  # letters of a name that is looked for inside a text


def normalised(text: str) -> str:
    """Return a name in one Unicode form and case, with one kind of hyphen and single spaces."""
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).translate(_PLAIN)
    return " ".join(plain.replace("alpha", "alfa").split())


def is_of_antibody(text: str) -> bool:
    """Tell whether a name is of an antibody: what it is raised against is another analyte.

    Examples
    --------
    >>> [is_of_antibody(text) for text in ("anti-HBs", "HBsAb", "乙肝表面抗体", "HBsAg", "quantitative antigen")]
    [True, True, True, False, False]
    """
    return _ANTIBODY.search(normalised(text)) is not None


def are_opposed(text: str, name: str) -> bool:
    """Tell whether one of two names is of an antibody, and the other of an antigen."""
    one, other = is_of_antibody(text), is_of_antibody(name)
    return one is not other and _ANTIGEN.search(normalised(name if one else text)) is not None


def resembled(text: str, names: Iterable[str], shortest: int = _SHORTEST, *, words: bool = True) -> str | None:
    """Return the first of some names that a text looks like without being it; None where it looks like none.

    It holds the name as a word, or is a word of it, or is one slip of the pen away from a long name, two from a very
    long one. Short names are not compared by slips: anti-HBs and anti-HBc are one letter apart.

    Parameters
    ----------
    text : str
    names : iterable of str
    shortest : int
        Letters from which a name is looked for inside a text.
    words : bool
        Whether to look for it inside at all, or for slips only.

    Examples
    --------
    >>> resembled("stopped ETV in May", ["entecavir", "ETV"]), resembled("entecavr", ["entecavir"])
    ('ETV', 'entecavir')
    >>> resembled("anti-HBc", ["anti-HBs"]), resembled("aspirin", ["entecavir"])
    (None, None)
    """
    came = _Tokens.of(text)
    for name in names:
        own = _Tokens.of(name)
        if not came.squeezed or not own.squeezed or came.squeezed == own.squeezed:
            continue
        inside = words and (came.holds(own, shortest) or own.holds(came, _SHORTEST))
        if inside or _slips(came.squeezed, own.squeezed):
            return name
    return None


@dataclass(frozen=True, slots=True)
class _Tokens:
    """The letters and digits of a text without anything between them, and where its words begin and end."""

    squeezed: str
    edges: frozenset[int]

    @classmethod
    def of(cls, text: str) -> _Tokens:
        found = _TOKEN.findall(normalised(text))
        edges, at = {0}, 0
        for token in found:
            at += len(token)
            edges.add(at)
        return cls("".join(found), frozenset(edges))

    def holds(self, other: _Tokens, shortest: int) -> bool:
        """Tell whether another text stands in this one: as words, or anywhere where it is long or Chinese."""
        part = other.squeezed
        if len(part) < shortest or (part.isdecimal() and shortest > 1):
            return False
        free = len(part) >= _LONG or not part.isascii()
        at = self.squeezed.find(part)
        while at >= 0:
            if free or (at in self.edges and at + len(part) in self.edges):
                return True
            at = self.squeezed.find(part, at + 1)
        return False


def _slips(text: str, name: str) -> bool:
    """Tell whether a text is a long name with one letter wrong, lacking, added or exchanged; or two of a longer one."""
    if not (text.isascii() and name.isascii()):
        return False  # one character of Chinese is a word
    allowed = 2 if len(name) >= _VERY_LONG else 1 if len(name) >= _LONG else 0
    return 0 < allowed >= abs(len(text) - len(name)) and _distance(text, name) <= allowed


def _distance(one: str, other: str) -> int:
    """Return by how many slips two texts differ (Damerau and Levenshtein, neighbours exchanged once)."""
    before, row = [0] * (len(other) + 1), list(range(len(other) + 1))
    for i, letter in enumerate(one, start=1):
        last, before, row = before, row, [i] + [0] * len(other)
        for j, wanted in enumerate(other, start=1):
            row[j] = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                row[j] = min(row[j], last[j - 2] + 1)
    return row[-1]
