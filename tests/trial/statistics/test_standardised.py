"""Standardised risks: golden values, the unadjusted case by hand, bootstrap, and refusals that name the column."""

from __future__ import annotations

import numpy as np
import pytest
from trial132 import trial132

from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.trial.statistics import standardised_contrast
from relapse_model.validation.ipcw import censoring_weights

T = trial132()
CENTRES = np.column_stack([T.centre == "B", T.centre == "C"]).astype(float)


def test_golden():
    found = standardised_contrast(T.relapse, T.arm, T.x)  # R package RobinCar2 0.2.3.9000, robin_glm, vcovG
    assert (found.control_risk, found.treatment_risk) == pytest.approx((0.214496280823, 0.104470249702), rel=1e-6)
    assert found.contrast.value == pytest.approx(-0.110026031121, rel=1e-6)
    assert found.contrast.standard_error == pytest.approx(0.0609681156886, rel=1e-6)
    assert found.contrast.p_value == pytest.approx(0.0711296712, rel=1e-6)
    ratio = standardised_contrast(T.relapse, T.arm, T.x, measure="risk_ratio").contrast
    assert np.log(ratio.value) == pytest.approx(-0.719390060372, rel=1e-6)
    assert ratio.standard_error**2 == pytest.approx(0.168944406128, rel=1e-6)


def test_golden_centres_and_blocks():
    columns = np.column_stack([T.x, CENTRES])
    found = standardised_contrast(T.relapse, T.arm, columns, strata=T.centre).contrast
    assert found.value == pytest.approx(-0.110049760418, rel=1e-6)
    assert found.standard_error**2 == pytest.approx(0.00371780565237, rel=1e-6)
    # With the strata in the model blocks explain nothing more; without them they do.
    assert standardised_contrast(T.relapse, T.arm, columns).contrast.standard_error == pytest.approx(
        found.standard_error, rel=1e-6
    )
    free, blocked = (standardised_contrast(T.relapse, T.arm, T.x, strata=s).contrast for s in (None, T.centre))
    assert blocked.standard_error < free.standard_error


def test_golden_unadjusted_is_the_plain_difference():
    found = standardised_contrast(T.relapse, T.arm).contrast
    assert found.value == pytest.approx(-0.106060606061, rel=1e-6)
    assert found.standard_error**2 == pytest.approx(0.00402980857526, rel=1e-6)
    by_hand = 7 / 66 * 59 / 66 / 65 + 14 / 66 * 52 / 66 / 65
    assert found.standard_error**2 == pytest.approx(by_hand, rel=1e-9)


def test_turning_the_arms_round_turns_the_difference():
    one, other = (standardised_contrast(T.relapse, arm, T.x).contrast for arm in (T.arm, 1 - T.arm))
    assert (other.value, other.standard_error) == pytest.approx((-one.value, one.standard_error))


def test_the_standard_error_is_that_of_the_bootstrap():
    rng = np.random.default_rng(0)
    x = rng.normal(size=400)
    arm = np.tile([1, 0], 200)
    y = (rng.random(400) < 1 / (1 + np.exp(1 + 0.5 * arm - 1.2 * x))).astype(int)
    found = standardised_contrast(y, arm, x).contrast
    drawn = [rng.integers(0, 400, 400) for _ in range(400)]
    values = [standardised_contrast(y[rows], arm[rows], x[rows]).contrast.value for rows in drawn]
    assert found.standard_error == pytest.approx(np.std(values), rel=0.12)
    assert found.standard_error < 0.95 * standardised_contrast(y, arm).contrast.standard_error


def test_a_column_that_separates_is_named():
    names = ["x", "marker"]
    marker = T.relapse + 0.1 * T.x
    with pytest.raises(InsufficientDataError, match="'marker' separates the 21 patients with the event from the 111"):
        standardised_contrast(T.relapse, T.arm, np.column_stack([T.x, T.relapse * 3 + 0.01 * marker]), names=names)


