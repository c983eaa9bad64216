"""Cohort folders as hospitals export them: read, or refused in words, and never anything else."""

from __future__ import annotations

import csv
import io
import random
import sys

import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.errors import CohortError

SECRET = "ZHANG-SAN-1985"
PATIENTS = f"patient_id,sex\n{SECRET},M\n007,F\n"
LABS = f"patient_id,week,analyte,value,unit\n{SECRET},0,anti_hbs,<10,mIU/mL\n007,4,anti_hbs,118,mIU/mL\n"
TREATMENTS = f"patient_id,agent,start_week\n{SECRET},hbig,0\n"


def folder(path, **files):
    """Write a cohort folder; a name without a suffix is that of a CSV file."""
    for name, content in ({"patients": PATIENTS, "labs": LABS} | files).items():
        if content is not None:
            file = path / (name if "." in name else f"{name}.csv")
            file.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return path


def refused(path, **settings):
    with pytest.raises(CohortError) as caught:
        rm.read_cohort(path, **settings)
    assert SECRET not in f"{caught.value}{caught.value!r}"
    return caught.value.problems


def refusal(path, **settings):
    (problem,) = refused(path, **settings)
    return problem


# ----------------------------------------------------------------------------------------------- what is read


@pytest.mark.parametrize(
    "write",
    [
        lambda text: text,
        lambda text: "\ufeff" + text,  # a byte order mark, as a spreadsheet writes
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n", "\r"),
        lambda text: text.rstrip("\n"),
        lambda text: text + "\n\n\n",
        lambda text: text + ",\n , \n",  # rows that were cleared, not deleted
        lambda text: text.replace("patient_id,", " patient_id , ", 1),
        lambda text: text.replace("patient_id", '"patient_id"'),
        lambda text: "\ufeff" + text.replace("patient_id", '"patient_id"'),
        lambda text: text.replace("007", " 007 "),
        lambda text: text.replace("007", '"007"'),
    ],
)
def test_ways_to_write_the_same_folder(tmp_path, write):
    cohort = rm.read_cohort(folder(tmp_path, patients=write(PATIENTS), labs=write(LABS)))
    assert cohort.patient_ids.tolist() == [SECRET, "007"]
    assert cohort.patients["sex"].tolist() == ["M", "F"]
    assert cohort.labs["number"].tolist() == [10, 118]
    assert len(cohort.labs) == 2


def test_a_value_may_hold_commas_quotes_and_new_lines(tmp_path):
    text = 'patient_id,note\n007,"two\nlines, and ""quotes"""\n8,"a\r\nb"\n'
    cohort = rm.read_cohort(folder(tmp_path, patients=text, labs=LABS.split("\n", 1)[0] + "\n"))
    assert cohort.patients["note"].tolist() == ['two\nlines, and "quotes"', "a\r\nb"]


def test_extra_columns_and_any_order_of_columns(tmp_path):
    labs = f"note,value,unit,week,analyte,patient_id,\nx,5,U/L,1,alt,{SECRET},y\n"
    cohort = rm.read_cohort(folder(tmp_path, labs=labs))
    assert cohort.labs["note"].tolist() == ["x"]
    assert cohort.labs[""].tolist() == ["y"]  # a comma at the end of every row makes a column without a name
    assert cohort.labs["week"].tolist() == [1]


def test_a_header_alone_is_a_table_without_rows(tmp_path):
    cohort = rm.read_cohort(
        folder(tmp_path, labs=LABS.split("\n")[0], treatments="patient_id,agent,start_week\n", outcomes=None)
    )
    assert repr(cohort) == "Cohort(2 patients, 0 labs, 0 treatments)"
    assert cohort.outcomes is None


def test_other_files_may_lie_in_the_folder(tmp_path):
    others = {"truth.csv": "x", "README.md": "x", "notes.txt": "x", "labs_raw_2024.csv": "x", "patients.xlsx": "x"}
    (tmp_path / "old").mkdir()
    assert len(rm.read_cohort(folder(tmp_path, **others))) == 2


def test_a_cohort_says_of_itself_that_it_is_synthetic(tmp_path):
    assert not rm.read_cohort(folder(tmp_path)).synthetic
    (tmp_path / "SYNTHETIC.txt").write_text("", encoding="utf-8")
    assert rm.read_cohort(tmp_path).synthetic


