"""The page computes what the library computes: risks, intervals and contributions of every kind of classifier."""

from __future__ import annotations

import json
import sys
from importlib.resources import files
from statistics import NormalDist

import numpy as np
import pytest
from browser import REPORT, found_by

from relapse_model.classifiers import (
    AveragedClassifier,
    BoostedTreesClassifier,
    ElasticNetLogisticClassifier,
    ForestClassifier,
    PriorHazardClassifier,
    PriorLogisticClassifier,
    RecalibratedClassifier,
    RidgeLogisticClassifier,
)
from relapse_model.classifiers.prior.terms import Factor, Term
from relapse_model.model.calculator.scorer_values import CalculatorError, packed, scorer_values
from relapse_model.model.explanation.shapley import permutation_orders, shapley_values

SCORER = files("relapse_model.model.calculator").joinpath("scorer.js").read_text(encoding="utf-8")
DEVIATE = NormalDist().inv_cdf(0.95)
TERMS = (
    Term((Factor(0, "saturating", 10.0, log10=True),), (0,)),
    Term((Factor(1, "cap", 0.5), Factor(2, "below", 0.0))),
    Term((Factor(1, "at_least", 0.2), Factor(2, "minus", 1.0), Factor(0))),
)


def training(rows=132, columns=4):
    random = np.random.default_rng(5)
    X = random.normal(size=(rows, columns))
    X[:, 3] = X[:, 3] > 0
    y = (random.random(rows) < 1 / (1 + np.exp(1.2 - X[:, 0] + X[:, 1]))).astype(float)
    X[random.random(X.shape) < 0.12] = np.nan
    return X, y


def fitted():
    """Return one of every kind that a model file may hold, small."""
    X, y = training()
    trees = BoostedTreesClassifier(monotone=(1, -1, 0, 0), max_rounds=25, interval_resamples=8)
    week = np.where(y == 1, 20.0, 48.0)
    hazard = PriorHazardClassifier(prior_mean=[0.5, 0, 0, 0], prior_sd=[0.4, None, None, None], draws=200, terms=TERMS)
    prior = PriorLogisticClassifier(prior_mean=[0.5, 0, 0, 0], prior_sd=[0.4, None, None, None], terms=TERMS)
    found = {
        "prior_logistic": prior.fit(X, y),
        "prior_logistic, no terms": PriorLogisticClassifier(indicators=False).fit(X, y),
        "prior_hazard": hazard.fit(X, week, y),
        "ridge": RidgeLogisticClassifier().fit(X, y),
        "elastic net": ElasticNetLogisticClassifier(interval_resamples=20).fit(X, y),
        "boosted trees": trees.fit(X, y),
        "forest": ForestClassifier(trees=20).fit(X, y),
        "average": AveragedClassifier([prior, trees]).fit(X, y),
        "average, trees after": AveragedClassifier([prior, trees], boost_from_first=True).fit(X, y),
        "average of lines": AveragedClassifier(
            [RidgeLogisticClassifier(), ElasticNetLogisticClassifier(interval_resamples=10)], weights=[2, 1]
        ).fit(X, y),
    }
    for name in ("prior_logistic", "ridge", "boosted trees"):
        found[f"{name}, recalibrated"] = RecalibratedClassifier(found[name]).fit(X, y)
    return found


def new_rows(count):
    random = np.random.default_rng(6)
    X = random.normal(scale=1.5, size=(count, 4))
    X[:, 3] = X[:, 3] > 0
    X[random.random(X.shape) < 0.1] = np.nan
    X[0], X[1], X[2] = np.nan, 30.0, -30.0  # nothing known; far beyond on either side
    return X


def in_the_page(scorers, rows, reference, folder):
    """Return what the page computes of rows by each scorer: risk, interval, log-odds; and contributions of a few."""
    plain = [[None if np.isnan(value) else value for value in row] for row in rows.tolist()]
    script = f"""
    const scorers = {json.dumps(scorers)}, rows = {json.dumps(plain)}.map(r => r.map(x => x === null ? NaN : x));
    const levels = [[0.05, {-DEVIATE!r}], [0.95, {DEVIATE!r}]], reference = {json.dumps(reference)};
    report(Object.fromEntries(Object.entries(scorers).map(([name, values]) => {{
      const scorer = scorerOf(values);
      return [name, {{
        scores: rows.map(row => [scorer.risks(row)[1], ...scorer.interval(row, levels), scorer.logOdds(row)]),
        effects: rows.slice(0, 12).map(row => explained(scorer, row, reference, row.map(() => 0), [])),
      }}];
    }})));
    """
    page = f"<!DOCTYPE html><meta charset=utf-8><body><script>{SCORER}{REPORT}{script}</script>"
    return found_by(page, folder)


