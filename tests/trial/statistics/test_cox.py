"""Cox's model: golden values, lifelines beside it, a maximum by hand, and likelihoods without one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from golden_trials import pbc
from trial132 import trial132

from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.trial.statistics import cox_contrast

T = trial132()


def test_golden():
    plain = cox_contrast(T.week, T.event, T.arm)  # R survival 3.5-3, coxph(ties = "efron")
    assert plain.coefficients[0] == pytest.approx(-0.742563109305, rel=1e-6)
    assert plain.contrast.standard_error == pytest.approx(0.463033956745, rel=1e-6)
    adjusted = cox_contrast(T.week, T.event, T.arm, T.x)
    assert adjusted.coefficients == pytest.approx([-0.711452978279, 0.596668725579], rel=1e-6)
    assert adjusted.contrast.standard_error == pytest.approx(0.463082321333, rel=1e-6)


def test_golden_pbc():
    found = cox_contrast(*pbc())
    assert found.coefficients[0] == pytest.approx(0.05722377068, rel=1e-6)
    assert found.contrast.standard_error == pytest.approx(0.1791647876, rel=1e-6)
    assert found.log_likelihood == pytest.approx(-639.915451142, rel=1e-9)
    assert found.proportional_hazards.statistic == pytest.approx(0.612226164653, rel=1e-6)


def test_golden_strata_and_proportional_hazards():
    # coxph(Surv(week, event) ~ a + x + strata(centre)), and cox.zph of it: R survival 3.5-3.
    found = cox_contrast(T.week, T.event, T.arm, T.x, strata=T.centre)
    assert found.coefficients == pytest.approx([-0.717833969489, 0.593554459480], rel=1e-6)
    assert np.sqrt(np.diag(found.covariance)) == pytest.approx([0.463773443744, 0.227962759709], rel=1e-6)
    assert found.log_likelihood == pytest.approx(-72.4770294432, rel=1e-9)
    assert found.proportional_hazards.statistic == pytest.approx(0.47961601076490, rel=1e-6)
    for covariates, expected in ((None, 0.519573481417), (T.x, 0.42435183359885)):
        test = cox_contrast(T.week, T.event, T.arm, covariates).proportional_hazards
        assert test.statistic == pytest.approx(expected, rel=1e-6)


@pytest.mark.filterwarnings("ignore")  # what lifelines and pandas say to each other is not ours
def test_beside_lifelines():
    lifelines = pytest.importorskip("lifelines")
    rng = np.random.default_rng(1)
    arm, x = np.tile([1, 0], 40), rng.normal(size=80)
    week = np.ceil(rng.exponential(30 * np.exp(0.5 * arm - 0.4 * x)))  # tied
    event = (week <= 48).astype(int)
    table = pd.DataFrame({"week": np.minimum(week, 48), "event": event, "arm": arm, "x": x})
    other = lifelines.CoxPHFitter().fit(table, "week", "event")
    found = cox_contrast(table["week"], event, arm, x)
    assert found.coefficients == pytest.approx(other.params_.to_numpy(), rel=1e-4)
    assert found.covariance == pytest.approx(other.variance_matrix_.to_numpy(), rel=1e-4)


def test_the_maximum_by_hand():
    # r / ((2 + 2r)(1 + 2r)(1 + r)) is largest where 4 r^2 + r = 1.
    found = cox_contrast([1, 2, 3, 4], [1, 1, 1, 0], [0, 1, 0, 1])
    assert found.contrast.value == pytest.approx((np.sqrt(17) - 1) / 8, rel=1e-9)


def test_a_hazard_ratio_that_changes_is_found_out():
    # 20 of the treated relapse before all others, 20 after: no hazard ratio describes that.
    arm, all_relapse = np.repeat([1, 0], 40), np.ones(80)
    crossing = np.r_[np.linspace(1, 5, 20), np.linspace(40, 48, 20), np.linspace(6, 39, 40)]
    assert cox_contrast(crossing, all_relapse, arm).proportional_hazards.p_value < 0.001
    assert cox_contrast(T.week, T.event, T.arm).proportional_hazards.p_value > 0.1


def test_units_of_the_covariates_do_not_matter():
    one, other = (cox_contrast(T.week, T.event, T.arm, scale * T.x + 5) for scale in (1, 1e4))
    assert other.coefficients * [1, 1e4] == pytest.approx(one.coefficients, rel=1e-9)


def test_without_a_maximum_it_is_refused():
    with pytest.raises(InsufficientDataError, match="none of 2 patients of the control arm had an event"):
        cox_contrast([10, 20, 48, 48], [1, 1, 0, 0], [1, 1, 0, 0])
    with pytest.raises(InsufficientDataError, match="no maximum"):  # treated relapse before all others
        cox_contrast([1, 2, 3, 4, 5, 6], [1, 1, 1, 1, 1, 0], [1, 1, 1, 0, 0, 0])
    with pytest.raises(InsufficientDataError, match="no maximum"):
        cox_contrast(T.week, T.event, T.arm, np.column_stack([T.x, 1 - T.x]))
    with pytest.raises(RelapseModelError, match="'age' has one value in all patients"):
        cox_contrast(T.week, T.event, T.arm, np.ones(132), names=["age"])
    with pytest.raises(RelapseModelError, match="1 names for 2 columns"):
        cox_contrast(T.week, T.event, T.arm, np.ones((132, 2)), names=["age"])


def test_events_at_one_time_leave_nothing_to_test():
    test = cox_contrast([4, 4, 48, 48, 4, 48], [1, 1, 0, 0, 1, 0], [1, 0, 1, 0, 0, 1]).proportional_hazards
    assert (test.statistic, test.p_value) == (None, 1.0)
    assert "no test" in test.method
