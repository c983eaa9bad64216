"""study new, show and check, as somebody with a cohort of their own types them."""

from __future__ import annotations

import io
import subprocess
import sys

import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.cli.program import main
from relapse_model.features.clinical_units import predictor_title

BOTH = ["--outcome-analyte", "hbsag", "--at-least", "0.05", "--unit", "IU/mL", "--horizon-weeks", "48"]


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study") / "cohort"
    rm.simulate_cohort(60, seed=7).write(folder)
    return folder


def test_from_a_cohort_to_a_study_that_is_checked_on_it(cohort, tmp_path, capsys):
    file = tmp_path / "our-study.toml"
    assert main(["study", "new", str(cohort), "--out", str(file), "--title", "Ours", *BOTH]) == 0
    study = rm.load_study(file)
    assert (study.name, study.title, study.outcome.analyte) == ("our-study", "Ours", "hbsag")
    # Every analyte of the labs table is known, and the one of the outcome is offered, not taken.
    assert {"alt", "anti_hbs", "hbcrag"} <= {one.name for one in study.predictors}
    assert "hbsag" not in {one.name for one in study.predictors}
    assert study.predictor("sex").equals == "M"
    titles = [predictor_title(study.predictor(name)) for name in ("age_years", "sex", "bmi_kg_m2")]
    assert titles == ["Age (years)", "Male sex", "Body mass index (kg/m2)"]  # not "age years (years)", "sex ... yes"
    assert study.predictor("hbsag_before_treatment_iu_ml").scale == "log10"
    text = file.read_text(encoding="utf-8")
    assert '# consolidation_weeks = { column = "consolidation_weeks" }' in text  # whether it was known, its owner knows
    capsys.readouterr()
    assert main(["study", "check", str(file), str(cohort)]) == 0
    shown = capsys.readouterr().out
    assert "study 'our-study': no problems found." in shown
    assert "60 of 60 patients are at risk in week 0" in shown
    state = rm.derive_outcome(rm.read_cohort(cohort, study=study), study)["state"]
    assert f"{(state == 'relapse').sum():6d}  with the outcome by the horizon" in shown
    assert "    60  Anti-HBs" in shown


def own_tables(folder):
    folder.mkdir()
    pd.DataFrame({
        "patient_id": ["a", "b", "c", "d"], "initials": ["LW", "ZJ", "LW", "CY"], "age_years": [50, 60, 70, 80],
        "stage": ["I", "II", "III", "I"], "smoker": ["yes", "no", "no", "yes"], "side": ["left", "right", "left", ""],
        "dose": ["10", "20", "<5", "7"], "weird name": [1, 2, 3, 4], "dead": ["yes", "no", "no", "unknown"],
    }).to_csv(folder / "patients.csv", index=False)  # fmt: skip
    pd.DataFrame({
        "patient_id": ["a", "b", "a", "c", "d"], "week": 0, "analyte": ["HGB", "718-7", "Albumin", "lesions", "IL-6"],
        "value": [130, 12, 40, 2, 3], "unit": ["g/L", "g/dL", "g/dL", "count", ""],
    }).to_csv(folder / "labs.csv", index=False)  # fmt: skip
    return folder


def test_columns_and_analytes_that_are_asked_for(tmp_path):
    cohort, file = own_tables(tmp_path / "c"), tmp_path / "own.toml"
    asked = ["age_years", "stage", "smoker", "side", "dose", "weird name"]
    arguments = ["study", "new", str(cohort), "--out", str(file), "--outcome", "death", "--outcome-column", "dead"]
    assert main([*arguments, "--horizon-weeks", "104", "--columns", *asked]) == 0
    text, study = file.read_text(encoding="utf-8"), rm.load_study(file)
    by_name = {one.name: one for one in study.predictors}
    assert set(by_name) == {"haemoglobin", "albumin", "lesions", *asked}
    assert by_name["stage"].levels == ("I", "II", "III")
    assert by_name["smoker"].equals == "yes"
    assert (by_name["side"].equals, by_name["side"].others) == ("right", ("left",))
    assert (study.analytes["albumin"].unit, study.analytes["lesions"].unit) == ("g/dL", "count")
    assert study.outcome.column == "dead"
    # What may name a patient is not written, and an analyte without a unit is said to have none.
    assert "LW" not in text
    assert "# initials: 3 different texts, which --columns initials writes as levels" in text
    assert "[analytes.IL-6] is not declared" in text


