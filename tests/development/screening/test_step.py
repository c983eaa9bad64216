"""The screen as a step of the procedure: repeated in every fold and resample, and what is left of it in the model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import relapse_model as rm
from relapse_model.cohort.simulation import TrialScenario
from relapse_model.cohort.simulation.scenario import BIOMARKERS
from relapse_model.development.screening.step import screen_step, selected_columns
from relapse_model.errors import InsufficientDataError, RelapseModelError, StudyError
from relapse_model.features.development_data import development_data
from relapse_model.report.limitations import limitations
from relapse_model.report.model_card import model_card
from relapse_model.report.validation_page import effect_rows
from relapse_model.study.candidates_as_predictors import marked_as_screened, with_candidates
from relapse_model.study.reader import parse_study

ONE = {"candidates": ("prior_logistic",)}


@pytest.fixture(scope="module")
def with_marker():
    scenario = TrialScenario(biomarkers=dict.fromkeys(BIOMARKERS, 0.0) | {"hbv_rna": 1.2})
    return rm.simulate_cohort(200, seed=1, scenario=scenario, control_risk=0.25)


@pytest.fixture(scope="module")
def model(with_marker, study):
    return rm.train(with_marker, study, biomarkers="screen", **ONE)


def test_the_model_has_what_the_screen_of_all_patients_selects(with_marker, study, model):
    alone = rm.screen_biomarkers(with_marker, study, increment=False, repeats=1)
    assert alone.selected == ("hbv_rna",)
    assert model.summary["screen"]["selected"] == ["hbv_rna"]
    assert set(model.summary["screen"]["tested"]) == {one.predictor.name for one in study.candidates}
    assert [one.name for one in model.study.predictors] == [*(one.name for one in study.predictors), "hbv_rna"]
    assert "hbv_rna" not in {one.predictor.name for one in model.study.candidates}
    assert "pegifn_weeks" in {one.predictor.name for one in model.study.candidates}


def test_such_a_model_is_saved_and_scores_the_same(with_marker, model, tmp_path):
    model.save(tmp_path / "one.rmodel")
    again = rm.load_model(tmp_path / "one.rmodel")
    ours, theirs = (one.score(with_marker)["relapse_risk"].to_numpy(dtype=float) for one in (model, again))
    np.testing.assert_allclose(ours, theirs, atol=1e-12)


def test_its_card_says_so(model):
    assert "9 candidate biomarkers were screened as a step of the procedure; selected: HBV RNA." in model_card(model)


def test_its_study_is_known_again_on_the_same_patients(with_marker, model):
    """Taken as it is, the choice would not be repeated (RM206); of the model itself it is a step."""
    assert "RM206" not in {one["code"] for one in model.summary["warnings"]}
    found = rm.train(with_marker, model.study, **ONE).summary["warnings"]
    assert "RM206" in {one["code"] for one in found}


def test_nothing_selected_leaves_the_model_as_it_is_without_a_screen(study):
    cohort = rm.simulate_cohort(132, seed=1, scenario=TrialScenario(biomarkers=dict.fromkeys(BIOMARKERS, 0.0)))
    screened, plain = rm.train(cohort, study, biomarkers="screen", **ONE), rm.train(cohort, study, **ONE)
    assert screened.summary["screen"]["selected"] == []
    assert screened.study == plain.study
    ours, theirs = (one.score(cohort)["relapse_risk"].to_numpy(dtype=float) for one in (screened, plain))
    np.testing.assert_array_equal(ours, theirs)


def test_a_validation_screens_anew_in_every_resample(with_marker, study, model):
    found = rm.validate(
        with_marker,
        study,
        biomarkers="screen",
        outer_repeats=1,
        bootstraps=12,
        leave_out=None,
        folds=3,
        repeats=1,
        **ONE,
    )
    assert found.settings["selected"] == ["hbv_rna"]
    kept = dict(zip(found.bootstrap.columns, found.bootstrap.effects.kept, strict=True))
    assert kept["hbv_rna"] > 0.7  # of 12: selected in most
    assert all(kept[name] == 1.0 for name in ("anti_hbs", "hbig_arm"))  # never left out
    assert max(kept[name] for name in ("pegifn_weeks", "vaccination", "genotype_c")) < 0.5
    assert not found.failed
    own = found.model.score(with_marker)["relapse_risk"].to_numpy(dtype=float)
    np.testing.assert_allclose(own, model.score(with_marker)["relapse_risk"].to_numpy(dtype=float), atol=1e-12)
    assert any("Selected in all patients: HBV RNA" in one for one in limitations(found))
    labels = {row["label"]: row["none"] for row in effect_rows(found)}
    assert labels["Anti-HBs"] == "0 %"
    assert int(labels["HBV DNA"].removesuffix(" %")) == 100  # never detectable, never selected


def test_the_patients_of_a_fold_see_nothing_of_the_others(with_marker, study):
    """The outcomes of the patients left out may be anything: what is selected without them is the same."""
    step = screen_step(with_marker, study, "screen", None, prior=None)
    data = development_data(with_marker, step.study)
    train, rest = np.arange(150), np.arange(150, len(data))
    first = step.narrow(data.take(train), 0)
    turned = data.relapse.copy()
    turned[rest] = 1 - turned[rest]
    spoiled = replace(data, relapse=turned)
    second = step.narrow(spoiled.take(train), 0)
    assert first.selected == second.selected
    np.testing.assert_array_equal(first.columns, second.columns)


def test_copies_in_a_resample_are_one_patient(study):
    """Without any true marker a screen that took copies for patients would find chance in most resamples."""
    cohort = rm.simulate_cohort(132, seed=3, control_risk=0.3)
    own = with_candidates(study, ())
    data = development_data(cohort, own)
    rng = np.random.default_rng(0)
    noise = rng.standard_normal((20, len(data)))
    beside = replace(own, predictors=own.predictors[:2], terms=())
    base = replace(data, matrix=data.matrix[:, :2])
    hits = taken_for_patients = 0
    for _ in range(40):
        drawn, rows = base.resample(rng)
        hits += selected_columns(drawn, beside, noise[:, rows], draws=500).any()
        apart = replace(drawn, copy=None, patient=None)
        taken_for_patients += selected_columns(apart, beside, noise[:, rows], draws=500).any()
    assert taken_for_patients > 20
    assert hits <= 10


def test_what_cannot_be_a_step_is_refused(with_marker, study, model):
    for more, said in (
        ({"landmark_week": (0, 12)}, "takes one landmark, and no earlier model"),
        ({"prior": model}, "takes one landmark, and no earlier model"),
        ({"biomarkers": "lasso"}, "biomarkers is 'lasso'; expected one of 'none', 'screen'"),
    ):
        with pytest.raises(RelapseModelError, match=said):
            rm.train(with_marker, study, **(ONE | {"biomarkers": "screen"} | more))
    bare = parse_study(study.text.split("\n[[candidates]]")[0], "study.toml")
    with pytest.raises(StudyError, match=r"no \[\[candidates\]\]"):
        rm.train(with_marker, bare, biomarkers="screen", **ONE)
    with pytest.raises(RelapseModelError, match=r"candidates is 'screen'.*Did you mean biomarkers='screen'"):
        rm.train(with_marker, study, candidates="screen")
    with pytest.raises(RelapseModelError, match=r"candidates is 'elastic_net'.*\('elastic_net',\)"):
        rm.train(with_marker, study, candidates="elastic_net")


def test_few_events_are_refused_as_in_a_screen(cohort, study):
    state = rm.derive_outcome(cohort, study)["state"].to_numpy()
    seven = cohort.take(np.concatenate([np.flatnonzero(state == "relapse")[:7], np.flatnonzero(state == "free")]))
    with pytest.raises(InsufficientDataError, match=r"7 events .* expected at least 8"):
        rm.train(seven, study, biomarkers="screen", more_predictors_than_events=True, **ONE)


def test_candidates_become_predictors_in_the_text(study):
    wide = with_candidates(study, ["vaccination", "hbv_dna"])
    assert [one.name for one in wide.predictors[-2:]] == ["hbv_dna", "vaccination"]
    assert len(wide.candidates) == len(study.candidates) - 2
    assert parse_study(wide.text, study.name) == wide
    marked = marked_as_screened(wide, ["hbv_dna"], "0123abcd")
    assert {one.name: one.screened_on for one in marked.predictors if one.screened_on} == {"hbv_dna": "0123abcd"}
    with pytest.raises(RelapseModelError, match="was changed after it was read"):
        with_candidates(replace(study, title="another"), ["hbv_dna"])
    inline = study.text.split("\n[[candidates]]")[0]
    head, tail = inline.split("\n[analytes", 1)
    one_line = 'candidates = [{ name = "bmi", kind = "column", column = "bmi_kg_m2", family = "body" }]\n'
    odd = parse_study(one_line + head + "\n[analytes" + tail, study.name)
    with pytest.raises(RelapseModelError, match=r"expected each under a line \[\[candidates\]\]"):
        with_candidates(odd, ["bmi"])
