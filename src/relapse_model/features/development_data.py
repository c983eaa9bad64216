"""The patients of a development: matrix, outcome and follow-up as arrays, and their censoring weights."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Floats
from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.outcome.risk_set import NOT_AT_RISK
from relapse_model.comparisons import to_the_day
from relapse_model.errors import CohortError, InsufficientDataError, Problem, RelapseModelError
from relapse_model.features.at_landmark import AtLandmark
from relapse_model.features.centre_labels import centre_labels, one_name_each
from relapse_model.features.design import design_matrix
from relapse_model.study.study import Study
from relapse_model.validation.ipcw import censoring_weights

CENSORING = ("ipcw", "drop_lost", "lost_as_free")
ARRAYS = ("matrix", "relapse", "time", "event", "horizon_time", "horizon_event")  # one entry per row
OPTIONAL_ARRAYS = (
    "group",
    "fold_group",
    "patient",
    "landmarks",
    "copy",
    "centre",
    "site",
    "competing",
    "horizon_competing",
)


@dataclass(frozen=True)
class DevelopmentData:
    """Patients at risk at the landmark, one row each; or at several landmarks, one row for each of them.

    Attributes
    ----------
    features : DataFrame
        Predictors, one row per patient and landmark.
    matrix : array, shape (n, columns)
    relapse : array of float
        1, 0 (also after a competing event), or NaN for a patient lost before the horizon.
    time, event : array
        Follow-up over all weeks, for concordance.
    horizon_time, horizon_event : array
        Follow-up cut at the horizon, for the censoring weights.
    horizon : float
    not_at_risk : int
        Patients left out because they were not known to be free at the landmark: positive, relapsed, or not tested.
    group : array or None
        Within which the chance of being lost is estimated.
    landmark : float
        From which the follow-up counts; of several, the first.
    fold_group : array or None
        Rows of one group stay together in every fold, such as a centre; None: every row for itself.
    patient : array of int or None
        The patient of each row, where a patient may have several (one per landmark); they count together.
    censoring : {"ipcw", "drop_lost", "lost_as_free"}
        How training counts the lost; judging always weights by the inverse probability of censoring.
    landmarks : array of float or None
        The landmark of each row; None: `landmark` for all.
    copy : array of int or None
        In a bootstrap resample, which draw of its patient a row belongs to: copies of a patient stay together in
        folds, but each counts for itself.
    centre : array or None
        Within which candidate biomarkers are compared; None where the cohort names none.
    site : array of str, or None
        The centre of each row, None where it is not known; None where the study names no column of centres.
    competing : array of str or None
        Name of the competing event that ended the follow-up `time`, empty without one; None where the cohort has none.
    horizon_competing : array of float or None
        1 where one ended `horizon_time`.
    """

    features: pd.DataFrame
    matrix: Floats
    relapse: Floats
    time: Floats
    event: Floats
    horizon_time: Floats
    horizon_event: Floats
    horizon: float
    not_at_risk: int
    group: NDArray[np.object_] | None = None
    landmark: float = 0.0
    fold_group: NDArray[np.object_] | None = None
    patient: NDArray[np.intp] | None = None
    censoring: str = "ipcw"
    landmarks: Floats | None = None
    copy: NDArray[np.intp] | None = None
    centre: NDArray[np.object_] | None = None
    site: NDArray[np.object_] | None = None
    competing: NDArray[np.object_] | None = None
    horizon_competing: Floats | None = None

    def __repr__(self) -> str:
        """Return the sizes only: patients are never printed."""
        rows = "" if len(self) == self.patients else f" in {len(self)} rows"
        return f"DevelopmentData({self.patients} patients{rows}, {self.events} relapses, {self.lost} lost)"

    def __len__(self) -> int:
        """Return the number of rows: of patients, or of patients and landmarks."""
        return len(self.relapse)

    @property
    def patients(self) -> int:
        """Return the number of patients."""
        return self._patients_of(np.ones(len(self), dtype=bool))

    @property
    def events(self) -> int:
        """Return the number of patients who relapse by the horizon."""
        return self._patients_of(self.relapse == 1)

    @property
    def lost(self) -> int:
        """Return the number of patients lost before the horizon."""
        return self.patients - self._patients_of(~np.isnan(self.relapse))

    @property
    def competed(self) -> int:
        """Return the number of patients with a competing event by the horizon."""
        return 0 if self.horizon_competing is None else self._patients_of(self.horizon_competing == 1)

    def competed_by_name(self) -> dict[str, int]:
        """Return how many patients had each competing event by the horizon, by its name."""
        if self.competing is None or self.horizon_competing is None:
            return {}
        by_then = self.horizon_competing == 1
        names = sorted(set(self.competing[by_then]))
        return {name: self._patients_of(by_then & (self.competing == name)) for name in names}

    def competing_ends(self) -> tuple[Floats, Floats] | None:
        """Return 1 where a competing event ended the follow-up, over all weeks and by the horizon; None: none did."""
        if self.competing is None or self.horizon_competing is None:
            return None
        return (self.competing != "").astype(np.float64), self.horizon_competing

    def states(self, *, by_horizon: bool) -> Floats:
        """Return 0 (free so far), 1 (the outcome) or 2 (a competing event) at `horizon_time`, or at `time`."""
        event, ends = (self.horizon_event if by_horizon else self.event), self.competing_ends()
        return event if ends is None else event + 2 * ends[1 if by_horizon else 0]

    def _patients_of(self, rows: NDArray[np.bool_]) -> int:
        return int(rows.sum()) if self.patient is None else len(np.unique(self.patient[rows]))

    @property
    def landmark_weeks(self) -> tuple[float, ...]:
        """Return the landmarks, in order."""
        return (self.landmark,) if self.landmarks is None else tuple(map(float, np.unique(self.landmarks)))

    def take(self, rows: NDArray[np.intp]) -> DevelopmentData:
        """Return some of the rows."""
        cut = {name: getattr(self, name)[rows] for name in ARRAYS}
        for name in OPTIONAL_ARRAYS:
            values = getattr(self, name)
            cut[name] = None if values is None else values[rows]
        return replace(self, features=self.features.iloc[rows], **cut)

    def resample(self, rng: np.random.Generator) -> tuple[DevelopmentData, NDArray[np.intp]]:
        """Draw as many patients as there are, with replacement and whoever they are; return them and their rows.

        The numbers relapsed, free and lost vary from resample to resample, as they would from one sample of patients to
        the next (Riley and Collins 2023, doi:10.1002/bimj.202200302). Fixed, they would make a model look more stable
        than it is.

        Parameters
        ----------
        rng : numpy.random.Generator
        """
        patient = np.arange(len(self)) if self.patient is None else self.patient
        everybody = np.unique(patient)
        drawn = rng.choice(everybody, len(everybody))
        by_patient = np.argsort(patient, kind="stable")
        begin = np.searchsorted(patient[by_patient], drawn)
        count = np.bincount(patient, minlength=patient.max() + 1)[drawn]
        offset = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        rows = by_patient[np.repeat(begin, count) + offset]
        copy = np.repeat(np.arange(len(drawn)), count)
        return replace(self.take(rows), patient=patient[rows], copy=copy), rows

    def numbers(self) -> NDArray[np.intp]:
        """Return the number of each row's patient, where patients are counted; each draw of a resample counts."""
        if self.copy is not None:
            return self.copy
        return np.arange(len(self)) if self.patient is None else self.patient

    def rows_at(self, landmark_week: float) -> NDArray[np.intp]:
        """Return which rows are those of a landmark."""
        at_it = np.full(len(self), self.landmark) if self.landmarks is None else self.landmarks
        return np.flatnonzero(at_it == landmark_week)

    def at(self, landmark_week: float) -> DevelopmentData:
        """Return the patients at risk at one of the landmarks, one row each."""
        rows = self.take(self.rows_at(landmark_week))
        missing = self.patients + self.not_at_risk - len(rows)
        return replace(rows, landmark=landmark_week, landmarks=None, patient=None, not_at_risk=missing)

    def weights(self) -> Floats:
        """Return the censoring weights: 0 for the lost, whose share the others like them carry.

        Assumes that who is lost does not depend on what would have become of them (within each `group`, where the
        study asks for that). At several landmarks they are estimated among those at risk at each.
        """
        weight = np.empty(len(self))
        for week in self.landmark_weeks:
            rows = self.rows_at(week)
            group = None if self.group is None else self.group[rows]
            followed = self.horizon_time[rows] - week
            competing = None if self.horizon_competing is None else self.horizon_competing[rows]
            weight[rows] = censoring_weights(
                followed, self.horizon_event[rows], self.horizon - week, group, competing=competing
            )
        return weight

    def by_horizon(self) -> tuple[Floats, Floats, float]:
        """Return the follow-up from the landmark cut at the horizon, the events by then, and the horizon's time."""
        return self.horizon_time - self.landmark, self.horizon_event, self.horizon - self.landmark

    def training_rows(self) -> tuple[Floats, Floats]:
        """Return outcome and weight of each patient for training, by the way the lost are counted; weight 0: not used.

        Dropping the lost, or calling them free, is biased: it is there to be compared with.
        """
        lost = np.isnan(self.relapse)
        relapse = np.where(lost, 0.0, self.relapse)
        if self.censoring == "ipcw":
            weight = self.weights()
        else:
            weight = np.ones(len(self)) if self.censoring == "lost_as_free" else np.where(lost, 0.0, 1.0)
        return relapse, weight * self.row_share()

    def row_share(self) -> Floats:
        """Return what each row counts for: 1, or less where a patient has several; together as many as patients.

        Over landmarks all rows have the same share. One over the number of a patient's rows would not do: who relapses
        early has few of them, and would count for more at each than who stays free, so that all risks were too high.
        """
        if self.patient is None or (self.copy is not None and self.landmarks is None):
            return np.ones(len(self))
        if self.landmarks is not None:
            drawn = self.patients if self.copy is None else len(np.unique(self.copy))
            return np.full(len(self), drawn / len(self))
        return 1.0 / np.bincount(self.patient)[self.patient]


