"""RM108: the horizon lies beyond what was followed up."""

from __future__ import annotations

from relapse_model.development.checks.check import CohortCheck, Verdict, found, not_applicable, passed
from relapse_model.features.at_landmark import AtLandmark

FEWEST = 10


def horizon_beyond_follow_up(at: AtLandmark) -> Verdict:
    """Warn when fewer than 10 patients are followed, free of relapse, to the horizon less the visit window.

    They alone tell of the late weeks: the censoring weights let each of them stand for several of those who were lost.
    Where nobody was lost, all is known however few are left, and there is no objection.

    Parameters
    ----------
    at : AtLandmark
    """
    state = at.outcome["state"]
    free, relapsed, lost = (int((state == one).sum()) for one in ("free", "relapse", "lost"))
    at_risk = free + relapsed + lost + int((state == "competing event").sum())
    if at_risk == 0:
        return not_applicable(f"no patient is at risk at week {at.landmark:g}")
    if lost == 0 or free >= FEWEST:
        return passed()
    prediction = at.study.prediction
    week = prediction.horizon_weeks - prediction.visit_window_weeks
    return found(
        f"{free or 'none'} of {at_risk} patients at risk are seen free of the outcome in week {week:g} or later "
        f"(the horizon of week {prediction.horizon_weeks:g}, less the visit window), and {lost} are lost before it; "
        f"expected {FEWEST} or more. The risk at the horizon rests on them alone: wait for longer follow-up, or set an "
        "earlier horizon_weeks."
    )


CHECK = CohortCheck("RM108", "the horizon lies beyond the follow-up", horizon_beyond_follow_up)
