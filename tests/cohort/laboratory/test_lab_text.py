"""Laboratory text: every spelling seen in the field, what it must become, and what must be refused."""

from __future__ import annotations

import math
import random
from dataclasses import asdict
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relapse_model.cohort.laboratory.lab_text import LabText, read_lab_text
from relapse_model.cohort.laboratory.lab_texts import read_lab_texts
from relapse_model.errors import RelapseModelError

KINDS = {"number", "negative", "positive", "missing", "unreadable"}
INF = math.inf

# text -> comparator, number, detected, unit. Where `detected` is None the text does not say.
NUMBERS = [
    # below a limit
    ("<0.05", "<", 0.05, None, ""),
    ("＜0.05", "<", 0.05, None, ""),
    ("< 0.05", "<", 0.05, None, ""),
    ("≤0.05", "<=", 0.05, None, ""),
    ("<10", "<", 10, None, ""),
    ("<20 IU/mL", "<", 20, None, "IU/mL"),
    ("<1.30E+01", "<", 13, None, ""),
    ("<2.0×10^1", "<", 20, None, ""),
    # above a limit: something was there
    (">1000", ">", 1000, True, ""),
    ("＞1000.00", ">", 1000, True, ""),
    (">250", ">", 250, True, ""),
    (">130", ">", 130, True, ""),
    (">1.7E8", ">", 1.7e8, True, ""),
    (">=1000", ">=", 1000, True, ""),
    # a printed zero is a number, and whether anything was there is for the assay to say
    ("0.00", "", 0, None, ""),
    ("0", "", 0, None, ""),
    ("-0.00", "", 0, None, ""),
    (">0", ">", 0, True, ""),
    (">=0", ">=", 0, None, ""),
    ("<=0", "<=", 0, None, ""),
    # other spellings of comparators
    ("&lt;0.05", "<", 0.05, None, ""),
    ("&lt; 0.05", "<", 0.05, None, ""),
    ("&ge;1000", ">=", 1000, True, ""),
    ("〈0.05", "<", 0.05, None, ""),
    ("《0.05", "<", 0.05, None, ""),
    ("≥1000", ">=", 1000, True, ""),
    ("≦5", "<=", 5, None, ""),
    ("＜＝5", "<=", 5, None, ""),
    ("< = 5", "<=", 5, None, ""),
    ("=<5", "<=", 5, None, ""),
    ("=>5", ">=", 5, True, ""),
    ("=5", "", 5, True, ""),
    ("≮5", ">=", 5, True, ""),
    ("less than 20", "<", 20, None, ""),
    ("Less Than 20 IU/mL", "<", 20, None, "IU/mL"),
    ("less than or equal to 20", "<=", 20, None, ""),
    ("greater than 1000", ">", 1000, True, ""),
    ("at least 1000", ">=", 1000, True, ""),
    ("小于20", "<", 20, None, ""),
    ("低于 20", "<", 20, None, ""),
    ("不高于20", "<=", 20, None, ""),
    ("大于1000", ">", 1000, True, ""),
    ("高于 1000", ">", 1000, True, ""),
    ("大于等于1000", ">=", 1000, True, ""),
    # powers of ten
    ("1.30E+01", "", 13, True, ""),
    ("1.30e01", "", 13, True, ""),
    ("1.30 E+03", "", 1300, True, ""),
    ("5E−2", "", 0.05, True, ""),
    ("2.0×10^1", "", 20, True, ""),
    ("2.0x10^1", "", 20, True, ""),
    ("2.0X10^1", "", 20, True, ""),
    ("2.0*10^1", "", 20, True, ""),
    ("2.0 × 10 ^ 1", "", 20, True, ""),
    ("2.0x10**1", "", 20, True, ""),
    ("2.0×10⁻²", "", 0.02, True, ""),
    ("2.5×10³", "", 2500, True, ""),
    ("10^3", "", 1000, True, ""),
    ("10³", "", 1000, True, ""),
    ("10<sup>3</sup> copies/mL", "", 1000, True, "copies/mL"),
    ("<10^3 copies/mL", "<", 1000, None, "copies/mL"),
    ("1.7×10^8 IU/mL", "", 1.7e8, True, "IU/mL"),
    # full-width, separators
    ("１２．５", "", 12.5, True, ""),
    ("＜２０　ＩＵ／ｍＬ", "<", 20, None, "IU/mL"),
    ("１．３０Ｅ＋０１", "", 13, True, ""),
    ("0,05", "", 0.05, True, ""),
    ("12,5", "", 12.5, True, ""),
    ("0,005", "", 0.005, True, ""),  # no thousands group starts with zero
    ("1,2345", "", 1.2345, True, ""),  # four digits are no group
    ("<0,05 IU/mL", "<", 0.05, None, "IU/mL"),
    ("1,234.5", "", 1234.5, True, ""),  # the point settles it
    ("1,234,567", "", 1234567, True, ""),  # two commas settle it
    ("1,234,567.8", "", 1234567.8, True, ""),
    ("1.234,5", "", 1234.5, True, ""),
    ("1.234.567,8", "", 1234567.8, True, ""),
    ("1.234", "", 1.234, True, ""),  # a point alone is a decimal point
    (".5", "", 0.5, True, ""),
    ("5.", "", 5, True, ""),
    ("+5", "", 5, True, ""),
    ("007", "", 7, True, ""),
    ('"12.5"', "", 12.5, True, ""),
    ("\ufeff12.5\u200b", "", 12.5, True, ""),
    # flags go, units stay
    ("12.5↑", "", 12.5, True, ""),
    ("↓ 12.5", "", 12.5, True, ""),
    ("12.5 H", "", 12.5, True, ""),
    ("12.5H", "", 12.5, True, ""),
    ("H 12.5", "", 12.5, True, ""),
    ("12.5 L", "", 12.5, True, ""),
    ("LL 0.5", "", 0.5, True, ""),
    ("12.5 HH *", "", 12.5, True, ""),
    ("*12.5", "", 12.5, True, ""),
    ("12.5(↑)", "", 12.5, True, ""),
    ("12.5 IU/L H", "", 12.5, True, "IU/L"),
    ("30 g/L L", "", 30, True, "g/L"),
    ("30 g / L", "", 30, True, "g/L"),
    ("35 U/L*", "", 35, True, "U/L"),
    ("8.5 mIU/mL↓", "", 8.5, True, "mIU/mL"),
    ("1.2 S/CO", "", 1.2, True, "S/CO"),
    ("1.2COI", "", 1.2, True, "COI"),
    ("114 10^9/L", "", 114, True, "10^9/L"),
    ("114 10*9/L", "", 114, True, "10*9/L"),
    ("114×10^9/L", "", 114, True, "10^9/L"),  # the power is the unit's
    ("4.5×10^12/L", "", 4.5, True, "10^12/L"),
    ("114 x10E9/L", "", 114, True, "10E9/L"),
    ("400 [IU]/L", "", 400, True, "[IU]/L"),
    ("13.5 μmol/L", "", 13.5, True, "μmol/L"),
    ("500 拷贝/mL", "", 500, True, "拷贝/mL"),
    ("500 (IU/mL)", "", 500, True, "(IU/mL)"),
    # a word beside the number sets `detected`
    ("<20 detected", "<", 20, True, ""),
    ("<20 IU/mL Detected", "<", 20, True, "IU/mL"),
    ("detected, <20 IU/mL", "<", 20, True, "IU/mL"),
    ("<20 not detected", "<", 20, False, ""),
    ("<20 (Not Detected)", "<", 20, False, ""),
    ("<20 IU/mL, target not detected", "<", 20, False, "IU/mL"),
    ("TND <10", "<", 10, False, ""),
    ("阴性(<0.05)", "<", 0.05, False, ""),
    ("阴性（＜0.05）", "<", 0.05, False, ""),
    ("阴性 <0.05", "<", 0.05, False, ""),
    ("Neg. <0.05", "<", 0.05, False, ""),
    ("阴性.05", "", 0.05, False, ""),
    ("阴性(-) <0.05", "<", 0.05, False, ""),
    ("<0.05(-)", "<", 0.05, False, ""),
    ("<0.05 阴性", "<", 0.05, False, ""),
    ("0.02 IU/mL阴性", "", 0.02, False, "IU/mL"),
    ("0.02(阴性)", "", 0.02, False, ""),
    ("0.00 未检出", "", 0, False, ""),
    ("低于检测下限(<10)", "<", 10, False, ""),
    ("阳性(+) 12.5", "", 12.5, True, ""),
    ("12.5(+)", "", 12.5, True, ""),
    ("12.5 S/CO 阳性 ↑", "", 12.5, True, "S/CO"),
    ("<20(+)", "<", 20, True, ""),
    ("0.95 COI 灰区", "", 0.95, None, "COI"),
    ("9.5(±)", "", 9.5, None, ""),
    # one result on two scales: the linear one
    ("<1.3 log (<20 IU/mL)", "<", 20, None, "IU/mL"),
    ("<20 IU/mL (<1.30 log10 IU/mL)", "<", 20, None, "IU/mL"),
    ("<1.3 log (<20 IU/mL) not detected", "<", 20, False, "IU/mL"),
    ("<1.3 log (<20.9 IU/mL)", "<", 20.9, None, "IU/mL"),  # 4.7 % off
    ("3.10 Log IU/mL (1250 IU/mL)", "", 1250, True, "IU/mL"),  # 10**3.10 = 1258.9, 0.7 % off
]

