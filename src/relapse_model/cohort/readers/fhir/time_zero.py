"""Time zero of each patient: the time of a resource, a date in Patient, or a file's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Mask
from relapse_model.cohort.readers.fhir.collect import Collector
from relapse_model.cohort.readers.fhir.courses import one_text
from relapse_model.cohort.readers.fhir.elements import NotFhirError
from relapse_model.cohort.readers.fhir.files import Found
from relapse_model.cohort.readers.fhir.times import EXPECTED_DAY, local_time
from relapse_model.cohort.readers.fhir.values import UnclearError
from relapse_model.cohort.readers.index_dates import picked_days, read_index_file
from relapse_model.cohort.readers.source_mapping import TimeZero
from relapse_model.cohort.tables.identifiers import identifier_key
from relapse_model.errors import Problem

COLUMN = "enrolment_date"
_ADVICE = 'Or leave such patients out: others = "leave out" under [time]'
_SEVERAL = 'State which counts: pick = "first" or "last" under [time]'


@dataclass(frozen=True, slots=True, eq=False)
class Index:
    """Time zero of every patient found.

    Attributes
    ----------
    dates : array of str
        Empty where there is none.
    left_out : array of bool
        Patients without one, where the mapping leaves them out.
    rows : DataFrame
        The resources that were looked at.
    taken : array of bool
        Those of them whose time counts.
    problems : tuple of Problem
    """

    dates: NDArray[np.object_]
    left_out: Mask
    rows: pd.DataFrame
    taken: Mask
    problems: tuple[Problem, ...]


def index_of(collector: Collector, rows: pd.DataFrame, ids: NDArray[np.object_], time: TimeZero, folder: Path) -> Index:
    """Return time zero of every patient.

    Parameters
    ----------
    collector : Collector
    rows : DataFrame
        Of the section ``"time"``.
    ids : array of str
        Of the patients found.
    time : TimeZero
    folder : Path
        Of the file that `time` may name.
    """
    dates = np.full(len(ids), "", dtype=object)
    taken = np.zeros(len(rows), dtype=bool)
    problems: list[Problem] = []
    if time.file:
        file = read_index_file(time, folder)
        problems += file.problems
        dates[:] = (
            pd.Series([identifier_key(one) for one in ids], dtype=object)
            .map(file.dates)
            .astype(object)
            .fillna("")
            .to_numpy()
        )
    elif "Patient" in collector.asked.by_type:
        problems += _of_patients(collector, dates, ids)
    else:
        taken, more = _picked(rows, dates, time, collector.patients.found, ids)
        problems += more
    listed = {problem.patient for problem in problems}
    refused = {collector.patients.position(one.subject) for one in collector.refused}
    without = [
        place for place in np.flatnonzero(dates == "").tolist()
        if identifier_key(ids[place]) not in listed and place not in refused
    ]  # fmt: skip
    left_out = np.zeros(len(ids), dtype=bool)
    if time.options.get("others") == "leave out":
        left_out[without] = True
    else:
        problems += [
            _problem(collector.patients.found[place], ids[place], "no time zero", "one for each patient", _ADVICE)
            for place in without
        ]
    return Index(dates, left_out, rows, taken, tuple(problems))


def _problem(found: Found, own: str, what: str, expected: str, advice: str = "") -> Problem:
    return Problem(found.file, found.number, COLUMN, what, expected, advice, identifier_key(own), counted="entry")


def _of_patients(collector: Collector, dates: NDArray[np.object_], ids: NDArray[np.object_]) -> list[Problem]:
    """Read a date that stands in Patient."""
    (wanted,) = collector.asked.by_type["Patient"][""]
    problems = []
    for place, found in enumerate(collector.patients.found):
        try:
            text = one_text(found.resource, wanted.paths["date"], "zero")
        except (UnclearError, NotFhirError) as why:
            problems.append(_problem(found, ids[place], why.found, why.expected))
            continue
        day = local_time(text, collector.cells.zone, collector.cells.partial) if text else ""
        if day is None:
            problems.append(_problem(found, ids[place], "no date, or a part of one", EXPECTED_DAY))
        else:
            dates[place] = day[:10]
    return problems


def _picked(
    rows: pd.DataFrame, dates: NDArray[np.object_], time: TimeZero, found: list[Found], ids: NDArray[np.object_]
) -> tuple[Mask, list[Problem]]:
    """Take the first or the last time of each patient; without a choice, there must be one day."""
    known = rows[(rows["position"] >= 0) & ~rows["earlier"]]
    if known.empty:
        return np.zeros(len(rows), dtype=bool), []
    chosen, several = picked_days(known["date"], known["position"].to_numpy(dtype=np.intp), time.options.get("pick"))
    problems = [
        _problem(found[place], ids[place], "several days of time zero", "one day", _SEVERAL) for place in several
    ]
    dates[chosen.index.to_numpy()] = chosen.to_numpy()
    taken = (rows["date"].str[:10] == rows["position"].map(chosen)).to_numpy() & ~rows["earlier"].to_numpy()
    return taken, problems
