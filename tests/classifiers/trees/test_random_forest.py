"""The forest: shrunk risks, scikit-learn's trees under them, its choice, its intervals and its file."""

from __future__ import annotations

import json

import numpy as np
import pytest
import sklearn.tree
from scipy.special import expit, logit

from relapse_model.classifiers import ForestClassifier
from relapse_model.classifiers.shared.folds import tuning_folds
from relapse_model.classifiers.shared.round_columns import round_columns
from relapse_model.classifiers.trees.forest_bytes import Forest
from relapse_model.classifiers.trees.random_forest import _shrunk
from relapse_model.errors import ModelFileError, RelapseModelError

PART, TREES = "random_forest.json", "forest.bin"
SMALL = {"trees": 10, "leaf_sizes": (5, 30), "feature_shares": (0.34, 1.0)}


def cohort(rows=132, seed=0, effect=1.5, gaps=0.1):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, 4)) * [1.0, 10.0, 0.1, 1.0]
    y = (rng.random(rows) < expit(-1.6 + effect * X[:, 0])).astype(int)
    X[rng.random(X.shape) < gaps] = np.nan
    return X, y


def standardised(X, of, weight=None):
    """Return ``X`` in scales of the complete columns ``of``, in 32 bits, as trees are grown."""
    columns = round_columns(of, np.ones(len(of)) if weight is None else weight)
    return ((X - columns.center) / columns.scale).astype(np.float32)


def fitted(**settings):
    return ForestClassifier(**{**SMALL, **settings}).fit(*cohort())


def forest_of_leaves(risks):
    """Return a fitted classifier whose trees are single leaves with these risks, two to a bag."""
    model = fitted()
    ones = np.ones(len(risks), dtype=np.int64)
    model.forest_ = Forest((-ones).astype(np.int32), (0 * ones).astype(np.int32), np.array(risks), ones)
    return model


@pytest.fixture
def recorded(monkeypatch):
    """Record every tree that scikit-learn grows, with the rows and weights that it was grown on."""
    trees = []

    class Recorded(sklearn.tree.DecisionTreeRegressor):
        def fit(self, X, y, sample_weight=None, check_input=True):
            trees.append((self, X.copy(), y.ravel().copy(), sample_weight.copy()))
            return super().fit(X, y, sample_weight=sample_weight, check_input=check_input)

    monkeypatch.setattr(sklearn.tree, "DecisionTreeRegressor", Recorded)
    return trees


# Risks


def test_leaves_are_shrunk_by_three_rows_at_the_mean():
    # 4 rows with 1 event and 4 with 3, mean risk 1/2: (1 + 1.5) / 7 and (3 + 1.5) / 7
    found = _shrunk(np.array([0.25, 0.75]), np.array([4.0, 4.0]), 0.5)
    assert found == pytest.approx([2.5 / 7, 4.5 / 7])
    # 10 rows without an event at a mean of 20 %: 0.6 / 13; a leaf of no weight is the mean
    assert _shrunk(np.array([0.0, 1.0]), np.array([10.0, 0.0]), 0.2) == pytest.approx([0.6 / 13, 0.2])


def test_no_risk_is_zero_or_one():
    found = _shrunk(np.array([0.0, 1.0]), np.array([1e12, 1e12]), 0.5)
    assert 0.0 < found[0] < 1e-8
    assert 1 - 1e-8 < found[1] < 1.0


def test_a_tree_of_two_leaves_by_hand(recorded):
    # One column of 0 and 1, 20 rows each, 4 and 12 events (mean 0.4): each tree has two leaves, and with row
    # weights w its risk at x is (sum of w of events + 3 * 0.4) / (sum of w + 3)
    x, y = np.repeat([0.0, 1.0], 20), np.repeat([1, 0, 1, 0], [4, 16, 12, 8])
    model = ForestClassifier(trees=4, leaf_sizes=(15,), feature_shares=(1.0,)).fit(x[:, None], y)
    assert model.forest_.nodes.tolist() == [3, 3, 3, 3]
    expected = [
        [((w * y)[x == value].sum() + 1.2) / (w[x == value].sum() + 3.0) for value in (0.0, 1.0)]
        for _, _, _, w in recorded[-4:]
    ]
    assert model.predict_proba([[0.0], [1.0]])[:, 1] == pytest.approx(np.mean(expected, axis=0))


