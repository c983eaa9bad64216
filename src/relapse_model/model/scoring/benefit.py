"""The benefit of treatment for new patients: risk under both arms, by one effect on the log-odds (PATH)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Floats, Mask, Positions
from relapse_model.classifiers.by_centre import by_centre
from relapse_model.classifiers.paired_risks import PairedRisks, blocks, paired_risks, posterior_log_odds
from relapse_model.classifiers.shared.risks import sigmoid, tail_levels
from relapse_model.cohort.cohort import Cohort
from relapse_model.comparisons import at_or_before
from relapse_model.display.html_summary import html_summary
from relapse_model.features import derive_features
from relapse_model.features.centre_labels import centre_labels
from relapse_model.features.design import design_matrix
from relapse_model.model.scoring.arm_effect import (
    CODE,
    TELLING_BENEFIT,
    ArmEffect,
    BenefitRefusedError,
    arm_effect,
    trial_plan_of,
    with_arm,
)
from relapse_model.model.scoring.control_risk import untreated_log_odds
from relapse_model.model.scoring.guards import NewPatients, guard_warnings
from relapse_model.model.trained import LEVEL, TrainedModel
from relapse_model.model.verdict import model_verdict
from relapse_model.study.arm_prior import without_arm_prior
from relapse_model.study.effect_modifiers import few_events_for_modifiers, modifier_term

Sites: TypeAlias = NDArray[np.object_] | None
COLUMNS = ("risk_control", "risk_treated", "benefit", "lower", "upper", "nnt")
CANNOT_BE_GIVEN = "cannot be given"
ONE_EFFECT = (
    "The benefit differs between patients because their risks differ; the relative effect of the treatment is the "
    "same for all."
)
_BOTH_SHOWN = ("RS209",)  # the arm of a new patient: both are shown


@dataclass(frozen=True, repr=False, eq=False)
class BenefitTable:
    """What `RelapseModel.benefit` returns: a table, and what holds for all of its rows.

    Attributes
    ----------
    table : DataFrame
        One row per patient, in the order of the cohort: ``patient_id``; ``status``; ``risk_control`` and
        ``risk_treated``; ``benefit``, their difference, with ``lower`` and ``upper``, its 90 % interval (of the mean
        of patients with these values: what nobody measured is in no interval); ``nnt``, in words; ``warnings``;
        ``reason`` (of a rejection). Its columns may be had from the result itself.
    effect : ArmEffect
        The effect of the treatment, the same for everybody on the log-odds unless the plan names modifiers.
    statement : str
        What the table says, and what not.
    verdict : str
        How far the risks of the model can be relied on.
    """

    table: pd.DataFrame
    effect: ArmEffect
    statement: str
    verdict: str = ""

    def __repr__(self) -> str:
        """Return counts only: patients are never printed."""
        scored = int((self.table["status"] == "scored").sum())
        known = "" if self.effect.known else ", benefit not known"
        return f"BenefitTable({len(self.table)} patients, {scored} scored{known})"

    def _repr_html_(self) -> str:
        """Return counts and the statement, as a notebook shows them: patients are never printed."""
        value, lower, upper = self.effect.overall
        found = f"{100 * value:+.1f} percentage points ({100 * lower:+.1f} to {100 * upper:+.1f})"
        facts = [
            ("benefit at the mean control risk", found if self.effect.known else "not known"),
            ("from", self.effect.source),
        ]
        return html_summary(
            repr(self)[len("BenefitTable(") : -1], facts, note=f"{self.verdict} {self.statement}".strip()
        )

    def __len__(self) -> int:
        """Return the number of patients."""
        return len(self.table)

    def __getitem__(self, column: str) -> pd.Series:
        """Return a column of the table."""
        return self.table[column]

    @property
    def columns(self) -> list[str]:
        """Return the names of the columns."""
        return list(self.table.columns)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, with one row per patient: they do not leave the hospital."""
        rows = self.table.astype(object).where(self.table.notna(), None).to_dict("records")
        return {"verdict": self.verdict, "statement": self.statement, "effect": self.effect.to_dict(), "patients": rows}


def benefit_table(model: TrainedModel, cohort: Cohort, landmark_week: float | None = None) -> BenefitTable:
    """Return risk under both arms and benefit of every patient, as `RelapseModel.benefit` describes it."""
    from relapse_model.model.scoring.scorable import place_rejected, unusable

    landmark = require_randomisation(model, landmark_week)
    effect = arm_effect(model)
    cohort = with_arm_column(cohort, effect.arms.column)
    reasons = np.array(unusable(cohort, model.study, landmark, unmeasured=model.scores_unmeasured), dtype=object)
    features = derive_features(cohort, model.study, landmark)
    usable = np.asarray(reasons == "", dtype=bool)
    treated = with_arm(features, effect.predictors, effect.arms.treatment)
    new = NewPatients(
        cohort, treated, model.study, model.summary, landmark, model.landmark_weeks, model.predict_risk,
        model.centres,
    )  # fmt: skip
    warned = with_warning(guard_warnings(new, without=_BOTH_SHOWN), not_known(effect))
    table = pd.DataFrame(
        {
            "patient_id": cohort.patients["patient_id"].to_numpy(),
            "status": np.where(usable, "scored", "rejected"),
            **benefit_columns(model, features, usable, effect, centre_labels(cohort, model.study)),
            "warnings": np.where(usable, np.array(warned, dtype=object), ""),
            "reason": reasons,
        }
    )
    return BenefitTable(
        place_rejected(table, cohort.rejected), effect, statement(model, effect), model_verdict(model).en
    )


