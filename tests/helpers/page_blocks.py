"""The code blocks of a page, run as a reader would run them."""

from __future__ import annotations

import re
import shlex

from relapse_model.cli.program import main
from relapse_model.study.reader import parse_study

BLOCK = re.compile(r"^```([^\n`]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def languages(page):
    """Return the language of every block; "" for none."""
    return [language for language, _ in BLOCK.findall(page)]


def blocks(page, language):
    """Return the texts of the blocks of one language."""
    return [text for found, text in BLOCK.findall(page) if found == language]


def command_lines(page):
    """Return the command lines of a page that call the program."""
    return [line for text in blocks(page, "sh") for line in text.splitlines() if line.startswith("relapse-model ")]


def run_command(line):
    """Run a command line and return its exit code."""
    return main(shlex.split(line)[1:])


def run_in_order(page, name):
    """Run Python snippets, command lines and study files in the order in which they stand."""
    for language, text in BLOCK.findall(page):
        if language == "python":
            exec(compile(text, name, "exec"), {})  # the reader would paste it
        elif language == "toml":
            assert parse_study(text, name).predictors
        elif language == "sh":
            for line in text.splitlines():
                assert run_command(line) == 0, line


def stand_at_root(root, folder, monkeypatch):
    """Stand where a reader stands, with build/ elsewhere."""
    for name in ("examples", "models"):
        (folder / name).symlink_to(root / name)
    (folder / "build").mkdir()
    monkeypatch.chdir(folder)
