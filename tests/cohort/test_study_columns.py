"""Cells of a column that a study reads: what is said where they cannot be used."""

from __future__ import annotations

import pandas as pd

from relapse_model.cohort.study_columns import ColumnReader, unusable_cells


def test_numbers_below_0_are_told_what_allows_them():
    """-1.2 as text is unusable unless the study says that the column may be negative; a word gets no such advice."""
    reader = ColumnReader("change", "predictor 'change'")
    found = unusable_cells(pd.Series(["1.5", "-1.2", "\N{MINUS SIGN}2"]), reader)
    assert found.rows.tolist() == [False, True, True]
    assert "for numbers below 0, negative = true of this column in the study" in found.expected
    allowed = unusable_cells(pd.Series(["1.5", "-1.2"]), ColumnReader("change", "predictor 'change'", negative=True))
    assert not allowed.rows.any()
    assert "below 0" not in unusable_cells(pd.Series(["1.5", "high"]), reader).expected