def test_the_trees_are_those_of_scikit_learn(recorded):
    X, y = cohort(gaps=0.0)
    weight = np.linspace(0.5, 2.0, 132)
    model = ForestClassifier(**SMALL).fit(X, y, weight)
    new, mean = cohort(seed=1)[0], weight @ y / weight.sum()
    filled = standardised(np.where(np.isnan(new), model.impute_, new), X, weight)
    risks = []
    for tree, rows, event, weights in recorded[-10:]:
        assert np.array_equal(event, y)
        assert rows == pytest.approx(standardised(X, X, weight), abs=1e-6)
        leaf, place = tree.apply(rows), tree.apply(filled)
        mass = np.bincount(leaf, weights, tree.tree_.node_count)[place]
        risks.append((mass * tree.predict(filled) + 3.0 * mean) / (mass + 3.0))
        assert np.bincount(leaf)[np.unique(leaf)].min() >= model.leaf_size_
    assert model.predict_proba(new)[:, 1] == pytest.approx(np.mean(risks, axis=0))
    assert model.predict_log_odds(new) == pytest.approx(logit(np.mean(risks, axis=0)))


def test_pairs_of_trees_share_exponential_row_weights(recorded):
    X, y = cohort(rows=2000)
    given = np.linspace(0.5, 2.0, 2000)
    ForestClassifier(trees=6, leaf_sizes=(200,)).fit(X, y, given)
    weights = [weight / given for *_, weight in recorded[-6:]]
    for first, second in ((0, 1), (2, 3), (4, 5)):
        assert np.array_equal(weights[first], weights[second])
    assert not np.array_equal(weights[1], weights[2])
    # of an exponential variable: mean 1, standard deviation 1, a share of exp(-1) above 1; 6000 of them
    drawn = np.concatenate(weights[::2])
    assert drawn.min() > 0
    assert (drawn.mean(), drawn.std()) == pytest.approx((1.0, 1.0), abs=0.06)
    assert (drawn > 1).mean() == pytest.approx(np.exp(-1), abs=0.025)


def test_rows_of_a_group_share_their_weights(recorded):
    X, y = cohort()
    patient = np.arange(132) // 4
    ForestClassifier(**SMALL).fit(X, y, groups=patient)
    for *_, weight in recorded[-10:]:
        assert np.array_equal(weight, weight[4 * patient])
        assert len(np.unique(weight)) == 33


def test_leaves_above_half_of_the_rows_give_nearly_the_mean_risk():
    X, y = cohort()
    model = ForestClassifier(trees=200, leaf_sizes=(80,)).fit(X, y)
    risk = model.predict_proba(X)[:, 1]
    assert np.ptp(risk) == 0.0
    assert risk[0] == pytest.approx(y.mean(), abs=0.02)


def test_a_shape_that_no_line_has_is_found():
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, size=(600, 2))
    y = rng.random(600) < np.where(np.abs(X[:, 0]) > 0.5, 0.7, 0.1)  # both ends are at risk
    model = ForestClassifier(trees=40, leaf_sizes=(20, 300), feature_shares=(1.0,)).fit(X, y)
    assert model.leaf_size_ == 20
    assert model.predict_proba([[-0.8, 0], [0, 0], [0.8, 0]])[:, 1] == pytest.approx([0.7, 0.1, 0.7], abs=0.12)


def test_units_and_bent_scales_do_not_matter():
    # Trees ask for the order of values alone; round numbers stay such by powers of ten, but for the last of 32 bits
    X, y = cohort()
    factor = np.array([0.1, 10.0, 1000.0, 1.0])
    there = ForestClassifier(**SMALL).fit(X * factor, y)
    assert there.predict_proba(X * factor) == pytest.approx(fitted().predict_proba(X), abs=1e-12)
    X, y = cohort(gaps=0.0)  # what stands in for a gap is a round number, of values and of their exponentials another
    whole = np.round(X[:, :2] * 4)
    bent = ForestClassifier(**SMALL).fit(np.exp(whole / 10), y)
    plain = ForestClassifier(**SMALL).fit(whole, y)
    assert bent.predict_proba(np.exp(whole / 10)) == pytest.approx(plain.predict_proba(whole), abs=0.05)


