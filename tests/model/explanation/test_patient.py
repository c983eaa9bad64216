"""The explanation of one patient: it adds up, it says what was read and when, and it names nobody else."""

from __future__ import annotations

import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.errors import RelapseModelError
from relapse_model.features.development_data import development_data
from relapse_model.model.explanation.missing_value import NOTE, SPREAD, InPlace, code_in_place, counted_words, in_place
from relapse_model.model.explanation.patient import explain_patient
from relapse_model.model.explanation.patient_input import code_shown
from relapse_model.model.explanation.predictor_source import predictor_source
from relapse_model.model.scoring.guards.unlike import DO_NOT_RELY
from relapse_model.report.translation import translation
from relapse_model.study.reader import parse_study

ENROLLED = "2024-03-04"  # a Monday; two weeks before it is 2024-02-19


def row(found, name):
    return next(one for one in found.inputs if one.predictor == name)


def result(patient, week, analyte, value, unit, **more):
    return {"patient_id": patient, "week": week, "analyte": analyte, "value": value, "unit": unit, **more}


@pytest.fixture(scope="module")
def dated(new_patients):
    """Simulated patients with days of enrolment; of the first, the last anti-HBs is two weeks old, HBcrAg unknown."""
    tables = new_patients.tables()
    patients = tables["patients"].assign(enrolment_date=ENROLLED)
    labs = tables["labs"]
    own = labs["patient_id"] == "P0001"
    labs = labs[~(own & labs["analyte"].isin(["anti_hbs", "hbcrag"]))]
    added = pd.DataFrame([
        result("P0001", -8.0, "anti_hbs", "170", "mIU/mL"),
        result("P0001", -2.0, "anti_hbs", "<10", "mIU/mL"),
        result("P0001", 3.0, "anti_hbs", "400", "mIU/mL"),
    ])  # fmt: skip
    return rm.make_cohort(patients, pd.concat([labs, added]), tables["treatments"])


@pytest.mark.parametrize("name", ["prior_logistic", "ridge_logistic", "boosted_trees"])
def test_the_effects_lead_from_the_base_to_the_risk_of_the_scores(models, new_patients, name):
    found = explain_patient(models[name], new_patients, "P0004")
    score = models[name].score(new_patients).set_index("patient_id").loc["P0004"]
    assert (found.risk, found.lower, found.upper) == (
        score["relapse_risk"],
        score["risk_lower"],
        score["risk_upper"],
    )
    steps = found.steps()
    assert len(steps) == len(found.inputs) + 1
    assert steps[0] == pytest.approx(found.base_risk)
    assert steps[-1] == pytest.approx(found.risk, abs=1e-6)


def test_the_effects_are_those_of_explain_the_largest_first(model, new_patients):
    found = explain_patient(model, new_patients, "P0004")
    values = model.explain(new_patients).values[3]
    reported = {one.predictor: one.contribution for one in found.inputs}
    for column, predictor in enumerate(model.study.predictors):
        assert reported[predictor.name] == pytest.approx(values[column])
    sizes = [abs(one.contribution) for one in found.inputs]
    assert sizes == sorted(sizes, reverse=True)


def test_a_result_is_told_as_printed_with_its_unit_week_day_and_age(model, dated):
    titre = row(explain_patient(model, dated, "P0001"), "anti_hbs")
    assert (titre.shown, titre.unit, titre.week, titre.date, titre.age_weeks) == (
        "<10",
        "mIU/mL",
        -2.0,
        "2024-02-19",
        2.0,
    )
    assert titre.value == pytest.approx(5.0)  # half of the limit stands for less than it
    assert titre.read_from == "week -2 (2024-02-19), 2 weeks old"


def test_without_a_day_of_enrolment_there_is_the_week_alone(model, new_patients):
    titre = row(explain_patient(model, new_patients, "P0004"), "anti_hbs")
    assert titre.date is None
    assert titre.read_from == "week 0"


def test_the_reference_is_the_mean_of_the_training_in_clinical_units(model, dated):
    found = explain_patient(model, dated, "P0001")
    reported = model.summary["predictors"]
    assert row(found, "anti_hbs").reference == pytest.approx(10 ** reported["anti_hbs"]["mean"])
    assert row(found, "age").reference == pytest.approx(reported["age"]["mean"])
    # 88 of the 132 training patients are men.
    assert reported["male"]["mean"] == pytest.approx(88 / 132)
    assert row(found, "male").reference_shown == "67 % yes"


