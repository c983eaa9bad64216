"""`relapse-model trial` and `power` as a user types them."""

from __future__ import annotations

import json
import stat
from hashlib import sha256

import pytest

import relapse_model as rm
from relapse_model.cli.program import main


@pytest.fixture(scope="module")
def report(root, tmp_path_factory):
    """The trial report of the bundled cohort, in one command."""
    folder = tmp_path_factory.mktemp("report") / "trial"
    assert main(["trial", str(root / "examples" / "cohort"), "--out", str(folder), "--adjust", "age"]) == 0
    return folder


def test_from_the_bundled_cohort_to_the_report_in_one_command(report, root):
    values = json.loads((report / "trial.json").read_text(encoding="utf-8"))
    study = rm.load_study("hbsag-relapse")
    found = rm.compare_arms(rm.read_cohort(root / "examples" / "cohort", study=study), study)
    assert values["primary"] == found.primary.to_dict()
    assert [one["status"] for one in values["not_pre_specified"]] == ["not pre-specified"]
    assert stat.S_IMODE((report / "analysis_data" / "adsl.csv").stat().st_mode) == 0o600


def test_what_is_printed(root, tmp_path, capsys):
    command = ["trial", str(root / "examples" / "cohort"), "--out", str(tmp_path), "--registered", "0" * 64]
    assert main(command) == 0
    stated = capsys.readouterr().out
    for said in ("HBIG minus control", "RM205", "SHA-256 of the study", "trial.html", "do not leave the hospital",
                 "synthetic"):  # fmt: skip
        assert said in stated


def test_the_hash_is_that_of_the_study_written_out(root, tmp_path, capsys):
    """Of a study with extends: what `study show` writes, not the few lines of the file."""
    own, whole = tmp_path / "own.toml", tmp_path / "whole.toml"
    own.write_text('extends = "hbsag-relapse"\n[study]\nname = "own"\n', encoding="utf-8")
    assert main(["study", "show", str(own), "--out", str(whole)]) == 0
    digest = sha256(whole.read_bytes()).hexdigest()
    assert digest != sha256(own.read_bytes()).hexdigest()
    command = ["trial", str(root / "examples" / "cohort"), "--out", str(tmp_path / "out"), "--registered", digest]
    capsys.readouterr()
    assert main([*command, "--study", str(own)]) == 0
    told = capsys.readouterr().out
    assert f"registered before the data were seen: {digest}" in told
    assert "RM205" not in told
    assert json.loads((tmp_path / "out" / "trial.json").read_text(encoding="utf-8"))["plan_sha256"] == digest
    for study in (own, whole):
        assert main(["study", "check", str(study)]) == 0
        assert capsys.readouterr().out.count(digest) == 1


def test_what_is_refused_comes_all_at_once(tmp_path, capsys):
    """A patient without an arm, and no treatments for the composite strategy."""
    cohort = rm.simulate_cohort(30, seed=1)
    tables = {name: table.copy() for name, table in cohort.tables().items()}
    tables["patients"].loc[0, "arm"] = None
    del tables["treatments"]
    rm.make_cohort(**tables, synthetic=True).write(tmp_path / "cohort")
    assert main(["trial", str(tmp_path / "cohort"), "--out", str(tmp_path / "out")]) == 1
    stated = capsys.readouterr().err
    assert "the arms were not compared: 2 problems" in stated
    assert "P0001" not in stated
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ([], "Power 77.3 %"),  # exact, score test: 0.77262
        (["--test", "fisher"], "Power 68.7 %"),  # 0.68669
        (["--loss", "0.1"], "10 % lost"),
    ],
)
def test_power(more, said, capsys):
    command = ["power", "--control", "0.20", "--treatment", "0.05", "--patients", "132"]
    assert main([*command, *more]) == 0
    assert said in capsys.readouterr().out


def test_power_of_unequal_arms_and_of_three(capsys):
    assert main(["power", "--control", "0.2", "--treatment", "0.05", "--patients", "59", "59"]) == 0
    assert "Power 72.2 %" in capsys.readouterr().out  # 0.72243
    assert main(["power", "--control", "0.2", "--treatment", "0.05", "--patients", "1", "2", "3"]) == 1
    assert "expected one in all, or two for the arms" in capsys.readouterr().err


@pytest.mark.parametrize("asked", ["abc", "2026-02-30", "5200"])
def test_a_day_that_is_none_is_refused_in_one_line(root, tmp_path, capsys, asked):
    """Neither a day nor a week; a day that no calendar has; a week a century after the last record."""
    command = ["dosing", str(root / "examples" / "cohort"), "--out", str(tmp_path / "out"), "--as-of", asked]
    assert main(command) != 0
    said = capsys.readouterr().err
    assert asked in said
    assert "expected" in said
    assert "Traceback" not in said
    assert not (tmp_path / "out").exists()


def test_who_is_to_be_acted_on_and_whose_dosing_has_ended(root, tmp_path, capsys):
    """Of 12 patients with HBsAg detected 11 relapsed, confirmed by a second test; in one it is not confirmed."""
    assert main(["dosing", str(root / "examples" / "cohort"), "--out", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "To act on now: 6 patients (not assessed); 1 patient (a clinician must decide)." in said
    assert "Dosing has ended: 11 patients." in said
    assert len((tmp_path / "ended.csv").read_text(encoding="utf-8").splitlines()) == 1 + 11
    assert stat.S_IMODE((tmp_path / "ended.csv").stat().st_mode) == 0o600