LOG_NUMBERS = [
    ("<1.0 Log", "<", 1.0, -INF, 1.0, None, "Log"),
    ("3.2 log10 IU/mL", "", 3.2, 3.2, 3.2, True, "log10 IU/mL"),
    ("3.2 log₁₀ IU/mL", "", 3.2, 3.2, 3.2, True, "log10 IU/mL"),
    ("3.2 Log(10) IU/mL", "", 3.2, 3.2, 3.2, True, "Log10 IU/mL"),
    ("3.2 log10(copies/mL)", "", 3.2, 3.2, 3.2, True, "log10(copies/mL)"),
    ("3.2 {Log_IU}/mL", "", 3.2, 3.2, 3.2, True, "{Log_IU}/mL"),
    (">7.0 log U/mL", ">", 7.0, 7.0, INF, True, "log U/mL"),
    ("4.5lg", "", 4.5, 4.5, 4.5, True, "lg"),
    ("-0.3 log", "", -0.3, -0.3, -0.3, True, "log"),
    ("<-0.3 log", "<", -0.3, -INF, -0.3, None, "log"),
    ("0 log", "", 0.0, 0.0, 0.0, None, "log"),
]


def _split(table: str) -> list[str]:
    return [text.strip() for text in table.split("|")]


NEGATIVE = _split(
    """TND | target not detected | not detected | Not Detected | ND | undetectable | neg | NEG | Neg. | Neg. *
    | non-reactive | Non Reactive | nonreactive | NR | 阴性 | 阴 | (-) | （－） | ( - ) | 未检出 | 未检测到
    | 检测不到 | 低于检测下限 | 低于最低检测限 | 小于检测下限 | <检测下限 | ＜最低检出限 | 阴性(-) | 阴性。
    | 【阴性】 | 阴性* | below detection limit | <LOD | Negative (-) | not-detected | <LLOQ not detected"""
)
POSITIVE = _split(
    """阳性 | (+) | 弱阳性 | reactive | 有反应性 | + | ++ | (+++) | 2+ | 阳性(+) | 阳性+ | 阳性↑ | Positive
    | POS | Reactive. | weakly reactive | Not Quantified | <LLOQ detected | Detected <LLOQ | detected | 检出
    | >ULOQ | 弱阳性（＋）"""
)
GREY = _split(
    """灰区 | 可疑 | +- | ± | (±) | +/- | (+/-) | grey zone | Gray-Zone | equivocal | indeterminate
    | borderline | 可疑阳性 | 弱阳性(±)"""
)
MISSING = _split(
    """未做 | 未查 | 标本溶血 | NA | N/A | #N/A | <NA> | QNS | nan | NaN | NULL | None | 未送检 | not done
    | 标本溶血 未做"""
)
MISSING += ["", "   ", "\t", "\u3000"]

