"""Boosted trees: a stump by hand, directions, noise, intervals, and files that were tampered with."""

from __future__ import annotations

import json

import numpy as np
import pytest
import xgboost
from scipy.special import expit

from relapse_model.classifiers import BoostedTreesClassifier
from relapse_model.classifiers.shared.base import IntervalUnavailableError
from relapse_model.classifiers.trees.boosting import round_counts
from relapse_model.errors import InsufficientDataError, ModelFileError, RelapseModelError

SMALL = {"depths": (2,), "l2": (1.0,), "max_rounds": 40}


def cohort(rows=132, seed=0, effect=2.0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, 4))
    y = (rng.random(rows) < expit(-1.5 + effect * X[:, 0])).astype(int)
    X[rng.random(X.shape) < 0.05] = np.nan
    return X, y


def test_one_stump_by_hand():
    # 10 rows a side with 2 and 8 events, start at risk 1/2: gradient 5 - 2 = 3, hessian 10 / 4,
    # leaf -0.1 * 3 / (2.5 + 1)
    X = np.repeat([0.0, 1.0], 10)[:, None]
    y = np.concatenate([np.arange(10) < 2, np.arange(10) < 8])
    model = BoostedTreesClassifier(depths=(1,), l2=(1.0,), max_rounds=1).fit(X, y)
    assert model.rounds_ == 1
    assert model.predict_log_odds([[0.0], [1.0]]) == pytest.approx([-0.3 / 3.5, 0.3 / 3.5], abs=1e-6)


def test_zero_rounds_is_the_weighted_mean_risk():
    X, y = cohort()
    weight = np.linspace(0.5, 2.0, 132)
    model = BoostedTreesClassifier(max_rounds=0).fit(X, y, weight)
    mean = np.average(y, weights=weight)
    assert model.predict_proba(X)[:, 1] == pytest.approx(np.full(132, mean), abs=1e-6)
    assert model.cv_log_loss_.shape == (2, 2, 1)


def test_noise_gives_nearly_the_mean_risk():
    spread, untuned, chosen = [], [], []
    for seed in range(6):
        X, y = cohort(rows=300, seed=seed, effect=0.0)
        model = BoostedTreesClassifier(depths=(1,), l2=(10.0,), max_rounds=60, seed=seed).fit(X, y)
        spread.append(model.predict_proba(X)[:, 1].std())
        chosen.append(model.rounds_)
        data = xgboost.DMatrix(X, label=y, nthread=1)
        default = xgboost.train({"objective": "binary:logistic", "nthread": 1}, data, num_boost_round=60)
        untuned.append(default.predict(data).std())
    assert min(chosen) == 0
    assert np.median(spread) < 0.03
    assert np.median(untuned) > 0.2  # the same noise, learned by heart


def test_the_choice_is_the_best_and_the_simplest_of_equals():
    model = BoostedTreesClassifier(max_rounds=30).fit(*cohort())
    losses = model.cv_log_loss_
    place = (
        model.depths.index(model.depth_),
        model.l2.index(model.l2_),
        model.round_counts_.tolist().index(model.rounds_),
    )
    assert losses[place] == losses.min()
    assert losses[:, :, 0] == pytest.approx(np.full((2, 2), losses[0, 0, 0]))  # round 0 knows no depth
    assert model.booster_.num_boosted_rounds() == model.rounds_
    model.cv_log_loss_ = np.zeros_like(losses)
    model._choose()
    assert (model.rounds_, model.depth_, model.l2_) == (0, 1, 10.0)


def test_cross_validation_reads_the_same_as_separate_fits():
    X, y = cohort()
    long = BoostedTreesClassifier(depths=(2,), l2=(1.0,), max_rounds=20).fit(X, y)
    for count in (1, 5):
        short = BoostedTreesClassifier(depths=(2,), l2=(1.0,), max_rounds=count).fit(X, y)
        at = long.round_counts_.tolist().index(count)
        assert long.cv_log_loss_[0, 0, at] == pytest.approx(short.cv_log_loss_[0, 0, -1], rel=1e-12)


def testround_counts():
    assert round_counts(0).tolist() == [0]
    assert round_counts(1).tolist() == [0, 1]
    counts = round_counts(150)
    assert (counts[0], counts[1], counts[-1]) == (0, 1, 150)
    assert (np.diff(counts) > 0).all()


@pytest.mark.parametrize("sign", [1, -1])
def test_a_direction_holds_everywhere(sign):
    X, y = cohort(rows=300, effect=0.5)  # truth rises a little with column 0
    settings = {**SMALL, "learning_rate": 0.5}
    model = BoostedTreesClassifier(monotone=(sign, 0, 0, 0), **settings).fit(X, y)
    free = BoostedTreesClassifier(**settings).fit(X, y)
    grid = np.linspace(-3, 3, 200)
    steps = {"held": [], "free": []}
    for others in np.random.default_rng(0).normal(size=(20, 3)):
        rows = np.column_stack([grid, np.tile(others, (200, 1))])
        steps["held"].append(np.diff(model.predict_log_odds(rows)))
        steps["free"].append(np.diff(free.predict_log_odds(rows)))
    assert (sign * np.array(steps["held"]) >= 0).all()
    assert (np.array(steps["held"]) != 0).any() == (sign == 1)  # against the truth, nothing is left to learn
    assert (np.array(steps["free"]) < 0).any()  # so that a constraint has something to do, either way
    assert (np.array(steps["free"]) > 0).any()


