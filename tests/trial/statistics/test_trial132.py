"""The table of golden values, made by rule, is the one they were computed on."""

from __future__ import annotations

import numpy as np
from golden_trials import read
from trial132 import trial132


def test_the_rule_gives_the_table():
    table, made = read("golden", "trial132.csv"), trial132()
    for column, values in (
        ("arm", np.where(made.arm == 1, "hbig", "control")), ("centre", made.centre), ("x", made.x),
        ("relapse", made.relapse), ("week", made.week), ("event", made.event),
    ):  # fmt: skip
        assert (table[column].to_numpy() == values).all(), column


def test_its_counts():
    made = trial132()
    hbig = made.arm == 1
    assert (hbig.sum(), made.relapse[hbig].sum(), made.relapse[~hbig].sum()) == (66, 7, 14)
    assert [((made.week == 20) & (made.event == 0) & who).sum() for who in (hbig, ~hbig)] == [4, 4]
