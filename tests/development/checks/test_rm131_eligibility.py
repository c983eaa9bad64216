"""RM131 by hand: of ten patients, how many meet the criteria, do not, and cannot be judged; and who is told of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.cohort.eligibility.screening import screen
from relapse_model.development.checks.rm131_eligibility import CHECK
from relapse_model.model.calculator.page import model_values
from relapse_model.model.file.coarse import coarse_model
from relapse_model.model.file.summary_values import wrong_entries
from relapse_model.report.first_screen import eligibility_told, first_screen
from relapse_model.report.language import words_of
from relapse_model.report.model_card import model_card
from relapse_model.study.reader import parse_study

STUDY = """
[study]
protocol = 1
name = "ages"

[analytes.hbsag]
unit = "IU/mL"

[outcome]
analyte = "hbsag"
at_least = 0.05

[prediction]
landmark_weeks = [0]
horizon_weeks = 48

[[predictors]]
name = "age"
kind = "column"
column = "age_years"
"""
ADULTS = """
[eligibility]
include = [{ id = "I1", text = "Aged 18 to 60 years", column = "age_years", between = [18, 60] }]
"""


def cohort_of(old, unknown, young, positive=0):
    """Patients of 75 years, of no known age and of 40; every second relapses at week 8. Positive ones never lost it."""
    ages = ["75"] * old + [""] * unknown + ["40"] * young + ["75"] * positive
    rows = []
    for number in range(len(ages)):
        at_risk = number < len(ages) - positive
        last = (8, "0.3") if number % 2 else (50, "<0.05")
        visits = ((0, "<0.05"), last) if at_risk else ((0, "0.3"),)
        rows += [(f"x{number}", week, value) for week, value in visits]
    labs = pd.DataFrame(rows, columns=["patient_id", "week", "value"]).assign(analyte="hbsag", unit="IU/mL")
    patients = pd.DataFrame({"patient_id": [f"x{number}" for number in range(len(ages))], "age_years": ages})
    return rm.make_cohort(patients, labs)


@pytest.mark.parametrize(
    ("counts", "severity", "said"),
    [
        ((6, 0, 34), "warning", "of 40 patients at risk at week 0, 34 meet the study's criteria, 6 do not, 0 cannot"),
        ((6, 6, 28), "warning", "28 meet the study's criteria, 6 do not, 6 cannot be judged"),
        ((0, 10, 30), "note", "30 meet the study's criteria, 0 do not, 10 cannot be judged"),
        ((0, 20, 20), "warning", "20 meet the study's criteria, 0 do not, 20 cannot be judged"),  # half of them
        (
            (1, 0, 39),
            "warning",
            "hidden meet the study's criteria, <5 do not, 0 cannot",
        ),  # one is enough, and is not counted
    ],
)
def test_who_does_not_meet_the_criteria_is_said(counts, severity, said):
    found = CHECK.of(cohort_of(*counts), parse_study(STUDY + ADULTS, "test"), 0)
    assert (found.code, found.state, found.severity) == ("RM131", "found", severity)
    assert said in found.text


def test_nothing_is_said_where_all_meet_them_or_there_are_none():
    cohort = cohort_of(0, 0, 20)
    assert CHECK.of(cohort, parse_study(STUDY + ADULTS, "test"), 0).state == "passed"
    assert CHECK.of(cohort, parse_study(STUDY, "test"), 0).state == "not applicable"


def test_only_those_at_risk_count_and_the_same_as_check_counts_them():
    cohort, study = cohort_of(6, 8, 26, positive=9), parse_study(STUDY + ADULTS, "test")
    states = screen(cohort, study).patients["state"].value_counts().to_dict()
    assert states == {"not eligible": 15, "undecidable": 8, "eligible": 26}  # 9 of the 15 are not at risk
    assert "6 do not, 8 cannot be judged" in CHECK.of(cohort, study, 0).text
    model = rm.train(cohort, study, candidates=("ridge_logistic",))
    assert model.summary["patients"] == 40  # nobody is left out because of the criteria
    assert model.summary["eligibility"] == {"met": 26, "not_met": 6, "undecidable": 8}


@pytest.fixture(scope="module")
def model():
    return rm.train(cohort_of(6, 8, 26), parse_study(STUDY + ADULTS, "test"), candidates=("ridge_logistic",))


def test_training_says_it_and_the_model_carries_it(model, tmp_path):
    assert "RM131" in [one["code"] for one in model.summary["warnings"]]
    model.save(tmp_path / "a.rmodel")
    again = rm.load_model(tmp_path / "a.rmodel")
    assert again.summary["eligibility"] == {"met": 26, "not_met": 6, "undecidable": 8}
    assert model_values(again)["eligibility"] == {"met": 26, "not_met": 6, "undecidable": 8}
    assert "26 patients met them, 6 did not, 8 could not be judged" in model_card(again)
    assert "26 例患者符合，6 例不符合，8 例无法判断" in model_card(again, language="zh").replace(
        "\N{NO-BREAK SPACE}", " "
    )


def test_a_file_that_may_leave_tells_them_rounded(model):
    told = coarse_model(model).summary["eligibility"]
    assert set(told) == {"met", "not_met", "undecidable"}
    assert all(count == "<10" or count % 10 == 0 for count in told.values())


def test_a_model_of_an_earlier_version_does_not_know(model):
    summary = {name: value for name, value in model.summary.items() if name != "eligibility"}
    earlier = replace(model, summary=summary)
    assert wrong_entries(summary, model.study) == []
    assert model_values(earlier)["eligibility"] is None  # the page then says that it is not known
    assert "How many of them met the study's criteria is not known." in model_card(earlier)
    assert eligibility_told(summary, model.study) == {"eligibility": None}


@pytest.mark.parametrize("wrong", [None, {"met": 3}, {"met": 3, "not_met": -1, "undecidable": 0}, "many"])
def test_a_file_that_tells_it_otherwise_is_refused(model, wrong):
    assert wrong_entries(model.summary | {"eligibility": wrong}, model.study) == ["eligibility"]


@pytest.mark.parametrize(
    ("language", "met", "unknown"),
    [
        (
            "en",
            "Study criteria: met by 11, not met by 9, not known for 0.",
            "criteria is not known.",
        ),
        ("zh", "研究标准：11 例符合，9 例不符合，0 例不明。", "其中多少例符合研究标准尚不清楚。"),
    ],
)
def test_the_first_screen_says_how_many(model, language, met, unknown):
    def whom(**told):
        described = {"cohort": 20, "patients": 20, **told}
        follow_up = dict.fromkeys(("patients", "events", "free", "lost"), 5)
        values = {"patients_described": described, "estimated_risk": None, "follow_up": follow_up}
        return first_screen(values, model.study, "relapse", 0.0, words_of(language))["whom"]

    assert whom(eligibility={"met": 11, "not_met": 9, "undecidable": 0}).endswith(met)
    assert whom(eligibility=None).endswith(unknown)
    assert not whom().endswith((met, unknown))  # a study without criteria


def test_counts_are_those_of_patients_not_of_rows():
    study = parse_study((STUDY + ADULTS).replace("landmark_weeks = [0]", "landmark_weeks = [0, 4]"), "test")
    model = rm.train(cohort_of(6, 8, 26), study, candidates=("ridge_logistic",), landmark_week=[0, 4])
    assert sum(model.summary["eligibility"].values()) == model.summary["patients"] == 40
    assert np.sum([one["patients"] for one in model.summary["by_landmark"]]) == 80
