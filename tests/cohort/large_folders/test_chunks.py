"""A cohort folder in chunks: which rows go where, what is counted, and what is the same as in one reading."""

from __future__ import annotations

import csv

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import relapse_model as rm
from relapse_model.cohort.large_folders import csv_table as csv_blocks
from relapse_model.cohort.large_folders import plain_lines as plain_csv
from relapse_model.cohort.large_folders.chunks import CohortChunks, split_cohort
from relapse_model.cohort.large_folders.open_table import open_blocks
from relapse_model.cohort.large_folders.parts_on_disk import TableParts
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
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


def test_chunks_hold_the_patients_in_file_order_and_an_identifier_once(tmp_path, work, study):
    folder = write(tmp_path / "cohort", patients=PATIENTS, labs=LABS)
    chunks = split_cohort(folder, work, chunk_patients=2, key="k")
    assert (len(chunks), chunks.patients) == (3, 6)
    assert chunks.unattached == {"labs": (3,)}
    read = [chunks.cohort(number, study) for number in range(3)]
    # a and b; c and the empty identifier; d. The second row of a lies in the chunk of the first.
    assert [rows.tolist() for _, rows in read] == [[2, 3, 5], [4, 6], [7]]
    assert [chunks.end(number) for number in range(3)] == [4, 7, np.inf]
    assert [cohort.patient_ids.tolist() for cohort, _ in read] == [[], [], ["d"]]


def test_what_is_said_of_a_chunk_is_what_is_said_of_the_whole(tmp_path, work, study):
    folder = write(tmp_path / "cohort", patients=PATIENTS, labs=LABS)
    chunks = split_cohort(folder, work, chunk_patients=2, key="k")
    whole = rm.read_cohort(folder, study=study, on_problems="list")
    known = [str(problem) for problem in whole.problems if problem.patient != "x"]
    found = [str(problem) for number in range(3) for problem in chunks.cohort(number, study)[0].problems]
    assert sorted(found) == sorted(known)
    assert "patients, row 5, column 'patient_id': an identifier that stands on more than one row" in " ".join(found)
    # One letter may be anything, so "of d" is shown; it is the identifier of another chunk that must be known.
    assert any(text.startswith("labs, row 7, column 'value': 'of d'") for text in found)


def test_identifiers_of_other_chunks_and_of_unknown_patients_are_not_shown(tmp_path, work, study):
    labs = [
        LABS[0],
        ["A-1", "0", "alt", "as ZHANG-2", "U/L"],
        ["A-1", "1", "alt", "as LI-3", "U/L"],
        ["LI-3", "0", "alt", "1", "U/L"],
    ]
    folder = write(tmp_path / "cohort", patients=[["patient_id"], ["A-1"], ["ZHANG-2"]], labs=labs)
    chunks = split_cohort(folder, work, chunk_patients=1, key="k")
    cohort, _ = chunks.cohort(0, study)
    assert [problem.found.split(",")[0] for problem in cohort.problems] == ["a text that is not shown"] * 2


@settings(deadline=None, max_examples=20)
@given(
    ids=st.lists(st.sampled_from(["a", "b", "c", "d", "e", ""]), min_size=1, max_size=12),
    owners=st.lists(st.sampled_from(["a", "b", "c", "d", "e", "", "x"]), max_size=20),
    size=st.integers(1, 4),
    block=st.integers(1, 5),
)
def test_every_row_is_in_one_chunk_or_counted(tmp_path_factory, ids, owners, size, block):
    here = tmp_path_factory.mktemp("rows")
    labs = [[owner, str(number), "alt", "20", "U/L"] for number, owner in enumerate(owners)]
    folder = write(
        here / "cohort", patients=[["patient_id", "sex"], *([one, "F"] for one in ids)], labs=[LABS[0], *labs]
    )
    (here / "work").mkdir()
    kept = csv_blocks._ROWS, plain_csv._BYTES
    csv_blocks._ROWS, plain_csv._BYTES = block, 7 * block
    try:
        chunks = split_cohort(folder, here / "work", chunk_patients=size, key="k")
    finally:
        csv_blocks._ROWS, plain_csv._BYTES = kept
    found = {"patients": [], "labs": []}
    for number in range(len(chunks)):
        held = set()
        for name, rows in found.items():
            content, numbers = TableParts(here / "work", chunks.counts["sums"]).read(name, number)
            table = open_blocks(folder, name).read(content)
            assert (np.diff(numbers) > 0).all()  # in the order of the file
            rows += numbers.tolist()
            held |= set(table["patient_id"])
        assert len(held) <= size
    assert sorted(found["patients"]) == list(range(2, len(ids) + 2))
    unknown = [row for row, owner in enumerate(owners, start=2) if owner not in ids]
    assert list(chunks.unattached.get("labs", ())) == unknown
    assert sorted([*found["labs"], *unknown]) == list(range(2, len(owners) + 2))


