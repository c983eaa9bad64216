"""docs/study_file.md: the page is what its source makes, and its source knows every key that the reader accepts."""

from __future__ import annotations

import subprocess
import sys

import pytest

from relapse_model.study import keys, trial_keys
from relapse_model.study.study_file_page import KEY_TABLES, type_words


def tables_of_the_reader():
    """Every mapping from keys to checks in the modules that the reader takes them from."""
    for module in (keys, trial_keys):
        for name, value in vars(module).items():
            if name.isupper() and isinstance(value, dict) and all(map(callable, value.values())):
                yield name, value


def test_the_page_is_made_of_its_source(root):
    # In a process of its own: a kind of predictor that another test registers is not ours.
    made = subprocess.run(
        [sys.executable, "-m", "relapse_model.study.study_file_page"], capture_output=True, check=True
    ).stdout.decode("utf-8")
    page = (root / "docs" / "study_file.md").read_text(encoding="utf-8")
    assert page == made, "run: python -m relapse_model.study.study_file_page > docs/study_file.md"


def test_every_table_of_the_reader_is_on_the_page():
    described = {id(table.keys) for table in KEY_TABLES}
    assert [name for name, table in tables_of_the_reader() if id(table) not in described] == []
    assert len(list(tables_of_the_reader())) > 20  # or nothing was looked at


@pytest.mark.parametrize("table", KEY_TABLES, ids=lambda table: table.header)
def test_every_key_has_a_meaning_and_no_other_has(table):
    assert set(table.meanings) == set(table.keys)
    for stated in (table.required, table.types, table.defaults):
        assert set(stated) <= set(table.keys)
    assert all(meaning[0].isupper() or meaning.startswith(("value", "1 ")) for meaning in table.meanings.values())
    assert all(meaning.endswith(".") for meaning in table.meanings.values())


@pytest.mark.parametrize("table", KEY_TABLES, ids=lambda table: table.header)
def test_what_a_key_holds_is_said_by_its_check_or_here(table):
    unsaid = [name for name, check in table.keys.items() if type_words(check) == "anything" and name not in table.types]
    assert unsaid == []


def test_every_section_is_on_the_page(root):
    page = (root / "docs" / "study_file.md").read_text(encoding="utf-8")
    for section in keys.SECTIONS:
        assert f"[{section}" in page, section


def test_the_readme_leads_to_the_page(root):
    assert "docs/study_file.md" in (root / "README.md").read_text(encoding="utf-8")
