"""What came first, as ``event`` of ``[outcome]`` says it: relapse, free of it, or a competing event by its name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pandas as pd

from relapse_model.cohort.readers.made_table import MadeTable
from relapse_model.cohort.readers.source_mapping import Entry
from relapse_model.study.names import is_no_competing_event

COMPETING = "competing"
EVENTS = ("relapse", "free", COMPETING)
MEANINGS = "relapse, free, or competing: NAME of an event after which none can come, such as 'competing: death'"
_SIGN = ":"


def named(meaning: str) -> tuple[str, str]:
    """Return an event and the name of a competing one, of a text such as ``competing: death``.

    Parameters
    ----------
    meaning : str

    Examples
    --------
    >>> named("competing: liver transplantation"), named("free"), named("death")
    (('competing', 'liver transplantation'), ('free', ''), ('death', ''))
    """
    event, sign, name = meaning.partition(_SIGN)
    if sign and event.strip().casefold() == COMPETING:
        return COMPETING, name.strip()
    return meaning.strip(), ""


def unsound_meanings(entry: Entry) -> Iterator[tuple[str, str]]:
    """Yield of an ``[outcome]`` the texts of its event, and the meanings, that are none of an event.

    Parameters
    ----------
    entry : Entry
    """
    one = entry.fields.get("event")
    for text, meaning in ({} if one is None else one.values).items():
        event, name = named(meaning)
        nameless = event.casefold() == COMPETING and not name and "competing_event" not in entry.fields
        if meaning and (event.casefold() not in EVENTS or nameless or is_no_competing_event(name)):
            yield text, meaning


def with_names(made: MadeTable) -> MadeTable:
    """Return the outcomes table with the names of its competing events in a column of their own.

    Parameters
    ----------
    made : MadeTable
    """
    if "event" not in made.rows:
        return made
    codes, distinct = pd.factorize(made.rows["event"])
    pairs = [named(str(text)) for text in distinct]
    if not any(name for _, name in pairs):
        return made
    event = pd.Series([one for one, _ in pairs], dtype=object).iloc[codes].to_numpy()
    name = pd.Series([one for _, one in pairs], dtype=object).iloc[codes].reset_index(drop=True)
    given = made.rows.get("competing_event", pd.Series("", index=made.rows.index, dtype=object)).reset_index(drop=True)
    both = given.mask((given == "") & (name != ""), name)  # what the column says, else what the mapping does
    rows = made.rows.assign(event=event, competing_event=both.to_numpy(dtype=object))
    called = {"competing_event": made.called.get("event", "event"), **made.called}
    return replace(made, rows=rows, called=called)


def unknown_where_competing(made: MadeTable) -> MadeTable:
    """Return the outcomes table without a "no" beside competing events: whether it would have come is not known.

    Parameters
    ----------
    made : MadeTable
        In which nobody has stated an outcome beside the event.
    """
    if not {"event", "relapse"} <= set(made.rows):
        return made
    competes = made.rows["event"].astype(str).str.casefold().str.startswith(COMPETING)
    unknown = made.rows["relapse"].mask(competes & (made.rows["relapse"].astype(str) == "0"), "")
    return replace(made, rows=made.rows.assign(relapse=unknown))
