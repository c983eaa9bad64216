"""All figures of the validation report, and what stands beneath each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from relapse_model.arrays import Floats
from relapse_model.classifiers.by_centre import risk_by_centre
from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.measurements import measurements
from relapse_model.development.internal_validation.group_tables import thresholds_of
from relapse_model.development.internal_validation.result import Validation
from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.features.development_data import DevelopmentData
from relapse_model.model.explanation.shap_values import explain
from relapse_model.report.arms import arm_labels, arms_of_plan
from relapse_model.report.disclosure import FULL
from relapse_model.report.figures.dependence import by_importance, dependence_panels
from relapse_model.report.figures.forest import forest_figure, shown_groups
from relapse_model.report.figures.model import coefficients_figure
from relapse_model.report.figures.risk_groups import risk_groups_figure
from relapse_model.report.figures.shap_groups import shap_groups_figure
from relapse_model.report.figures.stability import stability_figure
from relapse_model.report.figures.survival import at_visits, kaplan_meier_figure
from relapse_model.report.figures.trajectory import trajectory_figure
from relapse_model.report.figures.validation import calibration_figure, decision_curve_figure, risk_figure
from relapse_model.report.figures.weeks_read import DATES, reading_of
from relapse_model.report.nomogram import nomogram_figure
from relapse_model.report.risk_groups import risk_groups
from relapse_model.study.study import Study
from relapse_model.study.unit_spelling import is_log10, unit_key
from relapse_model.validation.decision_curve import NetBenefit, net_benefit
from relapse_model.validation.estimate import Estimate

if TYPE_CHECKING:
    import shap
    from matplotlib.figure import Figure

    from relapse_model.model.relapse_model import RelapseModel

MOST_DEPENDENCE = 6
MOST_EXPLAINED = 300  # patients in the figures of the SHAP values

CAPTIONS = {
    "kaplan_meier": "Curves end where fewer than 5 are still followed. Dotted line: the horizon. The curves describe "
    "these patients and do not compare treatments.",
    "trajectory": "Median and quartiles by period. Each patient counts once per period; periods with fewer than 10 "
    "patients are left out. Dotted: landmark and horizon; dashed: threshold of the outcome.",
    "trajectory_predictor": "The first measured predictor: median and quartiles by period. What lies after the "
    "landmark is not used for prediction.",
    "calibration": "Predicted risk (out of fold) against observed risk. Points: groups of patients, each with at least "
    "5 with and 5 without the outcome. Below: number of patients by outcome. Thin grey lines: bootstrap models; "
    "a line that leaves the plot goes on outside it.",
    "risk_groups": "Patients grouped by out-of-fold risk: observed outcomes over time and, right of the dotted "
    "horizon, observed beside mean predicted risk. Curves end where fewer than 5 are still followed.",
    "learning_curve": "Expected performance of models of so many patients, if the priors of the study hold; simulated.",
    "decision_curve": "Net benefit of acting from a given risk on. Which action, and at which risk, is for the "
    "clinic to decide.",
    "risks": "Out-of-fold risks. Boxes: quartiles; whiskers: 5th and 95th percentile; pale bars: number of patients, 5 "
    "or more to a bar. Groups of fewer than 10 are only named.",
    "stability": "Risk by the bootstrap models against risk by the model, means of 5 or more patients with similar "
    "risk. The longer the line, the more the risk depends on which patients were used. Not confidence intervals.",
    "forest": "Each group was predicted by a model of all others. Small groups have wide intervals.",
    "coefficients": "Odds ratios before these patients (priors of the study) and after. 95 % intervals.",
    "nomogram": "The model on paper: add up the points above each value, and read the risk below the total.",
    "shap_summary": "How much each predictor moves the risk: to the right it raises it. Each mark: 5 or more patients. "
    "This describes the model, not causes.",
    "dependence": "How each predictor moves the log-odds from those of the reference patient: mean and SD of 5 or more "
    "patients. Above 0 the risk is raised. All panels have the same scale.",
}

_WITHOUT_PRIORS = (
    "Expected performance of models of so many patients, if effects are as small as the library assumes where a study "
    "states no priors; simulated, no forecast."
)
_ACCURATE = "Where the model's line is above both others, acting on its risks would have been better in these patients."
_BY_CHANCE = "Where the model's line is above both others this may be chance: {why}."
_NET_BENEFIT = {  # by the code of the answer, whose own reason stands beneath the curve
    "error": "Where the model's line is above both others, this cannot be relied on: a check found an error.",
    "refused": _BY_CHANCE.format(why="the model cannot be judged in these patients, so do not act on its risks"),
    "worse": _BY_CHANCE.format(why="the model did worse than no model, so do not act on its risks"),
    "not_shown": _BY_CHANCE.format(
        why="the model was not shown to rank patients better than chance, so do not act on its risks"
    ),
    "between_arms": "Where the model's line is above both others, this comes from the arms: the model does not tell "
    "apart the patients within them, so do not act on its risks.",
    "between_centres": "Where the model's line is above both others, this comes from the centres: the model does not "
    "tell apart the patients within them, so do not act on its risks.",
    "ranks": _BY_CHANCE.format(why="its risks were not shown to be accurate, so do not act on them"),
    "yes_few": _ACCURATE,
    "yes": _ACCURATE,
}


def captions(study: Study, disclosure: str = FULL, *, code: str = "") -> dict[str, str]:
    """Return what stands beneath each figure; of visits and tests only where these decide the outcome.

    Parameters
    ----------
    study : Study
    disclosure : {"full", "small-counts"}
    code : str
        Of the answer (`relapse_model.report.answer`), for what the decision curve means; without one it is not said.
    """
    return CAPTIONS | {
        "kaplan_meier": f"{_dated(study, disclosure)} {CAPTIONS['kaplan_meier']}",
        "learning_curve": CAPTIONS["learning_curve"] if study.has_priors else _WITHOUT_PRIORS,
        "decision_curve": f"{CAPTIONS['decision_curve']} {net_benefit_words(code) if code else ''}".rstrip(),
        "trajectory": f"{CAPTIONS['trajectory']}{_outside(study, study.outcome.analyte)}",
        "trajectory_predictor": f"{CAPTIONS['trajectory_predictor']}{_outside(study, _first_analyte(study))}",
    }


def net_benefit_words(code: str) -> str:
    """Return what a curve above both others means, with the reason that the answer itself gives.

    Parameters
    ----------
    code : str
        Of the answer.

    Examples
    --------
    >>> "this comes from the arms" in net_benefit_words("between_arms")
    True
    """
    return _NET_BENEFIT[code]


def _first_analyte(study: Study) -> str | None:
    return next((one.analyte for one in study.predictors if one.analyte), None)


def _outside(study: Study, name: str | None) -> str:
    """Return where results of an analyte are drawn that its assay could not measure."""
    if name is None:
        return ""
    analyte = study.analytes[name]
    # As in cohort.laboratory.values_in_unit: half of a logarithm would be a larger amount.
    if analyte.below_limit == "limit" or (analyte.negative and not is_log10(unit_key(analyte.unit))):
        return " Results below or above a limit of quantification are drawn at this limit."
    return (
        " Results below the limit of quantification are drawn at half of it, those above the upper limit at that limit."
    )


def _dated(study: Study, disclosure: str) -> str:
    """Return how the outcome is dated, and what the curve makes of that."""
    if study.outcome.analyte is not None:
        return (
            "The outcome is dated by its first positive test. Assessed at visits every few weeks; a test of the visit "
            "at the horizon counts at the horizon."
        )
    if study.outcome.column is not None:
        return "The outcome is known by the horizon only, not when it came: the curve drops there."
    window = study.prediction.visit_window_weeks
    last = (
        f" Whoever was last seen without it up to {window:g} weeks before the horizon counts as followed to the "
        "horizon."
    )
    last = last if window else ""
    if reading_of(study, disclosure) == DATES:
        return f"The outcome has a date of its own: the curve steps at these dates.{last}"
    return (
        "The outcome has a date of its own; the curve is read every few weeks, with straight lines between, so that it "
        f"tells no patient's date.{last}"
    )


def report_figures(
    validation: Validation,
    arm: ArrayLike | None = None,
    explanation: shap.Explanation | None = None,
    disclosure: str = FULL,
) -> dict[str, Figure]:
    """Return the figures of the report by name, in the order of the report; those that cannot be drawn are not in it.

    Parameters
    ----------
    validation : Validation
    arm : array-like, optional
        As `write_report` takes it.
    explanation : shap.Explanation, optional
        Of `explained`, if it was made already.
    disclosure : {"full", "small-counts"}
        Whatever it is, marks stand for groups of 5 patients or more; curves of an outcome that is dated step at its
        dates unless small counts are hidden.
    """
    data = validation.data
    study = validation.study
    drawn = cohort_figures(validation.cohort, data, study, arm_labels(data, study, arm), disclosure)
    drawn |= _performance_figures(validation, exact=disclosure == FULL)
    groups = risk_groups(validation, disclosure)
    if groups:
        drawn["risk_groups"] = risk_groups_figure(
            *at_visits(data),
            [(one.name, one.rows, one.predicted, one.observed) for one in groups],
            start=data.landmark, horizon=data.horizon, reading=reading_of(study, disclosure),
        )  # fmt: skip
    boot = validation.bootstrap
    if boot is not None and boot.stability is not None:
        own = risk_by_centre(validation.model.classifier, data.matrix, data.site)
        drawn["stability"] = stability_figure(own, boot.stability)
    if shown_groups(validation.left_out):
        drawn["forest"] = forest_figure(
            validation.left_out, f"Each {validation.settings['leave_out']}, by a model of the others"
        )
    explanation = explained(validation) if explanation is None else explanation
    return drawn | _model_figures(validation.model, explanation, exact=disclosure == FULL)


def cohort_figures(
    cohort: Cohort,
    data: DevelopmentData,
    study: Study,
    arm: NDArray[Any] | None = None,
    disclosure: str = FULL,
) -> dict[str, Figure]:
    """Return the figures of outcome and follow-up, which need no model.

    Parameters
    ----------
    cohort : Cohort
    data : DevelopmentData
        Patients at risk at one landmark.
    study : Study
    arm : array of str, optional
        Arm of each patient.
    disclosure : {"full", "small-counts"}
    """
    time, state = at_visits(data)
    drawn = {
        "kaplan_meier": kaplan_meier_figure(
            time, state == 1, arm, start=data.landmark, horizon=data.horizon,
            competing=None if data.competing_ends() is None else state == 2, order=arms_of_plan(study),
            exact=disclosure == FULL, reading=reading_of(study, disclosure),
        )
    }  # fmt: skip
    outcome, predictor = study.outcome.analyte, _first_analyte(study)
    if outcome is not None:
        _put(drawn, "trajectory", lambda: _trajectory(cohort, data, study, outcome))
    if predictor is not None and predictor != outcome:
        _put(drawn, "trajectory_predictor", lambda: _trajectory(cohort, data, study, predictor))
    return drawn


def mean_net_benefit(validation: Validation) -> NetBenefit:
    """Return the decision curve averaged over the repeats, between the least and the highest threshold shown.

    Parameters
    ----------
    validation : Validation

    Raises
    ------
    InsufficientDataError
        If the measures are not estimable, since most folds failed.
    """
    relapse, weight = validation.data.relapse, validation.data.weights()
    cuts, curves = _between(thresholds_of(validation.data)), []
    for risk in validation.risks:
        rows = ~np.isnan(risk)
        if not (weight[rows] > 0).any():
            continue  # every fold of the repeat failed
        curves.append(net_benefit(relapse[rows], risk[rows], cuts, weight[rows]))
    if not (curves and validation.performance.measures):
        raise InsufficientDataError("Decision curve: most folds of the cross-validation could not be fitted.")
    model, everybody, avoided = (
        np.mean([getattr(curve, name) for curve in curves], axis=0)
        for name in ("model", "treat_all", "interventions_avoided")
    )
    return NetBenefit(cuts, model, everybody, avoided)


def _between(thresholds: Floats) -> Floats:
    """Return thresholds in steps of 1 %, of half a per cent or less where they are low or high."""
    low, high = float(thresholds[0]), float(thresholds[-1])
    return np.linspace(low, high, max(26, round(100 * (high - low)) + 1)).round(12)


def explained(validation: Validation) -> shap.Explanation:
    """Return the SHAP values of the patients at risk by the model of all of them; of many, some drawn by the seed.

    Parameters
    ----------
    validation : Validation
    """
    features, site = validation.data.features, validation.data.site
    if len(features) > MOST_EXPLAINED:
        rng = np.random.default_rng(validation.settings["seed"])
        drawn = np.sort(rng.choice(len(features), MOST_EXPLAINED, replace=False))
        features, site = features.iloc[drawn], None if site is None else site[drawn]
    return explain(validation.model, features, site)


def _performance_figures(validation: Validation, *, exact: bool = False) -> dict[str, Figure]:
    data, measures, boot = validation.data, validation.performance.measures, validation.bootstrap
    seen = ~np.isnan(validation.risks).all(axis=0)  # patients whose folds all failed have no risk
    relapse, weight = data.relapse[seen], data.weights()[seen]
    risk = np.nanmean(validation.risks[:, seen], axis=0)
    intercept, slope = measures.get("calibration_intercept"), measures.get("calibration_slope")
    drawn: dict[str, Figure] = {}
    if not measures:  # most folds failed, and nothing is reported of the others
        return drawn
    _put(
        drawn,
        "calibration",
        lambda: calibration_figure(
            relapse, risk, weight,
            intercept=intercept if isinstance(intercept, Estimate) else None,
            slope=slope if isinstance(slope, Estimate) else None,
            instability=None if boot is None else boot.calibration,
        ),
    )  # fmt: skip
    _put(drawn, "decision_curve", lambda: decision_curve_figure(mean_net_benefit(validation)))
    return drawn | {"risks": risk_figure(relapse, risk, exact=exact)}


def _model_figures(model: RelapseModel, explanation: shap.Explanation, *, exact: bool) -> dict[str, Figure]:
    drawn: dict[str, Figure] = {}
    _put(drawn, "coefficients", lambda: coefficients_figure(model))
    _put(drawn, "nomogram", lambda: nomogram_figure(model))
    order = by_importance(explanation)
    if order:
        drawn["shap_summary"] = shap_groups_figure(explanation, model.study.predictors)
        drawn["dependence"] = dependence_panels(
            explanation, order[:MOST_DEPENDENCE], model.study.predictors, exact=exact
        )
    return drawn


def _put(drawn: dict[str, Figure], name: str, draw: Callable[[], Figure]) -> None:
    """Draw a figure if it can be drawn: not every model has coefficients, not every analyte results."""
    try:
        drawn[name] = draw()
    except RelapseModelError:
        return


def _trajectory(cohort: Cohort, data: DevelopmentData, study: Study, analyte: str) -> Figure:
    place = np.full(len(cohort), -1, dtype=np.intp)
    place[cohort.patient_ids.get_indexer(data.features.index)] = np.arange(len(data))
    results = measurements(cohort, study, analyte)
    results = replace(results, patient=place[results.patient])
    rule = study.outcome
    limit = rule.at_least if rule.at_least is not None else rule.below
    return trajectory_figure(
        results, data.relapse, study.analytes[analyte], landmark=data.landmark, horizon=data.horizon,
        threshold=limit if analyte == rule.analyte else None,
    )  # fmt: skip
