"""A landmark is a visit: one that was held late is known at the landmark, and nothing that comes after it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import relapse_model as rm
from relapse_model.cohort.landmark_visit import at_visit, known_until, visit_weeks
from relapse_model.errors import RelapseModelError, StudyError
from relapse_model.features.at_landmark import AtLandmark
from relapse_model.features.look_ahead import changed_by_later_rows
from relapse_model.model.explanation.patient import explain_patient
from relapse_model.study.reader import parse_study

DAY = 1 / 7
STUDY = """
[study]
protocol = 1
name = "visits"

[analytes.hbsag]
unit = "IU/mL"

[analytes.anti_hbs]
unit = "mIU/mL"

[treatments]
complete = true

[agents.hbig]

[outcome]
analyte = "hbsag"
at_least = 0.05

[prediction]
landmark_weeks = [0, 12]
horizon_weeks = 48
{window}

[[predictors]]
name = "last"
kind = "last"
analyte = "anti_hbs"

[[predictors]]
name = "slope"
kind = "slope"
analyte = "anti_hbs"

[[predictors]]
name = "doses"
kind = "dose_count"
agents = ["hbig"]
"""


def study(window="landmark_window_weeks = 1"):
    return parse_study(STUDY.format(window=window), "test")


def cohort(tests, titres=(), doses=(), outcomes=None):
    """Patient a; tests and titres are (day, value), doses days."""
    rows = [("a", day * DAY, "hbsag", value, "IU/mL") for day, value in tests]
    rows += [("a", day * DAY, "anti_hbs", value, "mIU/mL") for day, value in titres]
    labs = pd.DataFrame(rows, columns=["patient_id", "week", "analyte", "value", "unit"])
    given = pd.DataFrame([("a", "hbig", day * DAY) for day in doses], columns=["patient_id", "agent", "start_week"])
    return rm.make_cohort(pd.DataFrame({"patient_id": ["a"]}), labs, given, outcomes)


NEGATIVE = "<0.05"


@pytest.mark.parametrize(
    ("days", "visit"),
    [
        ([0, 86], 86),  # two days late
        ([0, 84, 86], None),  # seen in time: day 86 is the future
        ([0, 79, 86], None),  # seen within the week before
        ([0, 76, 86], 86),  # that was another visit
        ([0, 91], 91),  # a week late, to the day
        ([0, 92], None),  # later than the window
        ([0, 85, 88], 85),  # the first of two
        ([0], None),
    ],
)
def test_which_day_is_the_visit_of_week_12(days, visit):
    found = visit_weeks(cohort([(day, NEGATIVE) for day in days]), study(), 12.0)
    assert found.tolist() == pytest.approx([np.nan if visit is None else visit * DAY], nan_ok=True)


def test_the_titre_of_a_late_visit_is_known_and_a_later_one_is_not():
    made = cohort([(0, NEGATIVE), (86, NEGATIVE), (336, NEGATIVE)], [(0, "100"), (86, "40"), (87, "5")])
    assert rm.derive_features(made, study(), 12).loc["a", "last"] == 40
    assert rm.derive_features(made, study(""), 12).loc["a", "last"] == 100


def test_a_relapse_found_at_the_visit_leaves_nothing_to_predict():
    """By the day it is a relapse after week 12; at the visit it is there already."""
    made = cohort([(0, NEGATIVE), (86, "0.3"), (120, "0.4")])
    assert rm.derive_outcome(made, study(), 12)["state"].tolist() == ["not at risk (positive)"]
    assert rm.derive_outcome(made, study(""), 12)["state"].tolist() == ["relapse"]


def test_what_comes_after_the_visit_keeps_its_week():
    made = cohort([(0, NEGATIVE), (86, NEGATIVE), (120, "0.3"), (150, "0.3")])
    found = rm.derive_outcome(made, study(), 12)
    assert found.loc["a", "first_positive_week"] == pytest.approx(120 * DAY)
    assert found.loc["a", "last_negative_week"] == 12


def test_enrolment_is_a_day():
    """A titre after the first dose is no baseline."""
    made = cohort([(3, NEGATIVE), (336, NEGATIVE)], [(3, "500")], [1])
    assert np.isnan(visit_weeks(made, study(), 0.0)).all()
    assert at_visit(made, study(), 0.0) is made


def test_order_is_kept_and_it_is_done_once():
    """A dose before the visit lies before its blood, one of its day on its day; a second time nothing moves."""
    made = cohort([(0, NEGATIVE), (88, NEGATIVE)], [(88, "40")], [82, 85, 88, 90])
    moved = at_visit(made, study(), 12.0)
    weeks = moved.treatments["start_week"].to_numpy()
    assert (np.diff(weeks) > 0).all()
    assert weeks[1] < 12 - 0.5 * DAY
    assert weeks[2:].tolist() == pytest.approx([12, 90 * DAY])
    assert at_visit(moved, study(), 12.0) is moved


def test_an_adjudicated_event_before_the_visit_is_known_there():
    """A transplantation: a test on the day after a death is refused."""
    outcomes = {"patient_id": ["a"], "event": "competing", "week": 85 * DAY, "competing_event": "transplantation"}
    outcomes = pd.DataFrame(outcomes)
    made = cohort([(0, NEGATIVE), (86, NEGATIVE)], outcomes=outcomes)
    assert rm.derive_outcome(made, study(), 12)["state"].tolist() == ["not at risk (competing event)"]


days = st.lists(st.integers(1, 130), min_size=1, max_size=12, unique=True)


@settings(max_examples=25, deadline=None)
@given(days, days, days, st.integers(0, 2**16))
def test_nothing_after_the_visit_changes_anything_that_is_known_there(tests, titres, doses, seed):
    """Rows after the visit (or week 12) are replaced by others: predictors and risk set stay, whatever they were."""
    rng = np.random.default_rng(seed)
    kept = [(0, NEGATIVE), *((day, NEGATIVE) for day in sorted(tests))]
    values = [(day, str(10 + day)) for day in sorted(titres)]
    made, asked = cohort(kept, values, sorted(doses)), study()
    until = round(7 * known_until(made, asked, 12.0, 0))
    in_time = any(77 <= day <= 84 for day in tests)
    after = until + 1 if in_time or until > 84 else 92  # with no visit so far, the next test would be it
    later = np.unique(rng.integers(after, 200, 5)).tolist()
    other = cohort(
        [row for row in kept if row[0] < after] + [(day, "3.0") for day in later],
        [row for row in values if row[0] <= until] + [(day, "999") for day in later],
        [day for day in sorted(doses) if day <= until] + later[:2],
    )
    assert round(7 * known_until(other, asked, 12.0, 0)) == until
    pd.testing.assert_frame_equal(rm.derive_features(made, asked, 12), rm.derive_features(other, asked, 12))
    assert AtLandmark(made, asked, 12.0).standing.tolist() == AtLandmark(other, asked, 12.0).standing.tolist()


@settings(max_examples=15, deadline=None)
@given(days, days)
def test_without_a_late_visit_all_is_as_by_the_day(tests, titres):
    on_time = sorted({*(day for day in tests if day <= 84 or day > 91), 83})
    made = cohort([(day, NEGATIVE) for day in [0, *on_time]], [(day, str(day)) for day in sorted(titres)])
    assert at_visit(made, study(), 12.0) is made


def late_visits(seed=7):
    """A simulated cohort in which the week-12 visit of every second patient is held up to three days late."""
    made = rm.simulate_cohort(132, seed=seed)
    second = made.labs["patient"] % 2 == 0
    late, before_it = second & made.labs["week"].between(11, 13), second & made.labs["week"].between(8.1, 11)
    week = made.labs["week"].where(~late, 12.1 + 0.2 * (made.labs["week"] - 11))
    return replace(made, labs=made.labs.assign(week=week)[~before_it].reset_index(drop=True))


@pytest.fixture(scope="module")
def windowed():
    text = rm.load_study("hbsag-relapse").text
    return parse_study(text.replace("[prediction]\n", "[prediction]\nlandmark_window_weeks = 1\n"), "windowed")


def test_models_scores_and_explanations_read_the_late_visit(windowed, tmp_path):
    made = late_visits()
    visit = visit_weeks(made, windowed, 12.0)
    late = ~np.isnan(visit)
    assert late.sum() > 40
    model = rm.train(made, windowed, candidates=("prior_logistic",), landmark_week=12)
    model.save(tmp_path / "m.rmodel")
    again = rm.load_model(tmp_path / "m.rmodel")
    scores = again.score(made)
    pd.testing.assert_frame_equal(scores, model.score(made))
    scored = (scores["status"] == "scored").to_numpy()
    assert scored[late].sum() > 20
    place = int(np.flatnonzero(late & scored)[0])
    found = explain_patient(again, made, str(made.patient_ids[place]))
    titre = next(one for one in found.inputs if one.predictor == "anti_hbs")
    assert titre.week == pytest.approx(visit[place], abs=DAY / 2)
    one = made.take(np.array([place]))
    assert float(again.score(one)["relapse_risk"].iloc[0]) == pytest.approx(found.risk, rel=1e-9)


def test_checks_see_no_look_ahead(windowed):
    assert changed_by_later_rows(AtLandmark(late_visits(), windowed, 12.0)) == []


@pytest.mark.parametrize("window", [0.1, 6, 7])
def test_a_window_of_a_day_or_of_two_landmarks_is_refused(window):
    with pytest.raises(StudyError, match="landmark_window_weeks"):
        study(f"landmark_window_weeks = {window}")


def test_landmarks_that_share_a_visit_are_refused(windowed):
    with pytest.raises(RelapseModelError, match="one visit would be that of both"):
        rm.train(rm.simulate_cohort(60, seed=1), windowed, candidates=("ridge_logistic",), landmark_week=(0, 12, 13))
    with pytest.raises(RelapseModelError, match="its visit up to 1 weeks later"):
        rm.derive_outcome(rm.simulate_cohort(20, seed=1), windowed, 47.5)


def test_hazards_give_the_risk_by_any_week_after_the_visit(windowed):
    """At a later landmark, from the late visit; by the horizon it is the risk that is scored."""
    made = late_visits()
    model = rm.train(made, windowed, candidates=("prior_hazard",), landmark_week=12)
    risk, scores = model.risk_by_week(made, [20, 36, 48]), model.score(made)
    scored = (scores["status"] == "scored").to_numpy()
    assert risk[scored].diff(axis=1).iloc[:, 1:].ge(0).all(axis=None)
    assert risk.loc[scored, 48].to_numpy() == pytest.approx(scores.loc[scored, "relapse_risk"].to_numpy(), abs=1e-12)
    assert risk[~scored].isna().all(axis=None)
    with pytest.raises(RelapseModelError):
        model.risk_by_week(made, [12])
