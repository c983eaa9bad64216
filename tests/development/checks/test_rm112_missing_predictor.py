"""RM112: how many patients at risk miss a predictor."""

from __future__ import annotations

import pytest

from relapse_model.development.checks.rm112_missing_predictor import CHECK as missing_predictor

GENOTYPE = """
[[predictors]]
name = "genotype"
label = "Genotype"
kind = "column"
column = "hbv_genotype"
levels = ["B", "C"]
"""
TITRE = """
[[predictors]]
name = "titre"
label = "Titre"
kind = "last"
analyte = "anti_hbs"
"""


@pytest.mark.parametrize(("missing", "state"), [(12, "passed"), (13, "found")])
def test_12_of_30_pass_and_13_do_not(missing, state, study_with, cohort_of):
    cohort = cohort_of(("free", missing, {"age_years": None}), ("free", 30 - missing, {}))
    assert missing_predictor.of(cohort, study_with(), 0).state == state


def test_two_of_five_are_forty_per_cent_and_no_more(study_with, cohort_of):
    assert (
        missing_predictor.of(cohort_of(("free", 2, {"age_years": None}), ("free", 3, {})), study_with(), 0).state
        == "passed"
    )


def test_what_is_found_gives_the_shares_and_names_nobody(study_with, cohort_of, names_nobody):
    # Nobody has a titre: nothing stands in for it, and RM118 says so.
    cohort = cohort_of(("free", 90, {"hbv_genotype": None}), ("free", 10, {"hbv_genotype": "B"}))
    result = missing_predictor.of(cohort, study_with(GENOTYPE + TITRE), 0)
    assert (result.code, result.state, result.severity) == ("RM112", "found", "warning")
    assert result.text.startswith("not known at week 0, of 100 patients at risk: Genotype 90%. ")
    names_nobody(result.text, cohort)


def test_the_landmark_decides_what_is_known(study_with, cohort_of):
    titres = [(position, "anti_hbs", 0 if position < 10 else 8, "20") for position in range(28)]
    cohort = cohort_of(("free", 40, {}), labs=titres)
    assert missing_predictor.of(cohort, study_with(TITRE), 0).state == "found"  # 30 of 40, then 12
    assert missing_predictor.of(cohort, study_with(TITRE), 12).state == "passed"


def test_those_not_at_risk_do_not_count(study_with, cohort_of):
    cohort = cohort_of(("free", 5, {}), ("not_at_risk", 20, {"age_years": None}))
    assert missing_predictor.of(cohort, study_with(), 0).state == "passed"


def test_without_patients_at_risk_it_does_not_apply(study_with, cohort_of):
    result = missing_predictor.of(cohort_of(("not_at_risk", 5, {})), study_with(), 0)
    assert (result.state, "no patient of this cohort is at risk" in result.text) == ("not applicable", True)
