"""RS207: the week of the dose and of the blood decide; kind endogenous is not warned of."""

from __future__ import annotations

import pytest

from relapse_model.model.scoring.guards.rs207_passive_titre import GUARD

PASSIVE = """
[passive_antibody]
analyte = "anti_hbs"
agents = ["hbig"]
half_life_days = { median = 24, cv = 0.25, source = "x" }
volume_litres = { median = 7.5, cv = 0.4, source = "x" }
absorption_per_day = { median = 0.6, cv = 0.5, source = "x" }
error_sd_log10 = 0.12
error_source = "x"
"""
AGES = {"age_years": 40}


def titre(position, week):
    return position, "anti_hbs", week, "100", "mIU/mL", None


@pytest.mark.parametrize(
    ("dose", "drawn", "weeks"),
    [
        (4, 12, "8 weeks"),
        (0, 12, "12 weeks"),  # the default: up to 12 weeks
        (-0.5, 12, None),
        (12, 12, None),  # blood of the week of a dose was drawn before it
        (11, 12, "1 week"),
        (13, 12, None),  # after the titre
    ],
)
def test_a_dose_counts_for_twelve_weeks(new_patients_of, said, dose, drawn, weeks):
    new = new_patients_of([AGES] * 2, [titre(0, drawn), titre(1, drawn)], [(0, "hbig", dose)], added=PASSIVE)
    text = f"titre taken {weeks} after hbig: measured Anti-HBs contains antibody given as a drug"
    assert said(GUARD, new) == ({} if weeks is None else {0: [text]})


def test_the_study_says_for_how_long(new_patients_of, said):
    for weeks, rows in ((7.9, set()), (8, {0})):
        added = PASSIVE + f"[scoring]\npassive_weeks = {weeks}\n"
        assert set(said(GUARD, new_patients_of([AGES], [titre(0, 12)], [(0, "hbig", 4)], added=added))) == rows


def test_the_last_dose_before_the_titre_that_is_read_counts(new_patients_of, said):
    labs = [titre(0, 0), titre(0, 10)]
    doses = [(0, "hbig", 2), (0, "hbig", 7), (0, "hbig", 11), (0, "pegifn", 9)]
    new = new_patients_of([AGES], labs, doses, added=PASSIVE)
    assert "3 weeks after hbig" in said(GUARD, new)[0][0]  # the titre of week 10, the dose of week 7
    early = new_patients_of([AGES], [titre(0, 0)], doses, added=PASSIVE)
    assert said(GUARD, early) == {}


def test_without_doses_or_a_reader_of_titres_nobody_is_warned_of(new_patients_of, said):
    assert said(GUARD, new_patients_of([AGES], [titre(0, 12)], [(0, "hbig", 4)])) == {}  # no [passive_antibody]
    assert said(GUARD, new_patients_of([AGES], [titre(0, 12)], added=PASSIVE)) == {}  # no treatments table
    assert said(GUARD, new_patients_of([AGES], [titre(0, 12)], [(0, "pegifn", 4)], added=PASSIVE)) == {}


def test_an_estimate_of_the_patients_own_titre_is_not_warned_of(new_patients_of, said):
    from dataclasses import replace

    new = new_patients_of([AGES], [titre(0, 12)], [(0, "hbig", 4)], added=PASSIVE)
    first, *others = new.study.predictors
    own = replace(new.study, predictors=(replace(first, kind="endogenous"), *others))
    assert said(GUARD, replace(new, study=own)) == {}
    assert set(said(GUARD, new)) == {0}
