"""Words beside a number that deny it, other people under one number, and days of relapse that are not read.

Each sheet is made by hand; what would be read wrongly is seen in it.
"""

from __future__ import annotations

import datetime

import openpyxl
import pytest
from spreadsheet_files import as_mapping, workbook

from relapse_model.cohort.readers.spreadsheets.read import read_excel
from relapse_model.errors import CohortError, SourceError

DAY = datetime.datetime
PATIENTS = '[time]\nzero = { field = "Enrol" }\n[patients]\nid = "ID"\n'
WIDE = '[[labs]]\nanalyte = "hbsag"\nvalue = "W{visit} HBsAg"\nunit = "IU/mL"\ndate = "W{visit} date"\n'


def problems(source, mapping):
    with pytest.raises((CohortError, SourceError)) as refusal:
        read_excel(source, as_mapping(mapping))
    return [str(problem) for problem in refusal.value.problems]


def wide(tmp_path, column, first, value=0.05):
    rows = [["ID", "Enrol", "W0 HBsAg", f"W0 {column}", "W0 date"],
            ["P1", "2024-01-08", value, first, "2024-01-08"],
            ["P2", "2024-01-08", 0.3, "Detected", "2024-01-08"]]  # fmt: skip
    return workbook(tmp_path / "a.xlsx", rows)


@pytest.mark.parametrize("column", ["HBsAg detected", "HBsAg result", "HBsAg 定性", "Result"])
def test_a_number_at_the_limit_beside_not_detected_is_refused(tmp_path, column):
    """0.05 is the limit of the assay, and would be a relapse."""
    (found,) = problems(wide(tmp_path, column, "Not detected"), PATIENTS + WIDE)
    assert f"row 2, column 'W0 {column}': 'Not detected beside 0.05'" in found
    assert 'values = { "Not detected" = "<", "Detected" = "" }' in found


def test_named_as_the_comparator_it_is_below_the_limit(tmp_path):
    sign = 'comparator = { field = "W{visit} Result", values = { "Not detected" = "<", "Detected" = "" } }\n'
    cohort = read_excel(wide(tmp_path, "Result", "Not detected"), as_mapping(PATIENTS + WIDE + sign))
    assert cohort.labs["value"].tolist() == ["<0.05", "0.3"]


@pytest.mark.parametrize(("column", "value"), [("HBsAg result", 0.02), ("HBeAg result", 20), ("Sex", 20)])
def test_a_number_below_the_limit_and_words_of_another_test_agree(tmp_path, column, value):
    assert len(read_excel(wide(tmp_path, column, "Not detected", value), as_mapping(PATIENTS + WIDE)).labs) == 2


def test_words_without_a_number_are_counted(tmp_path):
    """The negative result of P1 has no number, and is not read: that is said."""
    notes = read_excel(wide(tmp_path, "Result", "Not detected", None), as_mapping(PATIENTS + WIDE)).reading.notes
    assert any("W{visit} Result: 1 results in words, where W{visit} HBsAg is empty" in note for note in notes)


def two_centres(tmp_path, head, first, second):
    """Two sheets whose patients are both number 1."""
    book = openpyxl.Workbook()
    for title, row in (("north", first), ("south", second)):
        sheet = book.create_sheet(title)
        sheet.append(["ID", *head, "W0 HBsAg", "W0 date"])
        sheet.append([1, *row, "<0.05", "2024-01-08"])
    book.remove(book["Sheet"])
    book.save(tmp_path / "a.xlsx")
    return tmp_path / "a.xlsx"


SOURCES = '[source]\nfile = "a.xlsx"\nsheet = "north"\n[sources.south]\nsheet = "south"\n'
BOTH = WIDE + WIDE.replace("analyte", 'source = "south"\nanalyte')


