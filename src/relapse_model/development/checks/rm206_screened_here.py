"""RM206: a predictor was chosen among many on this very cohort, and the choice is not repeated in the validation."""

from __future__ import annotations

from relapse_model.development.checks.check import CohortCheck, Verdict, found, not_applicable, passed
from relapse_model.errors import InsufficientDataError
from relapse_model.features.at_landmark import AtLandmark
from relapse_model.features.development_data import data_of
from relapse_model.features.fingerprint import outcome_fingerprint


def screened_here(at: AtLandmark) -> Verdict:
    """Warn when a predictor carries the fingerprint of this cohort, as a screen of biomarkers writes it.

    Seen is the whole cohort at the same landmark alone: with some patients more or fewer it is another one.

    Parameters
    ----------
    at : AtLandmark
    """
    marked = [one for one in at.study.predictors if one.screened_on is not None]
    if not marked:
        return passed()
    try:
        here = outcome_fingerprint(data_of(at))
    except InsufficientDataError:
        return not_applicable(f"nobody is at risk at week {at.landmark:g}")
    names = ", ".join(one.label for one in marked if one.screened_on == here)
    if not names:
        return passed()
    return found(
        f"{names}: chosen by a screen of these very patients. No resample repeats the choice, so every figure of a "
        "model with it is too good. Validate on other patients, or report the increment of the screen, which says what "
        "it adds."
    )


CHECK = CohortCheck("RM206", "a predictor screened on this cohort", screened_here)
