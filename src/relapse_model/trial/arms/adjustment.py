"""Adjustment for baseline columns by standardisation: which columns may be used, and the comparison."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from relapse_model.arrays import Floats
from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.measurements import measurements
from relapse_model.errors import CohortError, Problem
from relapse_model.features.derive import derive_features
from relapse_model.features.design import design, design_matrix
from relapse_model.features.look_ahead import looking_ahead
from relapse_model.study.predictor import Predictor
from relapse_model.study.study import Study
from relapse_model.study.trial_plan import TrialPlan
from relapse_model.trial.arms.arm_contrast import ArmContrast, ArmFigures, counts
from relapse_model.trial.arms.endpoint import Endpoint
from relapse_model.trial.arms.estimation import one_sided
from relapse_model.trial.arms.intercurrent import first_start
from relapse_model.trial.arms.number_words import number_of
from relapse_model.trial.statistics import loss_weights, standardised_contrast
from relapse_model.validation.estimate import normal_quantile

MOST_MISSING = 0.10
EVENTS_PER_COLUMN = 10


@dataclass(frozen=True, eq=False)
class BaselineColumns:
    """Columns for the adjustment, one row per randomised patient, none missing.

    Attributes
    ----------
    names : tuple of str
    matrix : array of float, shape (patients, columns)
    imputed : dict of str to int
        How many values were missing, and taken as the mean of the column over both arms.
    note : str
        Where the columns come from, if not from the study.
    """

    names: tuple[str, ...]
    matrix: Floats
    imputed: dict[str, int]
    note: str = ""


def baseline_columns(
    cohort: Cohort, study: Study, found: Endpoint, names: Sequence[str], where: str, *, for_weights: bool = False
) -> tuple[BaselineColumns | None, list[Problem]]:
    """Return the columns to adjust for, as they were at randomisation; or why they cannot be.

    Up to 10 % of missing values are taken as the mean over both arms, which leaves the comparison unbiased, since the
    arm has nothing to do with it.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    found : Endpoint
    names : sequence of str
        Predictors of the study.
    where : str
        What names them, for messages.
    for_weights : bool
        The columns are not of the model of the outcome: its events do not limit their number.
    """
    known = {one.name: one for one in study.predictors}
    unknown = [name for name in names if name not in known]
    expected = f"a predictor of the study ({', '.join(known)})"
    advice = "The study says when a predictor was measured; a bare column does not"
    problems = [Problem(where, None, None, repr(name), expected, advice) for name in unknown]
    twice = sorted({name for name in names if list(names).count(name) > 1})
    problems += [Problem(where, None, None, f"{name!r} twice", "each predictor once") for name in twice]
    wanted = tuple(known[name] for name in dict.fromkeys(names) if name in known)
    for one in wanted:
        problems += after_randomisation(cohort, study, found, one, where)
    if problems or not wanted:
        return None, problems
    only = replace(study, predictors=wanted, terms=())
    try:
        features = derive_features(cohort, only, 0.0)
    except CohortError as error:
        return None, list(error.problems)
    ahead = looking_ahead(cohort, only, 0.0)
    problems += [
        Problem(where, None, None, f"{name!r} reads what was measured after randomisation", "a baseline column")
        for name in ahead
    ]
    matrix, labels = design_matrix(features, only)[found.place], design(only).names
    problems += column_problems(matrix, labels, found, where, for_weights=for_weights)
    return (None, problems) if problems else (filled(matrix, labels), [])


def filled(matrix: Floats, labels: tuple[str, ...]) -> BaselineColumns:
    """Return columns with the mean for what is missing, and how much was.

    Parameters
    ----------
    matrix : array of float, shape (patients, columns)
    labels : tuple of str
    """
    missing = np.isnan(matrix)
    values = np.where(missing, np.nanmean(matrix, axis=0), matrix)
    imputed = {name: int(number) for name, number in zip(labels, missing.sum(axis=0), strict=True) if number}
    return BaselineColumns(labels, values, imputed)


def column_problems(
    matrix: Floats, labels: tuple[str, ...], found: Endpoint, where: str, *, for_weights: bool = False
) -> list[Problem]:
    """Refuse columns of which much is missing, and more columns than the events carry.

    Parameters
    ----------
    matrix : array of float, shape (patients, columns)
    labels : tuple of str
    found : Endpoint
    where : str
        What names the columns, for messages.
    for_weights : bool
        As in `baseline_columns`.
    """
    problems = []
    for name, share in zip(labels, np.isnan(matrix).mean(axis=0), strict=True):
        if share > MOST_MISSING:
            came = f"{name!r} is missing in {share:.0%} of the randomised patients"
            problems.append(Problem(where, None, None, came, f"at most {MOST_MISSING:.0%}", "Name another column"))
    events = int(found.event.sum())
    if len(labels) > events / EVENTS_PER_COLUMN and not for_weights:
        came = f"{len(labels)} columns ({', '.join(labels)}) and {events} events"
        expected = f"at most one column for every {EVENTS_PER_COLUMN} events: {events // EVENTS_PER_COLUMN}"
        problems.append(Problem(where, None, None, came, expected, "Adjust for fewer columns"))
    return problems


def after_randomisation(
    cohort: Cohort, study: Study, found: Endpoint, predictor: Predictor, where: str
) -> list[Problem]:
    """Refuse the arm itself, the treatment of the trial, and blood drawn after its first dose.

    Parameters
    ----------
    cohort : Cohort
    study : Study
        With the plan and the dosing rule of the trial.
    found : Endpoint
    predictor : Predictor
    where : str
        What names it, for messages.
    """
    plan = study.trial
    expected = "a baseline column"
    if plan is not None and predictor.column == plan.arms.column:
        return [Problem(where, None, None, f"{predictor.name!r} is the arm", expected)]
    own = set() if study.dosing is None else {study.dosing.agent}
    if own & set(predictor.agents):
        came = f"{predictor.name!r} counts {', '.join(sorted(own))}, which the trial gives"
        return [Problem(where, None, None, came, expected)]
    if predictor.analyte is None or not own or cohort.treatments is None:
        return []
    first = np.full(len(cohort), np.inf)
    begin = 0.0 if study.dosing is None else study.dosing.first.week - study.dosing.first.window_weeks
    first[found.place] = first_start(found, cohort, tuple(own), begin)
    results = measurements(cohort, study, predictor.analyte)
    late = (results.week <= 0) & (results.week > first[results.patient])
    patients = len(np.unique(results.patient[late]))
    if not patients:
        return []
    who = number_of(patients, "patient")
    came = f"{predictor.name!r}: in {who} blood was drawn at enrolment, but after the first dose"
    return [Problem(where, None, None, came, "blood drawn before the first dose")]


def standardised(
    found: Endpoint, plan: TrialPlan, columns: BaselineColumns, *, kind: str, label: str, status: str
) -> ArmContrast:
    """Compare the arms by risks standardised to the baseline columns of all randomised patients.

    Where patients were lost, those with a known endpoint are weighted for them: who failed early is known more often
    than who would have been free at the end, so that the known alone would tell too high a risk, the more so in the arm
    of which more were lost. Assumes that at given columns, within an arm, loss has nothing to do with the coming
    failure.

    Parameters
    ----------
    found : Endpoint
    plan : TrialPlan
    columns : BaselineColumns
    kind, label, status : str
        As in `ArmContrast`.

    Raises
    ------
    InsufficientDataError
        If an arm has no events, or a column separates those with from those without; it is named.
    """
    asked, names = plan.primary, plan.arms.names
    lost = loss_weights(found.time, found.event, found.arm, columns.matrix, found.week) if found.lost.any() else None
    made = standardised_contrast(
        np.where(found.lost, 0.0, found.known), found.arm, columns.matrix, names=columns.names, strata=found.strata,
        weights=None if lost is None else lost.weights,
        measure=asked.measure, level=asked.level,
    )  # fmt: skip
    arms = [
        _with_risk(arm, risk, float(np.sqrt(variance)), asked.level)
        for arm, risk, variance in zip(
            counts(found, names), (made.treatment_risk, made.control_risk), np.diag(made.covariance), strict=True
        )
    ]
    estimand = "all randomised patients, had all been in the one arm or in the other"
    notes = []
    if lost is not None:
        plain = [name for name, used in zip(names, lost.by_columns, strict=True) if not used]
        few = f" (by the arm alone in {' and '.join(plain)}: too few lost)" if plain else ""
        notes.append(
            f"patients with a known endpoint are weighted for {int(found.lost.sum())} lost, by the chance of being "
            f"followed given arm and columns{few}; assumes that loss is otherwise unrelated to the risk of failure"
        )
    notes += [columns.note] if columns.note else []
    notes += [f"{name}: {number} missing, replaced by the mean" for name, number in columns.imputed.items()]
    tests = (one_sided(made.contrast),) if asked.sides == 1 else ()
    return ArmContrast(kind, label, estimand, status, arms[0], arms[1], made.contrast, tests, "; ".join(notes))


def _with_risk(arm: ArmFigures, risk: float, error: float, level: float) -> ArmFigures:
    reach = normal_quantile(level) * error
    return replace(arm, value=risk, lower=max(risk - reach, 0.0), upper=min(risk + reach, 1.0), standard_error=error)
