"""What reading names although it may be right."""

from __future__ import annotations

import pytest
from spreadsheet_files import as_mapping

from relapse_model.cohort.readers.spreadsheets.read import read_excel
from relapse_model.errors import CohortError

MAPPING = (
    '[time]\nzero = { field = "in" }\n[patients]\nid = "id"\n[[labs]]\nanalyte = "alt"\nvalue = "alt"\nunit = "U/L"\n'
    'date = "on"\n[outcome]\ndate = "out"\nevent = { field = "end", values = { free = "free", relapse = "relapse", '
    'dead = "competing: death" } }\n'
)


def remarks(tmp_path, *rows):
    (tmp_path / "a.csv").write_text("id,in,on,alt,end,out\n" + "\n".join(rows), encoding="utf-8")
    return [(one.row, one.column, one.found) for one in read_excel(tmp_path / "a.csv", as_mapping(MAPPING)).remarks]


SOUND = "P01,2024-01-08,2024-01-08,20,free,2024-12-09"


def test_where_nothing_is_odd_nothing_is_named(tmp_path):
    assert remarks(tmp_path, SOUND, "P02,2024-01-08,2023-08-01,20,free,2024-01-08") == []


@pytest.mark.parametrize("other", ["p01", "P1", "p001"])
def test_identifiers_that_differ_by_case_or_zeros_only(tmp_path, other):
    """They are two patients, and are read as two."""
    found = "an identifier that differs from another by case or leading zeros only"
    assert remarks(tmp_path, SOUND, SOUND.replace("P01", other)) == [(2, "id", found), (3, "id", found)]


def test_a_time_zero_long_after_the_results(tmp_path):
    """2025 in place of 2024: 52 weeks and two days after its own visit, 5 after the outcome."""
    assert remarks(tmp_path, SOUND.replace("P01,2024", "P01,2025")) == [
        (2, "out", "week -4, before enrolment"), (2, "in", "the last result 52 weeks before it"),
    ]  # fmt: skip


def test_a_relapse_before_time_zero_is_named_and_a_death_refused(tmp_path):
    early = SOUND.replace("2024-12-09", "2023-12-11")
    assert remarks(tmp_path, early.replace("free", "relapse")) == [(2, "out", "week -4, before enrolment")]
    with pytest.raises(CohortError, match="row 2, column 'out': a death before enrolment"):
        remarks(tmp_path, early.replace("free", "dead"))
