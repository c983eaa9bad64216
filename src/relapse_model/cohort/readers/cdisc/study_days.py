"""Study days beside dates: no day 0, and day 1 is the reference day; a day that is not that of the date is refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from relapse_model.arrays import Floats, Mask, Positions
from relapse_model.cohort.readers.cdisc.data_set import Columns, DataSet
from relapse_model.cohort.readers.cdisc.library import PATIENTS, Library
from relapse_model.cohort.readers.cdisc.standard import ID
from relapse_model.cohort.readers.cdisc.wanted import Wanted
from relapse_model.cohort.readers.source_dates import iso_dates
from relapse_model.cohort.readers.source_mapping import SourceMapping
from relapse_model.cohort.readers.source_table import SourceTable
from relapse_model.cohort.tables.identifiers import identifier_keys
from relapse_model.errors import Problem

_OF_SDTM = ("RFSTDTC",)
_OF_ADAM = ("TRTSDT", "RFSTDTC", "RANDDT", "RFXSTDTC")  # what days of analysis count from is the sponsor's choice
LIST = 'Correct one of them. If the dates are right, study_days = "list" under [time] takes them, and counts these rows'


@dataclass(frozen=True, slots=True, eq=False)
class References:
    """The days from which study days may count.

    Attributes
    ----------
    days : mapping of str to Series
        By variable, days since 1970 by the key of USUBJID; NaN where not known.
    """

    days: Mapping[str, pd.Series] = field(default_factory=dict)

    def of(self, data: DataSet, variable: str) -> Floats:
        """Return the reference day of each subject that occurs in a data set, by the place of its text; NaN for none.

        Parameters
        ----------
        data : DataSet
        variable : str
        """
        keys = identifier_keys(pd.Series(data.coded(ID).texts, dtype=object))
        days: Floats = keys.map(self.days[variable]).to_numpy(dtype=float)
        return days


def references_of(library: Library, subjects: DataSet) -> References:
    """Return the reference days that the data sets of the subjects state.

    Parameters
    ----------
    library : Library
    subjects : DataSet
    """
    every = [subjects, *(one for name in PATIENTS for one in library.find(name)[:1])]
    found: dict[str, pd.Series] = {}
    for variable in dict.fromkeys((*_OF_SDTM, *_OF_ADAM)):
        data = next((one for one in every if variable in one and ID in one), None)
        if data is not None:
            days = pd.Series(day_numbers(data.texts(variable)), index=identifier_keys(data.texts(ID)))
            found[variable] = days[~days.index.duplicated()]
    return References(found)


def day_numbers(texts: pd.Series, order: str = "ymd") -> Floats:
    """Return dates as days since 1970; NaN where a text is no whole date. Each different text is read once.

    Parameters
    ----------
    texts : Series
    order : {"ymd", "dmy", "mdy"}

    Examples
    --------
    >>> day_numbers(pd.Series(["1970-01-02", "1970-01", "", "1970-01-03T08:30"])).tolist()
    [1.0, nan, nan, 2.0]
    """
    codes, printed = pd.factorize(texts.astype(object))
    read, _ = iso_dates(pd.Series(printed, dtype=object), order)  # type: ignore[arg-type]
    days = pd.to_datetime(read.str[:10], format="%Y-%m-%d", errors="coerce").to_numpy(dtype="datetime64[D]")
    numbers = np.where(np.isnat(days), np.nan, days.astype(np.int64).astype(float))
    spread: Floats = np.append(numbers, np.nan)[codes]
    return spread


def days_since(days: pd.Series) -> tuple[pd.Series, Mask]:
    """Return study days as days since the reference day, and which are a day 0, which there is not.

    Parameters
    ----------
    days : Series
        Texts.

    Examples
    --------
    >>> since, zero = days_since(pd.Series(["-7", "1", "15", "0", ""]))
    >>> since.tolist(), zero.tolist()
    (['-7', '0', '14', '0', ''], [False, False, False, True, False])
    """
    codes, texts = pd.factorize(days)
    numbers = pd.to_numeric(pd.Series(texts), errors="coerce").to_numpy(dtype=float)
    since = [
        f"{number - 1:g}" if number > 0 else str(text) for number, text in zip(numbers.tolist(), texts, strict=True)
    ]
    return pd.Series(np.array(since, dtype=object)[codes], dtype=object), (numbers == 0)[codes]


@dataclass(frozen=True, slots=True, eq=False)
class _Days:
    """A study day and the date beside it, of each row."""

    data: DataSet
    rows: Positions | None
    date: str
    day: str
    order: str

    def at(self) -> Floats:
        """Return the dates as days since 1970."""
        return self._spread(self.date, day_numbers(pd.Series(self.data.coded(self.date).texts), self.order))

    def since(self) -> Floats:
        """Return the study days as days since the reference."""
        numbers = pd.to_numeric(days_since(pd.Series(self.data.coded(self.day).texts))[0], errors="coerce")
        return self._spread(self.day, numbers.to_numpy(dtype=float))

    def start(self, references: References, variable: str) -> Floats:
        """Return the reference days."""
        return self._spread(ID, references.of(self.data, variable))

    def _spread(self, variable: str, values: Floats) -> Floats:
        codes = self.data.coded(variable).codes
        found: Floats = values[codes if self.rows is None else codes[self.rows]]
        return found


def other_days(
    wanted: Wanted, columns: Columns, table: SourceTable, references: References, mapping: SourceMapping
) -> tuple[list[Problem], list[str]]:
    """Refuse rows whose study day is not that of the date beside it; list them, where the mapping says so.

    Days of SDTM count from RFSTDTC. Those of ADaM count from a day of the sponsor's choice: from that one of the
    subject's reference days on which most rows agree. Where a subject has no reference day, the rows are held against
    each other.

    Parameters
    ----------
    wanted : Wanted
    columns : Columns
    table : SourceTable
    references : References
    mapping : SourceMapping
    """
    problems: list[Problem] = []
    notes: list[str] = []
    for pair in _pairs(wanted, columns, mapping):
        reference, wrong, real = _contradicting(pair, references)
        count = int(wrong.sum())
        if count and mapping.time.options.get("study_days") == "list":
            notes.append(f"{table.name}: of {count:,} rows {pair.day} is not the day of {pair.date} from {reference}")
        elif count:
            problems += _problems(pair, wrong, real, columns, table, reference)
    return problems, notes


def _pairs(wanted: Wanted, columns: Columns, mapping: SourceMapping) -> Iterator[_Days]:
    data, standard = wanted.data, wanted.standard
    read = {one.name for one in wanted.entry.fields.values()}
    for date, day in zip(standard.dates.values(), standard.days.values(), strict=True):
        if date in data and day in data and ID in data and {date, day} & read:
            yield _Days(data, columns.rows, date, day, mapping.time.dates)


def _contradicting(pair: _Days, references: References) -> tuple[str, Mask, Floats]:
    """Return what the days count from, the rows that contradict it, and the day that the date of each row is."""
    at, since = pair.at(), pair.since()
    known = ~np.isnan(at - since)
    names = _OF_ADAM if pair.day == "ADY" else _OF_SDTM
    starts = {name: pair.start(references, name) for name in names if name in references.days}
    reference = max(starts, key=lambda name: int((at - starts[name] == since).sum()), default=names[0])
    start = starts.get(reference, np.full(len(at), np.nan))
    alone = known & np.isnan(start)
    if alone.any():
        subject = pair.data.coded(ID).codes
        subject = subject if pair.rows is None else subject[pair.rows]
        start = start.copy()
        start[alone] = pd.Series((at - since)[alone]).groupby(subject[alone]).transform("median").to_numpy()
    real = at - start
    return reference, known & (real != since), real


def _problems(
    pair: _Days, wrong: Mask, real: Floats, columns: Columns, table: SourceTable, reference: str
) -> list[Problem]:  # fmt: skip
    days, dates = columns[pair.day], columns[pair.date]
    expected = f"the day of {pair.date} from {reference}, which is day 1; there is no day 0"
    problems = table.problems(wrong, pair.day, expected, LIST, "")
    return [
        replace(one, found=f"{table.shown(days[row])}, beside {table.shown(dates[row])}{_called(real[row])}")
        for one, row in zip(problems, np.flatnonzero(wrong).tolist(), strict=True)
    ]


def _called(since: float) -> str:
    """Say which study day a date is."""
    return f", which is day {since + (since >= 0):.0f}" if since.is_integer() else ", which is another day"
