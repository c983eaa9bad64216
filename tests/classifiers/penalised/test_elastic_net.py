"""The elastic-net comparator: its choice, its columns, its intervals and its file."""

from __future__ import annotations

import json

import numpy as np
import pytest
import sklearn
from scipy.special import expit
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from relapse_model.classifiers import ElasticNetLogisticClassifier
from relapse_model.classifiers.shared.base import IntervalUnavailableError
from relapse_model.classifiers.shared.folds import tuning_folds
from relapse_model.errors import InsufficientDataError, ModelFileError, RelapseModelError

PART = "elastic_net.json"
SMALL = {"l1_shares": (0.5,), "penalty_ratios": (1.0, 0.2, 0.03), "interval_resamples": 5}


def cohort(rows=132, seed=0, effect=1.0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, 4)) * [1.0, 10.0, 0.1, 1.0]
    y = (rng.random(rows) < expit(-1.6 + effect * X[:, 0])).astype(int)
    X[rng.random(X.shape) < 0.1] = np.nan
    return X, y


def fitted(**settings):
    return ElasticNetLogisticClassifier(**{**SMALL, **settings}).fit(*cohort())


def largest_pull(X, y):
    """Return |sum((event - mean) * column)| of each standardised column: from there on it is left out."""
    filled = SimpleImputer(strategy="median").fit_transform(X)
    design = (filled - np.nanmean(X, axis=0)) / np.nanstd(X, axis=0)
    return np.abs((y - y.mean()) @ design), design


def test_the_largest_penalty_gives_everybody_the_mean_risk():
    X, y = cohort()
    model = fitted(penalty_ratios=(1.0,), interval_resamples=0)
    assert not model.coef_.any()
    assert model.l1_share_ * model.penalty_ == pytest.approx(largest_pull(X, y)[0].max())
    assert model.predict_proba(X)[:, 1] == pytest.approx(np.full(132, y.mean()))


def test_a_slightly_smaller_penalty_lets_the_strongest_column_in():
    model = fitted(penalty_ratios=(0.99,), interval_resamples=0)
    assert np.flatnonzero(model.coef_).tolist() == [largest_pull(*cohort())[0].argmax()] == [0]


def test_the_conditions_of_a_maximum_hold_for_the_choice():
    X, y = cohort()
    model = fitted(l1_shares=(0.1, 0.5, 0.95))
    _, design = largest_pull(X, y)
    residual = y - expit(model.intercept_ + design @ model.coef_)
    l1, l2 = model.l1_share_ * model.penalty_, (1 - model.l1_share_) * model.penalty_
    gradient = residual @ design - l2 * model.coef_
    assert residual.sum() == pytest.approx(0.0, abs=1e-6)
    inside = model.coef_ != 0
    assert gradient[inside] == pytest.approx(l1 * np.sign(model.coef_[inside]), abs=1e-6)
    assert (np.abs(gradient[~inside]) <= l1 + 1e-6).all()
    assert model.predict_log_odds(X) == pytest.approx(model.intercept_ + design @ model.coef_)


def test_the_losses_are_those_of_scikit_learn_in_the_same_folds():
    X, y = cohort(rows=80)
    X = np.where(np.isnan(X), 0.0, X)  # of complete rows, scikit-learn's scaler is ours
    model = ElasticNetLogisticClassifier((0.4,), (0.5, 0.1), interval_resamples=0).fit(X, y)
    penalties = largest_pull(X, y)[0].max() / 0.4 * np.array([0.5, 0.1])
    named = {} if tuple(map(int, sklearn.__version__.split(".")[:2])) >= (1, 8) else {"penalty": "elasticnet"}
    fold, expected = tuning_folds(y.astype(float), 5, 0), []
    for penalty in penalties:
        net = LogisticRegression(C=1 / penalty, l1_ratio=0.4, solver="saga", tol=1e-8, max_iter=20_000, **named)
        total = 0.0
        for held in range(5):
            risk = make_pipeline(StandardScaler(), net).fit(X[fold != held], y[fold != held])
            risk = risk.predict_proba(X[fold == held])[:, 1]
            total += log_loss(y[fold == held], risk, normalize=False)
        expected.append(total / 80)
    assert model.cv_log_loss_[0] == pytest.approx(expected, rel=1e-6)
    assert model.penalty_ == pytest.approx(penalties[np.argmin(expected)])


