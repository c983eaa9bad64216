"""The score test of many columns: golden values, its definition, and what missing values and weights do."""

from __future__ import annotations

import numpy as np
import pytest
from trial132 import trial132

from relapse_model.development.screening.score_test import score_tests
from relapse_model.errors import RelapseModelError
from relapse_model.trial.biomarkers.estimates import after_selection, estimates
from relapse_model.trial.biomarkers.interaction import interactions, likelihood_ratio
from relapse_model.trial.statistics.interaction import interaction_test


@pytest.fixture(scope="module")
def trial():
    return trial132()


def ratio(x, y, base):
    fitted, tests = estimates(x, y, base), score_tests(x, y, base)
    return likelihood_ratio(fitted.log_likelihood, tests.log_likelihood, tests.naive_variance, tests.variance)


def none(y):
    return np.empty((len(y), 0))


def test_golden_values_beside_the_arm(trial):
    """R: anova(glm(relapse ~ arm), glm(relapse ~ arm + x), test = "Rao" | "LRT"): 7.3546093839 and 7.60898932922.

    R takes the weights of the last step but one of its fit, which has not settled: its Rao statistics are 1e-4 off.
    With the base fitted to the end the statistic is 7.3538654: each arm is then fitted by its own share of events, so
    that it can be written down without a fit.
    """
    arm = trial.arm[:, None].astype(float)
    found = score_tests([trial.x], trial.relapse, arm)
    assert found.z[0] ** 2 == pytest.approx(7.3546093839, rel=2e-4)
    score = variance = 0.0
    for one in (0, 1):
        x, y = trial.x[trial.arm == one], trial.relapse[trial.arm == one]
        score += ((x - x.mean()) * y).sum()
        variance += y.mean() * (1 - y.mean()) * ((x - x.mean()) ** 2).sum()
    assert found.z[0] ** 2 == pytest.approx(score**2 / variance, rel=1e-9)
    assert found.z[0] ** 2 == pytest.approx(7.3538654, rel=1e-7)
    assert found.p[0] == pytest.approx(0.0066891, rel=5e-4)
    assert found.z[0] > 0
    assert ratio([trial.x], trial.relapse, arm)[0] == pytest.approx(7.60898932922, rel=1e-9)


def test_golden_values_alone(trial):
    """R: Rao 6.99705696345, LRT 7.2038882923. Without a base Rao's statistic is n r^2, to the last digit."""
    found = score_tests([trial.x], trial.relapse, none(trial.x)).z[0] ** 2
    assert found == pytest.approx(132 * np.corrcoef(trial.x, trial.relapse)[0, 1] ** 2, rel=1e-12)
    assert found == pytest.approx(6.99705696345, rel=2e-5)
    assert ratio([trial.x], trial.relapse, none(trial.x))[0] == pytest.approx(7.2038882923, rel=1e-9)


def test_missing_values_are_the_patients_who_have_none(trial):
    """A column with gaps is tested as if the others had not come."""
    rng = np.random.default_rng(0)
    gaps = np.where(rng.random(132) < 0.3, np.nan, trial.x)
    known, base = ~np.isnan(gaps), trial.arm[:, None].astype(float)
    with_gaps = score_tests([trial.x, gaps], trial.relapse, base)
    without = score_tests([trial.x[known]], trial.relapse[known], base[known])
    assert with_gaps.z[1] == pytest.approx(without.z[0], rel=1e-9)
    assert with_gaps.z[0] == pytest.approx(score_tests([trial.x], trial.relapse, base).z[0], rel=1e-12)


def test_neither_scale_nor_place_of_a_column_matters(trial):
    base = trial.arm[:, None].astype(float)
    first, second = score_tests([trial.x, 5 - 3 * trial.x], trial.relapse, base).z
    assert second == pytest.approx(-first, rel=1e-9)


