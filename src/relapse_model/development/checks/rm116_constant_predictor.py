"""RM116: a predictor that is constant, or nearly so."""

from __future__ import annotations

import pandas as pd

from relapse_model.development.checks.check import CohortCheck, Verdict, found, nobody_at_risk, not_applicable, passed
from relapse_model.features.at_landmark import AtLandmark
from relapse_model.small_counts import SMALL
from relapse_model.study.several_landmarks import LANDMARK_KIND

FEWEST_KNOWN = 2 * SMALL
_SHARE = 0.01


def constant_predictor(at: AtLandmark) -> Verdict:
    """Warn when a predictor is the same in nearly all patients at risk in whom it is known.

    That is where fewer than 5 of them, or fewer than 1 %, have another value than the commonest; of a yes or no with
    one to four patients RM117 tells, of a predictor known in fewer than 10 RM118. Nothing can be learned of its effect,
    and one value for all is often the mark of a mistake: a drug under another name, a history that was not exported.

    Parameters
    ----------
    at : AtLandmark
    """
    features = at.features_at_risk
    if features.empty:
        return not_applicable(nobody_at_risk(at))
    said = [
        f"{one.label} {said}"
        for one in at.study.predictors
        if one.kind != LANDMARK_KIND and (said := _objection(features[one.name]))
    ]
    if not said:
        return passed()
    return found(
        f"of {len(features)} patients at risk at week {at.landmark:g}: {'; '.join(said)}. The effect of "
        "such a predictor cannot be learned. Check whether it was recorded under another name, or not exported; if the "
        "data are right, leave it out."
    )


def _objection(values: pd.Series) -> str:
    known = values.dropna()
    if len(known) < FEWEST_KNOWN:
        return ""
    others = len(known) - int(known.value_counts().iloc[0])
    if others == 0:
        return "has one value in all in whom it is known"
    of_two = known.isin([0.0, 1.0]).all()
    if others < max(0 if of_two else SMALL, _SHARE * len(known)) and not (of_two and others < SMALL):
        return f"differs in fewer than {SMALL}" if others < SMALL else f"differs in fewer than {_SHARE:.0%}"
    return ""


CHECK = CohortCheck("RM116", "a predictor that hardly varies", constant_predictor)
