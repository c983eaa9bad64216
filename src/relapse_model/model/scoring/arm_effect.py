"""The effect of the treatment as a model knows it: from the arm among its predictors, or from the plan of the trial."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from relapse_model.arrays import Floats
from relapse_model.classifiers.paired_risks import DRAWS, posterior_log_odds
from relapse_model.classifiers.shared.risks import sigmoid, tail_levels
from relapse_model.errors import RelapseModelError
from relapse_model.features.design import design_matrix
from relapse_model.model.scoring.control_risk import mean_control_risk
from relapse_model.model.trained import LEVEL, TrainedModel
from relapse_model.study.predictor import Predictor
from relapse_model.study.study import Study
from relapse_model.study.trial_plan import Arms, TrialPlan

CODE = "RM207"
TELLING_BENEFIT = 0.15  # an interval that holds 0 and this says nothing
_DEFAULT_SD = 0.3  # of an arm without a prior, log-odds: 0.15 per half of the way between the arms, as a predictor's


class BenefitRefusedError(RelapseModelError):
    """A benefit that the trial, or the model, cannot tell (RM207)."""

    def __init__(self, text: str):
        super().__init__(f"{CODE} benefit refused: {text}")


@dataclass(frozen=True, eq=False)
class ArmEffect:
    """The effect of the treatment in a model.

    Attributes
    ----------
    arms : Arms
    predictors : tuple of Predictor
        Those that tell the arms apart; empty where the effect is the plan's.
    log_odds : array of float, shape (draws,)
        Draws of treatment less control, on the log-odds, at typical values of the other predictors.
    overall : tuple of float
        Benefit at the mean risk of the training patients in the control arm: of the mean effect, with its interval.
    source : str
    control_risk : float
        That mean risk.
    treated_share : float
        Of the training patients, where the effect is the plan's and their risk is that of both arms together.
    prior : tuple of float or None
        Mean and standard deviation of the effect beforehand, where the patients tell nothing; else None.
    both_arms_seen : bool
        Whether patients of the training were known to be in either arm, or the plan states the effect.
    """

    arms: Arms
    predictors: tuple[Predictor, ...]
    log_odds: Floats
    overall: tuple[float, float, float]
    source: str
    control_risk: float
    treated_share: float = 0.0
    prior: tuple[float, float] | None = None
    both_arms_seen: bool = True

    @property
    def known(self) -> bool:
        """Tell whether the effect is known well enough to predict a benefit."""
        return self.prior is None

    def to_dict(self) -> dict[str, Any]:
        """Return the effect as plain values: log-odds and benefit at the mean risk, with their intervals."""
        value, lower, upper = self.overall
        low, high = np.quantile(self.log_odds, tail_levels(LEVEL))
        return {
            "treatment": self.arms.treatment,
            "control": self.arms.control,
            "source": self.source,
            "log_odds": {
                "mean": float(self.log_odds.mean()), "sd": float(self.log_odds.std()),
                "lower": float(low), "upper": float(high),
            },
            "benefit_at_mean_risk": {"value": value, "lower": lower, "upper": upper},
            "mean_control_risk": self.control_risk,
            "level": LEVEL,
            "known": self.known,
            "both_arms_seen": self.both_arms_seen,
        }  # fmt: skip


def arm_effect(model: TrainedModel) -> ArmEffect:
    """Return the effect of the treatment in a model, or refuse.

    Parameters
    ----------
    model : TrainedModel

    Raises
    ------
    BenefitRefusedError
        Without a plan of a randomised trial; where the arm is no predictor and the plan states no effect; where the
        classifier lets the effect differ between patients in ways that the plan does not name.
    """
    plan = trial_plan_of(model.study)
    readers = arm_predictors(model.study, plan)
    if not readers:
        return _stated(model, plan)
    _require_one_effect(model, plan, readers)
    draws = posterior_log_odds(model.classifier)
    anybody = _anybody(model.study)
    control, treated = (
        design_matrix(with_arm(anybody, readers, arm), model.study) for arm in (plan.arms.control, plan.arms.treatment)
    )
    log_odds: Floats = (draws(treated) - draws(control))[0]
    share = _treated_share(model, readers, plan.arms)
    overall, control_risk = _at_mean_risk(log_odds, float(model.summary["mean_risk"]), share)
    seen = _learned(model, readers)
    prior = None if seen and not _tells_nothing(overall) else _prior(readers, plan)
    return ArmEffect(plan.arms, readers, log_odds, overall, "the model", control_risk, prior=prior, both_arms_seen=seen)


def trial_plan_of(study: Study) -> TrialPlan:
    """Return the plan of the trial; refuse a study without one.

    Parameters
    ----------
    study : Study
    """
    if study.trial is None:
        raise BenefitRefusedError(
            f"study {study.name!r} has no section [trial], so its arms are not known to be randomised; observational "
            "arms need another method. Describe the trial in the study file, and train again."
        )
    return study.trial


def arm_predictors(study: Study, plan: TrialPlan) -> tuple[Predictor, ...]:
    """Return the predictors that read the column of the arms; refuse one that does not tell the two arms apart.

    Parameters
    ----------
    study : Study
    plan : TrialPlan
    """
    readers = tuple(one for one in study.predictors if one.column == plan.arms.column)
    for one in readers:
        if one.levels:
            distinguished = {plan.arms.treatment, plan.arms.control} <= set(one.levels)
        else:
            distinguished = one.equals in (plan.arms.treatment, plan.arms.control)
        if not distinguished:
            raise BenefitRefusedError(
                f"predictor {one.name!r} does not tell {plan.arms.treatment!r} and {plan.arms.control!r} of column "
                f"{plan.arms.column!r} apart; expected equals = {plan.arms.treatment!r}, or both among its levels."
            )
    return readers


def with_arm(features: pd.DataFrame, readers: Sequence[Predictor], arm: str) -> pd.DataFrame:
    """Return the predictors with everybody in one arm.

    Parameters
    ----------
    features : DataFrame
    readers : sequence of Predictor
    arm : str
    """
    return features.assign(**{one.name: arm if one.levels else float(arm == one.equals) for one in readers})


def _require_one_effect(model: TrainedModel, plan: TrialPlan, readers: tuple[Predictor, ...]) -> None:
    """Refuse a classifier, or terms of the study, by which the effect differs beyond what the plan names."""
    if model.classifier_name not in ("prior_logistic", "ridge_logistic", "prior_hazard"):
        raise BenefitRefusedError(
            f"the classifier is {model.classifier_name!r}; expected 'prior_logistic', 'ridge_logistic' or "
            "'prior_hazard', which have one effect of the arm. Trees learn a different one for every patient, or "
            "have no posterior of it; train with candidates=('prior_logistic',)."
        )
    names, modifiers = {one.name for one in readers}, {one.predictor for one in plan.effect_modifiers}
    for term in model.study.terms:
        used = {factor.predictor for factor in term.factors}
        if used & names and not (used - names) <= modifiers:
            raise BenefitRefusedError(
                f"term {term.name!r} lets the effect of the arm differ, and the plan does not name it; expected "
                "[[trial.effect_modifier]] for each predictor by which the effect may differ, stated beforehand."
            )


def _anybody(study: Study) -> pd.DataFrame:
    """Return one patient of whom nothing is known."""
    return pd.DataFrame({one.name: [None if one.levels else np.nan] for one in study.predictors}, index=["typical"])


def _learned(model: TrainedModel, readers: tuple[Predictor, ...]) -> bool:
    """Tell whether the training patients were in both arms, and known to be."""
    for one in readers:
        training = model.summary["predictors"].get(one.name, {})
        if one.name in model.summary.get("hardly_known", {}):
            return False
        if one.levels:
            counts = training.get("levels", {})
            if any(counts.get(level) in (0, None) for level in one.levels):
                return False
        elif training.get("mean") is None or not 0 < training["mean"] < 1:
            return False
    return True


def _prior(readers: tuple[Predictor, ...], plan: TrialPlan) -> tuple[float, float]:
    """Return what the study says of the effect beforehand."""
    one = readers[0]
    if one.prior is None or one.levels or one.prior.per == "sd":
        return 0.0, _DEFAULT_SD
    step = 1.0 if isinstance(one.prior.per, str) else float(one.prior.per)
    sign = 1.0 if one.equals == plan.arms.treatment else -1.0
    return sign * one.prior.log_odds / step, one.prior.sd / step


def _tells_nothing(overall: tuple[float, float, float]) -> bool:
    return overall[1] <= 0.0 and overall[2] >= TELLING_BENEFIT


def _at_mean_risk(log_odds: Floats, mean_risk: float, share: float) -> tuple[tuple[float, float, float], float]:
    """Return the benefit at the mean risk in the control arm, that of the mean effect with its interval; and that risk.

    The mean risk of both arms is taken as known: the larger the effect, the higher the risk in the control arm.
    """
    high, low = np.quantile(log_odds, tail_levels(LEVEL))
    effects = np.array([log_odds.mean(), high, low])
    control = mean_control_risk(mean_risk, effects, share)
    at = np.log(control) - np.log1p(-control)
    value, upper, lower = control - sigmoid(at + effects)
    return (float(value), float(lower), float(upper)), float(control[0])


def _treated_share(model: TrainedModel, readers: tuple[Predictor, ...], arms: Arms) -> float:
    """Return which share of the training patients was in the treatment arm; 0 where nobody is known to have been."""
    one = readers[0]
    training = model.summary["predictors"].get(one.name, {})
    if one.levels:
        treated, control = (training.get("levels", {}).get(arm) or 0 for arm in (arms.treatment, arms.control))
        return float(treated / (treated + control)) if treated else 0.0
    mean = training.get("mean")
    if mean is None:
        return 0.0
    return float(mean if one.equals == arms.treatment else 1.0 - mean)


def _stated(model: TrainedModel, plan: TrialPlan) -> ArmEffect:
    """Return the effect that the plan states."""
    if plan.effect is None:
        raise BenefitRefusedError(
            f"no predictor of the model reads the column {plan.arms.column!r}, and the plan states no effect; expected "
            "the arm among the predictors, or effect = { log_odds = ..., sd = ..., source = ... } in [trial], from "
            "the trial's own analysis."
        )
    normal = np.random.default_rng(0).standard_normal(DRAWS // 2)
    normal = np.concatenate([normal, -normal]) / np.sqrt(np.mean(normal**2))
    log_odds = plan.effect.log_odds + plan.effect.sd * normal
    share = float(model.summary.get("treated_share", 0.0))
    overall, control_risk = _at_mean_risk(log_odds, float(model.summary["mean_risk"]), share)
    prior = (plan.effect.log_odds, plan.effect.sd) if _tells_nothing(overall) else None
    return ArmEffect(plan.arms, (), log_odds, overall, plan.effect.source, control_risk, share, prior)