def test_refusals():
    with pytest.raises(RelapseModelError, match="2 of 132 are unknown"):
        standardised_contrast(np.where(np.arange(132) < 2, np.nan, T.relapse), T.arm, T.x)
    with pytest.raises(InsufficientDataError, match="0 of 66 patients of the treatment arm had the event"):
        standardised_contrast(T.relapse * (1 - T.arm), T.arm, T.x)
    with pytest.raises(RelapseModelError, match=r"the columns 'a', 'b' \(or one and the arm\) say the same"):
        standardised_contrast(T.relapse, T.arm, np.column_stack([T.x, 3 - T.x]), names=["a", "b"])
    with pytest.raises(RelapseModelError, match=r"'age' \(1\)"):
        standardised_contrast(T.relapse, T.arm, np.where(np.arange(132) < 1, np.nan, T.x), names=["age"])
    with pytest.raises(InsufficientDataError, match="strata 'D' have patients of one arm only"):
        standardised_contrast(T.relapse, T.arm, T.x, strata=np.where(np.arange(132) == 1, "D", T.centre))


def test_weighted_for_losses_and_without_columns_it_is_kaplan_meier():
    """Inverse weights by arm give the Kaplan-Meier risks (R survival: 0.219834710744, 0.109195402299)."""
    weights = censoring_weights(T.week, T.event, 48, T.arm)
    found = standardised_contrast(T.event, T.arm, weights=weights)
    assert (found.control_risk, found.treatment_risk) == pytest.approx((0.219834710744, 0.109195402299), rel=1e-9)
    greenwood = np.array([0.0390123190482, 0.0520385602014])
    errors = np.sqrt(np.diag(found.covariance))
    assert (errors > 0.99 * greenwood).all()  # known weights are no more precise than estimated ones
    assert (errors < 1.06 * greenwood).all()


def test_equal_weights_are_none():
    plain = standardised_contrast(T.relapse, T.arm, T.x)
    equal = standardised_contrast(T.relapse, T.arm, T.x, weights=np.full(132, 3.0))
    assert equal.contrast.value == pytest.approx(plain.contrast.value, rel=1e-12)
    assert equal.contrast.standard_error == pytest.approx(plain.contrast.standard_error, rel=0.02)


def test_an_outcome_of_weight_0_is_not_read():
    weights = censoring_weights(T.week, T.event, 48, T.arm)
    one = standardised_contrast(T.event, T.arm, T.x, weights=weights).contrast
    other = standardised_contrast(np.where(weights == 0, 1, T.event), T.arm, T.x, weights=weights).contrast
    assert (one.value, one.lower) == (other.value, other.lower)


def test_losses_that_differ_by_arm_leave_the_adjusted_risks_unbiased():
    """No effect; 40 % of controls lost at random, nobody of the treated: the known alone show a difference."""
    rng = np.random.default_rng(4)
    size = 40_000
    arm, x = np.repeat([1, 0], size // 2), rng.normal(size=size)
    failing = rng.random(size) < 1 / (1 + np.exp(1.5 - x))
    when = np.where(failing, np.ceil(12 * rng.random(size)) * 4, 48.0)
    leaving = np.where((arm == 0) & (rng.random(size) < 0.4), np.floor(12 * rng.random(size)) * 4, np.inf)
    time, event = np.minimum(when, leaving), (failing & (when <= leaving)).astype(float)
    known = when <= leaving
    weighted = standardised_contrast(event, arm, x, weights=censoring_weights(time, event, 48, arm)).contrast
    known_alone = standardised_contrast(event[known], arm[known], x[known]).contrast
    assert known_alone.upper < -0.01
    assert abs(weighted.value) < 0.01
    assert weighted.lower < 0 < weighted.upper


@pytest.mark.parametrize("weights", [np.ones(5), np.full(132, -1.0), np.full(132, np.nan)])
def test_weights_that_are_none(weights):
    with pytest.raises(RelapseModelError, match="at least 0 for every patient"):
        standardised_contrast(T.event, T.arm, T.x, weights=weights)
