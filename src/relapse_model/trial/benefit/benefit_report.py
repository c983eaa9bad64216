"""The benefit of treatment: whether it differs with risk, and whether what is predicted is right."""

from __future__ import annotations

from typing import Any

import numpy as np

from relapse_model.arrays import Mask, require_seed
from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.outcome.competing import refuse_competing
from relapse_model.development.candidates import check_candidates
from relapse_model.development.checks.finding import Finding
from relapse_model.development.checks.rm128_arm_without_prior import arm_findings
from relapse_model.development.procedure import Procedure, develop
from relapse_model.development.train import Start, model_of
from relapse_model.errors import RelapseModelError
from relapse_model.features.design import design
from relapse_model.features.development_data import DevelopmentData
from relapse_model.features.development_data_at_landmarks import landmarks_and_data
from relapse_model.features.enough_events import require_events
from relapse_model.model.relapse_model import RelapseModel
from relapse_model.model.scoring.arm_effect import (
    CODE,
    BenefitRefusedError,
    arm_effect,
    arm_predictors,
    trial_plan_of,
)
from relapse_model.model.scoring.benefit import not_known, statement
from relapse_model.study.effect_modifiers import few_events_for_modifiers
from relapse_model.study.study import Study
from relapse_model.trial.benefit.benefit_result import BenefitReport
from relapse_model.trial.benefit.benefit_tables import (
    calibration_of_benefit,
    curve_of_one_effect,
    decisions_by_benefit,
    groups_by_risk,
    or_refused,
)
from relapse_model.trial.benefit.held_out import HeldOut, arms_of, held_out_risks
from relapse_model.trial.benefit.measures import (
    c_for_benefit,
    heterogeneity_score_test,
    heterogeneity_test,
    matched_pairs,
)

ONE_EFFECT_CLASSIFIERS = ("prior_logistic", "ridge_logistic", "prior_hazard")
EVENTS_FOR_QUARTERS = 200
FOLDS, REPEATS = 5, 10
_TITLE = "benefit refused"


def benefit_report(
    cohort: Cohort,
    study: Study,
    *,
    groups: int = 3,
    pairs: bool = False,
    candidates: tuple[str, ...] = ("prior_logistic",),
    folds: int = FOLDS,
    repeats: int = REPEATS,
    seed: int = 0,
) -> BenefitReport:
    """Judge predicted benefit in the trial itself, by models that had not seen the patients.

    One risk model for both arms, without interactions of the arm, and one effect on the log-odds (PATH, Kent 2020,
    doi:10.7326/M18-3667): the absolute effect is then larger at higher risk, the relative effect not, and whether that
    holds is tested. The whole procedure is repeated in folds: no risk model is judged on patients it was made from. The
    lost are weighted within arms, assuming that within an arm loss does not depend on what would have become of them.

    Parameters
    ----------
    cohort : Cohort
        The trial's.
    study : Study
        With a section [trial].
    groups : int
        Of patients by predicted risk: 2 or 3; 4 from 200 events on.
    pairs : bool
        Also the c-for-benefit, which says little; see its text.
    candidates : tuple of str
        Classifiers with one effect of the arm to choose among: ``"prior_logistic"``, ``"ridge_logistic"``,
        ``"prior_hazard"``.
    folds, repeats, seed : int
        Of the cross-validation.

    Returns
    -------
    BenefitReport

    Raises
    ------
    BenefitRefusedError
        RM207: without [trial], without an arm among the predictors or an effect in the plan, or with a classifier whose
        effect differs between patients.
    InsufficientDataError
        With fewer than 5 events, or where folds cannot be fitted.

    Examples
    --------
    >>> import relapse_model as rm
    >>> found = rm.benefit_report(rm.simulate_cohort(132, seed=7), rm.load_study("hbsag-relapse"), repeats=1)
    >>> len(found.groups), found.patients
    (3, 132)
    """
    plan = trial_plan_of(study)
    readers = arm_predictors(study, plan)
    names = check_candidates(tuple(candidates))
    others = [name for name in names if name not in ONE_EFFECT_CLASSIFIERS]
    if others:
        raise BenefitRefusedError(
            f"candidates: {', '.join(others)} let the effect of the arm differ from patient to patient; expected some "
            f"of {', '.join(ONE_EFFECT_CLASSIFIERS)}."
        )
    if not readers and plan.effect is None:
        raise BenefitRefusedError(
            f"no predictor of study {study.name!r} reads the column {plan.arms.column!r}; the plan states no effect; "
            "expected one of both."
        )
    seed = require_seed(seed)
    refuse_competing(cohort, "benefit report", "Its contrasts of arms are Kaplan-Meier's")
    at, data = landmarks_and_data(cohort, study, 0.0, names, group_by=None, censoring="ipcw")
    study = at[0].study
    _check_groups(groups, data.events)
    require_events(data, "benefit report")
    treated, judged = arms_of(cohort, plan, data)
    procedure = Procedure(design(study), names)
    risks = held_out_risks(data, procedure, study, readers, treated, folds=folds, repeats=repeats, seed=seed)
    model = model_of(develop(data, procedure, seed, final=True), Start(at, data, procedure, seed, None))
    return _report(model, judged, treated, risks, groups=groups, pairs=pairs, folds=folds, repeats=repeats, seed=seed)


