"""The page on the ways in is true: its snippet runs, its commands are verbs, its links lead somewhere."""

from __future__ import annotations

import re
import shlex

import pytest

from relapse_model.cli.program import parser

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def page(root):
    return (root / "docs" / "reading" / "index.md").read_text(encoding="utf-8")


def test_the_snippet_runs(page, capsys):
    for language, text in BLOCK.findall(page):
        if language == "python":
            exec(compile(text, "index.md", "exec"), {})
    assert "<0.05" in capsys.readouterr().out


def test_the_commands_can_be_typed(page):
    lines = [line for language, text in BLOCK.findall(page) if language == "text" for line in text.splitlines()]
    assert len(lines) == 6
    for line in lines:
        parser().parse_args(shlex.split(line)[1:])


def test_the_links_lead_somewhere(page, root):
    for link in re.findall(r"\]\(([^)#]+)\)", page):
        assert (root / "docs" / "reading" / link).exists(), link
