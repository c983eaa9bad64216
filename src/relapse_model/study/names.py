"""Names of agents, analytes and levels: their spelling normalised, and which name of the study a text means."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

_GREEK = {"α": "alfa", "β": "beta", "γ": "gamma", "δ": "delta", "λ": "lambda", "μ": "u"}
_PLAIN = str.maketrans(
    {
        **_GREEK,
        **dict.fromkeys("‐‑‒–—―−⁃_·・", "-"),
        **dict.fromkeys("()[]{}【】〔〕", " "),
        **dict.fromkeys("\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff®™", None),
    }
)
_SEPARATOR = re.compile(r"(?<=\w)[\s.-]+(?=\w)")
_BRACKETED = re.compile(r"([^()\[\]]+?)\s*[(\[]\s*([^()\[\]]+?)\s*[)\]]")
_TOKEN = re.compile(r"[a-z]+|[0-9]+|[^\W_a-z0-9]+")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)")

_YES = frozenset({"yes", "y", "true", "是", "有"})  # not "t": its opposite, "f", is female more often than false
_NO = frozenset({"no", "n", "false", "否", "无", "没有"})

_DEATHS = frozenset(
    {
        "death",
        "dead",
        "died",
        "deceased",
        "patient died",
        "patient death",
        "死亡",
        "病死",
        "病故",
        "身故",
        "已故",
        "去世",
    }
)
_NO_COMPETING = frozenset(
    {"relapse", "relapsed", "no relapse", "free", "relapse free", "free of relapse", "none", "no", "no event",
     "event free", "censored", "lost", "lost to follow up", "loss to follow up", "loss", "end of study",
     "end of follow up", "completed", "alive", "复发", "未复发", "无复发", "无", "失访", "随访结束", "存活"}
)  # fmt: skip
_UNSEEN = str.maketrans(dict.fromkeys("\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff", None))

_LONG, _VERY_LONG = 8, 12  # letters from which one slip, or two, cannot make another name of it
_SHORTEST = 3  # letters of a name that is looked for inside a text


def name_key(text: str) -> str:
    """Return a key under which spellings of one name meet: case, Unicode forms, spaces, hyphens and brackets.

    A sign before or after a name is kept (``HBV-`` is not ``HBV``), and so is a hyphen between digits.

    Examples
    --------
    >>> name_key("Peg-IFN  α-2b") == name_key("PEGIFN alpha 2B"), name_key("乙肝 表面抗原（定量）")
    (True, '乙肝表面抗原定量')
    >>> name_key("5193-8"), name_key("HBV-")
    ('5193-8', 'hbv-')
    """
    return _SEPARATOR.sub(_joint, _normalised(text))


def _normalised(text: str) -> str:
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).translate(_PLAIN)
    return " ".join(plain.replace("alpha", "alfa").split())


def _joint(match: re.Match[str]) -> str:
    """Keep digits apart, and nothing else: 5193-8 is not 51938."""
    before, after = match.string[match.start() - 1], match.string[match.end()]
    if not (before.isdigit() and after.isdigit()):
        return ""
    return "." if match[0] == "." else "-"


def event_name(text: str) -> str:
    """Return the name of a competing event as it is compared and shown: every word for a death alone is ``death``.

    Case, Unicode forms, spaces and invisible characters make no difference.

    Examples
    --------
    >>> [event_name(text) for text in (" Liver  Transplant", "Died", "死亡", "liver-related death")]
    ['liver transplant', 'death', 'death', 'liver-related death']
    """
    plain = unicodedata.normalize("NFKC", text).casefold().translate(_UNSEEN)
    words = " ".join(plain.split()).strip(" .;:,")
    return "death" if words in _DEATHS else words


def is_no_competing_event(name: str) -> bool:
    """Tell whether a name says that no competing event came: the outcome itself, none, or the end of follow-up.

    Parameters
    ----------
    name : str

    Examples
    --------
    >>> [is_no_competing_event(name) for name in ("Relapse", "relapse-free", "lost to follow-up", "transplantation")]
    [True, True, True, False]
    """
    return " ".join(event_name(name).replace("-", " ").replace("_", " ").split()) in _NO_COMPETING


def yes_or_no(text: str) -> bool | None:
    """Tell whether a text says yes or no; None where it says neither.

    Examples
    --------
    >>> [yes_or_no(text) for text in ("1", "1.0", "True", "是", "0", "No", "否", "2", "ETV")]
    [True, True, True, True, False, False, False, None, None]
    """
    word = unicodedata.normalize("NFKC", text).strip().casefold()
    if _NUMBER.fullmatch(word):
        return {1.0: True, 0.0: False}.get(float(word))
    return True if word in _YES else False if word in _NO else None


def level_of(text: str, levels: Iterable[str]) -> str | None:
    """Return which of some levels a text is, in whatever spelling; None where it is none, or could be two.

    Yes and no in any language are one level, and so is one number written in two ways.

    Examples
    --------
    >>> level_of("HBIG", ("control", "hbig")), level_of("1.0", ("0", "1")), level_of("yes", ("0", "1"))
    ('hbig', '1', '1')
    >>> level_of("C2", ("B", "C")), level_of("b", ("b", "B"))
    (None, 'b')
    """
    known = tuple(levels)
    if text in known:
        return text
    meant = yes_or_no(text)
    if meant is not None:
        return _only([level for level in known if yes_or_no(level) is meant])
    if _NUMBER.fullmatch(text):
        return _only([one for one in known if _NUMBER.fullmatch(one) and float(one) == float(text)])
    key = name_key(text)
    return _only([level for level in known if name_key(level) == key])


def _only(found: list[str]) -> str | None:
    return found[0] if len(found) == 1 else None


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
        found = _TOKEN.findall(_normalised(text))
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


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a printed name means to a study.

    Attributes
    ----------
    name : str or None
        The study's name for it; None where the study has none.
    doubt : tuple of str
        Names of the study that it may mean; not empty only where it is refused.
    """

    name: str | None = None
    doubt: tuple[str, ...] = ()


