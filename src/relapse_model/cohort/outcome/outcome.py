"""Relapse by the study's rule: an interval for each relapse, and three states that are never mixed up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Floats, Mask
from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.index_week import require_same_index, seen_at
from relapse_model.cohort.measurements import Measurements, measurements
from relapse_model.cohort.outcome.adjudicated import adjudicate
from relapse_model.cohort.outcome.by_column import by_column
from relapse_model.cohort.outcome.confirmation import relapse_intervals
from relapse_model.cohort.outcome.decided_tests import DecidedTests, decide_tests, decided_tests
from relapse_model.cohort.outcome.lasting_loss import lasting_loss
from relapse_model.cohort.outcome.risk_set import AT_RISK, ENROLMENT, NOT_AT_RISK, competing_of, risk_set
from relapse_model.comparisons import at_or_before, before
from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.study.prediction import OutcomeRule, Prediction
from relapse_model.study.study import Study

RELAPSE, FREE, LOST, COMPETING = "relapse", "free", "lost", "competing event"
_READINGS = (None, "relapse", "censor")
STATES = (RELAPSE, FREE, LOST, COMPETING, *NOT_AT_RISK)


def derive_outcome(
    cohort: Cohort, study: Study, landmark_week: float | None = None, *, unconfirmed_at_end: str | None = None
) -> pd.DataFrame:
    """Return what became of each patient after the landmark, by the study's rule or as adjudicated.

    Only a patient known to be free at the landmark is at risk (`risk_set`): a relapse needs a loss before it. A relapse
    is known to lie after the last negative and at or before the first positive test. A patient not seen at the horizon
    is *lost*: neither relapsed nor free, whatever is convenient; so is one not seen after the landmark at all. The
    outcomes table, where a patient stands in it, wins over the rule, and its week is the week of relapse: free until
    then. So is a patient with a competing event (event = competing) until its week, and afterwards free of relapse
    with certainty: what is predicted is the risk of relapse in the presence of such events. One that the study calls
    censoring (`competing_as_censoring`) ends the follow-up as a loss does.

    The visit of the horizon is a test in the study's visit window on either side of it. A relapse first seen
    after the horizon but at that visit counts as one by the horizon, unless a test at that visit was negative. The
    week of an adjudicated relapse is exact, and no window moves it. Weeks are compared to the day.

    Of an outcome that is a column of the patients table, a yes is a relapse in an unknown week after enrolment and by
    the horizon, a no is known to be free through it, and a patient of whom it is not known is lost.

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

        - ``state``: ``relapse`` by the horizon; ``free`` through it; ``lost`` before it; ``competing event`` by it;
          or, of those who are not at
          risk at the landmark, ``not at risk (positive)`` (the last test there), ``not at risk (relapsed)`` (and
          negative again, or as adjudicated), ``not at risk (competing event)``, ``not known to be at risk`` (no
          test up to it that decides) and ``not known to be at risk (follow-up ended)`` (free of it to a week before
          the landmark, by the outcomes table).
        - ``relapse``: 1, 0 (also after a competing event), or NaN for those lost or not at risk.
        - ``last_negative_week``, ``first_positive_week``: the interval (last negative, first positive], over all
          follow-up; NaN where there is none.
        - ``time_week``: week of the first positive, or last known free of relapse (over all follow-up).
        - ``event``: 1 if ``time_week`` is a relapse, 0 if it is the end of follow-up, at any time.
        - ``competing``: name of the competing event that ``time_week`` is, at any time; empty for the others.
        - ``single_positives``: positive runs that were not confirmed.
        - ``clearance_week``: week of the first negative test of the stretch that reached enrolment, at or before
          week 0: how long the patient had been free when follow-up began (left truncation). NaN if not tested, or
          if the first test on record is negative already: then the loss was not seen.

    Raises
    ------
    InsufficientDataError
        If nobody has any information on the outcome.
    CohortError
        If the study does not name a competing event, or a relapse by the tests lies before one whose row does not say
        that it was none.
    NoOutcomeError
        If the study states none.
    RelapseModelError
        If the landmark is not before the horizon: then there is nothing to predict. For another reading of
        unconfirmed runs than those two.

    Examples
    --------
    >>> import relapse_model as rm
    >>> study = rm.load_study("hbsag-relapse")
    >>> outcome = rm.derive_outcome(rm.simulate_cohort(20, seed=1), study)
    >>> list(outcome["state"].unique())  # doctest: +SKIP
    ['free', 'relapse', 'lost']
    """
    study.require_outcome()
    landmark = study.landmark(landmark_week)
    refuse_late_landmark(landmark, study)
    if unconfirmed_at_end not in _READINGS:
        raise RelapseModelError(f"unconfirmed_at_end is {unconfirmed_at_end!r}; expected 'relapse', 'censor' or None.")
    require_same_index(cohort, study)
    cohort = seen_at(cohort, study, landmark)
    competing = competing_of(cohort, study)
    if study.outcome.column is not None:
        table, tests = by_column(cohort, study, landmark), None
        exact = np.zeros(len(table), dtype=bool)
    else:
        table, tests = _by_rule(cohort, study, landmark, unconfirmed_at_end)
        if competing is not None:
            from relapse_model.cohort.outcome.competing import refuse_relapse_before

            refuse_relapse_before(table, cohort, competing, study.outcome)
        exact = adjudicate(table, cohort, tests, landmark, competing)
    if table["time_week"].isna().all() and (tests is None or not len(tests.week)):
        raise InsufficientDataError(f"no patient of this cohort has an outcome: it needs {_need(study.outcome)}.")
    if "competing" not in table:
        table["competing"] = np.full(len(table), "", dtype=object)
    state = state_at_horizon(table, exact, study.prediction)
    standing = risk_set(cohort, study, landmark)
    table.insert(0, "state", np.where(standing == AT_RISK, state, standing))
    table.insert(1, "relapse", table["state"].map({RELAPSE: 1.0, FREE: 0.0, COMPETING: 0.0}).astype(float))
    table.index = cohort.patient_ids
    return table


def _by_rule(
    cohort: Cohort, study: Study, landmark: float, reading: str | None
) -> tuple[pd.DataFrame, DecidedTests | None]:
    rule = study.outcome
    if rule.analyte is None:
        empty = np.full(len(cohort), np.nan)
        columns = ("last_negative_week", "first_positive_week", "time_week")
        table = pd.DataFrame({name: empty.copy() for name in columns} | {"event": 0, "single_positives": 0})
        return table.assign(clearance_week=np.nan), None
    results = measurements(cohort, study, rule.analyte)
    call = decide_tests(results, rule)
    tests = decided_tests(results, call)
    confirm = rule.confirm if reading is None else replace(rule.confirm, unconfirmed_at_end=reading)
    found = relapse_intervals(tests, len(cohort), confirm, landmark)
    event = ~np.isnan(found.first_positive)
    table = pd.DataFrame(
        {
            "last_negative_week": found.last_negative,
            "first_positive_week": found.first_positive,
            "time_week": np.where(event, found.first_positive, found.last_negative),
            "event": event.astype(int),
            "single_positives": found.unconfirmed,
            "clearance_week": _clearance_week(results, call, len(cohort)),
        }
    )
    return table, tests


def _clearance_week(results: Measurements, call: NDArray[np.int8], patients: int) -> Floats:
    """Return the first negative week after the last positive one, up to enrolment, where that loss was seen."""
    known = at_or_before(results.week, ENROLMENT)
    loss = lasting_loss(results.patient[known], results.week[known], call[known], patients)
    return np.where(loss.state == "known", loss.latest, np.nan)


def _need(rule: OutcomeRule) -> str:
    if rule.column is not None:
        return f"a yes or no in column {rule.column!r} of the patients table"
    return f"tests of {rule.analyte!r}" if rule.analyte else "a table 'outcomes'"


def refuse_late_landmark(landmark: float, study: Study) -> None:
    """Refuse a landmark that leaves no week before the horizon.

    Parameters
    ----------
    landmark : float
    study : Study

    Raises
    ------
    RelapseModelError
    """
    horizon, window = study.prediction.horizon_weeks, study.prediction.landmark_window_weeks
    if not before(landmark + window, horizon):
        raise RelapseModelError(
            f"landmark_week is {landmark:g}{f', and its visit up to {window:g} weeks later' if window else ''}; "
            f"expected a week before the horizon of study {study.name!r} ({horizon:g}). "
            "Predict earlier, or set a later horizon_weeks in the study."
        )


def state_at_horizon(table: pd.DataFrame, exact: Mask, prediction: Prediction) -> NDArray[np.object_]:
    """Return the state at the horizon of patients at risk at the landmark.

    Parameters
    ----------
    table : DataFrame
        ``time_week``, ``last_negative_week``, ``event`` and, where there are any, ``competing``, as in
        `derive_outcome`.
    exact : array of bool
        Whose week of relapse is exact.
    prediction : Prediction
    """
    time, last_negative = (table[name].to_numpy(dtype=float) for name in ("time_week", "last_negative_week"))
    event = table["event"].to_numpy() == 1
    window = prediction.visit_window_weeks
    seen_negative = prediction.reaches_horizon(last_negative, early=window)
    at_visit = at_or_before(time, prediction.horizon_weeks + window) & ~seen_negative & ~exact
    by_horizon = event & (prediction.by_horizon(time) | at_visit)
    # A later relapse found by tests says nothing of the horizon by itself: the last negative does.
    free_until = np.where(event & ~by_horizon & ~exact, last_negative, time)
    state = np.where(prediction.reaches_horizon(free_until, early=window), FREE, LOST).astype(object)
    state[by_horizon] = RELAPSE
    if "competing" in table:
        state[(table["competing"] != "").to_numpy(dtype=bool) & prediction.by_horizon(time)] = COMPETING
    return state
