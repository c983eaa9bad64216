from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from relapse_model.cohort.simulation.baseline import draw_baseline
from relapse_model.cohort.simulation.relapse_times import (
    draw_relapse_weeks,
    intercept,
    log_relative_hazard,
    relapse_risk,
    solve_increasing,
)
from relapse_model.cohort.simulation.settings import SimulationSettings, complete_coefficients
from relapse_model.cohort.simulation.tables import draw_latent, make_streams

N = 40_000


def latent(**changes):
    non_linear = changes.get("non_linear", False)
    changes["coefficients"] = complete_coefficients(changes.get("coefficients"), non_linear)
    settings = SimulationSettings(**changes)
    return draw_latent(N, settings, make_streams(N, 21))


def auc(score, event):
    """The probability that a case scores above a non-case, by rank sum; scores have no ties."""
    rank = np.empty(len(score))
    rank[np.argsort(score)] = np.arange(1, len(score) + 1)
    cases = event.sum()
    return (rank[event].sum() - cases * (cases + 1) / 2) / (cases * (len(score) - cases))


@pytest.mark.parametrize("control_risk", [0.08, 0.18, 0.25])
@pytest.mark.parametrize("non_linear", [False, True])
def test_control_arm_reaches_the_risk_asked_for(control_risk, non_linear):
    cohort = latent(control_risk=control_risk, non_linear=non_linear)
    control = ~cohort.baseline.hbig
    event = cohort.relapse_weeks[control] <= 48
    assert abs(event.mean() - control_risk) < 4 * np.sqrt(control_risk * (1 - control_risk) / control.sum())
    # The mean true risk has only the covariates' sampling error, here and in the sample it was calibrated on.
    risk = cohort.true_risk[control]
    assert abs(risk.mean() - control_risk) < 4 * risk.std() * np.sqrt(1 / control.sum() + 1 / 50_000)


@pytest.mark.parametrize("weibull_shape", [0.4, 1.0])
def test_true_risk_is_the_share_that_relapses_at_every_level_of_risk(weibull_shape):
    cohort = latent(weibull_shape=weibull_shape)
    event = cohort.relapse_weeks <= 48
    for group in np.array_split(np.argsort(cohort.true_risk), 10):
        expected = cohort.true_risk[group].mean()
        assert abs(event[group].mean() - expected) < 4 * np.sqrt(expected * (1 - expected) / len(group))


def test_oracle_discrimination_is_modest():
    # Section 7 derives 0.75 at a control risk of 11 %, without the small terms and with less spread in HBsAg
    # before treatment.
    cohort = latent(control_risk=0.11)
    control = ~cohort.baseline.hbig
    assert 0.73 < auc(cohort.true_risk[control], cohort.relapse_weeks[control] <= 48) < 0.79


def test_without_effects_the_oracle_knows_the_delay_only():
    none = dict.fromkeys(
        ("anti_hbs", "consolidation_weeks", "hbsag_before_treatment", "age_years", "male", "hbcrag"), 0
    )
    cohort = latent(coefficients=none, hbig_hazard_ratio=1.0)
    order = np.argsort(cohort.baseline.weeks_since_pegifn, kind="stable")
    # A falling hazard and a later start: the later a patient enrols, the lower the risk.
    assert (np.diff(cohort.true_risk[order]) <= 1e-12).all()
    constant = latent(coefficients=none, hbig_hazard_ratio=1.0, weibull_shape=1.0)
    assert np.ptp(constant.true_risk) < 1e-12  # a constant hazard forgets the start


def test_hbig_multiplies_the_hazard():
    with_effect, without = latent(hbig_hazard_ratio=0.4), latent(hbig_hazard_ratio=1.0)
    ratio = np.log1p(-with_effect.true_risk) / np.log1p(-without.true_risk)
    assert np.allclose(ratio[with_effect.baseline.hbig], 0.4)
    assert np.allclose(ratio[~with_effect.baseline.hbig], 1.0)


@pytest.mark.parametrize("non_linear", [False, True])
def test_each_coefficient_moves_the_truth(non_linear):
    default = latent(non_linear=non_linear)
    for name, value in complete_coefficients(None, non_linear):
        changed = latent(non_linear=non_linear, coefficients={name: value + 0.3})
        assert np.abs(changed.true_risk - default.true_risk).max() > 0.001, name


