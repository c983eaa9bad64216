"""What is loaded when: the library and its command line start without the heavy packages."""

from __future__ import annotations

import subprocess
import sys

import pytest

import relapse_model as rm

HEAVY = ("sklearn", "xgboost", "shap", "matplotlib", "pandas", "scipy", "numba")


def loaded_after(statement: str) -> set[str]:
    script = f"import sys\n{statement}\nprint('LOADED', *sorted({{name.split('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split("LOADED")[1].split())


@pytest.mark.parametrize(
    "statement",
    [
        "import relapse_model",
        "from relapse_model import cli\ntry:\n    cli.main(['--help'])\nexcept SystemExit: pass",
        "from relapse_model import cli\ntry:\n    cli.main(['train', '--help'])\nexcept SystemExit: pass",
    ],
)
def test_nothing_heavy_is_imported(statement):
    assert loaded_after(statement).isdisjoint(HEAVY)


def test_reading_and_deriving_need_no_learning_package():
    loaded = loaded_after(
        "import relapse_model as rm\n"
        "c = rm.simulate_cohort(3, seed=0)\ns = rm.load_study('hbsag-relapse')\n"
        "rm.derive_features(c, s); rm.derive_outcome(c, s)"
    )
    assert loaded.isdisjoint({"sklearn", "xgboost", "shap", "matplotlib"})


def test_every_public_name_exists_and_is_documented():
    for name in rm.__all__:
        assert name == "__version__" or getattr(rm, name).__doc__


def test_an_unknown_name_is_refused_by_name():
    with pytest.raises(AttributeError, match="no_such_name"):
        rm.no_such_name  # noqa: B018


def test_scoring_loads_no_file_that_it_does_not_use(root, tmp_path):
    """Each file costs a fraction of a millisecond; what is for batches, trials, readers and saving is left alone.

    The dictionary is not: what a file tells its readers of names, units and coefficients must be what it scores with.
    """
    rm.simulate_cohort(1, seed=8).write(tmp_path / "one")
    model = root / "tests" / "data" / "format_2" / "prior_logistic.rmodel"
    given = ["score", str(model), str(tmp_path / "one"), "--out", str(tmp_path / "scores.csv")]
    script = (
        f"import sys\nfrom relapse_model import cli\nassert cli.main({given!r}) == 0\n"
        "print('LOADED', *sorted(name for name in sys.modules if name.startswith('relapse_model.')))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = {name.removeprefix("relapse_model.") for name in done.stdout.split("LOADED")[1].split()}
    needless = (
        "cohort.large_folders", "cohort.readers", "cohort.reading_report", "cohort.simulation", "development",
        "model.explanation", "model.file.signature", "model.monitoring",
        "model.scoring.batch", "model.scoring.benefit", "report", "study.trial_plan", "trial", "validation",
        "classifiers.trees.booster_bytes", "classifiers.penalised.skops_types",
    )  # fmt: skip
    assert [name for name in loaded if name.startswith(needless)] == []
    # Every guard is a file, and all are looked at; frozen tables, the analytes of a study and what it predicts have
    # files of their own, as a mixture, the verdict of a validation, patients unlike those studied and what names look
    # like do.
    assert len(loaded) < 168, "see `python -X importtime`"


def test_the_garbage_collector_works_again_after_the_packages_are_loaded():
    """It waits while a verb's packages are loaded, and what they define is not looked through afterwards."""
    script = (
        "import gc, sys\nfrom relapse_model import cli\n"
        "try:\n    cli.main(['check', 'no-such-folder'])\nexcept SystemExit: pass\n"
        "print('LOADED', gc.isenabled(), 'pandas' in sys.modules, gc.get_freeze_count() > 10_000)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split("LOADED")[1].split() == ["True", "True", "True"]
