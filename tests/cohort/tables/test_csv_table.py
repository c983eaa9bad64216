"""CSV read by pyarrow: only where a reader of CSV would find the same cells, and the same wherever that ends."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from relapse_model.cohort.tables import csv_table
from relapse_model.cohort.tables.csv_table import CsvTable, plain_rows, whole_lines
from relapse_model.errors import CohortError


def cells_of(text: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.decode("utf-8"), newline=""), strict=True))


def rows_of(table):
    return [list(row) for row in zip(*table.to_pydict().values(), strict=True)]


def test_cells_end_at_commas_and_line_feeds():
    assert rows_of(plain_rows(b"ab,,c\nd,e,\n", 3)) == [["ab", "", "c"], ["d", "e", ""]]
    assert rows_of(plain_rows(b"a, 1 \r\nNA,1e5", 2)) == [["a", " 1 "], ["NA", "1e5"]]  # exactly as they stand


def test_quotes_around_whole_cells_are_taken_off_and_a_comma_within_stays():
    rows = rows_of(plain_rows('"a b",1\nc,"2, 3"\n"陽",""\n'.encode(), 2))
    assert rows == [["a b", "1"], ["c", "2, 3"], ["陽", ""]]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"a,1\nb\n", "too few cells"),
        (b"a,1\nb,2,3\n", "too many cells"),
        (b"a\nb,2,3\n", "the number of separators is right, their order is not"),
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
        ("\u3000,\u3000\n".encode(), "a blank row of wide spaces"),
        ("\ufeffa,1\n".encode(), "a byte order mark, which a later reader would swallow"),
    ],
)
def test_what_is_not_plain_is_left_to_a_reader_of_csv(text, reason):
    assert plain_rows(text, 2) is None, reason


def test_a_cell_longer_than_the_reader_of_csv_takes_is_not_plain():
    longest = csv.field_size_limit()
    assert plain_rows(b"a," + b"1" * (longest - 1) + b"\n", 2) is not None
    assert plain_rows(b"a," + b"1" * (longest + 1) + b"\n", 2) is None


@settings(deadline=None, max_examples=300)
@given(text=st.text(st.sampled_from('ab,"\n\r \t\ufeff陽\x85'), max_size=24), columns=st.integers(1, 3))
@example(text='a","b\n', columns=2)
@example(text='"a,","b"\n', columns=2)
@example(text='"a"\n"b', columns=1)
@example(text='"a""b"\n', columns=1)
def test_what_is_plain_has_the_cells_that_a_reader_of_csv_finds(text, columns):
    content = text.encode("utf-8")
    rows = plain_rows(content, columns)
    if rows is not None:
        assert rows_of(rows) == cells_of(content)


@settings(deadline=None, max_examples=100)
@given(
    lines=st.lists(
        st.sampled_from(
            ["a,1", "b,2", '"c",3', 'd,"4"', 'e,"5,5"', '"f\ng",6', ",7", "", ",", "陽,8", "h", 'i"j,9', '"']
        )
    ),
    end=st.sampled_from(["\n", "\r\n"]),
    mark=st.booleans(),
    size=st.integers(1, 30),
)
def test_a_file_is_the_same_wherever_it_stops_being_plain(tmp_path_factory, lines, end, mark, size):
    content = end.join(["patient_id,value", *lines, ""]).encode("utf-8-sig" if mark else "utf-8")
    file = tmp_path_factory.mktemp("file") / "labs.csv"
    file.write_bytes(content)
    small = read_or_refused(file)
    kept = csv_table.BYTES_WORTH, csv_table.PIECE_BYTES
    csv_table.BYTES_WORTH, csv_table.PIECE_BYTES = 0, size
    try:
        assert read_or_refused(file) == small
    finally:
        csv_table.BYTES_WORTH, csv_table.PIECE_BYTES = kept
    if isinstance(small, list):
        assert small == cells_of(content.decode("utf-8-sig").encode())[1 : len(small) + 1]


def read_or_refused(file):
    try:
        return CsvTable(file).whole().astype(object).to_numpy().tolist()
    except CohortError as error:
        return str(error)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'patient_id,week\n"a,1\nb,\xd1\n', "line 3: byte 0xd1 is not UTF-8"),  # before the quotes of row 2
        (b"\npatient_id,week\nb,\0\n", "line 3: bytes of zero"),  # before the blank header
        (b'\npatient_id,week\n"b,1\n', "quotes that do not close"),
        (b'patient_id,week\na\n"b,1\n', "quotes that do not close"),  # before the cells of row 2
        (b"\npatient_id,week\nb\n", "row 1: a blank row"),
    ],
)
def test_what_concerns_the_text_as_a_whole_is_said_first(tmp_path, content, said):
    (tmp_path / "labs.csv").write_bytes(content)
    assert said in read_or_refused_on_opening(tmp_path / "labs.csv")


def read_or_refused_on_opening(file):
    with pytest.raises(CohortError) as error:
        CsvTable(file).whole()
    return str(error.value)


def test_pieces_end_where_lines_end(monkeypatch):
    monkeypatch.setattr(csv_table, "PIECE_BYTES", 6)
    assert list(whole_lines(io.BytesIO(b"ab\ncdefg\nh"))) == [b"ab\ncdefg\n", b"h"]
    # A line too long for a piece, as where rows end with carriage returns alone, is not held whole.
    assert list(whole_lines(io.BytesIO(b"ab\nc" * 2 + b"d" * 90))) == [b"ab\ncab\n"]
