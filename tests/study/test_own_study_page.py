"""docs/own_study.md is true: its studies are read, and its commands run in their order."""

from __future__ import annotations

import re
import shlex

import pytest

from relapse_model.cli.program import main
from relapse_model.study.reader import parse_study

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def page(root):
    return (root / "docs" / "own_study.md").read_text(encoding="utf-8")


def blocks(page, language):
    return [text for found, text in BLOCK.findall(page) if found == language]


def test_every_study_on_the_page_is_read(page):
    studies = [parse_study(text, "own_study.md") for text in blocks(page, "toml")]
    assert [study.name for study in studies] == [
        "our-relapse", "lesions-return", "dead-within-a-year", "hbsag-relapse-our-hospital",
    ]  # fmt: skip
    prior = studies[0].predictor("anti_hbs").prior
    assert (round(prior.log_odds, 2), round(prior.sd, 2)) == (-0.80, 0.41)  # as in the built-in study


def test_the_commands_run_in_their_order(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "our-relapse.toml").write_text(blocks(page, "toml")[0], encoding="utf-8")
    commands = [line for text in blocks(page, "sh") for line in text.splitlines()]
    assert len(commands) == 6
    for command in commands:
        assert main(shlex.split(command)[1:]) == 0, command
    assert "with the outcome by the horizon" in capsys.readouterr().out


def test_its_links_lead_somewhere(page, root):
    headings = (root / "docs" / "study_file.md").read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)]+)\)", page):
        file, _, anchor = target.partition("#")
        assert (root / "docs" / file).exists()
        slugs = [re.sub(r"[^\w -]", "", line[3:].lower()).replace(" ", "-")
                 for line in headings.splitlines() if line.startswith("## ")]  # fmt: skip
        assert not anchor or anchor in slugs, (anchor, [slug for slug in slugs if "prior" in slug])
