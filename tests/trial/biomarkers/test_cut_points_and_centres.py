"""A searched cut-point judged as such; a candidate in each centre."""

from __future__ import annotations

import numpy as np
import pytest
from trial132 import trial132

from relapse_model.development.screening.score_test import score_tests
from relapse_model.errors import InsufficientDataError
from relapse_model.trial.biomarkers.centres import across_centres
from relapse_model.trial.biomarkers.cut_points import find_cut_point, maximally_selected


def test_golden_value_of_the_best_cut():
    """R coin: maxstat_test(relapse ~ x), cuts from 10 to 90 %: 3.49515037183; by simulation p 0.0072 to 0.0116."""
    trial = trial132()
    found = maximally_selected(trial.x, trial.relapse)
    assert found.statistic == pytest.approx(3.49515037183, rel=1e-11)
    assert 0.0072 < found.p < 0.0135
    assert found.p_of_the_cut < 0.0005  # what would be reported by who does not count the search


def test_a_column_without_a_cut_is_refused():
    with pytest.raises(InsufficientDataError, match="no cut leaves patients on both sides"):
        maximally_selected([1.0] * 10, [0, 1] * 5)


def test_a_searched_cut_warns_and_its_estimate_is_shrunk():
    trial = trial132()
    with pytest.warns(UserWarning, match=r"searched among \d+ cuts .* 4 of 10 cases"):
        found = find_cut_point(trial.x, trial.relapse, draws=200, resamples=60)
    above = trial.x > found.found.cut
    a, b = trial.relapse[above].sum() + 0.5, (1 - trial.relapse[above]).sum() + 0.5
    c, d = trial.relapse[~above].sum() + 0.5, (1 - trial.relapse[~above]).sum() + 0.5
    assert found.log_odds == pytest.approx(np.log(a * d / (b * c)))
    assert 0 < found.log_odds_shrunk < 0.9 * found.log_odds
    assert found.resamples == 60


def test_shrinking_takes_most_of_what_a_search_finds_in_noise():
    """Without any effect the mean size of the estimate is halved at least."""
    seen = []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        x, y = rng.standard_normal(100), (rng.random(100) < 0.2).astype(float)
        with pytest.warns(UserWarning, match="find_cut_point"):
            found = find_cut_point(x, y, draws=1, resamples=25)
        seen.append((abs(found.log_odds), abs(found.log_odds_shrunk)))
    naive, shrunk = np.mean(seen, axis=0)
    assert naive > 0.8
    assert shrunk < 0.5 * naive


@pytest.fixture(scope="module")
def trial():
    return trial132()


def test_centres_of_the_trial(trial):
    base = trial.arm[:, None].astype(float)
    risk = np.full(132, trial.relapse.mean())
    found = across_centres([trial.x, -trial.x], trial.relapse, base, risk, trial.centre)
    assert found.names == ("A", "B", "C")
    assert found.events.sum(axis=1).tolist() == [int(trial.relapse.sum())] * 2
    without = [score_tests([trial.x[trial.centre != c]], trial.relapse[trial.centre != c],
                           base[trial.centre != c], firth=True).z[0] for c in "ABC"]  # fmt: skip
    assert (found.z_lowest[0], found.z_highest[0]) == pytest.approx((min(without), max(without)), rel=1e-8)
    assert found.agreement(np.array([1.0, -1.0])) == [found.agreement(np.array([1.0, 1.0]))[0]] * 2


def test_a_centre_with_one_event_tells_no_sign(trial):
    y = trial.relapse.copy()
    y[np.flatnonzero((trial.centre == "A") & (y == 1))[1:]] = 0
    found = across_centres([trial.x], y, np.empty((132, 0)), np.full(132, y.mean()), trial.centre)
    assert np.isnan(found.log_odds[0, 0])
    assert found.agreement(np.array([1.0]))[0].endswith("of 2")
    assert np.isnan(found.i2[0])  # 3 centres of 5 events are needed


def test_i2_of_effects_that_agree_is_0_and_of_opposite_ones_is_large():
    rng = np.random.default_rng(0)
    centre = np.repeat(["a", "b", "c"], 200)
    x = rng.standard_normal(600)
    sign = np.where(centre == "c", -1.0, 1.0)
    y = (rng.random(600) < 1 / (1 + np.exp(-1.5 * sign * x))).astype(float)
    same, opposite = across_centres([x * sign, x], y, np.empty((600, 0)), np.full(600, y.mean()), centre).i2
    assert same < 0.5
    assert opposite > 0.9
