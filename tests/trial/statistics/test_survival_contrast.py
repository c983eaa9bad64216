"""Kaplan-Meier by arm: golden values, the same by inverse weights, exact limits without losses, refusals."""

from __future__ import annotations

import numpy as np
import pytest
from golden_trials import pbc
from hypothesis import given, settings
from hypothesis import strategies as st
from trial132 import trial132

from relapse_model.errors import CensoringError, InsufficientDataError, RelapseModelError
from relapse_model.trial.statistics import kaplan_meier_risk, risk_difference, risk_ratio, survival_contrast
from relapse_model.validation.ipcw import censoring_weights

T = trial132()


def test_golden_risks():
    # R 4.2.2, survival 3.5-3: survfit(conf.type = "log-log"), summary(times = 48).
    found = survival_contrast(T.week, T.event, T.arm, 48, interval="greenwood")
    assert found.control.risk == pytest.approx(0.219834710744, rel=1e-6)
    assert found.control.standard_error == pytest.approx(0.0520385602014, rel=1e-6)
    assert found.treatment.risk == pytest.approx(0.109195402299, rel=1e-6)
    assert found.treatment.standard_error == pytest.approx(0.0390123190482, rel=1e-6)
    survival = 1 - found.treatment.upper, 1 - found.treatment.lower
    assert survival == pytest.approx((0.784335505565, 0.946446861491), rel=1e-6)


def test_golden_contrasts():
    # As above; the difference and its standard error by hand from the arms.
    difference = survival_contrast(T.week, T.event, T.arm, 48, interval="greenwood").contrast
    assert difference.value == pytest.approx(-0.110639308445, rel=1e-6)
    assert difference.standard_error == pytest.approx(0.065038240946, rel=1e-6)
    assert (difference.lower, difference.upper) == pytest.approx((-0.238111918, 0.016833301), rel=1e-6)
    ratio = survival_contrast(T.week, T.event, T.arm, 48, measure="risk_ratio", interval="greenwood").contrast
    assert ratio.value == pytest.approx(0.49671592775, rel=1e-6)
    assert (ratio.lower, ratio.upper) == pytest.approx((0.214438981, 1.150568388), rel=1e-6)


def test_golden_pbc_at_five_years():
    found = survival_contrast(*pbc(), 1826, interval="greenwood")  # R survival; survival, so the sign is turned
    assert 1 - found.treatment.risk == pytest.approx(0.7076925785, rel=1e-6)
    assert 1 - found.control.risk == pytest.approx(0.7146052082, rel=1e-6)
    assert -found.contrast.value == pytest.approx(-0.006912629691, rel=1e-6)
    assert found.contrast.standard_error == pytest.approx(0.05343988226, rel=1e-6)


def test_it_is_the_mean_of_inversely_weighted_outcomes():
    weight = censoring_weights(T.week, T.event, 48, group=T.arm)
    relapsed = weight * ((T.event == 1) & (T.week <= 48))
    found = survival_contrast(T.week, T.event, T.arm, 48)
    assert found.control.risk == pytest.approx(0.2198347107438018, rel=1e-12)
    assert found.control.risk == pytest.approx(relapsed[T.arm == 0].mean(), rel=1e-12)
    assert found.treatment.risk == pytest.approx(relapsed[T.arm == 1].mean(), rel=1e-12)


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_weights_and_kaplan_meier_agree_on_any_follow_up(data):
    size = data.draw(st.integers(6, 30))
    week = np.array(data.draw(st.lists(st.integers(1, 12), min_size=size, max_size=size))) * 4.0
    event = np.array(data.draw(st.lists(st.booleans(), min_size=size, max_size=size))).astype(int)
    arm = np.arange(size) % 2
    week[:4], event[:2], event[2:4] = 48, 0, 1  # somebody known at the end, and an event, in each arm
    found = survival_contrast(week, event, arm, 48)
    relapsed = censoring_weights(week, event, 48, group=arm) * event
    assert found.treatment.risk == pytest.approx(relapsed[arm == 1].mean(), rel=1e-9)
    for one in (found.treatment, found.control):
        assert one.events + one.lost + one.followed == one.patients
        assert 0 <= one.lower <= one.risk <= one.upper <= 1


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 20), st.integers(0, 30), st.sampled_from(["risk_difference", "risk_ratio"]))
def test_without_losses_the_limits_are_miettinen_and_nurminens(x1, x0, measure):
    arm = np.repeat([1, 0], [20, 30])
    event = np.concatenate([np.arange(20) < x1, np.arange(30) < x0]).astype(int)
    found = survival_contrast(np.where(event == 1, 12, 48), event, arm, 48, measure=measure).contrast
    exact = (risk_difference if measure == "risk_difference" else risk_ratio)(x1, 20, x0, 30)
    assert (found.lower, found.upper) == pytest.approx((exact.lower, exact.upper), rel=1e-7, abs=1e-7)
    assert found.p_value == pytest.approx(exact.p_value, rel=1e-7)


