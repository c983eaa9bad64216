"""A column read by its distinct texts is what it is read cell by cell."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import relapse_model as rm
from relapse_model.cohort.tables import column_values as column_reader
from relapse_model.cohort.tables.columns import Column

RULES = [
    Column("number", low=0, high=100), Column("flag"), Column("date"), Column("choice", choices=("F", "M")), Column(),
    Column(required=True),
]  # fmt: skip
CELLS = ["", " ", "7", " 7 ", "7.0", "1e3", "-1", "nan", "NA", "F", "x", "1", "0", "2024-02-30", "2024-02-28", "陽"]


def assert_same(found, expected):
    pd.testing.assert_series_equal(pd.Series(found.values), pd.Series(expected.values))  # as a table takes them
    np.testing.assert_array_equal(found.empty, expected.empty)
    np.testing.assert_array_equal(found.bad, expected.bad)
    assert found.came == expected.came


@settings(deadline=None, max_examples=30)
@given(cells=st.lists(st.sampled_from(CELLS), min_size=1, max_size=20), rule=st.sampled_from(RULES))
def test_it_reads_what_is_read_cell_by_cell(cells, rule):
    values = pd.Series((cells * 1500)[:1500], dtype=object)
    assert column_reader.distinct_texts(values) is not None
    assert_same(column_reader.read_column(values, rule), column_reader.column(values, rule))
    pd.testing.assert_series_equal(column_reader.read_texts(values), column_reader.texts(values))


@settings(deadline=None, max_examples=30)
@given(
    cells=st.lists(st.sampled_from([*CELLS, None]), min_size=1, max_size=20),
    rule=st.sampled_from(RULES),
    dtype=st.sampled_from([pd.StringDtype(na_value=pd.NA), pd.StringDtype(na_value=np.nan)]),
)
def test_a_column_of_texts_with_gaps_is_read_so_too(cells, rule, dtype):
    values = pd.Series((cells * 1500)[:1500], dtype=dtype)
    assert column_reader.distinct_texts(values) is not None
    assert_same(column_reader.read_column(values, rule), column_reader.column(values, rule))
    pd.testing.assert_series_equal(column_reader.read_texts(values), column_reader.texts(values))


@pytest.mark.parametrize(
    "values",
    [
        pd.Series([True, 1, "1", None] * 500, dtype=object),
        pd.Series(["1", None] * 1000, dtype=object),
        pd.Series(["1", np.nan] * 1000, dtype=object),
        pd.Series([1.0, np.nan] * 1000),
        pd.Series([str(number) for number in range(2000)], dtype=object),
        pd.Series(["1"] * 10, dtype=object),
    ],
)
@pytest.mark.parametrize("rule", [Column("flag"), Column("number")])
def test_other_columns_are_read_cell_by_cell(values, rule):
    assert column_reader.distinct_texts(values) is None
    assert_same(column_reader.read_column(values, rule), column_reader.column(values, rule))


@settings(deadline=None, max_examples=30)
@given(cells=st.lists(st.sampled_from([*CELLS, None]), min_size=1, max_size=20), rule=st.sampled_from(RULES))
def test_a_column_of_codes_holds_the_same_texts(cells, rule):
    """As a categorical that was made at the gate, few rows or many, by way of the file or of a data frame."""
    plain = column_reader.column(pd.Series((cells * 1500)[:1500], dtype=object), rule)
    for dtype in (pd.StringDtype(na_value=np.nan), "category", object):
        for rows in (1500, 30):
            values = pd.Series((cells * 1500)[:rows], dtype=dtype)
            read = column_reader.read_column(column_reader.with_codes(values), rule, coded=True)
            found, expected = pd.Series(read.values).astype(object), pd.Series(plain.values[:rows]).astype(object)
            pd.testing.assert_series_equal(found.where(found.notna(), None), expected.where(expected.notna(), None))
            assert read.came == plain.came[: len(read.came)]


@settings(deadline=None, max_examples=30)
@given(
    texts=st.lists(st.sampled_from(["b", "a", "\u9633", None]), min_size=1, max_size=8),
    codes=st.lists(st.integers(0, 7), min_size=1, max_size=30),
    sort=st.booleans(),
)
def test_coded_texts_are_the_texts(texts, codes, sort):
    values, places = np.array(texts, dtype=object), np.array(codes) % len(texts)
    found = column_reader.coded_texts(values, places, sort=sort)
    assert [None if pd.isna(one) else one for one in found] == [texts[place] for place in places]
    assert not sort or list(found.categories) == sorted(found.categories)


@pytest.mark.parametrize("batch", [[1, None], [True, None], ["x", None], [2.5, None]])
def test_categories_of_a_column_of_ones_own_keep_their_values_and_gaps(batch):
    """A column of whole numbers has no place for a gap: it stays one of categories."""
    labs = pd.DataFrame(
        {"patient_id": "a", "week": [0, 1], "analyte": "anti_hbs", "value": ["<10", "12"], "unit": "mIU/mL"}
    ).assign(batch=pd.Categorical(batch))
    kept = rm.make_cohort(pd.DataFrame({"patient_id": ["a"]}), labs).labs["batch"]
    assert kept.iloc[0] == batch[0]
    assert pd.isna(kept.iloc[1])
