"""Posterior risks: quadrature, normal distribution function and quantiles against scipy and hand counts."""

from __future__ import annotations

import subprocess
import sys
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.special import expit, ndtr
from scipy.stats import norm

from relapse_model.classifiers.prior import logistic_mixture as module
from relapse_model.classifiers.prior.compiled_mixture_sums import mixture_sums as compiled_sums
from relapse_model.classifiers.prior.logistic_mixture import (
    coefficient_moments,
    log_odds_moments,
    mixture_interval,
    mixture_risk,
)
from relapse_model.classifiers.prior.mixture_forms import LogisticMixture
from relapse_model.classifiers.prior.mixture_quantile import mixture_quantile, normal_cdf
from relapse_model.classifiers.prior.mixture_sums import mixture_sums
from relapse_model.errors import RelapseModelError


def of_log_odds(mean, sd, weight=(1.0,)):
    """Return a mixture whose log-odds have these moments at x = 0."""
    mean, sd = np.atleast_1d(np.asarray(mean, float)), np.atleast_1d(np.asarray(sd, float))
    covariance = np.zeros((len(mean), 2, 2))
    covariance[:, 0, 0], covariance[:, 1, 1] = sd**2, 1.0
    return LogisticMixture(
        np.zeros((len(mean), 1)), mean, covariance, np.array(weight), np.zeros(1), np.zeros(1), np.ones(1)
    )


ORIGIN = np.zeros((1, 1))


@pytest.mark.parametrize(("sd", "error"), [(0.0, 1e-11), (0.5, 1e-10), (1.0, 1e-10), (2.0, 2e-7), (3.0, 2e-5)])
@pytest.mark.parametrize("mean", [-5.0, -1.6, 0.0, 2.5])
def test_risk_agrees_with_fine_integration(mean, sd, error):
    z = np.linspace(-12, 12, 100_001)
    exact = np.sum(expit(mean + sd * z) * norm.pdf(z)) * (z[1] - z[0])
    risk = mixture_risk(of_log_odds(mean, sd), ORIGIN)
    assert risk[0, 1] == pytest.approx(exact, abs=error)
    assert risk.sum() == pytest.approx(1.0, abs=1e-14)


def test_small_risks_keep_their_digits_on_both_sides():
    low, high = (mixture_risk(of_log_odds(mean, 0.0), ORIGIN)[0] for mean in (-40.0, 40.0))
    assert low[1] == pytest.approx(np.exp(-40.0), rel=1e-12)
    assert high[0] == pytest.approx(np.exp(-40.0), rel=1e-12)


@pytest.mark.parametrize("sd", [1e-8, 0.2299, 0.3599, 0.4699, 0.5599, 0.7299, 0.9799, 0.9801, 59.9, 60.1, 1e4])
def test_the_number_of_nodes_shows_in_no_risk(sd):
    # Each sd but the first is just below, or above, a limit at which the number of nodes changes; 32 are the measure.
    place, weight = np.polynomial.hermite_e.hermegauss(32)
    weight = weight / weight.sum()
    for mean in (-60.0, -8.0, -3.0, -1.0, -0.1, 0.0, 0.5, 2.0, 5.0, 12.0, 60.0):
        both = [expit(sign * (mean + sd * place)) @ weight for sign in (-1, 1)]
        np.testing.assert_allclose(mixture_risk(of_log_odds(mean, sd), ORIGIN)[0], both, atol=1e-11, rtol=1e-10)


def test_components_of_any_sd_side_by_side_keep_their_places():
    mean, sd = np.linspace(-3, 3, 8), np.array([100.0, 0.01, 2.0, 0.3, 0.6, 0.9, 0.5, 0.4])
    each = [mixture_risk(of_log_odds(m, s), ORIGIN)[0, 1] for m, s in zip(mean, sd, strict=True)]
    weight = np.arange(1, 9) / 36
    assert mixture_risk(of_log_odds(mean, sd, weight), ORIGIN)[0, 1] == pytest.approx(weight @ each, rel=1e-13)


def test_a_value_beyond_all_reason_gives_a_risk_all_the_same():
    mixture = of_log_odds([-2.0, 1.0], [0.3, 0.8], [0.25, 0.75])
    found = mixture_risk(mixture, [[1e30], [-1e30]])
    assert found.sum(axis=1) == pytest.approx([1.0, 1.0], abs=1e-14)
    assert ((found >= 0) & (found <= 1)).all()
    assert np.isfinite(mixture_interval(mixture, [[1e30], [-1e30]])).all()


def test_risk_of_a_mixture_is_the_weighted_mean():
    both = mixture_risk(of_log_odds([-2.0, 1.0], [0.3, 0.8], [0.25, 0.75]), ORIGIN)[0, 1]
    each = [mixture_risk(of_log_odds(m, s), ORIGIN)[0, 1] for m, s in ((-2.0, 0.3), (1.0, 0.8))]
    assert both == pytest.approx(0.25 * each[0] + 0.75 * each[1], rel=1e-13)


