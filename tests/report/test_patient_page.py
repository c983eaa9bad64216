"""The page of one patient: the numbers of the explanation, arrows that point the way they push, for its owner alone."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from page_reader import read, visible

import relapse_model as rm
from relapse_model.cli import program as cli
from relapse_model.errors import RelapseModelError
from relapse_model.model.explanation.patient import explain_patient
from relapse_model.model.explanation.patient_input import risk_percent
from relapse_model.model.scoring.guards.unlike import DO_NOT_RELY
from relapse_model.report import patient_page
from relapse_model.report.patient_page import frequency, next_words, studied_words, write_patient_page
from relapse_model.report.translation import translation


@pytest.fixture(scope="module")
def new():
    return rm.simulate_cohort(20, seed=8)


@pytest.fixture(scope="module")
def found(validation, new):
    return explain_patient(validation.model, new, "P0004")


@pytest.fixture(scope="module")
def place(validation, new, tmp_path_factory):
    path = tmp_path_factory.mktemp("patient") / "patient.html"
    write_patient_page(validation.model, new, "P0004", path)
    return path


@pytest.fixture(scope="module")
def page_of_one(place):
    return place.read_text(encoding="utf-8")


def test_the_risk_is_that_of_the_scores_with_its_interval(validation, new, page_of_one):
    score = validation.model.score(new).set_index("patient_id").loc["P0004"]
    text = visible(page_of_one)
    assert f"{risk_percent(score['relapse_risk'])} %" in text
    assert f"90 % interval {risk_percent(score['risk_lower'])} to {risk_percent(score['risk_upper'])} %" in text
    assert "Patient P0004: risk of HBsAg relapse by week 48" in text


def test_every_value_stands_with_where_it_was_read_and_its_effect(found, page_of_one):
    text = visible(page_of_one)
    for one in found.inputs:
        assert f"{one.label} {one.shown}" in text
        assert one.read_from in text
    steps = [f"{100 * one:.1f}" for one in found.steps()]  # with one decimal each: one step looks like another
    assert f"{steps[0]} to {steps[1]} %" in text
    assert f"From {steps[0]} % to {steps[-1]} %, the largest effect first." in text


def test_arrows_point_the_way_they_push(found, page_of_one):
    arrows = re.findall(r'<polygon class="(\w+)" points="([^"]*)"', page_of_one)
    pushing = [one for one in found.inputs if one.effect != "hardly changes"]
    assert {one.effect for one in pushing} == {"raises", "lowers"}  # or the test would see one way only
    assert len(arrows) == len(pushing)
    for (effect, points), one in zip(arrows, pushing, strict=True):
        places = [float(point.split(",")[0]) for point in points.split()]
        assert effect == one.effect
        assert (max(places) > 80) == (one.contribution > 0)
        assert (min(places) < 80) == (one.contribution < 0)
    marks = re.findall(r'<td class="(raises|lowers)" data-label="Effect">(.)', page_of_one)
    assert {mark for effect, mark in marks if effect == "raises"} == {"↑"}
    assert {mark for effect, mark in marks if effect == "lowers"} == {"↓"}


def test_the_interval_of_the_patient_s_own_risk_is_not_said_of_patients_alike(found):
    said = frequency(replace(found, risk=0.42, lower=0.2, upper=0.66, own_risk=True))
    assert said.startswith(
        "The model expects HBsAg relapse by week 48 in about 42 of 100 patients with these values. The 90 %"
    )
    assert said.endswith("The 90 % interval of the patient's own risk is 20 to 66 %.")
    told = translation(rm.load_study("hbsag-relapse"), "zh")
    assert all(told(sentence) is not None for sentence in re.split(r"(?<=\.) ", said))


def test_the_frequency_is_of_100_or_of_1000_where_the_risk_is_small(found):
    likely = replace(found, risk=0.424, lower=0.238, upper=0.62)
    rare = replace(found, risk=0.0042, lower=0.0008, upper=0.0211)
    assert frequency(likely).startswith("The model expects HBsAg relapse by week 48 in about 42 of 100 patients")
    assert "(between 24 and 62, 90 % interval)" in frequency(likely)
    assert frequency(rare).startswith("The model expects HBsAg relapse by week 48 in about 4 of 1,000 patients")
    assert "(between 1 and 21, 90 % interval)" in frequency(rare)


def test_as_many_dots_are_filled_as_patients_are_named(found, page_of_one):
    dots = re.findall(r'<circle [^>]*fill="(#\w+)"', page_of_one)
    assert len(dots) == 100
    assert dots.count("#d55e00") == round(100 * found.risk)


def test_it_is_for_its_owner_alone_and_runs_nothing(place, page_of_one):
    assert place.stat().st_mode & 0o077 == 0
    reader = read(page_of_one)
    assert reader.unbalanced == []
    assert "script" not in reader.tags
    assert "must not leave the hospital" in visible(page_of_one)
    assert [one for one in ("P0001", "P0003", "P0005") if one in page_of_one] == []


def test_the_titres_are_drawn_and_a_patient_without_them_has_a_page_all_the_same(
    validation, new, place, tmp_path, monkeypatch
):
    assert place.read_text(encoding="utf-8").count("<figure>") == 1

    def nothing(*_, **__):
        raise RelapseModelError("no result with a number")

    monkeypatch.setattr(patient_page, "patient_trajectory_figure", nothing)
    write_patient_page(validation.model, new, "P0004", tmp_path / "x.html")
    assert "<figure>" not in (tmp_path / "x.html").read_text(encoding="utf-8")


def test_explain_writes_a_page_where_the_name_says_so(validation, new, tmp_path, capsys):
    validation.model.save(tmp_path / "m.rmodel")
    new.write(tmp_path / "new")
    asked = ("explain", tmp_path / "m.rmodel", tmp_path / "new", "--patient", "P0004", "--out")
    assert cli.main([*map(str, asked), str(tmp_path / "p.html")]) == 0
    assert (tmp_path / "p.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert f"Page: {tmp_path / 'p.html'}" in capsys.readouterr().out
    assert cli.main([*map(str, asked), str(tmp_path / "p.txt")]) == 0
    assert (tmp_path / "p.txt").read_text(encoding="utf-8").startswith("Patient P0004:")


@pytest.mark.parametrize(
    ("warnings", "studied", "first"),
    [
        ((), "Yes: no value", "Continue care"),
        (("RS201 missing: Age",), "As far as is known", "Complete or correct"),
        (("RS201 missing: Age", "RS202 outside the training range: Age 90"), "No: see the warnings", "Complete"),
        (("RS206 eligibility criterion not met: Aged 18 to 60 years",), "No: see the warnings", "Continue care"),
        (("RS211 model without shown gain",), "Yes: no value", "Continue care"),
    ],
)
def test_whether_such_patients_were_studied_and_what_next(found, warnings, studied, first):
    study, one = rm.load_study("hbsag-relapse"), replace(found, warnings=warnings)
    said = studied_words(one), next_words(one, study)
    assert said[0].startswith(studied)
    assert said[1].startswith(first)
    assert said[1].endswith("The next planned visit is at week 4.")  # predicted at week 0
    assert "planned visit" not in next_words(replace(one, landmark_week=48.0), study)
    told = translation(study, "zh")
    assert all(told(sentence) is not None for text in said for sentence in re.split(r"(?<=\.) ", text))


def test_both_stand_on_the_page(page_of_one):
    text = visible(page_of_one)
    assert "Were such patients studied?" in text
    assert "What next:" in text


def test_a_patient_unlike_those_studied_is_said_to_be_so_beside_the_risk(validation, new, tmp_path):
    """Aged 75, where the trial takes nobody above 60. What was found stands there, and its code small behind it."""
    tables = new.tables()
    old = tables["patients"].assign(age_years=75.0)
    cohort = rm.make_cohort(old, tables["labs"], tables["treatments"], study=validation.model.study)
    write_patient_page(validation.model, cohort, "P0004", tmp_path / "p.html")
    page = (tmp_path / "p.html").read_text(encoding="utf-8")
    text = visible(page)
    assert text.index(DO_NOT_RELY) < text.index("The model expects")
    assert "eligibility criterion not met: I1 (Aged 18 to 60 years). RS206" in text
    assert '<span class="code">RS206</span></li>' in page
    assert "<li>outside the training range: Age 75 years" in page.replace("\N{NO-BREAK SPACE}", " ")
    write_patient_page(validation.model, cohort, "P0004", tmp_path / "zh.html", language="zh")
    chinese = visible((tmp_path / "zh.html").read_text(encoding="utf-8"))
    for words in (
        "请勿依据此风险：该患者与所研究的患者不同。",
        "超出训练范围：年龄 75 岁（通常",
        "不符合入选标准：I1（年龄 18 至 60 岁）。 RS206",
        "按原计划继续诊疗",
    ):
        assert words in chinese, words


def test_a_patient_like_those_studied_has_no_such_words(page_of_one):
    assert DO_NOT_RELY not in visible(page_of_one)


def test_the_risks_by_arm_and_the_comparison_are_said_in_chinese():
    told = translation(rm.load_study("hbsag-relapse"), "zh")
    warning = "RS209 no arm is stated (the risk is then less certain, and may lie beyond both): risk {}."
    assert told(warning.format("5.8 % with arm HBIG, 5.6 % with arm control")).endswith(
        "风险 HBIG 组 5.8 %、对照组 5.6 %。"
    )
    assert told(warning.format("5.8 % with arm HBIG, 12 % with another arm")).endswith(
        "风险 HBIG 组 5.8 %、其他组 12 %。"
    )
    assert told("For comparison, a patient with average values: 14 %.") == "作为比较：各项取平均值的患者为 14 %。"
