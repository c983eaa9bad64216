"""The keys of a study file and what each may hold: a table to read, and the checks it uses."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from typing import Any

from relapse_model.study.predictor_kinds import FEATURE_KINDS
from relapse_model.study.unit_spelling import is_log10, unit_key

Check = Callable[[Any], Any]


class NotAllowed(Exception):
    """A value is refused; the text says what was expected."""


def value_shown(value: Any) -> str:
    """Return a value as a message shows it: short."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def anything(value: Any) -> Any:
    """Accept what comes (checked elsewhere)."""
    return value


def text(value: Any) -> str:
    """Accept text that is not empty."""
    if not isinstance(value, str) or not value.strip():
        raise NotAllowed("text")
    return value


def fingerprint(value: Any) -> str:
    """Accept the fingerprint of a cohort: eight hexadecimal digits."""
    if not isinstance(value, str) or len(value) != 8 or set(value) - set("0123456789abcdef"):
        raise NotAllowed("eight hexadecimal digits, as screen_biomarkers writes them")
    return value


def flag(value: Any) -> bool:
    """Accept true or false."""
    if not isinstance(value, bool):
        raise NotAllowed("true or false")
    return value


def number(low: float = -math.inf, high: float = math.inf, *, open_low: bool = False) -> Check:
    """Accept a finite number in a range."""
    bound = f" {'above' if open_low else 'of at least'} {low:g}" if math.isfinite(low) else ""
    bound += f" and at most {high:g}" if math.isfinite(high) else ""

    def check(value: Any) -> float:
        sound = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max
        if not sound or value < low or value > high or (open_low and value == low):
            raise NotAllowed(f"a number{bound}")
        return float(value)

    return check


