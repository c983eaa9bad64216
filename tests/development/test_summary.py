"""What a model file tells of the patients it was trained on: nobody can be picked out."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.development.summary import predictor_summary
from relapse_model.model.explanation.points_score import points_score
from relapse_model.model.explanation.shap_values import explain, reference_codes
from relapse_model.model.file.coarse import coarse_model
from relapse_model.model.monitoring.drift import predictor_drift, training_missing
from relapse_model.model.monitoring.monitor import monitor
from relapse_model.report.disclosure import hidden_summary, with_small_counts_hidden
from relapse_model.report.figures.model import coefficient_table
from relapse_model.report.model_card import model_card
from relapse_model.report.model_values import model_values
from relapse_model.report.nomogram import nomogram_figure
from relapse_model.study.reader import parse_study


@pytest.fixture
def genotype(study):
    return replace(study.predictors[0], name="genotype", levels=("B", "C", "D"), scale="linear", saturating=None)


def stated(genotype, **counts):
    missing = counts.pop("missing", 0)
    values = [level for level, count in counts.items() for _ in range(count)] + [np.nan] * missing
    exact = predictor_summary(pd.Series(values, dtype=object), genotype)
    assert exact == {"missing": missing, "levels": counts}  # a model file of full disclosure tells all; pages hide
    found = hidden_summary({"predictors": {"genotype": exact}})["predictors"]["genotype"]
    return found["levels"], found["missing"]


@pytest.mark.parametrize(
    ("counts", "levels", "missing"),
    [
        ({"B": 20, "C": 30, "D": 6}, {"B": 20, "C": 30, "D": 6}, 0),
        # 3 could be worked out from 53 patients, 20 and 30: the next smallest is hidden too.
        ({"B": 20, "C": 30, "D": 3}, {"B": "hidden", "C": 30, "D": "<5"}, 0),
        ({"B": 20, "C": 30, "D": 0, "missing": 2}, {"B": "hidden", "C": 30, "D": 0}, "<5"),
        # 1 and 5, 1 and 1 or 4 and 4: their sum would tell both, so a third is hidden.
        ({"B": 30, "C": 5, "D": 1}, {"B": "hidden", "C": "hidden", "D": "<5"}, 0),
        ({"B": 30, "C": 1, "D": 1}, {"B": "hidden", "C": "<5", "D": "<5"}, 0),
        ({"B": 30, "C": 40, "D": 4, "missing": 4}, {"B": "hidden", "C": 40, "D": "<5"}, "<5"),
        # Hidden is the smallest, be it the number without one.
        ({"B": 30, "C": 40, "D": 4, "missing": 7}, {"B": 30, "C": 40, "D": "<5"}, "hidden"),
        # Two in all: nothing could be hidden.
        ({"B": 1, "C": 1, "D": 0}, {"B": "hidden", "C": "hidden", "D": "hidden"}, "hidden"),
        # Of two small numbers only the sum could be worked out.
        ({"B": 1, "C": 30, "D": 3}, {"B": "<5", "C": 30, "D": "<5"}, 0),
        ({"B": 20, "C": 30, "D": 3, "missing": 3}, {"B": 20, "C": 30, "D": "<5"}, "<5"),
        # That nobody has a level points at nobody, and scoring warns of who has it.
        ({"B": 20, "C": 30, "D": 0}, {"B": 20, "C": 30, "D": 0}, 0),
    ],
)
def test_a_small_count_cannot_be_worked_out_from_the_others(genotype, counts, levels, missing):
    assert stated(genotype, **counts) == (levels, missing)


def test_the_commonest_level_is_found_also_where_its_number_is_hidden(study, genotype):
    def commonest(levels):
        model = SimpleNamespace(
            study=replace(study, predictors=(genotype,)), summary={"predictors": {"genotype": {"levels": levels}}}
        )
        return genotype.levels[int(reference_codes(model)[0])]

    assert commonest({"B": "<5", "C": "hidden", "D": 0}) == "C"
    assert commonest({"B": "hidden", "C": "<5", "D": 30}) == "D"


def test_a_level_of_a_hidden_number_drifts_where_its_share_is_another(study, genotype):
    # Of 60 in training 20 (hidden), 37 and 3 had these levels; of 60 new patients half or all have the hidden one.
    summary = {"levels": {"B": "hidden", "C": 37, "D": "<5"}, "missing": 0}
    same = pd.Series(["B"] * 21 + ["C"] * 36 + ["D"] * 3, dtype=object)
    other = pd.Series(["B"] * 50 + ["C"] * 10, dtype=object)
    p_values = []
    for values in (same, other):
        features = pd.DataFrame({"genotype": values})
        one = replace(study, predictors=(genotype,))
        found = predictor_drift(features, one, {"predictors": {"genotype": summary}, "patients": 60})
        p_values.append(next(share.p_value for share in found[0].shares if share.what == "B"))
    assert p_values[0] > 0.5
    assert p_values[1] < 0.001


def test_where_several_levels_are_hidden_only_too_many_is_drift(study, genotype):
    # Of 100 in training 1 was D; B and C, of whom 99 were, are hidden: each may have been nearly all of them.
    stated = {"missing": 0, "levels": {"B": "hidden", "C": "hidden", "D": "<5"}}
    one = replace(study, predictors=(genotype,))
    features = pd.DataFrame({"genotype": pd.Series(["B"] * 50 + ["C"] * 50, dtype=object)})
    (found,) = predictor_drift(features, one, {"predictors": {"genotype": stated}, "patients": 100})
    assert found.p_value == 1.0


def test_where_the_number_missing_is_hidden_the_largest_that_it_may_be_is_compared():
    # 100 patients, 30 and 40 with a level disclosed, 1 at least with the third: 29 at most without one.
    assert training_missing({"missing": "hidden", "levels": {"B": 30, "C": 40, "D": "<5"}}, 100) == 29
    assert training_missing({"missing": "<5", "levels": {"B": 30}}, 100) == 4


# Yes or no.


@pytest.mark.parametrize(("yes", "no"), [(3, 126), (126, 3), (4, 4), (1, 20)])
def test_the_mean_of_a_rare_answer_is_not_told_as_it_would_tell_the_number(study, yes, no):
    found = predictor_summary(pd.Series([1.0] * yes + [0.0] * no), study.predictor("male"))
    untold = {"missing": 0, "mean": None, "p05": None, "median": None, "p95": None}
    assert found == untold | {"yes": yes, "no": no}  # no range for scoring; the numbers for whoever owns them
    assert hidden_summary({"predictors": {"male": found}})["predictors"]["male"] == untold


@pytest.mark.parametrize(("yes", "no", "mean"), [(0, 40, 0.0), (40, 0, 1.0), (5, 5, 0.5), (10, 30, 0.25)])
def test_the_mean_of_an_answer_of_nobody_or_of_five_is_told(study, yes, no, mean):
    assert predictor_summary(pd.Series([1.0] * yes + [0.0] * no), study.predictor("male"))["mean"] == mean


def test_a_rare_answer_is_counted_by_patients_not_by_rows(study):
    # Two patients of yes, at five landmarks each.
    values, patient = pd.Series([1.0] * 10 + [0.0] * 40), np.repeat(np.arange(10), 5)
    assert predictor_summary(values, study.predictor("male"), patient)["mean"] is None


FLAG = """
[[predictors]]
name = "flag"
label = "Flag"
kind = "column"
column = "flag"
"""


@pytest.fixture(scope="module")
def rare(study):
    """A study that also reads a column of 0 and 1 that says of itself no more, and a cohort."""
    return parse_study(study.text + FLAG, "rare.toml"), rm.simulate_cohort(132, seed=7)


def cohort_with(cohort, rows):
    """Return the cohort with so many men, and so many with a flag."""
    tables = cohort.tables()
    few = np.arange(len(cohort)) < rows
    patients = tables["patients"].assign(sex=np.where(few, "M", "F"), flag=few.astype(float))
    return rm.make_cohort(patients, tables["labs"], tables["treatments"])


@pytest.mark.parametrize("candidate", ["prior_logistic", "ridge_logistic", "boosted_trees"])
def test_a_model_with_a_rare_answer_can_be_used_for_everything(rare, candidate, tmp_path):
    study, cohort = rare
    model = rm.train(cohort_with(cohort, 3), study, candidates=(candidate,))
    assert model.summary["predictors"]["male"]["mean"] is None
    assert model.summary["predictors"]["flag"]["p95"] is None
    new = cohort_with(rm.simulate_cohort(60, seed=9), 30)
    features = rm.derive_features(new, study)
    found = explain(model, features)
    risk = model.predict_risk(features)
    np.testing.assert_allclose(found.base_values + found.values.sum(axis=1), np.log(risk / (1 - risk)), atol=1e-6)
    assert not model.score(new)["warnings"].str.contains("Flag|Male").any()  # both answers are in the range
    assert "3 yes, 129 no" in model_card(model)  # of full disclosure: all counts
    assert "3 yes" not in model_card(with_small_counts_hidden(model))
    assert "too few values to be disclosed" in model_card(coarse_model(model))
    stated = monitor(model, new)
    assert {"male", "flag"} <= {one.name for one in stated.predictors}
    assert json.dumps(stated.to_dict(), allow_nan=False)
    assert json.dumps(model_values(model), allow_nan=False)
    model.save(tmp_path / "x.rmodel")
    assert rm.load_model(tmp_path / "x.rmodel").summary["predictors"]["flag"] == model.summary["predictors"]["flag"]


def test_nomogram_points_and_coefficients_of_a_rare_answer_do_not_tell_how_many_have_it(rare):
    study, cohort = rare
    cohort = cohort_with(cohort, 3)
    model = rm.train(cohort, study, candidates=("prior_logistic",))
    assert nomogram_figure(model).axes
    assert json.dumps(points_score(model, rm.derive_features(cohort, study)).to_dict(), allow_nan=False)
    steps = {row["label"]: row["step"] for row in coefficient_table(model)}
    # "per SD (0.15)" would be 3 of 132: sqrt(3 * 129) / 132.
    assert (steps["Flag"], steps["Male sex"]) == ("per unit", "yes against no")


def test_explanations_compare_with_the_value_that_stands_in_for_a_missing_answer(rare):
    study, cohort = rare
    model = rm.train(cohort_with(cohort, 3), study, candidates=("prior_logistic",))
    features = rm.derive_features(cohort_with(rm.simulate_cohort(20, seed=9), 10), study)
    place = [predictor.name for predictor in study.predictors].index("male")
    unknown = explain(model, features.assign(male=np.nan)).values[:, place]
    assert np.isnan(reference_codes(model)[place])
    np.testing.assert_allclose(unknown, 0.0, atol=1e-12)
