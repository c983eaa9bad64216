"""What is looked for in an OMOP source: which rows of which table, and what they become."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from relapse_model.cohort.readers.second_names import SecondNames
from relapse_model.cohort.readers.source_mapping import Entry, Field
from relapse_model.study.analyte import Analyte


@dataclass(frozen=True, slots=True, eq=False)
class Wanted:
    """One entry of a mapping: which rows of which table, and what they become.

    Attributes
    ----------
    entry : Entry
    name : str
        The analyte, the agent, or the competing event; ``"relapse"``.
    table : str
    among : mapping of str to tuple of str
        Columns, and the values of which one must stand in each.
    """

    entry: Entry
    name: str
    table: str
    among: Mapping[str, tuple[str, ...]]

    @property
    def unless(self) -> Mapping[str, tuple[str, ...]]:
        """Return the columns and values of rows that are left out."""
        return {column.lower(): values for column, values in self.entry.unless.items()}

    def field(self, name: str) -> Field | None:
        """Return where something else than usual stands."""
        return self.entry.fields.get(name)


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """What is looked for.

    Attributes
    ----------
    labs, treatments, outcome : tuple of Wanted
        Of the outcome the event itself, and those that compete with it.
    events : Wanted or None
        Whose start is time zero.
    cohort : int or None
        Of whose persons the cohort is.
    units : mapping of str to str
        UCUM codes by ``unit_concept_id``, where the source has the vocabulary.
    rules : mapping of str to Analyte
        Of the study.
    zone : str
        Of the hospital; empty where nobody states it.
    second : SecondNames
        By which the source's own names of results and drugs are held against those of the entries.
    called : mapping of str to str
        What the vocabulary calls the concepts of results, where the source has it.
    """

    labs: tuple[Wanted, ...]
    treatments: tuple[Wanted, ...]
    outcome: tuple[Wanted, ...]
    events: Wanted | None
    cohort: int | None
    units: Mapping[str, str] = field(default_factory=dict)
    rules: Mapping[str, Analyte] = field(default_factory=dict)
    second: SecondNames = field(default_factory=SecondNames)
    zone: str = ""
    called: Mapping[str, str] = field(default_factory=dict)

    def names(self) -> dict[str, list[str]]:
        """Return the analytes and agents asked for."""
        return {"labs": [one.name for one in self.labs], "treatments": [one.name for one in self.treatments]}

    def of_table(self, table: str) -> tuple[Wanted, ...]:
        """Return the laboratory entries of one table."""
        return tuple(one for one in self.labs if one.table == table)
