"""Log-rank tests, plain, stratified and adjusted: golden values, a count by hand, lifelines."""

from __future__ import annotations

import numpy as np
import pytest
from golden_trials import pbc
from scipy.optimize import brentq
from trial132 import trial132

from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.trial.statistics import adjusted_log_rank, log_rank

T = trial132()


def test_golden():
    found = log_rank(T.week, T.event, T.arm)  # R survival 3.5-3, survdiff
    assert found.test.statistic == pytest.approx(2.71412578883, rel=1e-6)
    assert found.test.p_value == pytest.approx(0.0994634481, rel=1e-6)
    assert found.z < 0  # fewer events than expected
    assert log_rank(T.week, T.event, T.arm, T.centre).test.statistic == pytest.approx(2.67664245805, rel=1e-6)


def test_golden_pbc():
    found = log_rank(*pbc()).test
    assert found.statistic == pytest.approx(0.101705474, rel=1e-6)
    assert found.p_value == pytest.approx(0.7497925, abs=6e-8)


@pytest.mark.filterwarnings("ignore")  # what lifelines and pandas say to each other is not ours
def test_beside_lifelines():
    statistics = pytest.importorskip("lifelines.statistics")
    who = T.arm == 1
    other = statistics.logrank_test(T.week[who], T.week[~who], T.event[who], T.event[~who])
    assert log_rank(T.week, T.event, T.arm).test.statistic == pytest.approx(other.test_statistic, rel=1e-9)


def test_by_hand():
    # At 4: 3 at risk of 6 are treated, 2 of them with an event of 2: expected 1, variance 2 x 1/2 x 1/2 x 4/5.
    # At 8: 1 of 4: expected 1/4, variance 3/16.
    found = log_rank([4, 4, 8, 8, 9, 9], [1, 1, 0, 1, 0, 0], [1, 1, 1, 0, 0, 0])
    assert (found.observed, found.expected) == (2, 1.25)
    assert found.z == pytest.approx(0.75 / np.sqrt(0.4 + 0.1875))


def test_turning_the_arms_round_turns_the_sign():
    assert log_rank(T.week, T.event, 1 - T.arm).z == pytest.approx(-log_rank(T.week, T.event, T.arm).z)


def test_strata_that_are_copies_double_the_statistic():
    twice = log_rank(np.tile(T.week, 2), np.tile(T.event, 2), np.tile(T.arm, 2), np.repeat(["a", "b"], 132))
    assert twice.test.statistic == pytest.approx(2 * log_rank(T.week, T.event, T.arm).test.statistic)


def score_and_outcomes(log_ratio):
    """The log-rank score at a log hazard ratio, and each patient's part in it, one time after the other."""
    outcome, score = np.zeros(132), 0.0
    for time in np.unique(T.week[T.event == 1]):
        followed, now = T.week >= time, (T.week == time) & (T.event == 1)
        hazard = followed * np.where(T.arm == 1, np.exp(log_ratio), 1)
        share = hazard[T.arm == 1].sum() / hazard.sum()
        outcome += np.where(T.arm == 1, 1 - share, share) * (now - now.sum() * hazard / hazard.sum())
        score += (now & (T.arm == 1)).sum() - now.sum() * share
    return score, outcome


def adjusted_score(log_ratio):
    """The score less what lines through the parts, fitted at the unadjusted estimate, say of it."""
    outcome = score_and_outcomes(brentq(lambda r: score_and_outcomes(r)[0], -5, 5, xtol=1e-13))[1]
    one, nought = (np.polyfit(T.x[T.arm == arm], outcome[T.arm == arm], 1)[0] for arm in (1, 0))
    centred = T.x - T.x.mean()
    explained = one * centred[T.arm == 1].sum() - nought * centred[T.arm == 0].sum()
    return score_and_outcomes(log_ratio)[0] - explained


def test_adjusted_golden():
    found = adjusted_log_rank(T.week, T.event, T.arm, T.x)  # R package RobinCar2 0.2.3.9000, robin_surv
    assert found.test.statistic == pytest.approx(-1.7510396619, rel=1e-6)
    assert found.test.p_value == pytest.approx(0.0799390783786, rel=1e-6)
    # Its log hazard ratio is a root searched for to a tolerance, 4e-6 from ours, which makes the score 0.
    assert np.log(found.contrast.value) == pytest.approx(-0.77398552593, rel=1e-5)
    assert abs(adjusted_score(np.log(found.contrast.value))) < 1e-8 < abs(adjusted_score(-0.77398552593))
    assert found.contrast.standard_error == pytest.approx(0.446672220011, rel=1e-6)


def test_adjusting_for_noise_is_the_log_rank_test_in_the_limit():
    rng = np.random.default_rng(0)
    arm = np.tile([1, 0], 2000)
    week, event = rng.exponential(50, 4000), rng.random(4000) < 0.7
    plain, adjusted = log_rank(week, event, arm), adjusted_log_rank(week, event, arm, rng.normal(size=4000))
    assert adjusted.test.statistic == pytest.approx(plain.z, abs=0.1)


def test_refusals():
    with pytest.raises(InsufficientDataError, match="0 events in all"):
        log_rank([48, 48], [0, 0], [1, 0])
    with pytest.raises(InsufficientDataError, match="none of 1 patients of the control arm"):
        adjusted_log_rank([48, 40, 30], [0, 1, 1], [0, 1, 1], [1, 2, 3])
    with pytest.raises(RelapseModelError, match=r"missing or infinite values in 'age' \(1\)"):
        adjusted_log_rank([48, 40, 30, 8], [1, 1, 1, 1], [0, 1, 1, 0], [1, 2, np.nan, 4], names=["age"])
    with pytest.raises(InsufficientDataError, match="'a', 'b' say the same"):
        adjusted_log_rank(T.week, T.event, T.arm, np.column_stack([T.x, 2 * T.x]), names=["a", "b"])
    with pytest.raises(RelapseModelError, match="have no label"):
        log_rank([48, 40], [1, 1], [1, 0], strata=["a", None])
