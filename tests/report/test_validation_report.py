from __future__ import annotations

import json
import os
import re
import stat
from dataclasses import replace

import numpy as np
import pytest
from page_reader import read, visible

import relapse_model as rm
from relapse_model.errors import RelapseModelError
from relapse_model.report import validation_page
from relapse_model.report.figures.dependence import dependence_figure
from relapse_model.report.figures.forest import forest_figure
from relapse_model.report.figures.model import coefficients_figure
from relapse_model.report.figures.style import svg
from relapse_model.report.figures_of_report import cohort_figures, explained
from relapse_model.report.limitations import limitations
from relapse_model.report.page import json_text, packages
from relapse_model.report.performance_table import performance_rows
from relapse_model.report.tripod import ITEMS, items_of
from relapse_model.report.validation_page import effect_rows, report_page
from relapse_model.report.validation_report import validation_values, write_report
from relapse_model.report.words import MEANING
from relapse_model.validation.performance_measures import MEASURES, Performance

FIGURES = {
    "kaplan_meier", "trajectory", "trajectory_predictor", "calibration", "decision_curve", "risks", "stability",
    "forest", "coefficients", "nomogram", "shap_summary", "risk_groups", "dependence",
}  # fmt: skip


def test_files_are_written_and_named(folder):
    expected = {f"{name}.{kind}" for name in FIGURES for kind in ("svg", "png")}
    assert {path.name for path in (folder / "figures").iterdir()} == expected
    assert {path.name for path in folder.iterdir()} == {"report.html", "validation.json", "model_card.md", "figures"}


def test_json_is_strict_and_holds_everything(validation, folder):
    def refuse(constant):
        raise AssertionError(constant)

    text = (folder / "validation.json").read_text(encoding="utf-8")
    values = json.loads(text, parse_constant=refuse)
    assert values["performance"]["events"] == validation.performance.events
    assert values["performance"]["measures"]["auc"]["value"] == validation.performance.measures["auc"].value
    assert values["sample_size"]["parameters"] == 8
    assert values["packages"]["relapse-model"] == rm.__version__
    sections = {
        "apparent", "bootstrap", "left_out", "subgroups", "thresholds", "attrition", "screening", "table_one",
        "follow_up", "decision_curve", "model", "checks", "limitations", "tripod_ai", "verdict", "settings",
    }  # fmt: skip
    assert sections <= set(values)
    assert len(values["model"]["coefficients"]) == 8 + len(validation.study.terms)
    assert values["checks"]


def test_what_is_no_number_becomes_null():
    values = {"a": float("nan"), "b": [np.inf, np.float64(1.5)], "c": np.int64(3), "d": np.array([1.0, np.nan])}
    assert json.loads(json_text(values)) == {"a": None, "b": [None, 1.5], "c": 3, "d": [1.0, None]}


def test_page_is_balanced_with_unique_identifiers(page):
    reader = read(page)
    assert reader.open == []
    assert reader.unbalanced == []
    identifiers = [value for _, name, value in reader.attributes if name == "id"]
    assert len(identifiers) == len(set(identifiers)) > 20
    targets = {value[1:] for _, name, value in reader.attributes if name.endswith("href") and value.startswith("#")}
    targets |= set(re.findall(r"url\(#([^)]+)\)", page))
    assert targets <= set(identifiers)


def test_page_fetches_nothing_and_runs_nothing(page):
    reader = read(page)
    assert not set(reader.tags) & {"script", "link", "img", "image", "iframe", "object", "embed"}
    assert "<script" not in page.lower()
    assert "@import" not in page
    assert set(re.findall(r"url\((.)", page)) <= {"#"}
    for tag, name, value in reader.attributes:
        assert not name.startswith("on")
        assert name not in ("src", "srcset", "data", "action", "poster", "background")
        if name.endswith("href"):
            assert value.startswith("#") or (tag == "a" and value.startswith("https://doi.org/10."))
        else:
            assert "://" not in value
    assert "default-src 'none'" in page


