"""The questions a reader asks first: how many had the outcome, from when it counts, and for whom the model is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
from numpy.typing import NDArray

from relapse_model.cohort.cohort import Cohort
from relapse_model.features.centre_labels import one_name_each
from relapse_model.features.development_data import DevelopmentData
from relapse_model.report.arms import arms_of_plan
from relapse_model.report.disclosure import FULL
from relapse_model.report.figures.survival import at_visits, in_order, risk_at
from relapse_model.report.translation import sentences
from relapse_model.small_counts import SMALL
from relapse_model.study.study import Study

_SEXES = {"F", "M"}
_MOST_ARMS = 4
_SHOWN = 0.0005  # of a risk, with one decimal in percent
_FEWEST_AGES = 20  # of fewer, the 5th percentile is one patient
_CRITERIA_LETTERS = 160  # of the excluding criteria that a first screen has room for
Say = Callable[..., str]


def estimated_risk(data: DevelopmentData) -> dict[str, Any] | None:
    """Return the share with the outcome by the horizon, allowing for loss to follow-up, with its 95 % limits.

    Kaplan-Meier (Aalen-Johansen where there are competing events), with the tests of the visit at the horizon counted
    at the horizon, as the outcome counts them. None where fewer than 5 were followed so long.

    Parameters
    ----------
    data : DevelopmentData
        Patients at risk at one landmark.
    """
    found = risk_at(*at_visits(data), data.horizon)
    if found is None:
        return None
    method = "Kaplan-Meier" if data.competing_ends() is None else "Aalen-Johansen"
    return dict(zip(("value", "lower", "upper"), found, strict=True)) | {"level": 0.95, "method": method}


def patients_described(
    cohort: Cohort, data: DevelopmentData, study: Study, arm: NDArray[Any] | None, disclosure: str = FULL
) -> dict[str, Any]:
    """Return who the patients are, in a few numbers: arms, centres, age and sex, as far as the tables tell.

    Parameters
    ----------
    cohort : Cohort
    data : DevelopmentData
        Patients at risk at one landmark.
    study : Study
    arm : array of str or None
        Arm of each of these patients.
    disclosure : {"full", "small-counts"}
        Small counts hidden: no arms, and no share of men where fewer than 5 are men, or women.
    """
    patients = cohort.patients.set_axis(cohort.patient_ids).loc[data.features.index]
    full = disclosure == FULL
    found: dict[str, Any] = {"cohort": len(cohort) + len(cohort.rejected), "patients": len(data)}
    if arm is not None and full:
        labels = arm.astype(str)
        found["arms"] = {name: int((labels == name).sum()) for name in in_order(set(labels), arms_of_plan(study))}
    if "centre" in patients:
        found["centres"] = int(one_name_each(patients["centre"]).nunique())
    if "age_years" in patients:
        ages = pd.to_numeric(patients["age_years"]).dropna()
        if len(ages) >= SMALL:
            found["median_age"] = float(ages.median())
        if len(ages) >= (_FEWEST_AGES if full else 5 * _FEWEST_AGES):  # 5 patients or more beyond either end
            found["ages"] = [float(age) for age in ages.quantile([0.05, 0.95])]
    if "sex" in patients:
        sexes = patients["sex"].dropna().astype(str)
        men = int((sexes == "M").sum())
        if len(sexes) and set(sexes) <= _SEXES and (full or min(men, len(sexes) - men) >= SMALL):
            found["male"] = men / len(sexes)
    return found


def eligibility_told(summary: Mapping[str, Any], study: Study) -> dict[str, dict[str, int | str] | None]:
    """Return how many training patients met the study's criteria, under ``eligibility``; empty where it states none.

    None stands for what a model of an earlier version does not tell, or could not be told of these tables.

    Parameters
    ----------
    summary : Mapping
        Of the model, with the counts as they may be shown.
    study : Study

    Examples
    --------
    >>> import relapse_model as rm
    >>> study = rm.load_study("hbsag-relapse")
    >>> eligibility_told({"eligibility": {"met": 90, "not_met": 3, "undecidable": 20}}, study)
    {'eligibility': {'met': 90, 'not_met': 3, 'undecidable': 20}}
    """
    if not (study.eligibility.include or study.eligibility.exclude):
        return {}
    counts = summary.get("eligibility")
    return {"eligibility": None if counts is None else dict(counts)}


def first_screen(
    values: dict[str, Any],
    study: Study,
    named: str,
    week: float,
    say: Say,
    *,
    competed: int = 0,
    adjudicated: bool = False,
) -> dict[str, str]:
    """Return what the first screen says beside the verdict, in the language of `say`.

    Parameters
    ----------
    values : dict
        Of the report, among it ``estimated_risk``, ``patients_described`` and ``follow_up``.
    study : Study
    named : str
        The outcome, in the language.
    week : float
        The landmark.
    say : callable
        Of `relapse_model.report.language.words_of`.
    competed : int
        Patients with a competing event by the horizon.
    adjudicated : bool
        Whether the cohort has an outcomes table, which decides before the study's rule.
    """
    horizon = f"{study.prediction.horizon_weeks:g}"
    return {
        "asked": say("how_many", outcome=named[:1].upper() + named[1:], horizon=horizon),
        **_how_many(values, horizon, competed, say),
        "from_when": _from_when(study, week, say),
        "adjudicated": say("adjudicated") if adjudicated and study.outcome.analyte is not None else "",
        "whom": _whom(values["patients_described"], say),
        "not_for": _not_for(values["patients_described"], study, named, week, say),
    }


def _how_many(values: dict[str, Any], horizon: str, competed: int, say: Say) -> dict[str, str]:
    counts, risk = values["follow_up"], values["estimated_risk"]
    competing = say("counted_competing", competing=competed) if competed else ""
    shown = {name: counts[name] for name in ("patients", "events", "free", "lost")}
    counted = say("counted", competing=competing, **shown)
    if risk is None:
        return {"risk": say("no_risk", horizon=horizon), "interval": "", "counted": counted[:1].upper() + counted[1:]}
    percent = {name: f"{100 * risk[name]:.1f}" for name in ("value", "lower", "upper")}
    interval = say("interval", level=f"{100 * risk['level']:g}", lower=percent["lower"], upper=percent["upper"])
    known = {"risk": f"{percent['value']} %", "interval": interval}
    if counts["lost"] and risk["value"] > counts["events"] / counts["patients"] + _SHOWN:
        whole = (counted[:1].upper() + counted[1:]).removesuffix(say("stop"))
        return known | {"counted": say("higher", counted=whole, risk=known["risk"], method=risk["method"])}
    counted = say("estimated_lost" if counts["lost"] else "estimated", method=risk["method"], counted=counted)
    return known | {"counted": counted}


def _from_when(study: Study, week: float, say: Say) -> str:
    """Return what week 0 is: enrolment only in a trial; else the study alone knows it, whose tables count from it."""
    enrolled = study.trial is not None
    index, rule = study.time.index, study.outcome
    if index is not None:
        below = index.first_below is not None
        limit = index.first_below if below else index.first_at_least
        unit = study.analytes[index.analyte].unit
        zero = say("zero_index", analyte=_analyte(study, index.analyte, say), limit=_limit(below, limit, unit, say))
    elif rule.analyte is not None and not week:
        free_below = rule.at_least is not None  # the outcome is a result at or above the limit
        limit = rule.at_least if free_below else rule.below
        shown = _limit(free_below, limit, study.analytes[rule.analyte].unit, say)
        tested = "zero_tested" if enrolled else "zero_of_study_tested"
        zero = say(tested, analyte=_analyte(study, rule.analyte, say), limit=shown)
    else:
        zero = say("zero" if enrolled else "zero_of_study")
    return say("between").join([zero, say("predicted_at", landmark=f"{week:g}")]) if week else zero


def _analyte(study: Study, name: str, say: Say) -> str:
    one = study.analytes[name]
    return (one.label_zh if say("language") == "zh" else "") or one.label


def _limit(below: bool, limit: float | None, unit: str, say: Say) -> str:
    return say("below" if below else "at_least", limit=f"{limit:g} {unit}".rstrip())


def _whom(found: dict[str, Any], say: Say) -> str:
    arms = found.get("arms", {})
    parts = []
    if 1 < len(arms) <= _MOST_ARMS:
        called = sentences() if say("language") == "zh" else {}
        named = [say("arm_of", arm=called.get(name, name), patients=count) for name, count in arms.items()]
        parts.append(say("listed").join(named))
    if found.get("centres", 0) > 1:
        parts.append(say("of_centres", centres=found["centres"]))
    if "median_age" in found:
        parts.append(say("aged", age=f"{found['median_age']:.0f}"))
    if "male" in found:
        parts.append(say("male", share=f"{100 * found['male']:.0f}"))
    who = say("described", who=say("joint").join(parts)) if parts else ""
    of = say("of_cohort", total=found["cohort"]) if found["cohort"] > found["patients"] else ""
    return say("whom", patients=found["patients"], of=of, who=who) + _criteria(found, say)


def _not_for(found: dict[str, Any], study: Study, named: str, week: float, say: Say) -> str:
    """Return for whom the model must not be used: by the study's criteria, and by who was studied."""
    parts = []
    if study.eligibility.include or study.eligibility.exclude:
        named_criteria = _excluded(study, say)
        examples = say("not_criteria_named", criteria=named_criteria) if named_criteria else ""
        parts.append(say("not_criteria", named=examples))
    parts.append(_not_at_risk(study, named, week, say))
    if "ages" in found:
        low, high = (f"{age:.0f}" for age in found["ages"])
        parts.append(say("not_ages", low=low, high=high))
    if len(found.get("arms", {})) > 1:
        parts.append(say("not_arms"))
    return say("joint").join([*parts, say("not_weeks")]) + say("stop")