def test_a_missing_value_takes_the_training_median():
    X, _ = cohort()
    model = fitted()
    assert (np.abs(model.impute_ - np.nanmedian(X, axis=0)) <= 0.1 * model.scale_).all()  # a round number
    with_median = [[model.impute_[0], 1.0, 0.1, 1.0]]
    assert np.array_equal(model.predict_proba([[np.nan, 1.0, 0.1, 1.0]]), model.predict_proba(with_median))


@pytest.mark.parametrize("size", [1e-9, 1.0, 1e30])  # a hormone in mol/l is of the order of 1e-9
def test_measurements_of_any_size_are_told_apart(size):
    y = np.repeat([0, 1], 66)
    x = (size * np.where(y == 0, 1.0, 2.0 if size < 1e30 else -1.0))[:, None]
    risk = ForestClassifier(**SMALL).fit(x, y).predict_proba(x)[:, 1]
    assert (risk[:66] < 0.1).all()
    assert (risk[66:] > 0.9).all()


@pytest.mark.parametrize("far", [1e30, -1e30])
def test_values_beyond_all_reason_go_the_way_of_the_farthest(far):
    # 1e30 in standard deviations of 1e-10 is beyond 32 bits; the trees ask for the order alone
    X, y = cohort(gaps=0.0)
    model = ForestClassifier(**SMALL).fit(X * 1e-10, y)
    farthest = np.full((1, 4), np.sign(far))
    assert np.array_equal(model.predict_proba(np.full((1, 4), far)), model.predict_proba(farthest))


# The choice


def test_the_losses_are_those_of_held_out_rows(recorded):
    X, y = cohort(gaps=0.0)
    model = ForestClassifier(trees=4, leaf_sizes=(5, 30), feature_shares=(1.0,), folds=3).fit(X, y)
    fold = tuning_folds(y.astype(float), 3, 0)
    loss = np.zeros(2)
    assert len(recorded) == 3 * 2 * 4 + 4  # of each fold and size a forest, then the one on all rows
    for held in range(3):
        known, new = (standardised(X[part], X[fold != held]) for part in (fold != held, fold == held))
        for size in range(2):
            risks = []
            for tree, rows, event, weight in recorded[(held * 2 + size) * 4 :][:4]:
                assert rows == pytest.approx(known, abs=1e-6)  # centre and scale are the training fold's
                mass = np.bincount(tree.apply(rows), weight)[tree.apply(new)]
                share = tree.predict(new)
                risks.append((mass * share + 3 * event.mean()) / (mass + 3))
            risk, event = np.mean(risks, axis=0), y[fold == held]
            loss[size] -= np.log(np.where(event == 1, risk, 1 - risk)).sum()
    assert model.cv_log_loss_[:, 0] == pytest.approx(loss / 132)
    assert model.leaf_size_ == (5, 30)[loss.argmin()]


def test_of_equally_good_choices_the_largest_leaves_and_fewest_columns_win():
    # A constant column: every forest is the mean risk
    y = cohort()[1]
    model = ForestClassifier(trees=4, leaf_sizes=(5, 40, 10), feature_shares=(1.0, 0.5)).fit(np.ones((132, 1)), y)
    assert np.ptp(model.cv_log_loss_) == 0.0
    assert (model.leaf_size_, model.feature_share_) == (40, 0.5)


def test_a_column_known_in_one_fold_alone_is_no_obstacle():
    X, y = cohort()
    X[:, 3] = np.nan
    X[np.flatnonzero(tuning_folds(y.astype(float), 5, 0) == 2), 3] = 4.0
    assert np.isfinite(ForestClassifier(**SMALL).fit(X, y).cv_log_loss_).all()
    X[:, 3] = np.nan
    model = ForestClassifier(**SMALL).fit(X, y)
    known, unknown = model.predict_proba([[0.0, 0.0, 0.0, 5000.0], [0.0, 0.0, 0.0, np.nan]])[:, 1]
    assert known == unknown


