"""RM131: patients of the model who do not meet the study's criteria, or cannot be judged by them."""

from __future__ import annotations

from relapse_model.cohort.eligibility.counts import eligibility_counts
from relapse_model.development.checks.check import (
    NOTE,
    WARNING,
    CohortCheck,
    Verdict,
    found,
    nobody_at_risk,
    not_applicable,
    passed,
)
from relapse_model.features.at_landmark import AtLandmark
from relapse_model.small_counts import disclosed_parts

_MOST_UNJUDGED = 0.5  # of the patients: from this share on nobody knows whether the model is for such patients


def eligibility(at: AtLandmark) -> Verdict:
    """Count the patients at risk who do not meet the study's criteria, and those of whom it cannot be told.

    They are not left out: the criteria are those of the study, and the model is made from the patients that are there.
    Any who do not meet them are a warning, and so is it when half or more cannot be judged; fewer are a note.

    Parameters
    ----------
    at : AtLandmark
    """
    criteria = at.study.eligibility
    if not (criteria.include or criteria.exclude):
        return not_applicable("the study states no criteria")
    if not len(at.at_risk):
        return not_applicable(nobody_at_risk(at))
    states = at.eligibility
    if states is None:
        return not_applicable("the study's criteria cannot be applied to these tables")
    counts = eligibility_counts(states.iloc[at.at_risk])
    total, out, unjudged = sum(counts.values()), counts["not_met"], counts["undecidable"]
    if not (out or unjudged):
        return passed()
    met, not_met, undecidable = disclosed_parts(list(counts.values()))
    return found(
        f"of {total} patients at risk at week {at.landmark:g}, {met} meet the study's criteria, {not_met} do not, "
        f"{undecidable} cannot be judged. None of them is left out, so the model is made from these patients, whatever "
        "the criteria say. Eligibility, in check and in the report, counts them by criterion: take out those who do "
        "not meet them, or change the criteria; add what is needed to judge the others.",
        severity=WARNING if out or unjudged >= _MOST_UNJUDGED * total else NOTE,
    )


CHECK = CohortCheck("RM131", "patients who do not meet the criteria, or cannot be judged", eligibility)
