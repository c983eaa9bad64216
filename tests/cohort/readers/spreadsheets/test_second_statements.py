"""What a sheet says beside the columns that a mapping names: relatives, comparators, units, identifiers nearly equal.

Each sheet is made by hand, so that what would be read wrongly is seen in it.
"""

from __future__ import annotations

import pytest
from spreadsheet_files import as_mapping, workbook

from relapse_model.cohort.readers.mapping_file import parse_mapping
from relapse_model.cohort.readers.spreadsheets.propose import propose_excel
from relapse_model.cohort.readers.spreadsheets.read import read_excel
from relapse_model.errors import CohortError, MappingError, SourceError

PATIENTS = '[time]\nzero = { field = "Enrol" }\n[patients]\nid = "ID"\n'
WIDE = '[[labs]]\nanalyte = "hbsag"\nvalue = "W{visit} HBsAg"\nunit = "IU/mL"\ndate = "W{visit} Date"\n'


def problems(source, mapping):
    with pytest.raises((CohortError, SourceError)) as refusal:
        read_excel(source, as_mapping(mapping))
    return [str(problem) for problem in refusal.value.problems]


@pytest.mark.parametrize(
    ("pattern", "other"),
    [("W{visit} ", "Wife "), ("{visit} ", "Mother "), ("W{visit} ", "W12 mother's ")],
)
def test_a_relative_is_no_visit(tmp_path, pattern, other):
    rows = [["ID", "Enrol", "W0 HBsAg", "W0 Date", f"{other}HBsAg", f"{other}Date"],
            ["P1", "2024-01-08", "<0.05", "2024-01-08", 250, "2024-06-01"]]  # fmt: skip
    path = workbook(tmp_path / "a.xlsx", rows)
    found = problems(path, PATIENTS + WIDE.replace("W{visit} ", pattern))
    assert len(found) == 1
    assert f"{other}HBsAg" in found[0]
    assert "a number in place of {visit}" in found[0]


def test_a_visit_may_be_a_word_that_the_mapping_names(tmp_path):
    rows = [["ID", "Enrol", "Entry HBsAg", "Entry Date"], ["P1", "2024-01-08", "<0.05", "2024-01-08"]]
    path = workbook(tmp_path / "a.xlsx", rows)
    text = WIDE.replace("W{visit}", "{visit}")
    assert "'Entry HBsAg'" in problems(path, PATIENTS + text)[0]
    named = PATIENTS.replace("[patients]", "visits = { entry = 0 }\n[patients]")
    assert read_excel(path, as_mapping(named + text)).labs["week"].tolist() == [0]


LONG = '[[labs]]\nanalyte = { field = "test" }\nvalue = "result"\ndate = "date"\n'
LAB_ROWS = [["ID", "Enrol", "test", "cmp", "result", "unit", "date"],
            ["P1", "2024-01-08", "HBsAg", "<", 0.05, "IU/mL", "2024-01-08"],
            ["P1", "2024-01-08", "HBsAg", None, 0.3, "IU/mL", "2024-04-08"]]  # fmt: skip
BY_ROW = LONG + 'unit = { field = "unit" }\n'


def test_comparators_that_are_not_read_are_refused(tmp_path):
    """Without them a result below the limit is one at the limit."""
    path = workbook(tmp_path / "a.xlsx", LAB_ROWS)
    (found,) = problems(path, PATIENTS + BY_ROW)
    assert "column 'cmp': comparators, which the mapping does not read; expected comparator = 'cmp'" in found
    cohort = read_excel(path, as_mapping(PATIENTS + BY_ROW + 'comparator = "cmp"\n'))
    assert cohort.labs["value"].tolist() == ["<0.05", "0.3"]
    rows = [["ID", "Enrol", "W0 op", "W0 HBsAg", "W0 Date"], ["P1", "2024-01-08", "＜", 0.05, "2024-01-08"]]
    assert "column 'W0 op'" in problems(workbook(tmp_path / "b.xlsx", rows), PATIENTS + WIDE)[0]


def test_comparators_are_proposed(tmp_path, study):
    text = propose_excel(workbook(tmp_path / "a.xlsx", LAB_ROWS), study)
    assert 'value = "result"\ncomparator = "cmp"\n' in text
    rows = [["ID", "Enrolled", "W0 cmp", "W0 HBsAg(IU/mL)", "W4 cmp", "W4 HBsAg(IU/mL)", "W0 Date", "W4 Date"],
            ["P1", "2024-01-08", "<", 0.05, None, 0.3, "2024-01-08", "2024-02-05"]]  # fmt: skip
    path = workbook(tmp_path / "b.xlsx", rows)
    text = propose_excel(path, study)
    assert 'comparator = "W{visit} cmp"' in text
    cohort = read_excel(path, parse_mapping(text, "map.toml", "excel"))
    assert cohort.labs["value"].tolist() == ["<0.05", "0.3"]


