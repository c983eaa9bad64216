"""The arms of a cohort, and who of each is at risk at the landmark."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.outcome.risk_set import is_at_risk
from relapse_model.cohort.tables.column_values import texts
from relapse_model.cohort.tables.columns import ARM, MISSING_WORDS


def patients_by_arm(cohort: Cohort, outcome: pd.DataFrame) -> dict[str, NDArray[np.intp]]:
    """Return the positions of the patients at risk in each arm, by its name, in order of the names.

    Whose arm is not stated is in none. Without the column there is no arm.

    Parameters
    ----------
    cohort : Cohort
    outcome : DataFrame
        As `derive_outcome` makes it.

    Returns
    -------
    dict of str to array of int
    """
    if ARM not in cohort.patients:
        return {}
    arm = texts(cohort.patients[ARM])
    stated = ~arm.str.casefold().isin(MISSING_WORDS).to_numpy()
    names, at_risk = arm.to_numpy(dtype=object), stated & is_at_risk(outcome["state"])
    return {str(name): np.flatnonzero(at_risk & (names == name)) for name in sorted(set(names[at_risk]))}
