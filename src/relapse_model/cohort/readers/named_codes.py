"""What the names of a code say that it is, for a proposal: evident, called otherwise in some rows, or to be asked."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from relapse_model.cohort.readers.proposed_text import comment, quoted
from relapse_model.cohort.readers.second_names import SecondNames
from relapse_model.study.names import NameTable

_STRENGTH = re.compile(
    r"(?<![\w.])\d+(?:[.,]\d+)?\s*(?:k?iu|miu|units?|unt|u|mg|mcg|ug|[µμ]g|g|ml|万?(?:国际)?单位|毫克|微克|克|毫升)"
    r"(?:\s*/\s*(?:\d+(?:\.\d+)?\s*)?(?:ml|hr|actuat|支|片|粒|毫升))?(?![\w/])",
    re.IGNORECASE,
)
_FORM = re.compile(
    r"\b(?:oral|film[- ]coated|extended[- ]release|disintegrating|tablets?|tabs?|capsules?|caps?|pills?|granules?"
    r"|oral solution|injectable|injection|solution|suspension|prefilled|syringes?|vials?|pens?|ampoules?|intravenous"
    r"|intramuscular|subcutaneous|i\.?v|i\.?m|s\.?c|p\.?o)\b\.?",
    re.IGNORECASE,
)
_BRAND = re.compile(r"\[[^\[\]]*\]\s*$")
_SHOWN = 5


def agent_named(text: str, names: NameTable) -> str | None:
    """Return the agent that a drug's text is about, whatever strength, form and brand stand with it; else None.

    Parameters
    ----------
    text : str
    names : NameTable
        Of the agents of a study.

    Examples
    --------
    >>> names = NameTable({"entecavir": ("ETV", "恩替卡韦"), "hbig": ()}, ("entecavir", "hbig"))
    >>> drugs = ("entecavir 0.5 MG Oral Tablet [Baraclude]", "恩替卡韦 0.5毫克", "HBIG 400 IU/ML", "entecavir / HBIG")
    >>> [agent_named(text, names) for text in drugs]
    ['entecavir', 'entecavir', 'hbig', None]
    """
    found = names.meaning(text).name
    if found is not None:
        return found
    plain = _BRAND.sub(" ", unicodedata.normalize("NFKC", text).strip())
    bare = " ".join(_FORM.sub(" ", _STRENGTH.sub(" ", plain)).split()).strip(" ,;.-")
    return names.meaning(bare).name if bare else None


@dataclass(frozen=True, slots=True)
class Naming:
    """How the texts of a source are understood.

    Attributes
    ----------
    key : {"analyte", "agent"}
    meaning : callable
        From a text to the study's name for it, or None.
    names : NameTable
    second : SecondNames
    """

    key: str
    meaning: Callable[[str], str | None]
    names: NameTable
    second: SecondNames

    def named(self, text: str) -> str | None:
        """Return what a text is a name of; nothing where it says another person's, specimen or no dose."""
        name = self.meaning(text) if text else None
        return None if name is None or self.second.contradicts(self.key, text, name) else name

    def doubts(self, text: str) -> tuple[str, ...]:
        """Return what a text may mean, for a question."""
        name = self.meaning(text) if text else None
        return (name,) if name is not None else self.names.meaning(text).doubt if text else ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a code is.

    Attributes
    ----------
    name : str or None
        Where it is evident.
    odd : Counter
        Rows that call it otherwise, by text.
    doubt : tuple of str
        Names that it may mean, where it is not evident.
    """

    name: str | None = None
    odd: Counter[str] = field(default_factory=Counter)
    doubt: tuple[str, ...] = ()


def verdict(stated: tuple[str, ...], said: Mapping[str, int], naming: Naming) -> Verdict:
    """Return what a code is: by what it is called once for all, else by what most of its rows call it.

    Rows that contradict it are listed, and do not decide, unless they are as many.

    Parameters
    ----------
    stated : tuple of str
        Names and codes of a vocabulary.
    said : mapping of str to int
        Texts of the rows, with their counts.
    naming : Naming

    Examples
    --------
    >>> import relapse_model as rm
    >>> from relapse_model.study.names_known import analyte_names
    >>> study = rm.load_study("hbsag-relapse")
    >>> names = analyte_names(study)
    >>> naming = Naming("analyte", lambda text: names.meaning(text).name, names, SecondNames(study))
    >>> found = verdict((), {"HBV DNA": 4, "HDV RNA": 1}, naming)
    >>> found.name, dict(found.odd)
    ('hbv_dna', {'HDV RNA': 1})
    >>> verdict((), {"HBsAg": 2, "HBsAb": 2}, naming).name is None
    True
    """
    sure = {name for text in stated if (name := naming.named(text)) is not None}
    rows: Counter[str] = Counter()
    for text, count in said.items():
        if (name := naming.named(text)) is not None:
            rows[name] += count
    denied = any(naming.second.contradicts(naming.key, text, name) for text in stated for name in sure)
    most = rows.most_common(1)[0][0] if rows and not sure else ""
    best = next(iter(sure)) if len(sure) == 1 else most
    odd = Counter({text: count for text, count in said.items() if naming.second.contradicts(naming.key, text, best)})
    if best and not denied and odd.total() < (rows[best] or (sum(said.values()) + 1) / 2):
        return Verdict(best, odd)
    every = [name for text in (*stated, *said) for name in naming.doubts(text)]
    return Verdict(doubt=tuple(dict.fromkeys((*sorted(sure), *every))))


def odd_rows(odd: Mapping[str, int], right: list[str], column: str) -> list[str]:
    """Return the lines on rows that are called otherwise than the others of their code.

    Parameters
    ----------
    odd : mapping of str to int
    right : list of str
        Texts of the others.
    column : str
        In which the texts stand, as ``when`` names it; empty where no one does.

    Examples
    --------
    >>> for line in odd_rows({"HDV RNA": 1}, ["HBV DNA"], "measurement_source_value"):
    ...     print(line)
    #? 1 row is called otherwise ("HDV RNA": 1), and will be refused: correct it, or leave it out by the next line
    # when = { measurement_source_value = ["HBV DNA"] }
    """
    if not odd:
        return []
    total = sum(odd.values())
    shown = ", ".join(f"{quoted(comment(text))}: {odd[text]:,}" for text in list(odd)[:_SHOWN])
    more = f", and {len(odd) - _SHOWN} more" if len(odd) > _SHOWN else ""
    rows, them = ("row is", "it") if total == 1 else ("rows are", "them")
    line = " by the next line" if right and column else " by 'when'"
    asked = (
        f"#? {total:,} {rows} called otherwise ({shown}{more}), and will be refused: correct {them}, or leave {them} "
        f"out{line}"
    )
    key = column if re.fullmatch(r"\w+", column) else quoted(column)
    return [asked, *([f"# when = {{ {key} = [{', '.join(map(quoted, right))}] }}"] if right and column else [])]
