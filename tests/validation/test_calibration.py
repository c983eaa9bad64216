"""Calibration against closed forms, independent fits and models known by construction."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import CubicSpline
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.validation import smooth_calibration
from relapse_model.validation.calibration import (
    calibration_intercept,
    calibration_slope,
    observed_expected,
)
from relapse_model.validation.smooth_calibration import calibration_curve, ici_e50_e90

MEASURES = [calibration_intercept, calibration_slope, calibration_curve, ici_e50_e90]


def expit(x):
    return 1 / (1 + np.exp(-np.asarray(x)))


def logit(p):
    return np.log(np.asarray(p) / (1 - np.asarray(p)))


def simulated(n=400, intercept=0.0, slope=1.0, seed=0):
    """Outcomes whose true log odds are intercept + slope * logit risk."""
    rng = np.random.default_rng(seed)
    risk = expit(rng.normal(-1.2, 1.0, n))
    return (rng.random(n) < expit(intercept + slope * logit(risk))).astype(float), risk


def fitted(design, y, w, offset=0.0):
    """Maximum likelihood by a general optimiser: the oracle."""

    def loss(beta):
        eta = offset + design @ beta
        return w @ (np.logaddexp(0, eta) - y * eta) / w.sum()

    def gradient(beta):
        return design.T @ (w * (expit(offset + design @ beta) - y)) / w.sum()

    return minimize(loss, np.zeros(design.shape[1]), jac=gradient, method="BFGS", options={"gtol": 1e-9}).x


def test_intercept_has_a_closed_form_for_a_constant_risk():
    # Risk 0.2 for all, 3 of 10 relapse: intercept logit 0.3 - logit 0.2, variance 1 / (10 x 0.3 x 0.7).
    estimate = calibration_intercept(np.repeat([1, 0], [3, 7]), np.full(10, 0.2))
    assert estimate.value == pytest.approx(logit(0.3) - logit(0.2))
    assert estimate.upper - estimate.value == pytest.approx(1.959964 / math.sqrt(2.1), rel=1e-6)
    assert estimate.method == "Wald"


def test_weighted_intercept_has_the_sandwich_variance():
    # Weights 3 and 1: share 3/5 of weight 5. Sandwich: sum w^2 (y - phi)^2 / (W phi (1 - phi))^2.
    estimate = calibration_intercept([1, 0, 0], np.full(3, 0.5), weight=[3, 1, 1])
    variance = (9 * 0.4**2 + 2 * 0.6**2) / (5 * 0.24) ** 2
    assert estimate.value == pytest.approx(logit(0.6))
    assert estimate.upper - estimate.value == pytest.approx(1.959964 * math.sqrt(variance), rel=1e-6)
    assert "sandwich" in estimate.method


def test_slope_has_a_closed_form_for_two_risks():
    # 2 of 10 relapse at risk 0.3 and 5 of 10 at 0.6: difference of observed over that of predicted logits.
    y = np.concatenate([np.repeat([1, 0], [2, 8]), np.repeat([1, 0], [5, 5])])
    estimate = calibration_slope(y, np.repeat([0.3, 0.6], 10))
    width = logit(0.6) - logit(0.3)
    assert estimate.value == pytest.approx((logit(0.5) - logit(0.2)) / width)
    error = math.sqrt(1 / (10 * 0.2 * 0.8) + 1 / (10 * 0.5 * 0.5)) / width
    assert estimate.upper - estimate.value == pytest.approx(1.959964 * error, rel=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_slope_and_intercept_are_those_of_an_unpenalised_fit(seed):
    y, p = simulated(300, intercept=-0.4, slope=0.7, seed=seed)
    w = np.random.default_rng(seed).uniform(1, 3, y.size)
    with_slope = np.column_stack([np.ones(y.size), logit(p)])
    assert calibration_slope(y, p, w).value == pytest.approx(fitted(with_slope, y, w)[1], abs=1e-5)
    alone = fitted(np.ones((y.size, 1)), y, w, offset=logit(p))[0]
    assert calibration_intercept(y, p, w).value == pytest.approx(alone, abs=1e-5)
    model = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-10)
    model.fit(logit(p)[:, None], y, sample_weight=w)
    assert calibration_slope(y, p, w).value == pytest.approx(model.coef_[0, 0], abs=1e-6)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000), st.floats(0.25, 4), st.floats(-2, 2))
def test_changes_of_the_logit_are_read_off_exactly(seed, stretch, shift):
    y, p = simulated(200, seed=seed)
    slope, changed = calibration_slope(y, p), calibration_slope(y, expit(stretch * logit(p) + shift))
    assert changed.value == pytest.approx(slope.value / stretch, rel=1e-5, abs=1e-7)
    assert changed.upper == pytest.approx(slope.upper / stretch, rel=1e-5, abs=1e-7)
    shifted = calibration_intercept(y, expit(logit(p) + shift))
    assert shifted.value == pytest.approx(calibration_intercept(y, p).value - shift, abs=1e-6)


def test_recalibrated_risks_have_slope_one_and_intercept_zero():
    y, p = simulated(slope=0.5)
    beta = fitted(np.column_stack([np.ones(y.size), logit(p)]), y, np.ones(y.size))
    recalibrated = expit(beta[0] + beta[1] * logit(p))
    assert calibration_slope(y, recalibrated).value == pytest.approx(1, abs=1e-5)
    assert calibration_intercept(y, recalibrated).value == pytest.approx(0, abs=1e-5)
    assert observed_expected(y, recalibrated).value == pytest.approx(1, abs=1e-5)


def test_doubled_logits_halve_the_slope_and_overconfidence_is_below_one():
    y, p = simulated(20_000, seed=1)
    estimate = calibration_slope(y, expit(2 * logit(p)))
    assert estimate.lower < 0.5 < estimate.upper
    assert estimate.upper < 1


def test_known_model_is_found_in_a_large_sample():
    y, p = simulated(50_000, intercept=0.3, slope=0.8, seed=2)
    slope = calibration_slope(y, p)
    assert slope.lower < 0.8 < slope.upper
    assert slope.upper - slope.lower < 0.1


@pytest.mark.parametrize("measure", [calibration_intercept, calibration_slope, observed_expected])
def test_weights_of_one_change_the_variance_only_a_little_and_the_value_not(measure):
    y, p = simulated(2000)
    plain, weighted = measure(y, p), measure(y, p, np.ones(y.size))
    assert weighted.value == pytest.approx(plain.value)
    assert weighted.upper - weighted.lower == pytest.approx(plain.upper - plain.lower, rel=0.1)


@pytest.mark.parametrize("measure", MEASURES)
def test_size_of_the_weights_does_not_matter_but_their_shares_do(measure):
    y, p = simulated()
    w = np.random.default_rng(1).uniform(1, 3, y.size)

    def figures(weight):
        result = measure(y, p, weight)
        return np.concatenate([np.ravel(v) for v in vars(result).values() if not isinstance(v, str)])

    np.testing.assert_allclose(figures(7 * w), figures(w), rtol=1e-6, atol=1e-9)
    assert not np.allclose(figures(w**2), figures(w), rtol=1e-4)


@pytest.mark.parametrize("measure", [*MEASURES, observed_expected])
def test_lost_patients_do_not_count(measure):
    y, p = simulated()
    w = np.random.default_rng(1).uniform(1, 3, y.size)
    with_lost = measure(np.append(y, np.nan), np.append(p, 0.999), np.append(w, 0))
    for name, value in vars(measure(y, p, w)).items():
        np.testing.assert_array_equal(getattr(with_lost, name), value)


def test_extreme_offsets_still_have_an_intercept():
    # Risks of 1e-9 where 3 of 10 relapse: a Newton step from 0 would be far too long.
    estimate = calibration_intercept(np.repeat([1, 0], [3, 7]), np.full(10, 1e-9))
    assert estimate.value == pytest.approx(logit(0.3) - logit(1e-9), rel=1e-9)
    low = calibration_intercept(np.repeat([1, 0], [3, 7]), np.full(10, 1 - 1e-9))
    assert low.value == pytest.approx(logit(0.3) - logit(1 - 1e-9), rel=1e-9)


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("certain", [0.0, 1.0])
def test_certainty_is_a_named_refusal(measure, certain):
    y, p = simulated()
    with pytest.raises(RelapseModelError, match="1 of 400 risks are exactly 0 or 1"):
        measure(y, np.concatenate([p[:-1], [certain]]))


@pytest.mark.parametrize("measure", [*MEASURES, observed_expected])
@pytest.mark.parametrize("outcome", [0, 1])
def test_one_outcome_alone_is_a_named_refusal(measure, outcome):
    with pytest.raises(InsufficientDataError, match="patients with the outcome"):
        measure(np.full(50, outcome), np.linspace(0.1, 0.6, 50))


@pytest.mark.parametrize(
    ("relapse", "risk"),
    [
        ([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.4]),  # complete separation
        ([0, 0, 1, 1], [0.4, 0.3, 0.2, 0.1]),  # the wrong way round
        ([0, 0, 1, 1], [0.1, 0.2, 0.2, 0.4]),  # quasi-complete: they touch at 0.2
    ],
)
def test_separation_has_no_slope(relapse, risk):
    with pytest.raises(InsufficientDataError, match="separate"):
        calibration_slope(relapse, risk)
    assert math.isfinite(calibration_intercept(relapse, risk).value)  # the intercept exists


def test_slope_is_refused_exactly_when_the_outcomes_are_separated():
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(300):
        n = int(rng.integers(4, 60))
        p = expit(rng.normal(rng.normal(0, 3), rng.uniform(0.001, 6), n))
        y = (rng.random(n) < expit(rng.uniform(0.2, 3) * logit(p))).astype(float)
        y[:2] = 0, 1
        separated = p[y == 1].min() >= p[y == 0].max() or p[y == 1].max() <= p[y == 0].min()
        try:
            calibration_slope(y, p)
        except InsufficientDataError:
            refused += 1
            assert separated
        else:
            assert not separated
        assert math.isfinite(calibration_intercept(y, p).value)
    assert 10 < refused < 290  # both happened


def test_constant_risk_has_no_slope_and_too_few_risks_no_curve():
    with pytest.raises(InsufficientDataError, match="same risk"):
        calibration_slope([0, 1, 0, 1], np.full(4, 0.3))
    y, _ = simulated(60)
    with pytest.raises(InsufficientDataError, match="2 distinct risks in 60 patients"):
        calibration_curve(y, np.where(np.arange(60) < 30, 0.2, 0.4))


def test_observed_over_expected_by_hand():
    # 4 of 10 relapse, 2 expected: 2.0; standard error of the log sqrt(0.6 / 4).
    estimate = observed_expected(np.repeat([1, 0], [4, 6]), np.full(10, 0.2))
    reach = 1.959964 * math.sqrt(0.15)
    assert (estimate.value, estimate.lower, estimate.upper) == pytest.approx(
        (2, 2 * math.exp(-reach), 2 * math.exp(reach)), rel=1e-6
    )


def test_weighted_observed_over_expected_has_the_sandwich_variance():
    # Observed 3, expected 0.3 x 5; share 3/5: variance of the log (9 x 0.4^2 + 2 x 0.6^2) / 3^2.
    estimate = observed_expected([1, 0, 0], np.full(3, 0.3), weight=[3, 1, 1])
    reach = 1.959964 * math.sqrt((9 * 0.16 + 2 * 0.36) / 9)
    assert (estimate.value, estimate.upper) == pytest.approx((2, 2 * math.exp(reach)), rel=1e-6)
    assert "sandwich" in estimate.method


def test_observed_over_expected_accepts_certainty_but_not_all_zero():
    assert observed_expected([1, 0], [1.0, 0.0]).value == 1
    with pytest.raises(InsufficientDataError, match="all risks are 0"):
        observed_expected([1, 0], [0.0, 0.0])


def natural_spline(x, knots):
    """The same space of functions from SciPy's natural cubic splines, continued as straight lines."""
    splines = CubicSpline(knots, np.eye(knots.size), bc_type="natural")
    inside = np.clip(x, knots[0], knots[-1])
    return splines(inside) + (x - inside)[:, None] * splines(inside, 1)


