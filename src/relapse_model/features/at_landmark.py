"""What is derived of a cohort at a landmark, each thing once: predictors, outcome, and who is at risk."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Positions
from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.eligibility.counts import eligibility_states
from relapse_model.cohort.index_week import seen_at
from relapse_model.cohort.outcome.outcome import derive_outcome
from relapse_model.cohort.outcome.risk_set import is_at_risk, risk_set
from relapse_model.features.derive import derive_features
from relapse_model.study.study import Study


@dataclass(frozen=True, eq=False)
class AtLandmark:
    """A cohort seen by a study at one landmark. What is asked for is derived when first asked for, and kept.

    Assumes that neither cohort nor study is changed meanwhile, and that who asks changes nothing of what comes: it is
    shared. It lives no longer than the training, validation or report that made it.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    landmark : float
        Week.

    Examples
    --------
    >>> import relapse_model as rm
    >>> at = AtLandmark(rm.simulate_cohort(20, seed=1), rm.load_study("hbsag-relapse"), 0.0)
    >>> at.features.shape, at.features is at.features
    ((20, 8), True)
    >>> len(at.at_risk)
    20
    """

    cohort: Cohort
    study: Study
    landmark: float

    def __post_init__(self) -> None:
        """Put the visits of the landmark that were held late on the landmark, where the study says how late."""
        object.__setattr__(self, "cohort", seen_at(self.cohort, self.study, self.landmark))

    @cached_property
    def features(self) -> pd.DataFrame:
        """Return the predictors of every patient, as `derive_features` makes them."""
        return derive_features(self.cohort, self.study, self.landmark)

    @cached_property
    def outcome(self) -> pd.DataFrame:
        """Return the outcome of every patient, as `derive_outcome` makes it."""
        return derive_outcome(self.cohort, self.study, self.landmark)

    @cached_property
    def standing(self) -> NDArray[np.object_]:
        """Return who is at risk, as `risk_set` tells it: also of a cohort that has no outcome."""
        return risk_set(self.cohort, self.study, self.landmark)

    @cached_property
    def eligibility(self) -> pd.Series | None:
        """Return the state of every patient by the study's criteria, as `eligibility_states` tells it."""
        return eligibility_states(self.cohort, self.study)

    @cached_property
    def at_risk(self) -> Positions:
        """Return the positions of the patients at risk."""
        return np.flatnonzero(is_at_risk(self.standing))

    @cached_property
    def features_at_risk(self) -> pd.DataFrame:
        """Return the predictors of the patients at risk."""
        features = self.features  # first, so that what does not fit the study is reported before what is not enough
        return features.iloc[self.at_risk]
