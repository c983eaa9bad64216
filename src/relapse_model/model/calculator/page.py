"""The calculator as one page: fields, words and scorer put together, and tested against the library when it opens."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import tomllib
from collections.abc import Sequence
from importlib.resources import files
from math import isnan
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np

from relapse_model._version import __version__
from relapse_model.classifiers.known import label_of
from relapse_model.classifiers.shared.base import IntervalUnavailableError
from relapse_model.classifiers.shared.own_risk import own_risk_interval
from relapse_model.classifiers.shared.risks import tail_levels
from relapse_model.features.design import matrix_of_codes
from relapse_model.files import write_text
from relapse_model.model.calculator.criteria_asked import criteria_asked
from relapse_model.model.calculator.form_fields import arms_asked, form_fields, needs_laboratory, negative_words
from relapse_model.model.calculator.scorer_values import CalculatorError, scorer_values
from relapse_model.model.explanation.shap_values import reference_codes, starts_from_training
from relapse_model.model.explanation.shapley import EXACT_UP_TO, permutation_orders
from relapse_model.model.file.model_file import probe_codes
from relapse_model.model.scoring.guards.rs211_no_gain import FINDING
from relapse_model.model.scoring.guards.unlike import UNLIKE
from relapse_model.model.trained import LEVEL, TrainedModel
from relapse_model.model.verdict import model_verdict
from relapse_model.study.study import Study

LANGUAGES = ("en", "zh")
MOST_BYTES = 5_000_000  # of a page: more opens slowly, and cannot be sent by mail
_FEW_EVENTS = 100  # below which the page says that they are few
_EXAMPLES = 21  # made-up patients, from a seed and the training ranges, whose risks the page must get
_SCRIPTS = ("scorer.js", "lab_text.js", "criteria.js", "warnings.js", "form.js")
_AT_95 = NormalDist().inv_cdf(0.95)


def write_calculator(model: TrainedModel, path: str | Path, languages: Sequence[str] = LANGUAGES) -> Path:
    """Write the calculator of a model to one HTML file, which opens offline in any current browser.

    Parameters
    ----------
    model : TrainedModel
    path : str or Path
        An existing file is replaced, in one step.
    languages : sequence of str
        Of ``"en"`` and ``"zh"``; the page opens in the first.

    Returns
    -------
    Path

    Raises
    ------
    CalculatorError
        If the page cannot compute this classifier, would be larger than 5 MB, or a language lacks words.
    """
    target = Path(path)
    write_text(calculator_page(model, languages), target)
    return target


def calculator_page(model: TrainedModel, languages: Sequence[str] = LANGUAGES) -> str:
    """Return the page; see `write_calculator`.

    Nothing in it is fetched and nothing leaves it: its policy allows the one script and the one style by their
    hashes, so that a file in which a digit of either was changed does not start. When it opens, it scores made-up
    patients, and shows nothing unless every risk is the library's to 1e-9.

    Parameters
    ----------
    model : TrainedModel
    languages : sequence of str

    Examples
    --------
    >>> import relapse_model as rm
    >>> study = rm.load_study("hbsag-relapse")
    >>> model = rm.train(rm.simulate_cohort(132, seed=7), study, candidates=("prior_logistic",))
    >>> page = calculator_page(model, languages=("en",))
    >>> page.startswith("<!DOCTYPE html>"), "http://" in page.replace("http://www.w3.org/", "")
    (True, False)
    """
    words = page_words(languages)
    script = "\n".join(_part(name) for name in _SCRIPTS)
    script = script.replace("@MODEL@", _in_script(model_values(model))).replace("@WORDS@", _in_script(words))
    style = _part("page.css")
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    first = words[languages[0]]
    title = first["title"].format(outcome=_outcome(model, languages[0]), horizon=f"{_horizon(model):g}")
    filled = {
        "LANG": "zh-Hans" if languages[0] == "zh" else languages[0],
        "POLICY": policy,
        "TITLE": _in_html(title),
        "STYLE": style,
        "CLOSED": _in_html(" ".join(words[one]["closed"] for one in languages)),
        "SCRIPT": script,
    }
    page = re.sub(r"@([A-Z]+)@", lambda match: filled[match[1]], _part("page.html"))
    size = len(page.encode("utf-8"))
    if size > MOST_BYTES:
        raise CalculatorError(
            f"The page would have {size / 1e6:.1f} MB; expected at most {MOST_BYTES / 1e6:.0f}. Train with fewer or "
            "smaller trees, or score with `relapse-model score`."
        )
    return page


def page_words(languages: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return what the page says, by language, once every language is found complete."""
    known: dict[str, dict[str, str]] = tomllib.loads(_part("words.toml"))
    if not languages or len(set(languages)) < len(languages) or not set(languages) <= set(known):
        raise CalculatorError(
            f"languages is {tuple(languages)!r}; expected one or more of {', '.join(known)}, each once."
        )
    for one in languages:
        lacking = sorted(set(known["en"]) ^ set(known[one]))
        if lacking:
            raise CalculatorError(f"The words of language {one!r} are not those of English: {', '.join(lacking)}.")
    return {one: known[one] for one in languages}


