"""Patients who are not at risk are the same ones everywhere, and change nothing: 7 never cleared, 8 without a test."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.cohort.outcome.risk_set import POSITIVE, UNKNOWN, is_at_risk, risk_set
from relapse_model.development.checks import run_checks
from relapse_model.errors import RelapseModelError
from relapse_model.features.development_data_at_landmarks import stacked_data
from relapse_model.model.explanation.patient import explain_patient
from relapse_model.report.cohort_check import check_report
from relapse_model.study.several_landmarks import stacked_study

NEVER, UNTESTED = range(10, 17), range(30, 38)
OUT = [*NEVER, *UNTESTED]


def mixed(cohort):
    """The cohort with HBsAg of 7 patients positive throughout, and that of 8 not tested up to enrolment."""
    tables = dict(cohort.tables())
    labs = tables["labs"].copy()
    hbsag = labs["analyte"] == "hbsag"
    ids = cohort.patient_ids.to_numpy()
    labs.loc[hbsag & labs["patient_id"].isin(ids[list(NEVER)]), "value"] = "480"
    untested = hbsag & labs["patient_id"].isin(ids[list(UNTESTED)]) & (labs["week"] <= 0)
    return rm.make_cohort(**(tables | {"labs": labs[~untested]}), synthetic=True)


@pytest.fixture(scope="module")
def messy(cohort):
    return mixed(cohort)


@pytest.fixture(scope="module")
def sound(cohort):
    return cohort.take(np.setdiff1d(np.arange(len(cohort)), OUT))


@pytest.fixture(scope="module")
def messy_model(messy, study):
    return rm.train(messy, study, candidates=("prior_logistic",))


def test_states_are_by_patient(messy, study):
    state = risk_set(messy, study, 0.0)
    assert set(state[list(NEVER)]) == {POSITIVE}
    assert set(state[list(UNTESTED)]) == {UNKNOWN}
    assert np.flatnonzero(~is_at_risk(state)).tolist() == OUT
    assert (rm.screen(messy, study).patients["at_risk"] == state).all()
    derived = rm.derive_outcome(messy, study)["state"]
    assert (derived[~is_at_risk(derived)] == state[OUT]).all()


def test_they_teach_nothing(messy_model, sound, study, new_patients):
    alone = rm.train(sound, study, candidates=("prior_logistic",))
    assert messy_model.summary["patients"] == alone.summary["patients"] == len(sound)
    assert messy_model.summary["not_at_risk"] == len(OUT)
    risks, theirs = (one.score(new_patients)["relapse_risk"] for one in (messy_model, alone))
    np.testing.assert_array_equal(risks, theirs)


def test_they_are_not_scored_and_not_explained(messy_model, messy):
    scores = messy_model.score(messy)
    rejected = np.flatnonzero(scores["status"] == "rejected")
    assert rejected.tolist() == OUT
    assert scores["reason"].iloc[list(NEVER)].str.startswith(f"{POSITIVE}: the last test of HBsAg at").all()
    assert scores["reason"].iloc[list(UNTESTED)].str.startswith(f"{UNKNOWN}: no test of HBsAg at").all()
    explained = messy_model.explain(messy)
    assert np.flatnonzero(np.isnan(explained.values).all(axis=1)).tolist() == OUT
    assert np.flatnonzero(np.isnan(explained.base_values)).tolist() == OUT
    with pytest.raises(RelapseModelError, match="not known to be at risk"):
        explain_patient(messy_model, messy, str(messy.patient_ids[UNTESTED[0]]))


def test_they_judge_nothing(model, messy, sound):
    found, expected = (model.evaluate(one) for one in (messy, sound))
    assert found.patients == expected.patients == len(sound)
    assert found.to_dict() == expected.to_dict()
    updated, alone = (model.update(one).summary["update"] for one in (messy, sound))
    assert updated["intercept"] == alone["intercept"]


def test_checks_name_them(messy, study):
    (found,) = [finding for finding in run_checks(messy, study) if finding.code == "RM120"]
    assert found.text.startswith(
        "15 patients are left out at week 0: 7 with a positive last test, 8 not known to be free of it."
    )
    report = check_report(messy, study)
    assert "       7  not at risk (positive)" in report
    assert "       8  not known to be at risk" in report
    assert "RM120" in report


def test_at_several_landmarks_they_are_those_of_each(messy, study):
    weeks = (0, 12, 24)
    data = stacked_data(messy, stacked_study(study, weeks), weeks)
    for week in weeks:
        at_risk = risk_set(messy, study, week) == "at risk"
        assert list(data.at(week).features.index) == list(messy.patient_ids[at_risk])
    # Tested for the first time after enrolment, and negative: at risk from then on.
    assert not set(messy.patient_ids[list(NEVER)]) & set(data.features.index)
    assert set(messy.patient_ids[list(UNTESTED)]) & set(data.at(24).features.index)


def test_later_tests_change_nobody(messy, study):
    """Of everything after the landmark taken away, the same patients are at risk."""
    tables = dict(messy.tables())
    for week in (0, 12, 24):
        labs = tables["labs"][tables["labs"]["week"] <= week]
        then = rm.make_cohort(**(tables | {"labs": labs}), synthetic=True)
        pd.testing.assert_series_equal(pd.Series(risk_set(then, study, week)), pd.Series(risk_set(messy, study, week)))
