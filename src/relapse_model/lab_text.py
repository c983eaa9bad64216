"""What a laboratory printed, read as a number with its limits, a word, a gap or a refusal."""

from __future__ import annotations

import html
import math
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, fields
from decimal import Decimal
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from relapse_model.errors import RelapseModelError

_LONGEST = 200  # characters; a result is short, so longer text is a remark that went astray
_DASHES = ("refuse", "negative", "missing")
_DOUBLE_TOLERANCE = 0.05  # between 10**log and the linear number printed beside it
_ASCII_CASE = re.IGNORECASE | re.ASCII  # without ASCII, "İ" would match "i" and miss the table


def _table(text: str) -> frozenset[str]:
    return frozenset(word.strip() for word in text.split("|"))


# ---- words: English ones are read in any case, their spaces stand for any run of spaces, "-" and "_" ----
_LIMITS = list(
    product(("<", "低于", "小于"), ("", "最低"), ("检测", "检出", "定量"), ("下限", "限", "限值", "低限"))
)
_NEGATIVE = _table(
    """neg | negative | non reactive | not reactive | unreactive | nr | n.r
    | 阴性 | 阴 | 无反应性 | 无反应 | 非反应性"""
)
_UNDETECTED = _table(
    """tnd | target not detected | not detected | none detected | not detectable | undetectable | undetected
    | nd | n.d | bdl | below lod | <lod | <llod | below detection limit | below the detection limit
    | below detectable limit | below limit of detection | below the limit of detection
    | 未检出 | 未检测到 | 检测不到 | 检不出 | 未测出 | 未测到"""
) | {"".join(parts) for parts in _LIMITS if "定量" not in parts}
_UNQUANTIFIED = _table(
    """<lloq | <loq | below lloq | below loq | blq | bloq | below quantification limit
    | below limit of quantification | below the limit of quantification
    | below lower limit of quantification | below the lower limit of quantification"""
) | {"".join(parts) for parts in _LIMITS if "定量" in parts}
_POSITIVE = _table(
    """positive | pos | weak positive | weakly positive | low positive | strong positive | strongly positive
    | reactive | weakly reactive | strongly reactive | detected | target detected | detectable
    | not quantified | not quantifiable | >uloq | above uloq
    | 阳性 | 阳 | 弱阳性 | 弱阳 | 强阳性 | 有反应性 | 有反应 | 反应性 | 检出 | 已检出 | 检测到
    | 高于检测上限 | 大于检测上限 | >检测上限 | 超出检测上限 | 超过检测上限"""
)
_GREY = _table(
    """grey zone | gray zone | equivocal | indeterminate | borderline | inconclusive
    | 灰区 | 可疑 | 可疑阳性 | 临界 | 临界值 | 不确定"""
)
_MISSING = _table(
    """na | n/a | n.a | #n/a | <na> | nan | nat | null | none | qns | quantity not sufficient | not done
    | not tested | not performed | not available | not applicable | missing | pending | no result
    | hemolysed | hemolyzed | haemolysed | haemolyzed
    | 未做 | 未查 | 未检 | 未检测 | 未检查 | 未测 | 未送检 | 未采 | 未采血 | 标本溶血 | 样本溶血 | 溶血
    | 标本凝固 | 标本量不足 | 标本不足 | 样本不足 | 拒检 | 缺失 | 不详 | 无结果 | 待测"""
)
# "limit": the word speaks of a limit, so that a number beside it may be the limit instead of the result
_MEANINGS = (
    (_NEGATIVE, frozenset({"negative"})),
    (_UNDETECTED, frozenset({"negative", "limit"})),
    (_UNQUANTIFIED, frozenset({"limit"})),
    (_POSITIVE, frozenset({"positive"})),
    (_GREY, frozenset({"grey"})),
    (_MISSING, frozenset({"missing"})),
)
_SIGNS = {
    **dict.fromkeys(("+", "++", "+++", "++++", "1+", "2+", "3+", "4+"), "positive"),
    **dict.fromkeys(("+-", "-+", "+/-", "-/+", "±"), "grey"),
    "-": "negative",  # in brackets only; a bare dash is the caller's decision
}
_COMPARATORS = {
    "<": _table("less than | lower than | below | under | 小于 | 低于 | 少于"),
    "<=": _table(
        """less than or equal to | no more than | not more than | at most | 小于等于 | 小于或等于
        | 低于或等于 | 不大于 | 不高于 | 不超过 | 至多"""
    ),
    ">": _table("greater than | higher than | more than | above | over | 大于 | 高于 | 多于 | 超过"),
    ">=": _table(
        """greater than or equal to | no less than | not less than | at least | 大于等于 | 大于或等于
        | 高于或等于 | 不小于 | 不低于 | 至少"""
    ),
}

