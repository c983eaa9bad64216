"""The nomogram: what a ruler reads off it is the model's risk, and no label covers another."""

from __future__ import annotations

import warnings
from dataclasses import replace
from itertools import combinations

import matplotlib
import numpy as np
import pytest
from additive_model import PREDICTORS, TOLD, Additive, additive_model, numbers, study_of

from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.model.relapse_model import RelapseModel
from relapse_model.report.figures import style
from relapse_model.report.nomogram import nomogram_axes, nomogram_figure

# The reference of the additive model: titre 1.5, age 40, genotype C, half an arm; its log-odds by hand:
# -1 - 1.5 + 2 + 0.01 = -0.49. Ranges of the effects: titre 3 - log10 5 = 2.30103 (100 points), age 2,
# genotype 0.6, arm 0.02: 4.92103 log-odds or 213.86 points in all. Lowest effects: -1.5, -1, 0, -0.01.
PER_POINT = 2.30103 / 100
LOWEST = -0.49 - 1.5 - 1.0 - 0.01


def drawn_texts(figure):
    return [text for text in figure.findobj(matplotlib.text.Text) if text.get_visible() and text.get_text().strip()]


def assert_no_text_covers_another(figure):
    with warnings.catch_warnings():  # this computer may have no font for Chinese; the pages' browsers have one
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.draw_without_rendering()
        boxes = {text: text.get_window_extent() for text in drawn_texts(figure)}
    width, height = figure.get_size_inches() * figure.dpi
    for text, box in boxes.items():
        assert box.x0 >= 0, text
        assert box.x1 <= width, text
        assert box.y0 >= 0, text
        assert box.y1 <= height, text
    for (one, box), (other, other_box) in combinations(boxes.items(), 2):
        assert not box.overlaps(other_box), (one, other)


def labels_below(figure, title):
    """Return the labels of one axis, each with its place in inches from the left."""
    texts = drawn_texts(figure)
    names = sorted((text for text in texts if text.get_position()[0] < 0.1), key=lambda text: text.get_position()[1])
    top = next(text.get_position()[1] for text in names if text.get_text().startswith(title))
    below = [text.get_position()[1] for text in names if text.get_position()[1] > top]
    end = min(below, default=np.inf)
    return {
        text.get_text(): text.get_position()[0]
        for text in texts
        if text.get_ha() == "center" and top < text.get_position()[1] < end
    }


def many_predictors():
    """Return a model of 14 predictors, some of hardly any effect, with long labels, and one with many levels."""
    extra = "".join(
        f"""
[[predictors]]
name = "extra_{place}"
label = "{label}"
kind = "column"
column = "extra_{place}"
unit = "{unit}"
"""
        for place, (label, unit) in enumerate(
            [
                ("Alanine aminotransferase at the end of treatment, highest value of the last year", "U/L"),
                ("Costs $5 or $6", "visits"), ("Platelets", "10*9/L"), ("年龄", "years"),
                ("Weeks since HBsAg loss", "weeks"), ("Bilirubin", "umol/L"), ("Albumin", "g/L"),
                ("Body mass index", "kg/m2"), ("HBV DNA", "log10 IU/mL"),
            ]
        )
    )  # fmt: skip
    levels = """
[[predictors]]
name = "stage"
label = "Stage"
kind = "column"
column = "stage"
levels = ["none", "mild fibrosis of the portal fields", "bridging fibrosis", "compensated cirrhosis", "unknown to us"]
"""
    study = study_of(PREDICTORS + extra + levels)
    ranges = [(15, 90), (0, 3), (90, 300), (20, 60), (0, 130), (5, 40), (30, 50), (18, 28), (-2, 3)]
    stated = dict(TOLD) | {
        f"extra_{place}": numbers((low + high) / 2, low, high) for place, (low, high) in enumerate(ranges)
    }
    stated["stage"] = {"missing": 0, "levels": dict.fromkeys(study.predictor("stage").levels, 20)}
    effects = [0.9, 0.05, -1.2, 0.4, -2.0, 0.02, -0.6, 0.3, 1.5]
    slopes = [effect / (high - low) for effect, (low, high) in zip(effects, ranges, strict=True)]
    coef = (-1.0, 0.05, 0.3, 0.6, 0.02, *slopes, 0.01, 0.02, 0.03, 0.04)
    return RelapseModel(study, 0.0, "ridge_logistic", Additive(coef, -1.0, np.zeros(len(coef))), {"predictors": stated})


def test_the_axes_are_those_reckoned_by_hand():
    titre, age, genotype, arm = nomogram_axes(additive_model())
    assert titre.title == "Anti-HBs (mIU/mL)"
    np.testing.assert_allclose([titre.low, titre.high], [-1.5, 1.5 - np.log10(5)])
    np.testing.assert_allclose([age.low, age.high], [-1.0, 1.0])
    np.testing.assert_allclose([genotype.low, genotype.high], [0.0, 0.6], atol=1e-12)
    np.testing.assert_allclose([arm.low, arm.high], [-0.01, 0.01])
    words, effects = genotype.ticks[0]
    assert words == ("C", "B", "D")
    np.testing.assert_allclose(effects, [0.0, 0.3, 0.6], atol=1e-12)
    words, effects = titre.ticks[0]
    assert words == ("10", "100", "1000")
    np.testing.assert_allclose(effects, [0.5, -0.5, -1.5])


