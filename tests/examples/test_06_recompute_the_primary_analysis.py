"""The example recomputes what `trial.json` says, from the analysis data and SciPy alone."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path

import pytest
from small_trial import cohort_132, small_cohort, small_study, study_132

import relapse_model as rm

EXAMPLE = Path(__file__).parents[2] / "examples" / "06_recompute_the_primary_analysis.py"
spec = importlib.util.spec_from_file_location("example_06", EXAMPLE)
example = importlib.util.module_from_spec(spec)
spec.loader.exec_module(example)


@pytest.mark.parametrize("trial", ["simulated", "by hand"])
def test_every_number_is_found_again(trial, tmp_path, cohort, study):
    if trial == "by hand":
        cohort, study = small_cohort(), small_study()
    rm.compare_arms(cohort, study).save(tmp_path)
    ours, theirs = example.recompute(tmp_path / "analysis_data"), example.as_written(tmp_path)
    relapsed = ours.pop("relapsed, from the tests")
    for name, value in ours.items():
        assert value == pytest.approx(theirs[name], abs=1e-8), name
    # By hand two more failed by an intercurrent event, which is no test.
    assert relapsed == theirs["relapsed, from the tests"] - (2 if trial == "by hand" else 0)


def test_golden_values_from_the_file_alone(tmp_path):
    """Risks at week 48 by R's survival; nothing of the library computes them here."""
    rm.compare_arms(cohort_132(), study_132()).data_sets.write(tmp_path)
    import pandas as pd

    table = pd.read_csv(tmp_path / "analysis_data" / "adsl.csv")
    one, nought = (table[table["treated"] == arm] for arm in (1, 0))
    assert example.risk_by_week(one["time"], one["event"]) == pytest.approx((0.109195402299, 0.0390123190482), rel=1e-6)
    assert example.risk_by_week(nought["time"], nought["event"])[0] == pytest.approx(0.219834710744, rel=1e-6)


def test_the_recomputation_uses_nothing_of_the_library():
    """The one import of the library is in `main`, where a report is made if there is none."""
    tree = ast.parse(EXAMPLE.read_text(encoding="utf-8"))
    inside = {node.name: ast.dump(node) for node in tree.body if isinstance(node, ast.FunctionDef)}
    users = [name for name, code in inside.items() if "relapse_model" in code]
    assert users == ["main"]
    assert "relapse_model" not in "".join(ast.dump(node) for node in tree.body if isinstance(node, ast.ImportFrom))
