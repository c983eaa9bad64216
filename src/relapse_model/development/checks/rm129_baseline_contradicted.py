"""RM129: the mean risk of the cohort is not what the study expects."""

from __future__ import annotations

import numpy as np

from relapse_model.development.checks.check import CohortCheck, Verdict, found, not_applicable, passed
from relapse_model.errors import InsufficientDataError
from relapse_model.features.at_landmark import AtLandmark
from relapse_model.features.design import design
from relapse_model.features.development_data import data_of

FARTHEST = 2.0  # standard deviations: so far is one sound cohort in twenty


def baseline_contradicted(at: AtLandmark) -> Verdict:
    """Warn when the mean risk is more than two standard deviations from the baseline of the study, on the log-odds.

    The standard deviation is that between cohorts, as the study states it, and that of the counts together. It stops
    nothing. Without `as_stated` the model also tries a wider baseline, and averages the two by evidence.

    Parameters
    ----------
    at : AtLandmark
    """
    expected = design(at.study, at.landmark).baseline
    if expected is None:
        return passed()  # nothing was stated that could be contradicted
    try:
        data = data_of(at)
    except InsufficientDataError as error:
        return not_applicable(str(error))
    known = ~np.isnan(data.relapse)
    events = int(np.nansum(data.relapse))
    if not 0 < events < int(known.sum()):
        return not_applicable("all patients with a known outcome have the same")
    risk = float(np.average(data.relapse[known], weights=data.weights()[known]))
    log_odds, sd = expected
    apart = np.log(risk) - np.log1p(-risk) - log_odds
    spread = np.sqrt(sd**2 + 1.0 / (known.sum() * risk * (1.0 - risk)))
    if abs(apart) <= FARTHEST * spread:
        return passed()
    expects = 1.0 / (1.0 + np.exp(-log_odds))
    return found(
        f"the mean risk is {100 * risk:.1f} %; the study expects {100 * expects:.1f} % (outcome.baseline), "
        f"{abs(apart) / spread:.1f} standard deviations away. Check how the outcome was determined, and in whom. If "
        "these patients differ from those of the source, state what is known of such patients, or omit the baseline."
    )


CHECK = CohortCheck("RM129", "a mean risk unlike the baseline of the study", baseline_contradicted)
