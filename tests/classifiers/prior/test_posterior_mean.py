"""From the posterior mode to its mean: where the mean is known, in many rows, and where the series ends."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import digamma, expit

from relapse_model.classifiers.prior.posterior_mean import at_posterior_mean
from relapse_model.classifiers.shared.newton import penalised_logistic


def intercepts(events, rows, offset=0.0):
    X, weight = np.zeros((rows, 1)), np.ones(rows)
    known = np.full(rows, offset)
    fits = penalised_logistic(X, np.arange(rows) < events, weight, [[0.0]], [[1.0]], offset=known)
    return fits.intercept[0] + offset, at_posterior_mean(X, weight, fits, known).intercept[0] + offset


@pytest.mark.parametrize(("events", "rows"), [(5, 40), (20, 132), (100, 700)])
def test_the_mean_of_a_known_posterior(events, rows):
    # A flat prior of the log-odds makes the risk Beta(k, n - k), with mean digamma(k) - digamma(n - k) of the log-odds.
    mode, mean = intercepts(events, rows)
    true = digamma(events) - digamma(rows - events)
    assert abs(mean - true) < 0.15 * abs(mode - true)


def test_an_offset_moves_nothing():
    assert intercepts(20, 132, offset=0.7) == pytest.approx(intercepts(20, 132))


def test_symmetric_outcomes_need_no_shift():
    # At a risk of one half the third derivative is 0.
    mode, mean = intercepts(30, 60)
    assert mean == pytest.approx(mode, abs=1e-12)


def test_a_shift_of_more_than_one_standard_error_is_cut():
    # 1 event in 3000: the series would jump by 1/2 in units of 1/sqrt(1): within one. A weight of 0.2 breaks it.
    X, weight = np.zeros((3000, 1)), np.full(3000, 0.1)
    fits = penalised_logistic(X, np.arange(3000) < 1, weight, [[0.0]], [[1.0]])
    shifted = at_posterior_mean(X, weight, fits)
    moved = (fits.intercept - shifted.intercept)[0] / np.sqrt(fits.covariance[0, 0, 0])
    assert moved == pytest.approx(1.0)


def test_it_fades_with_rows_and_blocks_of_rows_do_not_matter():
    rng = np.random.default_rng(0)
    moved = []
    for rows in (200, 200_000):  # the larger one takes several blocks
        X = rng.normal(size=(rows, 4))
        y = rng.random(rows) < expit(-2.0 + X[:, 0])
        fits = penalised_logistic(X, y, np.ones(rows), np.zeros((3, 4)), np.full((3, 4), 1.0))
        after = at_posterior_mean(X, np.ones(rows), fits)
        moved.append(np.abs(after.coef - fits.coef).max())
        half = at_posterior_mean(np.vstack([X, X]), np.full(2 * rows, 0.5), fits)
        assert half.coef == pytest.approx(after.coef, abs=1e-10)
    assert moved[1] < 0.01 * moved[0]
