"""Relapse by the study's rule: an interval for each relapse, and three states that are never mixed up."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Floats, Mask
from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.measurements import Measurements, measurements
from relapse_model.cohort.outcome.lasting_loss import lasting_loss
from relapse_model.cohort.outcome.positive_runs import relapse_intervals
from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.study.study import OutcomeRule, Prediction, Study

STATES = ("relapse", "free", "lost", "not_at_risk")


def derive_outcome(
    cohort: Cohort, study: Study, landmark_week: float | None = None, *, unconfirmed_at_end: str | None = None
) -> pd.DataFrame:
    """Return what became of each patient after the landmark, by the study's rule or as adjudicated.

    A relapse is known to lie after the last negative and at or before the first positive test. A patient not
    seen at the horizon is *lost*: neither relapsed nor free, whatever is convenient. The outcomes table, where
    a patient stands in it, wins over the rule, and its week is the week of relapse: free until then.

    The visit of the horizon is a test in the study's visit window on either side of it. A relapse first seen
    after the horizon but at that visit counts as one by the horizon, unless a test at that visit was negative.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    landmark_week : float, optional
        Week at which we predict; the study's first landmark by default.
    unconfirmed_at_end : {"relapse", "censor"}, optional
        Another reading of a positive run that reaches the last test unconfirmed than the study's, for a
        sensitivity analysis.

    Returns
    -------
    DataFrame
        One row per patient, in the order of the cohort, indexed by patient_id:

        - ``state``: ``relapse`` by the horizon; ``free`` through it; ``lost`` before it; ``not_at_risk``
          (relapsed at or before the landmark, or not seen since).
        - ``relapse``: 1, 0, or NaN for lost and not_at_risk.
        - ``last_negative_week``, ``first_positive_week``: the interval (last negative, first positive], over all
          follow-up; NaN where there is none.
        - ``time_week``: week of the first positive, or last known free of relapse (over all follow-up).
        - ``event``: 1 if ``time_week`` is a relapse, 0 if it is the end of follow-up, at any time.
        - ``single_positives``: positive runs that were not confirmed.
        - ``clearance_week``: week of the first negative test of the stretch that reached enrolment, at or before
          week 0: how long the patient had been free when follow-up began (left truncation). NaN if not tested, or
          if the first test on record is negative already: then the loss was not seen.

    Raises
    ------
    InsufficientDataError
        If nobody has any information on the outcome.
    RelapseModelError
        If the landmark is not before the horizon: then there is nothing to predict.

    Examples
    --------
    >>> import relapse_model as rm
    >>> study = rm.load_study("hbsag-relapse")
    >>> outcome = rm.derive_outcome(rm.simulate_cohort(20, seed=1), study)
    >>> list(outcome["state"].unique())  # doctest: +SKIP
    ['free', 'relapse', 'lost']
    """
    landmark = study.landmark(landmark_week)
    _refuse_late_landmark(landmark, study)
    table = _by_rule(cohort, study, reading=unconfirmed_at_end)
    adjudicated = _adjudicate(table, cohort)
    if table["time_week"].isna().all():
        need = f"tests of {study.outcome.analyte!r}" if study.outcome.analyte else "a table 'outcomes'"
        raise InsufficientDataError(f"no patient of this cohort has an outcome: it needs {need}.")
    prediction = study.prediction
    table.insert(0, "state", _states(table, adjudicated, landmark, prediction))
    table.insert(1, "relapse", table["state"].map({"relapse": 1.0, "free": 0.0}).astype(float))
    table.index = cohort.patient_ids
    return table


def decide_tests(results: Measurements, rule: OutcomeRule) -> NDArray[np.int8]:
    """Return for each result 1 (positive), 0 (negative) or -1 (the bounds do not decide).

    Parameters
    ----------
    results : Measurements
        With bounds: a result below its limit is negative only if the limit is at or under the threshold.
    rule : OutcomeRule
        With `at_least` or `below`.
    """
    censored_left = results.lower < results.upper
    if rule.at_least is not None:
        positive = results.lower >= rule.at_least
        negative = (results.upper < rule.at_least) | (censored_left & (results.upper <= rule.at_least))
    else:
        threshold = float(rule.below or 0.0)
        positive = (results.upper < threshold) | (censored_left & (results.upper <= threshold))
        negative = results.lower >= threshold
    return np.where(positive, 1, np.where(negative, 0, -1)).astype(np.int8)


def _by_rule(cohort: Cohort, study: Study, until: float = np.inf, reading: str | None = None) -> pd.DataFrame:
    rule = study.outcome
    if rule.analyte is None:
        empty = np.full(len(cohort), np.nan)
        columns = ("last_negative_week", "first_positive_week", "time_week")
        table = pd.DataFrame({name: empty.copy() for name in columns} | {"event": 0, "single_positives": 0})
        return table.assign(clearance_week=np.nan)
    results = measurements(cohort, study, rule.analyte).until(until)
    call = decide_tests(results, rule)
    # Positive tests before enrolment are the disease that was cleared, not its relapse.
    decided = (call == 0) | ((call == 1) & (results.week >= 0))
    decided &= _last_of_its_week(results, decided)
    found = relapse_intervals(
        results.patient[decided], results.week[decided], call[decided] == 1, len(cohort),
        rule.confirm.tests, rule.confirm.within_weeks,
        (reading or rule.confirm.unconfirmed_at_end) != "censor",
    )  # fmt: skip
    event = ~np.isnan(found.first_positive)
    return pd.DataFrame(
        {
            "last_negative_week": found.last_negative,
            "first_positive_week": found.first_positive,
            "time_week": np.where(event, found.first_positive, found.last_negative),
            "event": event.astype(int),
            "single_positives": found.unconfirmed,
            "clearance_week": _clearance_week(results, call, len(cohort)),
        }
    )


def _last_of_its_week(results: Measurements, decided: Mask) -> Mask:
    """Keep one test a week, the last row: two rows of one sample must not confirm each other."""
    rows = np.flatnonzero(decided)
    patient, week = results.patient[rows], results.week[rows]
    again = np.append((patient[1:] == patient[:-1]) & (week[1:] == week[:-1]), False)
    kept = np.zeros(len(decided), dtype=bool)
    kept[rows[~again[: len(rows)]]] = True
    return kept


def _clearance_week(results: Measurements, call: NDArray[np.int8], patients: int) -> Floats:
    """Return the first negative week after the last positive one, up to enrolment, where that loss was seen."""
    before = results.week <= 0
    loss = lasting_loss(results.patient[before], results.week[before], call[before], patients)
    return np.where(loss.state == "known", loss.latest, np.nan)


def _refuse_late_landmark(landmark: float, study: Study) -> None:
    horizon = study.prediction.horizon_weeks
    if not landmark < horizon:
        raise RelapseModelError(
            f"landmark_week is {landmark:g}; expected a week before the horizon of study {study.name!r} ({horizon:g}). "
            "Predict earlier, or set a later horizon_weeks in the study."
        )


def _adjudicate(table: pd.DataFrame, cohort: Cohort) -> Mask:
    """Write the adjudicated outcomes over those of the rule; return whose they are."""
    adjudicated = np.zeros(len(table), dtype=bool)
    if cohort.outcomes is None or cohort.outcomes.empty:
        return adjudicated
    rows = cohort.outcomes["patient"].to_numpy()
    adjudicated[rows] = True
    week = cohort.outcomes["week"].to_numpy(dtype=float)
    event = cohort.outcomes["relapse"].to_numpy(dtype=float) == 1
    last_negative = table["last_negative_week"].to_numpy(dtype=float).copy()
    known = last_negative[rows]
    last_negative[rows] = np.where(event, np.where(known < week, known, np.nan), week)
    for name, values in (
        ("first_positive_week", np.where(event, week, np.nan)),
        ("time_week", week),
        ("event", event.astype(int)),
    ):
        column = table[name].to_numpy().copy()
        column[rows] = values
        table[name] = column
    table["last_negative_week"] = last_negative
    return adjudicated


def _states(table: pd.DataFrame, adjudicated: Mask, landmark: float, prediction: Prediction) -> NDArray[np.object_]:
    time = table["time_week"].to_numpy(dtype=float)
    last_negative = table["last_negative_week"].to_numpy(dtype=float)
    event = table["event"].to_numpy() == 1
    horizon, window = prediction.horizon_weeks, prediction.visit_window_weeks
    seen_negative = last_negative >= horizon - window
    by_horizon = event & ((time <= horizon) | ((time <= horizon + window) & ~seen_negative))
    # A later relapse found by tests says nothing of the horizon by itself: the last negative does.
    free_until = np.where(event & ~by_horizon & ~adjudicated, last_negative, time)
    state = np.where(free_until >= horizon - window, "free", "lost").astype(object)
    state[by_horizon] = "relapse"
    before = np.isnan(time) | (time < landmark) | (event & (time <= landmark))
    state[before] = "not_at_risk"
    return state


def relapsed_by(cohort: Cohort, study: Study, week: float) -> Mask:
    """Tell who is known to have relapsed at or before a week, from what was known in that week.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    week : float
    """
    relapsed = np.zeros(len(cohort), dtype=bool)
    if study.outcome.analyte is not None:
        relapsed |= _by_rule(cohort, study, until=week)["event"].to_numpy() == 1
    if cohort.outcomes is not None:
        adjudicated = (cohort.outcomes["relapse"] == 1) & (cohort.outcomes["week"] <= week)
        relapsed[cohort.outcomes.loc[adjudicated, "patient"].to_numpy(dtype=np.intp)] = True
    return relapsed
