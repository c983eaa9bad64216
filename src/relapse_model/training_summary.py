"""What a model keeps of its training cohort: counts and central ranges, never a row."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model._version import __version__
from relapse_model.checks.finding import Finding
from relapse_model.choice import Choice
from relapse_model.cohort import Cohort
from relapse_model.development_data import DevelopmentData
from relapse_model.guards.results_read import measured_summary
from relapse_model.guards.scatter import scatter_summary
from relapse_model.study import Predictor, Study

FEWEST_SHOWN = 5  # counts below this are not kept: they could point to a patient
PACKAGES = ("numpy", "pandas", "scikit-learn", "xgboost", "scipy")


def training_summary(
    data: DevelopmentData,
    study: Study,
    choice: Choice,
    *,
    seed: int,
    synthetic: bool,
    mean_risk: float,
    findings: Sequence[Finding] = (),
    parent: dict[str, Any] | None = None,
    cohort: Cohort | None = None,
) -> dict[str, Any]:
    """Return the summary that travels with the model, as plain values.

    Parameters
    ----------
    data : DevelopmentData
    study : Study
    choice : Choice
    seed : int
    synthetic : bool
    mean_risk : float
    findings : sequence of Finding
        Coded warnings about the cohort or the study.
    parent : dict, optional
        The model that this one started from.
    cohort : Cohort, optional
        Of the training: its assays and units are told, for the guard rails of scoring.
    """
    predictors = {
        predictor.name: predictor_summary(data.features[predictor.name], predictor, data.patient)
        for predictor in study.predictors
    }
    summary = {
        "patients": data.patients,
        "events": data.events,
        "lost_before_horizon": data.lost,
        "not_at_risk": data.not_at_risk,
        "mean_risk": mean_risk,
        "synthetic": synthetic,
        "seed": seed,
        "censoring": data.censoring,
        "parent": parent,
        "warnings": [finding.to_dict() for finding in findings],
        "choice": {
            "chosen": choice.chosen,
            "log_loss": choice.log_loss,
            "log_loss_mean_risk": None if not choice.log_loss else choice.mean_risk_log_loss,
            "folds": choice.folds,
            "repeats": choice.repeats,
        },
        "predictors": predictors,
        "scatter": scatter_summary(data.features, study, predictors, data.patient),
        "packages": {"relapse-model": __version__, "python": platform.python_version()}
        | {name: version(name) for name in PACKAGES},
    }
    if cohort is not None:
        summary |= measured_summary(cohort, study, data.landmark_weeks[-1], FEWEST_SHOWN)
    return summary if data.landmarks is None else summary | {"by_landmark": _by_landmark(data)}


def predictor_summary(
    values: pd.Series, predictor: Predictor, patient: NDArray[np.intp] | None = None
) -> dict[str, Any]:
    """Summarise one predictor: quantiles of a number, shares of levels; small counts are not told.

    Parameters
    ----------
    values : Series
    predictor : Predictor
    patient : array of int, optional
        The patient of each row, where one may have several: what is counted are patients, any of whose rows counts.
    """
    who = np.arange(len(values)) if patient is None else patient
    missing = _patients(who, values.isna())
    told: dict[str, Any] = {"missing": missing if missing == 0 else _shown(missing)}
    if predictor.levels:
        told["levels"] = {level: _shown(_patients(who, values == level)) for level in predictor.levels}
        return told
    numbers = values.dropna().to_numpy(dtype=float)
    if _patients(who, values.notna()) < 2 * FEWEST_SHOWN:
        return told | {"mean": None, "p05": None, "median": None, "p95": None}
    low, median, high = np.quantile(numbers, [0.05, 0.5, 0.95])
    return told | {
        "mean": float(numbers.mean()), "p05": float(low), "median": float(median), "p95": float(high)
    }  # fmt: skip


def _by_landmark(data: DevelopmentData) -> list[dict[str, Any]]:
    """Return how many are at risk, relapse and are lost at each landmark of a stacked model."""
    parts = [data.at(week) for week in data.landmark_weeks]
    return [
        {
            "week": part.landmark, "patients": _shown(part.patients), "events": _shown(part.events),
            "lost_before_horizon": _shown(part.lost),
        }
        for part in parts
    ]  # fmt: skip


def _patients(who: NDArray[np.intp], rows: pd.Series) -> int:
    """Return how many patients have one of these rows."""
    return len(np.unique(who[rows.to_numpy(dtype=bool)]))


def _shown(count: int) -> int | str:
    return count if count >= FEWEST_SHOWN else f"<{FEWEST_SHOWN}"
