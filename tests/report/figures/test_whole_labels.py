"""Labels, legends and titles are whole: nothing of them is cut off, and none lies on another."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.text import Text

from relapse_model.errors import RelapseModelError
from relapse_model.report.figures.forest_rows import two_lines
from relapse_model.report.figures.style import drawn_for, journal, new_figure, put_legend
from relapse_model.report.figures.survival import kaplan_meier_figure
from relapse_model.report.figures.validation import calibration_figure

SLOPE, STEP = "Rise of bilirubin in the first year", ", per SD (0.025 log10 mg/dL per 4 weeks)"


def test_a_name_of_75_letters_stands_whole_on_two_lines():
    """35 letters of the name and 41 of its step: too long for one line of 58, short enough for two."""
    lines = two_lines(SLOPE, STEP, 58).split("\n")
    assert " ".join(lines) == SLOPE + STEP
    assert max(map(len, lines)) <= 58


@pytest.mark.parametrize("label", ["Fibrosis " * 20, "x" * 200])
def test_a_name_that_no_two_lines_hold_is_cut_and_its_step_is_not(label):
    lines = two_lines(label, ", per SD", 40).split("\n")
    assert len(lines) <= 2
    assert "..." in lines[0] + lines[-1]
    assert lines[-1].endswith("per SD")


@pytest.mark.parametrize("width", [None, 85, 180])
def test_title_note_and_figures_of_the_calibration_plot_stand_above_each_other(width):
    """In the letters of a page and of a journal alike; the title lay on the note where letters are small."""
    rng = np.random.default_rng(0)
    risk = rng.uniform(0.05, 0.4, 130)
    outcome = (rng.random(130) < risk).astype(float)
    if width is None:
        figure = calibration_figure(outcome, risk)
    else:
        with drawn_for(journal(width)):
            figure = calibration_figure(outcome, risk)
    figure.draw_without_rendering()
    main = figure.axes[0]
    (heading,) = (text for text in main.findobj(Text) if text.get_text() == "Calibration")
    title, note, figures = (text.get_window_extent() for text in (heading, *main.texts))
    assert title.y0 >= note.y1
    assert note.y0 >= figures.y1
    assert title.y1 <= figure.bbox.y1  # nor is it cut off at the top


def test_a_legend_wider_than_its_figure_has_one_column():
    figure = new_figure(3.0)
    axes = figure.subplots()
    for place in range(2):
        axes.plot([0, 1], [place, 1], label=f"{place}: a dose of hepatitis B immunoglobulin of 400 IU")
    put_legend(figure, axes, None, ncols=2)
    figure.draw_without_rendering()
    (legend,) = figure.legends
    first, second = (text.get_window_extent() for text in legend.get_texts())
    assert first.y0 > second.y1  # below each other
    assert legend.get_window_extent().x1 <= figure.bbox.x1


def test_a_figure_that_arranges_its_own_panels_refuses_axes_by_name():
    with pytest.raises(RelapseModelError, match=r"^kaplan_meier_figure: ax is given.*Leave ax out"):
        kaplan_meier_figure([1.0, 2.0], [1, 0], ax=new_figure(3.0).subplots())
