"""Times between two visits: masses by hand and by R, bounds open on the left, certificate, tests, Weibull."""

from __future__ import annotations

import numpy as np
import pytest
from golden_trials import bcos
from hypothesis import given, settings
from hypothesis import strategies as st
from trial132 import trial132

from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.trial.statistics import (
    interval_censored_masses,
    interval_censored_test,
    interval_censored_weibull,
    log_rank,
)
from relapse_model.trial.statistics.kaplan_meier import risk_table

INF = np.inf
LEFT = [1, 8, 8, 7, 7, 17, 37, 46, 46, 45]
RIGHT = [7, 8, 10, 16, 14, INF, 44, INF, INF, INF]
T = trial132()


def test_masses_of_ten_patients():
    # R survival, survfit(Surv(l, r, type = "interval2")); by hand: the first patient alone is in (1, 7]. Of the others
    # the exact 8, (8, 10] and (7, 16], (7, 14] share 0.4 over [8] and (8, 10], evenly. (17, inf] splits what is left.
    found = interval_censored_masses(LEFT, RIGHT)
    assert list(zip(found.left.tolist(), found.right.tolist(), strict=True)) == [
        (1, 7), (8, 8), (8, 10), (37, 44), (46, INF),
    ]  # fmt: skip
    assert found.mass == pytest.approx([0.1, 0.2, 0.2, 0.125, 0.375], rel=1e-6)
    assert found.gap < 1e-9


def test_bounds_closed_on_both_sides_are_another_answer():
    # So lifelines has it: (1, 7] and (7, 16] meet at 7, and [8] takes in all of (8, 10].
    closed = [1 / 6, 1 / 3, 0, 0.125, 0.375]
    assert interval_censored_masses(LEFT, RIGHT).mass != pytest.approx(closed, abs=0.01)


def test_a_negative_and_a_positive_in_one_week_are_told_apart():
    found = interval_censored_masses([0, 4], [4, 8])
    assert (found.right.tolist(), found.mass.tolist()) == ([4, 8], pytest.approx([0.5, 0.5]))


def test_right_censored_times_give_kaplan_meier():
    week, event = T.week, T.event
    found = interval_censored_masses(week, np.where(event == 1, week, INF))
    table = risk_table(week, event.astype(float))
    for time, survival in zip(table.times, table.survival, strict=True):
        assert found.risk_by(time) == pytest.approx((1 - survival, 1 - survival), rel=1e-6)


def test_the_risk_by_a_week_inside_an_interval_has_two_bounds():
    found = interval_censored_masses(LEFT, RIGHT)
    assert found.risk_by(44) == pytest.approx((0.625, 0.625))
    assert found.risk_by(40) == pytest.approx((0.5, 0.625))  # (37, 44] may be before or after week 40
    assert found.risk_by(8) == pytest.approx((0.3, 0.3))  # the exact 8, and nothing of (8, 10]
    with pytest.raises(InsufficientDataError, match="nobody is known free of the event after week 46"):
        found.risk_by(48)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 6) | st.just(INF)), min_size=1, max_size=40))
def test_nothing_fits_better(bounds):
    left, right = np.array([low for low, _ in bounds], float), np.array([low + more for low, more in bounds], float)
    found = interval_censored_masses(left, right)
    assert found.mass.sum() == pytest.approx(1)
    exact = left == right
    own = found.left == found.right
    inside = np.where(
        exact[:, None],
        own & (found.left == left[:, None]),
        (found.right <= right[:, None]) & np.where(own, found.left > left[:, None], found.left >= left[:, None]),
    )
    chance = inside @ found.mass
    assert found.log_likelihood == pytest.approx(np.log(chance).sum(), abs=1e-6)
    rng = np.random.default_rng(0)
    for other in rng.dirichlet(np.ones(found.mass.size), 20):
        moved = 0.9 * found.mass + 0.1 * other
        assert np.log(inside @ moved).sum() <= found.log_likelihood + 1e-6


