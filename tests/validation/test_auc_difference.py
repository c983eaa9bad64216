"""Paired bootstrap of two AUCs: against DeLong, against resamples drawn one by one, and hand-made p-values."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.validation import auc_difference
from relapse_model.validation.auc_difference import compare_auc_bootstrap
from relapse_model.validation.discrimination import auc, compare_auc_delong


def example(seed=4, n=132, events=25, second=0.6):
    rng = np.random.default_rng(seed)
    y = np.repeat([1.0, 0.0], [events, n - events])
    common = rng.normal(size=n)
    return y, common + rng.normal(size=n) + 1.5 * y, common + rng.normal(size=n) + second * y


def test_it_is_near_delong_without_weights():
    y, a, b = example()
    bootstrap, delong = compare_auc_bootstrap(y, a, b, seed=1), compare_auc_delong(y, a, b)
    assert bootstrap.difference.value == pytest.approx(delong.difference.value)
    assert bootstrap.difference.lower == pytest.approx(delong.difference.lower, abs=0.02)
    assert bootstrap.difference.upper == pytest.approx(delong.difference.upper, abs=0.02)
    assert bootstrap.p_value == pytest.approx(delong.p_value, abs=0.03)
    assert bootstrap.difference.method == "paired stratified percentile bootstrap, 2000 resamples, 0 degenerate"


def test_each_resample_is_that_of_scikit_learn():
    # The multiplicities are drawn again from the same seed, and each resample judged by another library.
    y, a, b = example(n=40, events=12)
    weight = np.random.default_rng(0).uniform(1, 2, 40)
    values = auc_difference._differences(y == 1, np.stack([a, b]), weight, 25, np.random.default_rng(9))
    rng, counts = np.random.default_rng(9), np.zeros((25, 40))
    for kind in (1, 0):
        rows = np.flatnonzero(y == kind)
        for resample, drawn in enumerate(rng.integers(0, rows.size, (25, rows.size))):
            np.add.at(counts[resample], rows[drawn], 1)
    expected = [
        roc_auc_score(y, a, sample_weight=weight * count) - roc_auc_score(y, b, sample_weight=weight * count)
        for count in counts
    ]
    np.testing.assert_allclose(values, expected, atol=1e-12)


def test_the_same_order_is_no_difference():
    y, a, _ = example()
    same = compare_auc_bootstrap(y, a, np.exp(a))
    assert (same.difference.value, same.difference.lower, same.difference.upper, same.p_value) == (0, 0, 0, 1)


def test_turning_the_models_round_turns_the_interval_round():
    y, a, b = example()
    forth, back = compare_auc_bootstrap(y, a, b, seed=1), compare_auc_bootstrap(y, b, a, seed=1)
    assert back.difference.lower == pytest.approx(-forth.difference.upper)
    assert back.p_value == forth.p_value


@pytest.mark.parametrize("second", [0.0, 0.6, 1.0, 1.4])
def test_the_interval_leaves_out_0_when_the_p_value_is_small(second):
    result = compare_auc_bootstrap(*example(second=second), seed=1)
    excludes = result.difference.lower > 0 or result.difference.upper < 0
    assert excludes == (result.p_value < 0.05)


@pytest.mark.parametrize(
    ("differences", "p"),
    [
        ([0.1] * 99, 2 / 100),  # none on the other side: not 0, but 2 in 100
        ([0.1] * 95 + [-0.1] * 4, 10 / 100),
        ([0.0] * 99, 1.0),
        ([0.1] * 50 + [0.0] * 49, 1.0),  # those at 0 count on both sides
    ],
)
def test_p_values_by_hand(differences, p):
    assert auc_difference._p_value(np.array(differences)) == pytest.approx(p)


def test_weights_and_lost_patients():
    y, a, b = example()
    equal = compare_auc_bootstrap(y, a, b, np.ones(y.size), seed=1)
    assert equal == compare_auc_bootstrap(y, a, b, seed=1)
    lost = compare_auc_bootstrap(
        np.append(y, np.nan), np.append(a, 9), np.append(b, -9), np.append(np.ones(y.size), 0), seed=1
    )
    assert lost == equal
    heavy = np.where((a > b) == (y == 1), 3.0, 1.0)  # those whom the first model serves better
    weighted = compare_auc_bootstrap(y, a, b, heavy, seed=1).difference.value
    assert weighted == pytest.approx(auc(y, a, heavy) - auc(y, b, heavy))
    assert weighted > equal.difference.value + 0.05


def test_same_seed_same_answer_and_blocks_are_complete(monkeypatch):
    y, a, b = example()
    whole = compare_auc_bootstrap(y, a, b, seed=1)
    assert compare_auc_bootstrap(y, a, b, seed=1) == whole
    assert compare_auc_bootstrap(y, a, b, seed=2) != whole
    monkeypatch.setattr(auc_difference, "_CELLS_AT_ONCE", 132 * 300)  # 300, ..., 300, 200
    blocks = compare_auc_bootstrap(y, a, b, seed=1)
    assert "2000 resamples" in blocks.difference.method
    assert (blocks.difference.lower, blocks.difference.upper) == pytest.approx(
        (whole.difference.lower, whole.difference.upper), abs=0.02
    )


def test_resamples_of_a_single_event_are_counted():
    # Two events: a resample holds only one of them with probability 1/2 (standard deviation of the count 22).
    found = compare_auc_bootstrap([1, 1, 0, 0, 0, 0, 0, 0], [8, 4, 1, 2, 3, 5, 6, 7], [7, 5, 1, 2, 3, 4, 6, 8])
    degenerate = int(found.difference.method.split(", ")[-1].split()[0])
    assert 850 < degenerate < 1150


@pytest.mark.parametrize("relapse", [[1, 0, 0, 0], [1, 1, 1, 0], [0, 0, 0, 0]])
def test_it_needs_two_of_each(relapse):
    with pytest.raises(InsufficientDataError, match="Bootstrap of two AUCs"):
        compare_auc_bootstrap(relapse, [0.1, 0.2, 0.3, 0.4], [0.4, 0.2, 0.3, 0.1])


@pytest.mark.parametrize(
    ("b", "resamples", "message"), [([0.1, 0.2], 2000, "one entry per patient"), ([4, 3, 2, 1], 0, "0 of 0 resamples")]
)
def test_refusals(b, resamples, message):
    with pytest.raises(RelapseModelError, match=message):
        compare_auc_bootstrap([1, 1, 0, 0], [1, 2, 3, 4], b, resamples=resamples)


@pytest.mark.slow
def test_intervals_keep_their_level_at_25_events():
    # True difference: AUC 0.8 by a + noise against 0.8 by b + noise is 0. Standard error of a coverage over
    # 400 replicates: 1.1 %.
    covered = []
    for seed in range(400):
        y, a, b = example(seed, second=1.5)
        found = compare_auc_bootstrap(y, a, b, resamples=500, seed=seed).difference
        covered.append(found.lower <= 0 <= found.upper)
    assert 0.91 <= np.mean(covered) <= 0.98
