"""Log-odds that are linear in the columns: by hand, beside the long way, and without losing digits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relapse_model.classifiers.penalised import linear
from relapse_model.classifiers.penalised.linear import LinearLogOdds
from relapse_model.classifiers.shared.risks import both_risks, sigmoid

LINE = LinearLogOdds(np.array([2.0, -1.0]), np.array([1.0, 10.0]), 0.5, np.array([3.0, 20.0]))


def test_log_odds_are_the_intercept_at_the_centre_and_move_by_the_slope():
    # At the centre 0.5; one more of the first column adds 2; five more of the second take 5 away.
    assert LINE.of(np.array([[1.0, 10.0], [2.0, 10.0], [1.0, 15.0]])).tolist() == [0.5, 2.5, -4.5]


def test_a_missing_value_counts_as_the_imputed_one():
    rows = np.array([[np.nan, 10.0], [1.0, np.nan], [np.nan, np.nan]])
    assert LINE.of(rows).tolist() == [4.5, -9.5, -5.5]
    assert LINE.of(rows).tolist() == LINE.of(np.where(np.isnan(rows), LINE.impute, rows)).tolist()


@settings(deadline=None, max_examples=25)
@given(rows=st.integers(0, 50), columns=st.integers(1, 4), missing=st.floats(0, 1), seed=st.integers(0, 99))
def test_blocks_give_what_one_product_gives(rows, columns, missing, seed):
    rng = np.random.default_rng(seed)
    line = LinearLogOdds(*rng.normal(size=(2, columns)), 0.3, rng.normal(size=columns))
    X = np.where(rng.random((rows, columns)) < missing, np.nan, rng.normal(size=(rows, columns)))
    expected = line.intercept + (np.where(np.isnan(X), line.impute, X) - line.center) @ line.slope
    linear._ROWS_AT_ONCE, kept = 7, linear._ROWS_AT_ONCE
    try:
        assert line.of(X) == pytest.approx(expected, abs=1e-12)
    finally:
        linear._ROWS_AT_ONCE = kept


def test_no_digits_are_lost_in_a_column_far_from_zero():
    # Days since 1900 about 44,000 with a slope of 1e6 per day: a product before the difference would be off by 1e-5.
    line = LinearLogOdds(np.array([1e6]), np.array([44_000.1]), 0.0, np.array([44_000.1]))
    assert line.of(np.array([[44_000.1 + 2**-20]]))[0] == pytest.approx(1e6 * 2**-20, rel=1e-4)
    assert line.of(np.array([[44_000.1]]))[0] == 0.0


def test_both_risks_are_those_of_the_sigmoid_and_accurate_where_small():
    log_odds = np.array([-800.0, -40.0, -1.5, 0.0, 1.5, 40.0, 800.0])
    risks = both_risks(log_odds)
    assert risks[:, 1].tolist() == sigmoid(log_odds).tolist()
    assert risks[:, 0].tolist() == sigmoid(-log_odds).tolist()
    assert risks[1, 1] == pytest.approx(np.exp(-40.0), rel=1e-15)


def test_linear_values_by_hand():
    # 3 + 10 (x - 1) + (y - 2), y imputed as 4, from (0, 2): at the start 3 - 10 = -7; x moves it by 10 each.
    line = {"slope": np.array([10.0, 1.0]), "center": np.array([1.0, 2.0]), "intercept": 3.0}
    rows = np.array([[0.0, 2.0], [2.0, 5.0], [0.0, np.nan]])
    impute = np.array([9.0, 4.0])
    found = LinearLogOdds(**line, impute=impute).contributions(rows, [0.0, 2.0])
    assert found.tolist() == [[0, 0, -7], [20, 3, -7], [0, 2, -7]]
    # Where the reference lacks x, it starts from 9: 3 + 80; to 0 it is 90 down.
    assert LinearLogOdds(**line, impute=impute).contributions(rows[:1], [np.nan, 2.0]).tolist() == [[-90, 0, 83]]


def test_blocks_of_rows_change_nothing_of_linear_values(monkeypatch):
    rows, reference = np.random.default_rng(0).normal(size=(8, 3))[:7], [0.5, -1.0, 2.0]
    line = LinearLogOdds(np.arange(3.0), np.ones(3), 1.0, np.zeros(3))
    whole = line.contributions(rows, reference)
    before = rows.copy()
    monkeypatch.setattr(linear, "_ROWS_AT_ONCE", 3)
    np.testing.assert_array_equal(line.contributions(rows, reference), whole)
    np.testing.assert_array_equal(rows, before)
    assert line.contributions(rows[:0], reference).shape == (0, 4)