# ---- units: a unit outside these tables is refused, so that no remark passes for one ----
_UNITS = _table(
    """iu | miu | u | copies | s/co | s/c | s/n | s_co_ratio | coi | index | index_val | ratio | % | fl | pg
    | s | sec | 秒 | kg/m2 | kg/m^2 | ml/min | ml/min/1.73m2 | ml/min/1.73m^2"""
)
_NUMERATORS = _table(
    """| iu | miu | kiu | uiu | μiu | u | mu | ku | peiu | pei-u | ncu | g | mg | ug | μg | mcg | ng
    | pg | mol | mmol | umol | μmol | nmol | pmol | meq | k | copies | copy | cp | cps | 拷贝
    | geq | vge | cells"""
)
_DENOMINATORS = _table("l | dl | ml | ul | μl | mm3 | mm^3 | 升 | 毫升")
_CELL_COUNT = re.compile(r"[x*]?10(?:\^|\*|\*\*|e\+?)[0-9]{1,2}/(?:l|[uμ]l|mm\^?3)")
_PAIRED = re.compile(r"\([^()]+\)|\[[^\[\]]+\]|\{[^{}]+\}")  # UCUM prints [IU]/mL and {copies}/mL
_LOG_SCALE = re.compile(r"(?:log_?10|log|lg)_?")

# ---- spelling ----
_SUPERSCRIPT = re.compile("[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_SUPERSCRIPT_DIGITS = str.maketrans("⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "+-0123456789")
_SPELLINGS = str.maketrans(
    {
        **dict.fromkeys("‐‑‒–—―−⁃─━\u00ad", "-"),
        **dict.fromkeys("〈《‹«", "<"),
        **dict.fromkeys("〉》›»", ">"),
        **dict.fromkeys("≤≦⩽≯", "<="),
        **dict.fromkeys("≥≧⩾≮", ">="),
        **dict.fromkeys("×✕✖╳·∙⋅∗", "*"),
        **dict.fromkeys("⬆▲⇑", "↑"),
        **dict.fromkeys("⬇▼⇓", "↓"),
        **dict.fromkeys("【〔", "("),
        **dict.fromkeys("】〕", ")"),
        **dict.fromkeys("\"'`“”‘’\u200b\u200c\u200d\u200e\u200f\u2060\ufeff", None),
    }
)

# ---- the grammar of one number; the power of "150×10^9/L" belongs to the unit, not to the number ----
_RAISED = r"10\s?(?:\^|\*\*)\s?"
_POWER = r"[+-]?[0-9]++(?!/(?:L|[uμ]L|mm))"
_NUMBER = re.compile(
    rf"""(?P<comparator><=|>=|<|>|=)?\s*
    (?P<sign>[+-]?)
    (?:{_RAISED}(?P<bare>{_POWER})
      |(?P<mantissa>[0-9][0-9.,]*+|\.[0-9]++)
       (?:\s?[x*]\s?{_RAISED}(?P<power>{_POWER})|\s?e(?P<exponent>[+-]?[0-9]++))?
    )\s*(?P<unit>.*)""",
    _ASCII_CASE | re.VERBOSE,
)
_DOUBLE = re.compile(r"(?P<outer>[^()]+)\((?P<inner>\s*[<>=+\-.0-9][^()]*)\)")
_POINT = re.compile(r"[0-9]+(?:\.[0-9]*)?|\.[0-9]+")
_COMMA_GROUPS = re.compile(r"[1-9][0-9]{0,2}(?:(?:,[0-9]{3})+\.[0-9]+|(?:,[0-9]{3}){2,})")
_POINT_GROUPS = re.compile(r"[1-9][0-9]{0,2}(?:(?:\.[0-9]{3})+,[0-9]+|(?:\.[0-9]{3}){2,})")
_UNSETTLED_COMMA = re.compile(r"0*[1-9][0-9]*,[0-9]{3}")
_DECIMAL_COMMA = re.compile(r"[0-9]+,[0-9]+")
_REASONS = (
    (re.compile(r"^[<>=]+$"), "a comparator without a number"),
    (re.compile(r"^(?:[<>]=?\s?){2,}"), "more than one comparator"),
    (re.compile(r"[0-9]\s?(?:[-~至到]|to)\s?[0-9]"), "a range, not one number"),
    (re.compile(r"[0-9][^0-9]*\s[<>=]?[0-9]"), "more than one number"),
    (re.compile(r"^[^0-9]*$"), "words that this reader does not know"),
    (re.compile(r"^[^0-9<>=+.-]"), "something unknown before the number"),
)


