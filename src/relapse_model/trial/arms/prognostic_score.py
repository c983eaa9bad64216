"""Adjustment by the risk from a model of other patients: one column instead of many, for a standardised comparison."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd

from relapse_model.cohort.cohort import Cohort
from relapse_model.errors import Problem, RelapseModelError
from relapse_model.model.own_cohort import is_own_cohort
from relapse_model.model.relapse_model import RelapseModel, load_model
from relapse_model.study.study import Study
from relapse_model.trial.arms.adjustment import BaselineColumns, after_randomisation, column_problems, filled
from relapse_model.trial.arms.endpoint import Endpoint

NAME = "prognostic_score"
_BASELINE = 0.0  # week
_SMALLEST = 1e-9  # of a risk whose log-odds are taken


def prognostic_score(
    cohort: Cohort, study: Study, found: Endpoint, file: str | Path, where: str
) -> tuple[BaselineColumns | None, list[Problem]]:
    """Return the log-odds of the risk from a saved model as the column to adjust for, or why it cannot be.

    Assumes nothing of the model: a poor one gains nothing and does no harm, as long as it owes nothing to these
    patients. It scores them at randomisation, whatever their arm. Risks that it cannot give, up to 10 %, are taken as
    the mean of the others.

    Parameters
    ----------
    cohort : Cohort
    study : Study
        Of the trial.
    found : Endpoint
    file : str or Path
        A model file; relative to the working folder.
    where : str
        What names it, for messages.
    """
    try:
        model, digest = load_model(file), sha256(Path(file).read_bytes()).hexdigest()
    except (RelapseModelError, OSError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        advice = "A relative path starts from the folder in which the analysis runs"
        return None, [Problem(where, None, None, f"{Path(file).name}: {why}", "a model file", advice)]
    problems = _model_problems(cohort, study, found, model, where)
    if problems:
        return None, problems
    try:
        table = model.score(cohort, landmark_week=_BASELINE)
    except RelapseModelError as error:
        return None, [Problem(where, None, None, f"the model cannot score these patients: {error}", "one that can")]
    risk = pd.Series(table["relapse_risk"].to_numpy(dtype=float), index=table["patient_id"].to_numpy())
    known = np.clip(risk.reindex(cohort.patient_ids).to_numpy()[found.place], _SMALLEST, 1 - _SMALLEST)
    matrix = np.log(known / (1 - known))[:, np.newaxis]
    problems = column_problems(matrix, (NAME,), found, where)
    if problems:
        return None, problems
    note = f"prognostic score: log-odds by the model {Path(file).name} (SHA-256 {digest})"
    return replace(filled(matrix, (NAME,)), note=note), []


def _model_problems(cohort: Cohort, study: Study, found: Endpoint, model: RelapseModel, where: str) -> list[Problem]:
    """Refuse a model of these very patients, one of a later week, and one that knows the arm or its treatment."""
    problems = []
    own = is_own_cohort(model, cohort)
    if own is not False:
        came = "the model was trained on these very patients" if own else "the model does not tell whom it learned from"
        advice = "It has seen their outcomes" if own else "It was written by an earlier version: train it again"
        problems.append(Problem(where, None, None, came, "a model of other patients", advice))
    if _BASELINE not in model.landmark_weeks:
        weeks = ", ".join(f"{week:g}" for week in model.landmark_weeks)
        problems.append(Problem(where, None, None, f"the model predicts from week {weeks}", "one from week 0"))
    its_study = replace(model.study, trial=study.trial, dosing=study.dosing)
    for one in model.study.predictors:
        problems += after_randomisation(cohort, its_study, found, one, where)
    return problems