def test_settings_reach_the_gate(tmp_path, study):
    folder(tmp_path, labs=LABS.replace("118", "-").replace("mIU/mL", "IU/mL"))
    assert [p.column for p in refused(tmp_path, study=study)] == ["value", "unit"]
    assert rm.read_cohort(tmp_path, dash="missing").labs["kind"].tolist() == ["number", "missing"]
    assert len(rm.read_cohort(tmp_path, on_problems="list")) == 1


# -------------------------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize("name", ["patients", "labs", "treatments"])
@pytest.mark.parametrize("content", [b"", b"\n \n", b"\xef\xbb\xbf", b",,,\n,,\n", b'""\n', b"\xef\xbb\xbf\r\n"])
def test_an_empty_file(tmp_path, name, content):
    problem = refusal(folder(tmp_path, **{name: content}))
    assert str(problem) == f"{name}.csv: the file is empty; expected a header and rows."


@pytest.mark.parametrize(
    ("encoding", "found", "line"),
    [
        ("gb18030", "byte 0xd1 is not UTF-8", 3),  # the first of "阳"; UTF-8 has none such before an ASCII byte
        ("utf-16", "byte 0xff is not UTF-8", 1),
        ("utf-16-le", "byte 0x96 is not UTF-8", 3),
        ("utf-16-be", "byte 0x96 is not UTF-8", 3),
    ],
)
def test_another_encoding_is_refused_and_not_guessed(tmp_path, encoding, found, line):
    labs = LABS.replace("118", "阳性").encode(encoding)
    problem = refusal(folder(tmp_path, labs=labs))
    assert problem.found == found
    assert problem.place == f"labs.csv, line {line}"
    assert "GB18030" in problem.advice
    assert "UTF-16" in problem.advice


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_its_mark_is_valid_utf_8_and_is_refused_all_the_same(tmp_path, encoding):
    problem = refusal(folder(tmp_path, labs=LABS.encode(encoding)))
    assert (problem.place, problem.found) == ("labs.csv, line 1", "bytes of zero between the letters")


@pytest.mark.parametrize("mark", [";", "\t", "|"])
def test_another_separator(tmp_path, mark):
    problem = refusal(folder(tmp_path, labs=LABS.replace(",", mark)))
    assert str(problem) == "labs.csv, row 1: columns separated by ';', '|' or tab; expected columns separated by ','."


def test_ragged_rows_are_counted_as_a_spreadsheet_counts_them(tmp_path):
    labs = LABS + '007,8,anti_hbs,"1\n2",mIU/mL\n007,8,anti_hbs,1,234,mIU/mL\n007,12,anti_hbs\n\n007,13,alt,1,U/L\n'
    problems = refused(folder(tmp_path, labs=labs))
    assert [(p.row, p.found, p.expected) for p in problems] == [
        (5, "6 cells", "5, as in the header"),  # the value over two lines before it is one row
        (6, "3 cells", "5, as in the header"),
        (7, "0 cells", "5, as in the header"),
    ]
    assert problems[0].advice == "A comma inside a value needs quotes around the value"
    assert problems[1].advice == "Every row has all its commas, also after empty cells"
    assert problems[2].advice == "Take the blank row out"


@pytest.mark.parametrize("row", ['007,8,anti_hbs,"118,mIU/mL', '007,8,anti_hbs,"118"x,mIU/mL', '007,8,alt,"1""8,U/L'])
def test_a_quote_that_does_not_close_would_swallow_the_rows_after_it(tmp_path, row):
    problem = refusal(folder(tmp_path, labs=f"{LABS}{row}\n007,12,anti_hbs,5,mIU/mL\n007,16,anti_hbs,5,mIU/mL\n"))
    assert (problem.table, problem.row) == ("labs.csv", 4)
    assert problem.found.startswith("quotes that do not close")


def test_a_cell_longer_than_any_remark(tmp_path):
    problem = refusal(folder(tmp_path, labs=LABS.replace("118", "1" * 200_000)))
    assert (problem.table, problem.row) == ("labs.csv", 3)


def test_a_blank_row_above_the_header(tmp_path):
    assert str(refusal(folder(tmp_path, labs="\n" + LABS))).startswith("labs.csv, row 1: a blank row; expected the hea")


@pytest.mark.parametrize("first", ["", "sep=,\n", "Laboratory report\n"])
def test_a_first_row_that_is_no_header_is_not_shown(tmp_path, first):
    labs = first + LABS.split("\n", 1)[1]
    for problem in refused(folder(tmp_path, labs=labs)):
        assert (problem.table, problem.row) in [("labs", 1), ("labs.csv", 1), ("labs.csv", 2), ("labs.csv", 3)]


