"""Scoring: nobody is lost on the way, and every refusal and warning says what a clinician can check."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import relapse_model as rm
from relapse_model.features.clinical_units import clinical, unit_shown
from relapse_model.model.scoring.scorable import unusable
from relapse_model.study.reader import parse_study

STUDY = parse_study(
    """
[study]
protocol = 1
name = "scoring"

[analytes.hbsag]
unit = "IU/mL"
scale = "log10"
lower_limit = 0.05

[analytes.anti_hbs]
unit = "mIU/mL"
scale = "log10"
lower_limit = 10.0

[outcome]
name = "HBsAg relapse"
analyte = "hbsag"
at_least = 0.05
confirm = { tests = 2, within_weeks = 12, unconfirmed_at_end = "censor" }

[prediction]
landmark_weeks = [12]
horizon_weeks = 48

[[predictors]]
name = "titre"
label = "Anti-HBs"
kind = "last"
analyte = "anti_hbs"

[[predictors]]
name = "trend"
label = "Fall of anti-HBs"
kind = "slope"
analyte = "anti_hbs"

[[predictors]]
name = "age"
label = "Age"
kind = "column"
column = "age_years"
unit = "years"

[[predictors]]
name = "male"
label = "Male sex"
kind = "column"
column = "sex"
equals = "M"

