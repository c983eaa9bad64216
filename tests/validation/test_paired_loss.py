"""The paired difference of a loss: by hand, by patient, with weights, and its coverage."""

from __future__ import annotations

import numpy as np
import pytest

from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.validation.overall import log_loss
from relapse_model.validation.paired_loss import log_loss_difference, log_losses, paired_difference


def test_by_hand():
    # Differences -1, -3: mean -2, standard deviation sqrt(2), standard error 1, 1.96 of them on either side.
    found = paired_difference([1.0, 1.0], [2.0, 4.0])
    assert (found.value, found.lower, found.upper) == pytest.approx((-2.0, -3.959964, -0.040036), abs=1e-6)


def test_rows_of_one_patient_count_together():
    # Each patient twice is not twice as many patients: the same interval.
    loss, other = np.array([0.2, 0.9, 0.4, 0.1]), np.array([0.5, 0.6, 0.7, 0.3])
    once = paired_difference(loss, other)
    twice = paired_difference(np.tile(loss, 2), np.tile(other, 2), patient=[1, 2, 3, 4] * 2)
    assert (twice.value, twice.lower) == pytest.approx((once.value, once.lower))
    assert paired_difference(np.tile(loss, 2), np.tile(other, 2)).lower > once.lower


def test_who_has_no_weight_does_not_count_and_may_be_unknown():
    found = paired_difference([0.2, 0.4, np.nan], [0.5, 0.5, np.nan], weight=[1.0, 1.0, 0.0])
    assert found.value == pytest.approx(-0.2)
    with pytest.raises(RelapseModelError, match="a loss or a weight is missing"):
        paired_difference([0.2, 0.4, np.nan], [0.5, 0.5, np.nan])


def test_the_value_is_the_difference_of_the_log_losses():
    rng = np.random.default_rng(2)
    relapse, risk, weight = (rng.random(80) < 0.3).astype(float), rng.uniform(0.05, 0.9, 80), rng.uniform(0.5, 2, 80)
    mean = np.full(80, np.average(relapse, weights=weight))
    expected = log_loss(relapse, risk, weight) - log_loss(relapse, mean, weight)
    assert log_loss_difference(relapse, risk, weight).value == pytest.approx(expected)


def test_of_the_lost_there_is_no_loss():
    assert np.isnan(log_losses([np.nan], [0.3])).all()


@pytest.mark.parametrize("relapse", [[0, 0, 0], [1, 1, 1]])
def test_one_outcome_alone_is_refused(relapse):
    with pytest.raises(InsufficientDataError, match="Difference in log loss"):
        log_loss_difference(relapse, [0.1, 0.2, 0.3])


def test_false_certainty_is_refused():
    with pytest.raises(RelapseModelError, match="exactly 0 or 1 and wrong"):
        log_loss_difference([0, 1, 1], [0.2, 0.0, 0.7])


def test_one_patient_has_no_interval():
    with pytest.raises(InsufficientDataError, match="1 patients with a weight"):
        paired_difference([0.1, 0.2], [0.3, 0.3], patient=["A", "A"])


def test_arrays_of_other_lengths_are_refused():
    with pytest.raises(RelapseModelError, match="one entry for each row"):
        paired_difference([0.1, 0.2], [0.3])


@pytest.mark.slow
@pytest.mark.parametrize("patients", [60, 132])
def test_intervals_hold_the_truth_and_noise_is_rarely_called_better(patients):
    """Risks that are true: the expected difference is known. Risks that are noise: shown better in under 1 %."""
    rng, runs, held, wrong = np.random.default_rng(7), 1500, 0, 0
    for _ in range(runs):
        risk = 1 / (1 + np.exp(1.8 - 0.7 * rng.standard_normal(patients)))
        relapse = (rng.random(patients) < risk).astype(float)
        mean = np.full(patients, risk.mean())
        truth = np.mean(risk * np.log(mean / risk) + (1 - risk) * np.log((1 - mean) / (1 - risk)))
        found = paired_difference(log_losses(relapse, risk), log_losses(relapse, mean))
        held += found.lower <= truth <= found.upper
        chance = (rng.random(patients) < 0.17).astype(float)
        if 0 < chance.sum() < patients:
            noise = 1 / (1 + np.exp(1.6 - 0.3 * rng.standard_normal(patients)))
            wrong += log_loss_difference(chance, noise).upper < 0
    assert held / runs == pytest.approx(0.95, abs=0.025)
    assert wrong / runs < 0.01
