"""Censoring: the tie convention, exact identities of the weights, and refusals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relapse_model.errors import CensoringError, RelapseModelError
from relapse_model.validation.ipcw import censoring_weights, reverse_kaplan_meier

TIED_TIME, TIED_EVENT = [1, 2, 2, 3, 4, 4, 5], [1, 1, 0, 0, 1, 0, 1]

# Whole weeks from 0 to 12 are nearly all tied, as visits are.
follow_up = st.lists(st.tuples(st.integers(0, 12), st.booleans()), min_size=1, max_size=40)


def kaplan_meier(time, event, at):
    """The event-free survival at ``at``, one patient at a time: the oracle."""
    survival = 1.0
    for week in sorted({t for t, e in zip(time, event, strict=True) if e and t <= at}):
        at_risk = sum(t >= week for t in time)
        survival *= 1 - sum(t == week and e for t, e in zip(time, event, strict=True)) / at_risk
    return survival


def weights_or_none(time, event, horizon):
    try:
        return censoring_weights(time, event, horizon)
    except CensoringError:
        return None


def test_events_leave_before_censorings_at_a_tie():
    # Week 2: 6 at risk, 1 event leaves, 1 of 5 is censored: 4/5. Week 3: 1 of 4: x 3/4.
    # Week 4: 3 at risk, 1 event leaves, 1 of 2 is censored: x 1/2. So 0.8, 0.6, 0.3.
    # Kaplan-Meier of the flipped flag gives 0.833 and 0.417: the error this convention avoids.
    followed = reverse_kaplan_meier(TIED_TIME, TIED_EVENT)
    np.testing.assert_allclose(followed.at([1, 2, 3, 4, 5]), [1, 0.8, 0.6, 0.3, 0.3])


def test_left_limit_is_the_value_before_the_censorings_of_that_week():
    followed = reverse_kaplan_meier(TIED_TIME, TIED_EVENT)
    np.testing.assert_allclose(followed.at([0, 2, 3, 3.5, 4, 99], left_limit=True), [1, 1, 0.8, 0.6, 0.6, 0.3])


def test_one_time_gives_one_number():
    assert float(reverse_kaplan_meier(TIED_TIME, TIED_EVENT).at(2)) == pytest.approx(0.8)


def test_last_patients_censored_leave_no_chance_of_being_followed():
    assert float(reverse_kaplan_meier([5, 9, 9], [1, 0, 0]).at(9)) == 0


def test_everybody_has_the_event_at_once():
    # Nobody can be censored: 0 of 0 patients must not become a division by zero.
    np.testing.assert_array_equal(reverse_kaplan_meier([4, 4], [1, 1]).at([3, 4, 5]), [1, 1, 1])


def test_missing_time_is_refused_by_the_step_function():
    with pytest.raises(RelapseModelError, match="a time is missing"):
        reverse_kaplan_meier([1], [1]).at([1, np.nan])


def test_weights_of_a_hand_countable_cohort():
    # Horizon 4: events at 1, 2 and 4 weigh 1/G(1-) = 1, 1/G(2-) = 1, 1/G(4-) = 1/0.6.
    # Lost at 2 and 3: 0. Censored at 4 and followed to 5: known free at the horizon, 1/G(4-) = 1/0.6.
    third = 1 / 0.6
    np.testing.assert_allclose(censoring_weights(TIED_TIME, TIED_EVENT, 4), [1, 1, 0, 0, third, third, third])


def test_follow_up_that_ends_at_the_horizon_visit_is_complete():
    # Everybody's last visit is the horizon's: nobody is lost, whatever happens to G there.
    np.testing.assert_array_equal(censoring_weights([48, 48, 20, 48], [0, 0, 1, 0], 48), np.ones(4))


def test_event_at_the_horizon_counts_and_later_events_do_not():
    # The patient lost at 10 leaves 3 of 4: all others carry 4/3, also the one free at 48 with an event at 60.
    np.testing.assert_allclose(censoring_weights([10, 48, 60, 70], [0, 1, 1, 0], 48), [0, 4 / 3, 4 / 3, 4 / 3])


def test_horizon_beyond_follow_up_is_a_named_refusal():
    with pytest.raises(CensoringError, match=r"followed to week 36 at most .* horizon of 36 weeks or less"):
        censoring_weights([10, 24, 36], [1, 0, 0], 48)


def test_the_horizon_that_the_refusal_proposes_is_accepted():
    np.testing.assert_allclose(censoring_weights([10, 24, 36], [1, 0, 0], 36), [1, 0, 2])


def test_last_patient_with_an_event_leaves_nothing_unknown():
    # Nobody is seen at week 48, but everybody still followed had the event before: no weight is missing.
    np.testing.assert_allclose(censoring_weights([10, 24, 36], [0, 1, 1], 48), [0, 1.5, 1.5])


@settings(deadline=None)
@given(follow_up, st.integers(1, 14))
def test_weights_are_zero_or_at_least_one_and_sum_to_the_patients(patients, horizon):
    time, event = zip(*patients, strict=True)
    weights = weights_or_none(time, event, horizon)
    if weights is None:  # refused exactly when the last to leave, before the horizon, includes a censored one
        last = max(time)
        assert last < horizon
        assert not all(e for t, e in patients if t == last)
        return
    assert np.all((weights == 0) | (weights >= 1))
    # Exact, ties or not: chance of being event-free times chance of being followed is the share still there.
    assert weights.sum() == pytest.approx(len(patients), rel=1e-9)
    lost = np.array([t < horizon and not e for t, e in patients])
    np.testing.assert_array_equal(weights == 0, lost)


@settings(deadline=None)
@given(follow_up, st.integers(1, 12))
def test_weighted_share_of_events_is_the_kaplan_meier_risk(patients, horizon):
    time, event = zip(*patients, strict=True)
    weights = weights_or_none(time, event, horizon)
    if weights is not None:
        relapsed = np.array([e and t <= horizon for t, e in patients])
        share = weights[relapsed].sum() / len(patients)
        assert share == pytest.approx(1 - kaplan_meier(time, event, horizon), abs=1e-9)


@settings(deadline=None)
@given(follow_up)
def test_both_survivals_multiply_to_the_share_still_followed(patients):
    time, event = zip(*patients, strict=True)
    followed = reverse_kaplan_meier(time, event)
    for week in range(13):
        both = kaplan_meier(time, event, week) * float(followed.at(week))
        assert both == pytest.approx(sum(t > week for t in time) / len(time), abs=1e-9)


@pytest.mark.parametrize("seed", range(10))
def test_weights_grow_with_time_and_are_one_without_censoring(seed):
    rng = np.random.default_rng(seed)
    time, event = rng.integers(1, 60, 132).astype(float), rng.random(132) < 0.3
    weights = censoring_weights(time, event, 48)
    known = np.argsort(time, kind="stable")
    known = known[weights[known] > 0]
    assert np.all(np.diff(weights[known]) >= 0)  # the longer the wait, the more had been lost
    # Without censoring before the horizon all are 1, and the order of the patients does not matter.
    np.testing.assert_array_equal(censoring_weights(np.where(event, time, 60), event, 48), np.ones(132))
    np.testing.assert_allclose(censoring_weights(time[::-1], event[::-1], 48), weights[::-1])


def test_groups_are_weighted_each_by_itself():
    # Arm a loses 1 of 3 before the horizon, arm b nobody: only arm a carries 3/2.
    arm = ["a", "b", "a", "b", "a"]
    weights = censoring_weights([10, 20, 48, 48, 48], [0, 1, 0, 0, 0], 48, group=arm)
    np.testing.assert_allclose(weights, [0, 1, 1.5, 1, 1.5])


def test_a_group_that_cannot_be_weighted_is_named():
    with pytest.raises(CensoringError, match=r"2 patients of group 'hbig'.*week 30"):
        censoring_weights([20, 30, 48], [1, 0, 0], 48, group=["hbig", "hbig", "control"])


@pytest.mark.parametrize(
    "group",
    [["a", None, "b"], [1.0, np.nan, 2.0], pd.Series(["a", None, "b"], dtype="string")],
    ids=["object", "number", "pandas text"],
)
def test_missing_groups_are_refused(group):
    with pytest.raises(RelapseModelError, match="1 of 3 patients have no label"):
        censoring_weights([48, 48, 48], [0, 0, 0], 48, group=group)


def test_groups_of_another_length_are_refused():
    with pytest.raises(RelapseModelError, match="one label for each of 3 patients"):
        censoring_weights([48, 48, 48], [0, 0, 0], 48, group=["a"])


@pytest.mark.parametrize("horizon", [0, -1, np.nan, np.inf])
def test_horizon_must_be_a_positive_number(horizon):
    with pytest.raises(RelapseModelError, match="horizon"):
        censoring_weights([48, 48], [0, 0], horizon)


@pytest.mark.parametrize(
    ("time", "event", "message"),
    [
        ([1, 2], [0], "one entry per patient"),
        ([], [], "one entry per patient"),
        ([[1, 2]], [[0, 1]], "one entry per patient"),
        ([1, np.nan], [0, 1], "1 of 2 times"),
        ([1, -2], [0, 1], "1 of 2 times"),
        ([1, np.inf], [0, 1], "1 of 2 times"),
        ([1, 2], [0, 2], "neither 0 nor 1"),
        ([1, 2], [0, np.nan], "neither 0 nor 1"),
    ],
)
def test_follow_up_that_is_none_is_refused(time, event, message):
    with pytest.raises(RelapseModelError, match=message):
        reverse_kaplan_meier(time, event)


@pytest.mark.slow
def test_weighting_by_arm_recovers_the_risk_where_leaving_out_the_lost_does_not():
    # Arm 1 relapses half as often and is lost far more often: complete cases, and one G for both, are biased.
    rng = np.random.default_rng(5)
    arm = np.repeat([0, 1], 40_000)
    relapse = rng.exponential(np.where(arm == 0, 60, 140))
    lost = rng.exponential(np.where(arm == 0, 400, 50))
    time, event = np.minimum(relapse, lost), relapse <= lost
    truth = np.mean(relapse <= 48)
    outcome = (event & (time <= 48)).astype(float)
    complete = (event & (time <= 48)) | (time >= 48)
    by_arm = np.average(outcome, weights=censoring_weights(time, event, 48, group=arm))
    assert by_arm == pytest.approx(truth, abs=0.01)
    assert abs(outcome[complete].mean() - truth) > 0.03
    assert abs(np.average(outcome, weights=censoring_weights(time, event, 48)) - truth) > 0.01
