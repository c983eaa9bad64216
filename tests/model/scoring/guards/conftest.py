"""A small study and small cohorts, built by hand, for the guards."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.model.scoring.guards import NewPatients
from relapse_model.study.reader import parse_study

STUDY = """
[study]
protocol = 1
name = "guards"

[analytes.hbsag]
label = "HBsAg"
unit = "IU/mL"

[analytes.anti_hbs]
label = "Anti-HBs"
unit = "mIU/mL"
scale = "log10"
lower_limit = 10.0
units = { "IU/L" = 1.0 }

[outcome]
analyte = "hbsag"
at_least = 0.05

[prediction]
landmark_weeks = [12]
horizon_weeks = 48

[[predictors]]
name = "titre"
label = "Titre"
kind = "last"
analyte = "anti_hbs"

[[predictors]]
name = "age"
label = "Age"
kind = "column"
column = "age_years"
unit = "years"
"""
# The central 90 % of the training: 10 to 1000 mIU/mL on the log10 scale, 20 to 60 years.
SUMMARY = {
    "predictors": {
        "titre": {"p05": 1.0, "median": 2.0, "p95": 3.0},
        "age": {"p05": 20.0, "median": 40.0, "p95": 60.0},
    }
}


@pytest.fixture
def new_patients_of():
    """Return what guards look at, of patients given as columns of the patients table and rows of labs."""

    def make(
        patients, labs, treatments=None, *, added="", summary=None, landmark=12.0, landmarks=(12.0,), risk_of=None
    ):
        """Rows of labs: (position, analyte, week, value, unit, assay); of treatments: (position, agent, start)."""
        study = parse_study(STUDY + added, "test")
        ids = [f"PT-{position:03d}" for position in range(len(patients))]
        table = pd.DataFrame(patients).assign(patient_id=ids)
        rows = pd.DataFrame(
            [(ids[position], *rest) for position, *rest in labs],
            columns=["patient_id", "analyte", "week", "value", "unit", "assay"],
        )
        given = None
        if treatments is not None:
            given = pd.DataFrame(
                [(ids[position], *rest) for position, *rest in treatments],
                columns=["patient_id", "agent", "start_week"],
            )
        cohort = rm.make_cohort(table, rows, given, study=study)
        features = rm.derive_features(cohort, study, landmark)
        known = {name: {"p05": None} for name in features if name not in SUMMARY["predictors"]}
        whole = {"predictors": SUMMARY["predictors"] | known} | (summary or {})
        return NewPatients(cohort, features, study, whole, landmark, landmarks, risk_of)

    return make


@pytest.fixture
def said():
    """Return the texts of a guard by row."""

    def look(guard, new):
        found = {}
        for one in guard(new):
            for row, text in zip(one.rows.tolist(), one.texts, strict=True):
                assert text.startswith(f"{guard.code} ")
                assert not any(identifier in text for identifier in new.cohort.patient_ids)
                found.setdefault(int(row), []).append(text.removeprefix(f"{guard.code} "))
        return found

    return look


@pytest.fixture
def features_new():
    """Return what guards look at, of a table of predictors and a study text, without any cohort."""

    def make(features, study_text, summary):
        study = parse_study(study_text, "test")
        empty = pd.DataFrame({"patient_id": [f"PT-{row:03d}" for row in range(len(features))]})
        labs = pd.DataFrame(columns=["patient_id", "week", "analyte", "value", "unit"], dtype=object)
        cohort = rm.make_cohort(empty, labs)
        return NewPatients(cohort, features, study, summary, 0.0, (0.0,), lambda table: np.zeros(len(table)))

    return make