@pytest.mark.parametrize("harm", ["gone", "cut", "zeros"])
@pytest.mark.parametrize("file", ["labs-00001.rows", "labs-00001.numbers"])
def test_a_part_that_did_not_come_to_the_disk_is_refused_not_read_as_fewer_rows(tmp_path, work, study, file, harm):
    folder = write(tmp_path / "cohort", patients=PATIENTS, labs=LABS)
    chunks = split_cohort(folder, work, chunk_patients=2, key="k")
    content = (work / file).read_bytes()
    assert len(content) > 1
    (work / file).write_bytes({"gone": b"", "cut": content[: len(content) // 2], "zeros": bytes(len(content))}[harm])
    if harm == "gone":
        (work / file).unlink()
    chunks.cohort(0, study)  # the others are as they were
    with pytest.raises(RelapseModelError, match=r"labs-00001\.\w+ in the work folder work is not as it was written"):
        CohortChunks.opened(folder, work, "k").cohort(1, study)


def test_chunks_are_found_again_by_their_key_alone(tmp_path, work):
    folder = write(tmp_path / "cohort", patients=PATIENTS, labs=LABS)
    assert CohortChunks.opened(folder, work, "k") is None
    split_cohort(folder, work, chunk_patients=2, key="k")
    assert len(CohortChunks.opened(folder, work, "k")) == 3
    assert CohortChunks.opened(folder, work, "other") is None
    CohortChunks.forget(work)
    assert CohortChunks.opened(folder, work, "k") is None


CELLS = st.text(st.sampled_from('ab,"\n\r \t陽'), max_size=6)


@settings(deadline=None, max_examples=40)
@given(rows=st.lists(st.lists(CELLS, min_size=2, max_size=2), min_size=1, max_size=8))
def test_cells_come_back_as_they_were_read(tmp_path_factory, rows):
    here = tmp_path_factory.mktemp("cells")
    rows = [[f"p{number}", *row] for number, row in enumerate(rows)]
    with open(here / "patients.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows([["patient_id", "one", "two"], *rows])
    source = open_blocks(here, "patients")
    blocks = [block for block in source.blocks() if len(block.ids)]
    table = source.read(b"".join(source.written(block, np.arange(len(block.ids))) for block in blocks))
    assert table.to_numpy().tolist() == rows
    assert np.concatenate([block.numbers for block in blocks]).tolist() == list(range(2, len(rows) + 2))


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
        split_cohort(folder, work, chunk_patients=2, key="k")
    assert [problem.found for problem in chunked.value.problems] == problems
    with pytest.raises(CohortError) as whole:
        rm.read_cohort(folder)
    of_file = [problem for problem in whole.value.problems if problem.table.startswith("patients")]
    assert list(chunked.value.problems) == of_file
    assert CohortChunks.opened(folder, work, "k") is None


def test_the_broken_files_of_a_folder_come_in_one_error(tmp_path, work):
    folder = write(tmp_path / "cohort", patients=[["patient_id", "sex"], ["a"]], labs=[["patient_id", "week"], ["a"]])
    (folder / "treatment.csv").write_text("patient_id\n", encoding="utf-8")
    with pytest.raises(CohortError) as error:
        split_cohort(folder, work, chunk_patients=2, key="k")
    assert [problem.table for problem in error.value.problems] == ["treatment.csv", "labs", "labs", "labs"]


def test_a_byte_that_is_not_utf_8_is_the_one_that_is_told_also_after_a_byte_order_mark(tmp_path):
    folder = write(tmp_path / "cohort", patients=PATIENTS)
    (folder / "labs.csv").write_bytes(b"\xef\xbb\xbfpatient_id,week\na,\xd1\n")
    with pytest.raises(CohortError, match=r"labs\.csv, line 2: byte 0xd1 is not UTF-8"):
        rm.read_cohort(folder)


def test_parquet_columns_keep_the_reading_of_the_whole_column(tmp_path, work, study):
    # A column of floats is written without ".0" where all are whole: a chunk of whole ones among others is not.
    pytest.importorskip("pyarrow")
    folder = tmp_path / "cohort"
    folder.mkdir()
    patients = pd.DataFrame({"patient_id": [1.0, 2.0, np.nan], "code": [3.0, 4.5, np.nan], "grade": [1.0, 2.0, np.nan]})
    labs = pd.DataFrame(LABS[1:], columns=LABS[0]).assign(patient_id=[1, 2, 1, 2, 9, 1], week=0.0)
    patients.to_parquet(folder / "patients.parquet")
    labs.to_parquet(folder / "labs.parquet")
    source = open_blocks(folder, "patients")
    assert source.fractional == {"code"}
    chunks = split_cohort(folder, work, chunk_patients=1, key="k")
    assert len(chunks) == 3
    assert chunks.unattached == {"labs": (6,)}
    parts = TableParts(work, chunks.counts["sums"])
    first = source.read(parts.read("patients", 0)[0])
    assert first["code"].tolist() == [3.0]
    assert first["code"].dtype == object  # read as "3.0"
    assert first["grade"].dtype == float  # read as "1"
    assert len(source.read(parts.read("patients", 9)[0])) == 0
    third, _ = chunks.cohort(2, study)
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
