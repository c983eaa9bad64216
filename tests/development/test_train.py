"""Training: what may be asked for, what is refused, and that nothing but the seed decides."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config

import relapse_model as rm
from relapse_model.classifiers.combined.recalibrated import CalibrationMethodError
from relapse_model.classifiers.known import KNOWN
from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.features.design import design_matrix
from relapse_model.model.scoring.batch import score_folder

QUICK = ("prior_logistic", "ridge_logistic")


@pytest.fixture(scope="module")
def every(cohort, study):
    """One model of each classifier there is."""
    return {name: rm.train(cohort, study, candidates=(name,)) for name in KNOWN}


@pytest.mark.parametrize("name", KNOWN)
def test_every_classifier_scores_explains_and_comes_back_from_its_file(every, new_patients, tmp_path, name):
    model = every[name]
    scores = model.score(new_patients)
    assert (scores["status"] == "scored").all()
    assert (scores["risk_lower"] <= scores["risk_upper"]).all()
    few = new_patients.take(np.arange(3))
    explained = model.explain(few)
    log_odds = model.classifier.predict_log_odds(design_matrix(
        rm.derive_features(few, model.study), model.study
    ))  # fmt: skip
    np.testing.assert_allclose(explained.values.sum(axis=1) + explained.base_values, log_odds, atol=1e-5)
    model.save(tmp_path / "model.rmodel")
    again = rm.load_model(tmp_path / "model.rmodel")
    pd.testing.assert_frame_equal(again.score(new_patients), scores)


@pytest.mark.parametrize("name", KNOWN)
def test_a_missing_predictor_is_scored_with_a_warning(every, new_patients, name):
    tables = dict(new_patients.tables())
    tables["patients"] = tables["patients"].assign(hbsag_before_treatment_iu_ml=None)
    gaps = rm.make_cohort(tables["patients"], tables["labs"], tables["treatments"], synthetic=True)
    scores, whole = every[name].score(gaps), every[name].score(new_patients)
    assert (scores["status"] == "scored").all()
    assert scores["warnings"].str.contains("missing: HBsAg before treatment").all()
    if name.startswith("prior") and name != "prior_and_trees":
        wider = (scores["risk_upper"] - scores["risk_lower"]) / (whole["risk_upper"] - whole["risk_lower"])
        assert wider.median() > 1.0


def test_one_job_or_two_give_the_same_model_bit_for_bit(cohort, study, new_patients):
    one, two = (rm.train(cohort, study, seed=3, jobs=jobs) for jobs in (1, 2))
    with parallel_config(backend="threading", n_jobs=2):
        threads = rm.train(cohort, study, seed=3)
    for other in (two, threads):
        assert other.summary == one.summary
        assert other.classifier.to_parts() == one.classifier.to_parts()


def test_processes_of_any_backend_give_the_same_model_and_scores(cohort, study, new_patients, tmp_path):
    """That of multiprocessing cannot hand out results as they come, and joblib refuses to pretend."""
    one = rm.train(cohort, study, seed=3, candidates=("prior_logistic", "ridge_logistic"))
    one.save(tmp_path / "one.rmodel")
    new_patients.write(tmp_path / "new")
    score_folder(one, tmp_path / "new", tmp_path / "one.csv", chunk_patients=20)
    with parallel_config(backend="multiprocessing", n_jobs=2):
        other = rm.train(cohort, study, seed=3, candidates=("prior_logistic", "ridge_logistic"))
        score_folder(one, tmp_path / "new", tmp_path / "two.csv", chunk_patients=20, jobs=2)
    assert other.summary == one.summary
    assert other.classifier.to_parts() == one.classifier.to_parts()
    assert (tmp_path / "two.csv").read_bytes() == (tmp_path / "one.csv").read_bytes()


def test_recalibration_is_learned_inside_and_kept_in_the_file(cohort, study, new_patients, tmp_path):
    model = rm.train(cohort, study, candidates=("ridge_logistic",), calibration="logistic")
    line = model.classifier.recalibration_
    assert 0.0 < line.slope < 2.0
    plain = rm.train(cohort, study, candidates=("ridge_logistic",))
    features = rm.derive_features(new_patients, study)
    before, after = (np.log(r) - np.log1p(-r) for r in (plain.predict_risk(features), model.predict_risk(features)))
    np.testing.assert_allclose(after, line.intercept + line.slope * before)
    model.save(tmp_path / "model.rmodel")
    again = rm.load_model(tmp_path / "model.rmodel")
    assert again.classifier.recalibration_ == line


def test_recalibrated_candidates_are_compared_as_they_will_be(cohort, study):
    from relapse_model.development.choice import _held_out_risks
    from relapse_model.features.design import design
    from relapse_model.features.development_data import development_data

    data = development_data(cohort, study)
    train, held = data.take(np.arange(32, 132)), data.matrix[:32]
    names = ("prior_logistic", "prior_and_trees", "boosted_trees")
    found = _held_out_risks(names, train, held, design(study), 0, "logistic")
    plain = _held_out_risks(names, train, held, design(study), 0)
    assert all(not np.allclose(found[name], plain[name], rtol=1e-6) for name in names)


@pytest.mark.parametrize("method", ["isotonic", "class_weight", "smote", "platt"])
def test_what_spoils_risks_is_refused_by_name(cohort, study, method):
    with pytest.raises(CalibrationMethodError, match=method):
        rm.train(cohort, study, calibration=method)
    with pytest.raises(CalibrationMethodError, match=method):
        rm.validate(cohort, study, calibration=method)


def test_hazards_cannot_be_recalibrated(cohort, study):
    with pytest.raises(RelapseModelError, match="'prior_hazard' does not take"):
        rm.train(cohort, study, candidates=("prior_hazard",), calibration="logistic")


def test_hazards_tell_the_risk_by_each_week(every, new_patients):
    hazard = every["prior_hazard"]
    risks = hazard.risk_by_week(new_patients, [4, 12, 24, 48])
    assert (risks.diff(axis=1).iloc[:, 1:] > 0).all(axis=None)
    np.testing.assert_allclose(risks[48], hazard.score(new_patients)["relapse_risk"], rtol=1e-12)
    with pytest.raises(RelapseModelError, match="by week 48"):
        hazard.risk_by_week(new_patients, [52])
    with pytest.raises(RelapseModelError, match="knows the horizon only"):
        every["prior_logistic"].risk_by_week(new_patients, [12])


@pytest.mark.parametrize("weeks", [48, [], ["a"], [0], [float("nan")], [True, "x"]])
def test_weeks_that_are_none_are_refused_as_they_came(every, new_patients, weeks):
    with pytest.raises(RelapseModelError, match="weeks since enrolment, after week 0"):
        every["prior_hazard"].risk_by_week(new_patients, weeks)


@pytest.mark.parametrize("week", ["x", [0, 12], True, float("nan"), float("inf")])
def test_a_landmark_that_is_no_week_is_refused(every, new_patients, study, week):
    for asked in (every["prior_logistic"].score, every["prior_logistic"].explain):
        with pytest.raises(RelapseModelError, match="expected one week, as a number"):
            asked(new_patients, landmark_week=week)
    with pytest.raises(RelapseModelError, match="expected one week, as a number"):
        rm.derive_features(new_patients, study, landmark_week=week)


@pytest.mark.parametrize("weeks", [["x", 1], [None, 1], [0, float("nan")]])
def test_landmarks_that_are_no_weeks_are_refused(cohort, study, weeks):
    with pytest.raises(RelapseModelError, match="expected one week, as a number"):
        rm.train(cohort, study, landmark_week=weeks, candidates=("prior_logistic",))


def test_an_earlier_model_that_no_candidate_would_use_is_refused(cohort, study, every):
    with pytest.raises(RelapseModelError, match=r"\(ridge_logistic\) starts from an earlier model"):
        rm.train(cohort, study, candidates=("ridge_logistic",), prior=every["prior_logistic"])


def test_the_path_of_a_model_is_no_model(cohort, study):
    with pytest.raises(RelapseModelError, match="prior is of type str; expected a model or a cohort"):
        rm.train(cohort, study, candidates=("prior_logistic",), prior="earlier.rmodel")


def test_more_predictors_than_relapses_are_refused_unless_asked_for(study):
    small = rm.simulate_cohort(60, seed=1)
    with pytest.raises(InsufficientDataError, match=r"predictors and \d+ events"):
        rm.train(small, study, candidates=QUICK)
    model = rm.train(small, study, candidates=("prior_logistic",), more_predictors_than_events=True)
    assert model.summary["events"] < len(study.predictors)


def test_an_earlier_cohort_is_a_prior_like_its_model(cohort, study, new_patients):
    other = rm.simulate_cohort(300, seed=30)
    by_cohort = rm.train(cohort, study, candidates=("prior_logistic",), prior=other)
    by_model = rm.train(
        cohort, study, candidates=("prior_logistic",), prior=rm.train(other, study, candidates=("prior_logistic",))
    )
    pd.testing.assert_frame_equal(by_cohort.score(new_patients), by_model.score(new_patients))
    assert by_cohort.summary["parent"]["patients"] == 300
    assert 0.0 < by_cohort.classifier.previous_weight_ < 1.0


@pytest.mark.parametrize("seed", [None, 1.5, "3", -1, 2**32, True, np.float64(3)])
def test_a_seed_that_is_none_is_refused_before_anything_is_fitted(seed, cohort, study, monkeypatch):
    monkeypatch.setattr("relapse_model.development.choice.fit_known", lambda *_, **__: pytest.fail("fitted"))
    for run in (rm.train, rm.validate):
        with pytest.raises(RelapseModelError, match="seed is"):
            run(cohort, study, seed=seed, candidates=("prior_logistic",))
    if seed != 2**32:  # the simulator takes larger ones
        with pytest.raises(RelapseModelError, match="seed is"):
            rm.simulate_cohort(5, seed=seed)


def test_a_seed_of_numpy_is_one(study, tmp_path):
    cohort = rm.simulate_cohort(132, seed=np.int64(7))
    model = rm.train(cohort, study, candidates=("ridge_logistic",), seed=np.uint8(3))
    assert type(model.summary["seed"]) is int
    model.save(tmp_path / "m.rmodel")
    same = rm.train(rm.simulate_cohort(132, seed=7), study, candidates=("ridge_logistic",), seed=3)
    assert np.array_equal(
        model.predict_risk(rm.derive_features(cohort, study)), same.predict_risk(rm.derive_features(cohort, study))
    )
