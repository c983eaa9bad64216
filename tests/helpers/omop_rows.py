"""Small OMOP tables written row by row as CSV, and read with a mapping."""

from __future__ import annotations

from relapse_model.cohort.readers.mapping_file import parse_mapping
from relapse_model.cohort.readers.omop.read import read_omop

MAPPING = """
[mapping]
protocol = 1
kind = "omop"
[time]
table = "procedure_occurrence"
codes = [100]
[patients]
id = "person_id"
sex = "gender_concept_id"
age_years = "year_of_birth"
[missing]
codes = ["haemolysed"]
[[labs]]
analyte = "anti_hbs"
codes = [1]
value = { field = "value_as_concept_id", values = { "9189" = "negative", "9177" = "", "TND*" = "TND" } }
[[treatments]]
agent = "hbig"
codes = [50, 51]
"""
MEASUREMENT = {
    "measurement_id": "11", "person_id": "1", "measurement_concept_id": "1", "measurement_date": "2024-03-08",
    "measurement_datetime": "", "operator_concept_id": "0", "value_as_number": "", "value_as_concept_id": "0",
    "unit_concept_id": "0", "unit_source_value": "mIU/mL", "value_source_value": "", "range_low": "0",
    "range_high": "10",
}  # fmt: skip
PERSON = {"person_id": "1", "gender_concept_id": "8532", "year_of_birth": "1980", "month_of_birth": "3",
          "day_of_birth": "2", "person_source_value": "Wang Li"}  # fmt: skip
DRUG = {"drug_exposure_id": "5", "person_id": "1", "drug_concept_id": "50", "drug_exposure_start_date": "2024-03-01",
        "drug_exposure_end_date": "2024-03-01", "quantity": "400"}  # fmt: skip
PROCEDURE = {"procedure_occurrence_id": "7", "person_id": "1", "procedure_concept_id": "100",
             "procedure_date": "2024-03-01"}  # fmt: skip


def reader(folder):
    """Return a function that writes tables into a folder and reads them."""

    def reading(*measurements, mapping=MAPPING, **tables):
        options = {key: tables.pop(key) for key in ("on_problems", "study") if key in tables}
        rows = [MEASUREMENT | {"measurement_id": str(11 + place)} | one for place, one in enumerate(measurements)]
        every = {
            "PERSON": [PERSON], "MEASUREMENT": rows or [MEASUREMENT | {"measurement_concept_id": "9"}],
            "DRUG_EXPOSURE": [DRUG], "PROCEDURE_OCCURRENCE": [PROCEDURE],
        } | {name.upper(): rows for name, rows in tables.items()}  # fmt: skip
        for name, rows in every.items():
            lines = [",".join(rows[0]), *(",".join(row.values()) for row in rows)]
            (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        return read_omop(folder, parse_mapping(mapping), **options)

    return reading


def number(value, operator="0", text="", **more):
    return {"value_as_number": value, "operator_concept_id": operator, "value_source_value": text} | more


def left_out(cohort, table="measurement"):
    (one,) = [one for one in cohort.reading.sources if one.source == table]
    return {reason.reason: reason.count for reason in one.left_out}
