"""A REDCap export as columns of texts: its records, events, forms and repeating instruments, from CSV or ODM XML."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pandas as pd

from relapse_model.arrays import Mask
from relapse_model.cohort.readers.redcap.dictionary import FieldDefinition
from relapse_model.cohort.readers.redcap.text_file import refusal
from relapse_model.cohort.readers.source_table import SourceTable
from relapse_model.study.names_near import near_names

EVENT, REPEAT, INSTANCE, ARM = (
    "redcap_event_name",
    "redcap_repeat_instrument",
    "redcap_repeat_instance",
    "redcap_arm",
)
STATUS = "_complete"
ARM_OF = re.compile(r"_arm_(\d+)[a-z]?$")


@dataclass(frozen=True, eq=False)
class Export:
    """What was exported of a project.

    Attributes
    ----------
    table : SourceTable
        A row for each record, event and instance; the patient is the record.
    fields : mapping of str to FieldDefinition
        Of the data dictionary; empty where there is none.
    events : tuple of str
        Unique names, of the events file, the XML or the data.
    repeating : frozenset of str
        Instruments that repeat, whether or not they have rows.
    repeating_events : frozenset of str
    record : str
        The field of the record's identifier.
    missing : str
        The project's codes for missing values, where the source states them.
    offsets : mapping of str to float
        The day of each event since the start, where the project states it.
    listed : bool
        Whether `events` are those of the project, in its order, and not those of the data.
    """

    table: SourceTable
    fields: Mapping[str, FieldDefinition]
    events: tuple[str, ...]
    repeating: frozenset[str]
    record: str
    repeating_events: frozenset[str] = frozenset()
    missing: str = ""
    offsets: Mapping[str, float] = field(default_factory=dict)
    listed: bool = False
    _forms: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def columns(self) -> Mapping[str, pd.Series]:
        """Return the columns."""
        return self.table.columns

    def definition(self, name: str) -> FieldDefinition | None:
        """Return what the dictionary says of a column; a box of a checkbox is one of its field."""
        return self.fields.get(name) or self.fields.get(name.split("___", 1)[0])

    @cached_property
    def forms(self) -> Mapping[str, str]:
        """Return the form of each column: as the dictionary says, else the one whose status is the next column so."""
        found: dict[str, str] = {}
        waiting: list[str] = []
        for name in self.columns:
            known = self.definition(name)
            if name.endswith(STATUS) and known is None:
                form = name.removesuffix(STATUS)
                found.update(dict.fromkeys(waiting, form))
                found[name], waiting = form, []
            elif known is not None and known.form:
                found[name] = known.form
            elif not self.fields and not self.structural(name):
                waiting.append(name)
        return found

    def structural(self, name: str) -> bool:
        """Tell whether a column is REDCap's own, and no field of the project."""
        return name.startswith("redcap_") or name == self.record

    def status(self, name: str) -> pd.Series | None:
        """Return the status of the form of a column in each row; None where the export has none."""
        return self.columns.get(self.forms.get(name, "") + STATUS)

    def in_events(self, names: Iterable[str]) -> Mask:
        """Tell which rows are of some events: by unique name, or by the name without its arm."""
        wanted = set(names)
        texts = self.columns[EVENT]
        return (texts.isin(wanted) | texts.str.replace(ARM_OF, "", regex=True).isin(wanted)).to_numpy()

    def knows_event(self, name: str) -> bool:
        """Tell whether there is an event of a name, with or without its arm."""
        return name in self.events or name in {ARM_OF.sub("", one) for one in self.events}

    @cached_property
    def ranks(self) -> Mapping[str, float]:
        """Return the place of each event in time: by its day, else by its place in the list; empty where unknown."""
        if len(self.offsets) == len(self.events):
            return self.offsets
        return {event: float(place) for place, event in enumerate(self.events)} if self.listed else {}

    def nearest(self, name: str, among: Iterable[str] | None = None) -> str:
        """Return an advice with the field, or other name, that may be meant."""
        boxes = [column for column in self.columns if column.startswith(f"{name}___")]
        if boxes and among is None:
            return f"It is a checkbox: name one of its boxes, {', '.join(boxes[:5])}"
        if among is None and name in self.fields:
            return "The project has this field, and the export does not: export it too"
        near = near_names(name, self.columns if among is None else among, cutoff=0.5)
        return f"Did you mean {near[0]!r}?" if near else ""


def file_of(source: Path) -> Path:
    """Return the file with the data: the source, or the one in a folder that is neither dictionary nor events.

    Parameters
    ----------
    source : Path
    """
    if not source.is_dir():
        return source
    found = [path for path in sorted(source.iterdir()) if path.suffix.lower() == ".csv" and part_of(path) == "data"]
    found = found or [path for path in sorted(source.iterdir()) if path.suffix.lower() == ".xml"]
    if len(found) != 1:
        raise refusal(source.name, f"{len(found)} files that may hold the data", "one CSV or XML file of the data",
                      "Name the file instead of the folder")  # fmt: skip
    return found[0]


def part_of(path: Path) -> str:
    """Tell what a CSV file of a project is, by its header: ``"dictionary"``, ``"events"``, ``"arms"`` or ``"data"``."""
    try:
        with path.open("rb") as file:
            header = file.read(4096).split(b"\n", 1)[0].lower()
    except OSError:
        return ""
    if b"variable / field name" in header or b"field_name" in header:
        return "dictionary"
    if b"unique_event_name" in header:
        return "events"
    return "arms" if header.strip().startswith((b"arm_num", b"\xef\xbb\xbfarm_num")) else "data"


def arm_of(event: str) -> str:
    """Return the number of the arm that is in the unique name of an event."""
    found = ARM_OF.search(event)
    return found[1] if found else ""
