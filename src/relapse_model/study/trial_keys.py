"""The keys of the sections [trial], [dosing] and [[candidates]], and what each may hold."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from relapse_model.study.keys import Check, NotAllowed, anything, number, one_of, several, text, whole_number
from relapse_model.study.trial_plan import INTERVALS, MEASURES, METHODS, SENSITIVITIES, STRATEGIES


def one_or_several(value: Any) -> tuple[str, ...]:
    """Accept a text, or a list of texts."""
    if isinstance(value, str):
        return (text(value),)
    return tuple(several(text)(value))


def none_or_several(value: Any) -> tuple[str, ...]:
    """Accept a list of texts, which may be empty."""
    return () if value == [] else tuple(several(text)(value))


def adjusting(value: Any) -> Any:
    """Accept a list of texts, which may be empty, or the file of a model: { model = "earlier.rmodel" }."""
    if isinstance(value, dict):
        if set(value) != {"model"}:
            raise NotAllowed('names of predictors, or { model = "earlier.rmodel" }')
        return {"model": text(value["model"])}
    return none_or_several(value)


def ratio(value: Any) -> tuple[float, float]:
    """Accept the allocation ratio [treatment, control]."""
    if not isinstance(value, list) or len(value) != 2:
        raise NotAllowed("[treatment, control], such as [1, 1]")
    positive = number(0, open_low=True)
    return positive(value[0]), positive(value[1])


def two_texts(value: Any) -> tuple[str, ...]:
    """Accept two different texts."""
    found: tuple[str, ...] = several(text)(value)
    if len(found) != 2:
        raise NotAllowed('[treatment, control], such as ["HBIG", "control"]')
    return found


def sides(value: Any) -> int:
    """Accept 1 or 2."""
    if value not in (1, 2) or isinstance(value, bool):
        raise NotAllowed("1 or 2")
    return int(value)


def day(value: Any) -> date:
    """Accept a day, as TOML writes it: without quotation marks."""
    if not isinstance(value, date) or isinstance(value, datetime):
        raise NotAllowed("a day such as 2026-03-01, without quotation marks")
    return value


TRIAL: Mapping[str, Check] = {
    "arm": anything,
    "strata": none_or_several,
    "population": one_of("randomised"),
    "primary": anything,
    "intercurrent": anything,
    "sensitivity": anything,
    "subgroup": anything,
    "effect_modifier": anything,
    "effect": anything,
    "dated": day,
}
ARMS: Mapping[str, Check] = {"column": text, "treatment": text, "control": text, "ratio": ratio, "labels": two_texts}
PRIMARY: Mapping[str, Check] = {
    "endpoint": text,
    "week": number(0, open_low=True),
    "window_weeks": number(0),
    "measure": one_of(*MEASURES),
    "method": one_of(*METHODS),
    "level": number(0.8, 0.9999),
    "sides": sides,
    "adjust": adjusting,
    "interval": one_of(*INTERVALS),
}
INTERCURRENT: Mapping[str, Check] = {
    "event": text,
    "agent": one_or_several,
    "arm": text,
    "strategy": one_of(*STRATEGIES),
    "after_weeks": number(0),
    "weight_by": several(text),
}
SENSITIVITY: Mapping[str, Check] = {
    "kind": one_of(*SENSITIVITIES),
    "imputations": whole_number(2),
    "deltas": several(number()),
    "seed": whole_number(0),
}
SUBGROUP: Mapping[str, Check] = {"column": text, "label": text, "at": several(number())}
EFFECT_MODIFIER: Mapping[str, Check] = {"predictor": text, "sd": number(0, 5, open_low=True)}
EFFECT: Mapping[str, Check] = {"log_odds": number(-20, 20), "sd": number(0, 20, open_low=True), "source": text}
DOSING: Mapping[str, Check] = {
    "agent": text,
    "arm": text,
    "dose": number(0, open_low=True),
    "unit": text,
    "route": text,
    "first": anything,
    "again": anything,
    "stop": several(one_of("relapse", "lost", "horizon")),
    "visits": several(number()),
}
FIRST: Mapping[str, Check] = {"week": number(), "window_weeks": number(0)}
AGAIN: Mapping[str, Check] = {
    "analyte": text,
    "below": number(0, open_low=True),
    "act_within_weeks": number(0),
}
