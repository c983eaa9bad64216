"""RM123: the history of tests begins after the loss that a predictor counts from."""

from __future__ import annotations

from relapse_model.cohort.cohort import Cohort
from relapse_model.development.checks.at_risk import nobody, positions_at_risk
from relapse_model.development.checks.check import Check, Verdict, found, not_applicable, passed
from relapse_model.features.bounded_weeks import loss_at
from relapse_model.features.derive import derive_features
from relapse_model.features.why_unknown import AFTER_LOSS
from relapse_model.study.study import Study

_SHARE = 0.5


def history_cut_off(cohort: Cohort, study: Study, landmark: float) -> Verdict:
    """Warn when, in most patients at risk, the first test on record is already below what a predictor counts from.

    The loss came before the first test, and nobody knows when. An export without the history before enrolment looks
    like this; the weeks after the loss are then unknown, not 0. Where a column states them it is a note: how long
    patients had been free at enrolment is still not known.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    landmark : float
    """
    readers = [one for one in study.predictors if one.kind in (AFTER_LOSS, "weeks_since_first_below")]
    if not readers:
        return not_applicable("no predictor counts from the loss of an analyte")
    rows = positions_at_risk(cohort, study, landmark)
    if not len(rows):
        return not_applicable(nobody(landmark))
    features = derive_features(cohort, study, landmark).iloc[rows]
    said, unknown = [], False
    for one in readers:
        cut = loss_at(cohort, study, one, landmark).state[rows] == "not seen"
        if cut.mean() > _SHARE:
            missing = features[one.name].isna().to_numpy() & cut
            unknown |= bool(missing.any())
            label = study.analytes[str(one.analyte)].label
            said.append(
                f"{label} is negative from the first test on record in {cut.mean():.0%}, and {one.label} unknown for "
                f"it in {missing.mean():.0%}"
            )
    if not said:
        return passed()
    column = next((one.column for one in readers if one.column), None)
    stated = f", or state the weeks in column {column!r}" if column else ""
    return found(
        f"of {len(rows)} patients at risk at week {landmark:g}, {'; '.join(said)}. The loss came before the first "
        f"test, and nobody can tell when: add the tests from before it{stated}.",
        severity=None if unknown else "note",
    )


CHECK = Check("RM123", "a history that is cut off", history_cut_off)
