"""The dosing rule on arrays: what a titre asks for, and which dose answers which need."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from relapse_model.arrays import Floats

DUE, NOT_DUE, UNDECIDABLE, NOT_ASSESSED, DETECTED = "due", "not due", "undecidable", "not assessed", "HBsAg detected"
ENDED = "dosing ended"  # what the titre would ask for is no longer asked
ALL_CENTRES = "all centres"  # the last row of the adherence
AS_DUE, LATE, OMITTED, OPEN, NONE = "given as due", "given late", "omitted", "open", "none expected"
_SAME_TIME = 1e-6  # weeks: half a second; weeks come from days divided by 7


def call_titres(lower: Floats, upper: Floats, below: float) -> NDArray[np.object_]:
    """Return for each titre whether another dose is due: its bounds decide, or it is undecidable.

    Parameters
    ----------
    lower, upper : array of float
        Bounds of the titre: equal for a plain number; (0, limit) where it was printed below a limit; (limit, inf)
        above one. NaN where there is no titre.
    below : float
        A dose is due below it, in the same unit.

    Returns
    -------
    array of str
        ``"due"``, ``"not due"``, ``"undecidable"`` or ``"not assessed"``.

    Examples
    --------
    60; exactly 100; ``<10``; ``<200``, which may lie on either side; ``>1000``; no titre.

    >>> nan = np.nan
    >>> call_titres(np.array([60, 100, 0, 0, 1000, nan]), np.array([60, 100, 10, 200, np.inf, nan]), 100.0).tolist()
    ['due', 'not due', 'due', 'undecidable', 'not due', 'not assessed']
    """
    missing = np.isnan(lower) | np.isnan(upper)
    due = (upper < below) | ((upper <= below) & (lower < upper))
    return np.select([missing, due, lower >= below], [NOT_ASSESSED, DUE, NOT_DUE], UNDECIDABLE).astype(object)


@dataclass(frozen=True, slots=True)
class Answers:
    """Which dose answers which visit.

    Attributes
    ----------
    dose : array of int, shape (visits,)
        The dose that was given for the visit, or -1.
    verdict : array of str, shape (visits,)
    days_late : array of float, shape (visits,)
        Beyond the last day on which it was due; 0 where it was not late, NaN without a dose.
    """

    dose: NDArray[np.intp]
    verdict: NDArray[np.object_]
    days_late: Floats


def match_doses(
    visit: Floats, expected: NDArray[np.bool_], latest: Floats, dose: Floats, earliest: float, as_of: float
) -> Answers:
    """Match the doses of one patient to the visits at which one was due.

    The first dose at or after a visit, and before the next one, answers it; the first visit is answered from `earliest`
    on. Assumes nothing of the doses that answer no visit.

    Parameters
    ----------
    visit : array of float, shape (visits,)
        Weeks, rising.
    expected : array of bool, shape (visits,)
        Whether a dose was due.
    latest : array of float, shape (visits,)
        The last week in which it was given in time.
    dose : array of float, shape (doses,)
        Weeks, rising.
    earliest : float
        The first week in which a dose counts for the first visit.
    as_of : float
        What is due later than now cannot be omitted yet.

    Examples
    --------
    Due at 0, 4 and 24; given in week 0 and, three weeks after the visit of week 4, in week 7; asked in week 25.

    >>> found = match_doses(
    ...     np.array([0.0, 4.0, 12.0, 24.0]), np.array([True, True, False, True]), np.array([1.0, 6.0, 14.0, 26.0]),
    ...     np.array([0.0, 7.0]), earliest=-1.0, as_of=25.0,
    ... )
    >>> found.verdict.tolist(), found.days_late.tolist()
    (['given as due', 'given late', 'none expected', 'open'], [0.0, 7.0, nan, nan])
    """
    answered = np.full(len(visit), -1, dtype=np.intp)
    verdict = np.full(len(visit), NONE, dtype=object)
    late = np.full(len(visit), np.nan)
    begin = np.where(np.arange(len(visit)) == 0, min(earliest, visit[0] if len(visit) else earliest), visit)
    end = np.append(visit[1:], np.inf)
    for place in np.flatnonzero(expected):
        within = np.flatnonzero((dose >= begin[place] - _SAME_TIME) & (dose < end[place] - _SAME_TIME))
        if len(within):
            answered[place] = within[0]
            late[place] = max(0.0, round(7.0 * (dose[within[0]] - latest[place]), 6))
            verdict[place] = LATE if late[place] > 0 else AS_DUE
        else:
            verdict[place] = OPEN if as_of <= latest[place] + _SAME_TIME else OMITTED
    return Answers(answered, verdict, late)
