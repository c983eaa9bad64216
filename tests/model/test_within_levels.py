"""The AUC among patients who are alike in a predictor: of risks that only that predictor makes, it is chance."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.cli.texts import within_lines
from relapse_model.cli.verdict_text import evaluation_answer
from relapse_model.features.development_data import development_data
from relapse_model.model.within_levels import within_levels
from relapse_model.validation.estimate import Estimate


@pytest.fixture(scope="module")
def trial():
    cohort, study = rm.simulate_cohort(132, seed=7), rm.load_study("hbsag-relapse")
    return study, development_data(cohort, study)


def within(trial, risk):
    study, data = trial
    return within_levels(study, data, risk[None], np.zeros((1, len(data)), dtype=np.intp), seed=1)


def test_of_a_risk_that_the_arm_makes_nothing_is_left_without_it(trial):
    arm = trial[1].features["hbig_arm"].to_numpy(dtype=float)
    found = within(trial, 0.2 + 0.5 * arm)
    assert found["hbig_arm"].value == 0.5  # all pairs of one arm are ties
    assert set(found) < {one.name for one in trial[0].predictors}  # numbers of many values are not among them


def test_of_a_risk_that_another_makes_all_is_left(trial):
    data = trial[1]
    risk = np.where(data.relapse == 1, 0.9, 0.1)
    assert within(trial, risk)["hbig_arm"].value == 1.0


def test_by_hand(trial):
    """Two arms of two with and two without the outcome: 4 of 4 pairs in order in one, 2 of 4 in the other."""
    data = SimpleNamespace(
        features=pd.DataFrame({one.name: 0.0 for one in trial[0].predictors}, index=range(8)).assign(
            hbig_arm=[0.0] * 4 + [1.0] * 4
        ),
        relapse=np.array([1, 1, 0, 0] * 2, dtype=float),
        weights=lambda: np.ones(8),
    )
    risk = np.array([0.4, 0.4, 0.2, 0.2, 0.5, 0.9, 0.8, 0.8])
    found = within_levels(trial[0], data, risk[None], np.zeros((1, 8), dtype=np.intp), seed=1)
    assert list(found) == ["hbig_arm"]  # the others are the same in all
    assert found["hbig_arm"].value == 6 / 8
    no_pair = np.arange(8)[None] % 2 + 2 * np.array([[1, 1, 0, 0] * 2])  # every fold without one of the outcomes
    assert within_levels(trial[0], data, risk[None], no_pair, seed=1) == {}


@pytest.fixture(scope="module")
def of_the_arm(trial):
    """Return a model that reads nothing but the arm, and a cohort: of the arm it fears 30 of 50 relapse, else 5."""
    study = replace(trial[0], predictors=(trial[0].predictor("hbig_arm"),), terms=())
    model = rm.train(rm.simulate_cohort(132, seed=7), study, candidates=("prior_logistic",))
    cohort = rm.simulate_cohort(100, seed=9)
    tables, risk = cohort.tables(), model.score(cohort)["relapse_risk"].to_numpy()
    feared = risk > risk.min() + 1e-9
    place = np.where(feared, feared.cumsum(), (~feared).cumsum())
    relapse = np.where(feared, place <= 30, place <= 5).astype(int)
    outcomes = pd.DataFrame({"patient_id": tables["patients"]["patient_id"], "relapse": relapse, "week": 48})
    assert feared.sum() == 50
    return model, rm.make_cohort(tables["patients"], tables["labs"], tables["treatments"], outcomes)


def test_evaluate_tells_what_is_left_within_the_arms(of_the_arm):
    """30 x 45 pairs between arms in order, 30 x 20 + 5 x 45 ties within arms, of 35 x 65; within arms nothing else."""
    model, cohort = of_the_arm
    found = model.evaluate(cohort)
    assert found.measures["auc"].value == pytest.approx((30 * 45 + (30 * 20 + 5 * 45) / 2) / (35 * 65))
    assert found.within_levels["hbig_arm"].value == 0.5
    assert found.measures["auc_within_arm"] == found.within_levels["hbig_arm"]
    assert found.to_dict()["within_levels"]["hbig_arm"]["value"] == 0.5
    assert within_lines(found, model.study) == ["  AUC within arms             0.50 (0.50 to 0.50)"]
    gained = Estimate(-0.02, -0.04, -0.01, 0.95, "by hand")
    ranked = replace(found, measures=found.measures | {"log_loss_difference": gained})
    assert evaluation_answer(ranked, model)["works"] == "No: it tells the arms apart, not the patients within them."
    assert "AUC among patients alike in hbig_arm" in found._repr_html_()


def test_where_no_arm_holds_a_pair_it_is_refused_and_not_left_silent(of_the_arm):
    """In one arm all relapse and in the other all stay free: an AUC between the arms, none within them."""
    model, cohort = of_the_arm
    tables = cohort.tables()
    relapse = tables["patients"]["arm"].eq("control").astype(int)
    apart = rm.make_cohort(
        tables["patients"], tables["labs"], tables["treatments"], tables["outcomes"].assign(relapse=relapse.to_numpy())
    )
    found = model.evaluate(apart)
    assert ("auc" in found.measures, found.within_levels, "within_levels" in found.to_dict()) == (True, {}, False)
    assert within_lines(found, model.study) == [
        "  AUC within arms             refused: too few patients with and without the outcome can be compared within "
        "arms"
    ]


def test_a_model_file_keeps_the_verdict_and_not_the_rest(of_the_arm, tmp_path):
    _, cohort = of_the_arm
    own = rm.train(rm.simulate_cohort(132, seed=7), rm.load_study("hbsag-relapse"), candidates=("prior_logistic",))
    given = replace(own.evaluate(cohort), measures={"auc_within_arm": Estimate(0.5, 0.4, 0.6, 0.95, "by hand")})
    assert given.within_levels
    own.save(tmp_path / "m.rmodel", performance=given)
    kept = rm.load_model(tmp_path / "m.rmodel").performance
    assert (kept.measures["auc_within_arm"].value, kept.within_levels) == (0.5, {})
