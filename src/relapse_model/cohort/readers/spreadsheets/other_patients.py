"""Patients who have one number in two sheets: whether what the sheets say of them agrees, and what cannot be compared.

Each centre may number its own patients 1, 2, 3: the rows of two people would be read as those of one.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pandas as pd

from relapse_model.arrays import Floats
from relapse_model.cohort.readers.identifying import may_identify
from relapse_model.cohort.readers.label_words import plain_words
from relapse_model.cohort.readers.second_sex import is_sex
from relapse_model.cohort.readers.source_dates import Order, iso_dates
from relapse_model.cohort.readers.source_values import is_empty, is_missing, text_key
from relapse_model.cohort.readers.spreadsheets.header_words import ENROLMENT, PATIENT_COLUMNS, arm_of, bare_name
from relapse_model.cohort.readers.spreadsheets.parts import DATED
from relapse_model.cohort.readers.spreadsheets.reading import Reading
from relapse_model.cohort.readers.spreadsheets.serial_dates import dates_of_serials
from relapse_model.cohort.readers.spreadsheets.table import VISIT, Table, name_of_column
from relapse_model.cohort.study_columns import levels_named
from relapse_model.study.names import level_of
from relapse_model.study.study import Study

_MAPPED = ("sex", "age_years", "arm", "centre")
_CALLED = {"enrolment": "day of enrolment", "birth": "day of birth", "age_years": "age"}
_BIRTH = re.compile(r"(?<![a-z])(?:birth|dob|born|geboren|geburts\w*)(?![a-z])|出生|生日")
_NUMBER = r"(\d+(?:\.\d+)?)"
_DAYS_PER_YEAR = 365.25
_YEARS = 2.0  # ages are rounded, or counted at another day than enrolment
ADVICE = (
    "Is it another patient, as where each sheet numbers its own? Then give the identifiers of each sheet a letter of "
    "its own in a copy (A-1, B-1). If it is the same one, correct the one that is wrong"
)
_RUNNING = re.compile(r"\d{1,4}")


def refuse_other_patients(reading: Reading, study: Study | None) -> None:
    """Refuse rows that say of a patient another day of enrolment, birth, age, arm or centre than the patients' sheet.

    The sex is compared elsewhere. Where a sheet has no such column, a note says how many identifiers stand in both.

    Parameters
    ----------
    reading : Reading
        After everything was read.
    study : Study or None
        By whose levels arms are compared.
    """
    main = _kinds(reading, reading.main)
    for source in reading.tables:
        if source == reading.main:
            continue
        there = _kinds(reading, source)
        same = {what: (main[what], place) for what, place in there.items() if what in main}
        for what, (here, place) in same.items():
            if what != "sex" and place not in reading.used[source]:
                _refuse(reading, source, what, (here, place), study)
        if not same:
            _note(reading, source)


def _kinds(reading: Reading, source: str) -> dict[str, int]:
    """Return where the columns stand that are the same for all rows of a patient, by what they are."""
    patients, zero = reading.mapping.patients, reading.mapping.time.zero
    mapped = {name_of_column(patients[what].name): what for what in _MAPPED if what in patients}
    mapped |= {} if zero is None else {name_of_column(zero.name): f"enrolment, {bare_name(zero.name)}"}
    found: dict[str, int] = {}
    for place, name in enumerate(reading.tables[source].names):
        what = mapped.get(name_of_column(name)) or _kind(name)
        if what and (what == "birth" or not may_identify(name)):
            found.setdefault(what, place)
    return found


def _kind(name: str) -> str:
    bare = bare_name(name)
    if is_sex(name):
        return "sex"
    if bare in ENROLMENT or bare in PATIENT_COLUMNS["centre"]:  # of one name: the day of consent is another than that
        return f"{'enrolment' if bare in ENROLMENT else 'centre'}, {bare}"  # of randomisation
    if _BIRTH.search(plain_words(name)):
        return "birth"
    return next((what for what in ("age_years", "arm") if bare in PATIENT_COLUMNS[what]), "")


def _refuse(reading: Reading, source: str, what: str, places: tuple[int, int], study: Study | None) -> None:
    main, table = reading.tables[reading.main], reading.tables[source]
    read = _reader_of(reading, what, study)
    keys = reading.keys[reading.main]
    known = pd.Series(read(reading.main, places[0]).to_numpy(), index=keys)
    known = known[~known.index.duplicated() & (known != "").to_numpy()]
    own = read(source, places[1])
    theirs = reading.keys[source].map(known).astype(object).fillna("")
    both = ((own != "") & (theirs != "")).to_numpy() & ~reading.strangers(source)
    differ = (own != theirs).to_numpy()
    if what == "age_years":
        numbers = [pd.to_numeric(one, errors="coerce").to_numpy(dtype=float) for one in (own, theirs)]
        differ = np.abs(numbers[0] - numbers[1]) > _YEARS + _years_since(reading, source)
    for row in np.flatnonzero(both & differ).tolist():
        called = _CALLED.get(what.partition(",")[0], what)
        shown = f"another {called}" if what == "birth" else f"another {called}, {reading.shown(own.iloc[row])}"
        expected = "that of the patient" if what == "birth" else reading.shown(theirs.iloc[row])
        expected = f"{expected}, as {main.name!r} has it for this identifier"
        reading.cell_problem(source, row, table.names[places[1]], shown, expected, ADVICE)


def _reader_of(reading: Reading, what: str, study: Study | None) -> Callable[[str, int], pd.Series]:
    """Return what reads a column as texts that can be compared; empty where it says nothing that is understood."""
    arm = reading.mapping.patients.get("arm")
    meanings = {} if arm is None else {text_key(text): meaning for text, meaning in arm.values.items()}
    levels = () if study is None else levels_named(study).get("arm", ())

    def meant(text: str) -> str:
        said = meanings.get(text_key(text), text)
        return level_of(said, levels) or arm_of(said, levels) or ("" if said == text else said)

    def read(source: str, place: int) -> pd.Series:
        table, raw = reading.tables[source], reading.tables[source].column(place, shared=True).astype(str).str.strip()
        raw = raw.mask(is_missing(raw, reading.mapping.missing) | is_empty(raw), "").astype(object)
        if what.startswith(("enrolment", "birth")):
            order: Order = reading.mapping.time.dates  # type: ignore[assignment]
            dates, bad = iso_dates(dates_of_serials(raw, table.numeric(place), table.sheet.epoch)[0], order)
            return dates.mask(bad, "").str.slice(0, 10)
        if what == "age_years":
            return raw.str.extract(_NUMBER)[0].fillna("").astype(object)
        return raw.map(meant if what == "arm" else name_of_column).astype(object)

    return read


def _years_since(reading: Reading, source: str) -> Floats:
    """Return how many years after enrolment, or before it, the dates of each row are at most."""
    table, zero = reading.tables[source], _kinds(reading, reading.main)
    place = next((place for what, place in zero.items() if what.startswith("enrolment")), None)
    years = np.zeros(len(table))
    if place is None:
        return years
    read = _reader_of(reading, "enrolment", None)
    known = pd.Series(read(reading.main, place).to_numpy(), index=reading.keys[reading.main])
    start = pd.to_datetime(reading.keys[source].map(known[~known.index.duplicated()]), errors="coerce").to_numpy()
    mapping = reading.mapping
    fields = [
        one.fields[key] for one in (*mapping.labs, *mapping.treatments) if one.source == source
        for key in DATED if key in one.fields
    ]  # fmt: skip
    places = {at for one in fields for at in _columns_of(table, one.name)}
    for at in places:
        day = pd.to_datetime(read(source, at), errors="coerce").to_numpy()
        since = np.abs((day - start) / np.timedelta64(1, "D")) / _DAYS_PER_YEAR
        years = np.fmax(years, since)
    return years


def _columns_of(table: Table, name: str) -> list[int]:
    if VISIT not in name:
        return table.found(name)
    return [place for places in table.visits(name).values() for place in places]


def _note(reading: Reading, source: str) -> None:
    """Say how many identifiers stand in both sheets, where nothing tells whether they are those of the same people.

    Not of another part of one workbook: a sheet whose identifiers are all in that of the patients, under the same name,
    and that holds other things. Nor of several rows per patient beside the patients' own, as of a laboratory, unless
    they are numbered.
    """
    main, table = reading.tables[reading.main], reading.tables[source]
    here, there = set(reading.keys[reading.main]) - {""}, set(reading.keys[source]) - {""}
    both = here & there
    if there <= here and _parts_of_one(reading, source):
        return
    running = all(_RUNNING.fullmatch(str(one)) for one in both)
    if not both or not (running or all(_once(reading, one) for one in (reading.main, source))):
        return
    note = (
        f"{table.name}: {len(both):,} of its {len(there):,} identifiers stand in {main.name!r}, too, and no column "
        "of both (enrolment, birth, sex, age, arm, centre) tells whether they are the same people"
    )
    if running:
        note += "; if each sheet numbers its own patients, give its identifiers a letter of its own in a copy"
    reading.notes.append(note)


def _parts_of_one(reading: Reading, source: str) -> bool:
    """Tell whether a sheet and that of the patients are of one workbook, call identifiers the same, share no test."""
    main, own = reading.tables[reading.main].sheet, reading.tables[source].sheet
    named = {name_of_column(reading.identifier_name(one)) for one in (reading.main, source)}
    if main.file != own.file or main.title == own.title or len(named) > 1:
        return False
    entries = (*reading.mapping.labs, *reading.mapping.treatments)
    here, there = (
        {
            one.constants.get("analyte") or one.constants.get("agent") or one.section
            for one in entries
            if one.source == at
        }
        for at in (reading.main, source)
    )
    return not here & there


def _once(reading: Reading, source: str) -> bool:
    """Tell whether a sheet has one row for each patient."""
    keys = reading.keys[source]
    return not keys[keys != ""].duplicated().any()
