"""Time and memory of reading MEASUREMENT: python benchmarks/readers_omop.py 1000000.

From CSV, Parquet, DuckDB and, where a server is installed, PostgreSQL, whose rows come in chunks. Each form is read by
a process of its own, whose peak of memory is its own.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
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
COLUMNS = {
    "person": "person_id bigint, gender_concept_id int, year_of_birth int",
    "cohort": "cohort_definition_id int, subject_id bigint, cohort_start_date date",
    "measurement": "measurement_id bigint, person_id bigint, measurement_concept_id int, measurement_date date, "
    "operator_concept_id int, value_as_number numeric, value_as_concept_id int, unit_concept_id int, "
    "unit_source_value text, value_source_value text",
}


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
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
            _measured(source.name, str(source), rows)
        _postgresql(folder / "csv", rows)


def _postgresql(tables: Path, rows: int) -> None:
    """Fill a server of one's own by COPY, and read it."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "helpers"))
    import psycopg
    from postgres import postgres

    with postgres() as url, psycopg.connect(url.replace("+psycopg", "")) as connection:
        for table, columns in COLUMNS.items():
            connection.execute(f"CREATE TABLE {table} ({columns})")
            command = f"COPY {table} FROM STDIN (FORMAT csv, HEADER)"
            with (tables / f"{table}.csv").open("rb") as file, connection.cursor().copy(command) as copy:
                while block := file.read(2**20):
                    copy.write(block)
        connection.commit()
        _measured("PostgreSQL", url, rows)


def _measured(name: str, source: str, rows: int) -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as one:
        results, seconds, cpu, before, memory = one.submit(_read, source).result()
    print(f"{name}: {rows:,} rows, {results:,} results: {seconds:.1f} s ({cpu:.1f} s of CPU), "
          f"{before:,.0f} MiB before, at most {memory:,.0f} MiB", flush=True)  # fmt: skip


def _read(source: str) -> tuple[int, float, float, float, float]:
    mapping = parse_mapping(MAPPING + LABS)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    start, cpu = time.perf_counter(), time.process_time()
    cohort = read_omop(source if "://" in source else Path(source), mapping)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    return len(cohort.labs), seconds, cpu, before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