def test_curve_is_a_logistic_natural_spline():
    y, p = simulated(800, slope=0.6, seed=4)
    w = np.random.default_rng(4).uniform(1, 3, y.size)
    x = logit(p)
    knots = np.quantile(x, [0.05, 0.35, 0.65, 0.95])
    beta = fitted(natural_spline(x, knots), y, w)
    curve = calibration_curve(y, p, w, points=25)
    np.testing.assert_allclose(curve.observed, expit(natural_spline(logit(curve.risk), knots) @ beta), atol=1e-5)
    distance = np.abs(p - expit(natural_spline(x, knots) @ beta))
    assert ici_e50_e90(y, p, w).ici == pytest.approx(np.average(distance, weights=w), abs=1e-5)
    unweighted = np.abs(p - expit(natural_spline(x, knots) @ fitted(natural_spline(x, knots), y, np.ones(800))))
    indices = ici_e50_e90(y, p)
    expected = (unweighted.mean(), np.median(unweighted), np.quantile(unweighted, 0.9))
    assert (indices.ici, indices.e50, indices.e90) == pytest.approx(expected, abs=1e-5)


def test_curve_spans_the_risks_and_counts_the_patients():
    y, p = simulated()
    curve = calibration_curve(y, p, points=11)
    assert (curve.risk[0], curve.risk[-1]) == (p.min(), p.max())
    assert (curve.n, curve.events, curve.risk.size) == (400, int(y.sum()), 11)
    assert np.all((curve.lower < curve.observed) & (curve.observed < curve.upper))


