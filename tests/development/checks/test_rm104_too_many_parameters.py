"""RM104 by hand: how many parameters a study has, how many its patients support, and what is said of it."""

from __future__ import annotations

import math

import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.development.checks import run_checks
from relapse_model.development.checks.rm104_too_many_parameters import CHECK as too_many_parameters
from relapse_model.development.sample_size import cohort_sample_size, size_words
from relapse_model.features.development_data import development_data
from relapse_model.report.cohort_check import check_report
from relapse_model.study.reader import parse_study
from relapse_model.validation.sample_size.binary import (
    ANTICIPATED_C,
    cox_snell_r2,
    expected_shrinkage,
    maximum_parameters,
    riley_sample_size,
)

STUDY = """
[study]
protocol = 1
name = "size"

[analytes.hbsag]
unit = "IU/mL"

[outcome]
analyte = "hbsag"
at_least = 0.05

[prediction]
landmark_weeks = [0, 12]
horizon_weeks = 48
"""
AGE = """
[[predictors]]
name = "age"
kind = "column"
column = "age_years"
"""
MALE = """
[[predictors]]
name = "male"
kind = "column"
column = "sex"
equals = "M"
prior = { log_odds = 0.1, sd = 0.3, per = "unit", source = "x" }
"""
GENOTYPE = """
[[predictors]]
name = "genotype"
kind = "column"
column = "hbv_genotype"
levels = ["B", "C", "D"]
"""


def study_of(*predictors):
    return parse_study(STUDY + "".join(predictors), "test")


def cohort_of(relapses, free, lost=0, positive_at_enrolment=0):
    """All negative at week 0 (or not at risk); positive at 8, seen free at 50, or not seen after 24."""
    kinds = {"r": (relapses, 8, "0.3"), "f": (free, 50, "<0.05"), "l": (lost, 24, "<0.05")}
    rows = [
        (f"{kind}{number}", week, value)
        for kind, (count, week, last) in kinds.items()
        for number in range(count)
        for week, value in ((0, "<0.05"), (week, last))
    ]
    rows += [(f"p{number}", 0, "0.3") for number in range(positive_at_enrolment)]
    labs = pd.DataFrame(rows, columns=["patient_id", "week", "value"]).assign(analyte="hbsag", unit="IU/mL")
    patients = pd.DataFrame({"patient_id": labs["patient_id"].unique()})
    return rm.make_cohort(patients.assign(age_years=40, sex="M", hbv_genotype="B"), labs)


# 100 patients, 20 relapses. C = 0.75 is a Cox-Snell R2 of 0.1264, and by Riley's first criterion at a shrinkage of 0.9
# they support 100 * (0.9 - 1) * log(1 - 0.1264 / 0.9) = 1.51 parameters.
R2 = 0.1263875
SUPPORTED = 100 * (0.9 - 1) * math.log(1 - R2 / 0.9)


def test_the_supported_number_is_that_of_the_sample_size_criteria():
    assert cox_snell_r2(ANTICIPATED_C, 0.2) == pytest.approx(R2, abs=1e-6)
    assert maximum_parameters(100, 0.2, R2) == pytest.approx(SUPPORTED)
    assert pytest.approx(1.51, abs=0.005) == SUPPORTED
    # 3 parameters at that size: shrinkage s solves 3 = 100 (s - 1) log(1 - R2 / s).
    s = expected_shrinkage(100, 3, R2)
    assert 100 * (s - 1) * math.log(1 - R2 / s) == pytest.approx(3)
    assert riley_sample_size(3, R2, 0.2).shrinkage == math.ceil(3 * 100 / SUPPORTED)


def test_one_parameter_is_supported_and_two_are_not():
    cohort = cohort_of(20, 80)
    assert too_many_parameters.of(cohort, study_of(AGE), 0).state == "passed"
    found = too_many_parameters.of(cohort, study_of(AGE, MALE), 0)
    assert (found.code, found.state, found.severity) == ("RM104", "found", "warning")
    assert found.text.startswith("2 parameters, 100 patients with a known outcome, 20 events: the sample supports 1.5 ")
    assert "assuming C = 0.75" in found.text
    assert "1 of 2 predictors have a prior" in found.text


