"""What was given after randomisation, by arm: patients and courses. Adverse events have no table in a cohort folder."""

from __future__ import annotations

import numpy as np
import pandas as pd

from relapse_model.cohort.cohort import Cohort
from relapse_model.trial.arms.endpoint import Endpoint
from relapse_model.trial.statistics import proportion, risk_difference

COLUMNS = (
    "what", "arm", "patients", "of", "share", "lower", "upper", "courses", "difference", "difference_lower",
    "difference_upper",
)  # fmt: skip


def treatments_by_arm(cohort: Cohort, found: Endpoint, names: tuple[str, str], level: float) -> pd.DataFrame | None:
    """Count who was given each agent from randomisation to the week of the endpoint, and in how many courses or doses.

    Exact intervals of the shares, Miettinen-Nurminen intervals of their differences, and no p-values: nothing here was
    planned to be tested. None without a treatments table.

    Parameters
    ----------
    cohort : Cohort
    found : Endpoint
    names : tuple of str
        The treatment and the control arm.
    level : float
    """
    table = cohort.treatments
    if table is None:
        return None
    place = np.full(len(cohort), -1)
    place[found.place] = np.arange(len(found))
    row = place[table["patient"].to_numpy(dtype=np.intp)]
    start = table["start_week"].to_numpy(dtype=float)
    inside = (row >= 0) & (start >= 0) & (start <= found.week)
    given = pd.DataFrame({"agent": table["agent"].to_numpy()[inside], "row": row[inside]})
    sizes = int(found.treated.sum()), int((~found.treated).sum())
    rows = []
    for agent, courses in given.groupby("agent", sort=True):
        owner = courses["row"].to_numpy(dtype=np.intp)
        patients = np.unique(owner)
        treated = int(found.treated[patients].sum())
        both = treated, len(patients) - treated
        doses = int(found.treated[owner].sum()), int((~found.treated[owner]).sum())
        difference = risk_difference(both[0], sizes[0], both[1], sizes[1], level)
        for arm, number, of, count in zip(names, both, sizes, doses, strict=True):
            share = proportion(number, of, level)
            figures = (difference.value, difference.lower, difference.upper) if arm == names[0] else (np.nan,) * 3
            rows.append((str(agent), arm, number, of, share.value, share.lower, share.upper, count, *figures))
    return pd.DataFrame(rows, columns=list(COLUMNS))