def development_data(
    cohort: Cohort,
    study: Study,
    landmark_week: float | None = None,
    *,
    group_by: str | None = None,
    censoring: str = "ipcw",
) -> DevelopmentData:
    """Derive features and outcome of the patients at risk at the landmark.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    landmark_week : float, optional
    group_by : str, optional
        Column of the patients table whose values stay together in folds, such as ``"centre"``.
    censoring : {"ipcw", "drop_lost", "lost_as_free"}
        How training counts the lost.

    Raises
    ------
    InsufficientDataError
        If nobody is at risk at the landmark.
    RelapseModelError
        For an unknown column or way of counting.
    """
    return data_of(AtLandmark(cohort, study, study.landmark(landmark_week)), group_by=group_by, censoring=censoring)


def data_of(at: AtLandmark, *, group_by: str | None = None, censoring: str = "ipcw") -> DevelopmentData:
    """Return what `development_data` does, of predictors and outcome that may be derived already.

    Parameters
    ----------
    at : AtLandmark
    group_by, censoring
        As in `development_data`.
    """
    if censoring not in CENSORING:
        raise RelapseModelError(f"censoring is {censoring!r}; expected one of {', '.join(map(repr, CENSORING))}.")
    cohort, study, first = at.cohort, at.study, at.landmark
    kept, every, rows = at.features_at_risk, at.outcome, at.at_risk
    if not len(rows):
        raise InsufficientDataError(why_nobody_at_risk(every["state"], study, first))
    outcome, sites = every.iloc[rows], centre_labels(cohort, study)
    state = outcome["state"].to_numpy(dtype=object)
    competing = outcome["competing"].to_numpy(dtype=object)
    competed = bool((every["competing"] != "").any())
    horizon = study.prediction.horizon_weeks
    time, horizon_time = follow_up_times(outcome, first, horizon)
    return DevelopmentData(
        features=kept,
        matrix=design_matrix(kept, study),
        relapse=outcome["relapse"].to_numpy(dtype=float),
        time=time,
        event=outcome["event"].to_numpy(dtype=float),
        horizon_time=horizon_time,
        horizon_event=(state == "relapse").astype(float),
        horizon=horizon,
        not_at_risk=len(cohort) - len(rows),
        landmark=first,
        group=_groups(cohort, study.outcome.censoring_by, rows, "[outcome] censoring_by"),
        fold_group=_groups(cohort, group_by, rows, "group_by"),
        censoring=censoring,
        competing=competing if competed else None,
        horizon_competing=(state == "competing event").astype(float) if competed else None,
        centre=_groups(cohort, "centre" if "centre" in cohort.patients else None, rows, "the screen of biomarkers"),
        site=None if sites is None else sites[rows],
    )


