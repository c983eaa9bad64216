"""A few lines of HTML: escaped, cut where it is long, without script or style sheet."""

from __future__ import annotations

from html_text import texts_of

from relapse_model.display.html_summary import MOST_ROWS, html_summary


def test_every_text_is_escaped():
    hostile = "<script>alert('x')</script>"
    html = html_summary(hostile, [(hostile, hostile)], columns=(hostile,), rows=[(hostile,)], note=hostile)
    assert "<script" not in html
    assert texts_of(html).count(hostile) == 6


def test_a_long_table_is_cut_and_says_so():
    html = html_summary("t", columns=("a", "b"), rows=[(i, i) for i in range(MOST_ROWS + 3)])
    assert html.count("<tr>") == MOST_ROWS + 1
    assert "3 more rows are not shown." in html


def test_facts_that_are_not_known_are_left_out_and_numbers_are_readable():
    assert texts_of(html_summary("t", [("a", None), ("b", ""), ("c", 0), ("d", 12345), ("e", True)])) == [
        "t", "c", "0", "d", "12,345", "e", "yes",
    ]  # fmt: skip


def test_it_takes_its_colours_from_the_page():
    html = html_summary("t", [("a", 1)], note="n")
    assert "<style" not in html
    assert "#" not in html
    assert "rgb(" not in html
