"""Scores where single patients cannot be scored: these are rejected with the reason, and the others are scored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from relapse_model.cohort.cohort import Cohort
from relapse_model.errors import ProblemsError, RelapseModelError
from relapse_model.model.scoring.scores import score_cohort
from relapse_model.model.trained import TrainedModel


def scores_of(
    model: TrainedModel,
    cohort: Cohort,
    *,
    landmark_week: float | None = None,
    horizon_weeks: float | None = None,
    both_arms: bool = False,
) -> pd.DataFrame:
    """Score a cohort as `RelapseModel.score` does; patients for whose sake it would be refused are rejected alone.

    Parameters
    ----------
    model : TrainedModel
    cohort : Cohort
    landmark_week, horizon_weeks : float, optional
        As `RelapseModel.score` takes them.
    both_arms : bool
        Also risk in either arm and benefit.

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
    try:
        return score_cohort(model, cohort, **asked)
    except RelapseModelError:
        nobody = cohort.take(np.array([], dtype=np.intp))
        score_cohort(model, nobody, **asked)  # what is refused without patients is no patient's fault
    sound = pd.concat(list(_apart(model, replace(cohort, rejected=nobody.rejected), nobody, asked)))
    refused = score_cohort(model, replace(nobody, rejected=cohort.rejected.reset_index(drop=True)), **asked)
    places = np.setdiff1d(np.arange(len(sound) + len(refused)), cohort.rejected.index.to_numpy())
    together = [sound.set_axis(places), refused.set_axis(cohort.rejected.index)]
    return pd.concat([table for table in together if len(table)]).sort_index().reset_index(drop=True)


def _apart(model: TrainedModel, cohort: Cohort, nobody: Cohort, asked: dict[str, Any]) -> Iterator[pd.DataFrame]:
    """Halve the cohort until what cannot be scored is single patients, and reject those."""
    try:
        yield score_cohort(model, cohort, **asked)
    except RelapseModelError as error:
        if len(cohort) == 1:
            reason = str(error.problems[0] if isinstance(error, ProblemsError) and error.problems else error)
            rejected = pd.DataFrame({"patient_id": cohort.patient_ids, "reason": [reason]}, dtype=object)
            yield score_cohort(model, replace(nobody, rejected=rejected), **asked)
            return
        middle = len(cohort) // 2
        for half in (np.arange(middle), np.arange(middle, len(cohort))):
            yield from _apart(model, cohort.take(half), nobody, asked)
