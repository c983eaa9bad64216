"""What is held together when every column was read: number formats, decimal signs, conditions that no row fits."""

from __future__ import annotations

import openpyxl
import pytest
from openpyxl.styles import Font
from spreadsheet_files import as_mapping, workbook

from relapse_model.cohort.readers.spreadsheets.number_formats import changes_a_number, shown_number, shown_text
from relapse_model.cohort.readers.spreadsheets.read import read_excel
from relapse_model.errors import CohortError, SourceError

PATIENTS = '[time]\nzero = { field = "Enrol" }\n[patients]\nid = "ID"\n'
WIDE = '[[labs]]\nanalyte = "hbsag"\nvalue = "W{visit} HBsAg"\nunit = "IU/mL"\ndate = "W{visit} Date"\n'
HEADER = ["ID", "Enrol", "W0 HBsAg", "W0 Date", "W12 HBsAg", "W12 Date"]


def sheet(path, *rows):
    return workbook(
        path, [HEADER, *([name, "2024-01-08", w0, "2024-01-08", w12, "2024-04-01"] for name, w0, w12 in rows)]
    )


def problems(source, mapping):
    with pytest.raises((CohortError, SourceError)) as refusal:
        read_excel(source, as_mapping(mapping))
    return [str(problem) for problem in refusal.value.problems]


def formatted(path, value, code):
    """A sheet whose W12 cell of the first patient has a number format."""
    sheet(path, ("P1", "<0.05", value), ("P2", 0.3, 0.4))
    book = openpyxl.load_workbook(path)
    book.active["E2"].number_format = code
    book.save(path)
    return path


@pytest.mark.parametrize(
    ("value", "code", "read"),
    [
        (0.05, '"<"0.00', "<0.05"),
        (0.05, "<0.00".replace("<", "< "), "<0.05"),  # unquoted, as Excel takes it
        ("0.05", '"<"@', "<0.05"),
        ("0.05", 'General;General;General;"<"@', "<0.05"),
        ("0.05", "0.00", "0.05"),
        (250, '">"0', ">250"),
        (1234.5, "#\\ ##0.0", "1234.5"),  # a space that parts thousands
        (3.5, "G/通用格式", "3.5"),  # General, as Chinese programs write it
    ],
)
def test_what_a_number_format_shows_is_read(tmp_path, value, code, read):
    cohort = read_excel(formatted(tmp_path / "a.xlsx", value, code), as_mapping(PATIENTS + WIDE))
    assert sorted(cohort.labs["value"].tolist()) == sorted(["<0.05", "0.3", read, "0.4"])


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (12.0, "0,"),  # thousands: 12 is shown as 0
        (0.05, '"<"@'),  # a format for texts on a number: programs differ
        ("0.05", "0;0;0;"),  # a text that is hidden
        ("0.05", '0;0;0;"neg"'),  # another text in its place
        (0.01, '[<0.05]"<0.05";0.00'),
        (12.0, '0.0" mIU/mL"'),  # the unit of the mapping is another
        (0.5, "0%"),
    ],
)
def test_what_is_shown_otherwise_is_refused(tmp_path, value, code):
    found = problems(formatted(tmp_path / "a.xlsx", value, code), PATIENTS + WIDE)
    assert len(found) == 1
    assert "row 2" in found[0]


def test_formats_of_texts():
    assert shown_text("x", "@") == shown_text("x", "General") == shown_text("x", "0.0;-0.0") == "x"
    assert shown_number(-3.0, "0;@") == "-3"  # the last section is for texts
    assert not changes_a_number("0 000")


def test_visits_are_printed_one_way(tmp_path):
    """1.234 in one column is a thousand or more if 0,12 in the next has a decimal comma."""
    source = sheet(tmp_path / "a.xlsx", ("P1", "0,12", "1.234"), ("P2", "0,3", "0,4"))
    (found,) = problems(source, PATIENTS + WIDE)
    assert "row 2, column 'W12 HBsAg': '1.234'; expected a number whose point cannot part thousands" in found
    assert len(read_excel(sheet(tmp_path / "b.xlsx", ("P1", "0.12", "1.234")), as_mapping(PATIENTS + WIDE)).labs) == 2


def test_sheets_are_printed_one_way(tmp_path):
    workbook(tmp_path / "p.xlsx", [["ID", "Enrol"], ["P1", "2024-01-08"]])
    for name, value in (("a", "0,12"), ("b", "1.234")):
        text = f"ID;HBsAg;Date\nP1;{value};2024-0{1 if name == 'a' else 4}-08\n"
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    sources = "".join(f'[sources.{name}]\nfile = "{name}.csv"\ndelimiter = ";"\n' for name in "ab")
    labs = "".join(f'[[labs]]\nsource = "{name}"\nanalyte = "hbsag"\nvalue = "HBsAg"\nunit = "IU/mL"\ndate = "Date"\n'
                   for name in "ab")  # fmt: skip
    head = '[source]\nfile = "p.xlsx"\n'
    (found,) = problems(tmp_path, head + sources + PATIENTS + labs)
    assert "b.csv, row 2, column 'HBsAg': '1.234'" in found
    assert 'State decimal = "." for its source if the point is a decimal sign there' in found
    stated = sources.replace('file = "b.csv"', 'file = "b.csv"\ndecimal = "."')
    assert read_excel(tmp_path, as_mapping(head + stated + PATIENTS + labs)).labs["value"].tolist() == ["0,12", "1.234"]


LONG = [["ID", "Enrol", "Test", "Result", "Date"], ["P1", "2024-01-08", "HBsAg", 0.3, "2024-01-08"]]
BY_TEST = '[[labs]]\nanalyte = "hbsag"\nvalue = "Result"\nunit = "IU/mL"\ndate = "Date"\n'


