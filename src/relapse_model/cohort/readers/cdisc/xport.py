"""SAS transport files (XPT), version 5: read as SAS describes them (TS-140); version 8 is left to ReadStat.

pandas reads version 5, too, but gives 5.4e-79 for 0, so that no event (CNSR = 0) is found, and leaves out the last row
of a file that was cut off without a word.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Floats
from relapse_model.cohort.readers.cdisc.data_set import Coded, DataSet, coded_numbers, coded_texts, refusal
from relapse_model.cohort.readers.packages import needed
from relapse_model.errors import SourceError

_CARD = 80  # bytes of a record
_LIBRARY = b"HEADER RECORD*******LIBRARY HEADER RECORD!!!!!!!"
_LIBRARY_8 = b"HEADER RECORD*******LIBV8   HEADER RECORD!!!!!!!"
_MEMBER = b"HEADER RECORD*******MEMBER  HEADER RECORD!!!!!!!"
_NAMES = b"HEADER RECORD*******NAMESTR HEADER RECORD!!!!!!!"
_ROWS = b"HEADER RECORD*******OBS     HEADER RECORD!!!!!!!"
_WHOLE = "a whole transport file of version 5"
_AGAIN = "It was cut off, or changed on the way: copy it again, as a binary file"
_NAMESTR = np.dtype(
    [("type", ">i2"), ("hash", ">i2"), ("length", ">i2"), ("number", ">i2"), ("name", "S8"), ("label", "S40"),
     ("format", "S8"), ("width", ">i2"), ("decimals", ">i2"), ("justified", ">i2"), ("fill", "S2"), ("informat", "S8"),
     ("in_width", ">i2"), ("in_decimals", ">i2"), ("position", ">i4"), ("rest", "S52")]
)  # fmt: skip
_MISSING = np.array([ord("."), ord("_"), *range(ord("A"), ord("Z") + 1)], dtype=np.uint64)


@dataclass(frozen=True, slots=True)
class _Variable:
    name: str
    label: str
    sas_format: str
    number: bool
    position: int
    length: int


def read_xpt(path: Path, content: bytes, encoding: str = "") -> list[DataSet]:
    """Return the data sets of a transport file.

    Parameters
    ----------
    path : Path
    content : bytes
    encoding : str
        Of its texts; by default UTF-8, of which ASCII is a part.

    Raises
    ------
    SourceError
        If it is none, or was cut off.
    """
    if content.startswith(_LIBRARY_8):
        return [_version_8(path, encoding)]
    if not content.startswith(_LIBRARY):
        raise refusal(path.name, "another beginning than that of a SAS transport file", _WHOLE, _AGAIN)
    if len(content) % _CARD:
        raise refusal(path.name, f"{len(content):,} bytes, which are no whole records", _WHOLE, _AGAIN)
    starts = [found.start() for found in re.finditer(re.escape(_MEMBER), content) if found.start() % _CARD == 0]
    if not starts:
        raise refusal(path.name, "no data set", _WHOLE, _AGAIN)
    ends = [*starts[1:], len(content)]
    try:
        return [_member(path.name, content[start:end], encoding) for start, end in zip(starts, ends, strict=True)]
    except SourceError:
        raise
    except ValueError:
        raise refusal(path.name, "a description of variables that cannot be read", _WHOLE, _AGAIN) from None


def _member(file: str, content: bytes, encoding: str) -> DataSet:
    names, rows = content.find(_NAMES), content.find(_ROWS)
    if names < 0 or rows < names or names % _CARD or rows % _CARD:
        raise refusal(file, "no description of the variables", _WHOLE, _AGAIN)
    head = content[2 * _CARD : names]
    name, label = (part.decode("latin-1").strip(" \0") for part in (head[8:16], head[_CARD + 32 : _CARD + 72]))
    count = int(content[names + 54 : names + 58])
    table = content[names + _CARD : rows]
    if count < 1 or len(table) < count * _NAMESTR.itemsize or content[_CARD - 5 : _CARD - 2] not in (b"140", b"   "):
        raise refusal(file, f"a description of {count} variables that does not hold them", _WHOLE, _AGAIN)
    variables = [_variable(one) for one in np.frombuffer(table, dtype=_NAMESTR, count=count)]
    width = sum(one.length for one in variables)
    if any(one.position < 0 or one.length < 1 or one.position + one.length > width for one in variables):
        raise refusal(file, "variables that lie outside their rows", _WHOLE, _AGAIN)
    data = content[rows + _CARD :]
    number = _row_count(file, data, width)
    body = np.frombuffer(data, dtype=np.uint8, count=number * width).reshape(number, width)
    by_name = {one.name: one for one in variables}
    if len(by_name) < len(variables):
        raise refusal(file, "two variables of one name", "each variable once", _AGAIN)
    return DataSet(
        name.upper(), label, file, number, {one.name: one.label for one in variables},
        lambda variable: _texts(file, body, by_name[variable], encoding),
    )  # fmt: skip


def _variable(given: np.void) -> _Variable:
    name, label, sas_format = (given[key].decode("latin-1").strip(" \0") for key in ("name", "label", "format"))
    number = int(given["type"]) == 1
    length = int(given["length"])
    if number and not 2 <= length <= 8:
        raise ValueError(length)
    return _Variable(name.upper(), label, sas_format, number, int(given["position"]), length)


def _row_count(file: str, data: bytes, width: int) -> int:
    """Return the number of rows; the last record of the file is filled up with blanks, which are no row."""
    number, rest = divmod(len(data), width)
    if data[len(data) - rest :].strip(b" ") or rest >= _CARD:
        raise refusal(file, "a last row that is not whole", _WHOLE, _AGAIN)
    blank = len(data) - len(data.rstrip(b" "))
    filled = min(blank, _CARD - 1)
    while number and len(data) - (number - 1) * width <= filled:
        number -= 1
    return number


def _texts(file: str, body: NDArray[np.uint8], one: _Variable, encoding: str) -> Coded:
    cells = np.ascontiguousarray(body[:, one.position : one.position + one.length])
    if one.number:
        return coded_numbers(numbers_of(cells), one.sas_format)
    raw = cells.view(f"S{one.length}").ravel().astype(object)
    codes, distinct = pd.factorize(raw)
    try:
        texts = [text.rstrip(b" \0").decode(encoding or "utf-8") for text in distinct]
    except UnicodeDecodeError:
        advice = 'State encoding = "gb18030" (or another) under [source] in the mapping'
        raise refusal(
            file, f"texts of {one.name} that are not {encoding or 'UTF-8'}", "texts in one encoding", advice
        ) from None
    except LookupError:
        raise refusal(file, f"encoding {encoding!r}", "the name of an encoding, such as 'gb18030'") from None
    return Coded(codes, np.array([*texts, ""], dtype=object))


def numbers_of(cells: NDArray[np.uint8]) -> Floats:
    """Return the numbers that IBM's floating point, of up to eight bytes, stands for; missing values are NaN.

    The first byte has the sign and a power of 16, the others a fraction. A first byte with a point, a letter or an
    underscore, and nothing after it, is one of SAS's 28 missing values.

    Parameters
    ----------
    cells : array of uint8, shape (n, length)

    Examples
    --------
    >>> cells = np.array([[0x41, 0x10, 0], [0xC2, 0x76, 0xA0], [0x2E, 0, 0], [0, 0, 0]], dtype=np.uint8)
    >>> numbers_of(cells).tolist()
    [1.0, -118.625, nan, 0.0]
    """
    wide = np.zeros((len(cells), 8), dtype=np.uint8)
    wide[:, : cells.shape[1]] = cells
    bits = wide.view(">u8").ravel().astype(np.uint64)
    first, fraction = bits >> np.uint64(56), bits & np.uint64(0x00FFFFFFFFFFFFFF)
    power = 4 * ((first & np.uint64(0x7F)).astype(np.int64) - 64) - 56
    values = np.ldexp(fraction.astype(np.float64), power)
    values[first >= 128] *= -1
    values[(fraction == 0) & np.isin(first, _MISSING)] = np.nan
    return np.asarray(values + 0.0)


def _version_8(path: Path, encoding: str) -> DataSet:
    pyreadstat = needed("pyreadstat", "a transport file of version 8")
    try:
        frame, about = pyreadstat.read_xport(
            str(path), encoding=encoding or None, disable_datetime_conversion=True
        )  # fmt: skip
    except Exception as error:  # ReadStat's own errors, and those of decoding
        raise refusal(
            path.name, f"what ReadStat cannot read ({type(error).__name__})", "a whole transport file", _AGAIN
        ) from None
    formats = about.original_variable_types
    labels = {str(name).upper(): label or "" for name, label in about.column_names_to_labels.items()}
    if len(labels) < frame.shape[1]:
        raise refusal(path.name, "two variables of one name", "each variable once", _AGAIN)
    own = {str(name).upper(): name for name in frame.columns}

    def texts(variable: str) -> Coded:
        column = frame[own[variable]]
        if pd.api.types.is_numeric_dtype(column):
            return coded_numbers(column.to_numpy(dtype=float), str(formats.get(own[variable]) or ""))
        return coded_texts(column.fillna("").astype(str).str.rstrip().to_numpy(dtype=object))

    name = (about.table_name or path.stem).upper()
    return DataSet(name, about.file_label or "", path.name, len(frame), labels, texts)
