"""False discovery rates by a published example; the largest statistic by its properties."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from relapse_model.development.screening.multiplicity import false_discovery, max_t, permuted_max_t
from relapse_model.development.screening.score_test import score_tests
from relapse_model.errors import RelapseModelError

# Benjamini and Hochberg 1995, J R Stat Soc B 57:289: 15 p-values of a trial of myocardial infarction.
FIFTEEN = [
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0,
]  # fmt: skip


def test_golden_values_of_false_discovery():
    """R: p.adjust(p, "BH") and p.adjust(p, "BY")."""
    bh, by = false_discovery(FIFTEEN), false_discovery(FIFTEEN, "by")
    np.testing.assert_allclose(bh[:5], [0.0015, 0.003, 0.0095, 0.035625, 0.0603], rtol=1e-12)
    np.testing.assert_allclose(by[:4], [0.00497734, 0.00995469, 0.03152318, 0.11821191], rtol=1e-6)
    assert (bh <= 0.05).sum() == 4
    assert (by <= 0.05).sum() == 3


def test_what_was_not_tested_is_not_counted():
    with_gap = false_discovery([0.01, np.nan, 0.04])
    np.testing.assert_allclose(with_gap, [0.02, np.nan, 0.04])
    assert np.isnan(false_discovery([np.nan])).all()


@pytest.fixture(scope="module")
def noise():
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((6, 120)), (rng.random(120) < 0.2).astype(float)
    x[3] = x[1]  # the same candidate twice
    return x, y, np.full(120, y.mean())


def adjusted(x, y, risk, **more):
    tests = score_tests(x, y, np.empty((120, 0)))
    return max_t(tests.z, tests.influence, risk, 2000, **more)


def test_the_order_of_candidates_changes_nothing(noise):
    x, y, risk = noise
    order = np.array([4, 2, 0, 5, 3, 1])
    one, two = adjusted(x, y, risk), adjusted(x[order], y, risk)
    np.testing.assert_array_equal(one.p[order], two.p)
    np.testing.assert_array_equal(one.p_own[order], two.p_own)


def test_a_candidate_given_twice_shares_its_p_and_costs_nothing(noise):
    x, y, risk = noise
    found = adjusted(x, y, risk)
    assert found.p[1] == found.p[3]
    np.testing.assert_array_equal(adjusted(x[[0, 1, 2, 4, 5]], y, risk).p, found.p[[0, 1, 2, 4, 5]])


def test_one_candidate_needs_no_adjustment(noise):
    x, y, risk = noise
    found = adjusted(x[:1], y, risk)
    assert found.p[0] == found.p_own[0]
    assert found.critical == pytest.approx(1.96, abs=0.1)


def test_the_limit_is_that_of_independent_normals(noise):
    """Of 5 nearly independent statistics the largest passes the two-sided quantile of 1 - 0.95^(1/5) in 5 %: 2.57."""
    x, y, risk = noise
    assert adjusted(x[[0, 1, 2, 4, 5]], y, risk).critical == pytest.approx(2.57, abs=0.1)


def test_blocks_of_draws_are_drawn_as_one(noise, monkeypatch):
    x, y, risk = noise
    whole = adjusted(x, y, risk)
    monkeypatch.setattr("relapse_model.development.screening.multiplicity._AT_ONCE", 5000)
    np.testing.assert_array_equal(adjusted(x, y, risk).p, whole.p)


def test_no_draws_are_refused(noise):
    with pytest.raises(RelapseModelError, match="permutations is 0; expected at least 1"):
        max_t([1.0], np.ones((1, 4)), [0.5] * 4, draws=0)


def every_order(x, y):
    """Return, over all ways of giving 6 of two strata of 3 their outcomes, the sum of x times outcome."""
    first, second = (set(itertools.permutations(part)) for part in (y[:3], y[3:]))
    return np.array([np.dot(x, one + two) for one in first for two in second])


def test_permutations_within_strata_by_counting_all_of_them():
    """Two strata of 3 with one event each: 9 ways, with sums from 1 + 3 = 4 to 3 + 5 = 8."""
    x, y = np.array([1.0, 2, 3, 3, 4, 5]), (0.0, 0, 1, 0, 0, 1)
    sums = every_order(x, y)
    assert sorted(sums) == [4, 5, 5, 6, 6, 6, 7, 7, 8]
    share = (np.abs(sums - sums.mean()) >= 8 - sums.mean()).mean()  # 2 of 9: 8 and 4
    found = permuted_max_t([x], np.array(y) - 1 / 3, [0, 0, 0, 1, 1, 1], draws=20_000)
    assert found.p[0] == found.p_own[0] == pytest.approx(share, abs=0.01)  # three standard errors


def test_what_differs_between_strata_alone_says_nothing():
    """A column shifted by stratum, as by the assay of a centre, gives the same; a constant in each, nothing."""
    rng = np.random.default_rng(4)
    strata = np.repeat([0, 1, 2], 40)
    x, y = rng.standard_normal(120), (rng.random(120) < 0.1 + 0.2 * strata).astype(float)
    found = permuted_max_t([x, x + 5 * strata, strata], y - y.mean(), strata, 2000)
    assert found.p[1] == found.p[0]
    assert np.isnan(found.p[2])


def test_missing_values_and_those_who_take_no_part_in_permutations():
    """Without the patients who take no part the statistic is the same; gaps are held where they are."""
    rng = np.random.default_rng(5)
    x, residual = rng.standard_normal((2, 60)), rng.standard_normal(60)
    x[0, :15] = np.nan
    gone = np.append(residual, [np.nan] * 10)
    wide = np.concatenate([x, rng.standard_normal((2, 10))], axis=1)
    strata = np.zeros(70)
    np.testing.assert_array_equal(
        permuted_max_t(wide, gone, strata, 500).p, permuted_max_t(x, residual, strata[:60], 500).p
    )


def test_blocks_of_permutations_are_drawn_as_one(noise, monkeypatch):
    x, y, risk = noise
    strata = np.repeat([0, 1], 60)
    whole = permuted_max_t(x, y - risk, strata, 2000)
    monkeypatch.setattr("relapse_model.development.screening.multiplicity._AT_ONCE", 5000)
    np.testing.assert_array_equal(permuted_max_t(x, y - risk, strata, 2000).p, whole.p)
    assert whole.p[1] == whole.p[3]  # the same candidate twice
    with pytest.raises(RelapseModelError, match="permutations is 0"):
        permuted_max_t(x, y - risk, strata, 0)


@pytest.mark.slow
def test_permutations_hold_their_level_where_centres_differ():
    """A marker and the risk both differ by centre: outcomes drawn from the arm alone find it, permutations do not."""
    hits = np.zeros(2)
    for seed in range(500):
        rng = np.random.default_rng(seed)
        centre, arm = rng.integers(0, 3, 132), np.arange(132) % 2
        y = (rng.random(132) < np.array([0.05, 0.2, 0.4])[centre]).astype(float)
        x = rng.standard_normal((5, 132)) + centre
        tests = score_tests(x, y, arm[:, None])
        hits[0] += max_t(tests.z, tests.influence, np.full(132, y.mean()), 500, seed).p.min() <= 0.05
        hits[1] += permuted_max_t(x, y - y.mean(), 2 * centre + arm, 500, seed).p.min() <= 0.05
    assert hits[0] / 500 > 0.5
    assert 0.03 <= hits[1] / 500 <= 0.07