def test_a_lost_patient_with_weight_0_is_as_if_absent(trial):
    weight = np.ones(132)
    weight[:10] = 0
    y = trial.relapse.astype(float)
    y[:10] = np.nan
    base = trial.arm[:, None].astype(float)
    found = score_tests([trial.x], y, base, weight)
    assert found.z[0] == pytest.approx(score_tests([trial.x[10:]], y[10:], base[10:]).z[0], rel=1e-9)


def test_a_common_weight_changes_nothing(trial):
    """Weights are known, and no counts: twice the weight is not twice the patients."""
    base = trial.arm[:, None].astype(float)
    one, two = (score_tests([trial.x], trial.relapse, base, np.full(132, w)) for w in (1.0, 2.0))
    assert two.z[0] == pytest.approx(one.z[0], rel=1e-9)
    fits = [estimates([trial.x], trial.relapse, base, np.full(132, w)) for w in (1.0, 2.0)]
    assert fits[1].error[0] == pytest.approx(fits[0].error[0], rel=0.02)  # the penalty weighs half as much
    assert ratio([trial.x], trial.relapse, base)[0] == pytest.approx(
        likelihood_ratio(
            fits[1].log_likelihood, two.log_likelihood, two.naive_variance, two.variance
        )[0], rel=1e-9
    )  # fmt: skip


def test_what_the_base_explains_wholly_has_no_statistic(trial):
    base = np.column_stack([trial.arm, trial.x]).astype(float)
    assert np.isnan(score_tests([2 * trial.x - trial.arm], trial.relapse, base).z[0])


def test_a_missing_outcome_that_counts_is_refused():
    with pytest.raises(RelapseModelError, match="relapse is missing where the weight is not 0"):
        score_tests([[1.0, 2.0]], [1, np.nan], np.empty((2, 0)))


def test_firths_estimate_of_a_table_adds_a_half_to_each_cell():
    """Without events in one group: log of (0.5 / 4.5) over (3.5 / 1.5)."""
    x, y = [1.0] * 4 + [0.0] * 4, [0] * 4 + [1, 1, 1, 0]
    found = estimates([x], y, np.empty((8, 0)))
    assert found.log_odds[0] == pytest.approx(np.log(0.5 / 4.5) - np.log(3.5 / 1.5), abs=1e-6)
    assert np.isfinite(found.error[0])


def test_the_interaction_is_that_of_the_statistics_room(trial):
    """Without a base it is the likelihood ratio of arm, column and their product, as `interaction_test` makes it."""
    found = interactions([trial.x], trial.relapse, none(trial.x), trial.arm, draws=200)
    known = interaction_test(trial.relapse, trial.arm, trial.x)
    assert found.lr_chi2[0] == pytest.approx(known.statistic, rel=1e-6)
    assert found.p[0] == pytest.approx(known.p_value, rel=1e-6)
    with_arm_in_base = interactions([trial.x], trial.relapse, trial.arm[:, None].astype(float), trial.arm, draws=200)
    assert with_arm_in_base.lr_chi2[0] == pytest.approx(known.statistic, rel=1e-6)


def test_what_is_left_after_selection():
    """Far beyond the limit nothing is lost; at the limit most is; never more than was seen."""
    left = after_selection([2.8, 3.2, 4.0, 9.0], 2.8)
    assert (np.diff(left) > 0).all()
    assert left[0] < 0.5
    assert left[-1] == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("event", [0.0, 1.0])
def test_one_carrier_has_an_odds_ratio(event):
    """Firth adds 1/2 to each cell: of one carrier, and of 20 others with 5 events, the log-odds by hand."""
    x, y = np.array([1.0] + [0.0] * 20), np.array([event] + [1.0] * 5 + [0.0] * 15)
    found = estimates([x], y, none(y))
    assert found.log_odds[0] == pytest.approx(np.log((event + 0.5) / (1.5 - event)) - np.log(5.5 / 15.5), abs=1e-8)
    assert found.error[0] > 1
