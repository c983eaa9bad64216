"""What a report says of the cohort itself, whether or not a model can be made from it."""

from __future__ import annotations

from typing import Any

import numpy as np

from relapse_model.cohort import Cohort
from relapse_model.development_data import DevelopmentData
from relapse_model.eligibility import screen
from relapse_model.errors import RelapseModelError
from relapse_model.outcome import derive_outcome
from relapse_model.report.table_one import SMALL
from relapse_model.study import Study


def attrition(cohort: Cohort, data: DevelopmentData, study: Study) -> list[dict[str, Any]]:
    """Return the way from the cohort to the patients with a known outcome: what each step is, who remains, who leaves.

    Parameters
    ----------
    cohort : Cohort
    data : DevelopmentData
        Patients at risk at one landmark.
    study : Study
    """
    everybody, refused = len(cohort), len(cohort.rejected)
    week, horizon = f"week {data.landmark:g}", f"week {data.horizon:g}"
    steps = [("Patients of the cohort", everybody, 0)]
    if refused:
        steps = [("Patients in the files", everybody + refused, 0), ("Read without an error", everybody, refused)]
    return [
        {"step": step, "remaining": remaining, "left": left}
        for step, remaining, left in (
            *steps,
            (f"At risk at {week}, and seen after it", len(data), everybody - len(data)),
            (f"Outcome known at {horizon} (the lost still take part, by weights)", len(data) - data.lost, data.lost),
        )
    ]


def screening(cohort: Cohort, study: Study) -> dict[str, Any]:
    """Return the study's criteria applied one after the other, or why they could not be.

    Parameters
    ----------
    cohort : Cohort
    study : Study

    Returns
    -------
    dict
        ``rows`` (empty where the study states no criteria) and ``refused``.
    """
    if not (study.eligibility.include or study.eligibility.exclude):
        return {"rows": [], "refused": ""}
    try:
        found = screen(cohort, study)
    except RelapseModelError as error:
        return {"rows": [], "refused": str(error)}
    columns = ["id", "text", "remaining", "left", "undecidable"]
    return {
        "rows": [
            dict(zip(columns, (str(row[0]), str(row[1]), *map(int, row[2:])), strict=True))
            for row in found.attrition[columns].to_numpy(dtype=object)
        ],
        "refused": "",
    }


def follow_up(cohort: Cohort, data: DevelopmentData, study: Study) -> dict[str, Any]:
    """Return what became of the patients at risk, and how long they were followed.

    Parameters
    ----------
    cohort : Cohort
    data : DevelopmentData
        Patients at risk at one landmark.
    study : Study

    Returns
    -------
    dict
        Counts; ``weeks_without_event``: quartiles of the follow-up of those without the outcome (None for fewer than
        5); ``unconfirmed_not_counted``: relapses if unconfirmed ones at the end did not count, where the study asks
        for both readings.
    """
    without = data.time[data.event != 1] - data.landmark
    return {
        "patients": data.patients,
        "events": data.events,
        "free": data.patients - data.events - data.lost,
        "lost": data.lost,
        "events_in_all_follow_up": int((data.event == 1).sum()),
        "weeks_without_event": np.quantile(without, [0.25, 0.5, 0.75]).tolist() if len(without) >= SMALL else None,
        "unconfirmed_not_counted": _other_reading(cohort, data, study),
    }


def _other_reading(cohort: Cohort, data: DevelopmentData, study: Study) -> int | None:
    if study.outcome.analyte is None or study.outcome.confirm.unconfirmed_at_end != "both":
        return None
    other = derive_outcome(cohort, study, data.landmark, unconfirmed_at_end="censor")
    return int(np.nansum(other["relapse"].to_numpy(dtype=float)))
