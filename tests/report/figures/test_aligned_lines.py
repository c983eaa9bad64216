"""Labels of several lines: tied to the edge on which they are aligned, in whatever font and language."""

from __future__ import annotations

import re

import pytest

from relapse_model.report.figures.style import new_figure, styled, svg

LINE = re.compile(r'<text[^>]*text-anchor="(\w+)" transform="translate\(([\d.]+) ([\d.]+)\)[^"]*">([^<]*)<')


@styled
def labelled():
    figure = new_figure(2.0)
    axes = figure.subplots()
    axes.set_yticks([0, 1], ["HBsAg before treatment\n(IU/mL)", "Age"])
    axes.set_xticks([0, 1], ["with the outcome\n(n = 3)", "lost"])
    axes.set_ylabel("Patients\nper 2 %")
    axes.set_title("two lines\nfrom the left")
    return figure


@pytest.fixture(scope="module")
def lines():
    return {text: (anchor, float(x), float(y)) for anchor, x, y, text in LINE.findall(svg(labelled()))}


def test_lines_that_end_at_an_axis_end_at_one_place(lines):
    first, second = lines["HBsAg before treatment"], lines["(IU/mL)"]
    assert first[:2] == second[:2]
    assert first[0] == "end"
    assert second[2] - first[2] == pytest.approx(10.8, abs=0.2)  # below it, by a line of 9 points


def test_centred_lines_have_one_middle_upright_ones_too(lines):
    assert lines["with the outcome"][:2] == lines["(n = 3)"][:2]
    upright = lines["Patients"], lines["per 2 %"]
    assert {one[0] for one in upright} == {"middle"}
    assert upright[0][2] == upright[1][2]
    assert upright[0][1] < upright[1][1]


def test_lines_from_the_left_are_left_as_they_are(lines):
    assert "two lines" not in lines


def test_the_same_figure_gives_the_same_characters():
    figure = labelled()
    assert svg(figure) == svg(figure) == svg(labelled())
