"""The report of the reading of spreadsheets: what was used, what was left out and why, what is not mapped."""

from __future__ import annotations

from relapse_model.cohort.readers.identifying import holds_contacts, may_identify
from relapse_model.cohort.readers.spreadsheets.reading import Reading
from relapse_model.cohort.reading_report import NotMapped, ReadingReport


def report_of(reading: Reading) -> ReadingReport:
    """Return what became of everything.

    Parameters
    ----------
    reading : Reading
        After everything was read; notes are added to it.
    """
    never: list[str] = []
    for source, table in reading.tables.items():
        for place, name in enumerate(table.names):
            values = table.column(place).astype(str).str.strip()
            filled = int((values != "").sum())
            if place in reading.used[source] or not filled:
                continue
            if may_identify(name) or holds_contacts(values):
                never.append(f"{table.name}, {name}")
            else:
                label = "" if name else "a column without a name"
                reading.not_mapped.append(NotMapped(table.name, name, label, filled))
        reading.notes += [f"{table.name}: {note}" for note in table.sheet.notes]
    reading.notes += [
        f"{table}: {count:,} times {code!r}, no value" for (table, code), count in reading.codes_met.items()
    ]
    reading.notes += [
        f"{table}, {column}: {count:,} dates were numbers of days, counted by the workbook's date system"
        for (table, column), count in reading.serials.items() if count
    ]  # fmt: skip
    return ReadingReport(
        "excel", tuple(reading.sources), not_mapped=tuple(reading.not_mapped), never_read=tuple(never),
        notes=tuple(reading.notes), not_read=reading.not_read,
    )  # fmt: skip