def test_mean_of_the_fitted_curve_is_the_observed_share():
    # A property of any logistic regression with an intercept.
    y, p = simulated(slope=0.5)
    spline = smooth_calibration._fit_spline(y, p, None)
    assert spline.at(p, 0.95)[0].mean() == pytest.approx(y.mean())


def test_ici_is_small_for_the_truth_and_large_for_a_shift():
    y, p = simulated(40_000, seed=3)
    assert ici_e50_e90(y, p).ici < 0.01
    # Everybody 0.2 too high: the distance is 0.2 nearly everywhere.
    shifted = ici_e50_e90(y, p * 0.75 + 0.2)
    assert shifted.ici == pytest.approx(np.mean(0.2 - 0.25 * p), abs=0.01)
    assert shifted.e50 < shifted.e90


def test_weighted_quantiles():
    values, shares = np.array([4.0, 1, 3, 2]), (0.0, 0.25, 0.5, 0.9, 1.0)
    # Equal weights: those of NumPy. Weights 1, 2, 1 at 1, 2, 3: middles 0.5, 2, 3.5, so that 1/4 is at 1.5.
    np.testing.assert_allclose(
        smooth_calibration._weighted_quantiles(values, np.full(4, 2.5), shares), np.quantile(values, shares)
    )
    np.testing.assert_allclose(
        smooth_calibration._weighted_quantiles(np.array([1.0, 2, 3]), np.array([1.0, 2, 1]), (0.25, 0.5)), [1.5, 2]
    )