@dataclass(frozen=True, slots=True)
class LabText:
    """One laboratory text as read; missing, negative and below a limit stay three different things.

    Parameters
    ----------
    raw : str
        What came (a number as Python prints it; nothing for a missing value).
    kind : str
        ``"number"``, ``"negative"``, ``"positive"``, ``"missing"`` or ``"unreadable"``. A grey-zone word is
        ``"positive"`` with ``detected`` unknown.
    number : float
        The printed number, on the printed scale; NaN unless `kind` is ``"number"``.
    comparator : str
        ``""``, ``"<"``, ``"<="``, ``">"`` or ``">="``.
    lower, upper : float
        Bounds of the true value as printed, on the printed scale: 5 gives (5, 5), ``<0.05`` (0, 0.05),
        ``<1.0 Log`` (-inf, 1), ``>1000`` (1000, inf), a negative word (0, NaN), a positive word (NaN, inf).
    detected : bool or None
        None where the text does not say.
    log10 : bool
        Printed on a log10 scale. Taken from the unit alone, never from the size of the number.
    unit : str
        The unit as printed, full-width letters made plain; empty if there was none.
    reason : str
        Why the text could not be read. It never repeats the text, which may be somebody's name.
    """

    raw: str
    kind: str
    number: float = math.nan
    comparator: str = ""
    lower: float = math.nan
    upper: float = math.nan
    detected: bool | None = None
    log10: bool = False
    unit: str = ""
    reason: str = ""


def read_lab_text(
    value: object, *, dash: str = "refuse", below_limit_detected: bool | None = None
) -> LabText:
    """Read one result as a laboratory printed it; assumes nothing that the text does not say.

    A text that cannot be read comes back as ``kind="unreadable"`` with the reason, never as a guess:
    ranges, unknown units, negative amounts, words that contradict the number, and ``1,234`` (one comma
    before exactly three digits is either thousands or a decimal). A point alone is always a decimal point.
    A zero is a number of unknown detection: whether it means "below the limit" depends on the assay.

    Parameters
    ----------
    value : object
        A text, or a number. None, NaN and pandas' NA are missing; truth values are unreadable.
    dash : {"refuse", "negative", "missing"}
        What a bare ``-`` means in this laboratory. ``(-)`` is always negative.
    below_limit_detected : bool or None
        What ``<20`` alone means in this laboratory: target detected, not detected, or unknown (None).
        Laboratories use opposite conventions, so there is no safe value but None.

    Returns
    -------
    LabText
        The result, in the unit and on the scale it was printed.

    Raises
    ------
    RelapseModelError
        If a setting is none of the values above. No text raises.

    Examples
    --------
    >>> read_lab_text("＜2.0×10¹ IU/mL").upper
    20.0
    >>> read_lab_text("阴性(<0.05)").detected
    False
    >>> read_lab_text("5-10").reason
    'a range, not one number'
    """
    _check_settings(dash, below_limit_detected)
    return _read(value, dash, below_limit_detected)


