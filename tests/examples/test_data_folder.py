from __future__ import annotations

import pytest

import data_folder


def test_the_environment_names_the_folder(monkeypatch, tmp_path):
    (tmp_path / "some_data").mkdir()
    monkeypatch.setenv("RELAPSE_MODEL_DATA", str(tmp_path))
    assert data_folder.data_folder("some_data") == tmp_path / "some_data"


def test_without_it_the_folder_beside_the_project_is_taken(monkeypatch, tmp_path):
    (tmp_path / "some_data").mkdir()
    monkeypatch.delenv("RELAPSE_MODEL_DATA", raising=False)
    monkeypatch.setattr(data_folder, "BESIDE_THE_PROJECT", tmp_path)
    assert data_folder.data_folder("some_data") == tmp_path / "some_data"


def test_absent_data_are_refused_with_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setenv("RELAPSE_MODEL_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="Set the environment variable RELAPSE_MODEL_DATA"):
        data_folder.data_folder("some_data")
