"""Figures for a journal: size, letters, embedded fonts, a true minus, no transparency; and on axes of one's own."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from relapse_model.errors import RelapseModelError
from relapse_model.report.figures import journal_files, style
from relapse_model.report.figures.flow import flow_figure, flow_svg
from relapse_model.report.figures.journal_files import figure_files, require_letters
from relapse_model.report.figures.model import coefficients_figure
from relapse_model.report.figures.style import drawn_for, journal
from relapse_model.report.figures.titre_forecast import titre_forecast_figure
from relapse_model.report.figures.trial import ForestRow, difference_forest
from relapse_model.report.figures.validation import decision_curve_figure, risk_figure
from relapse_model.validation.decision_curve import NetBenefit


def forest(label="Primary", **more):
    rows = [ForestRow(label, -0.021, -0.1, 0.05, "-2.1 (-10.0 to +5.0)", True)]
    return difference_forest(rows, "points", ("fewer", "more"), **more)


@pytest.fixture(scope="module")
def figure():
    with drawn_for(journal(85)):
        return forest()


@pytest.fixture(scope="module")
def files(figure):
    return figure_files(figure, 300)


def letters_of(figure):
    return [text for text in figure.findobj(Text) if text.get_text().strip() and text.get_visible()]


@pytest.mark.parametrize("width", [85, 180])
def test_the_width_is_that_of_a_column_and_letters_have_7_to_9_points(width, model, trial):
    with drawn_for(journal(width)):
        drawn = [forest(), coefficients_figure(model, level=0.95), flow_figure(trial.flow)]
    for one in drawn[:2]:
        assert 25.4 * one.get_size_inches()[0] == pytest.approx(width)
    for one in drawn:
        assert {7 <= text.get_fontsize() <= 9 for text in letters_of(one)} == {True}


def test_a_page_keeps_its_look_after_a_journal():
    before = forest()
    with drawn_for(journal(85)):
        forest()
    after = forest()
    assert style.svg(before) == style.svg(after)
    assert after.get_size_inches()[0] == pytest.approx(style.WIDTH)


def test_numbers_have_a_true_minus(figure):
    texts = [text.get_text() for text in letters_of(figure)]
    assert "−2.1 (−10.0 to +5.0)" in texts
    assert not [text for text in texts if re.search(r"(?<!\w)-\d", text)]


def test_pdf_embeds_truetype_letters_and_svg_has_outlines(files):
    assert set(files) == {"svg", "pdf", "png", "tiff"}
    assert b"/FontFile2" in files["pdf"]
    assert b"/Type3" not in files["pdf"]
    assert b"CreationDate" not in files["pdf"]
    assert b"<text" not in files["svg"]


def test_pictures_have_the_resolution_and_no_transparency(files):
    for form in ("png", "tiff"):
        with Image.open(io.BytesIO(files[form])) as picture:
            assert picture.mode == "RGB"
            assert picture.info["dpi"] == pytest.approx((300, 300), abs=0.01)
            assert picture.width == pytest.approx(85 / 25.4 * 300, abs=2)
            assert picture.getpixel((0, 0)) == (255, 255, 255)
    with Image.open(io.BytesIO(files["tiff"])) as picture:
        assert picture.info["compression"] == "tiff_lzw"


def test_the_same_figure_gives_the_same_bytes(figure, files):
    assert figure_files(figure, 300) == files


def test_chinese_letters_are_drawn_and_embedded():
    if len(style.families()) < 3:
        pytest.skip("this computer has no font for Chinese")
    with drawn_for(journal(85)):
        chinese = forest("抗体滴度")
    content = figure_files(chinese, 300)
    assert content["pdf"].count(b"/Type3") > 0  # letters of a collection of OpenType fonts
    with drawn_for(journal(85)):
        other = forest("口口口口")  # boxes of the same size: the pictures would be alike if letters were not drawn
    assert content["png"] != figure_files(other, 300)["png"]


def test_letters_that_no_font_has_are_refused_and_named(monkeypatch):
    monkeypatch.setattr(journal_files, "families", lambda: ["DejaVu Sans", "sans-serif"])
    with drawn_for(journal(85)):
        chinese = forest("滴度")
    with pytest.raises(RelapseModelError, match=r"the letters 度滴; expected one, .* Install a font that has them"):
        require_letters(chinese)


def curve():
    return NetBenefit(np.array([0.1, 0.2]), np.array([0.05, 0.02]), np.array([0.05, 0.0]), np.array([0.0, 0.1]))


@pytest.mark.parametrize(
    "draw",
    [
        lambda model, ax: forest(ax=ax),
        lambda model, ax: coefficients_figure(model, ax=ax),
        lambda model, ax: decision_curve_figure(curve(), ax=ax),
        lambda model, ax: risk_figure([1.0, 0.0] * 12, np.linspace(0.1, 0.4, 24), ax=ax),
        lambda model, ax: titre_forecast_figure(
            pd.DataFrame({"week": [0, 4], "median": [90, 50], "lower": [70, 30], "upper": [120, 80]}), 100, ax=ax
        ),
    ],
)  # fmt: skip
def test_a_figure_is_drawn_on_axes_of_ones_own(draw, model):
    own = Figure(figsize=(7, 3), layout="constrained")
    left, right = own.subplots(1, 2)
    size = tuple(own.get_size_inches())
    assert draw(model, right) is own
    assert len(own.axes) == 2
    assert right.has_data()
    assert not left.has_data()
    assert tuple(own.get_size_inches()) == size
    assert own.get_layout_engine() is not None  # the arrangement is the owner's
    own.draw_without_rendering()


def test_the_flow_is_drawn_on_axes_of_ones_own_and_says_what_the_page_says(trial):
    own = Figure(figsize=(4.4, 4))
    axes = own.subplots()
    assert flow_figure(trial.flow, ax=axes) is own
    words = " ".join(text.get_text().strip() for text in letters_of(own))
    page = " ".join(re.findall(r"<text[^>]*>([^<]*)</text>", flow_svg(trial.flow)))
    assert sorted(re.findall(r"\w+", words)) == sorted(re.findall(r"\w+", page))


@pytest.mark.parametrize("width", [85, 180])
def test_no_line_of_the_flow_juts_out_of_its_box(trial, width):
    chinese = "患者因多次注射而撤回知情同意书并且随后搬离本市无法继续随访" if len(style.families()) > 2 else ""
    why = f"withdrew consent MMMMMM because of injections, and moved away {'W' * 40} thereafter {chinese}"
    arms = tuple(replace(arm, lost_reasons=((why, arm.lost),)) for arm in trial.flow.arms)
    with drawn_for(journal(width)):
        drawn = flow_figure(replace(trial.flow, arms=arms))
    (axes,) = drawn.axes
    drawn.draw_without_rendering()
    boxes = [patch.get_xy() for patch in axes.patches]
    for text in axes.texts:
        x, y = text.get_position()
        (box,) = [b for b in boxes if b[:, 0].min() < x < b[:, 0].max() and b[:, 1].min() < y < b[:, 1].max()]
        right = axes.transData.inverted().transform(text.get_window_extent())[1, 0]
        assert right <= box[:, 0].max(), text.get_text()


def test_every_figure_function_with_one_panel_takes_axes(root):
    """By `one_axes`, but for those of one patient, of one predictor, and the beeswarm, which shap draws."""
    folder = root / "src" / "relapse_model" / "report" / "figures"
    own = {path.name for path in folder.glob("*.py") if "axes = figure.subplots()" in path.read_text(encoding="utf-8")}
    assert own <= {"patient.py", "dependence.py", "model.py"}
    for path in folder.glob("*.py"):
        for function in re.split(r"^def ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
            if "= one_axes(ax" in function:
                assert "ax: Axes | None = None" in function, function[:40]
