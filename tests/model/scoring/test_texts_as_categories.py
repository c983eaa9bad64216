"""Texts of a large cohort are categories: whatever is made of them is what is made of plain texts."""

from __future__ import annotations

import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.cohort import gate


@pytest.fixture
def both(monkeypatch):
    """Return one cohort with texts as categories, and with plain texts; some of its rows are taken away."""
    study, made = rm.load_study("hbsag-relapse"), []
    tables = rm.simulate_cohort(40, seed=5).tables()
    for rows, dtype in ((0, "category"), (10**9, "str")):
        monkeypatch.setattr(gate, "_MANY_ROWS", rows)
        cohort = rm.make_cohort(**tables, study=study)
        assert {str(cohort.labs[name].dtype) for name in ("analyte", "unit", "kind", "comparator")} <= {dtype, "object"}
        made.append(cohort.take(cohort.patients.index.to_numpy()[::2]))
    assert made[0].labs["unit"].dtype == "category"
    return made


def test_features_outcome_and_scores_are_the_same(both, root):
    study, model = rm.load_study("hbsag-relapse"), rm.load_model(root / "tests/data/format_2/prior_logistic.rmodel")
    pd.testing.assert_frame_equal(*(rm.derive_features(one, study, 0) for one in both), check_exact=True)
    pd.testing.assert_frame_equal(*(rm.derive_outcome(one, study, 0) for one in both), check_exact=True)
    pd.testing.assert_frame_equal(*(model.score(one) for one in both), check_exact=True)


def test_the_folder_is_the_same(both):
    assert both[0] == both[1]
