"""The benefit of treatment: whether it differs with risk, and whether what is predicted is right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from relapse_model.arrays import Floats, Mask
from relapse_model.cohort.cohort import Cohort
from relapse_model.development.candidates import check_candidates
from relapse_model.development.checks.finding import Finding
from relapse_model.development.procedure import Procedure, develop
from relapse_model.development.train import Start, model_of
from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.features.design import design
from relapse_model.features.development_data import DevelopmentData, require_events, require_seed
from relapse_model.features.development_data_at_landmarks import landmarks_and_data
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
from relapse_model.trial.benefit.held_out import HeldOut, arms_of, held_out_risks
from relapse_model.trial.benefit.measures import (
    PairedBenefit,
    benefit_slope,
    c_for_benefit,
    heterogeneity_score_test,
    heterogeneity_test,
    matched_pairs,
    policy_net_benefit,
)
from relapse_model.trial.lazy_verbs import save_result
from relapse_model.trial.statistics.contrast import SignificanceTest
from relapse_model.trial.statistics.standardised import standardised_contrast
from relapse_model.trial.statistics.survival_contrast import survival_contrast
from relapse_model.validation.calibration import calibration_intercept, calibration_slope, observed_expected
from relapse_model.validation.estimate import Estimate

ONE_EFFECT_CLASSIFIERS = ("prior_logistic", "ridge_logistic", "prior_hazard")
EVENTS_FOR_QUARTERS = 200
THRESHOLDS = (0.01, 0.02, 0.05, 0.10)
CLAIM = 0.05  # the level of the test of heterogeneity
FOLDS, REPEATS = 5, 10
_TITLE = "benefit refused"
Found = TypeVar("Found")


@dataclass(frozen=True, eq=False, repr=False)
class BenefitReport:
    """What the trial says of predicted benefit. All predictions are of models that had not seen the patient.

    Attributes
    ----------
    study : Study
    patients, events, lost : int
        At risk at randomisation; with the event by the horizon; lost before it.
    effect : dict
        The effect in the model of all patients; see `ArmEffect.to_dict`.
    heterogeneity : SignificanceTest or None
        Of arm times predicted risk, by the robust score; None where it cannot be tested, for the reason in `refused`.
        What is claimed rests on it.
    likelihood_ratio : SignificanceTest or None
        The same by the likelihood ratio, which with 20 events is significant at 0.05 in 8 % of trials without
        heterogeneity: for comparison only.
    groups : DataFrame
        By predicted risk in the control arm: patients and risk (Kaplan-Meier) of each arm, the difference with its
        interval (control less treatment), the risk ratio, and the mean predicted benefit.
    calibration : DataFrame
        ``measure``, ``arm``, ``value``, ``lower``, ``upper``, ``right`` (the value of a right prediction), ``method``.
    decisions : DataFrame
        Net benefit of treating by predicted benefit, and of treating all, by threshold.
    pairs : PairedBenefit or None
        Only where it was asked for.
    findings : tuple of Finding
        RM207.
    refused : dict of str to str
        What these patients cannot support, and why.
    statement : str
    """

    study: Study
    patients: int
    events: int
    lost: int
    effect: dict[str, Any]
    heterogeneity: SignificanceTest | None
    likelihood_ratio: SignificanceTest | None
    groups: pd.DataFrame
    calibration: pd.DataFrame
    decisions: pd.DataFrame
    pairs: PairedBenefit | None
    findings: tuple[Finding, ...]
    refused: dict[str, str]
    statement: str
    settings: dict[str, Any]
    synthetic: bool = False
    curve: pd.DataFrame = field(default_factory=pd.DataFrame)

    def __repr__(self) -> str:
        """Return counts, and whether heterogeneity was found."""
        return f"BenefitReport({self.patients} patients, {self.events} events; {self.verdict})"

    @property
    def claims_heterogeneity(self) -> bool:
        """Tell whether the test of heterogeneity is significant at 0.05."""
        return self.heterogeneity is not None and self.heterogeneity.p_value < CLAIM

    @property
    def verdict(self) -> str:
        """Return what the test of heterogeneity says, in words."""
        if self.heterogeneity is None:
            return "heterogeneity not tested"
        p = f"p = {self.heterogeneity.p_value:.3f}" if self.heterogeneity.p_value >= 0.001 else "p < 0.001"
        if self.claims_heterogeneity:
            return f"the relative effect differs with risk ({p})"
        return f"no sign that the relative effect differs with risk ({p})"

    def to_dict(self) -> dict[str, Any]:
        """Return all figures in full precision; None for what is missing, with the reason in ``refused``."""
        return {
            "patients": self.patients, "events": self.events, "lost": self.lost, "synthetic": self.synthetic,
            "verdict": self.verdict, "statement": self.statement, "effect": self.effect,
            "heterogeneity": _test_values(self.heterogeneity),
            "likelihood_ratio": _test_values(self.likelihood_ratio),
            "groups": _records(self.groups), "calibration": _records(self.calibration),
            "decisions": _records(self.decisions), "pairs": None if self.pairs is None else self.pairs.to_dict(),
            "findings": [one.to_dict() for one in self.findings], "refused": self.refused, "settings": self.settings,
        }  # fmt: skip

    def save(self, folder: str | Path) -> dict[str, Path]:
        """Write ``benefit.json`` and ``benefit.html``, which hold no patient rows.

        Parameters
        ----------
        folder : str or Path
            Made if it does not exist.
        """
        return save_result(self, folder)


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
    doi:10.7326/M18-3667): absolute benefit then grows with risk, relative effect does not, and whether that holds is
    tested. The whole procedure is repeated in folds: no risk model is judged on patients it was made from. The lost
    are weighted within arms, assuming that within an arm loss does not depend on what would have become of them.

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
        _or_refused(refused, name, function, relapse, arm, risks.score, weight)
        for name, function in (
            ("heterogeneity", heterogeneity_score_test), ("likelihood ratio of heterogeneity", heterogeneity_test),
        )
    )  # fmt: skip
    paired = None
    if pairs:
        known = ~np.isnan(relapse)
        predicted, observed = matched_pairs(relapse[known], arm[known], risks.benefit[known])
        paired = _or_refused(refused, "pairs", c_for_benefit, predicted, observed)
    told = effect.to_dict()
    return BenefitReport(
        study=model.study,
        patients=data.patients,
        events=data.events,
        lost=data.lost,
        effect=told,
        heterogeneity=tested,
        likelihood_ratio=ratio,
        groups=_groups(data, treated, risks, groups, refused),
        calibration=_calibration(data, treated, risks, weight, refused),
        decisions=_decisions(relapse, arm, risks.benefit, weight),
        pairs=paired,
        findings=_findings(model, effect.known, not_known(effect)),
        refused=refused,
        statement=statement(model, effect),
        settings={"groups": int(groups), "failed_folds": risks.failed, "classifier": model.classifier_name} | settings,
        synthetic=bool(model.summary["synthetic"]),
        curve=_curve(risks, told["log_odds"]),
    )


def _or_refused(refused: dict[str, str], name: str, function: Callable[..., Found], *given: Any) -> Found | None:
    try:
        return function(*given)
    except InsufficientDataError as reason:
        refused[name] = str(reason)
        return None


def _findings(model: RelapseModel, known: bool, unknown: str) -> tuple[Finding, ...]:
    plan = trial_plan_of(model.study)
    few = few_events_for_modifiers(int(model.summary["events"]), len(plan.effect_modifiers))
    texts = [] if known else [unknown.removeprefix(f"{CODE} ")]
    texts += [few + "."] if few and plan.effect_modifiers else []
    return tuple(Finding(CODE, _TITLE, "warning", text) for text in texts)


def _groups(data: DevelopmentData, treated: Mask, risks: HeldOut, groups: int, refused: dict[str, str]) -> pd.DataFrame:
    """Return the arms within groups of predicted risk in the control arm."""
    followed, event, horizon = data.by_horizon()
    order = np.argsort(risks.control_log_odds, kind="stable")
    rows = []
    for number, members in enumerate(np.array_split(order, groups), start=1):
        arm = treated[members]
        row: dict[str, Any] = {
            "group": number,
            "risk_from": float(risks.control[members].min()),
            "risk_to": float(risks.control[members].max()),
            "control_patients": int((~arm).sum()), "treated_patients": int(arm.sum()),
            "control_events": int(event[members][~arm].sum()), "treated_events": int(event[members][arm].sum()),
            "lost": int(np.isnan(data.relapse[members]).sum()),
            "predicted_control": float(risks.control[members].mean()),
            "predicted_treated": float(risks.treated[members].mean()),
            "predicted_benefit": float(risks.benefit[members].mean()),
        }  # fmt: skip
        rows.append(row | _compared(followed[members], event[members], arm, horizon, f"group {number}", refused))
    return pd.DataFrame(rows)


def _compared(
    followed: Floats, event: Floats, treated: Mask, horizon: float, name: str, refused: dict[str, str]
) -> dict[str, float]:
    """Return the risks of both arms, the benefit with its interval, and the risk ratio; NaN where refused."""
    empty = dict.fromkeys(("risk_control", "risk_treated", "benefit", "lower", "upper", "risk_ratio"), np.nan)
    try:
        found = survival_contrast(followed, event, treated.astype(float), horizon)
    except InsufficientDataError as reason:
        refused[name] = str(reason)
        return empty
    control, with_treatment, difference = found.control.risk, found.treatment.risk, found.contrast
    if control is None or with_treatment is None or difference.value is None:
        refused[name] = "a risk by the horizon is not known in one of the arms"
        return empty
    return {
        "risk_control": control, "risk_treated": with_treatment, "benefit": -difference.value,
        "lower": -difference.upper, "upper": -difference.lower,
        "risk_ratio": with_treatment / control if control > 0 else np.nan,
    }  # fmt: skip


def _calibration(
    data: DevelopmentData, treated: Mask, risks: HeldOut, weight: Floats, refused: dict[str, str]
) -> pd.DataFrame:
    """Return mean benefit against the trial's estimate, calibration in each arm, and the slope of the benefit."""
    arm = treated.astype(float)
    rows = [_mean_benefit(data, arm, risks)]
    for name, who, risk in (("treatment", treated, risks.treated), ("control", ~treated, risks.control)):
        for measure, function, right in (
            ("observed / expected", observed_expected, 1.0),
            ("calibration intercept", calibration_intercept, 0.0),
            ("calibration slope", calibration_slope, 1.0),
        ):
            found = _or_refused(refused, f"{measure}, {name}", function, data.relapse[who], risk[who], weight[who])
            rows.append(_row(measure, name, found, right))
    slope = _or_refused(
        refused, "slope of the benefit", benefit_slope, data.relapse, arm, risks.control_log_odds, risks.effect, weight
    )
    return pd.DataFrame([*rows, _row("slope of the benefit", "both", slope, 1.0)])