def test_hand_counted_moments():
    # at x = center + 2: mean 0.5 + 2 * 3, variance 1 + 2 * 2 * 0.5 + 4 * 4;
    # a missing x is the median, center + 1: variance 1 + 2 * 0.5 + 4, and E[coef ** 2] = 9 + 4 for its variance of 1
    mixture = LogisticMixture(
        coef=np.array([[3.0]]),
        intercept=np.array([0.5]),
        covariance=np.array([[[1.0, 0.5], [0.5, 4.0]]]),
        weight=np.ones(1),
        impute=np.array([11.0]),
        center=np.array([10.0]),
        scale=np.ones(1),
    )
    mean, sd = log_odds_moments(mixture, [[12.0], [np.nan]])
    assert mean.tolist() == [[6.5], [3.5]]
    assert sd**2 == pytest.approx(np.array([[19.0], [6.0 + 13.0]]))


def test_coefficient_moments_add_the_spread_between_components():
    # coefficients 0 and 2 with variance 1, half each: mean 1, variance 1 + 1
    mixture = of_log_odds([0.0, 0.0], [1.0, 1.0], [0.5, 0.5])
    mixture.coef[1] = 2.0
    mean, sd = coefficient_moments(mixture)
    assert (mean[0], sd[0]) == (1.0, pytest.approx(np.sqrt(2.0)))


def test_normal_cdf_agrees_with_scipy():
    z = np.concatenate([np.linspace(-12, 12, 20_011), [-1e300, 1e300, 0.0]])
    assert normal_cdf(z) == pytest.approx(ndtr(z), abs=1e-12)
    assert normal_cdf(np.array([0.0]))[0] == 0.5


def test_interval_of_one_component_is_the_normal_one():
    interval = mixture_interval(of_log_odds(-1.5, 0.7), ORIGIN, level=0.9)
    expected = expit(-1.5 + 0.7 * norm.ppf([0.05, 0.95]))
    assert interval[0] == pytest.approx(expected, abs=1e-10)


@given(
    mean=st.lists(st.floats(-6, 6), min_size=3, max_size=3),
    sd=st.lists(st.floats(0.01, 1.0), min_size=3, max_size=3),
    level=st.floats(0.5, 0.99),
)
def test_the_interval_holds_its_share_and_widens_with_the_level(mean, sd, level):
    weight = np.array([0.2, 0.5, 0.3])
    mixture = of_log_odds(mean, sd, weight)
    lower, upper = mixture_interval(mixture, ORIGIN, level)[0]
    ends = np.log([lower, upper]) - np.log1p([-lower, -upper])
    held = weight @ (ndtr((ends[1] - mean) / sd) - ndtr((ends[0] - mean) / sd))
    assert held == pytest.approx(level, abs=1e-6)
    wider = mixture_interval(mixture, ORIGIN, (1 + level) / 2)[0]
    assert wider[0] <= lower <= upper <= wider[1]


def test_the_interval_of_points_has_its_ends_on_points():
    # 0.3 of the weight at -2 and 0.7 at 1: the 5 % quantile is the first, the 95 % quantile the second.
    interval = mixture_interval(of_log_odds([-2.0, 1.0], [0.0, 0.0], [0.3, 0.7]), ORIGIN, 0.9)[0]
    assert interval == pytest.approx(expit([-2.0, 1.0]), abs=1e-12)


@pytest.mark.parametrize("weight", [(0.5, 0.5), (0.04, 0.96), (0.06, 0.94), (0.9499, 0.0501)])
def test_quantiles_of_components_far_apart_are_found(weight):
    mean, sd = np.array([-6.0, 5.0]), np.array([0.01, 0.02])
    found = mixture_interval(of_log_odds(mean, sd, weight), ORIGIN, 0.9)[0]
    expected = [
        brentq(lambda x, level=level: np.array(weight) @ ndtr((x - mean) / sd) - level, -8, 8, xtol=1e-14)
        for level in (0.05, 0.95)
    ]
    assert found == pytest.approx(expit(expected), abs=1e-10)


@given(mean=st.floats(-6, 6), sd=st.floats(0.0, 1.0))
def test_the_mean_risk_lies_in_the_interval(mean, sd):
    mixture = of_log_odds(mean, sd)
    lower, upper = mixture_interval(mixture, ORIGIN, 0.9)[0]
    assert lower - 1e-12 <= mixture_risk(mixture, ORIGIN)[0, 1] <= upper + 1e-12


