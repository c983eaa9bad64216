"""Anti-HBs below 100 mIU/mL after vaccination: 106 Gambian infants, one baseline and two or three later titres.

Data: Spiegelhalter, Best, Gilks, Inskip, "Hepatitis B: a case study in MCMC methods", in Markov Chain Monte Carlo in
Practice (1996); as carried by stan-dev/stan (BSD-3-Clause).
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import pandas as pd
from data_folder import data_folder
from same_folds import baseline_scores, mean_auc, ridge_logistic

import relapse_model as rm

DATA = "hbv_antihbs_gambia"
STUDY = Path(__file__).with_suffix(".toml")
BEFORE_ENROLMENT = -1.0  # landmark at which only the baseline titre is known


def to_cohort(source: Path, folder: Path) -> None:
    """Write the cohort folder: enrolment is the first follow-up, so the baseline titre has a negative week.

    The day of the baseline titre is not recorded. It is taken as day 0 of the clock that counts the follow-up days.
    """
    titres = pd.read_csv(source / "antihbs_long.csv").sort_values(["id", "visit"])
    follow_up = titres[titres["visit"] > 0].groupby("id")
    enrolment = titres["id"].map(follow_up["day"].first())
    week = (titres["day"].fillna(0) - enrolment) / 7
    patient = titres["id"].map("child-{:03d}".format)
    labs = pd.DataFrame(
        {
            "patient_id": patient,
            "week": week,
            "analyte": "anti_hbs",
            "value": [printed(log, titre) for log, titre in titres[["log_antihbs", "antihbs_mIU_mL"]].to_numpy()],
            "unit": "mIU/mL",
        }
    )
    last = titres.assign(patient_id=patient, week=week).groupby("id").tail(1)
    outcomes = last[["patient_id", "week"]].assign(relapse=(last["antihbs_mIU_mL"] < 100).astype(int))
    tables = {"patients": labs[["patient_id"]].drop_duplicates(), "labs": labs, "outcomes": outcomes}
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)


def printed(log_titre: float, titre: float) -> str:
    """Return a titre as a laboratory prints it. The source codes both limits as numbers: log 1 and log 100000."""
    if log_titre == 0:
        return "<1"
    return ">100000" if log_titre > 11.5129 else f"{titre:g}"