def test_first_screen_says_what_was_validated(validation, page):
    text = visible(page)
    first = text[: text.index("Discrimination and calibration")]
    assert "Synthetic patients." in first
    assert "Research use only." in first
    assert validation.study.title in first
    assert "HBsAg relapse: how many had it by week 48?" in first
    assert "HBsAg relapse: HBsAg at least 0.05 IU/mL, in 2 consecutive tests;" in first
    assert "Week 0 is enrolment; HBsAg was below 0.05 IU/mL then, and may have been for some time." in first
    assert "Patients like the 132 studied here: HBIG 66, control 66; 3 centres; median age 40 years; 67 % men." in first
    assert str(validation.performance.measures["auc"]).replace("(", "95 % interval ").rstrip(")") in first


def test_the_answer_comes_first_and_names_the_size_that_would_be_needed(page, values):
    """The first screen answers; what size is needed is part of what to do next, and its assumption is in the page."""
    text = visible(page)
    first = text[: text.index("Discrimination and calibration")]
    assert values["answer"]["works"] in first
    assert values["answer"]["plain"] in first
    assert values["answer"]["next"] in first
    assert f"About {values['sample_size']['needed_patients']} patients" in first
    assert values["answer"]["needed"] in first
    assert "c-statistic of 0.75, which is assumed, not found" in text


def test_what_is_not_on_the_first_screens_is_folded_and_needs_no_script(page):
    reader = read(page)
    assert reader.tags.count("details") == reader.tags.count("summary") >= 9
    assert not [name for tag, name, _ in reader.attributes if tag == "details" and name == "open"]
    assert "::details-content" in page[page.index("@media print") :]  # printed, all of it is there


def test_the_page_in_chinese_is_in_chinese(validation, values):
    page = report_page(validation, {}, values, "zh")
    text = visible(page)
    assert 'lang="zh-CN"' in page
    assert "模型是否有效？" in text
    assert "研究自身的名称和引文保留原文" not in text
    for heading in ("区分度与校准度", "净获益", "患者", "检查", "局限性"):
        assert heading in text
    assert read(page).unbalanced == []


def test_real_patients_are_not_called_synthetic(validation, values):
    values = values | {"limitations": []}  # made for the simulated ones
    text = visible(report_page(replace(validation, synthetic=False), {}, values))
    assert "ynthetic" not in text
    assert "Research use only." in text


def test_every_measure_predictor_and_version_is_shown(validation, page):
    text = visible(page)
    assert set(MEANING) == set(MEASURES)
    for name in validation.performance.measures:
        assert MEASURES[name] in text
        assert MEANING[name] in text
    for predictor in validation.study.predictors:
        assert predictor.label in text
    for package, number in packages().items():
        assert f"{package} {number}" in text
    assert "logistic regression with the study's priors all 5 folds" in text
    assert "OR 0.45 (0.20 to 1.00) per tenfold" in text


def test_the_four_ways_of_judging_stand_side_by_side(validation, page):
    text = visible(page)
    corrected = validation.bootstrap.corrected["auc"].corrected
    nested, apparent = (one.measures["auc"] for one in (validation.performance, validation.apparent))
    plus = validation.bootstrap.point632_plus["auc"].value
    cells = [f"{one.value:.2f} ({one.lower:.2f} to {one.upper:.2f})" for one in (nested, corrected, apparent)]
    assert " ".join([*cells[:2], f"{plus:.2f} no interval", cells[2]]) in text
    assert f"AUC: 95 %, {nested.method}" in text  # the interval has a name


def test_each_row_of_a_group_says_what_it_is_a_group_of(page):
    """On a narrow screen the heading of the column is not shown: levels would be words without a meaning."""
    groups = dict(re.findall(r'<th scope="row" data-label="([^"]+)">([^<]+)</th>', page))
    assert groups["Sex"] == "male"
    assert {"Sex", "Centre", "Age", "Group", "Threshold"} <= set(groups)
    assert ":is(th, td)[data-label]::before" in page


