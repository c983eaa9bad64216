"""Bootstrap validation: what is drawn, that copies stay together, that every resample is a whole development."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

import relapse_model as rm
from relapse_model.development.folds import data_folds
from relapse_model.development.internal_validation import refits
from relapse_model.development.internal_validation.bootstrap import BY_MEDIAN, CORRECTED, OUT_OF_BAG, WITH_INTERVAL
from relapse_model.errors import InsufficientDataError
from relapse_model.features.development_data import development_data
from relapse_model.features.development_data_at_landmarks import stacked_data
from relapse_model.study.several_landmarks import stacked_study


@pytest.fixture(scope="module")
def data(cohort, study):
    return development_data(cohort, study)


@pytest.fixture(scope="module")
def found(cohort, study):
    return rm.validate(cohort, study, candidates=("prior_logistic",), outer_repeats=1, bootstraps=60)


def test_a_resample_draws_patients_whoever_they_are(data):
    """As Riley and Collins draw: numbers relapsed, free and lost vary by chance. Fixed, models look too stable."""
    rng = np.random.default_rng(0)
    drawn, rows = data.resample(rng)
    assert len(drawn) == len(data) == 132
    np.testing.assert_array_equal(drawn.matrix, data.matrix[rows])
    assert 0.55 < len(np.unique(rows)) / 132 < 0.72  # 1 - 1/e = 0.632
    events = np.array([np.sum(data.resample(rng)[0].relapse == 1) for _ in range(400)])
    share = data.events / 132
    assert events.mean() == pytest.approx(data.events, abs=0.7)  # three standard errors
    assert events.std() == pytest.approx(np.sqrt(132 * share * (1 - share)), rel=0.15)  # binomial
    lost = np.array([np.isnan(data.resample(rng)[0].relapse).sum() for _ in range(50)])
    assert len(set(lost)) > 3


def test_copies_of_a_patient_lie_in_one_fold_and_each_counts(data):
    drawn, _ = data.resample(np.random.default_rng(1))
    for _, test in data_folds(drawn, 5, 2, seed=0):
        inside = np.zeros(len(drawn), dtype=bool)
        inside[test] = True
        assert not set(drawn.patient[inside]) & set(drawn.patient[~inside])
    assert drawn.row_share().tolist() == [1.0] * 132


def test_a_resample_of_several_landmarks_draws_patients_whole(cohort, study):
    stacked = stacked_study(study, (0, 12, 24))
    data = stacked_data(cohort, stacked, (0, 12, 24))
    drawn, rows = data.resample(np.random.default_rng(2))
    own = np.bincount(data.patient)
    for patient in np.unique(drawn.patient):
        copies = len(np.unique(drawn.copy[drawn.patient == patient]))
        assert np.sum(drawn.patient == patient) == copies * own[patient]
    assert len(np.unique(drawn.copy)) == data.patients
    assert drawn.row_share().sum() == pytest.approx(data.patients)
    np.testing.assert_array_equal(drawn.landmarks, data.landmarks[rows])


def test_optimism_is_what_is_lost_from_resample_to_original(found):
    corrected = found.bootstrap.corrected
    assert set(corrected) == set(CORRECTED)
    for name, one in corrected.items():
        assert one.value == pytest.approx(one.apparent - one.optimism), name
        own = found.apparent.measures[name]
        assert one.apparent == pytest.approx(own if isinstance(own, float) else own.value), name
    # A model looks better where it was made: in its AUC, its losses and its slope.
    assert corrected["auc"].optimism > 0 > corrected["log_loss"].optimism
    assert corrected["calibration_slope"].value < corrected["calibration_slope"].apparent


def test_calibration_measures_have_no_interval(found):
    stated = found.bootstrap.to_dict()["optimism_corrected"]
    assert {name for name in stated if "lower" in stated[name]} == set(WITH_INTERVAL)
    assert {name for name in stated if stated[name]["optimism_over_resamples"] == "median"} == set(BY_MEDIAN)


def test_point_632_plus_lies_between_apparent_and_out_of_bag(found):
    plus = found.bootstrap.point632_plus["auc"]
    assert plus.out_of_bag < plus.value < plus.apparent
    assert plus.no_information == 0.5


def test_stability_is_that_of_the_resampled_models(found):
    stable = found.bootstrap.stability
    own = found.model.predict_risk(found.data.features)
    assert ((stable.lower <= own) & (own <= stable.upper)).mean() > 0.9
    assert 0.0 < stable.mape < 0.1
    assert found.bootstrap.failed == {}
    effects = dict(zip(found.bootstrap.columns, found.bootstrap.effects.positive, strict=True))
    assert effects["anti_hbs"] < 0.1  # the more antibody the lower the risk, in nearly all resamples


def test_a_resample_that_fails_is_counted_and_the_rest_goes_on(cohort, study, monkeypatch):
    original, calls = refits.develop, []

    def fails_sometimes(*args, **kwargs):
        calls.append(1)
        if len(calls) % 10 == 0:
            raise InsufficientDataError("nothing to learn from here")
        return original(*args, **kwargs)

    monkeypatch.setattr(refits, "develop", fails_sometimes)
    found = rm.validate(cohort, study, candidates=("prior_logistic",), outer_repeats=1, bootstraps=50, leave_out=None)
    assert sum(found.bootstrap.failed.values()) == 5
    assert found.bootstrap.stability.failed == 5
    assert found.bootstrap.corrected["auc"].failed == 5


def test_each_centre_is_predicted_by_a_model_of_the_others(cohort, study, monkeypatch):
    seen = []
    original = refits.develop

    def spy(train, *args, **kwargs):
        seen.append(set(train.features.index))
        return original(train, *args, **kwargs)

    monkeypatch.setattr(refits, "develop", spy)
    found = rm.validate(cohort, study, candidates=("prior_logistic",), outer_repeats=1, bootstraps=0)
    centre = cohort.patients.set_index("patient_id")["centre"]
    assert found.bootstrap is None
    assert [group.name for group in found.left_out] == sorted(centre.unique())
    for patients in seen[-3:]:
        left = set(found.data.features.index) - patients
        assert centre[list(left)].nunique() == 1
        assert left == set(centre.index[centre == centre[next(iter(left))]])
    assert sum(int(group.patients) for group in found.left_out) == 132


def test_without_centres_nothing_is_left_out(cohort, study):
    tables = dict(cohort.tables())
    one = rm.make_cohort(
        tables["patients"].drop(columns="centre"), tables["labs"], tables["treatments"], synthetic=True
    )
    found = rm.validate(one, study, candidates=("prior_logistic",), outer_repeats=1, bootstraps=0)
    assert found.left_out == ()
    assert found.settings["leave_out"] is None


def test_subgroups_and_thresholds_are_those_of_the_out_of_fold_risks(found):
    assert {"sex", "arm", "centre", "age"} <= set(found.subgroups)
    for groups in found.subgroups.values():
        assert sum(int(group.patients) for group in groups if group.patients.isdigit()) <= 132
    assert [one.threshold for one in found.thresholds] == [0.05, 0.10, 0.15, 0.20, 0.30]
    sensitivity = [one.measures["sensitivity"].value for one in found.thresholds]
    assert sensitivity == sorted(sensitivity, reverse=True)


def test_the_model_that_is_judged_is_the_one_that_train_makes(found, model, new_patients):
    assert found.model.score(new_patients).equals(model.score(new_patients))


def test_jobs_change_nothing_in_the_bootstrap(cohort, study, found):
    again = rm.validate(cohort, study, candidates=("prior_logistic",), outer_repeats=1, bootstraps=60, jobs=2)
    assert again.to_dict() == found.to_dict()


def test_a_centre_without_a_model_of_the_others_is_listed_with_the_reason(cohort, study, monkeypatch):
    original, calls = refits.develop, []

    def fails_at_last(*args, **kwargs):
        calls.append(1)
        if len(calls) == 8:  # 5 folds, then 3 centres
            raise InsufficientDataError("too few events elsewhere")
        return original(*args, **kwargs)

    monkeypatch.setattr(refits, "develop", fails_at_last)
    found = rm.validate(cohort, study, candidates=("prior_logistic",), outer_repeats=1, bootstraps=0)
    hidden = {group.name: group.hidden for group in found.left_out if group.hidden}
    assert list(hidden.values()) == ["no model of the others: too few events elsewhere"]
    assert len(found.left_out) == 3


def test_20_resamples_give_point_estimates_and_say_why_there_is_no_interval(cohort, study):
    boot = rm.validate(
        cohort, study, candidates=("prior_logistic",), outer_repeats=1, bootstraps=20, leave_out=None
    ).bootstrap
    assert set(boot.corrected) == set(CORRECTED)
    assert boot.refused == {}
    stated = boot.to_dict()["optimism_corrected"]["auc"]
    assert stated["value"] == boot.corrected["auc"].corrected == pytest.approx(stated["apparent"] - stated["optimism"])
    assert "20 of 20 resamples could be used; an interval of 95 % needs 40" in stated["no_interval"]
    assert set(boot.point632_plus) == set(OUT_OF_BAG)


def by_centre(study):
    return replace(study, outcome=replace(study.outcome, censoring_by="centre"))


@pytest.fixture(scope="module")
def with_a_tiny_centre(cohort, study):
    """The weights of a centre of 3 patients cannot be made where those drawn of it are lost."""
    tables = {name: table.copy() for name, table in cohort.tables().items()}
    tables["patients"]["centre"] = ["tiny"] * 3 + ["big"] * 129
    return rm.make_cohort(**tables, study=by_centre(study))


@pytest.mark.parametrize(
    ("candidates", "resamples"),
    [(("prior_logistic",), 40), (("prior_hazard",), 40), (("prior_logistic", "ridge_logistic"), 12)],
)
def test_resamples_without_weights_are_counted_by_reason(with_a_tiny_centre, study, candidates, resamples):
    found = rm.validate(
        with_a_tiny_centre, by_centre(study), candidates=candidates, outer_repeats=1, bootstraps=resamples
    )
    boot = found.bootstrap
    refused = boot.failed | boot.unjudged
    assert 0 < sum(refused.values()) < resamples
    assert len(refused) == 1
    (reason,) = refused
    assert "Censoring weights at week …: the … patients of group 'tiny'" in reason  # the numbers differ, not the reason
    # Hazards are fitted without weights; what cannot be done without them is to judge the model.
    assert bool(boot.unjudged) == (candidates == ("prior_hazard",))
    if 2 * sum(refused.values()) > resamples:  # comparing candidates needs the weights of every fold too
        assert f"exists in {resamples - sum(refused.values())} of {resamples} resamples" in boot.refused["auc"]
    else:
        assert boot.corrected["auc"].failed == sum(refused.values())
    assert json.dumps(boot.to_dict()["failed"])


def test_no_resample_at_all_is_told_as_not_estimable(cohort, study, monkeypatch):
    original, calls = refits.develop, []

    def fails_in_resamples(*args, **kwargs):
        calls.append(1)
        if len(calls) > 5:  # after the folds
            raise InsufficientDataError("nothing to learn from here")
        return original(*args, **kwargs)

    monkeypatch.setattr(refits, "develop", fails_in_resamples)
    found = rm.validate(cohort, study, candidates=("prior_logistic",), outer_repeats=1, bootstraps=6, leave_out=None)
    boot = found.bootstrap
    assert boot.failed == {"nothing to learn from here": 6}
    assert (boot.corrected, boot.point632_plus, boot.stability) == ({}, {}, None)
    assert "exists in 0 of 6 resamples" in boot.refused["auc"]
    assert "none of 6 out-of-bag samples" in boot.refused["auc_632"]
    assert "auc" in found.performance.measures


def test_a_programming_error_in_a_resample_shows(cohort, study, monkeypatch):
    def broken(*args, **kwargs):
        raise TypeError("no refusal, a mistake")

    monkeypatch.setattr(refits, "develop", broken)
    with pytest.raises(TypeError, match="a mistake"):
        rm.validate(cohort, study, candidates=("prior_logistic",), outer_repeats=1, bootstraps=2, leave_out=None)


def test_a_resample_without_a_relapse_is_a_refusal_of_that_resample(data, study):
    """Drawn plainly, rare outcomes may not be drawn at all; single candidates compare nothing and would not notice."""
    from relapse_model.development.procedure import Procedure
    from relapse_model.features.design import design

    nobody = data.take(np.flatnonzero(data.relapse == 0)[:40])
    for name in ("prior_logistic", "ridge_logistic", "random_forest", "prior_hazard"):
        task = refits.Task(nobody, np.arange(5), 0)
        (one,) = refits.run_tasks(data, Procedure(design(study), (name,)), [task], jobs=1, progress=False)
        assert one.failed == "a run of the procedure: … patients with the outcome and … without"
        assert np.isnan(one.risk).all()
