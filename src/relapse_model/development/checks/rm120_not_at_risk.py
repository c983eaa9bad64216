"""RM120: patients who are not at risk, or not known to be, at the landmark."""

from __future__ import annotations

from relapse_model.cohort.outcome.risk_set import COMPETED, LEFT, NOT_AT_RISK, POSITIVE, RELAPSED, UNKNOWN, is_at_risk
from relapse_model.development.checks.check import CohortCheck, Verdict, found, passed
from relapse_model.features.at_landmark import AtLandmark
from relapse_model.small_counts import SMALL, disclosed_count, disclosed_counts

_BY_TESTS = (
    "Only a patient who is free of the outcome can have it later: it cannot be found in a patient whose last test by "
    "that week is positive, or in whom no test decides. Look for tests that were not exported, and for patients who "
    "never qualified."
)
_ADJUDICATED = (
    "A patient who had the outcome by then cannot have it later; where its week is not known, this cannot be told. "
    "Look at the dates in the outcomes table, and at the week from which the others count."
)
_NOT_FOLLOWED = (
    "Who was not followed to the landmark is not known to be free of the outcome there: the outcomes table says until "
    "when they were."
)

_WORDS = {
    POSITIVE: "with a positive last test", RELAPSED: "with the outcome at or before the landmark",
    COMPETED: "after a competing event", UNKNOWN: "not known to be free of it",
    LEFT: "whose follow-up ended before the landmark",
}  # fmt: skip


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
    by_state = ", ".join(f"{number} {_WORDS[state]}" for number, state in zip(disclosed, counts, strict=True))
    why = _BY_TESTS if at.study.outcome.analyte is not None else _ADJUDICATED
    if LEFT in counts:
        why = f"{_NOT_FOLLOWED} {why}" if set(counts) != {LEFT} else _NOT_FOLLOWED
    return found(f"{disclosed_count(out)} patients are left out at week {at.landmark:g}: {by_state}. {why}")


CHECK = CohortCheck("RM120", "patients not at risk at the landmark", not_at_risk)