def test_a_ruler_reads_the_risk_of_the_model_off_it():
    figure = nomogram_figure(additive_model())
    points, total = labels_below(figure, "Points"), labels_below(figure, "Total points")
    titre, age, genotype = (labels_below(figure, title) for title in ("Anti-HBs", "Age", "HBV genotype"))
    inch = (points["100"] - points["0"]) / 100
    # Titre 10, age 30, genotype D, no HBIG: log-odds -1 - 1 + 1.5 + 0.6 = 0.1. The arm's axis starts at "no".
    added = sum(place - points["0"] for place in (titre["10"], age["30"], genotype["D"])) / inch
    assert LOWEST + PER_POINT * added == pytest.approx(0.1, abs=1e-3)
    # And under that total stands a risk of 52.5 %: between the marks of 50 and 60, where the logit says.
    place = total["0"] + added * (total["200"] - total["0"]) / 200
    risks = labels_below(figure, "Risk of HBsAg relapse by week 48 (%)")
    share = (place - risks["50"]) / (risks["60"] - risks["50"])
    assert share == pytest.approx(0.1 / np.log(0.6 / 0.4), abs=1e-3)


def test_every_mark_of_risk_stands_under_its_total():
    figure = nomogram_figure(additive_model())
    total = labels_below(figure, "Total points")
    inch = (total["200"] - total["0"]) / 200
    risks = labels_below(figure, "Risk of")
    assert {"10", "20", "50", "80"} <= set(risks)
    for words, place in risks.items():
        risk = float(words) / 100
        added = (np.log(risk / (1 - risk)) - LOWEST) / PER_POINT
        assert place == pytest.approx(total["0"] + added * inch, abs=0.002), words


def test_the_widest_predictor_spans_100_points_and_a_narrow_one_its_share():
    figure = nomogram_figure(additive_model())
    points, titre, age = (labels_below(figure, title) for title in ("Points", "Anti-HBs", "Age"))
    assert titre["1000"] == pytest.approx(points["0"])
    assert titre["5"] == pytest.approx(points["100"])
    # 40 years of 0.05 are 2 log-odds: 86.92 of 100 points.
    assert (age["60"] - age["20"]) / (points["100"] - points["0"]) == pytest.approx(0.8692, abs=1e-4)


def test_no_label_covers_another(model):
    assert_no_text_covers_another(nomogram_figure(model))


def test_no_label_covers_another_with_14_predictors_and_long_words():
    model = many_predictors()
    assert len(model.study.predictors) == 14
    figure = nomogram_figure(model)
    assert figure.get_size_inches()[0] == pytest.approx(4.4)
    assert_no_text_covers_another(figure)
    assert len(labels_below(figure, "Stage")) == 5  # all levels stay, though their ticks lie on one another
    assert any(text.get_text().endswith("... (U/L)") for text in drawn_texts(figure))  # a cut label keeps its unit


def test_labels_of_an_axis_of_hardly_any_length_are_moved_apart():
    arm = labels_below(nomogram_figure(additive_model()), "HBIG arm")
    assert set(arm) == {"no", "yes"}
    assert arm["no"] < arm["yes"]


def test_a_predictor_without_effect_says_so():
    model = additive_model(coef=(-1.0, 0.0, 0.3, 0.6, 0.02))
    assert "no effect" in [text.get_text() for text in drawn_texts(nomogram_figure(model))]


def test_a_predictor_without_a_range_says_so():
    model = additive_model()
    stated = model.summary["predictors"] | {"age": numbers(40.0, 40.0, 40.0)}
    figure = nomogram_figure(replace(model, summary={"predictors": stated}))
    assert "no range in the training cohort" in [text.get_text() for text in drawn_texts(figure)]


def test_small_risks_still_have_marks():
    risks = labels_below(nomogram_figure(additive_model(coef=(-0.05, 0.0, 0.0, 0.0, 0.0), intercept=-3.0)), "Risk of")
    # Log-odds -3.15 to -3 - 0.05 * log10 5 = -3.035: risks of 4.108 to 4.587 per cent.
    assert set(risks) == {"4.2", "4.3", "4.4", "4.5"}


def test_a_real_model_is_read_as_it_scores(model):
    by_name = {axis.title: axis for axis in nomogram_axes(model)}
    words, effects = by_name["Anti-HBs (mIU/mL)"].ticks[0]
    assert words == ("10", "100", "1000")
    assert (np.diff(effects) < 0).all()  # more antibody, less risk
    weeks = by_name["Consolidation after HBsAg loss (weeks)"]
    # Averaged over a straight line and a line that stops at 24 weeks: beyond 24 it falls less steeply.
    words, effects = next((words, effects) for words, effects in weeks.ticks if {"8", "16", "24"} <= set(words))
    at = dict(zip(words, effects, strict=True))
    assert at["8"] - at["16"] == pytest.approx(at["16"] - at["24"], rel=0.15)


def test_svg_is_the_same_each_time_and_dollars_are_no_formula():
    first, second = (style.svg(nomogram_figure(many_predictors())) for _ in range(2))
    assert first == second
    assert "Costs $5 or $6" in first
    assert "年龄" in first


def test_a_classifier_that_is_no_sum_over_predictors_is_refused_by_name():
    with pytest.raises(RelapseModelError, match="nomogram: the classifier is 'boosted_trees'; expected one of"):
        nomogram_figure(additive_model(name="boosted_trees"))


def test_a_model_that_tells_nobody_apart_is_refused():
    with pytest.raises(InsufficientDataError, match="nothing to draw"):
        nomogram_figure(additive_model(coef=(0.0,) * 5))
