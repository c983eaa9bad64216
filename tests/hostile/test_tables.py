"""Tables that are not there, or not what they seem: named and refused, none taken for absent."""

from __future__ import annotations

import errno
import gzip
import os
import socket
from pathlib import Path
from time import process_time

import pandas as pd
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


@pytest.mark.parametrize(
    "name",
    [
        "treatments.feather",
        "treatments.parq",
        "treatments.json",
        "treatments",
        "treatments.xlsx",
        "Treatments.SAS7BDAT",
    ],
)
def test_a_table_in_a_form_that_is_not_read_is_no_absent_one(folder, name):
    (folder / "treatments.csv").rename(folder / name)
    with pytest.raises(CohortError, match=rf"{name}: not a table of the cohort folder; expected treatments\.csv or"):
        rm.read_cohort(folder)


def test_the_same_form_beside_the_table_is_nobodys_business(folder):
    for name in ("treatments.feather", "treatments.json", "treatments", "treatments.csv.bak"):
        (folder / name).write_text("x")
    assert len(rm.read_cohort(folder)) == 5


@pytest.mark.parametrize("name", ["ｔreatments.csv", "tre\u0430tments.csv", "treatments\u200b.csv", "treatments．csv"])
def test_a_name_in_another_form_of_unicode_is_named(folder, name):
    """Fullwidth letters, a Cyrillic a, a space of no width, a fullwidth stop."""
    (folder / "treatments.csv").rename(folder / name)
    with pytest.raises(CohortError, match=r"not a table of the cohort folder; expected treatments\.csv"):
        rm.read_cohort(folder)


@pytest.mark.parametrize("call", ["lstat", "stat"])
@pytest.mark.parametrize("number", [errno.ESTALE, errno.ENOTCONN, errno.EIO, errno.EACCES])
def test_a_table_on_a_mount_that_does_not_answer_is_no_absent_one(folder, monkeypatch, call, number):
    real = getattr(os, call)

    def dead(path, *rest, **more):
        if str(path).endswith("treatments.csv"):
            raise OSError(number, os.strerror(number))
        return real(path, *rest, **more)

    monkeypatch.setattr(os, call, dead)
    with pytest.raises(CohortError, match=rf"treatments\.csv: does not answer \({os.strerror(number)}\)"):
        rm.read_cohort(folder)


def test_a_table_that_may_not_be_read_is_no_absent_one(folder, monkeypatch):
    """Of mode 000, or on a disk that fails; root may read all, so that the refusal is made here."""
    opened = Path.open

    def refused(self, *rest, **more):
        if self.name == "treatments.csv":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return opened(self, *rest, **more)

    monkeypatch.setattr(Path, "open", refused)
    with pytest.raises(CohortError, match=r"treatments\.csv: cannot be read \(Permission denied\)"):
        rm.read_cohort(folder)


def test_a_folder_that_may_not_be_listed_is_refused(folder, monkeypatch):
    def refused(self):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "iterdir", refused)
    with pytest.raises(CohortError, match=r"c: cannot be read \(Permission denied\); expected a cohort folder"):
        rm.read_cohort(folder)


def test_a_packed_bomb_is_never_unpacked(folder):
    (folder / "treatments.csv").unlink()
    with gzip.open(folder / "treatments.csv.gz", "wb", compresslevel=1) as file:
        file.write(bytes(50_000_000))
    began = process_time()
    with pytest.raises(CohortError, match=r"treatments\.csv\.gz: a packed table"):
        rm.read_cohort(folder)
    assert process_time() - began < 2


def test_two_headers_are_a_row_that_is_wrong(folder):
    """Two exports pasted together: the second header is a row whose weeks are no weeks."""
    lines = (folder / "treatments.csv").read_text(encoding="utf-8").splitlines()
    (folder / "treatments.csv").write_text("\n".join([*lines, lines[0], *lines[1:2]]), encoding="utf-8")
    with pytest.raises(CohortError, match=rf"treatments, row {len(lines) + 1}, column 'start_week'"):
        rm.read_cohort(folder)


def test_a_huge_field_is_told_in_few_words(folder):
    with (folder / "treatments.csv").open("a", encoding="utf-8") as file:
        file.write("sim-0001," + "x" * 5_000_000 + ",0,1\n")
    began = process_time()
    with pytest.raises(CohortError, match="treatments") as refused:
        rm.read_cohort(folder)
    assert process_time() - began < 5
    assert len(str(refused.value)) < 3000


