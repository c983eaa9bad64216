"""What the keys of the sections [trial], [dosing] and [[candidates]] mean; see `relapse_model.study.key_table`."""

from __future__ import annotations

from relapse_model.study import trial_keys
from relapse_model.study import trial_plan as plan
from relapse_model.study.key_table import KeyTable

TRIAL_TABLES = (
    KeyTable(
        "[trial]",
        "The analysis plan of a randomised trial. The comparison of the arms does what is stated here and "
        "nothing else.",
        trial_keys.TRIAL,
        {
            "arm": "The two arms.",
            "strata": "Columns of the patients table by which randomisation was stratified.",
            "population": "Who is compared: all randomised patients, in the arm to which they were allocated.",
            "primary": "The one comparison that answers the trial's question.",
            "intercurrent": "Events after randomisation that affect the endpoint.",
            "sensitivity": "Sensitivity analyses.",
            "subgroup": "Subgroups.",
            "effect_modifier": "Predictors by which the effect may differ.",
            "effect": "The effect of the treatment, if known from elsewhere.",
            "dated": "Date of the plan, as stated by its author; reported if it is later than the last visit.",
        },
        filled=plan.TrialPlan,
        required=("arm", "primary"),
        types={
            "arm": "a table `[trial.arm]`",
            "strata": "a list of texts",
            "primary": "a table `[trial.primary]`",
            "intercurrent": "tables `[[trial.intercurrent]]`",
            "sensitivity": "tables `[[trial.sensitivity]]`",
            "subgroup": "tables `[[trial.subgroup]]`",
            "effect_modifier": "tables `[[trial.effect_modifier]]`",
            "effect": "a table `[trial.effect]`",
            "dated": "a day, such as 2026-03-01",
        },
        defaults={"subgroup": "none", "effect_modifier": "none"},
    ),
    KeyTable(
        "[trial.arm]",
        "The two arms, by the values of a column of the patients table.",
        trial_keys.ARMS,
        {
            "column": "The column. The prior of a predictor that reads it is taken as stated, not varied.",
            "treatment": "Its value in the treatment arm.",
            "control": "Its value in the control arm.",
            "ratio": "Allocation ratio of treatment to control.",
            "labels": "Names of treatment and control in reports.",
        },
        filled=plan.Arms,
        required=("treatment", "control"),
        types={"labels": '[treatment, control], such as ["HBIG", "control"]'},
        defaults={"labels": "the values"},
    ),
    KeyTable(
        "[trial.primary]",
        "The primary analysis. The endpoint is freedom from the outcome up to the stated week.",
        trial_keys.PRIMARY,
        {
            "endpoint": "The endpoint as registered.",
            "week": "Week of the endpoint.",
            "window_weeks": "How many weeks early or late its visit may be.",
            "measure": "How the risks of the arms are compared.",
            "method": "How they are estimated.",
            "level": "Level of the interval.",
            "sides": "Sides of the test; a one-sided one (fewer failures with the treatment) is held against half of "
            "what the interval leaves: 0.025 at a level of 0.95.",
            "adjust": "Predictors known at randomisation for a standardised comparison; or a saved model of other "
            "patients, whose risk (log-odds) is the one column of it. The path is relative to the working folder.",
            "interval": "Interval of a Kaplan-Meier difference: `score` always exists, `greenwood` needs events in "
            "both arms.",
        },
        filled=plan.PrimaryAnalysis,
        required=("endpoint",),
        types={"adjust": 'a list of texts, or `{ model = "earlier.rmodel" }`'},
        defaults={"week": "the horizon", "window_weeks": "the visit window of [prediction]"},
    ),
    KeyTable(
        "[[trial.intercurrent]]",
        "An intercurrent event, seen in the treatments table, and the strategy for it (ICH E9(R1)).",
        trial_keys.INTERCURRENT,
        {
            "event": "The event, in words.",
            "agent": "The agents that indicate the event when they are given.",
            "arm": "The arm in which it counts.",
            "strategy": "Ignore it (treatment policy); count it as the outcome (composite); or censor the "
            "patient in its week (hypothetical).",
            "after_weeks": "The first week after randomisation from which it counts.",
            "weight_by": "Predictors known at randomisation by which patients still followed are weighted for those "
            "censored (hypothetical only).",
        },
        filled=plan.IntercurrentEvent,
        required=("event", "agent", "strategy"),
        types={"agent": "text, or a list of texts"},
        defaults={"arm": "either", "weight_by": "none: Kaplan-Meier"},
    ),
    KeyTable(
        "[[trial.sensitivity]]",
        "A sensitivity analysis.",
        trial_keys.SENSITIVITY,
        {
            "kind": "Its kind.",
            "imputations": "Number of multiple imputations.",
            "deltas": "Shifts of the log-odds in patients with an unknown endpoint, for multiple imputation.",
            "seed": "Seed of multiple imputation.",
        },
        filled=plan.Sensitivity,
        required=("kind",),
    ),
    KeyTable(
        "[[trial.subgroup]]",
        "A subgroup.",
        trial_keys.SUBGROUP,
        {
            "column": "Column of the patients table.",
            "label": "Name shown to readers.",
            "at": "Cut points of a column of numbers.",
        },
        filled=plan.TrialSubgroup,
        required=("column",),
        defaults={"label": "the column"},
    ),
    KeyTable(
        "[[trial.effect_modifier]]",
        "A predictor by which the effect of the treatment may differ.",
        trial_keys.EFFECT_MODIFIER,
        {
            "predictor": "Name of the predictor.",
            "sd": "Standard deviation of the prior of its interaction, log-odds per standard deviation; the mean is 0.",
        },
        filled=plan.EffectModifier,
        required=("predictor",),
    ),
    KeyTable(
        "[trial.effect]",
        "The effect of the treatment on the log-odds of the event.",
        trial_keys.EFFECT,
        {"log_odds": "Estimate.", "sd": "Its standard error.", "source": "Its source."},
        filled=plan.TreatmentEffect,
        required=tuple(trial_keys.EFFECT),
    ),
    KeyTable(
        "[dosing]",
        "The dosing rule: who is due for a dose and when.",
        trial_keys.DOSING,
        {
            "agent": "The drug.",
            "arm": "The arm that receives it.",
            "dose": "Amount of a dose.",
            "unit": "Its unit.",
            "route": "How it is given.",
            "first": "The first dose.",
            "again": "When another dose is due.",
            "stop": "What ends dosing.",
            "visits": "Weeks of the planned visits, in order.",
        },
        filled=plan.DosingRule,
        required=("agent", "arm", "dose", "again"),
        types={
            "first": "a table, see below",
            "again": "a table, see below",
            "stop": "a list of `relapse`, `lost`, `horizon`",
        },
        defaults={"first": "at week 0"},
    ),
    KeyTable(
        "first = { ... }",
        "The first dose of the dosing rule.",
        trial_keys.FIRST,
        {
            "week": "Week in which it is due.",
            "window_weeks": "How many weeks early or late a dose still counts as this one.",
        },
        filled=plan.FirstDose,
    ),
    KeyTable(
        "again = { ... }",
        "Further doses of the dosing rule.",
        trial_keys.AGAIN,
        {
            "analyte": "The analyte that decides.",
            "below": "A result below this value calls for another dose.",
            "act_within_weeks": "How many weeks after that result it is to be given at the latest.",
        },
        filled=plan.DoseAgain,
        required=("analyte", "below"),
    ),
)
CANDIDATES = (
    "Biomarkers to be screened that are not in the model: the keys of a predictor, and `family` (text), "
    "the group within which multiple testing is accounted for."
)
