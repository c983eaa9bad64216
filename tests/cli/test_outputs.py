"""No verb writes over what it reads; what tells of single patients is for its owner; nothing is computed in vain."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

import relapse_model as rm
from relapse_model.cli.program import main, parser
from relapse_model.errors import CohortError
from relapse_model.model.file.archive import unpack


@pytest.fixture(scope="module")
def place(tmp_path_factory, model):
    folder = tmp_path_factory.mktemp("place")
    model.save(folder / "m.rmodel")
    rm.simulate_cohort(8, seed=8).write(folder / "c")
    (folder / "study.toml").write_text(rm.load_study("hbsag-relapse").text, encoding="utf-8")
    assert main(["score", str(folder / "m.rmodel"), str(folder / "c"), "--out", str(folder / "scores.csv")]) == 0
    outcomes = "patient_id,relapse,week\n"
    (folder / "outcomes.csv").write_text(outcomes, encoding="utf-8")
    (folder / "t").mkdir()
    (folder / "t" / "trial.json").write_text("a study of a strange name", encoding="utf-8")
    (folder / "key").write_text("a key", encoding="utf-8")
    return folder


REPLACING = [  # a command, the output, and the input that it would replace
    ("train c", "c/labs.csv", "labs.csv"),
    ("train c --study study.toml", "study.toml", "study.toml"),
    ("train c --prior m.rmodel", "m.rmodel", "m.rmodel"),
    ("train c", "c/treatments.csv", "treatments.csv"),
    ("score m.rmodel c", "c/patients.csv", "patients.csv"),
    ("score m.rmodel c --chunk 3", "c/labs.csv", "labs.csv"),
    ("score m.rmodel c", "m.rmodel", "m.rmodel"),
    ("score m.rmodel c", "c/outcomes.csv", "outcomes.csv"),  # read as a table of the cohort from then on
    ("score m.rmodel c", "c/outcomes.parquet", "outcomes.parquet"),
    ("score m.rmodel c", "c/SYNTHETIC.txt", "SYNTHETIC.txt"),
    ("explain m.rmodel c", "c/labs.csv", "labs.csv"),
    ("explain m.rmodel c --patient P0001", "m.rmodel", "m.rmodel"),
    ("evaluate m.rmodel c", "c/patients.csv", "patients.csv"),
    ("update m.rmodel c", "m.rmodel", "m.rmodel"),
    ("update m.rmodel c", "c/labs.csv", "labs.csv"),
    ("monitor m.rmodel scores.csv", "scores.csv", "scores.csv"),
    ("monitor m.rmodel scores.csv outcomes.csv", "outcomes.csv", "outcomes.csv"),
    ("monitor m.rmodel scores.csv --cohort c", "c/patients.csv", "patients.csv"),
    ("features --study study.toml", "study.toml", "study.toml"),
    ("trial c --study t/trial.json", "t", "trial.json"),
]


@pytest.mark.parametrize(("command", "out", "named"), REPLACING)
def test_an_output_never_replaces_an_input(place, monkeypatch, capsys, command, out, named):
    monkeypatch.chdir(place)
    before = {path: path.read_bytes() for path in place.rglob("*") if path.is_file()}
    assert main([*command.split(), "--out", out]) == 1
    stated = capsys.readouterr()
    assert f"({named})" in stated.err
    assert "Nothing was read or written" in stated.err
    assert stated.out == ""
    assert {path: path.read_bytes() for path in place.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("out", ["c/Labs.CSV", "c/outcome.csv", "c/patient.parquet"])
def test_an_output_is_not_named_like_a_table_of_the_cohort(place, monkeypatch, capsys, out):
    """Such a file makes reading refuse the whole folder, so that the same command would fail the second time."""
    monkeypatch.chdir(place)
    assert main(["score", "m.rmodel", "c", "--out", out]) == 1
    assert f"{Path(out).name}: named like a table of the cohort folder" in capsys.readouterr().err
    assert not Path(out).exists()
    rm.read_cohort("c")


def test_a_link_to_an_input_is_the_input(place, tmp_path, capsys):
    (tmp_path / "soft.csv").symlink_to(place / "c" / "patients.csv")
    os.link(place / "c" / "patients.csv", tmp_path / "hard.csv")
    before = (place / "c" / "patients.csv").read_bytes()
    for name in ("soft.csv", "hard.csv"):
        assert main(["score", str(place / "m.rmodel"), str(place / "c"), "--out", str(tmp_path / name)]) == 1
        assert name in capsys.readouterr().err
    assert (place / "c" / "patients.csv").read_bytes() == before


def written_verbs(top):
    """Return every verb, those below another one (study new) among them."""
    found = {}
    for name, verb in top._subparsers._group_actions[0].choices.items():
        below = written_verbs(verb) if verb.filled()._subparsers else {}
        found |= {f"{name} {one}": action for one, action in below.items()} or {name: verb}
    return found


def test_every_verb_that_writes_is_looked_at(place):
    """An argument that names an output is known here, or a new verb would write unseen."""
    verbs = written_verbs(parser())
    for name, verb in verbs.items():
        options = {action.dest for action in verb.filled()._actions}
        assert options & {"out", "figures"} or name in ("check", "study check", "sign", "verify", "power", "serve"), (
            name
        )
    read = {"model", "study", "prior", "scores", "outcomes", "key", "cohort", "source", "mapping", "adjust_model"} | {
        "concepts"
    }
    known = {
        "help",
        "out",
        "figures",
        "patients",
        "seed",
        "landmark_week",
        "mute",
        "candidates",
        "censoring",
        "patient",
        "scenario",
        "languages",
        "resume",
        "language",
        "disclosure",
    }
    known |= {"calibration", "group_by", "jobs", "repeats", "bootstraps", "leave_out", "validate"}
    known |= {"chunk", "anew", "engine", "scheduler", "kind", "dash", "form", "on"}
    known |= {
        "method",
        "as_of",
        "adjust",
        "registered",
        "control",
        "treatment",
        "loss",
        "alpha",
        "test",
        "groups",
        "pairs",
    }
    known |= {"biomarkers", "both_arms", "base", "decide", "fdr", "no_increment"}
    known |= {"name", "title", "outcome", "outcome_analyte", "at_least", "below", "unit", "outcome_column", "equals"}
    known |= {"others", "outcomes_table", "horizon_weeks", "columns", "analytes"}  # of study new
    known |= {"parts", "width", "dpi", "formats"}  # of paper
    known |= {"units", "no_outcome", "problems"}  # of features; of check and read, and looked at beside out
    known |= {"host", "port", "origin"}  # of serve, which writes nothing
    known |= {"replicates", "events", "learning_curve"}  # of plan and validate: numbers and a switch
    assert {action.dest for verb in verbs.values() for action in verb.filled()._actions} <= read | known


def test_the_api_refuses_an_output_over_a_table(place):
    from relapse_model.model.scoring.batch import score_folder

    model = rm.load_model(place / "m.rmodel")
    for size in (3, 20_000):
        with pytest.raises(rm.RelapseModelError, match=r"patients\.csv"):
            score_folder(model, place / "c", place / "c" / "patients.csv", chunk_patients=size)


@pytest.mark.parametrize(
    ("command", "written"),
    [
        ("score m.rmodel c --out new/scores.csv", ["scores.csv"]),
        ("score m.rmodel c --chunk 3 --out new/chunks.csv", ["chunks.csv"]),
        ("explain m.rmodel c --out new/explanations.csv", ["explanations.csv"]),
        (
            "explain m.rmodel c --patient P0001 --out new/one.txt --figures new",
            ["one.txt", "contributions.png", "trajectory.png"],
        ),
    ],
)
def test_what_tells_of_single_patients_is_for_its_owner_alone(place, tmp_path, monkeypatch, command, written):
    monkeypatch.chdir(place)
    before = os.umask(0o022)
    try:
        assert main(command.replace("new", str(tmp_path / "new")).split()) == 0
    finally:
        os.umask(before)
    for name in written:
        path = tmp_path / "new" / name
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, name
        path.chmod(0o640)
    assert main(command.replace("new", str(tmp_path / "new")).split()) == 0
    for name in written:
        assert stat.S_IMODE((tmp_path / "new" / name).stat().st_mode) == 0o640, name


def test_tables_of_patients_are_for_their_owner_and_simulated_ones_for_all(cohort, tmp_path):
    before = os.umask(0o022)
    try:
        rm.make_cohort(**cohort.tables()).write(tmp_path / "real")
        cohort.write(tmp_path / "simulated")
    finally:
        os.umask(before)
    for folder, mode in (("real", 0o600), ("simulated", 0o644)):
        for name in ("patients.csv", "labs.csv", "treatments.csv"):
            assert stat.S_IMODE((tmp_path / folder / name).stat().st_mode) == mode


def test_a_simulated_cohort_never_replaces_patients(cohort, tmp_path, capsys):
    """`demo --out .` beside a folder `cohort` of patients would have."""
    rm.make_cohort(**cohort.tables()).write(tmp_path / "cohort")
    before = (tmp_path / "cohort" / "patients.csv").read_bytes()
    with pytest.raises(CohortError, match=r"patients\.csv: a table that is not synthetic"):
        cohort.write(tmp_path / "cohort")
    assert main(["demo", "--out", str(tmp_path)]) == 1
    assert "A simulated cohort never replaces patients" in capsys.readouterr().err
    assert main(["simulate", "--patients", "3", "--out", str(tmp_path / "cohort")]) == 1
    assert (tmp_path / "cohort" / "patients.csv").read_bytes() == before


@pytest.mark.parametrize(
    ("command", "stated"),
    [
        ("validate c --out m.rmodel", "is no folder"),
        ("trial c --out m.rmodel", "is no folder"),
        ("validate c --out m.rmodel/below", "is no folder"),
        ("train c --out c", "expected a file such as c.rmodel"),
        ("train c --out x.md", "expected a file such as x.rmodel"),
        ("score m.rmodel c --out c", "it is a folder"),
        ("explain m.rmodel c --patient P0001 --figures m.rmodel", "is no folder"),
        ("validate c --out new --mute RM999", "RM999"),
    ],
)
def test_an_output_that_cannot_be_written_is_refused_before_the_work(place, monkeypatch, capsys, command, stated):
    monkeypatch.chdir(place)
    assert main(command.split()) == 1
    assert stated in capsys.readouterr().err
    assert not Path("new").exists()


def test_train_writes_the_card_with_validated_figures_where_it_validates(place, tmp_path, capsys):
    words = ["train", str(place / "c132"), "--candidates", "prior_logistic", "--out"]
    rm.simulate_cohort(132, seed=7).write(place / "c132")
    assert main([*words, str(tmp_path / "plain.rmodel")]) == 0
    assert "Its performance is unknown" in capsys.readouterr().out
    assert "No validated figures are attached" in (tmp_path / "plain.md").read_text(encoding="utf-8")
    assert main([*words, str(tmp_path / "judged.rmodel"), "--validate", "1"]) == 0
    card = (tmp_path / "judged.md").read_text(encoding="utf-8")
    assert main(["validate", *words[1:4], "--repeats", "1", "--bootstraps", "0", "--out", str(tmp_path / "v")]) == 0
    values = json.loads((tmp_path / "v" / "validation.json").read_text(encoding="utf-8"))
    auc = values["performance"]["measures"]["auc"]
    row = f"| AUC | {auc['value']:.2f} ({auc['lower']:.2f} to {auc['upper']:.2f}) |"
    assert row in card
    assert (tmp_path / "v" / "model_card.md").read_text(encoding="utf-8") == card  # the same model, the same figures
    inside = unpack((tmp_path / "judged.rmodel").read_bytes(), "judged.rmodel")
    assert inside["card.md"].decode() == card
    assert json.loads(inside["manifest.json"])["validation"]["measures"]["auc"] == auc
    new = rm.simulate_cohort(5, seed=8)
    scored = [rm.load_model(tmp_path / f"{name}.rmodel").score(new) for name in ("plain", "judged")]
    assert scored[0].equals(scored[1])
