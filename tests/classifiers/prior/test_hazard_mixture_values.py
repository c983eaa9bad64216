"""The part of a hazard model: exact on the way out, suspicious on the way in."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache

import numpy as np
import pytest

from relapse_model.classifiers import PriorHazardClassifier
from relapse_model.classifiers.prior.hazard_mixture import HazardMixture, hazard_risk
from relapse_model.classifiers.prior.hazard_mixture_values import FORM, PART, hazard_from, hazard_values
from relapse_model.classifiers.shared.saved_parts import read_document, write_document
from relapse_model.errors import ModelFileError


@cache
def fitted():
    """Return a model of 2 intervals and 3 columns: 2 strengths, 1 width of the informed and 1 of the others."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(132, 3))
    relapse, lost = rng.exponential(100 * np.exp(-X[:, 0])), rng.exponential(100, 132)
    model = PriorHazardClassifier(
        prior_mean=[0.8, -0.5, 0.0],
        prior_sd=[0.3, 0.3, None],
        intervals=(24.0, 48.0),
        strengths=(0.0, 1.0),
        widths=(1.0,),
        draws=30,
    )
    return model.fit(X, np.minimum(relapse, lost), relapse <= lost)


def read_hazard(parts):
    """As a saved classifier is read."""
    return hazard_from(read_document(parts, PART, FORM))


def changed(**changes):
    document = json.loads(fitted().to_parts()[PART])
    for path, value in changes.items():
        *parents, last = path.split("__")
        target = document
        for key in parents:
            target = target[int(key) if key.isdigit() else key]
        target[int(last) if last.isdigit() else last] = value
    return {PART: json.dumps(document).encode()}


def test_the_values_read_back_bit_for_bit():
    mixture = fitted().components_
    part = write_document(FORM, {"n_features": 3, **hazard_values(mixture)})
    again = hazard_from(read_document({PART: part}, PART, FORM))
    assert again.terms == mixture.terms
    for name in set(HazardMixture.__slots__) - {"terms"}:
        assert getattr(again, name).tobytes() == np.ascontiguousarray(getattr(mixture, name)).tobytes()
        assert getattr(again, name).shape == getattr(mixture, name).shape


def test_the_mixture_alone_scores_as_the_model_does():
    X = [[0.5, -0.5, np.nan], [2.0, 0.0, 0.0]]
    scored = hazard_risk(read_hazard(fitted().to_parts()), X, [12.0, 48.0])[1]
    assert np.array_equal(scored, fitted().predict_risk(X, [12.0, 48.0]))


def test_scoring_loads_no_scikit_learn():
    code = "import relapse_model.classifiers.prior.hazard_mixture_values, sys; sys.exit('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_is_unknown_is_null():
    document = json.loads(fitted().to_parts()[PART])
    assert document["settings"]["prior_sd"] == [0.3, 0.3, None]
    assert document["settings"]["prior_per_sd"] is None
    assert (document["format"], document["version"]) == ("relapse-model prior hazard", 1)


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"level__0__0": None}, "'level'"),
        ({"level__0__0": "0.1"}, "'level'"),
        ({"level__0__0": 1e10}, "'level'.*log-odds"),
        ({"level__0": [0.0]}, "'level'"),
        ({"coef__0__1": 1e308}, "'coef'"),
        ({"coef__0__1": 10**400}, "'coef'"),
        ({"coef__0__1": 1e12}, "'coef'.*log-odds per standard deviation"),
        ({"coef": []}, "'coef'"),
        ({"weight__0": 0.9}, "'weight'.*sum to 1"),
        ({"weight": [-0.5, 1.5]}, "'weight'.*0 or more"),
        ({"weight": []}, "'weight'"),
        ({"weight": 1.0}, "'weight'.*a list"),
        ({"covariance__0__0__0": -1.0}, "'covariance'"),
        ({"covariance__0__0__1": 5.0}, "'covariance'.*symmetric"),
        ({"covariance__0__1__1": 1e-12}, "'covariance'.*semidefinite"),
        ({"covariance__0__1__1": 1e30}, "'covariance'.*log-odds"),
        ({"covariance__0": []}, "'covariance'"),
        ({"draws__0__0": 1e12}, "'draws'.*log-odds"),
        ({"draws__0__3": -1e12}, "'draws'.*log-odds"),
        ({"draws__0__5": 101.0}, "'draws'.*standard normals"),
        ({"draws__0": [0.0]}, "'draws'"),
        ({"draws": json.loads(fitted().to_parts()[PART])["draws"][:-1]}, "'draws'.*even"),
        ({"draws": []}, "'draws'.*24 to"),  # 4 for each of 2 intervals, 3 columns and the missing values
        ({"ends": [48.0, 24.0]}, "'ends'.*ascend"),
        ({"ends": [0.0, 48.0]}, "'ends'.*above 0"),
        ({"ends": []}, "'ends'"),
        ({"ends": [48.0]}, "'level'"),
        ({"ends": [24.0, 48.0, 96.0]}, "'level'"),
        ({"impute__0": 1e40}, "'center'.*1e30"),
        ({"center__0": 1e40}, "'center'.*1e30"),
        ({"scale__0": 0.0}, "'scale'"),
        ({"scale__0": -1.0}, "'scale'"),
        ({"scale__0": 1e31}, "'scale'"),
        ({"n_features": 2}, "'coef'"),
        ({"n_features": True}, "'n_features'"),
        ({"version": 2}, "version"),
        ({"format": "relapse-model prior logistic"}, "format"),
    ],
)
def test_a_changed_mixture_is_refused_by_name(change, names):
    with pytest.raises(ModelFileError, match=names):
        read_hazard(changed(**change))
    with pytest.raises(ModelFileError, match=names):
        PriorHazardClassifier.from_parts(changed(**change))


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"classes": [1, 1]}, "'classes'"),
        ({"classes": [0]}, "'classes'"),
        ({"feature_names": ["a"]}, "'feature_names'"),
        ({"log_evidence": [0.0]}, "'log_evidence'"),
        ({"prior_mean": [0.0]}, "'prior_mean'"),
        ({"settings": []}, "'settings'"),
        ({"settings__strengths": []}, "'strengths'"),
        ({"settings__strengths": [0.0, 0.5, 1.0]}, "'weight'.*strength and width"),
        ({"settings__widths__0": -1.0}, "'widths'"),
        ({"settings__prior_mean": [0.0]}, "'prior_mean'"),
        ({"settings__prior_per_sd": [1, 0, 0]}, "'prior_per_sd'"),
        ({"settings__default_sd": None}, "'default_sd'"),
        ({"settings__interval_sd": 0.0}, "'interval_sd'"),
        ({"settings__interval_sd": "1"}, "'interval_sd'"),
        ({"settings__visit_window": -1.0}, "'visit_window'"),
    ],
)
def test_changed_settings_are_refused_by_name(change, names):
    with pytest.raises(ModelFileError, match=names):
        PriorHazardClassifier.from_parts(changed(**change))


@pytest.mark.parametrize("key", ["interval_sd", "visit_window", "strengths"])
def test_a_missing_setting_is_named(key):
    document = json.loads(fitted().to_parts()[PART])
    del document["settings"][key]
    with pytest.raises(ModelFileError, match=f"'{key}'"):
        PriorHazardClassifier.from_parts({PART: json.dumps(document).encode()})


def test_a_missing_part_is_named():
    with pytest.raises(ModelFileError, match=r"prior_hazard\.json.*missing"):
        read_hazard({"prior_logistic.json": b"{}"})
