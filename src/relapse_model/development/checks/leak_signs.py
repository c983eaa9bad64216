"""Signs that a predictor knows the outcome: what its values, its gaps and its dates tell by themselves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Floats
from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.tables.column_values import texts
from relapse_model.cohort.tables.columns import MISSING_WORDS
from relapse_model.errors import RelapseModelError
from relapse_model.small_counts import disclosed_count
from relapse_model.study.predictor import Predictor
from relapse_model.validation.estimate import Estimate
from relapse_model.validation.separation import auc_score, rank_correlation

Mask = NDArray[np.bool_]

# Limits for the lower end of a 90 % interval. An honest marker whose true AUC is 0.85, as high as prognostic ones
# come, passes 0.90 in fewer than 1 of 1000 cohorts, whatever their size.
SEPARATES = 0.90  # AUC of a column, which has no week
DATED_SEPARATES = 0.95  # AUC of rows dated up to the landmark: they can leak only where a date is wrong
TIME = 0.90  # rank correlation with the time of follow-up
TIME_OF_EVENTS = 0.80  # rank correlation with the time to the outcome, among those who have it
PRESENCE = 0.75  # AUC of "has a value": a difference of 50 points
PRESENCE_BY_TIME = 0.90  # AUC of the time of follow-up, for "has a value"
MOSTLY = 0.5  # share of readable dates from which on a column is one of dates


@dataclass(frozen=True, slots=True, eq=False)
class FollowedPatients:
    """The patients at risk at a landmark: which rows of the cohort, and what became of them.

    Attributes
    ----------
    rows : array of bool
        Of the cohort: at risk, and seen after the landmark.
    relapse : array of float
        Of those at risk: 1, 0, or NaN for the lost.
    time : array of float
        Week of the outcome, or last known free of it.
    event : array of bool
        Whether `time` is that of the outcome, at any time.
    horizon : float
    """

    rows: Mask
    relapse: Floats
    time: Floats
    event: Mask
    horizon: float


def followed_patients(outcome: pd.DataFrame, horizon: float) -> FollowedPatients:
    """Return the patients at risk with what became of them.

    Parameters
    ----------
    outcome : DataFrame
        As `derive_outcome` makes it.
    horizon : float
    """
    rows = outcome["state"].isin(("relapse", "free", "lost", "competing event")).to_numpy()
    kept = outcome[rows]
    return FollowedPatients(
        rows,
        kept["relapse"].to_numpy(dtype=float),
        kept["time_week"].to_numpy(dtype=float),
        kept["event"].to_numpy() == 1,
        horizon,
    )


def first_sign(
    cohort: Cohort, predictor: Predictor, values: pd.Series, followed: FollowedPatients, landmark: float
) -> str:
    """Return the plainest sign that a predictor knows the outcome, in words; empty where there is none.

    Parameters
    ----------
    cohort : Cohort
    predictor : Predictor
    values : Series
        Of the patients at risk, as `derive_features` makes them.
    followed : FollowedPatients
    landmark : float
    """
    column = predictor.column if predictor.column in cohort.patients.columns else None
    signs = [*_of_values(values, predictor, followed, DATED_SEPARATES if column is None else SEPARATES)]
    if column is not None:
        signs += [*_of_presence(_present(cohort.patients[column])[followed.rows], followed)]
        signs += [*_of_dates(cohort.patients[followed.rows], column, landmark)]
    return signs[0] if signs else ""


def _of_values(values: pd.Series, predictor: Predictor, followed: FollowedPatients, limit: float) -> Iterator[str]:
    if not predictor.levels:
        numbers = values.to_numpy(dtype=float)
        yield from _of_time(numbers, followed)
        columns = {"": numbers}
    else:
        known = values.notna().to_numpy()
        columns = {f"{level!r} ": np.where(known, values == level, np.nan) for level in predictor.levels}
    for which, numbers in columns.items():
        found = _auc(followed.relapse, numbers)
        if found is not None and max(found.lower, 1 - found.upper) > limit:
            turned = found.value < 0.5  # patients with the outcome have the lower values
            value, low = (1 - found.value, 1 - found.upper) if turned else (found.value, found.lower)
            apart = f"AUC {value:.2f}, at least {low:.2f}"
            yield f"{which}alone separates patients with the outcome from those without it ({apart})"


def _of_time(numbers: Floats, followed: FollowedPatients) -> Iterator[str]:
    of_events = _correlation(numbers[followed.event], followed.time[followed.event])
    of_all = _correlation(numbers, followed.time)
    if of_all is not None and of_all.lower > TIME:
        yield f"follows the time to the outcome or the last contact (rank correlation {of_all.value:.2f})"
    elif of_events is not None and max(of_events.lower, -of_events.upper) > TIME_OF_EVENTS:
        yield (
            "follows the time to the outcome among those who have it "
            f"(rank correlation {of_events.value:.2f}, {int(followed.event.sum())} patients)"
        )


def _of_presence(present: Mask, followed: FollowedPatients) -> Iterator[str]:
    by_outcome = _auc(followed.relapse, present.astype(float))
    if by_outcome is not None and max(by_outcome.lower, 1 - by_outcome.upper) > PRESENCE:
        shares = [100 * float(present[followed.relapse == one].mean()) for one in (1.0, 0.0)]
        yield (
            f"whether it has a value depends on the outcome (known in {shares[0]:.0f} % of those who have it, "
            f"{shares[1]:.0f} % of those who do not)"
        )
    by_time = _auc(present.astype(float), np.minimum(followed.time, followed.horizon))
    if by_time is not None and by_time.lower > PRESENCE_BY_TIME:
        yield (
            f"it has a value only in patients who were followed for longer (AUC {by_time.value:.2f}), so it was filled "
            "in at a later visit"
        )


def _of_dates(patients: pd.DataFrame, column: str, landmark: float) -> Iterator[str]:
    """Look at the column itself, where it holds dates, and at the column that says when it was filled."""
    for name in (column, f"{column}_date", f"date_of_{column}", f"{column}_week"):
        if name not in patients:
            continue
        weeks = _weeks(patients, name)
        later = int((weeks > landmark).sum())
        if later:
            count = f"{disclosed_count(later)} of {len(patients)} patients"
            yield f"column {name!r} lies after week {landmark:g} in {count}"


def _weeks(patients: pd.DataFrame, name: str) -> Floats:
    """Return the weeks since enrolment of a column of dates, or of weeks by its name; NaN where it holds none."""
    nothing = np.full(len(patients), np.nan)
    if name.endswith("_week"):
        return pd.to_numeric(texts(patients[name]), errors="coerce").to_numpy(dtype=float)
    if "enrolment_date" not in patients or name == "enrolment_date":
        return nothing
    day, enrolled = (_days(patients[one]) for one in (name, "enrolment_date"))
    readable = ~np.isnat(day)
    if readable.sum() < MOSTLY * max(1, int(_present(patients[name]).sum())):
        return nothing
    both = readable & ~np.isnat(enrolled)
    nothing[both] = (day[both] - enrolled[both]) / np.timedelta64(7, "D")
    return nothing


def _days(values: pd.Series) -> NDArray[np.datetime64]:
    days = pd.to_datetime(texts(values).str[:10], format="%Y-%m-%d", errors="coerce")
    return days.to_numpy(dtype="datetime64[D]")


def _present(values: pd.Series) -> Mask:
    return np.asarray(~texts(values).str.casefold().isin(MISSING_WORDS).to_numpy(), dtype=bool)


def _auc(relapse: Floats, numbers: Floats) -> Estimate | None:
    """Return the AUC among those in whom both are known; None where there are not both outcomes."""
    known = ~np.isnan(relapse) & np.isfinite(numbers)
    try:
        return auc_score(relapse[known], numbers[known])
    except RelapseModelError:
        return None


def _correlation(numbers: Floats, time: Floats) -> Estimate | None:
    known = np.isfinite(numbers) & np.isfinite(time)
    try:
        return rank_correlation(numbers[known], time[known])
    except RelapseModelError:
        return None