def read_lab_texts(
    values: Iterable[object], *, dash: str = "refuse", below_limit_detected: bool | None = None
) -> pd.DataFrame:
    """Read a column of results, each distinct one once; rows keep their order, number and index.

    Parameters
    ----------
    values : pandas.Series, pandas.Index, one-dimensional array or iterable of objects
        The texts, as for :func:`read_lab_text`.
    dash, below_limit_detected
        As for :func:`read_lab_text`; one laboratory's settings for the whole column.

    Returns
    -------
    pandas.DataFrame
        One row per value, one column per field of `LabText`. The index is that of a Series, else 0, 1, ...

    Raises
    ------
    RelapseModelError
        If a setting is unknown, or `values` is a single text or a table.

    Examples
    --------
    >>> read_lab_texts(["<0.05", "未做", "12.5(+)"])["kind"].tolist()
    ['number', 'missing', 'number']
    """
    _check_settings(dash, below_limit_detected)
    codes, distinct = _factorize(values)
    read = [_read(item, dash, below_limit_detected) for item in distinct]
    index = values.index if isinstance(values, pd.Series) else pd.RangeIndex(len(codes))
    columns = {field.name: _column(read, field.name)[codes] for field in fields(LabText)}
    return pd.DataFrame({name: pd.Series(c, index=index, dtype=c.dtype) for name, c in columns.items()})


def _check_settings(dash: object, below_limit_detected: object) -> None:
    if dash not in _DASHES:
        raise RelapseModelError(
            f"dash={dash!r}: expected one of {_DASHES}. Ask the laboratory what '-' means."
        )
    if not (below_limit_detected is None or isinstance(below_limit_detected, bool)):
        raise RelapseModelError(
            f"below_limit_detected={below_limit_detected!r}: expected True, False or None. "
            "Use None unless the laboratory says what '<20' alone means."
        )


# ---------------------------------------------------------------------------------------------- columns


_Codes = np.ndarray[Any, np.dtype[np.intp]]


def _factorize(values: Iterable[object]) -> tuple[_Codes, list[object]]:
    """Return the code of each value and the distinct values."""
    _check_one_column(values)
    if isinstance(values, np.ndarray):
        values = pd.Series(values, dtype=object)  # boxes dates as dates; NumPy would make numbers of them
    if not isinstance(values, (pd.Series, pd.Index)):
        return _factorize_objects(list(values))
    if isinstance(values.dtype, pd.StringDtype):
        codes, distinct = pd.factorize(values, use_na_sentinel=False)
        return codes, list(distinct)
    return _factorize_objects(list(values.to_numpy(dtype=object)))


def _check_one_column(values: object) -> None:
    single = isinstance(values, (str, bytes)) or not isinstance(values, Iterable)
    if single or getattr(values, "ndim", 1) != 1:
        raise RelapseModelError(
            f"values: got a {type(values).__name__}, expected one column of texts. "
            "Give a Series or a list; use read_lab_text for a single text."
        )


def _factorize_objects(items: list[object]) -> tuple[_Codes, list[object]]:
    # pandas would take 1, 1.0 and True for one value
    keys: list[Any] = items if set(map(type, items)) <= {str, type(None)} else [_key(item) for item in items]
    distinct = dict(zip(keys, items, strict=True))
    code = {key: number for number, key in enumerate(distinct)}
    codes = np.fromiter(map(code.__getitem__, keys), dtype=np.intp, count=len(keys))
    return codes, list(distinct.values())


def _key(item: object) -> object:
    if type(item) is str:
        return item
    if isinstance(item, int):
        return type(item), item
    if isinstance(item, (float, np.generic)):
        return type(item), repr(item)  # keeps -0.0 apart from 0.0, and brings NaNs together
    return type(item), id(item)


def _column(read: list[LabText], name: str) -> np.ndarray[Any, np.dtype[Any]]:
    dtypes: dict[str, type] = {"number": float, "lower": float, "upper": float, "log10": bool}
    return np.array([getattr(one, name) for one in read], dtype=dtypes.get(name, object))


# --------------------------------------------------------------------------------------------- one value


