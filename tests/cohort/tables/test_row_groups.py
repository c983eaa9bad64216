"""Rows that are the same in some columns are one group, numbered by its first row."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relapse_model.cohort.tables import row_groups as module
from relapse_model.cohort.tables.repeated_rows import duplicates, repeated
from relapse_model.cohort.tables.row_groups import row_groups


def by_hand(columns):
    seen, which, first = {}, [], []
    for row, values in enumerate(zip(*(column.where(column.notna(), None) for column in columns), strict=True)):
        if values not in seen:
            seen[values] = len(seen)
            first.append(row)
        which.append(seen[values])
    return which, first


@pytest.mark.parametrize("few", [1, 10, 1 << 20])  # below the number of combinations they are numbered anew
@given(
    rows=st.lists(st.tuples(st.sampled_from(["a", "b", "c", None]), st.sampled_from("xyz"), st.booleans()), max_size=40)
)
def test_groups_are_those_found_row_by_row(few, rows):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_FEW", few)
        patch.setattr(module, "_CHUNK", 3)
        text, other, flag = (pd.Series([row[place] for row in rows], dtype=kind) for place, kind in
                             enumerate(["object", "category", "bool"]))  # fmt: skip
        for columns in ([text, other, flag], [text.astype("category"), flag], [text]):
            which, first = row_groups(columns)
            assert (which.tolist(), first.tolist()) == by_hand([column.astype(object) for column in columns])


@pytest.mark.parametrize("shuffled", [False, True])
def test_repeated_rows_are_those_that_pandas_finds_in_any_order(shuffled):
    """Rows in the order of patients are sorted within each patient only, others as a whole."""
    rng = np.random.default_rng(3)
    table = pd.DataFrame(
        {
            "patient_id": pd.Categorical.from_codes(np.repeat(np.arange(700), 20), [f"P{n:04d}" for n in range(700)]),
            "week": rng.integers(0, 9, 14_000).astype(float),
            "unit": pd.Categorical.from_codes(rng.integers(-1, 3, 14_000), ["a", "b", "c"]),
        }
    )
    if shuffled:
        table = table.sample(frac=1, random_state=1).reset_index(drop=True)
    expected = table.duplicated().to_numpy()
    assert 0 < expected.sum() < len(table)
    assert np.array_equal(repeated(table, list(table.columns)), expected)


def test_numbers_that_stand_twice_are_found_whatever_their_order():
    number = np.array([5, 1, 5, 2, 9, 2], dtype=np.int64)
    for in_order in (False, True):
        assert duplicates(number, nearly_in_order=in_order).tolist() == [True, False, True, True, False, True]
