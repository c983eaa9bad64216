"""The first screen: how many had the outcome, allowing for the lost; from when weeks count; for whom the model is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from relapse_model.report.figures.survival import at_visits, in_order, risk_at
from relapse_model.report.first_screen import estimated_risk, first_screen, patients_described
from relapse_model.report.language import words_of
from relapse_model.study.eligibility import Criterion, Eligibility
from relapse_model.study.study import TimeIndex

# Six patients: a relapse at week 10, one lost at 20, three free, and a relapse seen at week 50, which is the visit of
# week 48 (window 4 weeks). Free at week 48: 5/6 * 3/4 = 0.625.
COUNTED = {
    "relapse": [1, np.nan, 0, 0, 0, 1],
    "time": [10, 20, 48, 60, 46, 50],
    "event": [1, 0, 0, 1, 0, 1],  # one of those free relapses later, at week 60
    "horizon_time": [10, 20, 48, 48, 48, 48],
    "horizon_event": [1, 0, 0, 0, 0, 1],
}


@pytest.fixture(scope="module")
def six(validation):
    columns = {name: np.array(values, dtype=float) for name, values in COUNTED.items()}
    return replace(validation.data.take(np.arange(6)), **columns)


def test_a_relapse_at_the_visit_of_the_horizon_counts_there_and_later_ones_later(six):
    time, state = at_visits(six)
    assert time.tolist() == [10, 20, 48, 60, 48, 48]
    assert state.tolist() == [1, 0, 0, 1, 0, 1]


def test_the_risk_is_that_by_the_horizon_allowing_for_the_lost(six):
    # Four are followed to week 48: too few. Each patient twice: eight, and the same share.
    assert estimated_risk(six) is None
    twice = six.take(np.tile(np.arange(6), 2))
    found = estimated_risk(twice)
    assert found["value"] == pytest.approx(0.375)
    assert (found["method"], found["level"]) == ("Kaplan-Meier", 0.95)
    assert found["lower"] < 0.375 < found["upper"]


def test_of_nobody_the_upper_limit_is_exact():
    assert risk_at([48.0] * 20, [0.0] * 20, 48.0) == pytest.approx((0.0, 0.0, 0.1684), abs=1e-4)


def test_the_first_screen_and_the_thirds_agree_with_the_weights(validation, values):
    """Kaplan-Meier and the share weighted for censoring are one estimate, where weights do not differ by group."""
    assert values["estimated_risk"]["value"] == pytest.approx(values["sample_size"]["prevalence"], abs=1e-9)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_week_0_is_what_the_study_says(validation, values, language):
    study, say = validation.study, words_of(language)

    def from_when(study, week=0.0):
        return first_screen(values, study, "HBsAg", week, say)["from_when"]

    indexed = replace(study, time=replace(study.time, index=TimeIndex("hbsag", first_below=0.05)))
    stated = replace(study, outcome=replace(study.outcome, analyte=None))
    expected = {
        "en": (
            "Week 0 is enrolment; HBsAg was below 0.05 IU/mL then, and may have been for some time.",
            "Week 0 is the day of each patient's first HBsAg below 0.05 IU/mL.",
            "Week 0 is enrolment.",
            "Weeks count from week 0 of the study.",
            "Weeks count from week 0 of the study, when the latest HBsAg was below 0.05 IU/mL, and may have "
            "been for some time.",
            "Week 0 is enrolment. Risks are predicted at week 12, for patients still free of the outcome.",
        ),
        "zh": (
            "第 0 周为入组时，此时最近一次 HBsAg 低于 0.05 IU/mL；入组前可能已如此。",
            "第 0 周为每位患者首次 HBsAg 低于 0.05 IU/mL 之日。",
            "第 0 周为入组时。",
            "周数自研究的第 0 周起算。",
            "周数自研究的第 0 周起算，此时最近一次 HBsAg 低于 0.05 IU/mL；此前可能已如此。",
            "第 0 周为入组时。在第 12 周对尚未出现结局的患者预测风险。",
        ),
    }[language]
    own = replace(study, trial=None), replace(stated, trial=None)  # nobody enrols: an extract of records, for one
    found = (study, indexed, stated, own[1], own[0])
    assert (*map(from_when, found), from_when(study, 12.0)) == expected


def test_without_an_estimate_counts_are_told(values, validation):
    first = first_screen(values | {"estimated_risk": None}, validation.study, "relapse", 0.0, words_of("en"))
    assert first["risk"] == "Not known: fewer than 5 patients were followed to week 48."
    assert first["counted"] == "Of 132 patients, 21 had the outcome, 98 did not, 13 were lost."


def test_for_whom_the_model_is_not_stands_on_the_first_screen(validation, values):
    """From the study's own criteria, and from who was studied: 5th to 95th percentile of their ages."""
    said = first_screen(values, validation.study, "HBsAg relapse", 0.0, words_of("en"))["not_for"]
    ages = validation.cohort.patients["age_years"].astype(float).quantile([0.05, 0.95])
    assert said == (
        "anyone outside the study's criteria (excluded: decompensated cirrhosis, spontaneous or "
        "nucleos(t)ide analogue-only clearance, co-infection, malignancy, immunosuppression within 6 months); HBsAg "
        "at least 0.05 IU/mL at enrolment; "
        f"ages outside {ages.iloc[0]:.0f} to {ages.iloc[1]:.0f} (hardly studied); other treatments; predictions "
        "at or for other weeks."
    )
    chinese = first_screen(values, validation.study, "HBsAg 复阳", 0.0, words_of("zh"))["not_for"]
    assert "失代偿期肝硬化" in chinese
    assert "入组时 HBsAg 已不低于 0.05 IU/mL 者" in chinese


