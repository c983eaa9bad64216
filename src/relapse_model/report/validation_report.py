"""The report of a validation: strict JSON with everything, figures, and one page that opens offline."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from relapse_model.classifiers.known import label_of
from relapse_model.development.checks.all_checks import known_codes
from relapse_model.development.checks.check import ERROR
from relapse_model.development.checks.check_result import FOUND
from relapse_model.development.internal_validation.bootstrap import OUT_OF_BAG
from relapse_model.development.internal_validation.check_validation import check_validation
from relapse_model.development.internal_validation.result import Validation
from relapse_model.development.sample_size import cohort_sample_size
from relapse_model.errors import RelapseModelError
from relapse_model.files import write_text
from relapse_model.report.answer import answer_of
from relapse_model.report.cohort_sections import attrition, deciding, follow_up, screening
from relapse_model.report.disclosure import FULL, known_disclosure, with_all_counts
from relapse_model.report.figures_of_report import arm_labels, captions, explained, mean_net_benefit, report_figures
from relapse_model.report.language import words_of
from relapse_model.report.limitations import LOST_IN_TRAINING, limitations
from relapse_model.report.model_card import model_card
from relapse_model.report.model_values import model_values
from relapse_model.report.page import json_text, packages, render, save_figures
from relapse_model.report.performance_table import (
    COLUMNS,
    EXPLAINED,
    group_rows,
    interval_methods,
    performance_rows,
    shown_columns,
    threshold_rows,
)
from relapse_model.report.risk_groups import risk_groups
from relapse_model.report.table_one import CHARACTERISTICS, table_one
from relapse_model.report.tripod import ITEMS, items_of
from relapse_model.report.words import (
    outcome_words,
    predictor_rows,
    priors_sentence,
    reads_labs,
)
from relapse_model.small_counts import disclosed_count
from relapse_model.validation.estimate import Estimate
from relapse_model.validation.performance_measures import MEASURES, Performance

if TYPE_CHECKING:
    import shap

HEADLINE = ("auc", "calibration_slope", "observed_expected", "scaled_brier")
CONTENTS = tuple(
    (anchor, anchor.replace("-", "_"))
    for anchor in (
        "performance", "benefit", "participants", "groups", "model", "checks", "limitations", "more", "methods",
        "tripod",
    )
)  # fmt: skip
GROUPINGS = CHARACTERISTICS | {"age": "Age"}


def write_report(
    validation: Validation,
    folder: str | Path,
    *,
    arm: ArrayLike | None = None,
    mute: tuple[str, ...] = (),
    disclosure: str = FULL,
    language: str = "en",
) -> dict[str, Path]:
    """Write ``report.html``, ``validation.json``, the card of the model with these figures, and the pictures.

    No file holds an identifier of a patient, or a mark that stands for one: figures show groups of 5 or more. By
    default all counts are in its tables, for whoever owns the data; what leaves the hospital is written with
    ``disclosure="small-counts"``, which hides counts under 5 and says so at the top. Texts of checks and the card of
    the model never show a count under 5 of a group.

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
        Of the first screen and the headings; the rest is English.

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
    shown = with_all_counts(validation) if disclosure == FULL else validation
    explanation = explained(validation)
    drawn = report_figures(shown, arm, explanation, disclosure)
    values = validation_values(validation, mute, explanation, arm=arm, disclosure=disclosure)
    page = report_page(validation, save_figures(drawn, places["figures"]), values, language)
    write_text(json_text(values), places["validation"])
    write_text(page, places["report"])
    write_text(model_card(validation.model, validation.performance), places["card"])
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
    cohort, data, study = validation.cohort, validation.data, validation.study
    shown = with_all_counts(validation) if disclosure == FULL else validation
    explanation = explained(validation) if explanation is None else explanation
    importance = np.abs(np.asarray(explanation.values, dtype=float)).mean(axis=0)
    checks = check_validation(validation, cohort, mute)
    errors = [one.code for one in checks if one.state == FOUND and one.severity == ERROR]
    size = cohort_sample_size(data, study)
    answer = answer_of(validation.performance, study.outcome.name, errors, size=size)
    return shown.to_dict() | ({"by_landmark": _all_by_landmark(validation)} if disclosure == FULL else {}) | {
        "title": study.title,
        "registry": study.registry,
        "disclosure": disclosure,
        "errors": errors,
        "answer": answer.to_dict(),
        "verdict": answer.sentence,
        "attrition": attrition(cohort, data, study),
        "screening": screening(cohort, study, disclosure),
        "table_one": table_one(
            cohort, data, study, arm=arm_labels(data, study, arm), disclosure=disclosure
        ).to_dict(),
        "follow_up": follow_up(cohort, data, study),
        "sample_size": size,
        "risk_groups": [one.to_dict() for one in risk_groups(validation, disclosure)],
        "decision_curve": _decision_curve(validation),
        "model": model_values(validation.model),
        "mean_absolute_shap": {
            predictor.name: float(size) for predictor, size in zip(study.predictors, importance, strict=True)
        },
        "checks": [result.to_dict() for result in checks],
        "limitations": limitations(validation),
        "tripod_ai": [item.to_dict() for item in ITEMS],
        "packages": packages(),
    }  # fmt: skip


