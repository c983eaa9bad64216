"""Rows of a source after a death that it records beside the outcomes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from relapse_model.cohort.readers.after_death import after_death
from relapse_model.cohort.readers.made_table import MadeTable
from relapse_model.cohort.readers.to_cohort import cohort_of
from relapse_model.cohort.reading_report import ReadingReport
from relapse_model.errors import CohortError


def made(source="LB", column="date", number=(5,), **columns):
    return MadeTable(pd.DataFrame(columns, dtype=object), source, np.array(number), {"date": column})


DEATHS = made("DM", "DTHDTC", (4,), patient_id=["7"], date=["2024-05-01"])


def found(**tables):
    return [(one.table, one.row, one.column) for one in after_death(tables, DEATHS)]


@pytest.mark.parametrize(
    ("day", "late"),
    [
        ("2024-05-01", False),
        ("2024-05-01 23:30", False),
        ("2024-05-02", True),
        ("2024-05-02 03:00Z", False),  # may be the day before, in the hospital
        ("2024-05-03 03:00Z", True),
        ("", False),
    ],
)
def test_days_are_compared_as_far_as_they_are_known(day, late):
    expected = [("LB", 5, "date"), ("DM", 4, "DTHDTC")] if late else []
    assert found(labs=made(patient_id=["7"], date=[day])) == expected
    assert found(labs=made(patient_id=["8"], date=[day])) == []


@pytest.mark.parametrize(("event", "late"), [("free", False), ("relapse", True), ("competing: death", True)])
def test_that_somebody_was_free_may_be_known_of_a_later_day(event, late):
    table = made(patient_id=["7"], date=["2024-06-01"], event=[event])
    assert bool(found(outcomes=table)) is late


def test_both_rows_are_refused_with_all_else():
    patients = made("DM", number=(4,), patient_id=["7"], enrolment_date=["2024-01-01"])
    labs = made(patient_id=["7"], date=["2024-06-01"], analyte=["alt"], value=["?"], unit=["U/L"])
    with pytest.raises(CohortError) as refusal:
        cohort_of({"patients": patients, "labs": labs}, ReadingReport("cdisc", ()), study=None, deaths=DEATHS)
    assert [(one.table, one.row) for one in refusal.value.problems] == [("LB", 5), ("DM", 4), ("LB", 5)]
