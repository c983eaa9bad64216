"""What all classifiers promise: scikit-learn's checks, labels, weights, groups, gaps and files."""

from __future__ import annotations

import json
from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks

from relapse_model.classifiers import (
    AveragedClassifier,
    BoostedTreesClassifier,
    ElasticNetLogisticClassifier,
    ForestClassifier,
    PriorLogisticClassifier,
    RecalibratedClassifier,
    RidgeLogisticClassifier,
)
from relapse_model.errors import InsufficientDataError, ModelFileError, RelapseModelError

# Small settings: the checks fit each estimator hundreds of times.
PRIOR = PriorLogisticClassifier()
RIDGE = RidgeLogisticClassifier(penalties=(1.0, 10.0, 100.0), folds=3)
TREES = BoostedTreesClassifier(depths=(2,), l2=(1.0,), learning_rate=0.3, max_rounds=10, folds=3, interval_resamples=2)
NET = ElasticNetLogisticClassifier(l1_shares=(0.5,), penalty_ratios=(1.0, 0.1, 0.01), folds=3, interval_resamples=3)
FOREST = ForestClassifier(trees=4, leaf_sizes=(5, 20))
# Whether a column deserves an indicator is a matter of rows, not of weights: none here.
CHEAP = PriorLogisticClassifier(strengths=(0.0,), widths=(1.0,), indicators=False)
RECALIBRATED = RecalibratedClassifier(CHEAP, folds=3)
AVERAGED = AveragedClassifier([CHEAP, RIDGE], weights=(2.0, 1.0))
ALL = [PRIOR, RIDGE, TREES, NET, FOREST, RECALIBRATED, AVERAGED]
EXPECTED_FAILURES = {
    "check_sample_weight_equivalence_on_dense_data": "folds hold rows: a row of weight 2 lies in one fold, "
    "two equal rows may lie in two, so cross-validation may choose otherwise"
}

every = pytest.mark.parametrize("estimator", ALL, ids=lambda estimator: type(estimator).__name__)


def expected_failures(estimator):
    return {} if isinstance(estimator, PriorLogisticClassifier) else EXPECTED_FAILURES


@parametrize_with_checks(ALL, expected_failed_checks=expected_failures)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def cohort(rows=132, seed=3):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, 3))
    y = (rng.random(rows) < expit(-1.5 + 1.2 * X[:, 0])).astype(int)
    X[rng.random(X.shape) < 0.1] = np.nan
    return X, y


@cache
def fitted(estimator):
    """Return a copy fitted on the cohort, once for all tests that only ask it."""
    return clone(estimator).fit(*cohort())


@every
def test_log_odds_and_risk_agree_and_add_up(estimator):
    X, _ = cohort()
    model = fitted(estimator)
    risk = model.predict_proba(X)
    log_odds = model.predict_log_odds(X)
    assert log_odds.shape == (132,)
    assert risk.sum(axis=1) == pytest.approx(np.ones(132), abs=1e-12)
    assert expit(log_odds) == pytest.approx(risk[:, 1], rel=1e-9)
    assert np.array_equal(model.predict(X), (risk[:, 1] > 0.5).astype(int))


@every
def test_intervals_hold_the_risk(estimator):
    X, _ = cohort()
    model = fitted(estimator)
    interval, risk = model.predict_interval(X, level=0.8), model.predict_proba(X)[:, 1]
    assert interval.shape == (132, 2)
    assert ((interval[:, 0] <= risk) & (risk <= interval[:, 1])).all()
    with pytest.raises(RelapseModelError, match="level"):
        model.predict_interval(X, level=80)


@every
@pytest.mark.parametrize("labels", [[False, True], ["free", "relapse"], [1.0, 2.0], [-1, 1]])
def test_labels_of_any_kind_survive_the_file(estimator, labels):
    X, y = cohort()
    model = clone(estimator).fit(X, np.array(labels)[y])
    again = type(estimator).from_parts(model.to_parts())
    assert again.classes_.tolist() == labels
    assert again.classes_.dtype == model.classes_.dtype
    assert np.array_equal(again.predict_proba(X), fitted(estimator).predict_proba(X))
    assert set(again.predict(X)) <= set(labels)


@every
def test_text_labels_of_a_table_survive_the_file(estimator):
    X, y = cohort()
    table = pd.DataFrame(X, columns=["anti_hbs", "age_years", "alt"])
    model = clone(estimator).fit(table, pd.Series(np.array(["free", "relapse"], dtype=object)[y]))
    again = type(estimator).from_parts(model.to_parts())
    assert again.feature_names_in_.tolist() == ["anti_hbs", "age_years", "alt"]
    assert again.classes_.tolist() == ["free", "relapse"]
    assert np.array_equal(again.predict_log_odds(table), model.predict_log_odds(table))
    assert np.array_equal(again.predict_interval(table), model.predict_interval(table))


@every
def test_same_seed_same_bits(estimator):
    X, y = cohort()
    first, second = (clone(estimator).fit(X, y) for _ in range(2))
    assert np.array_equal(first.predict_proba(X), second.predict_proba(X))
    assert np.array_equal(first.predict_interval(X), second.predict_interval(X))


@every
def test_rows_of_weight_zero_leave_no_trace(estimator):
    X, y = cohort()
    model = fitted(estimator)
    wild = np.vstack([X, np.full((7, 3), 1e6)])
    same = clone(estimator).fit(wild, np.append(y, np.ones(7, int)), np.append(np.ones(132), np.zeros(7)))
    assert np.array_equal(same.predict_proba(X), model.predict_proba(X))


