"""What must hold of the project as a whole."""

from __future__ import annotations

import re
import subprocess
import tomllib

import pytest


@pytest.fixture(scope="module")
def tracked(root):
    listed = subprocess.run(["git", "ls-files"], cwd=root, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [root / name for name in listed.stdout.splitlines()]


def test_no_build_file_names_a_host(root):
    for name in ("constraints.txt", "Makefile", ".ci/run", "pyproject.toml"):
        assert not re.search(r"https?://|index-url|@ file:", (root / name).read_text(encoding="utf-8")), name


def test_constraints_are_exact_and_cover_what_we_depend_on(root):
    lines = (root / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert all(re.fullmatch(r"[A-Za-z0-9_.\-]+==[A-Za-z0-9_.\-+!]+", line) for line in lines)
    pinned = {line.split("==")[0].lower().replace("_", "-") for line in lines}
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *(line for extra in extras.values() for line in extra)]
    others = [line for line in wanted if not line.startswith("relapse-model[")]  # the extras of the test extra
    assert {re.split(r"[\[<>=!]", name)[0].lower() for name in others} <= pinned


def test_nothing_of_ours_is_a_pickle_or_a_data_set(tracked):
    suffixes = {path.suffix for path in tracked}
    assert suffixes.isdisjoint({".pkl", ".joblib", ".xpt", ".rda", ".parquet"})


def test_the_changelog_has_an_entry_for_the_version(root):
    from relapse_model import __version__

    assert f"## {__version__}" in (root / "CHANGELOG.md").read_text(encoding="utf-8")


def test_synthetic_is_said_wherever_the_cohort_shows(root):
    assert "synthetic" in (root / "examples" / "cohort" / "SYNTHETIC.txt").read_text().lower()
    assert "synthetic" in (root / "models" / "hbsag_relapse.md").read_text(encoding="utf-8").lower()


def test_the_files_that_the_architecture_names_exist(root):
    page = (root / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = re.findall(r"`([a-z_]+/[a-z_/0-9]+\.(?:py|toml))`", page)
    assert len(named) > 10
    places = (root / "src" / "relapse_model", root)
    assert [name for name in named if not any((place / name).is_file() for place in places)] == []
