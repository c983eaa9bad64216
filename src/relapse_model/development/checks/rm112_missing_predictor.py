"""RM112: a predictor is missing in many patients."""

from __future__ import annotations

from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.outcome.risk_set import is_at_risk, risk_set
from relapse_model.development.checks.check import Check, Verdict, found, not_applicable, passed
from relapse_model.features.derive import derive_features
from relapse_model.study.study import Study

PERCENT = 40  # missing


def missing_predictor(cohort: Cohort, study: Study, landmark: float) -> Verdict:
    """Warn when a predictor is not known at the landmark in more than 40 % of the patients at risk.

    What stands in for the missing values then decides as much as the values, and whoever was measured was often
    measured for a reason. The limit is a convention.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    landmark : float
    """
    at_risk = is_at_risk(risk_set(cohort, study, landmark))
    patients = int(at_risk.sum())
    if patients == 0:
        return not_applicable(f"no patient is at risk at week {landmark:g}")
    features = derive_features(cohort, study, landmark)[at_risk]
    missing = {one.label: int(features[one.name].isna().sum()) for one in study.predictors}
    many = [f"{label} {count / patients:.0%}" for label, count in missing.items() if 100 * count > PERCENT * patients]
    if not many:
        return passed()
    return found(
        f"not known at week {landmark:g}, of {patients} patients at risk: {', '.join(many)}. What stands in for the "
        "missing values decides as much as they do: find out why they are missing (a centre, a visit, a reason to "
        "test), and leave the predictor out where that cannot be mended."
    )


CHECK = Check("RM112", "a predictor missing in many patients", missing_predictor)
