"""How many patients met the study's criteria, did not, or could not be judged."""

from __future__ import annotations

import pandas as pd

from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.eligibility.screening import STATES, screen
from relapse_model.errors import RelapseModelError
from relapse_model.study.study import Study

KEYS = ("met", "not_met", "undecidable")  # in the order of STATES


def eligibility_states(cohort: Cohort, study: Study) -> pd.Series | None:
    """Return the state of every patient, as `screen` tells it; None where nothing can be told.

    That is where the study states no criteria, or where they cannot be applied to these tables: `screen` then says why.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    """
    if not (study.eligibility.include or study.eligibility.exclude):
        return None
    try:
        return screen(cohort, study).patients["state"]
    except RelapseModelError:
        return None


def eligibility_counts(states: pd.Series) -> dict[str, int]:
    """Return how many patients met the criteria, did not, and could not be judged.

    Parameters
    ----------
    states : Series
        Of `eligibility_states`, of the patients who count.

    Examples
    --------
    >>> eligibility_counts(pd.Series(["eligible", "undecidable", "undecidable"]))
    {'met': 1, 'not_met': 0, 'undecidable': 2}
    """
    return {key: int((states == state).sum()) for key, state in zip(KEYS, STATES, strict=True)}
