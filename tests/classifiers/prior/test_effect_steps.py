"""What counts as one standard deviation of a column in a prior."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relapse_model.classifiers.prior.effect_steps import effect_steps

NAN = np.nan


def step(values):
    column = np.array(values, dtype=float)
    known = column[~np.isnan(column)]
    return float(effect_steps(column[:, None], np.array([known.std() if len(known) else 1.0]))[0])


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0, 1, 0, 1], 0.5),  # the standard deviation itself
        ([0] * 314 + [1], 0.5),  # a rare yes: not 0.056
        ([1] * 314 + [0, NAN], 0.5),
        ([2.0] * 9 + [10.0], 4.0),  # two values, whatever they are: half of the way
        ([0] * 12 + [3, 5, 8], 2.5),  # a count that is mostly 0: half of the way to 5
        ([1, 2, 3, 4], np.sqrt(1.25)),  # a number: its standard deviation
        ([0, 0, 0, 10, 100, 1000, 4000], np.std([0, 0, 0, 10, 100, 1000, 4000])),  # less than half are 0
        ([0] * 6 + [1, 1, 1, 1, 900], np.std([0] * 6 + [1, 1, 1, 1, 900])),  # larger than half of the way to 1
        ([0, 0], 0.5),  # nobody has a yes, but it would be one
        ([1, NAN], 0.5),
        ([7, 7], NAN),
        ([NAN, NAN], NAN),
    ],
)
def test_steps_by_hand(values, expected):
    assert step(values) == pytest.approx(expected, nan_ok=True)


@given(st.integers(1, 200), st.integers(1, 200))
def test_a_yes_or_no_has_the_same_step_however_rare_it_is(yes, no):
    assert step([1] * yes + [0] * no) == pytest.approx(0.5)
