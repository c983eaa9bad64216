"""A number that no measurement is stops its patient, and nobody else."""

from __future__ import annotations

import numpy as np
import pytest

import relapse_model as rm

STUDY = rm.load_study("hbsag-relapse")


@pytest.fixture(scope="module")
def model():
    return rm.train(rm.simulate_cohort(132, seed=1), STUDY, candidates=("prior_logistic",))


@pytest.mark.parametrize("value", ["inf", "1e31", "-inf", "1e400", np.inf, 1e31])
@pytest.mark.parametrize(
    ("table", "column"), [("labs", "value"), ("patients", "age_years"), ("patients", "hbsag_before_treatment_iu_ml")]
)
def test_one_patient_of_five_is_rejected_by_name(model, table, column, value):
    tables = {name: one.copy() for name, one in rm.simulate_cohort(5, seed=3).tables().items()}
    cells = tables[table][column]
    numeric = not isinstance(value, str) and table == "patients"
    tables[table][column] = cells.astype(float) if numeric else cells.astype(object)
    tables[table].loc[tables[table].index[0], column] = value
    cohort = rm.make_cohort(**tables, study=STUDY, on_problems="list")
    scores = model.score(cohort)
    assert scores["status"].value_counts().to_dict() == {"scored": 4, "rejected": 1}
    assert column in scores.loc[scores["status"] == "rejected", "reason"].iloc[0]
    assert len(model.explain(cohort).values) == 4