@pytest.mark.parametrize("column", ["unit", "Einheit", "result unit", "结果单位"])
def test_a_unit_in_the_row_is_not_overruled(tmp_path, column):
    rows = [["ID", "Enrol", "test", "result", column, "date"],
            ["P1", "2024-01-08", "HBsAg", 120, "mIU/mL", "2024-01-08"],
            ["P1", "2024-01-08", "HBsAg", 0.02, "iu/ml", "2024-04-08"]]  # fmt: skip
    path = workbook(tmp_path / "a.xlsx", rows)
    (found,) = problems(path, PATIENTS + LONG + 'unit = "IU/mL"\n')
    assert f"row 2, column '{column}': 'mIU/mL'; expected 'IU/mL', which the mapping states" in found


def test_a_unit_in_the_row_of_a_dose(tmp_path, study):
    rows = [["ID", "Enrol", "drug", "start", "end", "dose", "dose unit"],
            ["P1", "2024-01-08", "HBIG", "2024-01-08", "2024-01-08", 400, "mg"],
            ["P1", "2024-01-08", "HBIG", "2024-02-05", "2024-02-05", 400, "IU"]]  # fmt: skip
    path = workbook(tmp_path / "a.xlsx", rows)
    text = '[[treatments]]\nagent = { field = "drug" }\nstart = "start"\nend = "end"\n'
    (found,) = problems(path, PATIENTS + text + 'dose = { field = "dose", unit = "IU" }\n')
    assert "row 2, column 'dose unit': 'mg'; expected 'IU'" in found
    assert 'unit = { field = "dose unit" }' in propose_excel(path, study)


def test_a_unit_of_another_column_is_none_of_the_value(tmp_path):
    """Of a sheet with visits as columns, the column of units of ALT says nothing of HBsAg."""
    rows = [["ID", "Enrol", "W0 HBsAg", "W0 Date", "ALT unit", "W0 HBsAg unit"],
            ["P1", "2024-01-08", "<0.05", "2024-01-08", "U/L", "IU/mL"]]  # fmt: skip
    assert len(read_excel(workbook(tmp_path / "a.xlsx", rows), as_mapping(PATIENTS + WIDE)).labs) == 1
    rows[1][-1] = "mIU/mL"
    assert "column 'W0 HBsAg unit'" in problems(workbook(tmp_path / "b.xlsx", rows), PATIENTS + WIDE)[0]


@pytest.mark.parametrize(
    ("patient", "listed"), [("12", "0012"), ("P1", "p1"), ("12", "12.0"), ("P1", "P-1"), ("hb-7", "HB-007")]
)
def test_who_nearly_is_a_patient_is_not_listed_as_somebody_else(tmp_path, patient, listed):
    (tmp_path / "p.csv").write_text(f"ID,Enrol\n{patient},2024-01-08\n1-5,2024-02-05\n")
    lab = f"ID,result,date\n{listed},0.3,2024-01-08\n1-5,<0.05,2024-02-05\n15,7,2024-02-05\n"
    (tmp_path / "l.csv").write_text(lab)  # 15 is somebody else: 1-5 has two numbers
    sources = '[source]\nfile = "p.csv"\n[sources.lis]\nfile = "l.csv"\nunknown_patients = "list"\n'
    labs = '[[labs]]\nsource = "lis"\nanalyte = "hbsag"\nvalue = "result"\nunit = "IU/mL"\ndate = "date"\n'
    (found,) = problems(tmp_path, sources + PATIENTS + labs)
    assert "l.csv, row 2, column 'ID': an identifier that nearly is a patient's" in found
    named = sources + f'not_patients = ["{listed}"]\n' + PATIENTS + labs
    cohort = read_excel(tmp_path, as_mapping(named))
    assert cohort.labs["value"].tolist() == ["<0.05"]


@pytest.mark.parametrize(
    ("results", "row"),
    [(("0,12", "1.234"), 3), (("1.000", "1000"), 2), (("＜0,05", "1.234 IU/mL"), 3), (("12,5", "1.234.567"), 3)],
)
def test_a_point_that_may_part_thousands(tmp_path, results, row):
    rows = [["ID", "Enrol", "result", "date"], *(["P1", "2024-01-08", one, f"2024-0{place}-08"]
            for place, one in enumerate(results, start=1))]  # fmt: skip
    labs = '[[labs]]\nanalyte = "hbsag"\nvalue = "result"\nunit = "IU/mL"\ndate = "date"\n'
    found = problems(workbook(tmp_path / "a.xlsx", rows), PATIENTS + labs)
    assert any(f"row {row}, column 'result': '{results[row - 2]}'" in one for one in found)


