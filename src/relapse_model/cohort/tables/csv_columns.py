"""CSV text read by pyarrow, each different text of a column once; what takes a look at each cell is left to Python."""

from __future__ import annotations

from csv import field_size_limit

import pandas as pd

_QUOTE, _RETURN, _ZERO, _BLANK_LINE, _MARK = b'"', b"\r", b"\0", b"\n\n", b"\xef\xbb\xbf"
BYTES_WORTH = 262_144  # below, reading cell by cell takes no time


def dictionary_columns(content: bytes, columns: int) -> pd.DataFrame | None:
    r"""Return the rows of a CSV file as categorical columns of text; None where they must be read cell by cell.

    That is so where a quote, a carriage return within a line or a zero byte stands in the text, where a row has more or
    fewer cells than the header or is blank, and where the text is not UTF-8. Every cell is exactly as it stands in the
    file.

    Parameters
    ----------
    content : bytes
        The file, its header in the first line.
    columns : int
        Cells of the header.

    Examples
    --------
    >>> dictionary_columns(b"a,b\n1,<0.05\n2,<0.05\n", 2)[1].cat.categories.tolist()
    ['<0.05']
    >>> dictionary_columns(b"a,b\n1\n", 2) is None
    True
    """
    import pyarrow as pa
    from pyarrow import compute, csv

    content = content.removeprefix(_MARK)
    if _RETURN in content:
        content = content.replace(b"\r\n", b"\n")
    if any(mark in content for mark in (_QUOTE, _RETURN, _ZERO)):
        return None
    names = [str(place) for place in range(columns)]
    text = pa.dictionary(pa.int32(), pa.string())
    try:
        table = csv.read_csv(
            pa.py_buffer(content),
            read_options=csv.ReadOptions(column_names=names, skip_rows=1, use_threads=True, block_size=2**24),
            parse_options=csv.ParseOptions(quote_char=False, ignore_empty_lines=False),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(names, text), strings_can_be_null=False, quoted_strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid:
        return None
    if not table.num_rows or not any(str(column[-1]).strip() for column in table.columns):
        return None  # a blank row at the end
    table = table.unify_dictionaries()
    first = table.column(0)
    may_be_blank = first.null_count or "" in first.chunk(0).dictionary.to_pylist()
    if content.endswith(_BLANK_LINE) or (may_be_blank and _BLANK_LINE in content):
        return None  # a blank line is read as empty cells
    if (
        max(compute.max(compute.utf8_length(one.chunk(0).dictionary)).as_py() for one in table.columns)
        > field_size_limit()
    ):
        return None
    frame: pd.DataFrame = table.to_pandas()
    return frame.set_axis(range(columns), axis=1)
