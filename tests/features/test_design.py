"""From predictors to the matrix: levels become columns, priors stand per unit of their column."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.features.design import design, design_matrix, level_codes, matrix_of_codes
from relapse_model.study.effect_modifiers import with_effect_modifiers
from relapse_model.study.reader import parse_study

STUDY = """
[study]
protocol = 1
name = "design"

[analytes.alt]
unit = "U/L"
scale = "log10"
lower_limit = 1.0

[outcome]
adjudicated = true

[prediction]
horizon_weeks = 48

[[predictors]]
name = "alt"
kind = "last"
analyte = "alt"
direction = "up"
prior = { log_odds = 0.5, sd = 0.4, per = "log10", source = "test" }

[[predictors]]
name = "genotype"
kind = "column"
column = "hbv_genotype"
levels = ["C", "B", "D"]

[[predictors]]
name = "age"
kind = "column"
column = "age_years"
direction = "down"
prior = { log_odds = -0.5, sd = 0.2, per = 10, source = "test" }

[[predictors]]
name = "bmi"
kind = "column"
column = "bmi_kg_m2"
prior = { log_odds = 0.3, sd = 0.1, per = "sd", source = "test" }
"""


@pytest.fixture(scope="module")
def declared():
    return parse_study(STUDY, "test")


@pytest.fixture
def features():
    return pd.DataFrame(
        {
            "alt": [1.0, np.nan, 2.0, 1.5],
            "genotype": pd.Series(["B", "C", None, "D"], dtype=object),
            "age": [40.0, 50.0, 60.0, np.nan],
            "bmi": [20.0, 21.0, 22.0, 23.0],
        }
    )


def test_columns_priors_and_directions(declared):
    columns = design(declared)
    assert columns.names == ("alt", "genotype=B", "genotype=D", "age", "bmi")
    assert columns.predictor.tolist() == [0, 1, 1, 2, 3]
    assert columns.monotone == (1, 0, 0, -1, 0)
    # Per 10 years -0.5 (0.2), so per year -0.05 (0.02). Of the genotype nothing is known.
    np.testing.assert_allclose(columns.prior_mean, [0.5, np.nan, np.nan, -0.05, 0.3])
    np.testing.assert_allclose(columns.prior_sd, [0.4, np.nan, np.nan, 0.02, 0.1])
    assert columns.prior_per_sd.tolist() == [False, False, False, False, True]


def test_of_a_trial_the_priors_of_arm_and_effect_modifiers_are_held(study, declared):
    arm = design(study).names.index("hbig_arm")
    assert design(study).as_stated == (arm,)
    assert design(declared).as_stated == ()  # no trial
    planned = parse_study(study.text + '\n[[trial.effect_modifier]]\npredictor = "anti_hbs"\n', "modifiers")
    modelled = with_effect_modifiers(planned, "hbig_arm", {"anti_hbs": (30.0, 0.8)})
    columns = design(modelled)
    assert columns.as_stated == (arm, len(columns.names) + columns.term_names.index("hbig_arm_by_anti_hbs"))


def test_the_first_level_is_the_reference_and_an_unknown_level_stays_unknown(declared, features):
    expected = [
        [1.0, 1.0, 0.0, 40.0, 20.0],  # B
        [np.nan, 0.0, 0.0, 50.0, 21.0],  # C, the reference
        [2.0, np.nan, np.nan, 60.0, 22.0],  # not known: not the reference
        [1.5, 0.0, 1.0, np.nan, 23.0],  # D
    ]
    np.testing.assert_array_equal(design_matrix(features, declared), expected)


def test_codes_are_the_positions_of_the_levels(declared, features):
    codes = level_codes(features, declared)
    assert codes.shape == (4, 4)  # one a predictor
    np.testing.assert_array_equal(codes[:, 1], [1.0, 0.0, np.nan, 2.0])
    np.testing.assert_array_equal(matrix_of_codes(codes, declared), design_matrix(features, declared))


def test_matrix_of_a_derived_cohort(study, new_patients):
    columns = design(study)
    matrix = design_matrix(rm.derive_features(new_patients, study), study)
    assert matrix.shape == (len(new_patients), len(columns.names))
    assert matrix.dtype == np.float64


def test_the_matrix_of_one_patient_is_a_row_of_all(declared, features):
    # Nothing is learned from the other rows, so a patient alone must give the same numbers.
    whole = design_matrix(features, declared)
    for row in range(len(features)):
        np.testing.assert_array_equal(design_matrix(features.iloc[[row]], declared), whole[[row]])
