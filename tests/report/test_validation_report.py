from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.errors import RelapseModelError
from relapse_model.report import validation_report
from relapse_model.report.validation_report import (
    arm_labels,
    report_page,
    sample_size_values,
    strict_json,
    validation_values,
    write_report,
)
from relapse_model.report.words import link_dois, outcome_words, prior_words, verdict
from relapse_model.validation.estimate import Estimate
from relapse_model.validation.performance import MEASURES, Performance

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


@pytest.fixture(scope="module")
def validation():
    return rm.validate(
        rm.simulate_cohort(132, seed=7),
        rm.load_study("hbsag-relapse"),
        candidates=("prior_logistic",),
        outer_repeats=1,
        bootstraps=0,
    )


@pytest.fixture(scope="module")
def folder(validation, tmp_path_factory):
    place = tmp_path_factory.mktemp("report") / "new" / "folder"
    write_report(validation, place)
    return place


@pytest.fixture(scope="module")
def page(folder):
    return (folder / "report.html").read_text(encoding="utf-8")


class Reader(HTMLParser):
    """Keeps the open elements, the attributes and the visible text of a page."""

    def __init__(self):
        super().__init__()
        self.open, self.attributes, self.text, self.unbalanced = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.unbalanced.append(tag)

    def handle_data(self, data):
        if not {"style", "title"} & set(self.open):
            self.text.append(data)


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    return reader


def visible(page: str) -> str:
    return " ".join(" ".join(read(page).text).split())


def test_files_are_written_and_named(validation, folder):
    names = ("calibration", "decision_curve", "risks", "kaplan_meier")
    expected = {f"{name}.{kind}" for name in names for kind in ("svg", "png")}
    assert {path.name for path in (folder / "figures").iterdir()} == expected
    assert {path.name for path in folder.iterdir()} == {"report.html", "validation.json", "figures"}


def test_json_is_strict_and_holds_the_figures(validation, folder):
    def refuse(constant):
        raise AssertionError(constant)

    text = (folder / "validation.json").read_text(encoding="utf-8")
    values = json.loads(text, parse_constant=refuse)
    assert values["performance"]["events"] == validation.performance.events
    assert values["performance"]["measures"]["auc"]["value"] == validation.performance.measures["auc"].value
    assert values["sample_size"]["parameters"] == 8
    assert values["packages"]["relapse-model"] == rm.__version__


def test_what_is_no_number_becomes_null():
    values = {"a": float("nan"), "b": [np.inf, np.float64(1.5)], "c": np.int64(3), "d": np.array([1.0, np.nan])}
    assert json.loads(strict_json(values)) == {"a": None, "b": [None, 1.5], "c": 3, "d": [1.0, None]}


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
    tags = {tag for tag, _, _ in reader.attributes}
    assert not tags & {"script", "link", "img", "image", "iframe", "object", "embed"}
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
    first = text[: text.index("All measures")]
    assert "Synthetic patients." in first
    assert "Research use only." in first
    assert validation.study.title in first
    assert "HBsAg relapse by week 48, predicted at week 0" in first
    for label, count in (("Patients at risk", 132), ("With the outcome", validation.performance.events)):
        assert f"{label} {count}" in first
    assert str(validation.performance.measures["auc"]).replace("(", "95 % interval ").rstrip(")") in first
    assert "c-statistic of 0.75, which is our assumption and no finding" in first


def test_real_patients_are_not_called_synthetic(validation):
    text = visible(report_page(replace(validation, synthetic=False), {}))
    assert "ynthetic" not in text
    assert "Research use only." in text


def test_every_measure_predictor_and_version_is_shown(validation, page):
    text = visible(page)
    assert set(validation_report.MEANING) == set(MEASURES)
    for name in validation.performance.measures:
        assert MEASURES[name] in text
        assert validation_report.MEANING[name] in text
    for predictor in validation.study.predictors:
        assert predictor.label in text
    for package, number in validation_report.packages().items():
        assert f"{package} {number}" in text
    assert "logistic regression with the study's priors 5 of 5 folds" in text
    assert "OR 0.45 (0.23 to 0.88) per tenfold" in text


def test_no_identifier_of_a_patient_is_written(validation, folder):
    written = "".join(path.read_text(encoding="utf-8") for path in folder.rglob("*.*") if path.suffix != ".png")
    assert "All measures" in written
    assert not [identifier for identifier in validation.data.features.index if identifier in written]