@pytest.mark.parametrize(("first", "found"), [("sep=,\n", "the line 'sep=...'"), ("# of May\n", "a comment")])
def test_a_line_before_the_header_is_named_once(tmp_path, first, found):
    assert [problem.found.startswith(found) for problem in refused(folder(tmp_path, labs=first + LABS))] == [True]


@pytest.mark.parametrize(("known", "given"), [("1001", "1001.0"), ("007", "7")])
def test_an_identifier_that_a_spreadsheet_changed_is_hinted_at(tmp_path, known, given):
    patients = f"patient_id,sex\n{known},F\n"
    labs = f"patient_id,week,analyte,value,unit\n{given},0,anti_hbs,5,IU/L\n"
    problem = refusal(folder(tmp_path, patients=patients, labs=labs, treatments=None, outcomes=None))
    assert "as spreadsheets write it" in problem.advice or "which spreadsheets take off" in problem.advice


@pytest.mark.parametrize(
    ("header", "meant"), [("PATIENT_ID", "PATIENT_ID"), ("USUBJID", "USUBJID"), ("Patient ID", "Patient ID")]
)
def test_a_column_of_another_spelling_is_suggested(tmp_path, header, meant):
    labs = LABS.replace("patient_id", header, 1)
    assert f"Did you mean the column '{meant}'?" in str(refusal(folder(tmp_path, labs=labs)))


def test_a_required_file_that_is_missing(tmp_path):
    problem = refusal(folder(tmp_path, labs=None))
    assert str(problem) == "labs.csv: no such file in the folder; expected labs.csv or labs.parquet."
    assert [p.table for p in refused(folder(tmp_path, **{"x": ""}) / "nowhere")] == [str(tmp_path / "nowhere")]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("lab.csv", "labs.csv"),
        ("Labs.csv", "labs.csv"),
        ("labs.CSV", "labs.csv"),
        ("treatment.csv", "treatments.csv"),
        ("Treatments.parquet", "treatments.parquet"),
        ("treatments.CSV", "treatments.csv"),
        ("outcome.csv", "outcomes.csv"),
        ("patients2.csv", "patients.csv"),
        # a sheet that is not exported is data lost in silence, unless its export is there
        ("treatments.xlsx", "treatments.csv or treatments.parquet"),
        ("outcomes.tsv", "outcomes.csv or outcomes.parquet"),
        ("Outcomes.txt", "outcomes.csv or outcomes.parquet"),
    ],
)
def test_a_file_with_nearly_the_name_of_a_table(tmp_path, name, expected):
    problem = refusal(folder(tmp_path, **{name: TREATMENTS}))
    assert str(problem).startswith(f"{name}: not a table of the cohort folder; expected {expected}. Rename or exp")


def test_a_misnamed_file_and_the_table_it_should_have_been(tmp_path):
    problems = refused(folder(tmp_path, **{"labs": None, "lab.csv": LABS}))
    assert [problem.table for problem in problems] == ["lab.csv", "labs.csv"]


def test_what_is_wrong_with_files_and_with_tables_comes_in_one_error(tmp_path):
    """Problems of rows are among them where a row refuses the cohort; to be listed, it would reject its patient only.

    A file that cannot be read is nobody's rows, so that the cohort is refused either way.
    """
    spoilt = folder(
        tmp_path,
        patients=PATIENTS.replace(",M", ",X"),
        labs=LABS + "007,8\n",
        treatments=TREATMENTS.replace(",0\n", ",soon\n"),
        **{"outcome.csv": "x"},
    )
    files = ["outcome.csv", "labs.csv, row 4"]
    rows = ["patients, row 2, column 'sex'", "treatments, row 2, column 'start_week'"]
    assert [problem.place for problem in refused(spoilt)] == files + rows
    assert [problem.place for problem in refused(spoilt, on_problems="list")] == files


def test_a_folder_in_place_of_a_file(tmp_path):
    (tmp_path / "treatments.csv").mkdir()
    assert refusal(folder(tmp_path)).place == "treatments.csv"


def test_no_such_folder(tmp_path):
    found = str(refusal(folder(tmp_path) / "nowhere"))
    assert found == f"{tmp_path / 'nowhere'}: no such folder in {tmp_path}; expected a cohort folder."


def test_a_file_in_place_of_the_folder(tmp_path):
    found = str(refusal(folder(tmp_path) / "patients.csv"))
    assert found.endswith("patients.csv: a file; expected a cohort folder. Give the folder that holds it")


# ------------------------------------------------------------------------------------------------------ Parquet


