"""AUC, DeLong and Harrell's C against hand counts, published values and scikit-learn."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.validation import pairs_in_time
from relapse_model.validation.discrimination import (
    auc,
    auc_delong,
    compare_auc_delong,
    delong_covariance,
    harrell_c,
    shares_below,
)

# Golden values checked against an independent implementation of DeLong's method (the `pauc` documentation).
GOLDEN_Y = [int(digit) for digit in "001101001101"]
GOLDEN_RISK = [0.10, 0.35, 0.24, 0.80, 0.20, 0.85, 0.13, 0.85, 0.74, 0.58, 0.71, 0.25]

# Eighths are exact in binary and produce many ties.
patients = st.lists(st.tuples(st.booleans(), st.integers(-8, 8), st.integers(1, 4)), min_size=2, max_size=40).filter(
    lambda rows: len({outcome for outcome, _, _ in rows}) == 2
)


def columns(rows):
    outcome, score, weight = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    return outcome, score / 8, weight / 2


@pytest.mark.parametrize(
    ("relapse", "risk", "expected"),
    [
        ([0, 1], [0.1, 0.9], 1.0),  # the only pair is ordered rightly
        ([0, 1], [0.9, 0.1], 0.0),  # the only pair is ordered wrongly
        ([0, 1], [0.5, 0.5], 0.5),  # one tie
        ([0, 1, 0, 1], [0.1, 0.4, 0.4, 0.9], 3.5 / 4),  # 3 pairs right and 1 tie of 4
        ([1, 0, 0, 0, 1], [0.3, 0.1, 0.3, 0.5, 0.2], 2.5 / 6),  # 0.3: 1 + 1/2 of 3; 0.2: 1 of 3
    ],
)
def test_auc_counts_pairs(relapse, risk, expected):
    assert auc(relapse, risk) == pytest.approx(expected)


def test_weighted_auc_counts_weighted_pairs():
    # Relapses 0.4 (weight 1) and 0.2 (weight 3); others 0.3 (weight 2) and 0.1 (weight 1).
    # 0.4 beats both: 1 x 3; 0.2 beats only 0.1: 3 x 1; of 4 x 3 = 12: 6/12.
    assert auc([1, 1, 0, 0], [0.4, 0.2, 0.3, 0.1], [1, 3, 2, 1]) == pytest.approx(0.5)


def test_lost_patients_do_not_count_in_the_auc():
    assert auc([0, 1, np.nan], [0.1, 0.9, 0.99], [1, 1, 0]) == 1.0


@settings(deadline=None)
@given(patients)
def test_auc_is_that_of_scikit_learn(rows):
    y, score, w = columns(rows)
    assert auc(y, score) == pytest.approx(roc_auc_score(y, score), abs=1e-12)
    assert auc(y, score, w) == pytest.approx(roc_auc_score(y, score, sample_weight=w), abs=1e-12)


@settings(deadline=None)
@given(patients)
def test_auc_depends_on_the_order_alone(rows):
    y, score, w = columns(rows)
    assert auc(y, np.exp(3 * score) - 7, w) == pytest.approx(auc(y, score, w), abs=1e-12)
    assert auc(y, score, w) + auc(y, -score, w) == pytest.approx(1, abs=1e-12)
    assert auc(y, score, w) + auc(1 - y, score, w) == pytest.approx(1, abs=1e-12)
    assert auc(y, score, 10 * w) == pytest.approx(auc(y, score, w), abs=1e-12)


@settings(deadline=None)
@given(patients)
def test_whole_weights_are_repeated_patients(rows):
    y, score, w = columns(rows)
    times = (2 * w).astype(int)
    assert auc(y, score, times) == pytest.approx(auc(np.repeat(y, times), np.repeat(score, times)), abs=1e-12)


@pytest.mark.parametrize("relapse", [[0, 0], [1, 1]])
def test_auc_without_both_outcomes_is_a_named_refusal(relapse):
    with pytest.raises(InsufficientDataError, match="AUC"):
        auc(relapse, [0.1, 0.2])


def test_shares_below_count_equals_half():
    # Of weights 1, 2, 1 at 1, 2, 3: below 2 is 1 and half of 2, of 4.
    np.testing.assert_allclose(
        shares_below(np.array([0.0, 2, 9]), np.array([3.0, 1, 2]), np.array([1.0, 1, 2])), [0, 0.5, 1]
    )


def test_delong_golden_values():
    aucs, covariance = delong_covariance(GOLDEN_Y, [GOLDEN_RISK])
    assert aucs[0] == pytest.approx(0.708333, abs=5e-7)
    assert math.sqrt(covariance[0, 0]) == pytest.approx(0.168737, abs=5e-7)
    estimate = auc_delong(GOLDEN_Y, GOLDEN_RISK, scale="probability")
    assert (round(estimate.lower, 3), estimate.upper) == (0.378, 1.0)  # 1.039 clipped


def test_delong_variance_of_a_hand_countable_table():
    # Relapses 2, 4; others 1, 3. Placements of relapses: 1/2, 1 (variance 1/8); of others: 1, 1/2 (1/8).
    # 1/8 / 2 + 1/8 / 2 = 1/8.
    aucs, covariance = delong_covariance([1, 1, 0, 0], [[2, 4, 1, 3]])
    np.testing.assert_allclose((aucs[0], covariance[0, 0]), (0.75, 0.125))


def test_logit_interval_is_symmetric_on_the_logit_scale_and_inside_0_to_1():
    estimate = auc_delong(GOLDEN_Y, GOLDEN_RISK)
    logit = [math.log(p / (1 - p)) for p in (estimate.lower, estimate.value, estimate.upper)]
    assert logit[1] - logit[0] == pytest.approx(logit[2] - logit[1])
    # Delta method: standard error of the logit is that of the AUC over AUC (1 - AUC).
    reach = 1.959964 * 0.168737 / (0.708333 * 0.291667)
    assert logit[2] - logit[1] == pytest.approx(reach, abs=1e-4)
    assert 0 < estimate.lower < estimate.upper < 1


def test_wider_level_widens_the_interval():
    wide, narrow = (auc_delong(GOLDEN_Y, GOLDEN_RISK, level) for level in (0.99, 0.8))
    assert wide.lower < narrow.lower < narrow.upper < wide.upper


@pytest.mark.parametrize("scale", ["logit", "probability"])
def test_perfect_order_does_not_claim_certainty(scale):
    # DeLong's variance is 0 here. Root found apart: the least true AUC at which 1 is not refuted by
    # (1 - A)^2 = 1.96^2 A (1 - A) [1 + (N/2 - 1)((1 - A)/(2 - A) + A/(1 + A))] / 9 with N = 6.
    perfect = auc_delong([0, 0, 0, 1, 1, 1], [1, 2, 3, 4, 5, 6], scale=scale)
    a = perfect.lower
    spread = 1 + 2 * ((1 - a) / (2 - a) + a / (1 + a))
    assert (1 - a) ** 2 == pytest.approx(1.959964**2 * a * (1 - a) * spread / 9, rel=1e-5)
    assert (perfect.value, perfect.upper) == (1, 1)
    assert 0.3 < a < 0.7
    assert "Newcombe" in perfect.method
    reverse = auc_delong([0, 0, 0, 1, 1, 1], [6, 5, 4, 3, 2, 1], scale=scale)
    assert (reverse.value, reverse.lower, reverse.upper) == pytest.approx((0, 0, 1 - a))


def test_more_patients_narrow_the_interval_of_a_perfect_order():
    lower = [auc_delong(np.repeat([0, 1], n), np.arange(2 * n)).lower for n in (3, 10, 100)]
    assert lower == sorted(lower)


def test_constant_risk_has_auc_one_half():
    assert str(auc_delong([0, 0, 1, 1], np.full(4, 0.3))) == "0.50 (0.50 to 0.50)"


@pytest.mark.parametrize("relapse", [[0, 0, 0, 1], [1, 1, 1, 0], [0, 0, 0, 0]])
def test_delong_needs_two_of_each(relapse):
    with pytest.raises(InsufficientDataError, match="2 of each"):
        auc_delong(relapse, [0.1, 0.2, 0.3, 0.4])


def test_unknown_scale_is_refused():
    with pytest.raises(RelapseModelError, match="'logit' or 'probability'"):
        auc_delong(GOLDEN_Y, GOLDEN_RISK, scale="log")


def test_comparison_with_itself_is_no_difference():
    same = compare_auc_delong(GOLDEN_Y, GOLDEN_RISK, np.exp(GOLDEN_RISK))
    assert (same.difference.value, same.difference.lower, same.difference.upper) == pytest.approx((0, 0, 0))
    assert same.p_value == 1


def test_comparison_agrees_with_its_own_covariance_and_turns_round():
    other = np.random.default_rng(3).permutation(GOLDEN_RISK)
    forth, back = (
        compare_auc_delong(GOLDEN_Y, GOLDEN_RISK, other),
        compare_auc_delong(GOLDEN_Y, other, GOLDEN_RISK),
    )
    aucs, covariance = delong_covariance(GOLDEN_Y, [GOLDEN_RISK, other])
    contrast = np.array([1, -1])
    z = (aucs @ contrast) / math.sqrt(contrast @ covariance @ contrast)
    assert forth.difference.value == pytest.approx(aucs[0] - aucs[1])
    assert forth.p_value == pytest.approx(math.erfc(abs(z) / math.sqrt(2)))
    assert back.p_value == pytest.approx(forth.p_value)
    assert back.difference.lower == pytest.approx(-forth.difference.upper)
    # The interval leaves out 0 exactly when p is below 1 - level.
    excludes_zero = forth.difference.lower > 0 or forth.difference.upper < 0
    assert excludes_zero == (forth.p_value < 0.05)


def test_covariance_of_two_models_by_the_jackknife_formula():
    # Written out patient by patient, as in the paper, for two models.
    rng = np.random.default_rng(8)
    y, risks = rng.random(30) < 0.4, rng.integers(0, 6, (2, 30)).astype(float)
    psi = (risks[:, y][:, :, None] > risks[:, ~y][:, None, :]) + 0.5 * (
        risks[:, y][:, :, None] == risks[:, ~y][:, None, :]
    )
    expected = np.cov(psi.mean(axis=2)) / y.sum() + np.cov(psi.mean(axis=1)) / (~y).sum()
    np.testing.assert_allclose(delong_covariance(y, risks)[1], expected)


def test_difference_without_variance_is_a_named_refusal():
    with pytest.raises(InsufficientDataError, match="no variance"):
        compare_auc_delong([0, 0, 1, 1], [1, 2, 3, 4], [4, 3, 2, 1])


@pytest.mark.parametrize(
    ("time", "event", "risk", "expected"),
    [
        ([1, 2, 3], [1, 1, 1], [3, 2, 1], 1.0),  # 3 concordant pairs over 3
        ([1, 2, 3], [1, 1, 1], [1, 2, 3], 0.0),  # 0 over 3
        ([1, 2, 3], [1, 0, 1], [3, 1, 2], 1.0),  # 2 over 2: who is censored at 2 orders nothing after it
        ([1, 2, 3, 4], [1, 1, 0, 0], [4, 1, 2, 3], 0.6),  # 3 over 5: 1 before all; 2 before 3 and 4, wrongly
        ([5, 8, 12], [1, 0, 0], [0.9, 0.5, 0.9], 0.75),  # 1 concordant and 1 tied in risk over 2
        ([4, 4, 6], [1, 0, 0], [2, 1, 1], 1.0),  # 2 over 2: at a tie the event comes before the censoring
        ([4, 4, 6], [1, 1, 0], [2, 1, 3], 0.0),  # 0 over 2: two events at the same time are no pair
    ],
)
def test_harrell_c_counts_pairs(time, event, risk, expected):
    assert harrell_c(time, event, risk) == pytest.approx(expected)


follow_up = st.lists(st.tuples(st.integers(0, 6), st.booleans(), st.integers(0, 5)), min_size=2, max_size=25)


@settings(deadline=None)
@given(follow_up)
def test_harrell_c_against_a_double_loop(rows):
    usable = concordant = 0.0
    for time_i, event_i, risk_i in rows:
        for time_j, event_j, risk_j in rows:
            if event_i and (time_i < time_j or (time_i == time_j and not event_j)):
                usable += 1
                concordant += 1 if risk_i > risk_j else 0.5 if risk_i == risk_j else 0
    assume(usable)
    time, event, risk = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    assert harrell_c(time, event, risk) == pytest.approx(concordant / usable)
    assert harrell_c(time, event, -risk) == pytest.approx(1 - concordant / usable)


def test_harrell_c_is_the_auc_when_all_events_come_before_all_censorings():
    rng = np.random.default_rng(0)
    event, risk = rng.random(80) < 0.3, rng.integers(0, 9, 80)
    assert harrell_c(np.where(event, 1, 48), event, risk) == pytest.approx(auc(event, risk))


def test_harrell_c_does_not_depend_on_the_blocks(monkeypatch):
    rng = np.random.default_rng(1)
    time, event, risk = rng.integers(1, 40, 150), rng.random(150) < 0.4, rng.integers(0, 20, 150)
    whole = harrell_c(time, event, risk)
    monkeypatch.setattr(pairs_in_time, "_PAIRS_AT_ONCE", 400)  # 2 events at a time
    assert harrell_c(time, event, risk) == whole


@pytest.mark.parametrize(
    ("time", "event", "message"),
    [
        ([1, 2], [0, 0], "0 events in 2 patients"),
        ([3, 2], [1, 0], "no pair"),
        ([1, np.nan], [1, 0], "expected a number"),
        ([1], [1, 0], "expected a number"),
    ],
)
def test_harrell_c_refusals(time, event, message):
    with pytest.raises(RelapseModelError, match=message):
        harrell_c(time, event, [0.2, 0.1])


@pytest.mark.slow
def test_delong_intervals_keep_their_level_at_20_events():
    # 132 patients, 20 events, true AUC 0.80. Standard error of a coverage over 2000 replicates: 0.5 %.
    rng = np.random.default_rng(7)
    y = np.repeat([1, 0], [20, 112])
    shift = math.sqrt(2) * 0.8416212
    covered = []
    for _ in range(2000):
        estimate = auc_delong(y, rng.normal(size=132) + shift * y)
        covered.append(estimate.lower <= 0.8 <= estimate.upper)
    assert 0.93 <= np.mean(covered) <= 0.975
