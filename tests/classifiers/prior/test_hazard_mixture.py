"""Risks from draws of hazards: counted by hand for a few draws, and accurate at both ends of the scale."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit

from relapse_model.classifiers.prior import hazard_mixture
from relapse_model.classifiers.prior.hazard_mixture import (
    HazardMixture,
    draw_posterior,
    hazard_interval,
    hazard_moments,
    hazard_risk,
)
from relapse_model.errors import RelapseModelError

ENDS = np.array([12.0, 24.0, 48.0])


def mixture(draws, ends=ENDS, impute=(0.0,), center=(0.0,), scale=(1.0,)):
    """Return a mixture of which only the draws matter: levels, coefficients, and the normal for missing values."""
    draws = np.atleast_2d(np.asarray(draws, dtype=float))
    size = draws.shape[1] - 1
    levels = len(ends)
    return HazardMixture(
        np.zeros((1, levels)), np.zeros((1, size - levels)), np.eye(size)[None], np.ones(1), draws, np.asarray(ends),
        *(np.asarray(values, dtype=float) for values in (impute, center, scale)),
    )  # fmt: skip


def some_posterior(seed=0):
    """Return two components, of 2 intervals and 2 columns."""
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(2, 4, 4))
    mean = rng.normal(size=(2, 4)) - [2.0, 2.0, 0.0, 0.0]
    return mean, 0.1 * root @ root.transpose(0, 2, 1) + 0.02 * np.eye(4), np.array([0.3, 0.7])


# Draws


def test_draws_of_one_component_have_exactly_its_mean_and_covariance():
    mean, covariance, _ = some_posterior()
    found = draw_posterior(mean[:1], covariance[:1], np.ones(1), 60)
    assert found.shape == (60, 5)
    assert found.mean(axis=0) == pytest.approx([*mean[0], 0.0], abs=1e-9)
    expected = np.zeros((5, 5))
    expected[:4, :4] = covariance[0]
    expected[4, 4] = 1.0  # the normal for missing values goes with nothing
    assert np.cov(found.T, bias=True) == pytest.approx(expected, abs=1e-9)


def test_components_have_draws_by_their_weights():
    # Means 1000 apart: each draw tells where it is from. Of 100 draws a tenth, a half and four tenths.
    mean = np.array([[0.0], [1000.0], [2000.0]])
    found = draw_posterior(mean, np.ones((3, 1, 1)), np.array([0.1, 0.5, 0.4]), 100)
    assert np.bincount(np.round(found[:, 0] / 1000).astype(int)).tolist() == [10, 50, 40]


def test_a_component_without_weight_has_no_draw():
    found = draw_posterior(np.array([[0.0], [1000.0]]), np.ones((2, 1, 1)), np.array([1.0, 0.0]), 100)
    assert np.abs(found).max() < 10


def test_draws_come_in_pairs_on_either_side_of_a_mean():
    mean, covariance, weight = some_posterior()
    found = draw_posterior(mean, covariance, weight, 40)
    middle = 0.5 * (found[::2] + found[1::2])
    for pair in middle:
        assert np.abs(pair[:4] - mean).max(axis=1).min() < 1e-12
        assert pair[4] == 0.0


def test_the_same_posterior_gives_the_same_draws():
    posterior = some_posterior()
    assert np.array_equal(draw_posterior(*posterior, 200), draw_posterior(*posterior, 200))


def test_columns_of_any_size_can_be_drawn():
    # standard deviations 1e-12 and 1e12, correlation one half
    sd = np.array([1e-12, 1e12])
    covariance = np.outer(sd, sd) * [[1.0, 0.5], [0.5, 1.0]]
    found = draw_posterior(np.zeros((1, 2)), covariance[None], np.ones(1), 40)
    assert np.cov(found[:, :2].T / sd[:, None], bias=True) == pytest.approx(np.array([[1, 0.5], [0.5, 1]]), abs=1e-9)


@pytest.mark.parametrize("draws", [41, 18, 0, -20, 40.0, None])  # 4 dimensions and one more: at least 20
def test_draws_that_cannot_be_made_are_named(draws):
    with pytest.raises(RelapseModelError, match=r"draws is .*even number of at least 20"):
        draw_posterior(*some_posterior(), draws)


# Risks


def test_two_draws_by_hand():
    # Hazards 0.1, 0.2, 0.5 in the first draw and 0.2, 0.4, 0.6 in the second:
    # no event with chance 0.9, 0.72, 0.36 and 0.8, 0.48, 0.192; risks are one less their means.
    draws = np.column_stack([logit([[0.1, 0.2, 0.5], [0.2, 0.4, 0.6]]), np.zeros((2, 2))])
    free, risk = hazard_risk(mixture(draws), [[0.0]], ENDS)
    assert free == pytest.approx(np.array([[0.85, 0.6, 0.276]]), rel=1e-12)
    assert risk == pytest.approx(np.array([[0.15, 0.4, 0.724]]), rel=1e-12)


def test_within_an_interval_the_hazard_is_constant():
    # Hazards 0.19 and 0.36, whose complements have the roots 0.9 and 0.8: at half of each interval, and a quarter
    # through the third, of hazard 0.9375, of which the fourth root of the complement is 0.5.
    one = mixture([*logit([0.19, 0.36, 0.9375]), 0.0, 0.0])
    free = hazard_risk(one, [[0.0]], [6.0, 12.0, 18.0, 24.0, 30.0])[0]
    assert free == pytest.approx(np.array([[0.9, 0.81, 0.648, 0.5184, 0.2592]]), rel=1e-12)


def test_a_column_shifts_every_hazard_from_its_centre():
    # 2 per unit, from the centre 5: at 5.5 all log-odds are higher by 1
    one = mixture([-2.0, -1.0, 0.0, 2.0, 0.0], center=[5.0])
    expected = 1 - np.cumprod(1 - expit([-1.0, 0.0, 1.0]))
    assert hazard_risk(one, [[5.5]], ENDS)[1][0] == pytest.approx(expected, rel=1e-12)


def test_a_missing_value_has_the_median_and_adds_the_training_variance():
    # Draws +1 and -1 of the normal; coefficients 0.6 and 0.8 of columns with standard deviations 2 and 3.
    # One missing: 0.6 x (7 - 5) = 1.2 and 1.2 up or down. Both: sd = root of 1.2 ** 2 + 2.4 ** 2 = 1.2 x root of 5.
    settings = {"ends": [48.0], "impute": [7.0, 1.0], "center": [5.0, 1.0], "scale": [2.0, 3.0]}
    draws = [[-2.0, 0.6, 0.8, 1.0], [-2.0, 0.6, 0.8, -1.0]]
    risk = hazard_risk(mixture(draws, **settings), [[np.nan, 1.0], [np.nan, np.nan], [7.0, 1.0]], [48.0])[1][:, 0]
    reach = np.array([1.2, 1.2 * np.sqrt(5.0), 0.0])
    assert risk == pytest.approx((expit(-0.8 + reach) + expit(-0.8 - reach)) / 2, rel=1e-12)


def test_weeks_may_come_in_any_order_and_twice():
    draws = np.random.default_rng(0).normal(size=(30, 5))
    X, weeks = [[0.3], [-1.0]], np.array([48.0, 3.0, 24.0, 3.0, 30.0, 12.0])
    together = hazard_risk(mixture(draws), X, weeks)
    for place, week in enumerate(weeks):
        alone = hazard_risk(mixture(draws), X, [week])
        for name in (0, 1):
            assert together[name][:, place] == pytest.approx(alone[name][:, 0], rel=1e-12)


def test_risk_grows_with_the_week_and_adds_up():
    draws = np.random.default_rng(1).normal(size=(50, 5)) - 2.0
    X = np.random.default_rng(2).normal(size=(20, 1))
    free, risk = hazard_risk(mixture(draws), X, np.linspace(0.25, 48, 192))
    assert (np.diff(risk, axis=1) > 0).all()
    assert free + risk == pytest.approx(np.ones((20, 192)), abs=1e-12)


def test_small_risks_keep_their_digits():
    # Hazards of 1e-20: the risk is their sum, or its share, which one less a product would lose entirely.
    one = mixture([*[np.log(1e-20)] * 3, 0.0, 0.0])
    risk = hazard_risk(one, [[0.0]], [3.0, 12.0, 24.0, 48.0])[1]
    assert risk == pytest.approx(np.array([[0.25e-20, 1e-20, 2e-20, 3e-20]]), rel=1e-9)


def test_small_chances_of_no_event_keep_their_digits():
    # Odds of 1e20 in each interval: no event with chance 1e-20, 1e-40, 1e-60
    free = hazard_risk(mixture([*[np.log(1e20)] * 3, 0.0, 0.0]), [[0.0]], ENDS)[0]
    assert free == pytest.approx(np.array([[1e-20, 1e-40, 1e-60]]), rel=1e-9)


def test_certainty_stays_finite():
    one = mixture([0.0, 0.0, 0.0, 50.0, 1.0], scale=[1e3])
    free, risk = hazard_risk(one, [[1e30], [-1e30], [np.nan]], [1.0, 24.0, 48.0])
    assert np.isfinite(free).all()
    assert (free > 0).all()
    assert (risk > 0).all()
    assert risk[0] == pytest.approx([1.0] * 3)
    assert free[1] == pytest.approx([1.0] * 3)


def test_many_rows_are_those_of_each_row(monkeypatch):
    draws = np.random.default_rng(3).normal(size=(40, 5))
    X = np.random.default_rng(4).normal(size=(23, 1))
    X[5] = np.nan
    whole = hazard_risk(mixture(draws), X, ENDS)[1], hazard_interval(mixture(draws), X)
    monkeypatch.setattr(hazard_mixture, "_BLOCK_NUMBERS", 200)  # five rows at a time
    assert hazard_risk(mixture(draws), X, ENDS)[1] == pytest.approx(whole[0], rel=1e-12)
    assert hazard_interval(mixture(draws), X) == pytest.approx(whole[1], rel=1e-12)


@pytest.mark.parametrize("weeks", [[], [0.0], [-1.0, 12.0], [48.5], [np.nan], 24.0, [[24.0]]])
def test_weeks_of_which_nothing_was_learned_are_named(weeks):
    with pytest.raises(RelapseModelError, match=r"weeks .*above 0 and at most 48"):
        hazard_risk(mixture([0.0] * 5), [[0.0]], weeks)


def test_interval_is_that_of_the_draws():
    # 101 draws, evenly spaced: the 5th and 95th percentiles are the 6th and 96th of them
    level = np.linspace(-3, 1, 101)
    draws = np.column_stack([level, np.zeros((101, 2))])
    interval = hazard_interval(mixture(draws, ends=[48.0]), [[0.0]])
    assert interval == pytest.approx(expit(level[[5, 95]])[None], rel=1e-12)
    wide = hazard_interval(mixture(draws, ends=[48.0]), [[0.0]], level=0.98)
    assert wide == pytest.approx(expit(level[[1, 99]])[None], rel=1e-12)


@pytest.mark.parametrize("level", [0.0, 1.0, 90, np.nan])
def test_levels_that_are_none_are_named(level):
    with pytest.raises(RelapseModelError, match="level is"):
        hazard_interval(mixture([0.0] * 5), [[0.0]], level)


def test_moments_of_coefficients_by_hand():
    # Means 1 and 3 with weights 1/4 and 3/4: mean 2.5; variance 0.04 within and 0.75 between
    mean = np.array([[1.0], [3.0]])
    covariance = np.tile(np.diag([9.0, 0.04]), (2, 1, 1))
    one = HazardMixture(
        np.zeros((2, 1)), mean, covariance, np.array([0.25, 0.75]), np.zeros((8, 3)), np.array([48.0]), *np.ones((3, 1))
    )
    found = hazard_moments(one)
    assert found[0] == pytest.approx([2.5])
    assert found[1] == pytest.approx([np.sqrt(0.79)])