def benefit_columns(
    model: TrainedModel, features: pd.DataFrame, usable: Mask, effect: ArmEffect, site: Sites = None
) -> dict[str, np.ndarray[Any, Any]]:
    """Return the columns of risk under both arms, benefit, interval and number needed to treat.

    Parameters
    ----------
    model : TrainedModel
    features : DataFrame
        Of all patients.
    usable : array of bool
        Who can be scored; NaN for the others, and for everybody where the effect is not known.
    effect : ArmEffect
    site : array of str, optional
        The centre of each, as `centre_labels` has it.
    """
    columns: dict[str, np.ndarray[Any, Any]] = {name: np.full(len(features), np.nan) for name in COLUMNS[:-1]}
    columns["nnt"] = np.full(len(features), "", dtype=object)
    if not effect.known:  # two risks side by side are read as a benefit, or as harm: neither is known
        columns["nnt"][usable] = CANNOT_BE_GIVEN
        return columns
    risks = both_arms(model, features[usable], effect, None if site is None else site[usable])
    benefit, lower, upper = risks.first - risks.second, risks.lower, risks.upper
    for name, values in zip(COLUMNS, (risks.first, risks.second, benefit, lower, upper), strict=False):
        columns[name][usable] = values
    columns["nnt"][usable] = [number_needed(*one) for one in zip(benefit, lower, upper, strict=True)]
    return columns


def both_arms(model: TrainedModel, features: pd.DataFrame, effect: ArmEffect, site: Sites = None) -> PairedRisks:
    """Return the risks in the control and in the treatment arm, and the interval of the difference.

    Parameters
    ----------
    model : TrainedModel
    features : DataFrame
        Of patients who can be scored.
    effect : ArmEffect
    site : array of str, optional
        The centre of each.
    """
    parts = by_centre(model.classifier, site, len(features))
    if len(parts) <= 1:
        return _at_one_centre(replace(model, classifier=parts[0][0] if parts else model.classifier), features, effect)
    found = np.empty((4, len(features)))
    for classifier, rows in parts:
        risks = _at_one_centre(replace(model, classifier=classifier), features.iloc[rows], effect)
        found[:, rows] = risks.first, risks.second, risks.lower, risks.upper
    return PairedRisks(*found)


def _at_one_centre(model: TrainedModel, features: pd.DataFrame, effect: ArmEffect) -> PairedRisks:
    """Return the risks in both arms of patients whom one posterior scores."""
    control = design_matrix(with_arm(features, effect.predictors, effect.arms.control), model.study)
    if effect.predictors and effect.known:
        treated = design_matrix(with_arm(features, effect.predictors, effect.arms.treatment), model.study)
        return paired_risks(model.classifier, control, treated, LEVEL)
    return _with_effect(model, control, effect)


def _with_effect(model: TrainedModel, matrix: Floats, effect: ArmEffect) -> PairedRisks:
    """Return the risks where the effect does not come from the model's posterior; it is independent of the risk."""
    draws = posterior_log_odds(model.classifier)
    found = np.empty((len(matrix), 4))
    for rows in blocks(len(matrix)):
        log_odds = draws(matrix[rows])
        delta = _effect_draws(effect, log_odds.shape[1])
        control = untreated_log_odds(log_odds, delta, effect.treated_share)
        first, second = sigmoid(control), sigmoid(control + delta)
        found[rows, 0], found[rows, 1] = first.mean(axis=1), second.mean(axis=1)
        found[rows, 2:] = np.quantile(first - second, tail_levels(LEVEL), axis=1).T
    if len(matrix) and not effect.treated_share:
        found[:, 0] = model.classifier.predict_proba(matrix)[:, 1]
    return PairedRisks(*found.T)


def _effect_draws(effect: ArmEffect, draws: int) -> Floats:
    """Return as many draws of the effect, in an order of their own: beforehand where the patients tell nothing."""
    rng = np.random.default_rng(1)
    if effect.prior is None:
        return np.asarray(rng.permutation(effect.log_odds)[:draws])
    mean, sd = effect.prior
    normal = rng.standard_normal(draws)
    return np.asarray(mean + sd * (normal - normal.mean()) / normal.std())


