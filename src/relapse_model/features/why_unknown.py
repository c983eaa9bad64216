"""Why a predictor of a patient is not known at the landmark, in words; and how old the result is that it rests on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from relapse_model.arrays import Floats, Mask
from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.courses import courses_until, ever
from relapse_model.cohort.measurements import Measurements, measurements
from relapse_model.cohort.outcome.lasting_loss import latest_week
from relapse_model.comparisons import before
from relapse_model.features.bounded_weeks import loss_at
from relapse_model.study.predictor import Predictor
from relapse_model.study.predictor_kinds import FEATURE_KINDS, WITH_WORDS
from relapse_model.study.study import Study

AFTER_LOSS = "weeks_on_agent_after_first_negative"
NOT_SEEN = "negative from the first test on record, so that the loss was not seen"
_LOSS = {
    "no test": "no test that decides",
    "not negative": "the last test is not negative",
    "not seen": NOT_SEEN,
    "not decided": "the tests do not tell when the loss was",
    "known": "not confirmed by a second negative test",
}


def why_unknown(
    cohort: Cohort, study: Study, predictor: Predictor, landmark: float, unknown: Mask
) -> NDArray[np.object_]:
    """Return for each patient why a predictor is unknown; empty where it is known.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    predictor : Predictor
    landmark : float
    unknown : array of bool
        Whose value is not known.

    Examples
    --------
    >>> import relapse_model as rm
    >>> cohort, study = rm.simulate_cohort(2, seed=1), rm.load_study("hbsag-relapse")
    >>> why_unknown(cohort, study, study.predictor("anti_hbs"), -200.0, np.array([True, False])).tolist()
    ['no result', '']
    """
    reason = np.full(len(cohort), "", dtype=object)
    if not unknown.any():
        return reason
    kind = FEATURE_KINDS[predictor.kind]
    if predictor.agents:
        reason[unknown] = _of_treatment(cohort, study, predictor, landmark)[unknown]
    elif predictor.column is not None:
        reason[unknown] = "no entry in the patients table"
    elif predictor.analyte is not None and "analyte" in kind.requires:
        reason[unknown] = _of_results(cohort, study, predictor, landmark)[unknown]
    else:
        reason[unknown] = "not known"
    return reason


def weeks_old(cohort: Cohort, study: Study, predictor: Predictor, landmark: float, *, too_old: bool = False) -> Floats:
    """Return how old the newest result of the predictor's analyte is at the landmark, in weeks; NaN without one.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    predictor : Predictor
        With an analyte.
    landmark : float
    too_old : bool
        Of the results that its window leaves out only.
    """
    known = _readable(measurements(cohort, study, str(predictor.analyte)).until(landmark), predictor)
    rows = np.ones(len(known.week), dtype=bool)
    if too_old:
        window = predictor.window_weeks
        rows = before(known.week, landmark - window) if window is not None else ~rows
    last = latest_week(known.patient, known.week, rows, len(cohort))
    return np.where(np.isfinite(last), landmark - last, np.nan)


def _readable(results: Measurements, predictor: Predictor) -> Measurements:
    return results if predictor.kind in WITH_WORDS or predictor.below or predictor.at_least else results.valued()


def _of_results(cohort: Cohort, study: Study, predictor: Predictor, landmark: float) -> NDArray[np.object_]:
    results = measurements(cohort, study, str(predictor.analyte))
    everyone = np.arange(len(cohort))
    tested = np.isin(everyone, _readable(results.until(landmark), predictor).patient)
    late = np.isin(everyone, _readable(results.until(landmark, predictor.window_weeks), predictor).patient)
    cases = [~tested, ~late]
    words = ["no result", f"no result in the last {predictor.window_weeks or 0:g} weeks"]
    return np.select(cases, words, "the results do not tell it").astype(object)


def _of_treatment(cohort: Cohort, study: Study, predictor: Predictor, landmark: float) -> NDArray[np.object_]:
    patients = len(cohort)
    if cohort.treatments is None:
        return np.full(patients, "no treatments table", dtype=object)
    given = ever(courses_until(cohort.treatments, predictor.agents, landmark), patients) == 1
    if predictor.kind == AFTER_LOSS:
        state = loss_at(cohort, study, predictor, landmark).state
        reason = np.select([state == one for one in _LOSS], list(_LOSS.values()), "").astype(object)
    elif predictor.kind == "dose_total":
        reason = np.full(patients, "a dose without an amount or a unit", dtype=object)
    else:
        reason = np.full(patients, "never given", dtype=object)
    if not study.treatments.complete:
        reason[~given] = "no course recorded, and the treatments table is not complete"
    return reason