def patient(**values):
    """One patient at the centring values, but for `values`."""
    one = draw_baseline(1, 1, np.random.default_rng(0))
    centre = {"anti_hbs": 10**1.4 - 1, "consolidation_weeks": 12, "hbsag_before": 10**1.5, "age_years": 39.0}
    centre |= {"male": False, "hbcrag": 2.36}
    typed = {name: np.array([value]) for name, value in {**centre, **values}.items()}
    return replace(one, **typed)


def log_hazard_ratio(non_linear, **values):
    settings = SimulationSettings(non_linear=non_linear, coefficients=complete_coefficients(None, non_linear))
    return (log_relative_hazard(patient(**values), settings) - log_relative_hazard(patient(), settings))[0]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"anti_hbs": 10**2.4 - 1}, -0.75),  # one log10 more antibody
        ({"consolidation_weeks": 22}, -0.30),  # ten weeks more
        ({"hbsag_before": 10**2.5}, 0.25),
        ({"age_years": 49.0}, -0.10),
        ({"male": True}, 0.10),
        ({"hbcrag": 3.36}, 0.20),
    ],
)
def test_linear_effects(values, expected):
    assert np.isclose(log_hazard_ratio(False, **values), expected)


def test_non_linear_effects():
    # Antibody counts as 3 x/(x + 100): from 25 to infinity there are 3 * (1 - 25/125) = 2.4 left, roughly.
    base = 10**1.4 - 1
    assert np.isclose(log_hazard_ratio(True, anti_hbs=1e9), -0.75 * 3 * (1 - base / (base + 100)), atol=1e-6)
    # Consolidation stops counting at 24 weeks.
    assert np.isclose(log_hazard_ratio(True, consolidation_weeks=60), -0.03 * 12)
    # Short consolidation without antibody: both main effects, and 0.5 on top.
    both = log_hazard_ratio(True, anti_hbs=0.0, consolidation_weeks=0)
    alone = log_hazard_ratio(True, anti_hbs=0.0) + log_hazard_ratio(True, consolidation_weeks=0)
    assert np.isclose(both - alone, 0.5)


def test_true_risk_follows_the_formula():
    settings = SimulationSettings()
    one = replace(patient(), weeks_since_pegifn=np.array([10.0]), hbig=np.array([True]))
    year = 365.25 / 7
    exposure = (58 / year) ** 0.6 - (10 / year) ** 0.6
    rate = 0.7 * np.exp(intercept(settings) + log_relative_hazard(one, settings)[0])
    assert np.isclose(relapse_risk(one, settings)[0], 1 - np.exp(-rate * exposure))


def test_risk_grows_with_the_horizon_and_follow_up_sets_it():
    settings = SimulationSettings(follow_up_weeks=96)
    sample = draw_baseline(100, 3, np.random.default_rng(5))
    risks = np.array([relapse_risk(sample, settings, weeks) for weeks in (0.0, 24.0, 48.0, 96.0)])
    assert (risks[0] == 0).all()
    assert (np.diff(risks, axis=0) > 0).all()
    assert (relapse_risk(sample, settings) == risks[3]).all()
    assert (relapse_risk(sample, SimulationSettings()) == risks[2]).all()


def test_everybody_is_free_of_relapse_at_enrolment():
    settings = SimulationSettings(control_risk=0.95, weibull_shape=0.3)
    sample = draw_baseline(5000, 1, np.random.default_rng(5))
    assert (draw_relapse_weeks(sample, settings, np.random.default_rng(6)) > 0).all()


def test_a_hazard_of_next_to_nothing_never_relapses():
    settings = SimulationSettings(hbig_hazard_ratio=1e-300)
    sample = replace(patient(), hbig=np.array([True]))
    assert draw_relapse_weeks(sample, settings, np.random.default_rng(6))[0] > 1e100


def test_the_intercept_needs_no_seed_and_is_kept():
    settings = SimulationSettings(control_risk=0.123)
    first = intercept(settings)
    hits = intercept.cache_info().hits
    assert intercept(SimulationSettings(control_risk=0.123)) == first
    assert intercept.cache_info().hits == hits + 1


def test_bisection():
    assert np.isclose(solve_increasing(lambda x: x**3, 8.0, -50, 50), 2.0)
