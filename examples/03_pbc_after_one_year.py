"""Death or transplant after one year of primary biliary cholangitis: sequential laboratory values of 312 patients.

Data: Mayo Clinic trial of D-penicillamine, `pbcseq` of the R package survival (Murtaugh et al., Hepatology 1994;
20:126-134), by way of Rdatasets.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

DATA = "pbc_mayo"
STUDY = Path(__file__).with_suffix(".toml")

# Column of the source -> analyte and unit. The source documents AST in U/mL; its values are those of U/L.
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
    "edema": ("oedema", "grade"),  # 0 none, 0.5 without or resolved by diuretics, 1 despite them
    "stage": ("stage", "grade"),
}


def to_cohort(source: Path, folder: Path) -> None:
    """Write the cohort folder. What was examined at every visit, signs too, is a row of the labs table."""
    visits = pd.read_csv(source / "pbcseq.csv").sort_values(["id", "day"])
    visits["patient_id"] = visits["id"].map("pbc-{:03d}".format)
    visits["week"] = visits["day"] / 7
    labs = visits.melt(["patient_id", "week"], list(ANALYTES), "column", "value").dropna(subset="value")
    labs["analyte"] = labs["column"].map({name: analyte for name, (analyte, _) in ANALYTES.items()})
    labs["unit"] = labs["column"].map({name: unit for name, (_, unit) in ANALYTES.items()})
    patients = visits.drop_duplicates("patient_id")
    enrolled = pd.DataFrame(
        {
            "patient_id": patients["patient_id"],
            "arm": patients["trt"].map({1: "d_penicillamine", 0: "placebo"}),
            "sex": patients["sex"].str.upper(),
            "age_years": patients["age"],
        }
    )
    outcomes = pd.DataFrame(
        {
            "patient_id": patients["patient_id"],
            "relapse": (patients["status"] > 0).astype(int),  # 1 transplanted, 2 died, 0 alive without transplant
            "week": patients["futime"] / 7,
        }
    )
    tables = {"patients": enrolled, "labs": labs.drop(columns="column"), "outcomes": outcomes}
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
