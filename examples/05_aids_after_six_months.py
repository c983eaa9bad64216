"""Death after six months of didanosine or zalcitabine: CD4 counts of 467 patients with HIV, a third of them lost.

Data: Goldman et al., J Acquir Immune Defic Syndr Hum Retrovirol 1996;11:161-169; `aids` of the R package JM.

Of those alive after six months a third are followed less than fifteen, nearly all of them for at least twelve, as where
a trial ends. They take part: by censoring weights in the library, as censored in the Cox regression beside it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

import relapse_model as rm
from data_folder import data_folder
from ridge_cox import ridge_cox
from same_folds import baseline_scores, mean_auc, mean_c, ridge_logistic

DATA = "aids_ddi_ddc"
STUDY = Path(__file__).with_suffix(".toml")
WEEKS_PER_MONTH = 365.25 / 12 / 7


def to_cohort(source: Path, study: rm.Study) -> rm.Cohort:
    """Return the cohort: CD4 counts of the visits in the labs table, death and follow-up in the outcomes table."""
    visits = pd.read_csv(source / "aids_visits.csv")
    visits["patient_id"] = visits["patient"].map("aids-{:03d}".format)
    labs = visits[["patient_id"]].assign(
        week=(visits["obstime"] * WEEKS_PER_MONTH).round(1),
        analyte="cd4_root",
        value=visits["CD4"],
        unit="sqrt(/mm3)",
    )
    first = visits.drop_duplicates("patient_id")
    patients = first[["patient_id"]].assign(
        arm=first["drug"].map({"ddI": "didanosine", "ddC": "zalcitabine"}),
        sex=first["gender"].map({"male": "M", "female": "F"}),
        opportunistic_infection=(first["prevOI"] == "AIDS").astype(int),
        zidovudine=first["AZT"],
    )
    outcomes = first[["patient_id"]].assign(relapse=first["death"], week=first["Time"] * WEEKS_PER_MONTH)
    return rm.make_cohort(patients, labs, outcomes=outcomes, study=study)


def main(seed: int = 0, outer_repeats: int = 2) -> None:
    study = rm.load_study(STUDY)
    cohort = to_cohort(data_folder(DATA), study)
    found = rm.validate(
        cohort,
        study,
        candidates=("prior_logistic", "ridge_logistic"),
        seed=seed,
        outer_repeats=outer_repeats,
        bootstraps=0,
    )
    data, horizon = found.data, study.prediction.horizon_weeks
    print(
        f"{study.title}\n{len(data)} of {len(cohort)} patients at risk at week {found.landmark_week:g}; {data.events} "
        f"deaths by week {horizon:g} ({data.lost} lost before it), {int(data.event.sum())} in all.\n"
        f"Out of fold, {outer_repeats} x 5 outer folds:     C, all follow-up   C to week {horizon:g}   AUC at it"
    )
    scores = {
        "library": found.risks,
        "ridge Cox": baseline_scores(found, ridge_cox),
        "plain ridge, without the lost": baseline_scores(found, ridge_logistic),
        "CD4 count alone": np.tile(-data.features["cd4_root"].to_numpy(), (outer_repeats, 1)),
    }
    for words, score in scores.items():
        whole, cut = mean_c(found, score), mean_c(found, score, until_horizon=True)
        print(f"  {words:38s} {whole:15.3f} {cut:15.3f} {mean_auc(found, score):11.3f}")


if __name__ == "__main__":
    main()
