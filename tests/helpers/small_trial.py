"""A trial of twelve that can be counted by hand, and a trial of 132 whose figures were computed elsewhere."""

from __future__ import annotations

import numpy as np
import pandas as pd
from trial132 import trial132

import relapse_model as rm
from relapse_model.study.reader import parse_study

HEAD = """
[study]
protocol = 1
name = "small-trial"
title = "Relapse by week 48, with or without HBIG"

[analytes.hbsag]
label = "HBsAg"
unit = "IU/mL"
scale = "log10"
lower_limit = 0.05

[analytes.anti_hbs]
unit = "mIU/mL"
scale = "log10"
lower_limit = 10.0

[outcome]
name = "relapse"
analyte = "hbsag"
at_least = 0.05
confirm = { tests = 2, within_weeks = 12, unconfirmed_at_end = "relapse" }

[prediction]
horizon_weeks = 48
visit_window_weeks = 4

[[predictors]]
name = "age"
kind = "column"
column = "age_years"

[[predictors]]
name = "on_hbig"
kind = "column"
column = "arm"
equals = "hbig"

[[predictors]]
name = "hbig_before"
kind = "ever_on_agent"
agents = ["hbig"]

[[predictors]]
name = "titre"
kind = "last"
analyte = "anti_hbs"

[dosing]
agent = "hbig"
arm = "hbig"
dose = 400
again = { analyte = "anti_hbs", below = 100 }
visits = [0, 12, 24, 36, 48]
"""
PLAN = """
[trial]
arm = { treatment = "hbig", control = "control", labels = ["HBIG", "control"] }
[trial.primary]
endpoint = "sustained loss"
"""
POLICY = """
[[trial.intercurrent]]
event = "HBIG in the control arm"
agent = "hbig"
arm = "control"
strategy = "treatment policy"
"""
RESTART = """
[[trial.intercurrent]]
event = "antiviral treatment started again"
agent = "entecavir"
strategy = "{}"
"""
# Of each patient: arm, weeks of negative and of positive tests. T: treatment, C: control.
COURSES = {
    "T1": ("hbig", (0, 12, 24, 36, 48), ()),  # free
    "T2": ("hbig", (0, 12), (24, 36)),  # relapse between 12 and 24
    "T3": ("hbig", (0, 12, 24), ()),  # lost after 24
    "T4": ("hbig", (0, 12, 36, 48), (24,)),  # one positive test, then negative: free
    "T5": ("hbig", (0, 12, 24, 36, 48), ()),  # entecavir at 30
    "T6": ("hbig", (0,), ()),  # never seen again
    "C1": ("control", (0, 12, 24, 36, 48), ()),  # free
    "C2": ("control", (0,), (12, 24)),  # relapse between 0 and 12
    "C3": ("control", (0, 12, 24, 36), (48,)),  # positive at the last visit, not confirmed: a relapse
    "C4": ("control", (0, 12, 24, 36), (50,)),  # the visit of week 48, two weeks late
    "C5": ("control", (0, 12, 24, 36, 48), ()),  # HBIG at 20: free
    "C6": ("control", (0, 12, 24, 36), ()),  # lost after 36, entecavir at 40
}
COURSES_GIVEN = [
    *((name, "hbig", 0.0, 400.0, "IU") for name in ("T1", "T2", "T3", "T4", "T5")), ("C5", "hbig", 20.0, 400.0, "IU"),
    ("T5", "entecavir", 30.0, np.nan, ""), ("C6", "entecavir", 40.0, np.nan, ""),
    ("C1", "entecavir", -80.0, np.nan, ""),
]  # fmt: skip


def small_study(plan: str = PLAN + POLICY + RESTART.format("composite"), head: str = HEAD) -> rm.Study:
    return parse_study(head + plan, "small.toml")


def small_tables(**columns: object) -> dict[str, pd.DataFrame]:
    patients = pd.DataFrame({"patient_id": list(COURSES), "arm": [course[0] for course in COURSES.values()]})
    patients["age_years"] = 30.0 + np.arange(len(patients))
    rows = [
        (name, float(week), "hbsag", value, "IU/mL")
        for name, (_, negative, positive) in COURSES.items()
        for weeks, value in ((negative, "<0.05"), (positive, "1.2"))
        for week in weeks
    ]
    labs = pd.DataFrame(rows, columns=["patient_id", "week", "analyte", "value", "unit"])
    given = pd.DataFrame(COURSES_GIVEN, columns=["patient_id", "agent", "start_week", "dose", "unit"])
    return {"patients": patients.assign(**columns), "labs": labs, "treatments": given}


def small_cohort(study: rm.Study | None = None, **columns: object) -> rm.Cohort:
    return rm.make_cohort(**small_tables(**columns), study=study or small_study())


HEAD_132 = """
[study]
protocol = 1
name = "trial132"
title = "A trial of 132 made by rule"

[outcome]
name = "relapse"
adjudicated = true

[prediction]
horizon_weeks = 48
visit_window_weeks = 4

[[predictors]]
name = "x"
kind = "column"
column = "x"
"""


def study_132(more: str = "", *, head: str = "", **primary: object) -> rm.Study:
    stated = "".join(f"{key} = {value!r}\n".replace("'", '"') for key, value in primary.items())
    arms = 'arm = { treatment = "hbig", control = "control", labels = ["HBIG", "control"] }\n'
    plan = f'[trial]\n{arms}{head}[trial.primary]\nendpoint = "sustained loss"\n{stated}{more}'
    return parse_study(HEAD_132 + plan, "trial132.toml")


def cohort_132(*, lost: bool = True) -> rm.Cohort:
    """The trial as a cohort; without losses, those lost have the outcome that the rule gave them."""
    made = trial132()
    patients = pd.DataFrame(
        {"patient_id": [f"P{place:03d}" for place in range(132)], "centre": made.centre, "x": made.x,
         "arm": np.where(made.arm == 1, "hbig", "control")}
    )  # fmt: skip
    labs = pd.DataFrame({"patient_id": [], "week": [], "analyte": [], "value": [], "unit": []})
    week = made.week if lost else np.where(made.relapse == 1, made.week, 48)
    outcomes = patients[["patient_id"]].assign(relapse=made.event if lost else made.relapse, week=week)
    return rm.make_cohort(patients, labs, outcomes=outcomes)
