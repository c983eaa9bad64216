"""A study without [outcome]: its cohort is read and checked, its predictors are derived, and nothing is predicted."""

from __future__ import annotations

import math

import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.cli.program import main
from relapse_model.development.checks.all_checks import check_results
from relapse_model.errors import NoOutcomeError, StudyError

PREDICTORS = '[predictors]\nage = { column = "age_years", unit = "years" }\nanti_hbs = { unit = "mIU/mL" }\n'
HEAD = '[study]\nprotocol = 1\nname = "predictors-alone"\n'


def study_of(tmp_path, text):
    file = tmp_path / "own.toml"
    file.write_text(text, encoding="utf-8")
    return rm.load_study(file)


@pytest.fixture
def study(tmp_path):
    return study_of(tmp_path, HEAD + "[prediction]\nlandmark_weeks = [60]\n" + PREDICTORS)


@pytest.fixture(scope="module")
def cohort():
    return rm.simulate_cohort(60, seed=3)


def test_predictors_are_those_of_a_study_with_an_outcome(study, cohort, tmp_path):
    """Landmark 60 lies beyond every default horizon: where nothing is predicted there is none."""
    outcome = '[outcome]\nname = "death"\nadjudicated = true\n[prediction]\nlandmark_weeks = [60]\nhorizon_weeks = 90\n'
    (tmp_path / "other").mkdir()
    other = study_of(tmp_path / "other", HEAD + outcome + PREDICTORS)
    assert study.prediction.horizon_weeks == math.inf
    derived = [rm.derive_features(rm.make_cohort(**cohort.tables(), study=one), one) for one in (study, other)]
    pd.testing.assert_frame_equal(*derived)
    assert derived[0].notna().to_numpy().any()


def test_nothing_but_predictors_need_be_stated(tmp_path, cohort):
    study = study_of(tmp_path, HEAD + PREDICTORS)
    assert study.landmark() == 0
    assert len(rm.derive_features(cohort, study)) == 60
    assert "no outcome" in repr(study)
    assert "none is stated" in study._repr_html_()


@pytest.mark.parametrize("ask", [rm.train, rm.validate, rm.derive_outcome])
def test_what_needs_an_outcome_is_refused_and_says_what_is_missing(ask, study, cohort):
    with pytest.raises(NoOutcomeError, match=r"'predictors-alone' states no outcome.*Expected a section \[outcome\]"):
        ask(cohort, study)


def test_a_written_out_study_has_no_outcome_either(study):
    from relapse_model.study.reader import parse_study

    assert parse_study(study.text, "again").outcome == study.outcome


def test_an_outcome_that_is_removed_from_another_study(tmp_path, cohort):
    text = 'extends = "hbsag-relapse"\nremove = ["outcome", "trial", "dosing"]\n[study]\nname = "predictors-alone"\n'
    own, built_in = study_of(tmp_path, text), rm.load_study("hbsag-relapse")
    assert not own.outcome.stated
    pd.testing.assert_frame_equal(rm.derive_features(cohort, own), rm.derive_features(cohort, built_in))


@pytest.mark.parametrize("left", ["trial", "dosing"])
def test_a_plan_needs_an_outcome(tmp_path, left):
    removed = {"trial", "dosing"} - {left}
    text = f'extends = "hbsag-relapse"\nremove = ["outcome", "{removed.pop()}"]\n[study]\nname = "own"\n'
    with pytest.raises(StudyError, match=rf"\[{left}\] without \[outcome\]"):
        study_of(tmp_path, text)


def test_an_outcome_still_needs_its_horizon_and_its_section(tmp_path):
    outcome = '[outcome]\nname = "death"\nadjudicated = true\n'
    with pytest.raises(StudyError, match=r"section \[prediction\] is missing"):
        study_of(tmp_path, HEAD + outcome + PREDICTORS)
    with pytest.raises(StudyError, match="no horizon"):
        study_of(tmp_path, HEAD + outcome + "[prediction]\nlandmark_weeks = [0]\n" + PREDICTORS)
    with pytest.raises(StudyError, match="horizon_weeks and horizon_days together"):
        study_of(tmp_path, HEAD + "[prediction]\nhorizon_weeks = 4\nhorizon_days = 28\n" + PREDICTORS)


def test_checks_that_ask_for_the_outcome_do_not_apply(study, cohort):
    states = {one.code: (one.state, one.text) for one in check_results(cohort, study)}
    assert states["RM108"] == ("not applicable", "the study states no outcome")  # horizon beyond follow-up
    assert states["RM127"][0] == "found"  # old results: asks for none


def test_from_an_export_to_predictors_without_inventing_an_outcome(tmp_path, cohort, capsys):
    cohort.write(tmp_path / "cohort")
    file, folder = str(tmp_path / "own.toml"), str(tmp_path / "cohort")
    assert main(["study", "new", folder, "--no-outcome", "--out", file]) == 0
    assert "[outcome]" not in [line.strip() for line in (tmp_path / "own.toml").read_text("utf-8").splitlines()]
    assert main(["study", "check", file, folder]) == 0
    assert "No outcome: predictors in week 0, and no model." in capsys.readouterr().out
    assert main(["check", folder, "--study", file]) == 0
    said = capsys.readouterr().out
    assert "The study states no outcome" in said
    assert "of 60 patients (missing" in said
    assert main(["features", folder, "--study", file, "--out", str(tmp_path / "x.csv")]) == 0
    assert len(pd.read_csv(tmp_path / "x.csv")) == 60
    assert main(["train", folder, "--study", file, "--out", str(tmp_path / "m.rmodel")]) == 1
    assert "states no outcome" in capsys.readouterr().err
    assert not (tmp_path / "m.rmodel").exists()


def test_an_outcome_and_none_is_refused(tmp_path, capsys):
    asked = ["study", "new", "--no-outcome", "--outcomes-table", "--out", str(tmp_path / "own.toml")]
    assert main(asked) == 1
    assert "the outcome is missing, or stated twice" in capsys.readouterr().err
