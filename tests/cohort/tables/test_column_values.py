"""Reading one column: every form in which a number, a flag, a choice or a date comes, and the forms refused."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relapse_model.cohort.tables.column_values import cell_shown, column, is_whole, texts
from relapse_model.cohort.tables.columns import OURS, READ_COLUMNS, TABLES, Column, column_problems

NUMBER, FLAG, DATE = Column("number", low=0, high=120), Column("flag"), Column("date")
CHOICE, TEXT, NEEDED = Column("choice", choices=("F", "M")), Column(), Column(required=True)


def read(values, rule, **series):
    return column(pd.Series(values, **series), rule)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["007", " 7 ", "7.0"], ["007", "7", "7.0"]),  # text stays as it stands
        ([7, 8], ["7", "8"]),
        ([7.0, 8.0], ["7", "8"]),  # pandas made floats of whole numbers
        ([7.0, np.nan], ["7", ""]),
        ([7.5, 8.0], ["7.5", "8.0"]),
        ([1e300, 7.0], ["1e+300", "7.0"]),  # too large to be a whole number exactly
        ([np.inf, 7.0], ["inf", "7.0"]),
        ([None, "x", np.nan, pd.NA, pd.NaT], ["", "x", "", "", ""]),
        (["患者\u3000", "\u00a0a"], ["患者", "a"]),
        ([], []),
    ],
)
def test_texts(values, expected):
    assert texts(pd.Series(values, dtype=object if None in values or not values else None)).tolist() == expected


@pytest.mark.parametrize("dtype", ["Int64", "Float64", "float32", "category", "int8[pyarrow]", "double[pyarrow]"])
def test_whole_numbers_are_the_same_text_in_every_dtype(dtype):
    assert texts(pd.Series([7, 8]).astype(dtype)).tolist() == ["7", "8"]
    if "8" not in dtype:
        assert texts(pd.Series([7, None], dtype=dtype)).tolist() == ["7", ""]


@pytest.mark.parametrize("dtype", ["Int64", "Float64", "float64", "boolean", "int64[pyarrow]", "double[pyarrow]"])
def test_a_number_may_come_in_every_dtype_with_gaps(dtype):
    found = read([1, None], NUMBER, dtype=dtype)
    np.testing.assert_array_equal(found.values, [1.0, np.nan])
    assert found.values.dtype == float
    assert found.empty.tolist() == [False, True]
    assert not found.bad.any()


@pytest.mark.parametrize("dtype", [object, "str", "category"])
def test_a_number_may_come_as_text(dtype):
    found = read(["12", " 1.5 ", "1e2", "", "NA", "nan", "NULL", "<NA>", "-0"], NUMBER, dtype=dtype)
    np.testing.assert_array_equal(found.values, [12, 1.5, 100, np.nan, np.nan, np.nan, np.nan, np.nan, 0])
    assert found.empty.tolist() == [False, False, False, True, True, True, True, True, False]
    assert found.came == []


@pytest.mark.parametrize(
    "text",
    [
        "week 4",
        "12w",
        "1,5",
        "1,234",
        "1e400",
        "inf",
        "-inf",
        "Infinity",
        "0x1F",
        "1_0",
        "１２",
        "True",
        "-1",
        "121",
        "<5",
    ],
)
def test_what_is_no_finite_number_in_the_range_is_bad_and_kept_for_the_message(text):
    found = read(["1", text], NUMBER)
    assert found.bad.tolist() == [False, True]
    assert found.came == [text]


@pytest.mark.parametrize("value", [np.inf, -np.inf, 121.0, -0.5])
def test_typed_numbers_are_checked_too(value):
    found = read([1.0, value, np.nan], NUMBER)
    assert found.bad.tolist() == [False, True, False]
    assert found.came == [value]


def test_complex_numbers_and_times_are_no_numbers():
    assert read([1j, 2], NUMBER).bad.all()
    assert read(pd.to_timedelta([1, 2], unit="D"), NUMBER).bad.all()
    assert read(pd.to_datetime(["2020-01-01"]), NUMBER).bad.all()


@pytest.mark.parametrize("value", ["1", "0", "1.0", 1, 0.0, True, False])
def test_flags(value):
    found = read([value], FLAG)
    assert found.values.tolist() == [float(value)]
    assert not found.bad.any()


@pytest.mark.parametrize(
    ("value", "flag"),
    [("yes", 1), ("Y", 1), ("true", 1), ("TRUE", 1), ("是", 1), ("有", 1), ("ｙｅｓ", 1),
     ("no", 0), ("N", 0), ("False", 0), ("否", 0), ("无", 0), ("没有", 0)],
)  # fmt: skip
def test_yes_and_no_are_flags_in_any_spelling(value, flag):
    found = read([value], FLAG)
    assert found.values.tolist() == [flag]
    assert not found.bad.any()


@pytest.mark.parametrize("value", ["2", "-1", "0.5", "ETV", "t", "f", "maybe", "+", "阳性", 2, 0.5, math.inf])
def test_what_is_no_flag(value):
    assert read([value], FLAG).bad.tolist() == [True]


def test_choices_are_taken_literally_unless_they_have_other_spellings():
    found = read(["F", "M", "male", "f", " M ", "", "NA", None], CHOICE)
    assert found.bad.tolist() == [False, False, True, True, False, False, False, False]
    assert found.came == ["male", "f"]
    sexes = read(["F", "male", "FEMALE", "f", "男", "女性", "Ｍ", "1", "0", "2", "X", ""], TABLES["patients"]["sex"])
    assert sexes.values[:7].tolist() == ["F", "M", "F", "F", "M", "F", "M"]
    assert sexes.came == ["1", "0", "2", "X"]  # a code means nothing until the study says what
    assert found.empty.tolist() == [False] * 5 + [True] * 3
    assert found.values.tolist()[4:] == ["M", None, None, None]


def test_a_word_for_missing_is_missing_only_where_a_cell_may_be_empty():
    # A patient may well be called NA (Namibia 001 is NA-001, and Mr. Null exists).
    assert read(["NA", "null", "None"], TEXT).empty.all()
    assert not read(["NA", "null", "None"], NEEDED).empty.any()
    assert read(["", None, "  "], NEEDED).empty.all()


@pytest.mark.parametrize("rule", [NUMBER, FLAG, CHOICE, TEXT, NEEDED])
def test_a_column_without_rows_has_no_problem(rule):
    for dtype in (object, "str", float):
        found = column(pd.Series([], dtype=dtype), rule)
        assert (len(found.values), len(found.bad), found.came) == (0, 0, [])


def test_a_value_is_shown_quoted_short_and_on_one_line():
    assert cell_shown("a\nb'c") == '"a\\nb\'c"'
    assert cell_shown("x" * 40) == repr("x" * 40)
    assert cell_shown("x" * 41) == "'" + "x" * 38 + "..."
    assert cell_shown(1.5) == "'1.5'"


def test_whole_columns():
    assert is_whole(pd.Series([1.0, np.nan, -0.0]))
    assert is_whole(pd.Series([], dtype=float))
    for values in ([1.5], [np.inf], [2.0**53], ["1"], [1]):
        assert not is_whole(pd.Series(values)), values


@given(st.lists(st.floats(0, 120) | st.none(), min_size=1))
def test_a_number_survives_its_text(numbers):
    as_text = column(pd.Series(["" if x is None else repr(x) for x in numbers], dtype=object), NUMBER)
    typed = column(pd.Series(numbers, dtype=float), NUMBER)
    np.testing.assert_array_equal(as_text.values, typed.values)
    np.testing.assert_array_equal(as_text.empty, typed.empty)
    assert not as_text.bad.any()


# --------------------------------------------------------------------------------------------- the contract


def test_the_contract_is_the_published_one():
    # design and README: a column that is renamed here breaks every cohort folder there is.
    required = {name: {c for c, rule in rules.items() if rule.required} for name, rules in TABLES.items()}
    assert required == {
        "patients": {"patient_id"},
        "labs": {"patient_id", "week", "analyte", "value", "unit"},
        "treatments": {"patient_id", "agent", "start_week"},
        "outcomes": {"patient_id", "relapse", "week"},
        "adverse_events": {"patient_id", "week", "term"},
    }
    assert set(TABLES["patients"]) == {
        "patient_id", "enrolment_date", "centre", "arm", "sex", "age_years", "bmi_kg_m2", "hbv_genotype",
        "hbeag_positive_before_treatment", "hbsag_before_treatment_iu_ml", "pegifn_weeks", "consolidation_weeks",
        "prior_nuc", "decompensated_cirrhosis", "coinfection", "malignancy", "immunosuppression_within_6_months",
    }  # fmt: skip
    assert set(TABLES["labs"]) - required["labs"] == {"assay", "lower_limit", "upper_limit"}
    assert set(TABLES["treatments"]) - required["treatments"] == {"end_week", "dose", "unit"}
    assert set(TABLES["adverse_events"]) - required["adverse_events"] == {"grade", "serious", "related"}
    assert not any({"patient", *READ_COLUMNS} & set(rules) for rules in TABLES.values())
    assert OURS.keys() == TABLES.keys()


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (NUMBER, "a number from 0 to 120"),
        (Column("number", low=0), "a number from 0"),
        (Column("number"), "a number"),
        (FLAG, "0 or 1"),
        (DATE, "a date as YYYY-MM-DD"),
        (CHOICE, "one of F, M"),
        (TEXT, "text"),
    ],
)
def test_what_is_expected_of_a_column_is_said_in_words(rule, text):
    assert rule.expectation == text


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        (["patient_id", "week", "analyte", "value", "unit"], []),
        (["patient_id", "date", "analyte", "value", "unit", "extra"], []),
        (["patient_id", "week", "analyte", "unit", "unit"],
         [("unit", "columns 4 and 5 have one name"), ("value", "the column is missing")]),
        (["patient_id", "week", "analyte", "value", "unit", "patient", "kind"],
         [("patient", "a name the library needs"), ("kind", "a name the library needs")]),
        ([], [(None, "none of the columns of this table")]),
        # The header is missing: the first row is a patient.
        (["ZHANG-SAN-1985", "0", "alt", "5", "U/L"], [(None, "none of the columns of this table")]),
        # A wide table: every patient is a column, one of them twice.
        (["week", "analyte", "unit", "ZHANG-SAN-1985", "ZHANG-SAN-1985"],
         [(None, "columns 4 and 5 have one name"), ("patient_id", "the column is missing"),
          ("value", "the column is missing")]),
    ],
)  # fmt: skip
def test_columns_of_the_labs_table(columns, found):
    problems = column_problems("labs", columns)
    assert [(problem.column, problem.found) for problem in problems] == found
    assert not any("ZHANG" in str(problem) for problem in problems)


@pytest.mark.parametrize(
    ("columns", "advice"),
    [
        (["Patient ID", "sex"], "Did you mean the column 'Patient ID'?"),
        (["patientid", "sex"], "Did you mean the column 'patientid'?"),
        # Only names of the contract are cell_shown: another may be a patient's.
        (["sex", "ZHANG-SAN-1985", "ward"], "There are sex, and 2 more"),
        (["sex"], "There are sex"),
    ],
)
def test_a_column_that_is_missing_is_looked_for_under_its_neighbours(columns, advice):
    (problem,) = column_problems("patients", columns)
    assert (problem.column, problem.advice) == ("patient_id", advice)
