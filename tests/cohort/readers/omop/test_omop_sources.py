"""OMOP: one cohort from files, DuckDB and PostgreSQL; golden values; what is never in a message; damaged sources."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import quote

import pandas as pd
import pytest
from mutations import mutated
from omop_writer import (
    mapping_of,
    tables_of,
    write_csv,
    write_database,
    write_duckdb,
    write_parquet,
)
from postgres import PASSWORD, postgres
from whole_days import assert_same, whole_days

import relapse_model as rm
from relapse_model.cohort.readers.mapping_file import parse_mapping
from relapse_model.cohort.readers.omop.propose import propose_omop
from relapse_model.cohort.readers.omop.read import read_omop
from relapse_model.errors import MappingError, RelapseModelError, SourceError

NOT_OURS = "This is a fault of the reader"


@pytest.fixture(scope="module")
def cohort():
    return whole_days()


@pytest.fixture(scope="module")
def mapping(cohort):
    return mapping_of(cohort)


@pytest.fixture(scope="module")
def duck(cohort, tmp_path_factory):
    path = tmp_path_factory.mktemp("duck") / "cdm.duckdb"
    write_duckdb(tables_of(cohort), path, "cdm")
    return path


@pytest.fixture(scope="module")
def server(cohort):
    with postgres() as url:
        write_database(tables_of(cohort), url, "cdm")
        yield url


def in_schema(mapping):
    return parse_mapping(mapping + '\n[source]\nschema = "cdm"\nchunk = 500\n')


@pytest.fixture(scope="module")
def model():
    return rm.load_model(Path(__file__).parents[4] / "models" / "hbsag_relapse.rmodel")


def assert_scored_the_same(back, cohort, model):
    """Compare every score to 1e-12; some patients must have one, and the same ones."""
    before, after = (model.score(one) for one in (cohort, back))
    assert before["status"].tolist() == after["status"].tolist()
    assert before["relapse_risk"].notna().any()
    assert before["relapse_risk"].isna().equals(after["relapse_risk"].isna())
    for column in ("relapse_risk", "risk_lower", "risk_upper"):
        assert (before[column] - after[column]).abs().max() < 1e-12


def test_files_give_the_cohort_back(cohort, mapping, tmp_path, model):
    write_csv(tables_of(cohort), tmp_path / "csv")
    write_parquet(tables_of(cohort), tmp_path / "parquet")
    for form in ("csv", "parquet"):
        back = read_omop(tmp_path / form, parse_mapping(mapping))
        assert_same(back, cohort)
        assert_scored_the_same(back, cohort, model)
        assert {one.source: one.came - one.used for one in back.reading.sources} == {
            "person": 0, "cohort (time zero)": 0, "measurement": 0, "drug_exposure": 0
        }  # fmt: skip


def test_duckdb_gives_the_cohort_back_in_chunks(cohort, mapping, duck, model):
    back = read_omop(duck, in_schema(mapping))
    assert_same(back, cohort)
    assert_scored_the_same(back, cohort, model)


def test_postgresql_gives_the_same_cohort_as_duckdb(cohort, mapping, duck, server, model):
    back = read_omop(server, in_schema(mapping))
    assert_same(back, cohort)
    assert_scored_the_same(back, cohort, model)
    assert back == read_omop(duck, in_schema(mapping))
    assert back.reading == read_omop(duck, in_schema(mapping)).reading


def test_a_proposal_from_a_database(server, study):
    text = propose_omop(f"{server}?options=-csearch_path%3Dcdm", study)
    assert "# cohort_definition_id = 7  # its start; 40 rows" in text
    assert "codes = [2000000001]" in text
    assert PASSWORD not in text


def test_a_database_is_never_written_to(server, duck):
    from relapse_model.cohort.readers.omop.database import DuckTables, SqlTables

    tables = SqlTables(server, {"cdm": "cdm", "cohort": "cdm"})
    with pytest.raises(Exception, match="read-only transaction"):
        tables._connection.exec_driver_sql("DELETE FROM cdm.person")
    tables.close()
    tables = DuckTables(duck, {"cdm": "cdm", "cohort": "cdm"})
    with pytest.raises(Exception, match="read-only"):
        tables._connection.execute("DELETE FROM cdm.cdm.person")
    tables.close()


@pytest.mark.parametrize(
    "address",
    [
        "postgresql+psycopg://reader:{}@127.0.0.1:1/none",  # nobody listens
        "postgresql+psycopg://reader:{}@127.0.0.1:port/none",  # no address
        "nosuch://reader:{}@host/none",
        "postgresql+psycopg://127.0.0.1:1/none?password={}",
        "sqlite:///{}/none.sqlite",
    ],
)
def test_no_password_is_in_a_message(address, mapping):
    for secret in ("hunter2-is-long", "p/w", "x"):
        with pytest.raises(SourceError) as refusal:
            read_omop(address.format(quote(secret, safe="")), parse_mapping(mapping))
        error, texts = refusal.value, []
        while error is not None:
            texts.append(str(error) if isinstance(error, RelapseModelError) else "")
            assert error.__cause__ is None
            error = None if error.__suppress_context__ else error.__context__
        said = re.sub(r"expected .*", "", " ".join(texts))
        assert len(secret) == 1 or secret not in said
        assert address.format(quote(secret, safe="")) not in said


def test_a_wrong_password_is_said_without_it(server, mapping):
    wrong = server.replace(quote(PASSWORD, safe=""), "wrong-one")
    with pytest.raises(SourceError, match="OperationalError") as refusal:
        read_omop(wrong, parse_mapping(mapping))
    assert "wrong-one" not in str(refusal.value)


def test_names_that_sql_would_read_are_refused(mapping):
    for name in ('cdm"; DROP TABLE person; --', "cdm person", "1cdm", "cdm;"):
        text = mapping + f"\n[source]\nschema = '{name}'\n"
        with pytest.raises(MappingError, match="the name of a schema"):
            parse_mapping(text)
    assert parse_mapping(mapping + '\n[source]\nschema = "warehouse.cdm_54"\n')


def test_values_are_parameters(duck, mapping):
    text = mapping.replace("codes = [2000000001]", "when = { value_source_value = \"' OR '1'='1\" }")
    assert text != mapping
    with pytest.raises(SourceError, match="rows of albumin, and none as 'when' asks"):  # it selected nothing
        read_omop(duck, in_schema(text))


def test_golden_values_of_a_synthetic_warehouse(root, study):
    folder = root.parent / "shared" / "data" / "omop_synthea27nj"
    if not folder.is_dir():
        pytest.skip("omop_synthea27nj is not here")
    text = """