REFUSED = [
    ("-", "dash="),
    ("—", "dash="),
    ("–", "dash="),
    ("--", "dash="),
    ("－", "dash="),
    ("<LLOQ", "below_limit_detected"),
    ("低于定量下限", "below_limit_detected"),
    ("1,234", "thousands or a decimal"),
    ("1,000", "thousands or a decimal"),
    ("<1,000 IU/mL", "thousands or a decimal"),
    ("1,23,4", "separators"),
    ("0,123,456", "separators"),
    ("1.2.3", "separators"),
    ("5…", "separators"),
    ("<", "comparator without"),
    ("阴性 <", "comparator without"),
    ("<<5", "more than one comparator"),
    ("<>5", "more than one comparator"),
    ("5-10", "range"),
    ("5 ~ 10", "range"),
    ("5至10", "range"),
    ("<5-10", "range"),
    ("5 6", "more than one number"),
    ("<1.3 log <20 IU/mL", "more than one number"),
    ("-5", "negative amount"),
    ("<-5 IU/mL", "negative amount"),
    ("<0", "below zero"),
    ("1E400", "too large"),
    ("-1E400 log", "too large"),
    ("1E-400", "too small"),
    ("inf", "words"),
    ("-inf", "words"),
    ("张三", "words"),
    ("IU/mL", "words"),
    ("½", "words"),
    ("O.05", "before the number"),
    ("约5", "before the number"),
    ("~5", "before the number"),
    (",5", "before the number"),
    ("*10^3", "before the number"),  # a product that lost its left side, not a flag
    ("posH 5", "before the number"),  # words are whole words
    ("5 upos", "known unit"),
    ("posİtive", "words"),  # a Turkish capital is no i
    ("12.5 foo", "known unit"),
    ("12.5+", "known unit"),
    ("12.5 ()", "known unit"),
    ("12.5 IU/mL()", "known unit"),
    ("5²", "known unit"),  # a footnote, not 52
    ("5①", "known unit"),
    ("5₂", "known unit"),
    ("10³5", "more than one number"),  # not 10^35
    ("3 lo)g", "known unit"),
    ("2.0×105", "known unit"),  # a lost superscript, not 210
    ("2.0×10E5", "known unit"),  # 1e5 times 2, or 1e6 times 2
    ("٣", "words"),  # digits of other scripts are not read
    ("H", "no result"),
    ("*", "no result"),
    ("()", "no result"),
    (",", "no result"),
    ("阴性 阳性", "contradict each other"),
    ("阴性(±)", "contradict each other"),
    ("未做 阴性", "contradict each other"),
    ("未做 5", "word contradicts"),
    ("阴性 >1000", "word contradicts"),
    ("阳性 0.00", "word contradicts"),
    ("<LLOQ (20)", "limit beside a number"),  # 20 may be the limit
    ("15 (<LLOQ)", "limit beside a number"),  # or the result
    ("TND 20", "limit beside a number"),
    ("<1.3 log (<50 IU/mL)", "do not agree"),  # log10(50) = 1.70
    ("<1.3 log (<21.2 IU/mL)", "do not agree"),  # 10**1.3 = 19.95, 6 % off
    ("1.3 log (0 IU/mL)", "do not agree"),
    ("<1.3 log (20 IU/mL)", "not one result"),
    ("12.5 (10)", "not one result"),
    ("12.5 (0-10)", "range"),
]


