"""Riley's criteria for a time to an event against the published unit tests."""

from __future__ import annotations

import math

import pytest

from relapse_model.errors import RelapseModelError
from relapse_model.validation.sample_size.survival import maximum_survival_r2, survival_sample_size


@pytest.mark.parametrize(
    ("parameters", "r2", "rate", "time_point", "follow_up", "shrinkage", "optimism", "per_parameter"),
    [  # unit tests 3.1 to 3.9 of the R package pmsampsize 1.1.3
        (25, 0.051, 0.065, 2, 2.07, 4286, 866, 23.07),
        (25, 0.065, 0.065, 2, 2.07, 3335, 859, 17.95),
        (50, 0.051, 0.065, 2, 2.07, 8572, 1731, 23.07),
        (25, 0.051, 0.1, 2, 2.07, 4286, 731, 35.49),
        (25, 0.051, 0.065, 4, 2.07, 4286, 866, 23.07),
        (25, 0.051, 0.065, 2, 4, 4286, 679, 44.57),
        (40, 0.06, 0.08, 3, 5, 5798, 969, 57.98),
        (10, 0.03, 0.09, 3, 3, 2950, 272, 79.65),
        (80, 0.3, 0.03, 1, 5, 1974, 2272, 4.26),
    ],
)
def test_golden_values(parameters, r2, rate, time_point, follow_up, shrinkage, optimism, per_parameter):
    size = survival_sample_size(parameters, r2, rate, follow_up, time_point)
    assert (size.shrinkage, size.optimism) == (shrinkage, optimism)
    assert size.patients == max(shrinkage, optimism)
    assert size.events_per_parameter == pytest.approx(per_parameter, abs=0.005)


def test_interval_of_the_overall_risk_by_hand():
    # 4286 patients x 2.07 years; standard error of the rate sqrt(.065 / 8872.0) = .0027067; limits of the rate
    # .059695 and .070305; risks by 2 years 1 - exp(-2 rate).
    risk = survival_sample_size(25, 0.051, 0.065, 2.07, 2).overall_risk
    assert risk.value == pytest.approx(1 - math.exp(-0.13))
    assert (risk.lower, risk.upper) == pytest.approx((1 - math.exp(-0.11939), 1 - math.exp(-0.14061)), abs=1e-5)
    assert "constant rate" in risk.method


def test_the_limit_of_a_rate_is_never_below_0():
    # 1 parameter: 1 / (0.1 x 0.1823) = 55 patients; 1.96 sqrt(.05 / 55) = .059, more than the rate of .05.
    size = survival_sample_size(1, 0.15, 0.05, 1, 1)
    risk = size.overall_risk
    assert size.shrinkage == 55
    assert 0 == risk.lower < risk.value < risk.upper


def test_largest_r2_of_one_event_per_patient():
    # 10 000 events in 10 000: ln L = 10 000 ln 1 - 10 000, so 1 - exp(-2).
    assert maximum_survival_r2(1.0, 1.0) == pytest.approx(1 - math.exp(-2))


def test_unit_of_time_does_not_matter():
    years, weeks = survival_sample_size(5, 0.1, 0.2, 1.5, 1), survival_sample_size(5, 0.1, 0.2 / 52, 78, 52)
    assert (years.shrinkage, years.optimism) == (weeks.shrinkage, weeks.optimism)
    assert years.overall_risk.upper == pytest.approx(weeks.overall_risk.upper)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 0.1, 0.1, 1, 1), "0 parameters"),
        ((5, 0.1, 0, 1, 1), "rate 0"),
        ((5, 0.1, 0.1, -1, 1), "mean follow-up -1"),
        ((5, 0.1, 2, 1, 1), "Are they in the same unit of time"),
        ((5, 0.1, 0.1, 1, 0), "time point 0"),
        ((5, 0.1, 0.1, 1, 1, 1.0), "shrinkage 1.0"),
        ((5, 0.9, 0.1, 1, 1), "Cox-Snell's is meant"),
        ((5, 0.0, 0.1, 1, 1), "r2 0.0"),
        ((5, math.nan, 0.1, 1, 1), "r2 nan"),
    ],
)
def test_refusals(arguments, message):
    with pytest.raises(RelapseModelError, match=message):
        survival_sample_size(*arguments)