def test_missing_values_need_no_imputation():
    X, y = cohort()
    X[:, 3] = np.nan  # a column without any value is no harm to trees
    X[y == 1, 1] = np.nan  # here the gap itself tells everything
    model = BoostedTreesClassifier(**SMALL).fit(X, y)
    risk = model.predict_proba([[0.0, np.nan, 0.0, 0.0], [0.0, 0.5, 0.0, 0.0]])[:, 1]
    assert risk[0] > 0.5 > risk[1]


def test_intervals_need_resamples():
    model = BoostedTreesClassifier(**SMALL).fit(*cohort())
    with pytest.raises(IntervalUnavailableError, match="interval_resamples=0"):
        model.predict_interval(cohort()[0])


def test_intervals_are_percentiles_of_the_centred_shift():
    X, y = cohort()
    model = BoostedTreesClassifier(**SMALL, interval_resamples=11, seed=4).fit(X, y)
    plain = BoostedTreesClassifier(**SMALL, seed=4).fit(X, y)
    assert np.array_equal(model.predict_proba(X), plain.predict_proba(X))  # resampling leaves the model alone
    row = xgboost.DMatrix(X[:1])
    margins = np.sort([booster.predict(row, output_margin=True)[0] for booster in model.interval_boosters_])
    main = model.predict_log_odds(X[:1])[0]
    # 11 resamples at level 0.8: the 10 % and 90 % percentiles are the 2nd and 10th, the median is the 6th
    expected = expit(main + margins[[1, 9]].astype(float) - margins[5])
    assert model.predict_interval(X[:1], level=0.8)[0] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"monotone": (1, 0)}, "monotone.*4 columns"),
        ({"monotone": (1, 0, 0, 2)}, "monotone"),
        ({"depths": ()}, "depths"),
        ({"depths": (0,)}, "depths"),
        ({"l2": (-1.0,)}, "l2"),
        ({"depths": np.array([], dtype=int)}, "depths"),
        ({"l2": np.array([1.0, -1.0])}, "l2"),
        ({"learning_rate": 0.0}, "learning_rate"),
        ({"max_rounds": -1}, "max_rounds"),
        ({"interval_resamples": 1001}, "interval_resamples"),
        ({"folds": 1}, "folds"),
    ],
)
def test_settings_that_cannot_be_used_are_named(settings, message):
    with pytest.raises(RelapseModelError, match=message):
        BoostedTreesClassifier(**settings).fit(*cohort())


def test_settings_may_be_any_sequence():
    X, y = cohort()
    arrays = {"depths": np.array([1, 2]), "l2": np.array([1.0, 10.0]), "monotone": np.array([1, 0, 0, 0])}
    tuples = {name: tuple(values.tolist()) for name, values in arrays.items()}
    model = BoostedTreesClassifier(**arrays, max_rounds=10).fit(X, y)
    assert model.to_parts() == BoostedTreesClassifier(**tuples, max_rounds=10).fit(X, y).to_parts()


def test_a_single_event_is_refused():
    with pytest.raises(InsufficientDataError, match="rarer class has 1 row"):
        BoostedTreesClassifier().fit(cohort()[0], np.arange(132) == 5)


# Groups and margins


def test_rows_of_a_group_stay_in_one_fold():
    # Every patient twice: with the pairs torn apart, trees know half of each test fold by heart.
    X, y = cohort(rows=80, effect=0.0)
    X, y, patient = np.tile(X, (2, 1)), np.tile(y, 2), np.tile(np.arange(80), 2)
    settings = {"depths": (4,), "l2": (0.1,), "max_rounds": 60, "learning_rate": 0.5}
    torn = BoostedTreesClassifier(**settings).fit(X, y)
    whole = BoostedTreesClassifier(**settings).fit(X, y, groups=patient)
    assert torn.cv_log_loss_.min() < 0.8 * torn.cv_log_loss_[0, 0, 0]
    assert whole.cv_log_loss_.min() > 0.97 * whole.cv_log_loss_[0, 0, 0]


def test_groups_are_resampled_together():
    X, y = cohort(rows=60)
    pairs = np.tile(X, (2, 1)), np.tile(y, 2)
    alone = BoostedTreesClassifier(**SMALL, interval_resamples=3, seed=1).fit(X, y)
    patients = np.tile(np.arange(60), 2)
    twice = BoostedTreesClassifier(**SMALL, interval_resamples=3, seed=1).fit(*pairs, np.full(120, 0.5), patients)
    assert twice.rounds_ == alone.rounds_
    np.testing.assert_allclose(twice.predict_interval(X), alone.predict_interval(X), atol=1e-5)


