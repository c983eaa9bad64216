"""Who has a laboratory result that the predictors can use: others are scored only where such were in the training."""

from __future__ import annotations

import numpy as np

from relapse_model.arrays import Mask
from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.index_week import seen_at
from relapse_model.comparisons import at_or_before
from relapse_model.study.predictor_kinds import FEATURE_KINDS
from relapse_model.study.study import Study


def measured(cohort: Cohort, study: Study, landmark: float) -> Mask:
    """Tell who has a result of any predictor that reads one, at or before the landmark.

    One that is too old for its window counts: it is warned of by name. Where no predictor reads a result, everybody has
    all that is asked for.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    landmark : float

    Examples
    --------
    >>> import relapse_model as rm
    >>> measured(rm.simulate_cohort(2, seed=1), rm.load_study("hbsag-relapse"), 0.0).tolist()
    [True, True]
    """
    named = {one.analyte for one in study.predictors if FEATURE_KINDS[one.kind].unit.startswith("analyte")}
    labs = seen_at(cohort, study, landmark).labs
    known = (
        labs["analyte"].isin(named) & at_or_before(labs["week"], landmark) & (labs["kind"] != "missing")
    ).to_numpy()
    found = np.full(len(cohort), not named)
    found[labs["patient"].to_numpy(dtype=np.intp)[known]] = True
    return found
