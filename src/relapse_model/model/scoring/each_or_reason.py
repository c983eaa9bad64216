"""Scores where single patients cannot be scored: these are rejected with the reason, and the others are scored."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from relapse_model.arrays import Positions
from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.tables.part_of_whole import block_patients
from relapse_model.errors import ProblemsError, RelapseModelError
from relapse_model.model.scoring.scores import score_cohort
from relapse_model.model.trained import TrainedModel

_THREADS_WORTH = 1000  # patients: with fewer, a block is so small that no library takes several threads for it


def scores_of(
    model: TrainedModel,
    cohort: Cohort,
    *,
    landmark_week: float | None = None,
    horizon_weeks: float | None = None,
    both_arms: bool = False,
    rows: Positions | None = None,
    patients: int | None = None,
) -> pd.DataFrame:
    """Score a cohort as `RelapseModel.score` does; patients for whose sake it would be refused are rejected alone.

    The scores are the same to the last digit whether the cohort is a whole or a part of one.

    Parameters
    ----------
    model : TrainedModel
    cohort : Cohort
    landmark_week, horizon_weeks : float, optional
        As `RelapseModel.score` takes them.
    both_arms : bool
        Also risk in either arm and benefit.
    rows : array of int, optional
        Of a part: the place of each row of its patients table in the whole, from 0, rejected patients among them.
    patients : int, optional
        Of a part: how many rows the whole has.

    Returns
    -------
    DataFrame
        One row per patient, in the order of the patients table.

    Raises
    ------
    RelapseModelError
        If it would be refused without any patient: for a column that a predictor needs, or a setting.
    """
    asked: dict[str, Any] = {"landmark_week": landmark_week, "horizon_weeks": horizon_weeks, "both_arms": both_arms}
    count = len(cohort) + len(cohort.rejected)
    places = np.setdiff1d(np.arange(count), cohort.rejected.index.to_numpy())
    whole = np.arange(count) if rows is None else rows
    blocks = whole[places] // block_patients(count if patients is None else patients)
    try:
        with _one_thread(len(blocks)):
            return score_cohort(model, cohort, **asked, blocks=blocks)
    except RelapseModelError:
        nobody = cohort.take(np.array([], dtype=np.intp))
        score_cohort(model, nobody, **asked)  # what is refused without patients is no patient's fault
    reasons = dict(_unscorable(model, replace(cohort, rejected=nobody.rejected), np.arange(len(cohort)), asked))
    bad = np.array(sorted(reasons), dtype=np.intp)
    good = np.setdiff1d(np.arange(len(cohort)), bad)
    refused = pd.DataFrame({"patient_id": cohort.patient_ids[bad], "reason": [reasons[one] for one in bad.tolist()]})
    rejected = pd.concat([cohort.rejected, refused.astype(object).set_axis(places[bad])]).sort_index()
    with _one_thread(len(blocks)):
        return score_cohort(model, replace(cohort.take(good), rejected=rejected), **asked, blocks=blocks[good])


def _one_thread(patients: int) -> AbstractContextManager[object]:
    """Compute sums of products in one thread: several bring nothing for small blocks, and add in another order."""
    if patients < _THREADS_WORTH:
        return nullcontext()
    from threadpoolctl import threadpool_limits

    limits: AbstractContextManager[object] = threadpool_limits(1, user_api="blas")
    return limits


def _unscorable(
    model: TrainedModel, cohort: Cohort, places: Positions, asked: dict[str, Any]
) -> Iterator[tuple[int, str]]:
    """Halve the cohort until what cannot be scored is single patients; yield their places and the reasons."""
    try:
        score_cohort(model, cohort, **asked)
    except RelapseModelError as error:
        if len(cohort) == 1:
            listed = error.problems if isinstance(error, ProblemsError) else ()
            yield int(places[0]), str(listed[0] if listed else error)
            return
        middle = len(cohort) // 2
        for half in (np.arange(middle), np.arange(middle, len(cohort))):
            yield from _unscorable(model, cohort.take(half), places[half], asked)
