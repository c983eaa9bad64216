"""RM123: the history of tests begins after the loss that a predictor counts from."""

from __future__ import annotations

from relapse_model.development.checks.check import CohortCheck, Verdict, found, nobody_at_risk, not_applicable, passed
from relapse_model.features.at_landmark import AtLandmark
from relapse_model.features.bounded_weeks import loss_at
from relapse_model.features.why_unknown import AFTER_LOSS

_SHARE = 0.5


def history_cut_off(at: AtLandmark) -> Verdict:
    """Warn when, in most patients at risk, the first test on record is already below what a predictor counts from.

    The loss came before the first test, and nobody knows when. An export without the history before enrolment looks
    like this; the weeks after the loss are then unknown, not 0. Where a column states them it is a note: how long
    patients had been free at enrolment is still not known.

    Parameters
    ----------
    at : AtLandmark
    """
    readers = [one for one in at.study.predictors if one.kind in (AFTER_LOSS, "weeks_since_first_below")]
    if not readers:
        return not_applicable("no predictor counts from the loss of an analyte")
    rows = at.at_risk
    if not len(rows):
        return not_applicable(nobody_at_risk(at))
    features = at.features_at_risk
    said, unknown = [], False
    for one in readers:
        cut = loss_at(at.cohort, at.study, one, at.landmark).state[rows] == "not seen"
        if cut.mean() > _SHARE:
            missing = features[one.name].isna().to_numpy() & cut
            unknown |= bool(missing.any())
            label = at.study.analytes[str(one.analyte)].label
            said.append(
                f"{label} is negative from the first test on record in {cut.mean():.0%}, and {one.label} unknown for "
                f"it in {missing.mean():.0%}"
            )
    if not said:
        return passed()
    column = next((one.column for one in readers if one.column), None)
    stated = f", or state the weeks in column {column!r}" if column else ""
    return found(
        f"of {len(rows)} patients at risk at week {at.landmark:g}, {'; '.join(said)}. The loss came before the first "
        f"test, so its date is unknown: add the tests from before it{stated}.",
        severity=None if unknown else "note",
    )


CHECK = CohortCheck("RM123", "a history that is cut off", history_cut_off)
