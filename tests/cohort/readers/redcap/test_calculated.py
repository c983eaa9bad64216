"""Calculated fields: a logarithm by its formula alone is not read in the unit of the result."""

from __future__ import annotations

import pytest
from redcap_projects import HEAD, PATIENTS, TIME, built_in, project

from relapse_model.cohort.readers.redcap.propose import propose_redcap
from relapse_model.cohort.readers.redcap.read import read_redcap
from relapse_model.errors import SourceError

MAPPING = HEAD + TIME + PATIENTS + '[[labs]]\nanalyte = "hbsag"\nvalue = "surface"\nunit = "UNIT"\ndate = "on"\n'
DATA = "record_id,enrolled,on,surface\n1,2024-01-08,2024-01-08,2\n"
DICTIONARY = (
    "record_id,visit,text,Record,,,\nenrolled,visit,text,Enrolled,,date_ymd,\non,labs,text,Drawn,,date_ymd,\n"
    'surface,labs,calc,{},"{}",,\n'
)


def source(tmp_path, formula, unit="IU/mL", label="HBsAg"):
    return project(tmp_path, DATA, MAPPING.replace("UNIT", unit), DICTIONARY.format(label, formula))


@pytest.mark.parametrize(
    ("formula", "unit", "found"),
    [
        ("round(log([raw], 10), 2)", "IU/mL", "a logarithm to the base 10"),
        ("log10([raw])", "IU/mL", "a logarithm to the base 10"),
        ("log([raw])", "IU/mL", "a natural logarithm"),
        ("log([raw])", "log10 IU/mL", "a natural logarithm"),
    ],
)
def test_a_logarithm_by_its_formula_alone_is_refused(tmp_path, formula, unit, found):
    """2 would be 2 IU/mL, and is the logarithm of 100, or of 7.4."""
    with pytest.raises(SourceError, match=f"'surface', by its formula {found}"):
        read_redcap(*source(tmp_path, formula, unit), study=built_in())


@pytest.mark.parametrize(
    ("formula", "unit", "value"), [("log([raw], 10)", "log10 IU/mL", "2"), ("[raw] * 1", "IU/mL", "2")]
)
def test_what_the_unit_says_is_read(tmp_path, formula, unit, value):
    assert read_redcap(*source(tmp_path, formula, unit), study=built_in()).labs["value"].tolist() == [value]


def test_the_proposal_asks_about_a_logarithm(tmp_path):
    path, _ = source(tmp_path, "log([raw], 10)", label="HBsAg (IU/mL)")
    text = propose_redcap(path, built_in())
    assert "a logarithm to the base 10 by its formula" in text
    assert '\nvalue = "surface"' not in text
