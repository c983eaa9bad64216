"""Weeks to the day and limits to seven digits: where floating point says otherwise, and where it is right."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relapse_model.comparisons import (
    above,
    at_least,
    at_most,
    at_or_before,
    before,
    below,
    calendar_days,
    is_of_dates,
    same_day,
    to_the_day,
)

days = st.integers(-4000, 4000)
weeks = st.floats(-600, 600)


@given(day=days, other=days)
def test_weeks_made_of_days_compare_as_the_days_do(day, other):
    week, limit = day / 7, other / 7
    assert at_or_before(week, limit) == (day <= other)
    assert before(week, limit) == (day < other)
    assert same_day(week, limit) == (day == other)


@given(day=days, begin=days, printed=st.booleans())
def test_a_sum_of_weeks_is_the_sum_of_days(day, begin, printed):
    """A week printed with two decimals is the day it was made of, and so is a sum of two weeks."""
    week = round((begin + day) / 7, 2) if printed else (begin + day) / 7
    assert same_day(week, begin / 7 + day / 7)
    assert not at_or_before(week + 1 / 7, begin / 7 + day / 7)


@given(week=weeks, other=weeks)
def test_one_of_two_weeks_comes_first_or_they_are_one(week, other):
    assert at_or_before(week, other) or at_or_before(other, week)
    assert before(week, other) == (not at_or_before(other, week))
    assert at_or_before(week, other) == (before(week, other) or same_day(week, other))
    if other - week > 0.1 / 7:  # what is not one day and no rounding is distinguished
        assert before(week, other)


@given(day=days)
def test_equal_days_become_equal_numbers(day):
    assert to_the_day(round(day / 7, 2)) == to_the_day(day / 7) == day / 7
    assert to_the_day(day / 7 + 0.5 / 7) == day / 7 + 0.5 / 7


def test_nothing_lies_before_what_is_not_known_and_all_before_infinity():
    weeks = np.array([np.nan, 0.0, np.inf, -np.inf])
    assert at_or_before(weeks, np.nan).tolist() == [False] * 4
    assert before(weeks, np.nan).tolist() == [False] * 4
    assert at_or_before(weeks, np.inf).tolist() == [False, True, True, True]
    assert before(-np.inf, weeks).tolist() == [False, True, True, False]


@pytest.mark.parametrize("limit", [0.05, 0.1, 0.7, 10.0, 1e6])
def test_a_limit_held_in_32_bits_is_the_limit(limit):
    value = np.float32(limit)
    assert at_least(value, limit)
    assert at_most(value, limit)
    assert not below(value, limit)
    assert not above(value, limit)
    assert below(limit * 0.99999, limit)
    assert above(limit * 1.00001, limit)
    assert at_least(limit * 1.00001, limit)
    assert at_most(limit * 0.99999, limit)


def test_an_unknown_value_is_on_no_side_of_a_limit():
    assert not any(compare(np.nan, 1.0) for compare in (at_least, at_most, below, above))
    assert not any(compare(1.0, np.nan) for compare in (at_least, at_most, below, above))


def test_months_of_the_calendar():
    # February of a common year, a month of 31 days; March to August, ...; two years without and with a 29 February.
    assert [calendar_days(months) for months in (1, 6, 12, 24)] == [(28, 31), (181, 184), (365, 366), (730, 731)]
    assert is_of_dates([730 / 7, 730.5 / 7, np.nan, np.inf]).tolist() == [True, False, False, False]