def test_noise_gets_a_large_penalty_and_signal_a_small_one():
    def ratio(seed, effect):
        X, y = cohort(300, seed, effect)
        model = ElasticNetLogisticClassifier((0.5,), interval_resamples=0).fit(X, y)
        return 0.5 * model.penalty_ / largest_pull(X, y)[0].max()

    noise, signal = (np.median([ratio(seed, effect) for seed in range(6)]) for effect in (0.0, 2.0))
    assert noise > 0.5
    assert signal < 0.1


def test_of_equally_good_choices_the_fewest_columns_win():
    # A constant column tells nothing: every penalty has the same loss, and the largest one leaves most out
    X, y = np.full((132, 1), 7.0), cohort()[1]
    model = ElasticNetLogisticClassifier((0.2, 0.8), (0.1, 1.0, 0.5), interval_resamples=0).fit(X, y)
    assert model.cv_log_loss_ == pytest.approx(np.full((2, 3), model.cv_log_loss_[0, 0]), abs=1e-15)
    # the smallest L1 penalty of a column without any pull is set to 1e-6 of the rows
    assert model.l1_share_ * model.penalty_ == pytest.approx(132e-6)
    assert (model.coef_.tolist(), model.scale_.tolist(), model.center_.tolist()) == ([0.0], [1.0], [7.0])
    assert model.predict_proba([[7.0], [1e9]])[:, 1] == pytest.approx([y.mean()] * 2)


def test_units_do_not_matter():
    X, y = cohort()
    factor, shift = np.array([1e-3, 7.0, 1e5, 1.0]), np.array([5.0, 0.0, -2e5, 1.0])
    here, there = fitted(), ElasticNetLogisticClassifier(**SMALL).fit(X * factor + shift, y)
    assert there.predict_proba(X * factor + shift) == pytest.approx(here.predict_proba(X), rel=1e-6)
    assert there.coef_ == pytest.approx(here.coef_, abs=1e-6)


def test_columns_may_be_permuted():
    X, y = cohort()
    order = [2, 0, 3, 1]
    moved = ElasticNetLogisticClassifier(**SMALL).fit(X[:, order], y)
    assert moved.predict_proba(X[:, order]) == pytest.approx(fitted().predict_proba(X), rel=1e-6)


def test_a_missing_value_takes_the_training_median():
    X, _ = cohort()
    model = fitted()
    assert model.impute_ == pytest.approx(np.nanmedian(X, axis=0))
    with_median = [[model.impute_[0], 1.0, 0.1, 1.0]]
    assert np.array_equal(model.predict_proba([[np.nan, 1.0, 0.1, 1.0]]), model.predict_proba(with_median))


def test_a_column_known_in_one_fold_alone_has_no_effect_in_the_others():
    X, y = cohort()
    X[:, 3] = np.nan
    X[np.flatnonzero(tuning_folds(y.astype(float), 5, 0) == 2), 3] = 4.0
    assert np.isfinite(ElasticNetLogisticClassifier(**SMALL).fit(X, y).cv_log_loss_).all()
    X[:, 3] = np.nan
    model = ElasticNetLogisticClassifier(**SMALL).fit(X, y)
    known, unknown = model.predict_proba([[0.0, 0.0, 0.0, 5000.0], [0.0, 0.0, 0.0, np.nan]])[:, 1]
    assert known == unknown


def test_a_single_event_cannot_be_held_out():
    X, _ = cohort()
    with pytest.raises(InsufficientDataError, match="rarer class has 1 row"):
        ElasticNetLogisticClassifier(**SMALL).fit(X, np.arange(132) == 5)


# Intervals


def test_the_interval_by_hand():
    # Log-odds of the resamples 0, 1 and 5, median 1: their quartiles lie 0.5 below and 2 above it
    model = fitted()
    model.intercept_, model.coef_ = 0.5, np.zeros(4)
    model.resampled_ = np.column_stack([[0.0, 1.0, 5.0], np.zeros((3, 4))])
    assert model.predict_interval(cohort()[0][:1], level=0.5) == pytest.approx(expit([[0.0, 2.5]]))


