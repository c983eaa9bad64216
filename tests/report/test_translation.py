"""Chinese pages: no sentence is left in English, no number changes, and no key lacks its translation."""

from __future__ import annotations

import ast
import re
from collections import Counter
from dataclasses import replace
from html import unescape
from pathlib import Path

import numpy as np
import pytest

import relapse_model as rm
from relapse_model.classifiers.known import LABELS
from relapse_model.development.checks import all_checks
from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.report import figures_of_report, language, performance_table, words
from relapse_model.report.model_card import model_card
from relapse_model.report.patient_page import write_patient_page
from relapse_model.report.refusal_report import write_refusal
from relapse_model.report.translation import sentences, translation
from relapse_model.report.tripod import ITEMS
from relapse_model.report.validation_report import write_report
from relapse_model.study.predictor_kinds import FEATURE_KINDS
from relapse_model.validation.classification_measures import THRESHOLD_MEASURES
from relapse_model.validation.performance_measures import MEASURES

CHECKS = Path(all_checks.__file__).parent
HOLE = re.compile(r"\{[a-z_]+\d*\}")
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
CHINESE = re.compile("[\u3400-\u9fff]")
# Names and terms that journals in Chinese print as they are.
KEPT = {
    "logistic", "Kaplan", "Meier", "Aalen", "Johansen", "Brier", "Riley", "Harrell", "Uno", "Wilson", "Wald", "XGBoost",
    "log", "ln", "mIU", "Fisher", "Collins", "logit", "Architect", "Elecsys", "II", "quant", "HBeAg", "HBsAg", "HBcrAg",
}  # fmt: skip


@pytest.fixture(scope="module")
def said():
    return translation(rm.load_study("hbsag-relapse"), "zh")


@pytest.fixture(scope="module")
def pages(validation, folder, tmp_path_factory):
    """Each page in English and in Chinese."""
    place = tmp_path_factory.mktemp("zh")
    found = {}
    write_report(validation, place / "zh", language="zh")
    write_report(validation, place / "few", language="zh", disclosure="small-counts")
    write_report(validation, place / "few-en", disclosure="small-counts")
    found["report"] = (folder / "report.html", place / "zh" / "report.html")
    found["small counts"] = (place / "few-en" / "report.html", place / "few" / "report.html")
    cohort, study = rm.simulate_cohort(24, seed=3), rm.load_study("hbsag-relapse")
    with pytest.raises(InsufficientDataError) as refused:
        rm.validate(cohort, study)
    for one in ("en", "zh"):
        write_refusal(cohort, study, refused.value, place / f"refusal-{one}", language=one)
        write_patient_page(validation.model, cohort, "P0007", place / f"patient-{one}.html", language=one)
    found["refusal"] = tuple(place / f"refusal-{one}" / "report.html" for one in ("en", "zh"))
    found["patient"] = tuple(place / f"patient-{one}.html" for one in ("en", "zh"))
    return {name: [file.read_text(encoding="utf-8") for file in files] for name, files in found.items()}


def texts(page):
    """The texts of a page, with those in figures and in attributes, but not code, style, or what is marked English."""
    shown = re.findall(r'(?:data|aria)-label="([^"]*)"', page)
    page = re.sub(
        r"<(style|code)\b.*?</\1>|<span lang=\"en\">.*?</span>|<title>.*?</title>", " ", page, flags=re.DOTALL
    )
    return [" ".join(unescape(one).split()) for one in [*shown, *re.split(r"<[^>]*>", page)] if one.strip()]


def data_of_the_study():
    """What the study file says in its own words, and names that stand in the tables of the cohort."""
    source = (Path(rm.__file__).parent / "study" / "studies" / "hbsag_relapse.toml").read_text(encoding="utf-8")
    packages = "relapse-model python numpy pandas scikit-learn xgboost scipy"
    return f"{source} centre-1 centre-2 centre-3 prior_logistic ipcw control Consolidation ... {packages}"


OF_NOTHING = ("column", "landmark_week")  # kinds without an analyte or an agent
PAGES = ("report", "small counts", "refusal", "patient")


