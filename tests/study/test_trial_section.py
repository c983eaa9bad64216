"""The sections [trial], [dosing] and [[candidates]]: what they become, and every mistake named with its place."""

from __future__ import annotations

import pytest

from relapse_model.errors import StudyError
from relapse_model.study.reader import load_study, parse_study
from relapse_model.study.trial_plan import (
    Arms,
    DoseAgain,
    DosingRule,
    EffectModifier,
    FirstDose,
    IntercurrentEvent,
    PrimaryAnalysis,
    Sensitivity,
    TreatmentEffect,
    TrialSubgroup,
)

BASE = """\
[study]
protocol = 1
name = "trial"

[analytes.titre]
unit = "mIU/mL"
scale = "log10"
lower_limit = 10.0

[analytes.hbsag]
unit = "IU/mL"
lower_limit = 0.05

[outcome]
analyte = "hbsag"
at_least = 0.05

[prediction]
horizon_weeks = 48

[[predictors]]
name = "titre"
kind = "last"
analyte = "titre"
"""
TRIAL = """
[trial]
arm = { treatment = "hbig", control = "none" }
[trial.primary]
endpoint = "sustained loss"
"""
EVENT = '[[trial.intercurrent]]\nevent = "x"\nagent = "y"\n'


def read(text):
    return parse_study(BASE + text, "trial.toml")


def refused(text):
    with pytest.raises(StudyError) as error:
        read(text)
    return str(error.value)


def test_without_the_sections_a_study_has_no_plan():
    study = read("")
    assert (study.trial, study.dosing, study.candidates) == (None, None, ())


def test_week_and_window_of_the_endpoint_are_those_of_the_prediction_unless_stated():
    primary = read(TRIAL).trial.primary
    assert primary == PrimaryAnalysis("sustained loss", week=48.0, window_weeks=4.0)
    assert read(TRIAL + "week = 24\nwindow_weeks = 2\n").trial.primary.week == 24.0


def test_a_plan_in_full():
    plan = read(
        """
[trial]
arm = { column = "group", treatment = "hbig", control = "none", ratio = [2, 1] }
strata = ["centre"]
effect = { log_odds = -0.7, sd = 0.4, source = "the trial's own analysis" }
[trial.primary]
endpoint = "sustained loss"
measure = "risk_ratio"
method = "miettinen-nurminen"
adjust = ["titre"]
[[trial.intercurrent]]
event = "antivirals again"
agent = ["entecavir", "tenofovir"]
strategy = "composite"
[[trial.sensitivity]]
kind = "multiple imputation"
imputations = 20
seed = 3
[[trial.subgroup]]
column = "age_years"
label = "Age"
at = [40]
[[trial.effect_modifier]]
predictor = "titre"
"""
    ).trial
    assert plan.arms == Arms("hbig", "none", column="group", ratio=(2.0, 1.0))
    assert plan.strata == ("centre",)
    assert plan.primary.adjust == ("titre",)
    assert plan.intercurrent == (IntercurrentEvent("antivirals again", ("entecavir", "tenofovir"), "composite"),)
    assert plan.sensitivity == (Sensitivity("multiple imputation", imputations=20, seed=3),)
    assert plan.subgroups == (TrialSubgroup("age_years", "Age", (40.0,)),)
    assert plan.effect_modifiers == (EffectModifier("titre"),)
    assert plan.effect == TreatmentEffect(-0.7, 0.4, "the trial's own analysis")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\n[trial]\nstrata = []\n", "key 'arm' is missing"),
        (TRIAL.replace('"none"', '"hbig"'), "'hbig' for both"),
        (TRIAL + 'adjust = ["titer"]\n', "a predictor of this study (titre)"),
        (TRIAL + 'measure = "hazard"\n', "one of 'risk_difference'"),
        (TRIAL + "sides = 3\n", "1 or 2"),
        (TRIAL + '[[trial.sensitivity]]\nkind = "extreme"\nseed = 3\n', "not a key of kind 'extreme'"),
        (TRIAL + EVENT + 'arm = "z"\nstrategy = "composite"\n', "'hbig' or 'none'"),
        (TRIAL + EVENT + 'strategy = "ignore"\n', "'treatment policy'"),
        (TRIAL + "[trial.primry]\n", "Did you mean 'primary'?"),
        ('\n[dosing]\nagent = "hbig"\narm = "hbig"\ndose = 400\n', "key 'again' is missing"),
        (
            '\n[dosing]\nagent = "hbig"\narm = "hbig"\ndose = 400\nagain = { analyte = "anti", below = 100 }\n',
            "an analyte of this study (titre, hbsag)",
        ),
        ('\n[[candidates]]\nname = "titre"\nkind = "first"\nanalyte = "titre"\n', "a name used once"),
    ],
)  # fmt: skip
def test_a_mistake_is_named(text, said):
    assert said in refused(text)


