"""The sections [trial], [dosing] and [[candidates]] of a study file, checked against the rest of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from relapse_model.study import keys, trial_keys
from relapse_model.study.analyte import Analyte
from relapse_model.study.prediction import OutcomeRule, Prediction
from relapse_model.study.predictor import Candidate, Predictor
from relapse_model.study.study import PassiveAntibody
from relapse_model.study.terms_section import KeyPath, Reader
from relapse_model.study.trial_plan import (
    Arms,
    DoseAgain,
    DosingRule,
    EffectModifier,
    FirstDose,
    IntercurrentEvent,
    PrimaryAnalysis,
    Sensitivity,
    TreatmentEffect,
    TrialPlan,
    TrialSubgroup,
)

Entry = TypeVar("Entry")


def read_trial(
    reader: Reader,
    raw: Any,
    predictors: Sequence[Predictor],
    outcome: OutcomeRule,
    prediction: Prediction,
    passive: PassiveAntibody | None,
) -> TrialPlan | None:
    """Return the plan of the trial; problems go to the reader.

    Parameters
    ----------
    reader : Reader
    raw : Any
        What stands under ``[trial]``.
    predictors : sequence of Predictor
    outcome : OutcomeRule
    prediction : Prediction
    passive : PassiveAntibody or None
        An endpoint on its analyte is refused: the treatment itself would be measured.
    """
    path: KeyPath = ("trial",)
    values = reader.table(raw, path, trial_keys.TRIAL)
    if not reader.need(values, raw, path, "arm", "primary"):
        return None
    if passive is not None and outcome.analyte == passive.analyte:
        reader.refuse(
            ("outcome", "analyte"), repr(outcome.analyte), "an endpoint that the treatment is not itself part of",
            "The antibody that is given is measured as that analyte: between arms it shows the dose, not an effect",
        )  # fmt: skip
    arms, primary = _arms(reader, values["arm"]), _primary(reader, values["primary"], predictors, prediction)
    plan = {
        "strata": values.get("strata", ()),
        "population": values.get("population", "randomised"),
        "intercurrent": _several(reader, values, "intercurrent", _intercurrent_of(predictors)),
        "sensitivity": _several(reader, values, "sensitivity", _sensitivity),
        "subgroups": _several(reader, values, "subgroup", _subgroup),
        "effect_modifiers": _several(reader, values, "effect_modifier", _modifier_of(predictors)),
        "effect": _effect(reader, values["effect"]) if "effect" in values else None,
        "dated": values.get("dated"),
    }
    if arms is None or primary is None:
        return None
    for position, event in enumerate(plan["intercurrent"]):
        if event.arm not in (None, arms.treatment, arms.control):
            expected = f"{arms.treatment!r} or {arms.control!r}"
            reader.refuse((*path, "intercurrent", position, "arm"), repr(event.arm), expected)
    return TrialPlan(arms=arms, primary=primary, **plan)


def _arms(reader: Reader, raw: Any) -> Arms | None:
    path: KeyPath = ("trial", "arm")
    values = reader.table(raw, path, trial_keys.ARMS)
    if not reader.need(values, raw, path, "treatment", "control"):
        return None
    if values["treatment"] == values["control"]:
        reader.refuse(path, f"{values['control']!r} for both", "two different values of the column")
    return Arms(**values)


def _primary(
    reader: Reader, raw: Any, predictors: Sequence[Predictor], prediction: Prediction
) -> PrimaryAnalysis | None:
    path: KeyPath = ("trial", "primary")
    values = reader.table(raw, path, trial_keys.PRIMARY)
    if not reader.need(values, raw, path, "endpoint"):
        return None
    values.setdefault("week", prediction.horizon_weeks)
    values.setdefault("window_weeks", prediction.visit_window_weeks)
    if isinstance(values.get("adjust"), dict):
        values["adjust_model"] = values.pop("adjust")["model"]
    for name in values.get("adjust", ()):
        _known(reader, name, (*path, "adjust"), predictors)
    return PrimaryAnalysis(**values)


def _effect(reader: Reader, raw: Any) -> TreatmentEffect | None:
    path: KeyPath = ("trial", "effect")
    values = reader.table(raw, path, trial_keys.EFFECT)
    return TreatmentEffect(**values) if reader.need(values, raw, path, *trial_keys.EFFECT) else None


def _known(reader: Reader, name: str, path: KeyPath, predictors: Sequence[Predictor]) -> None:
    names = [predictor.name for predictor in predictors]
    if name not in names:
        reader.refuse(path, repr(name), f"a predictor of this study ({', '.join(names)})")


def _several(
    reader: Reader, values: Mapping[str, Any], key: str, read: Callable[[Reader, Any, KeyPath], Entry | None]
) -> tuple[Entry, ...]:
    raw = values.get(key, [])
    if not isinstance(raw, list):
        reader.refuse(("trial", key), keys.value_shown(raw), f"one or more [[trial.{key}]]")
        return ()
    found = [read(reader, entry, ("trial", key, position)) for position, entry in enumerate(raw)]
    return tuple(entry for entry in found if entry is not None)


def _intercurrent_of(predictors: Sequence[Predictor]) -> Callable[[Reader, Any, KeyPath], IntercurrentEvent | None]:
    def read(reader: Reader, raw: Any, path: KeyPath) -> IntercurrentEvent | None:
        values = reader.table(raw, path, trial_keys.INTERCURRENT)
        if not reader.need(values, raw, path, "event", "agent", "strategy"):
            return None
        for name in values.get("weight_by", ()):
            _known(reader, name, (*path, "weight_by"), predictors)
        if values.get("weight_by") and values["strategy"] != "hypothetical":
            reader.refuse((*path, "weight_by"), f"with strategy {values['strategy']!r}", "the strategy 'hypothetical'")
        return IntercurrentEvent(agents=values.pop("agent"), **values)

    return read


def _sensitivity(reader: Reader, raw: Any, path: KeyPath) -> Sensitivity | None:
    values = reader.table(raw, path, trial_keys.SENSITIVITY)
    if not reader.need(values, raw, path, "kind"):
        return None
    for key in sorted(values.keys() - {"kind"}):
        if values["kind"] != "multiple imputation":
            reader.refuse((*path, key), f"not a key of kind {values['kind']!r}", "kind alone")
    return Sensitivity(**values)


def _subgroup(reader: Reader, raw: Any, path: KeyPath) -> TrialSubgroup | None:
    values = reader.table(raw, path, trial_keys.SUBGROUP)
    if not reader.need(values, raw, path, "column"):
        return None
    if values["column"] in ("arm", "patient_id"):
        reader.refuse((*path, "column"), repr(values["column"]), "a column of what was known before randomisation")
    return TrialSubgroup(**{"label": values["column"].replace("_", " "), **values})


def _modifier_of(predictors: Sequence[Predictor]) -> Callable[[Reader, Any, KeyPath], EffectModifier | None]:
    def read(reader: Reader, raw: Any, path: KeyPath) -> EffectModifier | None:
        values = reader.table(raw, path, trial_keys.EFFECT_MODIFIER)
        if not reader.need(values, raw, path, "predictor"):
            return None
        _known(reader, values["predictor"], (*path, "predictor"), predictors)
        for one in predictors:
            curved = one.levels or one.saturating is not None or one.kind in ("change", "slope")
            if one.name == values["predictor"] and curved:
                reader.refuse((*path, "predictor"), repr(one.name), "a predictor with values in a clinical unit")
        return EffectModifier(**values)

    return read


def read_dosing(
    reader: Reader, raw: Any, analytes: Mapping[str, Analyte], trial: TrialPlan | None = None
) -> DosingRule | None:
    """Return the dosing rule; problems go to the reader.

    Parameters
    ----------
    reader : Reader
    raw : Any
        What stands under ``[dosing]``.
    analytes : mapping of str to Analyte
    trial : TrialPlan, optional
        Whose arms the rule is about.
    """
    path: KeyPath = ("dosing",)
    values = reader.table(raw, path, trial_keys.DOSING)
    if not reader.need(values, raw, path, "agent", "arm", "dose", "again"):
        return None
    again = reader.table(values["again"], (*path, "again"), trial_keys.AGAIN)
    if not reader.need(again, values["again"], (*path, "again"), "analyte", "below"):
        return None
    if again["analyte"] not in analytes:
        reader.refuse(
            (*path, "again", "analyte"), repr(again["analyte"]), f"an analyte of this study ({', '.join(analytes)})"
        )
    if trial is not None and values["arm"] not in (trial.arms.treatment, trial.arms.control):
        expected = f"an arm of [trial]: {trial.arms.treatment!r} or {trial.arms.control!r}"
        reader.refuse((*path, "arm"), repr(values["arm"]), expected)
    values["again"] = DoseAgain(**again)
    values["first"] = FirstDose(**reader.table(values.get("first", {}), (*path, "first"), trial_keys.FIRST))
    visits = values.get("visits", ())
    if list(visits) != sorted(visits):
        reader.refuse((*path, "visits"), keys.value_shown(list(visits)), "weeks in order")
    return DosingRule(**values)


def read_candidates(
    reader: Reader,
    raw: Any,
    predictors: Sequence[Predictor],
    read_predictor: Callable[[Any, KeyPath], Predictor | None],
) -> tuple[Candidate, ...]:
    """Return the biomarkers to be screened; problems go to the reader.

    Parameters
    ----------
    reader : Reader
    raw : Any
        What stands under ``[[candidates]]``: the keys of a predictor, and ``family``.
    predictors : sequence of Predictor
        Of the study: a candidate has another name than any of them.
    read_predictor : callable
        How the reader of the study reads a predictor.
    """
    if not isinstance(raw, list):
        reader.refuse(("candidates",), keys.value_shown(raw), "one or more [[candidates]]")
        return ()
    found: list[Candidate] = []
    used = {predictor.name for predictor in predictors}
    for position, entry in enumerate(raw):
        path: KeyPath = ("candidates", position)
        family = entry.get("family", "") if isinstance(entry, dict) else ""
        if not isinstance(family, str):
            reader.refuse((*path, "family"), keys.value_shown(family), "text")
        own = {key: value for key, value in entry.items() if key != "family"} if isinstance(entry, dict) else entry
        predictor = read_predictor(own, path)
        if predictor is None:
            continue
        if predictor.name in used:
            reader.refuse((*path, "name"), repr(predictor.name), "a name used once, and by no predictor")
        used.add(predictor.name)
        found.append(Candidate(predictor, str(family)))
    return tuple(found)
