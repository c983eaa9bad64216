"""Predictors in the units of the clinic, beside the scale of the model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.cli.program import main
from relapse_model.errors import RelapseModelError
from relapse_model.features.derive import in_clinical_units
from relapse_model.study.reader import parse_study

STUDY = """
[study]
protocol = 1
name = "units"

[analytes.anti_hbs]
label = "Anti-HBs"
unit = "mIU/mL"
scale = "log10"
lower_limit = 10.0

[outcome]
name = "relapse"
adjudicated = true

[prediction]
horizon_weeks = 48

[[predictors]]
name = "titre"
label = "Titre"
kind = "last"
analyte = "anti_hbs"

[[predictors]]
name = "slope"
label = "Slope"
kind = "slope"
analyte = "anti_hbs"

[[predictors]]
name = "share"
label = "Dose"
kind = "column"
column = "dose"
unit = "IU"
saturating = 100

[[predictors]]
name = "genotype"
label = "Genotype"
kind = "column"
column = "genotype"
levels = ["B", "C"]

[[predictors]]
name = "male"
label = "Male"
kind = "column"
column = "sex"
equals = "M"
"""


@pytest.fixture(scope="module")
def small():
    study = parse_study(STUDY, "units.toml")
    patients = pd.DataFrame(
        {"patient_id": ["a", "b"], "dose": ["300", ""], "genotype": ["C", ""], "sex": ["M", "F"]}
    )  # fmt: skip
    labs = pd.DataFrame(
        [("a", -4, "anti_hbs", "1000", "mIU/mL"), ("a", 0, "anti_hbs", "100", "mIU/mL")],
        columns=["patient_id", "week", "analyte", "value", "unit"],
    )
    outcomes = pd.DataFrame({"patient_id": ["a", "b"], "relapse": ["0", "1"], "week": ["48", "12"]})
    return rm.make_cohort(patients, labs, outcomes=outcomes, study=study), study


def test_by_default_the_scale_of_the_model(small):
    found = rm.derive_features(*small)
    assert list(found.columns) == ["titre", "slope", "share", "genotype", "male"]
    assert found.loc["a", "titre"] == 2.0
    assert found.loc["a", "share"] == 0.75  # 300 / (300 + 100)


def test_clinical_units_under_label_and_unit(small):
    """By hand: 100 mIU/mL last; a slope stays one of logarithms, -1 in 4 weeks; 300 IU; levels as text; no and yes."""
    found = rm.derive_features(*small, units="clinical")
    slope = found.columns[1]
    assert slope.startswith("Slope (log10 ")
    assert list(found.columns) == ["Titre (mIU/mL)", slope, "Dose (IU)", "Genotype", "Male"]
    first = found.loc["a"]
    assert first.iloc[[0, 2]].astype(float).tolist() == pytest.approx([100.0, 300.0])
    assert first.iloc[1] == rm.derive_features(*small).loc["a", "slope"]
    assert (first["Genotype"], first["Male"]) == ("C", 1.0)
    assert found.loc["b"].isna().tolist() == [True, True, True, True, False]  # what is not known stays so
    assert found.loc["b", "Male"] == 0.0


def test_two_predictors_of_one_label_keep_apart(small):
    cohort, study = small
    twice = replace(study, predictors=(study.predictors[0], replace(study.predictors[0], name="other")))
    features = rm.derive_features(cohort, twice)
    assert list(in_clinical_units(features, twice).columns) == ["Titre (mIU/mL), titre", "Titre (mIU/mL), other"]


def test_other_units_are_refused(small):
    with pytest.raises(RelapseModelError, match="units 'mmol'; expected 'model' or 'clinical'"):
        rm.derive_features(*small, units="mmol")


def test_the_command_line_writes_either(tmp_path, cohort, study):
    cohort.write(tmp_path / "cohort")
    written = {}
    for units in ("model", "clinical"):
        out = tmp_path / f"{units}.csv"
        assert main(["features", str(tmp_path / "cohort"), "--out", str(out), "--units", units]) == 0
        written[units] = pd.read_csv(out)
    assert list(written["model"].columns[1:]) == [one.name for one in study.predictors]
    titres = written["clinical"]["Anti-HBs (mIU/mL)"]
    np.testing.assert_allclose(titres, 10 ** written["model"]["anti_hbs"])
