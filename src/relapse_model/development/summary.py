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
from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.eligibility.counts import eligibility_counts
from relapse_model.development.checks.finding import Finding
from relapse_model.development.choice import Choice
from relapse_model.features.development_data import DevelopmentData
from relapse_model.features.fingerprint import data_fingerprint
from relapse_model.model.scoring.guards.results_read import measured_summary
from relapse_model.model.scoring.guards.training_scatter import scatter_summary
from relapse_model.model.scoring.measured import measured
from relapse_model.small_counts import SMALL, disclosed_count
from relapse_model.study.predictor import Predictor
from relapse_model.study.study import Study

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
    hardly_known: dict[str, str] | None = None,
    eligibility: pd.Series | None = None,
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
        Of the training: its assays and units are recorded, for the guard rails of scoring.
    hardly_known : dict of str to str, optional
        Predictors that hardly any patient has, and what became of each: ``"prior"`` or ``"left out"``.
    eligibility : Series, optional
        State of every patient of the cohort, by identifier, as `eligibility_states` tells it: of those who were trained
        on the summary counts how many met the study's criteria.
    """
    predictors = {
        predictor.name: predictor_summary(data.features[predictor.name], predictor, data.patient)
        for predictor in study.predictors
    }
    summary = {
        **_totals(data),
        "mean_risk": mean_risk,
        "synthetic": synthetic,
        "fingerprint": data_fingerprint(data),
        "seed": seed,
        "censoring": data.censoring,
        "parent": parent,
        "warnings": [finding.to_dict() for finding in findings],
        "choice": _choice_values(choice),
        "predictors": predictors,
        "hardly_known": hardly_known or {},
        "scatter": scatter_summary(data.features, study, predictors, data.patient),
        "packages": _packages(),
    }
    if cohort is not None:
        summary |= {**_competing(data), **_treated_share(data, study, cohort)}
        summary |= measured_summary(cohort, study, data.landmark_weeks[-1], SMALL)
        summary["unmeasured"] = disclosed_count(_unmeasured(data, study, cohort))
    if eligibility is not None:
        summary["eligibility"] = eligibility_counts(eligibility.loc[data.features.index.unique()])
    return summary if data.landmarks is None else summary | {"by_landmark": _by_landmark(data)}


def _totals(data: DevelopmentData) -> dict[str, int]:
    return {
        "patients": data.patients, "events": data.events, "lost_before_horizon": data.lost,
        "not_at_risk": data.not_at_risk,
    }  # fmt: skip


def _packages() -> dict[str, str]:
    own = {"relapse-model": __version__, "python": platform.python_version()}
    return own | {name: version(name) for name in PACKAGES}


def _choice_values(choice: Choice) -> dict[str, Any]:
    return {
        "chosen": choice.chosen,
        "log_loss": choice.log_loss,
        "log_loss_mean_risk": None if not choice.log_loss else choice.mean_risk_log_loss,
        "folds": choice.folds,
        "repeats": choice.repeats,
        "failed_folds": choice.failed,
        "against_mean_risk": None if choice.against_mean_risk is None else choice.against_mean_risk.to_dict(),
    }


def predictor_summary(
    values: pd.Series, predictor: Predictor, patient: NDArray[np.intp] | None = None
) -> dict[str, Any]:
    """Summarise one predictor: quantiles of a number, counts of levels, exactly; `coarse` makes of it what may leave.

    Fewer than 10 known numbers have no range, nor has a 0/1 predictor with one to four patients of either answer: such
    a range would warn of patients like those. Of the latter ``yes`` and ``no`` count the patients.

    Parameters
    ----------
    values : Series
    predictor : Predictor
    patient : array of int, optional
        The patient of each row, where one may have several: what is counted are patients, any of whose rows counts.
    """
    who = np.arange(len(values)) if patient is None else patient
    missing = _patients(who, values.isna())
    counted: dict[str, Any] = {"missing": missing}
    if predictor.levels:
        counts = [_patients(who, values == level) for level in predictor.levels]
        return counted | {"levels": dict(zip(predictor.levels, counts, strict=True))}
    numbers = values.dropna().to_numpy(dtype=float)
    flag = bool(np.isin(numbers, (0.0, 1.0)).all())
    yes, no = (_patients(who, values == one) for one in (1.0, 0.0))
    if (flag and (0 < yes < SMALL or 0 < no < SMALL)) or _patients(who, values.notna()) < 2 * SMALL:
        counted |= {"yes": yes, "no": no} if flag and len(numbers) else {}
        return counted | {"mean": None, "p05": None, "median": None, "p95": None}
    low, median, high = np.quantile(numbers, [0.05, 0.5, 0.95])
    return counted | {
        "mean": float(numbers.mean()), "p05": float(low), "median": float(median), "p95": float(high)
    }  # fmt: skip


def _competing(data: DevelopmentData) -> dict[str, dict[str, int]]:
    """Return how many had each competing event by the horizon, by name; nothing for none."""
    counts = data.competed_by_name()
    return {"competing": counts} if counts else {}


def _by_landmark(data: DevelopmentData) -> list[dict[str, Any]]:
    """Return how many are at risk, relapse and are lost at each landmark of a stacked model."""
    parts = [data.at(week) for week in data.landmark_weeks]
    return [
        {
            "week": part.landmark, "patients": part.patients, "events": part.events,
            "lost_before_horizon": part.lost,
        }
        for part in parts
    ]  # fmt: skip


def _treated_share(data: DevelopmentData, study: Study, cohort: Cohort) -> dict[str, float]:
    """Return the share of patients in the treatment arm, where the plan's effect stands for the arm; else nothing.

    A few in one arm are reported as none.
    """
    plan = study.trial
    if plan is None or plan.effect is None or plan.arms.column not in cohort.patients:
        return {}
    if any(one.column == plan.arms.column for one in study.predictors):
        return {}
    place = np.unique(cohort.patient_ids.get_indexer(data.features.index))
    treated = (cohort.patients[plan.arms.column].iloc[place] == plan.arms.treatment).to_numpy()
    few = min(treated.sum(), (~treated).sum()) < SMALL
    return {"treated_share": float(round(treated.mean())) if few else float(treated.mean())}


def _unmeasured(data: DevelopmentData, study: Study, cohort: Cohort) -> int:
    """Return how many patients were trained on without any result of the predictors, at any landmark."""
    place = cohort.patient_ids.get_indexer(data.features.index)
    week = np.full(len(data), data.landmark) if data.landmarks is None else data.landmarks
    without = [place[(week == one) & ~measured(cohort, study, one)[place]] for one in data.landmark_weeks]
    return len(np.unique(np.concatenate(without)))


def _patients(who: NDArray[np.intp], rows: pd.Series) -> int:
    """Return how many patients have one of these rows."""
    return len(np.unique(who[rows.to_numpy(dtype=bool)]))
