"""Recalibration: intercept and slope by other routes, its prior, its borders, and what it refuses."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq, fsolve
from scipy.special import expit, logit
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression

from relapse_model.classifiers import (
    AveragedClassifier,
    ElasticNetLogisticClassifier,
    PriorLogisticClassifier,
    RecalibratedClassifier,
    RidgeLogisticClassifier,
)
from relapse_model.classifiers.combined.recalibrated import (
    CalibrationMethodError,
    Recalibration,
    check_calibration,
    fit_recalibration,
)
from relapse_model.classifiers.shared.folds import tuning_folds
from relapse_model.errors import InsufficientDataError, ModelFileError, RelapseModelError

PART = "recalibrated.json"
CHEAP = PriorLogisticClassifier(strengths=(0.0,), widths=(1.0,), indicators=False)
# 100 patients predicted at 10 %, 20 with events; 100 predicted at 20 %, 40 with events
EVENT = np.repeat([1.0, 0.0, 1.0, 0.0], [20, 80, 40, 60])
LOG_ODDS = np.repeat(np.log([1 / 9, 1 / 4]), 100)


def cohort(rows=132, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, 3))
    y = (rng.random(rows) < expit(-1.5 + 1.2 * X[:, 0])).astype(int)
    X[rng.random(X.shape) < 0.1] = np.nan
    return X, y


# Intercept and slope


def test_a_free_slope_meets_both_groups_exactly():
    # Two points, two numbers: log(1/4) = a + b log(1/9) and log(2/3) = a + b log(1/4)
    slope = np.log((2 / 3) / (1 / 4)) / np.log((1 / 4) / (1 / 9))
    found = fit_recalibration(EVENT, LOG_ODDS, slope_sd=1e6)
    assert found.slope == pytest.approx(slope, rel=1e-6)
    assert found.intercept == pytest.approx(np.log(1 / 4) + slope * np.log(9), rel=1e-6)


def test_a_slope_held_at_one_leaves_the_intercept_alone():
    # Then 100 expit(a - log 9) + 100 expit(a - log 4) = 60 events
    intercept = brentq(lambda a: expit(a - np.log(9)) + expit(a - np.log(4)) - 0.6, -5, 5)
    found = fit_recalibration(EVENT, LOG_ODDS, slope_sd=1e-6)
    assert (found.slope, found.intercept) == pytest.approx((1.0, intercept))


@pytest.mark.parametrize("slope_sd", [0.05, 0.25, 1.0])
def test_the_prior_weighs_the_slope(slope_sd):
    # Derivatives of log-likelihood - (slope - 1) ** 2 / (2 slope_sd ** 2), group by group
    def derivatives(z):
        low, high = 20 - 100 * expit(z[0] - z[1] * np.log(9)), 40 - 100 * expit(z[0] - z[1] * np.log(4))
        return low + high, -low * np.log(9) - high * np.log(4) - (z[1] - 1) / slope_sd**2

    found = fit_recalibration(EVENT, LOG_ODDS, slope_sd=slope_sd)
    assert (found.intercept, found.slope) == pytest.approx(tuple(fsolve(derivatives, (1.0, 1.0), xtol=1e-12)))


def test_the_documented_case_lies_between_the_two():
    found = fit_recalibration(EVENT, LOG_ODDS)
    free, held = fit_recalibration(EVENT, LOG_ODDS, slope_sd=1e6), fit_recalibration(EVENT, LOG_ODDS, slope_sd=1e-6)
    assert held.slope < found.slope < free.slope
    assert held.intercept < found.intercept < free.intercept


def test_what_is_right_stays_as_it_is():
    # 10 of 100 at 10 %, 20 of 100 at 20 %: at intercept 0 and slope 1 every derivative is 0
    found = fit_recalibration(np.repeat([1.0, 0.0, 1.0, 0.0], [10, 90, 20, 80]), LOG_ODDS)
    assert (found.intercept, found.slope) == pytest.approx((0.0, 1.0), abs=1e-9)


def test_twice_too_extreme_log_odds_are_halved_by_many_rows_and_hardly_by_few():
    rng = np.random.default_rng(0)
    truth = rng.normal(-1.5, 1.0, size=20_000)
    event = rng.random(20_000) < expit(truth)
    many, few = (fit_recalibration(event[:rows], 2 * truth[:rows]) for rows in (20_000, 40))
    assert (many.intercept, many.slope) == pytest.approx((0.0, 0.5), abs=0.04)
    assert 0.55 < few.slope < 1.0


@given(seed=st.integers(0, 999), slope_sd=st.floats(0.05, 3.0))
@settings(max_examples=30, deadline=None)
def test_recalibrated_risks_add_up_to_the_events(seed, slope_sd):
    rng = np.random.default_rng(seed)
    log_odds, weight = rng.normal(-1, 1, size=60), rng.exponential(size=60)
    event = (rng.random(60) < 0.3).astype(float)
    event[:2] = 0.0, 1.0
    found = fit_recalibration(event, log_odds, weight, slope_sd)
    assert weight @ expit(found.apply(log_odds)) == pytest.approx(weight @ event, rel=1e-6)
    assert found.slope >= 0.0


def test_whole_weights_are_repeated_rows():
    rng = np.random.default_rng(1)
    log_odds, weight = rng.normal(-1, 1, size=90), np.arange(90) % 3
    event = (rng.random(90) < expit(log_odds)).astype(float)
    weighted = fit_recalibration(event, log_odds, weight)
    repeated = fit_recalibration(event.repeat(weight), log_odds.repeat(weight))
    assert (weighted.intercept, weighted.slope) == pytest.approx((repeated.intercept, repeated.slope))


def test_log_odds_that_do_not_differ_move_the_intercept_alone():
    found = fit_recalibration(EVENT, np.full(200, -2.0))  # 60 events of 200: log(3/7)
    assert (found.slope, found.intercept) == pytest.approx((1.0, np.log(3 / 7) + 2.0))


def test_a_negative_slope_becomes_zero_and_everybody_has_the_mean_risk():
    turned = LOG_ODDS[::-1].copy()  # the high-risk half is predicted low
    found = fit_recalibration(EVENT, turned, slope_sd=10.0)
    assert found.slope == 0.0
    assert expit(found.apply(turned)) == pytest.approx(np.full(200, 0.3))
    weight = np.where(EVENT == 1, 2.0, 1.0)  # 120 of 260
    assert expit(fit_recalibration(EVENT, turned, weight, 10.0).intercept) == pytest.approx(120 / 260)


@pytest.mark.parametrize("slope_sd", [0.0, -1.0, np.nan, np.inf])
def test_a_prior_that_cannot_be_is_named(slope_sd):
    with pytest.raises(RelapseModelError, match=r"slope_sd is .*positive"):
        fit_recalibration(EVENT, LOG_ODDS, slope_sd=slope_sd)


@pytest.mark.parametrize("slope_sd", [1e-200, 1e200])  # their squares are no numbers
def test_a_prior_of_no_width_is_named_too(slope_sd):
    with pytest.raises(RelapseModelError, match=r"slope_sd is .*from 1e-06"):
        fit_recalibration(EVENT, LOG_ODDS, slope_sd=slope_sd)


@pytest.mark.parametrize("slope_sd", [1e-6, 1e6])
def test_what_can_be_fitted_can_be_read_back(slope_sd):
    model = RecalibratedClassifier(CHEAP, slope_sd=slope_sd).fit(*cohort())
    assert RecalibratedClassifier.from_parts(model.to_parts()).slope_sd == slope_sd


def test_one_class_and_broken_numbers_are_named():
    for event in (np.zeros(200), np.ones(200)):
        with pytest.raises(InsufficientDataError):
            fit_recalibration(event, LOG_ODDS)
    with pytest.raises(InsufficientDataError):
        fit_recalibration(EVENT, LOG_ODDS, weight=1.0 - EVENT)
    for broken in (np.nan, np.inf):
        with pytest.raises(RelapseModelError, match="finite"):
            fit_recalibration(EVENT, np.append(LOG_ODDS[1:], broken))


def test_a_line_is_applied():
    assert Recalibration(0.5, 0.8).apply(np.array([-2.0, 0.0, 10.0])).tolist() == pytest.approx([-1.1, 0.5, 8.5])


# Methods by name


@pytest.mark.parametrize(("given", "name"), [("none", "none"), ("logistic", "logistic"), ("Logistic", "logistic")])
def test_methods_that_keep_risks_honest_are_taken(given, name):
    assert check_calibration(given, 20) == name


@pytest.mark.parametrize(
    ("method", "events", "reason"),
    [
        ("isotonic", 20, "20 events came, and a step function needs 1000 or more.*Use 'logistic'"),
        ("isotonic", 999, "999 events came"),
        ("Isotonic", 1000, "not part of this library, at any size"),
        ("class_weight", 20, "Class weights make every risk too high"),
        ("class-weights", 20, "Class weights"),
        ("balanced", 20, "Class weights"),
        ("scale_pos_weight", 20, "Class weights"),
        ("oversampling", 20, "Over- and undersampling"),
        ("undersampling", 20, "Over- and undersampling"),
        ("SMOTE", 20, "Over- and undersampling"),
        ("adasyn", 20, "Over- and undersampling"),
        ("ROSE", 20, "Over- and undersampling"),
        ("platt-ish", 20, "calibration is 'platt-ish'; expected none or logistic.* Use 'none' if unsure"),
        ("", 20, "calibration is ''"),
    ],
)
def test_methods_that_spoil_risks_are_refused_with_the_reason(method, events, reason):
    with pytest.raises(CalibrationMethodError, match=reason):
        check_calibration(method, events)


# The classifier


def by_hand(estimator, X, y, folds=5, seed=0):
    """Return log-odds of rows held out, by a loop of its own."""
    fold, held_out = tuning_folds(y.astype(float), folds, seed), np.empty(len(y))
    for number in range(folds):
        fit = clone(estimator).fit(X[fold != number], y[fold != number])
        held_out[fold == number] = fit.predict_log_odds(X[fold == number])
    return held_out


@pytest.mark.parametrize("estimator", [CHEAP, RidgeLogisticClassifier()], ids=lambda each: type(each).__name__)
def test_it_learns_on_rows_held_out_and_predicts_with_a_fit_on_all(estimator):
    X, y = cohort()
    model = RecalibratedClassifier(estimator, folds=4, seed=3, slope_sd=0.5).fit(X, y)
    held_out = by_hand(estimator, X, y, folds=4, seed=3)
    line = model.recalibration_

    def derivatives(z):
        residual = y - expit(z[0] + z[1] * held_out)
        return residual.sum(), residual @ held_out - (z[1] - 1) / 0.5**2

    assert (line.intercept, line.slope) == pytest.approx(tuple(fsolve(derivatives, (0.0, 1.0), xtol=1e-12)))
    whole = clone(estimator).fit(X, y)
    assert model.predict_log_odds(X) == pytest.approx(line.intercept + line.slope * whole.predict_log_odds(X))
    assert not hasattr(estimator, "classes_")  # what was given stays unfitted


def test_intervals_are_recalibrated_limits():
    X, y = cohort()
    model = RecalibratedClassifier(CHEAP).fit(X, y)
    line, limits = model.recalibration_, clone(CHEAP).fit(X, y).predict_interval(X, 0.8)
    expected = expit(line.intercept + line.slope * logit(limits))
    assert model.predict_interval(X, 0.8) == pytest.approx(expected)


def test_a_useless_classifier_gives_the_mean_risk_and_an_interval_of_it():
    X, y = cohort()
    model = RecalibratedClassifier(CHEAP).fit(X, y)
    model.recalibration_ = Recalibration(np.log(1 / 4), 0.0)
    assert model.predict_proba(X)[:, 1] == pytest.approx(np.full(132, 0.2))
    assert model.predict_interval(X) == pytest.approx(np.full((132, 2), 0.2))


@pytest.mark.parametrize("other", [None, LogisticRegression(), RecalibratedClassifier(CHEAP)])
def test_a_classifier_that_is_not_ours_or_recalibrated_already_is_refused(other):
    with pytest.raises(RelapseModelError, match=r"estimator holds .*; expected one of AveragedClassifier"):
        RecalibratedClassifier(other).fit(*cohort())


@pytest.mark.parametrize(
    ("settings", "message"), [({"folds": 1}, "folds is 1"), ({"slope_sd": 0.0}, "slope_sd is 0.0")]
)
def test_settings_that_cannot_be_used_are_named(settings, message):
    with pytest.raises(RelapseModelError, match=message):
        RecalibratedClassifier(CHEAP, **settings).fit(*cohort())


# The model file

NET = ElasticNetLogisticClassifier((0.5,), (1.0, 0.1), interval_resamples=3)
INSIDE = [CHEAP, NET, AveragedClassifier([CHEAP, NET], weights=(3.0, 1.0))]


@pytest.mark.parametrize("estimator", INSIDE, ids=lambda each: type(each).__name__)
def test_the_parts_read_back_bit_for_bit(estimator):
    X, y = cohort()
    model = RecalibratedClassifier(estimator, folds=3, seed=8, slope_sd=0.3).fit(X, y)
    parts = model.to_parts()
    assert sorted(name for name in parts if "/" not in name) == [PART]
    again = RecalibratedClassifier.from_parts(parts)
    assert again.to_parts() == parts
    assert again.recalibration_ == model.recalibration_
    assert (again.folds, again.seed, again.slope_sd) == (3, 8, 0.3)
    assert np.array_equal(again.predict_proba(X), model.predict_proba(X))
    assert np.array_equal(again.predict_interval(X), model.predict_interval(X))
    assert np.array_equal(again.fit(X, y).predict_proba(X), model.predict_proba(X))


def changed(**changes):
    parts = RecalibratedClassifier(CHEAP).fit(*cohort()).to_parts()
    document = json.loads(parts[PART])
    for path, value in changes.items():
        *parents, last = path.split("__")
        target = document
        for key in parents:
            target = target[key]
        target[last] = value
    return {**parts, PART: json.dumps(document).encode()}


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"slope": -0.1}, "'slope'"),
        ({"slope": None}, "'slope'"),
        ({"slope": 1e7}, "'slope'"),
        ({"slope": True}, "'slope'"),
        ({"slope": float("nan")}, "not strict JSON"),
        ({"intercept": 1e7}, "'intercept'"),
        ({"intercept": "0"}, "'intercept'"),
        ({"settings__folds": 1}, "'folds'"),
        ({"settings__seed": -1}, "'seed'"),
        ({"settings__slope_sd": 0.0}, "'slope_sd'"),
        ({"settings": None}, "'settings'"),
        ({"estimator__kind": "RecalibratedClassifier"}, "'kind'.*one of AveragedClassifier"),
        ({"estimator__kind": "LogisticRegression"}, "'kind'"),
        ({"estimator__kind": "ElasticNetLogisticClassifier"}, r"estimator: The part 'elastic_net\.json' is missing"),
        ({"estimator__parts": ["estimator/absent.json"]}, r"'estimator/absent\.json' is missing"),
        ({"estimator__parts": [PART]}, "'parts'"),
        ({"estimator": []}, "estimator"),
        ({"n_features": 2}, "a classifier of 2 columns"),
        ({"classes": [0]}, "'classes'"),
        ({"version": 2}, "version"),
        ({"format": "relapse-model average"}, "format"),
    ],
)
def test_a_changed_part_is_refused_by_name(change, names):
    with pytest.raises(ModelFileError, match=names):
        RecalibratedClassifier.from_parts(changed(**change))


def test_a_damaged_estimator_is_refused_with_its_place():
    parts = changed()
    (name,) = (name for name in parts if name.startswith("estimator/"))
    with pytest.raises(ModelFileError, match=r"estimator: prior_logistic\.json"):
        RecalibratedClassifier.from_parts({**parts, name: parts[name][:-1]})


@pytest.mark.slow
def test_the_slope_of_held_out_risks_is_learned_without_optimism():
    """Nearly unpenalised fits of 8 columns on 100 rows are too extreme: recalibrated they are less so."""
    net = ElasticNetLogisticClassifier((0.5,), (1e-4,), interval_resamples=0)
    plain, better = [], []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(5100, 8))
        event = (rng.random(5100) < expit(-1.0 + 0.5 * X[:, 0])).astype(float)
        model = RecalibratedClassifier(net, slope_sd=1.0).fit(X[:100], event[:100])
        for slopes, log_odds in (
            (plain, model.estimator_.predict_log_odds(X[100:])),
            (better, model.predict_log_odds(X[100:])),
        ):
            slopes.append(fit_recalibration(event[100:], log_odds, slope_sd=1e3).slope)
    assert np.median(plain) < 0.65
    assert np.median(plain) + 0.15 < np.median(better)
