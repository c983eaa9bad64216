"""The package door: the names of the classifiers, nothing heavy behind it until one is used."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import relapse_model.classifiers as classifiers


def test_the_door_is_light():
    code = (
        "import sys, relapse_model.classifiers as c; dir(c);"
        "print([name for name in ('sklearn', 'xgboost', 'scipy', 'skops', 'numpy') if name in sys.modules])"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    run = [sys.executable, "-c", code]
    found = subprocess.run(run, capture_output=True, text=True, check=True, env=environment)
    assert found.stdout.strip() == "[]"


def test_every_public_name_is_a_class_of_that_name():
    assert dir(classifiers) == sorted(classifiers.__all__)
    for name in classifiers.__all__:
        assert getattr(classifiers, name).__name__ == name


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="Forest"):
        _ = classifiers.Forest
