"""Treatments that a proposal recognises by the names and the texts of columns, and those that it asks about."""

from __future__ import annotations

import pytest
from spreadsheet_files import workbook

from relapse_model.cohort.readers.mapping_file import parse_mapping
from relapse_model.cohort.readers.spreadsheets.propose import propose_excel
from relapse_model.cohort.readers.spreadsheets.read import read_excel

HEAD = ["Patient ID", "Enrolment date"]


def proposed(tmp_path, study, names, first, second):
    path = workbook(tmp_path / "a.xlsx", [HEAD + names, ["A1", "2024-01-08", *first], ["A2", "2024-01-08", *second]])
    return path, propose_excel(path, study)


def read(path, text):
    return read_excel(path, parse_mapping(text, "map.toml", "excel")).treatments


@pytest.mark.parametrize(
    "names",
    [
        ["HBIG date 1", "HBIG date 2", "HBIG dose 1 (IU)", "HBIG dose 2 (IU)"],
        ["HBIG Datum 1", "HBIG Datum 2", "HBIG Dosis 1 (IU)", "HBIG Dosis 2 (IU)"],
        ["第1次HBIG日期", "第2次HBIG日期", "第1次HBIG剂量(IU)", "第2次HBIG剂量(IU)"],
    ],
)
def test_numbered_doses_are_read_each_on_its_day(tmp_path, study, names):
    path, text = proposed(
        tmp_path, study, names, ["2024-01-08", "2024-02-05", 400, 200], ["2024-01-15", None, 400, None]
    )
    assert "#? Is it a single dose?" in text
    doses = read(path, text)
    assert doses["agent"].tolist() == ["hbig"] * 3
    assert doses.sort_values(["patient", "start_week"])["start_week"].tolist() == [0, 4, 1]
    assert sorted(doses["dose"]) == [200, 400, 400]
    assert doses["end_week"].tolist() == doses["start_week"].tolist()


def test_the_unit_of_a_dose_is_asked_where_no_name_states_it(tmp_path, study):
    _, text = proposed(tmp_path, study, ["HBIG date", "HBIG dose"], ["2024-01-08", 400], ["2024-01-15", 400])
    lines = text.split("\n")
    at = lines.index('dose = "HBIG dose"')
    assert lines[at + 1].startswith("#? In which unit is the dose?")
    assert lines[at + 2] == 'unit = ""'


def test_a_column_of_drugs_is_read_with_the_days_called_by_it(tmp_path, study):
    names = ["NUC", "NUC start", "NUC stop"]
    path, text = proposed(tmp_path, study, names, ["ETV", "2020-01-06", "2023-01-02"], ["TDF", "2020-01-06", None])
    assert "#? 1 of its courses have no last day" in text
    courses = read(path, text)
    assert courses["agent"].tolist() == ["entecavir", "tenofovir"]
    assert courses["end_week"].isna().tolist() == [False, True]


@pytest.mark.parametrize(
    ("name", "first", "second", "line"),
    [
        ("HBIG", "yes", "no", '# agent = "hbig"'),
        ("W4 HBIG (IU)", 400, 200, '# agent = "hbig"'),
        ("NUC", "ETV", "TDF", '# agent = { field = "NUC" }'),
        ("Medikation 2020", "Entecavir", "Tenofovir", '# agent = { field = "Medikation 2020" }'),
    ],
)
def test_a_treatment_without_a_day_is_asked_about(tmp_path, study, name, first, second, line):
    _, text = proposed(tmp_path, study, [name], [first], [second])
    (at,) = [place for place, one in enumerate(text.split("\n")) if one.startswith(f"#? Sheet1, {name}: ")]
    assert text.split("\n")[at + 1 : at + 4] == ["# [[treatments]]", line, '# start = ""']


def test_other_columns_are_not_taken_for_treatments(tmp_path, study):
    _, text = proposed(tmp_path, study, ["Group B", "Remark"], ["HBIG", "well"], ["none", "well"])
    assert "#?" not in text.replace("A line that begins with #?", "")


@pytest.mark.parametrize(
    ("names", "first", "second", "lines"),
    [
        (
            ["Relapse", "Relapse date", "Last contact"],
            ["yes", "2024-05-06", "2024-06-03"],
            ["no", None, "2024-12-02"],
            ['# relapse = { field = "Relapse" }', '# date = ""'],
        ),
        (
            ["结局", "结局日期"],
            ["复发", "2024-05-06"],
            ["死亡", "2024-06-03"],
            ['# event = { field = "结局", values = { "复发" = "relapse", "死亡" = "?" } }', '# date = "结局日期"'],
        ),
        (["Rezidivdatum"], ["2024-05-06"], [None], ['# relapse = { field = "" }', '# date = ""']),
    ],
)
def test_columns_of_an_outcome_are_asked_about(tmp_path, study, names, first, second, lines):
    _, text = proposed(tmp_path, study, names, first, second)
    every = text.split("\n")
    (at,) = [
        place for place, one in enumerate(every) if one.startswith(f"#? {', '.join(names)}: an adjudicated outcome?")
    ]
    assert every[at + 1 : at + 4] == ["# [outcome]", *lines]


def test_an_outcome_is_read_by_the_lines_as_they_are_asked(tmp_path, study):
    names = ["Relapse", "Last contact", "HBsAg W0 (IU/mL)", "Date W0"]
    path, text = proposed(
        tmp_path, study, names, ["yes", "2024-06-03", 0.02, "2024-01-08"], ["no", "2024-12-02", 0.02, "2024-01-08"]
    )
    asked = text[text.index("# [outcome]") :].replace("# ", "", 3)
    cohort = read_excel(path, parse_mapping(text[: text.index("# [outcome]")] + asked, "map.toml", "excel"))
    assert cohort.outcomes["relapse"].tolist() == [1, 0]
    assert cohort.outcomes["week"].tolist() == [21, 47]
