"""One model for several landmarks: trained, judged, saved and scored at each of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.cli.program import main
from relapse_model.errors import RelapseModelError
from relapse_model.features.development_data import development_data

WEEKS = (0, 12, 24)


@pytest.fixture(scope="module")
def stacked(cohort, study):
    return rm.train(cohort, study, landmark_week=WEEKS, candidates=("prior_logistic",))


@pytest.fixture(scope="module")
def found(cohort, study):
    return rm.validate(
        cohort, study, landmark_week=WEEKS, candidates=("prior_logistic",), outer_repeats=1, bootstraps=0
    )


def test_it_knows_its_landmarks(stacked):
    assert stacked.landmark_weeks == (0.0, 12.0, 24.0)
    assert stacked.landmark() == 0.0
    assert [one["week"] for one in stacked.summary["by_landmark"]] == [0.0, 12.0, 24.0]
    assert stacked.summary["patients"] == 132


def test_a_patient_is_scored_again_at_each_visit(stacked):
    patients = rm.simulate_cohort(100, seed=9)
    at = {week: stacked.score(patients, landmark_week=week).set_index("patient_id") for week in WEEKS}
    scored = at[24]["status"] == "scored"  # who relapsed before week 24 is rejected there, with the reason
    assert 0 < (~scored).sum() < len(scored)
    assert at[24].loc[~scored, "reason"].str.contains("at or before week 24").all()
    # With fewer weeks to the horizon there is less to come, on the whole.
    risks = [at[week].loc[scored, "relapse_risk"].mean() for week in WEEKS]
    assert risks[0] > risks[1] > risks[2]


def test_a_week_between_landmarks_is_scored_with_a_warning_and_one_outside_refused(stacked, new_patients):
    between = stacked.score(new_patients, landmark_week=8)
    scored = between["status"] == "scored"
    assert between.loc[scored, "warnings"].str.contains("week 8 lies between the landmarks").all()
    for week in (-4, 30):
        with pytest.raises(RelapseModelError, match=f"landmark_week is {week}; expected weeks 0 to 24"):
            stacked.score(new_patients, landmark_week=week)


def test_a_model_of_one_landmark_takes_no_other(model, new_patients):
    pd.testing.assert_frame_equal(model.score(new_patients, landmark_week=0), model.score(new_patients))
    with pytest.raises(RelapseModelError, match="expected week 0, for which this model was trained"):
        model.score(new_patients, landmark_week=12)


def test_what_was_seen_after_the_week_changes_no_score(stacked, new_patients):
    tables = dict(new_patients.tables())
    tables["labs"] = tables["labs"][tables["labs"]["week"] <= 12]
    tables["treatments"] = tables["treatments"][tables["treatments"]["start_week"] <= 12]
    known = rm.make_cohort(tables["patients"], tables["labs"], tables["treatments"], synthetic=True)
    pd.testing.assert_frame_equal(stacked.score(known, landmark_week=12), stacked.score(new_patients, landmark_week=12))


def test_it_comes_back_from_its_file(stacked, new_patients, tmp_path):
    stacked.save(tmp_path / "stacked.rmodel")
    again = rm.load_model(tmp_path / "stacked.rmodel")
    assert again.landmark_weeks == stacked.landmark_weeks
    pd.testing.assert_frame_equal(
        again.score(new_patients, landmark_week=24), stacked.score(new_patients, landmark_week=24)
    )


def test_explanations_add_up_at_each_week(stacked, new_patients):
    features = rm.derive_features(new_patients, stacked.study, 12)
    explained = stacked.explain(new_patients, landmark_week=12)
    log_odds = np.log(stacked.predict_risk(features)) - np.log1p(-stacked.predict_risk(features))
    np.testing.assert_allclose(explained.values.sum(axis=1) + explained.base_values, log_odds, atol=1e-9)
    assert explained.feature_names[-1] == "Week of the landmark (weeks)"


def test_validation_judges_each_landmark_among_those_at_risk_there(found, cohort, study):
    assert list(found.by_landmark) == [0.0, 12.0, 24.0]
    assert found.performance is found.by_landmark[0.0]
    at_risk = [found.by_landmark[week].patients for week in WEEKS]
    assert at_risk == [132, *(len(development_data(cohort, study, week)) for week in (12, 24))]
    assert at_risk[0] > at_risk[1] > at_risk[2]
    assert found.risks.shape == (1, 132)
    assert [one["week"] for one in found.to_dict()["by_landmark"]] == [0.0, 12.0, 24.0]


def test_evaluation_at_a_landmark(stacked):
    others = rm.simulate_cohort(300, seed=21)
    first, later = stacked.evaluate(others), stacked.evaluate(others, landmark_week=24)
    assert first.patients > later.patients
    assert first.events > later.events


def test_on_the_command_line(tmp_path, capsys):
    folder, model = str(tmp_path / "cohort"), str(tmp_path / "stacked.rmodel")
    assert main(["simulate", "--patients", "132", "--seed", "7", "--out", folder]) == 0
    train = ["train", folder, "--out", model, "--candidates", "prior_logistic"]
    assert main([*train, "--landmark-week", "0", "12", "24"]) == 0
    assert "at risk at weeks 0, 12, 24" in capsys.readouterr().out
    assert main(["score", model, folder, "--out", str(tmp_path / "scores.csv"), "--landmark-week", "12"]) == 0
    scores = pd.read_csv(tmp_path / "scores.csv", keep_default_na=False)
    assert len(scores) == 132
    assert main(["explain", model, folder, "--out", str(tmp_path / "e.csv"), "--landmark-week", "12"]) == 0
    assert main(["score", model, folder, "--out", str(tmp_path / "scores.csv"), "--landmark-week", "40"]) == 1
    assert "expected weeks 0 to 24" in capsys.readouterr().err
