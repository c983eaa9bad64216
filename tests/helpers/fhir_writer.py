"""A cohort written as FHIR bulk data, and as bundles."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
from whole_days import ENROLLED, day

HOSPITAL = "http://hospital.example"
_QUANTITY = re.compile(r"(<=|>=|<|>)?((?:0|[1-9]\d*)(?:\.\d+)?(?:E[+-]\d+)?)")
_MARK = re.compile(r'"@([^"@]+)@"')

MAPPING = """
[mapping]
protocol = 1
kind = "fhir"
study = "hbsag-relapse"
[time]
resource = "ResearchSubject"
[patients]
id = "id"
sex = { field = "gender", values = { male = "M", female = "F" } }
"""


def extension(name: str, value: object) -> dict:
    return {"url": f"{HOSPITAL}/{name}", "valueString": str(value)}


def value_of(text: str, unit: str) -> dict:
    """Return a printed result as a quantity where it is a number, else as a text."""
    found = _QUANTITY.fullmatch(text)
    if found is None:
        return {"valueString": text}
    quantity = {"value": f"@{found[2]}@", "unit": unit, "system": "http://unitsofmeasure.org", "code": unit}
    return {"valueQuantity": quantity | ({"comparator": found[1]} if found[1] else {})}


def resources_of(cohort) -> dict[str, list[dict]]:
    """Return the resources of a cohort by type."""
    tables = cohort.tables()
    made = {"Patient": [], "ResearchSubject": [], "Observation": [], "MedicationAdministration": []}
    for row in tables["patients"].to_dict("records"):
        own = [extension(name, value) for name, value in row.items()
               if name not in ("patient_id", "sex") and not pd.isna(value)]  # fmt: skip
        gender = {"M": {"gender": "male"}, "F": {"gender": "female"}}.get(row["sex"], {})
        made["Patient"].append({"resourceType": "Patient", "id": row["patient_id"], "extension": own, **gender})
        made["ResearchSubject"].append({
            "resourceType": "ResearchSubject", "status": "on-study", "period": {"start": str(ENROLLED.date())},
            "individual": {"reference": f"Patient/{row['patient_id']}"},
        })  # fmt: skip
    for number, row in enumerate(tables["labs"].to_dict("records")):
        limits = [extension(name, row[name]) for name in ("lower_limit", "upper_limit") if not pd.isna(row[name])]
        made["Observation"].append({
            "resourceType": "Observation", "id": f"o{number}", "status": "final", "extension": limits,
            "code": {"coding": [{"system": HOSPITAL, "code": row["analyte"]}]},
            "subject": {"reference": f"Patient/{row['patient_id']}"}, "effectiveDateTime": day(row["week"]),
            **({} if pd.isna(row["assay"]) else {"method": {"text": row["assay"]}}),
            **value_of(row["value"], row["unit"]),
        })  # fmt: skip
    for number, row in enumerate(tables["treatments"].to_dict("records")):
        ends = {} if pd.isna(row["end_week"]) else {"end": day(row["end_week"])}
        dose = {} if pd.isna(row["dose"]) else {"dosage": {"dose": {"value": row["dose"], "unit": row["unit"]}}}
        made["MedicationAdministration"].append({
            "resourceType": "MedicationAdministration", "id": f"m{number}",
            "status": "completed" if ends else "in-progress",
            "medicationCodeableConcept": {"coding": [{"system": HOSPITAL, "code": row["agent"]}]},
            "subject": {"reference": f"Patient/{row['patient_id']}"},
            "effectivePeriod": {"start": day(row["start_week"]), **ends}, **dose,
        })  # fmt: skip
    return made


def mapping_of(cohort) -> str:
    """Return the mapping that reads it."""
    tables = cohort.tables()
    lines = [MAPPING]
    lines += [f'{name} = "extension({HOSPITAL}/{name}).valueString"'
              for name in tables["patients"] if name not in ("patient_id", "sex")]  # fmt: skip
    for analyte, unit in tables["labs"].groupby("analyte")["unit"].first().items():
        lines.append(f'[[labs]]\nanalyte = "{analyte}"\ncodes = ["{HOSPITAL}|{analyte}"]\nunit = "{unit}"')
        lines.append('assay = { field = "method.text" }')
        lines += [f'{name} = {{ field = "extension({HOSPITAL}/{name}).valueString" }}'
                  for name in ("lower_limit", "upper_limit")]  # fmt: skip
    for agent in tables["treatments"]["agent"].unique():
        lines.append(f'[[treatments]]\nagent = "{agent}"\ncodes = ["{HOSPITAL}|{agent}"]')
    return "\n".join(lines)


def printed(resource: dict) -> str:
    """Return a resource as JSON, with decimals as they were printed."""
    return _MARK.sub(r"\1", json.dumps(resource, ensure_ascii=False))


def write_bulk(cohort, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for kind, resources in resources_of(cohort).items():
        (folder / f"{kind}.ndjson").write_text("".join(printed(one) + "\n" for one in resources), encoding="utf-8")


def bundle(*resources: dict) -> str:
    entries = [
        ({"fullUrl": f"{HOSPITAL}/fhir/{one['resourceType']}/{one['id']}"} if "id" in one else {}) | {"resource": one}
        for one in resources
    ]
    return printed({"resourceType": "Bundle", "type": "collection", "entry": entries})
