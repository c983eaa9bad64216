"""What a sheet says beside the columns that a mapping names: relatives, comparators, units, identifiers nearly equal.

Each sheet is made by hand, so that what would be read wrongly is seen in it.
"""

from __future__ import annotations

import pytest
from spreadsheet_files import as_mapping, workbook

from relapse_model.cohort.readers.spreadsheets.read import read_excel
from relapse_model.errors import CohortError, SourceError

PATIENTS = '[time]\nzero = { field = "Enrol" }\n[patients]\nid = "ID"\n'
WIDE = '[[labs]]\nanalyte = "hbsag"\nvalue = "W{visit} HBsAg"\nunit = "IU/mL"\ndate = "W{visit} Date"\n'


def problems(source, mapping):
    with pytest.raises((CohortError, SourceError)) as refusal:
        read_excel(source, as_mapping(mapping))
    return [str(problem) for problem in refusal.value.problems]


@pytest.mark.parametrize(
    ("pattern", "other"),
    [("W{visit} ", "Wife "), ("{visit} ", "Mother "), ("W{visit} ", "W12 mother's ")],
)
def test_a_relative_is_no_visit(tmp_path, pattern, other):
    rows = [["ID", "Enrol", "W0 HBsAg", "W0 Date", f"{other}HBsAg", f"{other}Date"],
            ["P1", "2024-01-08", "<0.05", "2024-01-08", 250, "2024-06-01"]]  # fmt: skip
    path = workbook(tmp_path / "a.xlsx", rows)
    found = problems(path, PATIENTS + WIDE.replace("W{visit} ", pattern))
    assert len(found) == 1
    assert f"{other}HBsAg" in found[0]
    assert "a number in place of {visit}" in found[0]


def test_a_visit_may_be_a_word_that_the_mapping_names(tmp_path):
    rows = [["ID", "Enrol", "Baseline HBsAg", "Baseline Date"], ["P1", "2024-01-08", "<0.05", "2024-01-08"]]
    path = workbook(tmp_path / "a.xlsx", rows)
    text = WIDE.replace("W{visit}", "{visit}")
    assert "'Baseline HBsAg'" in problems(path, PATIENTS + text)[0]
    named = PATIENTS.replace("[patients]", "visits = { baseline = 0 }\n[patients]")
    assert read_excel(path, as_mapping(named + text)).labs["week"].tolist() == [0]