class _Unreadable(Exception):
    """Carries the reason from where it is found to where the result is built."""


class _Printed(NamedTuple):
    comparator: str
    number: float
    unit: str
    log10: bool

    @property
    def bounds(self) -> tuple[float, float]:
        if not self.comparator:
            return self.number, self.number
        if self.comparator.startswith(">"):
            return self.number, math.inf
        return (-math.inf if self.log10 else 0.0), self.number


def _read(value: object, dash: str, below: bool | None) -> LabText:
    if _is_missing(value):
        return LabText("", "missing")
    raw = _raw(value)
    try:
        if isinstance(value, (str, Decimal)):
            return _read_text(raw, dash, below)
        return _of_number(raw, _Printed("", _as_float(value), "", False), "", below)
    except _Unreadable as refusal:
        return LabText(raw, "unreadable", reason=str(refusal))


def _is_missing(value: Any) -> bool:
    return bool(pd.api.types.is_scalar(value) and pd.isna(value))


def _raw(value: object) -> str:
    if isinstance(value, (float, np.floating)):
        return repr(float(value))
    try:
        text = str(value)
    except ValueError:  # Python refuses to print integers of more than some thousand digits
        return type(value).__name__
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "..."


def _as_float(value: object) -> float:
    if isinstance(value, (bool, np.bool_)):
        raise _Unreadable("a truth value, not a laboratory result")
    if not isinstance(value, (int, float, np.integer, np.floating)):
        raise _Unreadable(f"a {type(value).__name__}, neither a text nor a number")
    try:
        return float(value) + 0.0  # no minus before zero
    except OverflowError:
        return math.inf


def _read_text(raw: str, dash: str, below: bool | None) -> LabText:
    if len(raw) > _LONGEST:
        raise _Unreadable(f"longer than {_LONGEST} characters: a remark, not a result")
    if not raw.strip():
        return LabText(raw, "missing")
    rest, words = _peel(_tidy(raw))
    if rest in _SIGNS or re.fullmatch("-+", rest):
        rest, words = "", words | {_meaning_of_bare_sign(rest, dash)}
    if not rest:
        return _of_word(raw, _verdict(words), below)
    printed = _printed(rest)
    if "limit" in words and printed.number > 0 and not printed.comparator.startswith("<"):
        raise _Unreadable("a limit beside a number without '<': the number may be the limit or the result")
    return _of_number(raw, printed, _verdict(words), below)


def _of_word(raw: str, verdict: str, below: bool | None) -> LabText:
    if verdict == "limit" and below is not None:
        verdict = "positive" if below else "negative"
    if verdict == "missing":
        return LabText(raw, "missing")
    if verdict == "negative":
        return LabText(raw, "negative", lower=0.0, detected=False)
    if verdict in ("positive", "grey"):
        return LabText(raw, "positive", upper=math.inf, detected=True if verdict == "positive" else None)
    if verdict == "limit":
        raise _Unreadable("below the limit of quantification, detected or not: set below_limit_detected")
    raise _Unreadable("no result in the text")


def _of_number(raw: str, printed: _Printed, verdict: str, below: bool | None) -> LabText:
    _check_number(printed)
    _check_verdict(printed, verdict)
    lower, upper = printed.bounds
    return LabText(
        raw,
        "number",
        number=printed.number,
        comparator=printed.comparator,
        lower=lower,
        upper=upper,
        detected=_detected(printed, verdict, below),
        log10=printed.log10,
        unit=printed.unit,
    )


def _check_number(printed: _Printed) -> None:
    if math.isinf(printed.number):
        raise _Unreadable("a number too large to hold, or infinite")
    if printed.log10:
        return
    if printed.number < 0:
        raise _Unreadable("a negative amount on a linear scale")
    if printed.comparator == "<" and printed.number == 0:
        raise _Unreadable("below zero on a linear scale")


def _check_verdict(printed: _Printed, verdict: str) -> None:
    nothing = printed.bounds[1] == 0 and not printed.log10
    above = printed.comparator.startswith(">")
    if verdict == "missing" or (verdict == "negative" and above) or (verdict == "positive" and nothing):
        raise _Unreadable("the word contradicts the number")