def _as_dicts(frame: pd.DataFrame) -> list[str]:
    return [repr(row) for row in frame.to_dict("records")]


@pytest.mark.parametrize(("text", "comparator", "number", "detected", "unit"), NUMBERS)
def test_a_number_on_a_linear_scale(
    text: str, comparator: str, number: float, detected: bool | None, unit: str
) -> None:
    got = read_lab_text(text)
    bounds = {"": (number, number), "<": (0, number), ">": (number, INF)}[comparator[:1]]
    assert got == LabText(text, "number", float(number), comparator, *map(float, bounds), detected, False, unit)


@pytest.mark.parametrize("zero", ["-0.00", "-0", -0.0])
def test_a_zero_has_no_sign(zero: object) -> None:
    assert math.copysign(1, read_lab_text(zero).number) == 1


@pytest.mark.parametrize(("text", "comparator", "number", "lower", "upper", "detected", "unit"), LOG_NUMBERS)
def test_a_number_on_a_log_scale_has_no_floor_at_zero(
    text: str, comparator: str, number: float, lower: float, upper: float, detected: bool | None, unit: str
) -> None:
    got = read_lab_text(text)
    assert got == LabText(text, "number", number, comparator, lower, upper, detected, True, unit)


def test_the_scale_comes_from_the_unit_and_never_from_the_size() -> None:
    assert not read_lab_text("3.2").log10
    assert not read_lab_text("3.2 IU/mL").log10
    assert read_lab_text("1000000 log10 IU/mL").log10