def test_a_point_before_three_decimals_is_one_where_nothing_says_otherwise(tmp_path):
    rows = [["ID", "Enrol", "result", "date"], ["P1", "2024-01-08", "1.234", "2024-01-08"],
            ["P1", "2024-01-08", "0.12", "2024-02-08"], ["P1", "2024-01-08", 1520, "2024-03-08"]]  # fmt: skip
    labs = '[[labs]]\nanalyte = "hbsag"\nvalue = "result"\nunit = "IU/mL"\ndate = "date"\n'
    cohort = read_excel(workbook(tmp_path / "a.xlsx", rows), as_mapping(PATIENTS + labs))
    assert cohort.labs["value"].tolist() == ["1.234", "0.12", "1520"]


def test_what_messages_say_of_a_dose_a_date_a_limit_and_a_long_identifier(tmp_path):
    """Each tells what is wrong, and not what the number would have to be."""
    rows = [["ID", "Enrol", "result", "date", "dose", "start"],
            ["P1", "2024-01-08", "2024-04-03", "2024-01-08", "400 IU", "2024-01-08"]]  # fmt: skip
    labs = '[[labs]]\nanalyte = "hbsag"\nvalue = "result"\nunit = "IU/mL"\ndate = "date"\n'
    dose = '[[treatments]]\nagent = "hbig"\nstart = "start"\nend = "start"\ndose = { field = "dose", unit = "IU" }\n'
    path = workbook(tmp_path / "a.xlsx", rows)
    assert "'400 IU'; expected a number alone. Take the unit out of the cell" in problems(path, PATIENTS + dose)[0]
    assert "a date, not a result" in problems(path, PATIENTS + labs)[0]
    with pytest.raises(MappingError, match=r"a number. If it is a column: lower_limit = \{ field"):
        as_mapping(PATIENTS + labs + 'lower_limit = "ref"\n')
    rows = [["ID", "Enrol"], [3.2e17, "2024-01-08"]]
    found = problems(workbook(tmp_path / "b.xlsx", rows), PATIENTS)
    assert "a number of more than 15 digits" in found[0]


def outcome(tmp_path, column, text):
    rows = [
        ["ID", "Enrol", "date", column],
        ["P1", "2024-01-08", "2024-06-03", "yes"],
        ["P2", "2024-01-08", "2024-06-03", "no"],
    ]
    mapping = PATIENTS + f'[outcome]\ndate = "date"\nrelapse = {text}\n'
    return problems(workbook(tmp_path / "a.xlsx", rows), mapping)


@pytest.mark.parametrize("column", ["Free of relapse", "No relapse", "持续阴性"])
def test_a_column_of_the_contrary_is_no_column_of_relapse(tmp_path, column):
    (found,) = outcome(tmp_path, column, f'"{column}"')
    assert "with its texts as they are; expected a column of relapse" in found
    stated = f'{{ field = "{column}", values = {{ "yes" = "1", "no" = "0" }} }}'
    assert len(outcome(tmp_path, column, stated)) == 2


@pytest.mark.parametrize(("dose", "given"), [(0, "yes"), (400, "cancelled"), (400, "no")])
def test_a_dose_that_was_not_given_is_no_course(tmp_path, dose, given):
    rows = [["ID", "Enrol", "day", "dose", "given"], ["P1", "2024-01-08", "2024-01-09", dose, given]]
    mapping = PATIENTS + '[[treatments]]\nagent = "hbig"\nstart = "day"\nend = "day"\n' + (
        'dose = { field = "dose", unit = "IU" }\n')  # fmt: skip
    assert len(problems(workbook(tmp_path / "a.xlsx", rows), mapping)) == 1


def test_months_are_no_weeks(tmp_path):
    rows = [["ID", "Enrol", "M1 HBsAg", "M3 HBsAg"], ["P1", "2024-01-08", "<0.05", "0.2"]]
    path = workbook(tmp_path / "a.xlsx", rows)
    wide = WIDE.replace("W{visit} HBsAg", "M{visit} HBsAg").replace('date = "W{visit} Date"\n', "")
    weeks = PATIENTS.replace("[patients]", 'visits = { "1" = 1, "3" = 3 }\n[patients]')
    assert "whose columns count months" in problems(path, weeks + wide)[0]
    right = weeks.replace('"1" = 1, "3" = 3', '"1" = 4, "3" = 13')
    assert read_excel(path, as_mapping(right + wide)).labs["week"].tolist() == [4, 13]


@pytest.mark.parametrize(("text", "right"), [("12.5 negative", False), ("阴性(12.5)", False), ("阴性(0.03)", True)])
def test_a_number_above_the_limit_is_not_negative(tmp_path, text, right):
    """The study's lower limit of HBsAg is 0.05 IU/mL."""
    rows = [["ID", "Enrol", "W0 HBsAg", "W0 Date"], ["P1", "2024-01-08", text, "2024-01-08"]]
    path = workbook(tmp_path / "a.xlsx", rows)
    mapping = PATIENTS + WIDE
    if right:
        assert len(read_excel(path, as_mapping(mapping)).labs) == 1
    else:
        assert "a number above the lower limit" in problems(path, mapping)[0]
