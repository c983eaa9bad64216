"""The page of deliberately broken cohorts: every message on it is the one that is printed.

``REWRITE_BROKEN_COHORTS=1 python -m pytest tests/test_broken_cohorts.py`` writes the page again.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field

import pytest

import relapse_model as rm
from relapse_model.errors import CohortError

PATIENTS = "patient_id,sex\nP01,F\nP02,M\n"
LABS = "patient_id,week,analyte,value,unit\nP01,0,anti_hbs,118,mIU/mL\nP02,0,anti_hbs,<10,mIU/mL\n"

HEAD = """\
# Broken cohorts, and what is said of them

Each of these folders is broken on purpose, in one way, and shown with the exact message. The messages count rows as a
spreadsheet does: the header is row 1. They never contain a patient's identifier. Where several things are wrong, all
of them are listed in one message, for all tables.

Unless a section shows another, the folder holds these two files, which are in order:

`patients.csv`

```csv
{patients}```

`labs.csv`

```csv
{labs}```

The folder is read with `relapse_model.read_cohort("cohort")`, or checked with `relapse-model check cohort`, which also
knows the units of the study.

With `read_cohort("cohort", on_problems="list")` the sound patients are kept and the others listed in
`cohort.rejected`; scoring does so. Files and columns that cannot be read are refused all the same.

This page is checked by `tests/test_broken_cohorts.py`.
"""


@dataclass(frozen=True)
class Case:
    """A folder that is broken in one way; a file of None is left out, one of bytes is no UTF-8."""

    title: str
    why: str
    files: dict[str, str | bytes | None] = field(default_factory=dict)
    study: str | None = None
    encoding: str = "utf-8"


CASES = (
    Case(
        "A column is missing",
        "The header says `Week`; names of columns are lower case.",
        {"labs.csv": LABS.replace("week", "Week", 1)},
    ),
    Case(
        "A patient of the laboratory is unknown",
        "`1` is not `P01`: identifiers are text, and nothing is guessed.",
        {"labs.csv": LABS.replace("P01", "1")},
    ),
    Case(
        "Text where a week should be",
        "`week` is a number: weeks since enrolment.",
        {"labs.csv": LABS.replace("P02,0", "P02,week 4")},
    ),
    Case(
        "Two units of one analyte",
        "Without a study nobody says how they convert.",
        {"labs.csv": LABS + "P02,4,anti_hbs,0.2,kIU/L\n"},
    ),
    Case(
        "Anti-HBs in IU/mL",
        "A study says which units an analyte may come in, and which of them is likely to be a slip. Read with\n"
        '`read_cohort("cohort", study=load_study("hbsag-relapse"))`.',
        {"labs.csv": LABS.replace("118,mIU/mL", "118,IU/mL")},
        study="hbsag-relapse",
    ),
    Case("An empty file", "Not even a header.", {"labs.csv": ""}),
    Case(
        "Another encoding",
        "A Chinese system has saved the file as GB18030. The text is not guessed.",
        {"labs.csv": LABS.replace("<10", "阴性")},
        encoding="gb18030",
    ),
    Case(
        "A laboratory text that cannot be read",
        "A range is not a result, a bare dash means one thing here and another there, and a comma before three digits\n"
        "may be a decimal.",
        {
            "labs.csv": "patient_id,week,analyte,value,unit\nP01,0,anti_hbs,100-120,mIU/mL\nP01,4,anti_hbs,-,mIU/mL\n"
            'P01,8,anti_hbs,"1,234",mIU/mL\n'
        },
    ),
    Case("A patient stands twice", "Which of the rows is right?", {"patients.csv": PATIENTS + "P01,M\n"}),
    Case(
        "A course ends before it starts",
        "Start and end were exchanged.",
        {"treatments.csv": "patient_id,agent,start_week,end_week\nP01,pegifn,0,-48\n"},
    ),
    Case(
        "A row with too many cells",
        "A comma inside a value, without quotes round it.",
        {"labs.csv": LABS.replace("<10", "10,5")},
    ),
    Case(
        "A quote that is never closed",
        "It would swallow all rows after it.",
        {"labs.csv": LABS.replace("118,", '"118,')},
    ),
    Case(
        "A file with nearly the right name",
        "Unread, it would be data lost in silence.",
        {"treatment.csv": "patient_id,agent,start_week\nP01,hbig,0\n"},
    ),
    Case(
        "Dates without a date of enrolment",
        "Dates become weeks since `enrolment_date`, a column of the patients table.",
        {"labs.csv": "patient_id,date,analyte,value,unit\nP01,2026-03-02,anti_hbs,118,mIU/mL\n"},
    ),
    Case(
        "A date in another order",
        "The third of April, or the fourth of March? Dates are `YYYY-MM-DD`.",
        {
            "patients.csv": "patient_id,enrolment_date\nP01,2026-03-01\n",
            "labs.csv": "patient_id,date,analyte,value,unit\nP01,03/04/2026,anti_hbs,118,mIU/mL\n",
        },
    ),
    Case(
        "No header",
        "The first row is a patient, so it is not shown.",
        {"patients.csv": PATIENTS.split("\n", 1)[1]},
    ),
    Case(
        "An identifier in the wrong column",
        "It is not repeated: a message may end up in a log.",
        {"labs.csv": LABS.replace("P02,0", "0,P02")},
    ),
    Case(
        "Several things at once",
        "Files that cannot be read and tables with problems come in one message.",
        {
            "patients.csv": PATIENTS.replace("F", "unclear"),
            "labs.csv": LABS + "P02,4\n",
            "outcomes.csv": "patient_id,relapse,week\nP02,perhaps,48\n",
        },
    ),
)


def write_folder(case, path):
    path.mkdir()
    for name, content in ({"patients.csv": PATIENTS, "labs.csv": LABS} | case.files).items():
        (path / name).write_bytes(content.encode(case.encoding))
    return path


def message(case, path):
    study = None if case.study is None else rm.load_study(case.study)
    with pytest.raises(CohortError) as caught:
        rm.read_cohort(write_folder(case, path), study=study)
    return str(caught.value)


def block(kind, text):
    return f"```{kind}\n{text}{'' if text.endswith(chr(10)) or not text else chr(10)}```\n"


def section(number, case, said):
    parts = [f"## {number}. {case.title}\n", f"{case.why}\n"]
    for name, content in case.files.items():
        parts += [f"`{name}`\n", block("csv", content)]
    return "\n".join([*parts, "says\n", block("text", said)])


def page(folder):
    sections = [section(n, case, message(case, folder / str(n))) for n, case in enumerate(CASES, start=1)]
    return "\n".join([HEAD.format(patients=PATIENTS, labs=LABS), *sections])


def test_the_folder_that_the_cases_start_from_is_in_order(tmp_path):
    assert len(rm.read_cohort(write_folder(Case("", ""), tmp_path / "sound"))) == 2


@pytest.mark.parametrize("case", CASES, ids=[case.title for case in CASES])
def test_every_message_names_a_table_and_nobody(case, tmp_path):
    said = message(case, tmp_path / "cohort")
    assert any(name in said for name in ("patients", "labs", "treatment", "outcomes"))
    assert "P01" not in said
    assert "P02" not in said


def test_the_page_shows_what_is_printed(tmp_path, root):
    file = root / "docs" / "broken_cohorts.md"
    expected = page(tmp_path)
    if os.environ.get("REWRITE_BROKEN_COHORTS"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(expected, encoding="utf-8")
    assert file.read_text(encoding="utf-8") == expected
