"""RM111: an AUC above what is plausible for the disease."""

from __future__ import annotations

from relapse_model.development.checks.check import Check, Verdict, found, not_applicable, passed
from relapse_model.study.study import Study
from relapse_model.validation.estimate import Estimate


def implausible_auc(study: Study, auc: object) -> Verdict:
    """Warn when even the lower limit of the AUC is above what the study calls plausible: something knows the outcome.

    Parameters
    ----------
    study : Study
        Its ``[prediction] implausible_auc`` is the limit; without it the check does not apply.
    auc : Estimate or other
        As a validation has it; anything but an `Estimate` has no interval.
    """
    limit = study.prediction.implausible_auc
    if limit is None:
        return not_applicable("the study states no AUC that would be implausible ([prediction] implausible_auc)")
    if not isinstance(auc, Estimate):
        return not_applicable("the validation has no AUC with an interval")
    if auc.lower <= limit:
        return passed()
    return found(
        f"AUC {auc}: its lower limit is above {limit:.2f}, which the study calls implausible. Look for a predictor "
        "that was recorded after the landmark or follows from the outcome, for patients who are in the cohort twice, "
        "and for steps that were fitted outside the folds."
    )


CHECK = Check("RM111", "an AUC above what is plausible", implausible_auc)