def test_a_missing_value_is_called_missing_and_warned_of(model, dated):
    found = explain_patient(model, dated, "P0001")
    missing = row(found, "hbcrag")
    assert (missing.value, missing.shown, missing.week, missing.date) == (None, "missing", None, None)
    assert missing.read_from == "no usable result"
    assert any("missing: HBcrAg" in warning for warning in found.warnings)
    assert "missing: HBcrAg" in found.text()


def test_a_missing_value_stands_beside_the_median_that_counts_for_it(models, cohort, dated):
    """Of the ridge the median of the training values; its effect is that of the median against their mean."""
    known = pd.to_numeric(development_data(cohort, models["ridge_logistic"].study).features["hbcrag"])
    found = explain_patient(models["ridge_logistic"], dated, "P0001")
    missing = row(found, "hbcrag")
    assert missing.counted == f"counted as {known.median():.3g} log10 U/mL"
    assert missing.value_shown == f"missing, counted as {known.median():.3g} log10 U/mL"
    assert missing.reference == pytest.approx(known.mean(), abs=0.01)
    line = models["ridge_logistic"].classifier._line()
    column = [one.name for one in models["ridge_logistic"].study.predictors].index("hbcrag")
    assert missing.contribution == pytest.approx(line.slope[column] * (known.median() - missing.reference), abs=1e-3)
    titre = next(one for one in found.text().splitlines() if "HBcrAg" in one)
    assert ("missing" in titre, f"counted as {known.median():.3g} log10 U/mL" in titre) == (True, True)
    assert "the median of the training patients, which need not be the reference" in found.note
    assert "scatter" not in found.note
    assert "median" in found._repr_html_()


def test_what_else_counts_of_a_missing_value_is_said(models, dated, new_patients):
    """Priors: the scatter too. Trees: a branch, no value. Nothing missing: not a word of it."""
    prior = explain_patient(models["prior_logistic"], dated, "P0001")
    assert "also counts the scatter" in prior.note
    trees = explain_patient(models["boosted_trees"], dated, "P0001")
    assert row(trees, "hbcrag").counted == "trees have a branch for it"
    assert "median" not in trees.note
    for name in ("prior_logistic", "boosted_trees"):
        complete = explain_patient(models[name], new_patients, "P0004")
        assert (complete.missing_note, {one.counted for one in complete.inputs}) == ("", {""})


def test_words_of_what_counts_by_hand(model):
    """A column with an indicator, one that hardly any patient had, and members that do not agree."""
    place = [one.name for one in model.study.predictors].index("age")
    columns = len(model.study.predictors)
    marked = InPlace(np.full(columns, 40.0), frozenset({place}))
    assert counted_words(model, place, "40 years", marked) == "counted as 40 years; that it is missing counts too"
    assert code_in_place(model, place, marked) == 40.0
    left = SimpleNamespace(study=model.study, summary={"hardly_known": {"age": "left out"}})
    assert counted_words(left, place, "", marked) == "left out of the model"
    assert np.isnan(code_in_place(left, place, marked))
    both = SimpleNamespace(
        members_=[SimpleNamespace(impute_=np.array(one), n_features_in_=2) for one in ([1.0, 2.0], [1.0, 3.0])]
    )
    assert in_place(both).value.tolist() == pytest.approx([1.0, np.nan], nan_ok=True)
    arm = model.study.predictor("hbig_arm")
    assert [code_shown(arm, code) for code in (0.0, 1.0, 0.5, np.nan)] == ["no", "yes", "50 % yes", ""]
    assert code_shown(model.study.predictor("anti_hbs"), 1.0) == "10 mIU/mL"


def test_of_levels_the_one_that_counts_is_named(cohort, study, new_patients):
    """Only a level that half of the training patients or more have is the median of its columns; else none is."""
    text = (
        f"{study.text}\n[[predictors]]\nname = 'genotype'\nlabel = 'HBV genotype'\nkind = 'column'\n"
        "column = 'hbv_genotype'\nlevels = ['A', 'B', 'C', 'D']\n"
    )
    wider = parse_study(text, "study.toml")
    place = len(wider.predictors) - 1
    fake = SimpleNamespace(study=wider, summary={})
    at_b = np.array([0.0] * place + [1.0, 0.0, 0.0])
    assert code_shown(wider.predictors[place], code_in_place(fake, place, InPlace(at_b))) == "B"
    first = code_in_place(fake, place, InPlace(np.zeros(place + 3)))
    assert code_shown(wider.predictors[place], first) == "A"
    none = InPlace(np.array([0.0] * place + [0.5, 0.5, 0.0]))
    assert np.isnan(code_in_place(fake, place, none))
    assert counted_words(fake, place, "", none) == "counted as the median of each level"


