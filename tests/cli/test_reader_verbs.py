"""The verbs that read and write what other systems have, as a user types them."""

from __future__ import annotations

import pytest

import relapse_model as rm
from relapse_model.cli.arguments import main


@pytest.fixture
def cohort(tmp_path):
    rm.simulate_cohort(20, 2).write(tmp_path / "cohort")
    return tmp_path / "cohort"


def test_a_cohort_is_written_for_other_systems(cohort, tmp_path, capsys):
    assert main(["export", str(cohort), "--form", "parquet", "--out", str(tmp_path / "p")]) == 0
    assert rm.read_cohort(tmp_path / "p") == rm.read_cohort(cohort)
    assert main(["export", str(cohort), "--form", "sdtm", "--out", str(tmp_path / "s")]) == 0
    assert sorted(file.name for file in (tmp_path / "s").iterdir()) == ["dm.csv", "ex.csv", "lb.csv"]
    assert "as sdtm" in capsys.readouterr().out


def test_a_spreadsheet_in_place_of_a_cohort_is_recognised(tmp_path, capsys):
    (tmp_path / "visits.xlsx").write_bytes(b"PK")
    assert main(["check", str(tmp_path / "visits.xlsx")]) == 1
    assert "relapse-model propose-mapping excel" in capsys.readouterr().err


def test_a_folder_with_tables_is_not_read_into(cohort, tmp_path, capsys):
    assert main(["read", "excel", "x.xlsx", "--mapping", "map.toml", "--out", str(cohort)]) == 1
    assert "the folder holds tables already" in capsys.readouterr().err
