"""Results that share their patient, name and day are found, however the rows are ordered and cut into parts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from relapse_model.cohort import contradictions
from relapse_model.cohort.contradictions import shared_days
from relapse_model.cohort.tables.column_values import rows_where
from relapse_model.cohort.tables.identifiers import row_keys
from relapse_model.cohort.tables.repeated_rows import repeated

NAN = np.nan
IDS = ["a", "a", "a", "a", "b", "b", "b", "c", "c"]
WEEKS = [0.0, 4.0, 0.0, 0.0, 0.0, NAN, NAN, 4.0, 4.00000001]
NAMES = ["alt", "alt", "ast", "alt", "alt", "alt", "alt", "ast", "ast"]
SHARED = [0, 3, 5, 6, 7, 8]  # two of week 0, two of weeks not known, two within a minute; b's week 0 is not a's


@pytest.mark.parametrize("chunk", [1, 2, 3, 100])
@pytest.mark.parametrize("order", [range(9), [8, 3, 5, 0, 2, 6, 1, 7, 4]])
def test_rows_of_one_day_wherever_a_part_ends(monkeypatch, chunk, order):
    monkeypatch.setattr(contradictions, "_CHUNK", chunk)
    order = list(order)
    ids, weeks, names = (pd.Series(one).iloc[order] for one in (IDS, WEEKS, NAMES))
    ids = ids.astype("category")
    assert [order[row] for row in shared_days(weeks, ids, names)] == [one for one in order if one in SHARED]


def test_weeks_that_no_study_has_are_no_reason_to_stop():
    """Of infinite ones no more is claimed than that they may be the same; those that repeat nothing are sorted out."""
    weeks = pd.Series([np.inf, np.inf, -np.inf, 1e300])
    rows = shared_days(weeks, pd.Series(["a"] * 4), pd.Series(["alt"] * 4))
    assert {0, 1} <= set(rows.tolist())
    table = pd.DataFrame({"week": weeks})
    assert repeated(table, ["week"], rows).tolist() == [False, True, False, False]


def test_each_category_is_asked_once_and_a_gap_never():
    column = pd.Series(pd.Categorical(["x", None, "y"], categories=["x", "y", "unused"]))
    assert rows_where(column, lambda texts: texts != "x").tolist() == [False, False, True]
    assert rows_where(pd.Series(["x", "y"]), lambda texts: texts != "x").tolist() == [False, True]


@pytest.mark.parametrize("odd", ["P2 ", " P2", "P 2", "Ｐ2", ""])
def test_keys_of_categories_are_those_of_their_texts(odd):
    ids = pd.Series(["P1", odd, "P1"], dtype="category")
    assert row_keys(ids, coded=True).tolist() == ["P1", odd.strip().replace("Ｐ", "P"), "P1"]
