"""Runs of positive tests: equal to a walk through each patient's tests, for any tests and any rule."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from relapse_model.cohort.outcome.confirmation import relapse_intervals
from relapse_model.cohort.outcome.decided_tests import DecidedTests
from relapse_model.study.prediction import Confirmation

PATIENTS = 3
test_of_a_patient = st.tuples(st.integers(0, PATIENTS - 1), st.integers(-6, 30), st.booleans())
windows = st.one_of(st.none(), st.integers(1, 15))
rules = st.tuples(st.integers(1, 4), windows, st.sampled_from(["relapse", "censor"]))
landmarks = st.sampled_from([-4, 0, 6])


def walk(tests, rule, landmark):
    """Return (last negative, first positive, unconfirmed runs) of one patient: weeks and results in order."""
    needed, within, reading = rule
    runs, run, negatives = [], [], []
    for week, positive in tests:
        if positive:
            run.append(week)
            continue
        if run and negatives:  # what no negative precedes was never gone
            runs.append((run, False))
        negatives.append(week)
        run = []
    if run and negatives:
        runs.append((run, True))  # it reaches the last test
    unconfirmed = 0
    for weeks, at_end in runs:
        if weeks[0] < min(0, landmark):
            continue
        pairs = zip(weeks, weeks[needed - 1 :], strict=False)
        confirmed = any(within is None or later - first <= within for first, later in pairs)
        neither = not confirmed and (at_end or len(weeks) >= needed)
        before = max((week for week in negatives if week < weeks[0]), default=np.nan)
        if confirmed or (neither and reading == "relapse"):
            return before, weeks[0], unconfirmed
        unconfirmed += 1
        if neither and weeks[0] > landmark:
            return before, np.nan, unconfirmed
    return max(negatives, default=np.nan), np.nan, unconfirmed


def one_a_week(tests):
    """One test of a patient and week, in order, as the library makes them."""
    return [(who, week, result) for (who, week), result in sorted({test[:2]: test[2] for test in tests}.items())]


def intervals(tests, rule, landmark=0):
    patient = np.array([who for who, _, _ in tests], dtype=np.intp)
    week = np.array([week for _, week, _ in tests], dtype=float)
    positive = np.array([result for _, _, result in tests], dtype=bool)
    return relapse_intervals(DecidedTests(patient, week, positive), PATIENTS, Confirmation(*rule), float(landmark))


@settings(deadline=None, max_examples=250)
@given(tests=st.lists(test_of_a_patient, max_size=25), rule=rules, landmark=landmarks)
@example(tests=[(0, 0, False), (0, 12, True), (1, 13, True)], rule=(2, 12, "censor"), landmark=0)  # of two patients
@example(tests=[(0, 0, False), (0, 5, True), (0, 9, False), (0, 12, True)], rule=(2, None, "relapse"), landmark=0)
@example(
    tests=[(0, 0, True), (0, 4, True), (0, 8, False), (0, 12, True), (0, 16, True)], rule=(2, 9, "censor"), landmark=0
)
@example(tests=[(0, 0, False), (0, 4, True), (0, 20, True), (0, 24, False)], rule=(2, 12, "censor"), landmark=0)
def test_intervals_equal_the_walk(tests, rule, landmark):
    tests = one_a_week(tests)
    found = intervals(tests, rule, landmark)
    expected = [walk([test[1:] for test in tests if test[0] == who], rule, landmark) for who in range(PATIENTS)]
    np.testing.assert_array_equal(found.last_negative, [one[0] for one in expected])
    np.testing.assert_array_equal(found.first_positive, [one[1] for one in expected])
    np.testing.assert_array_equal(found.unconfirmed, [one[2] for one in expected])


@settings(deadline=None)
@given(tests=st.lists(test_of_a_patient, max_size=25), rule=rules)
def test_a_relapse_lies_after_a_negative_and_needs_a_positive(tests, rule):
    tests = one_a_week(tests)
    found = intervals(tests, rule)
    relapsed = ~np.isnan(found.first_positive)
    assert (found.last_negative[relapsed] < found.first_positive[relapsed]).all()  # no relapse without a loss
    for who in range(PATIENTS):
        positives = {week for one, week, positive in tests if one == who and positive}
        assert np.isnan(found.first_positive[who]) or found.first_positive[who] in positives


@settings(deadline=None)
@given(tests=st.lists(test_of_a_patient, max_size=25), needed=st.integers(1, 4), within=st.integers(1, 15))
def test_a_stricter_rule_finds_no_more_relapses_and_none_earlier(tests, needed, within):
    tests = one_a_week(tests)
    next_test = intervals(tests, (needed, None, "relapse")).first_positive
    loose = intervals(tests, (needed, within + 4, "relapse")).first_positive
    np.testing.assert_array_equal(loose, next_test)  # read as a relapse, what lies too far apart is one all the same
    strict = intervals(tests, (needed + 1, None, "censor")).first_positive
    relapsed = ~np.isnan(strict)
    assert (next_test[relapsed] <= strict[relapsed]).all()  # False for NaN: a relapse that only the strict rule sees


def test_84_days_are_12_weeks_on_every_day():
    """The difference of two weeks made of days is 12 only up to its last bit on 44 of these 337 days."""
    missed = 0
    for day in range(1, 338):
        first, exact, late = (days / 7 for days in (day, day + 84, day + 85))
        missed += exact - first > 12
        rule = (2, 12, "censor")
        found = intervals([(0, 0.0, False), (0, first, True), (0, exact, True), (0, 70.0, False)], rule)
        assert found.first_positive[0] == first
        found = intervals([(0, 0.0, False), (0, first, True), (0, late, True), (0, 70.0, False)], rule)
        assert np.isnan(found.first_positive[0])
        assert found.last_negative[0] == 0.0  # never free, but unconfirmed: follow-up ends before it
    assert missed > 0  # or the test would show nothing


def test_nobody_was_tested():
    found = intervals([], (2, 12, "relapse"))
    assert np.isnan(found.last_negative).all()
    assert np.isnan(found.first_positive).all()
    assert found.unconfirmed.tolist() == [0, 0, 0]
