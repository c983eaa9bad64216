"""Which rows of a labs table contradict each other on one day, as far as a study makes use of the difference."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Positions
from relapse_model.cohort.laboratory.lab_rows import lab_rows
from relapse_model.cohort.measurements import read_rows
from relapse_model.cohort.one_day import (
    MINUTES,
    contradicting,
    day_rule,
    refuses,
    rounded,
    same_day_advice,
    same_day_expected,
)
from relapse_model.cohort.tables.column_values import codes_of
from relapse_model.cohort.tables.repeated_rows import duplicates
from relapse_model.errors import CohortError
from relapse_model.study.study import Study

_CHUNK = 1 << 16  # rows
_DAYS = 4 * 52 * 100 * MINUTES  # more than the minutes, as days are rounded to, of two centuries


@dataclass(frozen=True, slots=True, eq=False)
class Contradiction:
    """Rows of one patient, analyte and day that nothing orders, and what to do about them."""

    rows: Positions
    expected: str
    advice: str


def contradictions(labs: pd.DataFrame, ids: pd.Series, sound: Positions, study: Study) -> Iterator[Contradiction]:
    """Yield the sets of rows that contradict each other, of analytes for which the study does not say which counts.

    Parameters
    ----------
    labs : DataFrame
        As the gate has read it.
    ids : Series
        Whose each row is.
    sound : array of int
        Rows of `shared_days` that nothing else is wrong with.
    study : Study
    """
    refused = [name for name in study.analytes if refuses(day_rule(study, name))]
    given = labs.iloc[sound]
    usable = (given["kind"] != "missing") & given["analyte"].isin(refused) & given["week"].notna()
    among = sound[usable.to_numpy(dtype=bool)]
    candidates = among[shared_days(labs["week"].iloc[among], ids.iloc[among], labs["analyte"].iloc[among])]
    if not len(candidates):
        return
    patient, _ = pd.factorize(ids.iloc[candidates])
    rows = lab_rows(labs.iloc[candidates].assign(patient=patient))
    minute = np.zeros(len(rows)) if rows.minute is None else rows.minute
    order = np.lexsort((candidates, minute, rounded(rows.week), patient))
    for name in refused:
        own = order[(labs["analyte"].iloc[candidates[order]] == name).to_numpy()]
        rule = day_rule(study, name)
        try:
            results = read_rows(rows.take(own), candidates[own].astype(np.int32), study.analytes[name])
        except CohortError:  # refused elsewhere, for a limit that is not known
            continue
        for places in contradicting(results, rule):
            found = np.sort(results.row[places].astype(np.intp))
            yield Contradiction(found, same_day_expected(name), same_day_advice(rule))


def shared_days(weeks: pd.Series, ids: pd.Series, names: pd.Series) -> Positions:
    """Return the rows whose patient has another of the same name on the same day; all unknown weeks are one.

    Parameters
    ----------
    weeks, ids, names : Series
        Of each row: when, whose, and of which analyte or agent.

    Examples
    --------
    >>> shared_days(pd.Series([4.0, 4, 8]), pd.Series(["a", "a", "a"]), pd.Series(["alt", "alt", "alt"])).tolist()
    [0, 1]
    """
    week = weeks.to_numpy(dtype=float)
    (patient, _), (name, different) = codes_of(ids), codes_of(names)
    found = [np.zeros(0, dtype=np.intp)]
    for rows in _by_patient(patient):
        number = np.empty(rows.stop - rows.start, dtype=np.int64)
        for begin in range(0, len(number), _CHUNK):  # by parts that the processor keeps
            part = slice(rows.start + begin, min(rows.start + begin + _CHUNK, rows.stop))
            day = np.clip(rounded(week[part]), -_DAYS // 4, _DAYS // 4)  # beyond it no week is sound
            day[np.isnan(day)] = _DAYS // 2
            one = patient[part].astype(np.int64) * len(different) + name[part]
            number[begin : begin + _CHUNK] = one * _DAYS + day.astype(np.int64)
        found.append(rows.start + np.flatnonzero(duplicates(number)))
    return np.concatenate(found)


def _by_patient(patient: NDArray[np.signedinteger[Any]]) -> Iterator[slice]:
    """Yield parts of the rows that share no patient: small ones where patients stand in order, else all rows."""
    rows, end = len(patient), 0
    in_order = bool(np.all(patient[1:] >= patient[:-1]))
    while end < rows:
        begin, last = end, min(end + _CHUNK, rows) - 1
        end = int(np.searchsorted(patient, patient[last], side="right")) if in_order else rows
        yield slice(begin, end)
