"""Columns of a performance that name their patients are paired by name or refused, and folds have labels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.validation import performance

N = 60
GIVEN = {
    "relapse": np.tile([0.0, 1.0, 0.0], 20), "risk": np.linspace(0.05, 0.9, N), "weight": np.ones(N),
    "time": np.linspace(1.0, 48.0, N), "event": np.tile([0.0, 1.0, 0.0], 20), "fold": np.arange(N) % 4,
}  # fmt: skip


@pytest.mark.parametrize("odd", ["risk", "weight", "time", "event", "fold"])
def test_a_series_in_another_order_is_refused(odd):
    order = {name: np.arange(N)[::-1] if name == odd else np.arange(N) for name in GIVEN}
    with pytest.raises(rm.RelapseModelError, match="by their index"):
        performance(**{name: pd.Series(column, index=order[name]) for name, column in GIVEN.items()})


@pytest.mark.parametrize("nobody", [None, np.nan])
def test_a_fold_without_a_label_is_refused(nobody):
    labels = GIVEN["fold"].astype(object)
    labels[3] = nobody
    with pytest.raises(rm.RelapseModelError, match="fold"):
        performance(**GIVEN | {"fold": labels})


def test_series_of_one_index_are_judged_as_arrays_are():
    index = pd.Index([f"P{place}" for place in range(N)])
    series = performance(**{name: pd.Series(column, index=index) for name, column in GIVEN.items()})
    assert series.measures == performance(**GIVEN).measures
