"""Competing events where people read of them: flow, figures, model card, monitoring; and who refuses them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.errors import CohortError, RelapseModelError
from relapse_model.features.development_data import development_data
from relapse_model.model.monitoring.outcomes import as_study_counts, monitored_outcomes
from relapse_model.report.cohort_check import check_report
from relapse_model.report.cohort_sections import attrition, follow_up
from relapse_model.report.figures.survival import without_outcome
from relapse_model.report.figures_of_report import cohort_figures
from relapse_model.report.model_card import model_card
from relapse_model.report.table_one import table_one
from relapse_model.study.prediction import Prediction

LABS = ["patient_id", "week", "analyte", "value", "unit", "assay", "lower_limit", "upper_limit"]
DEATHS = 12


@pytest.fixture(scope="module")
def with_deaths(cohort, study):
    """The simulated cohort, in which twelve of those who stay free die in week 20, after which nothing is known."""
    free = rm.derive_outcome(cohort, study)["state"] == "free"
    names = np.resize(["death"] * 3 + ["transplant"], DEATHS)
    outcomes = pd.DataFrame(
        {"patient_id": cohort.patient_ids[free.to_numpy()][:DEATHS], "event": "competing", "week": 20.0}
    ).assign(competing_event=names)
    labs = cohort.labs[[name for name in LABS if name in cohort.labs]]
    labs = labs[(labs["week"] <= 20) | ~labs["patient_id"].isin(outcomes["patient_id"])]
    treatments = cohort.treatments.drop(columns="patient")
    treatments = treatments[(treatments["start_week"] <= 20) | ~treatments["patient_id"].isin(outcomes["patient_id"])]
    return rm.make_cohort(cohort.patients, labs, treatments, outcomes, study=study)


def test_they_are_counted_apart_by_name(with_deaths, cohort, study):
    told, before = (follow_up(one, development_data(one, study), study) for one in (with_deaths, cohort))
    assert told["competing"] == "12 with a competing event (death 9, transplant 3)"
    assert attrition(with_deaths, development_data(with_deaths, study), study)[-1]["step"].endswith(
        "; 12 with a competing event (death 9, transplant 3))"
    )
    assert told["free"] == before["free"] - DEATHS
    assert (told["events"], told["lost"], before["competing"]) == (before["events"], before["lost"], "")


def test_the_check_of_a_cohort_names_them_and_only_there(with_deaths, cohort, study):
    assert "      12  with a competing event by the horizon" in check_report(with_deaths, study)
    assert "competing" not in check_report(cohort, study)


def test_table_one_has_a_column_of_them(with_deaths, study):
    table = table_one(with_deaths, development_data(with_deaths, study), study)
    assert "competing event" in str(table)


def test_curves_are_those_of_aalen_and_johansen(with_deaths, study):
    """Of 4, one relapses at 1 and one dies at 2: the next relapse is one of two left, each of 3/4 x 2/3."""
    assert without_outcome([1, 2, 3, 4], [1, 2, 1, 0])[1] == pytest.approx([0.75, 0.5])
    figure = cohort_figures(with_deaths, development_data(with_deaths, study), study)["kaplan_meier"]
    assert "Aalen-Johansen" in figure.axes[0].get_title(loc="left")


def test_the_model_and_its_card_say_so(with_deaths, study, tmp_path):
    model = rm.train(with_deaths, study, candidates=("prior_logistic",))
    assert model.summary["competing"] == {"death": 9, "transplant": 3}
    model.save(tmp_path / "m.rmodel")
    card = model_card(rm.load_model(tmp_path / "m.rmodel"))
    assert "death 9, transplant 3. Risks are those in the presence" in card


def test_who_died_before_the_landmark_is_not_scored(with_deaths, study):
    model = rm.train(with_deaths, study, candidates=("prior_logistic",), landmark_week=24)
    scores = model.score(with_deaths)
    rejected = scores[scores["reason"].astype(str).str.contains("competing event")]
    assert len(rejected) == DEATHS
    assert rejected["relapse_risk"].isna().all()


def test_arms_and_benefit_refuse_them_by_name(with_deaths, study):
    with pytest.raises(CohortError, match=r"competing events \(death, transplant\)"):
        rm.compare_arms(with_deaths, study)
    with pytest.raises(CohortError, match=r"competing events \(death, transplant\)"):
        rm.benefit_report(with_deaths, study)


SCORES = pd.DataFrame({"patient_id": list("abcdefgh"), "status": "scored", "relapse_risk": 0.25})


def monitored(**columns):
    outcomes = pd.DataFrame({"patient_id": list("abcdefgh"), **columns})
    return monitored_outcomes(SCORES, outcomes, 0, Prediction(horizon_weeks=48, visit_window_weeks=4))


def test_monitored_deaths_are_no_loss():
    """Two relapse, two die at 10, four are free: nobody is lost, and 2 of 8 were expected."""
    event = ["relapse", "relapse", "competing", "competing", "free", "free", "free", "free"]
    found = monitored(event=event, week=[8, 20, 10, 10, 48, 48, 48, 48])
    assert (found.events, found.lost, found.expected) == (2, 0, 2.0)
    assert found.measures["observed_expected"].value == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"event": ["died"] * 8, "week": 48}, "column 'event': 8 of 8"),
        ({"event": ["competing"] * 8}, "8 competing events without a week"),
        ({"event": ["free"] * 8, "relapse": 1, "week": 48}, "8 of 8 rows with an event that contradicts"),
    ],
)
def test_monitored_events_that_cannot_be_read_are_refused(columns, words):
    with pytest.raises(RelapseModelError, match=words):
        monitored(**columns)


def test_monitored_events_count_as_the_study_of_the_model_says(study):
    from dataclasses import replace

    called = replace(study, outcome=replace(study.outcome, competing=("death",), competing_as_censoring=("move",)))
    table = pd.DataFrame({"event": ["competing", "competing", "free"], "competing_event": ["Death", "move", None]})
    assert as_study_counts(table, called)["event"].tolist() == ["competing", "free", "free"]
    with pytest.raises(RelapseModelError, match="1 competing events without a name"):
        as_study_counts(table.assign(competing_event=["transplant", "move", None]), called)
