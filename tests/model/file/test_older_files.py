"""Model files of earlier versions open and score whole cohorts as they did.

Files, cohort and scores in tests/data/format_2 were written together, by the version whose changelog ends with the 90 %
intervals of batches; cohort/ is simulated. A risk that moves here is a broken promise, not a figure to be renewed.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import relapse_model as rm

NAMES = (
    "prior_logistic", "prior_hazard", "ridge_logistic", "elastic_net", "boosted_trees", "random_forest",
    "prior_and_trees", "several_landmarks",
)  # fmt: skip
RISKS = ["relapse_risk", "risk_lower", "risk_upper"]


@pytest.fixture(scope="module")
def folder(root):
    return root / "tests" / "data" / "format_2"


@pytest.mark.parametrize("name", NAMES)
def test_a_cohort_gets_the_risks_it_got(folder, name):
    expected = pd.read_csv(folder / "scores.csv").query("classifier == @name")
    model = rm.load_model(folder / f"{name}.rmodel")
    cohort = rm.read_cohort(folder / "cohort", study=model.study)
    week = 12 if name == "several_landmarks" else None
    found = model.score(cohort, landmark_week=week).set_index("patient_id").loc[expected["patient_id"]]
    scored = (found["status"] == "scored").to_numpy()
    assert scored.sum() >= 10
    np.testing.assert_allclose(
        found[RISKS].to_numpy(dtype=float)[scored], expected[RISKS].to_numpy()[scored], rtol=0, atol=1e-12
    )
