"""Log loss and Brier scores against hand counts and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.validation.overall import brier, log_loss, scaled_brier

patients = st.lists(st.tuples(st.booleans(), st.integers(1, 99), st.integers(1, 4)), min_size=2, max_size=40).filter(
    lambda rows: len({outcome for outcome, _, _ in rows}) == 2
)


def columns(rows):
    outcome, percent, weight = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    return outcome, percent / 100, weight / 2


@settings(deadline=None)
@given(patients)
def test_scores_are_those_of_scikit_learn(rows):
    y, p, w = columns(rows)
    assert log_loss(y, p) == pytest.approx(metrics.log_loss(y, p))
    assert log_loss(y, p, w) == pytest.approx(metrics.log_loss(y, p, sample_weight=w))
    assert brier(y, p) == pytest.approx(metrics.brier_score_loss(y, p))
    assert brier(y, p, w) == pytest.approx(metrics.brier_score_loss(y, p, sample_weight=w))


@settings(deadline=None)
@given(patients)
def test_turning_outcome_and_risk_round_changes_nothing(rows):
    y, p, w = columns(rows)
    assert log_loss(1 - y, 1 - p, w) == pytest.approx(log_loss(y, p, w))
    assert brier(1 - y, 1 - p, w) == pytest.approx(brier(y, p, w))
    assert scaled_brier(1 - y, 1 - p, w) == pytest.approx(scaled_brier(y, p, w))


@settings(deadline=None)
@given(patients)
def test_mean_risk_is_the_best_constant(rows):
    y, p, w = columns(rows)
    mean = np.full(y.size, np.average(y, weights=w))
    assert scaled_brier(y, mean, w) == pytest.approx(0, abs=1e-12)
    constant = np.full(y.size, p[0])
    assert scaled_brier(y, constant, w) <= 1e-12
    assert log_loss(y, constant, w) >= log_loss(y, mean, w) - 1e-12


def test_hand_counts():
    # Squares 0.04, 0.36, 0.25 weighted 1, 1, 2: 0.9 / 4. Mean outcome 1/4: squares 1/16, 9/16, 2/16 = 3/16.
    y, p, w = [0, 1, 0], [0.2, 0.4, 0.5], [1, 1, 2]
    assert brier(y, p, w) == pytest.approx(0.225)
    assert scaled_brier(y, p, w) == pytest.approx(1 - 0.225 / 0.1875)
    assert log_loss(y, p, w) == pytest.approx(-(np.log(0.8) + np.log(0.4) + 2 * np.log(0.5)) / 4)


def test_perfect_risks_have_no_loss():
    assert log_loss([0, 1], [0, 1]) == 0
    assert brier([0, 1], [0, 1]) == 0
    assert scaled_brier([0, 1], [0, 1]) == 1


def test_digits_of_a_small_risk_are_kept():
    assert log_loss([0], [1e-18]) == pytest.approx(1e-18, rel=1e-9)


@pytest.mark.parametrize(("relapse", "risk"), [([0, 1], [0.2, 0.0]), ([0, 1], [1.0, 0.5])])
def test_wrong_certainty_has_infinite_log_loss_and_is_refused(relapse, risk):
    with pytest.raises(RelapseModelError, match=r"Log loss: infinite, since 1 of 2"):
        log_loss(relapse, risk)
    assert brier(relapse, risk) > 0.5  # the Brier score exists


def test_lost_patients_do_not_count():
    assert brier([0, 1, np.nan], [0.5, 0.5, 0.9], [1, 1, 0]) == 0.25
    assert log_loss([0, 1, np.nan], [0.5, 0.5, 1.0], [1, 1, 0]) == pytest.approx(np.log(2))


@pytest.mark.parametrize("relapse", [[0, 0], [1, 1]])
def test_scaled_brier_without_both_outcomes_is_a_named_refusal(relapse):
    with pytest.raises(InsufficientDataError, match="Scaled Brier"):
        scaled_brier(relapse, [0.1, 0.2])
