"""The texts of one field as the mapping reads them: codes for missing, meanings, dates; each different text once."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from relapse_model.arrays import Mask
from relapse_model.cohort.readers.source_dates import iso_dates
from relapse_model.cohort.readers.source_mapping import Field, SourceMapping
from relapse_model.cohort.readers.source_values import is_empty, is_missing, meanings_of
from relapse_model.study.names import name_key

USUAL = "often gb18030 in China, cp1252 in Western Europe"  # encodings of exports that are not UTF-8


@dataclass(frozen=True, slots=True, eq=False)
class FieldTexts:
    """A field as read.

    Attributes
    ----------
    values : Series
        Of str; empty where nothing is known.
    coded_missing : array of bool
        Cells with a code for a missing value.
    bad : array of bool
        Cells whose text has no meaning, or is no date.
    expected : str
        What was expected of them.
    """

    values: pd.Series
    coded_missing: Mask
    bad: Mask
    expected: str = ""


def read_field(raw: pd.Series, one: Field, mapping: SourceMapping, *, date: bool = False) -> FieldTexts:
    """Read the texts of a field.

    Parameters
    ----------
    raw : Series
        As they stand in the source; empty where there is nothing.
    one : Field
        Meanings of a date are those of some texts (``ongoing``: nothing); all others are dates.
    mapping : SourceMapping
    date : bool
        Whether they are dates.
    """
    codes, printed = pd.factorize(raw, use_na_sentinel=False)
    texts = pd.Series(printed, dtype=object)
    if date and one.values:
        stated = {name_key(text): meaning for text, meaning in one.values.items()}
        texts = texts.map(lambda text: stated.get(name_key(text), text)).astype(object)
    coded = is_missing(texts, mapping.missing)
    known = texts.mask(coded | is_empty(texts), "")
    if date:
        values, bad = iso_dates(known, mapping.time.dates, mapping.time.partial)  # type: ignore[arg-type]
        expected = expected_date(mapping)
    else:
        read = meanings_of(known, one.values)
        values, bad, expected = read.values, read.unknown, "one of the values that the mapping names"
    spread = pd.Series(values.to_numpy(dtype=object)[codes], index=raw.index, dtype=object)
    return FieldTexts(spread, coded[codes], bad[codes], expected)


def expected_date(mapping: SourceMapping) -> str:
    """Say which dates the mapping understands."""
    order = {"ymd": "YYYY-MM-DD", "dmy": "day, month, year", "mdy": "month, day, year"}[mapping.time.dates]
    return f"a whole date ({order})" if mapping.time.partial == "refuse" else f"a date ({order})"


def encoding_shown(codec: str) -> str:
    """Return an encoding as people write it.

    Examples
    --------
    >>> [encoding_shown(codec) for codec in ("utf-8-sig", "utf-16", "gb18030")]
    ['UTF-8', 'UTF-16', 'gb18030']
    """
    return codec.upper().removesuffix("-SIG") if codec.lower().startswith("utf") else codec
