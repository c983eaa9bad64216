"""What labels say in the words of the field, English and Chinese: yes or no, relapse or free of it, which arm."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache

from relapse_model.study.names import NameTable, level_of, yes_or_no

_NEUTRAL = re.compile(
    r"(?<![a-z])(?:yes|no|y|n)\s*(?:/|or|,|\|)\s*(?:yes|not?|y|n)(?![a-z])|(?<![a-z])or not(?![a-z])"
    r"|(?:yes|no|无|有|否|是)\s*[=:]\s*[01]|[01]\s*[=:,、.]?\s*(?:yes|no|无|有|否|是)|有无|是否|有没有"
    r"|[有是]\s*/\s*[无否]|[无否]\s*/\s*[有是]"
)  # "Relapse (yes/no)" asks, and says no more
_NEGATED = re.compile(
    r"(?<![a-z])(?:no|not|none|never|without|free|absent|absence|excluded|ruled out"
    r"|nein|nicht|keine?[rsnm]?|ohne|sans|aucune?|sin|sem)(?![a-z])|未|无|没有|否认|排除"
)
_ANSWERS: Mapping[str, bool | None] = dict.fromkeys(
    ("ja", "oui", "sí", "sì", "si", "sim", "はい", "예"), True
) | dict.fromkeys(("nein", "non", "não", "いいえ", "아니오"), False)
_OPPOSITES = {
    "decompensated_cirrhosis": re.compile(r"(?<![a-z])compensated|(?<!失)代偿"),
    "prior_nuc": re.compile(r"(?<![a-z])na[iï]ve|初治"),
    "hbeag_positive_before_treatment": re.compile(r"(?<![a-z])negative(?![a-z])|阴性"),
}
_PRESENT = re.compile(
    r"(?<![a-z])(?:present|positi(?:ve?|f|v[oa])|decompensated|experienced|ever|confirmed)(?![a-z])|阳性|存在|有|失代偿|经治"
)
_NEGATIVE = re.compile(r"(?<![a-z])n[eé]gati(?:ve?|f|v[oa])(?![a-z])|阴性|陰性")
_RELAPSED = re.compile(
    r"relaps|recurren|rezidiv|rückfall|r[eé]cidiv|rechute|reca[ií]da|复发|復發|复阳|转阳|阳转|sero-?reversion|reappear"
    r"|(?<!liver )failure|(?<![a-z])positi[vf]|阳性|陽性|\+\)?$"
)
_FREE = re.compile(
    r"(?<![a-z])free(?![a-z])|sustained|remission|success|(?<![a-z])n[eé]gati[vf]|clearance|seroconver"
    r"|(?<!to )(?<!follow-up )(?<!up )loss(?! to)|持续|维持|阴转|转阴|阴性|陰性|[-−]\)?$"
)
_NO_EVENT = re.compile(
    r"(?<![a-z])(?:no|not|non|without|never|free|kein\w*|ohne|nicht|sans|pas de|aucune?|sin|sem)(?![a-z])|未|无|没有|無"
)
_CONTROL = re.compile(
    r"(?<![a-z])(?:controls?|ctrl|placebo|no treatment|untreated|observation|standard of care|soc)(?![a-z])"
    r"|对照|安慰剂|空白|未治疗|未用药|观察组"
)
_ACTIVE = re.compile(r"(?<![a-z])(?:active|intervention|experimental|treatment|treated|verum)(?![a-z])|试验|治疗|干预")
_NO_ARM = re.compile(r"(?<![a-z])(?:no|not|non|without|minus)(?![a-z])|未|无|不|非|[-−]$")
_GROUP = re.compile(r"\b(?:group|arm)\b|组", re.IGNORECASE)
_DOSE = re.compile(r"\b\d+(?:[.,]\d+)?\s*(?:k?iu|u|mg|g|ug|µg|mcg|ml)\b", re.IGNORECASE)


@lru_cache(maxsize=8192)
def plain_words(text: str) -> str:
    """Return a text or a name as it is searched for words: half width, lower case, single spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().replace("_", " ").split())


def answer_of(text: str) -> bool | None:
    """Return what an answer says in one of the languages of the field; None where a text is no answer.

    Examples
    --------
    >>> [answer_of(text) for text in ("Ja", "nein", "1", "是", "0.3")]
    [True, False, True, True, None]
    """
    plain = plain_words(text)
    return _ANSWERS.get(plain, yes_or_no(plain))


