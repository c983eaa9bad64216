"""RS201 and RS202: missing predictors, and values outside the training range in clinical units."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from relapse_model.model.scoring.guards.rs201_missing_predictor import GUARD as MISSING
from relapse_model.model.scoring.guards.rs202_training_range import GUARD as RANGE

STUDY = """
[study]
protocol = 1
name = "range"

[analytes.anti_hbs]
unit = "mIU/mL"
scale = "log10"
lower_limit = 10.0

[outcome]
adjudicated = true

[prediction]
horizon_weeks = 48

[[predictors]]
name = "titre"
label = "Anti-HBs"
kind = "last"
analyte = "anti_hbs"

[[predictors]]
name = "trend"
label = "Fall of anti-HBs"
kind = "slope"
analyte = "anti_hbs"

[[predictors]]
name = "age"
label = "Age"
kind = "column"
column = "age_years"
unit = "years"

[[predictors]]
name = "male"
label = "Male sex"
kind = "column"
column = "sex"
equals = "M"

[[predictors]]
name = "genotype"
label = "HBV genotype"
kind = "column"
column = "hbv_genotype"
levels = ["C", "B", "D"]
"""
SUMMARY = {
    "predictors": {
        # The central 90 % of the training values: 10 to 1000 mIU/mL, on the log10 scale of the model.
        "titre": {"p05": 1.0, "p95": 3.0},
        "trend": {"p05": -0.2, "p95": 0.2},
        "age": {"p05": 20.0, "p95": 60.0},
        "male": {"p05": 0.0, "p95": 1.0},
        "genotype": {"levels": {"C": 50, "B": "<5", "D": 0}},
    }
}
NAMES = list(SUMMARY["predictors"])


@pytest.fixture
def warned(features_new, said):
    """Warn about one patient, ordinary but for what is said here."""

    def look(guard, summary=SUMMARY, added="", **values):
        usual = {"titre": 2.0, "trend": 0.0, "age": 40.0, "male": 1.0, "genotype": "C"}
        row = pd.DataFrame({name: pd.Series([value], dtype=object) for name, value in (usual | values).items()})
        row = row.astype({name: float for name in NAMES if name != "genotype"})
        return said(guard, features_new(row, STUDY + added, summary)).get(0, [])

    return look


def test_an_ordinary_patient_has_no_warning(warned):
    assert warned(MISSING) == warned(RANGE) == []


@pytest.mark.parametrize(
    ("name", "label"),
    list(zip(NAMES, ["Anti-HBs", "Fall of anti-HBs", "Age", "Male sex", "HBV genotype"], strict=True)),
)
def test_a_missing_predictor_is_named_and_is_not_out_of_range(warned, name, label):
    nothing = {name: None if name == "genotype" else np.nan}
    assert warned(MISSING, **nothing) == [f"missing: {label}"]
    assert warned(RANGE, **nothing) == []


def test_all_that_is_missing_is_named_in_order(warned):
    found = warned(MISSING, titre=np.nan, age=np.nan, genotype=None)
    assert found == ["missing: Anti-HBs", "missing: Age", "missing: HBV genotype"]


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        # A quarter of the range beyond it is nothing to remark on: 0.5 of 2 log10, 10 of 40 years.
        ("titre", 3.5, None),
        # 10,000 is one log10 beyond 1000, and the range is two wide.
        ("titre", 4.0, "Anti-HBs 10000 mIU/mL (usual 10 to 1000), by 0.5 times its width"),
        ("titre", np.log10(3), "Anti-HBs 3 mIU/mL (usual 10 to 1000), by 0.26 times its width"),
        ("trend", 0.3, None),
        ("trend", -1.0, "Fall of anti-HBs -1 log10 mIU/mL per 4 weeks (usual -0.2 to 0.2), by 2 times its width"),
        ("trend", -0.3, None),
        ("age", 70.0, None),
        ("age", 71.0, "Age 71 years (usual 20 to 60), by 0.28 times its width"),
        ("age", 9.5, "Age 9.5 years (usual 20 to 60), by 0.26 times its width"),
        ("male", 0.0, None),
        ("genotype", "B", None),
        ("genotype", "D", "HBV genotype D (in no training patient)"),
    ],
)
def test_values_unlike_the_training_are_told_in_clinical_units_and_how_far(warned, name, value, text):
    assert warned(RANGE, **{name: value}) == ([] if text is None else [f"outside the training range: {text}"])


def test_a_level_of_next_to_nobody_is_not_taken_for_a_usual_one(warned):
    """A model file for outside does not tell nobody from fewer than 10."""
    levels = SUMMARY["predictors"]["genotype"]["levels"] | {"D": "<10"}
    summary = {"predictors": SUMMARY["predictors"] | {"genotype": {"missing": "<10", "levels": levels}}}
    text = "outside the training range: HBV genotype D (in fewer than 10 training patients)"
    assert warned(RANGE, summary, genotype="D") == [text]
    assert warned(RANGE, summary, genotype="B") == []


def test_the_study_says_how_far_is_too_far(warned):
    strict = "[scoring]\nrange_margin = 0\n"
    assert len(warned(RANGE, added=strict, age=60.5)) == 1
    assert warned(RANGE, added=strict, age=60.0) == []
    assert warned(RANGE, added="[scoring]\nrange_margin = 2\n", age=139.0) == []  # 79 of twice 40 years


def with_age(low, high):
    return {"predictors": SUMMARY["predictors"] | {"age": {"p05": low, "p95": high}}}


@pytest.mark.parametrize("quantiles", [(0.0, 0.0), (1.0, 1.0), (0.0, 1.0)])
def test_a_rare_answer_to_a_yes_or_no_is_no_warning(warned, quantiles):
    # Fewer than 5 % of the training said yes, or no: both are answers all the same.
    summary = with_age(*quantiles)
    assert warned(RANGE, summary, age=0.0) == warned(RANGE, summary, age=1.0) == []
    assert "outside" in warned(RANGE, summary, age=2.0)[0]


def test_a_value_that_never_varied_warns_of_any_other(warned):
    summary = with_age(40.0, 40.0)
    assert warned(RANGE, summary, age=40.0) == []
    assert warned(RANGE, summary, age=40.0 * (1 + 1e-15)) == []  # rounding is no difference
    text = "outside the training range: Age 20 years (usual 40 to 40), where it did not vary"
    assert warned(RANGE, summary, age=20.0) == [text]


def test_too_few_training_values_give_no_range(warned):
    assert warned(RANGE, with_age(None, None), age=1000.0) == []
