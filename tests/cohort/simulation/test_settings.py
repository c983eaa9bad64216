from __future__ import annotations

import math

import pytest

from relapse_model.cohort.simulation import simulate_tables
from relapse_model.cohort.simulation.settings import LINEAR, NON_LINEAR, SimulationSettings, complete_coefficients
from relapse_model.errors import RelapseModelError


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("control_risk", 0.0),  # nobody relapses: no intercept gives that
        ("control_risk", 1.0),
        ("control_risk", math.nan),
        ("control_risk", "0.2"),
        ("hbig_hazard_ratio", 0.0),
        ("hbig_hazard_ratio", math.inf),
        ("weibull_shape", -0.6),
        ("drop_out", 1.0),
        ("drop_out", -0.01),
        ("centres", 0),
        ("centres", 2.5),
        ("centres", True),
        ("follow_up_weeks", 3.9),  # the first visit after enrolment is at week 4
    ],
)
def test_a_setting_outside_its_range_is_refused_by_name(setting, value):
    with pytest.raises(RelapseModelError, match=setting):
        simulate_tables(10, 0, **{setting: value})


@pytest.mark.parametrize(("patients", "seed", "named"), [(0, 1, "patients"), (2.0, 1, "patients"), (5, -1, "seed")])
def test_counts_are_refused_by_name(patients, seed, named):
    with pytest.raises(RelapseModelError, match=named):
        simulate_tables(patients, seed)


def test_an_unknown_coefficient_is_refused_with_the_known_ones():
    with pytest.raises(RelapseModelError, match=r"titre.*anti_hbs"):
        simulate_tables(10, 0, coefficients={"titre": -1.0})


def test_the_interaction_exists_in_the_non_linear_truth_only():
    name = "short_consolidation_no_antibody"
    assert dict(complete_coefficients({name: 1.0}, non_linear=True))[name] == 1.0
    with pytest.raises(RelapseModelError, match=name):
        complete_coefficients({name: 1.0}, non_linear=False)


def test_a_coefficient_that_is_no_number_is_refused():
    with pytest.raises(RelapseModelError, match="age_years"):
        complete_coefficients({"age_years": math.nan}, non_linear=False)


def test_overrides_replace_and_the_rest_stays():
    assert dict(complete_coefficients({"male": 0.0}, non_linear=False)) == {**LINEAR, "male": 0.0}
    assert dict(complete_coefficients(None, non_linear=True)) == dict(NON_LINEAR)


def test_equal_settings_share_one_calibration():
    assert hash(SimulationSettings()) == hash(SimulationSettings(follow_up_weeks=48))
    assert SimulationSettings() != SimulationSettings(control_risk=0.11)
