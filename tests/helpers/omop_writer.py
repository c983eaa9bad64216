"""A cohort written as a Common Data Model: CSV, Parquet, DuckDB, or into a database."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from whole_days import ENROLLED, day

from relapse_model.cohort.laboratory.lab_text import read_lab_text

OPERATORS = {"": 0, "<": 4171756, ">": 4172704, "<=": 4171754, ">=": 4171755}
TYPES = {
    "person_id": "BIGINT", "subject_id": "BIGINT", "value_as_number": "NUMERIC", "quantity": "NUMERIC",
    "year_of_birth": "INTEGER", "lower_limit": "NUMERIC", "upper_limit": "NUMERIC",
}  # fmt: skip
MAPPING = """
[mapping]
protocol = 1
kind = "omop"
study = "hbsag-relapse"
[time]
cohort_definition_id = 7
[patients]
id = "person_source_value"
sex = "gender_concept_id"
"""


def type_of(column: str) -> str:
    known = (
        "DATE" if column.endswith("_date") else "INTEGER" if column.endswith(("_id", "concept_id")) else "VARCHAR(250)"
    )
    return TYPES.get(column, known)


def tables_of(cohort) -> dict[str, pd.DataFrame]:
    """Return the tables of a cohort; what OMOP has no column for keeps its name."""
    tables = cohort.tables()
    patients, labs, courses = tables["patients"], tables["labs"], tables["treatments"]
    person = dict(zip(patients["patient_id"], range(1, len(patients) + 1), strict=True))
    people = patients.drop(columns=["patient_id", "sex"]).assign(
        person_id=list(person.values()), person_source_value=patients["patient_id"],
        gender_concept_id=patients["sex"].map({"M": 8507, "F": 8532}),
        year_of_birth=[int(day(0)[:4]) - int(age) for age in patients["age_years"]],
    )  # fmt: skip
    read = [read_lab_text(text) for text in labs["value"]]
    number = [one.number if one.kind == "number" else None for one in read]
    measurement = pd.DataFrame({
        "measurement_id": range(1, len(labs) + 1), "person_id": labs["patient_id"].map(person),
        "measurement_concept_id": labs["analyte"].map(concepts(labs["analyte"], 2_000_000_001)),
        "measurement_date": labs["week"].map(day), "operator_concept_id": [OPERATORS[one.comparator] for one in read],
        "value_as_number": number, "value_as_concept_id": 0, "unit_concept_id": 0, "unit_source_value": labs["unit"],
        "value_source_value": labs["value"], "range_low": 1, "range_high": 2,
        **{name: labs[name] for name in ("assay", "lower_limit", "upper_limit")},
    })  # fmt: skip
    drug = pd.DataFrame({
        "drug_exposure_id": range(1, len(courses) + 1), "person_id": courses["patient_id"].map(person),
        "drug_concept_id": courses["agent"].map(concepts(courses["agent"], 2_000_001_001)),
        "drug_exposure_start_date": courses["start_week"].map(day),
        "drug_exposure_end_date": [None if pd.isna(one) else day(one) for one in courses["end_week"]],
        "quantity": courses["dose"], "dose_unit_source_value": courses["unit"],
    })  # fmt: skip
    start = str(ENROLLED.date())
    chosen = pd.DataFrame({"cohort_definition_id": 7, "subject_id": list(person.values()), "cohort_start_date": start})
    period = pd.DataFrame({
        "observation_period_id": list(person.values()), "person_id": list(person.values()),
        "observation_period_start_date": "2010-01-01", "observation_period_end_date": "2021-12-31",
    })  # fmt: skip
    return {"person": people, "measurement": measurement, "drug_exposure": drug, "cohort": chosen,
            "observation_period": period}  # fmt: skip


def concepts(names: pd.Series, first: int) -> dict[str, int]:
    return {name: first + place for place, name in enumerate(sorted(names.unique()))}


def mapping_of(cohort) -> str:
    """Return the mapping that reads it."""
    tables = cohort.tables()
    lines = [MAPPING]
    lines += [f'{name} = "{name}"' for name in tables["patients"] if name not in ("patient_id", "sex")]
    for analyte, concept in concepts(tables["labs"]["analyte"], 2_000_000_001).items():
        lines.append(f'[[labs]]\nanalyte = "{analyte}"\ncodes = [{concept}]')
        lines += [f'{name} = {{ field = "{name}" }}' for name in ("assay", "lower_limit", "upper_limit")]
    for agent, concept in concepts(tables["treatments"]["agent"], 2_000_001_001).items():
        lines.append(f'[[treatments]]\nagent = "{agent}"\ncodes = [{concept}]\nend = "drug_exposure_end_date"')
        lines.append('dose = "quantity"\nunit = { field = "dose_unit_source_value" }')
    return "\n".join(lines)


def write_csv(tables: dict[str, pd.DataFrame], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        table.to_csv(folder / f"{name.upper()}.csv", index=False)


def write_parquet(tables: dict[str, pd.DataFrame], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        dates = {column: pd.to_datetime(table[column]) for column in table if column.endswith("_date")}
        table.assign(**dates).to_parquet(folder / f"{name}.parquet", index=False)


def statements(tables: dict[str, pd.DataFrame], schema: str):
    """Yield the SQL that makes the tables, and their rows."""
    for name, table in tables.items():
        columns = ", ".join(f"{column} {type_of(column)}" for column in table)
        texts = [type_of(column).startswith("VARCHAR") for column in table]
        yield f"CREATE TABLE {schema}.{name} ({columns})", name, list(table), [
            tuple(None if pd.isna(one) else str(one) if text else one for one, text in zip(row, texts, strict=True))
            for row in table.astype(object).itertuples(index=False)
        ]  # fmt: skip


def write_duckdb(tables: dict[str, pd.DataFrame], path: Path, schema: str = "main") -> None:
    import duckdb

    with duckdb.connect(str(path)) as connection:
        own = f"{path.stem}.{schema}"  # both may have one name
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {own}")
        for create, name, columns, rows in statements(tables, own):
            connection.execute(create)
            frame = pd.DataFrame(rows, columns=columns, dtype=object)  # noqa: F841  (DuckDB reads it by its name)
            connection.execute(f"INSERT INTO {own}.{name} SELECT * FROM frame")


def write_database(tables: dict[str, pd.DataFrame], url: str, schema: str) -> None:
    import sqlalchemy

    engine = sqlalchemy.create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
        for create, name, columns, rows in statements(tables, schema):
            connection.exec_driver_sql(create)
            places = ", ".join(["%s"] * len(columns))
            connection.exec_driver_sql(f"INSERT INTO {schema}.{name} ({', '.join(columns)}) VALUES ({places})", rows)
    engine.dispose()