def whole_number(low: int) -> Check:
    """Accept a whole number from `low`."""

    def check(value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or value < low:
            raise NotAllowed(f"a whole number of at least {low}")
        return value

    return check


def one_of(*choices: str) -> Check:
    """Accept one of a few words."""

    def check(value: Any) -> str:
        if value not in choices:
            raise NotAllowed("one of " + ", ".join(repr(choice) for choice in choices))
        return str(value)

    return check


def feature_kind(value: Any) -> str:
    """Accept a kind of predictor, one registered from outside among them."""
    return str(one_of(*FEATURE_KINDS)(value))


def several(item: Check) -> Check:
    """Accept a list of one or more items, none twice."""

    def check(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list) or not value:
            raise NotAllowed("a list [...] with at least one entry")
        items = tuple(item(entry) for entry in value)
        if len(set(items)) < len(items):
            raise NotAllowed("a list without repetition")
        return items

    return check


def factors(value: Any) -> dict[str, float]:
    """Accept a table from units to positive factors."""
    if not isinstance(value, dict):
        raise NotAllowed('a table of factors, such as { "IU/L" = 1.0 }')
    if any(is_log10(unit_key(unit)) for unit in value):
        raise NotAllowed("units of amounts: the log10 of each is accepted beside it, and has no factor")
    positive = number(0, open_low=True)
    return {text(unit): positive(factor) for unit, factor in value.items()}


def codes(value: Any) -> dict[str, str]:
    """Accept a table from codes to what they mean."""
    if not isinstance(value, dict) or not value:
        raise NotAllowed('a table of codes, such as { "1" = "M", "0" = "F" }')
    return {text(code): text(meaning) for code, meaning in value.items()}


def others(value: Any) -> str | tuple[str, ...]:
    """Accept "no", or the levels that are."""
    if value == "no":
        return "no"
    if isinstance(value, list):
        return several(text)(value)  # type: ignore[no-any-return]
    raise NotAllowed("'no' (whatever else there is counts as no), or a list of the levels that do")


def interval(value: Any) -> tuple[float, float]:
    """Accept [low, high]."""
    if not isinstance(value, list) or len(value) != 2:
        raise NotAllowed("[low, high]")
    low, high = (number()(end) for end in value)
    if low >= high:
        raise NotAllowed("[low, high] with low below high")
    return low, high


def ratio_interval(value: Any) -> tuple[float, float]:
    """Accept the interval of a ratio."""
    low, high = interval(value)
    if low <= 0:
        raise NotAllowed("[low, high] with low above 0, as of a ratio")
    return low, high


def step(value: Any) -> str | float:
    """Accept the step a prior refers to."""
    if value in ("unit", "log10", "sd"):
        return str(value)
    try:
        return float(number(0, open_low=True)(value))
    except NotAllowed:
        raise NotAllowed("'unit', 'log10', 'sd' or a positive number of units") from None


def time_zone(value: Any) -> str:
    """Accept the name of a time zone in the IANA database."""
    from zoneinfo import ZoneInfo

    try:
        return str(ZoneInfo(text(value)))
    except (NotAllowed, LookupError, ValueError, OSError):  # an OSError is a folder of the database
        raise NotAllowed("a time zone of the IANA database, such as 'Asia/Shanghai'") from None


SECTIONS = (
    "study", "laboratory", "time", "treatments", "analytes", "other_analytes", "agents", "columns", "outcome",
    "prediction", "predictors", "terms", "eligibility", "passive_antibody", "scoring", "trial", "dosing", "candidates",
)  # fmt: skip
STUDY: Mapping[str, Check] = {
    "protocol": whole_number(1),
    "name": text,
    "title": text,
    "title_zh": text,
    "registry": text,
}
ANALYTE: Mapping[str, Check] = {
    "label": text,
    "label_zh": text,
    "unit": text,
    "scale": one_of("linear", "log10"),
    "lower_limit": number(0, open_low=True),
    "upper_limit": number(0, open_low=True),
    "units": factors,
    "below_limit": one_of("half", "limit"),
    "floor": flag,
    "loinc": several(text),
    "sdtm": text,
    "assays": anything,
    "synonyms": several(text),
    "other_units": several(text),
    "negative": flag,
    "possible": interval,
}
AGENT: Mapping[str, Check] = {"synonyms": several(text)}
COLUMN: Mapping[str, Check] = {"codes": codes}
ASSAY: Mapping[str, Check] = {
    "lower_limit": number(0, open_low=True),
    "upper_limit": number(0, open_low=True),
    "units": factors,
}
LABORATORY: Mapping[str, Check] = {
    "dash": one_of("refuse", "negative", "missing"),
    "below_limit_detected": one_of("unknown", "yes", "no"),
    "same_day": one_of("refuse", "worst", "mean", "last"),
}
TIME: Mapping[str, Check] = {
    "zone": time_zone,
    "course_end": one_of("inclusive", "exclusive"),
    "index": anything,
}
INDEX: Mapping[str, Check] = {
    "analyte": text,
    "first_below": number(0, open_low=True),
    "first_at_least": number(0, open_low=True),
    "without": one_of("refuse", "leave out"),
}
TREATMENTS: Mapping[str, Check] = {"complete": flag}
CRITERION: Mapping[str, Check] = {
    "id": text,
    "text": text,
    "text_zh": text,
    "column": text,
    "analyte": text,
    "agents": several(text),
    "window_weeks": number(0),
    "below": number(),
    "at_most": number(),
    "at_least": number(),
    "above": number(),
    "between": interval,
    "equals": several(text),
    "ever": flag,
}
CONDITIONS = ("below", "at_most", "at_least", "above", "between", "equals", "ever")
SPREAD: Mapping[str, Check] = {
    "median": number(0, open_low=True),
    "cv": number(0, 2, open_low=True),
    "source": text,
}
PASSIVE: Mapping[str, Check] = {
    "analyte": text,
    "agents": several(text),
    "half_life_days": anything,
    "volume_litres": anything,
    "absorption_per_day": anything,
    "error_sd_log10": number(0, 2, open_low=True),
    "error_source": text,
}
SCORING: Mapping[str, Check] = {
    "range_margin": number(0),
    "distance_level": number(0.5, 0.999999),
    "passive_weeks": number(0),
}
OUTCOME: Mapping[str, Check] = {
    "name": text,
    "label_zh": text,
    "analyte": text,
    "at_least": number(0, open_low=True),
    "below": number(0, open_low=True),
    "adjudicated": flag,
    "column": text,
    "equals": text,
    "others": several(text),
    "censoring_by": text,
    "competing": several(text),
    "competing_as_censoring": several(text),
    "confirm": anything,
    "baseline": anything,
}
BASELINE: Mapping[str, Check] = {
    "risk": number(0.0001, 0.999),
    "sd_logit": number(0.01, 5),
    "by_week": number(0, open_low=True),
    "as_stated": flag,
    "source": text,
}
CONFIRM: Mapping[str, Check] = {
    "tests": whole_number(1),
    "within_weeks": number(0),
    "unconfirmed_at_end": one_of("relapse", "censor", "both"),
}
HORIZONS = ("horizon_weeks", "horizon_days", "horizon_months")
PREDICTION: Mapping[str, Check] = {
    "landmark_weeks": several(number()),
    **dict.fromkeys(HORIZONS, number(0, open_low=True)),
    "visit_window_weeks": number(0),
    "landmark_window_weeks": number(0),
    "visit_weeks": several(number(0)),
    "implausible_auc": number(0.5, 1, open_low=True),
    "centre": text,
    "residual": anything,
}
RESIDUAL: Mapping[str, Check] = {"sd_logit": number(0, 3, open_low=True), "source": text}
COMMON = (
    "name", "kind", "label", "label_zh", "hint", "hint_zh", "direction", "prior", "unit", "typical", "screened_on",
)  # fmt: skip
PREDICTOR: Mapping[str, Check] = {
    "name": text,
    "kind": feature_kind,
    "label": text,
    "label_zh": text,
    "hint": text,
    "hint_zh": text,
    "direction": one_of("up", "down"),
    "prior": anything,
    "unit": text,
    "typical": number(),
    "screened_on": fingerprint,
    "analyte": text,
    "column": text,
    "agents": several(text),
    "window_weeks": number(0, open_low=True),
    "gap_weeks": number(0, open_low=True),
    "below": number(0, open_low=True),
    "at_least": number(0, open_low=True),
    "confirmed": flag,
    "cap": number(0, open_low=True),
    "saturating": number(0, open_low=True),
    "equals": text,
    "others": others,
    "negative": flag,
    "possible": interval,
    "levels": several(text),
    "scale": one_of("linear", "log10"),
}
TERM: Mapping[str, Check] = {
    "name": text,
    "label": text,
    "label_zh": text,
    "factors": anything,
    "replaces": several(text),
    "forms": several(text),
    "prior": anything,
}
SHAPES = ("saturating", "cap", "below", "at_least", "minus")
FACTOR: Mapping[str, Check] = {
    "predictor": text,
    **dict.fromkeys(SHAPES, number(0, open_low=True)),
    "minus": number(),
}
PRIOR: Mapping[str, Check] = {
    "log_odds": number(-20, 20),
    "sd": number(0, 20, open_low=True),
    "per": step,
    "source": text,
}
PRINTED_PRIOR: Mapping[str, Check] = {
    "odds_ratio": number(0, open_low=True),
    "hazard_ratio": number(0, open_low=True),
    "ci": ratio_interval,
    "level": number(0.5, 0.9999),
    "per": step,
    "steps": number(0, open_low=True),
    "source": text,
}