def as_parquet(path):
    for name, text in (("patients", PATIENTS), ("labs", LABS)):
        pd.read_csv(io.StringIO(text), dtype=str).to_parquet(path / f"{name}.parquet")
    return path


def test_parquet_is_read_as_csv_is(tmp_path):
    (tmp_path / "csv").mkdir()
    assert rm.read_cohort(as_parquet(tmp_path)) == rm.read_cohort(folder(tmp_path / "csv"))


def test_a_cohort_comes_through_parquet(tmp_path, cohort):
    for name, table in cohort.tables().items():
        table.to_parquet(tmp_path / f"{name}.parquet")
    (tmp_path / "SYNTHETIC.txt").touch()
    again = rm.read_cohort(tmp_path)
    assert again._files() == cohort._files()


def test_parquet_without_pyarrow(tmp_path, monkeypatch):
    as_parquet(tmp_path)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "fastparquet", None)
    problems = refused(tmp_path)
    assert [problem.table for problem in problems] == ["patients.parquet", "labs.parquet"]
    assert problems[0].found == "Parquet, and pyarrow is not installed"
    assert problems[0].advice == "pip install pyarrow"


def test_a_file_that_is_no_parquet(tmp_path):
    problem = refusal(folder(tmp_path, **{"labs": None, "labs.parquet": b"PAR1 and nothing else"}))
    assert problem.table == "labs.parquet"
    assert problem.found.startswith("not readable as Parquet")


def test_a_table_in_both_forms(tmp_path):
    as_parquet(tmp_path)
    assert [str(p) for p in refused(folder(tmp_path))] == [
        "patients: both a CSV and a Parquet file; expected one of them.",
        "labs: both a CSV and a Parquet file; expected one of them.",
    ]


# ---------------------------------------------------------------------------------- five hundred broken folders

IDS = [SECRET, "LI-SI-1990", "WANG-WU-2001", "ZHAO-LIU-77"]
WHOLE = {
    "patients": [
        ["patient_id", "enrolment_date", "sex", "age_years"],
        *([who, f"2025-01-0{n + 1}", "FM"[n % 2], str(30 + n)] for n, who in enumerate(IDS)),
    ],
    "labs": [
        ["patient_id", "week", "analyte", "value", "unit"],
        *([who, str(4 * n), "anti_hbs", ("118", "<10", "阴性")[n], "mIU/mL"] for who in IDS for n in range(3)),
    ],
    "treatments": [
        ["patient_id", "agent", "start_date", "dose"],
        *([who, "hbig", "2025-01-10", "400"] for who in IDS[:3]),
    ],
    "outcomes": [["patient_id", "relapse", "week"], *([who, "0", "48"] for who in IDS[1:])],
    "adverse_events": [
        ["patient_id", "date", "term", "grade", "serious"],
        *([who, "2025-02-03", "Headache", "2", "0"] for who in IDS[:2]),
    ],
}
SPOILT = [
    "", "NA", "x", "nan", "inf", "-1", "1e999", "0", "12,5", "２", "yes", "9999-12-31", "03/04/2025", "2025-02-30",
    "IU/mL", "log10 mIU/mL", "<", ">1000", "-", "\"", "'", "\n", "\r", ";", "\0", "\ufeff", "阳性", IDS[0], IDS[3],
    "patient_id", "week", "=1+1", "x" * 300, "1_0", "<0", "𝟙", "\ud7ff",
]  # fmt: skip
BYTES = [b"\xff", b"\x00", b"\xd1", b'"', b",", b"\n", b"\r", b";", b"\xef\xbb\xbf", b"9", b"a", b" "]


def spoil_cell(tables, rng):
    rows = rng.choice(list(tables.values()))
    row = rng.choice([row for row in rows if row] or [[""]])
    row[rng.randrange(len(row))] = rng.choice(SPOILT)


def spoil_row(tables, rng):
    rows = rng.choice(list(tables.values()))
    at = rng.randrange(len(rows))
    what = rng.randrange(5)
    if what == 0:
        rows.insert(at, rows[at].copy())
    elif what == 1 and len(rows) > 1:
        del rows[at]  # the header too
    elif what == 2:
        rows[at].append(rng.choice(SPOILT))
    elif what == 3 and len(rows[at]) > 1:
        rows[at].pop(rng.randrange(len(rows[at])))
    else:
        rows[at] = []


