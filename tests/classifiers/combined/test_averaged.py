"""The average: weighted mean log-odds, trees that start from the first member, what is refused, its file."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression

from relapse_model.classifiers import (
    AveragedClassifier,
    BoostedTreesClassifier,
    ElasticNetLogisticClassifier,
    ForestClassifier,
    PriorLogisticClassifier,
    RecalibratedClassifier,
)
from relapse_model.classifiers.shared.base import IntervalUnavailableError
from relapse_model.classifiers.shared.folds import tuning_folds
from relapse_model.errors import ModelFileError, RelapseModelError

PART = "averaged.json"
CHEAP = PriorLogisticClassifier(strengths=(0.0,), widths=(1.0,))
NET = ElasticNetLogisticClassifier((0.5,), (1.0, 0.1), interval_resamples=5)
TREES = BoostedTreesClassifier(depths=(2,), l2=(1.0,), max_rounds=20, interval_resamples=3)
TWO = [CHEAP, NET]


def cohort(rows=132, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, 3))
    # linear in the first column, with a valley in the second that no straight line has
    y = (rng.random(rows) < expit(-2.5 + 1.2 * X[:, 0] + X[:, 1] ** 2)).astype(int)
    X[rng.random(X.shape) < 0.1] = np.nan
    return X, y


def alone(member, *data, **more):
    X, y = data or cohort()
    return clone(member).fit(X, y.astype(float), **more)


# The mean


@pytest.mark.parametrize(
    ("weights", "shares"), [(None, [0.5, 0.5]), ((3, 1), [0.75, 0.25]), ((0.3, 0.1), [0.75, 0.25]), ((0, 7), [0, 1])]
)
def test_log_odds_are_the_weighted_mean(weights, shares):
    X, y = cohort()
    model = AveragedClassifier(TWO, weights).fit(X, y)
    log_odds = [alone(member).predict_log_odds(X) for member in TWO]
    assert model.weights_ == pytest.approx(shares)
    assert model.predict_log_odds(X) == pytest.approx(shares[0] * log_odds[0] + shares[1] * log_odds[1])
    assert model.predict_proba(X)[:, 1] == pytest.approx(expit(shares[0] * log_odds[0] + shares[1] * log_odds[1]))
    assert not hasattr(CHEAP, "classes_")  # what was given stays unfitted


def test_risks_of_one_and_nine_tenths_average_to_one_half():
    class Fixed:
        def __init__(self, risk):
            self.log_odds = logit(risk)

        def predict_log_odds(self, X):
            return np.full(len(X), self.log_odds)

    X, y = cohort()
    model = AveragedClassifier(TWO).fit(X, y)
    model.members_ = [Fixed(0.1), Fixed(0.9)]
    assert model.predict_proba(X)[:, 1] == pytest.approx(np.full(132, 0.5))
    model.members_ = [Fixed(0.2), Fixed(0.5)]  # log-odds -log 4 and 0: odds 1/2, not the mean risk of 0.35
    assert model.predict_proba(X)[:, 1] == pytest.approx(np.full(132, 1 / 3))


def test_weights_may_be_any_sequence():
    arrays, tuples = (AveragedClassifier(TWO, weights).fit(*cohort()) for weights in (np.array([2.0, 1.0]), (2.0, 1.0)))
    assert AveragedClassifier.from_parts(arrays.to_parts()).to_parts() == tuples.to_parts()


def test_three_members_and_two_alike():
    X, y = cohort()
    forest = ForestClassifier(trees=10, leaf_sizes=(20,))
    model = AveragedClassifier([CHEAP, forest, CHEAP]).fit(X, y)
    expected = 2 / 3 * alone(CHEAP).predict_log_odds(X) + alone(forest).predict_log_odds(X) / 3
    assert model.predict_log_odds(X) == pytest.approx(expected)


def test_weights_of_rows_reach_every_member():
    X, y = cohort()
    weight = np.linspace(0.5, 3.0, 132)
    model = AveragedClassifier(TWO).fit(X, y, weight)
    for member, given in zip(model.members_, TWO, strict=True):
        expected = alone(given, sample_weight=weight).predict_log_odds(X)
        assert np.array_equal(member.predict_log_odds(X), expected)


def test_groups_reach_the_members_that_cross_validate():
    X, y = cohort()
    patient = np.arange(132) // 3
    model = AveragedClassifier(TWO).fit(X, y, groups=patient)
    assert np.array_equal(model.members_[1].cv_log_loss_, alone(NET, groups=patient).cv_log_loss_)
    assert not np.array_equal(model.members_[1].cv_log_loss_, alone(NET).cv_log_loss_)


def test_the_interval_is_the_mean_of_the_limits():
    X, y = cohort()
    model = AveragedClassifier(TWO, weights=(3.0, 1.0)).fit(X, y)
    limits = [logit(alone(member).predict_interval(X, 0.8)) for member in TWO]
    found = model.predict_interval(X, 0.8)
    expected = expit(0.75 * limits[0] + 0.25 * limits[1])
    risk = model.predict_proba(X)[:, 1]
    assert found[:, 0] == pytest.approx(np.minimum(expected[:, 0], risk))
    assert found[:, 1] == pytest.approx(np.maximum(expected[:, 1], risk))


def test_a_member_without_intervals_says_so():
    without = ElasticNetLogisticClassifier((0.5,), (0.1,), interval_resamples=0)
    model = AveragedClassifier([CHEAP, without]).fit(*cohort())
    with pytest.raises(IntervalUnavailableError, match="interval_resamples=0"):
        model.predict_interval(cohort()[0])


# Trees that start from the first member


def held_out_log_odds(member, X, y, folds, seed):
    """Return log-odds of rows held out, by a loop of its own."""
    fold, found = tuning_folds(y.astype(float), folds, seed), np.empty(len(y))
    for number in range(folds):
        fit = clone(member).fit(X[fold != number], y[fold != number])
        found[fold == number] = fit.predict_log_odds(X[fold == number])
    return found


def test_trees_start_from_log_odds_held_out_and_correct_those_of_the_first():
    X, y = cohort()
    model = AveragedClassifier([CHEAP, TREES], boost_from_first=True, folds=4, seed=3).fit(X, y)
    trees = alone(TREES, X, y, base_margin=held_out_log_odds(CHEAP, X, y, 4, 3))
    first = alone(CHEAP).predict_log_odds(X)
    corrected = trees.predict_log_odds(X, base_margin=first)
    assert model.predict_log_odds(X) == pytest.approx((first + corrected) / 2)
    limits = alone(CHEAP).predict_interval(X, 0.8)
    lower, upper = (trees.predict_interval(X, 0.8, base_margin=logit(limits[:, end]))[:, end] for end in (0, 1))
    expected = expit((logit(limits) + logit(np.column_stack([lower, upper]))) / 2)
    risk = model.predict_proba(X)[:, 1]
    found = model.predict_interval(X, 0.8)
    assert found[:, 0] == pytest.approx(np.minimum(expected[:, 0], risk), rel=1e-5)
    assert found[:, 1] == pytest.approx(np.maximum(expected[:, 1], risk), rel=1e-5)


def test_trees_that_correct_nothing_return_the_first_member():
    # A penalty of 1e12 holds every leaf at 0
    still = BoostedTreesClassifier(depths=(2,), l2=(1e12,), max_rounds=5)
    X, y = cohort()
    model = AveragedClassifier([CHEAP, still], weights=(0, 1), boost_from_first=True).fit(X, y)
    assert model.predict_log_odds(X) == pytest.approx(alone(CHEAP).predict_log_odds(X), abs=1e-5)
    apart = AveragedClassifier([CHEAP, still], weights=(0, 1)).fit(X, y)
    assert np.ptp(apart.predict_log_odds(X)) < 1e-5  # from the mean risk they do not move either


def test_trees_find_the_valley_that_the_first_member_cannot_have():
    X, y = cohort(rows=1500)
    trees = BoostedTreesClassifier(depths=(2,), l2=(1.0,), max_rounds=60)
    model = AveragedClassifier([CHEAP, trees], weights=(0, 1), boost_from_first=True).fit(X, y)
    rows = [[0.0, 0.0, 0.0], [0.0, 1.8, 0.0], [0.0, -1.8, 0.0]]
    first, corrected = alone(CHEAP, X, y).predict_log_odds(rows), model.predict_log_odds(rows)
    assert (corrected[1:] - corrected[0] > 1.0).all()  # in truth 1.8 ** 2 = 3.2
    assert first[1:].min() - first[0] < 0.5


def test_groups_reach_the_rows_held_out_for_the_trees():
    X, y = cohort()
    patient = np.arange(132) // 3
    together = AveragedClassifier([CHEAP, TREES], boost_from_first=True).fit(X, y, groups=patient)
    fold, margin = tuning_folds(y.astype(float), 5, 0, patient), np.empty(132)
    for number in range(5):
        fit = alone(CHEAP, X[fold != number], y[fold != number])
        margin[fold == number] = fit.predict_log_odds(X[fold == number])
    trees = alone(TREES, X, y, groups=patient, base_margin=margin)
    assert together.members_[1].cv_log_loss_ == pytest.approx(trees.cv_log_loss_)


def test_other_members_do_not_start_from_the_first():
    X, y = cohort()
    model = AveragedClassifier([CHEAP, NET, TREES], boost_from_first=True).fit(X, y)
    assert np.array_equal(model.members_[1].predict_log_odds(X), alone(NET).predict_log_odds(X))


# Refusals


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"members": []}, "members holds 0; expected 2 to 20"),
        ({"members": [CHEAP]}, "members holds 1"),
        ({"members": [CHEAP] * 21}, "members holds 21"),
        ({"members": [CHEAP, LogisticRegression()]}, "members holds LogisticRegression; expected one of BoostedTrees"),
        ({"members": [CHEAP, RecalibratedClassifier(CHEAP)]}, "members holds RecalibratedClassifier"),
        ({"members": [CHEAP, AveragedClassifier(TWO)]}, "members holds AveragedClassifier"),
        ({"members": [CHEAP, None]}, "members holds NoneType"),
        ({"weights": (1.0,)}, "weights is .*one for each of 2 members"),
        ({"weights": (1.0, 1.0, 1.0)}, "weights"),
        ({"weights": (1.0, -0.1)}, "weights"),
        ({"weights": (1.0, np.nan)}, "weights"),
        ({"weights": (1.0, np.inf)}, "weights"),
        ({"weights": (0.0, 0.0)}, "weights.*not all of them 0"),
        ({"boost_from_first": True}, "boost_from_first is True; expected BoostedTreesClassifier among"),
        ({"members": [TREES, CHEAP], "boost_from_first": True}, "boost_from_first"),
        ({"members": [TREES, TREES], "boost_from_first": True}, "another classifier first"),
        ({"members": [CHEAP, TREES], "boost_from_first": True, "folds": 1}, "folds is 1"),
    ],
)
def test_settings_that_cannot_be_used_are_named(settings, message):
    with pytest.raises(RelapseModelError, match=message):
        AveragedClassifier(**{"members": TWO, **settings}).fit(*cohort())


# The model file


@pytest.mark.parametrize(
    "settings",
    [
        {"members": TWO},
        {"members": TWO, "weights": (2.0, 1.0)},
        {"members": [CHEAP, TREES], "boost_from_first": True, "folds": 4, "seed": 2},
        {"members": [CHEAP, NET, CHEAP, TREES]},
    ],
    ids=["two", "weighted", "boosted", "four"],
)
def test_the_parts_read_back_bit_for_bit(settings):
    X, y = cohort()
    model = AveragedClassifier(**settings).fit(X, np.array(["free", "relapse"])[y])
    parts = model.to_parts()
    assert [name for name in parts if "/" not in name] == [PART]
    assert {name.split("/")[0] for name in parts} - {PART} == {f"member_{n}" for n in range(len(settings["members"]))}
    again = AveragedClassifier.from_parts(parts)
    assert again.to_parts() == parts
    assert again.classes_.tolist() == ["free", "relapse"]
    assert again.weights == settings.get("weights")
    assert (again.boost_from_first, again.folds, again.seed) == (model.boost_from_first, model.folds, model.seed)
    assert np.array_equal(again.predict_proba(X), model.predict_proba(X))
    assert np.array_equal(again.predict_interval(X), model.predict_interval(X))
    assert np.array_equal(again.fit(X, y).predict_proba(X), model.predict_proba(X))


@pytest.fixture(scope="module")
def parts():
    return AveragedClassifier(TWO, weights=(2.0, 1.0)).fit(*cohort()).to_parts()


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
        ({"members": []}, "'members'.*2 to 20"),
        ({"members": [{}] * 21}, "'members'.*2 to 20"),
        ({"members": {}}, "'members'"),
        ({"members__0": None}, "member_0"),
        ({"members__0__kind": "AveragedClassifier"}, "'kind'"),
        ({"members__1__kind": "RecalibratedClassifier"}, "'kind'"),
        ({"members__0__kind": "LogisticRegression"}, "'kind'"),
        ({"members__0__kind": "ElasticNetLogisticClassifier"}, r"member_0: The part 'elastic_net\.json' is missing"),
        ({"members__0__parts": ["member_1/elastic_net.json"]}, "'parts'.*member_0/"),
        ({"members__1__parts__0": "member_1/absent.json"}, r"'member_1/absent\.json' is missing"),
        ({"weights": [0.5, 0.6]}, "'weights'.*sum to 1"),
        ({"weights": [1.5, -0.5]}, "'weights'"),
        ({"weights": [1.0]}, "'weights'"),
        ({"weights": [0.5, None]}, "'weights'"),
        ({"given_weights": [1.0, -1.0]}, "'given_weights'"),
        ({"given_weights": "even"}, "'given_weights'"),
        ({"given_weights": [1.0, 1.0, 1.0]}, "'given_weights'"),
        ({"given_weights": [0.0, 0.0]}, "'given_weights'.*not all of them 0"),
        ({"given_weights": [1.0, 2.0]}, "'weights'.*shares of given_weights"),
        ({"given_weights": None}, "'weights'"),  # then they are equal
        ({"settings__boost_from_first": True}, "boosted trees after the first member"),
        ({"settings__folds": 1}, "'folds'"),
        ({"settings__seed": -1}, "'seed'"),
        ({"settings": 3}, "'settings'"),
        ({"n_features": 4}, "a classifier of 4 columns"),
        ({"classes": [0, 0]}, "'classes'"),
        ({"version": 2}, "version"),
        ({"format": "relapse-model recalibration"}, "format"),
    ],
)
def test_a_changed_part_is_refused_by_name(parts, change, names):
    with pytest.raises(ModelFileError, match=names):
        AveragedClassifier.from_parts(changed(parts, **change))


def test_a_damaged_member_is_refused_with_its_place(parts):
    name = "member_1/elastic_net.json"
    damaged = {**parts, name: parts[name].replace(b'"coef":[', b'"coef":[0,')}
    with pytest.raises(ModelFileError, match=r"member_1: elastic_net\.json, 'coef'"):
        AveragedClassifier.from_parts(damaged)


def test_members_may_not_change_places(parts):
    document = json.loads(parts[PART])
    swapped = {**document, "members": document["members"][::-1]}
    with pytest.raises(ModelFileError, match="member_0"):
        AveragedClassifier.from_parts({**parts, PART: json.dumps(swapped).encode()})


@pytest.mark.parametrize("started", [True, False])
def test_trees_that_started_otherwise_than_the_file_says_are_refused(started):
    parts = AveragedClassifier([CHEAP, TREES], boost_from_first=started).fit(*cohort()).to_parts()
    with pytest.raises(ModelFileError, match="start"):
        AveragedClassifier.from_parts(changed(parts, settings__boost_from_first=not started))


def test_a_file_whose_first_member_is_the_trees_cannot_start_from_it():
    parts = AveragedClassifier([TREES, TREES]).fit(*cohort()).to_parts()
    with pytest.raises(ModelFileError, match=r"boost_from_first|start"):
        AveragedClassifier.from_parts(changed(parts, settings__boost_from_first=True))