def test_a_condition_that_no_row_fits(tmp_path):
    """HBsAb for HBsAg: nothing would be read, and nobody would know."""
    source = workbook(tmp_path / "a.xlsx", LONG)
    (found,) = problems(source, PATIENTS + BY_TEST + 'when = { Test = "HBsAb" }\n')
    assert "key 'labs.1.when': no row that fits" in found
    given = '[[treatments]]\nagent = "hbig"\nstart = "Date"\nwhen = { Test = "HBlG" }\n'
    assert "key 'treatments.1.when'" in problems(source, PATIENTS + BY_TEST + given)[0]


def test_a_condition_of_which_others_read_is_noted(tmp_path):
    source = workbook(tmp_path / "a.xlsx", LONG)
    some = read_excel(source, as_mapping(PATIENTS + BY_TEST + 'when = { Test = ["HBsAg", "HBsAg II"] }\n'))
    assert "labs.1.when: 'HBsAg II' stands in no row of 'Test'" in some.reading.notes
    both = read_excel(source, as_mapping(PATIENTS + BY_TEST + BY_TEST + 'when = { Test = "HBsAg II" }\n'))
    assert any("no row fits when Test = 'HBsAg II', so that nothing is read by it" in one for one in both.reading.notes)


@pytest.mark.parametrize(("column", "text"), [("状态", "作废"), ("Status", "Cancelled"), ("标本类型", "尿液")])
def test_a_result_that_was_taken_back_is_not_read(tmp_path, column, text):
    """The second row says so in a column of its own; with ``when``, it is left out."""
    rows = [[*LONG[0], column], [*LONG[1], "ok"], ["P1", "2024-01-08", "HBsAg", 250, "2024-04-08", text]]
    source = workbook(tmp_path / "a.xlsx", rows)
    (found,) = problems(source, PATIENTS + BY_TEST)
    assert f"row 3, column {column!r}: {text!r} (a result " in found
    cohort = read_excel(source, as_mapping(PATIENTS + BY_TEST + f'when = {{ "{column}" = "ok" }}\n'))
    assert cohort.labs["value"].tolist() == ["0.3"]


def test_a_result_that_is_struck_through_is_not_read(tmp_path):
    def strike(sheet):
        sheet["D2"].font = Font(strike=True)

    (found,) = problems(workbook(tmp_path / "a.xlsx", LONG, change=strike), PATIENTS + BY_TEST)
    assert "struck through" in found


def test_comparators_in_words_are_refused_as_well(tmp_path):
    rows = [[*LONG[0], "符号"], [*LONG[1], "低于"]]
    (found,) = problems(workbook(tmp_path / "a.xlsx", rows), PATIENTS + BY_TEST)
    assert "column '符号': comparators, which the mapping does not read" in found


@pytest.mark.parametrize("column", ["低于下限", "Below LOD", "Undetectable"])
def test_a_result_below_its_limit_by_yes_or_no(tmp_path, column):
    rows = [[*LONG[0], column], [*LONG[1], "是"], ["P1", "2024-01-08", "HBsAg", 2, "2024-04-08", "否"]]
    source = workbook(tmp_path / "a.xlsx", rows)
    assert "what is below its limit, which the mapping does not read" in problems(source, PATIENTS + BY_TEST)[0]
    named = f'comparator = {{ field = "{column}", values = {{ "是" = "<", "否" = "" }} }}\n'
    assert read_excel(source, as_mapping(PATIENTS + BY_TEST + named)).labs["value"].tolist() == ["<0.3", "2"]


@pytest.mark.parametrize("decimal", ["", 'decimal = ","\n'])
@pytest.mark.parametrize(("mended", "number"), [("1250", 1250), ("MORE", 1.25)])
def test_the_advice_on_a_point_that_may_part_thousands_can_be_followed(tmp_path, decimal, mended, number):
    """1.250 beside 12,5: as the message says, it is written without the point, or as what cannot be thousands."""
    mapping = f'[source]\ndelimiter = ";"\n{decimal}' + PATIENTS
    mapping += '[[labs]]\nanalyte = "hbv_dna"\nvalue = "DNA"\nunit = "IU/mL"\ndate = "Date"\n'
    source = tmp_path / "a.csv"

    def write(text):
        rows = f"P1;2024-01-08;{text};2024-01-08\nP2;2024-01-08;12,5;2024-01-08\n"
        source.write_text("ID;Enrol;DNA;Date\n" + rows, encoding="utf-8")

    write("1.250")
    (found,) = problems(source, mapping)
    assert ("with a comma (12,5)" if decimal else "1.2340 with a further 0") in found
    write(mended.replace("MORE", "1,25" if decimal else "1.2500"))
    assert read_excel(source, as_mapping(mapping)).labs["number"].tolist() == [number, 12.5]


def test_a_power_of_ten_may_have_a_point_beside_decimal_commas(tmp_path):
    mapping = '[source]\ndelimiter = ";"\ndecimal = ","\n' + PATIENTS
    mapping += '[[labs]]\nanalyte = "hbv_dna"\nvalue = "DNA"\nunit = "IU/mL"\ndate = "Date"\n'
    rows = "P1;2024-01-08;1.2×10^3;2024-01-08\nP2;2024-01-08;12,5;2024-01-08\nP3;2024-01-08;1,5×10^2;2024-01-08\n"
    (tmp_path / "a.csv").write_text("ID;Enrol;DNA;Date\n" + rows, encoding="utf-8")
    assert read_excel(tmp_path / "a.csv", as_mapping(mapping)).labs["number"].tolist() == [1200, 12.5, 150]
