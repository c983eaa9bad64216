"""What pages, cards and the command line say of a study is true of it: no word of what it has not.

Death, without priors, arms, laboratory or lost patients; the same with some lost, who are counted in several ways; and
the built-in study as the counterpart, of which all of it is true.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from page_reader import visible

import relapse_model as rm
from relapse_model.cli.texts import training_text, validation_text
from relapse_model.errors import InsufficientDataError
from relapse_model.report.cohort_check import check_report
from relapse_model.report.limitations import limitations
from relapse_model.report.model_card import model_card
from relapse_model.report.refusal_report import write_refusal
from relapse_model.report.validation_page import report_page
from relapse_model.report.validation_report import validation_values
from relapse_model.report.words import priors_sentence
from relapse_model.study.reader import parse_study

DEATH = """
[study]
protocol = 1
name = "death"
title = "Death within a year"

[outcome]
name = "death"
adjudicated = true

[prediction]
landmark_weeks = [0]
horizon_weeks = 52

[[predictors]]
name = "age"
label = "Age"
kind = "column"
column = "age_years"
unit = "years"
direction = "up"

[[predictors]]
name = "stage"
label = "Stage"
kind = "column"
column = "stage"
"""
OF_PRIORS = (
    "study's priors", "Priors are odds", "its priors", "have a prior", "Priors and penalties", "Priors come from",
    "Source of the prior", "as the study states it", "the study's prior",
)  # fmt: skip
OF_TESTS = (
    "unconfirmed",
    "positive test",
    "tested negative",
    "consecutive tests",
    "first positive",
    "between two tests",
)
OF_ARMS = ("The arm is a predictor", "HBIG")
OF_LABORATORY = ("with other assays", "hospitals, assays", "Assays that differ", "Results were read as printed")
OF_LOST = (
    "Lost patients count",
    "weighted for loss to follow-up",
    "inverse of the probability",
    "Loss to follow-up is assumed",
)


@pytest.fixture(scope="module")
def death():
    return parse_study(DEATH, "death.toml")


def deaths(study, lost=0):
    """120 patients, 30 of whom die, the older ones more often; some lost at week 20."""
    rng = np.random.default_rng(1)
    age = rng.normal(60, 10, 120).round()
    dead = np.zeros(120, dtype=int)
    dead[np.argsort(-(age + rng.normal(0, 15, 120)))[:30]] = 1
    week = np.where(dead == 1, rng.uniform(1, 52, 120).round(1), 52.0)
    week[np.flatnonzero(dead == 0)[:lost]] = 20.0
    ids = [f"D{number:03d}" for number in range(120)]
    patients = pd.DataFrame({"patient_id": ids, "age_years": age, "stage": rng.integers(1, 5, 120)})
    labs = pd.DataFrame({"patient_id": [], "week": [], "analyte": [], "value": [], "unit": []})
    outcomes = pd.DataFrame({"patient_id": ids, "relapse": dead, "week": week})
    return rm.make_cohort(patients, labs, None, outcomes, study=study)


@pytest.fixture(scope="module")
def texts_of_death(death, tmp_path_factory):
    """Everything that is said of the study of deaths, by whom."""
    cohort = deaths(death)
    names = ("prior_logistic", "boosted_trees")
    found = rm.validate(cohort, death, candidates=("prior_logistic",), outer_repeats=1, bootstraps=0)
    page = visible(report_page(found, {}, validation_values(found)))
    few = cohort.take(np.flatnonzero(rm.derive_outcome(cohort, death)["relapse"].to_numpy() == 0))
    with pytest.raises(InsufficientDataError) as refused:
        rm.validate(few, death, candidates=("prior_logistic",), outer_repeats=1, bootstraps=0)
    places = write_refusal(few, death, refused.value, tmp_path_factory.mktemp("refusal"))
    return {
        "page": page,
        "refusal": visible(places["report"].read_text(encoding="utf-8")),
        "card": model_card(found.model, found.performance),
        "training": training_text(found.model),
        "validation": validation_text(found),
        "check": check_report(cohort, death),
        "limitations": " ".join(limitations(found)),
        "priors": priors_sentence(death, names),
        "scores": " ".join(found.model.score(cohort)["reason"]),
    }


PLACES = ("page", "refusal", "card", "training", "validation", "check", "limitations", "priors", "scores")


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("phrases", [OF_PRIORS, OF_TESTS, OF_ARMS, OF_LABORATORY, OF_LOST])
def test_nothing_is_said_of_what_the_study_has_not(place, phrases, texts_of_death):
    said = texts_of_death[place]
    assert [phrase for phrase in phrases if phrase in said] == []


def test_what_there_is_not_is_said_once_as_such(texts_of_death):
    assert "The study states no priors." in texts_of_death["page"]
    assert texts_of_death["priors"] == "The study states no priors. Boosted trees use the directions."
    assert "logistic regression that expects small effects" in texts_of_death["card"]
    assert "30 with death by week 52, 0 lost before it" in texts_of_death["training"]
    assert "known to be without it" in texts_of_death["card"]


def test_of_the_built_in_study_all_of_it_is_said(page, validation, values):
    said = visible(page) + model_card(validation.model, validation.performance) + " ".join(values["limitations"])
    here = (
        "study's priors", "Priors are odds", "Priors and penalties", "Priors come from", "Source of the prior",
        "tested negative", "consecutive tests", "between two tests", "The arm is a predictor",
        "Results were read as printed", "Lost patients count", "weighted for loss to follow-up",
        "inverse of the probability",
        "Loss to follow-up is assumed",
    )  # fmt: skip
    assert [phrase for phrase in here if phrase not in said] == []
    assert "They are used by: logistic regression with the study's priors." in said


def test_priors_that_no_candidate_uses_are_not_said_to_be_used(study):
    assert priors_sentence(study, ("ridge_logistic",)).endswith("No candidate uses them.")
    assert "used" not in priors_sentence(study)  # no model was made


@pytest.mark.parametrize(
    ("censoring", "candidate", "said"),
    [
        (
            "ipcw",
            "ridge_logistic",
            "Lost patients count as neither; similar patients who were followed are given more weight in their place.",
        ),
        ("drop_lost", "ridge_logistic", "Lost patients were left out of the training."),
        ("lost_as_free", "ridge_logistic", "Lost patients counted as without the outcome in the training"),
        ("ipcw", "prior_hazard", "Lost patients count for as long as they were followed."),
    ],
)
def test_how_the_lost_were_counted_is_said_as_it_was_done(censoring, candidate, said, death):
    model = rm.train(deaths(death, lost=15), death, candidates=(candidate,), censoring=censoring)
    assert said in model_card(model)


def test_a_death_before_the_landmark_is_no_unconfirmed_test(death, study):
    """Why a patient gets no risk: of tests only where tests decide, and several of them."""
    tables = dict(deaths(death).tables())
    died = tables["outcomes"]["relapse"] == 1
    tables["outcomes"] = tables["outcomes"].assign(week=tables["outcomes"]["week"].where(~died, 0.0))
    dead = tables["outcomes"].loc[died, "patient_id"]  # on the day of enrolment: nothing may be dated after it
    for name, week in (("labs", "week"), ("treatments", "start_week")):
        if tables.get(name) is not None:
            late = tables[name]["patient_id"].isin(dead) & (tables[name][week] > 0)
            tables[name] = tables[name][~late].reset_index(drop=True)
    model = rm.train(deaths(death), death, candidates=("prior_logistic",))
    reasons = set(model.score(rm.make_cohort(**tables, study=death))["reason"])
    assert any("death at or before week 0: nothing left to predict" in reason for reason in reasons)
    assert not any("unconfirmed" in reason for reason in reasons)


def test_groups_left_out_are_called_by_their_column(validation):
    by_sex = replace(validation, settings=validation.settings | {"leave_out": "sex"})
    said = " ".join(limitations(by_sex))
    assert "Each sex was predicted by a model of the others" in said
    assert "Centres" not in said
