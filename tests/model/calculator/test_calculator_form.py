"""What is typed into the page is read as the library reads it, or refused; and the warnings are the library's."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from importlib.resources import files

import numpy as np
import pandas as pd
import pytest
from browser import REPORT, found_by

import relapse_model as rm
from relapse_model.cohort.laboratory.lab_text import read_lab_text
from relapse_model.features.design import level_codes
from relapse_model.model.calculator.criteria_asked import criteria_asked
from relapse_model.model.calculator.form_fields import form_fields, negative_words
from relapse_model.model.calculator.page import model_values, page_words
from relapse_model.study.eligibility import Criterion

PARTS = files("relapse_model.model.calculator")
SCRIPTS = ("scorer.js", "lab_text.js", "criteria.js", "warnings.js")
SCRIPT = "\n".join(PARTS.joinpath(name).read_text(encoding="utf-8") for name in SCRIPTS)

# Each must be read, as the number or word that it is; they are what people type.
ACCEPTED = (
    "", " ", "5", "5.0", "0.05", ".5", "5.", "0,5", "12,34", "1000", "1e3", "1.5E+03", "2.0e-2", "<0.05", "< 0.05",
    "＜0.05", "<=10", "≤10", "≥1000", ">1000", "＞１０００", "> 1000", "12．5", "TND", "tnd", "Not detected",
    "not-detected", "negative", "Neg", "阴性", "未检出", "undetectable", "0", "0.0", "-2", "+3",
)  # fmt: skip
# Each must be refused: there is no one reading, or none that the page knows.
REFUSED = (
    "1,234", "12,345", "5-10", "5 10", "positive", "阳性", "<", ">>5", "abc", "5 IU/mL", "1.2.3", "1,2,3", "--5", "5%",
    "NaN", "inf", "1e999", "<TND", "0x10", "1_000", "５至６", "10^3", "<5,", "5,", "grey zone", "<script>",
)  # fmt: skip


def evaluated(script, folder):
    return found_by(f"<!DOCTYPE html><meta charset=utf-8><body><script>{SCRIPT}{REPORT}{script}</script>", folder)


def texts():
    """Return some 400 texts: those above, and numbers with every comparator, comma and space."""
    numbers = (
        "0",
        "7",
        "0.05",
        "10",
        "1000",
        "1,5",
        "1,500",
        "1500,25",
        "1e4",
        "0,250",
        "00,250",
        "3.",
        ".3",
        "1234567",
    )
    made = [f"{c}{s}{n}" for c in ("", "<", ">", "<=", ">=", "＜", "≥", "=") for s in ("", " ") for n in numbers]
    return [*ACCEPTED, *REFUSED, *made]


def test_a_text_is_read_as_the_library_reads_it_or_not_at_all(tmp_path):
    asked = texts()
    script = f"report({json.dumps(asked)}.map(text => readResult(text, {json.dumps(negative_words())})));"
    found = dict(zip(asked, evaluated(script, tmp_path), strict=True))
    for text, page in found.items():
        library = read_lab_text(text)
        if page["kind"] == "number":
            negative = page["number"] < 0 or (page["comparator"], page["number"]) == ("<", 0)  # refused by the field
            assert negative or (library.kind, library.comparator, library.number) == (
                "number", page["comparator"], page["number"],
            ), text  # fmt: skip
        elif page["kind"] == "below":
            assert (library.kind, library.detected) == ("negative", False), text
        elif page["kind"] == "missing":
            assert library.kind == "missing", text
    assert {text for text in ACCEPTED if found[text]["kind"] == "unreadable"} == set()
    assert {text for text in REFUSED if found[text]["kind"] != "unreadable"} == set()


@pytest.fixture(scope="module")
def model():
    study = rm.load_study("hbsag-relapse")
    return rm.train(rm.simulate_cohort(132, seed=7), study, candidates=("prior_logistic",))


def field(model, name):
    return next(one for one in form_fields(model) if one["name"] == name)


def codes_typed(fields, typed, folder):
    """Return the code, or the error, of texts typed into fields: a list of (field, text, factor)."""
    pairs = [[one, text, factor] for one, (text, factor) in zip(fields, typed, strict=True)]
    script = f"report({json.dumps(pairs)}.map(([f, t, k]) => readField(f, t, k, {json.dumps(negative_words())})));"
    return [one["code"] if "code" in one else one["error"] for one in evaluated(script, folder)]


def test_a_result_becomes_the_number_that_the_features_have(model, tmp_path):
    """One patient for each printed text of anti-HBs and HBcrAg: the page and `derive_features` agree on each."""
    titres = ("<10", "12.5", "TND", "0", "3.1", ">1000", "1500", "250")
    antigens = ("<2.0", "3.9", "TND", "1.2", ">7.0", "2.4", "5", "7")
    ids = [f"P{i}" for i in range(len(titres))]
    labs = pd.DataFrame(
        {
            "patient_id": ids * 2, "week": 0.0, "analyte": ["anti_hbs"] * 8 + ["hbcrag"] * 8,
            "value": [*titres, *antigens], "unit": ["mIU/mL"] * 8 + ["log10 U/mL"] * 8,
        }
    )  # fmt: skip
    patients = pd.DataFrame(
        {
            "patient_id": ids, "sex": "M", "age_years": "40", "arm": "hbig", "prior_nuc": "no",
            "consolidation_weeks": "8", "hbsag_before_treatment_iu_ml": "50",
        }
    )  # fmt: skip
    study = rm.load_study("hbsag-relapse")
    features = rm.derive_features(rm.make_cohort(patients=patients, labs=labs, study=study), study)
    for name, printed in (("anti_hbs", titres), ("hbcrag", antigens)):
        found = codes_typed([field(model, name)] * 8, [(text, 1.0) for text in printed], tmp_path)
        np.testing.assert_allclose(found, features[name], rtol=1e-14, err_msg=name)


def test_a_unit_is_converted_before_the_logarithm(model, tmp_path):
    """2 kIU/L of an analyte in IU/mL with the factor 1000 are 2000: log10 3.301."""
    one = {**field(model, "anti_hbs"), "result": None}
    assert codes_typed([one], [("2", 1000.0)], tmp_path)[0] == pytest.approx(np.log10(2000.0), rel=1e-15)


def test_what_cannot_be_read_is_refused_with_its_reason(model, tmp_path):
    titre, weeks, before = (
        field(model, name) for name in ("anti_hbs", "consolidation_weeks", "hbsag_before_treatment")
    )
    asked = [
        (titre, "1,234", "ambiguous_comma"), (titre, "many", "enter_number"), (titre, "-5", "negative"),
        (titre, "<0", "negative"), (weeks, "<12", "no_comparator"), (weeks, "-1", "negative"),
        (before, "0", "positive"), (before, "TND", "enter_number"), (titre, "1e31", "enter_number"),
    ]  # fmt: skip
    found = codes_typed([one for one, _, _ in asked], [(text, 1.0) for _, text, _ in asked], tmp_path)
    assert found == [error for _, _, error in asked]


def test_what_no_body_gives_is_refused_as_in_the_tables(model, tmp_path):
    """Anti-HBs to 10^7 mIU/mL, HBcrAg to 12 log10 U/mL; albumin, which has no limit of an assay, from 5 to 100."""
    titre, antigen, before = (field(model, name) for name in ("anti_hbs", "hbcrag", "hbsag_before_treatment"))
    assert titre["possible"] == [0.0, 1e7]
    albumin = {**titre, "possible": [5, 100], "log10": False, "result": {**titre["result"], "lower_limit": None}}
    albumin["result"]["lowest"] = None
    asked = [
        (titre, "5e9"), (titre, ">2e7"), (antigen, "12.5"), (before, "2e7"), (albumin, "866"), (albumin, "3.5"),
        (albumin, "<3"), (titre, "1e7"), (titre, "<10"), (albumin, "<60"), (albumin, ">60"),
        ({**titre, "possible": None}, "5e9"),
    ]  # fmt: skip
    found = codes_typed([one for one, _ in asked], [(text, 1.0) for _, text in asked], tmp_path)
    assert [one == "impossible" for one in found] == [True] * 7 + [False] * 5
    assert all(isinstance(one, float | int) for one in found[7:])


def test_fields_say_how_a_value_is_entered(model):
    kinds = {one["name"]: one["type"] for one in form_fields(model)}
    assert kinds["hbig_arm"] == kinds["male"] == kinds["prior_nuc"] == "yes_no"
    assert field(model, "hbig_arm")["no"] == ["control"]
    titre = field(model, "anti_hbs")
    assert [one["unit"] for one in titre["units"]] == ["mIU/mL", "IU/L"]
    assert titre["passive"]
    assert titre["log10"]
    assert titre["result"]["lowest"] == 5.0
    assert not field(model, "hbcrag")["log10"]  # its unit is a logarithm already


def warnings_of(model, rows, folder, risks="() => 0.5"):
    """Return what the page warns of in patients given by their codes (None: not known)."""
    script = f"""
    const model = {json.dumps(model_values(model))}, words = {json.dumps(page_words(("en",))["en"])};
    const say = (key, with_ = {{}}) => words[key].replace(/\\{{(\\w+)\\}}/g, (_, name) => String(with_[name]));
    report({json.dumps(rows)}.map(row => warningsOf(
      model, row.map(x => x === null ? NaN : x), {risks}, say, field => field.label,
    )));
    """
    return evaluated(script, folder)


@pytest.mark.parametrize("seed", [11, 12])
def test_warnings_are_those_of_the_library(model, tmp_path, seed):
    """New patients, some values far away or missing: the same sentences in the same order."""
    cohort, study = rm.simulate_cohort(60, seed=seed), model.study
    cohort = cohort.take(np.arange(60))
    features = rm.derive_features(cohort, study)
    scores = model.score(cohort)
    codes = [[None if np.isnan(x) else x for x in row] for row in level_codes(features, study).tolist()]
    found = warnings_of(model, codes, tmp_path)
    shared = ("RS201", "RS202", "RS203", "RS210", "RS211")
    wanted = [
        [text for text in re.split(r"; (?=RS\d{3} )", one) if text.startswith(shared)] for one in scores["warnings"]
    ]
    assert [[text for text in one if text.startswith(shared)] for one in found] == wanted
    assert sum(map(len, wanted)) > 5


def test_far_and_missing_values_are_warned_of_in_the_library_s_words(model, tmp_path):
    """By hand: a titre of 1e6 mIU/mL, an age of 90, no HBcrAg."""
    from relapse_model.model.scoring.guards import guard_warnings
    from relapse_model.model.scoring.guards.guard import NewPatients

    cohort = rm.simulate_cohort(3, seed=8)
    features = rm.derive_features(cohort, model.study)
    features["anti_hbs"], features["hbcrag"], features["age"] = 6.0, np.nan, [90.0, 26.0, 51.0]
    new = NewPatients(cohort, features, model.study, model.summary, 0.0, (0.0,), model.predict_risk)
    wanted = [
        [text for text in re.split(r"; (?=RS\d{3} )", one) if text.startswith(("RS201", "RS202", "RS203"))]
        for one in guard_warnings(new)
    ]
    codes = [[None if np.isnan(x) else x for x in row] for row in level_codes(features, model.study).tolist()]
    shared = ("RS201", "RS202", "RS203")
    found = [[one for one in row if one.startswith(shared)] for row in warnings_of(model, codes, tmp_path)]
    assert found == wanted
    assert any("RS202" in text for text in wanted[0])


def test_a_number_is_possible_as_the_tables_have_it(model, tmp_path):
    """Ages to 120 years and consolidation to a century: what the gate refuses, the page refuses."""
    age, weeks = field(model, "age"), field(model, "consolidation_weeks")
    asked = ((age, "5000"), (age, "121"), (weeks, "5201"), (age, "150"), (age, "120"), (age, "0"), (weeks, "5200"))
    found = codes_typed([one for one, _ in asked], [(text, 1.0) for _, text in asked], tmp_path)
    assert found == [*["impossible"] * 4, 120, 0, 5200]
    tables = dict(rm.simulate_cohort(4, seed=8).tables())
    ages = tables["patients"].assign(age_years=["5000", "121", "120", "0"])
    refused = rm.make_cohort(ages, tables["labs"], study=model.study, on_problems="list").rejected
    assert refused["patient_id"].tolist() == tables["patients"]["patient_id"].tolist()[:2]


def test_a_study_narrows_what_the_tables_allow(model):
    predictors = [replace(one, possible=(18, 200)) if one.name == "age" else one for one in model.study.predictors]
    narrowed = replace(model, study=replace(model.study, predictors=tuple(predictors)))
    assert field(narrowed, "age")["possible"] == [18, 120]


def test_a_criterion_that_is_not_met_is_warned_of_as_in_the_library(model, tmp_path):
    """Ages 17.9, 18, 60, 60.1 and unknown, in the arm of HBIG: outside are the first and the fourth."""
    cohort = rm.simulate_cohort(5, seed=8)
    tables = dict(cohort.tables())
    patients = tables["patients"].assign(age_years=[17.9, 18, 60, 60.1, None], arm="hbig")
    cohort = rm.make_cohort(patients, tables["labs"], tables["treatments"], study=model.study)
    features = rm.derive_features(cohort, model.study)
    shared = ("RS206", "RS209")
    wanted = [
        [text for text in re.split(r"; (?=RS\d{3} )", one) if text.startswith(shared)]
        for one in model.score(cohort)["warnings"]
    ]
    assert [len(one) for one in wanted] == [2, 0, 0, 2, 0]
    risks = [
        model.predict_risk(features.assign(hbig_arm=arm)).tolist()
        for arm in (1.0, 0.0)
    ]  # fmt: skip
    place = [one.name for one in model.study.predictors].index("hbig_arm")
    codes = [[None if np.isnan(x) else x for x in row] for row in level_codes(features, model.study).tolist()]
    found = []
    for row, code in enumerate(codes):
        said = warnings_of(model, [code], tmp_path, f"codes => codes[{place}] ? {risks[0][row]} : {risks[1][row]}")
        found.append([text for text in said[0] if text.startswith(shared)])
    assert found == wanted
    assert found[0][0] == "RS206 eligibility criterion not met: I1 (Aged 18 to 60 years)"


def called(conditions, bounds, folder):
    """Return whether a criterion is met by each pair of bounds (None: an open end); None where they do not tell."""
    script = f"""
    const one = {{ conditions: {json.dumps(conditions)} }}, ends = {json.dumps(bounds)};
    report(ends.map(([a, b]) => isMet(one, 1, [a === null ? -Infinity : a, b === null ? Infinity : b])));
    """
    return evaluated(script, folder)


def test_a_result_at_a_limit_decides_a_criterion_as_in_the_library(tmp_path):
    """ "<10" is below 10, and 10 is not; ">5" is more than 5; "<20" does not tell whether it is below 10."""
    bounds = [[None, 10], [10, 10], [9.9, 9.9], [None, 20], [20, None], [5, None]]
    assert called([["below", 10, True]], bounds, tmp_path) == [True, False, True, None, False, None]
    assert called([["at_most", 5, True]], [[5, 5], [5, None], [5.1, 5.1], [None, 6]], tmp_path) == [
        True, False, False, None,
    ]  # fmt: skip
    assert called([["below", 18, False], ["at_most", 60, True]], [[18, 18], [61, 61], [None, 17]], tmp_path) == [
        True, False, False,
    ]  # fmt: skip


def test_criteria_are_read_from_the_predictors_that_decide_them(model):
    """By a yes or no, by levels, by treatment, by a result as new as asked; and not by one that may be older."""
    study = model.study
    new = replace(study.predictor("hbcrag"), window_weeks=4.0)
    predictors = (*(new if one.name == "hbcrag" else one for one in study.predictors),)
    include = (
        Criterion("A", "Women", column="sex", equals=("F",)),
        Criterion("B", "HBcrAg below 3", analyte="hbcrag", below=3.0, window_weeks=4.0),
        Criterion("C", "Anti-HBs at least 10", analyte="anti_hbs", at_least=10.0, window_weeks=4.0),
        Criterion("D", "BMI", column="bmi_kg_m2", at_most=28.0),
    )
    exclude = (
        Criterion("E", "Analogue before", agents=study.predictor("prior_nuc").agents, ever=True),
        Criterion("F", "Arm of the control", column="arm", equals=("control",)),
        Criterion("G", "HBIG", column="arm", equals=("HBIG",)),
    )
    eligibility = replace(study.eligibility, include=include, exclude=exclude)
    other = replace(model, study=replace(study, predictors=predictors, eligibility=eligibility))
    found = {one["id"]: one.get("met", one.get("conditions")) for one in criteria_asked(other)}
    assert found == {
        "A": {"1": False}, "B": [["below", 3.0, True]], "E": {"1": True, "0": False},
        "F": {"1": False, "0": True}, "G": {"1": True, "0": False},
    }  # fmt: skip
