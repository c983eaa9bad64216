"""What a report says of the prior of the mean risk: what the study states, and how much of a model comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from relapse_model.features.design import design
from relapse_model.model.relapse_model import RelapseModel
from relapse_model.report.words import link_dois
from relapse_model.study.study import Study
from relapse_model.trial.arms.number_words import weeks_of
from relapse_model.validation.estimate import normal_quantile
from relapse_model.validation.logistic_fit import risk_of

_LEVEL = 0.95
_USERS = ("prior_logistic", "prior_and_trees")


def baseline_sentence(study: Study) -> str:
    """Return the prior of the mean risk as the study states it, without its source; empty where it states none.

    Parameters
    ----------
    study : Study

    Examples
    --------
    >>> import relapse_model as rm
    >>> print(baseline_sentence(rm.load_study("hbsag-relapse")))
    Prior of the mean risk: 11.0 % by week 48 (95 % of such cohorts between 2.8 and 35.0 %).
    """
    known = study.outcome.baseline
    if known is None or len(study.prediction.landmark_weeks) > 1:  # a model of several landmarks does not use it
        return ""
    middle = known.log_odds(known.by_week)
    return (
        f"Prior of the mean risk: {_percent(middle)} % by week {known.by_week:g} "
        f"({100 * _LEVEL:.0f} % of such cohorts {_between(middle, known.sd_logit)})."
    )


def baseline_parts(study: Study, candidates: Sequence[str] = ("prior_logistic",)) -> dict[str, Any]:
    """Return what a page says of the prior of the mean risk beside the predictors: the sentence, and its source.

    Parameters
    ----------
    study : Study
    candidates : sequence of str
        Nothing is said where none of them uses it.
    """
    sentence = baseline_sentence(study) if {*_USERS} & {*candidates} else ""
    known = study.outcome.baseline
    return {"baseline_sentence": sentence, "baseline_source": link_dois(known.source) if known else []}


def baseline_learned(model: RelapseModel) -> str:
    """Return how much of a model's mean risk comes of its prior, and how much of its patients; empty without a prior.

    The share is that of the precision (one over the variance of the log-odds, at the mean of the predictors), averaged
    over the posteriors by their weights.

    Parameters
    ----------
    model : RelapseModel
    """
    classifier: Any = model.classifier  # which of the classifiers has a prior of the mean risk, its attributes tell
    baseline, mixture = (getattr(classifier, name, None) for name in ("baseline", "components_"))
    if baseline is None or mixture is None:
        return ""
    widths = np.resize(np.asarray(classifier.baseline_widths, dtype=np.float64), len(mixture.weight))  # vary fastest
    variance = mixture.covariance[:, 0, 0] - (0.0 if classifier.centres_ is None else classifier.centres_.spread)
    share = float(mixture.weight @ (variance / (baseline[1] * widths) ** 2))
    words = (
        f"In this model {100 * share:.0f} % of the precision of the mean risk comes from {_origin(model)}, and the "
        "rest from its patients."
    )
    if len(classifier.baseline_widths) == 1:
        return words
    return f"{words} As it stands that prior has {100 * classifier.baseline_weight_[0]:.0f} % of the weight."


def _origin(model: RelapseModel) -> str:
    """Return whose prior it is, with what it says of the weeks of the model where the study tells those of others."""
    classifier: Any = model.classifier
    mean, sd = classifier.baseline
    known, landmark = model.study.outcome.baseline, model.landmark_week
    stated = design(model.study, landmark).baseline
    if known is None or stated is None or not np.allclose(stated, (mean, sd), rtol=1e-9):
        return f"an earlier model ({_percent(mean)} %, {100 * _LEVEL:.0f} % interval {_between(mean, sd)})"
    weeks = model.study.prediction.horizon_weeks - landmark
    if weeks == known.by_week:
        return f"the study's prior of it ({_percent(mean)} % by week {known.by_week:g})"
    return f"the study's prior of it ({_percent(mean)} % within {weeks_of(weeks)}, at a constant hazard)"


def _between(mean: float, sd: float) -> str:
    apart = normal_quantile(_LEVEL) * sd
    return f"between {_percent(mean - apart)} and {_percent(mean + apart)} %"


def _percent(log_odds: float) -> str:
    return f"{100 * float(risk_of(np.array([log_odds]))[0]):.1f}"