@pytest.mark.parametrize(
    ("head", "first", "second", "said"),
    [
        (["Enrol"], ["2024-01-08"], ["2024-01-22"], "another day of enrolment, '2024-01-22'"),
        (["Enrol", "Age"], ["2024-01-08", 34], ["2024-01-08", 54], "another age, '54'"),
        (["Enrol", "Date of birth"], ["2024-01-08", "1990-01-01"], ["2024-01-08", "1970-01-01"], "day of birth"),
        (["Enrol", "Arm"], ["2024-01-08", "HBIG"], ["2024-01-08", "Control"], "another arm, 'control'"),
        (["Enrol", "Centre"], ["2024-01-08", "north"], ["2024-01-08", "south"], "another centre"),
    ],
)
def test_two_people_under_one_number_are_refused(tmp_path, head, first, second, said):
    (found,) = problems(two_centres(tmp_path, head, first, second), SOURCES + PATIENTS + BOTH)
    assert said in found
    assert "give the identifiers of each sheet a letter of its own" in found
    assert "1970" not in found  # a day of birth is never shown


@pytest.mark.parametrize(
    ("head", "first", "second"),
    [
        (["Enrol", "Age"], ["2024-01-08", 34], ["2024-01-08", 35]),  # counted at another day
        (["Enrol", "Arm"], ["2024-01-08", "HBIG"], ["2024-01-08", "HBIG组"]),
    ],
)
def test_one_person_in_two_sheets_is_one(tmp_path, head, first, second):
    cohort = read_excel(two_centres(tmp_path, head, first, second), as_mapping(SOURCES + PATIENTS + BOTH))
    assert (len(cohort), len(cohort.labs)) == (1, 1)  # one result of one day that stands in both


def test_where_nothing_can_be_compared_it_is_counted(tmp_path):
    path = two_centres(tmp_path, [], [], [])
    mapping = SOURCES + PATIENTS.replace('zero = { field = "Enrol" }', 'visits = { "0" = 0 }') + BOTH
    mapping = mapping.replace('date = "W{visit} date"\n', "")
    (note,) = [one for one in read_excel(path, as_mapping(mapping)).reading.notes if "identifiers stand in" in one]
    assert note.startswith("south: 1 of its 1 identifiers stand in 'north', too, and no column of both")
    assert "a letter of its own" in note  # they are running numbers


@pytest.mark.parametrize(
    ("name", "ids", "notes"),
    [("ID", ["P-1", "P-1"], 0), ("ID", ["P-1"], 0), ("ID", ["7", "7"], 0), ("No.", ["7", "7"], 1), ("No.", ["P-1"], 1)],
)
def test_a_laboratory_sheet_beside_that_of_the_patients_is_an_ordinary_workbook(tmp_path, name, ids, notes):
    """Its identifiers are all of the patients, under the same name, and it holds what that sheet does not."""
    book = openpyxl.Workbook()
    book.active.title = "north"
    south = book.create_sheet("south")
    for row in (["ID", "Enrol"], [ids[0], "2024-01-08"]):
        book["north"].append(row)
    for row in ([name, "day", "HBsAg"], *([one, f"2024-01-{10 + at}", 0.02] for at, one in enumerate(ids))):
        south.append(row)
    book.save(tmp_path / "a.xlsx")
    text = '[[labs]]\nsource = "south"\nanalyte = "hbsag"\nvalue = "HBsAg"\nunit = "IU/mL"\ndate = "day"\n'
    sources = SOURCES + (f'id = "{name}"\n' if name != "ID" else "")
    said = read_excel(tmp_path / "a.xlsx", as_mapping(sources + PATIENTS + text)).reading.notes
    assert sum("identifiers stand in" in one for one in said) == notes


def outcomes(tmp_path, column, relapse, day, last="2024-12-02"):
    rows = [["ID", "Enrol", "W0 HBsAg", "W0 date", "Relapse", column, "Last contact"],
            ["P1", "2024-01-08", "<0.05", "2024-01-08", relapse, day, last]]  # fmt: skip
    mapping = PATIENTS + WIDE + '[outcome]\nrelapse = "Relapse"\ndate = "Last contact"\n'
    return workbook(tmp_path / "a.xlsx", rows), mapping


DAYS_OF_RELAPSE = (
    "Relapse date", "复发日期", "date_of_relapse", "Datum des Rückfalls", "Rezidivdatum", "复发确认日期",
    "Time of relapse", "Seroreversion date", "HBsAg reversion date", "Date of HBsAg reappearance",
    "Relapse date (DD/MM/YYYY)",
)  # fmt: skip