def test_names_of_groups_keep_their_capitals_and_the_youngest_are_no_infants(page):
    text = re.sub(r"<[^>]+>", "", page).replace("\N{NO-BREAK SPACE}", " ").replace("&nbsp;", " ")
    assert re.search(r"Performance by group of patients: sex, .*HBV genotype, .*age", text)
    assert "under 35 years" in text
    assert "0 to 34 years" not in text


def test_the_auc_of_a_centre_stands_in_one_table(validation, values):
    """Centres that were left out one by one are not judged a second time by models that knew them."""
    parts = validation_page._performance_parts(validation, values)
    assert validation.settings["leave_out"] == "centre"
    assert "Centre" not in parts["subgroups"]
    assert [row["name"] for row in parts["left_out"]] == [f"centre-{number}" for number in (1, 2, 3)]
    assert "Centre" in validation_page._performance_parts(replace(validation, left_out=()), values)["subgroups"]


def test_one_odds_ratio_is_to_be_quoted(page):
    text = visible(page)
    assert text.index("Quote the posterior odds ratios") < text.index("do not quote it as the effect of a predictor")
    assert "Change of the odds by the whole model" in text
    assert "Odds ratio by the model" not in text


def test_without_bootstrap_the_report_says_so(validation, values):
    text = visible(report_page(replace(validation, bootstrap=None), {}, values))
    assert "No bootstrap resamples were drawn" in text
    assert ".632+" not in text


def test_every_item_of_tripod_is_listed_and_its_sections_exist(page):
    text = visible(page)
    assert [item.number for item in ITEMS] == list(range(1, 28))
    for item in ITEMS:
        assert f"{item.number} {item.heading} {item.state}" in text
        assert (item.state == "answered") == (item.authors == "")  # whatever is open names what the authors must say
        for section in item.sections:
            assert f'id="{section}"' in page
    assert "from memory" not in text
    assert f"Discrimination and calibration TRIPOD+AI {items_of('performance')}" in text


def test_the_items_of_tripod_are_those_of_the_published_checklist():
    """Topics and numbers of sub-items as published (Collins 2024, doi:10.1136/bmj-2023-078378): 27 items, 52 sub-items.

    Methods and results have an item "Participants" each; the report tells them apart.
    """
    published = {
        1: ("Title", 1), 2: ("Abstract", 1), 3: ("Background", 3), 4: ("Objectives", 1), 5: ("Data", 2),
        6: ("Participants", 3), 7: ("Data preparation", 1), 8: ("Outcome", 3), 9: ("Predictors", 3),
        10: ("Sample size", 1), 11: ("Missing data", 1), 12: ("Analytical methods", 7), 13: ("Class imbalance", 1),
        14: ("Fairness", 1), 15: ("Model output", 1), 16: ("Training versus evaluation", 1),
        17: ("Ethical approval", 1),
        18: ("Open science", 6), 19: ("Patient and public involvement", 1), 20: ("Participants", 3),
        21: ("Model development", 1), 22: ("Model specification", 1), 23: ("Model performance", 2),
        24: ("Model updating", 1), 25: ("Interpretation", 1), 26: ("Limitations", 1),
        27: ("Usability of the model in the context of current care", 3),
    }  # fmt: skip
    ours = {item.number: (item.heading.removesuffix(" (results)"), item.subitems) for item in ITEMS}
    assert ours == published
    assert sum(item.subitems for item in ITEMS) == 52


def test_small_groups_are_named_as_hidden(page):
    assert "not shown: fewer than 20 patients or fewer than 5 events" in visible(page)


def test_effects_add_up_to_all_resamples(validation):
    rows = effect_rows(validation)
    assert [row["label"] for row in rows] == [predictor.label for predictor in validation.study.predictors]
    for row in rows:
        shares = [int(row[name].removesuffix(" %")) for name in ("raises", "lowers", "none")]
        assert sum(shares) == pytest.approx(100, abs=1)  # each is rounded
    assert rows[0]["expected"] == "lower the risk"
    assert int(rows[0]["lowers"].removesuffix(" %")) > 50  # anti-HBs protects in the simulation


