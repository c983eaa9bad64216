"""Several landmarks below one another: rows, outcomes, censoring weights and shares, counted by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.development.folds import data_folds
from relapse_model.errors import CohortError, InsufficientDataError, RelapseModelError
from relapse_model.features.development_data import development_data
from relapse_model.features.development_data_at_landmarks import landmarks_and_data, stacked_data
from relapse_model.study.effect_modifiers import with_effect_modifiers
from relapse_model.study.reader import parse_study
from relapse_model.study.several_landmarks import landmarks_beside_text, stacked_study

STUDY = """
[study]
protocol = 1
name = "stacked"

[analytes.hbsag]
unit = "IU/mL"
scale = "log10"
lower_limit = 0.05

[analytes.alt]
unit = "U/L"

[outcome]
analyte = "hbsag"
at_least = 0.05

[prediction]
landmark_weeks = [0]
horizon_weeks = 48
visit_window_weeks = 4

[[predictors]]
name = "alt"
kind = "last"
analyte = "alt"

[[predictors]]
name = "age"
kind = "column"
column = "age_years"
"""
NEGATIVE, POSITIVE = "<0.05", "0.3"
WEEKS = (0, 12)
# Of each patient: HBsAg and ALT, by week.
PATIENTS = {
    "free": ({0: NEGATIVE, 12: NEGATIVE, 50: NEGATIVE}, {0: "10", 10: "20", 20: "99"}),
    "early": ({0: NEGATIVE, 8: POSITIVE, 16: POSITIVE}, {0: "30", 8: "40"}),
    "late": ({0: NEGATIVE, 12: NEGATIVE, 30: POSITIVE}, {0: "50"}),
    "lost": ({0: NEGATIVE, 12: NEGATIVE, 24: NEGATIVE}, {0: "60", 12: "70"}),
    "gone": ({0: NEGATIVE, 10: NEGATIVE}, {0: "80"}),
}
# Landmark 0: all five. Landmark 12: "early" is positive; "gone" was free when last tested, and is lost at once: who is
# at risk does not depend on whether a test follows.
ROWS = ["free", "early", "late", "lost", "gone", "free", "late", "lost", "gone"]
EXPECTED = {
    "patient": [0, 1, 2, 3, 4, 0, 2, 3, 4],
    "landmarks": [0, 0, 0, 0, 0, 12, 12, 12, 12],
    "relapse": [0, 1, 1, np.nan, np.nan, 0, 1, np.nan, np.nan],
    "time": [50, 8, 30, 24, 10, 50, 30, 24, 12],
    "event": [0, 1, 1, 0, 0, 0, 1, 0, 0],
    "horizon_time": [48, 8, 30, 24, 10, 48, 30, 24, 12],
    "horizon_event": [0, 1, 1, 0, 0, 0, 1, 0, 0],
    # ALT as last seen at the landmark, age, and the landmark's own week.
    "matrix": [
        [10, 30, 0], [30, 31, 0], [50, 32, 0], [60, 33, 0], [80, 34, 0],
        [20, 30, 12], [50, 32, 12], [70, 33, 12], [80, 34, 12],
    ],
}  # fmt: skip
# Landmark 0: week 8, a relapse leaves 4; week 10, 1 of 4 is lost, G = 3/4; week 24, 1 of 3, G = 1/2.
# Landmark 12: 1 of 4 is lost at once, G = 3/4; week 24, 1 of 3, G = 1/2, and the other two count 2.
WEIGHTS = [2, 1, 2, 0, 0, 2, 2, 0, 0]


def small_study(text=STUDY):
    return stacked_study(parse_study(text, "test"), WEEKS)


def small_cohort(patients=PATIENTS, **columns):
    tests = [
        (who, week, value, analyte, unit)
        for who, both in patients.items()
        for analyte, unit, by_week in zip(("hbsag", "alt"), ("IU/mL", "U/L"), both, strict=True)
        for week, value in by_week.items()
    ]
    labs = pd.DataFrame(tests, columns=["patient_id", "week", "value", "analyte", "unit"])
    ages = range(30, 30 + len(patients))
    table = pd.DataFrame({"patient_id": list(patients), "age_years": ages, **columns})
    return rm.make_cohort(table, labs, study=small_study())


@pytest.fixture(scope="module")
def data():
    return stacked_data(small_cohort(), small_study(), WEEKS)


@pytest.fixture(scope="module")
def simulated_study():
    return stacked_study(rm.load_study("hbsag-relapse"), (0, 12, 24))


@pytest.fixture(scope="module")
def simulated(cohort, simulated_study):
    return stacked_data(cohort, simulated_study, (0, 12, 24))


@pytest.mark.parametrize("array", EXPECTED)
def test_rows_by_hand(data, array):
    np.testing.assert_array_equal(getattr(data, array), EXPECTED[array])


def test_who_and_how_many_by_hand(data):
    assert list(data.features.index) == ROWS
    assert list(data.features) == ["alt", "age", "landmark_week"]
    assert (len(data), data.patients, data.events, data.not_at_risk) == (9, 5, 2, 0)
    assert data.lost == 2  # the lost and the gone; "free" and those who relapse are known
    assert (data.landmark, data.landmark_weeks, data.horizon) == (0.0, (0.0, 12.0), 48.0)
    assert repr(data) == "DevelopmentData(5 patients in 9 rows, 2 relapses, 2 lost)"


def test_censoring_weights_by_hand(data):
    np.testing.assert_allclose(data.weights(), WEIGHTS)


def test_all_rows_have_the_same_share_and_together_weigh_as_many_as_there_are_patients(data):
    assert data.row_share().tolist() == [5 / 9] * 9
    outcome, weight = data.training_rows()
    np.testing.assert_array_equal(outcome, [0, 1, 1, 0, 0, 0, 1, 0, 0])
    np.testing.assert_allclose(weight, np.array(WEIGHTS) * 5 / 9)
    assert weight.sum() == pytest.approx(5)


@pytest.mark.parametrize(
    ("way", "weight"), [("drop_lost", [1, 1, 1, 0, 0, 1, 1, 0, 0]), ("lost_as_free", [1, 1, 1, 1, 1, 1, 1, 1, 1])]
)
def test_the_lost_are_counted_as_is_asked_for(way, weight):
    data = stacked_data(small_cohort(), small_study(), WEEKS, censoring=way)
    np.testing.assert_allclose(data.training_rows()[1], np.array(weight) * 5 / 9)
    np.testing.assert_allclose(data.weights(), WEIGHTS)


def test_the_rows_of_one_landmark_are_those_of_a_development_there(data):
    at_12 = data.at(12)
    assert list(at_12.features.index) == ["free", "late", "lost", "gone"]
    assert (len(at_12), at_12.patients, at_12.not_at_risk, at_12.landmark) == (4, 4, 1, 12)
    assert at_12.landmark_weeks == (12,)
    np.testing.assert_allclose(at_12.weights(), [2, 2, 0, 0])
    assert at_12.row_share().tolist() == [1.0, 1.0, 1.0, 1.0]
    alone = development_data(small_cohort(), small_study(), 12)
    pd.testing.assert_frame_equal(at_12.features, alone.features)
    np.testing.assert_array_equal(at_12.horizon_time, alone.horizon_time)


def test_of_the_rows_that_are_taken_the_shares_and_weights_are_their_own(data):
    # free and late at both landmarks, early at 0: three patients in five rows, and nobody lost
    taken = data.take(np.array([0, 1, 2, 5, 6]))
    assert (taken.patients, taken.events) == (3, 2)
    assert taken.row_share().tolist() == [3 / 5] * 5
    assert taken.weights().tolist() == [1.0] * 5


def test_weeks_are_put_in_order(data):
    other = stacked_data(small_cohort(), small_study(), (12, 0))
    pd.testing.assert_frame_equal(other.features, data.features)


def test_who_is_at_risk_at_no_landmark_is_counted():
    patients = {
        "positive": ({0: POSITIVE}, {0: "10"}),
        **PATIENTS,
        "unseen": ({}, {0: "10"}),
        "back": ({12: NEGATIVE, 50: NEGATIVE}, {0: "90"}),
    }
    data = stacked_data(small_cohort(patients), small_study(), WEEKS)
    counted = set(data.features.index)
    assert counted == {*PATIENTS, "back"}
    assert (data.patients, data.not_at_risk) == (6, 2)
    assert data.patient[data.features.index == "free"].tolist() == [1, 1]  # positions are those of the cohort


# What came later


LATER = {
    "free": ({0: NEGATIVE, 12: NEGATIVE, 50: NEGATIVE}, {0: "10", 10: "20", 12.5: "1", 13: "500", 47: "3"}),
    "late": ({0: NEGATIVE, 12: NEGATIVE, 30: POSITIVE}, {0: "50", 30: "700"}),
}


def test_a_result_after_a_landmark_changes_no_predictor_there(data):
    other = stacked_data(small_cohort({**PATIENTS, **LATER}), small_study(), WEEKS)
    pd.testing.assert_frame_equal(other.features, data.features)


def test_a_result_between_landmarks_changes_the_later_one_only(data):
    patients = {**PATIENTS, "late": (PATIENTS["late"][0], {0: "50", 6: "55"})}
    found = stacked_data(small_cohort(patients), small_study(), WEEKS).features["alt"]
    assert found.tolist() == [10, 30, 50, 60, 80, 20, 55, 70, 80]


@pytest.mark.parametrize("week", [0, 12])
def test_in_a_simulated_cohort_nothing_that_comes_after_is_known(cohort, simulated_study, simulated, week):
    tables = cohort.tables()
    labs = tables["labs"]
    later = (labs["week"].astype(float) > week) & labs["analyte"].isin(["anti_hbs", "hbcrag"])
    without = rm.make_cohort(**(tables | {"labs": labs[~later]}), synthetic=True)
    other = stacked_data(without, simulated_study, (0, 12, 24))
    pd.testing.assert_frame_equal(other.at(week).features, simulated.at(week).features)
    assert not other.at(24).features.equals(simulated.at(24).features)


# Folds and groups


@pytest.mark.parametrize("seed", range(3))
def test_folds_keep_patients_whole(simulated, seed):
    folds = data_folds(simulated, 5, 2, seed)
    assert [repeat for repeat, _ in folds] == [0] * 5 + [1] * 5
    for repeat in (0, 1):
        tests = [rows for number, rows in folds if number == repeat]
        assert np.sort(np.concatenate(tests)).tolist() == list(range(len(simulated)))
        patients = np.concatenate([np.unique(simulated.patient[rows]) for rows in tests])
        assert len(patients) == len(np.unique(patients)) == simulated.patients
        assert all((simulated.relapse[rows] == 1).any() for rows in tests)


def test_folds_by_centre_keep_centres_whole():
    # Each centre has two patients free of relapse and two with one, so that either can be learned from alone.
    patients = {f"{name}{copy}": PATIENTS[name] for copy in range(4) for name in ("free", "late")}
    centre = ["north", "north", "north", "north", "south", "south", "south", "south"]
    data = stacked_data(small_cohort(patients, centre=centre), small_study(), WEEKS, group_by="centre")
    assert data.fold_group.tolist() == centre * 2  # at both landmarks
    folds = data_folds(data, 5, 1, seed=0)
    assert sorted(data.fold_group[rows][0] for _, rows in folds) == ["north", "south"]
    assert all(len(rows) == 8 and len(set(data.fold_group[rows])) == 1 for _, rows in folds)


def test_the_share_of_the_lost_stays_in_their_arm_at_each_landmark():
    # Arm a: free, late. Arm b: early, lost, gone, and another who is free.
    patients = {**PATIENTS, "also_free": PATIENTS["free"]}
    study = small_study(STUDY.replace("at_least = 0.05", 'at_least = 0.05\ncensoring_by = "arm"'))
    data = stacked_data(small_cohort(patients, arm=["a", "b", "a", "b", "b", "b"]), study, WEEKS)
    assert data.group.tolist() == ["a", "b", "a", "b", "b", "b", "a", "a", "b", "b", "b"]
    # Landmark 0, arm b: week 8 leaves 3; week 10, 1 of 3, G = 2/3; week 24, 1 of 2, G = 1/3: the free one counts 3.
    # Landmark 12, arm b: 1 of 3 is lost at once, G = 2/3, then 1 of 2, G = 1/3: the free one counts 3. In arm a nobody
    # is lost.
    np.testing.assert_allclose(data.weights(), [1, 1, 1, 0, 0, 3, 1, 1, 0, 0, 3])


# Refusals


def test_a_landmark_at_which_nobody_is_at_risk_is_named():
    patients = {"early": PATIENTS["early"], "also_early": PATIENTS["early"]}
    match = r"no patient of this cohort is at risk.*\(week 12\): 2 not at risk \(positive\)"
    with pytest.raises(InsufficientDataError, match=match):
        stacked_data(small_cohort(patients), small_study(), WEEKS)


@pytest.mark.parametrize("weeks", [(12,), (0, 0), (0, 48)])
def test_weeks_that_cannot_be_landmarks_are_refused(weeks):
    with pytest.raises(RelapseModelError, match="landmark_week is"):
        stacked_data(small_cohort(), small_study(), weeks)


def test_unknown_settings_are_refused():
    with pytest.raises(CohortError, match=r"'site'.*missing.*group_by"):
        stacked_data(small_cohort(), small_study(), WEEKS, group_by="site")
    with pytest.raises(RelapseModelError, match="censoring is 'drop'"):
        stacked_data(small_cohort(), small_study(), WEEKS, censoring="drop")


# One landmark or several


def developed(landmark_week, candidates=("prior_logistic",)):
    study = parse_study(STUDY, "test")
    at, data = landmarks_and_data(small_cohort(), study, landmark_week, candidates, group_by=None, censoring="ipcw")
    assert [one.landmark for one in at] == list(data.landmark_weeks)
    return study, at[0].study, data


@pytest.mark.parametrize(("week", "landmark", "rows"), [(None, 0, 5), (0, 0, 5), (12, 12, 4), (np.float64(12), 12, 4)])
def test_at_one_landmark_the_study_is_used_as_it_is(week, landmark, rows):
    study, used, data = developed(week)
    assert used is study
    assert (len(data), data.landmark, data.landmarks, data.patient) == (rows, landmark, None, None)


@pytest.mark.parametrize("weeks", [(0, 12), [12, 0], np.array([0.0, 12.0])])
def test_several_landmarks_are_stacked(weeks):
    study, used, data = developed(weeks)
    assert [predictor.name for predictor in used.predictors] == ["alt", "age", "landmark_week"]
    assert len(study.predictors) == 2
    np.testing.assert_array_equal(data.matrix, EXPECTED["matrix"])


def test_a_list_of_one_landmark_is_refused_and_not_guessed_at():
    with pytest.raises(RelapseModelError, match="Give a single one as a number"):
        developed([12])


def test_hazards_take_one_landmark():
    with pytest.raises(RelapseModelError, match="'prior_hazard' takes one landmark"):
        developed((0, 12), ("prior_logistic", "prior_hazard"))
    assert len(developed(12, ("prior_hazard",))[2]) == 4


def test_the_effect_modifiers_of_a_plan_at_several_landmarks_keep_the_weeks():
    """The terms are added to the study's text, the weeks stand beside it: neither is lost."""
    study = stacked_study(parse_study(STUDY, "test"), (0, 12))
    planned = with_effect_modifiers(study, "arm", {})  # a plan without modifiers
    assert planned == replace(study, text=planned.text)
    assert landmarks_beside_text(planned) == (0.0, 12.0)