def test_intervals_shrink_with_rows():
    new, _ = cohort(seed=9)
    widths = []
    for rows in (132, 4000):
        model = ElasticNetLogisticClassifier((0.5,), (0.03,), interval_resamples=40).fit(*cohort(rows))
        assert model.resampled_.shape == (40, 5)
        widths.append(np.diff(model.predict_interval(new), axis=1).mean())
    assert widths[1] < 0.4 * widths[0]


def test_the_resamples_spread_like_the_standard_error():
    # Nearly no penalty, one column: the Bayesian bootstrap has the standard error of the usual logistic regression
    rng = np.random.default_rng(4)
    X = rng.normal(size=(2000, 1))
    risk = expit(-1.0 + X[:, 0])
    y = rng.random(2000) < risk
    model = ElasticNetLogisticClassifier((0.5,), (1e-6,), interval_resamples=300).fit(X, y)
    design = np.column_stack([np.ones(2000), (X - X.mean()) / X.std()])
    error = np.sqrt(np.diagonal(np.linalg.inv((design.T * (risk * (1 - risk))) @ design)))
    # the standard error of a standard deviation of 300 numbers is 4 %
    assert model.resampled_.std(axis=0) == pytest.approx(error, rel=0.15)


def test_a_patient_s_rows_are_resampled_together():
    # 33 patients of 4 equal rows each: as patients they are 33, as rows they seem to be 132
    X, y = cohort(rows=33, seed=5)
    X, y, patient = X.repeat(4, axis=0), y.repeat(4), np.arange(33).repeat(4)
    settings = {"l1_shares": (0.5,), "penalty_ratios": (0.05,), "interval_resamples": 60}
    together = ElasticNetLogisticClassifier(**settings).fit(X, y, groups=patient)
    apart = ElasticNetLogisticClassifier(**settings).fit(X, y)
    wide, narrow = (np.diff(model.predict_interval(X), axis=1).mean() for model in (together, apart))
    assert 1.5 < wide / narrow < 2.5  # twice, the square root of 4


def test_no_resamples_no_interval():
    model = fitted(interval_resamples=0)
    assert model.resampled_.shape == (0, 5)
    with pytest.raises(IntervalUnavailableError, match="interval_resamples=0"):
        model.predict_interval(cohort()[0])
    again = ElasticNetLogisticClassifier.from_parts(model.to_parts())
    with pytest.raises(IntervalUnavailableError, match="interval_resamples=0"):
        again.predict_interval(cohort()[0])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"l1_shares": ()}, "l1_shares"),
        ({"l1_shares": (0.0,)}, "l1_shares is .*between 0 and 1"),
        ({"l1_shares": (0.5, 1.0)}, "l1_shares"),
        ({"l1_shares": (np.nan,)}, "l1_shares"),
        ({"l1_shares": 0.5}, "l1_shares"),
        ({"penalty_ratios": ()}, "penalty_ratios"),
        ({"penalty_ratios": (0.0,)}, "penalty_ratios is .*above 0, up to 1"),
        ({"penalty_ratios": (1.1,)}, "penalty_ratios"),
        ({"penalty_ratios": (np.nan,)}, "penalty_ratios"),
        ({"folds": 1}, "folds is 1"),
        ({"interval_resamples": -1}, "interval_resamples is -1; expected 0 to 10000"),
        ({"interval_resamples": 10_001}, "interval_resamples"),
    ],
)
def test_settings_that_cannot_be_used_are_named(settings, message):
    with pytest.raises(RelapseModelError, match=message):
        fitted(**settings)


# The model file


