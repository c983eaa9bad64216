"""External validation sample sizes against published figures, hand-worked ones and simulation."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest

from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.validation.sample_size.external import (
    c_sample_size,
    external_sample_size,
    net_benefit_sample_size,
    oe_sample_size,
    slope_sample_size,
)


def test_golden_values_of_the_published_implementation():
    # Unit test 4.1 of the R package pmvalsampsize: 905, 4501, 4252. Its 4501 for the slope comes from 1000
    # simulated linear predictors; the exact value for this normal distribution is within 2 % of it.
    size = external_sample_size(0.018, 0.8, NormalDist(-5, 2.5), oe_width=1)
    assert (size.observed_expected, size.c_statistic, size.net_benefit) == (905, 4252, None)
    assert size.slope == pytest.approx(4501, rel=0.02)
    assert size.patients == size.slope
    assert size.events == pytest.approx(0.018 * size.slope)


def test_slope_from_a_beta_distribution_of_risks():
    # Unit test 4.2: beta(0.5, 0.5) gives 1641 by simulation. Its quantiles are sin^2(pi q / 2).
    risk = np.sin(np.pi / 2 * (np.arange(100_000) + 0.5) / 100_000) ** 2
    assert slope_sample_size(np.log(risk / (1 - risk)), 0.2) == pytest.approx(1641, rel=0.005)


@pytest.mark.parametrize(
    ("c", "width", "patients"),
    [(0.75, 0.1, 712), (0.75, 0.2, 179)],  # worked for a prevalence of 0.15
)
def test_c_statistic(c, width, patients):
    assert c_sample_size(c, 0.15, width) == patients


@pytest.mark.parametrize(("width", "patients"), [(1.0, 94), (0.5, 356)])  # worked for a prevalence of 0.15
def test_observed_expected(width, patients):
    assert oe_sample_size(0.15, width) == patients


def test_the_patients_asked_for_give_the_width_and_one_less_does_not():
    def c_width(n, c=0.8, phi=0.2):
        spread = 1 + (n / 2 - 1) * ((1 - c) / (2 - c) + c / (1 + c))
        return 2 * 1.96 * math.sqrt(c * (1 - c) * spread / (n * n * phi * (1 - phi)))

    n = c_sample_size(0.8, 0.2, 0.15)
    assert c_width(n) <= 0.15 < c_width(n - 1)
    # Observed over expected 1.3: exp(ln 1.3 +- 1.96 se) at n patients.
    n = oe_sample_size(0.2, 0.5, ratio=1.3)
    error = math.sqrt(0.8 / (0.2 * n))
    assert 1.3 * (math.exp(1.96 * error) - math.exp(-1.96 * error)) == pytest.approx(0.5, rel=0.005)


def test_slope_of_two_risks_by_hand():
    # Linear predictors -1 and 1 alike often: p (1 - p) = 0.196612 for both, I00 = I11 = 0.196612, I01 = 0.
    # se = 0.2 / 3.92 = 0.0510204: n = 1 / (0.00260308 x 0.196612) = 1953.9.
    assert slope_sample_size([-1.0, 1.0], 0.2) == 1954
    # Half the width asks for four times as many: 7815.5.
    assert slope_sample_size([-1.0, 1.0], 0.1) == 7816


def test_a_normal_distribution_is_that_of_its_draws():
    rng = np.random.default_rng(0)
    drawn = slope_sample_size(rng.normal(-2, 1, 400_000), 0.3)
    assert slope_sample_size(NormalDist(-2, 1), 0.3) == pytest.approx(drawn, rel=0.01)


def test_net_benefit_by_hand():
    # w = (.85/.15)(.15/.85) = 1. Variance of one patient: .16/.15 + .24/.85 + .16/(.15 x .85) = 2.60392;
    # times (3.92/.4)^2 = 96.04: 250.1.
    assert net_benefit_sample_size(0.8, 0.6, 0.15, prevalence=0.15, width=0.4) == 251
    # A perfect test has no variance.
    assert net_benefit_sample_size(1, 1, 0.15, prevalence=0.15, width=0.4) == 1


def test_net_benefit_interval_has_the_width_in_simulated_validations():
    # Standardised net benefit TP/D - FP/D x odds of the threshold, with D the relapses of the sample.
    phi, sensitivity, specificity, threshold = 0.3, 0.7, 0.8, 0.2
    n = net_benefit_sample_size(sensitivity, specificity, threshold, prevalence=phi, width=0.1)
    rng = np.random.default_rng(1)
    relapses = rng.binomial(n, phi, 20_000)
    true, false = rng.binomial(relapses, sensitivity), rng.binomial(n - relapses, 1 - specificity)
    values = (true - false * threshold / (1 - threshold)) / relapses
    assert 2 * 1.96 * values.std() == pytest.approx(0.1, rel=0.03)


def test_net_benefit_is_one_of_the_criteria_if_a_threshold_is_named():
    size = external_sample_size(
        0.15, 0.75, NormalDist(-2, 1), oe_width=1, slope_width=2, c_width=0.4, net_benefit=(0.8, 0.6, 0.15)
    )
    assert size.net_benefit == net_benefit_sample_size(0.8, 0.6, 0.15, prevalence=0.15, width=0.2)
    assert size.patients == size.net_benefit


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: oe_sample_size(0, 1), "prevalence is 0"),
        (lambda: oe_sample_size(0.2, 0), "width is 0"),
        (lambda: oe_sample_size(0.2, 1, ratio=-1), "ratio is -1"),
        (lambda: c_sample_size(1.0, 0.2, 0.1), "C is 1.0"),
        (lambda: c_sample_size(0.4, 0.2, 0.1), "C is 0.4"),
        (lambda: c_sample_size(0.7, 1.2, 0.1), "prevalence is 1.2"),
        (lambda: c_sample_size(0.7, 0.2, math.nan), "width is nan"),
        (lambda: slope_sample_size([], 0.2), "linear predictors of shape"),
        (lambda: slope_sample_size([0.1, math.inf], 0.2), "finite numbers"),
        (lambda: slope_sample_size([0.1, 0.2], -0.2), "width is -0.2"),
        (lambda: net_benefit_sample_size(1.2, 0.5, 0.1, prevalence=0.2, width=0.1), "sensitivity 1.2"),
        (lambda: net_benefit_sample_size(0.8, 0.5, 1, prevalence=0.2, width=0.1), "threshold is 1"),
    ],
)
def test_refusals(ask, message):
    with pytest.raises(RelapseModelError, match=message):
        ask()


@pytest.mark.parametrize("linear_predictor", [[0.3, 0.3, 0.3], NormalDist(-1, 0)])
def test_equal_risks_have_no_slope(linear_predictor):
    with pytest.raises(InsufficientDataError, match="all linear predictors are equal"):
        slope_sample_size(linear_predictor, 0.2)
