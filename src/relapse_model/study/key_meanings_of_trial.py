"""What the keys of the sections [trial], [dosing] and [[candidates]] mean; see `relapse_model.study.key_table`."""

from __future__ import annotations

from relapse_model.study import trial_keys
from relapse_model.study import trial_plan as plan
from relapse_model.study.key_table import KeyTable

TRIAL_TABLES = (
    KeyTable(
        "[trial]",
        "The plan of a randomised trial: what a comparison of the arms does, and all that it does.",
        trial_keys.TRIAL,
        {
            "arm": "The two arms.",
            "strata": "Columns of the patients table by which allocation was stratified.",
            "population": "Who is compared: all who were randomised, as randomised.",
            "primary": "The one comparison that answers the trial's question.",
            "intercurrent": "What may happen after randomisation and touch the endpoint.",
            "sensitivity": "Sensitivity analyses.",
            "subgroup": "Subgroups.",
            "effect_modifier": "Predictors by which the effect may differ.",
            "effect": "The effect of the treatment, where it is known from elsewhere.",
            "dated": "The day on which the plan was laid down, as its author says; told if it is after the last visit.",
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
            "column": "The column.",
            "treatment": "Its value in the arm of the treatment.",
            "control": "Its value in the other.",
            "ratio": "How many patients were allocated to treatment and to control.",
            "labels": "What reports call treatment and control.",
        },
        filled=plan.Arms,
        required=("treatment", "control"),
        types={"labels": '[treatment, control], such as ["HBIG", "control"]'},
        defaults={"labels": "the values"},
    ),
    KeyTable(
        "[trial.primary]",
        "The primary analysis. The endpoint is no outcome event by its week.",
        trial_keys.PRIMARY,
        {
            "endpoint": "The endpoint as registered.",
            "week": "Week of the endpoint.",
            "window_weeks": "How many weeks its visit may come early or late.",
            "measure": "How the risks of the arms are compared.",
            "method": "How they are estimated.",
            "level": "Level of the interval.",
            "sides": "Of the test.",
            "adjust": "Predictors known at randomisation for a standardised comparison.",
            "interval": "Of a Kaplan-Meier difference: `score` always exists, `greenwood` needs events in both arms.",
        },
        filled=plan.PrimaryAnalysis,
        required=("endpoint",),
        types={"adjust": "a list of texts"},
        defaults={"week": "the horizon", "window_weeks": "the visit window of [prediction]"},
    ),
    KeyTable(
        "[[trial.intercurrent]]",
        "An intercurrent event, seen in the treatments table, and the strategy for it (ICH E9(R1)).",
        trial_keys.INTERCURRENT,
        {
            "event": "What it is, in words.",
            "agent": "The agents whose giving shows it.",
            "arm": "The arm in which it counts.",
            "strategy": "Go on as if it had not happened; count it as the event; or end follow-up in its week.",
            "after_weeks": "The first week after randomisation from which it counts.",
        },
        filled=plan.IntercurrentEvent,
        required=("event", "agent", "strategy"),
        types={"agent": "text, or a list of texts"},
        defaults={"arm": "either"},
    ),
    KeyTable(
        "[[trial.sensitivity]]",
        "A sensitivity analysis.",
        trial_keys.SENSITIVITY,
        {
            "kind": "Which one.",
            "imputations": "Of multiple imputation: how many.",
            "deltas": "Of multiple imputation: shifts of the log-odds of those not seen.",
            "seed": "Of multiple imputation.",
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
            "label": "Name for people.",
            "at": "Where a column of numbers is cut.",
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
        {"log_odds": "Estimate.", "sd": "Its standard error.", "source": "Where it is known from."},
        filled=plan.TreatmentEffect,
        required=tuple(trial_keys.EFFECT),
    ),
    KeyTable(
        "[dosing]",
        "The dosing rule: who is due for a dose, and when.",
        trial_keys.DOSING,
        {
            "agent": "The drug.",
            "arm": "The arm that is dosed.",
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
        "Of the dosing rule: the first dose.",
        trial_keys.FIRST,
        {"week": "When it is due.", "window_weeks": "How far from it a dose still is that dose."},
        filled=plan.FirstDose,
    ),
    KeyTable(
        "again = { ... }",
        "Of the dosing rule: another dose.",
        trial_keys.AGAIN,
        {
            "analyte": "The analyte that decides.",
            "below": "A result below this value makes another dose due.",
            "act_within_weeks": "Within how many weeks it is to be given.",
        },
        filled=plan.DoseAgain,
        required=("analyte", "below"),
    ),
)
CANDIDATES = (
    "Biomarkers to be screened, of which the model knows nothing: the keys of a predictor, and `family` (text), the "
    "group "
    "within which many are tested at once."
)
