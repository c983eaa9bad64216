"""Time and memory of reading MEASUREMENT from CSV, Parquet and DuckDB: python benchmarks/readers_omop.py 1000000."""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from relapse_model.cohort.readers.mapping_file import parse_mapping
from relapse_model.cohort.readers.omop.read import read_omop

PATIENTS = 10_000
MAPPING = """
[mapping]
protocol = 1
kind = "omop"
[time]
cohort_definition_id = 1
[patients]
id = "person_id"
sex = "gender_concept_id"
"""
LABS = "".join(f'[[labs]]\nanalyte = "analyte_{place}"\ncodes = [{place}]\n' for place in range(5))
TABLES = {
    "person": "SELECT i AS person_id, 8507 AS gender_concept_id, 1980 AS year_of_birth FROM range({patients}) t(i)",
    "cohort": "SELECT 1 AS cohort_definition_id, i AS subject_id, DATE '2020-01-01' AS cohort_start_date "
    "FROM range({patients}) t(i)",
    "measurement": "SELECT i AS measurement_id, i % {patients} AS person_id, (i * 7) % 20 AS measurement_concept_id, "
    "DATE '2020-01-01' + CAST(i // {patients} AS INTEGER) AS measurement_date, "
    "CASE WHEN i % 10 = 0 THEN 4171756 ELSE 0 END AS operator_concept_id, "
    "CAST(round(1 + (i * 0.37) % 900, 2) AS DECIMAL(10, 2)) AS value_as_number, 0 AS value_as_concept_id, "
    "0 AS unit_concept_id, 'U/L' AS unit_source_value, NULL::VARCHAR AS value_source_value FROM range({rows}) t(i)",
}


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    mapping = parse_mapping(MAPPING + LABS)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with duckdb.connect(str(folder / "cdm.duckdb")) as connection:
            for form in ("csv", "parquet"):
                (folder / form).mkdir()
            for table, query in TABLES.items():
                connection.execute(f"CREATE TABLE {table} AS {query.format(patients=PATIENTS, rows=rows)}")
                for form in ("csv", "parquet"):
                    connection.execute(f"COPY {table} TO '{folder / form / table}.{form}'")
        for source in (folder / "csv", folder / "parquet", folder / "cdm.duckdb"):
            start, cpu = time.perf_counter(), time.process_time()
            cohort = read_omop(source, mapping)
            seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(f"{source.name}: {rows:,} rows, {len(cohort.labs):,} results: {seconds:.1f} s ({cpu:.1f} s of CPU), "
                  f"at most {memory:,.0f} MiB so far")  # fmt: skip


if __name__ == "__main__":
    main()
