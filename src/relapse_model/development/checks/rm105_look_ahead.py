"""RM105: a predictor reads rows of weeks after the landmark."""

from __future__ import annotations

from relapse_model.comparisons import before
from relapse_model.development.checks.check import CohortCheck, Verdict, found, not_applicable, passed
from relapse_model.features.at_landmark import AtLandmark
from relapse_model.features.look_ahead import changed_by_later_rows


def look_ahead(at: AtLandmark) -> Verdict:
    """Warn when a predictor changes once all rows after the landmark are taken away.

    The library's own kinds read no later row. A kind registered from outside may. A column of the patients table has
    no week: that it was filled in by the landmark is assumed, and cannot be seen here.

    Parameters
    ----------
    at : AtLandmark
    """
    weeks = [at.cohort.labs["week"]]
    if at.cohort.treatments is not None:
        weeks += [at.cohort.treatments[name] for name in ("start_week", "end_week") if name in at.cohort.treatments]
    later = any(before(at.landmark, one.to_numpy(dtype=float)).any() for one in weeks)
    if not later:
        return not_applicable(f"the cohort has no row after week {at.landmark:g}")
    names = changed_by_later_rows(at)
    if not names:
        return passed()
    labels = ", ".join(at.study.predictor(name).label for name in names)
    return found(
        f"{labels}: changes when the rows after week {at.landmark:g} are removed, so it uses information that is not "
        "available in that week, and every figure of the model is too good. Make its kind read rows up to the landmark "
        "only."
    )


CHECK = CohortCheck("RM105", "a predictor looks ahead", look_ahead)
