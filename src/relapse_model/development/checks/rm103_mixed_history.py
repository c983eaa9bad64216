"""RM103: a treatment history that is stated in the patients table differs from what the treatments table gives."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from relapse_model.cohort.cohort import Cohort
from relapse_model.development.checks.check import Check, Verdict, found, not_applicable, passed
from relapse_model.features.by_kind import derive_one
from relapse_model.study.study import Study

_WEEKS = 4.0  # a difference that rounding and the delay of a visit do not explain


def stated_against_derived(cohort: Cohort, study: Study, landmark: float) -> Verdict:
    """Warn when a stated number of weeks and the derived one differ by more than 4 weeks; the stated one is used.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    landmark : float
    """
    both = [
        predictor for predictor in study.predictors if predictor.agents and predictor.column in cohort.patients.columns
    ]
    if cohort.treatments is None or not both:
        return not_applicable("no treatment history comes both as a column and from a treatments table")
    apart = []
    for predictor in both:
        used = np.asarray(derive_one(cohort, study, predictor, landmark), dtype=float)
        derived = np.asarray(derive_one(cohort, study, replace(predictor, column=None), landmark), dtype=float)
        limit = 0.5 if predictor.kind == "ever_on_agent" else _WEEKS
        patients = int((np.abs(used - derived) > limit).sum())
        if patients:
            apart.append(f"{predictor.label}: {patients} of {len(cohort)} patients")
    if not apart:
        return passed()
    return found(
        "the patients table and the treatments (with the laboratory results) disagree, and the stated value is used. "
        f"{'; '.join(apart)}. Look at these patients, or empty the column."
    )


CHECK = Check("RM103", "stated and derived treatment history differ", stated_against_derived)
