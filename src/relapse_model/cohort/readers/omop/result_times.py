"""Times of results beside their days: of the same day, in the hospital's zone; others are refused or not used."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Mask
from relapse_model.cohort.readers.after_death import days_of
from relapse_model.cohort.readers.source_dates import Partial, iso_dates, local_text

_MIDNIGHT = r".{10} 00:00(?::00(?:\.0+)?)?(?:Z|[+-]\d\d:?\d\d)?"
_ZONED = r"^.{10} [\d:.]+(?:Z|[+-]\d\d:?\d\d)$"


@dataclass(frozen=True, slots=True)
class Times:
    """Days with their times; which times are of another day; how many have an offset and are not used."""

    days: NDArray[np.object_]
    far: Mask
    unused: int


def with_times(days: pd.Series, moments: pd.Series, partial: Partial, zone: str) -> Times:
    """Return days with the times beside them, where these are of the same day.

    A moment with an offset is that of the hospital's zone, in which its day must be the one beside it; where the zone
    is not known, it is not used.

    Parameters
    ----------
    days : Series
        As YYYY-MM-DD.
    moments : Series
        As the source prints them.
    partial : {"refuse", "middle"}
    zone : str
        Of the hospital; empty where nobody states it.
    """
    moments, wrong = iso_dates(moments, "ymd", partial)
    moments, zoned = _local(moments, zone)
    same = (moments.str[:10] == days.str[:10]).to_numpy() & ~wrong
    same &= ~zoned | bool(zone)
    other = np.flatnonzero((moments != "").to_numpy() & (moments.str[:10] != days.str[:10]).to_numpy())
    far = np.zeros(len(days), dtype=bool)
    # As written, a day may be that of another zone; in the hospital's own it may not.
    allowed = np.where(zoned[other] & bool(zone), 0, 1)
    far[other] = _days_apart(moments.iloc[other], days.iloc[other]) > allowed
    found = np.where(same, moments.to_numpy(dtype=object), days.to_numpy(dtype=object))
    return Times(found, far, 0 if zone else int(zoned.sum()))


def _days_apart(one: pd.Series, other: pd.Series) -> NDArray[np.float64]:
    """Return how many days lie between dates; NaN where one of them is not known."""
    first, second = (days_of(texts)[0].to_numpy() for texts in (one, other))
    apart: NDArray[np.float64] = np.abs((first - second) / np.timedelta64(1, "D"))
    return apart


def _local(moments: pd.Series, zone: str) -> tuple[pd.Series, Mask]:
    """Return times with an offset as those of a zone, where it is known, and which have an offset.

    Midnight as it is written says nothing.
    """
    codes, distinct = pd.factorize(moments)
    texts = pd.Series(distinct, dtype=object).astype(str)
    texts = texts.mask(texts.str.fullmatch(_MIDNIGHT), texts.str[:10])
    zoned = np.append(texts.str.fullmatch(_ZONED).to_numpy(dtype=bool), False)
    if zone:
        texts = texts.where(~zoned[:-1], texts.map(lambda text: local_text(text, zone)))
    local = np.array([*texts, ""], dtype=object)
    return pd.Series(local[codes], index=moments.index, dtype=object), zoned[codes]