def test_trees_start_from_the_margin():
    X, y = cohort()
    margin = np.where(np.isnan(X[:, 0]), 0.0, X[:, 0])
    none = BoostedTreesClassifier(max_rounds=0).fit(X, y, base_margin=margin)
    assert none.predict_log_odds(X, margin) == pytest.approx(margin, abs=1e-6)
    assert none.cv_log_loss_[0, 0, 0] == pytest.approx(np.mean(np.logaddexp(0, margin) - y * margin), abs=1e-6)
    # One stump by hand from margins of 0: as from a risk of one half above, whatever the mean risk is.
    x = np.repeat([0.0, 1.0], 10)[:, None]
    events = np.concatenate([np.arange(10) < 1, np.arange(10) < 8])
    stump = BoostedTreesClassifier(depths=(1,), l2=(1.0,), max_rounds=1).fit(x, events, base_margin=np.zeros(20))
    # gradients 5 - 1 = 4 and 5 - 8 = -3, hessians 10 / 4: leaves -0.1 * 4 / 3.5 and 0.1 * 3 / 3.5
    assert stump.predict_log_odds([[0.0], [1.0]], [0.0, 0.0]) == pytest.approx([-0.4 / 3.5, 0.3 / 3.5], abs=1e-6)
    assert stump.predict_log_odds([[0.0]], [2.0]) == pytest.approx([2.0 - 0.4 / 3.5], abs=1e-6)


def test_a_margin_is_needed_where_it_was_fitted_with_one_and_refused_elsewhere():
    X, y = cohort()
    started = BoostedTreesClassifier(**SMALL).fit(X, y, base_margin=np.zeros(132))
    with pytest.raises(RelapseModelError, match="no base_margin came; expected one"):
        started.predict_proba(X)
    with pytest.raises(RelapseModelError, match="a base_margin came; expected none"):
        BoostedTreesClassifier(**SMALL).fit(X, y).predict_proba(X, np.zeros(132))
    with pytest.raises(RelapseModelError, match=r"base_margin has shape \(3,\)"):
        BoostedTreesClassifier(**SMALL).fit(X, y, base_margin=[0.0, 0.0, 0.0])
    with pytest.raises(RelapseModelError, match="1 of 132 are missing"):
        BoostedTreesClassifier(**SMALL).fit(X, y, base_margin=np.append(np.zeros(131), np.nan))
    again = BoostedTreesClassifier.from_parts(started.to_parts())
    assert again.starts_from_margin_
    assert np.array_equal(again.predict_log_odds(X, np.ones(132)), started.predict_log_odds(X, np.ones(132)))


# The model file


@pytest.fixture(scope="module")
def fitted():
    settings = {**SMALL, "learning_rate": 0.2, "interval_resamples": 3}
    return BoostedTreesClassifier(monotone=(1, 0, 0, 0), **settings).fit(*cohort())


def test_state_reads_back_bit_for_bit(fitted):
    parts = fitted.to_parts()
    assert list(parts) == [
        "boosted_trees.json",
        "booster.ubj",
        "interval_000.ubj",
        "interval_001.ubj",
        "interval_002.ubj",
    ]
    again = BoostedTreesClassifier.from_parts(parts)
    assert again.get_params() == fitted.get_params()
    assert (again.depth_, again.l2_, again.rounds_) == (fitted.depth_, fitted.l2_, fitted.rounds_)
    assert np.array_equal(again.cv_log_loss_, fitted.cv_log_loss_)
    assert again.to_parts() == parts
    X, _ = cohort(seed=5)
    assert np.array_equal(again.predict_proba(X), fitted.predict_proba(X))
    assert np.array_equal(again.predict_interval(X), fitted.predict_interval(X))


def test_the_mean_risk_reads_back():
    X, y = cohort()
    model = BoostedTreesClassifier(max_rounds=0).fit(X, y)
    again = BoostedTreesClassifier.from_parts(model.to_parts())
    assert np.array_equal(again.predict_proba(X), model.predict_proba(X))


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"rounds": 41}, "'rounds'"),
        ({"rounds": 1}, r"booster\.ubj.*expected 1 trees"),
        ({"depth": 0}, "'depth'"),
        ({"l2": -1.0}, "'l2'"),
        ({"n_features": 5}, "'monotone'"),
        ({"cv_log_loss": [[[0.1]]]}, "'cv_log_loss'"),
        ({"settings": []}, "'settings'"),
    ],
)
def test_a_changed_document_is_refused(fitted, change, name):
    parts = fitted.to_parts()
    document = {**json.loads(parts["boosted_trees.json"]), **change}
    with pytest.raises(ModelFileError, match=name):
        BoostedTreesClassifier.from_parts({**parts, "boosted_trees.json": json.dumps(document).encode()})


@pytest.mark.parametrize("name", ["booster.ubj", "interval_001.ubj"])
def test_a_booster_of_other_columns_is_refused(fitted, name):
    X, y = cohort()
    other = BoostedTreesClassifier(**SMALL).fit(X[:, :2], y)
    parts = {**fitted.to_parts(), name: other.to_parts()["booster.ubj"]}
    with pytest.raises(ModelFileError, match=f"{name}.*expected 4 columns"):
        BoostedTreesClassifier.from_parts(parts)
