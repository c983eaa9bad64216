"""Signs, and words for "below the limit", that stand among others in a column beside a number."""

from __future__ import annotations

import pytest
from spreadsheet_files import as_mapping, workbook

from relapse_model.cohort.readers.spreadsheets.propose import propose_excel
from relapse_model.cohort.readers.spreadsheets.read import read_excel
from relapse_model.errors import CohortError, SourceError

PATIENTS = '[time]\nzero = { field = "Enrol" }\n[patients]\nid = "ID"\n'
LONG = '[[labs]]\nanalyte = { field = "Test" }\nvalue = "Result"\nunit = { field = "Unit" }\ndate = "Date"\n'


def long(tmp_path, column, first, second, value=20):
    day, unit = "2024-01-08", "IU/mL"
    rows = [["ID", "Enrol", "Date", "Test", "Result", "Unit", column],
            ["P1", day, day, "HBV DNA", value, unit, first],
            ["P2", day, day, "HBV DNA", 1500, unit, second]]  # fmt: skip
    return workbook(tmp_path / "a.xlsx", rows)


def refused(source, mapping) -> list[str]:
    with pytest.raises((CohortError, SourceError)) as refusal:
        read_excel(source, as_mapping(mapping))
    return [str(problem) for problem in refusal.value.problems]


@pytest.mark.parametrize(
    ("column", "sign", "other"),
    [("Flag", "<", "H"), ("Remark", "<", "repeat in 4 weeks"), ("提示", "‹", "↑"), ("Kennzeichen", "＜", "+"),
     ("Flag", "<LLOQ", "positive"), ("Interpretation", "below LLOQ", ""), ("Status", "Detected <LLOQ", "Quantified"),
     ("Flag", "BLQ", "H"), ("Comment", "< LOQ", ""), ("Interpretation", "not quantifiable", ""),
     ("备注", "低于检测下限", "已复查")],
)  # fmt: skip
def test_a_number_that_is_a_limit_is_refused_and_read_as_one_where_it_is_named(tmp_path, column, sign, other):
    """20 with "<" beside it, or words for it, is below 20; the line of the advice reads it so."""
    source = long(tmp_path, column, sign, other)
    (found,) = refused(source, PATIENTS + LONG)
    assert f"row 2, column {column!r}: '{sign} beside 20'" in found
    advice = found.partition("name the column as the ")[2].partition("comparator: ")[2].partition(" }. If")[0] + " }"
    cohort = read_excel(source, as_mapping(f"{PATIENTS}{LONG}{advice}\n"))
    assert cohort.labs["value"].tolist() == ["<20", "1500"]


@pytest.mark.parametrize(
    ("column", "first", "second", "value"),
    [("Flag", "H", "L", 20), ("Flag", "↑", "+", 20), ("Flag", "<", "H", "<20"), ("HBeAg flag", "<", "H", 20),
     ("Comment", "see report of the reference laboratory: values <20 IU/mL lie below the limit of detection", "", 20),
     ("Reference", "<10", "<10", 20)],
)  # fmt: skip
def test_flags_of_the_reference_range_and_signs_that_are_printed_change_nothing(tmp_path, column, first, second, value):
    mapping = PATIENTS + LONG.replace('{ field = "Test" }', '"hbv_dna"')
    cohort = read_excel(long(tmp_path, column, first, second, value), as_mapping(mapping))
    assert cohort.labs["value"].tolist() == [str(value), "1500"]


def test_the_sign_may_stand_in_both_columns_if_it_is_the_same(tmp_path):
    sign = 'comparator = { field = "Flag", values = { "<LLOQ" = "<", "H" = "", ">" = ">" } }\n'
    cohort = read_excel(long(tmp_path, "Flag", "<LLOQ", "H", "<20"), as_mapping(PATIENTS + LONG + sign))
    assert cohort.labs["value"].tolist() == ["<20", "1500"]
    (found,) = refused(long(tmp_path, "Flag", ">", "H", "<20"), PATIENTS + LONG + sign)
    assert "another comparator than in the value" in found


def test_flags_with_signs_are_proposed_as_the_comparator(tmp_path, study):
    """H says nothing of the number, "<" that it is a limit; of other texts the proposal asks, without showing them."""
    source = long(tmp_path, "Flag", "<", "H")
    text = propose_excel(source, study)
    assert 'comparator = { field = "Flag", values = { "<" = "<", "H" = "" } }' in text
    assert "#? Is this the comparator?" not in text
    text = propose_excel(long(tmp_path, "Remark", "<", "Mrs Smith called"), study)
    assert "#? Is this the comparator? Give its 1 other texts a meaning" in text
    assert 'comparator = { field = "Remark", values = { "<" = "<" } }' in text
    assert "Smith" not in text
    for harmless in ("H", "↑", "+"):
        assert "comparator" not in propose_excel(long(tmp_path, "Flag", harmless, "L"), study)
