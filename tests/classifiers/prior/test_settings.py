"""Settings in a model file: they read back as they were, old parts are understood, and changed ones are refused."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import pytest

from relapse_model.classifiers.prior.logistic import PriorLogisticClassifier
from relapse_model.classifiers.prior.settings import read_settings, settings_values
from relapse_model.classifiers.prior.terms import PriorGrid
from relapse_model.classifiers.shared.saved_parts import Document, read_document, write_document
from relapse_model.errors import ModelFileError

NAN = float("nan")


def grid(mean, sd):
    return PriorGrid(np.array([mean]), np.array([sd]))


SETTINGS = {
    "prior_mean": [0.8, NAN],
    "prior_sd": np.array([0.3, NAN]),
    "prior_per_sd": (True, False),
    "previous": (grid([0.5, NAN, NAN], [0.2, NAN, NAN]), grid([NAN, 0.1, -2.0], [NAN, 0.3, 0.7])),
    "strengths": np.array([0, 1]),
    "widths": [0.5, 2],
    "between_sds": (0.0, 0.4),
    "default_sd": 0.15,
    "indicators": True,
    "typical": [2.0, NAN],
    "as_stated": (2,),
    "baseline": (-2.0, 0.5),
    "baseline_widths": (1.0, 3.0),
    "strength_weights": (0.25, 0.75),
    "width_weights": None,
    "centre_sds": (0.0, 0.4),
}
VALUES = {
    "prior_mean": [0.8, None],
    "prior_sd": [0.3, None],
    "prior_per_sd": [True, False],
    "previous": [
        {"mean": [0.5, None, None], "sd": [0.2, None, None]},
        {"mean": [None, 0.1, -2.0], "sd": [None, 0.3, 0.7]},
    ],
    "strengths": [0.0, 1.0],
    "widths": [0.5, 2.0],
    "between_sds": [0.0, 0.4],
    "default_sd": 0.15,
    "indicators": True,
    "typical": [2.0, None],
    "as_stated": [2],
    "baseline": [-2.0, 0.5],
    "baseline_widths": [1.0, 3.0],
    "strength_weights": [0.25, 0.75],
    "width_weights": None,
    "centre_sds": [0.0, 0.4],
}


def read(values, predictors=2, terms=1):
    return read_settings(Document("part.json", {"settings": values}), predictors, terms)


def test_settings_are_written_with_null_for_what_is_unknown():
    written = settings_values(SETTINGS)
    assert written["prior_per_sd"].tolist() == VALUES["prior_per_sd"]
    assert {**written, "prior_per_sd": VALUES["prior_per_sd"]} == VALUES


def test_settings_read_back_from_a_part():
    part = write_document("test", {"settings": settings_values(SETTINGS)})
    again = read_settings(read_document({"part.json": part}, "part.json", "test"), 2, 1)
    assert set(again) == set(SETTINGS)
    for name in ("prior_mean", "prior_sd", "prior_per_sd", "strengths", "widths", "between_sds", "typical"):
        np.testing.assert_array_equal(again[name], SETTINGS[name])
    assert (again["default_sd"], again["indicators"], again["as_stated"]) == (0.15, True, (2,))
    assert again["prior_per_sd"].dtype == bool
    for found, one in zip(again["previous"], SETTINGS["previous"], strict=True):
        np.testing.assert_array_equal(found.mean, one.mean)
        np.testing.assert_array_equal(found.sd, one.sd)


def test_what_is_not_given_stays_so():
    default = PriorLogisticClassifier().get_params()
    again = read(settings_values(default))
    nothing = ("previous", "prior_mean", "prior_sd", "prior_per_sd", "typical", "baseline")
    nothing += ("strength_weights", "width_weights")
    assert [again.pop(name) for name in nothing] == [None] * 8
    assert again == {name: default[name] for name in again}
    numbers = {"strengths", "widths", "between_sds", "default_sd", "baseline_widths", "centre_sds"}
    assert set(again) == numbers | {"indicators", "as_stated"}


def test_a_part_from_before_there_were_these_settings_has_none():
    later = ("previous", "between_sds", "indicators", "typical", "as_stated", "baseline", "baseline_widths")
    later += ("strength_weights", "width_weights", "centre_sds")
    found = read({name: value for name, value in VALUES.items() if name not in later})
    assert (found["typical"], found["as_stated"]) == (None, ())
    assert "baseline" not in found  # the classifier has none by default
    assert (found["previous"], found["between_sds"], found["indicators"]) == (None, (0.0,), False)


@pytest.mark.parametrize(("given", "written"), [(False, False), ((0, 1), [0, 1]), ((), [])])
def test_indicators_read_back(given, written):
    values = settings_values(SETTINGS | {"indicators": given})
    assert values["indicators"] == written
    assert read(VALUES | {"indicators": written})["indicators"] == given


def changed(path, value):
    values = deepcopy(VALUES)
    target = values
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = value
    return values


@pytest.mark.parametrize(
    ("path", "value", "names"),
    [
        (("prior_mean",), [0.8], "'prior_mean'.*2 numbers or nulls"),
        (("prior_mean",), [0.8, "0"], "'prior_mean'.*2 numbers or nulls"),
        (("prior_mean",), [0.8, True], "'prior_mean'.*2 numbers or nulls"),
        (("prior_mean",), [0.8, 1e61], "'prior_mean'.*2 numbers or nulls"),
        (("prior_mean",), 0.8, "'prior_mean'.*a list"),
        (("prior_sd",), [0.3, None, None], "'prior_sd'.*2 numbers or nulls"),
        (("prior_per_sd",), [1, 0], "'prior_per_sd'.*2 times true or false"),
        (("prior_per_sd",), [True], "'prior_per_sd'.*2 times true or false"),
        (("prior_per_sd",), True, "'prior_per_sd'.*a list"),
        (("previous",), VALUES["previous"][:1], "'previous'.*two posteriors"),
        (("previous",), [*VALUES["previous"], {}], "'previous'.*two posteriors"),
        (("previous",), [VALUES["previous"][0], 3], "'previous'.*two posteriors"),
        (("previous",), {}, "'previous'.*a list"),
        (("previous", 0), {}, "previous, 'mean'.*present"),
        (("previous", 1, "sd"), None, "'previous'.*a mean and an sd"),
        (("previous", 0, "mean"), None, "'previous'.*a mean and an sd"),
        (("previous", 1, "mean"), [0.5, 0.5], "previous, 'mean'.*3 numbers or nulls"),
        (("previous", 0, "sd"), ["a", None, None], "previous, 'sd'.*3 numbers or nulls"),
        (("as_stated",), [3], "'as_stated'.*whole numbers from 0 to 2"),
        (("as_stated",), 0, "'as_stated'.*a list"),
        (("strengths",), [], "'strengths'.*a list of numbers"),
        (("strengths",), [None], "'strengths'.*a list of numbers"),
        (("widths",), [0.0], "'widths'.*from 1e-60"),
        (("widths",), [], "'widths'"),
        (("between_sds",), [-0.1], "'between_sds'.*from 0"),
        (("between_sds",), [], "'between_sds'"),
        (("default_sd",), -1.0, "'default_sd'.*a number from 0"),
        (("default_sd",), None, "'default_sd'.*a number"),
    ],
)
def test_a_changed_setting_is_refused_by_name(path, value, names):
    with pytest.raises(ModelFileError, match=r"part\.json, settings.*" + names):
        read(changed(path, value))


@pytest.mark.parametrize("name", ["prior_mean", "prior_sd", "prior_per_sd", "strengths", "widths", "default_sd"])
def test_a_setting_that_is_missing_is_named(name):
    with pytest.raises(ModelFileError, match=f"'{name}'.*present"):
        read({key: value for key, value in VALUES.items() if key != name})


@pytest.mark.parametrize("values", [None, [], "default"])
def test_settings_that_are_no_object_are_refused(values):
    with pytest.raises(ModelFileError, match=r"part\.json, 'settings'.*an object"):
        read(values)


@pytest.mark.parametrize("value", [1, "true", None])
def test_indicators_that_are_neither_true_nor_false_are_refused(value):
    with pytest.raises(ModelFileError, match="'indicators'"):
        read({**VALUES, "indicators": value})
