"""Runs of positive tests: equal to a walk through each patient's tests, for any tests and any rule."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from relapse_model.cohort.outcome.positive_runs import relapse_intervals

PATIENTS = 3
test_of_a_patient = st.tuples(st.integers(0, PATIENTS - 1), st.integers(0, 30), st.booleans())
rules = st.tuples(st.integers(1, 4), st.integers(0, 15), st.booleans())


def walk(tests, needed, within, count_at_end):
    """Return (last negative, first positive, unconfirmed runs) of one patient: weeks and results in order."""
    runs, run, negatives = [], [], []
    for week, positive in tests:
        if positive:
            run.append(week)
            continue
        negatives.append(week)
        if run:
            runs.append((run, False))
        run = []
    if run:
        runs.append((run, True))  # it reaches the last test
    unconfirmed = 0
    for weeks, at_end in runs:
        confirmed = any(later - first <= within for first, later in zip(weeks, weeks[needed - 1 :], strict=False))
        if confirmed or (at_end and count_at_end):
            before = [week for week in negatives if week < weeks[0]]
            return max(before, default=np.nan), weeks[0], unconfirmed
        unconfirmed += 1
    return max(negatives, default=np.nan), np.nan, unconfirmed


def intervals(tests, rule):
    patient = np.array([who for who, _, _ in tests], dtype=np.intp)
    week = np.array([week for _, week, _ in tests], dtype=float)
    positive = np.array([result for _, _, result in tests], dtype=bool)
    return relapse_intervals(patient, week, positive, PATIENTS, *rule)


@settings(deadline=None, max_examples=250)
@given(tests=st.lists(test_of_a_patient, max_size=25), rule=rules)
@example(tests=[(0, 0, False), (0, 12, True), (1, 13, True)], rule=(2, 12, False))  # two patients never confirm
@example(tests=[(1, 12, True), (1, 12, False), (1, 12, True)], rule=(2, 0, False))  # all in one week
@example(tests=[(0, 0, True), (0, 0, False), (0, 0, True)], rule=(2, 0, True))  # refuted, then positive at the end
def test_intervals_equal_the_walk(tests, rule):
    tests = sorted(tests, key=lambda test: test[:2])  # stable, as the rows of a table are
    found = intervals(tests, rule)
    expected = [walk([test[1:] for test in tests if test[0] == who], *rule) for who in range(PATIENTS)]
    np.testing.assert_array_equal(found.last_negative, [one[0] for one in expected])
    np.testing.assert_array_equal(found.first_positive, [one[1] for one in expected])
    np.testing.assert_array_equal(found.unconfirmed, [one[2] for one in expected])


@settings(deadline=None)
@given(tests=st.lists(test_of_a_patient, max_size=25), rule=rules)
def test_a_relapse_lies_after_a_negative_and_needs_a_positive(tests, rule):
    tests = sorted(tests, key=lambda test: test[:2])
    found = intervals(tests, rule)
    both = ~np.isnan(found.first_positive) & ~np.isnan(found.last_negative)
    assert (found.last_negative[both] < found.first_positive[both]).all()
    for who in range(PATIENTS):
        positives = {week for one, week, positive in tests if one == who and positive}
        assert np.isnan(found.first_positive[who]) or found.first_positive[who] in positives


@settings(deadline=None)
@given(tests=st.lists(test_of_a_patient, max_size=25), needed=st.integers(1, 4), within=st.integers(0, 15))
def test_a_stricter_rule_finds_no_more_relapses_and_none_earlier(tests, needed, within):
    tests = sorted(tests, key=lambda test: test[:2])
    loose = intervals(tests, (needed, within + 4, False)).first_positive
    for strict in ((needed + 1, within + 4, False), (needed, within, False)):
        found = intervals(tests, strict).first_positive
        relapsed = ~np.isnan(found)
        assert (loose[relapsed] <= found[relapsed]).all()  # False for NaN: a relapse that only the strict rule sees


def test_nobody_was_tested():
    found = intervals([], (2, 12, True))
    assert np.isnan(found.last_negative).all()
    assert np.isnan(found.first_positive).all()
    assert found.unconfirmed.tolist() == [0, 0, 0]