@pytest.mark.slow
def test_intervals_keep_their_level():
    # 1000 replicates of 400 patients: standard error of a coverage 0.7 %.
    covered = {"slope": 0, "intercept": 0, "ratio": 0, "weighted slope": 0, "curve": 0}
    for seed in range(1000):
        y, p = simulated(400, seed=seed)
        w = np.random.default_rng(seed).choice([1.0, 2.0, 4.0], y.size)
        for name, estimate, truth in [
            ("slope", calibration_slope(y, p), 1),
            ("intercept", calibration_intercept(y, p), 0),
            ("ratio", observed_expected(y, p), 1),
            ("weighted slope", calibration_slope(y, p, w), 1),
        ]:
            covered[name] += estimate.lower <= truth <= estimate.upper
        curve = calibration_curve(y, p, points=3)
        covered["curve"] += curve.lower[1] <= curve.risk[1] <= curve.upper[1]
    assert all(925 <= count <= 985 for count in covered.values()), covered


def test_a_curve_of_fewer_patients_than_coefficients_is_refused():
    with pytest.raises(InsufficientDataError, match="3 patients for 4 coefficients"):
        calibration_curve([1, 0, 0], [0.1, 0.2, 0.3])


def test_a_curve_of_nearly_equal_risks_is_refused():
    """Differences in the ninth digit leave the spline no variance but what rounding makes, of either sign."""
    relapse = np.tile([1.0, 0, 0, 0], 30)
    refused = 0
    for scale in 10.0 ** -np.arange(6, 13):
        risk = 0.3 + scale * np.arange(120)
        try:
            found = calibration_curve(relapse, risk)
        except InsufficientDataError:
            refused += 1
        else:
            assert np.isfinite(found.lower).all()
            assert np.isfinite(found.upper).all()
    assert refused > 0