@pytest.mark.parametrize("text", NEGATIVE)
def test_a_negative_word(text: str) -> None:
    # NaN is compared by identity inside a tuple, which math.nan, the class default, satisfies
    assert read_lab_text(text) == LabText(text, "negative", lower=0.0, detected=False)


@pytest.mark.parametrize("text", POSITIVE)
def test_a_positive_word(text: str) -> None:
    assert read_lab_text(text) == LabText(text, "positive", upper=INF, detected=True)


@pytest.mark.parametrize("text", GREY)
def test_a_grey_zone_word_leaves_detection_open(text: str) -> None:
    assert read_lab_text(text) == LabText(text, "positive", upper=INF, detected=None)


@pytest.mark.parametrize("text", MISSING)
def test_a_missing_word(text: str) -> None:
    assert read_lab_text(text) == LabText(text, "missing")


@pytest.mark.parametrize(("text", "reason"), REFUSED)
def test_a_refused_text_says_why(text: str, reason: str) -> None:
    got = read_lab_text(text)
    assert got == LabText(text, "unreadable", reason=got.reason)
    assert reason in got.reason


def test_a_reason_never_repeats_the_text() -> None:
    assert "Zhang" not in read_lab_text("Zhang San 5").reason


@pytest.mark.parametrize("text", ["-", "—", "--", "－", " - ", "(--)"])
def test_the_bare_dash_is_the_callers_decision(text: str) -> None:
    assert read_lab_text(text).kind == "unreadable"
    assert read_lab_text(text, dash="negative").kind == "negative"
    assert read_lab_text(text, dash="missing").kind == "missing"


def test_a_bracketed_dash_is_negative_whatever_the_setting() -> None:
    assert read_lab_text("(-)", dash="missing").kind == "negative"


@pytest.mark.parametrize("setting", [True, False, None])
def test_below_a_limit_alone_is_the_laboratorys_convention(setting: bool | None) -> None:
    # some print "<20" for a virus that was seen, others for one that was not
    assert read_lab_text("<20", below_limit_detected=setting).detected is setting
    assert read_lab_text("<20 detected", below_limit_detected=setting).detected is True
    assert read_lab_text("<20 not detected", below_limit_detected=setting).detected is False
    assert read_lab_text(">20", below_limit_detected=setting).detected is True


@pytest.mark.parametrize(("setting", "kind"), [(True, "positive"), (False, "negative"), (None, "unreadable")])
def test_below_the_quantification_limit_without_a_number(setting: bool | None, kind: str) -> None:
    assert read_lab_text("<LLOQ", below_limit_detected=setting).kind == kind


