"""What the page asks for: each predictor of a study as a field, with its units, limits and training range."""

from __future__ import annotations

from typing import Any

from relapse_model.cohort.laboratory.values_in_unit import below_limit_value
from relapse_model.cohort.laboratory.words import MEANINGS, squeezed
from relapse_model.cohort.tables.columns import TABLES
from relapse_model.features.clinical_units import unit_shown
from relapse_model.model.scoring.arm_effect import BenefitRefusedError, arm_effect
from relapse_model.model.scoring.guards.rs209_arm import arm_labels
from relapse_model.model.trained import TrainedModel
from relapse_model.small_counts import BELOW_ROUNDED
from relapse_model.study.analyte import Analyte
from relapse_model.study.predictor import Predictor
from relapse_model.study.predictor_kinds import AS_MEASURED, DIFFERENCES, FEATURE_KINDS, ONE_RESULT, WITH_WORDS
from relapse_model.study.study import Study
from relapse_model.study.unit_spelling import is_log10, unit_key

_CENTURY = 5200.0  # weeks; the tables hold none further from enrolment
_BELOW = ({"negative"}, {"negative", "limit"})  # meanings of words for a result below the limit


def form_fields(model: TrainedModel) -> list[dict[str, Any]]:
    """Return one field per predictor, in the order of the study.

    Parameters
    ----------
    model : TrainedModel

    Returns
    -------
    list of dict
        ``name``; ``label``, ``label_zh``, ``hint`` and ``hint_zh`` (may be empty); ``type``: number, yes_no, level or
        week; and of a number how what is typed becomes the number that the model takes.

    Examples
    --------
    >>> import relapse_model as rm
    >>> study = rm.load_study("hbsag-relapse")
    >>> model = rm.train(rm.simulate_cohort(132, seed=7), study, candidates=("prior_logistic",))
    >>> [field["type"] for field in form_fields(model)]
    ['number', 'number', 'number', 'yes_no', 'number', 'number', 'yes_no', 'yes_no']
    """
    return [_field(one, model) for one in model.study.predictors]


def arms_asked(model: TrainedModel) -> dict[str, Any]:
    """Return which fields are the arm of a trial, and the codes of each arm; empty where no arm is a predictor.

    ``labels`` are the names that the plan of the trial gives the arms, where it does. ``both`` tells whether the risks
    in either arm may be set side by side, as `RelapseModel.benefit` decides it.
    """
    readers = {
        place: one
        for place, one in enumerate(model.study.predictors)
        if one.column == "arm" and (one.equals or one.levels)
    }
    if not readers:
        return {}
    others = {place: one.others if isinstance(one.others, tuple) else () for place, one in readers.items()}
    named = [name for place, one in readers.items() for name in (one.levels or (one.equals or "", *others[place]))]
    names = list(dict.fromkeys(named))
    listed = any(one.levels or others[place] for place, one in readers.items())
    arms = names if listed else [*names, ""]  # the empty name: another arm
    codes = [{str(place): _arm_code(one, name) for place, one in readers.items()} for name in arms]
    try:
        both = bool(arm_effect(model).predictors) and 0.0 in model.landmark_weeks
    except BenefitRefusedError:
        both = False
    return {"names": arms, "labels": arm_labels(model.study), "codes": codes, "both": both}


def negative_words() -> list[str]:
    """Return the words for a result below the limit, squeezed as the page squeezes what is typed."""
    return sorted({squeezed(word) for words, meaning in MEANINGS if set(meaning) in _BELOW for word in words})


def needs_laboratory(study: Study) -> list[int]:
    """Return the places of the predictors of which one must be known: those that read a laboratory result."""
    return [
        place
        for place, one in enumerate(study.predictors)
        if one.analyte and FEATURE_KINDS[one.kind].unit.startswith("analyte")
    ]


def _arm_code(predictor: Predictor, arm: str) -> float:
    return float(predictor.levels.index(arm)) if predictor.levels else float(predictor.equals == arm)


