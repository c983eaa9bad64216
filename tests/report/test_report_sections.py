from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import relapse_model as rm
from relapse_model.development.sample_size import cohort_sample_size
from relapse_model.errors import RelapseModelError
from relapse_model.report import cohort_sections
from relapse_model.report.cohort_sections import attrition, follow_up, screening
from relapse_model.report.figures.model import coefficients_figure
from relapse_model.report.limitations import limitations
from relapse_model.report.model_values import model_values
from relapse_model.report.performance_table import (
    flat_thresholds,
    flat_words,
    group_rows,
    performance_rows,
    shown_columns,
    threshold_rows,
)
from relapse_model.report.translation import translation
from relapse_model.validation.estimate import Estimate
from relapse_model.validation.sample_size.binary import cox_snell_r2, maximum_parameters, riley_sample_size
from relapse_model.validation.subgroups import Subgroup


def test_attrition_counts_add_up(validation):
    data = validation.data.take(np.arange(100))
    rows = attrition(validation.cohort, data, validation.study)
    assert [row["remaining"] for row in rows] == [132, 100, 100 - data.lost]
    assert [row["left"] for row in rows] == [0, 32, data.lost]


def test_patients_refused_at_the_gate_are_in_the_attrition(validation):
    rejected = pd.DataFrame({"patient_id": ["a", "b"], "reason": ["x", "y"]})
    rows = attrition(replace(validation.cohort, rejected=rejected), validation.data, validation.study)
    assert [(row["remaining"], row["left"]) for row in rows[:2]] == [(134, 0), (132, 2)]


def test_criteria_are_applied_in_their_order(validation):
    rows = screening(validation.cohort, validation.study)["rows"]
    assert [row["id"] for row in rows[:3]] == ["", "I1", "I2"]
    assert rows[0]["remaining"] == 132


def test_a_study_without_criteria_screens_nobody(validation):
    bare = replace(validation.study, eligibility=replace(validation.study.eligibility, include=(), exclude=()))
    assert screening(validation.cohort, bare) == {"rows": [], "refused": ""}


def test_criteria_that_cannot_be_decided_say_why(validation):
    criterion = replace(validation.study.eligibility.include[0], analyte=None, window_weeks=4.0)
    broken = replace(validation.study, eligibility=replace(validation.study.eligibility, include=(criterion,)))
    assert "window_weeks without an analyte" in screening(validation.cohort, broken)["refused"]


def test_follow_up_counts_each_patient_once(validation):
    stated = follow_up(validation.cohort, validation.data, validation.study)
    assert stated["events"] + stated["free"] + stated["lost"] == stated["patients"] == 132
    # By hand: of five without the outcome, followed 10 to 50 weeks after landmark 0, the quartiles are 20, 30, 40.
    few = validation.data.take(np.arange(6))
    few = replace(few, time=np.array([10.0, 20, 30, 40, 50, 5]), event=np.array([0.0, 0, 0, 0, 0, 1]))
    assert follow_up(validation.cohort, few, validation.study)["weeks_without_event"] == [20.0, 30.0, 40.0]


def test_follow_up_of_a_handful_is_not_told(validation):
    few = validation.data.take(np.arange(4))
    few = replace(few, event=np.zeros(4))
    assert follow_up(validation.cohort, few, validation.study)["weeks_without_event"] is None


def test_the_other_reading_of_unconfirmed_relapses_is_counted(validation):
    confirm = replace(validation.study.outcome.confirm, unconfirmed_at_end="both")
    study = replace(validation.study, outcome=replace(validation.study.outcome, confirm=confirm))
    stated = follow_up(validation.cohort, validation.data, study)
    assert 0 < stated["unconfirmed_not_counted"] <= stated["events"]
    assert follow_up(validation.cohort, validation.data, validation.study)["unconfirmed_not_counted"] is None


def test_sample_size_is_that_of_the_criteria(validation):
    stated = cohort_sample_size(validation.data, validation.study)
    known = ~np.isnan(validation.data.relapse)
    share = np.average(validation.data.relapse[known], weights=validation.data.weights()[known])
    r2 = cox_snell_r2(0.75, share)
    assert stated["known"] == known.sum()
    assert stated["needed_patients"] == riley_sample_size(8, r2, share).patients
    assert stated["carried_parameters"] == maximum_parameters(int(known.sum()), share, r2)
    assert stated["carried_parameters"] < stated["parameters"]  # 119 patients do not carry 8 parameters


