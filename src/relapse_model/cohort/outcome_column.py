"""An outcome without a week: a column of the patients table that says whether it came by the horizon."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from relapse_model.arrays import Floats, Mask
from relapse_model.cohort.tables.column_values import read_texts
from relapse_model.cohort.tables.columns import MISSING_WORDS
from relapse_model.study.names import level_of, yes_or_no
from relapse_model.study.prediction import OutcomeRule

UNKNOWN_WORDS = MISSING_WORDS | {"unknown", "unk", "not known", "未知", "不详"}


@dataclass(frozen=True, slots=True, eq=False)
class OutcomeCells:
    """A column of the outcome as read: 1, 0, NaN where it is not known; and the cells that say none of them."""

    value: Floats
    unusable: Mask


def outcome_cells(values: pd.Series, rule: OutcomeRule) -> OutcomeCells:
    """Read a column of the outcome.

    Parameters
    ----------
    values : Series
    rule : OutcomeRule
        With `column`.

    Examples
    --------
    >>> rule = OutcomeRule("death", column="status", equals="dead", others=("alive",))
    >>> read = outcome_cells(pd.Series(["Dead", "alive", "unknown", "lost"]), rule)
    >>> read.value.tolist(), read.unusable.tolist()
    ([1.0, 0.0, nan, nan], [False, False, False, True])
    """
    codes, distinct = pd.factorize(read_texts(values))
    read = [_cell(text, rule) for text in distinct]
    value = np.array([np.nan if one is None else float(one) for one in read], dtype=float)
    silent = np.array([text.casefold() in UNKNOWN_WORDS for text in distinct], dtype=bool)
    return OutcomeCells(value[codes], (np.isnan(value) & ~silent)[codes])


def _cell(text: str, rule: OutcomeRule) -> bool | None:
    if text.casefold() in UNKNOWN_WORDS:
        return None
    if rule.others:
        level = level_of(text, (str(rule.equals), *rule.others))
        return None if level is None else level == rule.equals
    said = yes_or_no(text)
    return None if said is None else said is (True if rule.equals is None else yes_or_no(rule.equals))


def expected_cells(rule: OutcomeRule) -> str:
    """Say what is expected in the column of the outcome.

    Parameters
    ----------
    rule : OutcomeRule
    """
    unknown = "or an empty cell or 'unknown' where it is not known"
    if rule.others:
        return f"{rule.equals!r} (the outcome), {', '.join(map(repr, rule.others))} (free of it), {unknown}"
    return f"yes or no (1 or 0), {unknown}"