def effects(classifier, rows, reference):
    """Return the contributions as `explain` makes them."""
    if hasattr(classifier, "contributions"):
        return classifier.contributions(rows)[:, :-1]
    if hasattr(classifier, "linear_contributions"):
        return classifier.linear_contributions(rows, reference)[:, :-1]
    return shapley_values(classifier.predict_log_odds, rows, np.array(reference))


def check(count, folder):
    rows, reference, classifiers = new_rows(count), [0.1, -0.2, 0.3, 0.4], fitted()
    found = in_the_page({name: scorer_values(one) for name, one in classifiers.items()}, rows, reference, folder)
    apart = {}
    for name, classifier in classifiers.items():
        scores = np.array(found[name]["scores"])
        wanted = np.column_stack([classifier.predict_proba(rows)[:, 1], classifier.predict_interval(rows, 0.9)])
        apart[name] = np.abs(scores[:, :3] - wanted).max(axis=0)
        assert apart[name][0] <= 1e-9, name
        assert apart[name][1:].max() <= 1e-7, name
        log_odds = classifier.predict_log_odds(rows)
        np.testing.assert_allclose(scores[:, 3], log_odds, rtol=1e-9, atol=1e-9, err_msg=name)
        np.testing.assert_allclose(
            found[name]["effects"], effects(classifier, rows[:12], reference), rtol=1e-9, atol=1e-9, err_msg=name
        )
    return apart


def test_every_kind_gives_the_same_risks_intervals_and_contributions(tmp_path):
    """Missing, usual and extreme values; a difference of 1e-9 in a risk is none that anybody could see."""
    assert len(check(40, tmp_path)) == 13


@pytest.mark.slow
def test_a_thousand_patients_of_every_kind(tmp_path):
    for name, (risk, lower, upper) in check(1000, tmp_path).items():
        sys.stderr.write(f"{name}: largest difference of a risk {risk:.1e}, of a limit {max(lower, upper):.1e}\n")


def test_more_than_ten_predictors_are_explained_by_the_same_orders(tmp_path):
    random = np.random.default_rng(1)
    X = random.normal(size=(80, 12))
    forest = ForestClassifier(trees=4).fit(X, X[:, 0] + X[:, 1] > 0)
    orders = [order.tolist() for order in permutation_orders(12)]
    script = f"""
    const scorer = scorerOf({json.dumps(scorer_values(forest))});
    report(explained(scorer, {X[0].tolist()}, {X[1].tolist()}, new Array(12).fill(0), {orders}));
    """
    found = found_by(f"<!DOCTYPE html><body><script>{SCORER}{REPORT}{script}</script>", tmp_path)
    np.testing.assert_allclose(found, shapley_values(forest.predict_log_odds, X[:1], X[1])[0], atol=1e-12)


def test_levels_become_columns_as_in_the_design(tmp_path):
    """Three levels have two columns, the first level none; one that is not known is missing in both."""
    script = "report([0, 1, 2, NaN].map(code => rowOf([7, code], [0, 3]).map(x => Number.isNaN(x) ? null : x)));"
    found = found_by(f"<!DOCTYPE html><body><script>{SCORER}{REPORT}{script}</script>", tmp_path)
    assert found == [[7, 0, 0], [7, 1, 0], [7, 0, 1], [7, None, None]]


def test_an_array_keeps_every_digit(tmp_path):
    values = np.array([[0.1, 1e-300], [np.nan, -1 / 3]])
    script = f"report(Array.from(unpack({json.dumps(packed(values))})).map(x => Number.isNaN(x) ? 'NaN' : x));"
    found = found_by(f"<!DOCTYPE html><body><script>{SCORER}{REPORT}{script}</script>", tmp_path)
    assert found == [0.1, 1e-300, "NaN", -1 / 3]


def test_a_classifier_without_a_scorer_is_refused_by_name():
    class Stranger:
        pass

    with pytest.raises(CalculatorError, match=r"no scorer for Stranger; expected one of AveragedClassifier, Boosted"):
        scorer_values(Stranger())
