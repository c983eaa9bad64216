"""RM106: a measured titre after a dose, by the week of the dose and of the blood."""

from __future__ import annotations

import pytest

from relapse_model.development.checks.rm106_passive_antibody import CHECK as passive_antibody

PASSIVE = """
[passive_antibody]
analyte = "anti_hbs"
agents = ["hbig"]
half_life_days = { median = 21, cv = 0.25, source = "x" }
volume_litres = { median = 7.5, cv = 0.4, source = "x" }
absorption_per_day = { median = 0.6, cv = 0.5, source = "x" }
error_sd_log10 = 0.12
error_source = "x"
"""
READ = """
[[predictors]]
name = "titre"
label = "Titre"
kind = "{kind}"
analyte = "anti_hbs"
"""
# Five half-lives of 21 days are 15 weeks.


def test_blood_drawn_after_a_dose_is_found_and_names_nobody(study_with, cohort_of, names_nobody):
    labs = [(0, "anti_hbs", 0, "20"), (0, "anti_hbs", 12, "300"), (1, "anti_hbs", 12, "20")]
    cohort = cohort_of(("free", 3, {}), labs=labs, treatments=[(0, "hbig", 4)])
    result = passive_antibody.of(cohort, study_with(PASSIVE + READ.format(kind="last")), 12)
    assert (result.code, result.state, result.severity) == ("RM106", "found", "warning")
    assert "after a dose of hbig, measured Anti-HBs includes passive antibody" in result.text
    assert "Titre: in 1 of 3 patients. Use kind endogenous" in result.text
    names_nobody(result.text, cohort)


@pytest.mark.parametrize(
    ("dose", "drawn", "state"),
    [
        (4, 4, "passed"),  # blood of the week of a dose was drawn before it
        (4, 4.1, "found"),
        (4, 0, "passed"),
        (-5, 10, "found"),  # exactly five half-lives, and given before enrolment
        (-5, 10.1, "passed"),
        (-1500, 0, "passed"),  # at birth
        (20, 12, "passed"),  # later than the landmark
    ],
)
def test_a_dose_counts_from_the_next_day_for_five_half_lives(dose, drawn, state, study_with, cohort_of):
    cohort = cohort_of(("free", 2, {}), labs=[(1, "anti_hbs", drawn, "300")], treatments=[(1, "hbig", dose)])
    assert passive_antibody.of(cohort, study_with(PASSIVE + READ.format(kind="last")), 12).state == state


@pytest.mark.parametrize(
    ("kind", "state"),
    [("first", "passed"), ("last", "found"), ("mean", "found"), ("change", "found"), ("ever_detected", "found")],
)
def test_a_kind_is_judged_by_the_results_that_it_reads(kind, state, study_with, cohort_of):
    # Before the dose and after it: the first result is the patient's own.
    labs = [(0, "anti_hbs", 0, "20"), (0, "anti_hbs", 8, "300")]
    cohort = cohort_of(("free", 2, {}), labs=labs, treatments=[(0, "hbig", 0)])
    assert passive_antibody.of(cohort, study_with(PASSIVE + READ.format(kind=kind)), 12).state == state


def test_a_result_outside_the_window_is_not_read(study_with, cohort_of):
    labs = [(0, "anti_hbs", 3, "300"), (0, "anti_hbs", 12, "not done")]
    cohort = cohort_of(("free", 2, {}), labs=labs, treatments=[(0, "hbig", 1)])
    study = study_with(PASSIVE + READ.format(kind="maximum") + "window_weeks = 4\n")
    assert passive_antibody.of(cohort, study, 12).state == "passed"  # week 3 lies before week 8
    assert passive_antibody.of(cohort, study, 7).state == "found"


def test_another_patients_dose_and_another_drug_are_no_matter(study_with, cohort_of):
    treatments = [(0, "hbig", 1), (1, "pegifn", 1)]
    cohort = cohort_of(("free", 2, {}), labs=[(1, "anti_hbs", 8, "300")], treatments=treatments)
    assert passive_antibody.of(cohort, study_with(PASSIVE + READ.format(kind="last")), 12).state == "passed"


def test_the_number_of_a_patients_earlier_doses_does_not_hide_the_last(study_with, cohort_of):
    treatments = [(0, "hbig", -100), (0, "hbig", 6), (1, "hbig", -100)]
    labs = [(0, "anti_hbs", 8, "300"), (1, "anti_hbs", 8, "300")]
    cohort = cohort_of(("free", 2, {}), labs=labs, treatments=treatments)
    result = passive_antibody.of(cohort, study_with(PASSIVE + READ.format(kind="mean")), 12)
    assert "Titre: in 1 of 2 patients" in result.text


@pytest.mark.parametrize("kind", ["endogenous", "count", "weeks_since_last"])
def test_kinds_that_read_no_measured_titre_are_not_meant(kind, study_with, cohort_of):
    cohort = cohort_of(("free", 2, {}), labs=[(0, "anti_hbs", 8, "300")], treatments=[(0, "hbig", 1)])
    result = passive_antibody.of(cohort, study_with(PASSIVE + READ.format(kind=kind)), 12)
    assert (result.state, result.text) == ("not applicable", "no predictor reads Anti-HBs as measured")


def test_without_the_section_or_the_doses_it_does_not_apply(study_with, cohort_of):
    cohort = cohort_of(("free", 2, {}), labs=[(0, "anti_hbs", 8, "300")])
    assert "no section [passive_antibody]" in passive_antibody.of(cohort, study_with(READ.format(kind="last")), 12).text
    result = passive_antibody.of(cohort, study_with(PASSIVE + READ.format(kind="last")), 12)
    assert (result.state, "no treatments table" in result.text) == ("not applicable", True)


def test_the_built_in_study_is_sound_at_enrolment_and_not_later(study, cohort):
    assert passive_antibody.of(cohort, study, 0).state == "passed"  # HBIG is given after the blood is drawn
    assert passive_antibody.of(cohort, study, 12).state == "found"
