"""The hypothetical strategy with weights: those still followed stand for those whose follow-up an event ended."""

from __future__ import annotations

import numpy as np
import pytest
from small_trial import PLAN, RESTART, small_cohort, small_study

import relapse_model as rm
from relapse_model.cohort.simulation.scenario import TrialScenario
from relapse_model.errors import CohortError
from relapse_model.study.reader import parse_study
from relapse_model.trial.statistics import survival_contrast, weighted_contrast

COMPOSITE = '"telbivudine",\n]\nstrategy = "composite"'


@pytest.fixture(scope="module")
def many():
    """Three of ten start an analogue again."""
    return rm.simulate_cohort(132, seed=7, scenario=TrialScenario(antivirals=0.3))


def planned(study, weights=""):
    assert study.text.count(COMPOSITE) == 1
    return parse_study(study.text.replace(COMPOSITE, COMPOSITE.replace("composite", "hypothetical") + weights), "w")


@pytest.fixture(scope="module")
def found(many, study):
    return rm.compare_arms(many, planned(study, '\nweight_by = ["anti_hbs"]'))


def test_the_primary_analysis_is_the_weighted_one(found):
    data = found.endpoint
    direct = weighted_contrast(data.time, data.event, data.ended, data.arm, data.weight_by, 48)
    assert direct.weighted == (True, True)
    assert found.primary.contrast.value == direct.survival.contrast.value
    assert found.primary.contrast.lower == direct.survival.contrast.lower
    assert "weighted Kaplan-Meier" in found.primary.contrast.method
    assert f"HBIG {direct.ended[0]} and control {direct.ended[1]}" in found.primary.note
    assert data.weight_by.shape == (132, 1)
    plain = survival_contrast(data.time, data.event, data.arm, 48)
    assert found.primary.contrast.value != pytest.approx(plain.contrast.value, abs=1e-6)


def test_who_was_ended_is_who_started_before_the_endpoint(found):
    """Counted from the analysis data: the first start came before the end of what is followed otherwise."""
    table = found.data_sets.adsl
    start = table["intercurrent_2_week"].to_numpy(dtype=float)
    assert np.array_equal(found.endpoint.ended, (start == table["time"]) & (table["event"] == 0) & (start < 48))


def test_greenwoods_interval_does_not_hold_for_weights(many, study):
    text = planned(study, '\nweight_by = ["anti_hbs"]').text.replace("window_weeks = 4\nmeasure", "window_weeks = 4\n"
                                                                     'interval = "greenwood"\nmeasure')  # fmt: skip
    text = text.replace('interval = "score"\n', "")
    with pytest.raises(CohortError, match="does not hold for weighted risks"):
        rm.compare_arms(many, parse_study(text, "w"))


def test_columns_of_the_weights_are_of_the_baseline():
    plan = PLAN + RESTART.format("hypothetical") + 'weight_by = ["on_hbig"]\n'
    with pytest.raises(CohortError, match="'on_hbig' is the arm"):
        rm.compare_arms(small_cohort(), small_study(plan))


def test_where_few_were_ended_it_says_so_and_is_kaplan_meier():
    """T5 alone was ended by its entecavir."""
    one = rm.compare_arms(small_cohort(), small_study(PLAN + RESTART.format("hypothetical") + 'weight_by = ["age"]\n'))
    plain = rm.compare_arms(small_cohort(), small_study(PLAN + RESTART.format("hypothetical")))
    assert one.primary.contrast.value == pytest.approx(plain.primary.contrast.value, abs=1e-12)
    assert "HBIG 1 (too few to weight for: Kaplan-Meier)" in one.primary.note
    assert plain.primary.note == ""
