"""RM111: an AUC above what is plausible for the disease."""

from __future__ import annotations

from typing import TYPE_CHECKING

from relapse_model.development.checks.check import Check, Verdict, found, not_applicable, passed
from relapse_model.validation.estimate import Estimate

if TYPE_CHECKING:
    from relapse_model.development.internal_validation.result import Validation

STUDY, HORIZON = "hbsag-relapse", 48.0
ORACLE, LIMIT = 0.75, 0.85


def implausible_auc(validation: Validation) -> Verdict:
    """Warn when even the lower limit of the AUC is above 0.85: something knows the outcome.

    The limit holds for the built-in study and week 48 only. In simulated cohorts with the published effects of
    antibody, consolidation and antigen, an oracle that knows every true risk has an AUC of about 0.75; 0.85 leaves room
    for what the literature has not found. Of other studies no such figure is known here.

    Parameters
    ----------
    validation : Validation
    """
    study = validation.study
    if study.name != STUDY or study.prediction.horizon_weeks != HORIZON:
        return not_applicable(f"a plausible limit is known for study {STUDY!r} at week {HORIZON:g} only")
    auc = validation.performance.measures.get("auc")
    if not isinstance(auc, Estimate):
        return not_applicable("the validation has no AUC with an interval")
    if auc.lower <= LIMIT:
        return passed()
    return found(
        f"AUC {auc}: its lower limit is above {LIMIT:.2f}, where a model that knew every true risk would reach about "
        f"{ORACLE:.2f}. Look for a predictor that was recorded after the landmark or follows from the outcome, for "
        "patients who stand in the cohort twice, and for steps that were fitted outside the folds."
    )


CHECK = Check("RM111", "an AUC above what is plausible", implausible_auc)
