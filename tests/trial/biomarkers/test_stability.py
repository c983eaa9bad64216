"""Stability selection: its three bounds by golden values, and what it counts."""

from __future__ import annotations

import numpy as np
import pytest

from relapse_model.errors import RelapseModelError
from relapse_model.trial.biomarkers.stability import _halves, selection_frequencies
from relapse_model.trial.biomarkers.stability_bounds import false_selections, largest_selection

# R package stabs, B = 50 pairs: candidates, q, threshold; no assumption, unimodal, r-concave.
GOLDEN = [
    (20, 3, 0.75, 0.9, 0.459183673469, 0.142127639052),
    (50, 5, 0.75, 1.0, 0.510204081633, 0.142909998263),
    (100, 8, 0.6, 3.2, 1.68421052632, 0.704271855228),
    (50, 7, 0.9, 1.225, 0.422745098039, 0.0802986502513),
]


@pytest.mark.parametrize(("m", "q", "threshold", "plain", "unimodal", "r_concave"), GOLDEN)
def test_golden_values(m, q, threshold, plain, unimodal, r_concave):
    """The r-concave bound is the largest over a line: R stops up to 0.13 % before its end, where the largest is."""
    found = false_selections(m, q, threshold)
    assert found.meinshausen_buhlmann == pytest.approx(plain, rel=1e-10)
    assert found.unimodal == pytest.approx(unimodal, rel=1e-10)
    assert r_concave <= found.r_concave <= 1.0014 * r_concave


@pytest.mark.parametrize(("m", "expected"), [(20, (3, 4, 6)), (50, (5, 6, 11)), (100, (7, 9, 17))])
def test_the_largest_selection_for_one_false(m, expected):
    """R stabs: q for PFER 1 and threshold 0.75. It takes 6 for 50 and unimodal, where 7 gives exactly 1."""
    names = ("meinshausen_buhlmann", "unimodal", "r_concave")
    found = tuple(largest_selection(m, bound=name) for name in names)
    assert found[::2] == expected[::2]
    assert found[1] in (expected[1], expected[1] + 1)
    for q, name in zip(found, names, strict=True):
        assert getattr(false_selections(m, q, 0.75), name) <= 1 + 1e-9
        assert getattr(false_selections(m, q + 1, 0.75), name) > 1


def test_bounds_are_ordered_and_grow():
    for q in range(1, 8):
        found = false_selections(40, q, 0.8)
        assert found.r_concave <= found.unimodal <= found.meinshausen_buhlmann
        assert false_selections(40, q + 1, 0.8).r_concave >= found.r_concave


@pytest.mark.parametrize("pairs", [1, 2, 5])
def test_few_pairs_have_bounds_too(pairs):
    """Of one pair a frequency is 0, a half or 1: no shape helps, and the bound without one holds."""
    found = false_selections(10, 2, 0.75, pairs)
    assert found.unimodal <= found.meinshausen_buhlmann == pytest.approx(0.8)
    assert 0 < found.r_concave <= 10


def test_a_threshold_of_a_half_is_refused():
    with pytest.raises(RelapseModelError, match=r"threshold is 0\.5; expected above 0\.5"):
        false_selections(10, 2, 0.5)


def test_halves_are_disjoint_and_share_the_events():
    kinds = [np.arange(9), np.arange(9, 30)]
    halves = list(_halves(kinds, 30, 3, np.random.default_rng(0)))
    assert len(halves) == 6
    for first, second in zip(halves[::2], halves[1::2], strict=True):
        assert not (first & second).any()
        assert first[:9].sum() == second[:9].sum() == 4  # of 9 events
        assert first[9:].sum() == second[9:].sum() == 10


def test_a_marker_is_always_among_the_best_and_every_half_selects_q():
    rng = np.random.default_rng(0)
    y = np.repeat([1.0, 0.0], [24, 96])
    x = rng.standard_normal((12, 120))
    x[5] += 2.5 * y
    x[2, :30] = np.nan
    found = selection_frequencies(x, y, np.empty((120, 0)), 3, pairs=20)
    assert found[5] == 1.0
    assert found.sum() == pytest.approx(3.0)


def test_the_lost_take_no_part():
    rng = np.random.default_rng(0)
    y = np.repeat([1.0, 0.0, np.nan], [10, 40, 10])
    x = rng.standard_normal((4, 60))
    weight = np.where(np.isnan(y), 0.0, 1.0)
    spoiled = np.where(np.isnan(y), 1e6, x)
    one, two = (selection_frequencies(v, y, np.empty((60, 0)), 1, weight, pairs=5) for v in (x, spoiled))
    np.testing.assert_array_equal(one, two)