def test_only_a_header_is_a_table_without_rows(folder):
    """Said so by whoever wrote it: nobody had a treatment that the table lists; a result is needed of somebody."""
    for name in ("treatments", "labs"):
        content = (folder / f"{name}.csv").read_text(encoding="utf-8")
        (folder / f"{name}.csv").write_text(content.split("\n")[0] + "\n", encoding="utf-8")
    cohort = rm.read_cohort(folder)
    assert (len(cohort.treatments), len(cohort.labs)) == (0, 0)


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


def labs_of(rows, **columns):
    given = {"patient_id": "P1", "week": [str(row % 5000) for row in range(rows)], "analyte": "anti_hbs"}
    return pd.DataFrame(given | {"value": "12.5", "unit": "mIU/mL"} | columns)


def refused_at_once(labs):
    """Return the refusal of a cohort of one patient, and how long it took."""
    patients = pd.DataFrame({"patient_id": ["P1"], "sex": ["F"]})
    began = process_time()
    with pytest.raises(CohortError) as refused:
        rm.make_cohort(patients, labs, study=rm.load_study("hbsag-relapse"))
    return refused.value, process_time() - began


@pytest.mark.parametrize("column", ["value", "week", "patient_id"])
def test_of_very_many_wrong_cells_the_first_are_told_and_the_others_counted(column):
    """One problem for each took 69 s and 1.6 GB for two million of them."""
    rows = 50_000
    wrong, seconds = refused_at_once(labs_of(rows, **{column: [f"bad{row}" for row in range(rows)]}))
    of_column = [problem for problem in wrong.problems if problem.column == column]
    assert (
        str(wrong).split("\n")[0] == f"the cohort was refused: {sum(one.stands_for for one in wrong.problems)} problems"
    )
    assert sum(one.stands_for for one in of_column) == rows
    assert [one.row for one in of_column[:1000]] == list(range(2, 1002))
    assert [one.row for one in of_column[1000:]] == [None] * len(of_column[1000:])
    # They are of one kind, and share a line; the week is not known of each either, which is another.
    assert len(str(wrong).split("\n")) <= 4
    assert f"labs, column {column!r}, 50,000 times" in str(wrong)
    assert "(The first of each kind in the exception's .problems;" in str(wrong)
    assert seconds < 5


def test_results_that_were_not_read_are_said_to_be_so():
    """After 10,000 different texts that are no results, the others are not called wrong: they are not read."""
    found = [f"bad{row}" for row in range(12_000)] + ["<0.05"] * 7 + ["3.5"] * 7
    wrong, _ = refused_at_once(labs_of(len(found), value=found))
    told = [one for one in wrong.problems if one.column == "value"]
    assert [(one.found, one.stands_for) for one in told[1000:]] == [
        ("9,000 more rows like these", 9_000),
        ("2,007 more rows, which were not read since so many before them are wrong", 2_007),
    ]


def test_a_table_of_more_units_than_there_are_is_refused_before_any_is_looked_up():
    wrong, seconds = refused_at_once(labs_of(20_000, unit=[f"u{row}" for row in range(20_000)]))
    assert "labs, column 'unit': 20,000 different texts; expected a few names, at most 10,000" in str(wrong)
    assert seconds < 2


def test_many_wrong_units_are_counted():
    wrong, seconds = refused_at_once(labs_of(6_000, unit=[f"u{row % 3000}" for row in range(6_000)]))
    units = [one for one in wrong.problems if one.column == "unit"]
    assert sum(one.stands_for for one in units) == 6_000
    assert len(units) < 1100
    assert seconds < 5


def test_where_sound_patients_are_kept_every_wrong_row_counts():
    """Each rejects its own patient, so that none of them may be left untold."""
    number = 1500
    names = [f"P{row}" for row in range(number)]
    patients = pd.DataFrame({"patient_id": [*names, "good"], "sex": "F"})
    labs = labs_of(number + 1, patient_id=[*names, "good"], value=["bad"] * number + ["12"])
    cohort = rm.make_cohort(patients, labs, study=rm.load_study("hbsag-relapse"), on_problems="list")
    assert cohort.patient_ids.tolist() == ["good"]
    assert len(cohort.rejected) == number
