"""The comparison of the arms by the method of the plan, and those that stand beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import hypot

import numpy as np

from relapse_model.errors import InsufficientDataError
from relapse_model.study.trial_plan import PrimaryAnalysis, TrialPlan
from relapse_model.trial.arms.arm_contrast import ArmContrast, ArmFigures, Names, counts, with_risks, with_shares
from relapse_model.trial.arms.endpoint import Endpoint
from relapse_model.trial.arms.number_words import number_of
from relapse_model.trial.statistics import (
    Contrast,
    SignificanceTest,
    SurvivalContrast,
    cox_contrast,
    fisher_exact,
    log_rank,
    odds_ratio,
    risk_difference,
    risk_ratio,
    rmst_contrast,
    score_test,
    stratified_risk_difference,
    stratified_risk_ratio,
    survival_contrast,
    weighted_contrast,
)

KAPLAN_MEIER, MIETTINEN_NURMINEN, NEWCOMBE = "kaplan-meier", "miettinen-nurminen", "newcombe"
_INTERVALS = {"score": "score", "greenwood": "Greenwood"}
_ALL = "all randomised patients, in the arm to which they were allocated"
_SHARES: dict[str, Callable[..., Contrast]] = {
    "risk_difference": risk_difference, "risk_ratio": risk_ratio, "odds_ratio": odds_ratio
}  # fmt: skip


def by_plan(
    found: Endpoint, plan: TrialPlan, *, kind: str, label: str, status: str, estimand: str = _ALL
) -> ArmContrast:
    """Compare the arms by the method and measure of the plan, without adjustment.

    Where endpoints are unknown it is Kaplan-Meier: a plan with another method is refused before, unless it adjusts.

    Parameters
    ----------
    found : Endpoint
    plan : TrialPlan
    kind, label, status, estimand : str
        As in `ArmContrast`.

    Raises
    ------
    InsufficientDataError
        If the data do not support the method.
    """
    asked, names = plan.primary, plan.arms.names
    if asked.method == KAPLAN_MEIER or found.lost.any():
        made = _kaplan_meier(found, asked, names, asked.measure, asked.interval)
    else:
        made = _shares(found, asked, names)
    tests = made.tests
    if asked.sides == 1 and made.contrast is not None and made.contrast.statistic is not None:
        tests = (one_sided(made.contrast), *tests)
    return replace(made, kind=kind, label=label, status=status, estimand=estimand, tests=tests)


def one_sided(contrast: Contrast) -> SignificanceTest:
    """Return the one-sided test that treatment has fewer events."""
    from scipy import stats

    z = float(contrast.statistic or 0.0)
    return SignificanceTest(z, None, float(stats.norm.cdf(z)), f"{contrast.test}, one-sided: fewer events")


def _kaplan_meier(found: Endpoint, asked: PrimaryAnalysis, names: Names, measure: str, interval: str) -> ArmContrast:
    made, note = _survival(found, asked, names, measure, interval)
    one, nought = with_risks(names, made.treatment, made.control)
    # What is unknown is in the endpoint: who was lost before the visit of the week.
    one, nought = (
        replace(arm, lost=known.lost) for arm, known in zip((one, nought), counts(found, names), strict=True)
    )
    return ArmContrast("", "", "", "", one, nought, with_standard_error(made.contrast, one, nought), note=note)


def _survival(
    found: Endpoint, asked: PrimaryAnalysis, names: Names, measure: str, interval: str
) -> tuple[SurvivalContrast, str]:
    """Return the risks by Kaplan-Meier; weighted, where the plan says so and an event ended somebody's follow-up."""
    follow_up = found.time, found.event
    if found.weight_by is None or found.ended is None or not found.ended.any():
        plain = survival_contrast(
            *follow_up, found.arm, found.week, measure=measure, interval=interval, level=asked.level
        )
        return plain, ""
    if interval != "score":
        raise InsufficientDataError("Greenwood's variance does not hold for weighted risks; expected interval='score'.")
    made = weighted_contrast(
        *follow_up, found.ended, found.arm, found.weight_by, found.week, measure=measure, level=asked.level
    )
    by_arm = " and ".join(
        f"{name} {number}{'' if used else ' (too few to weight for: Kaplan-Meier)'}"
        for name, number, used in zip(names, made.ended, made.weighted, strict=True)
    )
    note = f"follow-up ended by an event on the way: {by_arm}; largest weight {made.largest:.2f}"
    return made.survival, note


def with_standard_error(contrast: Contrast, one: ArmFigures, nought: ArmFigures) -> Contrast:
    """Return a risk difference with the standard error of its arms beside a score interval, which needs none.

    Parameters
    ----------
    contrast : Contrast
    one, nought : ArmFigures
        The arms; where one has a standard error of 0 (no events), there is none for the difference.
    """
    errors = one.standard_error, nought.standard_error
    if contrast.measure != "risk_difference" or contrast.standard_error is not None or not all(errors):
        return contrast
    return replace(contrast, standard_error=hypot(*map(float, filter(None, errors))))


