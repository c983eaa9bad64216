"""RS206: criteria that a patient is known to fail, by name; what is not known fails nobody."""

from __future__ import annotations

import pandas as pd

import relapse_model as rm
from relapse_model.cohort.eligibility.screening import screen
from relapse_model.model.scoring.guards.criteria import criteria_not_met
from relapse_model.model.scoring.guards.rs206_eligibility_criterion import GUARD
from relapse_model.study.reader import parse_study

CRITERIA = """
[[eligibility.include]]
id = "I1"
text = "Aged 18 to 60 years"
column = "age_years"
between = [18, 60]

[[eligibility.include]]
id = "I2"
text = "HBsAg < 0.05 IU/mL"
analyte = "hbsag"
below = 0.05

[[eligibility.exclude]]
id = "E1"
text = "Malignancy"
column = "malignancy"
equals = ["1"]
"""
TITRE = ("anti_hbs", 0, "100", "mIU/mL", None)


def test_each_criterion_that_is_not_met_is_named(new_patients_of, said):
    patients = [
        {"age_years": 40, "malignancy": "0"},
        {"age_years": 61, "malignancy": "1"},
        {"age_years": None, "malignancy": None},
        {"age_years": 40, "malignancy": "0"},
    ]
    labs = [(position, *TITRE) for position in range(4)]
    labs += [(0, "hbsag", 0, "<0.05", "IU/mL", None), (3, "hbsag", 0, "0.3", "IU/mL", None)]
    new = new_patients_of(patients, labs, added=CRITERIA)
    # The third is unknown in all three, and nothing is said of him.
    assert said(GUARD, new) == {
        1: [
            "eligibility criterion not met: I1 (Aged 18 to 60 years)",
            "eligibility criterion not met: E1 (excludes: Malignancy)",
        ],
        3: ["eligibility criterion not met: I2 (HBsAg < 0.05 IU/mL)"],
    }


def test_it_agrees_with_the_screening(study):
    cohort = rm.simulate_cohort(60, seed=4)
    tables = dict(cohort.tables())
    flags = dict.fromkeys(("decompensated_cirrhosis", "coinfection", "immunosuppression_within_6_months"), "0")
    tables["patients"] = tables["patients"].assign(
        **flags, malignancy=["1", "0", None] * 20, bmi_kg_m2=[30.0, 24.0, 24.0, 24.0] * 15
    )
    changed = rm.make_cohort(tables["patients"], tables["labs"], tables["treatments"])
    screened = screen(changed, study).patients["failed"].str.split("; ")
    found = pd.Series([[]] * 60, index=changed.patient_ids).map(list)
    for one in criteria_not_met(changed, study):
        for row in one.patients.nonzero()[0]:
            found.iloc[row].append(one.criterion.id)
    assert found.tolist() == [[] if ids == [""] else ids for ids in screened]
    assert {name for ids in found for name in ids} == {"I6", "E4"}


def test_a_result_in_a_unit_the_study_does_not_accept_decides_nothing():
    study = parse_study(
        """
[study]
protocol = 1
name = "units"
[analytes.hbv_dna]
unit = "IU/mL"
[outcome]
adjudicated = true
[prediction]
horizon_weeks = 48
[[predictors]]
name = "age"
kind = "column"
column = "age_years"
[[eligibility.include]]
id = "I5"
text = "HBV DNA < 10 IU/mL"
analyte = "hbv_dna"
below = 10
""",
        "test",
    )
    labs = pd.DataFrame(
        {"patient_id": ["a"], "week": [0], "analyte": ["hbv_dna"], "value": ["5000"], "unit": ["copies/mL"]}
    )
    cohort = rm.make_cohort(pd.DataFrame({"patient_id": ["a"], "age_years": [40]}), labs)
    assert criteria_not_met(cohort, study) == []


def test_a_study_without_criteria_warns_of_nobody(new_patients_of, said):
    assert said(GUARD, new_patients_of([{"age_years": 99}], [(0, *TITRE)])) == {}