def spoil_column(tables, rng):
    rows = rng.choice(list(tables.values()))
    if len({len(row) for row in rows}) != 1 or not rows[0]:
        return
    first, second = rng.randrange(len(rows[0])), rng.randrange(len(rows[0]))
    what = rng.randrange(3)
    for row in rows if rng.random() < 0.5 else rows[1:]:  # with its name, or without
        if what == 0:
            row[first], row[second] = row[second], row[first]
        elif what == 1:
            row[first] = row[second]
        else:
            row[first] = rng.choice(SPOILT)


def spoilt_folder(path, seed):
    """Write a folder with one to three things done to it; return the bytes of its files."""
    rng = random.Random(seed)
    tables = {name: [row.copy() for row in rows] for name, rows in WHOLE.items()}
    for _ in range(rng.randint(1, 3)):
        rng.choice([spoil_cell, spoil_cell, spoil_row, spoil_column])(tables, rng)
    files = {}
    for name, rows in tables.items():
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(rows)
        files[f"{name}.csv"] = text.getvalue().encode("utf-8")
    if rng.random() < 0.4:
        name = rng.choice(list(files))
        at = rng.randrange(len(files[name]) + 1)
        files[name] = files[name][:at] + rng.choice(BYTES) + files[name][at + rng.randint(0, 2) :]
    if rng.random() < 0.05:
        files[rng.choice(["lab.csv", "labs.CSV", "outcomes.xlsx"])] = files.pop(rng.choice(list(files)))
    for name, content in files.items():
        (path / name).write_bytes(content)
    return files


def rows_in(content):
    """Return the identifiers of a file, one a row, read in the plainest way; None where there is no file."""
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    while not any(cell.strip() for cell in rows[-1]):
        rows.pop()
    place = [cell.strip() for cell in rows[0]].index("patient_id")
    return [row[place].strip() for row in rows[1:]]


def check_rows(cohort, files):
    """Assert that every row of the folder was read, or belongs to somebody listed, or is listed itself."""
    patients = rows_in(files["patients.csv"])
    assert len(cohort) + len(cohort.rejected) == len(patients)
    assert sorted([*cohort.patient_ids, *cohort.rejected["patient_id"]]) == sorted(patients)
    assert cohort.rejected["reason"].str.len().gt(0).all()
    for name in ("labs", "treatments", "outcomes", "adverse_events"):
        table, content = getattr(cohort, name), files.get(f"{name}.csv")
        assert (table is None) == (content is None)
        if table is None:
            continue
        whose = rows_in(content)
        assert len(table) == sum(who in set(cohort.patient_ids) for who in whose)
        listed = {problem.row for problem in cohort.problems if problem.table == name}
        for row, who in enumerate(whose, start=2):
            assert who in patients or row in listed


def outcome_of(path):
    try:
        cohort = rm.read_cohort(path, on_problems="list")
    except CohortError as error:
        return [str(problem) for problem in error.problems]
    return [str(problem) for problem in cohort.problems], {
        name: table.astype(object).where(table.notna(), None).to_numpy().tolist()
        for name, table in {"patients": cohort.patients, **cohort.tables()}.items()
    }


@pytest.mark.parametrize("part", range(4))
def test_a_large_file_is_read_as_a_small_one(tmp_path, part, monkeypatch):
    for seed in range(1000 + 50 * part, 1000 + 50 * part + 50):
        path = tmp_path / str(seed)
        path.mkdir()
        spoilt_folder(path, seed)
        cell_by_cell = outcome_of(path)
        with monkeypatch.context() as patch:
            patch.setattr("relapse_model.cohort.tables.csv_table.BYTES_WORTH", 0)
            assert outcome_of(path) == cell_by_cell


@pytest.mark.parametrize("part", range(10))
def test_a_spoilt_folder_is_read_or_refused_in_words(tmp_path, part):
    read = 0
    for seed in range(50 * part, 50 * part + 50):
        path = tmp_path / str(seed)
        path.mkdir()
        files = spoilt_folder(path, seed)
        try:
            cohort = rm.read_cohort(path, on_problems="list")
        except CohortError as error:
            said, problems = str(error), error.problems
            for problem in problems:
                assert problem.table.split(".")[0] in ("lab", *WHOLE), said
                assert problem.found, said
                assert problem.expected, said
        else:
            read += 1
            check_rows(cohort, files)
            said = f"{cohort!r}{cohort.problems!r}{cohort.rejected['reason'].tolist()}"
            said += "\n".join(map(str, cohort.problems))
            if not cohort.problems and seed % 2:
                assert rm.read_cohort(path) == cohort
        for who in IDS:
            assert who not in said, said
    assert 5 <= read <= 45  # both happen often, or nothing was tested
