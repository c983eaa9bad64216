"""What is disclosed of counts leaves two values or more of every small one, among all tables that agree with it."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from relapse_model.small_counts import HIDDEN, disclosed_counts, hidden_cells


def possible(cell, total, *, least, whole):
    """Return the counts that a cell may stand for: a disclosed one, a small one, a hidden one, or any if all are."""
    if whole:
        return range(total + 1)
    if cell == HIDDEN:
        return range(5, total + 1)
    return range(least, 5) if cell == "<5" else [int(cell)]


def agreeing(stated, total, *, least, whole=None):
    """Return all counts with this sum that agree with what is disclosed."""
    whole = set(stated) == {HIDDEN} if whole is None else whole
    choices = [possible(cell, total, least=least, whole=whole) for cell in stated]
    return [counts for counts in product(*choices) if sum(counts) == total]


def left(stated, counts, *, least, whole=None):
    """Return how many values are left of each small count that is not disclosed."""
    tables = np.array(agreeing(stated, sum(counts), least=least, whole=whole))
    assert tuple(counts) in set(map(tuple, tables.tolist()))  # nothing false is disclosed
    return [len(set(column)) for column, count in zip(tables.T, counts, strict=True) if 0 < count < 5]


def column(counts):
    return np.array(counts, dtype=np.intp)[:, None]


def words(counts):
    small, besides = hidden_cells(column(counts), zeros_disclosed=True)
    return [
        "<5" if is_small else HIDDEN if is_hidden else str(count)
        for count, is_small, is_hidden in zip(counts, small[:, 0], besides[:, 0], strict=True)
    ]


def test_the_sum_of_what_is_hidden_gives_nothing_away_by_hand():
    # 1 + 5: a hidden count is 5 at least, a small one 1 at least, so 6 has one way only; with 94 it has four.
    assert words([1, 5, 94]) == ["<5", HIDDEN, HIDDEN]
    # 1 + 1 is 2 and 4 + 4 is 8 in one way only.
    assert words([1, 1, 98]) == ["<5", "<5", HIDDEN]
    assert words([4, 4, 92]) == ["<5", "<5", HIDDEN]
    assert words([1, 2, 98]) == ["<5", "<5", "98"]  # or 2 and 1
    assert disclosed_counts([1, 5, 20]) == ("<5", HIDDEN, HIDDEN)
    # 0 is disclosed where it may be: it points at nobody.
    assert words([0, 30, 20]) == ["0", "30", "20"]
    # 3 may be 1 to 4 beside 9: the smallest other one does.
    assert words([3, 20, 9]) == ["<5", "20", HIDDEN]


@pytest.mark.parametrize("counts", [[1, 1], [1, 5], [4, 4], [1, 5, 5, 5], [3]])
def test_a_table_too_small_for_that_is_hidden_alike(counts):
    assert disclosed_counts(counts) == (HIDDEN,) * len(counts)


@given(st.lists(st.integers(0, 12), min_size=1, max_size=4))
@example([1, 5, 12])
@example([4, 4, 12])
@example([0, 4, 5, 9])
@settings(max_examples=150, deadline=None)
def test_every_small_count_has_two_values_that_agree_with_all_that_is_told(counts):
    for stated, least in ((words(counts), 1), (disclosed_counts(counts), 0 if 0 in counts else 1)):
        if not any(counts):
            assert list(stated) == ["0"] * len(counts)
        elif set(stated) != {HIDDEN}:
            assert all(values > 1 for values in left(stated, counts, least=least))
        elif min(counts) < 5:  # all are hidden only where less cannot do
            most = ["<5" if count < 5 and (count or least == 0) else HIDDEN if count >= 5 else "0" for count in counts]
            assert min(left(most, counts, least=least, whole=False)) == 1
            assert sum(counts) < 5 or len(counts) == 1 or min(left(stated, counts, least=least)) > 1


def tables_of(counts, small, besides):
    """Yield all tables of two groups and their sum, each group of its known size, that agree with what is disclosed."""
    levels, sizes = len(counts), counts.sum(axis=0)
    least = [0 if (counts[:, place] == 0).any() else 1 for place in range(3)]

    def fits(row, place, value):
        if besides.all():
            return True
        if small[row, place]:
            return least[place] <= value <= 4
        return value >= 5 if besides[row, place] else value == counts[row, place]

    def columns(place):
        for head in product(range(sizes[place] + 1), repeat=levels - 1):
            one = [*head, sizes[place] - sum(head)]
            if one[-1] >= 0 and all(fits(row, place, value) for row, value in enumerate(one)):
                yield np.array(one)

    second = list(columns(1))
    for one in columns(0):
        for two in second:
            if all(fits(row, 2, value) for row, value in enumerate(one + two)):
                yield np.stack([one, two, one + two], axis=1)


@given(st.lists(st.lists(st.integers(0, 8), min_size=2, max_size=2), min_size=2, max_size=3))
@example([[1, 5], [5, 5], [8, 8]])
@example([[0, 1], [5, 5]])
@settings(max_examples=40, deadline=None)
def test_in_a_table_with_sums_every_small_count_has_two_values_too(rows):
    counts = np.array([[*row, sum(row)] for row in rows], dtype=np.intp)
    small, besides = hidden_cells(counts)
    if besides.all():
        return
    assert (small == (counts < 5)).all()
    assert not (small & besides).any()
    found = np.stack(list(tables_of(counts, small, besides)))
    few = (counts > 0) & (counts < 5)
    assert (found.min(axis=0) < found.max(axis=0))[few].all()


def test_a_count_that_is_shown_nowhere_is_not_to_be_worked_out_either():
    # 20 patients: 10 relapsed, 8 were lost, and 2, who are not shown, are free: one of the others is hidden.
    counts = column([10, 8, 2])
    small, besides = hidden_cells(counts, zeros_disclosed=True, unshown=column([0, 0, 1]).astype(bool))
    assert besides[:, 0].tolist() == [False, True, False]
    # Of 3 who relapsed nothing else is hidden, as those free are not shown anyway.
    small, besides = hidden_cells(column([3, 8, 9]), zeros_disclosed=True, unshown=column([0, 0, 1]).astype(bool))
    assert (small[:, 0].tolist(), besides[:2, 0].tolist()) == ([True, False, False], [False, False])
    # Where none is small nothing is.
    small, besides = hidden_cells(column([7, 8, 9]), zeros_disclosed=True, unshown=column([0, 0, 1]).astype(bool))
    assert not besides[:2].any()
