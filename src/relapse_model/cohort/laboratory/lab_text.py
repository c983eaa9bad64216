"""What a laboratory printed, read as a number with its limits, a word, a gap or a refusal."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from relapse_model.cohort.laboratory.number import (
    PrintedNumber,
    UnreadableText,
    check_number,
    read_number,
)
from relapse_model.cohort.laboratory.words import (
    ASCII_CASE,
    MEANINGS,
    SIGNS,
    WORDS,
    alternatives,
    squeezed,
    tidied,
)
from relapse_model.errors import RelapseModelError

PLAIN = re.compile(
    r"[0-9]{1,9}(?:\.[0-9]{1,6})?(?:[Ee][+-]0[0-9])?"
)  # most results of a large table need no more reading
_LONGEST = 200  # characters; a result is short, so longer text is a remark that went astray

_DASHES = ("refuse", "negative", "missing")


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


def read_lab_text(value: object, *, dash: str = "refuse", below_limit_detected: bool | None = None) -> LabText:
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
    check_settings(dash, below_limit_detected)
    return read_one(value, dash, below_limit_detected)


def check_settings(dash: object, below_limit_detected: object) -> None:
    """Refuse settings of a laboratory that are none; the arguments are those of `read_lab_text`."""
    if dash not in _DASHES:
        raise RelapseModelError(f"dash={dash!r}: expected one of {_DASHES}. Ask the laboratory what '-' means.")
    if not (below_limit_detected is None or isinstance(below_limit_detected, bool)):
        raise RelapseModelError(
            f"below_limit_detected={below_limit_detected!r}: expected True, False or None. "
            "Use None unless the laboratory says what '<20' alone means."
        )


def read_one(value: object, dash: str, below: bool | None, negative: bool = False) -> LabText:
    """Read one result as `read_lab_text` does, its settings checked before; it may be negative where that is said."""
    if _is_missing(value):
        return LabText("", "missing")
    raw = _raw(value)
    try:
        if isinstance(value, (str, Decimal)):
            return _read_text(raw, dash, below, negative)
        return _of_number(raw, PrintedNumber("", _as_float(value), "", False), "", below, negative)
    except UnreadableText as refusal:
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
        raise UnreadableText("a truth value, not a laboratory result")
    if not isinstance(value, (int, float, np.integer, np.floating)):
        raise UnreadableText(f"a {type(value).__name__}, neither a text nor a number")
    try:
        return float(value) + 0.0  # no minus before zero
    except OverflowError:
        return math.inf


def _read_text(raw: str, dash: str, below: bool | None, negative: bool) -> LabText:
    if PLAIN.fullmatch(raw):
        return _of_number(raw, PrintedNumber("", float(raw), "", False), "", below)
    if len(raw) > _LONGEST:
        raise UnreadableText(f"longer than {_LONGEST} characters: a remark, not a result")
    if not raw.strip():
        return LabText(raw, "missing")
    rest, words = _peel(tidied(raw))
    if rest in SIGNS or re.fullmatch("-+", rest):
        rest, words = "", words | {_meaning_of_bare_sign(rest, dash)}
    if not rest:
        return _of_word(raw, _verdict(words), below)
    printed = read_number(rest)
    if "limit" in words and printed.number > 0 and not printed.comparator.startswith("<"):
        raise UnreadableText("a limit beside a number without '<': the number may be the limit or the result")
    return _of_number(raw, printed, _verdict(words), below, negative)


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
        raise UnreadableText("below the limit of quantification, detected or not: set below_limit_detected")
    raise UnreadableText("no result in the text")


def _of_number(raw: str, printed: PrintedNumber, verdict: str, below: bool | None, negative: bool = False) -> LabText:
    check_number(printed, negative)
    _check_verdict(printed, verdict, negative)
    lower, upper = printed.bounds(negative)
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


def _check_verdict(printed: PrintedNumber, verdict: str, negative: bool) -> None:
    nothing = printed.bounds()[1] == 0 and not (printed.log10 or negative)
    above = printed.comparator.startswith(">")
    if verdict == "missing" or (verdict == "negative" and above) or (verdict == "positive" and nothing):
        raise UnreadableText("the word contradicts the number")


def _detected(printed: PrintedNumber, verdict: str, below: bool | None) -> bool | None:
    if verdict in ("negative", "positive", "grey"):
        return {"negative": False, "positive": True}.get(verdict)
    if printed.comparator.startswith("<"):
        return below
    return True if printed.number != 0 or printed.comparator == ">" else None


def _item_pattern() -> str:
    """Return the pattern of one word, flag or bracketed sign, each with or without brackets round it."""
    every = [word for words, _ in MEANINGS for word in words]
    english = alternatives(word for word in every if word.isascii())
    chinese = alternatives(word for word in every if not word.isascii())
    word = rf"(?P<word>(?<![a-z])(?:{english})(?![a-z])|{chinese})"
    # an "L" after "/" is a litre, and a star before 10^ is a multiplication that lost its left side
    flag = r"(?P<flag>(?-i:↑+|↓+|\*+(?! ?10\^)|(?<![A-Za-z/])(?:HH?|LL?)(?![A-Za-z/])))"
    sign = rf"(?(open)(?P<sign>{alternatives(SIGNS)})|(?!))"
    return rf"(?P<open>\()?\s*(?:{word}|{flag}|{sign})\s*(?(open)\))"


@cache
def _leading() -> re.Pattern[str]:
    return re.compile(rf"{_item_pattern()}\s*(?:[,;:]|\.(?![0-9]))?\s*", ASCII_CASE)


@cache
def _trailing() -> re.Pattern[str]:
    return re.compile(rf"\s*[,;:]?\s*{_item_pattern()}\Z", ASCII_CASE)


_WRAPPED = re.compile(r"\(\s*([^()]*?)\s*\)")


def _peel(text: str) -> tuple[str, set[str]]:
    """Take words, flags and outer brackets off both ends; return what is left and what the words mean."""
    words: set[str] = set()
    while True:
        if match := _leading().match(text) or _trailing().search(text):
            words |= _meaning(match)
            text = text[: match.start()] + text[match.end() :]
        elif wrapped := _WRAPPED.fullmatch(text):
            text = wrapped[1]
        else:
            return text, words


def _meaning(match: re.Match[str]) -> frozenset[str]:
    if match["word"]:
        return WORDS[squeezed(match["word"])]
    return frozenset({SIGNS[match["sign"]]} if match["sign"] else ())


def _meaning_of_bare_sign(sign: str, dash: str) -> str:
    if sign.strip("-"):
        return SIGNS[sign]
    if dash == "refuse":
        raise UnreadableText("a bare dash means negative or not done: set dash='negative' or dash='missing'")
    return dash


def _verdict(words: set[str]) -> str:
    """Return what the words say together; of positive and grey, the less committed one."""
    if ("missing" in words and len(words) > 1) or ("negative" in words and words & {"positive", "grey"}):
        raise UnreadableText("words that contradict each other")
    order = ("missing", "negative", "grey", "positive", "limit")
    return next((meaning for meaning in order if meaning in words), "")
