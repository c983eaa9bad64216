from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import relapse_model as rm
from data_folder import data_folder
from relapse_model.development.checks.all_checks import errors_found

EXAMPLE = Path(__file__).parents[2] / "examples" / "05_aids_after_six_months.py"


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
def cohort(study: rm.Study) -> rm.Cohort:
    try:
        source = data_folder(example.DATA)
    except FileNotFoundError as absent:
        pytest.skip(str(absent))
    return example.to_cohort(source, study)


def test_counts_are_those_of_the_source(cohort):
    # SOURCE.txt: 467 patients, 1405 CD4 visits, 188 deaths.
    assert len(cohort) == 467
    assert len(cohort.labs) == 1405
    assert cohort.outcomes["relapse"].sum() == 188
    assert cohort.patients["arm"].value_counts().to_dict() == {"zalcitabine": 237, "didanosine": 230}
    assert cohort.patients["opportunistic_infection"].sum() == 307


def test_at_risk_after_six_months(cohort, study):
    outcome = rm.derive_outcome(cohort, study)
    # Of the source: 62 die by month 6. 403 have a Time beyond it: 108 of them die by month 15, 130 are censored before
    # it. 2 are censored before month 6, so that nobody knows whether they were at risk there.
    states = {"relapse": 108, "free": 165, "lost": 130, "not at risk (relapsed)": 62}
    states["not known to be at risk (follow-up ended)"] = 2
    assert outcome["state"].value_counts().to_dict() == states


def test_the_first_patient_by_hand(cohort, study):
    features = rm.derive_features(cohort, study).iloc[0]
    # Roots 10.677, 8.426 and 9.434 in months 0, 6 and 12: the last is after the landmark.
    assert features["cd4_root"] == pytest.approx(8.4261, abs=1e-4)
    assert features["cd4_root_mean"] == pytest.approx((10.6771 + 8.4261) / 2, abs=1e-4)
    assert features["cd4_root_change"] == pytest.approx(8.4261 - 10.6771, abs=1e-4)
    assert features[["opportunistic_infection", "zalcitabine", "zidovudine_failure", "male"]].tolist() == [1, 1, 0, 1]


def test_only_the_change_can_be_missing(cohort, study):
    features = rm.derive_features(cohort, study)
    missing = features.columns[features.isna().any()]
    # Everybody has a count in month 0, but not everybody a later one by month 6.
    assert list(missing) == ["cd4_root_change"]


def test_out_of_fold_auc(cohort, study):
    found = rm.validate(cohort, study, candidates=("prior_logistic",), outer_repeats=1, bootstraps=0)
    # 0.74 measured over 2 repeats; the last CD4 count alone has 0.73.
    assert found.performance.measures["auc"].value > 0.70
    assert np.isfinite(found.risks).all()


def test_no_predictor_is_called_a_leak(cohort, study):
    """Real markers, honest ones: none raises the error."""
    assert errors_found(cohort, study) == []
