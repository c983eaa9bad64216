"""Sheets of the same columns, as where each centre has one: they are to be one sheet before they are read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from relapse_model.cohort.readers.spreadsheets.header_words import PATIENT_COLUMNS, bare_name
from relapse_model.cohort.readers.spreadsheets.look import Look
from relapse_model.cohort.tables.identifiers import identifier_keys

_SHOWN = 8  # names of sheets in a question


def sheets_alike(main: Look, looks: Iterable[Look]) -> list[Look]:
    """Return the further sheets that have the columns of the patients' own, each of them a sheet of patients, too.

    Parameters
    ----------
    main : Look
        With the patients.
    looks : iterable of Look
    """
    if main.identifier is None or not main.about_patients:
        return []
    own = sorted(one for one in main.table.keys if one)
    return [one for one in looks if one is not main and sorted(key for key in one.table.keys if key) == own]


def ask_to_join(main: Look, alike: list[Look]) -> str:
    """Return the question how sheets of the same columns belong together, and what to do; nothing without any.

    Parameters
    ----------
    main : Look
    alike : list of Look
        As `sheets_alike` returns them.
    """
    if not alike or main.identifier is None:
        return ""
    every = [main, *alike]
    key = "sheet" if main.sheet else "file"
    titles = [repr(one.sheet or one.file.name) for one in every]
    named = ", ".join(titles[:_SHOWN]) + (", ..." if len(titles) > _SHOWN else "")
    words = PATIENT_COLUMNS["centre"]
    centre = "" if any(bare_name(name) in words for name in main.table.names) else (
        f", with a column Centre that has the name of the {key} in each row,"
    )  # fmt: skip
    keys = [set(identifier_keys(one.texts(one.identifier))) for one in every if one.identifier is not None]
    twice = sum(count > 1 for count in Counter(key for own in keys for key in own).values())
    same = (
        f" {twice:,} identifiers stand in more than one of them: if these are other people, put a letter of the {key} "
        "before each; the same people at another visit keep a row for each, with its date."
    ) if twice else ""  # fmt: skip
    return (
        f"{named} have the same columns: one for each centre? Put their rows into one sheet of a copy{centre} and "
        f"propose the mapping anew.{same} To read one of them alone, name it here"
    )