def _not_at_risk(study: Study, named: str, week: float, say: Say) -> str:
    """Return who has the outcome already: by its test at week 0, before which no relapse can have been seen."""
    rule = study.outcome
    at = say("at_enrolment") if study.trial is not None and not week else say("at_week", landmark=f"{week:g}")
    if rule.analyte is None or week:
        return say("not_relapsed", outcome=named, week=at)
    below = rule.at_least is None
    shown = _limit(below, rule.below if below else rule.at_least, study.analytes[rule.analyte].unit, say)
    return say("not_positive", analyte=_analyte(study, rule.analyte, say), limit=shown, week=at)


def _excluded(study: Study, say: Say) -> str:
    """Return whom the study excludes, as many of its criteria as fit on a first screen."""
    chinese, found = say("language") == "zh", ""
    for one in study.eligibility.exclude:
        text = (one.text_zh if chinese else "") or one.text
        within = text[:1].lower() + text[1:] if text[1:2].islower() else text
        longer = say("listed").join(filter(None, (found, within)))
        if found and len(longer) > _CRITERIA_LETTERS:
            return found + say("and_more")
        found = longer
    return found


def _criteria(found: dict[str, Any], say: Say) -> str:
    """Return how many met the study's criteria; nothing where it states none."""
    if "eligibility" not in found:
        return ""
    counts = found["eligibility"]
    if counts is not None and not (counts["not_met"] or counts["undecidable"]):
        return say("criteria_all")
    return say("criteria_unknown") if counts is None else say("criteria_met", patients=found["patients"], **counts)
