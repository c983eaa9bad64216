"""What a report says in words: measures, the outcome, the predictors and their priors."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import exp
from typing import Any

from relapse_model.classifiers.known import LABELS
from relapse_model.features.dictionary import definition
from relapse_model.model.explanation.shap_values import predictor_title
from relapse_model.model.within_levels import is_arm
from relapse_model.report.figures.model import coefficient_step
from relapse_model.report.figures.style import LEVEL
from relapse_model.study.prediction import OutcomeRule
from relapse_model.study.predictor import Predictor
from relapse_model.study.study import Study
from relapse_model.trial.arms.number_words import weeks_of
from relapse_model.validation.estimate import normal_quantile

MEANING = {
    "auc": "How often a patient with the outcome had a higher risk than one without it. 0.5 is chance, 1 perfect.",
    "c_index": "The same over the whole follow-up, by when the outcome occurred. 0.5 is chance, 1 perfect. The AUC "
    "asks only whether it occurred by the horizon; C asks also who had it earlier, and after the horizon, so that "
    "the two may differ.",
    "uno_c": "The same up to the horizon, whatever the pattern of loss to follow-up. 0.5 is chance, 1 perfect.",
    "log_loss": "Mean penalty for the predicted risks; lower is better. Compare with the next line.",
    "log_loss_mean_risk": "The same if everyone were given the average risk. That of the model should be lower.",
    "log_loss_difference": "Log loss of the model minus that of giving everyone the average risk, patient by patient. "
    "The model is shown to be better only if the whole interval is below 0.",
    "brier": "Mean squared difference between risk and outcome. Lower is better.",
    "scaled_brier": "Share by which the model lowers the Brier score of giving everyone the average risk. 0 is no "
    "gain, 1 perfect.",
    "calibration_intercept": "Ideal value 0; above 0, risks are too low on average; below 0, too high.",
    "calibration_slope": "Ideal value 1; below 1, risks are too extreme; above 1, too timid: high risks are predicted "
    "too low, and low ones too high.",
    "observed_expected": "Outcomes observed divided by outcomes predicted. Ideal value 1; above 1, risks are too low.",
}


WITH_PRIORS = ("prior_logistic", "prior_hazard", "prior_and_trees")
WITH_DIRECTIONS = ("boosted_trees", "prior_and_trees")


def outcome_words(rule: OutcomeRule, study: Study) -> str:
    """Return the outcome's rule in words.

    Parameters
    ----------
    rule : OutcomeRule
    study : Study
    """
    if rule.column is not None:
        return f"{rule.name}, as stated without its week in column {rule.column!r} of the patients table"
    if rule.analyte is None:
        return f"{rule.name}, as adjudicated in the cohort's outcomes table"
    analyte = study.analytes[rule.analyte]
    limit = f"at least {rule.at_least:g}" if rule.at_least is not None else f"below {rule.below:g}"
    words = f"{rule.name}: {analyte.label} {limit} {analyte.unit}".rstrip()
    confirm = rule.confirm
    if confirm.tests > 1:
        end = "does not count" if confirm.unconfirmed_at_end == "censor" else "counts"
        within = f" within {weeks_of(confirm.within_weeks)}" if confirm.within_weeks is not None else ""
        words += f", in {confirm.tests} consecutive tests{within}; a positive last test {end} without confirmation"
    return words


def reads_arm(study: Study) -> bool:
    """Return whether a predictor of the study is the arm.

    Parameters
    ----------
    study : Study
    """
    return any(is_arm(predictor, study) for predictor in study.predictors)


def reads_labs(study: Study) -> bool:
    """Return whether results of a laboratory decide the outcome or a predictor of the study.

    Parameters
    ----------
    study : Study
    """
    return study.outcome.analyte is not None or any(predictor.analyte for predictor in study.predictors)


def priors_sentence(study: Study, candidates: Sequence[str] = ()) -> str:
    """Return what the priors of a study are and which of the candidates use them; or that it states none.

    Parameters
    ----------
    study : Study
    candidates : sequence of str
        Of the validation; none where no model was made.
    """
    directed = any(predictor.direction for predictor in study.predictors) and set(candidates) & set(WITH_DIRECTIONS)
    trees = " Boosted trees use the directions." if directed else ""
    if not study.has_priors:
        return f"The study states no priors.{trees}"
    sentence = (
        "Priors are odds ratios of the outcome with 95 % intervals, stated by the study before the data of these "
        "patients were seen."
    )
    if not candidates:
        return sentence
    users = "; ".join(LABELS[name] for name in candidates if name in WITH_PRIORS)
    return f"{sentence} {f'They are used by: {users}.' if users else 'No candidate uses them.'}{trees}"


def predictor_rows(study: Study) -> list[dict[str, Any]]:
    """Return for each predictor what the report says of it: title, definition, direction, prior, source.

    Parameters
    ----------
    study : Study
    """
    directions = {"up": "raises the risk", "down": "lowers the risk", None: "either"}
    return [
        {
            "title": predictor_title(predictor),
            "definition": definition(predictor, study),
            "direction": directions[predictor.direction],
            "prior": prior_words(predictor),
            "source": link_dois(predictor.prior.source if predictor.prior else ""),
        }
        for predictor in study.predictors
    ]


def prior_words(predictor: Predictor) -> str:
    """Return the prior as an odds ratio with its 95 % interval and its step.

    Parameters
    ----------
    predictor : Predictor
    """
    if predictor.prior is None:
        return "none; a small effect in either direction"
    mean, sd = predictor.prior.log_odds, predictor.prior.sd
    reach = normal_quantile(LEVEL) * sd
    step = coefficient_step(predictor)[1]
    return f"OR {exp(mean):.2f} ({exp(mean - reach):.2f} to {exp(mean + reach):.2f}) {step}"


def link_dois(text: str) -> list[tuple[str, str]]:
    """Split text at its DOIs: pairs of text and address, the address empty where the text is no DOI.

    Parameters
    ----------
    text : str

    Examples
    --------
    >>> link_dois("Liao 2021 doi:10.2147/IJGM.S321253, HR 2.10")[1]
    ('doi:10.2147/IJGM.S321253', 'https://doi.org/10.2147/IJGM.S321253')
    """
    parts = re.split(r"(doi:10\.\d{4,9}/[\w./()-]*\w)", text)
    return [
        (part, f"https://doi.org/{part.removeprefix('doi:')}" if place % 2 else "")
        for place, part in enumerate(parts)
        if part
    ]


def screen_words(tested: int, selected: Sequence[str]) -> str:
    """Say that predictors were selected among candidate biomarkers, and what that means for their effects.

    Parameters
    ----------
    tested : int
    selected : sequence of str
        Labels.

    Examples
    --------
    >>> screen_words(9, [])
    '9 candidate biomarkers were screened as a step of the procedure; none was selected.'
    """
    candidates = "1 candidate biomarker was" if tested == 1 else f"{tested} candidate biomarkers were"
    if not selected:
        return f"{candidates} screened as a step of the procedure; none was selected."
    return (
        f"{candidates} screened as a step of the procedure; selected: {', '.join(selected)}. Effects selected for "
        "their size are overestimated, and validation must repeat the screen in every fold."
    )
