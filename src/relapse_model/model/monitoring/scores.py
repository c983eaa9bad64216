"""What a table of scores alone shows: how many are rejected, which warnings come, and where the risks lie."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from relapse_model.model.monitoring.drift import DriftedShare, PredictorDrift, beyond, too_many, training_missing
from relapse_model.model.scoring.guards import CODES, GUARDS
from relapse_model.validation.classification_measures import wilson
from relapse_model.validation.estimate import Estimate

if TYPE_CHECKING:
    from relapse_model.model.trained import TrainedModel
    from relapse_model.study.predictor import Predictor

_NEXT_WARNING = r"; (?=RS\d{3} )"  # a warning may itself hold a semicolon
MISSING, BEYOND = "RS201", "RS202"
STRANGE = ("RS203", "RS204", "RS205")  # combination, unit, assay: in patients like those of the training they are rare
OFTEN = 0.10  # of the patients: above it such a warning is drift


@dataclass(frozen=True, slots=True)
class MonitoredScores:
    """Rejections, warnings and risks of new patients.

    Attributes
    ----------
    patients, scored : int
    rejected : Estimate
        Share of the patients, with Wilson's 95 % interval.
    warnings : tuple of PredictorDrift
        One per code of the guards of scoring: the share of scored patients who have it. Only for a combination, a
        unit or an assay unlike those of the training does more than a tenth count as drift; p is 1 for the others.
    mean_risk, p05, median, p95 : float
        Of the scored patients.
    training_risk : float or None
        Mean risk of the training; None where it is not comparable.
    p_value : float
        Of means as far apart; 1 where they are not compared.
    """

    patients: int
    scored: int
    rejected: Estimate
    warnings: tuple[PredictorDrift, ...]
    mean_risk: float
    p05: float
    median: float
    p95: float
    training_risk: float | None
    p_value: float


def monitored_scores(model: TrainedModel, scores: pd.DataFrame) -> MonitoredScores:
    """Summarise scores beside what is known of the training.

    The mean risks are compared by a normal test in which both the new patients and those of the training vary as the
    risks of the new patients do. They are not compared for a model of several landmarks, whose training mean is that of
    all of them, nor for an updated one, nor where the model file tells rounded numbers.

    Parameters
    ----------
    model : TrainedModel
    scores : DataFrame
        As `RelapseModel.score` returns it, at least one patient scored.
    """
    scored = scores[scores["status"] == "scored"]
    risk = scored["relapse_risk"].to_numpy(dtype=float)
    p05, median, p95 = (float(at) for at in np.quantile(risk, [0.05, 0.5, 0.95]))
    exact = "disclosure" not in model.summary  # a rounded mean would be drift where there is none
    comparable = exact and "update" not in model.summary and len(model.landmark_weeks) == 1
    trained = float(model.summary["mean_risk"]) if comparable else None
    rejected = len(scores) - len(scored)
    return MonitoredScores(
        patients=len(scores), scored=len(scored), rejected=wilson(rejected / len(scores), len(scores)),
        warnings=tuple(_of_code(code, scored["warnings"]) for code in CODES),
        mean_risk=float(risk.mean()), p05=p05, median=median, p95=p95, training_risk=trained,
        p_value=1.0 if trained is None else _p_of_means(risk, trained, int(model.summary["patients"])),
    )  # fmt: skip


def predictors_by_warnings(model: TrainedModel, scores: pd.DataFrame) -> tuple[PredictorDrift, ...]:
    """Return the drift of the predictors as far as the warnings of scored patients show it: missing, or out of range.

    One in ten training values lies outside the central range; a warning needs a value well outside it, so more than
    that is drift. A shift inside the range is not seen: for that, the cohort itself is needed.

    Parameters
    ----------
    model : TrainedModel
    scores : DataFrame
    """
    warnings = scores.loc[scores["status"] == "scored", "warnings"]
    named = [_named(text, model.study.predictors) for text in warnings]
    patients, found = int(model.summary["patients"]), []
    for predictor in model.study.predictors:
        count = {code: sum((code, predictor.name) in one for one in named) for code in (MISSING, BEYOND)}
        trained = training_missing(model.summary["predictors"][predictor.name], patients)
        known = patients - trained
        shares = [too_many("missing", count[MISSING], len(named), trained, patients)]
        if known > 1 and len(named) > count[MISSING]:
            of = len(named) - count[MISSING]
            shares.append(beyond("outside the training range", count[BEYOND], of, 0.10, known))
        found.append(PredictorDrift(predictor.name, predictor.label, len(named), tuple(shares)))
    return tuple(found)


def _of_code(code: str, warnings: pd.Series) -> PredictorDrift:
    from scipy.stats import binom

    title = next(guard.title for guard in GUARDS if guard.code == code)
    count = sum(any(one.startswith(f"{code} ") for one in _split(text)) for text in warnings)
    p_value = float(binom.sf(count - 1, len(warnings), OFTEN)) if code in STRANGE else 1.0
    share = DriftedShare("warned of", wilson(count / len(warnings), len(warnings)), OFTEN, p_value)
    return PredictorDrift(code, f"{code} {title}", len(warnings), (share,))


def _split(text: str) -> list[str]:
    return re.split(_NEXT_WARNING, text) if text else []


def _named(text: str, predictors: tuple[Predictor, ...]) -> set[tuple[str, str]]:
    """Return code and predictor of the warnings that name one; of two labels that fit, the longer."""
    found = set()
    for one in _split(text):
        code, _, rest = one.partition(" ")
        if code in (MISSING, BEYOND):
            about = f"{rest.partition(': ')[2]} "
            fit = [predictor for predictor in predictors if about.startswith(f"{predictor.label} ")]
            found |= {(code, max(fit, key=lambda one: len(one.label)).name)} if fit else set()
    return found


def _p_of_means(risk: np.ndarray[tuple[int], np.dtype[np.float64]], trained: float, patients: int) -> float:
    from scipy.special import ndtr

    if len(risk) < 2 or np.ptp(risk) == 0:
        return 1.0
    error = float(risk.std(ddof=1)) * np.sqrt(1 / len(risk) + 1 / patients)
    return float(2 * ndtr(-abs(float(risk.mean()) - trained) / error))
