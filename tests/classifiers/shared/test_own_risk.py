"""The interval of a patient's own risk: by hand, against simulated patients, never narrower than the mean's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit

from relapse_model.classifiers.shared.own_risk import own_risk_interval
from relapse_model.errors import RelapseModelError


def test_a_risk_known_for_certain_has_the_spread_of_the_residual():
    # Log-odds of 0 and an sd of 1: 1.645 on either side.
    found = own_risk_interval(np.array([0.5]), np.array([[0.5, 0.5]]), 1.0, 0.9)
    assert found[0].tolist() == pytest.approx([expit(-1.6449), expit(1.6449)], abs=1e-4)


def test_both_uncertainties_add_as_variances():
    # On the log-odds 0.3 from the interval and 1.645 * 0.2 from the residual; the factor is sqrt(1 + 0.3458 * 0.04).
    factor = np.sqrt(1 + 0.345843 * 0.04)
    found = own_risk_interval(np.array([expit(-2.0)]), expit(np.array([[-2.3, -1.7]])), 0.2, 0.9)
    away = np.hypot(0.3 * factor, 1.644854 * 0.2)
    assert logit(found[0]).tolist() == pytest.approx([-2 * factor - away, -2 * factor + away], abs=1e-5)


def test_without_a_residual_it_is_the_same_interval():
    given_interval = np.array([[0.1, 0.3]])
    assert own_risk_interval(np.array([0.2]), given_interval, 0.0, 0.9) is given_interval


@pytest.mark.parametrize("sd", [0.3, 0.5, 1.0])
@pytest.mark.parametrize("risk", [0.03, 0.15, 0.5, 0.8])
def test_patients_whose_mean_risk_is_the_given_one_lie_in_it_as_often_as_it_says(risk, sd):
    # Normal log-odds around the middle that has this mean risk exactly, found by halving.
    deviates = np.sort(np.random.default_rng(0).standard_normal(40_001)) * sd
    low, high = -20.0, 20.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if expit(middle + deviates).mean() < risk else (low, middle)
    own = expit(low + deviates)
    lower, upper = own_risk_interval(np.array([risk]), np.array([[risk, risk]]), sd, 0.9)[0]
    assert np.mean((lower <= own) & (own <= upper)) == pytest.approx(0.9, abs=0.01)


@given(st.floats(0.01, 0.99), st.floats(0.0, 2.0), st.floats(0.0, 2.0), st.floats(0.01, 1.5))
def test_it_is_wider_on_the_log_odds_and_holds_the_risk(risk, below, above, sd):
    at = logit(risk)
    interval = expit(np.array([[at - below, at + above]]))
    found = logit(own_risk_interval(np.array([risk]), interval, sd, 0.9)[0])
    assert found[1] - found[0] > below + above
    assert found[0] < at < found[1]


@pytest.mark.parametrize(("sd", "level"), [(-0.1, 0.9), (np.nan, 0.9), (np.inf, 0.9), (0.5, 1.0)])
def test_other_settings_are_refused(sd, level):
    with pytest.raises(RelapseModelError, match=r"residual_sd|level"):
        own_risk_interval(np.array([0.2]), np.array([[0.1, 0.3]]), sd, level)


def test_an_unknown_limit_stays_unknown():
    assert np.isnan(own_risk_interval(np.array([0.2]), np.full((1, 2), np.nan), 0.5, 0.9)).all()
