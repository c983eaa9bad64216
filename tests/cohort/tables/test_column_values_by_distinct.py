"""A column read by its distinct texts is what it is read cell by cell."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relapse_model.cohort.tables import column_values as column_reader
from relapse_model.cohort.tables.columns import Column

RULES = [
    Column("number", low=0, high=100), Column("flag"), Column("date"), Column("choice", choices=("F", "M")), Column(),
    Column(required=True),
]  # fmt: skip
CELLS = ["", " ", "7", " 7 ", "7.0", "1e3", "-1", "nan", "NA", "F", "x", "1", "0", "2024-02-30", "2024-02-28", "陽"]


def assert_same(found, expected):
    pd.testing.assert_series_equal(pd.Series(found.values), pd.Series(expected.values))  # as a table takes them
    np.testing.assert_array_equal(found.empty, expected.empty)
    np.testing.assert_array_equal(found.bad, expected.bad)
    assert found.came == expected.came


@settings(deadline=None, max_examples=30)
@given(cells=st.lists(st.sampled_from(CELLS), min_size=1, max_size=20), rule=st.sampled_from(RULES))
def test_it_reads_what_is_read_cell_by_cell(cells, rule):
    values = pd.Series((cells * 1500)[:1500], dtype=object)
    assert column_reader.distinct_texts(values) is not None
    assert_same(column_reader.read_column(values, rule), column_reader.column(values, rule))
    pd.testing.assert_series_equal(column_reader.read_texts(values), column_reader.texts(values))


@settings(deadline=None, max_examples=30)
@given(
    cells=st.lists(st.sampled_from([*CELLS, None]), min_size=1, max_size=20),
    rule=st.sampled_from(RULES),
    dtype=st.sampled_from([pd.StringDtype(na_value=pd.NA), pd.StringDtype(na_value=np.nan)]),
)
def test_a_column_of_texts_with_gaps_is_read_so_too(cells, rule, dtype):
    values = pd.Series((cells * 1500)[:1500], dtype=dtype)
    assert column_reader.distinct_texts(values) is not None
    assert_same(column_reader.read_column(values, rule), column_reader.column(values, rule))
    pd.testing.assert_series_equal(column_reader.read_texts(values), column_reader.texts(values))


@pytest.mark.parametrize(
    "values",
    [
        pd.Series([True, 1, "1", None] * 500, dtype=object),
        pd.Series(["1", None] * 1000, dtype=object),
        pd.Series(["1", np.nan] * 1000, dtype=object),
        pd.Series([1.0, np.nan] * 1000),
        pd.Series([str(number) for number in range(2000)], dtype=object),
        pd.Series(["1"] * 10, dtype=object),
    ],
)
@pytest.mark.parametrize("rule", [Column("flag"), Column("number")])
def test_other_columns_are_read_cell_by_cell(values, rule):
    assert column_reader.distinct_texts(values) is None
    assert_same(column_reader.read_column(values, rule), column_reader.column(values, rule))
