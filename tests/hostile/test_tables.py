"""Tables that are not there, or not what they seem: named and refused, none taken for absent."""

from __future__ import annotations

import gzip
import os
import socket
from time import process_time

import pytest

import relapse_model as rm
from relapse_model.errors import CohortError


@pytest.fixture
def folder(tmp_path):
    rm.simulate_cohort(5, seed=1).write(tmp_path / "c")
    assert (tmp_path / "c" / "treatments.csv").exists()
    return tmp_path / "c"


def broken_link(file):
    file.symlink_to("elsewhere.csv")


def loop(file):
    file.symlink_to(file.name)


def longer_loop(file):
    file.symlink_to("b")
    (file.parent / "b").symlink_to(file.name)


def device(file):
    file.symlink_to("/dev/zero")


def listening(file):
    with socket.socket(socket.AF_UNIX) as one:
        here = os.getcwd()
        os.chdir(file.parent)  # a socket's path may be short only
        one.bind(file.name)
        os.chdir(here)


PLANTED = {
    "a link to a file that is not there": broken_link,
    "a link that leads to itself": loop,
    "a link that leads to itself ": longer_loop,
    "a named pipe": os.mkfifo,
    "a device": device,
    "a folder": os.mkdir,
    "a socket": listening,
}


@pytest.mark.parametrize("found", PLANTED)
@pytest.mark.parametrize("name", ["treatments.csv", "outcomes.csv", "treatments.parquet"])
def test_what_is_no_file_is_no_absent_table(folder, name, found):
    (folder / name).unlink(missing_ok=True)
    if name.endswith("parquet"):
        (folder / "treatments.csv").unlink()
    PLANTED[found](folder / name)
    with pytest.raises(CohortError, match=rf"{name}: {found.strip()}; expected a file"):
        rm.read_cohort(folder)


@pytest.mark.parametrize("form", ["csv.gz", "csv.zip", "csv.bz2", "csv.xz", "CSV.GZ", "zip", "parquet.zst"])
@pytest.mark.parametrize("alone", [True, False])
def test_a_packed_table_is_named(folder, form, alone):
    content = (folder / "treatments.csv").read_bytes()
    if alone:
        (folder / "treatments.csv").unlink()
    (folder / f"treatments.{form}").write_bytes(gzip.compress(content))
    with pytest.raises(CohortError, match=rf"treatments\.{form}: a packed table, which is not read; expected"):
        rm.read_cohort(folder)


@pytest.mark.parametrize(
    "name", ["Labs.csv", "LABS.CSV", "labs (1).csv", "labs_2.csv", "labs copy.csv", "labs .csv", "labs.csv ", "lab.csv"]
)
def test_a_second_spelling_of_a_table_is_named(folder, name):
    (folder / name).write_bytes((folder / "labs.csv").read_bytes())
    with pytest.raises(CohortError, match=r"not a table of the cohort folder; expected labs\.csv"):
        rm.read_cohort(folder)


def test_other_files_may_lie_in_the_folder(folder):
    for name in ("notes.csv", "centres.csv", "readme.gz", "history.parquet.gz", "codes_of_labs.csv"):
        (folder / name).write_text("x")
    assert len(rm.read_cohort(folder)) == 5


def test_300000_columns_are_refused_at_once(folder):
    (folder / "labs.csv").write_text(",".join(f"c{number}" for number in range(300_000)) + "\n", encoding="utf-8")
    began = process_time()
    with pytest.raises(CohortError, match=r"300,000 columns; expected at most 20,000"):
        rm.read_cohort(folder)
    assert process_time() - began < 5


def test_many_rows_of_a_wrong_number_of_cells_are_listed_and_counted(folder):
    rows = 200_000
    with (folder / "labs.csv").open("a", encoding="utf-8") as file:
        file.write("P1,1\n" * rows)
    began = process_time()
    with pytest.raises(CohortError) as refused:
        rm.read_cohort(folder)
    assert process_time() - began < 5
    assert len(refused.value.problems) == 1001
    assert refused.value.problems[-1].found == "199,000 more rows of a wrong number of cells"