@dataclass(frozen=True)
class NameTable:
    """Every spelling that a study knows of its analytes, or of its agents.

    Attributes
    ----------
    spellings : mapping of str to tuple of str
        For each name of the study, what else it is called: synonyms, codes.
    asked : tuple of str
        The names that anything in the study reads: what looks like one of them, and is not known, is refused.
    words : bool
        Whether a name looks like another that stands in it as a word. ``stopped ETV`` does; ``direct bilirubin`` is
        another analyte than bilirubin.
    """

    spellings: Mapping[str, tuple[str, ...]]
    asked: tuple[str, ...]
    words: bool = True
    _known: Mapping[str, tuple[str, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Find the names under each key: its own name first, which no synonym of another takes away."""
        known: dict[str, tuple[str, ...]] = {}
        for name in self.spellings:
            known[name_key(name)] = (*known.get(name_key(name), ()), name)
        others: dict[str, tuple[str, ...]] = {}
        for name, spellings in self.spellings.items():
            for key in {name_key(spelling) for spelling in spellings} - known.keys():
                others[key] = (*others.get(key, ()), name)
        object.__setattr__(self, "_known", known | others)

    def meaning(self, text: str) -> Meaning:
        """Return what a printed name means.

        Parameters
        ----------
        text : str

        Examples
        --------
        >>> table = NameTable({"pegifn": ("Pegasys", "派罗欣"), "interferon": ()}, ("pegifn",))
        >>> table.meaning("派罗欣 (PEGASYS)").name, table.meaning("pegasis 180 ug").name
        ('pegifn', None)
        >>> table.meaning("Pegasys 180 ug").doubt, table.meaning("aspirin").doubt
        (('pegifn',), ())
        """
        if text in self.spellings:
            return Meaning(text)
        found = self._known.get(name_key(text), ())
        if not found and (parts := _BRACKETED.fullmatch(unicodedata.normalize("NFKC", text).strip())):
            # 派罗欣(聚乙二醇干扰素α-2a): a name and, in brackets, another name of the same
            both = {self._known.get(name_key(part), ()) for part in parts.groups()}
            found = both.pop() if len(both) == 1 else ()
        if found:
            return Meaning(found[0]) if len(found) == 1 else Meaning(None, found)
        return Meaning(None, self.alike(text, words=self.words))

    def alike(self, text: str, *, words: bool = True) -> tuple[str, ...]:
        """Return the names that are asked for and that a text looks like."""
        every = ((name, (name, *self.spellings.get(name, ()))) for name in self.asked)
        return tuple(name for name, spellings in every if resembled(text, spellings, words=words) is not None)