[mapping]
protocol = 1
kind = "omop"
[time]
table = "visit_occurrence"
pick = "first"
[patients]
id = "person_id"
sex = "gender_concept_id"
age_years = "year_of_birth"
[[labs]]
analyte = "weight"
codes = [3025315]
"""
    cohort = read_omop(folder, parse_mapping(text))
    (measured,) = [one for one in cohort.reading.sources if one.source == "measurement"]
    assert (measured.came, measured.used, len(cohort)) == (10_040, 511, 28)
    assert len(cohort.reading.not_mapped) == 131  # of 132 concepts
    table = pd.read_csv(folder / "MEASUREMENT.csv", dtype=str)
    table.columns = table.columns.str.lower()
    assert table["value_as_number"].notna().sum() == 9_107
    assert table["operator_concept_id"].fillna("0").astype(float).unique().tolist() == [0]  # no comparator anywhere
    first = cohort.labs.iloc[0]
    assert (first["value"], first["unit"], first["date"]) == ("48.1", "kg", "2013-05-17")
    proposal = propose_omop(folder, study)
    assert "3006923,  # 1742-6 ALT: 52 (U/L: 52)" in proposal
    parse_mapping(proposal, "map", "omop")
    # What was done and has no result: a screening, 275 times.
    (measured, *_) = [
        one for one in read_omop(folder, parse_mapping(text.replace("3025315", "4064377"))).reading.sources
        if one.source == "measurement"
    ]  # fmt: skip
    assert {one.reason: one.count for one in measured.left_out}["without a value"] == 275


def damaged(cohort, mapping, folder, seeds, study):
    tables = tables_of(cohort)
    tables = {name: table.head(60) for name, table in tables.items()}
    write_csv(tables, folder)
    names = sorted(file.name for file in folder.iterdir())
    whole = {name: (folder / name).read_bytes() for name in names}
    read = refused = 0
    for seed in seeds:
        name = names[seed % len(names)]
        (folder / name).write_bytes(mutated(whole[name], seed))
        try:
            str(read_omop(folder, parse_mapping(mapping), study=study).reading)
            read += 1
        except RelapseModelError as error:
            refused += NOT_OURS not in str(error)
        (folder / name).write_bytes(whole[name])
    return read, refused


def few():
    """Return a small cohort of two analytes, whose mapping is short."""
    tables = dict(whole_days(3).tables())
    tables["labs"] = tables["labs"][tables["labs"]["analyte"].isin(["hbsag", "anti_hbs"])]
    return rm.make_cohort(**tables)


def test_damaged_sources_are_read_or_refused(tmp_path, study):
    read, refused = damaged(few(), mapping_of(few()), tmp_path, range(40), study)
    assert refused > 10
    assert read + refused == 40


@pytest.mark.slow
def test_three_hundred_damaged_sources_are_read_or_refused(tmp_path, study):
    read, refused = damaged(few(), mapping_of(few()), tmp_path, range(300), study)
    assert refused > 100
    assert read + refused == 300