def amounts(folder):
    folder.mkdir()
    pd.DataFrame({
        "patient_id": ["a", "b", "c", "d"], "centre": ["East", "West", "East", "North"], "sex": ["F", "M", "F", "M"],
        "arm": ["hbig", "control", "hbig", "control"], "smoker": ["no", "yes", "no", "no"], "empty": "",
        "hbsag_before_treatment_iu_ml": ["2.15 IU/mL", "<0.05", "2080 IU/mL", "3.1 kIU/L"],
        "qhbsag": ["2 IU/mL", "3 IU/mL", "", "4 IU/mL"], "mixed": ["2 IU/mL", "3 g/L", "4", "5"],
        "note": list("wxyz"), "change": [-1, 2, 3, 4], "grade": ["2a", "2b", "2a", "1a"],
    }).to_csv(folder / "patients.csv", index=False)  # fmt: skip
    return folder


def new_study(cohort, file, *flags):
    return main(["study", "new", str(cohort), "--out", str(file), "--outcomes-table", "--horizon-weeks", "9", *flags])


def test_a_column_of_amounts_is_read_in_its_unit(tmp_path):
    cohort, file = amounts(tmp_path / "c"), tmp_path / "own.toml"
    assert new_study(cohort, file, "--columns", "hbsag_before_treatment_iu_ml", "qhbsag", "grade") == 0
    by_name = {one.name: one for one in rm.load_study(file).predictors}
    before, plain = by_name["hbsag_before_treatment_iu_ml"], by_name["qhbsag"]
    assert (before.unit, before.scale, plain.unit, plain.scale) == ("IU/mL", "log10", "IU/mL", "linear")
    assert by_name["grade"].levels == ("2a", "2b", "1a")  # no amounts in a
    pd.DataFrame({"patient_id": ["a"], "relapse": [0], "week": [9]}).to_csv(cohort / "outcomes.csv", index=False)
    features = rm.derive_features(rm.read_cohort(cohort, study=rm.load_study(file)), rm.load_study(file))
    assert features["qhbsag"].tolist()[:2] == [2.0, 3.0]


def test_a_comment_of_a_column_is_right_without_its_sign(tmp_path, capsys):
    """Every commented line is taken as it stands: the study then reads all of its cells."""
    cohort, file = amounts(tmp_path / "c"), tmp_path / "own.toml"
    assert new_study(cohort, file, "--columns", "grade") == 0
    text = file.read_text(encoding="utf-8")
    before, comments = text.split("# Other columns.")
    lines = [line for line in comments.splitlines() if " = { column" in line]
    assert [line.split()[1] for line in lines] == [
        "centre", "sex", "arm", "smoker", "hbsag_before_treatment_iu_ml", "qhbsag", "change"
    ]  # fmt: skip
    assert '# arm = { column = "arm", equals = "control", others = ["hbig"] }' in lines
    assert "# empty: an empty column;" in comments
    assert "# mixed: amounts in several units, or in one that is not known; expected" in comments
    assert "# note: 4 different texts, which --columns note writes as levels" in comments
    assert lines[-1].endswith("# has numbers below 0: negative = true, unless they are codes for no value")
    lines[-1] = lines[-1].replace(" }", ", negative = true }")
    file.write_text(before + "\n".join(line.removeprefix("# ") for line in lines) + "\n", encoding="utf-8")
    pd.DataFrame({"patient_id": ["a"], "relapse": [0], "week": [9]}).to_csv(cohort / "outcomes.csv", index=False)
    assert main(["study", "check", str(file), str(cohort)]) == 0, capsys.readouterr().err


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("empty", "column 'empty': an empty column; expected numbers, amounts in one unit, or at most 8 levels"),
        ("texts", "column 'texts': 9 different texts; expected numbers, amounts in one unit, or at most 8 levels"),
        ("patient_id", "column 'patient_id': what says who, or when, a patient is"),
    ],
)
def test_a_column_that_is_asked_for_is_never_left_out(tmp_path, capsys, asked, message):
    (tmp_path / "c").mkdir()
    rows = pd.DataFrame({"patient_id": range(9), "empty": "", "texts": list("abcdefghi"), "age_years": 50})
    rows.to_csv(tmp_path / "c" / "patients.csv", index=False)
    assert new_study(tmp_path / "c", tmp_path / "o.toml", "--columns", "age_years", asked) == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / "o.toml").exists()


