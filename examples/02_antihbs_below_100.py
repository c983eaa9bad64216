"""Anti-HBs below 100 mIU/mL after vaccination: 106 Gambian infants, one baseline and two or three later titres.

Data: Spiegelhalter, Best, Gilks, Inskip, "Hepatitis B: a case study in MCMC methods", in Markov Chain Monte Carlo in
Practice (1996), as carried by stan-dev/stan (BSD-3-Clause).

Two outcomes are asked. Whether the *last* titre of a child is below 100, also where it was low already, is the outcome
of the outcomes table, for which the study is read as adjudicated: no test decides who is at risk. What matters
clinically is a *fall* below 100 in a child who has not fallen yet: that is the study's rule, which holds without the
outcomes table.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import pandas as pd

import relapse_model as rm
from data_folder import data_folder
from same_folds import baseline_scores, mean_auc, ridge_logistic

DATA = "hbv_antihbs_gambia"
STUDY = Path(__file__).with_suffix(".toml")
AT_FIRST_FOLLOW_UP, BEFORE_IT = 0.0, -1.0  # landmarks: both titres known, the baseline titre alone


def to_cohort(source: Path, folder: Path) -> None:
    """Write the cohort folder: enrolment is the first follow-up, so the baseline titre has a negative week.

    The day of the baseline titre is not recorded; it is taken as day 0 of the clock that counts the follow-up days.
    """
    titres = pd.read_csv(source / "antihbs_long.csv").sort_values(["id", "visit"])
    enrolment = titres["id"].map(titres[titres["visit"] > 0].groupby("id")["day"].first())
    titres["patient_id"] = titres["id"].map("child-{:03d}".format)
    titres["week"] = (titres["day"].fillna(0) - enrolment) / 7
    labs = titres[["patient_id", "week"]].assign(
        analyte="anti_hbs", value=titres["antihbs_mIU_mL"].map(printed), unit="mIU/mL"
    )
    last = titres.groupby("id").tail(1)
    outcomes = last[["patient_id", "week"]].assign(relapse=(last["antihbs_mIU_mL"] < 100).astype(int))
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in {"patients": last[["patient_id"]], "labs": labs, "outcomes": outcomes}.items():
        table.to_csv(folder / f"{name}.csv", index=False)


def printed(titre: float) -> str:
    """Return a titre as a laboratory prints it. The source has its limits as numbers, 1 and 100000 (by way of logs)."""
    if titre <= 1:
        return "<1"
    return ">100000" if titre >= 99999 else f"{titre:.10g}"


def adjudicated(study: rm.Study) -> rm.Study:
    """Return the study with the outcome of the outcomes table, and the visit window of the rule."""
    return replace(study, outcome=replace(study.outcome, analyte=None, below=None))


def questions(cohort: rm.Cohort, study: rm.Study) -> list[tuple[str, rm.Cohort, rm.Study, float]]:
    """Return what is asked: in words, of which cohort, by which study, at which landmark."""
    by_rule, last = replace(cohort, outcomes=None), adjudicated(study)
    return [
        ("last titre < 100, from the baseline titre alone", cohort, last, BEFORE_IT),
        ("last titre < 100, with the first follow-up titre", cohort, last, AT_FIRST_FOLLOW_UP),
        ("fall below 100 in those still above, with both", by_rule, study, AT_FIRST_FOLLOW_UP),
    ]


def main(seed: int = 0, outer_repeats: int = 2) -> None:
    study = rm.load_study(STUDY)
    with tempfile.TemporaryDirectory() as folder:
        to_cohort(data_folder(DATA), Path(folder))
        cohort = rm.read_cohort(folder, study=study)
    print(f"{study.title}\nOut-of-fold AUC (95 % interval), {outer_repeats} x 5 outer folds:")
    for words, asked, by_study, landmark in questions(cohort, study):
        found = rm.validate(
            asked, by_study, landmark_week=landmark, candidates=("prior_logistic", "ridge_logistic"),
            seed=seed, outer_repeats=outer_repeats, bootstraps=0,
        )  # fmt: skip
        titre = -found.data.features["latest"].to_numpy()[None]
        print(
            f"  {words:48s}  n {len(found.data):3d}, events {found.data.events:2d}:  "
            f"library {found.performance.measures['auc']},  "
            f"plain ridge {mean_auc(found, baseline_scores(found, ridge_logistic)):.2f},  "
            f"latest titre as it is {mean_auc(found, titre):.2f}"
        )


if __name__ == "__main__":
    main()
