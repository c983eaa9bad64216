"""A treatments table that cannot be read, in over twenty ways: it is named, and never taken for no treatments."""

from __future__ import annotations

import bz2
import gzip
import os

import pytest

import relapse_model as rm
from relapse_model.errors import CohortError


def link_to(place):
    return lambda file, _: (file.unlink(), file.symlink_to(place))


def renamed(name, pack=bytes):
    return lambda file, data: (file.unlink(), file.with_name(name).write_bytes(pack(data)))


def beside(name, pack=bytes):
    return lambda file, data: file.with_name(name).write_bytes(pack(data))


def holding(change):
    return lambda file, data: file.write_bytes(change(data))


def loop_of_two(file, _):
    file.unlink()
    file.symlink_to("other")
    file.with_name("other").symlink_to(file.name)


FAULTS = {
    "a link to nothing": link_to("elsewhere.csv"),
    "a link to itself": link_to("treatments.csv"),
    "a loop of two links": loop_of_two,
    "a link to a device": link_to("/dev/null"),
    "a link to a folder": link_to("."),
    "a pipe": lambda file, _: (file.unlink(), os.mkfifo(file)),
    "a folder": lambda file, _: (file.unlink(), file.mkdir()),
    "gzip alone": renamed("treatments.csv.gz", gzip.compress),
    "bzip2 alone": renamed("treatments.csv.bz2", bz2.compress),
    "gzip beside": beside("treatments.csv.gz", gzip.compress),
    "gzip under the name of the table": holding(gzip.compress),
    "another case": renamed("Treatments.CSV"),
    "a misspelling": renamed("treatment.csv"),
    "a copy": beside("treatments (1).csv"),
    "both forms": beside("treatments.parquet"),
    "noise as Parquet": renamed("treatments.parquet", lambda data: b"PAR1" + b"\xff" * 500 + b"PAR1"),
    "nothing in it": holding(lambda data: b""),
    "no header": holding(lambda data: data.split(b"\n", 1)[1]),
    "NUL": holding(lambda data: data.replace(b",", b",\0", 9)),
    "UTF-16": holding(lambda data: data.decode().encode("utf-16")),
    "Latin-1": holding(lambda data: data + b"sim-0001,0,\xe9\n"),
    "an open quote": holding(lambda data: data + b'"'),
    "other dividers": holding(lambda data: data.replace(b",", b";")),
    "a workbook": holding(lambda data: b"PK\3\4" + bytes(900)),
    "a short row": holding(lambda data: data + b"P1,1\n"),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("on_problems", ["raise", "list"])
def test_a_table_that_cannot_be_read_is_named_and_never_absent(tmp_path, fault, on_problems):
    rm.simulate_cohort(5, seed=1).write(tmp_path)
    file = tmp_path / "treatments.csv"
    FAULTS[fault](file, file.read_bytes())
    with pytest.raises(CohortError, match=r"(?i)treatment"):
        rm.read_cohort(tmp_path, on_problems=on_problems)


def test_a_name_of_very_many_columns_is_told_in_few_words(tmp_path):
    rm.simulate_cohort(5, seed=1).write(tmp_path)
    (tmp_path / "labs.csv").write_text("week," * 10_000 + "week\n", encoding="utf-8")
    with pytest.raises(CohortError, match=r"columns 1 and 2 and 3 and 4 and 5 and 9,996 more have one name") as refused:
        rm.read_cohort(tmp_path)
    assert len(str(refused.value)) < 2000
