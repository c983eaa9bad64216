"""The sections of a study beyond its core: laboratory conventions, eligibility, kinetics, assays."""

from __future__ import annotations

import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.errors import StudyError
from relapse_model.study.reader import parse_study
from relapse_model.study.study import Scoring

CORE = """
[study]
protocol = 1
name = "sections"

[analytes.hbv_dna]
unit = "IU/mL"
scale = "log10"
lower_limit = 10.0

[outcome]
adjudicated = true

[prediction]
horizon_weeks = 48

[[predictors]]
name = "ever"
kind = "ever_detected"
analyte = "hbv_dna"
"""


def refused(text: str) -> str:
    with pytest.raises(StudyError) as caught:
        parse_study(CORE + text, "study.toml")
    return str(caught.value)


def ever(value: str, laboratory: str) -> float:
    study = parse_study(CORE + laboratory, "study.toml")
    labs = pd.DataFrame({"patient_id": ["a"], "week": [0], "analyte": ["hbv_dna"], "value": [value], "unit": ["IU/mL"]})
    cohort = rm.make_cohort(pd.DataFrame({"patient_id": ["a"]}), labs, study=study)
    return rm.derive_features(cohort, study).iloc[0, 0]


def test_what_a_limit_alone_means_is_the_laboratorys_convention():
    assert pd.isna(ever("<10", ""))  # the default: unknown
    assert ever("<10", '[laboratory]\nbelow_limit_detected = "yes"') == 1
    assert ever("<10", '[laboratory]\nbelow_limit_detected = "no"') == 0


def test_what_a_dash_means_is_the_laboratorys_convention():
    with pytest.raises(rm.RelapseModelError, match="dash"):
        ever("-", "")
    assert ever("-", '[laboratory]\ndash = "negative"') == 0
    assert pd.isna(ever("-", '[laboratory]\ndash = "missing"'))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[laboratory]\ndash = "no"', "'no'; expected one of 'refuse', 'negative', 'missing'"),
        ('[[eligibility.include]]\nid = "I1"', "key 'text' is missing"),
        ('[[eligibility.include]]\nid = "I1"\ntext = "t"\ncolumn = "age"', "0 keys for the condition"),
        ('[[eligibility.include]]\nid = "I1"\ntext = "t"\nbelow = 3', "0 keys for the subject"),
        (
            '[[eligibility.exclude]]\nid = "E1"\ntext = "t"\ncolumn = "x"\nbelow = 1\nabove = 2',
            "2 keys for the condition",
        ),
        ('[[eligibility.exclude]]\nid = "E1"\ntext = "t"\nanalyte = "hbvdna"\nbelow = 1', "Did you mean 'hbv_dna'?"),
        ('[[eligibility.include]]\nid = "I1"\ntext = "t"\ncolumn = "age"\nbetween = [60, 18]', "low below high"),
        ('[passive_antibody]\nanalyte = "hbv_dna"', "key 'half_life_days' is missing"),
        (
            '[analytes.hbv_dna.assays."TaqMan"]\nlimit = 20',
            "unknown key; expected one of lower_limit, units, upper_limit",
        ),
    ],
)
def test_wrong_sections_are_refused_with_their_line(text, message):
    found = refused(text)
    assert message in found
    assert "study.toml, line " in found


def test_when_scoring_warns_is_stated_by_the_study_and_has_defaults():
    assert parse_study(CORE, "study.toml").scoring == Scoring(0.25, 0.999, 12.0)
    one = parse_study(CORE + "[scoring]\npassive_weeks = 26\n", "study.toml").scoring
    assert one == Scoring(range_margin=0.25, distance_level=0.999, passive_weeks=26.0)
    assert rm.load_study("hbsag-relapse").scoring == Scoring()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[scoring]\nrange_margin = -0.1", "key 'scoring.range_margin': -0.1; expected a number of at least 0"),
        ("[scoring]\ndistance_level = 1", "1; expected a number of at least 0.5 and at most 0.999999"),
        ("[scoring]\npassive_weeks = true", "True; expected a number of at least 0"),
        ("[scoring]\npasive_weeks = 12", "unknown key; expected one of distance_level, passive_weeks, range_margin"),
        ("scoring = 3\n", "3; expected a table of keys"),
    ],
)
def test_a_wrong_limit_of_scoring_is_refused_by_name(text, message):
    # A key outside a section must stand before the first section.
    text = text + CORE if text.startswith("scoring") else CORE + text
    with pytest.raises(StudyError) as caught:
        parse_study(text, "study.toml")
    assert message in str(caught.value)


def test_an_id_is_used_once():
    criterion = '[[eligibility.{}]]\nid = "X"\ntext = "t"\ncolumn = "age"\nabove = 2\n'
    assert "'X'; expected an id used once" in refused(criterion.format("include") + criterion.format("exclude"))


def test_an_unknown_key_of_a_criterion_names_its_own_line():
    text = '\n[[eligibility.include]]\nid = "I1"\ntext = "t"\ncolumn = "age"\nabov = 3\nabove = 3\n'
    line = (CORE + text).splitlines().index("abov = 3") + 1
    assert f"study.toml, line {line}, key 'eligibility.include.1.abov': unknown key" in refused(text)


ASSAYS = """
[analytes.hbv_dna.assays."TaqMan"]
lower_limit = 20.0
units = { "copies/mL" = 0.1718 }
"""


