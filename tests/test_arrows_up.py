"""What the linter of layers cannot see: files that find others by name while the program runs."""

from __future__ import annotations

import ast
import re
import shutil

import pytest

FINDERS = {"import_module", "__import__", "resolve_name", "exec", "eval"}
# Each may find files of its own room, or packages of others; one file may look up.
ALLOWED = {
    "__init__.py": "the public names of the library, on first use",
    "classifiers/__init__.py": "its own classifiers, on first use",
    "validation/__init__.py": "its own measures, on first use",
    "cli/verb_table.py": "the verbs of its own room; nothing lies above it",
    "cohort/readers/packages.py": "optional packages that are not ours",
    "trial/lazy_verbs.py": "the pages of results: the only arrows up",
}
DATA_READ = {
    "report/model_card.py",
    "report/page.py",
    "study/study_text.py",
    "study/analyte_library.py",
    "study/key_meanings_of_shorthands.py",
}  # files, no code
UPWARDS = "trial/lazy_verbs.py"


def finders(package):
    """Return, for each file, the calls in it that find a module by name."""
    found = {}
    for path in package.rglob("*.py"):
        calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
        named = [one for one in calls if getattr(one.func, "id", getattr(one.func, "attr", "")) in FINDERS]
        if named:
            found[path.relative_to(package).as_posix()] = named
    return found


def aliases(package):
    """Return the files that give such a function another name, or import all of its module."""
    return {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for one in node.names
        if one.asname and one.name in FINDERS | {"importlib", "pkgutil", "builtins"}
    }


def test_no_other_file_finds_modules_by_name(root):
    package = root / "src" / "relapse_model"
    assert set(finders(package)) == set(ALLOWED)
    assert aliases(package) == set()


def test_doors_find_only_what_lies_behind_them(root):
    for file, calls in finders(root / "src" / "relapse_model").items():
        for call in calls:
            name = ast.unparse(call.args[0])
            if file in ("classifiers/__init__.py", "validation/__init__.py"):
                assert name.startswith("f'{__name__}."), (file, name)
            elif file == "cli/verb_table.py":
                assert "relapse_model.cli." in name, (file, name)
            elif file == "cohort/readers/packages.py":
                assert "relapse_model" not in name, (file, name)
            elif file == UPWARDS:
                assert name.startswith("f'relapse_model.report."), (file, name)


def test_no_other_file_names_a_module_of_ours_in_a_text(root):
    """Whoever is handed the name of a module could find it as well."""
    package = root / "src" / "relapse_model"
    named = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and re.fullmatch(r"relapse_model(\.\w+)*\.?", str(node.value))
    }
    assert named <= set(ALLOWED) | DATA_READ, named


def test_the_pages_that_results_are_written_by_exist():
    from importlib import import_module

    from relapse_model.trial.arms.analysis import TrialAnalysis
    from relapse_model.trial.benefit.benefit_result import BenefitReport
    from relapse_model.trial.biomarkers.result import BiomarkerScreen
    from relapse_model.trial.lazy_verbs import _WRITERS

    assert set(_WRITERS) == {kind.__name__ for kind in (TrialAnalysis, BenefitReport, BiomarkerScreen)}
    for page, function in _WRITERS.values():
        assert callable(getattr(import_module(f"relapse_model.report.{page}"), function))


@pytest.mark.parametrize(
    "line",
    ["import importlib; importlib.import_module('relapse_model.report.page')", "__import__('relapse_model.cli')"],
)
def test_an_arrow_up_would_be_seen(root, tmp_path, line):
    shutil.copytree(root / "src" / "relapse_model" / "trial", tmp_path / "trial")
    assert set(finders(tmp_path)) == {UPWARDS}
    (tmp_path / "trial" / "arms" / "analysis.py").write_text(line)
    assert "trial/arms/analysis.py" in finders(tmp_path)
