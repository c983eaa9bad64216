"""Uno's C against a double loop written from its formula, hand counts and Harrell's C."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from relapse_model.errors import CensoringError, InsufficientDataError, RelapseModelError
from relapse_model.validation import pairs_in_time
from relapse_model.validation.discrimination import harrell_c
from relapse_model.validation.uno_concordance import uno_c

follow_up = st.lists(st.tuples(st.integers(1, 6), st.booleans(), st.integers(0, 5)), min_size=2, max_size=20)


def columns(rows):
    return tuple(np.array(column, dtype=float) for column in zip(*rows, strict=True))


def followed_before(t, rows):
    """G(t-), factor by factor: those with an event at u are not at risk of being lost at u."""
    chance = 1.0
    for u in sorted({time for time, event, _ in rows if not event and time < t}):
        at_risk = sum(time > u or (time == u and not event) for time, event, _ in rows)
        chance *= 1 - sum(time == u and not event for time, event, _ in rows) / at_risk
    return chance


def double_loop(rows, until):
    usable = concordant = 0.0
    for time_i, event_i, risk_i in rows:
        for time_j, event_j, risk_j in rows:
            later = time_i < time_j or (time_i == time_j and not event_j)
            if event_i and time_i <= until and later:
                weight = followed_before(time_i, rows) ** -2
                usable += weight
                concordant += weight * (1 if risk_i > risk_j else 0.5 if risk_i == risk_j else 0)
    return usable, concordant


def test_hand_countable_table():
    # Lost at 2: one of three still followed, so G = 1 before and 2/3 after. Event at 1: ranked above 1 of 3
    # later patients, weight 1. Event at 3: ranked above the only later one, weight (3/2)^2 = 9/4.
    # (1 x 1 + 9/4 x 1) / (1 x 3 + 9/4 x 1) = 3.25 / 5.25. Harrell's C counts 2 of 4.
    time, event, risk = [1, 2, 3, 4], [1, 0, 1, 0], [2, 1, 4, 3]
    assert uno_c(time, event, risk, until=4) == pytest.approx(3.25 / 5.25)
    assert harrell_c(time, event, risk) == 0.5


def test_relapses_after_until_do_not_count_and_those_at_it_do():
    time, event, risk = [1, 2, 3, 4], [1, 0, 1, 0], [2, 1, 4, 3]
    assert uno_c(time, event, risk, until=2.9) == pytest.approx(1 / 3)  # the event at 1 alone
    assert uno_c(time, event, risk, until=3) == pytest.approx(3.25 / 5.25)


def test_at_a_tie_the_event_comes_before_the_censoring():
    # Event and censoring both at 4: the pair is usable, and G(4-) = 1. Two pairs, both right.
    assert uno_c([4, 4, 6], [1, 0, 0], [2, 1, 1], until=6) == 1.0


@settings(deadline=None, max_examples=60)
@given(follow_up, st.integers(1, 7))
def test_against_a_double_loop(rows, until):
    assume(followed_before(until, rows) > 0)
    usable, concordant = double_loop(rows, until)
    assume(usable)
    time, event, risk = columns(rows)
    assert uno_c(time, event, risk, until) == pytest.approx(concordant / usable)
    assert uno_c(time, event, -risk, until) == pytest.approx(1 - concordant / usable)


@settings(deadline=None, max_examples=40)
@given(follow_up)
def test_without_censoring_it_is_harrells_c(rows):
    time, _, risk = columns(rows)
    assume(np.unique(time).size > 1)
    event = np.ones(time.size)
    assert uno_c(time, event, risk, until=10) == pytest.approx(harrell_c(time, event, risk))


def test_with_losses_only_after_until_it_is_harrells_c_of_the_follow_up_cut_there():
    rng = np.random.default_rng(2)
    time, risk = rng.integers(1, 30, 120), rng.integers(0, 9, 120)
    event = (time <= 20) | (rng.random(120) < 0.5)
    cut = harrell_c(np.minimum(time, 20), event & (time <= 20), risk)
    assert uno_c(time, event, risk, until=20) == pytest.approx(cut)


def test_only_the_order_of_risks_matters():
    rng = np.random.default_rng(3)
    time, event, risk = rng.integers(1, 40, 90), rng.random(90) < 0.4, rng.normal(size=90)
    assert uno_c(time, event, np.exp(risk), 30) == uno_c(time, event, risk, 30)


def test_it_does_not_depend_on_the_blocks(monkeypatch):
    rng = np.random.default_rng(1)
    time, event, risk = rng.integers(1, 40, 150), rng.random(150) < 0.4, rng.integers(0, 20, 150)
    whole = uno_c(time, event, risk, 30)
    monkeypatch.setattr(pairs_in_time, "_PAIRS_AT_ONCE", 400)  # 2 events at a time
    assert uno_c(time, event, risk, 30) == whole


def test_nobody_followed_to_until_is_a_named_refusal():
    with pytest.raises(CensoringError, match=r"Uno's C up to week 5.*followed to week 4 at most.*Ask for 4 weeks"):
        uno_c([1, 2, 3, 4], [1, 0, 1, 0], [2, 1, 4, 3], until=5)


@pytest.mark.parametrize(
    ("time", "event", "until", "error", "message"),
    [
        ([1, 2], [0, 0], 2, InsufficientDataError, "0 events in 2 patients"),
        ([3, 5], [1, 0], 2, InsufficientDataError, "0 events in 2 patients"),
        ([2, 2], [1, 1], 2, InsufficientDataError, "no pair"),
        ([1, np.nan], [1, 0], 2, RelapseModelError, "1 of 2 times"),
        ([1], [1, 0], 2, RelapseModelError, "one entry per patient"),
        ([1, 2], [1, 0], 0, RelapseModelError, "until is 0"),
        ([1, 2], [1, 0], np.inf, RelapseModelError, "until is inf"),
    ],
)
def test_refusals(time, event, until, error, message):
    with pytest.raises(error, match=message):
        uno_c(time, event, [0.2, 0.1], until)


@pytest.mark.slow
def test_it_does_not_depend_on_the_pattern_of_loss_where_harrells_c_does():
    # Hazards cross: the score orders early relapses well and late ones badly. True C up to 2 by 4000 patients
    # without loss; with heavy early loss Harrell's C sees early relapses above all.
    rng = np.random.default_rng(5)
    n = 4000
    score = rng.normal(size=n)
    early = rng.exponential(np.exp(-1.5 * score))
    time = np.where(early < 0.5, early, 0.5 + rng.exponential(np.exp(1.0 * score)))
    truth = uno_c(time, np.ones(n), score, until=2)
    lost = rng.exponential(0.8, n)
    seen, event = np.minimum(time, lost), time <= lost
    assert uno_c(seen, event, score, until=2) == pytest.approx(truth, abs=0.02)
    cut = harrell_c(np.minimum(seen, 2), event & (seen <= 2), score)
    assert abs(cut - truth) > 0.03
