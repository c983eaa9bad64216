"""Cases small enough to count by hand: each folder of tests/cases is a cohort, a study and what must come out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.study.predictor_kinds import FEATURE_KINDS

KINDS = set(FEATURE_KINDS)  # as they are now: a kind that another test registers is not ours
CASES = Path(__file__).parent / "cases"
NAMES = sorted(folder.name for folder in CASES.iterdir() if folder.is_dir())
DERIVE = {"expected_features.csv": rm.derive_features, "expected_outcome.csv": rm.derive_outcome}


def load(name):
    study = rm.load_study(CASES / name / "study.toml")
    return study, rm.read_cohort(CASES / name, study=study)


def expectations(name, study):
    """Yield what is derived, the landmark, and the expected table, one for each landmark of the case."""
    for file, derive in DERIVE.items():
        path = CASES / name / file
        if not path.exists():
            continue
        table = pd.read_csv(path, dtype={"patient_id": str}, keep_default_na=False, na_values=[""])
        if "landmark_week" not in table:
            table["landmark_week"] = study.prediction.landmark_weeks[0]
        for landmark, rows in table.groupby("landmark_week"):
            yield derive, float(landmark), rows.drop(columns="landmark_week").set_index("patient_id")


def assert_as_expected(found, expected):
    assert list(found.index) == list(expected.index)  # every patient, in the order of the cohort
    for column in expected:
        came, wanted = found[column], expected[column]
        if pd.api.types.is_numeric_dtype(came.dtype):
            numbers = wanted.to_numpy(dtype=float)  # an empty cell is NaN
            np.testing.assert_allclose(came.to_numpy(dtype=float), numbers, rtol=1e-5, atol=1e-9, err_msg=column)
        else:
            assert came.where(came.notna(), "").tolist() == wanted.where(wanted.notna(), "").tolist(), column


def turned(cohort, study):
    """The same cohort, its tables but that of the patients from the last row to the first."""
    tables = {name: table[::-1] for name, table in cohort.tables().items()}
    return rm.make_cohort(**(tables | {"patients": cohort.patients}), study=study)


@pytest.mark.parametrize("name", NAMES)
def test_case_comes_out_as_counted_by_hand(name):
    study, cohort = load(name)
    checked = 0
    for derive, landmark, expected in expectations(name, study):
        assert_as_expected(derive(cohort, study, landmark), expected)
        checked += 1
    assert checked, f"{name} expects nothing"


@pytest.mark.parametrize("name", [name for name in NAMES if not name.endswith("_of_a_tie")])
def test_case_does_not_depend_on_the_order_of_rows(name):
    study, cohort = load(name)
    upside_down = turned(cohort, study)
    for derive, landmark, expected in expectations(name, study):
        assert_as_expected(derive(upside_down, study, landmark), expected)


def test_the_order_of_rows_decides_a_tie():
    # By the study's word (same_day = "last"). Without this, the exception above would hide that order counts nowhere.
    study, cohort = load("feature_last_of_a_tie")
    assert rm.derive_features(turned(cohort, study), study)["last"].tolist() == [1.0, 2.0]  # was 2, 1


def test_every_kind_of_feature_has_a_case():
    kinds = set()
    for name in NAMES:
        if (CASES / name / "expected_features.csv").exists():
            kinds |= {predictor.kind for predictor in rm.load_study(CASES / name / "study.toml").predictors}
    assert kinds == KINDS


def test_every_case_says_in_one_line_what_it_is_for():
    lines = {name: (CASES / name / "README.md").read_text(encoding="utf-8").splitlines() for name in NAMES}
    assert {name for name, text in lines.items() if len(text) != 1 or len(text[0]) < 40} == set()
