"""A mapping file as data: what in a hospital's export is a patient, a result, a treatment, an outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

PROTOCOL = 1  # of the mapping file


@dataclass(frozen=True, slots=True)
class Field:
    """Where a value stands in the source.

    Attributes
    ----------
    name : str
        Column, REDCap field, CDISC variable, OMOP column. In a wide sheet, a pattern with ``{visit}``.
    values : mapping of str to str
        From what is printed to what it means; a text that is not among them is refused by row. Empty: as printed.
    unit : str
        Of a number without one; in the cohort it stands with the value.
    source : str
        Which of several sheets, files or data sets; empty: that of the entry.
    options : mapping
        What only one reader knows (the event of a REDCap field).
    """

    name: str
    values: Mapping[str, str] = field(default_factory=dict)
    unit: str = ""
    source: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entry:
    """One ``[[labs]]``, ``[[treatments]]`` or ``[outcome]`` of a mapping.

    Attributes
    ----------
    section : str
        ``"labs"``, ``"treatments"``, ``"outcome"``.
    position : int
        Its place among the entries of the section, from 0; for messages.
    constants : mapping of str to str
        What holds for all of its rows: ``analyte``, ``agent``, ``unit``, ``assay``.
    fields : mapping of str to Field
        Where the rest stands: ``value``, ``date``, ``start``, ``end``, ``dose``, ``relapse``, ... A name is in either
        `constants` or `fields`.
    codes : tuple of str
        Codes under which the source records it.
    when : mapping of str to tuple of str
        Only rows in which these columns have one of these values.
    source : str
        The sheet, file or data set; empty: the first, or the one that the standard names.
    options : mapping
        What only one reader knows.
    """

    section: str
    position: int
    constants: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, Field] = field(default_factory=dict)
    codes: tuple[str, ...] = ()
    when: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    source: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def unless(self) -> Mapping[str, tuple[str, ...]]:
        """Return which rows are left out: those in which one of these columns has one of these values."""
        found: Mapping[str, tuple[str, ...]] = self.options.get("unless", {})
        return found


@dataclass(frozen=True, slots=True)
class TimeZero:
    """When the clock of each patient starts.

    Attributes
    ----------
    zero : Field or None
        A date for each patient in the source.
    file : str
        Else a CSV file with the columns ``patient_id`` and ``date``, beside the mapping.
    dates : str
        Order of ambiguous dates: ``"ymd"``, ``"dmy"``, ``"mdy"``.
    partial : str
        A date without its day: ``"refuse"``, or ``"middle"`` of the month.
    visits : mapping of str to float
        Weeks of visits in a source without dates.
    visit_window : float
        Weeks by which a date may differ from the week that the name of its visit states; others are named.
    options : mapping
        What only one reader knows (an event, a concept).
    """

    zero: Field | None = None
    file: str = ""
    dates: str = "ymd"
    partial: str = "refuse"
    visits: Mapping[str, float] = field(default_factory=dict)
    visit_window: float = 6.0
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SourceMapping:
    """A mapping file, checked; made by `load_mapping`.

    Attributes
    ----------
    kind : str
        Which reader it is for.
    study : str
        Built-in name or path of the study that the names are those of; empty: none.
    time : TimeZero
    patient_id : Field
    patients : mapping of str to Field
        Columns of the patients table.
    patients_when : mapping of str to tuple of str
        Only these rows are patients; the others are listed.
    labs, treatments : tuple of Entry
    outcome : Entry or None
    missing : frozenset of str
        Texts that mean "no value"; each use is counted.
    source : mapping
        Options of the reader for the whole source, and its named sheets or files under ``"named"``.
    file : str
        Name of the mapping file, for messages.
    text : str
        Its text, for the line of a message.
    results : frozenset of str
        Texts that look like codes for no value and are results.
    """

    kind: str
    study: str
    time: TimeZero
    patient_id: Field
    patients: Mapping[str, Field]
    patients_when: Mapping[str, tuple[str, ...]]
    labs: tuple[Entry, ...]
    treatments: tuple[Entry, ...]
    outcome: Entry | None
    missing: frozenset[str]
    source: Mapping[str, Any]
    file: str = field(default="mapping", repr=False)
    text: str = field(default="", repr=False)
    results: frozenset[str] = frozenset()
