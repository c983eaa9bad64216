"""Unknown endpoints: golden bounds, the whole grid against one table at a time, imputation against its limits."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.trial.statistics import (
    ArmCount,
    imputed_risk_difference,
    missing_endpoint_bounds,
    risk_difference,
    tipping_grid,
)

HBIG, CONTROL = ArmCount(7, 62, 4), ArmCount(14, 62, 4)


def test_golden_bounds():
    # R package ratesci 1.0.0, scoreci(skew = FALSE), printed with 6 decimals.
    found = missing_endpoint_bounds(HBIG, CONTROL)
    expected = {
        "complete": (-0.248229, 0.020588),  # 7/62 against 14/62
        "all_events": (-0.247309, 0.036558),  # 11/66 against 18/66
        "no_events": (-0.234831, 0.020161),  # 7/66 against 14/66
        "worst": (-0.181907, 0.090931),  # 11/66 against 14/66
        "best": (-0.300258, -0.033898),  # 7/66 against 18/66
    }
    for name, limits in expected.items():
        contrast = getattr(found, name)
        assert (contrast.lower, contrast.upper) == pytest.approx(limits, abs=6e-7), name


def test_golden_grid():
    grid = tipping_grid(HBIG, CONTROL)
    assert [tuple(cell) for cell in np.argwhere(grid.fewer_events).tolist()] == [(0, 2), (0, 3), (0, 4), (1, 3), (1, 4)]
    assert not grid.more_events.any()


def test_the_grid_is_one_table_at_a_time():
    grid = tipping_grid(ArmCount(3, 20, 2), ArmCount(0, 15, 3))
    for i, j in np.ndindex(3, 4):
        one = risk_difference(3 + i, 22, j, 18)
        assert grid.difference[i, j] == pytest.approx(one.value)
        assert (grid.lower[i, j], grid.upper[i, j]) == pytest.approx((one.lower, one.upper), abs=1e-10)


def test_nobody_missing_is_one_cell():
    grid = tipping_grid(ArmCount(3, 66, 0), ArmCount(10, 66, 0))
    assert grid.upper.shape == (1, 1)
    found = imputed_risk_difference(ArmCount(3, 66, 0), ArmCount(10, 66, 0))
    assert (found.between, found.missing_information) == (0, 0)
    assert found.contrast.value == pytest.approx(-7 / 66)


def test_imputation_at_random_is_near_the_complete_cases_and_no_surer():
    found = imputed_risk_difference(HBIG, CONTROL, imputations=2000)
    # Drawn risks are (events + 1/2) / (known + 1).
    expected = (7 + 4 * 7.5 / 63) / 66 - (14 + 4 * 14.5 / 63) / 66
    assert found.contrast.value == pytest.approx(expected, abs=0.002)
    complete = np.sqrt(7 / 62 * 55 / 62 / 62 + 14 / 62 * 48 / 62 / 62)
    assert found.contrast.standard_error == pytest.approx(complete, rel=0.02)


def test_imputation_with_a_large_delta_is_missing_as_failure():
    found = imputed_risk_difference(HBIG, CONTROL, delta=(50, 50))
    assert found.contrast.value == pytest.approx(11 / 66 - 18 / 66)
    assert found.between == 0
    worst = imputed_risk_difference(HBIG, CONTROL, delta=(50, -50)).contrast.value
    assert worst == pytest.approx(11 / 66 - 14 / 66)


def test_delta_moves_the_estimate_against_the_treatment():
    values = [imputed_risk_difference(HBIG, CONTROL, (d, 0), imputations=500).contrast.value for d in (0, 1, 2, 3)]
    assert values == sorted(values)


def test_rubins_rules_by_hand():
    found = imputed_risk_difference(HBIG, CONTROL, delta=(1, 1), imputations=50, seed=4)
    total = found.within + 1.02 * found.between
    assert found.contrast.standard_error == pytest.approx(np.sqrt(total))
    lost = 1.02 * found.between / total
    observed = 131 / 133 * 130 * (1 - lost)  # Barnard and Rubin: 130 = 132 - 2
    freedom = 1 / (lost**2 / 49 + 1 / observed)
    assert found.degrees_of_freedom == pytest.approx(freedom)
    reach = stats.t.ppf(0.975, freedom) * np.sqrt(total)
    assert found.contrast.upper - found.contrast.value == pytest.approx(reach)


def test_the_same_seed_gives_the_same_answer():
    one, same, other = (imputed_risk_difference(HBIG, CONTROL, seed=seed).contrast.value for seed in (1, 1, 2))
    assert one == same != other


def test_refusals():
    with pytest.raises(InsufficientDataError, match="the treatment arm has no patient"):
        tipping_grid(ArmCount(0, 0, 4), CONTROL)
    with pytest.raises(RelapseModelError, match="n1 is -1"):
        missing_endpoint_bounds(ArmCount(3, 10, -1), CONTROL)
    with pytest.raises(RelapseModelError, match="1 imputations"):
        imputed_risk_difference(HBIG, CONTROL, imputations=1)
    with pytest.raises(RelapseModelError, match="delta"):
        imputed_risk_difference(HBIG, CONTROL, delta=(np.nan, 0))
    with pytest.raises(InsufficientDataError, match="the variance is 0"):
        imputed_risk_difference(ArmCount(0, 20, 0), ArmCount(0, 20, 0))
