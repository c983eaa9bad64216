"""Numbers of nines alone: what sources write where there is no number, and what a mapping says of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from fhir_resources import observation, quantity
from fhir_rows import MAPPING, reader, values

import relapse_model as rm
from relapse_model.cohort.readers.beside_numbers import negative_numbers
from relapse_model.cohort.readers.made_table import MadeTable
from relapse_model.cohort.readers.number_codes import numbers_of_nines
from relapse_model.errors import CohortError

LONG, SHORT = 9999999, 9999


@pytest.fixture
def read(tmp_path):
    return reader(tmp_path)


def test_a_long_one_is_refused_unless_the_mapping_says_what_it_is(read):
    rows = [observation(**quantity(LONG)), observation(day="2024-03-15", **quantity(7))]
    with pytest.raises(CohortError, match="'9999999', a number of nines alone") as refusal:
        read(*rows)
    assert 'codes = ["9999999"] if it means no value, results = ["9999999"] if it is one' in str(refusal.value)
    none = MAPPING.replace('codes = ["haemolysed"]', 'codes = ["9999999"]')
    assert values(read(*rows, mapping=none)) == ["7"]
    result = MAPPING.replace('codes = ["haemolysed"]', 'results = ["9999999"]')
    assert values(read(*rows, mapping=result)) == ["9999999", "7"]


def test_a_short_one_counts_and_is_named_and_a_limit_is_none(read):
    cohort = read(observation(**quantity(SHORT)), observation(day="2024-03-15", **quantity(999999, comparator="<")))
    assert len(cohort.labs) == 2
    (remark,) = cohort.remarks
    assert (remark.found, "a code for no value?" in remark.expected) == ("'9999'", True)
    stated = MAPPING.replace('codes = ["haemolysed"]', 'results = ["9999"]')
    assert not read(observation(**quantity(SHORT)), mapping=stated).remarks


def test_problems_of_later_rows_are_placed_there():
    """The second row is the wrong one: it is found by its place, and not by a label of the table."""
    texts = ["5", "500 negative"]
    rows = pd.DataFrame({"patient_id": ["7", "8"], "analyte": "anti_hbs", "unit": "mIU/mL", "value": texts})
    made = {"labs": MadeTable(rows, "LB", np.array([4, 9]), {"value": "LBORRES"})}
    (problem,) = negative_numbers(made, rm.load_study("hbsag-relapse"))
    assert (problem.row, problem.column, problem.patient) == (9, "LBORRES", "8")
    nines = {"labs": MadeTable(rows.assign(value=["5", "999999"]), "LB", np.array([4, 9]))}
    assert [one.row for one in numbers_of_nines(nines, None)] == [9]
