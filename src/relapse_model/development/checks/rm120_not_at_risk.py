"""RM120: patients who are not at risk, or not known to be, at the landmark."""

from __future__ import annotations

from relapse_model.cohort.outcome.risk_set import NOT_AT_RISK, is_at_risk
from relapse_model.development.checks.check import CohortCheck, Verdict, found, passed
from relapse_model.features.at_landmark import AtLandmark
from relapse_model.small_counts import SMALL, disclosed_count, disclosed_counts


def not_at_risk(at: AtLandmark) -> Verdict:
    """Warn of patients who are not known to be free of the outcome at the landmark: no model learns from them.

    Parameters
    ----------
    at : AtLandmark
    """
    states = at.standing
    out = int((~is_at_risk(states)).sum())
    if not out:
        return passed()
    counts = {state: int((states == state).sum()) for state in NOT_AT_RISK if (states == state).any()}
    known = counts.values()
    disclosed = disclosed_counts(tuple(known)) if out >= SMALL else map(disclosed_count, known)
    by_state = ", ".join(f"{number} {state}" for number, state in zip(disclosed, counts, strict=True))
    return found(
        f"{disclosed_count(out)} patients are left out at week {at.landmark:g}: {by_state}. A relapse can "
        "only follow a loss: in a patient whose last test up to that week is positive, or who has none that decides, "
        "it cannot be found. Look for tests that were not exported, and for patients who never qualified."
    )


CHECK = CohortCheck("RM120", "patients not at risk at the landmark", not_at_risk)