def test_missing_negative_and_below_the_limit_stay_three_things() -> None:
    frame = read_lab_texts(["未做", "阴性", "<0.05"])
    assert frame["kind"].tolist() == ["missing", "negative", "number"]
    assert frame["detected"].tolist() == [None, False, None]
    np.testing.assert_array_equal(frame["lower"], [np.nan, 0.0, 0.0])
    np.testing.assert_array_equal(frame["upper"], [np.nan, np.nan, 0.05])


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (5, 5.0),
        (12.5, 12.5),
        (np.int64(5), 5.0),
        (np.float32(0.5), 0.5),
        (np.float64(12.5), 12.5),
        (Decimal("12.50"), 12.5),
        (-0.0, 0.0),
    ],
)
def test_numbers_are_numbers(value: object, number: float) -> None:
    got = read_lab_text(value)
    assert (got.kind, got.number, got.lower, got.upper) == ("number", number, number, number)
    assert got.detected is (True if number else None)
    assert math.copysign(1, got.number) == 1


@pytest.mark.parametrize("value", [None, math.nan, np.float64("nan"), np.float32("nan"), pd.NA, pd.NaT, Decimal("NaN")])
def test_gaps_are_missing(value: object) -> None:
    assert read_lab_text(value) == LabText("", "missing")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (True, "truth value"),
        (np.False_, "truth value"),
        (math.inf, "infinite"),
        (-5, "negative amount"),
        (np.float64(-0.5), "negative amount"),
        pytest.param(10**400, "too large", id="huge"),
        pytest.param(10**5000, "too large", id="unprintable"),  # Python will not print so many digits
        (["5"], "list"),
        (b"5", "bytes"),
        (pd.Timestamp("2026-01-01"), "Timestamp"),  # a spreadsheet turns 1-2 into a date
        (5j, "complex"),
    ],
)
def test_other_objects_are_refused(value: object, reason: str) -> None:
    got = read_lab_text(value)
    assert got.kind == "unreadable"
    assert reason in got.reason


def test_a_remark_is_refused_and_cut() -> None:
    assert read_lab_text("5" + " " * 199).kind == "number"
    got = read_lab_text("5" + " " * 200)
    assert (got.kind, len(got.raw)) == ("unreadable", 203)
    assert got.raw.endswith("...")


@pytest.mark.parametrize("reader", [read_lab_text, lambda text, **kw: read_lab_texts([text], **kw)])
@pytest.mark.parametrize("bad", [{"dash": "zero"}, {"below_limit_detected": 1}, {"below_limit_detected": "no"}])
def test_unknown_settings_are_refused(reader, bad) -> None:
    with pytest.raises(RelapseModelError, match="expected"):
        reader("5", **bad)


@pytest.mark.parametrize("bad", ["<5", b"<5", 5, pd.DataFrame({"a": ["5"]}), np.array([["5"]])])
def test_what_is_not_one_column_is_refused(bad) -> None:
    with pytest.raises(RelapseModelError, match="expected one column"):
        read_lab_texts(bad)


# ------------------------------------------------------------------------------------------ whole columns

MIXED = ["<5", 1, True, 1.0, None, "阴性", math.nan, "<5", pd.NA, -0.0, 0, 0.0, "1", False, ["x"], ["x"]]
MIXED += [
    np.float64(1.0),
    np.True_,
    10**400,
    "-",
    Decimal("1.0"),
    "",
    np.float32(0.1),
    pd.Timestamp("2026-01-01"),
]


def test_a_mixed_column_is_read_as_value_by_value() -> None:
    # True, 1 and 1.0 are equal in Python, and must not be taken for one another
    expected = [repr(asdict(read_lab_text(value))) for value in MIXED]
    assert _as_dicts(read_lab_texts(MIXED)) == expected
    assert _as_dicts(read_lab_texts(pd.Series(MIXED, dtype=object))) == expected


