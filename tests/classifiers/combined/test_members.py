"""Classifiers inside another one: held out, given the groups, saved under a prefix, refused if not ours."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression

from relapse_model import classifiers
from relapse_model.classifiers import PriorLogisticClassifier, RecalibratedClassifier, RidgeLogisticClassifier
from relapse_model.classifiers.combined.members import (
    SINGLE,
    check_kind,
    fit_member,
    limits_as_log_odds,
    member_parts,
    out_of_fold_log_odds,
    read_member,
)
from relapse_model.classifiers.shared.base import TrainingRows
from relapse_model.classifiers.shared.saved_parts import Document
from relapse_model.errors import InsufficientDataError, ModelFileError, RelapseModelError

CHEAP = PriorLogisticClassifier(strengths=(0.0,), widths=(1.0,))


def training_rows(rows=60, seed=0):
    rng = np.random.default_rng(seed)
    X = np.column_stack([np.arange(rows), rng.normal(size=rows)])  # the first column names the row
    return TrainingRows(X, (rng.random(rows) < expit(X[:, 1])).astype(float), np.ones(rows))


class Memory(ClassifierMixin, BaseEstimator):
    """It answers whether it has seen the row's first value."""

    def fit(self, X, y, sample_weight=None):
        self.seen_, self.weight_ = set(X[:, 0]), sample_weight
        return self

    def predict_log_odds(self, X):
        return np.array([float(value in self.seen_) for value in X[:, 0]])


