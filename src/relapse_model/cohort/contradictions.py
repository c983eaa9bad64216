"""Which rows of a labs table contradict each other on one day, as far as a study makes use of the difference."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Mask, Positions
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


def contradictions(labs: pd.DataFrame, ids: pd.Series, sound: Mask, study: Study) -> Iterator[Contradiction]:
    """Yield the sets of rows that contradict each other, of analytes for which the study does not say which counts.

    Parameters
    ----------
    labs : DataFrame
        As the gate has read it.
    ids : Series
        Whose each row is.
    sound : array of bool
        Rows that nothing else is wrong with.
    study : Study
    """
    refused = [name for name in study.analytes if refuses(day_rule(study, name))]
    candidates = _of_shared_days(labs, ids, sound & (labs["kind"] != "missing").to_numpy(), refused)
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


def _of_shared_days(labs: pd.DataFrame, ids: pd.Series, usable: Mask, analytes: list[str]) -> NDArray[np.intp]:
    """Return the rows whose patient has another result of the analyte on the same day."""
    rows = np.flatnonzero(usable & labs["analyte"].isin(analytes).to_numpy() & labs["week"].notna().to_numpy())
    patient, names = (codes_of(one.iloc[rows]) for one in (ids, labs["analyte"]))
    week, number = labs["week"].to_numpy(dtype=float), np.empty(len(rows), dtype=np.int64)
    for begin in range(0, len(rows), _CHUNK):  # by parts that the processor keeps
        part = slice(begin, begin + _CHUNK)
        day = rounded(week[rows[part]]).astype(np.int64)  # sound weeks lie within a century
        number[part] = (patient[0][part].astype(np.int64) * len(names[1]) + names[0][part]) * _DAYS + day
    in_order = bool(np.all(patient[0][1:] >= patient[0][:-1]))
    shared: NDArray[np.intp] = rows[duplicates(number, nearly_in_order=in_order)]
    return shared
