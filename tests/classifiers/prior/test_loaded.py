"""The light form of a saved model: it scores as the whole one does, and becomes it when more is asked."""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from relapse_model.classifiers import AveragedClassifier, PriorLogisticClassifier, RecalibratedClassifier
from relapse_model.classifiers.combined.recalibrated import Recalibration
from relapse_model.classifiers.prior.loaded import LoadedPrior, full_classifier, load_prior
from relapse_model.classifiers.prior.logistic_mixture_values import PART
from relapse_model.classifiers.prior.terms import Factor, Term
from relapse_model.errors import ModelFileError, RelapseModelError

RANDOM = np.random.default_rng(5)
X = RANDOM.normal(size=(200, 3))
X[::9, 1] = np.nan  # 23 gaps, so that missing has an indicator of its own
Y = (RANDOM.random(200) < 1 / (1 + np.exp(1.5 - X[:, 0]))).astype(float)
TERM = Term((Factor(0, "cap", 1.0),), (0,), 0.5, 0.5)


@pytest.fixture(scope="module")
def fitted():
    settings = {"strengths": (0.0, 1.0), "widths": (0.5, 1.0), "terms": (TERM,)}
    return PriorLogisticClassifier([0.8, 0.0, 0.0], [0.4, None, None], **settings).fit(X, Y)


@pytest.fixture
def loaded(fitted):
    return load_prior(fitted.to_parts())


def changed(fitted, **entries):
    return {PART: json.dumps(json.loads(fitted.to_parts()[PART]) | entries).encode()}


