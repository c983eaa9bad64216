"""What a study asks of the columns of the patients table: which cells it cannot use."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.cohort.laboratory.text import read_lab_texts
from relapse_model.cohort.tables.column_values import texts
from relapse_model.cohort.tables.columns import MISSING_WORDS
from relapse_model.study.study import Predictor


@dataclass(frozen=True, slots=True)
class UnusableCells:
    """The rows of a column that a predictor cannot use, and what it expects there."""

    rows: NDArray[np.bool_]
    expected: str


def unusable_cells(values: pd.Series, predictor: Predictor) -> UnusableCells:
    """Find the cells that are neither missing nor what the predictor needs.

    Parameters
    ----------
    values : Series
        The column that the predictor names.
    predictor : Predictor
    """
    if predictor.equals is not None:
        return UnusableCells(np.zeros(len(values), dtype=bool), "")
    if predictor.levels:
        text = texts(values)
        missing = text.str.casefold().isin(MISSING_WORDS).to_numpy()
        unknown = ~text.isin(predictor.levels).to_numpy() & ~missing
        return UnusableCells(unknown, f"one of {', '.join(predictor.levels)}")
    if pd.api.types.is_numeric_dtype(values.dtype):
        number = values.to_numpy(dtype=float)
        bad = np.zeros(len(values), dtype=bool)
    else:
        read = read_lab_texts(values)
        # The name of a column states its unit, so a logarithm in it is a mistake that nobody would see.
        bad = ~read["kind"].isin(["number", "missing"]).to_numpy() | read["log10"].to_numpy(dtype=bool)
        number = read["number"].to_numpy(dtype=float)
    if predictor.scale == "log10":
        return UnusableCells(bad | (number <= 0), "a number above 0, or a limit such as '<0.05'")
    return UnusableCells(bad, "a number, or a limit such as '<0.05', not on a log10 scale")
