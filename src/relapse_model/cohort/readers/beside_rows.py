"""Columns beside a result or a dose that a mapping does not read, and that say of it that it does not count."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from functools import lru_cache

from relapse_model.cohort.laboratory.words import table
from relapse_model.cohort.readers.contradicting_meanings import is_unknown
from relapse_model.cohort.readers.label_words import plain_words
from relapse_model.cohort.readers.notes_beside_doses import dose_not_given
from relapse_model.cohort.readers.other_things import (
    CANCELLED,
    DERIVED,
    FLUID,
    NO_RESULT,
    NOT_FINAL,
    NOT_GIVEN,
    PERSON,
    SPECIMEN,
    WITHDRAWN,
    other_thing,
    says_only,
    takes_all_back,
)
from relapse_model.study.names import yes_or_no

_NOTES = re.compile(
    r"(?<![a-z])(?:notes?|comments?|remarks?|bemerkung(?:en)?|anmerkung(?:en)?|kommentare?|hinweise?|notiz(?:en)?"
    r"|commentaires?|remarques?|commento|observa[çc](?:ão|ões)|anotaciones|obs|observaciones|observación"
    r"|observations|comentarios?|notas?|osservazioni|commenti?"
    r"|annotazioni)(?![a-zà-ÿ])|备注|说明|注释|コメント|備考|비고|메모"
)
_ABOUT = re.compile(
    r"(?<![a-z])(?:status|state|statut|estado|stato|flag|quality|validity|specimen|sample|material|matrix|relation"
    r"|relationship"
    r"|probe(?:n\w*)?|échantillon|muestra|campione"
    r"|(?:subject|person|patient|sample|result|specimen) type)(?![a-z])|状态|标志|标本|样本|样品|关系|人员|质量"
)
_SAMPLES = re.compile(
    r"(?<![a-z])(?:specimen|sample|material|matrix|probe(?:n\w*)?|échantillon|muestra|campione)(?![a-z])|标本|样本|样品"
)
_OF_ROW = re.compile(
    r"(?<![a-z])(?:result|value|sample|specimen|serum|blood|test|dose)(?![a-z])|结果|标本|样本|血清|血样"
)
_CHANGED = re.compile(
    r"(?:value|result) (?:is|was) [\d.,]+,? not [<\d]|dilut|verdünnt|dilué|diluid[oa]|diluit[oa]|希釈|희석|稀释"
    r"|[x×*]\s?10+(?![\d.])|unit\w* (?:is |was )?(?:wrong|should)"
    r"|单位(?:应|错|有误)|非本人|not (?:the|this) patient"
    r"|(?:(?:repeat|retest|recheck)(?:ed)?(?: (?:result|value|test))?(?: ?[:=]| (?:was|is|gave)(?![a-z]))"
    r"|should (?:be|read|have been)|actual(?:ly)?(?: (?:is|was|value))?"
    r"|korrigiert(?:er wert)?|berichtigt|corrigée?s?|corregid[oa]|corrigid[oa]|corrett[oa]|rettificat[oa]|更正(?:为"
    r"|後)?|订正为?|訂正(?:値)?|정정"
    r"|(?:复查|复测|复检|重测|重复)(?:结果)?[:：为是]?|(?:实际|应|实)(?:结果)?(?:为|是))"
    r"\s*:?\s*(?:[<>≤≥]|\d[\d.,]*(?!\s*(?:days?|weeks?|months?|years?|[天周日月年个次]|[\d.,]))"
    r"|neg|pos|not detect|undetect|未检出|阴|阳)"
)
_WITHOUT = re.compile(
    r"(?<![a-z])(?:no|not|without|keine?|nicht|ohne|sans|pas d'|sin|senza|non) ?(?:visible |sichtbare? )?"
    r"(?:h(?:a|ä)?emoly|hämoly|hémoly|hem[oó]li|emoli|lip(?:a|ä)?emi|lipäm|clot)\w*|[无未](?:见"
    r"|有)?(?:明显)?(?:溶血|脂血|凝块)"
    r"|溶血(?:なし|無し|無)|용혈\s?없\w*"
)  # what a note says that a specimen is not
_FACTOR = re.compile(r"(?<![a-z])(?:dilution|multiplier|(?:dilution |multiplication )?factor)(?![a-z])|稀释|倍数")
_SECOND = re.compile(
    r"(?<![a-z])(?:corrected|amended|revised|retest|recheck|repeat(?:ed)?|final (?:value|result))(?![a-z])"
    r"|修正|更正|复检|复查|复测"
)
_ONE = re.compile(r"1(?:\.0*)?|1\s?[:：/]\s?1|none|no|undiluted|未稀释|无|否")
_NUMBER = re.compile(r"[<>≤≥]?\s*\d+(?:[.,]\d+)*")
_GOOD = re.compile(
    r"(?<![a-z])(?:given|administered|received|taken|done|performed|tested|valid|acceptable|usable|final|verified"
    r"|validated|released|approved|injected|applied|verabreicht|gegeben|appliziert|injiziert|erhalten|administrée?"
    r"|donnée?|reçue?|administr(?:ad[oa]|ó)|dad[oa]|recibid[oa]|somministrat[oa]|ricevut[oa]|faite?|réalisée?"
    r"|effectuée?|injectée?"
    r"|realizad[oa]|aplicad[oa]|eseguit[oa]|fatt[oa]|effettuat[oa]|durchgeführt|gültig|verwertbar|valide|valid[oa]"
    r"|válid[oa])(?![a-zà-ÿ])|审核|复核|有效|合格|已用|已给|是否(?:给药|用药|注射|检测|完成)"
)
_BAD = re.compile(
    r"(?<![a-z])(?:not (?:done|given|performed|tested|valid|administered|taken|usable)|nd|invalid|cancel\w*|void|missed"
    r"|refused|withheld|excluded|error|ha?emoly[sz]ed|ha?emolysis|lipa?emic|missing"
    r"|preliminary|provisional|corrected|amended|h(?:ä|ae)moly\w+|hämoly\w+|hémoly\w+|hemoli[sz]\w+|emoli[sz]\w+"
    r"|lipämi\w+|lipémi\w+"
    r"|ungültig|nicht (?:gegeben|durchgeführt|verwertbar|gültig)|(?:non|pas) (?:faite?|administrée?|valide)|invalide"
    r"|no (?:administrad[oa]|realizad[oa]|válid[oa])|inválid[oa]|non (?:eseguit[oa]|somministrat[oa]"
    r"|valid[oa]))(?![a-zà-ÿ])|初步|更正|作废|取消|溶血|脂血|不合格|无效|未做|未检|未给|未用|漏用"
)
_STATE = re.compile(
    r"(?<![a-z])(?:(?:befund|ergebnis)?status|state|statut|état|estado|stato)(?![a-z])|状态|审核|复核|是否发布"
)
_VIALS = re.compile(
    r"(?:(?:number|no\.?|count) of )?(?:vials?|ampoules?|doses|injections?|syringes?)(?: (?:given|used|count|number))?"
    r"|支数|瓶数|针数|数量\((?:支|瓶|针)\)"
)
_ACTUAL = re.compile(
    r"(?<![a-z])(?:actual|actually|total|cumulative)(?![a-z]).*dose|实际(?:用|给药|注射)?[剂用]?量|总剂?量"
)
_HOW_OFTEN = re.compile(r"(?<![a-z])(?:frequency|freq|times (?:a|per) day|regimen|schedule)(?![a-z])|频次|频率|用法")
OFTEN = re.compile(
    r"(?<![a-z])(?:bid|tid|qid|q12h|q8h|twice (?:a day|daily))(?![a-z])|[每][日天][两二三四]次|[2-4]次/[日天]",
    re.IGNORECASE,
)
"""How a text says that a dose was given several times a day."""
_OF_REPORT = re.compile(r"结果|报告|检验|检测|化验|标本|样本|是否|当前")
_DERIVED = re.compile(r"(?<![a-z])(?:result|value) type(?![a-z])|(?:结果|数值)类型")
_TICKS = frozenset(
    ("x", "√", "✓", "✔", "☑", "+", "++", "+++", "1+", "2+", "3+", "4+", "positive", "pos", "阳性", "present")
)
_ANSWERS = {"ja": True, "oui": True, "sí": True, "sì": True, "nein": False, "non": False, "pas": False}
_LETTERS = frozenset("pcxidrsw")  # of HL7 table 0085: not final, corrected, deleted, wrong, or no result
FINAL = table(
    "final|finalised|finalized|f|complete|completed|verified|validated|reviewed|approved|released|authorised|authorized"
    "|reported|signed|resulted|endgültig|validiert|définitif|validé|definitivo|validado|最终|已审核|已审|已复核"
    "|已发布|已报告"
    "|已完成|完成|终审|审核通过|正式|正式报告"
)
"""What a column of states says of a result that counts."""
_SOUND = table(
    "正常|合格|良好|可用|符合要求|无异常|未见异常|normal|good|ok|okay|acceptable|accepted|adequate|satisfactory"
    "|suitable|valid"
    "|unauffällig|gut|brauchbar|verwertbar|in ordnung|i.o.|conforme|correct|normale"
    "|bon|bueno|buena|adecuado|adecuada|idoneo"
)
_FILLERS = frozenset(
    ("was", "were", "is", "the", "a", "an", "of", "this", "test", "result", "results", "sample", "specimen", "dose",
     "drug", "lab", "labs", "value", "blood", "serum", "if", "or", "report", "reporting", "review", "validation",
     "verification", "approval", "probe", "proben", "échantillon", "muestra", "campione", "amostra", "prélèvement",
     "wurde", "ist", "est", "été", "se", "la", "le", "il", "el", "dose", "dosi", "iniezione", "inyección", "prise",
     "ergebnis", "befund", "résultat", "resultado", "risultato", "analyse", "hbig",
     "dosis", "gabe", "injektion", "injection", "order", "record", "entry")
)  # fmt: skip
_ONGOING = re.compile(r"(?<![a-z])(?:ongoing|continuing|still (?:on|taking))(?![a-z])|仍在|继续用药|持续用药|是否在用")
_STOPPED = re.compile(r"(?<![a-z])(?:stopped|discontinued|ended|completed)(?![a-z])|已停|停药")
ANOTHER = "a note that it is another value"
EXPECTED = "a row that counts"
ADVICE = "State which rows count: when = {{ {name} = [...] }}; or, if it says nothing of them, take it out of a copy"


def why_not_counted(text: str, called: Iterable[str], section: str, own: Collection[str] = ()) -> str:
    """Say why a text beside a result, or a dose, says that it does not count; nothing where it does not say so.

    Parameters
    ----------
    text : str
        With the label of its code, if it has one.
    called : iterable of str
        The name of its column, and its label.
    section : {"labs", "treatments"}
    own : collection of str
        Words by which the result or the dose itself is called.

    Examples
    --------
    >>> why_not_counted("superseded", ["status"], "labs"), why_not_counted("100", ["Dilution factor"], "labs")
    ('a result that was cancelled', 'a dilution, or a factor')
    >>> why_not_counted("待复核", ["结果状态"], "labs"), why_not_counted("final", ["status"], "labs")
    ('a result that may not be final', '')
    >>> why_not_counted("no", ["Given?"], "treatments"), why_not_counted("yes", ["ALT not done"], "labs", ["alt"])
    ('"no", where it asks whether it counts', '"yes", where it asks whether it does not')
    >>> why_not_counted("wife", ["contact"], "labs"), why_not_counted("no", ["Vaccine given"], "treatments")
    ('', '')
    """
    return _why(text, tuple(called), section, frozenset(own))


@lru_cache(maxsize=8192)
def _why(text: str, called: tuple[str, ...], section: str, own: frozenset[str]) -> str:
    plain, names = plain_words(text), [plain_words(one) for one in called if one]
    if not plain:
        return ""
    if section == "labs" and (said := says_only(text, (CANCELLED, FLUID, WITHDRAWN)) or _state(text, names, own)):
        return said
    answer = True if plain in _TICKS else _ANSWERS.get(plain, yes_or_no(plain))
    flag = next((one for name in names if (one := _flag(name, own)) is not None), None)
    if answer is not None and flag is not None:
        if flag is not answer:
            return '"no", where it asks whether it counts' if flag else '"yes", where it asks whether it does not'
        return ""
    if section == "labs" and any(_FACTOR.search(one) for one in names):
        return "" if _ONE.fullmatch(plain) or not re.search(r"\d", plain) else "a dilution, or a factor"
    if section == "labs" and any(_SECOND.search(one) for one in names) and _NUMBER.fullmatch(plain):
        return "another result of it"
    if any(_NOTES.search(one) for one in names):
        return _noted(plain, section)
    if flag is not None or any(_ABOUT.search(one) for one in names):
        return _told_of(plain, names, section, given=bool(flag))
    return ""


def _told_of(plain: str, names: list[str], section: str, *, given: bool) -> str:
    """Say the same of a column that is about the row: its state, its specimen, or whether a dose was given."""
    if section == "treatments":
        return "not known whether it was given" if given and is_unknown(plain) else other_thing(plain, (NOT_GIVEN,))
    if takes_all_back(plain):
        return WITHDRAWN
    if _CHANGED.search(plain):
        return ANOTHER
    samples = any(_SAMPLES.search(one) for one in names)
    derived = any(_DERIVED.search(one) for one in names)
    kinds = (PERSON, NO_RESULT, *((SPECIMEN,) if samples else ()), *((DERIVED,) if derived else ()))
    return other_thing(plain, kinds)


def why_not_the_dose(text: str, called: Iterable[str]) -> str:
    """Say why a text beside a dose says that the day's is another: a number of vials, or several times a day.

    Examples
    --------
    >>> [why_not_the_dose(*one) for one in (("2", ["Number of vials"]), ("1", ["支数"]), ("bid", ["frequency"]))]
    ['a number of vials or doses', '', 'several times a day']
    >>> why_not_the_dose("100", ["实际剂量"])
    'another amount'
    """
    plain, names = plain_words(text), [plain_words(one) for one in called if one]
    if any(_VIALS.fullmatch(one) for one in names) and _NUMBER.fullmatch(plain) and not _ONE.fullmatch(plain):
        return "a number of vials or doses"
    if any(_ACTUAL.search(one) for one in names) and _NUMBER.fullmatch(plain):
        return "another amount"
    return "several times a day" if any(_HOW_OFTEN.search(one) for one in names) and OFTEN.search(plain) else ""


def _state(text: str, names: list[str], own: frozenset[str]) -> str:
    """Say why a result is not final, by a column of states; nothing where it is, or the column is none."""
    if not any(is_state(name, own) for name in names):
        return ""
    return NOT_FINAL if plain_words(text) in _LETTERS else other_thing(text, (NOT_FINAL,))


def is_state(name: str, own: Collection[str] = ()) -> bool:
    """Tell whether a column is called the state of a result or a report, not that of a patient or a disease.

    Examples
    --------
    >>> [is_state(name) for name in ("Result status", "结果状态", "Marital status", "HBeAg status")]
    [True, True, False, False]
    >>> is_state("ALT status", ["alt"])
    True
    """
    plain = plain_words(name)
    return _STATE.search(plain) is not None and not _rest(_OF_REPORT.sub(" ", _STATE.sub(" ", plain)), own, 0)


def is_note(called: Iterable[str]) -> bool:
    """Tell whether a column is called one of notes, by its name or its label.

    Examples
    --------
    >>> is_note(["lab_comment"]), is_note(["备注"]), is_note(["x", "Remarks"]), is_note(["status"])
    (True, True, True, False)
    """
    return any(_NOTES.search(plain_words(one)) for one in called if one)


def counts_by(text: str, name: str) -> bool:
    """Tell whether a state says of a result that it counts: that it is final, or of a specimen that it is sound.

    Parameters
    ----------
    text : str
        The state.
    name : str
        Of its column.

    Examples
    --------
    >>> counts_by("合格", "标本状态"), counts_by("正常", "结果状态"), counts_by("溶血", "标本状态")
    (True, False, False)
    """
    plain = plain_words(text)
    return plain in FINAL or (plain in _SOUND and _SAMPLES.search(plain_words(name)) is not None)


def _rest(name: str, own: Collection[str], most: int = 4) -> bool:
    """Tell whether a name says more than that it is about the row, or the result; some Chinese letters are allowed."""
    rest = {word for word in re.split(r"[\W_]+", name) if word} - frozenset(own)
    chinese = {word for word in rest if not word.isascii()} - _FILLERS
    return bool(rest - chinese - _FILLERS) or len("".join(chinese)) > most


def _noted(plain: str, section: str) -> str:
    """Say the same of a note, which may be about anything else: it names the result, or is a word or two."""
    short = len(plain.split()) <= 2 and (not plain.isascii() or len(plain) <= 24) and len(plain) <= 24
    if section == "labs" and takes_all_back(plain):
        return WITHDRAWN
    about = short or _OF_ROW.search(plain) is not None
    if section == "treatments":
        return dose_not_given(plain, short=about)
    if _CHANGED.search(plain):
        return ANOTHER
    return other_thing(_WITHOUT.sub(" ", plain), (PERSON, NO_RESULT)) if about else ""


def _flag(name: str, own: frozenset[str]) -> bool | None:
    """Return which answer of a column means that the row counts; None where it asks no such thing of the row."""
    bad, good = _BAD.search(name), _GOOD.search(name)
    found = bad or good
    if found is None:
        return None
    return None if _rest((_BAD if bad else _GOOD).sub(" ", name), own) else not bad


def says_ended(text: str, called: Iterable[str]) -> bool:
    """Tell whether a text beside a course says that it is over: then a course without a last day does not go on.

    Examples
    --------
    >>> says_ended("no", ["Ongoing?"]), says_ended("yes", ["Stopped?"]), says_ended("yes", ["Ongoing?"])
    (True, True, False)
    """
    answer, names = yes_or_no(plain_words(text)), [plain_words(one) for one in called if one]
    if answer is None:
        return False
    return any((_STOPPED if answer else _ONGOING).search(one) for one in names)


def is_of(called: Iterable[str], own: Iterable[str], others: Iterable[str]) -> bool:
    """Tell whether a column may be about one of several results of a row: it is not called by another one alone.

    Parameters
    ----------
    called : iterable of str
        Its name and its label.
    own, others : iterable of str
        What the result, and the others of the row, are called.

    Examples
    --------
    >>> [is_of([column], ["alt"], ["ast"]) for column in ("alt_status", "ast_status", "qc")]
    [True, False, True]
    """
    words, mine, theirs = words_of(called), words_of(own), words_of(others)
    return bool(words & (mine - theirs)) or not words & (theirs - mine)


def words_of(names: Iterable[str]) -> frozenset[str]:
    """Return the words of some names, by which columns of the same result are called, too."""
    return frozenset(word for one in names for word in re.split(r"[\W_]+", plain_words(one)) if word)
