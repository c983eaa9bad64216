"""The terminal gives the answer of the report beside the figures: an AUC alone misleads."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest

import relapse_model as rm
from relapse_model.cli.program import main
from relapse_model.cli.texts import validation_text
from relapse_model.cli.verdict_text import evaluation_answer, validation_answer
from relapse_model.validation.estimate import Estimate
from relapse_model.validation.performance_measures import Performance


def measured(auc=(0.81, 0.71, 0.89), gain=(-0.11, -0.16, -0.07), slope=(1.0, 0.9, 1.1), events=147, **more):
    given = {"auc": auc, "log_loss_difference": gain, "calibration_slope": slope, **more}
    return Performance(
        249, events, 70, {name: Estimate(*limits, 0.95, "by hand") for name, limits in given.items()}, {}
    )


@pytest.mark.parametrize(
    ("found", "errors", "works"),
    [
        ({"auc_within_arm": (0.47, 0.32, 0.63)}, (), "No: it tells the arms apart, not the patients within them."),
        ({"auc_within_centre": (0.5, 0.4, 0.6)}, (), "No: it tells the centres apart, not the patients within them."),
        ({"gain": (0.05, 0.01, 0.09)}, (), "No: it did worse than no model."),
        ({"auc": (0.6, 0.45, 0.7)}, (), "Not shown: it may be no better than chance."),
        (
            {"gain": (-0.01, -0.05, 0.03)},
            (),
            "In part: it may rank patients, but its risks were not shown to be accurate.",
        ),
        ({"events": 21}, (), "Yes in these patients, but few events make the figures imprecise."),
        ({}, (), "Yes, in patients like these."),
        ({}, ("RM114",), "Not to be used: a check found an error."),
    ],
)
def test_every_answer_of_the_page_stands_in_the_terminal(found, errors, works):
    said = validation_answer(measured(**found), "relapse", errors)
    assert said.startswith(f"Does the model work? {works} ")
    assert not errors or "RM114" in said


def test_it_is_in_chinese_where_the_report_is():
    said = validation_answer(measured(auc_within_arm=(0.47, 0.32, 0.63)), "relapse", (), "zh")
    assert said.startswith("模型是否有效？无效：它只区分了组别，未能区分同组内的患者。")


@pytest.fixture(scope="module")
def validation(cohort, study):
    """Return the smallest one, of a model that reads the arm."""
    return rm.validate(cohort, study, outer_repeats=1, bootstraps=0, leave_out=None, candidates=("prior_logistic",))


def test_the_figures_of_a_validation_are_never_without_it(validation):
    lines = validation_text(validation).splitlines()
    assert lines[-1].startswith("Does the model work? ")
    assert lines[-2].startswith("  AUC within arms  ")
    apart = replace(
        validation,
        performance=measured(auc_within_arm=(0.47, 0.32, 0.63)),
        within_levels={"hbig_arm": Estimate(0.47, 0.32, 0.63, 0.95, "by hand")},
    )
    told = validation_text(apart)
    assert "  AUC within arms             0.47 (0.32 to 0.63)\nDoes the model work? No: it tells the arms apart" in told
    assert "a check found an error" in validation_text(validation, ["RM114"])


def model_with(*warnings):
    return SimpleNamespace(summary={"warnings": list(warnings)}, study=rm.load_study("hbsag-relapse"))


def test_an_evaluation_says_no_more_than_its_patients_allow():
    assert evaluation_answer(measured(), model_with())["works"] == "Yes, in patients like these."
    extreme = evaluation_answer(measured(slope=(0.5, 0.3, 0.8)), model_with())["works"]
    assert extreme.startswith("Yes, in patients like these. Recalibrate the model")
    own = evaluation_answer(replace(measured(), apparent=True), model_with())
    assert (own["code"], own["works"][:14]) == ("apparent", "Not validated:")
    leak = evaluation_answer(measured(), model_with({"code": "RM114", "severity": "error"}))
    assert leak["works"] == "Not to be used: a check found an error (RM114)."


def test_evaluate_says_it_and_writes_it(model, tmp_path, capsys):
    model.save(tmp_path / "m.rmodel")
    rm.simulate_cohort(132, seed=9).write(tmp_path / "c")
    out = tmp_path / "e.json"
    assert main(["evaluate", str(tmp_path / "m.rmodel"), str(tmp_path / "c"), "--out", str(out)]) == 0
    answer = json.loads(out.read_text(encoding="utf-8"))["answer"]
    assert answer["code"] in ("worse", "not_shown", "between_arms", "ranks", "yes_few", "yes")
    assert f"Does the model work here? {answer['works']}\n" in capsys.readouterr().out
