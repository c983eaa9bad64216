"""A study that names centres, from the file to scores, explanation, benefit, file and calculator."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.classifiers.by_centre import risk_by_centre
from relapse_model.cohort.simulation.scenario import TrialScenario
from relapse_model.development.internal_validation.group_tables import column_left_out, groupings, groups_of
from relapse_model.development.internal_validation.refit import Task
from relapse_model.development.internal_validation.refits import run_tasks
from relapse_model.development.procedure import Procedure, develop
from relapse_model.errors import CohortError, RelapseModelError
from relapse_model.features.centre_labels import centre_labels
from relapse_model.features.design import design
from relapse_model.features.development_data import development_data
from relapse_model.model.calculator.page import calculator_page
from relapse_model.model.calculator.scorer_values import CalculatorError
from relapse_model.model.explanation.patient import explain_patient
from relapse_model.model.scoring.scores import score_cohort
from relapse_model.report.model_card import model_card
from relapse_model.study.reader import parse_study
from relapse_model.validation import brier


@pytest.fixture(scope="module")
def study():
    base = rm.load_study("hbsag-relapse")
    return replace(base, prediction=replace(base.prediction, centre="centre"), text=with_key(base.text))


def with_key(text):
    assert text.count("implausible_auc = 0.85") == 1
    return text.replace("implausible_auc = 0.85", 'implausible_auc = 0.85\ncentre = "centre"')


@pytest.fixture(scope="module")
def cohort():
    return rm.simulate_cohort(300, 11, centres=5, scenario=TrialScenario(centre_sd=1.0))


@pytest.fixture(scope="module")
def model(cohort, study):
    return rm.train(cohort, study, candidates=("prior_logistic",), folds=3, repeats=1)


@pytest.fixture(scope="module")
def new():
    return rm.simulate_cohort(12, 5, centres=5)


def at_centre(cohort, name):
    column = pd.Series([name] * len(cohort), index=cohort.patients.index, dtype=object)
    return replace(cohort, patients=cohort.patients.assign(centre=column))


def test_the_key_is_read_and_must_be_a_name(study):
    assert parse_study(study.text, "test").prediction.centre == "centre"
    with pytest.raises(RelapseModelError, match="centre"):
        parse_study(study.text.replace('centre = "centre"', "centre = 3"), "test")


def test_training_needs_the_column(cohort, study):
    without = replace(cohort, patients=cohort.patients.drop(columns="centre"))
    with pytest.raises(CohortError, match=r"\[prediction\] centre names it"):
        rm.train(without, study, candidates=("prior_logistic",))


def test_labels_differ_in_more_than_case_form_and_spaces(study, new):
    names = [" West", "WEST", "ｗｅｓｔ", "east", None, "", 1, 1.0, "1", np.nan, "2", "北京"]
    assert labels_of(new, study, names) == ["west"] * 3 + ["east", None, None, "1", "1", "1", None, "2", "北京"]
    numbers = ["1.0", "10.00", "1.5", "01", "a.0", 1.5]  # as a table with an empty cell writes 1, 10, ...
    spaced = ["North  Wing", "north\u00a0wing", "No\u200brth Wing", "North-Wing", "x", "x"]
    expected = ["1", "10", "1.5", "01", "a.0", "1.5", *["north wing"] * 3, "north-wing", "x", "x"]
    assert labels_of(new, study, numbers + spaced) == expected


def labels_of(new, study, names):
    column = pd.Series(names, index=new.patients.index, dtype=object)
    return centre_labels(replace(new, patients=new.patients.assign(centre=column)), study).tolist()


def test_a_word_for_not_known_is_no_centre(new, study):
    words = ["unknown", "Unknown ", "未知", "-", "?", "missing", "n/a", "none", "nan", "不详", "not stated", "UNK"]
    assert labels_of(new, study, words) == [None] * 12


def test_a_known_centre_has_its_own_risk_and_a_new_one_is_less_certain(model, new):
    labels = model.classifier.centres_.labels
    assert len(labels) >= 3
    level = dict(zip(labels, model.classifier.components_.weight @ model.classifier.centres_.mean, strict=True))
    low, high = (model.score(at_centre(new, pick(level, key=level.get))) for pick in (min, max))
    elsewhere = model.score(at_centre(new, "a hospital elsewhere"))
    assert (low["relapse_risk"] < elsewhere["relapse_risk"]).all()
    assert (elsewhere["relapse_risk"] < high["relapse_risk"]).all()

    def log_odds(end):
        return np.log(elsewhere[end] / (1 - elsewhere[end])), np.log(high[end] / (1 - high[end]))

    (new_lower, known_lower), (new_upper, known_upper) = log_odds("risk_lower"), log_odds("risk_upper")
    assert (new_upper - new_lower > known_upper - known_lower).all()


def test_an_unknown_and_a_missing_centre_are_warned_of_and_alike(model, new):
    elsewhere, unstated = model.score(at_centre(new, "a hospital elsewhere")), model.score(at_centre(new, None))
    without = model.score(replace(new, patients=new.patients.drop(columns="centre")))
    assert elsewhere["warnings"].str.contains("RS214 centre not known to the model").all()
    assert not elsewhere["warnings"].str.contains("elsewhere").any()
    for other in (unstated, without):
        assert other["warnings"].str.contains("RS214 centre not stated").all()
        np.testing.assert_array_equal(other["relapse_risk"], elsewhere["relapse_risk"])
    known = model.score(at_centre(new, model.classifier.centres_.labels[0]))
    assert not known["warnings"].str.contains("RS214").any()


def test_a_model_without_centres_warns_of_none(new):
    study = rm.load_study("hbsag-relapse")
    plain = rm.train(rm.simulate_cohort(132, seed=7), study, candidates=("prior_logistic",), folds=3, repeats=1)
    assert not plain.score(at_centre(new, "elsewhere"))["warnings"].str.contains("RS214").any()


def test_a_small_centre_is_in_no_file_and_scored_as_a_new_one(cohort, study, new, tmp_path):
    # Four patients of a centre of their own: none of them is told in the file.
    column = cohort.patients["centre"].astype(object).copy()
    column.iloc[:4] = "Tiny Hospital"
    few = replace(cohort, patients=cohort.patients.assign(centre=column))
    model = rm.train(few, study, candidates=("prior_logistic",), folds=3, repeats=1)
    assert "tiny hospital" not in model.classifier.centres_.labels
    assert "tiny" not in model.classifier.to_parts()["prior_logistic.json"].decode().lower()
    assert "tiny" not in repr(model.summary).lower()
    assert model.score(at_centre(new, "Tiny Hospital"))["warnings"].str.contains("RS214").all()


def test_the_file_keeps_the_centres(model, new, tmp_path):
    model.save(tmp_path / "model.rmodel")
    again = rm.load_model(tmp_path / "model.rmodel")
    for name in (*model.classifier.centres_.labels, "elsewhere"):
        there, here = (one.score(at_centre(new, name)) for one in (again, model))
        pd.testing.assert_frame_equal(there, here)


def test_scores_in_parts_are_the_same(model, tmp_path):
    rm.simulate_cohort(50, 6, centres=7).write(tmp_path / "new")
    for size in (1000, 20):
        rm.score_folder(model, tmp_path / "new", tmp_path / f"{size}.csv", chunk_patients=size)
    assert (tmp_path / "20.csv").read_bytes() == (tmp_path / "1000.csv").read_bytes()


def test_the_centre_is_a_line_of_the_explanation(model, new):
    name = model.classifier.centres_.labels[0]
    there = at_centre(new, name)
    found = explain_patient(model, there, "P0001")
    line = next(one for one in found.inputs if one.predictor == "centre")
    assert (line.shown, line.reference_shown, line.read_from) == (name, "a new centre", "baseline data")
    assert found.steps()[-1] == pytest.approx(found.risk, abs=1e-9)
    elsewhere = explain_patient(model, at_centre(new, None), "P0001")
    line = next(one for one in elsewhere.inputs if one.predictor == "centre")
    assert (line.shown, line.contribution) == ("missing", 0.0)
    assert found.base_risk == pytest.approx(elsewhere.base_risk, rel=1e-12)


def test_shap_values_add_up_to_the_risk_of_the_centre(model, new):
    there = at_centre(new, model.classifier.centres_.labels[1])
    found, risk = model.explain(there), model.score(there)["relapse_risk"].to_numpy()
    np.testing.assert_allclose(found.values.sum(axis=1) + found.base_values, np.log(risk / (1 - risk)), atol=1e-9)


def test_the_arm_of_a_patient_has_the_risk_of_the_score(model, new):
    # A control's risk under control is the risk of the score: both know the centre.
    both = score_cohort(model, new, both_arms=True)
    controls = (new.patients["arm"] == "control").to_numpy()
    np.testing.assert_allclose(both["risk_control"][controls], both["relapse_risk"][controls], rtol=1e-12)
    np.testing.assert_allclose(both["risk_treated"][~controls], both["relapse_risk"][~controls], rtol=1e-12)
    table = model.benefit(new).table
    np.testing.assert_allclose(table["risk_control"], both["risk_control"], rtol=1e-12)


def test_the_calculator_refuses_centres_by_name(model):
    with pytest.raises(CalculatorError, match="intercept for each centre"):
        calculator_page(model, languages=("en",))


def test_external_validation_uses_the_centre(model, cohort, study):
    # On the cohort it was made from: the centres are known, and the risks are those of the scores.
    data = development_data(cohort, study)
    risk = model.score(cohort).set_index("patient_id")["relapse_risk"].reindex(data.features.index).to_numpy()
    known = ~np.isnan(data.relapse)
    expected = brier(data.relapse[known], risk[known], data.weights()[known])
    assert model.evaluate(cohort).measures["brier"] == pytest.approx(expected, rel=1e-9)
    integrated = model.predict_risk(data.features)
    assert brier(data.relapse[known], integrated[known], data.weights()[known]) > expected


def test_a_centre_left_out_is_predicted_as_a_new_one(cohort, study):
    # One run without the patients of a centre: the risks of its patients are those of a model that knows the others
    # only, for a new centre; in an ordinary fold they are those of the centre.
    data = development_data(cohort, study)
    procedure = Procedure(design(study), ("prior_logistic",))
    for held in (data.site == data.site[0], np.arange(len(data)) % 5 == 0):
        rows, others = np.flatnonzero(held), np.flatnonzero(~held)
        (run,) = run_tasks(data, procedure, [Task(data.take(others), rows, 1)], jobs=1, progress=False)
        fitted = develop(data.take(others), procedure, 1).classifier
        new = fitted.predict_proba(data.matrix[rows])[:, 1]
        own = risk_by_centre(fitted, data.matrix[rows], data.site[rows])
        np.testing.assert_allclose(run.risk, own, rtol=1e-12)
        assert np.allclose(run.risk, new, rtol=1e-9) == (len(set(data.site[rows])) == 1)


def test_a_centre_that_is_left_out_is_left_out_in_every_spelling(cohort, study):
    """Half of each centre is written in capitals: a model of the other half would know the centre that it predicts."""
    names = cohort.patients["centre"].astype(object)
    turned = names.where(np.arange(len(names)) % 2 == 0, names.str.upper())
    turned[:12] = "unknown"
    written = replace(cohort, patients=cohort.patients.assign(centre=turned))
    data = development_data(written, study)
    groups = groups_of(written, data, "centre")
    assert set(groups) == {"not stated", *first_spellings(turned)}
    assert (groups == "not stated").sum() == 12
    assert set(groupings(written, data)["centre"].dropna()) == set(groups) - {"not stated"}
    by_centre = development_data(written, study, group_by="centre").fold_group
    assert len(set(by_centre)) == len(set(groups))


def test_the_column_that_the_study_names_is_left_out(cohort, study):
    named = replace(study, prediction=replace(study.prediction, centre="hospital"))
    renamed = replace(cohort, patients=cohort.patients.rename(columns={"centre": "hospital"}))
    assert column_left_out(renamed, named, "centre") == "hospital"
    assert column_left_out(cohort, named, "centre") == "centre"
    assert column_left_out(renamed, study, "centre") == "centre"  # of which there is none: nothing is left out
    assert column_left_out(renamed, study, None) is None
    with pytest.raises(CohortError, match="column 'hospitl': the column is missing; expected a column 'hospitl'"):
        rm.validate(renamed, named, candidates=("prior_logistic",), leave_out="hospitl")


def first_spellings(names):
    found = {}
    for name in names[12:]:
        found.setdefault(name.lower(), name)
    return found.values()


def test_the_model_card_says_why_centres_do_not_count(cohort, study):
    two = np.where(np.arange(len(cohort)) < 150, "east", "west")
    of_two = replace(cohort, patients=cohort.patients.assign(centre=two))
    card = model_card(rm.train(of_two, study, candidates=("prior_logistic",), folds=3, repeats=1))
    assert "but fewer than 3 of them have 5 patients: centres do not count." in card
    card = model_card(rm.train(cohort, study, candidates=("ridge_logistic",), folds=3, repeats=1))
    assert "the classifier takes no notice of them" in card


def test_the_model_card_says_how_centres_differ(model, new):
    card = model_card(model)
    assert f"Mean risks differ between {len(model.classifier.centres_.labels)} centres" in card
    plain = rm.train(rm.simulate_cohort(132, seed=7), rm.load_study("hbsag-relapse"), candidates=("prior_logistic",))
    assert "Mean risks differ" not in model_card(plain)
