"""Week 0 as it is found in the data: the first result of an analyte on one side of a threshold."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Floats
from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.measurements import measurements
from relapse_model.cohort.outcome.decided_tests import decide_tests
from relapse_model.comparisons import before
from relapse_model.errors import RelapseModelError
from relapse_model.study.prediction import OutcomeRule
from relapse_model.study.study import Study, TimeIndex

WITHOUT_INDEX = (
    'Take the patient out of the tables, or state without = "leave out" under [time] index: who has no week 0 is then '
    "left out, and listed"
)
_WEEKS = {"labs": ("week",), "treatments": ("start_week", "end_week"), "outcomes": ("week",)}


@dataclass(frozen=True, slots=True, eq=False)
class IndexWeeks:
    """The index of each patient in weeks of the tables, NaN where it is not known; and why it is not."""

    week: Floats
    reason: NDArray[np.object_]


def index_weeks(cohort: Cohort, study: Study, index: TimeIndex) -> IndexWeeks:
    """Find the index of each patient.

    It is the week of the first result on record that is on the index's side of the threshold. Where a result that does
    not decide (``<20`` at a threshold of 10) comes before it, the index may have been there already: it is not known.

    Parameters
    ----------
    cohort : Cohort
        With the weeks of its tables.
    study : Study
    index : TimeIndex
    """
    results = measurements(cohort, study, index.analyte)
    rule = OutcomeRule("index", index.analyte, at_least=index.first_at_least, below=index.first_below)
    call = decide_tests(results, rule)
    met, open_ = (_first(results.patient[call == one], results.week[call == one], len(cohort)) for one in (1, -1))
    doubtful = before(open_, met)
    week = np.where(np.isinf(met) | doubtful, np.nan, met)
    side = f"below {index.first_below:g}" if index.first_below is not None else f"of at least {index.first_at_least:g}"
    analyte = study.analytes[index.analyte]
    sought = f"{analyte.label} {side} {analyte.unit}"
    reason = np.full(len(cohort), "", dtype=object)
    reason[np.isinf(met)] = f"no result of {sought}"
    reason[doubtful] = f"a result that does not decide comes before the first of {sought}"
    return IndexWeeks(week, reason)


def _first(patient: NDArray[np.intp], week: Floats, patients: int) -> Floats:
    found = np.full(patients, np.inf)
    np.minimum.at(found, patient, week)
    return found


def counted_from(cohort: Cohort, index: TimeIndex, week: Floats, rejected: pd.DataFrame) -> Cohort:
    """Return the cohort with every week counted from the index of its patient; without those who have none.

    Parameters
    ----------
    cohort : Cohort
    index : TimeIndex
    week : array of float
        The index of each patient; NaN: to be left out.
    rejected : DataFrame
        Of the new cohort.
    """
    known = np.flatnonzero(~np.isnan(week))
    kept = cohort if len(known) == len(cohort) else replace(cohort.take(known), problems=cohort.problems)
    tables = {}
    for name, columns in _WEEKS.items():
        table = getattr(kept, name)
        if table is not None:
            since = week[known][table["patient"].to_numpy(dtype=np.intp)]
            own = [column for column in columns if column in table]
            tables[name] = table.assign(**{column: table[column].to_numpy(dtype=float) - since for column in own})
    return replace(kept, **tables, rejected=rejected, index=index)


def require_same_index(cohort: Cohort, study: Study) -> None:
    """Refuse a cohort whose weeks count from something else than the study's do.

    Parameters
    ----------
    cohort : Cohort
    study : Study

    Raises
    ------
    RelapseModelError
    """
    counted, stated = (one and replace(one, without="refuse") for one in (cohort.index, study.time.index))
    if counted != stated:
        words = "the index that the study finds in the data" if stated else "the enrolment of its patients"
        other = "an index found in the data" if counted else "enrolment"
        raise RelapseModelError(
            f"study {study.name!r} counts its weeks from {words}, and those of this cohort count from {other}. "
            "Read the cohort with this study: read_cohort(folder, study=study)."
        )


def seen_at(cohort: Cohort, study: Study, landmark: float) -> Cohort:
    """Return the cohort as a landmark that is a visit sees it: see `relapse_model.cohort.landmark_visit.at_visit`.

    Parameters
    ----------
    cohort : Cohort
    study : Study
        Without a window of the visit, the landmark is a day, and the cohort is returned as it is.
    landmark : float
        Week.
    """
    if not study.prediction.landmark_window_weeks:
        return cohort
    from relapse_model.cohort.landmark_visit import at_visit  # few studies have a window

    return at_visit(cohort, study, landmark)
