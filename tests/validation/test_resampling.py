"""Folds and bootstrap: balance, disjointness, and resampled AUCs against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.validation import resampling
from relapse_model.validation.discrimination import auc_delong
from relapse_model.validation.resampling import auc_bootstrap, bootstrap_interval, stratified_folds


def cohort(events=20, free=100, lost=12, seed=0):
    outcome = np.repeat([1.0, 0.0, np.nan], [events, free, lost])
    return np.random.default_rng(seed).permutation(outcome)


def folds_of_repeat(result, repeat):
    return [rows for number, rows in result if number == repeat]


@settings(deadline=None, max_examples=50)
@given(st.integers(2, 6), st.integers(6, 20), st.integers(6, 40), st.integers(0, 15), st.integers(0, 2**32 - 1))
def test_each_kind_is_spread_evenly_and_everybody_is_tested_once_per_repeat(folds, events, free, lost, seed):
    y = cohort(events, free, lost)
    result = stratified_folds(y, folds, 2, seed)
    assert [repeat for repeat, _ in result] == [0] * folds + [1] * folds
    for repeat in (0, 1):
        tests = folds_of_repeat(result, repeat)
        np.testing.assert_array_equal(np.sort(np.concatenate(tests)), np.arange(y.size))
        kinds = [(y == 1), (y == 0), np.isnan(y), np.ones(y.size, dtype=bool)]
        for kind in kinds:
            counts = [kind[rows].sum() for rows in tests]
            assert max(counts) - min(counts) <= 1


def test_same_seed_same_folds_other_seed_others():
    def flat(seed, repeats=2):
        return [rows.tolist() for _, rows in stratified_folds(cohort(), 5, repeats, seed)]

    assert flat(3) == flat(3)
    assert flat(3) != flat(4)
    assert flat(3)[:5] != flat(3)[5:]  # repeats differ
    assert flat(3, repeats=4)[:10] == flat(3)  # more repeats leave the earlier ones as they are


def test_rows_of_a_patient_stay_together_and_patients_are_balanced():
    rng = np.random.default_rng(1)
    patient = rng.integers(0, 60, 200)
    ever = np.isin(np.arange(60), rng.permutation(60)[:15])
    y = np.where(ever[patient] & (rng.random(200) < 0.7), 1.0, 0.0)
    labels = np.array([f"P{number:03d}" for number in patient])
    present = np.unique(patient)
    relapsed = np.array([y[patient == number].any() for number in present])
    for repeat in range(3):
        tests = folds_of_repeat(stratified_folds(y, 4, 3, 0, group=labels), repeat)
        members = [set(labels[rows]) for rows in tests]
        assert sum(len(m) for m in members) == present.size  # disjoint, and nobody is missing
        assert set.union(*members) == set(labels)
        events = [sum(relapsed[np.searchsorted(present, int(name[1:]))] for name in m) for m in members]
        assert max(events) - min(events) <= 1


def test_a_patient_counts_as_relapsed_if_any_row_does_and_as_lost_if_all_are():
    # Patients a, b relapse in one of two rows; c, d are free in one row and lost in another; e is lost.
    y = [0, 1, 1, np.nan, 0, np.nan, np.nan, 0, np.nan]
    group = ["a", "a", "b", "b", "c", "c", "d", "d", "e"]
    for _, rows in stratified_folds(y, 2, 5, 0, group=group):
        names = {group[row] for row in rows}
        assert len(names & {"a", "b"}) == 1
        assert len(names & {"c", "d"}) == 1


def test_no_fold_is_always_the_largest():
    sizes = np.array([rows.size for _, rows in stratified_folds(cohort(7, 16, 0), 5, 40, 0)]).reshape(40, 5)
    assert np.all(sizes.max(axis=0) == 5)
    assert np.all(sizes.min(axis=0) == 4)


@pytest.mark.parametrize(("events", "free"), [(4, 50), (50, 4)])
def test_fewer_of_a_kind_than_folds_is_a_named_refusal(events, free):
    with pytest.raises(InsufficientDataError, match=r"for 5 folds.*Ask for 4 folds"):
        stratified_folds(cohort(events, free), 5, 1, 0)


def test_events_are_counted_in_patients_if_there_are_groups():
    with pytest.raises(InsufficientDataError, match="1 patients with the outcome"):
        stratified_folds([1, 1, 1, 0, 0], 2, 1, 0, group=["a", "a", "a", "b", "c"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0, 1, 2, 1], 2, 1, 0), "1, 0 or NaN"),
        (([[0, 1]], 2, 1, 0), "1, 0 or NaN"),
        (([0, 1, 0, 1], 1, 1, 0), "1 folds"),
        (([0, 1, 0, 1], 2, 0, 0), "0 repeats"),
        (([0, 1, 0, 1], 2, 1, 0, ["a"]), "one label for each of 4 rows"),
        (([0, 1, 0, 1], 2, 1, 0, ["a", None, "b", "c"]), "1 of 4 rows have no group"),
    ],
)
def test_folds_refusals(arguments, message):
    with pytest.raises(RelapseModelError, match=message):
        stratified_folds(*arguments)


def test_percentile_interval_and_count_of_degenerate_resamples():
    # Quantiles 0.05 and 0.95 of 0, 1, ..., 100 are 5 and 95.
    values = np.concatenate([np.arange(101.0), [np.nan, np.inf]])
    estimate = bootstrap_interval(40, values, level=0.9)
    assert (estimate.value, estimate.lower, estimate.upper) == pytest.approx((40, 5, 95))
    assert estimate.method == "percentile bootstrap, 103 resamples, 2 degenerate"


def test_too_few_usable_resamples_are_a_named_refusal():
    with pytest.raises(InsufficientDataError, match="39 of 100 resamples could be used; an interval of 95 % needs 40"):
        bootstrap_interval(0.5, np.concatenate([np.zeros(39), np.full(61, np.nan)]))
    assert bootstrap_interval(0.5, np.zeros(40)).lower == 0


def test_bootstrap_level_outside_its_range_is_refused():
    with pytest.raises(RelapseModelError, match="Confidence level"):
        bootstrap_interval(0.5, np.zeros(100), level=95)


@pytest.mark.parametrize("seed", range(5))
def test_resampled_auc_is_that_of_scikit_learn(seed):
    rng = np.random.default_rng(seed)
    events, free = rng.integers(0, 8, 9) / 8, np.sort(rng.integers(0, 8, 21) / 8)
    event_weight = rng.multinomial(9, np.full(9, 1 / 9), 30) * rng.uniform(1, 2, 9)
    free_weight = rng.multinomial(21, np.full(21, 1 / 21), 30) * rng.uniform(1, 2, 21)
    values = resampling.resampled_auc(events, free, event_weight, free_weight)
    y, score = np.repeat([1, 0], [9, 21]), np.concatenate([events, free])
    expected = [
        roc_auc_score(y, score, sample_weight=np.concatenate(pair))
        for pair in zip(event_weight, free_weight, strict=True)
    ]
    np.testing.assert_allclose(values, expected, atol=1e-12)


def test_multiplicities_draw_as_many_as_there_are_and_each_equally_often():
    drawn = resampling.multiplicities(7, 4000, np.random.default_rng(0))
    np.testing.assert_array_equal(drawn.sum(axis=1), 7)
    # The mean of 4000 counts with variance 6/7 has a standard error of 0.015.
    np.testing.assert_allclose(drawn.mean(axis=0), 1, atol=0.06)
    np.testing.assert_allclose(drawn.var(axis=0), 6 / 7, atol=0.1)


def example(seed=4, n=132, events=25):
    rng = np.random.default_rng(seed)
    y = np.repeat([1, 0], [events, n - events])
    return y, rng.normal(size=n) + 1.1 * y


def test_bootstrap_interval_of_the_auc_is_near_delong():
    y, score = example()
    bootstrap, delong = auc_bootstrap(y, score, seed=1), auc_delong(y, score, scale="probability")
    assert bootstrap.value == pytest.approx(delong.value)
    assert bootstrap.lower == pytest.approx(delong.lower, abs=0.02)
    assert bootstrap.upper == pytest.approx(delong.upper, abs=0.02)
    assert bootstrap.method == "stratified percentile bootstrap, 2000 resamples, 0 degenerate"


def test_same_seed_same_interval_whatever_the_order_of_growth():
    y, score = example()
    assert auc_bootstrap(y, score, seed=1) == auc_bootstrap(y, score, seed=1)
    assert auc_bootstrap(y, score, seed=1) != auc_bootstrap(y, score, seed=2)
    assert auc_bootstrap(y, np.exp(score), seed=1) == auc_bootstrap(y, score, seed=1)  # only ranks matter


def test_blocks_of_resamples_are_complete(monkeypatch):
    y, score = example()
    whole = auc_bootstrap(y, score, seed=1)
    monkeypatch.setattr(resampling, "_CELLS_AT_ONCE", 132 * 300)  # 300, ..., 300, 200
    blocks = auc_bootstrap(y, score, seed=1)
    assert "2000 resamples" in blocks.method
    assert (blocks.lower, blocks.upper) == pytest.approx((whole.lower, whole.upper), abs=0.02)


def test_weights_and_lost_patients():
    y, score = example()
    weight = np.ones(y.size)
    equal = auc_bootstrap(y, score, weight, seed=1)
    assert equal == auc_bootstrap(y, score, seed=1)
    lost = auc_bootstrap(np.append(y, np.nan), np.append(score, 9), np.append(weight, 0), seed=1)
    assert lost == equal
    heavy = np.where((y == 1) & (score > 1), 10, 1)  # relapses that were ranked high count ten times
    assert auc_bootstrap(y, score, heavy, seed=1).value > equal.value


def test_resamples_of_a_single_event_are_counted():
    # Two events: a resample holds only one of them with probability 1/2 (standard deviation of the count 22).
    estimate = auc_bootstrap([1, 1, 0, 0, 0, 0, 0, 0], [8, 4, 1, 2, 3, 5, 6, 7], seed=0)
    degenerate = int(estimate.method.split(", ")[-1].split()[0])
    assert 850 < degenerate < 1150


@pytest.mark.parametrize("relapse", [[1, 0, 0, 0], [1, 1, 1, 0], [0, 0, 0, 0]])
def test_auc_bootstrap_needs_two_of_each(relapse):
    with pytest.raises(InsufficientDataError, match="Bootstrap of the AUC"):
        auc_bootstrap(relapse, [0.1, 0.2, 0.3, 0.4])


def test_no_resamples_are_refused():
    y, score = example()
    with pytest.raises(InsufficientDataError, match="0 of 0 resamples"):
        auc_bootstrap(y, score, resamples=0)
