"""Tables of a dosing report: what is due now, the next doses, deviations from the rule and adherence by centre."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Floats
from relapse_model.cohort.cohort import Cohort
from relapse_model.features.centre_labels import one_name_each
from relapse_model.study.trial_plan import DosingRule
from relapse_model.trial.dosing.forecast import Forecast
from relapse_model.trial.dosing.rule import (
    ALL_CENTRES,
    AS_DUE,
    DETECTED,
    LATE,
    NONE,
    NOT_ASSESSED,
    OMITTED,
    OPEN,
    UNDECIDABLE,
)
from relapse_model.trial.dosing.visit_verdicts import BY_HAND, CONTROL, WRONG_AMOUNT

_SURPRISING = 0.01


def due_now(table: pd.DataFrame, unseen: pd.DataFrame, cohort: Cohort, rule: DosingRule) -> pd.DataFrame:
    """Return who needs something now: an open dose, or a visit that was left without its dose or its titre.

    Of each patient the last visit counts; who never had a titre is listed for that, if for nothing else.
    """
    visits = table[table["call"] != NONE]
    last = visits.groupby("patient").tail(1)
    status = {OPEN: "due", OMITTED: "overdue", NOT_ASSESSED: NOT_ASSESSED, UNDECIDABLE: UNDECIDABLE, BY_HAND: BY_HAND}
    listed = last[last["verdict"].isin(status)]
    never = unseen[~unseen["patient"].isin(listed["patient"])].assign(verdict=NOT_ASSESSED, titre=None)
    columns = ["patient", "week", "titre", "reason", "verdict"]
    listed = pd.concat([one[columns] for one in (listed, never) if len(one)] or [listed[columns]], ignore_index=True)
    listed = listed.sort_values(["patient", "week"], kind="stable")
    return pd.DataFrame(
        {
            "patient_id": cohort.patient_ids.to_numpy()[listed["patient"].to_numpy(dtype=np.intp)],
            "arm": rule.arm,
            "week": listed["week"].to_numpy(dtype=float),
            "titre": listed["titre"].to_numpy(dtype=object),
            "reason": listed["reason"].where(listed["verdict"] != BY_HAND, DETECTED).to_numpy(),
            "status": listed["verdict"].map(status).to_numpy(),
        }
    )


def next_doses(
    ids: NDArray[np.object_],
    found: Forecast,
    places: tuple[int, ...],
    visit: Floats,
    by_hand: set[str],
) -> pd.DataFrame:
    """Return when each forecast titre falls below the limit, and what the next planned visit is likely to ask for."""
    rows = list(places)
    chance = np.where([one in by_hand for one in ids[rows]], np.nan, found.due_at(visit))
    return pd.DataFrame(
        {
            "patient_id": ids[rows],
            "titre_week": found.start,
            "week": found.crossing,
            "lower": found.lower,
            "upper": found.upper,
            "next_visit": visit,
            "due_at_next_visit": chance,
            "reachable": 1.0 - found.unreachable,
            "dose_needed": found.dose_needed,
            "contradicts": found.surprise < _SURPRISING,
        }
    )


def centre_of_each(cohort: Cohort) -> np.ndarray[Any, np.dtype[np.object_]]:
    """Return the centre of each patient: "all" where the cohort has none, "unknown" where it is blank."""
    if "centre" not in cohort.patients:
        return np.full(len(cohort), "all", dtype=object)
    return one_name_each(cohort.patients["centre"]).fillna("unknown").astype(str).to_numpy(dtype=object)


def deviations(table: pd.DataFrame, centre: np.ndarray[Any, np.dtype[np.object_]]) -> pd.DataFrame:
    """Count what departs from the rule by kind and centre, also centres in which nothing did."""
    departs = ~table["verdict"].isin([AS_DUE, NONE, OPEN, BY_HAND])  # the last is for a person to decide
    kinds = pd.crosstab(table.loc[departs, "verdict"], centre[departs.to_numpy()])
    kinds = kinds.reindex(columns=sorted(set(centre.tolist())), fill_value=0)
    return kinds.rename_axis(index="deviation", columns=None).reset_index()


def adherence(table: pd.DataFrame, centre: np.ndarray[Any, np.dtype[np.object_]]) -> pd.DataFrame:
    """Return doses given of those due by centre; those still open do not count."""
    due = table["verdict"].isin([AS_DUE, LATE, OMITTED, WRONG_AMOUNT]).to_numpy()
    given = table["verdict"].isin([AS_DUE, LATE, WRONG_AMOUNT]).to_numpy()
    rows = []
    for name in [*sorted(set(centre[due].tolist())), ALL_CENTRES]:
        here = due if name == ALL_CENTRES else due & (centre == name)
        rows.append({"centre": name, "due": int(here.sum()), "given": int((given & here).sum())})
    outside = int((table["verdict"] == CONTROL).sum())
    rows.append({"centre": "doses in the control arm", "due": 0, "given": outside})
    return pd.DataFrame(rows)