def dna(value, unit, assay, text=ASSAYS):
    study = parse_study(CORE.replace('kind = "ever_detected"', 'kind = "last"') + text, "study.toml")
    labs = pd.DataFrame(
        {"patient_id": ["a"], "week": [0], "analyte": ["hbv_dna"], "value": [value], "unit": [unit], "assay": [assay]}
    )
    cohort = rm.make_cohort(pd.DataFrame({"patient_id": ["a"]}), labs, study=study)
    return 10 ** rm.derive_features(cohort, study).iloc[0, 0]


def test_copies_convert_on_a_named_assay_only():
    """1 IU is 5.82 copies on Roche's TaqMan, 3.41 on Abbott's AccuGene: there is no factor for all."""
    assert dna("5820", "copies/mL", "TaqMan") == pytest.approx(5820 * 0.1718)
    with pytest.raises(rm.RelapseModelError, match="'copies/mL'; expected a unit of hbv_dna"):
        dna("5820", "copies/mL", "AccuGene")
    with pytest.raises(rm.RelapseModelError, match="'copies/mL'; expected a unit of hbv_dna"):
        dna("5820", "copies/mL", None)


def test_limits_are_of_the_result_else_of_the_assay_else_of_the_analyte():
    assert dna("TND", "IU/mL", "TaqMan") == pytest.approx(10.0)  # half of the assay's 20
    assert dna("TND", "IU/mL", "other") == pytest.approx(5.0)  # half of the analyte's 10
    assert dna("<30", "IU/mL", "TaqMan") == pytest.approx(15.0)  # what is printed wins


PREDICTOR = """
[[predictors]]
name = "more"
kind = "column"
column = "more"
"""


def more(text: str):
    return parse_study(CORE + PREDICTOR + text, "study.toml").predictor("more")


def test_a_typical_value_is_in_the_clinical_unit():
    assert more("").typical is None
    assert more("typical = 12").typical == 12.0
    assert more('scale = "log10"\ntypical = 30').typical == 30.0
    assert more('equals = "yes"\ntypical = 0.3').typical == 0.3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('typical = "often"', "a number"),
        ('scale = "log10"\ntypical = 0', "a value above 0, since the scale is log10"),
        ('equals = "yes"\ntypical = 1.5', "the share of patients with a yes, from 0 to 1"),
        ('levels = ["a", "b"]\ntypical = 1', "no typical value: levels have no prior"),
    ],
)
def test_a_typical_value_that_the_predictor_cannot_have_is_refused(text, expected):
    assert expected in refused(PREDICTOR + text)


def test_planned_visits_ascend():
    with_visits = CORE.replace("horizon_weeks = 48", "horizon_weeks = 48\nvisit_weeks = [0, 4, 12, 24]")
    assert parse_study(with_visits, "study.toml").prediction.visit_weeks == (0.0, 4.0, 12.0, 24.0)
    assert parse_study(CORE, "study.toml").prediction.visit_weeks == ()
    with pytest.raises(StudyError, match="the planned visits in order"):
        parse_study(with_visits.replace("4, 12", "12, 4"), "study.toml")


def test_a_treatments_table_is_complete_unless_the_study_says_otherwise():
    assert parse_study(CORE, "study.toml").treatments.complete
    assert not parse_study(CORE + "[treatments]\ncomplete = false", "study.toml").treatments.complete
    assert "treatments.complete" in refused('[treatments]\ncomplete = "no"')


def test_own_antibody_needs_a_table_that_holds_every_dose():
    spread = '{ median = 1, cv = 0.1, source = "made up" }'
    passive = f"""
[analytes.anti_hbs]
unit = "mIU/mL"
[passive_antibody]
analyte = "anti_hbs"
agents = ["hbig"]
half_life_days = {spread}
volume_litres = {spread}
absorption_per_day = {spread}
error_sd_log10 = 0.1
error_source = "made up"
[[predictors]]
name = "own"
kind = "endogenous"
analyte = "anti_hbs"
"""
    assert parse_study(CORE + passive, "study.toml").predictors[1].kind == "endogenous"
    assert "expected true, since a predictor of kind 'endogenous' takes out each dose" in refused(
        passive + "[treatments]\ncomplete = false"
    )


def test_a_floor_needs_a_limit_to_rest_on():
    assert "a lower_limit, on which the floor rests" in refused('[analytes.alt]\nunit = "U/L"\nfloor = true')


@pytest.mark.parametrize("kind", ["last", "weeks_since_first_below"])
def test_a_gap_is_asked_of_a_loss_only(kind):
    below = "below = 1\n" if kind != "last" else ""
    text = f'[[predictors]]\nname = "x"\nkind = "{kind}"\nanalyte = "hbv_dna"\n{below}gap_weeks = 26\n'
    assert f"not a key of kind '{kind}'" in refused(text)


def test_the_built_in_study_says_how_old_a_result_may_be_and_why(study):
    """Of each biomarker; what stands in the patients table, and a history of treatment, has no age."""
    windows = {one.name: one.window_weeks for one in study.predictors}
    measured = {one.name for one in study.predictors if one.kind == "last"}
    assert {name for name, weeks in windows.items() if weeks is not None} == measured == {"anti_hbs", "hbcrag"}
    lines = study.text.partition("[[terms]]")[0].splitlines()  # of the predictors
    for place, line in enumerate(lines):
        if line.startswith("window_weeks"):
            assert lines[place - 1].startswith("#"), "a window without its reason"
