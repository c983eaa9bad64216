"""Which reader reads what: one table of kinds, and the two things that each reader does."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.gate import Dash, OnProblems
from relapse_model.cohort.readers.source_mapping import SourceMapping
from relapse_model.errors import RelapseModelError
from relapse_model.study.study import Study


class Reader(Protocol):
    """Reads an export of one kind."""

    def __call__(
        self,
        source: str | Path,
        mapping: SourceMapping | str | Path,
        *,
        study: Study | None = None,
        on_problems: OnProblems = "raise",
        dash: Dash | None = None,
    ) -> Cohort:
        """Return the cohort, with its `reading`."""


class Proposer(Protocol):
    """Looks into an export of one kind and writes what it finds as a mapping to be completed."""

    def __call__(self, source: str | Path, study: Study) -> str:
        """Return the text of a mapping file."""


KINDS: Mapping[str, str] = {
    "excel": "spreadsheets (.xlsx, .xls, .ods, .csv), one row per patient or one per result",
    "redcap": "a REDCap export: CSV (raw) with its data dictionary, or ODM XML",
    "cdisc": "CDISC SDTM or ADaM data sets: XPT or Dataset-JSON",
    "fhir": "FHIR R4 bundles (.json) or bulk data (.ndjson)",
    "omop": "OMOP CDM 5.4: a folder of CSV or Parquet, a DuckDB file, or the URL of a database",
}
"""What each kind reads, for messages and help."""


def reader_of(kind: str) -> Reader:
    """Return the reader of a kind.

    Raises
    ------
    RelapseModelError
        If there is none.
    """
    if kind == "excel":
        from relapse_model.cohort.readers.spreadsheets.read import read_excel

        return read_excel
    if kind == "redcap":
        from relapse_model.cohort.readers.redcap.read import read_redcap

        return read_redcap
    if kind == "fhir":
        from relapse_model.cohort.readers.fhir.read import read_fhir

        return read_fhir
    if kind == "omop":
        from relapse_model.cohort.readers.omop.read import read_omop

        return read_omop
    if kind == "cdisc":
        from relapse_model.cohort.readers.cdisc.read import read_cdisc

        return read_cdisc
    raise _unknown(kind)


def proposer_of(kind: str) -> Proposer:
    """Return the function that proposes a mapping for a kind; refuse as `reader_of` does."""
    if kind == "excel":
        from relapse_model.cohort.readers.spreadsheets.propose import propose_excel

        return propose_excel
    if kind == "redcap":
        from relapse_model.cohort.readers.redcap.propose import propose_redcap

        return propose_redcap
    if kind == "fhir":
        from relapse_model.cohort.readers.fhir.propose import propose_fhir

        return propose_fhir
    if kind == "omop":
        from relapse_model.cohort.readers.omop.propose import propose_omop

        return propose_omop
    if kind == "cdisc":
        from relapse_model.cohort.readers.cdisc.propose import propose_cdisc

        return propose_cdisc
    raise _unknown(kind)


def _unknown(kind: str) -> RelapseModelError:
    return RelapseModelError(f"kind={kind!r}: expected one of {', '.join(KINDS)}.")