def test_an_analyte_that_is_asked_for_is_never_left_out(tmp_path, capsys):
    cohort = own_tables(tmp_path / "c")
    labs = pd.read_csv(cohort / "labs.csv").replace("g/dL", "cells")
    labs.to_csv(cohort / "labs.csv", index=False)
    assert new_study(cohort, tmp_path / "o.toml", "--analytes", "IL-6", "albumin", "lesions") == 1
    shown = capsys.readouterr().err
    assert "no unit of 'IL-6'; expected a unit" in shown
    assert "'cells' of 'albumin'; expected what converts into g/L" in shown
    assert "lesions" not in shown
    assert main(["study", "new", "--out", str(tmp_path / "o.toml"), "--no-outcome", "--columns", "centre"]) == 1
    assert "column 'centre': a column of texts that nobody has seen" in capsys.readouterr().err


def test_without_a_cohort_and_without_labs(tmp_path, capsys):
    file = tmp_path / "own.toml"
    flags = ["--outcomes-table", "--horizon-weeks", "52", "--columns", "age_years", "--analytes", "alt", "INR"]
    assert main(["study", "new", "--out", str(file), *flags]) == 0
    assert [one.name for one in rm.load_study(file).predictors] == ["alt", "inr", "age_years"]
    assert main(["study", "new", "--out", str(file), *flags]) == 1
    assert "the file exists" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ([], "the outcome is missing, or stated twice"),
        (["--outcomes-table", "--outcome-column", "dead", "--horizon-weeks", "9"], "stated twice"),
        (["--outcomes-table"], "--horizon-weeks is missing"),
        (["--outcome-analyte", "alt", "--at-least", "3", "--horizon-weeks", "9"], "and --unit"),
        (["--outcome-column", "death", "--horizon-weeks", "9"], "column 'death': no such column"),
        (["--outcomes-table", "--horizon-weeks", "9", "--columns", "x", "--analytes", "y"], "2 problems"),
    ],
)
def test_what_is_missing_is_named(tmp_path, flags, message, capsys):
    cohort = own_tables(tmp_path / "c")
    assert main(["study", "new", str(cohort), "--out", str(tmp_path / "o.toml"), *flags]) == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / "o.toml").exists()