class GroupMemory(Memory):
    """It keeps the groups that it was given."""

    def fit(self, X, y, sample_weight=None, groups=None):
        self.groups_ = groups
        return super().fit(X, y, sample_weight)

    def predict_log_odds(self, X):
        assert sorted(self.groups_) == sorted(value // 3 for value in self.seen_)
        return np.array([float(value // 3 in self.groups_) for value in X[:, 0]])


# Fitting


def test_a_member_is_a_fitted_copy_with_the_rows_weights():
    rows, estimator = training_rows(), Memory()
    weighted = TrainingRows(rows.X, rows.event, np.arange(1.0, 61.0))
    member = fit_member(estimator, weighted)
    assert member is not estimator
    assert not hasattr(estimator, "seen_")
    assert np.array_equal(member.weight_, weighted.weight)


def test_only_those_who_ask_for_groups_are_told_of_them():
    rows, group = training_rows(), np.arange(60) // 3
    assert not hasattr(fit_member(Memory(), rows, group), "groups_")
    assert np.array_equal(fit_member(GroupMemory(), rows, group).groups_, group)
    assert fit_member(GroupMemory(), rows).groups_ is None


def test_no_row_is_predicted_by_a_fit_that_saw_it():
    rows = training_rows()
    assert out_of_fold_log_odds(Memory(), rows, 5, 0).tolist() == [0.0] * 60
    assert fit_member(Memory(), rows).predict_log_odds(rows.X).tolist() == [1.0] * 60  # as it would answer otherwise


def test_no_patient_is_predicted_by_a_fit_that_saw_another_row_of_the_patient():
    rows = training_rows()
    assert out_of_fold_log_odds(GroupMemory(), rows, 5, 0, np.arange(60) // 3).tolist() == [0.0] * 60


def test_each_row_gets_its_own_answer():
    class Echo(Memory):
        def predict_log_odds(self, X):
            return X[:, 0]

    rows = training_rows()
    assert np.array_equal(out_of_fold_log_odds(Echo(), rows, 4, 3), rows.X[:, 0])


def test_a_column_known_in_one_fold_alone_reaches_the_member_as_it_is():
    """Each classifier knows what to do with a column that none of its rows has, and with a new row that has it."""

    class Second(Memory):
        def fit(self, X, y, sample_weight=None):
            self.empty_ = bool(np.isnan(X[:, 1]).all())
            return super().fit(X, y, sample_weight)

        def predict_log_odds(self, X):
            return np.where(self.empty_, X[:, 1], 0.0)

    rows, once = training_rows(), np.full(60, np.nan)
    once[[7, 8]] = 5.0, 1e6
    group = np.where(np.arange(60) == 8, 7, np.arange(60))  # both in one fold: held out, nobody knows the column
    found = out_of_fold_log_odds(
        Second(), TrainingRows(np.column_stack([rows.X[:, 0], once]), rows.event, rows.weight), 5, 0, group
    )
    assert found[[7, 8]].tolist() == [5.0, 1e6]


def test_folds_without_an_event_are_named():
    rows = training_rows()
    lonely = TrainingRows(rows.X, (np.arange(60) == 5).astype(float), rows.weight)
    with pytest.raises(InsufficientDataError, match="rarer class has 1 row"):
        out_of_fold_log_odds(Memory(), lonely, 5, 0)
    two = TrainingRows(rows.X, (np.arange(60) // 3 == 5).astype(float), rows.weight)
    with pytest.raises(InsufficientDataError, match="rarer class has 1 group"):
        out_of_fold_log_odds(GroupMemory(), two, 5, 0, np.arange(60) // 3)


# Kinds


def test_only_our_own_classes_are_taken():
    for name in SINGLE:
        check_kind(getattr(classifiers, name)(), SINGLE, "members")
    disguised = type("RidgeLogisticClassifier", (RidgeLogisticClassifier,), {})()
    for other in (LogisticRegression(), disguised, RidgeLogisticClassifier, None, "RidgeLogisticClassifier"):
        with pytest.raises(RelapseModelError, match=r"members holds \w+; expected one of BoostedTreesClassifier"):
            check_kind(other, SINGLE, "members")
    with pytest.raises(RelapseModelError, match="estimator holds RecalibratedClassifier"):
        check_kind(RecalibratedClassifier(CHEAP), SINGLE, "estimator")


# Limits


def test_limits_become_log_odds():
    # 1/5 and 1/2: log(1/4) and 0
    assert limits_as_log_odds(np.array([[0.2, 0.5]])) == pytest.approx(np.array([[-np.log(4), 0.0]]))
    random = np.random.default_rng(0).random((50, 2))
    assert limits_as_log_odds(random) == pytest.approx(logit(random))


def test_limits_rounded_to_zero_or_one_stay_finite():
    found = limits_as_log_odds(np.array([[0.0, 1.0]]))
    # the smallest normal number is 2 ** -1022, and 1 - 2 ** -53 the last one before 1
    assert found == pytest.approx(np.array([[-1022 * np.log(2), 53 * np.log(2)]]))


# The model file


def saved():
    rows = training_rows()
    entry, parts = member_parts(fit_member(CHEAP, rows), "member_0")
    return entry, parts, rows.X


def outer(**values):
    return Document("outer.json", {"n_features": 2, **values})


def read(entry, parts, kinds=SINGLE, **values):
    return read_member(outer(**values), entry, parts, "member_0", kinds)


def test_a_member_reads_back_bit_for_bit():
    entry, parts, X = saved()
    assert entry == {"kind": "PriorLogisticClassifier", "parts": ["member_0/prior_logistic.json"]}
    assert sorted(parts) == entry["parts"]
    again = read(entry, {**parts, "other": b"not looked at"})
    assert again.to_parts() == {"prior_logistic.json": parts["member_0/prior_logistic.json"]}
    assert np.array_equal(again.predict_log_odds(X), fit_member(CHEAP, training_rows()).predict_log_odds(X))


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"kind": "RecalibratedClassifier"}, "'kind'.*one of BoostedTrees"),  # one that could hold others
        ({"kind": "RidgeLogisticClassifier"}, "member_0: The part 'ridge"),
        ({"kind": "__doc__"}, "'kind'"),
        ({"kind": "import_module"}, "'kind'"),
        ({"kind": None}, "'kind'"),
        ({"kind": ["PriorLogisticClassifier"]}, "'kind'"),
        ({"parts": []}, "member_0: The part 'prior_logistic.json' is missing"),
        ({"parts": ["member_0/prior_logistic.json", "member_0/more"]}, "'member_0/more' is missing"),
        ({"parts": ["prior_logistic.json"]}, "'parts'.*begin with member_0/"),
        ({"parts": ["member_01/prior_logistic.json"]}, "'parts'"),
        ({"parts": [7]}, "'parts'"),
        ({"parts": "member_0/prior_logistic.json"}, "'parts'"),
        ({"parts": [f"member_0/{number}" for number in range(2001)]}, "'parts'"),
    ],
)
def test_a_changed_entry_is_refused_by_name(change, names):
    entry, parts, _ = saved()
    with pytest.raises(ModelFileError, match=names):
        read({**entry, **change}, parts)


@pytest.mark.parametrize("entry", [None, [], "PriorLogisticClassifier", {}, {"kind": "PriorLogisticClassifier"}])
def test_an_entry_that_is_none_is_refused(entry):
    with pytest.raises(ModelFileError, match=r"outer\.json"):
        read(entry, saved()[1])


def test_what_is_wrong_in_a_member_is_said_with_its_place():
    entry, parts, _ = saved()
    document = json.loads(parts["member_0/prior_logistic.json"])
    broken = json.dumps({**document, "scale": [0.0, -1.0]}).encode()
    with pytest.raises(ModelFileError, match=r"member_0: prior_logistic\.json, 'scale'"):
        read(entry, {"member_0/prior_logistic.json": broken})


def test_members_of_other_columns_or_labels_are_refused():
    entry, parts, _ = saved()
    for columns in (1, 3):
        with pytest.raises(ModelFileError, match=f"a classifier of {columns} columns"):
            read(entry, parts, n_features=columns)
    with pytest.raises(ModelFileError, match="'n_features'"):
        read(entry, parts, n_features=True)
    document = json.loads(parts["member_0/prior_logistic.json"])
    for labels in ([1.0, 0.0], [0.0, 2.0], ["a", "b"]):
        relabelled = json.dumps({**document, "classes": labels}).encode()
        with pytest.raises(ModelFileError, match=r"labels 0\.0 and 1\.0"):
            read(entry, {"member_0/prior_logistic.json": relabelled})
