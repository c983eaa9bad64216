"""RM102: the doses of a treatment that is given by response are used as a predictor."""

from __future__ import annotations

from relapse_model.cohort.cohort import Cohort
from relapse_model.development.checks.check import Check, Verdict, found, passed
from relapse_model.study.study import Study

_KINDS = ("dose_count", "dose_total")


def dose_as_predictor(cohort: Cohort, study: Study, landmark: float) -> Verdict:
    """Warn when doses are counted: where they follow the titre, they are a read-out of it, not a cause.

    Parameters
    ----------
    cohort : Cohort
        Not used.
    study : Study
    landmark : float
        Not used.
    """
    names = [predictor.label for predictor in study.predictors if predictor.kind in _KINDS]
    if not names:
        return passed()
    return found(
        f"{', '.join(names)}: doses given when a titre is low measure the patient's poor own response. At a baseline "
        "landmark they are not known yet; at a later one they are confounded by indication. Use the randomised arm."
    )


CHECK = Check("RM102", "doses as a predictor", dose_as_predictor)
