"""RM105: a predictor reads rows of weeks after the landmark."""

from __future__ import annotations

from relapse_model.cohort.cohort import Cohort
from relapse_model.development.checks.check import Check, Verdict, found, not_applicable, passed
from relapse_model.features.look_ahead import looking_ahead
from relapse_model.study.study import Study


def look_ahead(cohort: Cohort, study: Study, landmark: float) -> Verdict:
    """Warn when a predictor changes once all rows after the landmark are taken away.

    The library's own kinds read no later row. A kind registered from outside may. A column of the patients table has
    no week: that it was filled in by the landmark is assumed, and cannot be seen here.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    landmark : float
    """
    later = (cohort.labs["week"] > landmark).any()
    if cohort.treatments is not None:
        later |= (cohort.treatments["start_week"] > landmark).any()
        later |= "end_week" in cohort.treatments and (cohort.treatments["end_week"] > landmark).any()
    if not later:
        return not_applicable(f"the cohort has no row after week {landmark:g}")
    names = looking_ahead(cohort, study, landmark)
    if not names:
        return passed()
    labels = ", ".join(study.predictor(name).label for name in names)
    return found(
        f"{labels}: changes when the rows after week {landmark:g} are taken away, so it knows what nobody knows in "
        "that week, and every measure of the model is too good. Make its kind read rows up to the landmark only."
    )


CHECK = Check("RM105", "a predictor looks ahead", look_ahead)
