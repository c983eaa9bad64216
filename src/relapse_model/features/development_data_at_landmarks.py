"""The rows of a development at several landmarks: one for each patient and landmark at which they are at risk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from relapse_model.cohort.cohort import Cohort
from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.features.at_landmark import AtLandmark
from relapse_model.features.clinical_units import clinical
from relapse_model.features.development_data import ARRAYS, DevelopmentData, data_of
from relapse_model.study.effect_modifiers import few_events_for_modifiers, with_effect_modifiers
from relapse_model.study.several_landmarks import check_landmarks, stacked_study
from relapse_model.study.study import Study

LandmarkWeeks: TypeAlias = "float | Sequence[float] | None"


def stacked_data(
    cohort: Cohort,
    study: Study,
    landmark_weeks: Sequence[float],
    *,
    group_by: str | None = None,
    censoring: str = "ipcw",
) -> DevelopmentData:
    """Derive features and outcome of the patients at risk at each of several landmarks, one below the other.

    Each row has the predictors as they were known at its own landmark, the follow-up that begins there, and a
    censoring weight estimated among those at risk there (van Houwelingen 2007, Scand J Stat 34:70). The rows of a
    patient are recognised by ``patient``: they stay together in folds, and all rows together weigh as many as there are
    patients.

    Parameters
    ----------
    cohort : Cohort
    study : Study
        As `stacked_study` returns it, so that the week of the landmark is among the predictors.
    landmark_weeks : sequence of float
        Two or more weeks before the horizon.
    group_by : str, optional
        Column of the patients table whose values stay together in folds, such as ``"centre"``.
    censoring : {"ipcw", "drop_lost", "lost_as_free"}
        How training counts the lost.

    Returns
    -------
    DevelopmentData
        Rows by landmark, patients in the order of the cohort within each.

    Raises
    ------
    InsufficientDataError
        If nobody is at risk at one of the landmarks.
    RelapseModelError
        If the weeks are not such, or for an unknown column or way of counting.

    Examples
    --------
    >>> import relapse_model as rm
    >>> study = stacked_study(rm.load_study("hbsag-relapse"), (0, 12, 24))
    >>> stacked_data(rm.simulate_cohort(132, seed=7), study, (0, 12, 24))
    DevelopmentData(132 patients in 383 rows, 21 relapses, 13 lost)
    """
    weeks = check_landmarks(landmark_weeks, study)
    return _stacked([AtLandmark(cohort, study, week) for week in weeks], group_by, censoring)


def _stacked(at: Sequence[AtLandmark], group_by: str | None, censoring: str) -> DevelopmentData:
    cohort, weeks = at[0].cohort, [one.landmark for one in at]
    parts = [data_of(one, group_by=group_by, censoring=censoring) for one in at]
    patients = pd.Index(cohort.patient_ids)
    patient = np.concatenate([patients.get_indexer(part.features.index) for part in parts])
    joined: dict[str, Any] = {name: np.concatenate([getattr(part, name) for part in parts]) for name in ARRAYS}
    for name in ("group", "fold_group", "centre", "site", "competing", "horizon_competing"):
        values = [getattr(part, name) for part in parts]
        joined[name] = None if values[0] is None else np.concatenate(values)
    return replace(
        parts[0],
        features=pd.concat([part.features for part in parts]),
        patient=patient,
        landmarks=np.repeat(weeks, [len(part) for part in parts]),
        not_at_risk=len(cohort) - len(np.unique(patient)),
        **joined,
    )


def landmarks_and_data(
    cohort: Cohort,
    study: Study,
    landmark_week: LandmarkWeeks,
    candidates: tuple[str, ...],
    *,
    group_by: str | None,
    censoring: str,
) -> tuple[tuple[AtLandmark, ...], DevelopmentData]:
    """Return what a development works on: the cohort at each landmark, and the rows of all of them.

    At several landmarks the study of each is that of `stacked_study`.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    landmark_week : float or sequence of float, optional
        The study's first landmark by default.
    candidates : tuple of str
        Classifiers that will be fitted.
    group_by : str or None
    censoring : str

    Raises
    ------
    RelapseModelError
        For several landmarks and a classifier of hazards: it predicts over one span of weeks, and the weeks that are
        left to the horizon differ from landmark to landmark.
    """
    if landmark_week is None or np.ndim(landmark_week) == 0:
        one = AtLandmark(cohort, study, study.landmark(landmark_week))  # type: ignore[arg-type]
        return _planned((one,), data_of(one, group_by=group_by, censoring=censoring))
    if "prior_hazard" in candidates:
        raise RelapseModelError(
            "candidates: 'prior_hazard' takes one landmark, since it predicts over one span of weeks, and what is left "
            "of the horizon differs between landmarks. Leave it out, or train a model for each landmark."
        )
    stacked = stacked_study(study, tuple(landmark_week))  # type: ignore[arg-type]
    at = tuple(AtLandmark(cohort, stacked, week) for week in stacked.prediction.landmark_weeks)
    return _planned(at, _stacked(at, group_by, censoring))


def _planned(at: tuple[AtLandmark, ...], data: DevelopmentData) -> tuple[tuple[AtLandmark, ...], DevelopmentData]:
    """Give each landmark the study with the effect modifiers of the trial's plan, where it has any."""
    study = with_modifiers_of_plan(at[0].study, data)
    return (at if study is at[0].study else tuple(replace(one, study=study) for one in at)), data


def with_modifiers_of_plan(study: Study, data: DevelopmentData) -> Study:
    """Return the study with the effect modifiers of its trial's plan as terms, where there are events enough for them.

    Parameters
    ----------
    study : Study
    data : DevelopmentData

    Raises
    ------
    InsufficientDataError
        If a modifier has one value, or none, in all patients.
    """
    plan = study.trial
    if plan is None or few_events_for_modifiers(data.events, len(plan.effect_modifiers)):
        return study
    readers = [one for one in study.predictors if one.column == plan.arms.column and one.equals is not None]
    if not plan.effect_modifiers or not readers:
        return study
    spread = {}
    for name in (one.predictor for one in plan.effect_modifiers):
        values = data.features[name].dropna().to_numpy(dtype=float)
        if not len(values) or not np.std(values) > 0:
            raise InsufficientDataError(
                f"effect modifier {name!r} has {len(np.unique(values))} different values in {data.patients} patients; "
                "expected values that differ. Leave it out of the plan, and say so."
            )
        mean = clinical(np.array([values.mean()]), study.predictor(name))
        spread[name] = (float(mean[0]), float(np.std(values)))
    return with_effect_modifiers(study, readers[0].name, spread)
