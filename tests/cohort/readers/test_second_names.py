"""What a row calls its own analyte or agent, units that are numbers, and conditions that nothing meets."""

from __future__ import annotations

import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.cohort.readers.idle_conditions import unmet_conditions
from relapse_model.cohort.readers.made_table import MadeTable
from relapse_model.cohort.readers.mapping_file import parse_mapping
from relapse_model.cohort.readers.second_names import SecondNames, logarithm_in_plain_unit
from relapse_model.cohort.readers.unit_numbers import is_number, unit_numbers

MAPPING = """
[mapping]
protocol = 1
kind = "cdisc"
[patients]
id = "USUBJID"
[[labs]]
analyte = "hbsag"
codes = ["HBSAG"]
when = { LBSPEC = "SERUM" }
[[labs]]
analyte = "hbsag"
codes = ["HBSAG2"]
[[treatments]]
agent = "hbig"
when = { EXROUTE = "IV" }
"""


@pytest.fixture(scope="module")
def names():
    return SecondNames(rm.load_study("hbsag-relapse"))


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("HBsAg", False), ("Anti-HBs", True), ("HBsAb (mIU/mL)", True), ("5193-8", True),  # its code names it
        ("HBsAg of the mother", True), ("HBsAg (Donor)", True), ("供者HBsAg", True),
        ("Hepatitis B virus surface Ag [Units/volume] in Serum", False),  # not understood
        ("", False),
    ],
)  # fmt: skip
def test_an_analyte_is_not_called_another(names, text, wrong):
    assert names.contradicts("analyte", text, "hbsag") is wrong


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("HBIG 400 IU", False), ("Entecavir 0.5mg", True), ("恩替卡韦片", True), ("HBIG and entecavir", False),
        ("immune globulin", False), ("placebo", True),  # a placebo is no dose
    ],
)  # fmt: skip
def test_an_agent_is_not_called_another(names, text, wrong):
    assert names.contradicts("agent", text, "hbig") is wrong
    assert list(names.rows("agent", pd.Series([text, "HBIG"]), "hbig")) == [wrong, False]


def test_without_a_study_only_another_person_is_understood():
    assert SecondNames().contradicts("analyte", "HBsAg (mother)", "hbsag")
    assert not SecondNames().contradicts("analyte", "Anti-HBs", "hbsag")


def test_a_number_is_no_unit():
    assert [is_number(one) for one in ("200.0", "１２", "1e3", "1", "10*3/uL", "%", "nan", "")] == [
        True, True, True, False, False, False, False, False,
    ]  # fmt: skip
    rows = pd.DataFrame({"patient_id": ["7", "7", "8"], "unit": ["U/L", "200.0", "1"]})
    found = list(unit_numbers({"labs": MadeTable(rows, "LB", pd.Series([4, 5, 6]).to_numpy())}))
    assert [str(one).partition(". ")[0] for one in found] == ["LB, row 5, column 'unit': '200.0'; expected a unit"]


def test_a_condition_that_nothing_meets_is_refused_where_nothing_is_read():
    mapping = parse_mapping(MAPPING, "map.toml", "cdisc")
    first, second = mapping.labs
    problems, notes = unmet_conditions(mapping, [(first, 9, 0), (second, 0, 0), (mapping.treatments[0], 3, 0)])
    assert [str(one).partition(";")[0] for one in problems] == [
        "map.toml, line 10, key 'labs.1.when': 9 rows of hbsag, and none as 'when' asks"
    ]
    assert notes == ["3 rows of hbig, and none as 'when' asks: see whether 'when' is right"]
    problems, notes = unmet_conditions(mapping, [(first, 9, 0), (second, 2, 2)])  # the analyte is read by another entry
    assert (problems, len(notes)) == ([], 1)
    assert unmet_conditions(mapping, [(first, 9, 4), (first, 3, 0)]) == ([], [])  # of two tables, one has them
    assert unmet_conditions(mapping, [(first, 0, 0)]) == ([], [])  # of codes that nothing has, another note tells


@pytest.mark.parametrize(
    "name", ["HBV DNA log10", "lg HBV DNA", "HBV DNA (log)", "log10HBVDNA", "HBV_DNA_lg", "HBV DNA 对数"]
)
def test_a_logarithm_is_none_in_the_unit_of_an_amount(name):
    assert logarithm_in_plain_unit(name, "IU/mL")
    assert not any(logarithm_in_plain_unit(name, unit) for unit in ("log10 IU/mL", "lg IU/mL", "{Log_IU}/mL", ""))


@pytest.mark.parametrize("name", ["HBV DNA", "HBsAg (Biologics)", "Immunology HBsAg", "HBV DNA (logistics ward)"])
def test_other_words_are_no_logarithm(name):
    assert not logarithm_in_plain_unit(name, "IU/mL")
