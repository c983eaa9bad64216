"""RS212: a result that is older than its predictor takes is named with its age, and not used."""

from __future__ import annotations

import pytest

from relapse_model.model.scoring.guards.rs201_missing_predictor import GUARD as MISSING
from relapse_model.model.scoring.guards.rs212_result_too_old import GUARD as TOO_OLD

WINDOW = """
[[predictors]]
name = "recent"
label = "Recent titre"
kind = "last"
analyte = "anti_hbs"
window_weeks = 16

[[predictors]]
name = "trend"
label = "Trend"
kind = "slope"
analyte = "anti_hbs"
window_weeks = 16
"""


def titres(*rows):
    return [(position, "anti_hbs", week, value, "mIU/mL", None) for position, week, value in rows]


def test_the_predictor_and_the_age_are_named(new_patients_of, said):
    # Landmark week 12. The first was tested in weeks -92 and -92.5, the second last week, the third never.
    new = new_patients_of(
        [{"age_years": 40}] * 3, titres((0, -92, "50"), (0, -92.5, "60"), (1, 11, "50")), added=WINDOW
    )
    assert new.features["recent"].isna().tolist() == [True, False, True]
    assert said(TOO_OLD, new) == {
        0: [
            "result too old and not used: Recent titre, 104 weeks before week 12 (no older than 16)",
            "result too old and not used: Trend, 104 weeks before week 12 (no older than 16)",
        ]
    }
    assert "missing: Recent titre" in said(MISSING, new)[0]  # it counts as missing


@pytest.mark.parametrize(("week", "warned"), [(-4, False), (-4.1, True)])
def test_a_result_as_old_as_the_window_is_used(new_patients_of, said, week, warned):
    new = new_patients_of([{"age_years": 40}], titres((0, week, "50")), added=WINDOW)
    found = [text for text in said(TOO_OLD, new).get(0, []) if "Recent titre" in text]
    assert bool(found) == warned == bool(new.features["recent"].isna().all())


def test_without_a_window_a_result_of_any_age_is_used(new_patients_of, said):
    new = new_patients_of([{"age_years": 40}], titres((0, -500, "50")))
    assert said(TOO_OLD, new) == {}
    assert new.features["titre"].notna().all()


def test_a_word_that_is_no_result_is_not_old(new_patients_of, said):
    new = new_patients_of([{"age_years": 40}], titres((0, -92, "not done")), added=WINDOW)
    assert said(TOO_OLD, new) == {}


def test_what_is_missing_after_a_loss_that_nobody_saw_says_so(new_patients_of, said):
    after = """
[[predictors]]
name = "consolidation"
label = "Consolidation"
kind = "weeks_on_agent_after_first_negative"
agents = ["pegifn"]
analyte = "hbsag"
below = 0.05
"""
    labs = [(0, "hbsag", 0, "<0.05", "IU/mL", None), (1, "hbsag", 0, "7", "IU/mL", None)]
    new = new_patients_of([{"age_years": 40}] * 2, labs, [(0, "pegifn", -40), (1, "pegifn", -40)], added=after)
    found = said(MISSING, new)
    assert "missing: Consolidation (negative from the first test on record, so that the loss was not seen)" in found[0]
    assert "missing: Consolidation" in found[1]