[[predictors]]
name = "genotype"
label = "HBV genotype"
kind = "column"
column = "hbv_genotype"
levels = ["C", "B"]
""",
    "test",
)
NAMES = [predictor.name for predictor in STUDY.predictors]
SUMMARY = {
    "predictors": {
        # The central 90 % of the training values: 10 to 1000 mIU/mL, on the log10 scale of the model.
        "titre": {"p05": 1.0, "p95": 3.0},
        "trend": {"p05": -0.2, "p95": 0.2},
        "age": {"p05": 20.0, "p95": 60.0},
        "male": {"p05": 0.0, "p95": 1.0},
        "genotype": {"levels": {"C": 50, "B": 40}},
    },
    "synthetic": True,
    "events": 20,
    "patients": 100,
}


class AgeIsRisk:
    """A classifier that tells whose row it got: the risk is a thousandth of the age."""

    def predict_proba(self, matrix):
        assert len(matrix), "nobody to score, and the classifier was asked all the same"
        risk = matrix[:, NAMES.index("age")] / 1000
        return np.column_stack([1 - risk, risk])

    def predict_interval(self, matrix, level):
        risk = matrix[:, NAMES.index("age")] / 1000
        return np.column_stack([risk / 2, 2 * risk])


MODEL = rm.RelapseModel(STUDY, 12.0, "prior_logistic", AgeIsRisk(), SUMMARY)
USUAL = [(0, "anti_hbs", "100"), (12, "anti_hbs", "150"), (0, "hbsag", "<0.05"), (12, "hbsag", "<0.05")]
WITHOUT_LABS = [(0, "hbsag", "<0.05"), (13, "anti_hbs", "100")]
RELAPSED = [*USUAL[:3], (4, "hbsag", "0.3"), (8, "hbsag", "0.5")]
UNREADABLE = [*USUAL, (8, "anti_hbs", "see above")]
# Not confirmed: it may be refuted later, or confirmed. Nobody knows at the landmark, so it is no freedom (and is not
# scored, as it once was where the study censors unconfirmed tests).
ONE_POSITIVE = [*USUAL[:3], (12, "hbsag", "0.3")]
KINDS = {
    "usual": USUAL,
    "one_positive": ONE_POSITIVE,
    "without_labs": WITHOUT_LABS,
    "relapsed": RELAPSED,
    "unreadable": UNREADABLE,
}


def score(*people, on_problems="list"):
    """Score people of these kinds, with ages of 30, 31, ... and identifiers in no order."""
    ids = [f"P{(7 * number) % 100:02d}" for number in range(len(people))]
    patients = pd.DataFrame(
        {
            "patient_id": ids,
            "age_years": np.arange(30, 30 + len(people)),
            "sex": "F",
            "hbv_genotype": "C",
        }
    )
    rows = [(who, *row) for who, kind in zip(ids, people, strict=True) for row in KINDS[kind]]
    labs = pd.DataFrame(rows, columns=["patient_id", "week", "analyte", "value"])
    labs["unit"] = labs["analyte"].map({"hbsag": "IU/mL", "anti_hbs": "mIU/mL"})
    return MODEL.score(rm.make_cohort(patients, labs, study=STUDY, on_problems=on_problems)), ids


def test_rows_come_out_as_they_went_in_with_the_rejected_among_them():
    people = ["unreadable", "usual", "relapsed", "unreadable", "usual", "without_labs", "unreadable"]
    scores, ids = score(*people)
    assert list(scores["patient_id"]) == ids
    assert list(scores.index) == list(range(7))
    statuses = ["rejected", "scored", "rejected", "rejected", "scored", "rejected", "rejected"]
    assert list(scores["status"]) == statuses
    # The second and fifth are 31 and 34 years old: nobody has another's risk.
    risks = [np.nan, 0.031, np.nan, np.nan, 0.034, np.nan, np.nan]
    np.testing.assert_allclose(scores["relapse_risk"], risks)
    np.testing.assert_allclose(scores["risk_lower"], np.array(risks) / 2)
    np.testing.assert_allclose(scores["risk_upper"], 2 * np.array(risks))


def test_reasons_say_what_to_look_at():
    scores, _ = score("unreadable", "usual", "relapsed", "without_labs")
    assert list(scores["reason"].str.len() > 0) == [True, False, True, True]
    assert "labs, row 6, column 'value': 'see above'" in scores.loc[0, "reason"]
    assert scores.loc[1, "reason"] == ""
    assert (
        scores.loc[2, "reason"]
        == "not at risk (positive): the last test of hbsag at or before week 12 is positive: nothing left to predict"
    )
    assert scores.loc[3, "reason"] == "no laboratory result of the model's predictors at or before week 12"
    assert (scores.loc[[0, 2, 3], "warnings"] == "").all()


@settings(deadline=None, max_examples=15)
@given(people=st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=12))
def test_nobody_is_lost_whoever_comes(people):
    scores, ids = score(*people)
    assert list(scores["patient_id"]) == ids
    scored = np.array([kind == "usual" for kind in people])
    np.testing.assert_array_equal(scores["status"] == "scored", scored)
    np.testing.assert_allclose(scores["relapse_risk"], np.where(scored, np.arange(30, 30 + len(people)) / 1000, np.nan))
    assert ((scores["reason"] != "") == ~scored).all()


@pytest.mark.parametrize("kind", ["unreadable", "relapsed", "without_labs", "one_positive"])
def test_everybody_is_rejected(kind):
    scores, ids = score(kind, kind)
    assert list(scores["patient_id"]) == ids
    assert (scores["status"] == "rejected").all()
    assert scores["relapse_risk"].isna().all()


def test_unusable_speaks_of_the_landmark_it_is_asked_for():
    labs = pd.DataFrame([("a", *row) for row in WITHOUT_LABS], columns=["patient_id", "week", "analyte", "value"])
    labs["unit"] = labs["analyte"].map({"hbsag": "IU/mL", "anti_hbs": "mIU/mL"})
    patients = pd.DataFrame({"patient_id": ["a"], "age_years": [40], "sex": ["F"], "hbv_genotype": ["C"]})
    cohort = rm.make_cohort(patients, labs, study=STUDY)
    assert unusable(cohort, STUDY, 13.0) == [""]  # by then there is a titre
    assert "week 4" in unusable(cohort, STUDY, 4.0)[0]


def test_a_horizon_that_the_model_does_not_predict_to_rejects_everybody():
    patients = pd.DataFrame({"patient_id": ["a"], "age_years": [40], "sex": ["F"], "hbv_genotype": ["C"]})
    labs = pd.DataFrame([("a", *row) for row in USUAL], columns=["patient_id", "week", "analyte", "value"])
    labs["unit"] = labs["analyte"].map({"hbsag": "IU/mL", "anti_hbs": "mIU/mL"})
    cohort = rm.make_cohort(patients, labs, study=STUDY)
    rejected = MODEL.score(cohort, horizon_weeks=96).loc[0]
    assert (rejected["status"], rejected["warnings"]) == ("rejected", "")
    assert rejected["reason"] == "horizon not covered: week 96 is asked for, and the model predicts to week 48"
    assert np.isnan(rejected["relapse_risk"])
    assert MODEL.score(cohort, horizon_weeks=48).loc[0, "status"] == "scored"
    # A landmark at the horizon leaves no week to predict.
    assert unusable(cohort, STUDY, 48.0)[0].startswith("horizon not covered: week 48 is not before it (week 48)")
    assert unusable(cohort, STUDY, 47.9) == [""]


def test_levels_come_back_to_clinical_units_and_slopes_stay():
    predictors = {predictor.name: predictor for predictor in STUDY.predictors}
    assert clinical(np.array([2.0]), predictors["titre"]).tolist() == [100.0]
    assert clinical(np.array([2.0]), predictors["trend"]).tolist() == [2.0]
    assert clinical(np.array([40.0]), predictors["age"]).tolist() == [40.0]
    assert unit_shown(predictors["titre"]) == "mIU/mL"
    assert unit_shown(predictors["trend"]) == "log10 mIU/mL per 4 weeks"
