"""The gate: every problem of every table at once, each where it stands, and nobody named."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.cohort.measurements import measurements
from relapse_model.cohort.tables.days import EXPECTED, EXPECTED_DAY
from relapse_model.errors import CohortError, RelapseModelError
from relapse_model.study.study import Laboratory

ZHANG, LI, WANG = "ZHANG-SAN-1985", "李四-1990", "007"


def good():
    """Return a sound cohort of three patients, as text, as it comes from files."""
    return {
        "patients": pd.DataFrame(
            {
                "patient_id": [ZHANG, LI, WANG],
                "centre": ["01", "01", "02"],
                "sex": ["M", "F", ""],
                "age_years": ["40", "39.5", "NA"],
                "prior_nuc": ["1", "0", ""],
                "ward": [" 3 ", "NA", ""],  # extra: kept as it is
            },
            dtype=object,
        ),
        "labs": pd.DataFrame(
            {
                "patient_id": [ZHANG, LI, ZHANG, WANG],
                "week": ["0", "-2.5", "4", "0"],
                "analyte": ["anti_hbs", "anti_hbs", "hbsag", "alt"],
                "value": ["<10", "118", "阴性", "31"],
                "unit": ["mIU/mL", "m[IU]/mL", "", "U/L"],
                "lower_limit": ["10", "", "0.05", ""],
            },
            dtype=object,
        ),
        "treatments": pd.DataFrame(
            {
                "patient_id": [ZHANG, LI],
                "agent": ["hbig", "pegifn"],
                "start_week": ["0", "-48"],
                "end_week": ["0", ""],
                "dose": ["400", ""],
            },
            dtype=object,
        ),
        "outcomes": pd.DataFrame({"patient_id": [LI], "relapse": ["0"], "week": ["48"]}, dtype=object),
    }


def changed(table, row, column, value):
    """Return the sound tables with one cell changed; rows as a message counts them."""
    tables = good()
    tables[table].loc[row - 2, column] = value
    return tables


def refused(tables, **settings):
    with pytest.raises(CohortError) as caught:
        rm.make_cohort(**tables, **settings)
    assert not any(secret in part for secret in (ZHANG, LI) for part in (str(caught.value), repr(caught.value)))
    return caught.value.problems


def test_a_sound_cohort_is_read():
    cohort = rm.make_cohort(**good())
    assert repr(cohort) == "Cohort(3 patients, 4 labs, 2 treatments)"
    assert cohort.patient_ids.tolist() == [ZHANG, LI, WANG]  # "007" is no number
    assert cohort.patients["centre"].tolist() == ["01", "01", "02"]
    assert cohort.patients["ward"].tolist() == [" 3 ", "NA", ""]
    np.testing.assert_array_equal(cohort.patients["age_years"], [40, 39.5, np.nan])
    np.testing.assert_array_equal(cohort.patients["prior_nuc"], [1, 0, np.nan])
    assert cohort.labs["patient"].tolist() == [0, 1, 0, 2]
    assert cohort.labs["week"].tolist() == [0, -2.5, 4, 0]
    assert cohort.labs["value"].tolist() == ["<10", "118", "阴性", "31"]
    assert cohort.labs["kind"].tolist() == ["number", "number", "negative", "number"]
    assert cohort.labs["upper"].tolist()[:2] == [10, 118]
    assert cohort.treatments["start_week"].tolist() == [0, -48]
    assert cohort.outcomes["relapse"].tolist() == [0]
    assert (cohort.problems, len(cohort.rejected), cohort.synthetic) == ((), 0, False)


def test_the_tables_that_were_given_are_left_alone():
    tables, before = good(), good()
    rm.make_cohort(**tables)
    for name, table in tables.items():
        pd.testing.assert_frame_equal(table, before[name])


NOT_SHOWN = "a text that is not shown: the patients table is lacking or names others, and it may be a name"
A_WEEK, AN_AGE = "a number from -5200 to 5200", "a number from 0 to 120"

ONE_CELL = [
    # table, row, column, what stands there, what the message says came, what it expects
    ("patients", 2, "patient_id", "", "nothing", "text"),
    ("patients", 2, "patient_id", None, "nothing", "text"),
    ("patients", 2, "sex", "1", "'1'", "one of F, M"),
    ("patients", 3, "sex", "fem", "'fem'", "one of F, M"),
    ("patients", 3, "age_years", "forty", "'forty'", AN_AGE),
    ("patients", 3, "age_years", "121", "'121'", AN_AGE),
    ("patients", 4, "age_years", "inf", "'inf'", AN_AGE),
    ("patients", 4, "age_years", "39,5", "'39,5'", AN_AGE),
    ("patients", 4, "prior_nuc", "ETV", "'ETV'", "0 or 1"),
    ("labs", 2, "week", "week 4", "'week 4'", A_WEEK),
    ("labs", 2, "week", "", "nothing", A_WEEK),
    ("labs", 2, "week", "NaN", "nothing", A_WEEK),
    ("labs", 2, "week", "-inf", "'-inf'", A_WEEK),
    ("labs", 2, "week", "45750", "'45750'", A_WEEK),  # a date as a spreadsheet counts days
    ("labs", 3, "analyte", "", "nothing", "text"),
    ("labs", 3, "value", "5-10", "'5-10' (a range, not one number)", "a number or a laboratory's text"),
    ("labs", 3, "value", "-", "'-' (a bare dash means negative or not done: set dash='negative' or dash='missing')",
     "a number or a laboratory's text"),
    ("labs", 3, "value", "1,234", "'1,234' (one comma before three digits: thousands or a decimal)",
     "a number or a laboratory's text"),
    ("labs", 3, "unit", "", "no unit", "a unit"),
    ("labs", 3, "unit", "ug/L", "'ug/L'", "one unit for 'anti_hbs' (most rows have 'mIU/mL')"),
    ("labs", 2, "lower_limit", "-1", "'-1.0'", "a number from 0"),
    ("labs", 2, "lower_limit", "low", "'low'", "a number"),
    ("labs", 5, "patient_id", "nobody", "an identifier that is not in the patients table",
     "a patient of the patients table"),
    ("labs", 5, "patient_id", "7", "an identifier that is not in the patients table",
     "a patient of the patients table"),  # "007" it is not
    ("treatments", 2, "agent", "", "nothing", "text"),
    ("treatments", 2, "start_week", "x", "'x'", A_WEEK),
    ("treatments", 2, "end_week", "-1", "week -1, before the start in week 0", "the start or later"),
    ("treatments", 2, "dose", "-400", "'-400'", "a number from 0"),
    ("treatments", 2, "dose", "400 IU", "'400 IU'", "a number from 0"),
    ("outcomes", 2, "relapse", "2", "'2'", "0 or 1"),
    ("outcomes", 2, "relapse", "", "nothing", "0 or 1"),
    ("outcomes", 2, "week", "", "nothing", A_WEEK),
]  # fmt: skip


@pytest.mark.parametrize(("table", "row", "column", "value", "found", "expected"), ONE_CELL)
def test_one_wrong_cell_is_one_problem_in_its_place(table, row, column, value, found, expected):
    tables = changed(table, row, column, value)
    if (table, column, value) in [("patients", "patient_id", ""), ("patients", "patient_id", None)]:
        for name in ("labs", "treatments"):  # the rows of that patient would be problems of their own
            tables[name] = tables[name][tables[name]["patient_id"] != ZHANG]
    if value == "ug/L":  # one unit of three: which of them is wrong is decided by the majority
        tables["labs"].loc[3, ["analyte", "unit"]] = ["anti_hbs", "mIU/mL"]
    (problem,) = refused(tables)
    assert (problem.table, problem.row, problem.column) == (table, row, column)
    assert (problem.found, problem.expected) == (found, expected)


def test_all_problems_of_all_tables_come_in_one_error():
    tables = good()
    for table, row, column, value, *_ in ONE_CELL[2:]:
        if value != "ug/L" and column != "patient_id":
            tables[table].loc[row - 2, column] = value
    places = {(problem.table, problem.row, problem.column) for problem in refused(tables)}
    cells = {(t, r, c) for t, r, c, v, *_ in ONE_CELL[2:] if v != "ug/L" and c != "patient_id"}
    # Nothing is before a start that is no number, and a value that cannot be read needs no unit.
    assert cells - places == {("treatments", 2, "end_week"), ("labs", 3, "unit")}
    assert places <= cells
    assert {place[0] for place in places} == {"patients", "labs", "treatments", "outcomes"}


def test_a_broken_table_does_not_hide_what_is_wrong_with_the_others():
    tables = changed("patients", 2, "age_years", "forty")
    tables["labs"] = tables["labs"].drop(columns=["week"])
    tables["treatments"].loc[0, "dose"] = "-1"
    tables["outcomes"] = pd.concat([tables["outcomes"], tables["outcomes"]], axis=1)
    problems = refused(tables)
    assert [(p.table, p.column) for p in problems] == [
        ("labs", "week"), ("outcomes", "patient_id"), ("outcomes", "relapse"), ("outcomes", "week"),
        ("patients", "age_years"), ("treatments", "dose"),
    ]  # fmt: skip


def test_a_broken_patients_table_makes_no_unknown_patients():
    tables = good()
    tables["patients"] = tables["patients"].rename(columns={"patient_id": "patient"})
    tables["labs"].loc[0, "week"] = "x"
    problems = refused(tables)
    assert [(p.table, p.row, p.column) for p in problems] == [("patients", None, "patient_id"), ("labs", 2, "week")]
    # Nobody can say whether "x" is the name of a patient.
    assert problems[1].found == NOT_SHOWN


def test_a_patients_table_of_other_patients_says_as_little():
    # patient_id and centre were mixed up in both: nobody knows the names any more
    tables = good()
    for name in ("treatments", "outcomes"):
        del tables[name]
    tables["patients"]["patient_id"], tables["patients"]["sex"] = ["M", "F", "X"], [ZHANG, LI, WANG]
    tables["labs"]["week"], tables["labs"]["patient_id"] = [ZHANG, LI, ZHANG, "Nobody"], ["0", "1", "2", "3"]
    assert {problem.found for problem in refused(tables)} == {
        NOT_SHOWN, "an identifier that is not in the patients table",
    }  # fmt: skip


@pytest.mark.parametrize("on_problems", ["raise", "list"])
@pytest.mark.parametrize(
    ("table", "change", "found"),
    [
        ("patients", lambda t: t.iloc[:0], "no rows"),
        ("patients", lambda t: t.drop(columns="patient_id"), "the column is missing"),
        ("labs", lambda t: t.drop(columns="unit"), "the column is missing"),
        ("labs", lambda t: t.rename(columns={"lower_limit": "unit"}), "columns 5 and 6 have one name"),
        ("labs", lambda t: t.rename(columns={"lower_limit": " unit "}), "columns 5 and 6 have one name"),
        ("labs", lambda t: t.assign(patient=1), "a name the library needs"),
        ("labs", lambda t: t.assign(comparator=1), "a name the library needs"),
        ("treatments", lambda t: t.assign(patient=1), "a name the library needs"),
        ("labs", lambda t: t.set_axis([ZHANG, *"bcdef"], axis=1), "none of the columns of this table"),
        ("labs", lambda t: t.drop(columns="week").assign(date="2025-01-01"), "the column is missing"),
    ],
)
def test_a_table_that_cannot_be_read_is_refused_even_when_problems_are_listed(table, change, found, on_problems):
    tables = good()
    tables[table] = change(tables[table])
    assert {problem.found for problem in refused(tables, on_problems=on_problems)} == {found}


def test_a_header_only_table_is_a_table():
    tables = good()
    for name in ("labs", "treatments", "outcomes"):
        tables[name] = tables[name].iloc[:0]
    cohort = rm.make_cohort(**tables)
    assert repr(cohort) == "Cohort(3 patients, 0 labs, 0 treatments)"
    assert cohort.labs.columns.tolist()[:3] == ["patient", "patient_id", "week"]


def test_rows_that_stand_twice():
    tables = good()
    tables["labs"] = tables["labs"].iloc[[0, 1, 0, 2, 0]]
    tables["treatments"] = tables["treatments"].iloc[[1, 1]]
    tables["outcomes"] = pd.concat([tables["outcomes"], tables["outcomes"].assign(week="4")])
    found = [(p.table, p.row, p.found) for p in refused(tables)]
    assert found == [
        ("labs", 4, "the same row a second time"),
        ("labs", 6, "the same row a second time"),
        ("treatments", 3, "the same row a second time"),
        ("outcomes", 3, "a second outcome of one patient"),
    ]


def test_two_results_of_one_day_are_no_repetition():
    tables = good()
    tables["labs"] = pd.concat([tables["labs"], tables["labs"].iloc[:1].assign(value="12")])
    assert len(rm.make_cohort(**tables).labs) == 5


def test_a_patient_who_stands_twice_is_a_problem_on_every_row():
    tables = good()
    tables["patients"] = pd.concat([tables["patients"], tables["patients"].iloc[:1].assign(sex="F")])
    found = [(p.row, p.found, p.patient) for p in refused(tables)]
    what = "an identifier that stands on more than one row"
    assert found == [(2, what, ZHANG), (5, what, ZHANG)]


# ------------------------------------------------------------------------------------------------- nobody named


CHECKED = ["sex", "age_years", "prior_nuc", "week", "value", "unit", "lower_limit", "start_week", "dose", "relapse"]


@pytest.mark.parametrize(("column", "with_study"), [*((column, False) for column in CHECKED), ("unit", True)])
def test_no_message_repeats_an_identifier_that_stands_in_the_wrong_column(column, with_study, study):
    table = next(name for name, table in good().items() if column in table)
    for text in (ZHANG, f"({ZHANG.lower()}: haemolysed) ", "样本李四-1990溶血"):
        tables, settings = changed(table, 2, column, text), {"study": study} if with_study else {}
        listed = rm.make_cohort(**tables, **settings, on_problems="list")
        error = CohortError("refused", listed.problems)
        said = f"{error}{error!r}{listed!r}{listed.problems!r}{listed.rejected['reason'].tolist()}".lower()
        assert "is not shown, since a patient's identifier is in it" in said or column == "unit"
        assert ZHANG.lower() not in said
        assert "李四" not in said


def test_identifiers_in_a_column_of_units_are_not_said_to_be_the_usual_unit():
    tables = good()
    tables["labs"]["analyte"], tables["labs"]["unit"] = "alt", [ZHANG, ZHANG, LI, "U/L"]
    tables["labs"]["value"] = "5"
    for problem in refused(tables):
        assert problem.expected == "one unit for each analyte"


def test_columns_in_the_wrong_order():
    tables = good()
    labs = tables["labs"]
    labs["patient_id"], labs["week"] = labs["week"].copy(), labs["patient_id"].copy()
    found = [problem.found for problem in refused(tables)]
    assert found.count("a text that is not shown, since a patient's identifier is in it") == 3  # "007" is a number
    assert found.count("an identifier that is not in the patients table") == 4
    assert len(found) == 7


def test_short_numbers_are_shown_although_patients_are_numbered():
    tables = good()
    number = {ZHANG: "400", LI: "12", WANG: "3"}
    for table in tables.values():
        table["patient_id"] = table["patient_id"].map(number)
    tables["patients"].loc[0, "age_years"] = "400"
    tables["labs"].loc[0, "week"] = "week 12"
    assert [problem.found for problem in refused(tables)] == ["'400'", "'week 12'"]


# ------------------------------------------------------------------------------------------------------- list


def rows_of(tables, name, who):
    return int(tables[name]["patient_id"].isin(list(who)).sum())


def test_listing_keeps_the_sound_patients_and_lists_every_other_once():
    tables = good()
    tables["patients"].loc[3] = [LI, "01", "F", "40", "0", ""]  # the second Li: both rows go
    tables["patients"].loc[4] = ["", "01", "F", "40", "0", ""]
    tables["patients"].loc[5] = ["", "01", "F", "40", "0", ""]
    tables["patients"].loc[6] = ["new", "01", "F", "-1", "maybe", ""]  # two problems, one line
    tables["labs"].loc[4] = ["new", "0", "alt", "5", "U/L", ""]
    tables["labs"].loc[5] = ["nobody", "0", "alt", "5", "U/L", ""]
    tables["labs"].loc[6] = [WANG, "1", "alt", "6", "U/L", ""]
    cohort = rm.make_cohort(**tables, on_problems="list")
    assert cohort.patient_ids.tolist() == [ZHANG, WANG]
    assert cohort.rejected["patient_id"].tolist() == [LI, LI, "", "", "new"]
    assert cohort.rejected.index.tolist() == [1, 3, 4, 5, 6]  # rows of the file, for output in its order
    assert len(cohort) + len(cohort.rejected) == len(tables["patients"])
    assert cohort.rejected["reason"].tolist()[-1] == (
        "patients, row 8, column 'age_years': '-1'; expected a number from 0 to 120."
    )
    assert cohort.labs["patient"].tolist() == [0, 0, 1, 1]
    assert [len(cohort.treatments), len(cohort.outcomes)] == [1, 0]
    kept = rows_of(tables, "labs", cohort.patient_ids)
    assert len(cohort.labs) == kept
    unknown = [problem for problem in cohort.problems if problem.patient == "nobody"]
    assert [(problem.table, problem.row) for problem in unknown] == [("labs", 7)]


def test_listing_a_sound_cohort_lists_nothing():
    assert rm.make_cohort(**good(), on_problems="list") == rm.make_cohort(**good())


def test_listing_may_leave_nobody():
    tables = good()
    tables["patients"]["sex"] = "?"
    cohort = rm.make_cohort(**tables, on_problems="list")
    assert repr(cohort) == "Cohort(0 patients, 0 labs, 0 treatments)"
    assert len(cohort.rejected) == 3


@pytest.mark.parametrize(("table", "row", "column", "value"), [case[:4] for case in ONE_CELL])
def test_one_wrong_cell_costs_one_patient_at_most(table, row, column, value):
    tables = changed(table, row, column, value)
    cohort = rm.make_cohort(**tables, on_problems="list")
    assert len(cohort) + len(cohort.rejected) == 3
    assert len(cohort) == 3 - (table == "patients" or column != "patient_id")
    assert cohort.problems
    # Row for row: what was read, or belongs to a patient who is listed, or to nobody.
    for name in ("labs", "treatments", "outcomes"):
        assert len(getattr(cohort, name)) == rows_of(tables, name, cohort.patient_ids)


@pytest.mark.parametrize("on_problems", ["ignore", "List", None, True])
def test_a_setting_that_does_not_exist_is_refused(on_problems):
    with pytest.raises(RelapseModelError, match=re.escape(f"on_problems={on_problems!r}: expected 'raise' or 'list'")):
        rm.make_cohort(**good(), on_problems=on_problems)
    with pytest.raises(RelapseModelError, match="dash="):
        rm.make_cohort(**good(), dash="keep")


@pytest.mark.parametrize(("dash", "kind"), [("negative", "negative"), ("missing", "missing")])
def test_a_bare_dash_is_what_the_laboratory_says(dash, kind):
    cohort = rm.make_cohort(**changed("labs", 3, "value", "-"), dash=dash)
    assert cohort.labs["kind"].iloc[1] == kind


def test_the_study_says_what_its_laboratories_mean_unless_it_is_said_for_this_cohort(study):
    own = dataclasses.replace(study, laboratory=Laboratory(dash="missing", below_limit_detected=False))
    tables = changed("labs", 3, "value", "-")
    labs = rm.make_cohort(**tables, study=own).labs
    assert labs["kind"].iloc[1] == "missing"
    assert labs["detected"].iloc[0] is False  # "<10"
    labs = rm.make_cohort(**tables, study=own, dash="negative").labs
    assert labs["kind"].iloc[1] == "negative"
    assert rm.make_cohort(**good(), study=study).labs["detected"].iloc[0] is None


# ------------------------------------------------------------------------------------------------------- dates


def dated(enrolled=("2025-01-01", "2025-02-01", "2025-03-01"), **change):
    tables = good()
    tables["patients"]["enrolment_date"] = enrolled
    labs, treatments, outcomes = tables["labs"], tables["treatments"], tables["outcomes"]
    labs["date"] = change.get("labs", ["2025-01-01", "2025-01-15", "2025-01-29T08:00", "2025-03-02"])
    treatments["start_date"] = change.get("start", ["2025-01-01", "2024-03-02"])
    treatments["end_date"] = change.get("end", ["2025-01-08", ""])
    outcomes["date"] = ["2026-01-03"]
    tables["labs"] = labs.drop(columns="week")
    tables["treatments"] = treatments.drop(columns=["start_week", "end_week"])
    tables["outcomes"] = outcomes.drop(columns="week")
    return tables


def test_dates_become_weeks_since_enrolment():
    cohort = rm.make_cohort(**dated())
    assert cohort.labs["week"].tolist() == [0, -17 / 7, 4, 1 / 7]
    np.testing.assert_array_equal(cohort.treatments["start_week"], [0, -48])
    np.testing.assert_array_equal(cohort.treatments["end_week"], [1, np.nan])
    assert cohort.outcomes["week"].tolist() == [48]
    assert cohort.labs["date"].tolist()[2] == "2025-01-29T08:00"  # kept, as every extra column


def test_a_week_that_stands_beside_a_date_wins():
    tables = dated()
    tables["labs"]["week"] = "9"
    assert rm.make_cohort(**tables).labs["week"].tolist() == [9] * 4


@pytest.mark.parametrize("text", ["03/04/2025", "2025-02-30", "9999-12-31", "2609-07-22", "1025-01-01"])
def test_a_date_that_cannot_be_meant_is_refused_where_it_stands(text):
    # 2609-07-22 counted in nanoseconds comes round to 2025.
    (problem,) = refused(dated(labs=["2025-01-01", text, "2025-01-29", "2025-03-02"]))
    assert (problem.table, problem.row, problem.column, problem.found) == ("labs", 3, "date", repr(text))
    # 9999-12-31 stands for "no end" in many systems: it is refused as that.
    assert problem.expected in (EXPECTED, EXPECTED_DAY, "a date within a century of the enrolment_date")


def test_dates_that_are_missing_are_problems_in_their_own_column_and_never_week_0():
    tables = dated(("2025-01-01", "", "03.03.2025"), labs=["", "2025-01-15", "2025-01-29", ""], start=["", "x"])
    found = {(p.table, p.row, p.column): p.found for p in refused(tables)}
    assert found == {
        ("patients", 4, "enrolment_date"): "'03.03.2025'",
        ("labs", 2, "date"): "nothing",
        ("labs", 3, "date"): "a date of a patient without enrolment_date",
        ("labs", 5, "date"): "nothing",
        ("treatments", 2, "start_date"): "nothing",
        ("treatments", 3, "start_date"): "'x'",
        ("outcomes", 2, "date"): "a date of a patient without enrolment_date",
    }
    nobody = rm.make_cohort(**tables, on_problems="list")
    assert len(nobody) == 0
    # The patient without an enrolment date has no dates: that is no problem, and makes no weeks.
    tables = dated(("2025-01-01", "", "2025-03-01"))
    for name in ("labs", "treatments", "outcomes"):
        tables[name] = tables[name][tables[name]["patient_id"] != LI]
    assert len(rm.make_cohort(**tables)) == 3


def test_an_end_before_the_start_is_said_of_the_column_that_is_there():
    (problem,) = refused(dated(end=["2024-12-25", ""]))
    assert (problem.row, problem.column) == (2, "end_date")
    assert problem.found == "week -1, before the start in week 0"


def test_dates_without_enrolment_date():
    tables = dated()
    tables["patients"] = tables["patients"].drop(columns="enrolment_date")
    tables["labs"].loc[0, "unit"] = ""
    for on_problems in ("raise", "list"):
        problems = refused(tables, on_problems=on_problems)
        assert [p.expected for p in problems[:2]] == [
            "enrolment_date, since labs has 'date' and no 'week'",
            "enrolment_date, since treatments has 'start_date' and no 'start_week'",
        ]
        # The rest is checked all the same; where patients are listed, a cell would cost its patient, not the cohort.
        assert problems[-1].found == ("no unit" if on_problems == "raise" else "the column is missing")


# --------------------------------------------------------------------------------------------------- data types


def numbers_instead_of_text(tables):
    typed = {name: table.copy() for name, table in tables.items()}
    typed["patients"]["age_years"] = [40, 39.5, np.nan]
    typed["patients"]["prior_nuc"] = [1.0, 0.0, np.nan]
    typed["labs"]["week"] = [0.0, -2.5, 4.0, 0.0]
    typed["labs"]["lower_limit"] = [10, np.nan, 0.05, np.nan]
    typed["treatments"]["start_week"] = [0, -48]
    typed["treatments"]["end_week"] = [0, np.nan]
    typed["treatments"]["dose"] = [400, np.nan]
    typed["outcomes"]["relapse"] = [False]  # a truth value is a flag
    typed["outcomes"]["week"] = [48]
    return typed


FORMS = {
    "numpy": lambda table: table,
    "nullable": lambda table: table.convert_dtypes(),
    "pyarrow": lambda table: table.convert_dtypes(dtype_backend="pyarrow"),
    "categorical": lambda table: table.astype("category"),
    "object": lambda table: table.astype(object),
    "str": lambda table: table.astype({c: "str" for c in table if table[c].map(type).eq(str).all()}),
    "indexed": lambda table: table.set_index(pd.Index([9] * len(table))),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_data_frame_may_be_of_any_dtype(form):
    tables = {name: FORMS[form](table) for name, table in numbers_instead_of_text(good()).items()}
    cohort, expected = rm.make_cohort(**tables), rm.make_cohort(**good())
    for name in ("patients", "labs", "treatments", "outcomes"):
        ours, theirs = getattr(cohort, name), getattr(expected, name)
        both = [table.astype(object).where(table.notna(), None) for table in (ours, theirs)]
        pd.testing.assert_frame_equal(*both, check_dtype=False)


@pytest.mark.parametrize("dtype", [float, int, "Int64", "Float64", object, "category", "double[pyarrow]"])
def test_values_may_be_numbers(dtype):
    tables = good()
    tables["labs"] = tables["labs"].assign(unit="U/L", value=pd.Series([10, 118, 5, 31]).astype(dtype))
    cohort = rm.make_cohort(**tables)
    assert cohort.labs["number"].tolist() == [10, 118, 5, 31]
    assert cohort.labs["kind"].unique().tolist() == ["number"]


def test_missing_numbers_are_missing_and_negative_ones_refused():
    tables = good()
    tables["labs"] = tables["labs"].assign(unit="U/L", value=[10.0, np.nan, -5.0, np.inf])
    assert [(p.row, p.found) for p in refused(tables)] == [
        (4, "'-5.0' (a negative amount on a linear scale)"),
        (5, "'inf' (a number too large to hold, or infinite)"),
    ]


@pytest.mark.parametrize("dtype", [int, float, "Int64", object, "category", "int64[pyarrow]", "str"])
def test_patients_may_be_numbered_in_one_table_and_written_in_the_other(dtype):
    tables = good()
    number = {ZHANG: 1, LI: 2, WANG: 3}
    for name, table in tables.items():
        table["patient_id"] = table["patient_id"].map(number).astype(dtype if name == "labs" else str)
    cohort = rm.make_cohort(**tables)
    assert cohort.patient_ids.tolist() == ["1", "2", "3"]
    assert cohort.labs["patient"].tolist() == [0, 1, 0, 2]


def test_a_gap_makes_no_patient_number_a_fraction():
    tables = good()
    number = {ZHANG: 1.0, LI: 2.0, WANG: np.nan}
    for table in tables.values():
        table["patient_id"] = table["patient_id"].map(number).astype(float)
    cohort = rm.make_cohort(**tables, on_problems="list")
    assert cohort.patient_ids.tolist() == ["1", "2"]
    assert [(p.table, p.row, p.column, p.found) for p in cohort.problems] == [
        ("patients", 4, "patient_id", "nothing"), ("labs", 5, "patient_id", "nothing"),
    ]  # fmt: skip


def test_columns_that_hold_lists_are_kept():
    tables = good()
    tables["labs"]["tags"] = [["a"], ["b"], [], ["a"]]
    assert rm.make_cohort(**tables).labs["tags"].tolist() == [["a"], ["b"], [], ["a"]]
    tables["labs"] = pd.concat([tables["labs"], tables["labs"].iloc[:1]])
    assert [problem.found for problem in refused(tables)] == ["the same row a second time"]


# -------------------------------------------------------------------------------------------------------- units


def with_units(*pairs):
    """Return labs of anti_hbs with these values and units."""
    tables = good()
    count = range(len(pairs))
    tables["labs"] = pd.DataFrame(
        {
            "patient_id": ZHANG,
            "week": list(count),
            "analyte": "anti_hbs",
            "value": [value for value, _ in pairs],
            "unit": [unit for _, unit in pairs],
        }
    )
    return tables


def test_two_units_of_one_analyte_need_a_study(study):
    tables = with_units(("118", "mIU/mL"), ("0.2", "kIU/L"), ("90", "mIU/ml"), ("80", "IU/L"))
    assert [(p.row, p.found) for p in refused(tables)] == [(3, "'kIU/L'"), (5, "'IU/L'")]
    results = measurements(rm.make_cohort(**tables, study=study), study, "anti_hbs")
    assert sorted(results.value) == [80, 90, 118, 200]  # 0.2 kIU/L are 200 IU/L
    (problem,) = refused(with_units(("118", "mIU/mL"), ("0.2", "COI")), study=study)
    assert (problem.row, problem.found) == (3, "'COI'")
    assert problem.advice == "Convert it, or state the factor under [analytes.anti_hbs] units"
    assert len(rm.make_cohort(**with_units(("118", "mIU/mL"), ("80", "IU/L")), study=study).labs) == 2


def test_anti_hbs_in_iu_per_ml_is_refused_with_the_advice(study):
    (problem,) = refused(with_units(("363", "IU/mL")), study=study)
    assert "probably a slip of the pen" in problem.advice
    assert len(rm.make_cohort(**with_units(("363", "IU/mL"))).labs) == 1  # without a study nobody knows


def test_hbsag_by_weight_is_refused(study):
    tables = with_units(("5", "ng/mL"))
    tables["labs"]["analyte"] = "hbsag"
    (problem,) = refused(tables, study=study)
    assert problem.expected == "a unit of hbsag in this study ('IU/mL', 'kIU/L')"


def test_a_unit_printed_with_the_value_that_is_not_the_columns():
    (problem,) = refused(with_units(("118 IU/mL", "mIU/mL")))
    assert (problem.row, problem.column, problem.found) == (2, "unit", "'mIU/mL' for '118 IU/mL'")
    assert problem.expected == "the unit printed with the value"


def test_the_unit_printed_with_the_value_stands_in_for_a_blank_one():
    cohort = rm.make_cohort(**with_units(("118 mIU/mL", ""), ("<1.0 Log", "mIU/mL"), ("neg", "")), on_problems="list")
    # without a study an amount and its logarithm are two units
    assert [(p.row, p.found) for p in cohort.problems] == [(3, "'log10 mIU/mL'")]
    cohort = rm.make_cohort(**with_units(("118 mIU/mL", ""), ("neg", "")))
    assert cohort.labs["unit"].tolist() == ["mIU/mL", ""]


def test_an_amount_in_a_column_of_logarithms(study):
    tables = with_units(("2000", "log10 mIU/mL"), ("2.0", "log10 mIU/mL"), ("-1.3", "log10 mIU/mL"))
    (problem,) = refused(tables, study=study)
    assert (problem.row, problem.column, problem.found) == (2, "value", "'2000'")
    assert problem.expected == "a logarithm from -20 to 20, since the unit is one"


def test_a_limit_of_a_logarithm_may_be_negative_and_of_an_amount_not(study):
    tables = with_units(("-1.5", "log10 mIU/mL"), ("5", "mIU/mL"))
    tables["labs"]["lower_limit"] = ["-1.3", "-1.3"]
    (problem,) = refused(tables, study=study)
    assert (problem.row, problem.column) == (3, "lower_limit")


def test_a_day_of_enrolment_years_ahead_is_refused_and_one_that_is_planned_is_not():
    planned = str(np.datetime64("today") + np.timedelta64(100, "D"))
    assert len(rm.make_cohort(**dated((planned, "2025-01-01", "2025-01-01")))) == 3
    assert "patients" in {problem.table for problem in refused(dated(("2609-01-01", "2025-01-01", "2025-01-01")))}
    (problem,) = refused(dated(("2042-01-01", "2025-01-01", "2025-01-01")))
    assert (problem.table, problem.row, problem.column, problem.found) == (
        "patients",
        2,
        "enrolment_date",
        "'2042-01-01'",
    )
    assert problem.expected == "a day that has come, or comes within a year"


@pytest.mark.parametrize("form", ["Ａ１", "A1\u200b", "\u00a0A1", "A\u00ad1"])
def test_forms_of_an_identifier_are_one_patient_in_every_table(form):
    labs = pd.DataFrame({"patient_id": ["A1", form], "week": [0, 4], "analyte": "x", "value": "1", "unit": "U/L"})
    doses = pd.DataFrame({"patient_id": [form], "agent": "y", "start_week": 0})
    ends = pd.DataFrame({"patient_id": [form], "relapse": 0, "week": 48})
    cohort = rm.make_cohort(pd.DataFrame({"patient_id": ["A1"]}), labs, doses, ends)
    assert [len(table) for table in (cohort.labs, cohort.treatments, cohort.outcomes)] == [2, 1, 1]
    with pytest.raises(CohortError, match="stands on more than one row") as caught:
        rm.make_cohort(pd.DataFrame({"patient_id": ["A1", form]}), labs)
    assert [problem.row for problem in caught.value.problems] == [2, 3]
    # What goes out is spelt as in the patients table.
    spelt = rm.make_cohort(pd.DataFrame({"patient_id": [form]}), labs)
    assert spelt.patient_ids.tolist() == [form.strip()]


def test_no_form_of_an_identifier_is_shown_in_a_message():
    labs = pd.DataFrame(
        {"patient_id": ["ZHANG-1985"], "week": 0, "analyte": "x", "value": "ＺＨＡＮＧ-１９８５", "unit": "U/L"}
    )
    with pytest.raises(CohortError) as caught:
        rm.make_cohort(pd.DataFrame({"patient_id": ["ZHANG-1985"]}), labs)
    assert "１９８５" not in str(caught.value)
    assert "1985" not in str(caught.value)
