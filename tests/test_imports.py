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
