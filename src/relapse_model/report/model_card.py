"""The model card: what a model is for, what it was made of, how good it is known to be, and its limits."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np

from relapse_model.classifiers.known import label_of
from relapse_model.classifiers.prior.centre_intercepts import FEWEST_CENTRES
from relapse_model.classifiers.prior.centres import FEWEST_PATIENTS
from relapse_model.cohort.outcome.risk_set import why_not_at_risk
from relapse_model.features.clinical_units import clinical, predictor_title
from relapse_model.features.dictionary import definition
from relapse_model.model.relapse_model import RelapseModel
from relapse_model.model.verdict import model_verdict
from relapse_model.report.baseline_words import baseline_learned, baseline_sentence
from relapse_model.report.figures.model import coefficient_table, has_coefficients
from relapse_model.report.figures.style import LEVEL
from relapse_model.report.first_screen import eligibility_told
from relapse_model.report.page_texts import true_minus
from relapse_model.report.translation import translated_card
from relapse_model.report.words import MEANING, outcome_words, prior_words, reads_arm, reads_labs, screen_words
from relapse_model.study.predictor import Predictor
from relapse_model.validation.estimate import Estimate
from relapse_model.validation.performance_measures import MEASURES, Performance, measure_shown

_LOST = {  # how training counted them
    "ipcw": "Lost patients count as neither; similar patients who were followed are given more weight in their place.",
    "drop_lost": "Lost patients were left out of the training.",
    "lost_as_free": "Lost patients counted as without the outcome in the training, which makes the risks too low.",
}


def model_card(model: RelapseModel, performance: Performance | None = None, language: str = "en") -> str:
    """Return the model card as Markdown: plain to read, and no text of the study can become markup.

    Parameters
    ----------
    model : RelapseModel
    performance : Performance, optional
        From `validate` or `RelapseModel.evaluate`; by default what the model itself knows, and if that is nothing the
        card says so.
    language : {"en", "zh"}
        Names of the study of which it has no translation stay as they are.

    Returns
    -------
    str

    Examples
    --------
    >>> import relapse_model as rm
    >>> study = rm.load_study("hbsag-relapse")
    >>> model = rm.train(rm.simulate_cohort(132, seed=7), study, candidates=("prior_logistic",))
    >>> print(model_card(model).splitlines()[0])
    # HBsAg relapse within 48 weeks of enrolment in patients with peginterferon-induced HBsAg loss, with or
    without hepatitis B immunoglobulin (HBIG)
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    performance = model.performance if performance is None else performance
    environment = Environment(  # Markdown, not HTML: its own escape is put on every text, and on numbers harmlessly
        loader=PackageLoader("relapse_model", "report/templates"),
        autoescape=False,
        finalize=markdown_text,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    card = environment.get_template("model_card.md.jinja").render(
        model=model,
        study=model.study,
        summary=model.summary,
        classifier=label_of(model.classifier_name, model.study.has_priors),
        labels=lambda name: label_of(name, model.study.has_priors),
        priors=model.study.has_priors,
        reads_arm=reads_arm(model.study),
        reads_labs=reads_labs(model.study),
        lost=_lost(model),
        criteria=_criteria(model),
        why_left_out=why_not_at_risk(model.study, model.landmark_week),
        screen=_screen(model),
        centres=_centres(model),
        baseline=baseline_sentence(model.study),
        baseline_learned=baseline_learned(model),
        gain=_gain(model.summary["choice"].get("against_mean_risk")),
        outcome=outcome_words(model.study.outcome, model.study),
        predictors=[_predictor_row(predictor, model) for predictor in model.study.predictors],
        coefficients=_coefficient_rows(model),
        level=f"{100 * LEVEL:g} %",
        performance=performance,
        measures=[] if performance is None else _measure_rows(performance),
        refused={} if performance is None else performance.refused,
        measure_names=MEASURES,
        verdict=model_verdict(replace(model, performance=performance)),
    )
    return card if language == "en" else translated_card(card, model.study, language)


def _lost(model: RelapseModel) -> str:
    """Return how training counted the lost."""
    if model.classifier_name == "prior_hazard":
        return "Lost patients count for as long as they were followed."
    return _LOST.get(model.summary.get("censoring", "ipcw"), "")


def _centres(model: RelapseModel) -> str:
    """Return how the centres differ, where the model has an intercept for each; empty where it has not."""
    centres, mixture = (getattr(model.classifier, name, None) for name in ("centres_", "components_"))
    if centres is None or mixture is None:
        return _centres_without_count(model)
    spread = float(np.sqrt(mixture.weight @ centres.spread))
    return (
        f"Mean risks differ between {len(centres.labels)} centres with a standard deviation of {spread:.2f} log-odds "
        f"(probability of no difference {centres.sd_weight[0]:.2f}; 0.50 before the data). A patient of one of them is "
        "scored by its partially pooled intercept, any other by the whole spread."
    )


def _centres_without_count(model: RelapseModel) -> str:
    """Say why the centres that the study names do not count; empty where it names none, or the model was updated."""
    column = model.study.prediction.centre
    if column is None or hasattr(model.classifier, "recalibration_") or "update" in model.summary:
        return ""
    if model.classifier_name == "prior_logistic":
        return (
            f"The study names the column {column!r} for centres, but fewer than {FEWEST_CENTRES} of them have "
            f"{FEWEST_PATIENTS} patients: centres do not count."
        )
    return f"The study names the column {column!r} for centres; the classifier takes no notice of them."


def _criteria(model: RelapseModel) -> str:
    """Return how many training patients met the study's criteria; empty where it states none."""
    told = eligibility_told(model.summary, model.study)
    if not told:
        return ""
    counts = told["eligibility"]
    if counts is None:
        return "How many of them met the study's criteria is not known."
    return (
        f"The study's criteria: {counts['met']} patients met them, {counts['not_met']} did not, "
        f"{counts['undecidable']} could not be judged. Nobody was left out because of them."
    )


def _screen(model: RelapseModel) -> str:
    """Return which candidates a screen selected, where it was a step of the procedure; empty where none was."""
    screen = model.summary.get("screen")
    if screen is None:
        return ""
    return screen_words(len(screen["tested"]), [model.study.predictor(name).label for name in screen["selected"]])


def _gain(gain: dict[str, Any] | None) -> str:
    """Return the difference from the mean risk in words; empty where it was not cross-validated."""
    if gain is None:
        return ""
    found = Estimate(**gain)
    words = measure_shown("log_loss_difference", found)
    return f"Log loss minus that of the mean risk: {words}, {100 * found.level:g} % interval."


def markdown_text(value: object) -> str:
    r"""Return a value as Markdown text: on one line, nothing in it markup or HTML.

    Parameters
    ----------
    value : object

    Examples
    --------
    >>> markdown_text("<b> 10*9/L | hbsag_relapse")
    '&lt;b&gt; 10\\*9/L \\| hbsag_relapse'
    """
    text = true_minus(" ".join(str(value).split()))
    text = re.sub(r"([\\`*\[\]|~])", r"\\\1", text)
    text = re.sub(r"(?<!\w)_|_(?!\w)", r"\\_", text)
    text = re.sub(r"&(?=#?\w+;)", "&amp;", text)
    return text.replace("<", "&lt;").replace(">", "&gt;")


def _predictor_row(predictor: Predictor, model: RelapseModel) -> dict[str, str]:
    training = model.summary["predictors"][predictor.name]
    return {
        "title": predictor_title(predictor),
        "definition": definition(predictor, model.study),
        "range": _range(predictor, training, told="disclosure" not in model.summary),
        "missing": str(training["missing"]),
        "prior": prior_words(predictor),
        "source": predictor.prior.source if predictor.prior else "none",
    }


def _range(predictor: Predictor, training: dict[str, Any], *, told: bool) -> str:
    if predictor.levels:
        return ", ".join(f"{level}: {count}" for level, count in training["levels"].items())
    if training["p05"] is None:
        if "yes" in training:
            return f"{training['yes']} yes, {training['no']} no"
        return "too few values for a range" if told else "too few values to be disclosed"
    if {training["p05"], training["p95"]} <= {0.0, 1.0}:
        return f"{100 * training['mean']:.0f} % yes"
    quantiles = np.array([training["p05"], training["median"], training["p95"]])
    low, middle, high = (f"{float(f'{value:.3g}'):,g}" for value in clinical(quantiles, predictor))
    return f"{middle} ({low} to {high})"


def _coefficient_rows(model: RelapseModel) -> list[dict[str, str]]:
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


def _ratio(ratio: tuple[float, float, float]) -> str:
    return f"{ratio[0]:.2f} ({ratio[1]:.2f} to {ratio[2]:.2f})"


def _measure_rows(performance: Performance) -> list[dict[str, str]]:
    return [
        {
            "label": label,
            "value": measure_shown(name, found),
            "meaning": MEANING[name],
        }
        for name, label in MEASURES.items()
        if (found := performance.measures.get(name)) is not None
    ]
