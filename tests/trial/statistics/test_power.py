"""Power by counting: golden values, brute force, losses summed by hand, what is detectable."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from relapse_model.errors import RelapseModelError
from relapse_model.trial.statistics import fisher_exact, power_grid, score_test, trial_power
from relapse_model.trial.statistics.power import _fisher_p

# Exact enumeration of 66 + 66 in R; two-sided 0.05.
GOLDEN = [
    (0.25, 0.05, 0.92530, 0.88662), (0.20, 0.05, 0.77262, 0.68669), (0.20, 0.08, 0.51490, 0.42488),
    (0.15, 0.05, 0.49899, 0.37504), (0.11, 0.03, 0.45084, 0.29372), (0.15, 0.15, 0.04812, 0.02851),
]  # fmt: skip


@pytest.mark.parametrize(("control", "treatment", "score", "fisher"), GOLDEN)
def test_golden(control, treatment, score, fisher):
    found = trial_power(132, control=control, treatment=treatment)
    assert found.power == pytest.approx(score, abs=6e-6)
    assert found.patients == (66, 66)
    exact = trial_power((66, 66), control=control, treatment=treatment, test="fisher")
    assert exact.power == pytest.approx(fisher, abs=6e-6)


def test_golden_with_fewer_patients():
    assert trial_power(118, control=0.20, treatment=0.05).power == pytest.approx(0.72243, abs=6e-6)


@pytest.mark.parametrize(("test", "p_value"), [("score", score_test), ("fisher", fisher_exact)])
def test_one_table_at_a_time(test, p_value):
    total = sum(
        stats.binom.pmf(a, 9, 0.1) * stats.binom.pmf(b, 11, 0.7)
        for a in range(10) for b in range(12) if p_value(a, 9, b, 11).p_value <= 0.05
    )  # fmt: skip
    assert trial_power((9, 11), control=0.7, treatment=0.1, test=test).power == pytest.approx(total, rel=1e-10)


def test_all_of_fishers_p_values_are_scipys():
    p = _fisher_p(7, 12)
    for a, b in np.ndindex(8, 13):
        assert p[a, b] == pytest.approx(fisher_exact(a, 7, b, 12).p_value, rel=1e-9)


def test_losses_are_summed_over_how_many_are_left():
    found = trial_power((8, 9), control=0.8, treatment=0.1, loss=0.25).power
    left = [stats.binom.pmf(range(n + 1), n, 0.75) for n in (8, 9)]
    total = sum(
        left[0][a] * left[1][b] * trial_power((a, b), control=0.8, treatment=0.1).power
        for a in range(1, 9) for b in range(1, 10)
    )  # fmt: skip
    assert found == pytest.approx(total, rel=1e-9)
    full = trial_power(132, control=0.2, treatment=0.05, loss=0.1).power
    assert 0.715 < full < trial_power(132, control=0.2, treatment=0.05).power


def test_the_right_direction_is_told_apart():
    found = trial_power(40, control=0.3, treatment=0.25)
    assert found.power / 2 < found.right_direction < found.power
    equal = trial_power(40, control=0.3, treatment=0.3)
    assert equal.right_direction == pytest.approx(equal.power / 2)


def test_the_arms_are_alike():
    one = trial_power((30, 40), control=0.2, treatment=0.4).power
    assert one == pytest.approx(trial_power((40, 30), control=0.4, treatment=0.2).power, rel=1e-10)


def test_the_grid_holds_the_same_powers_and_what_is_detectable():
    grid = power_grid(132, [0.11, 0.20, 0.02], [0.03, 0.05])
    for i, control in enumerate(grid.controls):
        for j, treatment in enumerate(grid.treatments):
            expected = trial_power(132, control=control, treatment=treatment).power
            assert grid.power[i, j] == pytest.approx(expected, rel=1e-9)
    largest = grid.detectable[1]
    assert trial_power(132, control=0.20, treatment=largest).power >= 0.8
    assert trial_power(132, control=0.20, treatment=largest + 0.001).power < 0.8
    assert grid.detectable[2] is None


def test_an_odd_patient_is_treated():
    assert trial_power(5, control=0.5, treatment=0.5).patients == (3, 2)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"control": 1.2, "treatment": 0.1}, "risks 0.1, 1.2|risks 1.2, 0.1"),
        ({"control": 0.2, "treatment": 0.1, "loss": 1.0}, "loss is 1.0"),
        ({"control": 0.2, "treatment": 0.1, "alpha": 0}, "alpha 0"),
        ({"control": 0.2, "treatment": 0.1, "test": "wald"}, "Test is 'wald'"),
    ],
)
def test_refusals(settings, words):
    with pytest.raises(RelapseModelError, match=words):
        trial_power(132, **settings)
    with pytest.raises(RelapseModelError, match="1 patients"):
        trial_power(1, control=0.2, treatment=0.1)
    with pytest.raises(RelapseModelError, match="target is 80"):
        power_grid(132, [0.2], [0.1], target=80)