def test_another_seed_is_another_forest():
    X, _ = cohort()
    assert not np.array_equal(fitted(seed=1).predict_proba(X), fitted(seed=2).predict_proba(X))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"trees": 0}, "trees is 0"),
        ({"trees": 2}, "trees is 2"),  # a single pair shows no spread
        ({"trees": 11}, "trees is 11"),
        ({"trees": 10_002}, "trees"),
        ({"leaf_sizes": ()}, "leaf_sizes"),
        ({"leaf_sizes": (0,)}, "leaf_sizes"),
        ({"leaf_sizes": (10, 10**10)}, "leaf_sizes"),
        ({"feature_shares": ()}, "feature_shares"),
        ({"feature_shares": (0.0,)}, "feature_shares"),
        ({"feature_shares": (1.1,)}, "feature_shares"),
        ({"feature_shares": (np.nan,)}, "feature_shares"),
        ({"folds": 1}, "folds is 1"),
        ({"leaf_sizes": np.array([], dtype=int)}, "leaf_sizes"),
        ({"feature_shares": np.array([0.5, 2.0])}, "feature_shares"),
    ],
)
def test_settings_that_cannot_be_used_are_named(settings, message):
    with pytest.raises(RelapseModelError, match=message):
        fitted(**settings)


def test_settings_may_be_any_sequence():
    X, _ = cohort()
    arrays = fitted(leaf_sizes=np.array([5, 30]), feature_shares=np.array([0.34, 1.0]))
    assert arrays.to_parts() == fitted(leaf_sizes=[5, 30], feature_shares=[0.34, 1.0]).to_parts() == fitted().to_parts()
    again = ForestClassifier.from_parts(arrays.to_parts())
    assert np.array_equal(again.predict_proba(X), arrays.predict_proba(X))


# Intervals


def test_the_interval_by_hand():
    # Pairs (0.1, 0.3) and (0.5, 0.5): means 0.2 and 0.5, variance 0.045. Chance of the trees: variances 0.02 and
    # 0 of single trees, halved for a pair's mean: 0.005. What is left is 8/9 of the variance. Log-odds -log 4 and
    # 0, median -log 2; their 10th and 90th percentiles lie 0.8 log 2 away from it, narrowed by sqrt(8/9).
    model = forest_of_leaves([0.1, 0.3, 0.5, 0.5])
    reach = 0.8 * np.log(2) * np.sqrt(8 / 9)
    middle = np.log(0.35 / 0.65)
    assert model.predict_proba(cohort()[0][:1])[0, 1] == pytest.approx(0.35)
    assert model.predict_interval(cohort()[0][:1], level=0.8)[0] == pytest.approx(
        expit([middle - reach, middle + reach])
    )


@pytest.mark.parametrize("risks", [[0.2] * 4, [0.1, 0.3, 0.3, 0.1]])
def test_where_all_spread_is_the_trees_own_the_interval_is_a_point(risks):
    interval = forest_of_leaves(risks).predict_interval(cohort()[0][:2])
    assert interval == pytest.approx(np.full((2, 2), 0.2))


@pytest.mark.parametrize("risk", np.linspace(0.001, 0.999, 40))
def test_an_interval_that_is_a_point_holds_the_risk(risk):
    # To log-odds and back, a risk may be rounded: it must not lie outside.
    model, row = forest_of_leaves([risk] * 4), cohort()[0][:1]
    (lower, upper), found = model.predict_interval(row)[0], model.predict_proba(row)[0, 1]
    assert lower <= found <= upper


def test_the_chance_of_single_trees_is_taken_off():
    # 5000 pairs: risks of 0.3, moved by 0.02 as rows differ (what an interval is about), and by 0.03 as the two
    # trees of a pair do. On the log-odds scale 0.02 is 0.02 / (0.3 * 0.7), the reach of an interval of 68.27 %.
    rng = np.random.default_rng(0)
    risks = 0.3 + 0.02 * rng.normal(size=(5000, 1)) + 0.03 * rng.normal(size=(5000, 2))
    lower, upper = forest_of_leaves(risks.ravel()).predict_interval(cohort()[0][:1], level=0.6827)[0]
    assert (logit(upper) - logit(lower)) / 2 == pytest.approx(0.02 / 0.21, rel=0.06)


