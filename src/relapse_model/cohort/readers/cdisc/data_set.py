"""A CDISC data set as columns of texts: numbers as they are, SAS dates as dates, each read when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Floats, Mask, Positions
from relapse_model.errors import Problem, SourceError

REFUSED = "the CDISC export was refused"
_EPOCH = np.datetime64("1960-01-01", "s")  # from which SAS counts
_DATES = (
    "DATE",
    "DAY",
    "YYMM",
    "MMDD",
    "DDMM",
    "E8601DA",
    "B8601DA",
    "IS8601DA",
    "WORDDAT",
    "WEEKDAT",
    "MONYY",
    "JULIAN",
)
_MOMENTS = ("DATETIME", "E8601DT", "B8601DT", "IS8601DT", "DATEAMPM", "MDYAMPM")
_DAY = 86_400
_WHOLE = 1e15  # up to which a float holds every whole number
_FAR = 2**33  # seconds from 1960: year 2232


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """A variable by its different texts.

    Attributes
    ----------
    codes : array of int
        Of each row, the place of its text.
    texts : array of object
        The different texts; the last one is empty, so that a code of -1 is nothing.
    """

    codes: Positions
    texts: NDArray[np.object_]


@dataclass(frozen=True, eq=False)
class DataSet:
    """A data set; nothing of it is read before it is asked for.

    Attributes
    ----------
    name : str
        As the data set calls itself (``"LB"``), in capitals.
    label : str
    file : str
    rows : int
    labels : Mapping of str to str
        Of the variables, in their order; names in capitals.
    read : callable
        From the name of a variable to what stands in it.
    """

    name: str
    label: str
    file: str
    rows: int
    labels: Mapping[str, str]
    read: Callable[[str], Coded] = field(repr=False)
    _coded: dict[str, Coded] = field(default_factory=dict, repr=False)

    def __contains__(self, variable: str) -> bool:
        """Tell whether there is a variable of this name."""
        return variable in self.labels

    def texts(self, variable: str) -> pd.Series:
        """Return a variable as texts, empty where there is nothing.

        Parameters
        ----------
        variable : str
        """
        coded = self.coded(variable)
        return pd.Series(coded.texts[coded.codes], dtype=object)

    def coded(self, variable: str) -> Coded:
        """Return a variable by its different texts; read once."""
        if variable not in self._coded:
            self._coded[variable] = self.read(variable)
        return self._coded[variable]

    def holds(self, variable: str, wanted: Collection[str]) -> Mask:
        """Tell in which rows a variable has one of some texts, in any case, blanks around it or not; ``*``: any."""
        coded = self.coded(variable)
        keys = {code_key(one) for one in wanted}
        texts = [code_key(one) for one in coded.texts]
        among = np.array([one != "" and (one in keys or "*" in keys) for one in texts], dtype=bool)
        return among[coded.codes]

    def counts(self, variable: str, rows: Mask | None = None) -> dict[str, int]:
        """Return how often each text stands in a variable, in some rows."""
        coded = self.coded(variable)
        chosen = coded.codes if rows is None else coded.codes[rows]
        numbers = np.bincount(chosen[chosen >= 0], minlength=len(coded.texts))
        return {str(text): int(count) for text, count in zip(coded.texts, numbers, strict=True) if count and text != ""}

    def first_of_each(self, variable: str, other: str) -> dict[str, str]:
        """Return, for each text of a variable, what stands in another in the first row that has it."""
        coded, beside = self.coded(variable), self.coded(other)
        places, rows = np.unique(coded.codes, return_index=True)
        texts = beside.texts[beside.codes[rows]]
        return {str(coded.texts[place]): str(text) for place, text in zip(places, texts, strict=True) if place >= 0}


def code_key(text: str) -> str:
    """Return a text as codes are compared: blanks around it and case make no difference.

    Examples
    --------
    >>> code_key(" hbsag "), code_key("HBSAG")
    ('hbsag', 'hbsag')
    """
    return text.strip().casefold()


class Columns(Mapping[str, pd.Series]):
    """The variables of some rows of a data set, each taken when it is asked for, with others beside them."""

    def __init__(self, data: DataSet, rows: Positions | None = None, others: Mapping[str, pd.Series] | None = None):
        self.data, self.rows = data, rows
        self.others = dict(others or {})

    def __getitem__(self, name: str) -> pd.Series:
        """Return one as a Series whose index counts the chosen rows."""
        if name not in self.others:
            if name not in self.data:
                raise KeyError(name)
            coded = self.data.coded(name)
            codes = coded.codes if self.rows is None else coded.codes[self.rows]
            self.others[name] = pd.Series(coded.texts[codes], dtype=object)
        return self.others[name]

    def __iter__(self) -> Iterator[str]:
        """Yield the names."""
        yield from self.data.labels
        yield from (name for name in self.others if name not in self.data)

    def __len__(self) -> int:
        """Return how many there are."""
        return sum(1 for _ in self)


def refusal(file: str, found: str, expected: str, advice: str = "") -> SourceError:
    """Return a refusal of a file."""
    return SourceError(REFUSED, [Problem(file, None, None, found, expected, advice)])


def coded_numbers(values: Floats, sas_format: str = "") -> Coded:
    """Return numbers as texts: whole ones without a point, missing ones empty, SAS dates as YYYY-MM-DD.

    Parameters
    ----------
    values : array of float
        NaN where missing.
    sas_format : str
        Of the variable; it says whether a number is a day since 1960, or a second.

    Examples
    --------
    >>> coded_numbers(np.array([0.0, 27.0, 0.05, np.nan])).texts.tolist()
    ['0', '27', '0.05', '']
    >>> coded_numbers(np.array([19718.0, -1.0]), "DATE9.").texts.tolist()
    ['2013-12-26', '1959-12-31', '']
    """
    codes, distinct = pd.factorize(values, use_na_sentinel=True)
    numbers = np.asarray(distinct, dtype=float)
    kind = _kind(sas_format)
    if kind and (np.abs(numbers) * (_DAY if kind == "date" else 1) < _FAR).all():
        moments = _EPOCH + np.floor(numbers * (_DAY if kind == "date" else 1)).astype("timedelta64[s]")
        shown = np.datetime_as_string(moments, unit="D" if kind == "date" else "s")
        texts = [text.replace("T", " ") for text in shown.tolist()]
    else:
        texts = [
            f"{one:.0f}" if one.is_integer() and abs(one) < _WHOLE else repr(one) for one in numbers.tolist()
        ]  # fmt: skip
    return Coded(codes, np.array([*texts, ""], dtype=object))


def coded_texts(values: NDArray[np.object_]) -> Coded:
    """Return texts by the different ones among them."""
    codes, distinct = pd.factorize(values)
    return Coded(codes, np.array([*distinct, ""], dtype=object))


def _kind(sas_format: str) -> str:
    plain = sas_format.upper()
    if plain.startswith(_MOMENTS):
        return "moment"
    return "date" if plain.startswith(_DATES) else ""