def test_a_predictor_of_three_levels_has_two_parameters():
    cohort = cohort_of(20, 80)
    assert too_many_parameters.of(cohort, study_of(GENOTYPE), 0).text.startswith("2 parameters, ")
    found = too_many_parameters.of(cohort, study_of(AGE, GENOTYPE), 0)
    # 3 parameters, of 2 predictors; the shrinkage to expect is 0.82 instead of 0.9.
    assert found.text.startswith("3 parameters, ")
    assert "the expected shrinkage is 0.82" in found.text
    assert "The study states no priors: keep fewer predictors." in found.text  # where there are none, none are counted


def test_the_lost_count_by_weights_and_those_not_at_risk_do_not():
    """20 of the 80 whose outcome is known relapse at week 8; the 20 lost at 24 are counted by the free: 20 % of all.

    The lost know part of the outcome only: 80 patients, not 100, carry the parameters.
    """
    found = too_many_parameters.of(cohort_of(20, 60, lost=20, positive_at_enrolment=7), study_of(AGE, MALE), 0)
    supported = maximum_parameters(80, 0.2, cox_snell_r2(ANTICIPATED_C, 0.2))
    assert supported == pytest.approx(80 * (0.9 - 1) * math.log(1 - R2 / 0.9))
    stated = f"2 parameters, 80 patients with a known outcome, 20 events: the sample supports {supported:.1f} "
    assert found.text.startswith(stated)
    assert f"{supported:.1f}" == "1.2"


def test_check_and_report_say_the_same_number(cohort, study):
    """One count in all places: RM104, the account of the cohort, the sample size of the report."""
    stated = cohort_sample_size(development_data(cohort, study), study)
    words = size_words(stated)
    assert too_many_parameters.of(cohort, study, 0).text.startswith(words)
    account = check_report(cohort, study)
    assert f"Sample size: {words}." in account
    assert account.count(f"the sample supports {stated['carried_parameters']:.1f} ") == 2


def test_at_a_later_landmark_those_relapsed_before_are_not_counted():
    # All relapses are at week 8: at week 12 there is none, and nothing to say of the size (training refuses).
    assert too_many_parameters.of(cohort_of(20, 80), study_of(AGE, MALE), 12).state == "not applicable"


@pytest.mark.parametrize(("relapses", "free"), [(0, 50), (50, 0)])
def test_where_all_have_one_outcome_nothing_is_said_of_the_size(relapses, free):
    result = too_many_parameters.of(cohort_of(relapses, free), study_of(AGE, MALE), 0)
    assert (result.state, result.finding) == ("not applicable", None)
    assert "do not include both outcomes" in result.text


def test_the_check_is_registered_and_names_nobody():
    cohort = cohort_of(20, 80)
    (found,) = [one for one in run_checks(cohort, study_of(AGE, MALE)) if one.code == "RM104"]
    assert not any(identifier in found.text for identifier in cohort.patient_ids)


def test_a_predictor_known_in_hardly_anybody_is_neither_a_parameter_nor_one_with_a_prior():
    """Of age, sex and genotype the genotype is known in nobody: 2 parameters, of 2 predictors, not of 3."""
    known = cohort_of(20, 80)
    tables = known.tables()
    cohort = rm.make_cohort(tables["patients"].drop(columns="hbv_genotype").assign(hbv_genotype=""), tables["labs"])
    text = too_many_parameters.of(cohort, study_of(AGE, MALE, GENOTYPE), 0).text
    assert text.startswith("2 parameters, ")
    assert "1 of 2 predictors have a prior" in text


def test_all_predictors_with_a_prior_are_called_all():
    cohort = rm.simulate_cohort(132, seed=7)
    (found,) = (one for one in run_checks(cohort, rm.load_study("hbsag-relapse")) if one.code == "RM104")
    assert "All 8 predictors have a prior" in found.text
