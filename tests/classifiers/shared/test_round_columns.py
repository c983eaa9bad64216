"""The convention of centres and scales: round numbers, mostly the same with and without one patient."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import relapse_model as rm
from relapse_model.classifiers.shared.columns import summarise_columns
from relapse_model.classifiers.shared.round_columns import PREFERRED, preferred_numbers, round_columns, round_steps
from relapse_model.features.development_data import development_data

NAN = float("nan")


def of(values, weight=None):
    found = round_columns(np.array(values, dtype=float)[:, None], np.ones(len(values)) if weight is None else weight)
    return tuple(float(one[0]) for one in (found.impute, found.center, found.scale))


@pytest.mark.parametrize(
    ("values", "impute", "center", "scale"),
    [
        # sd 14.14, nearest 12.5 or 16: 16/14.14 = 1.131 and 14.14/12.5 = 1.131, the first; a fifth is 2.5, the step 2
        ([10, 20, 30, 40, 50], 30, 30, 12.5),
        # mean 3.8 and sd 2.79, nearest 2.5 (3.15 is farther as a ratio: 1.13 to 1.115); a fifth is 0.5
        ([1, 2, 3, 4, 9], 3.0, 4.0, 2.5),
        # ages of mean 43.4, median 43 and sd 5.95, nearest 6.3; a fifth is 1.26, the step 1
        ([35, 40, 43, 46, 53], 43, 43, 6.3),
        # a yes of three: share 1/3, sd 0.4714, nearest 0.5; a fifth is 0.1; the median no stays no
        ([0, 0, 1], 0.0, 0.3, 0.5),
        # the same with a gap, which tells nothing
        ([0, 0, 1, NAN], 0.0, 0.3, 0.5),
        # no spread: nothing is rounded, or the column would not be 0 when centred
        ([4.37, 4.37], 4.37, 4.37, 1.0),
        ([4.37, NAN], 4.37, 4.37, 1.0),
        ([NAN, NAN], 0.0, 0.0, 1.0),
    ],
)
def test_hand_counted(values, impute, center, scale):
    assert of(values) == (impute, center, scale)


def test_weights_count():
    assert of([0.0, 1.0], np.array([3.0, 1.0])) == (0.0, 0.25, 0.4)  # sd 0.433, a fifth of 0.4 is 0.08, the step 0.05


@pytest.mark.parametrize(
    ("value", "nearest"),
    [(0.5, 0.5), (1.0, 1.0), (1.13, 1.25), (9.4, 10.0), (8.9, 8.0), (1e-30, 1e-30), (999.9, 1000.0), (3.0, 3.15)],
)
def test_preferred_numbers(value, nearest):
    assert preferred_numbers(np.array([value])).tolist() == [nearest]


@given(st.floats(1e-25, 1e25))
def test_a_preferred_number_is_an_eighth_away_at_most(value):
    found = preferred_numbers(np.array([value]))
    assert abs(np.log(found[0] / value)) <= np.log(1.28) / 2 + 1e-9  # the widest gap: from 1.25 to 1.6, of 28 %
    assert min(abs(float(f"{found[0]:.3e}"[:5]) - one) for one in PREFERRED) < 1e-9
    assert preferred_numbers(found).tolist() == found.tolist()


@given(arrays.arrays(float, st.integers(2, 12), elements=st.floats(-1e6, 1e6)))
def test_what_is_rounded_is_near(values):
    exact, found = summarise_columns(values[:, None], np.ones(len(values))), of(values)
    impute, center, scale = found
    step = round_steps(np.array([scale / 5]))[0]
    for rounded, one in ((impute, exact.impute[0]), (center, exact.center[0])):
        assert abs(rounded - one) <= step / 2 * (1 + 1e-9) + 1e-9 * abs(one)


def test_without_one_of_132_patients_most_are_the_same():
    """Of the 15 predictors of 132 patients, in each of 132 cohorts without one: the shares that the documents state."""
    data = development_data(rm.simulate_cohort(132, seed=5), rm.load_study("hbsag-relapse"))
    whole = round_columns(data.matrix, np.ones(132))
    same = np.zeros(3)
    for out in range(132):
        left = round_columns(np.delete(data.matrix, out, axis=0), np.ones(131))
        pairs = ((whole.impute, left.impute), (whole.center, left.center), (whole.scale, left.scale))
        same += [np.mean(one == other) for one, other in pairs]
    assert (same / 132 > [0.75, 0.9, 0.95]).all()  # 0.81 of what stands in, 0.94 of centres, 0.97 of scales
