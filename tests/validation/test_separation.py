"""One column against the outcome: intervals that stay wide for few patients, and figures that others gave."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.validation.discrimination import auc, auc_delong
from relapse_model.validation.separation import auc_score, rank_correlation


def test_a_perfect_order_has_the_limit_of_newcombe():
    # auc_delong gives Newcombe's interval where the order is perfect, from code of its own.
    relapse, score = [0] * 100 + [1] * 20, list(range(120))
    assert auc_score(relapse, score, 0.95).lower == pytest.approx(auc_delong(relapse, score).lower, abs=1e-9)


@pytest.mark.parametrize(("events", "free", "lower"), [(5, 20, 0.824), (5, 100, 0.855), (20, 100, 0.958)])
def test_few_patients_in_perfect_order_are_not_certain(events, free, lower):
    # Roots of (1 - a)^2 = z^2 V(a), V of Hanley and McNeil, found on a grid by hand: 5 events prove little.
    found = auc_score([0] * free + [1] * events, range(free + events))
    assert (found.value, found.upper) == (1.0, 1.0)
    assert found.lower == pytest.approx(lower, abs=5e-4)


@given(st.integers(2, 30), st.integers(2, 30), st.integers(0, 2**32 - 1))
def test_the_interval_holds_the_auc_and_turns_with_it(events, free, seed):
    score = np.random.default_rng(seed).integers(0, 9, events + free)
    relapse = np.r_[np.ones(events), np.zeros(free)]
    found, turned = auc_score(relapse, score), auc_score(relapse, -score)
    assert 0 <= found.lower <= found.value <= found.upper <= 1
    assert found.value == pytest.approx(auc(relapse, score))
    assert turned.lower == pytest.approx(1 - found.upper, abs=1e-9)


def test_the_coverage_of_the_interval_is_what_it_says():
    """Binormal scores with a true AUC of 0.85: 90 % intervals hold it in 90 % of cohorts, within simulation error."""
    rng, held, runs = np.random.default_rng(1), 0, 600
    relapse = np.r_[np.ones(20), np.zeros(100)]
    for _ in range(runs):
        score = rng.standard_normal(120) + 1.4657 * relapse  # sqrt(2) times the normal quantile of 0.85
        found = auc_score(relapse, score)
        held += found.lower <= 0.85 <= found.upper
    assert held / runs == pytest.approx(0.90, abs=0.04)


def test_a_rank_correlation_is_that_of_scipy():
    from scipy.stats import spearmanr

    rng = np.random.default_rng(3)
    first, second = rng.integers(0, 6, 40), rng.integers(0, 6, 40)
    assert rank_correlation(first, second).value == pytest.approx(spearmanr(first, second).statistic)


def test_a_perfect_rank_correlation_of_few_is_open():
    # Five patients in order prove no strong correlation; ten do.
    assert rank_correlation(range(5), range(5)).lower < 0.1
    assert rank_correlation(range(10), range(10)).lower > 0.9
    assert rank_correlation(range(10), range(10, 0, -1)).upper < -0.9


@pytest.mark.parametrize("first", [[1, 2, 3], [1, 1, 1, 1, 1, 1], []])
def test_too_few_or_one_value_have_none(first):
    with pytest.raises(InsufficientDataError, match="Rank correlation"):
        rank_correlation(first, range(len(first)))


def test_gaps_and_other_lengths_are_refused():
    with pytest.raises(RelapseModelError, match="expected two of one length, without missing values"):
        rank_correlation([1, 2, 3, 4, np.nan], range(5))
    with pytest.raises(RelapseModelError, match="expected two of one length"):
        rank_correlation(range(6), range(5))
