"""Whether a predictor reads rows of later weeks: the check that any kind of predictor must pass."""

from __future__ import annotations

from relapse_model.cohort.cohort import Cohort
from relapse_model.comparisons import at_or_before
from relapse_model.features.at_landmark import AtLandmark
from relapse_model.features.derive import derive_features
from relapse_model.study.study import Study


def looking_ahead(cohort: Cohort, study: Study, landmark_week: float | None = None) -> list[str]:
    """Return the predictors whose values change when all rows after the landmark are taken away.

    An empty list on one cohort is no proof; a name in it is one. For kinds registered from outside.

    Parameters
    ----------
    cohort : Cohort
        With rows after the landmark.
    study : Study
    landmark_week : float, optional
        The study's first landmark by default.

    Returns
    -------
    list of str
        Names of predictors.

    Examples
    --------
    >>> import relapse_model as rm
    >>> looking_ahead(rm.simulate_cohort(20, seed=1), rm.load_study("hbsag-relapse"))
    []
    """
    return changed_by_later_rows(AtLandmark(cohort, study, study.landmark(landmark_week)))


def changed_by_later_rows(at: AtLandmark) -> list[str]:
    """Return what `looking_ahead` does, of a cohort whose predictors may be derived already.

    Parameters
    ----------
    at : AtLandmark
    """
    known = derive_features(known_at(at.cohort, at.landmark), at.study, at.landmark)
    return [str(name) for name in at.features if not at.features[name].equals(known[name])]


def known_at(cohort: Cohort, landmark: float) -> Cohort:
    """Return the cohort as it stood at a landmark: no later row, and no course end that was not known yet.

    Parameters
    ----------
    cohort : Cohort
    landmark : float
        Week.
    """
    labs = cohort.labs[at_or_before(cohort.labs["week"], landmark)].reset_index(drop=True)
    treatments = cohort.treatments
    if treatments is not None:
        treatments = treatments[at_or_before(treatments["start_week"], landmark)].reset_index(drop=True)
        if "end_week" in treatments:
            treatments["end_week"] = treatments["end_week"].where(at_or_before(treatments["end_week"], landmark))
    return Cohort(cohort.patients, labs, treatments, None, synthetic=cohort.synthetic, index=cohort.index)