def _detected(printed: _Printed, verdict: str, below: bool | None) -> bool | None:
    if verdict in ("negative", "positive", "grey"):
        return {"negative": False, "positive": True}.get(verdict)
    if printed.comparator.startswith("<"):
        return below
    return True if printed.number != 0 or printed.comparator == ">" else None


# ------------------------------------------------------------------------------------ spelling and words


def _tidy(text: str) -> str:
    """Return the text in one spelling: plain characters, single spaces, ``^`` before every power."""
    text = re.sub(r"<sup>([^<]*)</sup>", r"^\1 ", html.unescape(text))
    # the blank after a power keeps "10³5" from becoming 10^35
    text = _SUPERSCRIPT.sub(lambda match: f"^{match[0].translate(_SUPERSCRIPT_DIGITS)} ", text)
    text = re.sub(r"(lo?g)(?:₁₀|\s?[(（]10[)）])", r"\g<1>10", text, flags=re.IGNORECASE)
    text = unicodedata.normalize("NFKC", "".join(map(_undisguised, text))).translate(_SPELLINGS)
    text = re.sub(r"([<>]) ?=|= ?([<>])", r"\1\2=", " ".join(text.split()))
    return re.sub(r"[.,;:。、]$", "", re.sub(r" ?/ ?", "/", text)).strip()


def _undisguised(char: str) -> str:
    # NFKC makes "5²" 52, "5①" 51 and "½" 1/2: only true digits (full-width too) may become digits
    if char.isascii() or unicodedata.category(char) == "Nd":
        return char
    return "\ufffd" if any(c in "0123456789" for c in unicodedata.normalize("NFKC", char)) else char


def _squeezed(word: str) -> str:
    return re.sub(r"[\s_-]", "", word.casefold())


def _alternatives(words: Iterable[str]) -> str:
    ordered = sorted(words, key=len, reverse=True)
    return "|".join(r"[\s_-]*".join(map(re.escape, word.split())) for word in ordered)


_WORDS = {_squeezed(word): meaning for words, meaning in _MEANINGS for word in words}


def _item_pattern() -> str:
    """Return the pattern of one word, flag or bracketed sign, each with or without brackets round it."""
    every = [word for words, _ in _MEANINGS for word in words]
    english = _alternatives(word for word in every if word.isascii())
    chinese = _alternatives(word for word in every if not word.isascii())
    word = rf"(?P<word>(?<![a-z])(?:{english})(?![a-z])|{chinese})"
    # an "L" after "/" is a litre, and a star before 10^ is a multiplication that lost its left side
    flag = r"(?P<flag>(?-i:↑+|↓+|\*+(?! ?10\^)|(?<![A-Za-z/])(?:HH?|LL?)(?![A-Za-z/])))"
    sign = rf"(?(open)(?P<sign>{_alternatives(_SIGNS)})|(?!))"
    return rf"(?P<open>\()?\s*(?:{word}|{flag}|{sign})\s*(?(open)\))"


_LEADING = re.compile(rf"{_item_pattern()}\s*[,;:]?\s*", _ASCII_CASE)
_TRAILING = re.compile(rf"\s*[,;:]?\s*{_item_pattern()}[.,;:]?\Z", _ASCII_CASE)
_COMPARATOR_SPELLINGS = [word for words in _COMPARATORS.values() for word in words]
_COMPARATOR_WORDS = {_squeezed(word): sign for sign, words in _COMPARATORS.items() for word in words}
_COMPARATOR_WORD = re.compile(rf"\A(?:{_alternatives(_COMPARATOR_SPELLINGS)})", _ASCII_CASE)
_WRAPPED = re.compile(r"\(\s*([^()]*?)\s*\)")


def _peel(text: str) -> tuple[str, set[str]]:
    """Take words, flags and outer brackets off both ends; return what is left and what the words mean."""
    words: set[str] = set()
    while True:
        if match := _LEADING.match(text) or _TRAILING.search(text):
            words |= _meaning(match)
            text = text[: match.start()] + text[match.end() :]
        elif wrapped := _WRAPPED.fullmatch(text):
            text = wrapped[1]
        else:
            return text, words