def test_checks_can_be_muted_and_are_named_as_muted(validation, values):
    muted = values | {"checks": [one | {"state": "muted", "text": "by its code"} for one in values["checks"][:1]]}
    assert "muted by its code" in visible(report_page(validation, {}, muted))


def test_a_code_that_no_check_has_is_refused_before_anything_is_written(validation, tmp_path):
    with pytest.raises(RelapseModelError, match="mute names 'RM1'"):
        write_report(validation, tmp_path / "new", mute=("RM1",))
    assert not (tmp_path / "new").exists()


def test_mute_reaches_the_checks(validation, values):
    code = values["checks"][0]["code"]
    explanation = explained(replace(validation, data=validation.data.take(np.arange(5))))
    found = validation_values(validation, (code,), explanation)["checks"]
    assert {one["code"]: one["state"] for one in found}[code] == "muted"


def test_no_identifier_of_a_patient_is_written(validation, folder):
    written = "".join(path.read_text(encoding="utf-8") for path in folder.rglob("*.*") if path.suffix != ".png")
    assert "Study and who was left out" in written
    assert len(validation.cohort) == 132
    assert not [identifier for identifier in validation.cohort.patient_ids if identifier in written]


def test_same_validation_gives_the_same_page_and_values(validation, values, folder):
    assert json_text(validation_values(validation)) == (folder / "validation.json").read_text(encoding="utf-8")
    assert report_page(validation, {}, values) == report_page(validation, {}, values)


@pytest.mark.slow
def test_same_validation_gives_the_same_bytes(validation, folder, tmp_path):
    write_report(validation, tmp_path)
    for path in folder.rglob("*.*"):
        assert (tmp_path / path.relative_to(folder)).read_bytes() == path.read_bytes(), path.name


EVIL = '"><script>alert(1)</script>'


@pytest.fixture(scope="module")
def evil(validation):
    """A validation every text of which would be markup."""
    study = validation.study
    predictors = [replace(predictor, label=EVIL) for predictor in study.predictors]
    predictors[0] = replace(predictors[0], prior=replace(predictors[0].prior, source=f"{EVIL} doi:10.1/<b>"))
    study = replace(
        study, title=EVIL, registry=EVIL, name=EVIL,
        outcome=replace(study.outcome, name=EVIL), predictors=tuple(predictors),
        analytes={name: replace(one, label=EVIL, unit=one.unit) for name, one in study.analytes.items()},
    )  # fmt: skip
    patients = validation.cohort.patients.assign(centre=EVIL)
    groups = tuple(replace(group, name=EVIL) for group in validation.left_out)
    return replace(
        validation, study=study, cohort=replace(validation.cohort, patients=patients),
        model=replace(validation.model, study=study), left_out=groups, subgroups={EVIL: groups},
        performance=replace(validation.performance, refused={EVIL: EVIL}), failed={EVIL: 1},
        settings=validation.settings | {"leave_out": EVIL},
    )  # fmt: skip


def test_text_of_study_and_cohort_is_escaped_everywhere(evil):
    explanation = explained(replace(evil, data=evil.data.take(np.arange(5))))
    drawn = cohort_figures(evil.cohort, evil.data, evil.study, np.array([EVIL] * len(evil.data), dtype=object))
    drawn |= {
        "forest": forest_figure(evil.left_out, EVIL),
        "coefficients": coefficients_figure(evil.model),
        "dependence_1": dependence_figure(explanation, 0, evil.study.predictors[0]),
    }
    pictures = {name: svg(figure) for name, figure in drawn.items()}
    page = report_page(evil, pictures, validation_values(evil, (), explanation))
    assert "<script" not in page
    assert page.count("&lt;script&gt;") > 60
    assert read(page).unbalanced == []
    assert EVIL in visible(page)