@pytest.mark.parametrize(("kept", "why"), [(0.0, "prevalence 0"), (np.nan, "no patient has a known outcome")])
def test_sample_size_without_events_is_refused_in_words(validation, kept, why):
    data = validation.data.take(np.flatnonzero(validation.data.relapse == 0))
    stated = cohort_sample_size(replace(data, relapse=np.full(len(data), kept)), validation.study)
    assert why in stated["refused"]


def test_two_decimals_for_ranks_and_three_for_losses(validation):
    rows = {row["label"]: row["cells"] for row in performance_rows(validation)}
    assert rows["AUC"]["point632_plus"]["value"] == f"{validation.bootstrap.point632_plus['auc'].value:.2f}"
    assert rows["Brier score"]["nested"]["value"] == f"{validation.performance.measures['brier']:.3f}"
    assert rows["Brier score"]["nested"]["method"] == "no interval"
    assert rows["C (Harrell)"]["corrected"] is None


def test_columns_without_bootstrap_are_not_shown(validation):
    assert shown_columns(replace(validation, bootstrap=None)) == ["nested", "apparent"]


def test_thresholds_are_shares_with_intervals(validation):
    first = threshold_rows(validation)[0]
    found = validation.thresholds[0].measures["sensitivity"]
    assert first["threshold"] == "5 %"
    assert (
        first["cells"]["Sensitivity"]
        == f"{100 * found.value:.0f} % ({100 * found.lower:.0f} to {100 * found.upper:.0f})"
    )
    bare = replace(validation.thresholds[0], measures={})
    assert threshold_rows(replace(validation, thresholds=(bare,)))[0]["cells"]["Sensitivity"] == "not estimable"


@pytest.mark.parametrize(
    "sentence",
    [
        "Cross-validation was made once; with 20 or more repeats, results depend less on how the folds were drawn.",
        "Bootstrap interval: 20 of 20 resamples could be used; an interval of 95 % needs 40 or more.",
        "Quote the posterior odds ratios, with their intervals.",
        "full effect against none", "Change of the odds by the whole model", "Week",
    ],
)  # fmt: skip
def test_sentences_of_rare_pages_have_a_translation(validation, sentence):
    said = translation(validation.study, "zh")(sentence)
    assert said is not None
    assert said != sentence


def test_thresholds_that_divide_nobody_are_one_line(validation):
    one = validation.thresholds[0]

    def at(threshold, share):
        flagged = Estimate(share, 0.0, 1.0, 0.95, "t")
        return replace(one, threshold=threshold, measures={"flagged": flagged})

    four = replace(validation, thresholds=(at(0.05, 1.0), at(0.1, 1.0), at(0.2, 0.4), at(0.6, 0.0)))
    flat = flat_thresholds(four)
    assert flat == {"everybody": ["5 %", "10 %"], "nobody": ["60 %"]}
    said = flat_words(flat)
    assert said == (
        "At 5 %, 10 %: all patients are at or above the threshold. At 60 %: all patients are below the threshold."
    )
    chinese = translation(validation.study, "zh")
    assert "5 %, 10 %" in chinese(said.split(". ")[0] + ".")
    assert chinese("They have a quarter to four times the odds of the observed risk.") is not None
    # Hidden shares stay in the table: that they are hidden is told, and no more.
    assert flat_thresholds(replace(validation, thresholds=(replace(one, measures={}),))) == {
        "everybody": [],
        "nobody": [],
    }


def subgroup(name, lost, hidden=""):
    measures = {} if hidden else {"auc": Estimate(0.7, 0.6, 0.8, 0.95, "t")}
    return Subgroup(name, "30", "6", lost, hidden, measures, {})


def test_few_patients_beyond_a_threshold_are_hidden_on_the_page(validation):
    few = replace(validation.thresholds[0], measures={}, refused={"ppv": "hidden: fewer than 5 patients", "npv": "why"})
    cells = threshold_rows(replace(validation, thresholds=(few,)))[0]["cells"]
    assert cells["Positive predictive value"] == "hidden"
    assert cells["Negative predictive value"] == "not estimable"


def steps(remaining):
    """Return remaining and left as the report tells them."""
    return cohort_sections._disclosed_steps(remaining)


def test_no_small_number_of_leavers_can_be_worked_out():
    # 2 leave, then 10: the sum, 12, is disclosed, and neither of them.
    assert steps([100, 98, 88, 80]) == ([100, "hidden", 88, 80], [0, "<5", "hidden", 8])
    # Two small ones stand for each other once they are 5 together; a step that nobody leaves is disclosed.
    assert steps([100, 97, 97, 95]) == ([100, "hidden", "hidden", 95], [0, "<5", 0, "<5"])
    # What is left over at the end joins the block before it.
    assert steps([100, 90, 88]) == ([100, "hidden", 88], [0, "hidden", "<5"])
    # Two in all: who remains is disclosed only at the beginning.
    assert steps([100, 100, 98]) == ([100, "hidden", "hidden"], [0, 0, "<5"])
    assert steps([100, 100, 90]) == ([100, 100, 90], [0, 0, 10])


