"""Death or transplant after one year of primary biliary cholangitis: sequential laboratory values of 312 patients.

Data: Mayo Clinic trial of D-penicillamine, `pbcseq` of the R package survival (Murtaugh et al., Hepatology 1994;
20:126-134), by way of Rdatasets.

The library predicts the risk by a horizon and learns from the events up to it; a Cox regression learns from all of
them and orders patients over all follow-up. Both are judged on all follow-up (C) and up to the horizon (C, AUC).
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import pandas as pd

import relapse_model as rm
from data_folder import data_folder
from ridge_cox import ridge_cox
from same_folds import baseline_scores, mean_auc, mean_c

DATA = "pbc_mayo"
STUDY = Path(__file__).with_suffix(".toml")

# Column of the source -> analyte and unit, as documented in the R package; but AST, there in U/mL, can only be U/L.
ANALYTES = {
    "bili": ("bilirubin", "mg/dL"),
    "albumin": ("albumin", "g/dL"),
    "protime": ("prothrombin_time", "s"),
    "ast": ("ast", "U/L"),
    "alk.phos": ("alkaline_phosphatase", "U/L"),
    "chol": ("cholesterol", "mg/dL"),
    "platelet": ("platelets", "10*9/L"),
    "ascites": ("ascites", "0/1"),
    "hepato": ("hepatomegaly", "0/1"),
    "spiders": ("spiders", "0/1"),
    "edema": ("oedema", "grade"),  # 0 none, 0.5 without diuretics or resolved by them, 1 despite them
    "stage": ("stage", "grade"),  # histological, 1 to 4
}


def to_cohort(source: Path, folder: Path) -> None:
    """Write the cohort folder. Whatever was examined at a visit, clinical signs too, is a row of the labs table."""
    visits = pd.read_csv(source / "pbcseq.csv").sort_values(["id", "day"])
    visits["patient_id"] = visits["id"].map("pbc-{:03d}".format)
    visits["week"] = visits["day"] / 7
    labs = visits.melt(
        id_vars=["patient_id", "week"], value_vars=list(ANALYTES), var_name="column", value_name="value"
    ).dropna(subset=["value"])
    labs["analyte"] = labs["column"].map({column: analyte for column, (analyte, _) in ANALYTES.items()})
    labs["unit"] = labs["column"].map({column: unit for column, (_, unit) in ANALYTES.items()})
    first = visits.drop_duplicates("patient_id")
    patients = first[["patient_id"]].assign(
        arm=first["trt"].map({1: "d_penicillamine", 0: "placebo"}), sex=first["sex"].str.upper(), age_years=first["age"]
    )
    outcomes = first[["patient_id"]].assign(
        relapse=(first["status"] > 0).astype(int),  # 2 died, 1 transplanted, 0 alive without a transplant
        week=first["futime"] / 7,
    )
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in {"patients": patients, "labs": labs.drop(columns="column"), "outcomes": outcomes}.items():
        table.to_csv(folder / f"{name}.csv", index=False)


def main(seed: int = 0, outer_repeats: int = 2) -> None:
    study = rm.load_study(STUDY)
    with tempfile.TemporaryDirectory() as folder:
        to_cohort(data_folder(DATA), Path(folder))
        cohort = rm.read_cohort(folder, study=study)
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
        f"events by week {horizon:g} ({data.lost} lost before it), {int(data.event.sum())} in all.\n"
        f"Out of fold, {outer_repeats} x 5 outer folds:     C, all follow-up   C to week {horizon:g}   AUC at it"
    )
    for words, scores in (("library", found.risks), ("ridge Cox", baseline_scores(found, ridge_cox))):
        whole, cut = mean_c(found, scores), mean_c(found, scores, until_horizon=True)
        print(f"  {words:38s} {whole:15.3f} {cut:15.3f} {mean_auc(found, scores):11.3f}")


if __name__ == "__main__":
    main()
