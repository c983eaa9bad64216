"""Forest plots: the line of no effect is not interrupted, and what is printed is the interval to be read."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from relapse_model.report.biomarkers_page import _forest_caption
from relapse_model.report.figures.biomarker_forest import biomarker_forest
from relapse_model.report.figures.forest_rows import label_lines
from relapse_model.report.figures.trial import ForestRow, difference_forest

LONG = "Multiple imputation, odds multiplied by 20.1 in those of the treatment arm who were lost"


@pytest.fixture
def difference():
    rows = [ForestRow("Primary analysis", 0.021, -0.115, 0.158, "+2.1 (-11.5 to +15.8)", True),
            ForestRow(LONG, 0.072, -0.074, 0.219, "+7.2 (-7.4 to +21.9)"),
            ForestRow("Sex: F (1/20 v 2/24)", words="counts only")]  # fmt: skip
    return difference_forest(rows, "HBIG minus control", ("fewer", "more"))


def screen(selected=False):
    return pd.DataFrame({"label": ["HBV genotype C", "Highest ALT in the preceding year"], "per": ["yes", "log10"],
                         "log_odds": [0.95, -0.36], "lower": [-0.58, -2.1], "upper": [2.47, 1.41],
                         "simultaneous_lower": [-1.02, -2.7], "simultaneous_upper": [2.91, 1.93], "p": [0.17, 0.68],
                         "selected": [selected, False]})  # fmt: skip


def reach(figure, where):
    """The ends of the texts at the left, or at the right, as a share of the width of the axes."""
    figure.draw_without_rendering()
    axes = figure.axes[0]
    boxes = [(text, axes.transAxes.inverted().transform(text.get_window_extent())) for text in axes.texts]
    if where == "left":
        return [box[1][0] for text, box in boxes if text.get_ha() == "left"]
    return [box[0][0] for text, box in boxes if text.get_ha() == "right"]


@pytest.mark.parametrize("kind", ["difference", "biomarkers"])
def test_no_label_reaches_the_line_of_no_effect_and_the_whole_width_is_used(kind, difference):
    figure = difference if kind == "difference" else biomarker_forest(screen())
    axes = figure.axes[0]
    low, high = axes.get_xlim()
    nothing = 0.0 if kind == "difference" else 1.0
    middle = (nothing - low) / (high - low) if kind == "difference" else -np.log(low) / np.log(high / low)
    assert middle == pytest.approx(0.5, abs=1e-9)
    assert max(reach(figure, "left")) < 0.5 < min(reach(figure, "right"))
    box = axes.get_position()
    assert box.width > 0.9  # of the figure


def test_a_label_takes_two_lines_at_most():
    assert label_lines("Per protocol") == ["Per protocol"]
    assert len(label_lines(LONG)) == 2
    assert label_lines(LONG)[-1].endswith("...")


def test_the_simultaneous_interval_is_printed():
    printed = [text.get_text() for text in biomarker_forest(screen()).axes[0].texts if "(" in text.get_text()]
    assert printed == ["2.59 (0.36 to 18.36)", "0.70 (0.07 to 6.89)"]  # exp of -1.02, 2.91; of -2.7, 1.93


def test_the_caption_explains_only_what_is_drawn():
    assert "Orange" not in _forest_caption(screen())
    assert "Orange: selected." in _forest_caption(screen(selected=True))
    assert "is the one to read" in _forest_caption(screen())