def follow_up_times(outcome: pd.DataFrame, landmark: float, horizon: float) -> tuple[Floats, Floats]:
    """Return until when patients at risk were followed, over all weeks and cut at the horizon.

    Known free at the landmark by an earlier test, and not seen again: at risk, and lost at once. Equal days are made
    equal numbers, so that events and losses of one day tie.

    Parameters
    ----------
    outcome : DataFrame
        As `derive_outcome` makes it, of patients at risk.
    landmark, horizon : float
        Weeks.
    """
    state = outcome["state"].to_numpy(dtype=object)
    time = to_the_day(np.fmax(outcome["time_week"].to_numpy(dtype=float), landmark))
    last_negative = to_the_day(np.fmax(outcome["last_negative_week"].to_numpy(dtype=float), landmark))
    lost_time = np.where(outcome["event"].to_numpy() == 1, last_negative, time)
    cut = np.where(state == "lost", lost_time, np.minimum(time, horizon))
    return time, np.where(state == "free", horizon, cut)


def why_nobody_at_risk(states: pd.Series, study: Study, landmark: float) -> str:
    """Say that nobody is at risk at a landmark, what the patients are instead, and what to do.

    Parameters
    ----------
    states : Series
        As `derive_outcome` gives them.
    study : Study
    landmark : float
    """
    counts = states.value_counts()
    found = ", ".join(f"{counts[state]} {state}" for state in NOT_AT_RISK if state in counts)
    advice = (
        f"Give the tests of {study.analytes[study.outcome.analyte].label} up to it, or state in the study that the "
        "outcome is adjudicated (adjudicated = true)."
        if study.outcome.analyte is not None
        else "Predict earlier."
    )
    return f"no patient of this cohort is at risk at the landmark (week {landmark:g}): {found}. {advice}"


def _groups(cohort: Cohort, column: str | None, rows: NDArray[np.intp], who: str) -> NDArray[np.object_] | None:
    if column is None:
        return None
    if column not in cohort.patients:
        problem = Problem(
            "patients",
            None,
            column,
            "the column is missing",
            f"a column {column!r}, since {who} names it",
        )
        raise CohortError("the cohort does not fit the study", [problem])
    values = one_name_each(cohort.patients[column])
    return values.where(values.notna(), "not stated").to_numpy(dtype=object)[rows]