def _row(measure: str, arm: str, found: Estimate | None, right: float) -> dict[str, Any]:
    value = (np.nan, np.nan, np.nan, "") if found is None else (found.value, found.lower, found.upper, found.method)
    return {"measure": measure, "arm": arm, **dict(zip(("value", "lower", "upper", "method"), value, strict=True)),
            "right": right}  # fmt: skip


def _mean_benefit(data: DevelopmentData, arm: Floats, risks: HeldOut) -> dict[str, Any]:
    """Return the trial's estimate of the mean benefit; a right prediction has the same mean."""
    predicted = float(risks.benefit.mean())
    if not data.lost:
        try:
            found = standardised_contrast(data.relapse, arm, risks.control_log_odds).contrast
        except InsufficientDataError:
            found = survival_contrast(*data.by_horizon()[:2], arm, data.by_horizon()[2]).contrast
    else:
        found = survival_contrast(*data.by_horizon()[:2], arm, data.by_horizon()[2]).contrast
    value = np.nan if found.value is None else -found.value
    return {"measure": "mean benefit in the trial", "arm": "both", "value": value, "lower": -found.upper,
            "upper": -found.lower, "method": found.method, "right": predicted}  # fmt: skip


def _decisions(relapse: Floats, arm: Floats, benefit: Floats, weight: Floats) -> pd.DataFrame:
    net = policy_net_benefit(relapse, arm, benefit, THRESHOLDS, weight)
    share = [float((benefit > threshold).mean()) for threshold in THRESHOLDS]
    return pd.DataFrame({"threshold": THRESHOLDS, "treated": share, "by_benefit": net[:, 0], "treat_all": net[:, 1],
                         "treat_none": 0.0})  # fmt: skip


def _curve(risks: HeldOut, log_odds: dict[str, float]) -> pd.DataFrame:
    """Return the model's benefit over the range of predicted risks, with the interval of the effect."""
    low, high = np.quantile(risks.control, [0.01, 0.99])
    risk = np.linspace(low, high, 60)
    at = np.log(risk) - np.log1p(-risk)

    def benefit(effect: float) -> Floats:
        return np.asarray(risk - 1.0 / (1.0 + np.exp(-at - effect)))

    return pd.DataFrame(
        {"risk": risk, "benefit": benefit(log_odds["mean"]), "lower": benefit(log_odds["upper"]),
         "upper": benefit(log_odds["lower"])}
    )  # fmt: skip


def _test_values(found: SignificanceTest | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "statistic": found.statistic, "degrees_of_freedom": found.degrees_of_freedom, "p_value": found.p_value,
        "method": found.method,
    }  # fmt: skip


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table as plain values; None for what is missing."""
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    return [
        {str(key): value.item() if isinstance(value, np.generic) else value for key, value in row.items()}
        for row in rows
    ]