@given(st.lists(st.sampled_from([0, 1, 2, 4, 5, 9]), min_size=1, max_size=8))
@settings(max_examples=80, deadline=None)
def test_between_two_told_numbers_of_patients_lie_none_or_five(left):
    remaining = [100 - sum(left[:place]) for place in range(len(left) + 1)]
    stated = [one for one in steps(remaining)[0] if one != "hidden"]
    assert stated[0] == 100
    assert not any(0 < before - after < 5 for before, after in pairwise(stated))


def test_groups_say_why_they_have_no_figures():
    hidden, shown = group_rows((subgroup("a", "<5", hidden="fewer than 20 patients"), subgroup("b", "<5")))
    assert hidden["auc"] == "not shown: fewer than 20 patients"
    assert shown["auc"] == "0.70 (0.60 to 0.80)"
    assert shown["observed_expected"] == "not estimable"


def test_limitations_follow_the_settings(validation):
    stated = " ".join(limitations(validation))
    assert "simulated" in stated
    assert "Hepatitis B immunoglobulin can hide HBsAg: in patients who received it, the outcome may have" in stated
    assert f"{validation.performance.events} of 132 patients had the outcome" in stated
    assert "Cross-validation was made once; with 20 or more repeats" in stated  # not "repeated 1 times"
    assert "40 bootstrap resamples were drawn; 200" in stated
    assert "Priors come from published studies" in stated
    assert "left out as a whole" not in stated  # the centres were


def test_limitations_that_do_not_hold_are_not_said(validation):
    settings = validation.settings | {"outer_repeats": 20, "bootstraps": 200}
    firm = replace(
        validation, settings=settings, synthetic=False, performance=replace(validation.performance, events=300, lost=0)
    )
    stated = " ".join(limitations(firm))
    for absent in ("simulated", "300 of 132", "were lost", "depend less on how the", "200 or more are usual"):
        assert absent not in stated


def test_what_was_not_done_is_a_limitation(validation):
    stated = " ".join(limitations(replace(validation, bootstrap=None, left_out=(), failed={"x": 3})))
    assert "No bootstrap resamples were drawn" in stated
    assert "No group of patients, such as a centre, was left out" in stated
    assert "3 runs of the procedure failed" in stated


@pytest.mark.parametrize(("counted", "said"), [("drop_lost", "were left out"), ("lost_as_free", "counted as free")])
def test_another_way_of_counting_the_lost_is_a_limitation(validation, counted, said):
    changed = replace(validation, settings=validation.settings | {"censoring": counted})
    assert f"In training the lost {said}" in " ".join(limitations(changed))


def test_predictors_with_gaps_are_named(validation):
    features = validation.data.features.assign(age=validation.data.features["age"].where(np.arange(132) >= 20))
    stated = " ".join(limitations(replace(validation, data=replace(validation.data, features=features))))
    assert "Not known in 10 % of the patients or more: Age." in stated


def test_model_tells_its_reference_patient_and_effects(validation):
    stated = model_values(validation.model)
    codes = {name: one["mean"] for name, one in validation.model.summary["predictors"].items()}
    features = pd.DataFrame({name: [value] for name, value in codes.items()})
    assert stated["reference"]["risk"] == pytest.approx(float(validation.model.predict_risk(features)[0]))
    by_label = {one["label"]: one for one in stated["effects"]}
    # From the 5th to the 95th percentile, all else at the mean: the odds of the two risks by the model itself.
    summary = validation.model.summary["predictors"]["age"]
    ends = pd.concat([features.assign(age=summary[end]) for end in ("p05", "p95")])
    low, high = validation.model.predict_risk(ends)
    assert by_label["Age"]["odds_ratio"] == pytest.approx(high / (1 - high) / (low / (1 - low)))
    assert by_label["HBIG arm"]["contrast"] == "yes against no"


def test_model_without_coefficients_has_no_effects(validation):
    model = rm.train(validation.cohort, validation.study, candidates=("prior_hazard",))
    stated = model_values(model)
    assert stated["coefficients"] == stated["effects"] == []  # hazards have priors too, of another scale
    assert 0 < stated["reference"]["risk"] < 1
    with pytest.raises(RelapseModelError, match="the classifier is 'prior_hazard'"):
        coefficients_figure(model)
