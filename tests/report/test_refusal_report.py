from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from page_reader import read, visible

import relapse_model as rm
from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.report.refusal_report import write_refusal

EVIL = '"><script>alert(1)</script>'


@pytest.fixture(scope="module")
def study():
    return rm.load_study("hbsag-relapse")


@pytest.fixture(scope="module")
def hopeless(study):
    """40 patients with 4 relapses: of a larger simulated cohort, so many of each."""
    cohort = rm.simulate_cohort(132, seed=7)
    state = rm.derive_outcome(cohort, study)["state"].to_numpy()
    chosen = [np.flatnonzero(state == "relapse")[:4], np.flatnonzero(state == "free")[:30]]
    chosen.append(np.flatnonzero(state == "lost")[:6])
    return cohort.take(np.concatenate(chosen))


@pytest.fixture(scope="module")
def refusal(hopeless, study):
    with pytest.raises(InsufficientDataError) as refused:
        rm.validate(hopeless, study)
    return refused.value


@pytest.fixture(scope="module")
def folder(hopeless, study, refusal, tmp_path_factory):
    place = tmp_path_factory.mktemp("refusal")
    write_refusal(hopeless, study, refusal, place)
    return place


@pytest.fixture(scope="module")
def page(folder):
    return (folder / "report.html").read_text(encoding="utf-8")


def test_first_screen_says_that_no_model_is_supported(page, refusal):
    text = visible(page)
    first = text[: text.index("Study and who was left out")]
    assert "No model is supported by this cohort" in first
    assert str(refusal).removeprefix("validate: ") in first  # nobody typed the verb on the page
    assert "4 events among 40 patients at risk (6 lost before week 48)" in first
    assert "With the outcome 4" in first
    assert "What next?" in first


def test_who_the_patients_were_is_told_all_the_same(page, folder):
    text = visible(page)
    for section in ("Table one", "Outcome and follow-up", "Sample size", "Checks"):
        assert section in text
    assert "free of HBsAg relapse (n\u00a0=\u00a030)" in page
    assert "HBsAg relapse (n\u00a0=\u00a04)" in page  # whoever owns the data sees the few too
    assert "40 patients: 4 with the outcome by the horizon, 30 without it, 6 lost before it." in text
    assert "These patients support" in text
    assert {path.stem for path in (folder / "figures").glob("*.svg")} == {
        "kaplan_meier",
        "trajectory",
        "trajectory_predictor",
    }


def test_for_others_small_groups_are_not_described(hopeless, study, refusal, tmp_path):
    write_refusal(hopeless, study, refusal, tmp_path, disclosure="small-counts")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Too few to be described: HBsAg relapse (4), lost (6)." in visible(page)
    assert "Counts under 5 are hidden, except totals of the cohort." in visible(page)[:400]


def test_no_performance_of_any_model_is_given(page):
    assert "AUC" not in visible(page)


def test_json_is_strict_and_says_that_nothing_is_supported(folder, refusal):
    values = json.loads((folder / "validation.json").read_text(encoding="utf-8"))
    assert values["supported"] is False
    assert values["refused"] == str(refusal)
    assert values["sample_size"]["events"] == 4


def test_page_is_whole_and_runs_nothing(page):
    reader = read(page)
    assert reader.open == reader.unbalanced == []
    assert not set(reader.tags) & {"script", "link", "img", "iframe"}
    identifiers = {value for _, name, value in reader.attributes if name == "id"}
    targets = {value[1:] for _, name, value in reader.attributes if name == "href" and value.startswith("#")}
    assert targets <= identifiers
    assert "default-src 'none'" in page


def test_no_identifier_of_a_patient_is_written(hopeless, folder):
    written = "".join(path.read_text(encoding="utf-8") for path in folder.rglob("*.*") if path.suffix != ".png")
    assert not [identifier for identifier in hopeless.patient_ids if identifier in written]


def test_more_predictors_than_relapses_are_refused_in_the_same_way(study, tmp_path):
    cohort = rm.simulate_cohort(132, seed=7)
    state = rm.derive_outcome(cohort, study)["state"].to_numpy()
    few = np.concatenate([np.flatnonzero(state == "relapse")[:6], np.flatnonzero(state == "free")[:40]])
    with pytest.raises(InsufficientDataError) as refused:
        rm.validate(cohort.take(few), study)
    page = write_refusal(cohort.take(few), study, refused.value, tmp_path)["report"].read_text(encoding="utf-8")
    assert "8 predictors and 6 events" in visible(page)


def test_nobody_at_risk_leaves_what_can_be_said(study, tmp_path):
    cohort = rm.simulate_cohort(20, seed=3)
    labs = cohort.labs[cohort.labs["analyte"] != "hbsag"].reset_index(drop=True)
    error = InsufficientDataError("no patient of this cohort has an outcome.")
    places = write_refusal(replace(cohort, labs=labs), study, error, tmp_path)
    text = visible(places["report"].read_text(encoding="utf-8"))
    assert "No model is supported by this cohort No patient of this cohort has an outcome." in text
    assert "Patients in the cohort 20" in text
    assert "Nobody was known to be free of the outcome" in text
    assert json.loads(places["validation"].read_text(encoding="utf-8"))["table_one"] is None


def test_text_is_escaped(hopeless, study, tmp_path):
    changed = replace(study, title=EVIL, name=EVIL, registry=EVIL, outcome=replace(study.outcome, name=EVIL))
    patients = hopeless.patients.assign(centre=EVIL, arm=EVIL)
    cohort = replace(hopeless, patients=patients)
    page = write_refusal(cohort, changed, RelapseModelError(EVIL), tmp_path)["report"].read_text(encoding="utf-8")
    assert "<script" not in page
    assert EVIL in visible(page)
    assert read(page).unbalanced == []


def test_muted_checks_are_named_and_unknown_codes_refused(hopeless, study, refusal, tmp_path):
    places = write_refusal(hopeless, study, refusal, tmp_path, mute=("RM104",))
    checks = json.loads(places["validation"].read_text(encoding="utf-8"))["checks"]
    assert next(one["state"] for one in checks if one["code"] == "RM104") == "muted"
    with pytest.raises(RelapseModelError, match="mute names 'RM9'"):
        write_refusal(hopeless, study, refusal, tmp_path / "new", mute=("RM9",))
    assert not (tmp_path / "new").exists()
