"""Medians, means and spreads of columns, with weights and gaps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from relapse_model.classifiers.shared.columns import (
    empty_columns,
    fill_missing,
    standard_scale,
    summarise_columns,
    weighted_median,
)

VALUES = arrays.arrays(float, st.integers(1, 12), elements=st.floats(-1e6, 1e6))


def test_hand_counted_column_with_a_gap():
    # known: 1, 2, 9 (twice): median between 2 and 9, mean 21/4, variance mean of squares 167/4 - (21/4)^2
    summary = summarise_columns([[1.0], [2.0], [np.nan], [9.0]], [1, 1, 7, 2])
    assert summary.impute.tolist() == [5.5]
    assert summary.center.tolist() == [5.25]
    assert summary.scale[0] == pytest.approx(np.sqrt(167 / 4 - 5.25**2))


@pytest.mark.parametrize(
    ("values", "weight", "median"),
    [
        ([3.0], [0.2], 3.0),
        ([1.0, 2.0, 3.0], [1, 1, 1], 2.0),
        ([1.0, 2.0, 3.0, 4.0], [1, 1, 1, 1], 2.5),
        ([1.0, 2.0, 3.0], [1, 1, 3], 3.0),  # 3 carries more than half
        ([2.0, 1.0], [0.1, 0.3], 1.0),
        ([1.0, 2.0, 3.0], [0.1, 0.2, 0.3], 2.5),  # 0.1 + 0.2 is exactly half, but for rounding
    ],
)
def test_weighted_median(values, weight, median):
    assert weighted_median(np.array(values), np.array(weight)) == median


@given(VALUES, st.data())
def test_weights_count_rows(values, data):
    weight = data.draw(arrays.arrays(int, len(values), elements=st.integers(1, 4)))
    repeated = values.repeat(weight)
    assert weighted_median(values, weight.astype(float)) == pytest.approx(np.median(repeated), rel=1e-12)
    mean, scale = standard_scale(values[:, None], weight.astype(float))
    assert mean[0] == pytest.approx(repeated.mean(), rel=1e-9, abs=1e-6)
    if scale[0] != 1.0:
        assert scale[0] == pytest.approx(repeated.std(), rel=1e-6)


@pytest.mark.parametrize("value", [0.0, 0.1, 1 / 3, -7e20])
def test_a_constant_column_has_scale_one(value):
    mean, scale = standard_scale(np.full((7, 1), value), np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]))
    assert (mean[0], scale[0]) == (value, 1.0)


def test_rows_of_weight_zero_do_not_count():
    X = np.array([[1.0], [2.0], [1e9]])
    assert [float(v[0]) for v in standard_scale(X, np.array([1.0, 1.0, 0.0]))] == [1.5, 0.5]


def test_an_empty_column_is_constant_and_known_as_such():
    # It used to be refused; most hospitals do not measure everything, and nothing is learned of a constant.
    X = np.array([[1.0, np.nan], [2.0, np.nan]])
    summary = summarise_columns(X, [1, 1])
    assert (summary.impute[1], summary.center[1], summary.scale[1]) == (0.0, 0.0, 1.0)
    assert empty_columns(X).tolist() == [False, True]
    assert np.ptp(fill_missing(X, summary.impute)[:, 1]) == 0.0


def test_fill_missing():
    X = np.array([[1.0, np.nan], [np.nan, 4.0]])
    assert fill_missing(X, np.array([7.0, 8.0])).tolist() == [[1.0, 8.0], [7.0, 4.0]]
