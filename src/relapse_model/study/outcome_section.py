"""The section [outcome] of a study file: a rule on an analyte, the outcomes table, or a column of yes and no."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from relapse_model.comparisons import at_or_before
from relapse_model.study import keys
from relapse_model.study.analyte import Analyte
from relapse_model.study.names import event_name, is_no_competing_event, yes_or_no
from relapse_model.study.origins import KeyPath
from relapse_model.study.prediction import Baseline, Confirmation, OutcomeRule, Prediction
from relapse_model.study.predictor import Predictor
from relapse_model.study.terms_section import Reader

_ENROLMENT = 0.0  # week
HIGHEST_RISK = 0.999  # of a baseline, as the key itself allows
_OF_A_RULE = ("analyte", "at_least", "below", "confirm")
_OF_A_COLUMN = ("equals", "others")


def read_outcome(reader: Reader, raw: Any, analytes: Mapping[str, Analyte]) -> OutcomeRule:
    """Return what counts as the outcome; problems go to the reader.

    Parameters
    ----------
    reader : Reader
    raw : Any
    analytes : mapping of str to Analyte
    """
    path: KeyPath = ("outcome",)
    values = reader.table(raw, path, keys.OUTCOME)
    adjudicated = values.pop("adjudicated", False)
    if "column" in values:
        _column(reader, values, path, adjudicated)
    elif any(key in values for key in _OF_A_COLUMN):
        key = next(key for key in _OF_A_COLUMN if key in values)
        reader.refuse((*path, key), f"{key!r} without 'column'", "both, or neither")
    thresholds = [name for name in ("at_least", "below") if name in values]
    if adjudicated and (thresholds or "analyte" in values):
        reader.refuse(path, "adjudicated beside a rule", "either adjudicated = true or an analyte and threshold")
    if not adjudicated and "column" not in values and isinstance(raw, dict):
        reader.need(values, raw, path, "analyte")
        if len(thresholds) != 1:
            reader.refuse(path, f"{len(thresholds)} thresholds", "one of at_least = ..., below = ...")
        reader.known_analyte(values.get("analyte"), path, analytes)
    _competing(reader, values, path)
    confirm = _confirm(reader, values.pop("confirm", {}), (*path, "confirm"))
    baseline = _baseline(reader, values.pop("baseline", None), (*path, "baseline"))
    return OutcomeRule(confirm=confirm, baseline=baseline, **{"name": "relapse", **values})


def _competing(reader: Reader, values: dict[str, Any], path: KeyPath) -> None:
    """Read the names of competing events, and refuse what is none, one in both lists, and any beside a column."""
    for key in ("competing", "competing_as_censoring"):
        if key in values:  # as the gate reads the names of a cohort
            values[key] = tuple(dict.fromkeys(map(event_name, values[key])))
            none = [name for name in values[key] if is_no_competing_event(name)]
            if none:
                reader.refuse((*path, key), ", ".join(map(repr, none)), "events after which the outcome cannot come",
                              "Whoever was lost was free of it until then")  # fmt: skip
    both = [name for name in values.get("competing", ()) if name in values.get("competing_as_censoring", ())]
    if both:
        reader.refuse((*path, "competing_as_censoring"), f"{both[0]!r}, which competing names too", "one of the two")
    if "column" in values and ("competing" in values or "competing_as_censoring" in values):
        reader.refuse((*path, "column"), "a column of yes and no beside competing events", "an outcomes table",
                      "A column cannot tell which event came first")  # fmt: skip


def _baseline(reader: Reader, raw: Any, path: KeyPath) -> Baseline | None:
    """Return what is known of the mean risk beforehand; None where nothing is, or where it cannot be read."""
    if raw is None:
        return None
    values = reader.table(raw, path, keys.BASELINE)
    needed = ("risk", "sd_logit", "by_week", "source")
    for key in needed:
        reader.need(values, raw, path, key)
    return Baseline(**values) if {*needed} <= {*values} else None


def baseline_by_horizon(reader: Reader, outcome: OutcomeRule, prediction: Prediction) -> None:
    """Refuse a baseline of a few weeks that leaves nobody free of the outcome by the horizon, at a constant hazard.

    Parameters
    ----------
    reader : Reader
    outcome : OutcomeRule
    prediction : Prediction
    """
    known = outcome.baseline
    if known is None:
        return
    weeks = prediction.horizon_weeks - min(prediction.landmark_weeks)
    if (1.0 - known.risk) ** (weeks / known.by_week) < 1.0 - HIGHEST_RISK:
        reader.refuse(
            ("outcome", "baseline", "by_week"),
            f"{100 * known.risk:g} % by week {known.by_week:g}, which is more than {100 * HIGHEST_RISK:g} % in the "
            f"{weeks:g} weeks to the horizon, at a constant hazard",
            f"the risk by a week near the horizon ({prediction.horizon_weeks:g})",
        )


def _confirm(reader: Reader, raw: Any, path: KeyPath) -> Confirmation:
    confirmation = Confirmation(**reader.table(raw, path, keys.CONFIRM))
    if confirmation.tests > 1 and confirmation.within_weeks == 0:
        reader.refuse(
            (*path, "within_weeks"), f"{confirmation.tests} tests within 0 weeks", "a number above 0",
            "Leave it out where the next test confirms, whenever it was taken",
        )  # fmt: skip
    return confirmation


def _column(reader: Reader, values: Mapping[str, Any], path: KeyPath, adjudicated: bool) -> None:
    """Refuse a rule beside a column, and levels of which it is not said what they mean."""
    beside = [key for key in _OF_A_RULE if key in values] + (["adjudicated"] if adjudicated else [])
    if beside:
        reader.refuse((*path, beside[0]), f"{beside[0]!r} beside 'column'", "one of them")
    equals, others = values.get("equals"), values.get("others", ())
    if others and equals is None:
        reader.refuse((*path, "others"), "'others' without 'equals'", "both, or neither")
    if equals is not None and not others and yes_or_no(equals) is None:
        reader.refuse(
            (*path, "equals"), f"{equals!r}, and no others", "others = [...], the values that are not the outcome",
            "Any further value, such as one for patients lost to follow-up, would count as free of it",
        )  # fmt: skip


def outcome_is_no_predictor(
    reader: Reader, outcome: OutcomeRule, prediction: Prediction, predictors: Sequence[Predictor]
) -> None:
    """Refuse a predictor that reads the outcome, and a landmark at which its column cannot tell who is free.

    Parameters
    ----------
    reader : Reader
    outcome : OutcomeRule
    prediction : Prediction
    predictors : sequence of Predictor
    """
    if outcome.column is None:
        return
    for position, predictor in enumerate(predictors):
        if predictor.column == outcome.column:
            reader.refuse(("predictors", position, "column"), repr(outcome.column), "a column that is not the outcome")
    late = [week for week in prediction.landmark_weeks if not at_or_before(week, _ENROLMENT)]
    if late:
        reader.refuse(
            ("prediction", "landmark_weeks"), f"{late[0]:g}", "0 or earlier: the column of the outcome has no weeks",
            "By a later week it may have come already; with weeks, it belongs into the outcomes table",
        )  # fmt: skip
