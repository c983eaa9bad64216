"""The subjects of a library: who is a patient, their columns and time zero, and whose rows count in each data set."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from relapse_model.arrays import Mask, Positions
from relapse_model.cohort.readers.cdisc.both_sets import other_in_both
from relapse_model.cohort.readers.cdisc.data_set import Columns, DataSet, refusal
from relapse_model.cohort.readers.cdisc.library import PATIENTS, Library
from relapse_model.cohort.readers.cdisc.second_statements import categories, of_a_relative
from relapse_model.cohort.readers.cdisc.standard import ID
from relapse_model.cohort.readers.cdisc.study_days import References, references_of
from relapse_model.cohort.readers.entry_rows import in_mapping
from relapse_model.cohort.readers.index_dates import read_index_file
from relapse_model.cohort.readers.made_table import MadeTable
from relapse_model.cohort.readers.patient_columns import PatientValues, made_patients, patient_values
from relapse_model.cohort.readers.source_mapping import Field, SourceMapping
from relapse_model.cohort.readers.source_table import Fates, SourceTable
from relapse_model.cohort.tables.identifiers import identifier_keys
from relapse_model.errors import Problem
from relapse_model.study.line_numbers import Place

COUNTED = "observation"
SCREENED, LEFT_OUT = "of a screen failure", "of a subject whom the mapping leaves out"
UNTIMED = "of a patient without time zero"
_FAILURES = {"ARMCD": ("SCRNFAIL",), "ARM": ("Screen Failure",), "ARMNRS": ("SCREEN FAILURE",),
             "ACTARM": ("Screen Failure",)}  # fmt: skip
_BIRTHS = ("BRTHDTC", "BRTHDT")  # read to see that nothing is dated before them, and for nothing else
_OF_RELATIVE = "a row of another person, by its category"
_WHEN = "Leave such rows out by the 'when' of the field"
_NEVER = ("SUBJINIT", "INVNAM", "INVID")
_WITHOUT = "Give it, or leave such patients out with when = { ... } under [patients]"


@dataclass(frozen=True, eq=False)
class Subjects:
    """The subjects.

    Attributes
    ----------
    data : DataSet
        In which they stand, one row each.
    names : Series
        Of USUBJID in capitals as it stands, to the patient's identifier; of everybody in the data set.
    reasons : Series
        For each of them, why the cohort has no rows of the subject; empty where it has.
    made : MadeTable
        The patients table.
    reading : Fates
        Of the rows of the data set.
    problems : list of Problem
    notes : list of str
    references : References
        From which study days count.
    """

    data: DataSet
    names: pd.Series
    reasons: pd.Series
    made: MadeTable | None = None
    reading: Fates = field(default_factory=lambda: Fates(0))
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    references: References = field(default_factory=References)
    _outside: dict[str, dict[str, Mask]] = field(default_factory=dict, repr=False)

    def table(self, data: DataSet, rows: Positions | None = None) -> SourceTable:
        """Return rows of a data set under the identifiers of the patients.

        Parameters
        ----------
        data : DataSet
        rows : array of int, optional
            By default all.
        """
        at = np.arange(data.rows) if rows is None else rows
        if ID not in data:
            raise refusal(data.file, f"no variable {ID}", f"the subject of each row, {ID}")
        coded = data.coded(ID)
        known = (
            self.names.reindex(identifier_keys(pd.Series(coded.texts, dtype=object))).fillna("").to_numpy(dtype=object)
        )
        patient = pd.Series(known[coded.codes[at]], dtype=object)
        return SourceTable(data.name, Columns(data, rows), (at + 1).astype(np.int64), patient, COUNTED)

    def nearly_known(self, table: SourceTable, data: DataSet, rows: Mask) -> list[Problem]:
        """Refuse rows of a subject who is not in the data set of subjects, but would be in another case."""
        coded = data.coded(ID)
        keys = identifier_keys(pd.Series(coded.texts, dtype=object))
        near = ~keys.isin(self.names.index) & keys.str.casefold().isin(self.names.index.str.casefold()) & (keys != "")
        wrong = near.to_numpy()[coded.codes] & rows
        expected, found = "its spelling there", f"a subject who stands in {self.data.name} in another case"
        return table.problems(wrong, ID, expected, "Use one spelling", found) if wrong.any() else []

    def outside(self, data: DataSet) -> dict[str, Mask]:
        """Return the rows of a data set that are of nobody of the cohort, by the reason."""
        if data.name not in self._outside:
            coded = data.coded(ID)
            nobody = f"of a subject who is not in {self.data.name}"
            why = self.reasons.reindex(identifier_keys(pd.Series(coded.texts, dtype=object))).fillna(nobody)
            each = {reason: (why == reason).to_numpy()[coded.codes] for reason in (SCREENED, LEFT_OUT, UNTIMED, nobody)}
            self._outside[data.name] = {reason: rows for reason, rows in each.items() if rows.any()}
        return self._outside[data.name]


def subjects_of(library: Library, mapping: SourceMapping, folder: Path, *, dated: bool) -> Subjects:
    """Return the subjects of a library.

    Parameters
    ----------
    library : Library
    mapping : SourceMapping
        Sound: see `patients_problems`.
    folder : Path
        To which a file of dates is relative.
    dated : bool
        Whether anything has a date, so that time zero is needed.
    """
    data = subjects_data(library, mapping)
    ids = data.texts(ID)
    keys = identifier_keys(ids)
    names = pd.Series(data.texts(mapping.patient_id.name.upper()).to_numpy(dtype=object), index=keys)
    reasons = pd.Series(_left_out(data, mapping), index=keys)
    fates = Fates(data.rows)
    for reason in (SCREENED, LEFT_OUT):
        fates.leave((reasons == reason).to_numpy(), reason.removeprefix("of a "))
    whole = Subjects(data, names[~names.index.duplicated()], reasons[~reasons.index.duplicated()])
    kept = (reasons == "").to_numpy()
    fates.use(kept)
    table, first = whole.table(data), np.flatnonzero(kept)
    patients = table.patient.iloc[first].reset_index(drop=True)
    columns = {
        column: _values(library, mapping, whole, one, patients, date=column.endswith("_date"))
        for column, one in mapping.patients.items()
    }
    problems, untimed = _zero(library, mapping, whole, patients, first, columns, folder, dated=dated)
    reasons[keys.iloc[first[untimed]]] = UNTIMED
    problems += [problem for one in columns.values() for problem in one.problems]
    own = [*mapping.patients.values(), *([mapping.time.zero] if mapping.time.zero else [])]
    read = [one.name.upper() for one in own if not one.source or library.find(one.source)[:1] == (data,)]
    problems += other_in_both(library, _of_cohort(table, kept), data, read)
    notes = [
        f"{name}: {one.coded_missing:,} codes for missing values" for name, one in columns.items() if one.coded_missing
    ]
    ordered = {name: columns[name] for name in sorted(columns, key="enrolment_date".__ne__)}
    made = made_patients(table, patients, first, ordered)
    last = reasons[~reasons.index.duplicated()]
    references = references_of(library, data)
    return replace(
        whole, reasons=last, made=made, reading=fates, problems=problems, notes=notes, references=references,
        _outside={},
    )  # fmt: skip


def _of_cohort(table: SourceTable, kept: Mask) -> SourceTable:
    return replace(table, patient=table.patient.where(kept, ""))


def subjects_data(library: Library, mapping: SourceMapping) -> DataSet:
    """Return the data set of the subjects: the one that the mapping names, else ADSL, else DM."""
    named = mapping.patient_id.source
    found = library.find(named)[:1] if named else ((library.patients(),) if library.patients() else ())
    if not found or found[0] is None:
        wanted = f"no data set {named!r}" if named else f"neither {' nor '.join(PATIENTS)}"
        raise refusal(library.name, wanted, "the data set of the subjects", library.nearest(named or "DM"))
    if ID not in found[0]:
        raise refusal(found[0].file, f"no variable {ID}", f"the subject of each row, {ID}")
    return found[0]


def _left_out(data: DataSet, mapping: SourceMapping) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    reasons = np.full(data.rows, "", dtype=object)
    for name, texts in mapping.patients_when.items():
        reasons[~data.holds(name.upper(), texts)] = LEFT_OUT
    for name, texts in _FAILURES.items():
        if name in data:
            reasons[data.holds(name, texts)] = SCREENED
    return reasons


def _values(
    library: Library, mapping: SourceMapping, subjects: Subjects, one: Field, patients: pd.Series, *, date: bool = False
) -> PatientValues:  # fmt: skip
    data = library.find(one.source)[0] if one.source else subjects.data
    chosen = np.ones(data.rows, dtype=bool)
    for name, texts in one.options.get("when", {}).items():
        chosen &= data.holds(name.upper(), texts)
    table = subjects.table(data)
    if data is subjects.data:
        chosen &= (subjects.reasons.reindex(identifier_keys(data.texts(ID))) == "").to_numpy()
    else:
        chosen &= table.keys.isin(identifier_keys(patients)).to_numpy()
    relatives = of_a_relative(data, tuple(name for name in categories(data) if name not in _stated(one)))
    found = patient_values(table, replace(one, name=one.name.upper()), patients, chosen, mapping, date=date)
    wrong = table.problems(chosen & relatives, one.name.upper(), "what is known of the patient", _WHEN, _OF_RELATIVE)
    return replace(found, problems=[*found.problems, *wrong])


def _stated(one: Field) -> set[str]:
    return {name.upper() for name in one.options.get("when", {})}


def _zero(
    library: Library, mapping: SourceMapping, subjects: Subjects, patients: pd.Series, first: Positions,
    columns: dict[str, PatientValues], folder: Path, *, dated: bool,
) -> tuple[list[Problem], Mask]:  # fmt: skip
    """Add time zero to the columns; return what was wrong, and the patients who lack what is needed."""
    zero, problems = mapping.time.zero, []
    if zero is not None:
        columns["enrolment_date"] = _values(library, mapping, subjects, zero, patients, date=True)
    elif mapping.time.file:
        read = read_index_file(mapping.time, folder)
        dates = identifier_keys(patients).map(read.dates).fillna("").to_numpy(dtype=object)
        nowhere: Positions = np.full(len(patients), -1, dtype=np.intp)
        columns["enrolment_date"] = PatientValues(dates, nowhere, subjects.table(subjects.data), mapping.time.file)
        problems = list(read.problems)
    if not dated or "enrolment_date" not in columns:
        return problems, np.zeros(len(patients), dtype=bool)
    found = columns["enrolment_date"]
    lacking = found.values == ""
    refused = {problem.patient for problem in (*found.problems, *problems)}
    nothing = lacking & ~identifier_keys(patients).isin(refused).to_numpy()
    table = subjects.table(subjects.data)
    problems += table.problems(first[nothing], found.column, "the date of time zero", _WITHOUT, "nothing")
    return problems, lacking


def patients_problems(library: Library, mapping: SourceMapping) -> Iterator[Problem]:
    """Yield everything for which the patients of a mapping cannot be found in a library.

    Parameters
    ----------
    library : Library
    mapping : SourceMapping
    """
    own = subjects_data(library, mapping)
    fields: list[tuple[Place, Field]] = [(("patients", "id"), mapping.patient_id)]
    fields += [(("patients", column), one) for column, one in mapping.patients.items()]
    fields += [(("patients", "when"), Field(name)) for name in mapping.patients_when]
    fields += [(("time", "zero"), mapping.time.zero)] if mapping.time.zero else []
    if mapping.time.zero and mapping.time.file:
        yield in_mapping(mapping, ("time", "file"), "a file besides zero", "one of them")
    for place, one in fields:
        found = library.find(one.source) if one.source else (own,)
        if not found:
            yield in_mapping(
                mapping, place, f"no data set {one.source!r}", "one of the export", library.nearest(one.source)
            )
            continue
        for name in (one.name, *one.options.get("when", {})):
            yield from _variable(mapping, found[0], name.upper(), place)
    keys = identifier_keys(own.texts(ID))
    table = Subjects(own, pd.Series(keys.unique(), index=keys.unique()), pd.Series(dtype=object)).table(own)
    again = (keys.duplicated() | (keys == "")).to_numpy()
    problems = table.problems(
        again,
        ID,
        "one row for each subject",
        "Take out the row that does not count",
        found="a subject who has a row, or nobody",
    )
    yield from (replace(problem, patient=None) for problem in problems)


def _variable(mapping: SourceMapping, data: DataSet, name: str, place: Place) -> Iterator[Problem]:
    if name not in data:
        yield in_mapping(mapping, place, f"no variable {name!r} in {data.name}",
                         f"one of {', '.join(list(data.labels)[:40])}")  # fmt: skip
    elif name in (*_BIRTHS, *_NEVER):
        yield in_mapping(mapping, place, f"{name!r}, which may identify a person", "a variable that identifies nobody")
    elif name == "AGE" and "AGEU" in data and set(data.counts("AGEU")) - {"YEARS", "years", "Years"}:
        units = ", ".join(data.counts("AGEU"))
        yield in_mapping(mapping, place, f"AGE in {units}", "AGE in YEARS", "Give the age in years in another variable")


def never_read(data: DataSet) -> list[str]:
    """Return the variables of a data set that may identify a person."""
    return [f"{data.name}.{name}" for name in _NEVER if name in data]