def says(label: str, column: str = "") -> bool | None:
    """Tell whether a label says that something is there, or that it is not; None where it says neither.

    Parameters
    ----------
    label : str
        Of a code, or of a column.
    column : str
        Of the patients table: some have words for their contrary.

    Examples
    --------
    >>> [says(text) for text in ("Yes", "present", "absent", "No malignancy", "无", "阳性", "HCC", "yes/no")]
    [True, True, False, False, False, True, None, None]
    >>> says("compensated", "decompensated_cirrhosis"), says("naive", "prior_nuc")
    (False, False)
    """
    plain = plain_words(label)
    said = yes_or_no(plain)
    if said is not None or plain in _ANSWERS:
        return _ANSWERS.get(plain, said)
    bare = _NEUTRAL.sub(" ", plain)
    opposite = _OPPOSITES.get(column)
    against = bool(_NEGATED.search(bare) or _NEGATIVE.search(bare))
    contrary = opposite is not None and bool(opposite.search(bare))
    if against or contrary:
        return None if against and contrary else False  # "not naive" is not read
    return True if _PRESENT.search(bare) else None


def is_negated(called: str, column: str) -> bool:
    """Tell whether a column is called the contrary of what is read in it: "No malignancy", "Free of relapse".

    Parameters
    ----------
    called : str
        Its name or its label.
    column : str
        Of the patients table; ``"relapse"`` or ``"event"`` of an outcome.

    Examples
    --------
    >>> [is_negated(text, "malignancy") for text in ("Malignancy absent?", "无恶性肿瘤", "有无恶性肿瘤", "malignancy")]
    [True, True, False, False]
    >>> [is_negated(text, "relapse") for text in ("Free of relapse", "持续阴性", "Sustained HBsAg loss", "Relapse")]
    [True, True, True, False]
    """
    bare = _NEUTRAL.sub(" ", plain_words(called))
    if column in ("relapse", "event"):
        return relapse_or_free(bare) == "free"
    opposite = _OPPOSITES.get(column)
    return bool(_NEGATED.search(bare)) or (opposite is not None and bool(opposite.search(bare)))


def relapse_or_free(text: str) -> str | None:
    """Return whether a text says a relapse of hepatitis B, or that there was none; None where it says neither, or both.

    Examples
    --------
    >>> texts = ("复阳", "持续阴转", "HBsAg positive", "HBsAg-", "seroreversion", "No relapse", "lost to follow-up")
    >>> [relapse_or_free(text) for text in texts]
    ['relapse', 'free', 'relapse', 'free', 'relapse', 'free', None]
    """
    plain = plain_words(text)
    came, stayed = bool(_RELAPSED.search(plain)), bool(_FREE.search(plain))
    if came and _NO_EVENT.search(plain):
        return "free"
    return None if came == stayed else "relapse" if came else None if _NO_EVENT.search(plain) else "free"


def level_named(text: str, levels: tuple[str, ...]) -> str | None:
    """Return the level that a text names: by itself, else without a dose and the word for a group."""
    plain = unicodedata.normalize("NFKC", text)
    return level_of(text, levels) or level_of(_GROUP.sub(" ", _DOSE.sub(" ", plain)).strip(), levels)


def is_arm(label: str, level: str, levels: Sequence[str], agents: NameTable | None) -> bool | None:
    """Tell whether a label is that of an arm; None where that is not said.

    Parameters
    ----------
    label : str
    level : str
        One of `levels`.
    levels : sequence of str
        Arms that the study tells apart.
    agents : NameTable or None
        By whose names an arm may be called, too.

    Examples
    --------
    >>> arms = ("control", "hbig")
    >>> [is_arm(text, "hbig", arms, None) for text in ("HBIG 400 IU", "No HBIG", "placebo", "对照组", "active")]
    [True, False, False, False, None]
    >>> is_arm("active", "control", arms, None), is_arm("No HBIG", "control", arms, None)
    (False, True)
    """
    known = tuple(levels)
    said = level_named(label, known)
    if said is not None:
        return said == level
    plain = plain_words(label)
    own = _CONTROL.search(plain_words(level)) is not None
    if _CONTROL.search(plain):
        return own
    named = _arms_in(_NO_ARM.sub(" ", plain), known, agents)
    if _NO_ARM.search(plain):
        return (False if level in named else own or None) if named else None
    if len(named) == 1:
        return level in named
    return False if own and _ACTIVE.search(plain) else None


def _arms_in(plain: str, levels: tuple[str, ...], agents: NameTable | None) -> set[str]:
    """Return the levels of which a text consists, by their names or those of agents."""
    bare = " ".join(_GROUP.sub(" ", _DOSE.sub(" ", plain)).split())
    said = level_of(bare, levels) if bare else None
    agent = None if agents is None or not bare else agents.meaning(bare).name
    also = None if agent is None else level_of(agent, levels)
    return {one for one in (said, also) if one is not None}
