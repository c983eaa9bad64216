"""RM103: a treatment history that is stated in the patients table differs from what the treatments table gives."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from relapse_model.development.checks.check import CohortCheck, Verdict, found, not_applicable, passed
from relapse_model.features.at_landmark import AtLandmark
from relapse_model.features.by_kind import derive_one

_WEEKS = 4.0  # a difference that rounding and the delay of a visit do not explain


def stated_against_derived(at: AtLandmark) -> Verdict:
    """Warn when a stated number of weeks and the derived one differ by more than 4 weeks; the stated one is used.

    Parameters
    ----------
    at : AtLandmark
    """
    both = [
        predictor
        for predictor in at.study.predictors
        if predictor.agents and predictor.column in at.cohort.patients.columns
    ]
    if at.cohort.treatments is None or not both:
        return not_applicable("no treatment history comes both as a column and from a treatments table")
    apart = []
    for predictor in both:
        used = np.asarray(derive_one(at.cohort, at.study, predictor, at.landmark), dtype=float)
        derived = np.asarray(derive_one(at.cohort, at.study, replace(predictor, column=None), at.landmark), dtype=float)
        limit = 0.5 if predictor.kind == "ever_on_agent" else _WEEKS
        patients = int((np.abs(used - derived) > limit).sum())
        if patients:
            apart.append(f"{predictor.label}: {patients} of {len(at.cohort)} patients")
    if not apart:
        return passed()
    return found(
        "the patients table and the treatments (with the laboratory results) disagree, and the stated value is used. "
        f"{'; '.join(apart)}. Check these patients, or empty the column."
    )


CHECK = CohortCheck("RM103", "stated and derived treatment history differ", stated_against_derived)