@pytest.mark.parametrize("ratios", [None, (1.0, 0.2)])
def test_the_part_reads_back_bit_for_bit(ratios):
    X, y = cohort()
    model = fitted(penalty_ratios=ratios, folds=3, seed=8)
    again = ElasticNetLogisticClassifier.from_parts(model.to_parts())
    assert again.to_parts() == model.to_parts()
    assert again.get_params() == model.get_params()
    for name in ("coef_", "impute_", "center_", "scale_", "cv_log_loss_", "resampled_"):
        assert np.array_equal(getattr(again, name), getattr(model, name))
    assert (again.intercept_, again.l1_share_, again.penalty_) == (model.intercept_, model.l1_share_, model.penalty_)
    assert np.array_equal(again.predict_proba(X), model.predict_proba(X))
    assert np.array_equal(again.predict_interval(X), model.predict_interval(X))
    assert np.array_equal(again.fit(X, y).predict_proba(X), model.predict_proba(X))


def changed(**changes):
    document = json.loads(fitted().to_parts()[PART])
    for path, value in changes.items():
        *parents, last = path.split("__")
        target = document
        for key in parents:
            target = target[int(key) if key.isdigit() else key]
        target[int(last) if last.isdigit() else last] = value
    return {PART: json.dumps(document).encode()}


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"coef__0": None}, "'coef'"),
        ({"coef__0": "0.1"}, "'coef'"),
        ({"coef__0": 1e10}, "'coef'.*log-odds per standard deviation"),
        ({"coef": []}, "'coef'"),
        ({"coef": [[0.0] * 4]}, "'coef'"),
        ({"intercept": float("nan")}, "not strict JSON"),
        ({"intercept": 1e10}, "'intercept'"),
        ({"intercept": None}, "'intercept'"),
        ({"impute__1": 1e31}, "values within"),
        ({"center__1": -1e31}, "values within"),
        ({"scale__0": 0.0}, "'scale'"),
        ({"scale__0": -1.0}, "'scale'"),
        ({"scale__0": 1e31}, "'scale'"),
        ({"resampled__0": [0.0]}, "'resampled'"),
        ({"resampled": []}, "'resampled'"),
        ({"resampled__4__4": -1e10}, "'resampled'"),
        ({"settings__interval_resamples": 4}, "'resampled'"),
        ({"settings__interval_resamples": 10_001}, "'interval_resamples'"),
        ({"settings__folds": 1}, "'folds'"),
        ({"settings__seed": -1}, "'seed'"),
        ({"settings__l1_shares": []}, "'l1_shares'"),
        ({"settings__l1_shares": [0.0]}, "l1_shares"),
        ({"settings__l1_shares": [1.5]}, "l1_shares"),
        ({"settings__penalty_ratios": [1.0, 0.0, 0.5]}, "penalty_ratios"),
        ({"settings__penalty_ratios": [1.0, 0.5]}, "'cv_log_loss'"),
        ({"default_ratios": True}, "'cv_log_loss'"),
        ({"settings": []}, "'settings'"),
        ({"cv_log_loss": [0.5, 0.5, 0.5]}, "'cv_log_loss'"),
        ({"l1_share": 1.5}, "'l1_share'"),
        ({"penalty": -1.0}, "'penalty'"),
        ({"n_features": 3}, "'coef'"),
        ({"n_features": 0}, "'n_features'"),
        ({"classes": [1, 1]}, "'classes'"),
        ({"feature_names": ["a"]}, "'feature_names'"),
        ({"version": 2}, "version"),
        ({"format": "relapse-model ridge logistic"}, "format"),
    ],
)
def test_a_changed_part_is_refused_by_name(change, names):
    with pytest.raises(ModelFileError, match=names):
        ElasticNetLogisticClassifier.from_parts(changed(**change))


def test_a_model_that_cannot_be_read_back_is_not_written():
    model = fitted()
    model.coef_[0] = np.inf
    with pytest.raises(ModelFileError, match="not finite"):
        model.to_parts()


@pytest.mark.slow
def test_the_lasso_end_leaves_most_columns_of_noise_out():
    """50 cohorts, one column of signal among 20: a share of L1 of 0.95 keeps it and drops most of the others."""
    kept = []
    for seed in range(50):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(400, 20))
        y = rng.random(400) < expit(-1.6 + 1.5 * X[:, 0])
        model = ElasticNetLogisticClassifier((0.95,), interval_resamples=0).fit(X, y)
        kept.append(model.coef_ != 0)
    share = np.mean(kept, axis=0)
    assert share[0] == 1.0
    assert share[1:].mean() < 0.6