@pytest.mark.parametrize(
    "column",
    [
        pd.Series(["<5", None, "阴性", "<5"]),
        pd.Series(["<5", None, "阴性", "<5"], dtype="string"),
        pd.Series(["<5", None, "阴性", "<5"], dtype=object),
        pd.Series(["<5", None, "阴性", "<5"], dtype="category"),
        pd.Series([1.5, np.nan, -2.0]),
        pd.Series([1, None, 3], dtype="Int64"),
        pd.Series([True, False]),
        pd.Series(pd.to_datetime(["2026-01-01", None])),
        pd.Index(["<5", "阴性"]),
        np.array(["<5", "阴性"]),
        np.array([1, 2]),
        np.array(["2026-01-01"], dtype="datetime64[ns]"),  # must not become nanoseconds
    ],
    ids=lambda column: f"{type(column).__name__}-{column.dtype}",
)
def test_every_column_type_is_read_as_value_by_value(column) -> None:
    values = list(pd.Series(column).to_numpy(dtype=object))
    assert _as_dicts(read_lab_texts(column)) == [repr(asdict(read_lab_text(value))) for value in values]


def test_order_length_and_index_are_kept() -> None:
    column = pd.Series(["5", "阴性", "5", "<1"], index=["b", "a", "b", "c"], name="hbsag")
    frame = read_lab_texts(column)
    assert frame.index.tolist() == ["b", "a", "b", "c"]
    assert frame["raw"].tolist() == ["5", "阴性", "5", "<1"]
    assert column.tolist() == ["5", "阴性", "5", "<1"]


@pytest.mark.parametrize("column", [[], np.array([]), pd.Series([], dtype=object), pd.Series([], dtype="str")])
def test_columns_and_types_do_not_depend_on_the_content(column) -> None:
    full = read_lab_texts(["<5 IU/mL", "阴性", None, "x"])
    empty = read_lab_texts(column)
    assert full.columns.tolist() == list(LabText.__dataclass_fields__)
    assert len(empty) == 0
    assert empty.dtypes.to_dict() == full.dtypes.to_dict()
    assert all(value is None or isinstance(value, bool) for value in full["detected"])


def test_the_settings_reach_every_row() -> None:
    frame = read_lab_texts(["-", "<20"], dash="missing", below_limit_detected=True)
    assert frame["kind"].tolist() == ["missing", "number"]
    assert frame["detected"].tolist() == [None, True]


# ---------------------------------------------------------------------------------------------- properties

SEEDS = [row[0] for row in NUMBERS + LOG_NUMBERS + REFUSED]
SEEDS += NEGATIVE + POSITIVE + GREY + MISSING
LETTERS = sorted(set("".join(SEEDS)))
ANY_TEXT = st.one_of(
    st.text(max_size=30),
    st.text(st.characters(exclude_categories=()), max_size=12),  # lone surrogates too
    st.text(st.sampled_from(LETTERS), max_size=12),
    st.lists(st.sampled_from(SEEDS), min_size=1, max_size=3).map("".join),
)


def _check_sound(got: LabText) -> None:
    """Check what holds for every result, whatever the text."""
    assert got.kind in KINDS
    assert bool(got.reason) == (got.kind == "unreadable")
    assert math.isfinite(got.number) == (got.kind == "number")
    assert got.kind == "number" or (got.comparator, got.unit, got.log10) == ("", "", False)
    if got.kind == "number":
        assert got.lower <= got.number <= got.upper
        assert got.log10 or got.lower >= 0
    if got.kind in ("missing", "unreadable"):
        assert got.detected is None
        assert math.isnan(got.lower)
        assert math.isnan(got.upper)


@settings(max_examples=300, deadline=None)
@given(ANY_TEXT, st.sampled_from(["refuse", "negative", "missing"]), st.sampled_from([None, True, False]))
def test_no_text_raises(text: str, dash: str, below: bool | None) -> None:
    got = read_lab_text(text, dash=dash, below_limit_detected=below)
    assert got.raw == text
    _check_sound(got)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.one_of(ANY_TEXT, st.none(), st.floats(), st.integers(), st.booleans()), max_size=12))
def test_a_column_is_its_values(values: list[object]) -> None:
    expected = [repr(asdict(read_lab_text(value))) for value in values]
    assert _as_dicts(read_lab_texts(values)) == expected
    assert _as_dicts(read_lab_texts(pd.Series(values, dtype=object))) == expected


