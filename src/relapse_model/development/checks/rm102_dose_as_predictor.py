"""RM102: the doses of a treatment that is given by response are used as a predictor."""

from __future__ import annotations

from relapse_model.development.checks.check import CohortCheck, Verdict, found, passed
from relapse_model.features.at_landmark import AtLandmark

_KINDS = ("dose_count", "dose_total")


def dose_as_predictor(at: AtLandmark) -> Verdict:
    """Warn when doses are counted: where they follow the titre, they are a read-out of it, not a cause.

    Parameters
    ----------
    at : AtLandmark
    """
    names = [predictor.label for predictor in at.study.predictors if predictor.kind in _KINDS]
    if not names:
        return passed()
    return found(
        f"{', '.join(names)}: doses that are given because a titre is low reflect the patient's own poor response. "
        "At a baseline landmark they are not known yet; at a later one they are confounded by indication. Use the "
        "randomised arm."
    )


CHECK = CohortCheck("RM102", "doses as a predictor", dose_as_predictor)
