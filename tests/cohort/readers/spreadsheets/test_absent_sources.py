"""A file of results that may be absent, as of new patients: left out and told, or refused with the key to state."""

from __future__ import annotations

import pytest

from relapse_model.cohort.readers.mapping_file import parse_mapping
from relapse_model.cohort.readers.spreadsheets.read import read_excel
from relapse_model.errors import SourceError

MAPPING = """[mapping]
protocol = 1
kind = "excel"
study = "hbsag-relapse"
[source]
file = "visits.csv"
[sources.lis]
file = "lis.csv"
{key}
[time]
zero = {{ field = "enrolled" }}
[patients]
id = "id"
{column}
[[labs]]
analyte = "alt"
value = "ALT"
unit = "U/L"
date = "drawn"
[[labs]]
source = "lis"
analyte = "hbsag"
value = "HBsAg"
unit = "IU/mL"
date = "drawn"
"""
KEY = "may_be_absent = true"


def read(folder, key, column="", laboratory=""):
    (folder / "visits.csv").write_text("id,enrolled,drawn,ALT\na,2024-01-01,2024-01-08,40\n", encoding="utf-8")
    if laboratory:
        (folder / "lis.csv").write_text(laboratory, encoding="utf-8")
    return read_excel(folder, parse_mapping(MAPPING.format(key=key, column=column), "map.toml", "excel"))


def test_a_file_that_is_not_there_is_refused_with_the_key_that_allows_it(tmp_path):
    with pytest.raises(SourceError, match=r"lis\.csv: no such file .* may_be_absent = true under \[sources\.lis\]"):
        read(tmp_path, "")


def test_a_file_that_may_be_absent_is_left_out_and_told(tmp_path):
    cohort = read(tmp_path, KEY)
    assert cohort.labs["analyte"].tolist() == ["alt"]
    assert "source 'lis' was not there, and may be absent: nothing of it was read" in cohort.reading.notes


def test_a_file_that_may_be_absent_is_read_where_it_is_there(tmp_path):
    cohort = read(tmp_path, KEY, laboratory="id,drawn,HBsAg\na,2024-01-08,0.3\n")
    assert sorted(cohort.labs["analyte"]) == ["alt", "hbsag"]
    assert not any("may be absent" in note for note in cohort.reading.notes)


def test_a_source_of_columns_of_patients_may_not_be_absent(tmp_path):
    with pytest.raises(SourceError, match=r"line 9, key 'sources\.lis\.may_be_absent': a source of columns of others"):
        read(tmp_path, KEY, 'sex = { field = "sex", source = "lis" }')
