"""Time zero from a file of one's own, one date for each patient, and the age of patients at it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Floats, Mask
from relapse_model.cohort.readers.source_dates import Partial, iso_dates
from relapse_model.cohort.readers.source_mapping import TimeZero
from relapse_model.cohort.tables.identifiers import identifier_keys
from relapse_model.errors import Problem
from relapse_model.files.plain_csv import read_plain_csv

_COLUMNS = ("patient_id", "date")
_BIRTH = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?")
_MIDDLE = (7, 1), (0, 15)  # of a year, and of a month


@dataclass(frozen=True, slots=True, eq=False)
class IndexFile:
    """A file of dates as read.

    Attributes
    ----------
    dates : Series
        YYYY-MM-DD by `identifier_key` of the patient; unique.
    problems : tuple of Problem
    """

    dates: pd.Series
    problems: tuple[Problem, ...] = ()


def read_index_file(time: TimeZero, folder: Path) -> IndexFile:
    """Read the file that a mapping names under ``[time] file``: a CSV with the columns patient_id and date.

    Parameters
    ----------
    time : TimeZero
    folder : Path
        To which its name is relative.
    """
    name, nobody = time.file, pd.Series(dtype=object)
    try:
        table = read_plain_csv(folder / name)
    except FileNotFoundError:
        found = f"no such file in {folder.resolve()}"
        return IndexFile(nobody, (Problem(name, None, None, found, "a CSV file with patient_id and date"),))
    except (OSError, ValueError) as error:
        two = str(error).startswith("two columns")  # other reasons repeat what is in the file
        found = str(error) if two else f"it cannot be read ({type(error).__name__})"
        return IndexFile(nobody, (Problem(name, None, None, found, "a CSV file in UTF-8"),))
    table = table.rename(columns=lambda column: str(column).strip().lower())
    lacking = [column for column in _COLUMNS if list(table.columns).count(column) != 1]
    if lacking:
        return IndexFile(nobody, tuple(
            Problem(name, 1, column, "the column is missing, or stands twice", "the columns patient_id and date")
            for column in lacking
        ))  # fmt: skip
    keys = identifier_keys(table["patient_id"])
    days, bad = iso_dates(table["date"], time.dates, time.partial)  # type: ignore[arg-type]
    empty = (days == "").to_numpy() & ~bad
    twice = keys.duplicated(keep=False).to_numpy()
    problems = [
        *_problems(name, keys, bad | empty, "date", "no date", f"a date ({time.dates})"),
        *_problems(name, keys, (keys == "").to_numpy(), "patient_id", "nothing", "the patient of the date"),
        *_problems(name, keys, twice & (keys != "").to_numpy(), "patient_id", "a patient who stands twice", "one row"),
    ]
    return IndexFile(pd.Series(days.to_numpy()[~twice], index=keys[~twice]), tuple(problems))


def _problems(
    name: str, keys: pd.Series, rows: Mask, column: str, found: str, expected: str
) -> list[Problem]:  # fmt: skip
    return [
        Problem(name, row + 2, column, found, expected, patient=str(keys.iloc[row]) or None)
        for row in np.flatnonzero(rows).tolist()
    ]


def ages_at(births: pd.Series, index: pd.Series, partial: Partial = "refuse") -> tuple[pd.Series, Mask, Mask]:
    """Return completed years at time zero, as texts; which births leave them uncertain, and which are no date.

    A birth date may lack its day or its month, as registers keep it. The age is known nevertheless where every day of
    that month or year gives the same; else it is not known, or that of the middle, as the mapping says.

    Parameters
    ----------
    births : Series
        YYYY, YYYY-MM or YYYY-MM-DD; empty where not known.
    index : Series
        YYYY-MM-DD, a time of day allowed; empty where not known.
    partial : {"refuse", "middle"}

    Examples
    --------
    >>> ages, uncertain, bad = ages_at(pd.Series(["1980-05-02", "1980", "1980"]), pd.Series(["2024-05-01"] * 3))
    >>> ages.tolist(), uncertain.tolist()
    (['43', '', ''], [False, True, True])
    >>> ages_at(pd.Series(["1980"]), pd.Series(["2024-12-31"]))[0].tolist()
    ['44']
    """
    parts = _parts(births)
    year, month, day = (parts[:, place] for place in range(3))
    at = _parts(index.fillna("").str[:10])
    some_month, some_day = np.isnan(month), np.isnan(day)
    oldest = _years(year, np.where(some_month, 1, month), np.where(some_day, 1, day), at)
    youngest = _years(year, np.where(some_month, 12, month), np.where(some_day, 31, day), at)
    middle_day = np.where(some_month, _MIDDLE[0][1], np.where(some_day, _MIDDLE[1][1], day))
    middle = _years(year, np.where(some_month, _MIDDLE[0][0], month), middle_day, at)
    uncertain = (oldest != youngest) & ~np.isnan(oldest)
    years = np.where(uncertain, middle if partial == "middle" else np.nan, oldest)
    texts = ["" if np.isnan(one) else f"{one:.0f}" for one in years]
    bad = np.isnan(year) & (births.fillna("").str.strip() != "").to_numpy()
    return pd.Series(texts, index=births.index, dtype=object), uncertain, bad


def _parts(texts: pd.Series) -> Floats:
    found = texts.fillna("").str.strip().str.extract(rf"^{_BIRTH.pattern}$")
    parts: NDArray[np.float64] = found.apply(pd.to_numeric).to_numpy(dtype=float)
    return parts


def _years(year: Floats, month: Floats, day: Floats, at: Floats) -> Floats:
    before = (at[:, 1] < month) | ((at[:, 1] == month) & (at[:, 2] < day))
    years: Floats = at[:, 0] - year - before
    return years


def picked_days(days: pd.Series, owners: NDArray[np.intp], pick: str | None) -> tuple[pd.Series, list[int]]:
    """Return one day for each owner of some events: the first, the last, or the only one.

    Parameters
    ----------
    days : Series
        YYYY-MM-DD, a time of day allowed.
    owners : array of int
        Of each event.
    pick : {"first", "last"} or None
        Without a choice, owners with several days have none.

    Returns
    -------
    Series
        Days by owner.
    list of int
        Owners with several days and no choice.

    Examples
    --------
    >>> days = pd.Series(["2024-03-02", "2024-03-01", "2024-05-01"])
    >>> picked_days(days, np.array([0, 0, 1]), "first")[0].to_dict()
    {0: '2024-03-01', 1: '2024-05-01'}
    >>> picked_days(days, np.array([0, 0, 1]), None)
    (1    2024-05-01
    dtype: object, [0])
    """
    codes, texts = pd.factorize(days.astype(object).str[:10], sort=True)  # numbers in the order of the days
    by_owner = pd.Series(codes).groupby(np.asarray(owners))
    first, last = by_owner.min(), by_owner.max()
    several = (first != last) & (pick is None)
    chosen = last if pick == "last" else first
    found = pd.Series(np.asarray(texts, dtype=object)[chosen.to_numpy(dtype=np.intp)], index=chosen.index, dtype=object)
    return found[~several], [int(owner) for owner in chosen.index[several]]