def _all_by_landmark(validation: Validation) -> list[dict[str, Any]]:
    """Return what `Validation.to_dict` says of each landmark, with all counts."""
    told: list[dict[str, Any]] = validation.to_dict()["by_landmark"]
    return [
        one | {"patients": found.patients, "events": found.events, "lost": found.lost}
        for one, found in zip(told, validation.by_landmark.values(), strict=True)
    ]


def _decision_curve(validation: Validation) -> dict[str, Any] | None:
    try:
        curve = mean_net_benefit(validation)
    except RelapseModelError:
        return None
    return {
        "thresholds": curve.thresholds, "model": curve.model, "treat_all": curve.treat_all,
        "interventions_avoided": curve.interventions_avoided,
    }  # fmt: skip


def report_page(
    validation: Validation,
    pictures: dict[str, str],
    values: dict[str, Any] | None = None,
    language: str = "en",
) -> str:
    """Return the page: everything inside it, nothing fetched, no script.

    Parameters
    ----------
    validation : Validation
    pictures : dict of str to str
        Figures as SVG.
    values : dict, optional
        As `validation_values` makes them, if they were made already.
    language : {"en", "zh"}
        Of the first screen and the headings.
    """
    study, performance, say = validation.study, validation.performance, words_of(language)
    values = validation_values(validation) if values is None else values
    shown = with_all_counts(validation) if values["disclosure"] == FULL else validation
    answer = answer_of(
        performance, study.outcome.name, values["errors"], size=values["sample_size"], language=language
    ).to_dict()
    rows, undecided = deciding(values["screening"]["rows"])
    return render(
        "validation_report.html.jinja",
        pictures,
        say=say,
        language="zh-CN" if language == "zh" else language,
        contents=CONTENTS,
        study=study,
        validation=validation,
        performance=performance,
        landmark=validation.landmark_week,
        synthetic=validation.synthetic,
        not_at_risk=validation.data.not_at_risk,
        values=values | {"answer": answer},
        summary=_summary(validation, say),
        deciding={"rows": rows, "undecided": undecided},
        outcome=outcome_words(study.outcome, study),
        headline=[_measure(name, performance, say) for name in HEADLINE if name in performance.measures],
        risk_groups=[_group_row(one) for one in values["risk_groups"]],
        columns=[{"name": name, "label": COLUMNS[name], "text": EXPLAINED[name]} for name in shown_columns(validation)],
        methods=interval_methods(validation),
        rows=performance_rows(validation),
        refused=_refused(validation),
        by_landmark=_landmark_rows(validation, values["disclosure"]),
        thresholds=threshold_rows(validation),
        left_out=group_rows(shown.left_out),
        unshown=[group.name for group in shown.left_out if group.hidden],
        subgroups={GROUPINGS.get(name, name): group_rows(groups) for name, groups in shown.subgroups.items()},
        effects=effect_rows(validation),
        captions=captions(study),
        chosen=[
            (label_of(name, study.has_priors), validation.chosen.get(name, 0))
            for name in validation.settings["candidates"]
        ],
        predictors=predictor_rows(study),
        priors=study.has_priors,
        reads_labs=reads_labs(study),
        priors_sentence=priors_sentence(study, validation.settings["candidates"]),
        lost_in_training=LOST_IN_TRAINING.get(validation.settings["censoring"], ""),
        tripod=ITEMS,
        items_of=items_of,
    )


