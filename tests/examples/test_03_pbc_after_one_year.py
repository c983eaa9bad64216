from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import relapse_model as rm
from data_folder import data_folder
from relapse_model.development.checks.all_checks import errors_found
from relapse_model.study.reader import parse_study
from ridge_cox import ridge_cox
from same_folds import baseline_scores, mean_c

EXAMPLE = Path(__file__).parents[2] / "examples" / "03_pbc_after_one_year.py"


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
def cohort(tmp_path_factory: pytest.TempPathFactory, study: rm.Study) -> rm.Cohort:
    try:
        source = data_folder(example.DATA)
    except FileNotFoundError as absent:
        pytest.skip(str(absent))
    folder = tmp_path_factory.mktemp("cohort")
    example.to_cohort(source, folder)
    return rm.read_cohort(folder, study=study)


def test_counts_are_those_of_the_source(cohort):
    # SOURCE.txt: 312 patients, 140 deaths and 29 transplants. The 1945 visits have all of seven of the twelve
    # columns, and lack 60 ascites, 61 hepato, 58 spiders, 821 chol, 60 alk.phos, 73 platelet.
    assert len(cohort) == 312
    assert cohort.outcomes["relapse"].sum() == 169
    assert len(cohort.labs) == 12 * 1945 - (60 + 61 + 58 + 821 + 60 + 73)
    assert cohort.patients["arm"].value_counts().to_dict() == {"d_penicillamine": 158, "placebo": 154}


def test_at_risk_after_one_year(cohort, study):
    outcome = rm.derive_outcome(cohort, study)
    # 22 die or are transplanted by day 364. Of the other 290, 81 are by week 260, to the day (2 more, once counted by
    # it, in the four weeks after it), and 6 are censored before (one, once called free, in the four weeks before it).
    expected = {"free": 203, "relapse": 81, "not at risk (relapsed)": 22, "lost": 6}
    assert outcome["state"].value_counts().to_dict() == expected


def test_the_second_patient_by_hand(cohort, study):
    features = rm.derive_features(cohort, study).iloc[1]
    # Visits on days 0, 182 and 365: the last is in week 52.14, after the landmark, so day 182 is the latest known.
    assert 10 ** features["bilirubin"] == pytest.approx(0.8)
    assert features["albumin"] == 3.6
    assert features["age"] == pytest.approx(56.446, abs=1e-3)
    assert features["ascites"] == 0  # a sign that is absent is a finding, not a gap
    # From 1.1 to 0.8 mg/dL in 26 weeks, per 4 weeks.
    assert features["bilirubin_slope"] == pytest.approx(np.log10(0.8 / 1.1) * 4 / 26)


def test_half_grades_of_oedema_are_kept(cohort):
    oedema = cohort.labs[cohort.labs["analyte"] == "oedema"]
    assert oedema["number"].value_counts().to_dict() == {0.0: 1401, 0.5: 379, 1.0: 165}


def test_out_of_fold_c_beside_the_ridge_cox(cohort, study):
    found = rm.validate(cohort, study, candidates=("prior_logistic",), outer_repeats=1, bootstraps=0)
    assert int(found.data.event.sum()) == 147
    # Measured over 3 seeds: 0.82 for both over all follow-up, 0.85 and an AUC of 0.91 up to the horizon.
    assert mean_c(found, found.risks) > 0.80
    assert mean_c(found, found.risks, until_horizon=True) > 0.83
    assert found.performance.measures["auc"].value > 0.88
    assert mean_c(found, baseline_scores(found, ridge_cox)) > 0.80


def test_no_predictor_is_called_a_leak(cohort, study):
    """Real markers, honest ones: none raises the error."""
    assert errors_found(cohort, study) == []


def test_the_time_of_follow_up_among_the_predictors_is_called_a_leak(cohort, study):
    """A column of the source that holds the time to death, transplant or last contact, in days."""
    assert cohort.outcomes is not None
    days = 7 * cohort.outcomes.set_index("patient")["week"].reindex(range(len(cohort))).to_numpy()
    column = '\n[[predictors]]\nname = "futime"\nlabel = "Follow-up"\nkind = "column"\ncolumn = "futime"\n'
    wider = parse_study(study.text + column, "study.toml")
    (found,) = errors_found(replace(cohort, patients=cohort.patients.assign(futime=days)), wider)
    assert (found.code, found.severity) == ("RM114", "error")
    assert "Follow-up: follows the time to the outcome or the last contact (rank correlation 1.00)" in found.text