def test_same_validation_gives_the_same_bytes(validation, folder, tmp_path):
    write_report(validation, tmp_path)
    for path in folder.rglob("*.*"):
        assert (tmp_path / path.relative_to(folder)).read_bytes() == path.read_bytes(), path.name


def test_text_of_the_study_is_escaped_everywhere(validation):
    evil = '"><script>alert(1)</script>'
    study = validation.study
    predictors = [replace(predictor, label=evil) for predictor in study.predictors]
    predictors[0] = replace(predictors[0], prior=replace(predictors[0].prior, source=f"{evil} doi:10.1/<b>"))
    study = replace(
        study, title=evil, registry=evil, name=evil,
        outcome=replace(study.outcome, name=evil), predictors=tuple(predictors),
    )  # fmt: skip
    refused = replace(validation.performance, refused={evil: evil})
    changed = replace(validation, study=study, performance=refused, failed={evil: 1})
    pictures = {name: validation_report.svg(one) for name, one in validation_report.report_figures(changed).items()}
    page = report_page(changed, pictures)
    assert "<script" not in page
    assert page.count("&lt;script&gt;") > 10
    assert read(page).unbalanced == []
    assert evil in visible(page)


def test_hopeless_patients_get_reasons_instead_of_figures(validation):
    why = "AUC: 0 patients with a relapse; expected 1 or more."
    hopeless = Performance(20, 0, 5, {}, {"auc": why, "calibration_slope": "no slope"})
    page = report_page(replace(validation, performance=hopeless), {})
    text = visible(page)
    assert f"These patients support no verdict on the model: {why}" in text
    assert "Calibration slope : no slope" in text.replace("slope:", "slope :")
    assert read(page).unbalanced == []


def test_failed_folds_are_told(validation):
    assert "3 x too few relapses" in visible(report_page(replace(validation, failed={"too few relapses": 3}), {}))


def test_patients_whose_folds_failed_have_no_dot(validation):
    risks = validation.risks.copy()
    risks[:, :10] = np.nan
    figure = validation_report.report_figures(replace(validation, risks=risks))["risks"]
    assert sum(len(one.get_offsets()) for one in figure.axes[0].collections) == len(validation.data) - 10


def measured(auc=(0.7, 0.6, 0.8), slope=(1.0, 0.8, 1.2), ours=0.4, theirs=0.5, events=120):
    intervals = {"auc": auc, "calibration_slope": slope}
    measures = {name: Estimate(*limits, 0.95, "test") for name, limits in intervals.items()}
    return Performance(400, events, 0, measures | {"log_loss": ours, "log_loss_mean_risk": theirs}, {})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "better than chance (AUC 0.70, 95 % interval 0.60 to 0.80)"),
        ({}, "nothing speaks against the spread of its risks"),
        ({"auc": (0.6, 0.45, 0.7)}, "It was not shown that the model ranks patients better than chance"),
        ({"auc": (0.3, 0.2, 0.4)}, "worse than chance"),
        ({"ours": 0.5}, "fitted no better than giving everybody the mean risk"),
        ({"slope": (0.5, 0.3, 0.8)}, "its risks are too extreme"),
        ({"slope": (1.9, 1.2, 2.8)}, "its risks are too timid"),
        ({"slope": (0.8, 0.1, 1.5)}, "whether the risks are spread right remains open"),
        ({"events": 21}, "with 21 events this is a first look, not evidence for use."),
    ],
)
def test_verdict_says_no_more_than_the_intervals(given, said):
    assert said in verdict(measured(**given), "relapse")


def test_verdict_with_enough_events_does_not_call_itself_a_first_look():
    assert "first look" not in verdict(measured(), "relapse")


def test_sample_size_is_that_of_the_criteria(validation):
    told = sample_size_values(validation)
    known = ~np.isnan(validation.data.relapse)
    share = np.average(validation.data.relapse[known], weights=validation.data.weights()[known])
    assert told["known"] == known.sum()
    r2 = validation_report.sample_size.cox_snell_r2(0.75, share)
    assert told["needed_patients"] == validation_report.sample_size.riley_sample_size(8, r2, share).patients
    assert told["carried_parameters"] < told["parameters"]  # 119 patients do not carry 8 parameters
    assert validation_values(validation)["sample_size"] == told


