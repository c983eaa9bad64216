"""Rows that stand twice are found as pandas finds them, whatever their columns hold."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relapse_model.cohort.tables import repeated_rows
from relapse_model.cohort.tables.repeated_rows import repeated

CELLS = st.tuples(
    st.sampled_from(["a", "b", None]), st.sampled_from([0.0, -0.0, 1.5, np.nan]), st.sampled_from(["x", "y", None]),
    st.integers(0, 2), st.booleans(),
)  # fmt: skip


@settings(deadline=None, max_examples=60)
@given(rows=st.lists(CELLS, min_size=1, max_size=30))
def test_as_pandas_finds_them(rows):
    table = pd.DataFrame(rows, columns=["coded", "number", "text", "whole", "flag"])
    table = table.assign(coded=table["coded"].astype("category"), text=table["text"].astype("str"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(repeated_rows, "_ROWS_WORTH", 1)
        found = repeated(table, list(table.columns))
    np.testing.assert_array_equal(found, table.duplicated().to_numpy())


def test_a_number_of_a_row_may_be_that_of_another(monkeypatch):
    """The numbers only say which rows are compared: if all rows had the same one, nothing more would be found."""
    table = pd.DataFrame({"week": np.arange(2000.0)})
    monkeypatch.setattr(repeated_rows, "_number_of", lambda column: np.zeros(len(column), dtype=np.uint64))
    assert not repeated(table, ["week"]).any()
    assert np.flatnonzero(repeated(pd.concat([table, table.iloc[:1]]), ["week"])).tolist() == [2000]


def test_lists_in_a_column_are_compared_by_what_they_print():
    table = pd.DataFrame({"a": [[1], [2], [1]] * 500}, dtype=object)
    assert int((~repeated(table, ["a"])).sum()) == 2
