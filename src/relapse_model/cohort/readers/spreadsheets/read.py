"""Reading spreadsheets into a cohort."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.gate import Dash, OnProblems
from relapse_model.cohort.readers.index_dates import read_index_file
from relapse_model.cohort.readers.made_table import MadeTable
from relapse_model.cohort.readers.mapping_file import load_mapping
from relapse_model.cohort.readers.source_mapping import SourceMapping
from relapse_model.cohort.readers.spreadsheets.absent_sources import without_absent
from relapse_model.cohort.readers.spreadsheets.beside_values import (
    refuse_other_sexes,
    refuse_taken_back,
    refuse_unread_comparators,
)
from relapse_model.cohort.readers.spreadsheets.days_of_relapse import refuse_other_relapse_days
from relapse_model.cohort.readers.spreadsheets.held_together import refuse_idle_conditions, refuse_other_decimals
from relapse_model.cohort.readers.spreadsheets.no_patients import refuse_near_strangers
from relapse_model.cohort.readers.spreadsheets.not_read import not_read
from relapse_model.cohort.readers.spreadsheets.other_patients import refuse_other_patients
from relapse_model.cohort.readers.spreadsheets.patients import ENROLMENT, read_patients
from relapse_model.cohort.readers.spreadsheets.reading import Reading
from relapse_model.cohort.readers.spreadsheets.report import report_of
from relapse_model.cohort.readers.spreadsheets.results import read_results
from relapse_model.cohort.readers.spreadsheets.said_in_words import refuse_denied_numbers
from relapse_model.cohort.readers.spreadsheets.second_identifiers import refuse_second_identifiers
from relapse_model.cohort.readers.spreadsheets.sources import folder_of, open_tables
from relapse_model.cohort.readers.spreadsheets.treatments import read_outcomes, read_treatments
from relapse_model.cohort.readers.spreadsheets.unread_births import refuse_other_ages
from relapse_model.cohort.readers.spreadsheets.workbook import refusal
from relapse_model.cohort.readers.to_cohort import cohort_of, study_of
from relapse_model.errors import RelapseModelError, SourceError
from relapse_model.study.names_known import agent_names, analyte_names
from relapse_model.study.study import Study


def read_excel(
    source: str | Path,
    mapping: SourceMapping | str | Path,
    *,
    study: Study | None = None,
    on_problems: OnProblems = "raise",
    dash: Dash | None = None,
) -> Cohort:
    """Read spreadsheets (.xlsx, .xls, .ods, .csv, .tsv) into a cohort, as a mapping says what is what.

    Numbers are read with the digits that the cells hold, dates by the workbook's date system, formulas by the results
    in the file. Colours, comments and what is not mapped are not read; columns that may hold names never are.

    Parameters
    ----------
    source : str or Path
        A file, or a folder of files. Files that the mapping names are relative to the folder.
    mapping : SourceMapping, str or Path
        A mapping of the kind ``"excel"``, or its file.
    study : Study, optional
        By default that of the mapping. Histories of treatment need one.
    on_problems, dash
        As in `make_cohort`.

    Returns
    -------
    Cohort
        With what became of every row in `Cohort.reading`.

    Raises
    ------
    MappingError
        If the mapping file is not one.
    SourceError
        If a sheet, file or column cannot be read as the mapping says; with all such problems.
    CohortError
        With every problem of cells and rows, each with its sheet, row and column.

    Examples
    --------
    >>> import relapse_model as rm
    >>> rm.read_excel("followup.xlsx", "followup.toml")  # doctest: +SKIP
    Cohort(120 patients, 4521 labs, 443 treatments)
    """
    path, folder = Path(source), Path(mapping).parent if isinstance(mapping, str | Path) else Path()
    mapped = load_mapping(mapping, "excel") if isinstance(mapping, str | Path) else mapping
    if mapped.kind != "excel":
        raise RelapseModelError(f"a mapping of the kind {mapped.kind!r}; expected 'excel'.")
    used = study_of(mapped, study, folder)
    if not path.exists():
        raise refusal(path.name or str(source), f"no such file or folder in {path.parent.resolve()}", "a spreadsheet")
    mapped, absent = without_absent(path, mapped)
    reading = Reading(mapped, open_tables(path, mapped))
    reading.notes += absent
    made = _tables(reading, used, _dates(reading, path))
    refuse_unread_comparators(reading)
    refuse_taken_back(reading)
    refuse_denied_numbers(reading, used)
    refuse_other_sexes(reading, made["patients"])
    refuse_other_patients(reading, used)
    refuse_second_identifiers(reading)
    refuse_other_relapse_days(reading, made)
    refuse_other_ages(reading, made["patients"])
    refuse_other_decimals(reading)
    refuse_idle_conditions(reading)
    refuse_near_strangers(reading)
    reading.not_read = not_read(path, reading.tables, reading.shown, mapped.time.file)
    if reading.problems:
        raise SourceError("the export was refused", reading.problems)
    read = (problem for problem in reading.found if problem.patient not in reading.left_out)
    found = sorted(read, key=lambda problem: (problem.table, problem.row or 0))
    return cohort_of(
        made, report_of(reading), found, study=used, mapping=mapped,
        on_problems=on_problems, dash=dash,
    )  # fmt: skip


def _tables(reading: Reading, study: Study | None, dates: pd.DataFrame | None) -> dict[str, MadeTable]:
    patients = read_patients(reading, dates)
    rows = patients.rows
    enrolled = dict(zip(rows["patient_id"], rows[ENROLMENT], strict=True)) if ENROLMENT in rows else {}
    made = {
        "patients": patients,
        "labs": read_results(reading, None if study is None else analyte_names(study), enrolled),
    }
    treatments = read_treatments(reading, None if study is None else agent_names(study), enrolled)
    outcomes = read_outcomes(reading, enrolled)
    others = {"treatments": treatments, "outcomes": outcomes}
    return made | {name: table for name, table in others.items() if table is not None}


def _dates(reading: Reading, path: Path) -> pd.DataFrame | None:
    """Read the dates of enrolment from a file of patient_id and date, if the mapping names one."""
    if not reading.mapping.time.file:
        return None
    read = read_index_file(reading.mapping.time, folder_of(path))
    for problem in read.problems:
        if problem.patient is None:
            reading.refuse(problem)
        else:
            reading.found.append(problem)
    return pd.DataFrame({"key": read.dates.index, "value": read.dates.to_numpy()})