def test_ratio_limits_are_never_negative_where_a_symmetric_interval_would_be():
    week, event = [4] * 1 + [48] * 19 + [4] * 2 + [48] * 18, [1] + [0] * 19 + [1] * 2 + [0] * 18
    arm = [1] * 20 + [0] * 20
    found = survival_contrast(week, event, arm, 48, measure="risk_ratio", interval="greenwood").contrast
    assert found.value - 1.96 * found.value * found.standard_error < 0 < found.lower


def test_a_patient_more_after_the_week_changes_nothing():
    later = survival_contrast(np.where(T.week == 48, 60, T.week), T.event * (T.week < 48), T.arm, 44)
    before = survival_contrast(T.week, T.event, T.arm, 44)
    assert later == before


def test_an_arm_without_events_has_limits_by_score_and_is_refused_by_greenwood():
    week, event, arm = [48] * 66 + [12] * 8 + [48] * 58, [0] * 66 + [1] * 8 + [0] * 58, [1] * 66 + [0] * 66
    found = survival_contrast(week, event, arm, 48)
    assert (found.contrast.lower, found.contrast.upper) == pytest.approx((-0.221829907, -0.062563398), rel=1e-6)
    assert found.treatment.upper == pytest.approx(1.959964**2 / (66 + 1.959964**2), rel=1e-6)  # Wilson at 0
    with pytest.raises(InsufficientDataError, match="0 of 66 patients of the treatment arm"):
        survival_contrast(week, event, arm, 48, interval="greenwood")
    week[0] = 20  # lost: the numbers followed stand for the arm
    assert survival_contrast(week, event, arm, 48).treatment.effective == 65


def test_an_arm_in_which_all_relapsed_is_known_beyond_its_last_time():
    found = survival_contrast([4, 8, 48, 12], [1, 1, 0, 1], [1, 1, 0, 0], 48)
    assert (found.treatment.risk, found.treatment.upper) == (1, 1)
    with pytest.raises(InsufficientDataError, match="2 of 2 patients of the treatment arm had the event and nobody"):
        survival_contrast([4, 8, 48, 12], [1, 1, 0, 1], [1, 1, 0, 0], 48, interval="greenwood")


def test_a_curve_is_made_of_the_same_risks():
    who = T.arm == 1
    curve = kaplan_meier_risk(T.week[who], T.event[who], [2, 20, 48])
    assert curve[0] == 0
    assert curve[2] == survival_contrast(T.week, T.event, T.arm, 48).treatment.risk


def test_refusals():
    with pytest.raises(CensoringError, match="the control arm is followed to week 40 at most"):
        survival_contrast([48, 48, 40, 20], [0, 1, 0, 1], [1, 1, 0, 0], 48)
    with pytest.raises(InsufficientDataError, match="all 2 patients are in the treatment arm"):
        survival_contrast([48, 48], [0, 1], [1, 1], 48)
    with pytest.raises(RelapseModelError, match="1 of 3 entries are neither 1"):
        survival_contrast([48, 48, 20], [0, 1, 1], [1, 0, np.nan], 48)
    with pytest.raises(RelapseModelError, match="week nan; expected a number above 0"):
        survival_contrast([48, 48], [0, 1], [1, 0], np.nan)
    with pytest.raises(RelapseModelError, match="Interval is 'wald'"):
        survival_contrast([48, 48], [0, 1], [1, 0], 48, interval="wald")
    with pytest.raises(RelapseModelError, match="Measure is 'odds_ratio'"):
        survival_contrast([48, 48], [0, 1], [1, 0], 48, measure="odds_ratio")
    with pytest.raises(RelapseModelError, match="one entry for each of 2"):
        survival_contrast([48, 48], [0, 1], [1], 48)
