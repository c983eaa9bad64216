"""Riley's criteria against the unit tests of the published implementation, and closed identities."""

from __future__ import annotations

import numpy as np
import pytest

from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.validation.sample_size.binary import (
    cox_snell_r2,
    expected_shrinkage,
    heuristic_shrinkage,
    maximum_parameters,
    maximum_r2,
    riley_sample_size,
)


@pytest.mark.parametrize(
    ("parameters", "r2", "prevalence", "expected"),
    [  # from the unit tests of the R package pmsampsize 1.1.3
        (24, 0.288, 0.174, (623, 662, 221)),
        (24, 0.55, 0.174, (255, 532, 221)),
        (36, 0.288, 0.174, (934, 992, 221)),
        (24, 0.288, 0.25, (623, 590, 289)),
    ],
)
def test_golden_values_of_the_three_criteria(parameters, r2, prevalence, expected):
    size = riley_sample_size(parameters, r2, prevalence)
    assert (size.shrinkage, size.optimism, size.overall_risk) == expected
    assert size.patients == max(expected)
    assert size.events_per_parameter == pytest.approx(max(expected) * prevalence / parameters)


@pytest.mark.parametrize(
    ("prevalence", "c_statistic", "r2", "patients", "maximum", "shrinkage"),
    [  # worked for a cohort of 132: patients for 1, 2, 3, 5, 8, 10 parameters
        (0.10, 0.75, 0.075, (139, 230, 344, 574, 917, 1147), 1.2, 0.68),
        (0.15, 0.70, 0.065, (196, 266, 398, 664, 1062, 1327), 1.0, 0.65),
        (0.15, 0.80, 0.151, (196, 196, 196, 273, 436, 545), 2.4, 0.82),
        (0.25, 0.85, 0.282, (289, 289, 289, 289, 289, 289), 5.0, 0.90),
    ],
)
def test_a_cohort_of_132(prevalence, c_statistic, r2, patients, maximum, shrinkage):
    expected = cox_snell_r2(c_statistic, prevalence)
    assert expected == pytest.approx(r2, abs=5e-4)
    needed = [riley_sample_size(p, expected, prevalence).patients for p in (1, 2, 3, 5, 8, 10)]
    assert tuple(needed) == patients
    assert maximum_parameters(132, prevalence, expected) == pytest.approx(maximum, abs=0.05)
    assert expected_shrinkage(132, 5, expected) == pytest.approx(shrinkage, abs=0.006)


def test_c_to_r2_by_quadrature():
    # Monte Carlo with a million patients in pmsampsize's own example gives 0.2136.
    assert cox_snell_r2(0.81, 0.77) == pytest.approx(0.2121, abs=5e-5)


def test_c_to_r2_by_the_likelihood_of_simulated_patients():
    rng = np.random.default_rng(2)
    y = rng.random(400_000) < 0.2
    distance = np.sqrt(2) * 0.6744898  # C 0.75
    x = rng.normal(size=y.size) + distance * y
    risk = 1 / (1 + 4 * np.exp(distance**2 / 2 - distance * x))  # Bayes' theorem for two normals
    gain = np.mean(np.log(np.where(y, risk / 0.2, (1 - risk) / 0.8)))
    assert cox_snell_r2(0.75, 0.2) == pytest.approx(1 - np.exp(-2 * gain), abs=0.003)


def test_c_to_r2_ends_and_symmetry():
    assert cox_snell_r2(0.5, 0.2) == pytest.approx(0, abs=1e-12)
    assert cox_snell_r2(1 - 1e-9, 0.3) == pytest.approx(maximum_r2(0.3), abs=1e-4)
    assert cox_snell_r2(0.8, 0.3) == pytest.approx(cox_snell_r2(0.8, 0.7), abs=1e-12)


def test_maximum_parameters_undoes_the_sample_size():
    for prevalence, r2 in [(0.15, 0.1), (0.25, 0.28), (0.4, 0.5)]:
        allowed = maximum_parameters(400, prevalence, r2)
        for parameters, fits in [(int(allowed), True), (int(allowed) + 1, False)]:
            size = riley_sample_size(parameters, r2, prevalence)
            assert (max(size.shrinkage, size.optimism) <= 400) == fits


def test_expected_shrinkage_undoes_criterion_1():
    for shrinkage in (0.6, 0.8, 0.9):
        n = riley_sample_size(10, 0.1, 0.2, shrinkage).shrinkage
        assert expected_shrinkage(n, 10, 0.1) == pytest.approx(shrinkage, abs=2e-3)


def test_maximum_r2_is_the_likelihood_of_the_null_model():
    assert maximum_r2(0.5) == pytest.approx(1 - 0.5**2)
    assert maximum_r2(0.174) == pytest.approx(0.6028, abs=5e-4)


@pytest.mark.parametrize(
    ("chi_squared", "parameters", "expected"),
    [(20, 5, 0.75), (100, 10, 0.9), (5, 5, 0), (4, 8, -1)],  # 0 or less: no better than noise
)
def test_heuristic_shrinkage(chi_squared, parameters, expected):
    assert heuristic_shrinkage(chi_squared, parameters) == pytest.approx(expected)


@pytest.mark.parametrize("chi_squared", [0, -1, float("nan")])
def test_heuristic_shrinkage_of_nothing_is_a_named_refusal(chi_squared):
    with pytest.raises(InsufficientDataError, match="explains nothing"):
        heuristic_shrinkage(chi_squared, 5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 0.1, 0.2), "0 parameters"),
        ((5, 0.1, 0.0), "prevalence 0"),
        ((5, 0.1, 0.2, 1.0), "shrinkage 1"),
        ((5, 0.0, 0.2), "r2 0"),
        ((5, 0.7, 0.2), "Nagelkerke"),  # the most that 0.2 allows is 0.632
    ],
)
def test_sample_size_refusals(arguments, message):
    with pytest.raises(RelapseModelError, match=message):
        riley_sample_size(*arguments)


def test_other_refusals():
    with pytest.raises(RelapseModelError, match="0 patients"):
        maximum_parameters(0, 0.2, 0.1)
    with pytest.raises(RelapseModelError, match="0 patients"):
        expected_shrinkage(0, 5, 0.1)
    with pytest.raises(RelapseModelError, match=r"r2 1\.0"):
        expected_shrinkage(100, 5, 1.0)
    for c_statistic, prevalence in [(0.4, 0.2), (1.0, 0.2), (0.8, 0.0), (0.8, 1.0)]:
        with pytest.raises(RelapseModelError, match="C to R2"):
            cox_snell_r2(c_statistic, prevalence)
