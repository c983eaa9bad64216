"""Rows that were counted once, in the report of the reading."""

from __future__ import annotations

from relapse_model.cohort.cohort import COUNTED_ONCE
from relapse_model.cohort.readers.counted_once import with_repetitions
from relapse_model.cohort.reading_report import ReadingReport, SourceReading
from relapse_model.errors import Problem


def test_a_row_of_which_two_results_were_counted_once_is_listed_once():
    """Three results of two rows; and of twelve rows ten are listed."""
    report = ReadingReport("redcap", (SourceReading("data.csv", "rows", 20, 20),))

    def note(rows):
        remarks = [("labs", Problem("data.csv", row, "alt", COUNTED_ONCE, "")) for row in rows]
        return with_repetitions(report, remarks).notes[-1]

    assert note([5, 5, 9]).endswith("(labs: 3, data.csv row 5, data.csv row 9)")
    assert note(range(2, 14)).endswith("data.csv row 11, ...)")
    assert note(range(2, 12)).endswith("data.csv row 11)")
