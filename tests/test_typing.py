"""What a user's editor and type checker see of the library, before anything runs."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import relapse_model as rm
from relapse_model import classifiers, validation

SCRIPT = """
import relapse_model as rm
from relapse_model.classifiers import RidgeLogisticClassifier
from relapse_model.validation import auc, no_such_measure

study = rm.load_study("hbsag-relapse")
cohort = rm.simulate_cohort(132, seed=7)
reveal_type(rm.train(cohort, study))
reveal_type(rm.validate(cohort, study))
reveal_type(rm.load_model("m.rmodel").score(cohort))
reveal_type(auc([0, 1], [0.2, 0.7]))
reveal_type(RidgeLogisticClassifier())
rm.train(cohort, study, seeed=3)
rm.no_such_name
"""


@pytest.mark.parametrize("package", [rm, classifiers, validation], ids=lambda one: one.__name__)
def test_the_names_for_type_checkers_are_those_that_run(package):
    """Three lists of one thing: the imports that an editor reads, the table that is used, and __all__."""
    tree = ast.parse(Path(package.__file__).read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    prefix = f"{package.__name__}."
    seen = {alias.name: node.module.removeprefix(prefix) for node in block.body for alias in node.names}
    assert seen == package._WHERE
    assert sorted([*seen, *(["__version__"] if package is rm else [])]) == sorted(package.__all__)


def test_mypy_knows_the_verbs_of_a_users_script(tmp_path):
    """Types are known, a misspelt argument and a name that is not there are found without running."""
    pytest.importorskip("mypy", reason="mypy is of the extra 'lint'")
    (tmp_path / "script.py").write_text(SCRIPT, encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--config-file=", f"--cache-dir={tmp_path}", "script.py"]
    done = subprocess.run(
        [*command, "--ignore-missing-imports", "--follow-imports=silent"], cwd=tmp_path, capture_output=True, text=True
    )
    assert 'Revealed type is "relapse_model.model.relapse_model.RelapseModel"' in done.stdout, done.stdout
    assert 'Revealed type is "relapse_model.development.internal_validation.result.Validation"' in done.stdout
    assert "DataFrame" in done.stdout
    assert 'Unexpected keyword argument "seeed"' in done.stdout
    assert 'Revealed type is "float"' in done.stdout.replace("builtins.", "")
    assert 'Revealed type is "relapse_model.classifiers.penalised.ridge.RidgeLogisticClassifier"' in done.stdout
    assert "no_such_name" in done.stdout
    assert "no_such_measure" in done.stdout
