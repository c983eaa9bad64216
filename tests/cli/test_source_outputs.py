"""The verbs that read an export write over nothing: of the export, of what its mapping names, of anybody else."""

from __future__ import annotations

import os

import pytest

import relapse_model as rm
from relapse_model.cli.program import main

MAPPING = """
[mapping]
protocol = 1
kind = "{kind}"
study = "studies/child.toml"
[source]
{source}
[time]
zero = {{ field = "on" }}
[patients]
id = "id"
[[labs]]
analyte = "albumin"
value = "alb"
unit = "g/L"
date = "on"
"""
SHEET = "id,alb,on\n" + "".join(f"7{row},40,2024-01-0{row}\n" for row in range(1, 9))


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with an export of two files, another file, a mapping, and a study that extends one."""
    for name in ("export/visits.csv", "export/below/lis.csv", "single/visits.csv", "single/fields.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(SHEET, encoding="utf-8")
    (tmp_path / "alone").mkdir()
    (tmp_path / "alone" / "a.xlsx").write_bytes(b"PK")
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")
    (tmp_path / "map.toml").write_text(MAPPING.format(kind="excel", source='file = "visits.csv"'), encoding="utf-8")
    (tmp_path / "red.toml").write_text(
        MAPPING.format(kind="redcap", source='dictionary = "fields.csv"'), encoding="utf-8"
    )
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies" / "base.toml").write_text(rm.load_study("hbsag-relapse").text, encoding="utf-8")
    (tmp_path / "studies" / "child.toml").write_text('extends = "base.toml"\n[study]\nname = "x"\n', encoding="utf-8")
    (tmp_path / "soft.csv").symlink_to(tmp_path / "export" / "visits.csv")
    (tmp_path / "into").symlink_to(tmp_path / "export", target_is_directory=True)
    os.link(tmp_path / "export" / "visits.csv", tmp_path / "hard.csv")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


FOLDER = "read excel export --mapping map.toml"
SINGLE = "read redcap single/visits.csv --mapping red.toml"
PROPOSE = "propose-mapping excel export"
PROTECTED = [
    (f"{FOLDER} --out c --problems", name)
    for name in (
        "export/visits.csv", "export/below/lis.csv", "export/new.csv", "into/visits.csv", "into/new.csv", "soft.csv",
        "hard.csv", "thesis.txt", "map.toml", "studies/child.toml", "studies/base.toml", "c/patients.csv",
        "c/reading_report.json", "c/patient.csv", "export",
    )
]  # fmt: skip
PROTECTED += [(f"{SINGLE} --out c --problems", name) for name in ("single/visits.csv", "single/fields.csv")]
PROTECTED += [(f"{FOLDER} --out", name) for name in ("export", "into", "export/below", "export/c", "into/c")]
PROTECTED += [(f"{SINGLE} --out", name) for name in ("single", "single/", "./single")]
PROTECTED += [("read excel alone/a.xlsx --mapping map.toml --out", "alone")]
PROTECTED += [
    (f"{PROPOSE} --out", name)
    for name in ("export/visits.csv", "export/below/lis.csv", "export/new.csv", "thesis.txt", "map.toml", "soft.csv",
                 "hard.csv", "into/visits.csv", "studies/child.toml")
]  # fmt: skip
PROTECTED += [
    (f"{PROPOSE} --study studies/child.toml --out", "studies/base.toml"),
    ("features --study studies/child.toml --out", "studies/base.toml"),
]


@pytest.mark.parametrize(("command", "output"), PROTECTED)
def test_nothing_that_is_there_or_is_read_is_replaced(place, capsys, command, output):
    before = contents(place)
    assert main([*command.split(), output]) == 1
    told = capsys.readouterr().err
    assert told.startswith(f"relapse-model {command.split()[0]}: --{command.split()[-1].removeprefix('--')}: ")
    assert contents(place) == before
    assert not (place / "c").exists()


def test_a_mapping_may_stand_beside_its_export_and_is_never_written_twice(place, capsys):
    """No reader reads TOML."""
    asked = [*PROPOSE.split(), "--out", "export/map.toml"]
    assert main(asked) == 0
    written = contents(place)
    capsys.readouterr()
    assert main(asked) == 1
    told = capsys.readouterr().err
    assert "--out: export/map.toml: it exists already, and nothing is overwritten; expected another name." in told
    assert contents(place) == written


def test_the_list_of_problems_of_an_earlier_run_is_written_again(place):
    """Also where it stands in the new cohort's folder, which then holds no tables yet."""
    (place / "c").mkdir()
    (place / "export" / "visits.csv").write_text(SHEET.replace("72,40", "72,4000"), encoding="utf-8")
    asked = [*FOLDER.split(), "--study", "hbsag-relapse", "--out", "c", "--problems", "c/problems.csv"]
    assert main(asked) == 1
    (place / "export" / "visits.csv").write_text(SHEET, encoding="utf-8")
    assert main(asked) == 0
    assert len((place / "c" / "problems.csv").read_text(encoding="utf-8").splitlines()) == 1
    assert len(rm.read_cohort("c").labs) == 8
    assert main(asked) == 1  # now the folder holds tables


@pytest.mark.parametrize(
    ("form", "name"), [("sdtm", "lb.csv"), ("omop", "measurement.csv"), ("parquet", "labs.parquet")]
)
def test_an_export_replaces_no_file_of_another_system(tmp_path, capsys, form, name):
    """The files of a form are called as those of a hospital are."""
    rm.simulate_cohort(5, 2).write(tmp_path / "c")
    (tmp_path / "o").mkdir()
    (tmp_path / "o" / name).write_text("of the hospital", encoding="utf-8")
    assert main(["export", str(tmp_path / "c"), "--form", form, "--out", str(tmp_path / "o")]) == 1
    assert f"--out: {tmp_path / 'o' / name}: it exists already, and nothing is overwritten" in capsys.readouterr().err
    assert (tmp_path / "o" / name).read_text(encoding="utf-8") == "of the hospital"
    assert len(list((tmp_path / "o").iterdir())) == 1


def test_the_list_of_problems_is_not_the_folder_of_the_tables(place, capsys):
    """Under one name, the list would stand where the tables were to be."""
    asked = [*FOLDER.split(), "--study", "hbsag-relapse", "--out", "same", "--problems", "same"]
    assert main(asked) == 1
    assert "the name of two outputs" in capsys.readouterr().err
    assert not (place / "same").exists()
