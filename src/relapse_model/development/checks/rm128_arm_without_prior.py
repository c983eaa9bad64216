"""RM128: nothing is stated beforehand of the effect that the trial is made to find."""

from __future__ import annotations

from relapse_model.development.checks.check import CohortCheck, Verdict, found, not_applicable, passed
from relapse_model.development.checks.finding import Finding
from relapse_model.features.at_landmark import AtLandmark
from relapse_model.study.arm_prior import without_arm_prior
from relapse_model.study.study import Study

_WHAT_TO_DO = "State what was known before the trial: prior = { log_odds, sd, per, source } of the predictor."


def arm_without_prior(at: AtLandmark) -> Verdict:
    """Warn when the arm of a trial is a predictor without a prior.

    Parameters
    ----------
    at : AtLandmark
    """
    if at.study.trial is None:
        return not_applicable("the study has no section [trial]")
    text = without_arm_prior(at.study)
    return found(f"{text} {_WHAT_TO_DO}") if text else passed()


def arm_findings(study: Study) -> list[Finding]:
    """Return the same as findings, where the benefit of the treatment is computed.

    Parameters
    ----------
    study : Study
    """
    text = without_arm_prior(study)
    return [Finding(CHECK.code, CHECK.title, CHECK.severity, f"{text} {_WHAT_TO_DO}")] if text else []


CHECK = CohortCheck("RM128", "no prior for the arm of the trial", arm_without_prior)
