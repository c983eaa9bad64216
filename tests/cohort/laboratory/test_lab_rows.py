"""What results are read from: texts by number, and what the laboratory said of detection."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.cohort.laboratory.lab_rows import coded, lab_rows

PRINTED = ["b", None, "a", "b", "c"]
COLUMNS = [pd.Series(PRINTED), pd.Series(PRINTED, dtype="category"), pd.Series(PRINTED, dtype=object)]


@pytest.mark.parametrize("column", COLUMNS, ids=["texts", "categories", "objects"])
def test_texts_are_found_and_ranked_whatever_the_kind_of_column(column):
    texts = coded(column)
    assert texts.among("b").tolist() == [True, False, False, True, False]
    assert texts.among("a", "c").tolist() == [False, False, True, False, True]
    assert not texts.among("none of them").any()
    assert texts.rank().tolist() == [1, 3, 0, 1, 2]  # a, b, c, then no text
    some = texts.take(np.array([4, 1]))
    assert some.among("c").tolist() == [True, False]
    assert some.rank().tolist() == [2, 3]  # ranked among all, so that parts agree


def test_rows_hold_what_the_gate_read():
    labs = pd.DataFrame({
        "patient_id": ["p1", "p1", "p1"], "week": [0, 4, 8], "analyte": "hbsag", "unit": "IU/mL",
        "value": ["5", "<0.05 not detected", "0"],
    })  # fmt: skip
    cohort = rm.make_cohort(pd.DataFrame({"patient_id": ["p1"]}), labs)
    rows = lab_rows(cohort.labs)
    assert rows.detected.tolist() == [1, 0, -1]  # a zero says nothing
    assert rows.comparator.among("<").tolist() == [False, True, False]
    assert rows.assay is rows.lower_limit is rows.minute is None  # columns that the table lacks
    last = rows.take(np.array([2]))
    assert (last.week.tolist(), last.number.tolist(), len(last)) == ([8.0], [0.0], 1)
