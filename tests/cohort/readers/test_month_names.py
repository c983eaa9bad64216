"""Dates whose month is a name: read in every order, since the name says which part it is; others stay refused."""

from __future__ import annotations

import pytest
from spreadsheet_files import as_mapping, workbook

from relapse_model.cohort.readers.source_dates import iso_date
from relapse_model.cohort.readers.spreadsheets.read import read_excel
from relapse_model.errors import CohortError


@pytest.mark.parametrize("order", ["ymd", "dmy", "mdy"])
@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("08-Jan-2024", "2024-01-08"), ("8 JAN 2024", "2024-01-08"), ("08/Jan/2024", "2024-01-08"),
        ("Jan 8, 2024", "2024-01-08"), ("January 8th 2024", "2024-01-08"), ("2024-Jan-08", "2024-01-08"),
        ("8 avr. 2024", "2024-04-08"), ("1er août 2024", "2024-08-01"), ("15 févr. 2024", "2024-02-15"),
        ("12. März 2024", "2024-03-12"), ("3. Dez. 2023", "2023-12-03"), ("8 de enero de 2024", "2024-01-08"),
        ("8 gen 2024", "2024-01-08"), ("1 settembre 2024", "2024-09-01"), ("08-Jan-2024 08:30", "2024-01-08 08:30"),
    ],
)  # fmt: skip
def test_the_order_is_certain(text, day, order):
    assert iso_date(text, order) == day


@pytest.mark.parametrize("text", ["08-Jan-24", "31 Feb 2024", "8 xyz 2024", "Jan 2024", "03/2021", "week 12 2024"])
def test_what_is_no_whole_date_is_none(text):
    assert iso_date(text) is None


@pytest.mark.parametrize("text", ["03/2021", "3.2021", "Mar 2021", "März 2021", "marzo de 2021", "2021-03"])
def test_a_month_alone_is_its_middle_where_the_mapping_says_so(text):
    assert iso_date(text, partial="middle") == "2021-03-15"
    assert iso_date("13/2021", partial="middle") is None


@pytest.mark.parametrize(
    ("text", "advice"),
    [("03/2021", 'partial = "middle"'), ("März 2021", 'partial = "middle"'), ("08-Jan-24", "YYYY-MM-DD")],
)
def test_the_advice_is_about_dates(tmp_path, text, advice):
    mapping = '[time]\nzero = { field = "on" }\n[patients]\nid = "id"\n[[labs]]\nanalyte = "alt"\nvalue = "ALT"\n'
    path = workbook(tmp_path / "a.xlsx", [["id", "on", "day", "ALT"], ["1", "2024-01-08", text, 30]])
    with pytest.raises(CohortError) as refusal:
        read_excel(path, as_mapping(mapping + 'unit = "U/L"\ndate = "day"\n'))
    assert advice in str(refusal.value)
    assert "course that goes on" not in str(refusal.value)
