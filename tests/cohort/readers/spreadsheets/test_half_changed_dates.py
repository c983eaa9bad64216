"""Dates of which a spreadsheet changed those that it could read with the month first, and left the others as texts."""

from __future__ import annotations

import datetime

import pytest
from spreadsheet_files import as_mapping, workbook

from relapse_model.cohort.readers.spreadsheets.read import read_excel
from relapse_model.errors import SourceError

MAPPING = (
    '[time]\nzero = { field = "Enrol" }\ndates = "dmy"\n[patients]\nid = "ID"\n'
    '[[labs]]\nanalyte = "alt"\nvalue = "ALT"\nunit = "U/L"\ndate = "On"\n'
)


def read(path, *dates):
    rows = [
        ["ID", "Enrol", "ALT", "On"],
        *(["P1", datetime.date(2024, 1, 15), 20 + at, on] for at, on in enumerate(dates)),
    ]
    return read_excel(workbook(path, rows), as_mapping(MAPPING))


def test_dates_that_were_exchanged(tmp_path):
    """03/04/2024 was written, is the 3rd of April, and stands in the sheet as the 4th of March."""
    with pytest.raises(SourceError, match="column 'On': 1 dates beside texts, the first of them in row 2"):
        read(tmp_path / "a.xlsx", datetime.date(2024, 3, 4), "13/04/2024", "25/04/2024")


@pytest.mark.parametrize(
    ("dates", "days"),
    [
        (["03/04/2024", "13/04/2024"], ["2024-04-03", "2024-04-13"]),
        ([datetime.date(2024, 3, 4), datetime.date(2024, 4, 13)], ["2024-03-04", "2024-04-13"]),
        ([datetime.date(2024, 3, 14), "13/04/2024"], ["2024-03-14", "2024-04-13"]),
        ([datetime.date(2024, 3, 4), "05/04/2024", "13/04/2024"], ["2024-03-04", "2024-04-05", "2024-04-13"]),
        ([datetime.date(2024, 3, 3), "13/04/2024"], ["2024-03-03", "2024-04-13"]),
    ],
    ids=["texts", "dates", "a date that cannot be", "a text that would have been", "the same either way"],
)
def test_other_columns_are_read(tmp_path, dates, days):
    assert read(tmp_path / "a.xlsx", *dates).labs["date"].tolist() == days
