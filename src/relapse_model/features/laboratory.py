"""Features of one analyte: its results up to the landmark, on its scale, to one number per patient."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from relapse_model.features.grouped import Floats, Groups, groups, size, spread, total

Summary = Callable[[Floats, Floats, Groups], Floats]  # value on its scale, week, groups -> one number per group


def last(value: Floats, week: Floats, of: Groups) -> Floats:
    """Return the last result; of several in one week, the last row of the table."""
    return value[of.end - 1]


def first(value: Floats, week: Floats, of: Groups) -> Floats:
    """Return the first result."""
    return value[of.start]


def maximum(value: Floats, week: Floats, of: Groups) -> Floats:
    """Return the largest result."""
    return np.maximum.reduceat(value, of.start) if len(of.start) else np.zeros(0)


def minimum(value: Floats, week: Floats, of: Groups) -> Floats:
    """Return the smallest result."""
    return np.minimum.reduceat(value, of.start) if len(of.start) else np.zeros(0)


def mean(value: Floats, week: Floats, of: Groups) -> Floats:
    """Return the mean of the results, each counted once."""
    return total(value, of) / size(of)


def change(value: Floats, week: Floats, of: Groups) -> Floats:
    """Return last minus first; unknown for a single result."""
    return np.where(size(of) > 1, value[of.end - 1] - value[of.start], np.nan)


def count(value: Floats, week: Floats, of: Groups) -> Floats:
    """Return the number of results."""
    return size(of)


def slope(value: Floats, week: Floats, of: Groups) -> Floats:
    """Return the least-squares slope per 4 weeks; unknown unless the results lie in two or more weeks."""
    group = np.repeat(np.arange(len(of.start)), of.end - of.start)
    centred = week - (total(week, of) / size(of))[group]
    spread_of_weeks = total(centred**2, of)
    flat = spread_of_weeks <= 1e-9
    rise = total(centred * value, of)
    return np.where(flat, np.nan, 4.0 * rise / np.where(flat, 1.0, spread_of_weeks))


SUMMARIES: Mapping[str, Summary] = MappingProxyType(
    {function.__name__: function for function in (last, first, maximum, minimum, mean, change, count, slope)}
)


def summarise(kind: str, patient: NDArray[np.intp], week: Floats, value: Floats, patients: int, log10: bool) -> Floats:
    """Compute one kind of feature for all patients.

    Parameters
    ----------
    kind : str
        A key of `SUMMARIES`.
    patient, week, value : array
        Results known at the landmark, with numbers, sorted by patient and week.
    patients : int
        Number of patients.
    log10 : bool
        Whether to take the logarithm first.

    Returns
    -------
    array of float, shape (patients,)
        NaN where a patient has no result; 0 for ``count``.

    Examples
    --------
    Titres of 100 at week 0 and 1,000 at week 8: the slope is 0.5 log10 per 4 weeks.

    >>> import numpy as np
    >>> summarise("slope", np.array([0, 0]), np.array([0.0, 8.0]), np.array([100.0, 1000.0]), 1, True)
    array([0.5])
    """
    of = groups(patient, patients)
    scaled = np.log10(value) if log10 else value
    result = SUMMARIES[kind](scaled, week, of) if len(of.start) else np.zeros(0)
    return spread(result, of, without_rows=0.0 if kind == "count" else np.nan)
