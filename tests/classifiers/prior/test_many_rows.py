"""Risks of many rows: the exact integral to 1e-10, and the same bits by arrays, in parts, and in several threads."""

from __future__ import annotations

import numpy as np
import pytest

from relapse_model.classifiers.prior import many_rows
from relapse_model.classifiers.prior.logistic_mixture import log_odds_moments
from relapse_model.classifiers.prior.many_rows import padded, risks_of_many
from relapse_model.classifiers.prior.mixture_forms import LogisticMixture, forms
from relapse_model.classifiers.prior.terms import Factor, Term


def made_up(components=21, seed=0, spread=0.3):
    """Return a mixture of two forms: three columns, or a term instead of the first; and rows, with gaps."""
    rng = np.random.default_rng(seed)
    terms, indicators = (Term((Factor(0, "cap", 0.5),)),), (1,)
    coef, factor = 0.5 * rng.normal(size=(components, 5)), spread * rng.normal(size=(components, 6, 6))
    covariance = factor @ factor.transpose(0, 2, 1)
    for form, column in ((slice(None, None, 2), 0), (slice(1, None, 2), 3)):
        coef[form, column] = covariance[form, 1 + column] = covariance[form, :, 1 + column] = 0.0
    intercept, weight = rng.normal(-1.5, 0.7, components), rng.dirichlet(np.ones(components))
    mixture = LogisticMixture(
        coef, intercept, covariance, weight, *(rng.uniform(0.5, 1.0, (3, 5))), terms=terms, indicators=indicators
    )
    X = rng.normal(size=(300, 3))
    X[rng.random(X.shape) < 0.1] = np.nan
    return mixture, X


def risks(mixture, X, compiled=True):
    return risks_of_many(mixture, X, forms(mixture), compiled)


def exact(mixture, X):
    mean, sd = log_odds_moments(mixture, X)
    place, weight = np.polynomial.hermite_e.hermegauss(200)
    log_odds = mean[:, :, None] + sd[:, :, None] * place
    return (1.0 / (1.0 + np.exp(-log_odds)) @ (weight / weight.sum())) @ mixture.weight


@pytest.mark.parametrize("spread", [0.0, 0.05, 0.1])
def test_they_are_the_integral(spread):
    mixture, X = made_up(spread=spread)
    _, sd = log_odds_moments(mixture, X)
    assert spread == 0.0 or sd.max() > 0.2
    found, want = risks(mixture, X), exact(mixture, X)
    sure = (sd < 1.3).all(axis=1)  # beyond, the 32 nodes of few rows are not exact either
    assert sure.mean() > 0.5
    np.testing.assert_allclose(found[sure, 1], want[sure], rtol=0, atol=1e-10)
    np.testing.assert_allclose(found.sum(axis=1), 1.0, rtol=0, atol=1e-14)


def test_small_risks_keep_their_digits_on_both_sides():
    # log-odds of -11 and 11, sd 0.2: exp(-11 + 0.02) to a part in 1e5, the share of the next term of the series
    covariance = np.zeros((1, 2, 2))
    covariance[0, 0, 0] = 0.04
    for sign, side in ((-1, 1), (1, 0)):
        columns = np.zeros(1), np.zeros(1), np.ones(1)
        mixture = LogisticMixture(np.zeros((1, 1)), np.array([sign * 11.0]), covariance, np.ones(1), *columns)
        found = risks(mixture, np.zeros((3, 1)))[:, side]
        np.testing.assert_allclose(found, np.exp(-10.98) - np.exp(-22 + 0.08), rtol=1e-9)


@pytest.mark.parametrize("components", [1, 7, 16, 21, 33])
@pytest.mark.parametrize("spread", [0.2, 1.0, 40.0])  # in the table, beyond it too, and beyond pairs of nodes
def test_the_compiled_loop_gives_the_same_bits(components, spread):
    mixture, X = made_up(components, seed=components, spread=spread)
    _, sd = log_odds_moments(mixture, X)
    assert (sd > 60).any() == (spread == 40.0)
    np.testing.assert_array_equal(risks(mixture, X), risks(mixture, X, compiled=False))


@pytest.mark.parametrize("compiled", [True, False])
def test_a_row_has_the_same_bits_wherever_it_is_cut_off(compiled, monkeypatch):
    mixture, X = made_up(spread=0.6)
    whole = risks(mixture, X, compiled)
    for start, end in ((0, 1), (1, 18), (7, 299), (130, 300)):
        np.testing.assert_array_equal(risks(mixture, X[start:end], compiled), whole[start:end])
    np.testing.assert_array_equal(risks(mixture, X[::-1], compiled), whole[::-1])
    monkeypatch.setattr(many_rows, "_ROWS", 5)
    monkeypatch.setattr(many_rows, "_ROWS_COMPILED", 37)
    np.testing.assert_array_equal(risks(mixture, X, compiled), whole)


@pytest.mark.parametrize("threads", [2, 5])
def test_the_number_of_threads_shows_in_no_bit(threads, monkeypatch):
    mixture, X = made_up(spread=0.6)
    one = risks(mixture, X)
    asked = []
    monkeypatch.setattr(many_rows, "_WORTH_THREADS", 0)
    monkeypatch.setattr(many_rows, "_ROWS_COMPILED", 16)
    monkeypatch.setattr(many_rows, "free_threads", lambda: asked.append(threads) or threads)
    np.testing.assert_array_equal(risks(mixture, X), one)
    assert asked == [threads]


def test_a_value_that_is_none_gives_no_risk():
    # infinity less infinity: no number, by either way, in this row only
    mixture, X = made_up(spread=0.2)
    X[3, 2] = np.inf
    with np.errstate(invalid="ignore"):
        found = risks(mixture, X), risks(mixture, X, compiled=False)
    for one in found:
        assert not ((one[3] > 0.0) & (one[3] < 1.0)).any()
        assert np.isfinite(np.delete(one, 3, axis=0)).all()


def test_columns_are_rounded_up_to_sixteen_and_begin_at_a_line_of_the_cache():
    found = padded(np.ones((2, 17)))
    assert found.shape == (2, 32)
    assert found.sum() == 34.0
    assert found.ctypes.data % 64 == 0