@pytest.mark.parametrize("name", PAGES)
def test_no_sentence_of_a_chinese_page_is_left_in_english(pages, name):
    known = set(re.findall(r"[A-Za-z]+", data_of_the_study())) | KEPT | {"vs"}
    for text in texts(pages[name][1]):
        words_of_it = re.sub(r"doi:\S+", "", text)
        left = set(re.findall(r"(?<![A-Za-z])[A-Za-z]*[a-z]{2}[A-Za-z]*", words_of_it)) - known
        assert not left, text
        if not CHINESE.search(text) and " " in text:  # a name or a value, no sentence
            assert text.rstrip(". ") in data_of_the_study() or NUMBER.search(text) or len(text.split()) < 4, text


@pytest.mark.parametrize("name", PAGES)
def test_only_words_of_the_study_and_names_are_marked_as_english(pages, name):
    source = data_of_the_study()
    for text in re.findall(r'<span lang="en">(.*?)</span>', pages[name][1], re.DOTALL):
        words_of_it = unescape(text).strip(" :,.;").replace("\N{MINUS SIGN}", "-").replace("\N{NO-BREAK SPACE}", " ")
        assert words_of_it in source, text


@pytest.mark.parametrize("name", PAGES)
def test_no_number_and_no_code_of_a_page_changes(pages, name):
    english, chinese = (
        Counter(NUMBER.findall(" ".join(texts(re.sub("</?span[^>]*>", "", one))))) for one in pages[name]
    )
    assert sum(english.values()) > 30
    extra = Counter({"0": 1}) if name in ("report", "small counts") else Counter()  # 第 0 周
    assert (chinese - english) <= extra
    assert english - chinese == Counter()
    codes = [sorted(re.findall(r"R[MS]\d{3}", one)) for one in pages[name]]
    assert codes[0] == codes[1]


def test_the_page_says_its_language(pages):
    for english, chinese in pages.values():
        assert english.startswith('<!DOCTYPE html>\n<html lang="en">')
        assert '<html lang="zh-CN">' in chinese


def test_a_chinese_page_has_the_chinese_title_of_the_study(pages):
    study = rm.load_study("hbsag-relapse")
    for english, chinese in pages.values():
        shown, translated = (page.replace("\N{NO-BREAK SPACE}", " ") for page in (english, chinese))
        assert f"<h1>{study.title}</h1>" in shown
        assert f"<h1>{study.title_zh}</h1>" in translated
        assert study.title not in translated


def test_without_a_chinese_title_the_english_one_stays():
    study = replace(rm.load_study("hbsag-relapse"), title_zh="")
    assert translation(study, "zh")(study.title) is None


def test_the_card_in_chinese_has_the_same_numbers_and_lines(validation):
    english, chinese = (model_card(validation.model, validation.performance, one) for one in ("en", "zh"))
    assert Counter(NUMBER.findall(english)) == Counter(NUMBER.findall(chinese))
    assert english.count("\n") == chinese.count("\n")
    source = data_of_the_study()
    for line in chinese.splitlines()[1:]:
        for cell in re.split(r"(?<!\\)\|", line):
            if re.search("[a-z]{3} [a-z]{3}", cell) and not CHINESE.search(cell):
                first = re.sub(r"^.*?doi:\S+", "", cell.replace("\\", "")).strip(" :,")
                assert first in source, cell


def test_every_sentence_has_its_placeholders_and_its_numbers_in_both_languages():
    assert len(sentences()) > 900
    for english, chinese in sentences().items():
        assert Counter(HOLE.findall(english)) == Counter(HOLE.findall(chinese)), english
        assert Counter(NUMBER.findall(HOLE.sub("", english))) == Counter(NUMBER.findall(HOLE.sub("", chinese))), english
        assert CHINESE.search(chinese) or not re.search(r"[a-z]{2}", HOLE.sub("", chinese)) or english == chinese


def test_every_key_of_the_first_screen_is_in_both_languages_with_the_same_placeholders():
    english, chinese = (language._tables()[one] for one in ("en", "zh"))
    assert list(english) == list(chinese)
    for key, text in english.items():
        assert set(HOLE.findall(text)) == set(HOLE.findall(chinese[key])), key


def test_one_term_for_one_thing():
    """Terms that the tables could give in two ways."""
    for english, chinese in sentences().items():
        assert "界标" not in chinese or "界标时点" in chinese, english
        for wrong in ("截止", "辨别度", "预报因子", "Bootstrap 法", "先验知识", "假阴性"):
            assert wrong not in chinese, english


