"""Columns of births in a workbook that the mapping does not name: ages are held against them."""

from __future__ import annotations

from relapse_model.cohort.readers.ages_and_births import ages_beside_births
from relapse_model.cohort.readers.births_named import births_of, is_birth
from relapse_model.cohort.readers.made_table import MadeTable
from relapse_model.cohort.readers.source_dates import Order, iso_dates
from relapse_model.cohort.readers.spreadsheets.reading import Reading
from relapse_model.cohort.readers.spreadsheets.serial_dates import dates_of_serials


def refuse_other_ages(reading: Reading, patients: MadeTable) -> None:
    """Refuse ages that are not those by a column of births that is not read.

    Parameters
    ----------
    reading : Reading
        After everything was read.
    patients : MadeTable
    """
    births = _unread_births(reading)
    if births is not None:
        reading.found += ages_beside_births(patients, births)


def _unread_births(reading: Reading) -> MadeTable | None:
    """Return the births of the first column that is called so and is not read; of the patients' sheet before others.

    None where a birth is read for the patients, or nothing tells one.
    """
    if any(is_birth([field.name, what]) for what, field in reading.mapping.patients.items()):
        return None
    order: Order = reading.mapping.time.dates  # type: ignore[assignment]
    for source in sorted(reading.tables, key=lambda one: one != reading.main):
        table = reading.tables[source]
        for place, name in enumerate(table.names):
            if place in reading.used[source] or not is_birth([name]):
                continue
            texts = table.column(place, shared=True).astype(str)
            days, bad = iso_dates(dates_of_serials(texts, table.numeric(place), table.sheet.epoch)[0], order)
            found = births_of(name, texts, days.mask(bad, ""), reading.keys[source], table.rows, table.name)
            if found is not None:
                return found
    return None
