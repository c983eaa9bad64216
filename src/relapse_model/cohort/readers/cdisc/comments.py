"""The comments of a trial (CO) on rows of its data sets: joined to these rows, or counted."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from relapse_model.arrays import Positions
from relapse_model.cohort.readers.cdisc.data_set import DataSet
from relapse_model.cohort.readers.cdisc.library import Library
from relapse_model.cohort.readers.cdisc.standard import ID
from relapse_model.cohort.tables.identifiers import identifier_keys

QUALIFIER = ("RDOMAIN", ID, "IDVAR", "IDVARVAL", "QNAM", "QVAL")
_NAME, _TEXT = "CO", "COVAL"


def qualifiers_of(beside: DataSet) -> pd.DataFrame:
    """Return what a data set says of rows of others, in the columns of supplemental qualifiers.

    Parameters
    ----------
    beside : DataSet
        Supplemental qualifiers, or the comments, which may go on in COVAL1, COVAL2 ...
    """
    if beside.name != _NAME:
        return pd.DataFrame({name: beside.texts(name) for name in QUALIFIER})
    size = pd.Series([""] * beside.rows, dtype=object)
    rows = {name: beside.texts(name) if name in beside else size for name in QUALIFIER[:4]}
    more = sorted((name for name in beside.labels if name[: len(_TEXT)] == _TEXT), key=lambda name: (len(name), name))
    text = size
    for name in more:
        text = text + " " + beside.texts(name)
    return pd.DataFrame({**rows, "QNAM": _TEXT, "QVAL": text.str.strip()})


def supplements(library: Library, data: DataSet) -> list[DataSet]:
    """Return the data sets of supplemental qualifiers, and of comments, that speak of rows of a data set.

    Parameters
    ----------
    library : Library
    data : DataSet
    """
    found = [one for one in library.data if one.name.startswith("SUPP") and all(name in one for name in QUALIFIER)]
    found += [one for one in library.data if one.name == _NAME and {_TEXT, "RDOMAIN", ID} <= set(one.labels)]
    return [one for one in found if one.holds("RDOMAIN", (data.name[:2],)).any()]


def supplemental(beside: DataSet, data: DataSet, at: Positions) -> Iterator[tuple[str, pd.Series, int]]:
    """Yield for each qualifier what it says of the rows, by subject and the number that IDVAR names; again with 1, 2 ..

    The standard has one value of a qualifier for a row; where there are two, none is known to be the later: both come.

    Parameters
    ----------
    beside : DataSet
        Of qualifiers, or of comments.
    data : DataSet
    at : array of int
        Of the rows.
    """
    rows = qualifiers_of(beside)
    rows = rows[(rows["RDOMAIN"] == data.name[:2]) & rows["QVAL"].ne("")]
    for (idvar, name), own in rows.groupby(["IDVAR", "QNAM"], sort=False):
        variable = str(idvar)
        if variable and variable not in data:
            continue
        keys = identifier_keys(data.texts(ID).iloc[at].reset_index(drop=True))
        known = identifier_keys(own[ID])
        if variable:  # without it, it is said of all rows of the subject
            keys = keys + "|" + _plain(data.texts(variable).iloc[at].reset_index(drop=True))
            known = known + "|" + _plain(own["IDVARVAL"])
        said = pd.Series(own["QVAL"].to_numpy(dtype=object), index=known)
        said = said[~pd.MultiIndex.from_arrays([said.index, said]).duplicated()]
        nth = said.groupby(level=0).cumcount().to_numpy()
        for place in range(int(nth.max()) + 1):
            texts = keys.map(said[nth == place]).fillna("").astype(object)
            if (texts != "").any():
                yield f"{beside.name}.{name}", texts, place


def _plain(texts: pd.Series) -> pd.Series:
    return texts.str.strip().str.replace(r"\.0+$", "", regex=True)


def comments_counted(library: Library) -> list[str]:
    """Return a note on the comments of the trial; nothing where it has none.

    Parameters
    ----------
    library : Library
    """
    return [
        f"CO: {one.rows:,} comments; those on rows that count are looked through for words that take a row back or say "
        "another result, and nothing else is read of them"
        for one in library.data
        if one.name == _NAME and one.rows
    ]
