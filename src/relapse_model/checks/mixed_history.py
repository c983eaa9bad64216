"""RM103: a treatment history that is stated in the patients table differs from what the treatments table gives."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from relapse_model.checks.finding import Finding
from relapse_model.cohort import Cohort
from relapse_model.features.by_kind import derive_one
from relapse_model.study import Study

_WEEKS = 4.0  # a difference that rounding and the delay of a visit do not explain


def stated_against_derived(cohort: Cohort, study: Study, landmark: float) -> Finding | None:
    """Warn when a stated number of weeks and the derived one differ by more than 4 weeks; the stated one is used.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    landmark : float
    """
    found = []
    for predictor in study.predictors:
        column = predictor.column
        if not predictor.agents or column not in cohort.patients or cohort.treatments is None:
            continue
        used = np.asarray(derive_one(cohort, study, predictor, landmark), dtype=float)
        derived = np.asarray(derive_one(cohort, study, replace(predictor, column=None), landmark), dtype=float)
        limit = 0.5 if predictor.kind == "ever_on_agent" else _WEEKS
        apart = int((np.abs(used - derived) > limit).sum())
        if apart:
            found.append(f"{predictor.label}: {apart} of {len(cohort)} patients")
    if not found:
        return None
    return Finding(
        "RM103",
        "stated and derived treatment history differ",
        "warning",
        "the patients table and the treatments (with the laboratory results) disagree, and the stated value is used. "
        f"{'; '.join(found)}. Look at these patients, or empty the column.",
    )
