"""RS209: the arm of a patient who is in no trial, or of whom none is stated."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.cohort.tables.columns import ARM
from relapse_model.model.scoring.guards.guard import Flagged, Guard, NewPatients, flagged
from relapse_model.study.predictor import Predictor
from relapse_model.study.study import Study

_ANOTHER = "another arm"
# Models with priors put a missing arm at the commoner one of the training, and add that it is not known which: of two
# arms of one size that makes the risk of who has none a little higher than in either.
NO_ARM = "no arm is stated (the risk is then less certain, and may lie beyond both)"


def arm(new: NewPatients) -> list[Flagged]:
    """Warn where the arm is a predictor and none is stated, or one is and the patient cannot be in the trial.

    An arm is a trial's: outside it nobody has one, and the risk would rest on a word. So the risk is shown under every
    arm that the model knows.

    Parameters
    ----------
    new : NewPatients
    """
    readers = [one for one in new.study.predictors if one.column == ARM and (one.equals or one.levels)]
    if not readers or new.risk_of is None:
        return []
    missing = new.features[[one.name for one in readers]].isna().any(axis=1).to_numpy()
    outside = np.zeros(len(new.features), dtype=bool)
    for one in new.not_met:
        outside |= one.patients
    reason = {True: NO_ARM, False: "an arm is stated, but the patient is not eligible for the trial"}
    rows = np.flatnonzero(missing | outside)
    risks = _by_arm(new, readers, rows)

    def text(row: int) -> str:
        place = int(np.searchsorted(rows, row))
        shown = ", ".join(f"{100 * risk[place]:.1f} % with {name}" for name, risk in risks.items())
        return f"{reason[bool(missing[row])]}: risk {shown}"

    return [flagged(missing | outside, text)]


def _by_arm(new: NewPatients, readers: list[Predictor], rows: NDArray[np.intp]) -> dict[str, NDArray[np.float64]]:
    """Return the risks of some patients with the arm set to each that the predictors distinguish."""
    features = new.features.iloc[rows]
    if not len(rows) or new.risk_of is None:
        return {}
    called = arm_labels(new.study)
    return {
        name if name == _ANOTHER else f"arm {called.get(name, name)}": new.risk_of(_with_arm(features, readers, name))
        for name in _arms(new.study)
    }


def _arms(study: Study) -> list[str]:
    """Return the arms that the predictors name, and one more where none of them lists all."""
    readers = [one for one in study.predictors if one.column == ARM and (one.equals or one.levels)]
    others = [one.others if isinstance(one.others, tuple) else () for one in readers]
    named = dict.fromkeys(
        name for one, other in zip(readers, others, strict=True) for name in (one.levels or (one.equals or "", *other))
    )
    listed = any(others) or any(one.levels for one in readers)
    return list(named) if listed else [*named, _ANOTHER]


def arm_labels(study: Study) -> dict[str, str]:
    """Return what the plan of the trial calls the arms, by their values in the tables; empty where it does not.

    Parameters
    ----------
    study : Study

    Examples
    --------
    >>> import relapse_model as rm
    >>> arm_labels(rm.load_study("hbsag-relapse"))
    {'hbig': 'HBIG', 'control': 'control'}
    """
    plan = study.trial
    if plan is None or plan.arms.column != ARM or not plan.arms.labels:
        return {}
    return {plan.arms.treatment: plan.arms.labels[0], plan.arms.control: plan.arms.labels[1]}


def _with_arm(features: pd.DataFrame, readers: list[Predictor], name: str) -> pd.DataFrame:
    return features.assign(**{one.name: name if one.levels else float(one.equals == name) for one in readers})


GUARD = Guard("RS209", "an arm of a patient who is in no trial", arm)
