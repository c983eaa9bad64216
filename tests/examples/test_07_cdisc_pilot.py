from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

import relapse_model as rm
from data_folder import data_folder
from relapse_model.cohort.readers.cdisc.read import read_cdisc
from relapse_model.development.checks.all_checks import errors_found

EXAMPLE = Path(__file__).parents[2] / "examples" / "07_cdisc_pilot.py"


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
def cohort() -> rm.Cohort:
    try:
        source = data_folder(example.DATA)
    except FileNotFoundError as absent:
        pytest.skip(str(absent))
    return read_cdisc(source, example.MAPPING)  # with the study that the mapping names


def test_counts_are_those_of_the_trial(cohort):
    # SOURCE.txt: 254 subjects, events in 29 of 86, 61 of 84 and 62 of 84.
    assert len(cohort) == 254
    events = cohort.outcomes["relapse"].groupby(cohort.patients["arm"]).agg(["sum", "count"])
    assert events.to_numpy().tolist() == [[29, 86], [61, 84], [62, 84]]


def test_at_risk_on_the_first_day(cohort, study):
    outcome = rm.derive_outcome(cohort, study)
    # 152 events: 5 on the first day, 134 within 84 days of it, 13 later. 102 censored: 46 before, of whom one on the
    # first day, and 56 after; with the 13, 69 were free at week 12.
    states = {"relapse": 134, "free": 69, "lost": 46, "not at risk (relapsed)": 5}
    assert outcome["state"].value_counts().to_dict() == states


def test_the_first_subject_by_hand(cohort, study):
    first = rm.derive_features(cohort, study).iloc[0]
    # 01-701-1015: woman of 63, placebo; ALT 27 and AST 40 U/L on day -7; the upper limits are 34 and 34.
    assert 10 ** first["alt"] == pytest.approx(27 / 34, rel=1e-9)
    assert 10 ** first["ast"] == pytest.approx(40 / 34, rel=1e-9)
    assert first[["high_dose", "low_dose", "age", "male"]].tolist() == [0, 0, 63, 0]


def test_out_of_fold_auc(cohort, study):
    found = rm.validate(cohort, study, candidates=("prior_logistic",), outer_repeats=1, bootstraps=0)
    # 0.79 measured over 2 repeats; the arm tells most of it.
    assert found.performance.measures["auc"].value > 0.74


def test_no_predictor_is_called_a_leak(cohort, study):
    """Real markers, honest ones: none raises the error."""
    assert errors_found(cohort, study) == []