def test_mean_net_benefit_of_repeats_that_agree_is_that_of_each(validation):
    twice = replace(validation, risks=np.vstack([validation.risks, validation.risks]))
    one, two = (validation_report.mean_net_benefit(given) for given in (validation, twice))
    np.testing.assert_allclose(one.model, two.model)
    assert one.thresholds[[0, -1]].tolist() == [0.05, 0.3]


def test_arm_is_that_of_the_study_unless_given(validation):
    found = arm_labels(validation)
    expected = np.where(validation.data.features["hbig_arm"] == 1, "HBIG arm: yes", "HBIG arm: no")
    assert found.tolist() == expected.tolist()


def test_arm_reaches_the_figure(validation):
    arm = ["x"] * 30 + ["y"] * 102
    legend = validation_report.report_figures(validation, arm)["kaplan_meier"].axes[0].get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["x (n = 30)", "y (n = 102)"]


def test_arm_given_by_patient_is_put_in_order(validation):
    arm = pd.Series(["x"] * 30 + ["y"] * 101 + [None], index=validation.data.features.index)
    shuffled = arm.sample(frac=1, random_state=0)
    assert arm_labels(validation, shuffled).tolist() == ["x"] * 30 + ["y"] * 101 + ["arm not known"]


def test_arm_of_another_length_is_refused(validation):
    with pytest.raises(RelapseModelError, match="arm has 2 entries; expected 132"):
        arm_labels(validation, ["x", "y"])


def test_study_without_an_arm_has_none(validation):
    others = tuple(p for p in validation.study.predictors if p.column != "arm")
    assert arm_labels(replace(validation, study=replace(validation.study, predictors=others))) is None


def test_outcome_in_words():
    study = rm.load_study("hbsag-relapse")
    said = outcome_words(study.outcome, study)
    assert said.startswith("HBsAg relapse: HBsAg at least 0.05 IU/mL, in 2 tests in a row within 12 weeks;")
    adjudicated = replace(study.outcome, analyte=None, at_least=None)
    assert "as adjudicated" in outcome_words(adjudicated, study)


def test_prior_in_words():
    study = rm.load_study("hbsag-relapse")
    assert prior_words(study.predictor("age")) == "OR 0.99 (0.94 to 1.04) per year"
    assert prior_words(replace(study.predictor("age"), prior=None)).startswith("none")


def test_dois_become_links_and_nothing_else_does():
    parts = link_dois("A 2025 doi:10.1186/s12985-025-02761-3, OR 0.2; http://evil.example doi:10.1080/2.1.")
    assert [address for _, address in parts if address] == [
        "https://doi.org/10.1186/s12985-025-02761-3",
        "https://doi.org/10.1080/2.1",
    ]
    assert "".join(text for text, _ in parts).endswith("doi:10.1080/2.1.")


def test_page_fits_a_telephone_and_a_desk(page, tmp_path):
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no Chromium on this computer: install it to look at the page as a browser does")
    # The third frame shows that the measurement can fail.
    frames = {
        "telephone": (360, page),
        "desk": (1280, page),
        "control": (360, page.replace("<main>", '<main><div style="width: 900px">x</div>')),
    }
    harness = "".join(
        f'<iframe id="{name}" style="border: 0" width="{width}" height="600" srcdoc="{html.escape(source)}"></iframe>'
        for name, (width, source) in frames.items()
    )
    script = """<script>onload = () => { document.body.innerHTML += '<pre>' + JSON.stringify(Object.fromEntries(
      [...document.querySelectorAll('iframe')].map(f => [f.id, f.contentDocument.documentElement.scrollWidth])))
      + '</pre>'; };</script>"""
    (tmp_path / "harness.html").write_text(
        f"<!DOCTYPE html><meta charset=utf-8><body>{harness}{script}", encoding="utf-8"
    )
    ran = subprocess.run(
        [
            browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            f"--user-data-dir={tmp_path / 'profile'}", "--enable-logging=stderr", "--window-size=1400,1000",
            "--dump-dom", (tmp_path / "harness.html").as_uri(),
        ],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    widths = json.loads(re.search(r"<pre>(\{.*?\})</pre>", ran.stdout)[1])
    assert widths["telephone"] <= 360
    assert widths["desk"] <= 1280
    assert widths["control"] > 360
    assert "CONSOLE" not in ran.stderr