@pytest.mark.parametrize("column", DAYS_OF_RELAPSE)
def test_the_day_of_relapse_is_not_that_of_the_last_contact(tmp_path, column):
    (found,) = problems(*outcomes(tmp_path, column, "1", "2024-06-03"))
    assert f"'2024-12-02', and '2024-06-03' in {column!r}; expected the day of the relapse" in found
    (found,) = problems(*outcomes(tmp_path, column, "0", "2024-06-03"))
    assert f"no relapse, and '2024-06-03' in {column!r}" in found


def test_a_relapse_without_a_day_beside_its_day_is_refused(tmp_path):
    """The day is known: without it the outcome would come without a time, and nothing would say so."""
    (found,) = problems(*outcomes(tmp_path, "Relapse date", "1", "2024-06-03", last=None))
    assert "no date, and '2024-06-03' in 'Relapse date'; expected the day of the relapse" in found
    assert "put both into one column of a copy" in found


@pytest.mark.parametrize("column", ["Date of visit before relapse", "Time to relapse", "HBeAg seroreversion date"])
def test_the_day_of_something_else_says_nothing_of_the_outcome(tmp_path, column):
    source, mapping = outcomes(tmp_path, column, "1", "2024-06-03")
    assert len(read_excel(source, as_mapping(mapping)).outcomes) == 1


@pytest.mark.parametrize(("relapse", "day"), [("1", "2024-12-02"), ("0", None), ("1", None)])
def test_days_that_agree_are_read(tmp_path, relapse, day):
    source, mapping = outcomes(tmp_path, "Relapse date", relapse, day)
    assert len(read_excel(source, as_mapping(mapping)).outcomes) == 1


@pytest.mark.parametrize(
    "column",
    ["Befund", "Bewertung", "Beurteilung HBsAg", "结果判定", "HBsAg label", "Interpretation", "Résultat", "Esito"],
)
@pytest.mark.parametrize("text", ["Negativ", "Negative (<0.05)", "阴性(<0.05)", "unauffällig, negativ", "n.n."])
def test_words_under_a_name_without_the_visit_deny_the_number_of_a_row(tmp_path, column, text):
    """120 is positive; 0.02 is negative, as the words say."""
    rows = [["ID", "Enrol", "W0 HBsAg", "W0 date", column],
            ["P1", "2024-01-08", 120, "2024-01-08", text],
            ["P2", "2024-01-08", 0.02, "2024-01-08", text]]  # fmt: skip
    (found,) = problems(workbook(tmp_path / "a.xlsx", rows), PATIENTS + WIDE)
    assert f"row 2, column {column!r}: '{text} beside 120'" in found


@pytest.mark.parametrize(("first", "last", "refused"), [(120, 30, True), (120, 0.02, False), (0.02, 120, False)])
def test_words_without_a_visit_deny_a_row_only_where_they_fit_none_of_its_numbers(tmp_path, first, last, refused):
    rows = [["ID", "Enrol", "W0 HBsAg", "W0 date", "W12 HBsAg", "W12 date", "Befund"],
            ["P1", "2024-01-08", first, "2024-01-08", last, "2024-04-01", "negativ"]]  # fmt: skip
    path = workbook(tmp_path / "a.xlsx", rows)
    if refused:
        assert "negativ beside 120" in problems(path, PATIENTS + WIDE)[0]
    else:
        assert len(read_excel(path, as_mapping(PATIENTS + WIDE)).labs) == 2


def test_words_beside_several_results_of_a_row_deny_it_only_where_they_fit_none(tmp_path):
    """120 of HBsAg and 900 of HBV DNA are not negative, and 0.02 of HBsAg is."""
    rows = [["ID", "Enrol", "Date", "HBsAg", "DNA", "Befund"],
            ["P1", "2024-01-08", "2024-01-08", 120, 900, "negativ"],
            ["P2", "2024-01-08", "2024-01-08", 0.02, 900, "negativ"]]  # fmt: skip
    labs = "".join(
        f'[[labs]]\nanalyte = "{one}"\nvalue = "{name}"\nunit = "IU/mL"\ndate = "Date"\n'
        for one, name in (("hbsag", "HBsAg"), ("hbv_dna", "DNA"))
    )
    (found,) = problems(workbook(tmp_path / "a.xlsx", rows), PATIENTS + labs)
    assert "row 2, column 'Befund': 'negativ beside 120'" in found
