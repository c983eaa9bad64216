"""Patients of a development: states become arrays, the lost weigh nothing and others carry their share."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.errors import CensoringError, CohortError, InsufficientDataError, RelapseModelError
from relapse_model.features.development_data import (
    CENSORING,
    DevelopmentData,
    development_data,
)
from relapse_model.features.enough_events import FEWEST_EVENTS, require_events, require_support
from relapse_model.study.reader import parse_study

STUDY = """
[study]
protocol = 1
name = "development"

[analytes.hbsag]
unit = "IU/mL"
scale = "log10"
lower_limit = 0.05

[outcome]
analyte = "hbsag"
at_least = 0.05

[prediction]
landmark_weeks = [0, 12]
horizon_weeks = 48
visit_window_weeks = 4

[[predictors]]
name = "age"
kind = "column"
column = "age_years"
"""
NEGATIVE, POSITIVE = "<0.05", "0.3"
# Of each patient: week and result of the tests; then what the arrays must hold at landmark 0.
FOLLOWED = {
    "free": [(0, NEGATIVE), (50, NEGATIVE)],
    "early_visit": [(0, NEGATIVE), (44, NEGATIVE)],
    "relapse": [(0, NEGATIVE), (20, POSITIVE)],
    "late_visit": [(0, NEGATIVE), (50, POSITIVE)],
    "after_horizon": [(0, NEGATIVE), (48, NEGATIVE), (60, POSITIVE)],
    "lost": [(0, NEGATIVE), (24, NEGATIVE)],
    "straddles": [(0, NEGATIVE), (36, NEGATIVE), (60, POSITIVE)],
    "never_seen": [],
    "relapsed_at_enrolment": [(0, POSITIVE)],
}
EXPECTED = pd.DataFrame(
    [
        # relapse, time, event, horizon_time, horizon_event
        ("free", 0, 50, 0, 48, 0),  # known beyond the horizon; for the weights, to the horizon
        ("early_visit", 0, 44, 0, 48, 0),  # seen in the window: counts as followed to the horizon
        ("relapse", 1, 20, 1, 20, 1),
        ("late_visit", 1, 50, 1, 48, 1),  # the visit of week 48 came in week 50
        ("after_horizon", 0, 60, 1, 48, 0),  # free at 48, and a relapse for concordance over all weeks
        ("lost", np.nan, 24, 0, 24, 0),
        ("straddles", np.nan, 60, 1, 36, 0),  # at 48 nobody knows: lost after the last negative
    ],
    columns=["patient", "relapse", "time", "event", "horizon_time", "horizon_event"],
).set_index("patient")


@pytest.fixture(scope="module")
def small_study():
    return parse_study(STUDY, "test")


def followed_cohort(study, followed):
    rows = [(who, week, value) for who, tests in followed.items() for week, value in tests]
    labs = pd.DataFrame(rows, columns=["patient_id", "week", "value"]).assign(analyte="hbsag", unit="IU/mL")
    patients = pd.DataFrame({"patient_id": list(followed), "age_years": range(30, 30 + len(followed))})
    return rm.make_cohort(patients, labs, study=study)


@pytest.fixture
def data(small_study):
    return development_data(followed_cohort(small_study, FOLLOWED), small_study)


@pytest.mark.parametrize("array", EXPECTED.columns)
def test_states_become_arrays(data, array):
    np.testing.assert_array_equal(getattr(data, array), EXPECTED[array])


def test_those_at_risk_are_kept_in_order_with_their_predictors(data):
    assert list(data.features.index) == list(EXPECTED.index)
    assert data.matrix.tolist() == [[30.0], [31.0], [32.0], [33.0], [34.0], [35.0], [36.0]]
    assert (len(data), data.events, data.lost, data.not_at_risk, data.horizon) == (7, 2, 2, 2, 48.0)


def test_weights_by_hand(data):
    # 7 at risk. Week 20: one relapse leaves 6. Week 24: 1 of 6 lost, G = 5/6. Week 36: 1 of 5 lost, G = 2/3.
    # The relapse at 20 weighs 1; whoever is known at 48 weighs 1 / (2/3) = 1.5; the lost weigh nothing.
    np.testing.assert_allclose(data.weights(), [1.5, 1.5, 1.0, 1.5, 1.5, 0.0, 0.0])
    assert data.weights().sum() == pytest.approx(7)


# Who counts in training, and how much: free, early visit, relapse, late visit, after the horizon, lost, straddles.
COUNTED = {
    "ipcw": ([0, 0, 1, 1, 0, 0, 0], [1.5, 1.5, 1.0, 1.5, 1.5, 0.0, 0.0]),
    "drop_lost": ([0, 0, 1, 1, 0, 0, 0], [1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0]),
    "lost_as_free": ([0, 0, 1, 1, 0, 0, 0], [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]),
}
# Weighted mean of the outcome: 2.5 of 7, 2 of 5, and 2 of 7.
MEAN_RISK = {"ipcw": 2.5 / 7, "drop_lost": 0.4, "lost_as_free": 2 / 7}


@pytest.mark.parametrize("way", CENSORING)
def test_who_counts_in_training_by_hand(small_study, way):
    data = development_data(followed_cohort(small_study, FOLLOWED), small_study, censoring=way)
    outcome, weight = data.training_rows()
    np.testing.assert_allclose(weight, COUNTED[way][1])
    np.testing.assert_array_equal(outcome, COUNTED[way][0])
    assert np.average(outcome, weights=weight) == pytest.approx(MEAN_RISK[way])


@pytest.mark.parametrize("way", CENSORING)
def test_judging_is_weighted_whichever_way_training_counts(small_study, way):
    data = development_data(followed_cohort(small_study, FOLLOWED), small_study, censoring=way)
    np.testing.assert_allclose(data.weights(), COUNTED["ipcw"][1])
    assert (data.events, data.lost, len(data)) == (2, 2, 7)
    assert np.isnan(data.relapse).sum() == 2  # the lost stay unknown


@pytest.mark.parametrize("way", CENSORING)
def test_the_way_stays_when_patients_are_taken(small_study, way):
    data = development_data(followed_cohort(small_study, FOLLOWED), small_study, censoring=way)
    # Without the straddling one: 6 at risk, 5 after the relapse, of whom 1 is lost: G = 4/5.
    weight = {"ipcw": [1.25, 1.25, 1, 1.25, 1.25, 0], "drop_lost": [1, 1, 1, 1, 1, 0], "lost_as_free": [1] * 6}
    np.testing.assert_allclose(data.take(np.arange(6)).training_rows()[1], weight[way])


@pytest.mark.parametrize("way", CENSORING)
def test_where_nobody_is_lost_all_ways_are_one(small_study, way):
    followed = {name: tests for name, tests in FOLLOWED.items() if name not in ("lost", "straddles")}
    data = development_data(followed_cohort(small_study, followed), small_study, censoring=way)
    outcome, weight = data.training_rows()
    np.testing.assert_array_equal(outcome, data.relapse)
    assert weight.tolist() == [1.0] * 5


def test_another_way_of_counting_the_lost_is_refused(small_study):
    with pytest.raises(RelapseModelError, match="censoring is 'drop'; expected one of 'ipcw', 'drop_lost'"):
        development_data(followed_cohort(small_study, FOLLOWED), small_study, censoring="drop")


def test_rows_of_one_patient_share_the_weight_of_one(data):
    # Three patients: rows 0 to 2, rows 3 and 4, and 5 and 6, of which both are lost.
    stacked = replace(data, patient=np.array([0, 0, 0, 1, 1, 2, 2]))
    np.testing.assert_allclose(stacked.row_share(), [1 / 3, 1 / 3, 1 / 3, 1 / 2, 1 / 2, 1 / 2, 1 / 2])
    np.testing.assert_allclose(stacked.training_rows()[1], [0.5, 0.5, 1 / 3, 0.75, 0.75, 0, 0])
    # Of the rows that are taken: two of patient 0, one of patient 2.
    taken = stacked.take(np.array([0, 2, 6]))
    assert taken.patient.tolist() == [0, 0, 2]
    assert taken.row_share().tolist() == [0.5, 0.5, 1.0]


def test_without_several_rows_everybody_counts_for_one(data):
    assert data.row_share().tolist() == [1.0] * 7


def test_at_a_later_landmark_the_relapsed_are_gone_and_the_lost_are_lost_at_once(small_study):
    followed = {
        **FOLLOWED,
        "relapse_at_8": [(0, NEGATIVE), (8, POSITIVE)],
        "lost_at_8": [(0, NEGATIVE), (8, NEGATIVE)],
    }
    cohort = followed_cohort(small_study, followed)
    at_0, at_12 = (development_data(cohort, small_study, week) for week in (0, 12))
    assert (len(at_0), at_0.not_at_risk) == (9, 2)
    # Who was free when last tested is at risk, whether or not a test follows: else the future would choose who is.
    assert (len(at_12), at_12.not_at_risk) == (8, 3)
    assert list(at_12.features.index) == [*EXPECTED.index, "lost_at_8"]
    assert (at_12.horizon_time[-1], at_12.time[-1], at_12.weights()[-1]) == (12, 12, 0)
    assert np.isnan(at_12.relapse[-1])


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("landmark", [0, 24])
def test_weights_of_a_simulated_cohort(study, seed, landmark):
    data = development_data(rm.simulate_cohort(100, seed=seed, drop_out=0.3), study, landmark)
    weights, lost = data.weights(), np.isnan(data.relapse)
    assert lost.any()
    assert (weights[lost] == 0).all()
    assert (weights[~lost] >= 1).all()
    assert weights.sum() == pytest.approx(len(data))


def test_nobody_is_lost_and_everybody_counts_once(small_study):
    followed = {name: tests for name, tests in FOLLOWED.items() if name not in ("lost", "straddles")}
    data = development_data(followed_cohort(small_study, followed), small_study)
    assert data.weights().tolist() == [1.0] * 5


def test_everybody_is_lost_before_the_horizon(small_study):
    data = development_data(followed_cohort(small_study, {"lost": FOLLOWED["lost"]}), small_study)
    with pytest.raises(CensoringError, match="week 48"):
        data.weights()


def in_arms(small_study):
    """Arm a: relapse, free, lost. Arm b: free, free. Somebody without an arm: free."""
    followed = {
        "a1": FOLLOWED["relapse"],
        "a2": FOLLOWED["free"],
        "a3": FOLLOWED["lost"],
        **dict.fromkeys(("b1", "b2", "c1"), FOLLOWED["free"]),
    }
    cohort = followed_cohort(small_study, followed)
    patients = cohort.patients.assign(arm=["a", "a", "a", "b", "b", None])
    return rm.make_cohort(**(cohort.tables() | {"patients": patients}), study=small_study)


def by_arm(study):
    return replace(study, outcome=replace(study.outcome, censoring_by="arm"))


def test_the_share_of_the_lost_stays_in_their_arm(small_study):
    # All in one: after the relapse 5 are left and 1 is lost, so the four free count 5/4. By arm: a2 counts for
    # a3 as well, and nobody was lost in arm b, or among those whose arm is not stated.
    cohort = in_arms(small_study)
    np.testing.assert_allclose(development_data(cohort, small_study).weights(), [1, 1.25, 0, 1.25, 1.25, 1.25])
    data = development_data(cohort, by_arm(small_study))
    np.testing.assert_allclose(data.weights(), [1, 2, 0, 1, 1, 1])
    np.testing.assert_allclose(data.take(np.array([3, 2, 1])).weights(), [1, 0, 2])


def test_an_arm_that_is_not_in_the_table_is_refused(small_study):
    with pytest.raises(CohortError, match=r"'arm'.*missing.*censoring_by"):
        development_data(followed_cohort(small_study, FOLLOWED), by_arm(small_study))


def test_take_cuts_every_array_alike(data):
    rows = np.array([5, 2, 0])
    taken = data.take(rows)
    assert isinstance(taken, DevelopmentData)
    assert list(taken.features.index) == ["lost", "relapse", "free"]
    for array in ("matrix", *EXPECTED.columns):
        np.testing.assert_array_equal(getattr(taken, array), getattr(data, array)[rows])
    # Weights are those of the patients taken: 1 of 2 is lost after the relapse, so the other counts for two.
    assert taken.weights().tolist() == [0.0, 1.0, 2.0]
    assert (taken.events, taken.lost, taken.horizon) == (1, 1, 48.0)


def test_nobody_is_at_risk(small_study):
    cohort = followed_cohort(small_study, {"relapsed": [(0, POSITIVE)], "unseen": []})
    with pytest.raises(InsufficientDataError, match="no patient of this cohort is at risk"):
        development_data(cohort, small_study)


def events_and_free(small_study, events, free, lost=1):
    followed = {f"e{i}": FOLLOWED["relapse"] for i in range(events)}
    followed |= {f"f{i}": FOLLOWED["free"] for i in range(free)}
    followed |= {f"l{i}": FOLLOWED["lost"] for i in range(lost)}
    return development_data(followed_cohort(small_study, followed), small_study)


def test_enough_events_are_enough(small_study):
    require_events(events_and_free(small_study, FEWEST_EVENTS, FEWEST_EVENTS), "train")


@pytest.mark.parametrize(
    ("events", "free", "text"),
    [
        (4, 20, r"train: 4 events among 25 patients at risk \(1 lost before week 48\); expected at least 5"),
        (20, 4, r"train: 4 patients free of the outcome through the horizon among 25 patients at risk"),
        (0, 5, r"train: 0 events among 6"),
    ],
)
def test_too_few_events_are_refused_with_the_numbers(small_study, events, free, text):
    with pytest.raises(InsufficientDataError, match=text):
        require_events(events_and_free(small_study, events, free), "train")


@pytest.mark.parametrize("predictors", [1, 5])
def test_as_many_predictors_as_relapses_are_enough(small_study, predictors):
    require_support(events_and_free(small_study, 5, 5), predictors, "train", override=False)


def test_more_predictors_than_relapses_are_refused_unless_that_is_wanted(small_study):
    data = events_and_free(small_study, 5, 20)
    with pytest.raises(InsufficientDataError, match=r"validate: 6 predictors and 5 events; expected at most one"):
        require_support(data, 6, "validate", override=False)
    require_support(data, 6, "validate", override=True)


def test_a_patient_known_free_only_before_enrolment_is_lost_at_once(study):
    """Negative at week -3, positive at 60 and 66: the interval straddles the horizon, and no follow-up is known."""
    labs = pd.DataFrame([(-3, "<0.05"), (60, "0.5"), (66, "0.9")], columns=["week", "value"]).assign(
        patient_id="a", analyte="hbsag", unit="IU/mL"
    )
    cohort = rm.simulate_cohort(40, seed=3)
    tables = dict(cohort.tables().items())
    patients = pd.concat([tables["patients"], tables["patients"].iloc[[0]].assign(patient_id="a")])
    joined = rm.make_cohort(patients, pd.concat([tables["labs"], labs]), tables["treatments"], study=study)
    data = development_data(joined, study)
    assert data.horizon_time[-1] == 0
    assert data.weights()[-1] == 0
    assert repr(data).startswith("DevelopmentData(41 patients")


def test_a_landmark_before_enrolment_counts_follow_up_from_there(study):
    cohort = rm.simulate_cohort(60, seed=5)
    data = development_data(cohort, study, -1)
    weights = data.weights()
    assert weights.sum() == pytest.approx(len(data))
    np.testing.assert_array_equal(weights == 0, np.isnan(data.relapse))
