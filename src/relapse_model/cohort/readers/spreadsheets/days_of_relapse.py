"""Columns of the day of relapse that a mapping does not name, beside the outcome that it reads."""

from __future__ import annotations

from collections.abc import Mapping

from relapse_model.cohort.readers.made_table import MadeTable
from relapse_model.cohort.readers.relapse_dates import is_relapse_date, other_relapse_days, without_outcome
from relapse_model.cohort.readers.source_dates import Order, iso_dates
from relapse_model.cohort.readers.spreadsheets.reading import Reading
from relapse_model.cohort.readers.spreadsheets.serial_dates import dates_of_serials


def refuse_other_relapse_days(reading: Reading, made: Mapping[str, MadeTable]) -> None:
    """Refuse outcomes whose day is not the one of a column that is called the day of relapse, and is not read.

    Parameters
    ----------
    reading : Reading
        After everything was read.
    made : mapping of str to MadeTable
    """
    if "outcomes" not in made:
        return
    order: Order = reading.mapping.time.dates  # type: ignore[assignment]
    for source, table in reading.tables.items():
        for place, name in enumerate(table.names):
            if place in reading.used[source] or not is_relapse_date([name]):
                continue
            texts = table.column(place, shared=True).astype(str).str.strip()
            days, bad = iso_dates(dates_of_serials(texts, table.numeric(place), table.sheet.epoch)[0], order)
            found, alone = other_relapse_days(made, name, reading.keys[source], days.mask(bad, ""))
            reading.found += found
            reading.notes += without_outcome(table.name, name, alone)