def _shares(found: Endpoint, asked: PrimaryAnalysis, names: Names) -> ArmContrast:
    """Compare shares of patients, all endpoints known; within strata if the randomisation had some."""
    y, treated = found.known, found.treated
    x, n = (int(y[treated].sum()), int(y[~treated].sum())), (int(treated.sum()), int((~treated).sum()))
    one, nought = with_shares(names, x, n, asked.level)
    four = x[0], n[0], x[1], n[1]
    tests, note = (score_test(*four), fisher_exact(*four)), ""
    if found.strata is None:
        contrast = _SHARES[asked.measure](*four, level=asked.level, method=asked.method)
        return ArmContrast("", "", "", "", one, nought, with_standard_error(contrast, one, nought), tests)
    labels, codes = np.unique(found.strata.astype(str), return_inverse=True)
    x1, n1, x0, n0 = (
        np.bincount(codes[who], weight[who], labels.size)
        for who in (treated, ~treated)
        for weight in (y, np.ones(len(y)))
    )
    compare = stratified_risk_difference if asked.measure == "risk_difference" else stratified_risk_ratio
    made = compare(x1, n1, x0, n0, level=asked.level, names=list(labels))
    if made.pooled:
        note = f"strata put together, as they had patients of one arm only: {', '.join(made.pooled)}"
    return ArmContrast("", "", "", "", one, nought, made.contrast, tests, note)


def beside(found: Endpoint, plan: TrialPlan) -> tuple[ArmContrast, ...]:
    """Return the analyses that always stand beside the primary one; where one cannot be made, it says why.

    They answer the same question in other measures, and are never chosen from.

    Parameters
    ----------
    found : Endpoint
    plan : TrialPlan
    """
    asked, names = plan.primary, plan.arms.names
    one, nought = counts(found, names)
    made: list[ArmContrast] = []

    def add(kind: str, label: str, make: Callable[[], ArmContrast], estimand: str = _ALL) -> None:
        try:
            done = replace(make(), kind=kind, label=label, estimand=estimand, status="supportive")
        except InsufficientDataError as error:
            done = ArmContrast(kind, label, estimand, "supportive", one, nought, note=f"not made: {error}")
        made.append(done)

    def kaplan_meier(measure: str, interval: str) -> Callable[[], ArmContrast]:
        return lambda: _kaplan_meier(found, asked, names, measure, interval)

    for measure, words in (("risk_difference", "risk difference"), ("risk_ratio", "risk ratio")):
        for interval in ("score", "greenwood"):
            primary = asked.method == KAPLAN_MEIER and not asked.adjusted
            if not (primary and (asked.measure, asked.interval) == (measure, interval)):
                kind = f"kaplan-meier {words}, {interval}"
                add(kind, f"Kaplan-Meier {words}, {_INTERVALS[interval]} interval", kaplan_meier(measure, interval))
    add("complete", "Patients with a known endpoint", lambda: complete_cases(found, asked, names),
        "randomised patients with a known endpoint; assumes the same risk in the others of their arm")  # fmt: skip
    add("log-rank", "Log-rank test", lambda: _log_rank(found, one, nought))
    if found.strata is not None:
        add("stratified log-rank", f"Log-rank test within strata ({', '.join(plan.strata)})",
            lambda: _log_rank(found, one, nought, stratified=True))  # fmt: skip
    add("cox", "Hazard ratio (Cox)", lambda: _cox(found, asked, one, nought))
    add("rmst", f"Mean weeks free of failure, to week {found.week:g}", lambda: _rmst(found, asked, one, nought))
    return tuple(made)


def complete_cases(found: Endpoint, asked: PrimaryAnalysis, names: Names) -> ArmContrast:
    """Compare the shares of the patients whose endpoint is known: score interval, score test and Fisher's."""
    known = found.rows(~found.lost)
    lost = counts(found, names)
    y, treated = known.known, known.treated
    if treated.all() or not treated.any():
        raise InsufficientDataError("Nobody's endpoint is known in an arm; expected patients of both.")
    four = int(y[treated].sum()), int(treated.sum()), int(y[~treated].sum()), int((~treated).sum())
    one, nought = (
        replace(arm, lost=all_of_it.lost)
        for arm, all_of_it in zip(
            with_shares(names, (four[0], four[2]), (four[1], four[3]), asked.level), lost, strict=True
        )
    )
    contrast = with_standard_error(risk_difference(*four, level=asked.level), one, nought)
    return ArmContrast("", "", "", "", one, nought, contrast, (score_test(*four), fisher_exact(*four)))


def _log_rank(found: Endpoint, one: ArmFigures, nought: ArmFigures, *, stratified: bool = False) -> ArmContrast:
    made = log_rank(found.time, found.event, found.arm, found.strata if stratified else None)
    observed = number_of(int(made.observed), "failure")
    note = f"{one.name}: {observed} observed, {made.expected:.1f} expected if the arms did not differ"
    return ArmContrast("", "", "", "", one, nought, None, (made.test,), note)


def _cox(found: Endpoint, asked: PrimaryAnalysis, one: ArmFigures, nought: ArmFigures) -> ArmContrast:
    made = cox_contrast(found.time, found.event, found.arm, level=asked.level)
    return ArmContrast("", "", "", "", one, nought, made.contrast, (made.proportional_hazards,))


def _rmst(found: Endpoint, asked: PrimaryAnalysis, one: ArmFigures, nought: ArmFigures) -> ArmContrast:
    made = rmst_contrast(found.time, found.event, found.arm, found.week, level=asked.level)
    arms = [
        replace(arm, value=mean.value, lower=mean.lower, upper=mean.upper)
        for arm, mean in zip((one, nought), (made.treatment, made.control), strict=True)
    ]
    return ArmContrast("", "", "", "", arms[0], arms[1], made.contrast)