def test_blocks_of_rows_give_the_same_numbers(monkeypatch):
    mixture = of_log_odds([-2.0, 1.0], [0.3, 0.8], [0.25, 0.75])
    X = np.linspace(-3, 3, 101)[:, None]
    whole = mixture_risk(mixture, X), mixture_interval(mixture, X)
    monkeypatch.setattr(module, "_BLOCK_NUMBERS", 200)
    assert mixture_risk(mixture, X) == pytest.approx(whole[0], rel=1e-13)
    assert mixture_interval(mixture, X) == pytest.approx(whole[1], rel=1e-13)


@given(
    seed=st.integers(0, 10_000), components=st.integers(1, 9), spread=st.floats(0.0, 3.0), width=st.floats(-6.0, 1.5)
)
@settings(max_examples=60, deadline=None)
def test_of_many_rows_they_are_those_of_few(seed, components, spread, width):
    # 30,000 numbers or more take another way: tables, and sums in another order.
    rng = np.random.default_rng(seed)
    factor = np.exp(width) * rng.normal(size=(components, 3, 3))
    coef, intercept = spread * rng.normal(size=(components, 2)), rng.normal(-1.5, 1.0, components)
    covariance, weight = factor @ factor.transpose(0, 2, 1), rng.dirichlet(np.ones(components))
    mixture = LogisticMixture(coef, intercept, covariance, weight, np.zeros(2), np.zeros(2), np.ones(2))
    X = rng.normal(size=(40, 2))
    X[rng.random(X.shape) < 0.1] = np.nan
    few = mixture_risk(mixture, X), mixture_interval(mixture, X)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_WORTH_A_TABLE", 1)
        for way in (True, False):
            patch.setattr(module, "compiled_pays", lambda numbers, way=way: way)
            many = mixture_risk(mixture, X), mixture_interval(mixture, X)
            np.testing.assert_allclose(many[0], few[0], rtol=0, atol=2e-11)
            np.testing.assert_allclose(many[1], few[1], rtol=0, atol=1e-12)


def test_the_way_depends_on_nothing_but_how_many_numbers_there_are(monkeypatch):
    # With or without the compiled loops the bits are the same: parts scored by other processes make up one table.
    rng = np.random.default_rng(0)
    mixture = of_log_odds(rng.normal(size=64), np.full(64, 0.6), np.full(64, 1 / 64))
    X = rng.normal(size=(1000, 1))
    found = []
    for way in (True, False):
        monkeypatch.setattr(module, "compiled_pays", lambda numbers, way=way: way)
        found.append(np.column_stack([mixture_risk(mixture, X), mixture_interval(mixture, X)]))
    np.testing.assert_array_equal(*found)


@pytest.mark.parametrize("level", [0.0, 1.0, -0.1, 95.0, float("nan")])
def test_a_level_outside_zero_to_one_is_refused(level):
    with pytest.raises(RelapseModelError, match="level"):
        mixture_interval(of_log_odds(0.0, 1.0), ORIGIN, level)


def test_scoring_a_saved_model_loads_numpy_only():
    code = (
        "import sys, relapse_model.classifiers.prior.logistic_mixture;"
        "import relapse_model.classifiers.prior.logistic_mixture_values;"
        "print([name for name in ('sklearn', 'scipy', 'pandas', 'xgboost') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=_environment())
    assert found.stdout.strip() == "[]"


def _environment():
    import os

    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


@pytest.mark.parametrize("narrow", [0.0, 1e-12, 1e-8, 1e-4, 1e-3, 1e-2, 0.3, 30.0])
@pytest.mark.parametrize("level", [1e-6, 0.05, 0.5, 0.95])
@pytest.mark.parametrize("sums", [None, mixture_sums, compiled_sums])
def test_quantiles_are_right_also_where_components_are_narrow_and_far_apart(narrow, level, sums):
    # Between narrow components there is no density, and no step that leads out of there.
    rng = np.random.default_rng(3)
    mean, sd = 10.0 * rng.normal(size=(300, 4)), narrow * np.exp(rng.normal(size=(300, 4)))
    weight = np.array([0.02, 0.9, 0.08, 0.0])
    own = sums and partial(sums, mean=mean, per_sd=1.0 / np.maximum(sd, 1e-100), weight=weight)
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        found = mixture_quantile(mean, sd, weight, level, own)
    below, above = found - 1e-9 * (1 + np.abs(found)), found + 1e-9 * (1 + np.abs(found))
    for side, towards in ((below, 1), (above, -1)):
        reached = ndtr((side[:, None] - mean) / np.maximum(sd, 1e-100)) @ weight
        assert (towards * (level - reached) > -1e-12).all()


def test_the_quantile_of_three_narrow_components_is_in_the_middle_one():
    # 2 % lie at 0, 96 % at 1: the 5th percentile is at 1.
    found = mixture_quantile(np.array([[0.0, 1.0, 2.0]]), np.full((1, 3), 1e-8), np.array([0.02, 0.96, 0.02]), 0.05)
    assert found == pytest.approx([1.0], abs=1e-7)
