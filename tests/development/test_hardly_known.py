"""Most hospitals do not measure everything: a predictor that hardly anybody has stops nothing, and is reported."""

from __future__ import annotations

import numpy as np
import pytest

import relapse_model as rm
from relapse_model.classifiers.known import KNOWN
from relapse_model.development.choice import fit_known
from relapse_model.features.design import design, design_matrix
from relapse_model.features.development_data import development_data
from relapse_model.report.figures.model import coefficient_table
from relapse_model.study.reader import parse_study

PRIOR = 0.19  # log-odds per log10 U/mL of HBcrAg, as the study states it
TYPICAL = 2.4


def without_hbcrag(patients, seed, known=0):
    """Return a simulated cohort in which only some patients have HBcrAg."""
    tables = dict(rm.simulate_cohort(patients, seed=seed).tables())
    labs = tables["labs"]
    keep = labs.loc[labs["analyte"] == "hbcrag", "patient_id"].unique()[:known]
    tables["labs"] = labs[(labs["analyte"] != "hbcrag") | labs["patient_id"].isin(keep)]
    return rm.make_cohort(**tables, study=rm.load_study("hbsag-relapse"))


@pytest.fixture(scope="module")
def cohort():
    return without_hbcrag(132, 7, known=3)


@pytest.fixture(scope="module")
def model(cohort, study):
    return rm.train(cohort, study, candidates=("prior_logistic",))


def moved(model, study, by):
    """Return how far the log-odds of some patients move with HBcrAg `by` log10 U/mL above its typical value."""
    features = rm.derive_features(rm.simulate_cohort(30, seed=8), study)
    risks = []
    for value in (TYPICAL, TYPICAL + by):
        features = features.assign(hbcrag=value)
        risks.append(model.predict_risk(features))
    return np.log(risks[1] / (1 - risks[1])) - np.log(risks[0] / (1 - risks[0]))


@pytest.mark.parametrize("name", KNOWN)
def test_every_candidate_is_fitted_and_scores_who_has_it_and_who_has_not(name, cohort, study):
    data = development_data(cohort, study)
    fitted = fit_known(name, data, design(study), 0)
    features = rm.derive_features(rm.simulate_cohort(30, seed=8), study)
    known, unknown = (
        fitted.predict_proba(design_matrix(table, study))[:, 1] for table in (features, features.assign(hbcrag=np.nan))
    )
    assert np.isfinite(known).all()
    moved = np.abs(known - unknown).max() > 1e-12  # sums of other rows may round in another way
    assert moved == name.startswith("prior"), "only priors know anything of it"


def test_the_prior_stands_and_is_averaged_over_its_strengths(model, study):
    strength = model.classifier.strength_weight_ @ [0.0, 0.5, 1.0, 1.5]
    assert moved(model, study, 1.0).mean() == pytest.approx(PRIOR * strength, abs=0.03)


def test_what_few_patients_had_is_not_in_the_model(model, cohort, study):
    place = list(design(study).names).index("hbcrag")
    assert (model.classifier.center_[place], model.classifier.impute_[place]) == (TYPICAL, TYPICAL)
    nobody = rm.train(without_hbcrag(132, 7), study, candidates=("prior_logistic",))
    assert np.array_equal(nobody.classifier.coef_mean_, model.classifier.coef_mean_)


def test_it_is_told_by_its_label_in_training_and_in_scoring(model, study, tmp_path):
    (finding,) = [one for one in model.summary["warnings"] if one["code"] == "RM118"]
    assert "HBcrAg" in finding["text"]
    assert model.summary["hardly_known"] == {"hbcrag": "prior"}
    new = rm.simulate_cohort(30, seed=8)
    model.save(tmp_path / "m.rmodel")
    scores = rm.load_model(tmp_path / "m.rmodel").score(new)
    known = rm.derive_features(new, study)["hbcrag"].notna().to_numpy()
    stated = (
        scores["warnings"]
        .str.contains(r"RS210 known in hardly any training patient: HBcrAg \(its effect is that")
        .to_numpy()
    )
    assert (stated == known).all()
    assert known.any()


def test_without_a_typical_value_it_is_left_out_and_that_is_told_too(cohort, study):
    bare = parse_study(study.text.replace("typical = 2.4\n", ""), "test")
    model = rm.train(cohort, bare, candidates=("prior_logistic",))
    assert model.summary["hardly_known"] == {"hbcrag": "left out"}
    assert np.abs(moved(model, bare, 3.0)).max() == 0.0
    assert "HBcrAg" not in {row["label"] for row in coefficient_table(model)}  # no odds ratio of exactly 1
    assert (
        "RS210 known in hardly any training patient: HBcrAg (left out"
        in model.score(rm.simulate_cohort(9, seed=8))["warnings"][0]
    )
    (finding,) = [one for one in model.summary["warnings"] if one["code"] == "RM118"]
    assert "left out of every model" in finding["text"]


def test_a_model_trained_on_few_is_a_start_for_one_that_has_them(model, study):
    """What the earlier cohort could not tell starts from its prior, and is learned here."""
    later = rm.train(rm.simulate_cohort(300, seed=9), study, candidates=("prior_logistic",), prior=model)
    assert later.summary["hardly_known"] == {}
    place = list(design(study).names).index("hbcrag")
    assert later.classifier.scale_[place] > 0.5


def test_ten_patients_are_learned_from(study):
    model = rm.train(without_hbcrag(132, 7, known=14), study, candidates=("prior_logistic",))
    assert model.summary["hardly_known"] == {}
    assert "RM118" not in {one["code"] for one in model.summary["warnings"]}


def test_validation_judges_every_fold_and_tells_whom_it_judged(study):
    found = rm.validate(
        without_hbcrag(132, 7, known=11), study, candidates=("prior_logistic",), outer_repeats=1, bootstraps=2
    )
    assert not np.isnan(found.risks).any()  # in some folds fewer than 10 have it
    assert found.failed == {}
    assert found.bootstrap.failed == {}