@settings(max_examples=100, deadline=None)
@given(st.lists(st.one_of(st.text(max_size=6), st.sampled_from(SEEDS), st.none()), max_size=12))
def test_a_text_column_is_its_values(values: list[str | None]) -> None:
    expected = [repr(asdict(read_lab_text(value))) for value in values]
    assert _as_dicts(read_lab_texts(pd.Series(values, dtype="string"))) == expected


def _times_ten(number: float, form: str) -> str:
    mantissa, power = f"{number:.16E}".split("E")
    return form.format(mantissa, int(power))


SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
FULL_WIDTH = str.maketrans({char: chr(ord(char) + 0xFEE0) for char in map(chr, range(0x21, 0x7F))})
PRINTERS = {
    "plain": lambda x: f"{Decimal(repr(x)):f}",
    "python": repr,
    "E": lambda x: f"{x:.16E}",
    "e": lambda x: f"{x:.16e}",
    "decimal comma": lambda x: f"{x:.16E}".replace(".", ","),
    "times ten": lambda x: _times_ten(x, "{}×10^{}"),
    "x ten": lambda x: _times_ten(x, "{} x 10^{}"),
    "star ten": lambda x: _times_ten(x, "{}*10^{}"),
    "superscript": lambda x: _times_ten(x, "{}×10") + _times_ten(x, "{1}").translate(SUPERSCRIPTS),
    "full width": lambda x: f"{x:.16E}".translate(FULL_WIDTH),
}
SIGNS = {
    "<": "<",
    "＜": "<",
    "≤ ": "<=",
    "> ": ">",
    "≥": ">=",
    "&lt;": "<",
    "低于": "<",
    "greater than ": ">",
}
UNITS = ["", " IU/mL", "IU/L", " mIU/mL", " S/CO", "COI", " g/L", " 10^9/L", " 10*9/L", " copies/mL", " U/L"]
UNITS += [" log10 IU/mL", "Log", " lg"]
POSITIVE_AMOUNTS = st.floats(min_value=1e-30, max_value=1e30)


@settings(max_examples=400, deadline=None)
@given(
    POSITIVE_AMOUNTS,
    st.sampled_from(sorted(PRINTERS)),
    st.sampled_from(["", *SIGNS]),
    st.sampled_from(UNITS),
    st.sampled_from(["", "↑", " H", " LL", "*", " (↓)"]),
    st.sampled_from(["", " 阳性", "(+)", " detected"]),
)
def test_a_number_survives_every_way_of_printing_it(
    number: float, printer: str, sign: str, unit: str, flag: str, word: str
) -> None:
    got = read_lab_text(sign + PRINTERS[printer](number) + unit + flag + word)
    assert (got.kind, got.number, got.comparator) == ("number", number, SIGNS.get(sign, ""))
    assert got.unit == unit.strip()
    assert got.log10 == ("l" in unit.lower().partition("/")[0])  # of these units only the log ones have an l
    assert got.detected is (True if word or not got.comparator.startswith("<") else None)


def _mutated(text: str, draw: random.Random) -> str:
    chars = list(text)
    for _ in range(draw.randint(1, 3)):
        at = draw.randint(0, len(chars))
        change = draw.choice(["insert", "delete", "replace", "double", "swap"])
        if change == "insert":
            chars.insert(at, draw.choice(LETTERS))
        elif change == "delete":
            chars[at : at + 1] = []
        elif change == "replace":
            chars[at : at + 1] = [draw.choice(LETTERS)]
        elif change == "double":
            chars[at:at] = chars[at : at + 2]
        else:
            chars[at : at + 2] = chars[at : at + 2][::-1]
    return "".join(chars)


def test_two_thousand_damaged_texts_are_each_read_or_refused_with_a_reason() -> None:
    draw = random.Random(20260101)
    texts = [_mutated(draw.choice(SEEDS), draw) for _ in range(2000)]
    frame = read_lab_texts(texts)
    assert len(frame) == 2000
    assert frame["raw"].tolist() == texts
    for row in frame.to_dict("records"):
        _check_sound(LabText(**row))
    assert set(frame["kind"]) == KINDS  # the damage reaches every outcome, else this test would be idle
