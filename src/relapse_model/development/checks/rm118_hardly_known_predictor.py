"""RM118: a predictor that hardly anybody has: nothing is learned of it."""

from __future__ import annotations

from relapse_model.development.checks.check import CohortCheck, Verdict, found, not_applicable, passed
from relapse_model.errors import InsufficientDataError
from relapse_model.features.at_landmark import AtLandmark
from relapse_model.features.development_data import data_of
from relapse_model.features.known_columns import FEWEST_KNOWN, hardly_known_predictors
from relapse_model.study.predictor import Predictor


def hardly_known_predictor(at: AtLandmark) -> Verdict:
    """Warn when a predictor is known at the landmark in fewer than 10 patients whose outcome is known.

    Most hospitals do not measure everything the study names. It stops nothing: classifiers with priors keep the prior,
    the others leave the predictor out.

    Parameters
    ----------
    at : AtLandmark
    """
    try:
        data = data_of(at)
    except InsufficientDataError as error:
        return not_applicable(str(error))
    few = hardly_known_predictors(data, at.study)
    if not few:
        return passed()
    kept = [one.label for one in few if _can_stand(one)]
    lost = [one.label for one in few if not _can_stand(one)]
    texts = []
    if kept:
        texts.append(
            f"{', '.join(kept)}: a model with priors uses the study's prior alone, counted from its typical value; "
            "other classifiers leave it out."
        )
    if lost:
        texts.append(
            f"{', '.join(lost)}: left out of every model, since the study states no prior per unit, or no typical "
            "value to count from."
        )
    return found(
        f"known at week {at.landmark:g} in fewer than {FEWEST_KNOWN} patients with a known outcome, so that nothing "
        f"can be learned about it. {' '.join(texts)} Take the predictor out of the study where it will not be measured."
    )


def _can_stand(predictor: Predictor) -> bool:
    """Tell whether the prior of a predictor has a value to count from, and a unit."""
    return predictor.typical is not None and predictor.prior is not None and predictor.prior.per != "sd"


CHECK = CohortCheck("RM118", "a predictor missing in nearly all patients", hardly_known_predictor)
