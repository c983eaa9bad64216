"""How candidates are built from a study: the hazards by its visits, their window and its terms."""

from __future__ import annotations

import pytest

import relapse_model as rm
from relapse_model.development.candidates import build, build_hazard
from relapse_model.features.design import design
from relapse_model.study.reader import parse_study


@pytest.fixture
def text(study):
    """Return the study's text without planned visits."""
    line = next(line for line in study.text.splitlines(keepends=True) if line.startswith("visit_weeks"))
    return study.text.replace(line, "")


def hazard(text, landmark=0.0):
    study = parse_study(text, "test")
    return build_hazard(design(study), landmark, study.prediction.horizon_weeks)


def test_where_no_visits_are_stated_intervals_are_of_twelve_weeks(text):
    assert hazard(text).intervals == (12.0, 24.0, 36.0, 48.0)
    assert hazard(text, 24.0).intervals == (12.0, 24.0)


@pytest.mark.parametrize(
    ("landmark", "intervals"),
    [(0.0, (4.0, 8.0, 24.0, 48.0)), (8.0, (16.0, 40.0)), (10.0, (14.0, 38.0)), (24.0, (24.0,))],
)
def test_intervals_end_at_the_planned_visits_after_the_landmark_and_at_the_horizon(landmark, intervals, text):
    changed = text.replace("horizon_weeks = 48", "horizon_weeks = 48\nvisit_weeks = [0, 4, 8, 24, 60]", 1)
    assert hazard(changed, landmark).intervals == intervals


def test_the_built_in_study_states_its_visits(study):
    assert build_hazard(design(study), 0.0, 48.0).intervals == (4.0, 8.0, 12.0, 24.0, 36.0, 48.0)


def test_the_visit_window_is_that_of_the_study(text):
    assert hazard(text).visit_window == 4.0
    assert hazard(text.replace("visit_window_weeks = 4", "visit_window_weeks = 1", 1)).visit_window == 1.0


def test_an_adjudicated_outcome_has_exact_weeks(text):
    start = text.index("[outcome]")
    end = text.index("[prediction]")
    adjudicated = text[:start] + '[outcome]\nname = "relapse"\nadjudicated = true\n\n' + text[end:]
    assert hazard(adjudicated).visit_window == 0.0


def test_priors_terms_and_typical_values_are_those_of_the_study(study):
    columns = design(study)
    for built in (build("prior_logistic", columns, 0), build_hazard(columns, 0.0, 48.0)):
        assert built.terms == columns.terms != ()
        assert built.typical.tolist()[:2] == [pytest.approx(1.4771, abs=1e-4), 11.0]  # log10 of 30 mIU/mL; weeks
    assert rm.load_study("hbsag-relapse").predictor("hbcrag").typical == 2.4