@pytest.mark.parametrize(
    "texts",
    [
        figures_of_report.CAPTIONS, words.MEANING, performance_table.COLUMNS, performance_table.EXPLAINED, MEASURES,
        THRESHOLD_MEASURES, LABELS, {one.number: f"{one.number} {one.heading}" for one in ITEMS},
        {one.number: one.authors for one in ITEMS if one.authors},
        {name: f"HBsAg: {one.definition}" for name, one in FEATURE_KINDS.items() if name not in OF_NOTHING},
    ],
)  # fmt: skip
def test_what_the_library_says_by_table_is_known(said, texts):
    assert [text for text in texts.values() if said(text) is None] == []


SPEAKING = ("found", "not_applicable", "CohortCheck", "Check")


def spoken(file):
    """The texts that a check says, each value in them written as 7."""
    for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") in (
            "found",
            "not_applicable",
            "CohortCheck",
            "Check",
        ):
            for one in call.args:
                if isinstance(one, ast.Constant) and isinstance(one.value, str):
                    yield one.value
                elif isinstance(one, ast.JoinedStr):
                    yield "".join(part.value if isinstance(part, ast.Constant) else "7" for part in one.values)


def test_what_the_checks_say_is_known(said):
    files = sorted(CHECKS.glob("rm*.py"))
    every = [text for file in files for text in spoken(file)]
    assert len(every) > 80
    # Two are put together from parts that are sentences of their own.
    unknown = [text for text in every if said(text) is None and not re.match(r"7[.;] |of 7 patients .*it7\.$", text)]
    assert unknown == []


def test_an_unknown_sentence_is_not_half_translated(said):
    assert said("A sentence that the library does not say, with 5 patients at risk.") is None
    assert said("Anti-HBs, whatever that means") is None


def test_a_language_that_there_is_not_is_refused(validation, tmp_path):
    with pytest.raises(RelapseModelError, match="expected one of en, zh"):
        write_patient_page(validation.model, rm.simulate_cohort(3, seed=8), "P0001", tmp_path / "p.html", language="fr")
    with pytest.raises(RelapseModelError, match="expected one of en, zh"):
        translation(rm.load_study("hbsag-relapse"), "fr")


def test_labels_of_figures_stay_within_their_lines(pages):
    """A label in two lines is cut before its unit, and no line of it is lost."""
    page = pages["report"][1]
    assert "曾用核苷" in page
    assert re.search(r">治疗前 HBsAg</text>\s*<text[^>]*>[(（]IU/mL[)）]<", page)
    drawn = [np.asarray(re.findall(r"<text", one)).size for one in pages["report"]]
    assert drawn[0] == drawn[1]


def test_a_bracket_is_not_said_to_be_a_limit():
    """ "per SD (0.04 log10 s)" is a step: it must not become "below 0.04"."""
    study = rm.load_study("hbsag-relapse")
    found = translation(study, "zh")
    assert found("Anti-HBs, per SD (0.25 log10 mIU/mL)") == "抗-HBs，每标准差（0.25 log10 mIU/mL）"


def test_groups_are_named_in_words_with_full_width_brackets(said, pages):
    assert said("HBIG (n = 66)") == "HBIG（n = 66）"
    assert said("control (n = 66)") == "对照（n = 66）"
    assert "对照 66" in pages["report"][1].replace("\N{NO-BREAK SPACE}", " ")
    assert ">hbig<" not in pages["report"][1]
    assert '<th scope="row" data-label="性别">女</th>' in pages["report"][1]


def test_no_blank_follows_a_full_width_sign(pages):
    for _, chinese in pages.values():
        text = re.sub(r"<(style|svg)\b.*?</\1>", "", chinese, flags=re.DOTALL)
        assert re.findall(r"[，。：；？！](?:</?(?:strong|small|span)[^>]*>)* +[^\s<]", text) == []
        assert re.findall(r"[^\s>](?:</?(?:strong|small|span)[^>]*>)* +[，。：；？！]", text) == []
    assert "2 例结局事件" in pages["refusal"][1].replace("\N{NO-BREAK SPACE}", " ")
