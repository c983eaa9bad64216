"""CSV read by its separators alone: only where a reader of CSV would find the same cells."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from relapse_model.cohort.large_folders import plain_lines as plain_csv
from relapse_model.cohort.large_folders.csv_table import CsvBlocks
from relapse_model.cohort.large_folders.plain_lines import read_cells, rows_of_plain_lines, whole_lines


def cells_of(text: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.decode("utf-8"), newline=""), strict=True))


def test_cells_end_at_commas_and_line_feeds():
    rows = rows_of_plain_lines(b"ab,,c\nd,e,\n", 3)
    assert rows.ends.tolist() == [[2, 3, 5], [7, 9, 10]]
    assert [list(rows.cells(column)) for column in range(3)] == [[b"ab", b"d"], [b"", b"e"], [b"c", b""]]


def test_quotes_around_whole_cells_are_taken_off_one_by_one():
    rows = rows_of_plain_lines('"a b",1\nc,"2"\n"陽",""\n'.encode(), 2)
    assert [cell.decode() for cell in rows.cells(0)] == ["a b", "c", "陽"]
    assert list(rows.cells(1)) == [b"1", b"2", b""]


def test_rows_are_taken_as_they_stand_also_when_they_do_not_follow_one_another():
    rows = rows_of_plain_lines(b"a,1\nb,2\nc,3\nd,4", 2)
    assert rows.taken(np.array([1, 2])) == b"b,2\nc,3\n"
    assert rows.taken(np.array([0, 2, 3])) == b"a,1\nc,3\nd,4\n"
    rest = rows.after(1)
    assert (len(rest), list(rest.cells(0)), rest.taken(np.array([0]))) == (3, [b"b", b"c", b"d"], b"b,2\n")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"a,1\nb\n", "too few cells"),
        (b"a,1\nb,2,3\n", "too many cells"),
        (b"a\nb,2,3\n", "the number of separators is right, their order is not"),
        (b'a,"1,2"\n', "a comma within quotes"),
        (b'a,"1\n2"\n', "a line end within quotes"),
        (b'a,"1""2"\n', "a quote within quotes"),
        (b'a,1"\nb,"2\n', "quotes in the middle of cells"),
        (b'a,"1" \nb,2\n', "a space after a quote"),
        (b'"a,1\n', "a quote that is not closed"),
        (b"a,1\rb,2\n", "a carriage return alone ends a row"),
        (b"a,1\0\n", "a byte of zero"),
        (b"a,\xd1\n", "not UTF-8"),
        (b"a,1\n,\n", "a blank row"),
        (b'a,1\n"",""\n', "a blank row in quotes"),
        (b"a,1\n\n", "an empty line"),
        (b" ,1\n", "a row that may be blank"),
        ("\u3000,\u3000\n".encode(), "a blank row of wide spaces"),
        ("\ufeffa,1\n".encode(), "a byte order mark, which a later reader would swallow"),
    ],
)
def test_what_is_not_plain_is_left_to_a_reader_of_csv(text, reason):
    assert rows_of_plain_lines(text, 2) is None, reason


def test_a_cell_longer_than_the_reader_of_csv_takes_is_not_plain():
    longest = csv.field_size_limit()
    assert rows_of_plain_lines(b"a," + b"1" * (longest - 1) + b"\n", 2) is not None
    assert rows_of_plain_lines(b"a," + b"1" * (longest + 1) + b"\n", 2) is None


@settings(deadline=None, max_examples=300)
@given(text=st.text(st.sampled_from('ab,,\n\n"\r \t陽\u3000\ufeff'), max_size=24), columns=st.integers(1, 3))
@example('"a",""\n', 2)
@example('a,"b\r\n"\r\n', 2)
def test_what_is_plain_has_the_cells_that_a_reader_of_csv_finds(text, columns):
    content = text.encode("utf-8")
    rows = rows_of_plain_lines(content, columns)
    if rows is None:
        return
    expected = cells_of(content)
    assert [len(row) for row in expected] == [columns] * len(rows)
    found = [[cell.decode("utf-8") for cell in rows.cells(column)] for column in range(columns)]
    assert [list(row) for row in zip(*found, strict=True)] == expected
    every = rows.taken(np.arange(len(rows)))
    assert read_cells(io.BytesIO(every), list("xyz")[:columns]).to_numpy().tolist() == expected


@settings(deadline=None, max_examples=100)
@given(
    lines=st.lists(st.sampled_from(["a,1", "b,2", '"c",3', 'd,"4"', 'e,"5,5"', '"f\ng",6', ",7", "", ",", "陽,8"])),
    end=st.sampled_from(["\n", "\r\n"]),
    mark=st.booleans(),
    size=st.integers(1, 30),
)
def test_a_file_is_the_same_wherever_it_stops_being_plain(tmp_path_factory, lines, end, mark, size):
    content = end.join(["patient_id,value", *lines, ""]).encode("utf-8-sig" if mark else "utf-8")
    file = tmp_path_factory.mktemp("file") / "labs.csv"
    file.write_bytes(content)
    expected = cells_of(content.decode("utf-8-sig").encode())[1:]
    while expected and not any(expected[-1]):
        expected.pop()
    if any(len(row) != 2 for row in expected):
        return
    plain_csv._BYTES, kept = size, plain_csv._BYTES
    try:
        source = CsvBlocks(file)
        blocks = list(source.blocks())
    finally:
        plain_csv._BYTES = kept
    table = source.read(b"".join(source.written(one, np.arange(len(one.ids))) for one in blocks if len(one.ids)))
    assert table.to_numpy().tolist() == expected
    assert np.concatenate([block.numbers for block in blocks]).tolist() == list(range(2, len(expected) + 2))
    assert [one for block in blocks for one in block.ids] == [row[0].strip() for row in expected]


def test_pieces_end_where_lines_end(monkeypatch):
    monkeypatch.setattr(plain_csv, "_BYTES", 6)
    assert list(whole_lines(io.BytesIO(b"ab\ncdefg\nh"))) == [b"ab\ncdefg\n", b"h"]
    # A line too long for a piece, as where rows end with carriage returns alone, is not held whole.
    assert list(whole_lines(io.BytesIO(b"ab\nc" * 2 + b"d" * 90))) == [b"ab\ncab\n"]
