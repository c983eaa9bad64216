"""RM115: the cohort of the training is recognised, however it is written; no other is, and no patient is named."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

import relapse_model as rm
from relapse_model.cli.program import main
from relapse_model.development.checks.all_checks import EVALUATION_CHECK
from relapse_model.errors import RelapseModelError
from relapse_model.features.development_data import development_data
from relapse_model.features.fingerprint import cohort_fingerprint, data_fingerprint
from relapse_model.report.model_card import model_card

ONLY = {"candidates": ("prior_logistic",)}


def fingerprint(cohort, study):
    return cohort_fingerprint(cohort, study, (0.0,))


def renamed(cohort):
    tables = {name: table.copy() for name, table in cohort.tables().items()}
    for table in tables.values():
        table["patient_id"] = "X" + table["patient_id"]
    return rm.make_cohort(**tables)


@pytest.mark.parametrize("state", [(True, "found"), (False, "passed"), (None, "not applicable")])
def test_the_three_answers(state):
    apparent, expected = state
    result = EVALUATION_CHECK(apparent)
    assert (result.code, result.state) == ("RM115", expected)


def test_the_training_cohort_is_called_apparent_and_another_is_not(model, cohort):
    assert model.evaluate(cohort).apparent is True
    assert model.evaluate(rm.simulate_cohort(132, seed=9)).apparent is False
    assert model.evaluate(cohort).to_dict()["apparent"] is True


def test_the_order_the_names_and_the_file_do_not_matter(model, cohort, study, tmp_path):
    shuffled = cohort.take(np.random.default_rng(1).permutation(len(cohort)))
    cohort.write(tmp_path / "cohort")
    again = rm.read_cohort(tmp_path / "cohort", study=study)
    for same in (shuffled, renamed(cohort), again):
        assert model.evaluate(same).apparent is True


def test_any_other_content_is_another_cohort(cohort, study):
    """One patient less, one value changed, one outcome changed: only the whole is recognised, as the page says."""
    own = fingerprint(cohort, study)
    patients = cohort.patients.copy()
    patients.loc[0, "age_years"] += 1
    tables = dict(cohort.tables()) | {"patients": patients}
    assert fingerprint(cohort.take(np.arange(131)), study) != own
    assert fingerprint(rm.make_cohort(**tables), study) != own
    data = development_data(cohort, study, 0.0)
    assert data_fingerprint(data) == own
    assert data_fingerprint(replace(data, time=data.time + (np.arange(len(data)) == 3))) != own


def test_the_fingerprint_is_too_short_to_hold_a_patient(model):
    """32 bits: two rows of eight predictors are more. What cannot hold a row cannot be searched for one."""
    assert len(bytes.fromhex(model.summary["fingerprint"])) == 4


def test_a_model_of_several_landmarks_knows_its_cohort_at_each(cohort, study):
    stacked = rm.train(cohort, study, landmark_week=[0, 12], **ONLY)
    assert stacked.evaluate(cohort, landmark_week=12).apparent is True
    assert stacked.evaluate(rm.simulate_cohort(132, seed=9), landmark_week=12).apparent is False


def test_a_model_without_a_fingerprint_says_nothing(model, cohort):
    older = replace(model, summary={key: value for key, value in model.summary.items() if key != "fingerprint"})
    assert older.evaluate(cohort).apparent is None


def test_the_training_cohort_neither_updates_nor_confirms_its_model(model, cohort, study):
    """They would count twice: as a recalibration, and as the prior of their own model."""
    with pytest.raises(RelapseModelError, match=r"update: these are the very patients .*RM115"):
        model.update(cohort)
    with pytest.raises(RelapseModelError, match=r"prior: these are the very patients .*RM115"):
        rm.train(cohort, study, prior=model, **ONLY)
    with pytest.raises(RelapseModelError, match="prior: these are the very patients"):
        rm.train(cohort, study, prior=renamed(cohort), **ONLY)
    with pytest.raises(RelapseModelError, match="prior: these are the very patients"):
        rm.validate(cohort, study, prior=model, outer_repeats=1, bootstraps=0, **ONLY)


def test_an_updated_model_knows_both_its_cohorts(model, cohort, tmp_path):
    elsewhere = rm.simulate_cohort(200, seed=12)
    updated = model.update(elsewhere)
    updated.save(tmp_path / "updated.rmodel")
    for one in (updated, rm.load_model(tmp_path / "updated.rmodel")):
        assert [one.evaluate(known).apparent for known in (cohort, elsewhere)] == [True, True]
        assert one.evaluate(rm.simulate_cohort(200, seed=13)).apparent is False


def test_a_model_knows_the_cohort_of_the_one_it_started_from(model, cohort, study):
    later = rm.train(rm.simulate_cohort(132, seed=14), study, prior=model, **ONLY)
    assert later.evaluate(cohort).apparent is True


def test_the_command_says_it_before_any_figure(model, cohort, tmp_path, capsys):
    model.save(tmp_path / "model.rmodel")
    cohort.write(tmp_path / "cohort")
    rm.simulate_cohort(132, seed=9).write(tmp_path / "other")
    out = tmp_path / "figures.json"
    assert main(["evaluate", str(tmp_path / "model.rmodel"), str(tmp_path / "cohort"), "--out", str(out)]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("Apparent figures: ")
    assert shown.index("RM115 warning: these are the very patients") < shown.index("AUC")
    assert json.loads(out.read_text())["apparent"] is True
    assert main(["evaluate", str(tmp_path / "model.rmodel"), str(tmp_path / "other")]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("External validation: ")
    assert "RM115" not in shown


def test_a_card_with_apparent_figures_calls_them_so(model, cohort):
    assert "**Apparent figures (RM115):**" in model_card(model, model.evaluate(cohort))
    assert "RM115" not in model_card(model, model.evaluate(rm.simulate_cohort(132, seed=9)))
