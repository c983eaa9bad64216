from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

import relapse_model as rm
from data_folder import data_folder
from relapse_model.cohort.measurements import measurements
from relapse_model.development.checks.all_checks import errors_found

EXAMPLE = Path(__file__).parents[2] / "examples" / "04_hcc_one_year.py"


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"example_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


example = load(EXAMPLE)


@pytest.fixture(scope="module")
def study() -> rm.Study:
    return rm.load_study(example.STUDY)


@pytest.fixture(scope="module")
def source() -> Path:
    try:
        return data_folder(example.DATA)
    except FileNotFoundError as absent:
        pytest.skip(str(absent))


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory, source: Path, study: rm.Study) -> rm.Cohort:
    folder = tmp_path_factory.mktemp("cohort")
    example.to_cohort(source, folder)
    return rm.read_cohort(folder, study=study)


def test_counts_are_those_of_the_source(cohort, study):
    # SOURCE.txt: 165 patients, 63 deaths within a year, 102 survivors.
    assert len(cohort) == 165
    assert rm.derive_outcome(cohort, study)["state"].value_counts().to_dict() == {"free": 102, "relapse": 63}


def test_a_tenth_is_missing(cohort):
    findings = cohort.patients[["sex", *example.CLINICAL.values()]]
    known = len(cohort.labs) + (findings.notna() & (findings != "")).to_numpy().sum()
    share = 1 - known / (165 * (len(example.ANALYTES) + findings.shape[1]))
    # 49 predictors, 10.22 % missing by the source's description, and 2 values left out as impossible.
    assert len(example.ANALYTES) + findings.shape[1] == 49
    assert share == pytest.approx(0.1022 + 2 / (165 * 49), abs=1e-4)


def test_every_column_of_the_source_has_its_place(source):
    header = pd.read_csv(source / "hcc.csv", nrows=0).columns
    assert {*example.ANALYTES, *example.CLINICAL, "Gender", "1_survives_0_dies"} == set(header)


def test_blood_counts_are_brought_to_one_unit(cohort, study):
    units = cohort.labs.groupby("analyte")["unit"].value_counts()
    # The study reads leukocytes under the name of the library. 38 leukocyte and 115 platelet counts of 1000 or more
    # are per uL.
    assert units["leucocytes", "/uL"] == 38
    assert units["platelets", "/uL"] == 115
    for analyte, low, high in (("leucocytes", 2, 45), ("platelets", 38, 561)):
        values = measurements(cohort, study, analyte).value
        assert low <= values.min() <= values.max() <= high


def test_impossible_values_are_left_out(cohort):
    # 162 patients have each; one platelet count is 1.71, one alkaline phosphatase 1.28.
    counts = cohort.labs["analyte"].value_counts()
    assert counts["platelets"] == 161
    assert counts["alp"] == 161


def test_out_of_fold_auc(cohort, study):
    found = rm.validate(cohort, study, candidates=("prior_logistic",), outer_repeats=1, bootstraps=0)
    # 0.81 measured over 3 seeds; the published one is 0.70 (hcc-description.txt).
    assert found.performance.measures["auc"].value > 0.77


def test_no_predictor_is_called_a_leak(cohort, study):
    """Real markers, honest ones: none raises the error."""
    assert errors_found(cohort, study) == []
