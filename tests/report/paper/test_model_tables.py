"""The tables of a model and its validation: the figures of the JSON, at 95 %."""

from __future__ import annotations

import re
from math import exp

import pytest
from scipy import stats

import relapse_model as rm
from relapse_model.report.figures.model import coefficient_table
from relapse_model.report.paper.journal_table import INDENT
from relapse_model.report.paper.model_tables import model_tables, predictor_table, validation_tables
from relapse_model.report.table_one import level_names
from relapse_model.validation.performance_measures import MEASURES, THREE_DIGITS

Z = stats.norm.ppf(0.975)


@pytest.fixture(scope="module")
def tables(validation, values):
    return validation_tables(validation, values)


def numbers(text):
    return [float(one.replace("−", "-")) for one in re.findall(r"[+−]?\d+\.\d+", text)]


def test_performance_is_that_of_the_json_to_the_printed_digit(validation, tables):
    measures = validation.to_dict()["performance"]["measures"]
    table = tables["performance"]
    assert table.columns[:2] == ("Measure", "Nested cross-validation (95 % CI)")
    assert [row[0] for row in table.rows] == [MEASURES[name] for name in MEASURES if name in measures]
    for name, found in measures.items():
        row = next(row for row in table.rows if row[0] == MEASURES[name])
        digits = 3 if name in THREE_DIGITS else 2
        expected = [found] if isinstance(found, float) else [found[key] for key in ("value", "lower", "upper")]
        assert numbers(row[1]) == pytest.approx([round(one, digits) for one in expected], abs=1e-9)


def test_groups_and_left_out_centres_are_all_there(validation, tables):
    rows = [row[0] for row in tables["subgroups"].rows]
    names = [
        f"{INDENT}{level_names(by, validation.study).get(group.name, group.name)}"
        for by, groups in validation.subgroups.items()
        for group in groups
    ]
    assert {f"{INDENT}{name}" for name in ("female", "male", "HBIG", "under 35 years")} <= set(rows)
    assert not {f"{INDENT}{name}" for name in ("F", "M", "hbig")} & set(rows)
    assert [row for row in rows if row.startswith(INDENT)] == [
        *names, *(f"{INDENT}{group.name}" for group in validation.left_out),
    ]  # fmt: skip
    assert "Intervals are 95 % CI." in tables["subgroups"].notes


def test_thresholds_are_those_of_the_json(validation, tables):
    for one, row in zip(validation.to_dict()["thresholds"], tables["thresholds"].rows, strict=True):
        assert row[0] == f"{100 * one['threshold']:g} %"
        assert row[1].split(" ")[0] == f"{100 * one['measures']['sensitivity']['value']:.0f}"


def test_patients_by_outcome_are_the_table_one_of_the_json(values, tables):
    table, found = tables["patients_by_outcome"], values["table_one"]
    assert [column.replace("\N{NO-BREAK SPACE}", " ") for column in found["columns"]] == list(table.columns[1:])
    assert [row[0].lstrip(INDENT) for row in table.rows] == [row["label"] for row in found["rows"]]


def test_priors_and_coefficients_have_95_percent_intervals(model):
    made = model_tables(model)
    prior = model.study.predictor("anti_hbs").prior
    reach = Z * prior.sd
    expected = " ".join(
        (
            f"{exp(prior.log_odds):.2f}",
            f"({exp(prior.log_odds - reach):.2f}",
            "to",
            f"{exp(prior.log_odds + reach):.2f})",
        )
    )
    assert made["predictors"].rows[0][3] == expected
    assert made["coefficients"].rows[0][2] == expected
    upper = coefficient_table(model)[0]["posterior"][2]  # of the report: one level everywhere
    assert numbers(made["coefficients"].rows[0][3])[2] == pytest.approx(upper, abs=0.006)
    narrower = coefficient_table(model, 0.9)[0]["posterior"][2]
    assert narrower < upper - 0.02
    assert all("95 % CI" in column for column in made["coefficients"].columns[2:])
    assert "90 %" not in repr([table.to_dict() for table in made.values()])


def test_every_predictor_and_term_of_the_study_is_listed_with_its_source(study):
    table = predictor_table(study)
    assert len(table.rows) == len(study.predictors) + len(study.terms)
    assert all(row[5] for row in table.rows if row[3] != "none stated")


def test_a_model_without_priors_has_no_table_of_coefficients(cohort, study):
    assert set(model_tables(rm.train(cohort, study, candidates=("ridge_logistic",)))) == {"predictors"}
