"""RS203: distances from a training cohort of which no row is kept."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import relapse_model as rm
from relapse_model.development.summary import predictor_summary
from relapse_model.model.scoring.guards.rs203_far_combination import GUARD
from relapse_model.model.scoring.guards.training_scatter import deviates, scatter_summary
from relapse_model.study.reader import parse_study

HEAD = """
[study]
protocol = 1
name = "scatter"

[outcome]
adjudicated = true

[prediction]
horizon_weeks = 48
"""
COLUMN = '[[predictors]]\nname = "{name}"\nlabel = "{label}"\nkind = "column"\ncolumn = "{name}"\n'


def study_text(*names):
    return HEAD + "".join(COLUMN.format(name=name, label=name.upper()) for name in names)


def told_of(features, study):
    return {one.name: predictor_summary(features[one.name], one) for one in study.predictors}


def normal(patients, correlation, seed=0):
    both = np.random.default_rng(seed).standard_normal((patients, 2))
    second = correlation * both[:, 0] + np.sqrt(1 - correlation**2) * both[:, 1]
    return pd.DataFrame({"a": both[:, 0], "b": second})


TWO = parse_study(study_text("a", "b"), "test")
# By hand: the central range of a standard normal is 1.645 on each side; no correlation, no wider spread.
PLAIN = {"predictors": ["a", "b"], "correlation": [[1.0, 0.0], [0.0, 1.0]], "shrinkage": 0.0, "spread": 1.0}
TOLD = {name: {"p05": -1.6448536, "median": 0.0, "p95": 1.6448536} for name in ("a", "b")}


def row(a, b):
    return pd.DataFrame({"a": [a], "b": [b]}, dtype=float)


def test_a_distance_by_hand():
    # d2 = 2^2 + 1^2 = 5 on 2: cube root of 2.5 is 1.35721; less 1 - 1/9 is 0.46832; over sqrt(1/9) is 1.40496.
    assert deviates(row(2, 1), PLAIN, TOLD)[0] == pytest.approx(1.40496, abs=1e-4)
    # With a correlation of 0.6: (4 - 2 * 0.6 * 2 + 1) / (1 - 0.36) = 4.0625; (1.26648 - 0.88889) * 3 = 1.1328.
    tilted = PLAIN | {"correlation": [[1.0, 0.6], [0.6, 1.0]]}
    assert deviates(row(2, 1), tilted, TOLD)[0] == pytest.approx(1.1328, abs=1e-3)
    assert deviates(row(2, 1), PLAIN | {"spread": 2.0}, TOLD)[0] == pytest.approx(0.70248, abs=1e-4)


def test_a_skewed_predictor_has_a_scale_on_each_side():
    skewed = TOLD | {"a": {"p05": -1.6448536, "median": 0.0, "p95": 16.448536}}
    assert deviates(row(20, 1), PLAIN, skewed)[0] == pytest.approx(deviates(row(2, 1), PLAIN, TOLD)[0])
    assert deviates(row(-2, 1), PLAIN, skewed)[0] == pytest.approx(deviates(row(2, 1), PLAIN, TOLD)[0])


def test_half_of_the_training_at_its_lowest_value_leaves_the_other_scale():
    piled = TOLD | {"a": {"p05": 0.0, "median": 0.0, "p95": 1.6448536}}
    assert deviates(row(-2, 1), PLAIN, piled)[0] == pytest.approx(deviates(row(2, 1), PLAIN, TOLD)[0])


def test_one_value_alone_is_never_far_and_one_known_value_is_no_combination():
    # It counts for 3 at most: d2 = 9 on 2 is 2.29, below the limit of 3.09 that 0.999 stands for.
    assert deviates(row(1e9, 0), PLAIN, TOLD)[0] == pytest.approx(2.2862, abs=1e-3)
    assert np.isnan(deviates(row(1e9, np.nan), PLAIN, TOLD)[0])


def test_a_combination_that_contradicts_the_training_is_told_with_its_parts(features_new, said):
    training = normal(300, 0.9)
    stated = told_of(training, TWO)
    summary = {"predictors": stated, "scatter": scatter_summary(training, TWO, stated)}
    # Either value is usual, and both together too where they agree.
    new = features_new(pd.DataFrame({"a": [1.6, 1.6, 0.0], "b": [1.6, -1.6, np.nan]}), study_text("a", "b"), summary)
    found = said(GUARD, new)
    assert set(found) == {1}
    assert found[1][0].startswith("combination far from the training cohort: distance ")
    assert found[1][0].endswith("limit 3.1 (A, B)")  # 3.09 is the 0.999 quantile of the normal
    lenient = study_text("a", "b") + "[scoring]\ndistance_level = 0.5\n"
    assert set(said(GUARD, features_new(pd.DataFrame({"a": [1.6], "b": [1.6]}), lenient, summary))) == {0}


def test_a_model_of_an_earlier_version_is_silent(features_new, said):
    far = pd.DataFrame({"a": [3.0], "b": [-3.0]})
    for summary in ({"predictors": TOLD}, {"predictors": TOLD, "scatter": None}):
        assert said(GUARD, features_new(far, study_text("a", "b"), summary)) == {}


def test_a_correlation_is_found_and_shrunk():
    strong = scatter_summary(normal(2000, 0.9), TWO, told_of(normal(2000, 0.9), TWO))
    assert strong["correlation"][0][1] == pytest.approx(0.9, abs=0.02)
    # Of 30 patients without a correlation the estimate is noise, and most of it is taken away.
    none = normal(30, 0.0, seed=1)
    weak = scatter_summary(none, TWO, told_of(none, TWO))
    assert abs(weak["correlation"][0][1]) < abs(none.corr(method="spearman").iloc[0, 1])
    assert weak["shrinkage"] > 0.5


def test_an_outlier_moves_no_correlation():
    training = normal(500, 0.0)
    spoilt = training.copy()
    spoilt.iloc[0] = 1e6
    before, after = (scatter_summary(one, TWO, told_of(one, TWO)) for one in (training, spoilt))
    assert after["correlation"][0][1] == pytest.approx(before["correlation"][0][1], abs=0.03)


def test_a_predictor_given_twice_can_still_be_inverted():
    training = normal(200, 0.0).assign(b=lambda table: table["a"])
    found = scatter_summary(training, TWO, told_of(training, TWO))
    assert np.linalg.eigvalsh(np.array(found["correlation"])).min() == pytest.approx(0.05, abs=1e-5)


def test_answers_and_constants_are_left_out():
    study = parse_study(study_text("a", "b", "answer", "constant"), "test")
    training = normal(100, 0.3).assign(answer=np.arange(100.0) % 2, constant=7.0)
    assert scatter_summary(training, study, told_of(training, study))["predictors"] == ["a", "b"]


def test_too_little_is_known_of_few_patients_and_of_one_number():
    few = normal(19, 0.3)
    assert scatter_summary(few, TWO, told_of(few, TWO)) is None
    one = normal(100, 0.3).assign(b=1.0)
    assert scatter_summary(one, TWO, told_of(one, TWO)) is None


def test_rows_of_one_patient_are_one_patient():
    rows = pd.concat([normal(15, 0.3)] * 2, ignore_index=True)  # 30 rows, and 15 patients are too few
    assert scatter_summary(rows, TWO, told_of(rows, TWO)) is not None
    assert scatter_summary(rows, TWO, told_of(rows, TWO), np.tile(np.arange(15), 2)) is None


def test_the_summary_is_plain_and_keeps_no_row(model):
    scatter = model.summary["scatter"]
    assert json.loads(json.dumps(scatter)) == scatter
    size = len(scatter["predictors"])
    assert np.shape(scatter["correlation"]) == (size, size) == (5, 5)
    assert set(scatter) == {"predictors", "correlation", "shrinkage", "spread"}
    # All but the three answers: the arm, the sex, whether analogues were given before.
    assert set(scatter["predictors"]).isdisjoint({"hbig_arm", "male", "prior_nuc"})


@settings(deadline=None, max_examples=15)
@given(
    factor=st.floats(0.01, 100), shift=st.floats(-100, 100), seed=st.integers(0, 100),
    gaps=st.floats(0, 0.3),
)  # fmt: skip
def test_the_distance_does_not_depend_on_the_unit(factor, shift, seed, gaps):
    rng = np.random.default_rng(seed)
    training = normal(60, 0.5, seed).mask(rng.random((60, 2)) < gaps)
    other = training * factor + shift
    first, second = (
        deviates(one, scatter_summary(one, TWO, told_of(one, TWO)), told_of(one, TWO)) for one in (training, other)
    )
    np.testing.assert_allclose(first, second, atol=1e-4)


@pytest.mark.slow
def test_new_patients_like_those_of_the_training_are_seldom_far(study):
    """At most 0.1 % of 10,000 new patients of the same population, over trainings on 60, 132 and 500 patients."""
    new = rm.derive_features(rm.simulate_cohort(10_000, seed=999), study)
    for patients in (60, 132, 500):
        far = []
        for seed in range(6):
            training = rm.derive_features(rm.simulate_cohort(patients, seed=seed), study)
            stated = told_of(training, study)
            far.append(np.mean(deviates(new, scatter_summary(training, study, stated), stated) > 3.0902))
        assert np.mean(far) <= 0.001
