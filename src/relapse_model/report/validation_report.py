"""The report of a validation: strict JSON with everything, figures, and one page that opens offline."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from relapse_model.cohort.outcome.risk_set import why_not_at_risk
from relapse_model.development.checks.all_checks import known_codes
from relapse_model.development.checks.check import ERROR
from relapse_model.development.checks.check_result import FOUND
from relapse_model.development.internal_validation.check_validation import check_validation
from relapse_model.development.internal_validation.result import Validation
from relapse_model.development.learning_curve.result import LearningCurve
from relapse_model.development.sample_size import cohort_sample_size
from relapse_model.errors import RelapseModelError
from relapse_model.files import write_text
from relapse_model.report.answer import Answer, answer_of, carriers
from relapse_model.report.arms import arm_labels
from relapse_model.report.cohort_sections import attrition, follow_up, screening
from relapse_model.report.disclosure import (
    FULL,
    known_disclosure,
    owner_only,
    with_all_counts,
    with_small_counts_hidden,
)
from relapse_model.report.figures.learning_curve import learning_curve_figure
from relapse_model.report.figures_of_report import explained, mean_net_benefit, report_figures
from relapse_model.report.first_screen import eligibility_told, estimated_risk, patients_described
from relapse_model.report.language import words_of
from relapse_model.report.limitations import limitations
from relapse_model.report.model_card import model_card
from relapse_model.report.model_values import model_values
from relapse_model.report.page import json_text, packages, save_figures
from relapse_model.report.risk_groups import risk_groups
from relapse_model.report.table_one import table_one
from relapse_model.report.tripod import ITEMS
from relapse_model.report.validation_page import report_page

if TYPE_CHECKING:
    import shap


def write_report(
    validation: Validation,
    folder: str | Path,
    *,
    arm: ArrayLike | None = None,
    mute: tuple[str, ...] = (),
    disclosure: str = FULL,
    language: str = "en",
    learning_curve: LearningCurve | None = None,
) -> dict[str, Path]:
    """Write ``report.html``, ``validation.json``, the card of the model with these figures, and the pictures.

    No file holds an identifier of a patient, or a mark that stands for one: figures show groups of 5 or more; curves of
    an outcome that is dated step at its dates, unless small counts are hidden. By default all counts are in its
    tables, for whoever owns the data; what leaves the hospital is written with ``disclosure="small-counts"``, which
    hides counts under 5 and says so at the top. Texts of checks never show a count under 5 of a group.

    Parameters
    ----------
    validation : Validation
    folder : str or Path
        Made if it does not exist.
    arm : array-like of shape (n,) or Series by patient_id, optional
        Treatment arm of the patients of ``validation.data``, for the Kaplan-Meier figure and table one; by default the
        predictor that reads the column ``arm``, if the study has one.
    mute : tuple of str
        Codes of checks to mute; the report lists them as muted.
    disclosure : {"full", "small-counts"}
    language : {"en", "zh"}
        Of the page and the card; names of the study of which it has no translation stay as they are.
    learning_curve : LearningCurve, optional
        Of this cohort and study (`rm.learning_curve`): a sentence and a figure on what more patients would bring.

    Returns
    -------
    dict of str to Path
        ``report``, ``validation``, ``card`` and ``figures`` (a folder, of SVG and PNG).

    Raises
    ------
    RelapseModelError
        If `arm` does not have one entry for each patient, no check has a code of `mute`, or there is no such
        disclosure or language.

    Examples
    --------
    >>> import relapse_model as rm
    >>> found = rm.validate(rm.simulate_cohort(132, seed=7), rm.load_study("hbsag-relapse"))  # doctest: +SKIP
    >>> rm.write_report(found, "report")["report"]  # doctest: +SKIP
    PosixPath('report/report.html')
    """
    places = report_places(folder)
    known_codes(mute)  # before anything is written
    known_disclosure(disclosure)
    words_of(language)
    validation = _as_told(validation, disclosure)
    shown = with_all_counts(validation) if disclosure == FULL else validation
    explanation = explained(validation)
    drawn = report_figures(shown, arm, explanation, disclosure)
    values = validation_values(validation, mute, explanation, arm=arm, disclosure=disclosure)
    if learning_curve is not None:
        drawn["learning_curve"] = learning_curve_figure(learning_curve)
        values["learning_curve"] = learning_curve.to_dict()
    page = report_page(validation, save_figures(drawn, places["figures"]), values, language)
    private = owner_only(disclosure, synthetic=validation.cohort.synthetic)
    write_text(json_text(values), places["validation"], private=private)
    write_text(page, places["report"], private=private)
    write_text(model_card(validation.model, validation.performance, language), places["card"])
    return places


def report_places(folder: str | Path) -> dict[str, Path]:
    """Return where the files of a report are."""
    return {
        "report": Path(folder) / "report.html",
        "validation": Path(folder) / "validation.json",
        "card": Path(folder) / "model_card.md",
        "figures": Path(folder) / "figures",
    }


def validation_values(
    validation: Validation,
    mute: tuple[str, ...] = (),
    explanation: shap.Explanation | None = None,
    *,
    arm: ArrayLike | None = None,
    disclosure: str = FULL,
) -> dict[str, Any]:
    """Return everything the report knows as plain values, without patients.

    Parameters
    ----------
    validation : Validation
    mute : tuple of str
        Codes of checks to mute.
    explanation : shap.Explanation, optional
        Of `relapse_model.report.figures_of_report.explained`, if it was made already.
    arm : array-like, optional
        As `write_report` takes it.
    disclosure : {"full", "small-counts"}
    """
    validation = _as_told(validation, disclosure)
    cohort, data, study = validation.cohort, validation.data, validation.study
    explanation = explained(validation) if explanation is None else explanation
    importance = np.abs(np.asarray(explanation.values, dtype=float)).mean(axis=0)
    checks = check_validation(validation, cohort, mute)
    errors = [one.code for one in checks if one.state == FOUND and one.severity == ERROR]
    size = cohort_sample_size(data, study)
    arms = arm_labels(data, study, arm)
    answer = _answer(validation, errors, size)
    return _validated(validation, disclosure) | {
        "title": study.heading, "registry": study.registry, "disclosure": disclosure, "errors": errors,
        "answer": answer.to_dict(),
        "verdict": answer.sentence,
        "attrition": attrition(cohort, data, study, disclosure),
        "screening": screening(cohort, study, disclosure),
        "why_left_out": why_not_at_risk(study, data.landmark),
        "estimated_risk": estimated_risk(data),
        "patients_described": patients_described(cohort, data, study, arms, disclosure)
        | eligibility_told(validation.model.summary, study),
        "table_one": table_one(cohort, data, study, arm=arms, disclosure=disclosure).to_dict(),
        "follow_up": follow_up(cohort, data, study, disclosure),
        "sample_size": size,
        "risk_groups": [one.to_dict() for one in risk_groups(validation, disclosure)],
        "decision_curve": _decision_curve(validation),
        "model": model_values(validation.model),
        "mean_absolute_shap": {one.name: float(size) for one, size in zip(study.predictors, importance, strict=True)},
        "checks": [result.to_dict() for result in checks],
        "limitations": limitations(validation),
        "tripod_ai": [item.to_dict() for item in ITEMS],
        "packages": packages(),
    }  # fmt: skip


def _as_told(validation: Validation, disclosure: str) -> Validation:
    """Return a validation whose model tells the counts of its training patients as they may be disclosed."""
    hide = disclosure != FULL
    return replace(validation, model=with_small_counts_hidden(validation.model)) if hide else validation


def _answer(validation: Validation, errors: list[str], size: dict[str, Any]) -> Answer:
    """Return the answer in English, as the plain values hold it."""
    study, found = validation.study, validation.performance
    carried = carriers(study, found.measures.get("auc"), validation.within_levels)
    return answer_of(found, study.outcome.name, errors, size=size, without=carried)


def _validated(validation: Validation, disclosure: str) -> dict[str, Any]:
    """Return what `Validation.to_dict` says, with all counts where they may be shown."""
    if disclosure != FULL:
        return validation.to_dict()
    told = with_all_counts(validation).to_dict()
    by_landmark = [
        one | {"patients": found.patients, "events": found.events, "lost": found.lost}
        for one, found in zip(told["by_landmark"], validation.by_landmark.values(), strict=True)
    ]
    return told | {"by_landmark": by_landmark}


def _decision_curve(validation: Validation) -> dict[str, Any] | None:
    try:
        curve = mean_net_benefit(validation)
    except RelapseModelError:
        return None
    return {
        "thresholds": curve.thresholds, "model": curve.model, "treat_all": curve.treat_all,
        "interventions_avoided": curve.interventions_avoided,
    }  # fmt: skip
