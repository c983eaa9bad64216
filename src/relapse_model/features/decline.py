"""How fast an analyte fell up to its loss: the part of the history before the threshold was passed."""

from __future__ import annotations

import numpy as np

from relapse_model.arrays import Floats, Mask
from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.measurements import measurements
from relapse_model.comparisons import at_or_before
from relapse_model.features.bounded_weeks import called
from relapse_model.features.summaries import summarise
from relapse_model.features.treatment import first_week
from relapse_model.study.predictor import Predictor
from relapse_model.study.study import Study


def slope_to_first_below(cohort: Cohort, study: Study, predictor: Predictor, landmark: float) -> Floats:
    """Return the least-squares slope per 4 weeks from the first result to the first below the threshold.

    Unknown where no result before it was at or above the threshold, where one before it may have been below, or where
    none is below up to the landmark. What stands below a limit counts as the number that stands for it.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    predictor : Predictor
        With an analyte and `below`.
    landmark : float
    """
    analyte = study.analytes[str(predictor.analyte)]
    results = measurements(cohort, study, analyte.name).until(landmark, predictor.window_weeks)
    call = called(results, float(predictor.below or 0.0))

    def first(rows: Mask) -> Floats:
        return first_week(results.patient, results.week, rows, len(cohort))

    lost, may_be = first(call == 0), first(call != 1)
    known = (lost <= may_be) & (first(call == 1) < lost)
    before = results.rows(at_or_before(results.week, lost[results.patient])).valued()
    slope = summarise(
        "slope", before.patient, before.week, before.value, len(cohort), analyte.scale == "log10", landmark=landmark
    )
    return np.where(known, slope, np.nan)
