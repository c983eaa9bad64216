"""Death within one year of hepatocellular carcinoma: 165 patients of one hospital, a tenth of the values missing.

Data: Santos, Abreu, Garcia-Laencina, Simao, Carvalho, J Biomed Inform 2015;58:49-59 (UCI 423, CC BY 4.0).
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import pandas as pd

import relapse_model as rm
from data_folder import data_folder
from same_folds import baseline_scores, mean_auc, ridge_logistic

DATA = "hcc_uci_coimbra"
STUDY = Path(__file__).with_suffix(".toml")
OUTCOME = "1_survives_0_dies"

# Column of the source -> analyte and unit. The units are the header's, but for albumin: its header says mg/dL, and
# values from 1.9 to 4.9 can only be g/dL.
ANALYTES = {
    "International Normalised Ratio": ("inr", "ratio"),
    "Alpha-Fetoprotein (ng/mL)": ("afp", "ng/mL"),
    "Haemoglobin (g/dL)": ("haemoglobin", "g/dL"),
    "Mean Corpuscular Volume  (fl)": ("mcv", "fL"),
    "Leukocytes(G/L)": ("leukocytes", "10*9/L"),
    "Platelets (G/L)": ("platelets", "10*9/L"),
    "Albumin (mg/dL)": ("albumin", "g/dL"),
    "Total Bilirubin(mg/dL)": ("bilirubin", "mg/dL"),
    "Alanine transaminase (U/L)": ("alt", "U/L"),
    "Aspartate transaminase (U/L)": ("ast", "U/L"),
    "Gamma glutamyl transferase (U/L)": ("ggt", "U/L"),
    "Alkaline phosphatase (U/L)": ("alp", "U/L"),
    "Total Proteins (g/dL)": ("total_protein", "g/dL"),
    "Creatinine (mg/dL)": ("creatinine", "mg/dL"),
    "Direct Bilirubin (mg/dL)": ("direct_bilirubin", "mg/dL"),
    "Iron (mcg/dL)": ("iron", "ug/dL"),
    "Oxygen Saturation (%)": ("transferrin_saturation", "%"),
    "Ferritin (ng/mL)": ("ferritin", "ng/mL"),
}
CLINICAL = {
    "Age at diagnosis": "age_years",
    "Symptoms": "symptoms",
    "Alcohol": "alcohol",
    "Hepatitis B Surface Antigen": "hbsag_positive",
    "Hepatitis B e Antigen": "hbeag_positive",
    "Hepatitis B Core Antibody": "anti_hbc_positive",
    "Hepatitis C Virus Antibody": "anti_hcv_positive",
    "Cirrhosis": "cirrhosis",
    "Endemic Countries": "endemic_country",
    "Smoking": "smoking",
    "Diabetes": "diabetes",
    "Obesity": "obesity",
    "Hemochromatosis": "haemochromatosis",
    "Arterial Hypertension": "arterial_hypertension",
    "Chronic Renal Insufficiency": "renal_insufficiency",
    "Human Immunodeficiency Virus": "hiv",
    "Nonalcoholic Steatohepatitis": "steatohepatitis",
    "Esophageal Varices": "varices",
    "Splenomegaly": "splenomegaly",
    "Portal Hypertension": "portal_hypertension",
    "Portal Vein Thrombosis": "portal_vein_thrombosis",
    "Liver Metastasis": "liver_metastasis",
    "Radiological Hallmark": "radiological_hallmark",
    "Grams of Alcohol per day": "alcohol_g_per_day",
    "Packs of cigarets per year": "pack_years",
    "Performance Status": "performance_status",
    "Encefalopathy degree": "encephalopathy_degree",
    "Ascites degree": "ascites_degree",
    "Number of Nodules": "nodules",
    "Major dimension of nodule (cm)": "largest_nodule_cm",
}
COUNTS_PER_MICROLITRE_FROM = 1000  # the header says G/L, but no count lies between 561 and 2100, and 78 above
# A platelet count of 1.71 and an alkaline phosphatase of 1.28 are no unit's mistake and nobody's value: left out.
SMALLEST_POSSIBLE = {"platelets": 5, "alp": 5}


def to_cohort(source: Path, folder: Path) -> None:
    """Write the cohort folder: laboratory results in week 0, clinical findings as columns of the patients table."""
    table = pd.read_csv(source / "hcc.csv")
    table["patient_id"] = [f"hcc-{row:03d}" for row in range(1, len(table) + 1)]
    table["sex"] = table["Gender"].map({1: "M", 0: "F"})
    # In which week somebody died is not in the source, only whether it was within the year.
    patients = table[["patient_id", "sex", *CLINICAL, OUTCOME]].rename(columns={**CLINICAL, OUTCOME: "survives"})
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in {"patients": patients, "labs": laboratory(table)}.items():
        frame.to_csv(folder / f"{name}.csv", index=False)


def laboratory(table: pd.DataFrame) -> pd.DataFrame:
    """Return the labs table: no row where a value is missing; a count per uL has that unit, and the study converts."""
    labs = table.melt(id_vars="patient_id", value_vars=list(ANALYTES), var_name="column", value_name="value")
    labs = labs.dropna(subset=["value"]).assign(week=0)
    labs["analyte"] = labs["column"].map({column: analyte for column, (analyte, _) in ANALYTES.items()})
    labs["unit"] = labs["column"].map({column: unit for column, (_, unit) in ANALYTES.items()})
    counts = labs["analyte"].isin(["leukocytes", "platelets"]) & (labs["value"] >= COUNTS_PER_MICROLITRE_FROM)
    labs.loc[counts, "unit"] = "/uL"
    return labs[labs["value"] >= labs["analyte"].map(SMALLEST_POSSIBLE).fillna(0)].drop(columns="column")


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
    missing = found.data.features.isna().to_numpy().mean()
    print(
        f"{study.title}\n{len(found.data)} patients, {found.data.events} died; {len(study.predictors)} predictors, "
        f"{missing:.0%} of their values missing.\nOut-of-fold AUC (95 % interval), {outer_repeats} x 5 outer folds:\n"
        f"  library      {found.performance.measures['auc']}\n"
        f"  plain ridge  {mean_auc(found, baseline_scores(found, ridge_logistic)):.2f}"
    )


if __name__ == "__main__":
    main()
