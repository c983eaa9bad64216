"""The loss that lasted: equal to a reading of each patient's tests one by one, and bounds that hold the truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relapse_model.cohort.outcome.lasting_loss import LOSS_STATES, lasting_loss

POSITIVE, NEGATIVE, OPEN = 1, 0, -1


def of(*tests, gap_weeks=None):
    """The loss of one patient: earliest, latest, repeated, state."""
    week = np.array([one for one, _ in tests], dtype=float)
    call = np.array([one for _, one in tests], dtype=np.int8)
    found = lasting_loss(np.zeros(len(week), dtype=np.intp), week, call, 1, gap_weeks)
    return found.earliest[0], found.latest[0], bool(found.repeated[0]), found.state[0]


@pytest.mark.parametrize(
    ("tests", "expected"),
    [
        (((-20, POSITIVE), (-10, NEGATIVE), (0, NEGATIVE)), (-10, -10, True, "known")),
        (((-20, POSITIVE), (-10, NEGATIVE)), (-10, -10, False, "known")),
        # The run that holds is the last one.
        (((-50, NEGATIVE), (-45, POSITIVE), (-10, NEGATIVE)), (-10, -10, False, "known")),
        # A first test that is negative: the loss came before it.
        (((-10, NEGATIVE), (0, NEGATIVE)), (-np.inf, -10, True, "not seen")),
        (((-20, OPEN), (-10, NEGATIVE)), (-np.inf, -10, False, "not seen")),
        # The open test may be the first negative one; or a positive one, after which the run begins again.
        (((-30, POSITIVE), (-20, OPEN), (-10, NEGATIVE)), (-20, -10, False, "not decided")),
        (((-30, POSITIVE), (-20, NEGATIVE), (-15, OPEN), (-10, NEGATIVE)), (-20, -10, False, "not decided")),
        (((-30, POSITIVE), (-20, NEGATIVE), (-10, OPEN)), (-20, -20, False, "known")),  # after the last that decides
        (((-30, NEGATIVE), (-20, POSITIVE)), (np.nan, np.nan, False, "not negative")),
        (((-30, OPEN),), (np.nan, np.nan, False, "no test")),
        # Of one week, the positive one counts, in whichever row it stands.
        (((-20, POSITIVE), (-10, NEGATIVE), (-10, POSITIVE)), (np.nan, np.nan, False, "not negative")),
        (((-20, POSITIVE), (-10, POSITIVE), (-10, NEGATIVE)), (np.nan, np.nan, False, "not negative")),
        (
            ((-20, POSITIVE), (-10, NEGATIVE), (-10, NEGATIVE)),
            (-10, -10, False, "known"),
        ),  # one sample confirms nothing
    ],
)
def test_when_the_last_run_of_negatives_began(tests, expected):
    np.testing.assert_equal(of(*tests), expected)


@pytest.mark.parametrize(("gap", "earliest", "state"), [(10, -10, "known"), (9.9, -20, "not decided")])
def test_a_gap_that_is_too_long_leaves_the_week_open(gap, earliest, state):
    assert of((-20, POSITIVE), (-10, NEGATIVE), gap_weeks=gap) == (earliest, -10, False, state)


def test_ten_weeks_are_ten_weeks_whatever_the_last_bit_of_a_date_says():
    first = 31 / 7
    assert of((first, POSITIVE), (first + 10, NEGATIVE), gap_weeks=10)[3] == "known"


course = st.lists(st.sampled_from([POSITIVE, NEGATIVE, OPEN]), max_size=7)


def run_began(calls):
    """Week of the first of the negatives that stand at the end; None if there are none."""
    week = len(calls)
    while week and calls[week - 1] == NEGATIVE:
        week -= 1
    return None if week == len(calls) else week


@given(courses=st.lists(course, min_size=1, max_size=4), answers=st.lists(st.booleans(), min_size=28, max_size=28))
def test_however_the_open_tests_came_out_the_bounds_hold(courses, answers):
    """Tests in weeks 0, 1, 2, ...; each open one is made positive or negative; those at the end are left out."""
    patient = np.repeat(np.arange(len(courses)), [len(one) for one in courses])
    week = np.concatenate([np.arange(len(one), dtype=float) for one in courses])
    call = np.array([one for calls in courses for one in calls], dtype=np.int8)
    found = lasting_loss(patient.astype(np.intp), week, call, len(courses))
    assert set(found.state) <= set(LOSS_STATES)
    for who, calls in enumerate(courses):
        while calls and calls[-1] == OPEN:
            calls = calls[:-1]
        truth = [
            (POSITIVE if answers[7 * who + place] else NEGATIVE) if one == OPEN else one
            for place, one in enumerate(calls)
        ]
        began = run_began(truth)
        assert (began is None) == np.isnan(found.latest[who])
        if began is not None:
            assert found.earliest[who] <= began <= found.latest[who]
            assert np.isfinite(found.earliest[who]) == (POSITIVE in calls)
