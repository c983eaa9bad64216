"""Weeks that are known only where the results leave no doubt: on a side of a threshold, or since it was passed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from relapse_model.arrays import Floats, Mask
from relapse_model.cohort import courses
from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.measurements import Measurements, measurements
from relapse_model.cohort.outcome.lasting_loss import LastingLoss, lasting_loss, latest_week
from relapse_model.cohort.outcome.risk_set import ENROLMENT
from relapse_model.comparisons import at_least, at_most, before, below
from relapse_model.features.summaries import summarise
from relapse_model.features.treatment import first_week, weeks_on, where_recorded
from relapse_model.study.predictor import Predictor
from relapse_model.study.study import Study

_TOLERANCE = 1e-6  # weeks: less than a second


def weeks_after_loss(cohort: Cohort, study: Study, predictor: Predictor, landmark: float) -> Floats:
    """Count treatment from the first test of the loss that lasted up to the landmark.

    Where the week of the loss is not known it is unknown, unless no treatment lies in doubt: with a course that began
    after the first test on record, all of it came after the loss.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    predictor : Predictor
        With agents, an analyte and `below`.
    landmark : float
    """
    if cohort.treatments is None:
        return np.full(len(cohort), np.nan)
    loss = loss_at(cohort, study, predictor, landmark)
    known = courses.courses_until(cohort.treatments, predictor.agents, landmark)
    fewest, most = (weeks_on(known, len(cohort), week) for week in (loss.latest, loss.earliest))
    if predictor.confirmed:
        fewest = np.where(loss.repeated, fewest, np.nan)
    return where_recorded(_agreed(fewest, most, predictor.cap), known, study.treatments.complete)


def loss_at(cohort: Cohort, study: Study, predictor: Predictor, landmark: float) -> LastingLoss:
    """Return the loss that lasted up to the landmark, by the analyte and threshold of a predictor.

    A positive test after enrolment between two negative ones does not end a loss by the outcome's own threshold: who is
    at risk at the landmark has not relapsed by the study's rule, so that no such test was a relapse.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    predictor : Predictor
        With an analyte and `below`.
    landmark : float
    """
    results = measurements(cohort, study, str(predictor.analyte)).until(landmark)
    call = called(results, float(predictor.below or 0.0))
    if (predictor.analyte, predictor.below) == (study.outcome.analyte, study.outcome.at_least):
        last_negative = latest_week(results.patient, results.week, call == 0, len(cohort))[results.patient]
        first_negative = first_week(results.patient, results.week, call == 0, len(cohort))[results.patient]
        between = before(first_negative, results.week) & before(results.week, last_negative)
        refuted = (call == 1) & before(ENROLMENT, results.week) & between
        results, call = results.rows(~refuted), call[~refuted]
    return lasting_loss(results.patient, results.week, call, len(cohort), predictor.gap_weeks)


def weeks_since_first_below(cohort: Cohort, study: Study, predictor: Predictor, landmark: float) -> Floats:
    """Count from the first result below the threshold, where one before it shows that it was the first.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    predictor : Predictor
        With an analyte and `below`.
    landmark : float
    """
    results = measurements(cohort, study, str(predictor.analyte)).until(landmark, predictor.window_weeks)
    call = called(results, float(predictor.below or 0.0))

    def first(rows: Mask) -> Floats:
        return first_week(results.patient, results.week, rows, len(cohort))

    may_be = first(call != 1)
    earliest = np.where(may_be > first(np.ones(len(call), dtype=bool)), may_be, -np.inf)
    return _agreed(landmark - first(call == 0), landmark - earliest, predictor.cap)


def weeks_beyond(cohort: Cohort, study: Study, predictor: Predictor, landmark: float) -> Floats:
    """Count the weeks on one side of a threshold, from the first result on; unknown while one holds that cannot say.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    predictor : Predictor
        Of kind ``weeks_below`` or ``weeks_at_least``.
    landmark : float
    """
    known = measurements(cohort, study, str(predictor.analyte)).until(landmark, predictor.window_weeks)
    asks_below = predictor.below is not None
    call = called(known, float((predictor.below if asks_below else predictor.at_least) or 0.0))
    wanted, inside = (0, -np.inf) if asks_below else (1, np.inf)

    def weeks(rows: Mask) -> Floats:
        value = np.where(rows, inside, -inside)
        return summarise(
            predictor.kind, known.patient, known.week, value, len(cohort), False, landmark=landmark, threshold=0.0
        )

    return _agreed(weeks(call == wanted), weeks((call == wanted) | (call == -1)), predictor.cap)


def called(results: Measurements, threshold: float) -> NDArray[np.int8]:
    """Return 0 for results surely below the threshold, 1 for those surely at or above it, else -1.

    ``<0.08`` may lie on either side of 0.05: the number that stands for it must not decide.
    """
    at_limit = at_most(results.upper, threshold) & (results.lower < results.upper)
    is_below = below(results.upper, threshold) | at_limit
    return np.where(is_below, 0, np.where(at_least(results.lower, threshold), 1, -1)).astype(np.int8)


def _agreed(fewest: Floats, most: Floats, cap: float | None) -> Floats:
    """Return the number on which both bounds agree, or a cap that both reach; else NaN: it is not known."""
    agreed = most - fewest <= _TOLERANCE
    if cap is not None:
        agreed |= fewest >= cap
    return np.where(agreed, fewest, np.nan)