def number_needed(benefit: float, lower: float, upper: float) -> str:
    """Return the number needed to treat in words; none where the interval of the benefit includes 0.

    Parameters
    ----------
    benefit, lower, upper : float

    Examples
    --------
    >>> number_needed(0.13, 0.05, 0.2), number_needed(0.02, -0.01, 0.05), number_needed(-0.1, -0.2, -0.05)
    ('8 (5 to 20)', 'cannot be given', 'harm: 1 more in 10 (5 to 20)')
    """
    if not lower > 0.0 and not upper < 0.0:  # NaN too
        return CANNOT_BE_GIVEN
    ends = sorted(math.ceil(round(1.0 / abs(end), 6)) for end in (lower, upper))
    needed = f"{math.ceil(round(1.0 / abs(benefit), 6))} ({ends[0]} to {ends[1]})"
    return needed if lower > 0.0 else f"harm: 1 more in {needed}"


def not_known(effect: ArmEffect) -> str:
    """Return the warning where the benefit is not known; empty where it is."""
    if effect.known:
        return ""
    _, lower, upper = effect.overall
    reason = (
        f"at the mean risk in the control arm its {100 * LEVEL:g} % interval, {_points(lower)} to {_points(upper)} "
        f"percentage points, includes both none and {100 * TELLING_BENEFIT:g}"
        if effect.both_arms_seen
        else "no patient of the training was known to be in one of the arms"
    )
    return f"{CODE} benefit not known: {reason}; so the risks in the two arms are not given either"


def _points(share: float) -> str:
    """Return a share as percentage points."""
    return f"{100 * share:z.1f}"


def with_warning(warned: Sequence[str], more: str) -> list[str]:
    """Return warnings with one more for everybody."""
    return [f"{one}; {more}" if one and more else one or more for one in warned]


def statement(model: TrainedModel, effect: ArmEffect) -> str:
    """Return what holds for all patients: one effect, or modifiers, and how well it is known."""
    plan, words = trial_plan_of(model.study), [ONE_EFFECT]
    modifiers = tuple(one.predictor for one in plan.effect_modifiers)
    if modifiers and modelled(model, effect):
        words = [f"The effect differs by {', '.join(modifiers)}, as the plan states, shrunk towards one effect."]
    elif modifiers:
        refused = few_events_for_modifiers(int(model.summary["events"]), len(modifiers))
        words.append(f"{CODE}: {refused or 'this model has one effect, and no effect modifier of the plan'}.")
    value, lower, upper = effect.overall
    words.append(
        "Benefit at the mean predicted risk of the training patients in the control arm "
        f"({100 * effect.control_risk:.1f} %): {_points(value)} percentage points ({100 * LEVEL:g} % interval "
        f"{_points(lower)} to {_points(upper)}); effect from {effect.source}."
        if effect.known
        else f"{not_known(effect)}."
    )
    if effect.predictors and model.classifier_name != "ridge_logistic":
        words.append(without_arm_prior(model.study))
    return " ".join(filter(None, words))


def modelled(model: TrainedModel, effect: ArmEffect) -> bool:
    """Tell whether the effect differs by the modifiers of the plan in this model."""
    terms = {one.name for one in model.study.terms} if model.classifier_name != "ridge_logistic" else set()
    named = trial_plan_of(model.study).effect_modifiers
    return any(modifier_term(arm.name, one.predictor) in terms for arm in effect.predictors for one in named)


def require_randomisation(model: TrainedModel, landmark_week: float | None) -> float:
    """Return the landmark; refuse one after randomisation, when the treatment has changed the predictors.

    Parameters
    ----------
    model : TrainedModel
    landmark_week : float, optional
    """
    trial_plan_of(model.study)
    landmark = model.landmark(landmark_week)
    if not at_or_before(landmark, 0.0):
        raise BenefitRefusedError(
            f"the landmark is week {landmark:g}, after randomisation: the treatment has changed what is measured then, "
            "so the other arm's risk is not that of the same values. Expected a model for week 0."
        )
    return landmark


def with_arm_column(cohort: Cohort, column: str) -> Cohort:
    """Return the cohort with a column of arms, empty where it has none: new patients have no arm."""
    if column in cohort.patients:
        return cohort
    return replace(
        cohort, patients=cohort.patients.assign(**{column: pd.Series(pd.NA, cohort.patients.index, "object")})
    )


def score_columns(
    model: TrainedModel, features: pd.DataFrame, together: Sequence[Positions], site: Sites = None
) -> tuple[dict[str, np.ndarray[Any, Any]], str]:
    """Return the columns that `score` adds for both arms, and the warning for everybody.

    Parameters
    ----------
    model : TrainedModel
    features : DataFrame
    together : sequence of array of int
        The positions of those who can be scored, each array taken together.
    site : array of str, optional
        The centre of each patient.
    """
    effect, nobody = arm_effect(model), np.zeros(len(features), dtype=bool)
    columns = benefit_columns(model, features, nobody, effect)
    for rows in together:
        own_site = None if site is None else site[rows]
        own = benefit_columns(model, features.iloc[rows], np.ones(len(rows), dtype=bool), effect, own_site)
        for name, values in own.items():
            columns[name][rows] = values
    named = {"lower": "benefit_lower", "upper": "benefit_upper"}
    return {named.get(name, name): values for name, values in columns.items()}, not_known(effect)
