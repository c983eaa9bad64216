"""Encodings of text files that no mark names: chosen where the words look like words in one alone, else asked."""

from __future__ import annotations

import pytest

from relapse_model.cohort.readers.mapping_file import parse_mapping
from relapse_model.cohort.readers.spreadsheets.encodings import guess_encoding
from relapse_model.cohort.readers.spreadsheets.propose import propose_excel
from relapse_model.cohort.readers.spreadsheets.read import read_excel
from relapse_model.errors import SourceError


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Zentrum;München;Köln", "cp1252"),
        ("Straße;größer;Füße", "cp1252"),
        ("N° patient;Âge;Né le;créée", "cp1252"),
        ("Año;Muñoz;España;µg;°C", "cp1252"),
        ("Città;età;È;“ab”", "cp1252"),
        ("病案号,性别,男,女", "gb18030"),
        ("HBsAg定量,℃,μg,乙肝DNA<0.05", "gb18030"),
        ("id,sex\n1,男\n2,女", "gb18030"),
        ("病歷號,性別,肝炎", "big5"),
    ],
)
def test_the_encoding_is_one_in_which_words_look_like_words(text, encoding):
    guess = guess_encoding(text.encode(encoding))
    assert guess is not None
    assert (guess.encoding, guess.others) == (encoding, ())


def test_a_text_that_looks_like_none_is_not_guessed(tmp_path, study):
    content = "Patient ID,Пол\nA1,Мужской\n".encode("cp1251")
    assert guess_encoding(content) is None
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(SourceError, match="cp1252 in Western Europe"):
        propose_excel(tmp_path / "a.csv", study)


def test_centres_of_western_europe_are_read_with_their_accents(tmp_path, study):
    path = tmp_path / "a.csv"
    text = "Patient ID;Zentrum;Einschlussdatum\nP1;München;08.01.2024\nP2;Köln;15.01.2024\n"
    path.write_bytes(text.encode("cp1252"))
    cohort = read_excel(path, parse_mapping(propose_excel(path, study), "map.toml", "excel"))
    assert cohort.patients["centre"].tolist() == ["München", "Köln"]


def test_an_encoding_that_nothing_settles_is_asked(tmp_path, study):
    (tmp_path / "a.csv").write_bytes("Patient ID,Sex\nA1,男\n".encode("gb18030"))
    lines = propose_excel(tmp_path / "a.csv", study).split("\n")
    at = lines.index('encoding = "gb18030"')
    assert lines[at - 1].startswith("#? The file is not UTF-8, and reads as gb18030 or as cp1252.")
