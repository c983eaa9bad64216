"""A cohort folder in parts: which rows go where, what is counted, and what is the same as in one reading."""

from __future__ import annotations

import csv
import stat

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import relapse_model as rm
from relapse_model.cohort.large_folders import partition as partition_file
from relapse_model.cohort.large_folders.partitions import MANIFEST, Partitions, TableOfParts
from relapse_model.cohort.tables import csv_table
from relapse_model.errors import CohortError, RelapseModelError

PATIENTS = [["patient_id", "sex"], ["a", "F"], ["b", "M"], ["c", "F"], ["a", "M"], ["", "F"], ["d", "M"]]
LABS = [
    ["patient_id", "week", "analyte", "value", "unit"],
    ["d", "0", "alt", "20", "U/L"],  # row 2
    ["x", "0", "alt", "21", "U/L"],
    [" a ", "0", "alt", "22", "U/L"],
    ["b", "0", "alt", "see b", "U/L"],
    ["", "0", "alt", "24", "U/L"],
    ["c", "0", "alt", "of d", "U/L"],  # row 7
]


def write(folder, **tables):
    folder.mkdir(exist_ok=True)
    for name, rows in tables.items():
        with open(folder / f"{name}.csv", "w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(rows)
    return folder


@pytest.fixture
def work(tmp_path):
    return tmp_path / "work"


def test_parts_hold_the_patients_in_file_order_and_an_identifier_once(tmp_path, work, study):
    folder = write(tmp_path / "cohort", patients=PATIENTS, labs=LABS)
    parts = rm.partition(folder, work, part_patients=2)
    assert (len(parts), parts.patients) == (3, 6)
    assert parts.unattached == {"labs": (3,)}
    read = [parts.cohort(number, study) for number in range(3)]
    # a and b; c; the empty identifier and d. The second row of a lies in the part of the first.
    assert [rows.tolist() for _, rows in read] == [[2, 3, 5], [4], [6, 7]]
    assert [parts.end(number) for number in range(3)] == [4, 6, np.inf]
    assert [cohort.patient_ids.tolist() for cohort, _ in read] == [[], [], ["d"]]


def test_what_is_said_of_a_part_is_what_is_said_of_the_whole(tmp_path, work, study):
    folder = write(tmp_path / "cohort", patients=PATIENTS, labs=LABS)
    parts = rm.partition(folder, work, part_patients=2)
    whole = rm.read_cohort(folder, study=study, on_problems="list")
    known = [str(problem) for problem in whole.problems if problem.patient != "x"]
    found = [str(problem) for number in range(3) for problem in parts.cohort(number, study)[0].problems]
    assert sorted(found) == sorted(known)
    assert "patients, row 5, column 'patient_id': an identifier that stands on more than one row" in " ".join(found)
    # One letter may be anything, so "of d" is shown; it is the identifier of another part that must be known.
    assert any(text.startswith("labs, row 7, column 'value': 'of d'") for text in found)


def test_identifiers_of_other_parts_and_of_unknown_patients_are_not_shown(tmp_path, work, study):
    labs = [
        LABS[0],
        ["A-1", "0", "alt", "as ZHANG-2", "U/L"],
        ["A-1", "1", "alt", "as LI-3", "U/L"],
        ["LI-3", "0", "alt", "1", "U/L"],
    ]
    folder = write(tmp_path / "cohort", patients=[["patient_id"], ["A-1"], ["ZHANG-2"]], labs=labs)
    parts = rm.partition(folder, work, part_patients=1)
    cohort, _ = parts.cohort(0, study)
    assert [problem.found.split(",")[0] for problem in cohort.problems] == ["a text that is not shown"] * 2


@settings(deadline=None, max_examples=12)
@given(
    ids=st.lists(st.sampled_from(["a", "b", "c", "d", "e", ""]), min_size=1, max_size=12),
    owners=st.lists(st.sampled_from(["a", "b", "c", "d", "e", "", "x"]), max_size=20),
    size=st.integers(1, 4),
    block=st.integers(1, 5),
    opened=st.integers(1, 3),
)
def test_every_row_is_in_one_part_or_counted(tmp_path_factory, ids, owners, size, block, opened):
    here = tmp_path_factory.mktemp("rows")
    labs = [[owner, str(number), "alt", "20", "U/L"] for number, owner in enumerate(owners)]
    folder = write(
        here / "cohort", patients=[["patient_id", "sex"], *([one, "F"] for one in ids)], labs=[LABS[0], *labs]
    )
    kept = csv_table.BYTES_WORTH, csv_table.PIECE_BYTES, partition_file._OPEN_FILES
    csv_table.BYTES_WORTH, csv_table.PIECE_BYTES, partition_file._OPEN_FILES = 0, 7 * block, opened
    try:
        parts = rm.partition(folder, here / "work", part_patients=size)
    finally:
        csv_table.BYTES_WORTH, csv_table.PIECE_BYTES, partition_file._OPEN_FILES = kept
    found = {"patients": [], "labs": []}
    assert len(parts) == len({ids.index(one) // size for one in ids})
    for number in range(len(parts)):
        held = set()
        for name, rows in found.items():
            part = parts._part(name, number)
            numbers = part.column("row").to_numpy()
            table = TableOfParts(**parts.manifest["tables"][name]).frame(part.drop_columns(["row"]))
            assert (np.diff(numbers) > 0).all()  # in the order of the file
            if name == "labs":
                assert [int(week) + 2 for week in table["week"]] == numbers.tolist()  # each row with its own cells
            rows += numbers.tolist()
            held |= set(table["patient_id"])
        assert len(held) <= size
    assert sorted(found["patients"]) == list(range(2, len(ids) + 2))
    unknown = [row for row, owner in enumerate(owners, start=2) if owner not in ids]
    assert list(parts.unattached.get("labs", ())) == unknown
    assert sorted([*found["labs"], *unknown]) == list(range(2, len(owners) + 2))


@pytest.mark.parametrize("harm", ["gone", "cut", "zeros"])
def test_a_part_that_did_not_come_to_the_disk_is_refused_not_read_as_fewer_rows(tmp_path, work, study, harm):
    folder = write(tmp_path / "cohort", patients=PATIENTS, labs=LABS)
    parts = rm.partition(folder, work, part_patients=2)
    file = work / "labs-00001.parquet"
    content = file.read_bytes()
    file.write_bytes({"gone": b"", "cut": content[: len(content) // 2], "zeros": bytes(len(content))}[harm])
    if harm == "gone":
        file.unlink()
    parts.cohort(0, study)  # the others are as they were
    with pytest.raises(RelapseModelError, match=r"labs-00001\.parquet in the folder work is not as it was written"):
        Partitions.opened(work).cohort(1, study)


def test_complete_partitions_of_the_same_files_are_kept_and_others_made_again(tmp_path, work):
    folder = write(tmp_path / "cohort", patients=PATIENTS, labs=LABS)
    first = rm.partition(folder, work, part_patients=2)
    stamp = (work / "labs-00001.parquet").stat().st_mtime_ns
    assert rm.partition(folder, work, part_patients=2).manifest == first.manifest
    assert (work / "labs-00001.parquet").stat().st_mtime_ns == stamp
    assert len(rm.partition(folder, work, parts=2)) == 2
    assert not (work / "patients-00002.parquet").exists()  # nothing of the three parts is left
    again = rm.partition(folder, work, part_patients=2)
    assert again.manifest == first.manifest  # the same bytes in every file
    write(folder, labs=LABS[:-1])
    assert rm.partition(folder, work, part_patients=2).manifest["key"] != first.manifest["key"]


def test_what_an_interrupted_run_left_is_not_taken_for_partitions(tmp_path, work):
    folder = write(tmp_path / "cohort", patients=PATIENTS, labs=LABS)
    whole = rm.partition(folder, work, part_patients=2)
    (work / MANIFEST).unlink()  # it is written last
    (work / "labs-00000.parquet").write_bytes(b"half")
    with pytest.raises(RelapseModelError, match="no complete partitions"):
        Partitions.opened(work)
    assert rm.partition(folder, work, part_patients=2).manifest == whole.manifest


@pytest.mark.parametrize("name", [".identifiers.json.b2dd0757", ".manifest.json.00ff00ff"])
def test_what_a_run_killed_while_it_wrote_left_is_taken_away(tmp_path, work, name):
    """A file is written under a name of its own and then renamed: a kill between the two leaves that name."""
    folder = write(tmp_path / "cohort", patients=PATIENTS, labs=LABS)
    whole = rm.partition(folder, work, part_patients=2)
    (work / MANIFEST).rename(work / name)
    assert rm.partition(folder, work, part_patients=2).manifest == whole.manifest
    assert not (work / name).exists()


def test_a_folder_that_holds_something_else_is_refused_by_its_name(tmp_path, work):
    folder = write(tmp_path / "cohort", patients=PATIENTS, labs=LABS)
    work.mkdir()
    (work / "chunks.json").write_text("{}", encoding="utf-8")  # as earlier versions wrote
    with pytest.raises(RelapseModelError, match=r"it holds chunks\.json; expected a new or empty folder"):
        rm.partition(folder, work)
    assert [file.name for file in work.iterdir()] == ["chunks.json"]
    with pytest.raises(RelapseModelError, match=r"it holds labs\.csv, patients\.csv; expected"):
        rm.partition(folder, folder)


@pytest.mark.parametrize("asked", [{"parts": 0}, {"part_patients": 0}])
def test_there_is_at_least_one_part_of_one_patient(tmp_path, work, asked):
    folder = write(tmp_path / "cohort", patients=PATIENTS, labs=LABS)
    with pytest.raises(RelapseModelError, match="expected 1 or more"):
        rm.partition(folder, work, **asked)


def test_only_the_owner_may_enter(tmp_path, work):
    folder = write(tmp_path / "cohort", patients=PATIENTS, labs=LABS)
    rm.partition(folder, work, part_patients=2)
    assert stat.S_IMODE(work.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in work.iterdir()} == {0o600}


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("", ["the file is empty"]),
        ("\n \n", ["the file is empty"]),
        ("\npatient_id,sex\na,F\n", ["a blank row"]),
        ("patient_id;sex\na;F\n", ["columns separated by ';', '|' or tab"]),
        ("patient_id,sex\na,F\n\nb\nc,F,1\n,\n", ["0 cells", "1 cells", "3 cells"]),
        ('patient_id,sex\na,F\n"b,F\n', ["quotes that do not close or do not fit (unexpected end of data)"]),
        (b"patient_id,sex\na,\xd1\n", ["byte 0xd1 is not UTF-8"]),
        (b"\xef\xbb\xbfpatient_id,sex\na,F\nb,\xd1\n", ["byte 0xd1 is not UTF-8"]),
        ("patient_id,sex\na,F\0\n", ["bytes of zero between the letters"]),
        ("patient_id,sex,sex\na,F,F\n", ["columns 2 and 3 have one name"]),
        ("name,id\na,F\n", ["none of the columns of this table"]),
    ],
)
def test_a_broken_file_is_refused_in_the_words_of_read_cohort(tmp_path, work, text, problems):
    folder = write(tmp_path / "cohort", labs=LABS)
    (folder / "patients.csv").write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    with pytest.raises(CohortError) as chunked:
        rm.partition(folder, work, part_patients=2)
    assert [problem.found for problem in chunked.value.problems] == problems
    with pytest.raises(CohortError) as whole:
        rm.read_cohort(folder)
    of_file = [problem for problem in whole.value.problems if problem.table.startswith("patients")]
    assert list(chunked.value.problems) == of_file
    assert list(work.iterdir()) == []  # nothing of the patients is left


def test_the_broken_files_of_a_folder_come_in_one_error(tmp_path, work):
    folder = write(tmp_path / "cohort", patients=[["patient_id", "sex"], ["a"]], labs=[["patient_id", "week"], ["a"]])
    (folder / "treatment.csv").write_text("patient_id\n", encoding="utf-8")
    with pytest.raises(CohortError) as error:
        rm.partition(folder, work, part_patients=2)
    with pytest.raises(CohortError) as whole:
        rm.read_cohort(folder, on_problems="list")
    assert error.value.problems == whole.value.problems
    assert [problem.table for problem in error.value.problems] == ["treatment.csv", "patients.csv", "labs.csv"]


def test_a_byte_that_is_not_utf_8_is_the_one_that_is_told_also_after_a_byte_order_mark(tmp_path):
    folder = write(tmp_path / "cohort", patients=PATIENTS)
    (folder / "labs.csv").write_bytes(b"\xef\xbb\xbfpatient_id,week\na,\xd1\n")
    with pytest.raises(CohortError, match=r"labs\.csv, line 2: byte 0xd1 is not UTF-8"):
        rm.read_cohort(folder)


def test_parquet_columns_keep_the_reading_of_the_whole_column(tmp_path, work, study):
    # A column of floats is written without ".0" where all are whole: a part of whole ones among others is not.
    pytest.importorskip("pyarrow")
    folder = tmp_path / "cohort"
    folder.mkdir()
    patients = pd.DataFrame({"patient_id": [1.0, 2.0, np.nan], "code": [3.0, 4.5, np.nan], "grade": [1.0, 2.0, np.nan]})
    labs = pd.DataFrame(LABS[1:], columns=LABS[0]).assign(patient_id=[1, 2, 1, 2, 9, 1], week=0.0)
    patients.to_parquet(folder / "patients.parquet")
    labs.to_parquet(folder / "labs.parquet")
    parts = rm.partition(folder, work, part_patients=1)
    assert len(parts) == 3
    assert parts.unattached == {"labs": (6,)}
    kept = TableOfParts(**parts.manifest["tables"]["patients"])
    assert kept.fractional == ["code"]
    first = kept.frame(parts._part("patients", 0).drop_columns(["row"]))
    assert first["code"].tolist() == [3.0]
    assert first["code"].dtype == object  # read as "3.0"
    assert first["grade"].dtype == float  # read as "1"
    third, _ = parts.cohort(2, study)
    assert third.rejected["reason"].str.contains("patients, row 4, column 'patient_id': nothing").all()


def test_a_first_problem_does_not_depend_on_which_unit_turns_up_first(tmp_path, study):
    # The units of others come before, in the other order: the reason is still that of the patient's first row.
    odd = [
        ["b", "0", "anti_hbs", "1", "pints"],
        ["a", "0", "anti_hbs", "1", "stone"],
        ["a", "1", "anti_hbs", "1", "pints"],
    ]
    folder = write(tmp_path / "cohort", patients=[["patient_id", "sex"], ["a", "F"], ["b", "M"]], labs=[LABS[0], *odd])
    cohort = rm.read_cohort(folder, study=study, on_problems="list")
    assert cohort.rejected["reason"].str.startswith(("labs, row 3, column 'unit'", "labs, row 2, column 'unit'")).all()
