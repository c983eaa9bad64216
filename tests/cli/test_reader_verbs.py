"""The verbs that read and write what other systems have, as a user types them."""

from __future__ import annotations

import json

import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.cli.program import main


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


def test_results_become_rows_of_omop(tmp_path, capsys):
    folder = tmp_path / "cohort"
    patients = pd.DataFrame({"patient_id": ["7"], "enrolment_date": ["2024-03-01"]})
    labs = pd.DataFrame({"patient_id": ["7"], "week": [1], "analyte": ["alt"], "value": ["<10"], "unit": ["U/L"]})
    rm.make_cohort(patients, labs).write(folder)
    (tmp_path / "concepts.csv").write_text("analyte,concept_id\nalt,3006923\n")
    concepts = ["--concepts", str(tmp_path / "concepts.csv")]
    assert main(["export", str(folder), "--form", "omop", *concepts, "--out", str(tmp_path / "o")]) == 0
    row = pd.read_csv(tmp_path / "o" / "measurement.csv").iloc[0]
    assert (row["measurement_concept_id"], row["measurement_date"], row["value_as_number"]) == (
        3006923,
        "2024-03-08",
        10,
    )
    assert main(["export", str(folder), "--form", "omop", "--out", str(tmp_path / "p")]) == 0
    assert "Without a concept, so measurement_concept_id is 0: alt." in capsys.readouterr().out


def test_scores_become_risk_assessments(cohort, root, tmp_path, capsys):
    asked = ["export", str(cohort), "--form", "fhir", "--out", str(tmp_path / "f")]
    assert main(asked) == 1
    assert "no --model" in capsys.readouterr().err
    asked += ["--model", str(root / "models" / "hbsag_relapse.rmodel")]
    assert main(asked) == 1  # a simulated cohort has weeks, and no day
    assert "--on YYYY-MM-DD" in capsys.readouterr().err
    assert main([*asked, "--on", "2024-03-01"]) == 0
    lines = (tmp_path / "f" / "risk_assessments.ndjson").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 20
    first = json.loads(lines[0])
    assert (first["resourceType"], first["occurrenceDateTime"]) == ("RiskAssessment", "2024-03-01")


def test_the_predictors_of_a_cohort_are_written(cohort, tmp_path, capsys):
    assert main(["features", str(cohort)]) == 1
    assert "--out is missing" in capsys.readouterr().err
    out = tmp_path / "features.csv"
    assert main(["features", str(cohort), "--landmark-week", "0", "--out", str(out)]) == 0
    study = rm.load_study("hbsag-relapse")
    expected = rm.derive_features(rm.read_cohort(cohort, study=study), study, 0)
    pd.testing.assert_frame_equal(pd.read_csv(out).set_index("patient_id"), expected, check_dtype=False)
    assert out.stat().st_mode & 0o077 == 0  # of patients: readable by the owner only
    assert "Predictors of 20 patients at week 0" in capsys.readouterr().out


def test_from_a_spreadsheet_to_a_cohort_with_a_study_of_ones_own(tmp_path, capsys):
    """The proposal names the study's file, as seen from the mapping; what counts once is said."""
    study, out = tmp_path / "studies" / "mine.toml", tmp_path / "cohort"
    study.parent.mkdir()
    asked = ["--name", "mine", "--outcome-analyte", "alt", "--at-least", "80", "--unit", "U/L", "--horizon-weeks", "52"]
    columns = ["--columns", "sex", "centre", "--analytes", "alt"]
    assert main(["study", "new", "--out", str(study), *asked, *columns]) == 0
    text = study.read_text(encoding="utf-8")
    assert 'sex = { column = "sex", equals = "M" }' in text  # texts, and no number
    assert '# centre = { column = "centre", levels = ["...", "..."] }' in text
    sheet = "id,enrolment date,sex,date,test,result,unit\n" + "7,2024-01-01,F,2024-01-08,ALT,20,U/L\n" * 2
    (tmp_path / "a.csv").write_text(sheet, encoding="utf-8")
    mapping = tmp_path / "map.toml"
    source = str(tmp_path / "a.csv")
    assert main(["propose-mapping", "excel", source, "--study", str(study), "--out", str(mapping)]) == 0
    assert 'study = "studies/mine.toml"' in mapping.read_text(encoding="utf-8")
    assert main(["read", "excel", source, "--mapping", str(mapping), "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert f"Next: relapse-model check {out} --study {tmp_path / 'studies/mine.toml'}" in said
    assert said.count("says the same as an earlier row") == 1
    assert "says the same as an earlier row" in (out / "reading_report.txt").read_text(encoding="utf-8")
