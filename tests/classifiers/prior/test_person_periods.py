"""Person-periods: a few patients cut by hand, and what must hold for any follow-up."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relapse_model.classifiers.prior.person_periods import (
    check_ends,
    follow_up_arrays,
    interval_shares,
    person_periods,
    planned_times,
)
from relapse_model.errors import RelapseModelError

ENDS = (12.0, 24.0, 48.0)

# Halves are exact in binary; 0 to 60 reaches beyond the horizon. Nobody has the event at 0.
patients = st.lists(st.tuples(st.integers(0, 120), st.booleans()), min_size=1, max_size=25).map(
    lambda rows: (
        np.array([half / 2 for half, _ in rows]),
        np.array([float(event and half > 0) for half, event in rows]),
    )
)


def entries(time, event, ends=ENDS):
    """Return (interval, event, weight) of each entry of one patient."""
    found = person_periods([time], [event], ends)
    assert not found.row.any()
    return list(zip(found.interval.tolist(), found.event.tolist(), found.weight.tolist(), strict=True))


@pytest.mark.parametrize(
    ("time", "event", "expected"),
    [
        # events: the intervals survived count 1, so does that of the event, wherever in it the event fell
        (0.5, 1, [(0, 1, 1)]),
        (20, 1, [(0, 0, 1), (1, 1, 1)]),
        (47, 1, [(0, 0, 1), (1, 0, 1), (2, 1, 1)]),
        # an event at an end belongs to the interval that ends there
        (12, 1, [(0, 1, 1)]),
        (48, 1, [(0, 0, 1), (1, 0, 1), (2, 1, 1)]),
        # a loss within an interval counts for the share seen: 3 of 12, 6 of 12, 18 of 24 weeks
        (3, 0, [(0, 0, 0.25)]),
        (18, 0, [(0, 0, 1), (1, 0, 0.5)]),
        (42, 0, [(0, 0, 1), (1, 0, 1), (2, 0, 0.75)]),
        # a loss at an end leaves no trace in the next interval
        (12, 0, [(0, 0, 1)]),
        (24, 0, [(0, 0, 1), (1, 0, 1)]),
        # free through the horizon; what comes later, event or not, is not looked at
        (48, 0, [(0, 0, 1), (1, 0, 1), (2, 0, 1)]),
        (60, 0, [(0, 0, 1), (1, 0, 1), (2, 0, 1)]),
        (48.5, 1, [(0, 0, 1), (1, 0, 1), (2, 0, 1)]),
        # never seen again
        (0, 0, []),
    ],
)
def test_one_patient_by_hand(time, event, expected):
    assert entries(time, event) == expected


def test_a_cohort_by_hand():
    # The third patient has no entry; the others keep their positions.
    found = person_periods([20, 18, 0, 24], [1, 0, 0, 0], [12, 24])
    assert found.row.tolist() == [0, 0, 1, 1, 3, 3]
    assert found.interval.tolist() == [0, 1, 0, 1, 0, 1]
    assert found.event.tolist() == [0, 1, 0, 0, 0, 0]
    assert found.weight.tolist() == [1, 1, 1, 0.5, 1, 1]


def test_hazards_are_those_of_the_life_table():
    # Cutler and Ederer's table: 10 enter; 2 events and 4 losses evenly spread over the interval, the rest go on.
    # At risk 10 - 4 / 2 = 8, so the hazard is 2 / 8: the losses at 1.5, 4.5, 7.5 and 10.5 saw 1/8, 3/8, 5/8 and 7/8.
    found = person_periods([5, 9, 1.5, 4.5, 7.5, 10.5, 12, 12, 12, 12], [1, 1] + [0] * 8, [12])
    assert (found.event * found.weight).sum() == 2
    assert found.weight.sum() == 8


def test_one_interval_and_nobody_lost_is_one_entry_per_patient():
    found = person_periods([3, 48, 10, 70, 70], [1, 0, 1, 0, 1], [48])
    assert found.row.tolist() == [0, 1, 2, 3, 4]
    assert found.event.tolist() == [1, 0, 1, 0, 0]
    assert found.weight.tolist() == [1] * 5


@settings(max_examples=60, deadline=None)
@given(patients)
def test_what_holds_for_any_follow_up(rows):
    time, event = rows
    found = person_periods(time, event, ENDS)
    relapsed = (event == 1) & (time <= 48)
    assert ((found.weight > 0) & (found.weight <= 1)).all()
    assert np.array_equal(np.lexsort((found.interval, found.row)), np.arange(len(found.row)))
    # each event by the horizon counts once and whole, and is the patient's last entry
    assert np.array_equal(np.bincount(found.row, found.event * found.weight, len(time)), relapsed)
    assert not any(found.event[:-1][np.diff(found.row) == 0])
    # without the event, shares of intervals add up to the weeks seen
    weeks = np.bincount(found.row, found.weight * np.array([12, 12, 24])[found.interval], len(time))
    assert np.array_equal(weeks[~relapsed], np.minimum(time, 48)[~relapsed])


@settings(max_examples=30, deadline=None)
@given(patients)
def test_events_after_the_horizon_are_none(rows):
    time, event = rows
    here, there = person_periods(time, event, ENDS), person_periods(time, event * (time <= 48), ENDS)
    assert all(np.array_equal(getattr(here, name), getattr(there, name)) for name in here.__slots__)


@pytest.mark.parametrize(
    ("time", "event", "expected"),
    [
        (23, 0, 24),  # early
        (26.5, 0, 24),  # late
        (20, 0, 20),  # 4 weeks early: beyond a window of 3
        (21, 0, 24),  # just within
        (27, 1, 24),  # an event found at the late visit
        (27.5, 1, 27.5),
        (2, 0, 0),  # hardly begun, then lost
        (2, 1, 2),  # an event is never at the landmark
        (46, 1, 48),
        (51, 1, 51),  # beyond the horizon times stay
        (49, 0, 49),
        (12, 0, 12),
    ],
)
def test_planned_times_by_hand(time, event, expected):
    assert planned_times([time], [event], ENDS, window=3).tolist() == [expected]


def test_a_late_visit_counts_those_at_risk_who_had_it():
    # The visit of week 24 found one event in three patients, one early and then lost. By the patients' own times
    # the lost one counts 10.5 / 12, and the hazard comes out at 1 / 2.875 where it was 1 / 3.
    time, event = [24, 22.5, 40], [1, 0, 0]
    own = person_periods(time, event, ENDS)
    planned = person_periods(planned_times(time, event, ENDS, 4), event, ENDS)
    assert own.weight[own.interval == 1].sum() == 2.875
    assert planned.weight[planned.interval == 1].sum() == 3


@settings(max_examples=60, deadline=None)
@given(patients, st.integers(0, 8))
def test_planned_times_move_by_the_window_at_most_and_once(rows, window):
    time, event = rows
    moved = planned_times(time, event, ENDS, window)
    assert (np.abs(moved - time) <= window).all()
    assert np.isin(moved[moved != time], [0, *ENDS]).all()
    assert (moved[event == 1] > 0).all()
    assert np.array_equal(moved > 48, time > 48)
    assert np.array_equal(planned_times(moved, event, ENDS, window), moved)


def test_without_a_window_times_stay():
    time = [0, 0.5, 11.9, 12, 48.1]
    assert planned_times(time, [0, 1, 0, 1, 0], ENDS, 0).tolist() == time


def test_shares_of_intervals_by_hand():
    expected = [[0, 0, 0], [0.5, 0, 0], [1, 0, 0], [1, 1, 0.25], [1, 1, 1]]
    assert interval_shares(np.array([0, 6, 12, 30, 99]), np.array(ENDS)).tolist() == expected


@pytest.mark.parametrize(
    "ends", [(), (0.0, 12.0), (-1.0,), (12.0, 12.0), (24.0, 12.0), (12.0, np.nan), (np.inf,), 48.0]
)
def test_intervals_that_cannot_be_used_are_named(ends):
    with pytest.raises(RelapseModelError, match=r"intervals .*ascending, the last one the horizon"):
        check_ends(ends)
    with pytest.raises(RelapseModelError, match="intervals"):
        person_periods([10.0], [1], ends)


@pytest.mark.parametrize(
    ("time", "event", "message"),
    [
        ([10, -1, -2], [0, 0, 0], "2 of 3 times are missing, infinite or negative"),
        ([np.nan, 10], [0, 0], "1 of 2 times are missing"),
        ([np.inf, 10], [0, 0], "1 of 2 times are missing, infinite"),
        ([0, 10, 0], [1, 1, 0], "1 of 3 events lie at week 0"),
        ([5, 10], [0, 2], "1 of 2 entries of event are neither 0 nor 1"),
        ([5, 10], [np.nan, 1], "1 of 2 entries of event are neither 0 nor 1"),
        ([5, 10], [1], "time has shape .2,. and event .1,."),
        ([[5]], [[1]], "two arrays with one entry per patient"),
        ([], [], "two arrays with one entry per patient"),
    ],
)
def test_follow_up_that_cannot_be_used_is_named(time, event, message):
    for use in (
        follow_up_arrays,
        lambda *rows: person_periods(*rows, ENDS),
        lambda *rows: planned_times(*rows, ENDS, 4),
    ):
        with pytest.raises(RelapseModelError, match=message):
            use(time, event)


@pytest.mark.parametrize("window", [-1.0, np.nan, np.inf])
def test_a_window_that_cannot_be_used_is_named(window):
    with pytest.raises(RelapseModelError, match="visit_window is"):
        planned_times([10.0], [0], ENDS, window)
