"""Death within one year of hepatocellular carcinoma: 165 patients of one hospital, a tenth of the values missing.

Data: Santos, Abreu, Garcia-Laencina, Simao, Carvalho, J Biomed Inform 2015;58:49-59 (UCI 423, CC BY 4.0).
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

DATA = "hcc_uci_coimbra"
STUDY = Path(__file__).with_suffix(".toml")
DIED_BEFORE_WEEK = 52

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
# Too small for the unit to be in doubt, and for the value to be one: a slip of the pen that nobody can undo.
IMPOSSIBLE = {"platelets": 5, "alp": 5}
PER_MICROLITRE = 1000  # blood counts from here on are per uL: between 561 and 2100 there is none


def to_cohort(source: Path, folder: Path) -> None:
    """Write the cohort folder: laboratory results of week 0, clinical findings as columns of the patients table."""
    table = pd.read_csv(source / "hcc.csv")
    table.insert(0, "patient_id", [f"hcc-{row:03d}" for row in range(1, len(table) + 1)])
    patients = table[["patient_id", *CLINICAL]].rename(columns=CLINICAL)
    patients.insert(1, "sex", table["Gender"].map({1: "M", 0: "F"}))
    outcomes = pd.DataFrame(
        {
            "patient_id": table["patient_id"],
            "relapse": 1 - table["1_survives_0_dies"],
            "week": DIED_BEFORE_WEEK,  # the week of death is not in the source, only that it came within the year
        }
    )
    tables = {"patients": patients, "labs": laboratory(table), "outcomes": outcomes}
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in tables.items():
        frame.to_csv(folder / f"{name}.csv", index=False)


def laboratory(table: pd.DataFrame) -> pd.DataFrame:
    """Return the labs table. A missing value has no row; a count per uL says so, and the study converts it."""
    labs = table.melt("patient_id", list(ANALYTES), "column", "value").dropna(subset="value")
    labs["analyte"] = labs["column"].map({column: analyte for column, (analyte, _) in ANALYTES.items()})
    labs["unit"] = labs["column"].map({column: unit for column, (_, unit) in ANALYTES.items()})
    count = labs["analyte"].isin(["leukocytes", "platelets"])
    labs.loc[count & (labs["value"] >= PER_MICROLITRE), "unit"] = "/uL"
    possible = labs["value"] >= labs["analyte"].map(IMPOSSIBLE).fillna(0)
    return labs.loc[possible].assign(week=0).drop(columns="column")
