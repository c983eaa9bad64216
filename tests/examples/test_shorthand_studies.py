"""The studies of the examples, written with shorthands, are those that were written in full: same X, same outcome."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import relapse_model as rm
from data_folder import data_folder

EXAMPLES = Path(__file__).parents[2] / "examples"
LONGHAND = Path(__file__).parent / "longhand"
STUDIES = sorted(path.name for path in LONGHAND.glob("*.toml"))


def both(name):
    return rm.load_study(LONGHAND / name), rm.load_study(EXAMPLES / name)


def lines(path):
    return len(path.read_text(encoding="utf-8").splitlines())


def statements(path):
    return sum(
        bool(line.strip()) and not line.startswith("#") for line in path.read_text(encoding="utf-8").splitlines()
    )


def test_they_take_a_third_of_the_lines():
    """593 lines became 172, and of those that state something 460 became 108."""
    long, short = (sum(lines(folder / name) for name in STUDIES) for folder in (LONGHAND, EXAMPLES))
    assert (len(STUDIES), long) == (4, 593)
    assert short <= long / 3
    stated = [sum(statements(folder / name) for name in STUDIES) for folder in (LONGHAND, EXAMPLES)]
    assert stated[1] <= stated[0] / 4


@pytest.mark.parametrize("name", STUDIES)
def test_they_ask_the_same(name):
    long, short = both(name)
    for one, other in zip(long.predictors, short.predictors, strict=True):
        # Labels of the library are a little longer (Total bilirubin), and its names are British.
        unsaid = {"label": "", "label_zh": "", "analyte": None}
        assert replace(one, **unsaid) == replace(other, **unsaid)
    assert long.prediction == short.prediction
    assert long.terms == short.terms


def example(name):
    spec = importlib.util.spec_from_file_location(f"shorthand_{Path(name).stem}", EXAMPLES / name)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", STUDIES)
def test_they_make_the_same_of_the_data(name, tmp_path):
    long, short = both(name)
    module = example(name.replace(".toml", ".py"))
    try:
        source = data_folder(module.DATA)
    except FileNotFoundError as absent:
        pytest.skip(str(absent))
    if name.startswith("05"):
        before, after = module.to_cohort(source, long), module.to_cohort(source, short)
    else:
        module.to_cohort(source, tmp_path)
        after = rm.read_cohort(tmp_path, study=short)
        before = in_full(tmp_path, long)
    for landmark in long.prediction.landmark_weeks:
        X, Y = (rm.derive_features(c, s, landmark) for c, s in ((before, long), (after, short)))
        pd.testing.assert_frame_equal(X, Y, rtol=1e-12, atol=0)
        assert X.notna().to_numpy().any()
        one, other = (rm.derive_outcome(c, s, landmark) for c, s in ((before, long), (after, short)))
        columns = ["state", "relapse", "time_week", "event", "first_positive_week"]
        pd.testing.assert_frame_equal(one[columns], other[columns], check_exact=True)
        assert one["event"].sum() > 30


def in_full(folder: Path, study: rm.Study) -> rm.Cohort:
    """Read the tables as they were before: with an outcomes table that has everybody in week 52."""
    patients = pd.read_csv(folder / "patients.csv", dtype={"patient_id": str})
    labs = pd.read_csv(folder / "labs.csv", dtype=str)
    outcomes = None
    if "survives" in patients:
        died = 1 - patients.pop("survives")
        outcomes = patients[["patient_id"]].assign(relapse=died.astype(int), week=52.0)
    elif (folder / "outcomes.csv").exists():
        outcomes = pd.read_csv(folder / "outcomes.csv", dtype={"patient_id": str})
    return rm.make_cohort(patients, labs.replace({np.nan: ""}), outcomes=outcomes, study=study)
