"""The door of the measures: all of them, and nothing loaded before one is used."""

from __future__ import annotations

import ast
import importlib
import os
import subprocess
import sys

import pytest

from relapse_model import validation

# What measures share among themselves or with other rooms, and no measure of its own.
SHARED = {
    "ArmCounts", "arm_counts",
    "check_calibration", "check_follow_up",
    "check_labels", "check_predictions", "check_states", "concordant_pairs", "estimable_slope", "fit_intercept",
    "fit_logistic", "fold_codes", "log_losses", "log_odds", "mean_measures", "measure_shown",
    "multiplicities", "normal_quantile", "pairs_with_competing", "to_recalibrate", "verdict_code",
    "refuse_other_order", "require_both_outcomes", "resampled_auc", "risk_of", "shares_below", "LogisticFit",
}  # fmt: skip


def test_every_measure_is_exported(root):
    """A measure in a file of its own that the door does not know would be found by nobody."""
    found = set()
    for path in (root / "src" / "relapse_model" / "validation").rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found |= {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    public = {name for name in found if not name.startswith("_")}
    assert public - SHARED == set(validation.__all__) == set(dir(validation))
    assert public >= SHARED


def test_a_name_stays_a_measure_whatever_was_imported_before():
    """No file bears the name of a measure: importing it would put the module in the place of the function."""
    files = {home.split(".")[0] for home in validation._WHERE.values()}
    assert files.isdisjoint(validation.__all__)
    for name, home in validation._WHERE.items():
        own = getattr(importlib.import_module(f"relapse_model.validation.{home}"), name)
        assert getattr(validation, name) is own
        assert own.__name__ == name
        assert own.__doc__


def test_the_door_is_light():
    code = (
        "import sys, relapse_model.validation as v; dir(v);"
        "print([name for name in sys.modules if name == 'numpy' or name.startswith('relapse_model.')])"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip() == "['relapse_model._version', 'relapse_model.validation']"


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no_such_measure"):
        _ = validation.no_such_measure
