"""RS210: a predictor that hardly any training patient had."""

from __future__ import annotations

from relapse_model.model.scoring.guards.guard import Flagged, Guard, NewPatients, flagged

_TEXTS = {
    "prior": "known in hardly any training patient: {} (its effect is that of the study's prior, not of patients)",
    "left out": "known in hardly any training patient: {} (left out: the value does not count)",
}


def value_hardly_known(new: NewPatients) -> list[Flagged]:
    """Warn of a value of which the training could say nothing: the prior was used, or the value does not count.

    Parameters
    ----------
    new : NewPatients
    """
    reasons = new.summary.get("hardly_known", {})  # a model of an earlier version was trained on none such
    return [
        flagged(new.features[one.name].notna().to_numpy(), _TEXTS[reasons[one.name]].format(one.label))
        for one in new.study.predictors
        if one.name in reasons
    ]


GUARD = Guard("RS210", "a predictor hardly known in the training", value_hardly_known)
