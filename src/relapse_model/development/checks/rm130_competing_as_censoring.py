"""RM130: competing events that the study calls loss to follow-up."""

from __future__ import annotations

from relapse_model.cohort.outcome.competing import competing_events
from relapse_model.comparisons import before
from relapse_model.development.checks.check import CohortCheck, Verdict, found, passed
from relapse_model.features.at_landmark import AtLandmark
from relapse_model.small_counts import disclosed_count


def competing_as_censoring(at: AtLandmark) -> Verdict:
    """Warn where competing events of patients at risk end their follow-up as a loss does, since the study asks for it.

    Parameters
    ----------
    at : AtLandmark
    """
    competing = competing_events(at.cohort, at.study)
    if competing is None:
        return passed()
    rows = at.at_risk
    counted = competing.as_censoring[rows] & before(competing.week[rows], at.study.prediction.horizon_weeks)
    number = int(counted.sum())
    if not number:
        return passed()
    names = ", ".join(sorted(set(competing.name[rows][counted])))
    return found(
        f"{disclosed_count(number)} competing events before week {at.study.prediction.horizon_weeks:g} count as "
        f"loss to follow-up ({names}; competing_as_censoring). The risks are then those that would apply if nobody "
        "could have such an event. They hold only if these events are unrelated to the outcome, and exceed the share "
        "of patients who will have it. For risks in the presence of such events, name them in competing."
    )


CHECK = CohortCheck("RM130", "competing events counted as loss to follow-up", competing_as_censoring)