def _summary(validation: Validation, say: Callable[..., str]) -> str:
    """Return what is predicted, and for whom."""
    study, cohort, data = validation.study, validation.cohort, validation.data
    text = say(
        "predicted", outcome=study.outcome.name, horizon=f"{study.prediction.horizon_weeks:g}",
        landmark=f"{validation.landmark_week:g}", total=len(cohort) + len(cohort.rejected), patients=len(data),
    )  # fmt: skip
    if "centre" not in cohort.patients:
        return text
    at = cohort.patients.set_axis(cohort.patient_ids).loc[data.features.index]
    centres = int(at["centre"].nunique())
    return f"{text} {say('centres', centres=centres)}" if centres > 1 else text


def _group_row(group: dict[str, Any]) -> dict[str, str]:
    observed = group["observed"]
    shown = "fewer than 5 followed to the horizon"
    if observed is not None:
        value, lower, upper = (100 * observed[name] for name in ("value", "lower", "upper"))
        shown = f"{value:.0f} % ({lower:.0f} to {upper:.0f})"
    return {
        "name": group["name"].capitalize(), "patients": str(group["patients"]), "events": str(group["events"]),
        "predicted": f"{100 * group['predicted']:.0f} %", "observed": shown,
    }  # fmt: skip


def effect_rows(validation: Validation) -> list[dict[str, str]]:
    """Return in which share of the bootstrap models each column of the design raises or lowers the risk, as text.

    Parameters
    ----------
    validation : Validation
    """
    boot = validation.bootstrap
    if boot is None or boot.effects is None:
        return []
    study, rows = validation.model.study, []
    known = {one.name: one for one in (*study.predictors, *(candidate.predictor for candidate in study.candidates))}
    expected = {"up": "raise the risk", "down": "lower the risk", None: "either"}
    for name, kept, up in zip(boot.columns, boot.effects.kept, boot.effects.positive, strict=True):
        own, _, level = name.partition("=")
        predictor = known[own]
        rows.append(
            {
                "label": f"{predictor.label}: {level} against {predictor.levels[0]}" if level else predictor.label,
                "expected": expected[predictor.direction],
                "raises": f"{100 * up:.0f} %",
                "lowers": f"{100 * (kept - up):.0f} %",
                "none": f"{100 * (1 - kept):.0f} %",
            }
        )
    return rows


def _refused(validation: Validation) -> dict[str, str]:
    """Return the figures that these patients cannot support, and why; one line where a reason is that of all."""
    refused, boot = validation.performance.refused, validation.bootstrap
    reasons = {MEASURES.get(name, name): why for name, why in refused.items()}
    if len(refused) == len(MEASURES) and len(set(refused.values())) == 1:
        reasons = {"All measures": next(iter(refused.values()))}
    if boot is None:
        return reasons
    names = MEASURES | {
        "stability": "Stability",
        "calibration_curves": "Bootstrap curves",
        "effects": "Signs of effects",
    } | {f"{name}_632": f".632+ of {MEASURES[name]}" for name in OUT_OF_BAG}  # fmt: skip
    reasons |= {f"{names.get(name, name)}, bootstrap": why for name, why in boot.refused.items()}
    without = [one.no_interval for one in boot.corrected.values() if one.no_interval]
    return reasons | ({"Intervals, bootstrap": without[0]} if without else {})


def _landmark_rows(validation: Validation, disclosure: str) -> list[dict[str, Any]]:
    """Return the headline at each landmark, where there are several."""
    told: Callable[[int], int | str] = int if disclosure == FULL else disclosed_count
    if len(validation.by_landmark) < 2:
        return []
    return [
        {
            "week": f"week {week:g}", "patients": told(found.patients),
            "events": told(found.events), "lost": told(found.lost),
            "cells": {
                MEASURES[name]: _short(found, name) for name in ("auc", "calibration_slope", "observed_expected")
            },
        }
        for week, found in validation.by_landmark.items()
    ]  # fmt: skip


def _short(performance: Performance, name: str) -> str:
    found = performance.measures.get(name)
    return "not estimable" if found is None else str(found)


def _measure(name: str, performance: Performance, say: Callable[..., str]) -> dict[str, str]:
    found = performance.measures[name]
    card = {"label": say(name), "meaning": say(f"{name}_means")}
    if isinstance(found, Estimate):
        limits = {"lower": f"{found.lower:z.2f}", "upper": f"{found.upper:z.2f}", "level": f"{100 * found.level:g}"}
        return card | {"value": f"{found.value:z.2f}", "interval": say("interval", **limits)}
    return card | {"value": f"{found:z.3f}", "interval": ""}