def shown_by_folds(model):
    """Return the numbers of a fitted classifier that depend on which rows lay in one fold."""
    if isinstance(model, RecalibratedClassifier):
        return np.array([model.recalibration_.intercept, model.recalibration_.slope])
    if isinstance(model, AveragedClassifier):
        return np.concatenate([shown_by_folds(member) for member in model.members_])
    return np.ravel(getattr(model, "cv_log_loss_", []))  # nothing is cross-validated in a prior-informed one


def of_rows_given_twice(estimator):
    """Return the settings that mean the same on rows that all came twice: leaves of a forest count rows."""
    twice = clone(estimator)
    return twice.set_params(leaf_sizes=(10, 40)) if isinstance(estimator, ForestClassifier) else twice


@every
def test_a_patient_with_two_equal_rows_is_a_patient_of_weight_two(estimator):
    # Only if both rows always lie in one fold: else each of them would be predicted by a fit that saw the other.
    X, y = cohort()
    double, label, patient = X.repeat(2, axis=0), y.repeat(2), np.arange(132).repeat(2)
    weighted = clone(estimator).fit(X, y, np.full(132, 2.0))
    grouped = of_rows_given_twice(estimator).fit(double, label, groups=patient)
    assert shown_by_folds(grouped) == pytest.approx(shown_by_folds(weighted), rel=1e-5)
    assert grouped.predict_proba(X) == pytest.approx(weighted.predict_proba(X), rel=1e-5)
    apart = of_rows_given_twice(estimator).fit(double, label)
    if shown_by_folds(apart).size:
        assert shown_by_folds(apart) != pytest.approx(shown_by_folds(weighted), rel=1e-5)


@every
def test_groups_of_one_row_are_no_groups(estimator):
    X, y = cohort()
    plain = fitted(estimator)
    alone = clone(estimator).fit(X, y, groups=[f"patient {row}" for row in range(132)])
    assert np.array_equal(alone.predict_proba(X), plain.predict_proba(X))
    assert np.array_equal(alone.predict_interval(X), plain.predict_interval(X))


@every
def test_groups_of_rows_without_weight_leave_no_trace(estimator):
    X, y = cohort()
    patient = np.arange(132) // 2
    model = clone(estimator).fit(X, y, groups=patient)
    more = np.vstack([X[:7], X]), np.append(1 - y[:7], y), np.append(np.zeros(7), np.ones(132))
    same = clone(estimator).fit(*more, groups=np.append(np.arange(900, 907), patient))
    assert np.array_equal(same.predict_proba(X), model.predict_proba(X))


@pytest.mark.parametrize("estimator", [each for each in ALL if each is not PRIOR], ids=lambda each: type(each).__name__)
@pytest.mark.parametrize(
    ("groups", "message"),
    [
        (np.arange(131), "groups has shape"),
        (np.arange(264).reshape(132, 2), "groups has shape"),
        (np.append(np.arange(131.0), np.nan), "1 of 132 rows have no group"),
        (np.array(["a", None] * 66, dtype=object), "66 of 132 rows have no group"),
    ],
)
def test_groups_that_cannot_be_used_are_named(estimator, groups, message):
    with pytest.raises(RelapseModelError, match=message):
        clone(estimator).fit(*cohort(), groups=groups)


@every
def test_weights_on_events_raise_the_mean_risk(estimator):
    X, y = cohort()
    plain = fitted(estimator).predict_proba(X)[:, 1].mean()
    weighted = clone(estimator).fit(X, y, 1.0 + 3.0 * y).predict_proba(X)[:, 1].mean()
    assert weighted > plain + 0.1


@every
@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (np.ones(3), "one weight per row"),
        (np.full(132, -1.0), "negative"),
        (np.full(132, np.nan), "not finite"),
        (np.zeros(132), "Every sample_weight is zero"),
    ],
)
def test_weights_that_cannot_be_used_are_named(estimator, weight, message):
    with pytest.raises(RelapseModelError, match=message):
        clone(estimator).fit(*cohort(), sample_weight=weight)


@every
def test_one_class_is_named(estimator):
    X, y = cohort()
    with pytest.raises(InsufficientDataError, match="one class"):
        clone(estimator).fit(X, np.zeros(132))
    with pytest.raises(InsufficientDataError, match="one class"):
        clone(estimator).fit(X, y, sample_weight=1.0 - y)


@every
def test_values_that_are_no_measurements_are_named(estimator):
    X, y = cohort()
    X[4, 1] = 1e200
    with pytest.raises(RelapseModelError, match=r"Columns \[1\] .* beyond 1e\+30"):
        clone(estimator).fit(X, y)


@every
def test_every_missing_part_is_named(estimator):
    parts = fitted(estimator).to_parts()
    for name in parts:
        rest = {key: part for key, part in parts.items() if key != name}
        with pytest.raises(ModelFileError, match=f"'{name}' is missing"):
            type(estimator).from_parts(rest)


@every
def test_parts_of_another_classifier_are_refused(estimator):
    parts = fitted(estimator).to_parts()
    (name,) = (name for name in parts if name.endswith(".json") and "/" not in name)  # not that of a member
    document = {**json.loads(parts[name]), "format": "something else"}
    with pytest.raises(ModelFileError, match="format"):
        type(estimator).from_parts({**parts, name: json.dumps(document).encode()})
