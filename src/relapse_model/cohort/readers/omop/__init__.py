"""OMOP CDM 5.4: tables in files, in DuckDB or in a database, read to a cohort."""