def model_values(model: TrainedModel) -> dict[str, Any]:
    """Return all that the page knows of the model, as plain values: no row of a patient, and no path."""
    study, verdict = model.study, model_verdict(model)
    deviates = [NormalDist().inv_cdf(level) for level in tail_levels(LEVEL)]
    values = {
        "scorer": scorer_values(model.classifier),
        "fields": form_fields(model),
        "reference": _known(reference_codes(model)),
        "base": "training" if starts_from_training(model.classifier) else "average",
        "orders": _orders(len(study.predictors)),
        "examples": _examples(model),
        "level": LEVEL,
        "levels": list(zip(tail_levels(LEVEL), deviates, strict=True)),
        "residual_sd": study.prediction.residual_sd,
        "arms": arms_asked(model),
        "needs_one_of": [] if model.scores_unmeasured else needs_laboratory(study),
        "negative_words": negative_words(),
        **_of_warnings(model),
        **_of_study(study),
        "eligibility": _eligibility(model),
        "landmark": " / ".join(f"{week:g}" for week in model.landmark_weeks),
        "synthetic": bool(model.summary["synthetic"]),
        "few_events": _few(model.summary["events"]),
        "verdict": {"en": verdict.en, "zh": verdict.zh, "shown": verdict.shown},
    }
    identity = hashlib.sha256(_in_script(values["scorer"]).encode("utf-8")).hexdigest()[:12]
    return {**values, "about": _about(model, identity)}


def _of_study(study: Study) -> dict[str, Any]:
    passive = study.passive_antibody
    return {
        "outcome": study.outcome.name,
        "outcome_zh": study.outcome.label_zh,
        "horizon": f"{study.prediction.horizon_weeks:g}",
        "include": [[one.text, one.text_zh] for one in study.eligibility.include],
        "exclude": [[one.text, one.text_zh] for one in study.eligibility.exclude],
        "registry": study.registry,
        "passive_weeks": f"{study.scoring.passive_weeks:g}",
        "passive_agents": "" if passive is None else ", ".join(study.agent_labels(passive.agents)),
        "passive_agents_zh": "" if passive is None else "、".join(study.agent_labels(passive.agents, "zh")),
    }


def _of_warnings(model: TrainedModel) -> dict[str, Any]:
    findings = model.summary.get("warnings") or ()
    return {
        "range_margin": model.study.scoring.range_margin,
        "scatter": _scatter(model),
        "distance_limit": NormalDist().inv_cdf(model.study.scoring.distance_level),
        "criteria": criteria_asked(model),
        "unlike": sorted(UNLIKE),
        "no_gain": any(one.get("code") == FINDING and one.get("severity") == "warning" for one in findings),
    }


def _few(events: int | str) -> bool:
    """Tell whether events are few; a model file that hides their number hides a small one."""
    return not isinstance(events, int) or events < _FEW_EVENTS


def _about(model: TrainedModel, identity: str) -> dict[str, Any]:
    return {
        "classifier": label_of(model.classifier_name, model.study.has_priors),
        "kind": _kind(model),
        "patients": _shown_count(model, "patients"),
        "events": _shown_count(model, "events"),
        "lost": _shown_count(model, "lost_before_horizon"),
        "study": model.study.name,
        "model": identity,
        "version": __version__,
    }


def _eligibility(model: TrainedModel) -> dict[str, int | str] | None:
    """Return how many training patients met the study's criteria, or not; None of a model that does not tell."""
    counts = model.summary.get("eligibility")
    return None if counts is None else {name: _shown(model, count) for name, count in counts.items()}


def _shown_count(model: TrainedModel, name: str) -> int | str:
    """Return a count of the training, as it is shown."""
    return _shown(model, model.summary[name])


def _shown(model: TrainedModel, count: int | str) -> int | str:
    """Return a count, marked in every language where the model file tells it rounded."""
    return f"\u2248 {count}" if "disclosure" in model.summary and isinstance(count, int) else count


def _kind(model: TrainedModel) -> str:
    """Return the key of what the classifier is called in each language."""
    name = model.classifier_name
    without = not model.study.has_priors and label_of(name, False) != label_of(name, True)
    return f"kind_{name}_without" if without else f"kind_{name}"


def _examples(model: TrainedModel) -> list[dict[str, Any]]:
    """Make up patients as the model file does, and note what the library says of them."""
    codes = probe_codes(model.study, model.summary, _EXAMPLES)
    matrix = matrix_of_codes(codes, model.study)
    risks = model.classifier.predict_proba(matrix)[:, 1]
    try:
        limits = model.classifier.predict_interval(matrix, LEVEL)
        intervals: Any = own_risk_interval(risks, limits, model.study.prediction.residual_sd, LEVEL).tolist()
    except IntervalUnavailableError:
        intervals = [None] * len(codes)
    return [
        {"codes": _known(row), "risk": float(risk), "interval": interval}
        for row, risk, interval in zip(codes, risks, intervals, strict=True)
    ]


def _scatter(model: TrainedModel) -> dict[str, Any] | None:
    scatter = model.summary.get("scatter")
    if scatter is None:
        return None
    known = [one.name for one in model.study.predictors]
    training = model.summary["predictors"]
    return {
        "places": [known.index(name) for name in scatter["predictors"]],
        "quantiles": [[training[name][part] for name in scatter["predictors"]] for part in ("p05", "median", "p95")],
        "correlation": scatter["correlation"],
        "spread": scatter["spread"],
        "at_95": _AT_95,
    }


def _orders(predictors: int) -> list[list[int]]:
    return [] if predictors <= EXACT_UP_TO else [order.tolist() for order in permutation_orders(predictors)]


def _known(row: Any) -> list[float | None]:
    return [None if isnan(value) else float(value) for value in np.asarray(row, dtype=float)]


def _horizon(model: TrainedModel) -> float:
    return float(model.study.prediction.horizon_weeks)


def _outcome(model: TrainedModel, language: str) -> str:
    chinese = model.study.outcome.label_zh if language == "zh" else ""
    return chinese or model.study.outcome.name


def _part(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _in_script(values: Any) -> str:
    """Return JSON that no parser of HTML can take for the end of the script."""
    text = json.dumps(values, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _in_html(text: str) -> str:
    from html import escape

    return escape(text, quote=True)


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
