"""The model in full, as values: its reference patient, and what each predictor does to the risk."""

from __future__ import annotations

from typing import Any

import numpy as np

from relapse_model.classifiers.known import label_of
from relapse_model.features.clinical_units import clinical, predictor_title, unit_shown
from relapse_model.model.explanation.shap_values import reference_codes
from relapse_model.model.explanation.single_effects import LOGISTIC, additive_effect, model_log_odds
from relapse_model.model.relapse_model import RelapseModel
from relapse_model.report.baseline_words import baseline_learned
from relapse_model.report.figures.model import coefficient_table, has_coefficients
from relapse_model.report.table_one import summary_shown
from relapse_model.report.words import WITH_PRIORS, prior_words
from relapse_model.study.predictor import Predictor
from relapse_model.validation.logistic_fit import risk_of


def prior_informed(model: RelapseModel) -> bool:
    """Return whether priors that the study states are in the model."""
    return model.classifier_name in WITH_PRIORS and model.study.has_priors


def model_values(model: RelapseModel) -> dict[str, Any]:
    """Return what the report says of the model of all patients, as plain values.

    Parameters
    ----------
    model : RelapseModel

    Returns
    -------
    dict
        ``reference``: the patient with the mean of each predictor, or its commonest level, and this patient's risk.
        ``coefficients``: prior and posterior odds ratios, of the logistic regression with the study's priors.
        ``baseline``: how much of its mean risk comes of the prior of it, in words.
        ``effects``: odds ratio of each predictor from its 5th to its 95th percentile (no to yes, level to level), of
        logistic models.
    """
    codes = reference_codes(model)
    log_odds = float(model_log_odds(model, codes[None, :])[0])
    return {
        "classifier": model.classifier_name,
        "label": label_of(model.classifier_name, model.study.has_priors),
        "landmark_weeks": list(model.landmark_weeks),
        "reference": {
            "values": [
                {
                    "title": predictor_title(one),
                    "value": _reference_value(one, code, model.summary["predictors"][one.name]),
                }
                for one, code in zip(model.study.predictors, codes, strict=True)
            ],
            "log_odds": log_odds,
            "risk": float(risk_of(np.array([log_odds]))[0]),
        },
        "coefficients": coefficient_rows(model),
        "baseline": baseline_learned(model),
        "effects": _effects(model),
        "summary": model.summary,
    }


def coefficient_rows(model: RelapseModel) -> list[dict[str, str]]:
    """Return odds ratios before and after these patients, as text; none where the model has no priors.

    Parameters
    ----------
    model : RelapseModel
    """
    if not has_coefficients(model):
        return []
    return [
        {
            "label": row["label"],
            "step": row["step"],
            "prior": _ratio(row["prior"]),
            "posterior": _ratio(row["posterior"]),
        }
        for row in coefficient_table(model)
    ]


def odds_ratio_words(model: RelapseModel) -> str:
    """Say which odds ratios to quote, and why a predictor has several: forms of its effect, averaged by how they fit.

    Parameters
    ----------
    model : RelapseModel
    """
    quote = "Quote the posterior odds ratios, with their intervals."
    lines = {row["label"] for row in coefficient_rows(model)}
    replaced = {name for term in model.study.terms if term.label in lines for name in term.replaces}
    named = [one.label for one in model.study.predictors if one.name in replaced and one.label in lines]
    if not named:
        return quote
    return (
        f"{quote} The model averages several forms of the effect of these predictors, by how well each form fits; the "
        f"table has a line for each: {', '.join(named)}. Of these, quote the line under the predictor's own name: the "
        "others are other forms of the same effect, not further effects."
    )


def _effects(model: RelapseModel) -> list[dict[str, Any]]:
    if model.classifier_name not in LOGISTIC:
        return []
    rows = []
    for place, predictor in enumerate(model.study.predictors):
        for low, high, words in _contrasts(predictor, model.summary["predictors"][predictor.name]):
            before, after = additive_effect(model, place, np.array([low, high]))
            rows.append(
                {
                    "label": predictor.label, "contrast": words, "odds_ratio": float(np.exp(after - before)),
                    "prior": prior_words(predictor),
                }
            )  # fmt: skip
    return rows


def _contrasts(predictor: Predictor, training: dict[str, Any]) -> list[tuple[float, float, str]]:
    """Return pairs of values on the scale of the model, and what they are."""
    if predictor.levels:
        first = predictor.levels[0]
        return [(0.0, float(code), f"{level} against {first}") for code, level in enumerate(predictor.levels) if code]
    low, high = training["p05"], training["p95"]
    if low is None:
        return []
    if {low, high} <= {0.0, 1.0}:
        return [(0.0, 1.0, "yes against no")]
    shown = [summary_shown(value) for value in clinical(np.array([high, low]), predictor)]
    return [(low, high, f"{shown[0]} against {shown[1]} {unit_shown(predictor)}".rstrip())]


def _reference_value(predictor: Predictor, code: float, training: dict[str, Any]) -> str:
    if predictor.levels:
        return predictor.levels[int(code)]
    if np.isnan(code):
        return "not known"
    if {training["p05"], training["p95"]} <= {0.0, 1.0}:
        return f"{100 * code:.0f} % yes"
    return summary_shown(float(clinical(np.array([code]), predictor)[0]))


def _ratio(ratio: tuple[float, float, float]) -> str:
    return f"{ratio[0]:.2f} ({ratio[1]:.2f} to {ratio[2]:.2f})"