def test_a_study_without_criteria_names_none_and_few_ages_no_range(validation, values):
    bare = replace(validation.study, eligibility=Eligibility())
    alike = values | {"patients_described": {"cohort": 9, "patients": 9}}
    said = first_screen(alike, bare, "relapse", 12.0, words_of("en"))["not_for"]
    assert said == "patients with relapse at or before week 12; predictions at or for other weeks."


def test_long_lists_of_criteria_are_cut_and_say_so(validation, values):
    many = tuple(Criterion(f"c{place}", f"Condition number {place}", ever=True) for place in range(20))
    study = replace(validation.study, eligibility=Eligibility(exclude=many))
    said = first_screen(values, study, "relapse", 0.0, words_of("en"))["not_for"]
    assert "condition number 0, condition number 1" in said
    assert ", ...)" in said
    assert "condition number 19" not in said


def test_criteria_that_all_meet_are_said_in_words_and_others_by_number(validation, values):
    """Not "met by 132, not met by 0, not known for 0"."""
    assert first_screen(values, validation.study, "x", 0.0, words_of("en"))["whom"].endswith(
        "All met the study's criteria."
    )
    counts = {"met": 100, "not_met": 2, "undecidable": 30}
    some = values | {"patients_described": values["patients_described"] | {"eligibility": counts}}
    said = first_screen(some, validation.study, "x", 0.0, words_of("en"))["whom"]
    assert said.endswith("Study criteria: met by 100, not met by 2, not known for 30.")


def test_small_counts_hide_arms_and_few_women(validation):
    cohort, data, study = validation.cohort, validation.data, validation.study
    arm = np.where(data.features["hbig_arm"] == 1, "HBIG", "control").astype(object)
    full = patients_described(cohort, data, study, arm)
    assert list(full["arms"].items()) == [("HBIG", 66), ("control", 66)]  # the treatment first
    assert set(patients_described(cohort, data, study, arm, "small-counts")) == set(full) - {"arms"}
    few = data.take(np.flatnonzero(data.features["male"] == 1)[:30])
    assert "male" not in patients_described(cohort, few, study, None, "small-counts")
    assert patients_described(cohort, few, study, None)["male"] == 1.0


def test_arms_that_the_plan_does_not_name_follow_by_name():
    assert in_order({"b", "a", "HBIG", "control"}, ("HBIG", "control")) == ["HBIG", "control", "a", "b"]
