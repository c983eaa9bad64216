"""What a report says of the cohort itself, whether or not a model can be made from it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from relapse_model.arrays import Floats
from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.eligibility.screening import screen
from relapse_model.cohort.outcome.outcome import derive_outcome
from relapse_model.errors import RelapseModelError
from relapse_model.features.development_data import DevelopmentData
from relapse_model.report.disclosure import FULL
from relapse_model.small_counts import HIDDEN, SMALL, disclosed_count
from relapse_model.study.study import Study


def attrition(cohort: Cohort, data: DevelopmentData, study: Study, disclosure: str = FULL) -> list[dict[str, Any]]:
    """Return the way from the cohort to the patients with a known outcome: what each step is, who remains, who leaves.

    Parameters
    ----------
    cohort : Cohort
    data : DevelopmentData
        Patients at risk at one landmark.
    study : Study
    disclosure : {"full", "small-counts"}
    """
    everybody, refused = len(cohort), len(cohort.rejected)
    competing = competing_words(data, disclosure)
    week, horizon = f"week {data.landmark:g}", f"week {data.horizon:g}"
    steps = [("Patients of the cohort", everybody, 0)]
    if refused:
        steps = [("Patients in the files", everybody + refused, 0), ("Read without an error", everybody, refused)]
    return [
        {"step": step, "remaining": remaining, "left": left}
        for step, remaining, left in (
            *steps,
            (f"Known to be free of the outcome at {week}", len(data), everybody - len(data)),
            (
                f"Outcome known at {horizon} (loss to follow-up allowed for by weighting"
                f"{competing and f'; {competing}'})",
                len(data) - data.lost,
                data.lost,
            ),
        )
    ]


def screening(cohort: Cohort, study: Study, disclosure: str = FULL) -> dict[str, Any]:
    """Return the study's criteria applied one after the other, or why they could not be.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    disclosure : {"full", "small-counts"}

    Returns
    -------
    dict
        ``rows`` (empty where the study states no criteria) and ``refused``. Small counts hidden: one to four patients
        whom a criterion leaves out are shown as ``<5``; what this number could be worked out from is ``hidden``.
    """
    if not (study.eligibility.include or study.eligibility.exclude):
        return {"rows": [], "refused": ""}
    try:
        found = screen(cohort, study)
    except RelapseModelError as error:
        return {"rows": [], "refused": str(error)}
    table = found.attrition
    counts = [int(one) for one in table["remaining"]]
    undecidable: list[int | str] = [int(one) for one in table["undecidable"]]
    remaining: list[int | str] = list(counts)
    left: list[int | str] = [0, *(before - after for before, after in pairwise(counts))]
    if disclosure != FULL:
        remaining, left = _disclosed_steps(counts)
        undecidable = [disclosed_count(int(one)) for one in table["undecidable"]]
    rows = zip(table["id"].map(str), table["text"].map(str), remaining, left, undecidable, strict=True)
    columns = ("id", "text", "remaining", "left", "undecidable")
    return {"rows": [dict(zip(columns, row, strict=True)) for row in rows], "refused": ""}


def deciding(rows: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the criteria that leave somebody out, and the names of the others that the tables cannot decide for all.

    Parameters
    ----------
    rows : list of dict
        Of `screening`.
    """
    criteria = rows[1:]  # the first is the cohort
    return (
        [row for row in criteria if row["left"] != 0],
        [row["id"] or row["text"] for row in criteria if row["left"] == 0 and row["undecidable"] != 0],
    )


def follow_up(cohort: Cohort, data: DevelopmentData, study: Study, disclosure: str = FULL) -> dict[str, Any]:
    """Return what became of the patients at risk, and how long they were followed.

    Parameters
    ----------
    cohort : Cohort
    data : DevelopmentData
        Patients at risk at one landmark.
    study : Study
    disclosure : {"full", "small-counts"}

    Returns
    -------
    dict
        Counts; ``weeks_without_event``: quartiles of the follow-up of those without the outcome, in whole weeks (None
        for fewer than 5); ``unconfirmed_not_counted``: relapses if unconfirmed ones at the end did not count, where the
        study asks for both readings; ``competing``: competing events by the horizon, by name.
    """
    without = data.time[data.event != 1] - data.landmark
    return {
        "patients": data.patients,
        "events": data.events,
        "free": data.patients - data.events - data.lost - data.competed,
        "lost": data.lost,
        "events_in_all_follow_up": int((data.event == 1).sum()),
        "weeks_without_event": _whole_weeks(without) if len(without) >= SMALL else None,
        "unconfirmed_not_counted": _other_reading(cohort, data, study),
        "competing": competing_words(data, disclosure),
    }


def competing_words(data: DevelopmentData, disclosure: str = FULL) -> str:
    """Return how many patients had each competing event by the horizon, as it may be disclosed; empty for none."""
    told: Callable[[int], int | str] = int if disclosure == FULL else disclosed_count
    counts = data.competed_by_name()
    if not counts:
        return ""
    each = ", ".join(f"{name} {told(number)}" for name, number in counts.items())
    return f"{told(sum(counts.values()))} with a competing event ({each})"


def _disclosed_steps(remaining: list[int]) -> tuple[list[int | str], list[int | str]]:
    """Return who remains after each step and who leaves there, so that no small number of leavers can be worked out.

    Steps are put into blocks that leave out nobody, or five patients at least; of a block only its end is disclosed.
    """
    left = [0, *(before - after for before, after in pairwise(remaining))]
    disclosed_remaining: list[int | str] = [HIDDEN] * len(remaining)
    disclosed_left: list[int | str] = [HIDDEN] * len(remaining)
    disclosed_remaining[0], disclosed_left[0] = remaining[0], 0
    for block in _blocks(left):
        if _may_be_disclosed(block, left):
            disclosed_remaining[block[-1]] = remaining[block[-1]]
        for place in block:
            small = left[place] < SMALL
            disclosed_left[place] = disclosed_count(left[place]) if small or len(block) == 1 else HIDDEN
    return disclosed_remaining, disclosed_left


def _blocks(left: list[int]) -> list[list[int]]:
    blocks: list[list[int]] = []
    current: list[int] = []
    for place in range(1, len(left)):
        current.append(place)
        if _may_be_disclosed(current, left):
            blocks.append(current)
            current = []
    while current and blocks and not _may_be_disclosed(current, left):
        current = blocks.pop() + current
    return [*blocks, current] if current else blocks


def _may_be_disclosed(block: list[int], left: list[int]) -> bool:
    total = sum(left[place] for place in block)
    return total == 0 or total >= SMALL


def _whole_weeks(weeks: Floats) -> list[float]:
    """Return the quartiles in whole weeks: to more digits each may be one patient's own."""
    return [float(week) for week in np.round(np.quantile(weeks, [0.25, 0.5, 0.75]))]


def _other_reading(cohort: Cohort, data: DevelopmentData, study: Study) -> int | None:
    if study.outcome.analyte is None or study.outcome.confirm.unconfirmed_at_end != "both":
        return None
    other = derive_outcome(cohort, study, data.landmark, unconfirmed_at_end="censor")
    return int(np.nansum(other["relapse"].to_numpy(dtype=float)))