def test_an_endpoint_on_the_antibody_that_is_given_is_refused():
    """HBIG is itself anti-HBs: a higher titre in the HBIG arm shows the injection."""
    passive = """
[passive_antibody]
analyte = "titre"
agents = ["hbig"]
half_life_days = { median = 24, cv = 0.25, source = "s" }
volume_litres = { median = 7.5, cv = 0.4, source = "s" }
absorption_per_day = { median = 0.6, cv = 0.5, source = "s" }
error_sd_log10 = 0.12
error_source = "s"
"""
    text = (BASE + TRIAL + passive).replace('analyte = "hbsag"\nat_least = 0.05', 'analyte = "titre"\nbelow = 100.0')
    with pytest.raises(StudyError, match="between arms it shows the dose"):
        parse_study(text, "trial.toml")
    assert read(TRIAL + passive).trial is not None  # on another analyte it is none of its business


def test_a_dosing_rule_in_full():
    rule = read(
        '\n[dosing]\nagent = "hbig"\narm = "hbig"\ndose = 400\nfirst = { week = 0, window_weeks = 2 }\n'
        'again = { analyte = "titre", below = 100, act_within_weeks = 1 }\nstop = ["relapse"]\nvisits = [0, 4, 12]\n'
    ).dosing
    assert rule == DosingRule(
        "hbig", "hbig", 400.0, DoseAgain("titre", 100.0, 1.0), first=FirstDose(0.0, 2.0), stop=("relapse",),
        visits=(0.0, 4.0, 12.0),
    )  # fmt: skip


def test_a_candidate_is_a_predictor_with_a_family():
    found = read('\n[[candidates]]\nname = "first_titre"\nkind = "first"\nanalyte = "titre"\nfamily = "serology"\n')
    assert [(one.predictor.name, one.predictor.scale, one.family) for one in found.candidates] == [
        ("first_titre", "log10", "serology")
    ]


def test_the_built_in_study_has_the_trial_of_its_registry_record():
    study = load_study("hbsag-relapse")
    assert (study.trial.primary.week, study.trial.arms.treatment) == (48.0, "hbig")
    assert (study.dosing.dose, study.dosing.unit, study.dosing.again.below) == (400.0, "IU", 100.0)


def test_an_adjustment_by_a_model_and_weights_of_a_strategy():
    plan = read(TRIAL + 'adjust = { model = "earlier.rmodel" }\n' + EVENT + 'strategy = "hypothetical"\n'
                'weight_by = ["titre"]\n').trial  # fmt: skip
    assert (plan.primary.adjust, plan.primary.adjust_model) == ((), "earlier.rmodel")
    assert plan.primary.adjusted
    assert plan.intercurrent[0].weight_by == ("titre",)
    assert not read(TRIAL).trial.primary.adjusted


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (TRIAL + "adjust = { file = 'x' }\n", 'expected names of predictors, or { model = "earlier.rmodel" }'),
        (TRIAL + "adjust = { model = 3 }\n", "adjust"),
        (TRIAL + EVENT + 'strategy = "composite"\nweight_by = ["titre"]\n', "expected the strategy 'hypothetical'"),
        (TRIAL + EVENT + 'strategy = "hypothetical"\nweight_by = ["weight"]\n', "a predictor of this study (titre)"),
    ],
)
def test_what_an_adjustment_or_weights_may_not_be(text, said):
    assert said in refused(text)
