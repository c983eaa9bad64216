"""The command line as a user types it: every verb, its files, its exit codes, its messages."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.cli.program import main, parser

SCORES = ["patient_id", "status", "relapse_risk", "risk_lower", "risk_upper", "warnings", "reason"]


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error::DeprecationWarning:relapse_model", "-m", "relapse_model"]
    return subprocess.run([*command, *map(str, arguments)], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def work(tmp_path_factory) -> Path:
    """A folder in which a user has simulated two cohorts and trained a model."""
    folder = tmp_path_factory.mktemp("work")
    assert main(["simulate", "--patients", "132", "--seed", "7", "--out", str(folder / "cohort")]) == 0
    assert main(["simulate", "--patients", "12", "--seed", "8", "--out", str(folder / "new")]) == 0
    model = str(folder / "model.rmodel")
    assert main(["train", str(folder / "cohort"), "--out", model, "--candidates", "prior_logistic"]) == 0
    return folder


def test_help_of_every_verb():
    assert "exit codes: 0 done" in run("--help").stdout
    for verb in ("simulate", "check", "train", "validate", "score", "explain", "demo"):
        done = run(verb, "--help")
        assert done.returncode == 0
        assert f"relapse-model {verb}" in done.stdout


def test_simulate_takes_a_scenario_by_name(tmp_path):
    asked = ["simulate", "--patients", "20", "--out", str(tmp_path / "one"), "--scenario"]
    assert main([*asked, "moderate effect, biomarkers"]) == 0
    assert "hbv_rna" in (tmp_path / "one" / "labs.csv").read_text(encoding="utf-8")


def test_train_may_screen_the_candidates(tmp_path, capsys):
    cohort, model = str(tmp_path / "cohort"), str(tmp_path / "one.rmodel")
    assert main(["simulate", "--out", cohort]) == 0
    assert main(["train", cohort, "--out", model, "--candidates", "prior_logistic", "--biomarkers", "screen"]) == 0
    assert rm.load_model(model).summary["screen"]["selected"] == []


def test_simulate_writes_the_contract_and_the_truth(work):
    names = {path.name for path in (work / "cohort").iterdir()}
    assert names == {"patients.csv", "labs.csv", "treatments.csv", "truth.csv", "SYNTHETIC.txt"}
    truth = pd.read_csv(work / "cohort" / "truth.csv")
    assert list(truth.columns) == ["patient_id", "true_risk"]
    assert len(truth) == 132


def test_check_describes_a_sound_cohort(work, capsys):
    assert main(["check", str(work / "cohort")]) == 0
    shown = capsys.readouterr().out
    for expected in ("no problems found", "Synthetic patients", "lost before the horizon", "Sample size", "Anti-HBs"):
        assert expected in shown


def test_check_lists_all_problems_and_exits_with_1(work, tmp_path, capsys):
    for name in ("patients.csv", "labs.csv"):
        (tmp_path / name).write_text((work / "new" / name).read_text())
    labs = (tmp_path / "labs.csv").read_text().splitlines()
    cells = labs[1].split(",")
    labs[1] = ",".join([cells[0], "soon", *cells[2:]])
    labs.append("NOBODY-0001,0,hbsag,<0.05,IU/mL" + "," * (len(cells) - 5))
    (tmp_path / "labs.csv").write_text("\n".join(labs) + "\n")
    assert main(["check", str(tmp_path)]) == 1
    message = capsys.readouterr().err
    assert "labs, row 2, column 'week': 'soon'; expected a number" in message
    assert f"labs, row {len(labs)}, column 'patient_id': an identifier that is not in the patients table" in message
    assert "NOBODY-0001" not in message


def test_train_says_what_it_did_and_writes_a_card(work, capsys):
    card = (work / "model.md").read_text(encoding="utf-8")
    assert "esearch use only" in card
    assert "synthetic" in card.lower()
    assert (
        main(["train", str(work / "cohort"), "--out", str(work / "again.rmodel"), "--candidates", "prior_logistic"])
        == 0
    )
    assert "Chosen: logistic regression with the study's priors." in capsys.readouterr().out
    assert (work / "again.rmodel").read_bytes() == (work / "model.rmodel").read_bytes()


def test_score_gives_one_row_per_patient(work, capsys):
    assert main(["score", str(work / "model.rmodel"), str(work / "new"), "--out", str(work / "scores.csv")]) == 0
    scores = pd.read_csv(work / "scores.csv", keep_default_na=False)
    assert list(scores.columns) == SCORES
    assert list(scores["patient_id"]) == list(pd.read_csv(work / "new" / "patients.csv")["patient_id"])
    assert "12 patients: 12 scored" in capsys.readouterr().out


def test_score_rejects_one_patient_and_scores_the_rest(work, tmp_path, capsys):
    for name in ("patients.csv", "labs.csv", "treatments.csv"):
        (tmp_path / name).write_text((work / "new" / name).read_text())
    labs = pd.read_csv(tmp_path / "labs.csv", dtype=str, keep_default_na=False)
    labs.loc[labs["patient_id"] == "P0003", "value"] = "see letter"
    labs = labs[labs["patient_id"] != "P0005"]
    labs.to_csv(tmp_path / "labs.csv", index=False)
    assert main(["score", str(work / "model.rmodel"), str(tmp_path), "--out", str(tmp_path / "scores.csv")]) == 0
    scores = pd.read_csv(tmp_path / "scores.csv", keep_default_na=False).set_index("patient_id")
    assert len(scores) == 12
    assert scores.loc["P0003", "status"] == "rejected"
    assert "column 'value': 'see letter'" in scores.loc["P0003", "reason"]
    assert "not known to be at risk: no test of HBsAg" in scores.loc["P0005", "reason"]
    assert (scores["status"] == "scored").sum() == 10
    assert "2 rejected" in capsys.readouterr().out


def test_explain_adds_up(work):
    out = work / "explanations.csv"
    assert main(["explain", str(work / "model.rmodel"), str(work / "new"), "--out", str(out)]) == 0
    table = pd.read_csv(out)
    assert len(table) == 12 * 8
    log_odds = table.groupby("patient_id")["shap_log_odds"].sum() + table.groupby("patient_id")["base_log_odds"].first()
    scores = rm.load_model(work / "model.rmodel").score(rm.read_cohort(work / "new")).set_index("patient_id")
    risk = 1 / (1 + 2.718281828459045**-log_odds)
    pd.testing.assert_series_equal(risk, scores["relapse_risk"], check_names=False, rtol=1e-6)


def test_validate_writes_json_and_report(work, capsys):
    out = work / "validation"
    given = ["--out", str(out), "--repeats", "1", "--candidates", "prior_logistic", "--bootstraps", "3"]
    assert main(["validate", str(work / "cohort"), *given]) == 0
    assert (out / "validation.json").stat().st_size > 500
    assert "Research use only" in (out / "report.html").read_text(encoding="utf-8")
    shown = capsys.readouterr().out
    assert "Calibration slope" in shown
    centres = pd.read_csv(work / "cohort" / "patients.csv")["centre"].nunique()
    assert shown.startswith("Validation: all steps (tuning, choice of the classifier, fit) are repeated ")
    assert f" {5 + 3 + centres} times: 1 x 5 folds, 3 bootstrap resamples, {centres} groups of 'centre' left" in shown


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ([], 2, "required: VERB"),
        (["fly"], 2, "invalid choice"),
        (["train", "nowhere"], 2, "--out"),
        (["check", "nowhere"], 1, "no such folder"),
        (["score", "nowhere.rmodel", "nowhere", "--out", "x.csv"], 1, "cannot be read"),
        (["check", "nowhere", "--study", "hbsag"], 1, "no built-in study 'hbsag'; expected one of hbsag-relapse"),
        (["simulate", "--patients", "0", "--out", "x"], 2, "at least 1"),
    ],
)
def test_refusals_and_exit_codes(arguments, code, message):
    done = run(*arguments)
    assert done.returncode == code
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_features_prints_the_data_dictionary(tmp_path, capsys):
    assert main(["features"]) == 0
    shown = capsys.readouterr().out
    assert "anti_hbs: Anti-HBs [mIU/mL, log10 scale]" in shown
    assert "source: Chang 2025" in shown
    assert main(["features", "--out", str(tmp_path / "dictionary.csv")]) == 0
    assert list(pd.read_csv(tmp_path / "dictionary.csv")["name"])[:2] == ["anti_hbs", "consolidation_weeks"]


def test_check_shows_eligibility_and_warnings(work, capsys):
    assert main(["check", str(work / "cohort")]) == 0
    shown = capsys.readouterr().out
    assert "I1: Aged 18 to 60 years" in shown
    assert "RM101 warning" in shown


def test_a_reader_that_stops_reading_is_no_error(work):
    command = f"{sys.executable} -m relapse_model check {work / 'cohort'} | head -1"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["train", "cohort", "--out", "card.md"], 1, "expected a file such as card.rmodel"),
        (["validate", "cohort", "--out", "v", "--jobs", "0"], 2, "at least 1"),
        (["simulate", "--patients", "abc", "--out", "x"], 2, "abc: expected a whole number"),
        (["train", "cohort", "--out", "m.rmodel", "--candidates", "forest"], 2, "invalid choice: 'forest'"),
    ],
)
def test_more_refusals(work, arguments, code, message, monkeypatch, capsys):
    monkeypatch.chdir(work)
    try:
        found = main(arguments)
    except SystemExit as stop:
        found = stop.code
    assert found == code
    assert message in capsys.readouterr().err


def test_simulate_does_not_overwrite_real_tables(work, tmp_path, capsys):
    (tmp_path / "patients.csv").write_text("patient_id\nreal\n")
    assert main(["simulate", "--patients", "3", "--out", str(tmp_path)]) == 1
    assert "not synthetic" in capsys.readouterr().err
    assert (tmp_path / "patients.csv").read_text() == "patient_id\nreal\n"


def test_a_bad_cell_of_a_predictor_rejects_that_patient_only(work, tmp_path):
    for name in ("patients.csv", "labs.csv", "treatments.csv"):
        (tmp_path / name).write_text((work / "new" / name).read_text())
    patients = pd.read_csv(tmp_path / "patients.csv", dtype=str, keep_default_na=False)
    patients.loc[2, "hbsag_before_treatment_iu_ml"] = "negative"
    patients.loc[4, "hbsag_before_treatment_iu_ml"] = "0"
    patients.to_csv(tmp_path / "patients.csv", index=False)
    assert main(["score", str(work / "model.rmodel"), str(tmp_path), "--out", str(tmp_path / "s" / "scores.csv")]) == 0
    scores = pd.read_csv(tmp_path / "s" / "scores.csv", keep_default_na=False)
    assert list(scores.index[scores["status"] == "rejected"]) == [2, 4]
    assert "patients, row 4, column 'hbsag_before_treatment_iu_ml': 'negative'" in scores["reason"][2]


def test_explain_lists_who_is_not_explained(work, tmp_path, capsys):
    for name in ("patients.csv", "labs.csv", "treatments.csv"):
        (tmp_path / name).write_text((work / "new" / name).read_text())
    labs = pd.read_csv(tmp_path / "labs.csv", dtype=str, keep_default_na=False)
    labs[labs["patient_id"] != "P0005"].to_csv(tmp_path / "labs.csv", index=False)
    assert main(["explain", str(work / "model.rmodel"), str(tmp_path), "--out", str(tmp_path / "e.csv")]) == 0
    shown = capsys.readouterr().out
    assert "explained for 11 patients" in shown
    assert "not explained: not known to be at risk: no test of HBsAg" in shown


def test_a_hopeless_cohort_is_refused_with_a_report(tmp_path, capsys):
    for seed in range(20):
        assert main(["simulate", "--patients", "40", "--seed", str(seed), "--out", str(tmp_path / "cohort")]) == 0
        if rm.derive_outcome(rm.read_cohort(tmp_path / "cohort"), rm.load_study("hbsag-relapse"))["relapse"].sum() == 4:
            break
    assert main(["validate", str(tmp_path / "cohort"), "--out", str(tmp_path / "report")]) == 1
    stated = capsys.readouterr()
    assert "No model is supported by this cohort" in stated.out
    assert "expected at least 5" in stated.err
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert page.index("No model is supported by this cohort") < page.index("<table")  # in the first screen


def test_a_model_is_judged_updated_watched_and_signed(work, tmp_path, capsys):
    model, cohort, updated = str(work / "model.rmodel"), str(tmp_path / "other"), str(tmp_path / "updated.rmodel")
    assert main(["simulate", "--patients", "200", "--seed", "9", "--out", cohort]) == 0
    assert main(["evaluate", model, cohort, "--out", str(tmp_path / "figures.json")]) == 0
    assert "Nothing was refitted" in capsys.readouterr().out
    assert main(["update", model, cohort, "--out", updated]) == 0
    assert "slope 1.000" in capsys.readouterr().out
    assert rm.load_model(updated).summary["update"]["patients"] > 150
    scores = str(tmp_path / "scores.csv")
    assert main(["score", updated, cohort, "--out", scores]) == 0
    assert main(["monitor", updated, scores, "--cohort", cohort, "--out", str(tmp_path / "monitor.json")]) == 0
    assert "Verdict:" in capsys.readouterr().out
    key = str(tmp_path / "key")
    assert main(["keygen", "--out", key]) == 0
    assert main(["verify", updated, "--key", f"{key}.pub"]) == 1  # not signed yet
    assert main(["sign", updated, "--key", key]) == 0
    assert main(["verify", updated, "--key", f"{key}.pub"]) == 0
    assert "the signature is good" in capsys.readouterr().out


def test_one_patient_is_explained_in_words_and_figures(work, tmp_path, capsys):
    arguments = ["explain", str(work / "model.rmodel"), str(work / "new"), "--patient", "P0003"]
    assert main([*arguments, "--figures", str(tmp_path / "figures"), "--out", str(tmp_path / "P0003.txt")]) == 0
    stated = capsys.readouterr().out
    assert "Patient P0003: HBsAg relapse by week 48" in stated
    assert (tmp_path / "P0003.txt").read_text(encoding="utf-8") in stated
    assert (tmp_path / "figures" / "contributions.png").stat().st_size > 10_000
    assert main([*arguments[:-1], "P9999"]) == 1
    assert main(arguments[:3]) == 1


def test_scores_in_chunks_are_those_of_one_reading(work, tmp_path, capsys):
    for out, more in (("whole.csv", []), ("parts.csv", ["--chunk", "5"])):
        assert main(["score", str(work / "model.rmodel"), str(work / "new"), "--out", str(tmp_path / out), *more]) == 0
    assert "in 3 chunks" in capsys.readouterr().out
    whole, parts = (pd.read_csv(tmp_path / name, dtype={"patient_id": str}) for name in ("whole.csv", "parts.csv"))
    pd.testing.assert_frame_equal(whole, parts, rtol=1e-9)


@pytest.mark.parametrize("more", [[], ["--chunk", "5"]])
def test_a_patient_the_model_cannot_take_is_rejected_and_stops_nobody(work, tmp_path, capsys, more):
    folder = shutil.copytree(work / "new", tmp_path / "new")
    patients = pd.read_csv(folder / "patients.csv", dtype=str, keep_default_na=False)
    patients.loc[2, "arm"] = "HBIG 400 IU"  # neither of the arms that the study names
    patients.to_csv(folder / "patients.csv", index=False)
    assert main(["score", str(work / "model.rmodel"), str(folder), "--out", str(tmp_path / "scores.csv"), *more]) == 0
    scores = pd.read_csv(tmp_path / "scores.csv")
    assert (scores["status"] == "rejected").tolist() == [number == 2 for number in range(len(scores))]
    assert "'HBIG 400 IU'; expected" in scores["reason"][2]
    assert "1 rejected" in capsys.readouterr().out


@pytest.mark.parametrize("verb", list(parser()._subparsers._group_actions[0].choices))
def test_each_verb_has_its_arguments_when_it_is_asked(verb, capsys):
    """They are added late, for one verb of many is run: its help shows them, and an unknown one is refused."""
    with pytest.raises(SystemExit, match="0"):
        main([verb, "--help"])
    shown = capsys.readouterr().out
    late = parser()._subparsers._group_actions[0].choices[verb].filled()
    assert all(option in shown for action in late._actions for option in action.option_strings)
    assert len(late._actions) > 1
    with pytest.raises(SystemExit, match="2"):
        main([verb, "--no-such-option"])


def test_a_validation_that_was_broken_off_is_resumed(work, tmp_path, monkeypatch, capsys):
    """Ctrl-C leaves what was done and says how to go on; the report is then the same as if nothing had happened."""
    from relapse_model.development.internal_validation import refits

    original, calls = refits.develop, []

    def breaks_off(*given, **settings):
        if len(calls) == 3:
            raise KeyboardInterrupt
        calls.append(1)
        return original(*given, **settings)

    out = tmp_path / "report"
    command = ["validate", str(work / "cohort"), "--out", str(out), "--candidates", "prior_logistic"]
    command += ["--repeats", "1", "--bootstraps", "0", "--leave-out", "none"]
    monkeypatch.setattr(refits, "develop", breaks_off)
    assert main(command) == 130
    said = capsys.readouterr()
    assert "the same command with --resume continues" in said.out
    assert "interrupted" in said.err
    assert [file.name for file in out.iterdir()] == [".validation.runs"]
    calls.clear()
    main([*command, "--resume"])
    assert len(calls) == 2  # of five folds, three were done
    assert (out / "validation.json").exists()
    assert not (out / ".validation.runs").exists()