def test_it_asks_in_a_terminal(tmp_path, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    answers = iter(["A study", "a", "bilirubin", "jaundice", "l", "2", "mg/dL", "", "24"])
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("sys.stdout", Terminal())
    monkeypatch.setattr("builtins.input", lambda question: next(answers))
    assert main(["study", "new", "--out", str(tmp_path / "o.toml"), "--analytes", "alt"]) == 0
    study = rm.load_study(tmp_path / "o.toml")
    assert (study.title, study.outcome.name, study.outcome.at_least) == ("A study", "jaundice", 2.0)
    assert (study.analytes["bilirubin"].unit, study.prediction.horizon_weeks) == ("mg/dL", 24)


def test_nothing_is_an_answer_in_a_terminal_too(tmp_path, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    answers = iter(["A study", "n", ""])
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("sys.stdout", Terminal())
    monkeypatch.setattr("builtins.input", lambda question: next(answers))
    assert main(["study", "new", "--out", str(tmp_path / "o.toml"), "--analytes", "alt"]) == 0
    assert not rm.load_study(tmp_path / "o.toml").outcome.stated


def test_show_writes_the_built_in_study_as_it_is(tmp_path, capsys):
    built_in = rm.load_study("hbsag-relapse").text
    assert main(["study", "show", "hbsag-relapse"]) == 0
    assert capsys.readouterr().out == built_in
    file = tmp_path / "mine.toml"
    assert main(["study", "show", "hbsag-relapse", "--out", str(file)]) == 0
    assert file.read_bytes() == built_in.encode()
    assert main(["study", "show", "hbsag-relapse", "--out", str(file)]) == 1
    capsys.readouterr()
    assert main(["study", "show"]) == 0
    assert "hbsag-relapse: HBsAg relapse within 48 weeks of enrolment" in capsys.readouterr().out


def test_show_writes_a_study_with_shorthands_out_in_full(tmp_path, capsys):
    (tmp_path / "own.toml").write_text('extends = "hbsag-relapse"\n[study]\nname = "own"\n')
    assert main(["study", "show", str(tmp_path / "own.toml")]) == 0
    assert capsys.readouterr().out == rm.load_study(tmp_path / "own.toml").text


def test_check_lists_every_problem_of_a_study(tmp_path, capsys):
    (tmp_path / "bad.toml").write_text('[study]\nname = "x"\n[outcome]\nadjudicted = true\n[predictors]\nalt = 3\n')
    assert main(["study", "check", str(tmp_path / "bad.toml")]) == 1
    message = capsys.readouterr().err
    for expected in ("key 'protocol' is missing", "Did you mean 'adjudicated'?", "section [prediction] is missing"):
        assert expected in message


@pytest.mark.parametrize(
    ("arguments", "meant"), [(["trian"], "train"), (["scores"], "score"), (["study", "shwo"], "show"), (["fly"], None)]
)
def test_an_unknown_verb_is_answered_with_the_nearest(arguments, meant, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    message = capsys.readouterr().err
    assert "invalid choice" in message
    assert (f"Did you mean {meant!r}?" in message) if meant else ("Did you mean" not in message)


def test_help_of_the_verbs_loads_nothing_heavy():
    script = (
        "import sys\nfrom relapse_model import cli\ntry:\n    cli.main(['study', 'new', '--help'])\n"
        "except SystemExit: pass\nprint('LOADED', *sorted({name.split('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert {"pandas", "numpy", "sklearn"}.isdisjoint(done.stdout.split("LOADED")[1].split())


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("creatinin", "Did you mean 'creatinine'?"),  # one letter short
        ("Hemoglobine", "Did you mean 'haemoglobin'?"),  # by a synonym
        ("xyzzy", "are in the library: alt, ast,"),
    ],
)
@pytest.mark.parametrize("with_cohort", [True, False])
def test_an_analyte_that_nobody_knows_is_refused_with_those_that_may_be_meant(
    cohort, tmp_path, capsys, name, said, with_cohort
):
    asked = ["study", "new", *([str(cohort)] if with_cohort else []), "--out", str(tmp_path / "s.toml"), *BOTH]
    assert main([*asked, "--analytes", name]) == 1
    shown = capsys.readouterr().err
    assert said in shown
    assert "()" not in shown
    assert "docs/study_file.md" in shown


def test_an_analyte_of_another_virus_is_not_taken_for_one_of_the_library(tmp_path, capsys):
    asked = ["study", "new", "--no-outcome", "--out", str(tmp_path / "s.toml"), "--analytes"]
    assert main([*asked, "HIV viral load", "hcv rna", "weight", "creatinin"]) == 1
    shown = capsys.readouterr().err
    assert "4 problems" in shown
    assert shown.count("Did you mean") == 1  # creatinine
    assert (shown.count("are in the library: alt, ast,"), shown.count("[analytes.hiv_rna]")) == (1, 1)
