"""RM112: a predictor is missing in many patients."""

from __future__ import annotations

from relapse_model.development.checks.check import CohortCheck, Verdict, found, not_applicable, passed
from relapse_model.errors import InsufficientDataError
from relapse_model.features.at_landmark import AtLandmark
from relapse_model.features.development_data import data_of
from relapse_model.features.known_columns import hardly_known_predictors

PERCENT = 40  # missing


def missing_predictor(at: AtLandmark) -> Verdict:
    """Warn when a predictor is not known at the landmark in more than 40 % of the patients at risk.

    What stands in for the missing values then decides as much as the values, and whoever was measured was often
    measured for a reason. The limit is a convention. Predictors known in fewer than 10 patients are those of RM118.

    Parameters
    ----------
    at : AtLandmark
    """
    try:
        data = data_of(at)
    except InsufficientDataError as error:
        return not_applicable(str(error))
    patients, features = data.patients, data.features
    unknown = hardly_known_predictors(data, at.study)  # nothing stands in for these: see RM118
    missing = {one.label: int(features[one.name].isna().sum()) for one in at.study.predictors if one not in unknown}
    many = [f"{label} {count / patients:.0%}" for label, count in missing.items() if 100 * count > PERCENT * patients]
    if not many:
        return passed()
    return found(
        f"not known at week {at.landmark:g}, of {patients} patients at risk: {', '.join(many)}. Imputed values then "
        "matter as much as measured ones: find out why they are missing (a centre, a visit, a reason to test), and "
        "leave the predictor out if that cannot be resolved."
    )


CHECK = CohortCheck("RM112", "a predictor missing in many patients", missing_predictor)
