"""Labels of figures in Chinese: cut where a reader would cut them, and inside of the figure."""

from __future__ import annotations

import re

import pytest

from relapse_model.report.translated_labels import lines_of, translated_label

SAID = {
    "Prior nucleos(t)ide analogue": "曾用核苷（酸）类似物",
    "HBsAg before treatment (IU/mL)": "治疗前 HBsAg（IU/mL）",
    "HBcrAg (log10 U/mL)": "乙肝核心相关抗原（log10 U/mL）",
    "Age (years)": "年龄（岁）",
    "Calibration": "校准",
    "only indicative": "仅供参考",
}


def group(*lines, anchor="text-anchor: end; "):
    place = 'x="112.3" y="{y}"' if len(lines) == 1 else 'transform="translate(9.5 {y})"'
    texts = [
        f'<text style="{anchor}fill: #222222" {place.format(y=20 + 10 * row)}>{line}</text>'
        for row, line in enumerate(lines)
    ]
    return f'<g id="x-text_1">{"".join(texts)}</g>'


def shown(made):
    return re.findall(r"<text[^>]*>(.*?)</text>", made)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("治疗前 HBsAg（IU/mL）", ["治疗前 HBsAg", "（IU/mL）"]),
        ("曾用核苷（酸）类似物", ["曾用核苷", "（酸）类似物"]),  # not after the bracket, and not "（酸" "）..."
        ("甲乙丙，丁", ["甲乙", "丙，丁"]),
    ],
)
def test_a_label_is_cut_before_its_unit_and_not_beside_a_sign(text, lines):
    assert lines_of(text, 2) == lines


def test_what_fits_on_one_line_stands_in_the_middle_of_the_two():
    """20 letters wide, as the longer English line: one line at the mean height of 20 and 30."""
    made = translated_label(group("Prior nucleos(t)ide", "analogue"), SAID.get)
    assert shown(made) == ["曾用核苷（酸）类似物", ""]
    assert "translate(9.5 25)" in made


def test_a_unit_keeps_its_line_with_full_width_brackets():
    assert shown(translated_label(group("HBsAg before treatment", "(IU/mL)"), SAID.get)) == [
        "治疗前 HBsAg",
        "（IU/mL）",
    ]


def test_two_sentences_stay_two_lines():
    """Each is looked up by itself, later, as all texts of a page are."""
    before = group("Calibration", "only indicative")
    assert translated_label(before, SAID.get) == before


def test_a_label_that_is_longer_in_chinese_gets_its_unit_below_it():
    """30 letters wide instead of 19: it would begin outside of the figure."""
    made = translated_label(group("HBcrAg (log10 U/mL)"), SAID.get)
    assert re.findall(r"<tspan[^>]*>(.*?)</tspan>", made) == ["乙肝核心相关抗原", "（log10 U/mL）"]
    assert made.count('x="112.3" dy=') == 2
    short = group("Age (years)")
    assert translated_label(short, SAID.get) == short
    left = group("HBcrAg (log10 U/mL)", anchor="text-anchor: start; ")
    assert translated_label(left, SAID.get) == left