def _check_groups(groups: int, events: int) -> None:
    most = 4 if events >= EVENTS_FOR_QUARTERS else 3
    if not isinstance(groups, int | np.integer) or not 2 <= groups <= most:
        raise RelapseModelError(
            f"groups is {groups!r}; expected 2 to {most} for {events} events (quarters from {EVENTS_FOR_QUARTERS} "
            "events on): smaller groups show noise."
        )


def _report(
    model: RelapseModel, data: DevelopmentData, treated: Mask, risks: HeldOut, *, groups: int, pairs: bool,
    **settings: Any,
) -> BenefitReport:  # fmt: skip
    effect, refused = arm_effect(model), dict[str, str]()
    weight = data.weights()
    arm, relapse = treated.astype(float), data.relapse
    tested, ratio = (
        or_refused(refused, name, function, relapse, arm, risks.score, weight)
        for name, function in (
            ("heterogeneity", heterogeneity_score_test), ("likelihood ratio of heterogeneity", heterogeneity_test),
        )
    )  # fmt: skip
    paired = None
    if pairs:
        known = ~np.isnan(relapse)
        predicted, observed = matched_pairs(relapse[known], arm[known], risks.benefit[known])
        paired = or_refused(refused, "pairs", c_for_benefit, predicted, observed)
    stated = effect.to_dict()
    return BenefitReport(
        study=model.study,
        patients=data.patients,
        events=data.events,
        lost=data.lost,
        effect=stated,
        heterogeneity=tested,
        likelihood_ratio=ratio,
        groups=groups_by_risk(data, treated, risks, groups, refused),
        calibration=calibration_of_benefit(data, treated, risks, weight, refused),
        decisions=decisions_by_benefit(relapse, arm, risks.benefit, weight),
        pairs=paired,
        findings=_findings(model, effect.known, not_known(effect)),
        refused=refused,
        statement=statement(model, effect),
        settings={"groups": int(groups), "failed_folds": risks.failed, "classifier": model.classifier_name} | settings,
        synthetic=bool(model.summary["synthetic"]),
        curve=curve_of_one_effect(risks, stated["log_odds"]),
    )


def _findings(model: RelapseModel, known: bool, unknown: str) -> tuple[Finding, ...]:
    plan = trial_plan_of(model.study)
    few = few_events_for_modifiers(int(model.summary["events"]), len(plan.effect_modifiers))
    texts = [] if known else [unknown.removeprefix(f"{CODE} ")]
    texts += [few + "."] if few and plan.effect_modifiers else []
    assumed = [] if model.classifier_name == "ridge_logistic" else arm_findings(model.study)
    return (*(Finding(CODE, _TITLE, "warning", text) for text in texts), *assumed)
