"""The checks: each speaks when it should, is silent when it should, and names no patient."""

from __future__ import annotations

import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.checks import run_checks
from relapse_model.study_file import parse_study

DOSES = """
[[predictors]]
name = "doses"
label = "HBIG doses"
kind = "dose_count"
agents = ["hbig"]
"""


SIZE = "RM104"  # 132 patients do not carry eight parameters: said of every cohort of the trial's size


def codes(cohort, study):
    return [finding.code for finding in run_checks(cohort, study)]


def with_tables(cohort, **changed):
    tables = dict(cohort.tables()) | changed
    return rm.make_cohort(tables["patients"], tables["labs"], tables["treatments"], synthetic=True)


@pytest.fixture
def one_assay(cohort):
    labs = cohort.tables()["labs"]
    return with_tables(cohort, labs=labs.assign(assay="one"))


def test_a_sound_cohort_has_no_findings_but_its_size(one_assay, study):
    assert codes(one_assay, study) == [SIZE]


def test_a_sound_cohort_of_some_size_has_no_findings(study):
    large = rm.simulate_cohort(600, seed=7)
    assert codes(with_tables(large, labs=large.tables()["labs"].assign(assay="one")), study) == []


def test_two_assays_at_the_threshold_are_named_with_their_numbers(cohort, study):
    (found,) = [finding for finding in run_checks(cohort, study) if finding.code == "RM101"]
    after = cohort.labs[(cohort.labs["analyte"] == "hbsag") & (cohort.labs["week"] >= 0)]
    for assay, number in after["assay"].value_counts().items():
        assert f"{assay} ({number})" in found.text


def test_a_second_assay_before_enrolment_is_no_matter(one_assay, study):
    labs = one_assay.tables()["labs"]
    older = with_tables(one_assay, labs=labs.assign(assay=labs["assay"].where(labs["week"] >= 0, "old")))
    assert codes(older, study) == [SIZE]


def test_doses_as_a_predictor_are_warned_of(one_assay, study):
    assert codes(one_assay, parse_study(study.text + DOSES, "study.toml")) == ["RM102", SIZE]


def test_a_stated_history_that_differs_is_warned_of(one_assay, study):
    patients = one_assay.patients.copy()
    patients.loc[:2, "consolidation_weeks"] += 20
    patients.loc[5, "consolidation_weeks"] += 4  # within what rounding and a late visit explain
    found, size = run_checks(with_tables(one_assay, patients=patients), study)
    assert (found.code, size.code) == ("RM103", SIZE)
    assert "Consolidation after HBsAg loss: 3 of 132 patients" in found.text


def test_findings_travel_with_the_model_and_name_nobody(model, cohort):
    told = model.summary["warnings"]
    assert [finding["code"] for finding in told] == ["RM101", SIZE]
    assert not any(identifier in finding["text"] for finding in told for identifier in cohort.patient_ids)


def test_codes_are_unique_and_titled(cohort, study):
    patients = cohort.patients.assign(consolidation_weeks=cohort.patients["consolidation_weeks"] + 30)
    everything = run_checks(with_tables(cohort, patients=patients), parse_study(study.text + DOSES, "study.toml"))
    assert [finding.code for finding in everything] == ["RM101", "RM102", "RM103", "RM104"]
    assert all(finding.title and finding.severity == "warning" for finding in everything)
    assert isinstance(pd.DataFrame([finding.to_dict() for finding in everything]), pd.DataFrame)
