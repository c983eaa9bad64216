"""The guards as a whole: their codes, the page that explains them, and the text on a patient's row."""

from __future__ import annotations

import re

import pytest

from relapse_model.model.scoring.guards import CODES, GUARDS, guard_warnings

# What each code means is a promise: it is in scores that people keep.
MEANINGS = {
    "RS201": "a predictor is missing",
    "RS202": "a value outside the training range",
    "RS203": "a combination far from the training cohort",
    "RS204": "a unit other than trained",
    "RS205": "an assay other than trained",
    "RS206": "an eligibility criterion is not met",
    "RS207": "a titre taken while antibody given as a drug was on board",
    "RS208": "a landmark other than trained",
    "RS209": "an arm of a patient who is in no trial",
    "RS210": "a predictor hardly known in the training",
    "RS211": "a model without shown gain",
    "RS212": "a result too old for its window",
    "RS213": "a result or treatment of an unknown name",
    "RS214": "a centre that the model does not know",
}


@pytest.fixture(scope="module")
def sections(root):
    text = (root / "docs" / "scoring_warnings.md").read_text(encoding="utf-8")
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)[1:]
    return list(zip(parts[::2], parts[1::2], strict=True))


def test_codes_keep_their_meaning():
    assert {guard.code: guard.title for guard in GUARDS} == MEANINGS
    assert list(CODES) == list(MEANINGS)


def test_each_code_has_a_section_and_nothing_else_has(sections):
    assert [code for code, _ in sections] == list(CODES)


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.code)
def test_a_section_says_what_is_checked_why_and_what_to_do(guard, sections):
    section = dict(sections)[guard.code]
    assert f"**{guard.title[0].upper()}{guard.title[1:]}.**" in section
    heads = re.findall(r"^(Checked|Why|What to do|Silent when): \S", section, flags=re.MULTILINE)
    assert heads == ["Checked", "Why", "What to do", "Silent when"]


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.code)
def test_the_link_leads_to_the_section(guard, root):
    page, anchor = guard.link.split("#")
    headings = re.findall(r"^## (.+)$", (root / page).read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert anchor in [heading.lower() for heading in headings]


def test_the_page_shows_the_defaults_of_the_study(root, study):
    text = (root / "docs" / "scoring_warnings.md").read_text(encoding="utf-8")
    for name in study.scoring.__slots__:
        assert f"{name} = {getattr(study.scoring, name):g}\n" in text
        assert f"`{name}`" in text


def test_warnings_stand_in_the_order_of_their_codes_each_with_its_own(new_patients_of):
    labs = [(0, "anti_hbs", 0, "100", "mIU/mL", None), (1, "anti_hbs", 0, "100", "mIU/mL", None)]
    new = new_patients_of([{"age_years": 95}, {"age_years": None}], labs, landmark=8.0, landmarks=(0.0, 12.0))
    between = "RS208 landmark other than trained: week 8 lies between the landmarks of the training"
    far = "RS202 outside the training range: Age 95 years (usual 20 to 60), by 0.88 times its width"  # 35 of 40 years
    assert guard_warnings(new) == [f"{far}; {between}", f"RS201 missing: Age; {between}"]


def test_nobody_is_warned_of_where_nothing_is_amiss(new_patients_of):
    labs = [(0, "anti_hbs", 0, "100", "mIU/mL", None)]
    assert guard_warnings(new_patients_of([{"age_years": 40}], labs)) == [""]
