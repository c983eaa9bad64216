"""Text files: encodings stated or marked, delimiters stated or declared, rows that are whole."""

from __future__ import annotations

import pytest

from relapse_model.cohort.readers.spreadsheets.text_file import read_text_file
from relapse_model.errors import SourceError

TEXT = "病案号,结果\n7,＜0.05\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_marked_and_plain_encodings_need_no_statement(encoding, tmp_path):
    (tmp_path / "a.csv").write_bytes(TEXT.encode(encoding))
    assert read_text_file(tmp_path / "a.csv").cells.tolist() == [["病案号", "结果"], ["7", "＜0.05"]]


def test_an_unmarked_encoding_is_stated_never_guessed(tmp_path):
    (tmp_path / "a.csv").write_bytes(TEXT.encode("gb18030"))
    with pytest.raises(SourceError, match=r"a\.csv, line 1: byte 0xb2 is not of the encoding UTF-8"):
        read_text_file(tmp_path / "a.csv")
    assert read_text_file(tmp_path / "a.csv", {"encoding": "GB18030"}).cells[0, 0] == "病案号"
    for name in ("rot13", "base64", "no such"):
        with pytest.raises(SourceError, match=f"encoding '{name}'; expected one of utf-8"):
            read_text_file(tmp_path / "a.csv", {"encoding": name})


def test_utf_16_without_its_mark_is_not_taken_for_utf_8(tmp_path):
    (tmp_path / "a.csv").write_bytes("a,b\n1,2\n".encode("utf-16-le"))
    with pytest.raises(SourceError, match="zeros between the letters"):
        read_text_file(tmp_path / "a.csv")


def test_the_delimiter_is_stated_declared_or_usual(tmp_path):
    (tmp_path / "a.csv").write_text('"sep=;"\na;b\n1;2,5\n')
    sheet = read_text_file(tmp_path / "a.csv")
    # Rows are numbered as in the file: the header is row 2.
    assert sheet.cells.tolist() == [["", ""], ["a", "b"], ["1", "2,5"]]
    assert "sep=;" in sheet.notes[0]
    (tmp_path / "a.tsv").write_text("a\tb\n1\t2\n")
    assert read_text_file(tmp_path / "a.tsv").cells.shape == (2, 2)
    (tmp_path / "b.csv").write_text("a|b\n1|2\n")
    with pytest.raises(SourceError, match="one column when separated by ','"):
        read_text_file(tmp_path / "b.csv")
    assert read_text_file(tmp_path / "b.csv", {"delimiter": "|"}).cells.shape == (2, 2)


def test_broken_rows_and_quotes_are_placed(tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n1,2,3\n4,5\n6,7\n8,9\n")
    with pytest.raises(SourceError, match=r"a\.csv, row 2: 3 cells; expected 2"):
        read_text_file(tmp_path / "a.csv")
    (tmp_path / "a.csv").write_text('a,b\n1,"2\n')
    with pytest.raises(SourceError, match="quotation marks that do not close"):
        read_text_file(tmp_path / "a.csv")
