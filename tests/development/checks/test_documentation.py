"""docs/checks.md: one section for each code and no other, complete, and found by the link."""

from __future__ import annotations

import re

import pytest

from relapse_model.development.checks import CODES
from relapse_model.development.checks.all_checks import (
    AUC_CHECK,
    COHORT_CHECKS,
    EVALUATION_CHECK,
    EVENTS_CHECK,
    GAIN_CHECK,
)

CHECKS = (*COHORT_CHECKS, EVENTS_CHECK, AUC_CHECK, EVALUATION_CHECK, GAIN_CHECK)


@pytest.fixture(scope="module")
def sections(root):
    text = (root / "docs" / "checks.md").read_text(encoding="utf-8")
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)[1:]
    return list(zip(parts[::2], parts[1::2], strict=True))


def test_each_code_has_a_section_and_nothing_else_has(sections):
    assert [code for code, _ in sections] == list(CODES)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.code)
def test_a_section_says_what_is_checked_why_what_to_do_and_whence(check, sections):
    section = dict(sections)[check.code]
    title = check.title[0].upper() + check.title[1:]
    assert f"**{title}.**" in section
    heads = re.findall(r"^(Checked|Why|What to do|Source): \S", section, flags=re.MULTILINE)
    assert heads == ["Checked", "Why", "What to do", "Source"]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.code)
def test_the_link_leads_to_the_section(check, root):
    page, anchor = check.link.split("#")
    headings = re.findall(r"^## (.+)$", (root / page).read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert anchor in [heading.lower() for heading in headings]


def test_codes_are_numbers_in_order_and_none_stands_twice():
    assert all(re.fullmatch(r"RM[12]\d\d", code) for code in CODES)
    assert list(CODES) == sorted(set(CODES))
    assert len(CODES) == len(CHECKS)