def test_ten_thousand_patients_at_visits_and_a_thousand_at_any_time():
    rng = np.random.default_rng(2)
    for patients, visits in ((10_000, np.arange(4.0, 61, 4)), (1000, None)):
        when = rng.exponential(100, patients)
        plan = rng.uniform(0, 60, (patients, 6)) if visits is None else visits + rng.integers(-1, 2, (patients, 15))
        seen = np.hstack([np.zeros((patients, 1)), np.sort(plan, axis=1), np.full((patients, 1), INF)])
        last = (seen < when[:, None]).sum(axis=1)
        rows = np.arange(patients)
        found = interval_censored_masses(seen[rows, last - 1], seen[rows, last])
        assert found.gap < 1e-9
        assert np.mean(found.risk_by(40)) == pytest.approx(1 - np.exp(-0.4), abs=0.06)


# --- Tests -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scores", "z", "p"),
    [
        ("sun", 2.668387196, 0.007621637),  # R package interval, ictest(scores = "logrank1"); -2.6684 in its paper
        ("finkelstein", 2.683896105, 0.007276972),
        ("wilcoxon", 2.167150642, None),
    ],
)
def test_golden_scores(scores, z, p):
    found = interval_censored_test(*bcos(), scores=scores)
    assert found.statistic == pytest.approx(z, rel=1e-6)
    if p is not None:
        assert found.p_value == pytest.approx(p, rel=1e-6)


def test_with_exact_times_suns_scores_are_the_log_ranks():
    right = np.where(T.event == 1, T.week, INF)
    found = interval_censored_test(T.week, right, T.arm)
    # The same sum of scores; the variance is that of permutations, not the hypergeometric one.
    assert found.statistic == pytest.approx(log_rank(T.week, T.event, T.arm).z, rel=0.01)
    assert interval_censored_test(T.week, right, 1 - T.arm).statistic == pytest.approx(-found.statistic)


def test_permuted_arms_give_uniform_p_values():
    rng = np.random.default_rng(5)
    right = np.where(T.event == 1, T.week + 4.0, INF)
    p = [interval_censored_test(T.week, right, rng.permutation(T.arm)).p_value for _ in range(300)]
    assert np.mean(np.array(p) <= 0.05) == pytest.approx(0.05, abs=0.04)
    assert np.mean(p) == pytest.approx(0.5, abs=0.06)


def test_golden_weibull():
    found = interval_censored_weibull(*bcos())  # R survival, survreg(Surv(l, r, type = "interval2"))
    assert np.log(found.contrast.value) == pytest.approx(0.916380028, rel=1e-6)
    assert found.contrast.standard_error == pytest.approx(0.282947971643, rel=1e-6)  # by its covariance matrix
    assert 1 / found.shape == pytest.approx(0.619339705, rel=1e-6)
    assert found.log_likelihood == pytest.approx(-143.32082711, rel=1e-9)


def test_golden_weibull_with_exact_times():
    found = interval_censored_weibull(T.week, np.where(T.event == 1, T.week, INF), T.arm)  # the same, right-censored
    assert np.log(found.contrast.value) == pytest.approx(-0.798119832868 / 1.062290942167, rel=1e-6)
    assert found.log_likelihood == pytest.approx(-136.672333484712, rel=1e-9)


def test_refusals():
    with pytest.raises(RelapseModelError, match="in 2 of 3 patients a bound is missing or negative"):
        interval_censored_masses([4, np.nan, 0], [2, 8, 4])
    with pytest.raises(RelapseModelError, match=r"left has shape \(2,\)"):
        interval_censored_masses([4, 2], [8])
    with pytest.raises(InsufficientDataError, match="all 4 patients have the same score"):
        interval_censored_test([0] * 4, [4] * 4, [0, 1, 0, 1])
    with pytest.raises(RelapseModelError, match="Scores is 'peto'"):
        interval_censored_test([0, 4], [4, 8], [0, 1], scores="peto")
    with pytest.raises(InsufficientDataError, match="none of 2 patients of the treatment arm had an event"):
        interval_censored_weibull([4, 8, 4, 0], [INF, INF, 8, 4], [1, 1, 0, 0])
    with pytest.raises(InsufficientDataError, match="no maximum"):
        interval_censored_weibull([0, 0, 0, 0], [4, 4, 4, 4], [1, 1, 0, 0])
    with pytest.raises(RelapseModelError, match="an event at time 0"):
        interval_censored_weibull([0, 4, 0, 0], [0, 8, 4, 8], [1, 1, 0, 0])
