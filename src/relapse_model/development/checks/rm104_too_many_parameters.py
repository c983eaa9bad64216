"""RM104: more parameters than a cohort of this size supports."""

from __future__ import annotations

import numpy as np

from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.outcome.outcome import derive_outcome
from relapse_model.development.checks.check import Check, Verdict, found, not_applicable, passed
from relapse_model.features.design import design
from relapse_model.study.study import Study
from relapse_model.validation.sample_size.binary import (
    ANTICIPATED_C,
    cox_snell_r2,
    expected_shrinkage,
    maximum_parameters,
)


def too_many_parameters(cohort: Cohort, study: Study, landmark_week: float) -> Verdict:
    """Compare the number of parameters with what the patients at risk support, before anything is fitted.

    Riley's criterion of a shrinkage of 0.9 (Riley 2019, doi:10.1002/sim.7992), for an anticipated C of 0.75.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    landmark_week : float
    """
    outcome = derive_outcome(cohort, study, landmark_week)
    relapse = outcome.loc[outcome["state"] != "not_at_risk", "relapse"].to_numpy(dtype=float)
    known = relapse[~np.isnan(relapse)]
    if not 0 < known.sum() < len(known):
        return not_applicable("among the patients at risk there are not both outcomes, so there is nothing to learn")
    r2 = cox_snell_r2(ANTICIPATED_C, float(known.mean()))
    supported = maximum_parameters(len(relapse), float(known.mean()), r2)
    parameters = len(design(study).names)
    if parameters <= supported:
        return passed()
    shrinkage = expected_shrinkage(len(relapse), parameters, r2)
    informed = sum(predictor.prior is not None for predictor in study.predictors)
    advice = "The study states no priors: keep fewer predictors."
    if informed:
        advice = (
            f"{informed} of {len(study.predictors)} predictors have a prior, and that is what carries such a model; "
            "without priors, keep fewer predictors."
        )
    return found(
        f"{parameters} parameters, {len(relapse)} patients at risk, {int(known.sum())} relapses: the size supports "
        f"{supported:.1f} (Riley's shrinkage criterion, assuming C = {ANTICIPATED_C}; expected shrinkage here "
        f"{shrinkage:.2f}). {advice}"
    )


CHECK = Check("RM104", "more parameters than the sample supports", too_many_parameters)
