"""A table of a journal: text in every cell, a true minus, rows of the right length."""

from __future__ import annotations

import pytest

from relapse_model.errors import RelapseModelError
from relapse_model.report.paper.journal_table import INDENT, JournalTable, inner, interval, journal_table


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("-1.5", "−1.5"),
        ("0.2 (-.5 to 1)", "0.2 (−.5 to 1)"),
        ("-1 to -2", "−1 to −2"),
        ("HBV-2", "HBV-2"),  # part of a name
        ("2020-11-28", "2020-11-28"),  # a date
        ("RM-", "RM-"),
        ("a  b\n c", "a b c"),  # one line
    ],
)
def test_a_hyphen_before_a_number_is_a_minus_and_no_other(text, shown):
    assert journal_table("t", ["a"], [[text]]).rows == ((shown,),)


def test_nothing_is_an_empty_cell_and_no_zero():
    assert journal_table("t", ["a", "b"], [[None, 0]]).rows == (("", "0"),)


def test_a_row_of_another_length_is_refused():
    with pytest.raises(RelapseModelError, match=r"rows \[2\] have another number of cells; expected 2"):
        JournalTable("t", ("a", "b"), (("1", "2"), ("1",)))


def test_inner_rows_keep_their_mark_through_everything():
    (row,) = journal_table("t", ["a"], [[inner("  x ")]]).rows
    assert row == (f"{INDENT}x",)


def test_notes_are_sentences_and_empty_ones_are_left_out():
    assert journal_table("t", ["a"], [], ["counts in full", "", "p < 0.05?"]).notes == ("Counts in full.", "P < 0.05?")


def test_the_level_is_said():
    assert interval(0.9) == "90 % CI"
