"""JSON in which a key stands twice is refused by name: Python would keep the last, and say nothing."""

from __future__ import annotations

from relapse_model.cli.program import main


def told(kind, source, tmp_path, capsys):
    assert main(["propose-mapping", kind, str(source), "--out", str(tmp_path / "map.toml")]) == 1
    assert not (tmp_path / "map.toml").exists()
    return capsys.readouterr().err


def test_of_a_resource(tmp_path, capsys):
    text = '{"resourceType": "Patient", "id": "7", "gender": "male", "gender": "female"}\n'
    (tmp_path / "Patient.ndjson").write_text(text, encoding="utf-8")
    assert "not JSON (a key is given twice: 'gender')" in told("fhir", tmp_path / "Patient.ndjson", tmp_path, capsys)


def test_of_a_data_set(tmp_path, capsys):
    text = '{"datasetJSONVersion": "1.1.0", "records": 1, "records": 2, "columns": [], "rows": []}'
    (tmp_path / "dm.json").write_text(text, encoding="utf-8")
    assert "a key is given twice: 'records'" in told("cdisc", tmp_path / "dm.json", tmp_path, capsys)
