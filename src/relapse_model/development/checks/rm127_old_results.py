"""RM127: old results stand for how the patient is at the landmark."""

from __future__ import annotations

import numpy as np

from relapse_model.comparisons import before
from relapse_model.development.checks.check import CohortCheck, Verdict, found, nobody_at_risk, not_applicable, passed
from relapse_model.features.at_landmark import AtLandmark
from relapse_model.features.why_unknown import weeks_old
from relapse_model.small_counts import SMALL

WEEKS = 26.0
_KINDS = ("last", "endogenous")  # they say how the patient is now


def old_results(at: AtLandmark) -> Verdict:
    """Warn when a predictor without a window reads, in some patients at risk, a result more than 26 weeks old.

    Parameters
    ----------
    at : AtLandmark
    """
    readers = [one for one in at.study.predictors if one.kind in _KINDS and one.window_weeks is None]
    if not readers:
        return passed()
    rows = at.at_risk
    if not len(rows):
        return not_applicable(nobody_at_risk(at))
    said = []
    for one in readers:
        old = int(np.sum(before(WEEKS, weeks_old(at.cohort, at.study, one, at.landmark)[rows])))
        if old:
            said.append(f"{one.label} in {f'fewer than {SMALL}' if old < SMALL else old}")
    if not said:
        return passed()
    return found(
        f"at week {at.landmark:g} the last result is more than {WEEKS:g} weeks old in some of the {len(rows)} patients "
        f"at risk: {', '.join(said)}. Old results are used as if they were current. To limit their age, set "
        "window_weeks; an older result then counts as unknown."
    )


CHECK = CohortCheck("RM127", "old results used as current", old_results)