def test_how_a_missing_value_counts_is_known_in_chinese(study):
    said = translation(study, "zh")
    for text in (NOTE, SPREAD, "missing, counted as 40 years", "missing, counted as no; trees have a branch for it"):
        assert re.search("[一-龥]", said(text))
    for counted in ("left out of the model", "trees have a branch for it", "counted as the median of each level"):
        assert "缺失" in said(f"missing, {counted}")
    both = "missing, counted as 40 years; that it is missing counts too"
    assert said(both) == "缺失，按 40 岁计，缺失本身也计入"


def test_a_lower_titre_raises_the_risk_and_a_higher_one_lowers_it(model, new_patients, dated):
    assert row(explain_patient(model, dated, "P0001"), "anti_hbs").effect == "raises"
    # P0004 has 248 mIU/mL, the reference 34.
    titre = row(explain_patient(model, new_patients, "P0004"), "anti_hbs")
    assert titre.value > titre.reference
    assert titre.effect == "lowers"


def test_the_text_is_a_table_for_the_terminal(model, dated):
    found = explain_patient(model, dated, "P0001")
    text = found.text()
    assert text.startswith("Patient P0001: HBsAg relapse by week 48, predicted at week 0 (2024-03-04)\n")
    assert f"Risk {100 * found.risk:.0f} % (90 % interval {100 * found.lower:.0f} to {100 * found.upper:.0f} %)" in text
    lines = [line for line in text.splitlines() if line.startswith("  ")]
    assert lines[0].split() == ["value", "reference", "read", "from", "effect", "on", "the", "risk"]
    assert [line[2:].split("  ")[0] for line in lines[1:]] == [one.label for one in found.inputs]
    titre = next(line for line in lines if "Anti-HBs" in line)
    before, after = (f"{100 * risk:.1f}" for risk in found.steps()[:2])
    assert "<10 mIU/mL" in titre
    assert titre.endswith(f"raises it, {before} to {after} %")
    assert "trained on synthetic patients" in text
    assert max(map(len, text.splitlines())) <= 140


def test_a_patient_unlike_those_studied_is_said_to_be_so_beside_the_risk(model, new_patients):
    """Aged 75, where the trial takes nobody above 60: in the text, and in a notebook; and of nobody else."""
    tables = new_patients.tables()
    old = tables["patients"].assign(age_years=75.0)
    cohort = rm.make_cohort(old, tables["labs"], tables["treatments"], study=model.study)
    found, other = (explain_patient(model, one, "P0004") for one in (cohort, new_patients))
    lines = found.text().splitlines()
    assert lines[2].startswith("Risk ")
    assert lines[3] == DO_NOT_RELY
    assert DO_NOT_RELY in found._repr_html_()
    assert DO_NOT_RELY not in other.text() + other._repr_html_()


def test_text_names_the_patient_who_was_asked_for_and_nobody_else(model, new_patients):
    found = explain_patient(model, new_patients, "P0004")
    others = set(new_patients.patient_ids) - {"P0004"}
    assert not any(other in found.text() for other in others)
    assert "P0004" not in repr(found)


def test_an_unknown_patient_is_refused_by_name_without_naming_others(model, new_patients):
    with pytest.raises(RelapseModelError, match="no patient 'p0004' among the 30 of this cohort") as refusal:
        explain_patient(model, new_patients, "p0004")
    assert not any(known in str(refusal.value) for known in new_patients.patient_ids)


def test_who_cannot_be_scored_is_refused_with_the_reason(model, new_patients):
    tables = new_patients.tables()
    labs = tables["labs"]
    untested = labs[(labs["patient_id"] != "P0002") | ~labs["analyte"].isin(["anti_hbs", "hbcrag"])]
    cohort = rm.make_cohort(tables["patients"], untested, tables["treatments"])
    with pytest.raises(RelapseModelError, match="'P0002' cannot be scored: no laboratory result of the model's pred"):
        explain_patient(model, cohort, "P0002")


def test_a_week_for_which_the_model_was_not_trained_is_refused(model, new_patients):
    with pytest.raises(RelapseModelError, match="landmark_week is 12; expected week 0"):
        explain_patient(model, new_patients, "P0004", landmark_week=12)


def test_a_predictor_with_levels_is_told_by_its_level(cohort, study, new_patients):
    levels = sorted(str(level) for level in cohort.patients["hbv_genotype"].dropna().unique())
    quoted = ", ".join(f'"{level}"' for level in levels)
    text = (
        f"{study.text}\n[[predictors]]\nname = 'genotype'\nlabel = 'HBV genotype'\nkind = 'column'\n"
        f"column = 'hbv_genotype'\nlevels = [{quoted}]\n"
    )
    model = rm.train(cohort, parse_study(text, "study.toml"), candidates=("prior_logistic",))
    known = new_patients.patients["hbv_genotype"].notna().to_numpy()
    patient = new_patients.patients.loc[known].iloc[0]
    genotype = row(explain_patient(model, new_patients, patient["patient_id"]), "genotype")
    commonest = cohort.patients["hbv_genotype"].value_counts().idxmax()
    assert (genotype.value, genotype.reference) == (patient["hbv_genotype"], commonest)
    assert (genotype.unit, genotype.read_from) == ("", "baseline data")


