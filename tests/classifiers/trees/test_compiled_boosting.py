"""The compiled loop grows xgboost's trees: the same splits, the same leaves, whatever the rows."""

from __future__ import annotations

import numpy as np
import pytest

from relapse_model.classifiers.shared.base import TrainingRows
from relapse_model.classifiers.trees import boosting
from relapse_model.classifiers.trees.compiled_boosting import grown_margins, places

NAN = np.nan


def test_places_of_values_among_the_boundaries_of_their_column():
    """Three different values: 1, 2 and 5 are the 1st to 3rd; the upper one of two is the boundary between them."""
    known = np.array([[2.0], [5.0], [NAN], [1.0], [2.0]], dtype=np.float32)
    new = np.array([[-0.1], [0.5], [1.9], [2.0], [9.0], [10.1], [NAN]], dtype=np.float32)
    code, new_code, offset = places(known, new)
    assert code[:, 0].tolist() == [2, 3, -1, 1, 2]
    # below 1 - (1 + 1e-5) none; from there to 2 the first; 2 is the second; beyond 5 + (5 + 1e-5) all four
    assert new_code[:, 0].tolist() == [0, 1, 1, 2, 3, 4, -1]
    assert offset.tolist() == [0, 3]


def test_a_column_without_values_has_no_bins():
    code, new_code, offset = places(np.full((2, 1), NAN, dtype=np.float32), np.array([[NAN], [3.0]], dtype=np.float32))
    assert code[:, 0].tolist() == [-1, -1]
    assert new_code[:, 0].tolist() == [-1, 0]
    assert offset.tolist() == [0, 0]


def test_one_tree_counted_by_hand():
    """Four with 0 and no event, four with 1 and the event, from a risk of one half: each row has gradient 1/2 or -1/2
    and hessian 1/4, each side 2 or -2 and 1; with l2 = 1 the leaf is -2 / (1 + 1) = -1 or 1, of which a tenth counts.
    """
    known = np.repeat([0.0, 1.0], 4)[:, None].astype(np.float32)
    new = np.array([[-3.0], [0.5], [1.0], [NAN]], dtype=np.float32)
    event, none = np.repeat([0.0, 1.0], 4).astype(np.float32), np.zeros(8, dtype=np.float32)
    found = grown_margins(
        *places(known, new), event, np.ones(8, dtype=np.float32), none, np.zeros(4, dtype=np.float32),
        np.array([0, 1]), 1, 1.0, np.float32(0.1), np.zeros(1, dtype=np.int32),
    )  # fmt: skip
    np.testing.assert_array_equal(found[0], 0.0)
    np.testing.assert_allclose(found[1], [-0.1, -0.1, 0.1, 0.1], rtol=1e-6)  # nobody was missing: to the right


def test_a_direction_that_the_data_contradict_is_not_split_on():
    rows = TrainingRows(np.repeat([0.0, 1.0], 20)[:, None], np.repeat([0.0, 1.0], 20), np.ones(40))
    held = np.arange(40) % 4 == 0
    counts = boosting.round_counts(10)
    asked = {"learning_rate": 0.1, "monotone": (-1,)}
    loss = boosting.held_out_losses(rows, held, None, counts, (1,), (1.0,), **asked)
    np.testing.assert_allclose(loss, loss[0, 0, 0], rtol=1e-6)  # as without any tree


def case(seed):
    """Return rows with ties, missing values, weights, margins, directions and penalties as the seed has it."""
    rng = np.random.default_rng(seed)
    n, p = int(rng.integers(30, 200)), int(rng.integers(1, 10))
    X = rng.normal(size=(n, p)).round(int(rng.integers(0, 4)))
    if seed % 4:
        X[rng.random(X.shape) < rng.choice([0.02, 0.1, 0.4])] = NAN
    event = (rng.random(n) < 1 / (1 + np.exp(1 - 1.5 * np.nan_to_num(X[:, 0])))).astype(float)
    event[:4] = [0, 1, 0, 1]
    weight = np.ones(n) if seed % 2 else rng.random(n) + 0.3
    held = np.arange(n) % 5 == rng.integers(5)
    margin = rng.normal(size=n) if seed % 3 == 0 else None
    monotone = None if seed % 5 == 0 else tuple(int(sign) for sign in rng.integers(-1, 2, p))
    return TrainingRows(X, event, weight), held, margin, {"learning_rate": 0.1, "monotone": monotone}


@pytest.mark.parametrize("seed", range(15))
def test_the_same_log_odds_as_xgboost_after_every_number_of_rounds(seed):
    rows, held, margin, settings = case(seed)
    known = TrainingRows(rows.X[~held], rows.event[~held], rows.weight[~held])
    own, new = (None, None) if margin is None else (margin[~held], margin[held])
    start, counts = boosting.mean_log_odds(known), boosting.round_counts(60)
    given = known, rows.X[held], own, new, start, counts, (1, 2, 3), (0.0, 1.0, 10.0), *settings.values()
    ways = zip(boosting._compiled_log_odds(*given), boosting._xgboost_log_odds(*given), strict=True)
    for ours, theirs in ways:
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=5e-6)  # xgboost sums in 32 bits, in its own order


def test_more_values_than_bins_are_left_to_xgboost(monkeypatch):
    """Xgboost joins values then; and without numba it does all of it, with the same losses."""
    assert boosting._few_values(np.arange(600.0)[:, None] % 256, (2,))
    assert not boosting._few_values(np.arange(600.0)[:, None] % 257, (2,))
    assert not boosting._few_values(np.zeros((10, 1)), (2, 7))
    rows, held, margin, settings = case(6)
    counts = boosting.round_counts(30)
    fast = boosting.held_out_losses(rows, held, margin, counts, (1, 2), (1.0,), **settings)
    monkeypatch.setattr(boosting, "_few_values", lambda *given: False)
    slow = boosting.held_out_losses(rows, held, margin, counts, (1, 2), (1.0,), **settings)
    np.testing.assert_allclose(fast, slow, rtol=1e-6)