def _field(predictor: Predictor, model: TrainedModel) -> dict[str, Any]:
    training = model.summary["predictors"][predictor.name]
    field: dict[str, Any] = {
        "name": predictor.name,
        "label": predictor.label,
        "label_zh": predictor.label_zh,
        "hint": predictor.hint,
        "hint_zh": predictor.hint_zh,
        "hardly_known": model.summary.get("hardly_known", {}).get(predictor.name, ""),
    }
    if predictor.column == "arm":
        field["arm"] = True
    if predictor.levels:
        never = [level for level, count in training["levels"].items() if count == 0]
        few = [level for level, count in training["levels"].items() if count == BELOW_ROUNDED]
        field |= {"few": few} if few else {}  # of a model file of rounded counts
        return {**field, "type": "level", "levels": list(predictor.levels), "never": never}
    field |= {"low": training.get("p05"), "high": training.get("p95")}
    if predictor.kind == "landmark_week":
        weeks = model.landmark_weeks
        return {**field, "type": "week", "unit": "weeks", "first": weeks[0], "last": weeks[-1], "weeks": list(weeks)}
    if predictor.equals is not None or unit_shown(predictor) == "0/1":
        others = predictor.others if isinstance(predictor.others, tuple) else ()
        return {**field, "type": "yes_no", "yes": predictor.equals or "", "no": list(others)}
    return {**field, "type": "number", "unit": unit_shown(predictor), **_reading(predictor, model.study)}


def _reading(predictor: Predictor, study: Study) -> dict[str, Any]:
    """Return how a typed number becomes the model's: units, limits, and the scale."""
    analyte = (
        study.analytes.get(predictor.analyte or "") if predictor.kind in AS_MEASURED or _in_unit(predictor) else None
    )
    level = predictor.kind not in DIFFERENCES
    logarithm = is_log10(unit_key(predictor.unit))
    passive = study.passive_antibody
    return {
        "log10": predictor.scale == "log10" and level,
        "cap": predictor.cap,
        "saturating": predictor.saturating,
        "negative": bool(predictor.negative or not level or logarithm or (analyte is not None and analyte.negative)),
        "possible": _possible(predictor, analyte),
        "units": _units(predictor, analyte, logarithm),
        "result": _result(predictor, analyte, logarithm),
        "passive": passive is not None and predictor.analyte == passive.analyte and predictor.kind in AS_MEASURED,
    }


def _possible(predictor: Predictor, analyte: Analyte | None) -> list[float] | None:
    """Return what a number that is typed can be: what the study states, within what the gate accepts."""
    own = (
        analyte.possible if analyte is not None and _in_unit(predictor) and predictor.kind not in DIFFERENCES else None
    )
    limits = [one for one in (predictor.possible or own, _of_tables(predictor)) if one is not None]
    return [max(low for low, _ in limits), min(high for _, high in limits)] if limits else None


def _of_tables(predictor: Predictor) -> tuple[float, float] | None:
    """Return the limits that the gate has for a column of the patients table, or for weeks."""
    column = TABLES["patients"].get(predictor.column or "")
    if column is not None and column.kind == "number":
        return column.low, column.high
    return (0.0, _CENTURY) if FEATURE_KINDS[predictor.kind].unit == "weeks" else None


def _in_unit(predictor: Predictor) -> bool:
    return FEATURE_KINDS[predictor.kind].unit == "analyte"


def _units(predictor: Predictor, analyte: Analyte | None, logarithm: bool) -> list[dict[str, Any]]:
    """Return the units that may be chosen, each with its factor; of logarithms they would be added, not multiplied."""
    own = [{"unit": unit_shown(predictor), "factor": 1.0}]
    if analyte is None or not _in_unit(predictor) or logarithm:
        return own
    others = [(unit, factor) for unit, factor in analyte.units.items() if not is_log10(unit_key(unit))]
    return own + [{"unit": unit, "factor": float(factor)} for unit, factor in others]


def _result(predictor: Predictor, analyte: Analyte | None, logarithm: bool) -> dict[str, Any] | None:
    """Return the limits of a field that takes one result as printed; None for any other number."""
    if analyte is None or predictor.kind not in ONE_RESULT:
        return None
    at_limit = analyte.below_limit == "limit" or (analyte.negative and not logarithm)
    return {
        "lower_limit": analyte.lower_limit,
        "stand_in": "limit" if at_limit else "minus_log10_2" if logarithm else "half",
        "lowest": below_limit_value(analyte) if analyte.floor else None,
        "words": predictor.kind in WITH_WORDS,
    }