SOURCES = """
[study]
protocol = 1
name = "sources"

[analytes.hbsag]
unit = "IU/mL"
scale = "log10"
lower_limit = 0.05

[analytes.anti_hbs]
unit = "mIU/mL"
scale = "log10"
lower_limit = 10.0

[outcome]
name = "HBsAg relapse"
analyte = "hbsag"
at_least = 0.05

[prediction]
landmark_weeks = [12]
horizon_weeks = 48
""" + "".join(
    f"\n[[predictors]]\nname = '{name}'\nlabel = '{name}'\n{keys}\n"
    for name, keys in {
        "last": "kind = 'last'\nanalyte = 'anti_hbs'",
        "first": "kind = 'first'\nanalyte = 'anti_hbs'",
        "highest": "kind = 'maximum'\nanalyte = 'anti_hbs'",
        "lowest": "kind = 'minimum'\nanalyte = 'anti_hbs'",
        "mean": "kind = 'mean'\nanalyte = 'anti_hbs'",
        "lately": "kind = 'first'\nanalyte = 'anti_hbs'\nwindow_weeks = 4",
        "since_below": "kind = 'weeks_since_first_below'\nanalyte = 'anti_hbs'\nbelow = 50",
        "pegifn": "kind = 'weeks_on_agent'\nagents = ['pegifn']\ncolumn = 'pegifn_weeks'",
        "hbig": "kind = 'dose_count'\nagents = ['hbig']",
        "age": "kind = 'column'\ncolumn = 'age_years'",
        "when": "kind = 'landmark_week'",
    }.items()
)


@pytest.mark.parametrize(
    ("name", "table", "week", "limit"),
    [
        ("last", "labs", 10.0, ""),  # week 20 is after the landmark
        ("first", "labs", 0.0, ""),
        ("highest", "labs", 4.0, ">"),
        ("lowest", "labs", 8.0, "<"),
        ("mean", "labs", 10.0, ""),  # of several results, the newest
        ("lately", "labs", 8.0, "<"),  # the first of the four weeks before week 12
        ("since_below", "labs", 8.0, ""),  # 45 at week 10 is later, 60 not below
        ("pegifn", "patients", None, ""),  # stated
        ("hbig", "treatments", None, ""),
        ("age", "patients", None, ""),
        ("when", "", None, ""),
    ],
)
def test_a_source_is_the_result_that_made_the_value(name, table, week, limit):
    study = parse_study(SOURCES, "sources.toml")
    patients = pd.DataFrame({"patient_id": ["X0", "X1"], "age_years": [40, 50], "pegifn_weeks": [48, None]})
    titres = [(0.0, "60"), (4.0, ">1000"), (8.0, "<10"), (10.0, "45"), (20.0, "2")]
    labs = pd.DataFrame([
        result("X1", 6.0, "anti_hbs", "77", "mIU/mL"),
        *(result("X0", week_, "anti_hbs", value, "mIU/mL") for week_, value in titres),
    ])  # fmt: skip
    doses = pd.DataFrame(
        {"patient_id": ["X0"], "agent": ["hbig"], "start_week": [0.0], "dose": [400.0], "unit": ["IU"]}
    )
    cohort = rm.make_cohort(patients, labs, doses)
    found = predictor_source(cohort, study, study.predictor(name), 0, 12.0)
    assert (found.table, found.week, found.limit) == (table, week, limit)
    assert np.isnan(found.at) == (limit == "")


def test_weeks_on_a_drug_that_nobody_stated_come_from_the_treatments():
    study = parse_study(SOURCES, "sources.toml")
    patients = pd.DataFrame({"patient_id": ["X0", "X1"], "age_years": [40, 50], "pegifn_weeks": [48, None]})
    labs = pd.DataFrame([result("X1", 6.0, "anti_hbs", "77", "mIU/mL")])
    course = pd.DataFrame({"patient_id": ["X1"], "agent": ["pegifn"], "start_week": [-48.0], "end_week": [0.0]})
    cohort = rm.make_cohort(patients, labs, course)
    assert predictor_source(cohort, study, study.predictor("pegifn"), 1, 12.0).table == "treatments"
    assert predictor_source(cohort, study, study.predictor("last"), 0, 12.0).week is None
