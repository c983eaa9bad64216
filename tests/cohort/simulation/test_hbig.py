from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq

from relapse_model.cohort.simulation.hbig import Kinetics, draw_kinetics, follow_dosing_rule, titre_of_dose

# Tmax in days, half-life in days, V/F in litres, and what one dose of 400 IU adds, in mIU/mL, at its peak and
# on days 14, 28, 42, 56, 84: a table that was computed from the
# labels of Nabi-HB and HepaGam B (midpoints here, hence the tolerance) and from Hooman 2008.
PUBLISHED = {
    "Nabi-HB": (6.5, 23.1, 11.2, (29, 25, 17, 11, 7, 3)),
    "HepaGam B": (4.5, 23.5, 7.5, (46.5, 37, 24.5, 16, 11, 4.5)),
    "Hooman": (5.0, 26.2, 4.72, (74, 61, 42, 29, 20, 10)),
}


def kinetics_of(t_max, half_life, volume):
    elimination = np.log(2) / half_life
    absorption = brentq(lambda ka: np.log(ka / elimination) / (ka - elimination) - t_max, 1.5 * elimination, 50)
    return Kinetics(elimination, absorption, volume)


@pytest.fixture(params=PUBLISHED)
def published(request):
    t_max, half_life, volume, rises = PUBLISHED[request.param]
    return t_max, kinetics_of(t_max, half_life, volume), rises


def test_rise_after_one_dose(published):
    t_max, kinetics, rises = published
    days = np.array([t_max, 14, 28, 42, 56, 84])
    assert np.allclose(titre_of_dose(days, 400.0, kinetics), rises, atol=1.0)


def test_the_peak_is_at_t_max(published):
    t_max, kinetics, _ = published
    around = titre_of_dose(np.array([t_max - 0.5, t_max, t_max + 0.5]), 400.0, kinetics)
    assert around.argmax() == 1


def four_weekly(kinetics, endogenous):
    weeks = np.arange(0.0, 49.0, 4.0)[None, :]
    ones = np.ones_like(weeks)
    measured, dosed = follow_dosing_rule(endogenous * ones, weeks, ones.astype(bool), ones, kinetics)
    return measured[0], dosed[0]


def test_without_own_antibody_every_visit_is_a_dose_and_none_reaches_100(published):
    measured, dosed = four_weekly(published[1], 0.0)
    assert dosed.sum() == 13  # weeks 0, 4, ..., 48
    assert measured.max() < 100


def test_with_own_antibody_of_100_only_the_first_dose(published):
    assert four_weekly(published[1], 100.0)[1].sum() == 1


def test_with_own_antibody_of_70_some_doses(published):
    assert 7 <= four_weekly(published[1], 70.0)[1].sum() <= 13  # section 5.2: 7-13 doses


def test_blood_is_drawn_before_the_dose(published):
    assert four_weekly(published[1], 30.0)[0][0] == 30.0


def test_who_is_not_eligible_gets_nothing():
    weeks = np.array([[0.0, 4.0]])
    kinetics = Kinetics(0.03, 0.6, 7.5)
    _, dosed = follow_dosing_rule(np.zeros((1, 2)), weeks, np.zeros((1, 2), bool), np.ones((1, 2)), kinetics)
    assert not dosed.any()


def test_equal_rates_have_a_limit():
    # As ka approaches k, ka/(ka - k) (exp(-k t) - exp(-ka t)) approaches k t exp(-k t).
    equal = titre_of_dose(np.array([10.0]), 400.0, Kinetics(0.1, 0.1, 8.0))
    assert np.allclose(equal, 400 / 8 * 0.1 * 10 * np.exp(-0.1 * 10))
    assert np.allclose(equal, titre_of_dose(np.array([10.0]), 400.0, Kinetics(0.1, 0.1 + 1e-9, 8.0)))


@given(
    days=st.floats(-50, 400),
    half_life=st.floats(5.9, 35),
    volume=st.floats(3, 20),
    absorption=st.floats(0.1, 3),
)
def test_rise_is_bounded_and_proportional_to_the_dose(days, half_life, volume, absorption):
    kinetics = Kinetics(np.log(2) / half_life, absorption, volume)
    rise = titre_of_dose(np.array([days]), 400.0, kinetics)[0]
    assert 0 <= rise <= 400 / volume  # never more than the whole dose in the volume
    assert (days > 0) == (rise > 0)
    assert np.isclose(titre_of_dose(np.array([days]), 800.0, kinetics)[0], 2 * rise)


def test_area_under_the_curve_is_dose_over_clearance():
    kinetics = Kinetics(np.log(2) / 24, 0.6, 7.5)
    days = np.linspace(0, 1000, 200_001)
    area = np.trapezoid(titre_of_dose(days, 400.0, kinetics), days)
    assert np.isclose(area, 400 / (7.5 * np.log(2) / 24), rtol=1e-4)


def test_variation_between_patients():
    kinetics = draw_kinetics(20_000, np.random.default_rng(3))
    half_life = np.log(2) / kinetics.elimination
    assert abs(np.median(half_life) - 24) < 0.3
    assert abs(half_life.std() / half_life.mean() - 0.25) < 0.01
    assert abs(np.median(kinetics.volume) - 7.5) < 0.15
    assert 1.0 <= kinetics.potency.min() <= kinetics.potency.max() <= 1.2
