"""Small REDCap projects for tests, and the one beside the library."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import relapse_model as rm

HEADER = (
    'Variable / Field Name,Form Name,Field Type,Field Label,"Choices, Calculations, OR Slider Labels",'
    "Text Validation Type OR Show Slider Number,Identifier?\n"
)
HEAD = '[mapping]\nprotocol = 1\nkind = "redcap"\nstudy = "hbsag-relapse"\n'
TIME = '[time]\nzero = { field = "enrolled" }\n'
PATIENTS = '[patients]\nid = "record_id"\n'
LABS = '[[labs]]\nanalyte = "anti_hbs"\nvalue = "hbsab"\nunit = "mIU/mL"\ndate = "lab_date"\n'
MAPPING = HEAD + TIME + PATIENTS + LABS

HOSPITAL = (
    HEAD
    + """
[source]
repeating = ["treatment"]

[time]
zero = { field = "enrol_date" }

[patients]
id = "record_id"
centre = "redcap_data_access_group"
arm = { field = "redcap_arm", values = { "1" = "hbig", "2" = "control" } }
sex = { field = "sex", values = { "1" = "M", "2" = "F" } }
age_years = "age"
bmi_kg_m2 = "bmi"
hbsag_before_treatment_iu_ml = "hbsag_pre"
hbv_genotype = { field = "genotype", values = { "1" = "A", "2" = "B", "3" = "C", "4" = "D", "99" = "" } }

[[treatments]]
agent = { field = "drug" }
start = "drug_start"
end = "drug_stop"
"""
    + "".join(
        f'\n[[labs]]\nanalyte = "{name}"\nvalue = "{name}"\nunit = "{unit}"\ndate = "lab_date"\n'
        for name, unit in {
            "hbsag": "IU/mL",
            "anti_hbs": "mIU/mL",
            "hbv_dna": "IU/mL",
            "hbcrag": "log10 U/mL",
            "alt": "U/L",
        }.items()
    )
)


@cache
def built_in() -> rm.Study:
    """Return the built-in study, read once."""
    return rm.load_study("hbsag-relapse")


def project(folder: Path, data: str | bytes, mapping: str = MAPPING, dictionary: str = "", events: str = "") -> tuple:
    """Write the files of a project; return the source and the mapping."""
    folder.mkdir(parents=True, exist_ok=True)
    source = folder / "data.csv"
    source.write_bytes(data if isinstance(data, bytes) else data.encode())
    named = ""
    for key, text in (("dictionary", dictionary and HEADER + dictionary), ("events", events)):
        if text:
            (folder / f"{key}.csv").write_text(text, encoding="utf-8")
            named += f'{key} = "{key}.csv"\n'
    if named and "[source]" in mapping:
        mapping = mapping.replace("[source]\n", f"[source]\n{named}")
    elif named:
        mapping = mapping.replace("[patients]", f"[source]\n{named}[patients]")
    (folder / "map.toml").write_text(mapping, encoding="utf-8")
    return source, folder / "map.toml"