def test_intervals_shrink_with_rows():
    new, _ = cohort(seed=9)
    widths = []
    for rows in (132, 4000):
        model = ForestClassifier(trees=400, leaf_sizes=(rows // 4,), folds=2).fit(*cohort(rows))
        widths.append(np.diff(model.predict_interval(new)).mean())
    assert widths[1] < 0.5 * widths[0]


# The model file


def test_the_parts_read_back_bit_for_bit():
    X, y = cohort()
    model = fitted(folds=3, seed=8)
    again = ForestClassifier.from_parts(model.to_parts())
    assert again.to_parts() == model.to_parts()
    assert again.get_params() == model.get_params()
    assert (again.leaf_size_, again.feature_share_) == (model.leaf_size_, model.feature_share_)
    assert np.array_equal(again.cv_log_loss_, model.cv_log_loss_)
    assert np.array_equal(again.predict_proba(X), model.predict_proba(X))
    assert np.array_equal(again.predict_interval(X), model.predict_interval(X))
    assert np.array_equal(again.fit(X, y).predict_proba(X), model.predict_proba(X))


@pytest.fixture(scope="module")
def parts():
    return fitted().to_parts()


def changed(parts, **changes):
    document = json.loads(parts[PART])
    for path, value in changes.items():
        *parents, last = path.split("__")
        target = document
        for key in parents:
            target = target[int(key) if key.isdigit() else key]
        target[int(last) if last.isdigit() else last] = value
    return {**parts, PART: json.dumps(document).encode()}


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"nodes__0": 0}, "'nodes'"),
        ({"nodes__0": 1}, r"forest\.bin.*bytes for"),
        ({"nodes__0": 2**25}, "'nodes'"),
        ({"nodes__0": 3.0}, "'nodes'"),
        ({"nodes__0": True}, "'nodes'"),
        ({"nodes": []}, "'nodes'"),
        ({"nodes": [1]}, "'nodes'.*each of 10 trees"),
        ({"settings__trees": 8}, "'nodes'.*each of 8 trees"),
        ({"settings__trees": 11}, "'trees'.*even"),
        ({"settings__trees": 2}, "'trees'"),
        ({"settings__leaf_sizes": [0, 5]}, "'leaf_sizes'"),
        ({"settings__leaf_sizes": []}, "'leaf_sizes'"),
        ({"settings__leaf_sizes": [5]}, "'cv_log_loss'"),
        ({"settings__feature_shares": [0.0, 1.0]}, "'feature_shares'"),
        ({"settings__feature_shares": [0.34, 7.0]}, "'feature_shares'"),
        ({"settings__feature_shares": [1.0]}, "'cv_log_loss'"),
        ({"settings__folds": 1}, "'folds'"),
        ({"settings__seed": -1}, "'seed'"),
        ({"settings": []}, "'settings'"),
        ({"cv_log_loss__0__0": None}, "'cv_log_loss'"),
        ({"leaf_size": 0}, "'leaf_size'"),
        ({"leaf_size": 5.0}, "'leaf_size'"),
        ({"feature_share": 1.5}, "'feature_share'"),
        ({"impute": [0.0]}, "'impute'"),
        ({"impute__0": float("inf")}, "not strict JSON"),
        ({"impute__0": 1e40}, "'impute'"),
        ({"center__0": -1e40}, "'center'"),
        ({"center": [0.0]}, "'center'"),
        ({"scale__0": 0.0}, "'scale'"),
        ({"scale__0": -1.0}, "'scale'"),
        ({"scale__0": 1e40}, "'scale'"),
        ({"scale": None}, "'scale'"),
        ({"leaf_size": 7}, "'leaf_size'.*tried"),
        ({"feature_share": 0.5}, "'feature_share'.*tried"),
        ({"n_features": 2}, "'impute'"),
        ({"n_features": 2, "impute": [0, 0], "center": [0, 0], "scale": [1, 1]}, r"forest\.bin.*columns 0 to 1"),
        ({"classes": [0, 0]}, "'classes'"),
        ({"version": 2}, "version"),
        ({"format": "relapse-model ridge logistic"}, "format"),
    ],
)
def test_a_changed_part_is_refused_by_name(parts, change, names):
    with pytest.raises(ModelFileError, match=names):
        ForestClassifier.from_parts(changed(parts, **change))


@pytest.mark.parametrize("place", [0.0, 0.25, 0.5, 0.99])  # among the columns, the children, the numbers
def test_changed_trees_are_refused(parts, place):
    data = parts[TREES]
    start = int(place * len(data)) // 8 * 8
    damaged = data[:start] + b"\xff" * 8 + data[start + 8 :]
    with pytest.raises(ModelFileError, match=r"forest\.bin"):
        ForestClassifier.from_parts({**parts, TREES: damaged})


def test_a_forest_that_could_not_be_read_back_is_not_written():
    model = fitted()
    model.forest_.number[0] = np.nan
    with pytest.raises(ModelFileError, match=r"forest\.bin"):
        model.to_parts()
