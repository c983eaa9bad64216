"""RM114: a predictor knows the outcome."""

from __future__ import annotations

from relapse_model.development.checks.check import ERROR, CohortCheck, Verdict, found, not_applicable, passed
from relapse_model.development.checks.leak_signs import first_sign, followed_patients
from relapse_model.features.at_landmark import AtLandmark


def leak(at: AtLandmark) -> Verdict:
    """Call it an error when a predictor tells the outcome as no marker known at the landmark does.

    No model is trained: each predictor is looked at by itself, among the patients at risk. Five signs, the limits of
    which stand in `leak_signs`, each for the lower end of a 90 % interval that is wide for few patients:

    - its values follow the time to the outcome or the last contact, in whatever unit (rank correlation);
    - it separates patients with the outcome from those without (AUC), more than strong prognostic markers do;
    - of a column of the patients table, which has no week: whether it has a value depends on the outcome;
    - or on how long the patient was followed, as of a column filled at a later visit;
    - or the column holds dates after the landmark, or has one beside it (``NAME_date``, ``date_of_NAME``,
      ``NAME_week``) that does.

    A marker that is itself decided at a later visit, and is as weak as others, is not seen.

    Parameters
    ----------
    at : AtLandmark
    """
    followed = followed_patients(at.outcome, at.study.prediction.horizon_weeks)
    if not followed.rows.any():
        return not_applicable(f"no patient is at risk at week {at.landmark:g} and seen after it")
    features = at.features[followed.rows]
    signs = [
        f"{one.label}: {sign}"
        for one in at.study.predictors
        if (sign := first_sign(at.cohort, one, features[one.name], followed, at.landmark))
    ]
    if not signs:
        return passed()
    return found(
        f"{'; '.join(signs)}. Values known at week {at.landmark:g} hardly ever do so: they were entered later, or "
        "follow from the outcome, and every figure of a model with them is too good. Take the predictor out of the "
        f"study, or correct the dates of its rows. If it really was known at week {at.landmark:g}, report how, and "
        "mute RM114."
    )


CHECK = CohortCheck("RM114", "a predictor knows the outcome", leak, severity=ERROR)
