"""The README is true: its snippets run, its layout and its links are the tree's."""

from __future__ import annotations

import re

import pytest
from page_blocks import BLOCK, blocks, command_lines, languages, run_command, stand_at_root

from relapse_model.study.reader import parse_study


@pytest.fixture(scope="module")
def readme(root):
    return (root / "README.md").read_text(encoding="utf-8")


@pytest.fixture
def at_root(root, tmp_path, monkeypatch):
    """Stand where a reader stands, with build/ elsewhere."""
    stand_at_root(root, tmp_path, monkeypatch)


def test_it_is_short(readme):
    assert len(readme.splitlines()) <= 200  # everything else stands in docs, which it points to


def test_every_block_is_of_a_kind_that_is_tested(readme):
    assert set(languages(readme)) <= {"sh", "python", "toml", "text", ""}


def test_python_snippets_run(readme, at_root, capsys):
    snippets = blocks(readme, "python")
    assert snippets
    for snippet in snippets:
        exec(compile(snippet, "README.md", "exec"), {})  # the reader would paste it
    assert capsys.readouterr().out


def test_command_lines_run(readme, at_root):
    lines = command_lines(readme)
    assert len(lines) >= 6
    for line in lines:
        assert run_command(line) == 0


def test_make_targets_exist(readme, root):
    makefile = (root / "Makefile").read_text(encoding="utf-8")
    named = [line.split()[1] for text in blocks(readme, "sh") for line in text.splitlines() if line.startswith("make ")]
    assert named == ["demo", "test"]
    for target in named:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)


def test_study_snippets_are_studies(readme):
    snippets = blocks(readme, "toml")
    assert snippets
    for snippet in snippets:
        assert parse_study(snippet, "README.md").predictors


def test_links_lead_somewhere(readme, root):
    for target in re.findall(r"\]\(([^)#]+)\)", readme):
        assert (root / target).exists(), target


def test_the_layout_names_what_is_there(readme, root):
    layout = next(text for language, text in BLOCK.findall(readme) if language == "")
    for folder in re.findall(r"^(\w+)/", layout, re.MULTILINE):
        assert (root / folder).is_dir()
    patterns = re.findall(r"[\w*]+\.py|\b\w+/", layout)
    source = root / "src" / "relapse_model"
    covered = set()
    for pattern in patterns:
        covered |= {path.name for path in source.glob(pattern.rstrip("/"))}
    tree = {path.name for path in source.iterdir() if path.suffix == ".py" or path.is_dir()}
    unnamed = tree - covered - {"__init__.py", "__main__.py", "_version.py", "__pycache__"}
    assert not unnamed, f"the README's layout does not name {sorted(unnamed)}"
