"""Names of agents, analytes and levels: their spelling normalised, and which name of the study a text means."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from relapse_model.study.resemblance import are_opposed, is_of_antibody, normalised, resembled

_SEPARATOR = re.compile(r"(?<=\w)[\s.-]+(?=\w)")
_BRACKETED = re.compile(r"([^()\[\]]+?)\s*[(\[]\s*([^()\[\]]+?)\s*[)\]]")
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
UNSEEN = str.maketrans(dict.fromkeys("\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff", None))


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
    return _SEPARATOR.sub(_joint, normalised(text))


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
    plain = unicodedata.normalize("NFKC", text).casefold().translate(UNSEEN)
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
    analytes : mapping of str to str
        Of a table of analytes: the keys of names in common use, each with what it is a name of. A text that is one of
        them looks like nothing else, and antigen and antibody never look like each other.
    """

    spellings: Mapping[str, tuple[str, ...]]
    asked: tuple[str, ...]
    words: bool = True
    analytes: Mapping[str, str] = field(default_factory=dict)
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
        every = {name: (name, *self.spellings.get(name, ())) for name in self.asked}
        if not self.analytes:
            return tuple(name for name, own in every.items() if resembled(text, own, words=words) is not None)
        return tuple(name for name, own in every.items() if self._may_be(text, own, words))

    def is_another(self, text: str, spellings: Iterable[str] | None = None) -> bool:
        """Tell whether a text is the name of an analyte in common use, and not of one with some spellings.

        Parameters
        ----------
        text : str
        spellings : iterable of str, optional
            Without them, of all in the table.
        """
        meant = self.analytes.get(name_key(text))
        if spellings is None:
            spellings = (one for name, others in self.spellings.items() for one in (name, *others))
        return meant is not None and all(self.analytes.get(name_key(one)) != meant for one in spellings)

    def _may_be(self, text: str, spellings: tuple[str, ...], words: bool) -> bool:
        if self.is_another(text, spellings):
            return False
        slips = [one for one in spellings if not are_opposed(text, one)]
        inside = [one for one in spellings if is_of_antibody(one) is is_of_antibody(text)] if words else []
        return (resembled(text, slips, words=False) or resembled(text, inside)) is not None