def test_risks_log_odds_and_intervals_are_those_of_the_whole_one(fitted, loaded):
    assert type(loaded) is LoadedPrior
    for method in ("predict_proba", "predict_log_odds", "predict_interval"):
        # The same numbers in the same order, so to the last digits that a sum of products may differ in.
        np.testing.assert_allclose(getattr(loaded, method)(X), getattr(fitted, method)(X), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(loaded.predict_interval(X, 0.5), fitted.predict_interval(X, 0.5), atol=1e-12)


def test_scoring_builds_nothing_and_anything_else_does(loaded):
    loaded.predict_proba(X)
    loaded.predict_interval(X)
    loaded.to_parts()
    repr(loaded)
    assert loaded.coef_mean_.shape == (5,)  # three predictors, the term, the indicator of the second
    assert loaded._built is None
    assert len(loaded.strength_weight_) == len(loaded.strengths)
    assert type(loaded._built) is PriorLogisticClassifier


def test_scoring_needs_no_scikit_learn(fitted, tmp_path):
    (tmp_path / PART).write_bytes(fitted.to_parts()[PART])
    script = (
        "import sys, numpy as np; from pathlib import Path\n"
        "from relapse_model.classifiers.prior.loaded import load_prior\n"
        f"loaded = load_prior({{{PART!r}: Path({str(tmp_path / PART)!r}).read_bytes()}})\n"
        "loaded.predict_proba(np.zeros((2, 3))), loaded.predict_interval(np.zeros((2, 3)))\n"
        "print(sorted({'sklearn', 'scipy', 'xgboost', 'pandas', 'joblib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", ["components_", "coef_mean_", "coef_sd_", "prior_mean_", "scale_", "strength_weight_"])
def test_every_attribute_is_that_of_the_whole_one(fitted, loaded, name):
    assert repr(getattr(loaded, name)) == repr(getattr(fitted, name))


def test_what_the_whole_one_has_not_it_has_not_either(loaded):
    for name in ("contributions", "recalibration_", "predict_risk", "_private", "__array__"):
        assert not hasattr(loaded, name)


@pytest.mark.parametrize(
    "rows",
    [X[:, :2], X[0], np.full((1, 3), np.inf), np.full((1, 3), 1e40), X[:0], np.array([["a", "b", "c"]])],
    ids=["two columns", "one row flat", "infinite", "huge", "no rows", "text"],
)
def test_rows_that_the_whole_one_refuses_are_refused_alike(fitted, loaded, rows):
    for method in ("predict_proba", "predict_interval", "predict_log_odds"):
        with pytest.raises(ValueError, match=r"\w") as ours:
            getattr(loaded, method)(rows)
        with pytest.raises(ValueError, match=r"\w") as theirs:
            getattr(fitted, method)(rows)
        assert str(ours.value) == str(theirs.value)


@pytest.mark.parametrize("rows", [X.tolist(), pd.DataFrame(X), X.astype(np.float32), np.asfortranarray(X)])
def test_rows_of_another_form_are_taken_as_the_whole_one_takes_them(fitted, loaded, rows):
    np.testing.assert_allclose(loaded.predict_proba(rows), fitted.predict_proba(rows), atol=1e-12)


def test_a_level_that_is_none_is_refused(loaded):
    with pytest.raises(RelapseModelError, match=r"level is 2\.0"):
        loaded.predict_interval(X, 2.0)


def test_it_is_copied_pickled_and_cloned(fitted, loaded):
    for other in (copy.copy(loaded), copy.deepcopy(loaded), pickle.loads(pickle.dumps(loaded))):
        np.testing.assert_array_equal(other.predict_proba(X), loaded.predict_proba(X))
    unfitted = clone(loaded)
    assert type(unfitted) is PriorLogisticClassifier
    assert not hasattr(unfitted, "components_")
    again = unfitted.fit(X, Y)
    np.testing.assert_allclose(again.predict_proba(X), fitted.predict_proba(X), atol=1e-12)


def test_fitting_gives_a_new_one_and_leaves_the_loaded_as_it_is(loaded):
    before = loaded.predict_proba(X)
    other = loaded.fit(X, 1.0 - Y)
    assert type(other) is PriorLogisticClassifier
    np.testing.assert_array_equal(loaded.predict_proba(X), before)
    assert not np.allclose(other.coef_mean_, loaded.coef_mean_)


def test_it_may_stand_wherever_one_of_our_classifiers_may(fitted, loaded):
    assert type(full_classifier(loaded)) is PriorLogisticClassifier
    assert full_classifier(fitted) is fitted
    line = Recalibration(0.3, 0.9)
    ours, theirs = (RecalibratedClassifier.around(one, line) for one in (loaded, fitted))
    np.testing.assert_allclose(ours.predict_log_odds(X), theirs.predict_log_odds(X), atol=1e-11)
    again = RecalibratedClassifier.from_parts(ours.to_parts())
    np.testing.assert_array_equal(again.predict_proba(X), ours.predict_proba(X))
    assert RecalibratedClassifier(loaded).fit(X, Y).to_parts() == RecalibratedClassifier(fitted).fit(X, Y).to_parts()
    averaged = AveragedClassifier(members=(loaded, fitted)).fit(X, Y)
    np.testing.assert_allclose(averaged.predict_proba(X), fitted.predict_proba(X), atol=1e-12)


def test_labels_or_names_of_its_own_make_it_whole_at_once(fitted):
    named = PriorLogisticClassifier().fit(pd.DataFrame(X, columns=["a", "b", "c"]), Y)
    labelled = PriorLogisticClassifier().fit(X, np.where(Y == 1, "yes", "no"))
    for one in (named, labelled):
        assert type(load_prior(one.to_parts())) is PriorLogisticClassifier
    assert load_prior(labelled.to_parts()).predict(X[:1]).tolist() in (["yes"], ["no"])


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"weight": [0.5]}, "intercept|coef"),
        ({"settings": None}, "settings"),
        ({"prior_mean": [0.0]}, "prior_mean"),
        ({"log_evidence": []}, "log_evidence"),
        ({"classes": [1.0, 1.0]}, "classes"),
        ({"feature_names": ["a"]}, "feature_names"),
        ({"n_features": 4}, "n_features|coef"),
    ],
)
def test_a_part_that_was_changed_is_refused_when_loaded_not_later(fitted, entries, message):
    with pytest.raises(ModelFileError, match=message):
        load_prior(changed(fitted, **entries))


def test_settings_that_do_not_fit_the_posterior_are_refused_when_the_whole_is_asked_for(fitted):
    settings = json.loads(fitted.to_parts()[PART])["settings"] | {"strengths": [1.0]}
    loaded = load_prior(changed(fitted, settings=settings))
    assert loaded.predict_proba(X).shape == (200, 2)
    with pytest.raises(ModelFileError, match="one component for each strength and width"):
        _ = loaded.strength_weight_