def _meaning(match: re.Match[str]) -> frozenset[str]:
    if match["word"]:
        return _WORDS[_squeezed(match["word"])]
    return frozenset({_SIGNS[match["sign"]]} if match["sign"] else ())


def _meaning_of_bare_sign(sign: str, dash: str) -> str:
    if sign.strip("-"):
        return _SIGNS[sign]
    if dash == "refuse":
        raise _Unreadable("a bare dash means negative or not done: set dash='negative' or dash='missing'")
    return dash


def _verdict(words: set[str]) -> str:
    """Return what the words say together; of positive and grey, the less committed one."""
    if ("missing" in words and len(words) > 1) or ("negative" in words and words & {"positive", "grey"}):
        raise _Unreadable("words that contradict each other")
    order = ("missing", "negative", "grey", "positive", "limit")
    return next((meaning for meaning in order if meaning in words), "")


# ----------------------------------------------------------------------------------------------- numbers


def _printed(text: str) -> _Printed:
    """Return the number in a text without words; of ``<1.3 log (<20 IU/mL)`` the linear one."""
    double = _DOUBLE.fullmatch(text)
    if double is None:
        return _one_number(text)
    outer, inner = _one_number(double["outer"].strip()), _one_number(double["inner"].strip())
    if outer.log10 == inner.log10 or outer.comparator != inner.comparator:
        raise _Unreadable("two numbers that are not one result on a log10 and a linear scale")
    log, linear = (outer, inner) if outer.log10 else (inner, outer)
    if linear.number <= 0 or abs(log.number - math.log10(linear.number)) > math.log10(1 + _DOUBLE_TOLERANCE):
        raise _Unreadable("the log10 and the linear number do not agree within 5 %")
    return linear


def _one_number(text: str) -> _Printed:
    text = _COMPARATOR_WORD.sub(lambda match: _COMPARATOR_WORDS[_squeezed(match[0])], text, count=1)
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise _Unreadable(_why_no_number(text))
    known, log10 = _unit(match["unit"])
    if not known:
        raise _Unreadable(_why_no_number(text))
    comparator = (match["comparator"] or "").removeprefix("=")
    return _Printed(comparator, _number(match), re.sub(r"^[Xx*]\s?", "", match["unit"]), log10)


def _unit(unit: str) -> tuple[bool, bool]:
    """Return whether the unit is known and whether it is a log10 scale."""
    key = _PAIRED.sub(lambda match: match[0][1:-1], re.sub(r"\s", "", unit.casefold()))
    linear = _LOG_SCALE.sub("", key, count=1)
    log10 = linear != key
    if not linear:
        return True, log10
    numerator, slash, denominator = linear.partition("/")
    compound = bool(slash) and numerator in _NUMERATORS and denominator in _DENOMINATORS
    return compound or linear in _UNITS or bool(_CELL_COUNT.fullmatch(linear)), log10


def _number(match: re.Match[str]) -> float:
    digits = "1" if match["bare"] else _with_decimal_point(match["mantissa"])
    power = match["bare"] or match["power"] or match["exponent"] or "0"
    number = float(f"{match['sign']}{digits}e{power}")
    if number == 0 and digits.strip("0."):
        raise _Unreadable("a number too small to hold")
    return number + 0.0


def _with_decimal_point(digits: str) -> str:
    if _POINT.fullmatch(digits):
        return digits
    if _COMMA_GROUPS.fullmatch(digits):
        return digits.replace(",", "")
    if _POINT_GROUPS.fullmatch(digits):
        return digits.replace(".", "").replace(",", ".")
    if _UNSETTLED_COMMA.fullmatch(digits):
        raise _Unreadable("one comma before three digits: thousands or a decimal")
    if _DECIMAL_COMMA.fullmatch(digits):
        return digits.replace(",", ".")
    raise _Unreadable("separators that are neither thousands nor a decimal")


def _why_no_number(text: str) -> str:
    for pattern, reason in _REASONS:
        if pattern.search(text):
            return reason
    return "a number followed by something that is not a known unit"
