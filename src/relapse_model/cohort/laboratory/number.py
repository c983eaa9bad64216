"""The grammar of one printed number: comparator, digits, power of ten, unit. Its spelling was normalised before."""

from __future__ import annotations

import math
import re
from typing import NamedTuple

from relapse_model.arrays import LARGEST_VALUE
from relapse_model.cohort.laboratory.words import (
    ASCII_CASE,
    COMPARATOR_WORD,
    COMPARATOR_WORDS,
    squeezed,
    table,
)

_DOUBLE_TOLERANCE = 0.05  # between 10**log and the linear number printed beside it

# ---- units: a unit outside these tables is refused, so that no remark passes for one ----
_UNITS = table(
    """iu | miu | ui | mui | ie | mie | u | copies | s/co | s/c | s/n | s_co_ratio | coi | index | index_val | ratio
    | % | fl | pg
    | s | sec | 秒 | kg/m2 | kg/m^2 | ml/min | ml/min/1.73m2 | ml/min/1.73m^2"""
)

_NUMERATORS = table(
    """| iu | miu | kiu | uiu | μiu | ui | mui | kui | ie | mie | kie | u | mu | ku | peiu | pei-u | ncu | g | mg | ug
    | μg | mcg | ng | pg | mol | mmol | umol | μmol | nmol | pmol | meq | k | copies | copy | cp | cps | 拷贝
    | geq | vge | cells | kat | ukat | μkat | nkat"""
)

_DENOMINATORS = table("l | dl | ml | ul | μl | mm3 | mm^3 | 升 | 毫升")

_CELL_COUNT = re.compile(r"[x*]?10(?:\^|\*|\*\*|e\+?)[0-9]{1,2}/(?:l|[uμ]l|mm\^?3)")

_PAIRED = re.compile(r"\([^()]+\)|\[[^\[\]]+\]|\{[^{}]+\}")  # UCUM prints [IU]/mL and {copies}/mL

_LOG_SCALE = re.compile(r"(?:log_?10|log|lg)_?")

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
    ASCII_CASE | re.VERBOSE,
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
    (re.compile(r"^[0-9]{4}([-/.])[0-9]{1,2}\1[0-9]{1,2}(?![0-9])|^[0-9]{4}年[0-9]{1,2}月"), "a date, not a result"),
    (re.compile(r"[0-9]\s?(?:[-~至到]|to)\s?[0-9]"), "a range, not one number"),
    (re.compile(r"[0-9][^0-9]*\s[<>=]?[0-9]"), "more than one number"),
    (re.compile(r"^[^0-9]*$"), "words that this reader does not know"),
    (re.compile(r"^[^0-9<>=+.-]"), "something unknown before the number"),
)


class UnreadableText(Exception):
    """Carries the reason from where it is found to where the result is built."""


class PrintedNumber(NamedTuple):
    """A number as printed: its comparator, scale and unit."""

    comparator: str
    number: float
    unit: str
    log10: bool

    def bounds(self, negative: bool = False) -> tuple[float, float]:
        """Return the bounds of the true value, which may be negative on a log10 scale or where that is said."""
        if not self.comparator:
            return self.number, self.number
        if self.comparator.startswith(">"):
            return self.number, math.inf
        return (-math.inf if self.log10 or negative else 0.0), self.number


def check_number(printed: PrintedNumber, negative: bool = False) -> None:
    """Refuse a number that no laboratory result can be."""
    if abs(printed.number) > LARGEST_VALUE:
        raise UnreadableText("a number too large to hold, or infinite")
    if printed.log10 or negative:
        return
    if printed.number < 0:
        raise UnreadableText("a negative amount on a linear scale")
    if printed.comparator == "<" and printed.number == 0:
        raise UnreadableText("below zero on a linear scale")


def read_number(text: str) -> PrintedNumber:
    """Return the number in a text without words; of ``<1.3 log (<20 IU/mL)`` the linear one."""
    double = _DOUBLE.fullmatch(text)
    if double is None:
        return _one_number(text)
    outer, inner = _one_number(double["outer"].strip()), _one_number(double["inner"].strip())
    if outer.log10 == inner.log10 or outer.comparator != inner.comparator:
        raise UnreadableText("two numbers that are not one result on a log10 and a linear scale")
    log, linear = (outer, inner) if outer.log10 else (inner, outer)
    if linear.number <= 0 or abs(log.number - math.log10(linear.number)) > math.log10(1 + _DOUBLE_TOLERANCE):
        raise UnreadableText("the log10 and the linear number do not agree within 5 %")
    return linear


def _one_number(text: str) -> PrintedNumber:
    text = COMPARATOR_WORD.sub(lambda match: COMPARATOR_WORDS[squeezed(match[0])], text, count=1)
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise UnreadableText(_why_no_number(text))
    known, log10 = _unit(match["unit"])
    if not known:
        raise UnreadableText(_why_no_number(text))
    comparator = (match["comparator"] or "").removeprefix("=")
    return PrintedNumber(comparator, _number(match), re.sub(r"^[Xx*]\s?", "", match["unit"]), log10)


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
        raise UnreadableText("a number too small to hold")
    return number + 0.0


def _with_decimal_point(digits: str) -> str:
    if _POINT.fullmatch(digits):
        return digits
    if _COMMA_GROUPS.fullmatch(digits):
        return digits.replace(",", "")
    if _POINT_GROUPS.fullmatch(digits):
        return digits.replace(".", "").replace(",", ".")
    if _UNSETTLED_COMMA.fullmatch(digits):
        raise UnreadableText("one comma before three digits: thousands or a decimal")
    if _DECIMAL_COMMA.fullmatch(digits):
        return digits.replace(",", ".")
    raise UnreadableText("separators that are neither thousands nor a decimal")


def _why_no_number(text: str) -> str:
    for pattern, reason in _REASONS:
        if pattern.search(text):
            return reason
    return "a number followed by something that is not a known unit"