def test_hopeless_figures_get_reasons_instead(validation, values):
    why = "AUC: 0 patients with a relapse; expected 1 or more."
    hopeless = Performance(20, 0, 5, {}, {"auc": why, "calibration_slope": "no slope"})
    page = report_page(replace(validation, performance=hopeless), {}, values)
    text = visible(page)
    assert f"AUC : {why}" in text
    assert "Calibration slope : no slope" in text
    assert read(page).unbalanced == []


def test_failed_folds_are_told(validation, values):
    page = report_page(replace(validation, failed={"too few relapses": 3}), {}, values)
    assert "3 x too few relapses" in visible(page)


def test_what_the_resamples_cannot_support_is_not_estimable_with_the_reason(validation, values):
    boot = validation.bootstrap
    too_few = "20 of 20 resamples"
    few = {name: replace(one, corrected=one.value, no_interval=too_few) for name, one in boot.corrected.items()}
    few.pop("calibration_slope")
    why = "Optimism: the measure exists in 9 of 40 resamples"
    boot = replace(
        boot, corrected=few, refused={"calibration_slope": why, "auc_632": "none out of bag"},
        point632_plus={}, unjudged={"Censoring weights of a group": 3},
    )  # fmt: skip
    given = replace(validation, bootstrap=boot)
    cells = {row["label"]: row["cells"] for row in performance_rows(given)}
    assert cells["Calibration slope"]["corrected"]["value"] == "not estimable"
    assert cells["AUC"]["point632_plus"]["value"] == "not estimable"
    assert cells["AUC"]["corrected"] == {"value": f"{few['auc'].value:.2f}", "interval": "", "method": "no interval"}
    text = visible(report_page(given, {}, values | {"limitations": limitations(given)}))
    assert f"Calibration slope, bootstrap : {why}" in text
    assert ".632+ of AUC, bootstrap : none out of bag" in text
    assert f"Intervals, bootstrap : {too_few}" in text
    assert "3 x Censoring weights of a group" in text
    assert "3 bootstrap models could not be judged in their own resample" in text
    stated = boot.to_dict()["optimism_corrected"]["auc"]
    assert (stated["value"], stated["no_interval"]) == (few["auc"].value, too_few)


def test_several_landmarks_get_a_table(validation, values):
    several = replace(validation, by_landmark={0.0: validation.performance, 12.0: validation.apparent})
    text = visible(report_page(several, {}, values))
    assert f"week 12 132 {validation.performance.events}" in text
    assert "At each landmark" not in visible(report_page(validation, {}, values))


def test_a_learning_curve_is_a_sentence_and_a_figure(validation, tmp_path):
    curve = rm.learning_curve(validation.cohort, validation.study, (60, 300), replicates=10)
    write_report(validation, tmp_path, learning_curve=curve)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert curve.sentence() in page.replace("\xa0", " ")
    assert (tmp_path / "figures" / "learning_curve.svg").exists()
    assert json.loads((tmp_path / "validation.json").read_text(encoding="utf-8"))["learning_curve"]["replicates"] == 10


@pytest.mark.parametrize(
    ("synthetic", "disclosure", "mode"),
    [(False, "full", 0o600), (False, "small-counts", 0o644), (True, "full", 0o644)],
)
def test_a_report_with_all_counts_of_patients_is_for_its_owner_alone(validation, tmp_path, synthetic, disclosure, mode):
    """The page and its numbers; with small counts hidden, and of simulated patients, whoever may read may read."""
    of_them = replace(validation, cohort=replace(validation.cohort, synthetic=synthetic))
    before = os.umask(0o022)
    try:
        places = write_report(of_them, tmp_path / "report", disclosure=disclosure)
    finally:
        os.umask(before)
    for name in ("report", "validation"):
        assert stat.S_IMODE(places[name].stat().st_mode) == mode, name
