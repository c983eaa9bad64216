"""The page on OMOP is true: its mapping reads a warehouse of the kind that it describes."""

from __future__ import annotations

import re

import pandas as pd
from omop_writer import write_duckdb

from relapse_model.cohort.readers.omop.read import read_omop


def table(**columns):
    return pd.DataFrame({name: value if isinstance(value, list) else [value] for name, value in columns.items()})


def test_the_mapping_of_the_page_reads(root, tmp_path):
    page = (root / "docs" / "reading" / "omop.md").read_text(encoding="utf-8")
    (mapping,) = re.findall(r"^```toml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    (tmp_path / "map.toml").write_text(mapping, encoding="utf-8")
    start = "2024-03-01"
    tables = {
        "person": table(person_id=1, gender_concept_id=8532, year_of_birth=1980, month_of_birth=3, day_of_birth=2),
        "measurement": table(
            measurement_id=[1, 2], person_id=[1, 1], measurement_concept_id=[2000000903, 2000000904],
            measurement_date=["2024-03-08"] * 2, operator_concept_id=[4171756, 0], value_as_number=[0.05, None],
            value_as_concept_id=[0, 2000000906], unit_concept_id=[0, 0], value_source_value=["<0.05", None],
        ),
        "observation": table(
            observation_id=1, person_id=1, observation_concept_id=2000000900, observation_date=start,
            value_as_string="hbig",
        ),
        "drug_exposure": table(
            drug_exposure_id=1, person_id=1, drug_concept_id=55, drug_exposure_start_date=start,
            drug_exposure_end_date=start, quantity=400,
        ),
        "concept_ancestor": table(ancestor_concept_id=2000000901, descendant_concept_id=55),
        "condition_occurrence": table(
            condition_occurrence_id=1, person_id=1, condition_concept_id=2000000902, condition_start_date="2024-05-10"
        ),
        "observation_period": table(
            observation_period_id=1, person_id=1, observation_period_start_date="2023-01-01",
            observation_period_end_date="2025-01-01",
        ),
    }  # fmt: skip
    write_duckdb(tables, tmp_path / "warehouse.duckdb", "cdm")
    chosen = table(cohort_definition_id=7, subject_id=1, cohort_start_date=start)
    write_duckdb({"cohort": chosen}, tmp_path / "warehouse.duckdb", "results")
    cohort = read_omop(tmp_path / "warehouse.duckdb", tmp_path / "map.toml")
    assert cohort.patients[["patient_id", "sex", "age_years", "arm"]].to_numpy().tolist() == [["1", "F", 43, "hbig"]]
    assert cohort.labs[["analyte", "value", "unit"]].to_numpy().tolist() == [
        ["hbsag", "<0.05", "IU/mL"], ["anti_hbs", "negative", ""]
    ]  # fmt: skip
    assert cohort.treatments[["agent", "dose", "unit"]].to_numpy().tolist() == [["hbig", 400, "IU"]]
    assert cohort.outcomes[["relapse", "week"]].to_numpy().tolist() == [[1, 10]]
