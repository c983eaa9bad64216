"""Eligibility: every call can be made by hand from one row; counts add up; nothing later is read."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

import relapse_model as rm
from relapse_model.cohort.eligibility.screening import screen
from relapse_model.cohort.simulation.chemistry import HBEAG_HIGHEST
from relapse_model.errors import CohortError, StudyError
from relapse_model.study.analyte import Analyte
from relapse_model.study.eligibility import Criterion, Eligibility
from relapse_model.study.prediction import OutcomeRule, Prediction
from relapse_model.study.study import Study, Treatments

NAN = math.nan
EXCLUSIONS = ("decompensated_cirrhosis", "coinfection", "malignancy", "immunosuppression_within_6_months")
ANALYTES = {
    "dna": Analyte("dna", "IU/mL", "HBV DNA", scale="log10", lower_limit=10, units={"kIU/mL": 1000.0}),
    "open": Analyte("open", "IU/mL", "open", scale="log10"),  # no limit is known
    "logged": Analyte("logged", "log10 U/mL", "logged"),  # nor here, and the unit is a logarithm
    "hbeag": Analyte("hbeag", "S/CO", "HBeAg"),
}
CALLS = {"eligible": 1, "not eligible": 0, "undecidable": -1}
LAB_COLUMNS = ["patient_id", "week", "analyte", "value", "unit", "lower_limit"]
TREATED = pd.DataFrame({"patient_id": ["a", "b"], "agent": ["pegifn", "nuc"], "start_week": [-60.0, -60.0]})


def study_of(*include, exclude=()):
    eligibility = Eligibility(include, tuple(exclude))
    return Study("s", "", "", ANALYTES, OutcomeRule("x"), Prediction(), (), "", eligibility=eligibility)


def cohort_of(patients, labs=(), treatments=None, study=None):
    """Make a cohort; rows of labs are (patient, week, analyte, value, unit[, lower_limit])."""
    table = pd.DataFrame([(*row, NAN)[:6] for row in labs], columns=LAB_COLUMNS)
    table["lower_limit"] = table["lower_limit"].astype(float)
    return rm.make_cohort(pd.DataFrame(patients), table, treatments, study=study)


def by_column(values, **condition):
    """Return the calls of one inclusion criterion on a column, and the reasons."""
    ids = [f"id-{row}" for row in range(len(values))]
    criterion = Criterion("I1", "text", column="x", **condition)
    found = screen(cohort_of({"patient_id": ids, "x": values}), study_of(criterion)).patients
    return found["state"].map(CALLS).tolist(), found["reasons"].tolist()


def by_result(value, limit=NAN, analyte="dna", unit="IU/mL", **condition):
    """Return the call of one inclusion criterion on one result in week 0, and the reason."""
    study = study_of(Criterion("I1", "text", analyte=analyte, **condition))
    cohort = cohort_of({"patient_id": ["a"]}, [("a", 0, analyte, value, unit, limit)], study=study)
    found = screen(cohort, study).patients.iloc[0]
    return CALLS[found["state"]], found["reasons"]


# ---- columns of the patients table ----


@pytest.mark.parametrize(
    ("condition", "values", "expected"),
    [
        ({"between": (18, 60)}, [17.9, 18, 40, 60, 60.1], [0, 1, 1, 1, 0]),  # both ends belong to it
        ({"at_most": 28}, [27.9, 28, 28.1], [1, 1, 0]),
        ({"below": 28}, [27.9, 28, 28.1], [1, 0, 0]),
        ({"at_least": 28}, [27.9, 28, 28.1], [0, 1, 1]),
        ({"above": 28}, [27.9, 28, 28.1], [0, 0, 1]),
        # a printed limit says no more than its bounds: "<20" may be 5, ">60" is no 60
        ({"below": 20}, ["<20", "<21", "20", "19.9", ">20", ">19"], [1, -1, 0, 1, 0, -1]),
        ({"at_least": 20}, ["<20", "<21", "20", "19.9", ">20", ">19"], [0, -1, 1, 0, 1, -1]),
        ({"at_most": 20}, ["<20", "<21", "20", "20.1", ">20", ">19"], [1, -1, 1, 0, 0, -1]),
        ({"above": 20}, ["<20", "<21", "20", "20.1", ">20", ">19"], [0, -1, 0, 1, 1, -1]),
        ({"between": (18, 60)}, ["<18", "<60", ">60", ">18", "18"], [0, -1, 0, -1, 1]),
        ({"at_most": 0}, ["<20"], [-1]),  # 0 itself is among the values that "<20" may stand for
        # flags, however they come
        ({"equals": ("1",)}, [1, 0, NAN], [1, 0, -1]),
        ({"equals": ("1",)}, ["1", "0", ""], [1, 0, -1]),
        ({"equals": ("1",)}, [True, False], [1, 0]),
        ({"equals": ("1",)}, ["1.0", "yes", "2"], [1, 1, -1]),  # "yes" is 1; "2" must not pass for "is not 1"
        ({"equals": ("1",)}, ["True", "是", "no", "False", "否", "perhaps"], [1, 1, 0, 0, 0, -1]),
        ({"equals": ("0",)}, [1, 0, NAN], [0, 1, -1]),
        # texts: stripped, whole numbers without ".0"
        ({"equals": ("B", "C")}, [" B", "C", "D", "NA", None], [1, 1, 0, -1, -1]),
        ({"equals": ("B", "C")}, ["b", "Ｃ", "C2", "B/C"], [1, 1, -1, -1]),  # a subtype, or both: neither yes nor no
        ({"equals": ("3", "4")}, [3.0, 4.0, 5.0, NAN], [1, 1, 0, -1]),
    ],
)
def test_column(condition, values, expected):
    assert by_column(values, **condition)[0] == expected


def test_what_a_column_lacks_is_named():
    _, reasons = by_column(["", "tall", "1.0 Log", "30 kg/m2", "20"], at_most=28)
    assert reasons == [
        "I1: x is empty",
        "I1: x holds 'tall', which cannot show 'at most 28'",
        "I1: x holds '1.0 Log', which cannot show 'at most 28'",
        "I1: x holds '30 kg/m2', which cannot show 'at most 28'",  # the name of the column states the unit
        "",
    ]
    assert by_column(["ETV"], equals=("1",))[1] == ["I1: x holds 'ETV', which is neither 0 nor 1"]
    assert by_column(["C2"], equals=("B", "C"))[1] == ["I1: x holds 'C2', which looks like 'B or C' and is not it"]


def test_an_absent_column_is_undecidable():
    screening = screen(cohort_of({"patient_id": ["a", "b"]}), study_of(Criterion("I1", "text", column="bmi", above=1)))
    assert screening.patients["state"].tolist() == ["undecidable"] * 2
    assert screening.patients["reasons"].tolist() == ["I1: the patients table has no column 'bmi'"] * 2
    assert "needs the patients column 'bmi', which is absent" in str(screening)


# ---- results ----


@pytest.mark.parametrize(
    ("value", "limit", "call"),
    [
        ("<10", NAN, 1),
        ("<=10", NAN, 1),
        ("10", NAN, 0),
        ("9.9", NAN, 1),
        ("<20", NAN, -1),  # a 20 IU/mL assay cannot show it
        ("<20 not detected", NAN, -1),
        ("TND", 10, 1),
        ("TND", 20, -1),
        ("TND", NAN, 1),  # at the study's limit, which is 10
        ("0", 10, 1),
        ("0.00", 20, -1),
        (">5", NAN, -1),
        (">10", NAN, 0),
        ("positive", 10, 0),  # detected by an assay whose limit is the threshold
        ("positive", 5, -1),
        ("灰区", 10, -1),
    ],
)
def test_below_is_decided_by_the_bounds_of_the_result(value, limit, call):
    assert by_result(value, limit, below=10)[0] == call
    assert by_result(value, limit, at_least=10)[0] == {1: 0, 0: 1, -1: -1}[call]


@pytest.mark.parametrize(
    ("value", "call"), [("10", 1), ("10.1", 0), ("<10", 1), ("<20", -1), (">10", 0), (">=10", 0), (">5", -1)]
)
def test_at_most_is_decided_by_the_bounds_of_the_result(value, call):
    assert by_result(value, at_most=10)[0] == call
    assert by_result(value, above=10)[0] == {1: 0, 0: 1, -1: -1}[call]


def test_units_are_converted_before_the_call():
    assert by_result("0.009", unit="kIU/mL", below=10)[0] == 1  # 9 IU/mL
    assert by_result("0.011", unit="kIU/mL", below=10)[0] == 0
    assert by_result("<1.0", unit="log10 IU/mL", below=10)[0] == 1
    assert by_result("<1.3", unit="log10 IU/mL", below=10)[0] == -1  # below 20


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        (("<20",), "I1: HBV DNA '<20' IU/mL cannot show 'below 10': the assay's limit is 20"),
        (("TND", 50), "I1: HBV DNA 'TND' IU/mL cannot show 'below 10': the assay's limit is 50"),
        (("灰区",), "I1: HBV DNA '灰区' IU/mL cannot show 'below 10': a word without a number"),
        ((">5",), "I1: HBV DNA '>5' IU/mL cannot show 'below 10': it is above 5 IU/mL"),
    ],
)
def test_the_reason_names_result_and_limit(result, reason):
    assert by_result(*result, below=10)[1] == reason


@pytest.mark.parametrize(("analyte", "unit"), [("open", "IU/mL"), ("logged", "log10 U/mL")])
@pytest.mark.parametrize("value", ["negative", "0"])
def test_below_no_known_limit_is_undecidable(analyte, unit, value):
    call, reason = by_result(value, analyte=analyte, unit=unit, below=10)
    assert (call, reason.split(": ")[-1]) == (-1, f"no limit of it is known in {unit}")


def test_the_limit_of_a_word_counts_only_in_a_unit_of_the_study():
    # 20 of what? The study's limit of 10 IU/mL must not take its place.
    assert by_result("TND", 20, unit=None, below=10)[0] == -1
    assert by_result("TND", 500, unit="copies/mL", below=10)[0] == -1
    assert by_result("TND", 0.01, unit="kIU/mL", below=10)[0] == 1
    assert by_result("TND", unit=None, below=10)[0] == 1  # none given: the study's


def test_decisions_at_the_study_s_limit_are_counted():
    study = study_of(Criterion("I1", "text", analyte="dna", below=10))
    rows = [("a", 0, "dna", "TND", "IU/mL"), ("b", 0, "dna", "TND", "IU/mL", 10), ("c", 0, "dna", "<10", "IU/mL"),
            ("d", 0, "dna", "0", "IU/mL"), ("e", 0, "dna", "TND", "IU/mL", 0)]  # fmt: skip
    screening = screen(cohort_of({"patient_id": list("abcde")}, rows, study=study), study)
    assert screening.criteria["at_study_limit"].tolist() == [3]  # a, d, and e: a limit of 0 is none
    assert str(screening).endswith("Decided at the study's limit, since the result carries none:\n        3  I1")


def test_a_unit_the_study_does_not_know_is_refused():
    criterion = Criterion("I1", "text", analyte="dna", below=10)
    cohort = cohort_of({"patient_id": ["a"]}, [("a", 0, "dna", "12", "copies/mL")])
    with pytest.raises(CohortError, match="copies/mL"):
        screen(cohort, study_of(criterion))


@pytest.mark.parametrize(
    ("value", "limit", "call"),
    [
        ("negative", NAN, 1),
        ("阴性", NAN, 1),
        ("阳性", NAN, 0),
        ("灰区", NAN, -1),
        ("0.34 (-)", NAN, 1),  # word beside the number
        ("0.34", NAN, -1),  # no cut-off is assumed
        ("0.34", 0.5, 1),
        ("0.5", 0.5, 0),
        ("12", 0.5, 0),
        (">12", 0.5, 0),
        (">0.1", 0.5, -1),
        ("<0.5", NAN, 1),  # below the limit that it prints
        ("<0.5", 0.5, 1),
        ("<0.5", 0.1, -1),  # may lie on either side of 0.1
        ("<0.5 detected", NAN, 0),
    ],
)
def test_an_analyte_by_its_sign(value, limit, call):
    assert by_result(value, limit, "hbeag", "S/CO", equals=("negative",))[0] == call
    assert by_result(value, limit, "hbeag", "S/CO", equals=("positive",))[0] == {1: 0, 0: 1, -1: -1}[call]


def test_reasons_of_a_sign():
    silent = by_result("0.34", NAN, "hbeag", "S/CO", equals=("negative",))[1]
    assert silent.startswith("I1: HBeAg '0.34' S/CO comes with no word and no limit")
    grey = by_result("灰区", NAN, "hbeag", "S/CO", equals=("negative",))[1]
    assert grey == "I1: HBeAg '灰区' S/CO is neither negative nor positive"


def states_of(rows, window=None):
    study = study_of(Criterion("I1", "text", analyte="dna", below=10, window_weeks=window))
    return screen(cohort_of({"patient_id": ["a"]}, rows, study=study), study).patients.iloc[0]


@pytest.mark.parametrize(
    ("weeks_and_values", "window", "call"),
    [
        ([(-8, "5"), (-1, "50")], None, 0),  # the last one counts
        ([(-1, "50"), (-8, "5")], None, 0),  # wherever it stands
        ([(0, "5"), (0, "7")], None, 1),  # two on one day that both meet it
        ([(0, "<9"), (0, "7")], None, 1),  # or can be true together
        ([(-1, "50"), (0.1, "5")], None, 0),  # later than enrolment: not known yet
        ([(0.1, "5")], None, -1),
        ([(-4, "5")], 4, 1),  # the border belongs to the window
        ([(-4.1, "5")], 4, -1),
        ([(-300, "5")], None, 1),
        ([(-4, "5"), (0, "not done")], 4, 1),  # a missing result is none
        ([(-5, "5"), (0, "not done")], 4, -1),
        ([(-2, "5"), (0, "灰区")], 4, -1),  # the last one counts, also where it says little
        ([], 4, -1),
    ],
)
def test_which_result_counts(weeks_and_values, window, call):
    found = states_of([("a", week, "dna", value, "IU/mL") for week, value in weeks_and_values], window)
    assert CALLS[found["state"]] == call


def test_no_result_is_named():
    assert states_of([], 4)["reasons"] == "I1: there is no result of HBV DNA in the 4 weeks up to enrolment"
    assert states_of([])["reasons"] == "I1: there is no result of HBV DNA at or before enrolment"


# ---- agents ----


def by_agents(treatments, wanted):
    study = study_of(Criterion("I1", "text", agents=("pegifn",), ever=wanted))
    found = screen(cohort_of({"patient_id": ["a", "b", "c"]}, treatments=treatments), study).patients
    return found["state"].map(CALLS).tolist(), found["reasons"].tolist()


def test_agents():
    # a had it; b had another; c has no row, in a cohort that records treatments
    assert by_agents(TREATED, True) == ([1, 0, 0], [""] * 3)
    assert by_agents(TREATED, False) == ([0, 1, 1], [""] * 3)
    assert by_agents(None, True) == ([-1] * 3, ["I1: there is no treatments table"] * 3)


def test_none_recorded_decides_nothing_where_the_table_is_not_complete():
    study = study_of(Criterion("I1", "text", agents=("pegifn",), ever=True))
    ids = {"patient_id": ["a", "b"]}
    found = screen(cohort_of(ids, treatments=TREATED), study).patients
    assert found["state"].tolist() == ["eligible", "not eligible"]
    open_study = dataclasses.replace(study, treatments=Treatments(complete=False))
    found = screen(cohort_of(ids, treatments=TREATED), open_study).patients
    assert found["state"].tolist() == ["eligible", "undecidable"]
    assert "no course of pegifn is recorded, and the table is not complete" in found["reasons"].iloc[1]


def test_a_course_counts_from_its_first_week():
    at = {week: TREATED.assign(start_week=week) for week in (0.0, 0.1)}
    assert by_agents(at[0.0], True)[0] == [1, 0, 0]
    assert by_agents(at[0.1], True)[0] == [0, 0, 0]


# ---- states and counts ----


def hand_made():
    """Six patients, one inclusion and one exclusion criterion."""
    age = Criterion("I1", "adult", column="age", at_least=18)
    cancer = Criterion("E1", "cancer", column="cancer", equals=("1",))
    table = {
        "patient_id": ["patient-" + name for name in "uvwxyz"],
        "age": ["30", "17", "", "30", "30", ""],
        "cancer": ["0", "0", "0", "1", "", "1"],
    }
    return screen(cohort_of(table), study_of(age, exclude=[cancer]))


def test_states_by_hand():
    found = hand_made().patients
    assert found.index.name == "patient_id"
    assert found["state"].tolist() == [
        *("eligible", "not eligible", "undecidable", "not eligible", "undecidable"),
        "not eligible",  # the exclusion settles it, whatever the age
    ]
    assert found["failed"].tolist() == ["", "I1", "", "E1", "", "E1"]
    assert found["undecided"].tolist() == ["", "", "I1", "", "E1", "I1"]
    assert found["reasons"].iloc[4] == "E1: cancer is empty"


def test_counts_by_hand():
    screening = hand_made()
    counts = screening.criteria[["id", "side", "met", "not_met", "undecidable"]]
    # ages: 30 three times, 17 once, two unknown; cancer: two have it, three do not, one is unknown
    assert counts.to_numpy().tolist() == [["I1", "include", 3, 1, 2], ["E1", "exclude", 2, 3, 1]]
    steps = screening.attrition[["step", "id", "remaining", "left", "undecidable"]]
    # v leaves at I1, and of the five left w and z are open; x and z leave at E1, w and y are open, u is eligible
    assert steps.to_numpy().tolist() == [[0, "", 6, 0, 0], [1, "I1", 5, 1, 2], [2, "E1", 3, 2, 2]]


def test_printed_account():
    screening = hand_made()
    assert str(screening).splitlines() == [
        "Eligibility of 6 patients: 1 eligible, 3 not eligible, 2 undecidable.",
        "remaining  left here  undecidable  criterion (undecidable: at this criterion or one above)",
        "        6          0            0  all patients of the cohort",
        "        5          1            2  I1: adult",
        "        3          2            2  E1: cancer",
        "Undecidable, over the whole cohort:",
        "        2  I1: needs the patients column 'age'",
        "        1  E1: needs the patients column 'cancer'",
    ]
    assert repr(screening) == "Screening(1 eligible, 3 not eligible, 2 undecidable)"


def test_no_identifier_is_printed():
    screening = hand_made()
    assert "patient-" in screening.patients.to_string()  # so the next lines can fail
    assert "patient-" not in str(screening) + repr(screening)
    assert "patient-" not in screening.criteria.to_string() + screening.attrition.to_string()


def test_a_patient_who_left_is_not_counted_again():
    first, second = (Criterion(name, name, column="x", below=limit) for name, limit in (("I1", 5), ("I2", 3)))
    screening = screen(cohort_of({"patient_id": ["a", "b"], "x": [9, 4]}), study_of(first, second))
    assert screening.criteria["not_met"].tolist() == [1, 2]
    assert screening.attrition["left"].tolist() == [0, 1, 1]
    assert screening.patients["failed"].tolist() == ["I1; I2", "I2"]


# ---- refusals ----


def test_a_study_without_criteria_is_refused():
    with pytest.raises(StudyError, match="no eligibility criteria"):
        screen(cohort_of({"patient_id": ["a"]}), study_of())


@pytest.mark.parametrize(
    ("criterion", "match"),
    [
        (Criterion("I7", "", analyte="dna", equals=("absent",)), "'I7': equals absent; expected equals = "),
        (Criterion("I7", "", column="x", below=1, window_weeks=4), "'I7': window_weeks without an analyte"),
        (Criterion("I7", "", agents=("nuc",), ever=True, window_weeks=4), "'I7': window_weeks without an analyte"),
    ],
)
def test_a_criterion_without_meaning_is_refused(criterion, match):
    with pytest.raises(StudyError, match=match):
        screen(cohort_of({"patient_id": ["a"], "x": [1]}), study_of(criterion))


# ---- properties ----

CELLS = st.sampled_from(["", "0", "1", "17", "18", "60", "61", "<18", "yes"])
RESULTS = st.sampled_from(["", "<10", "<20", "10", "5", "TND", "positive", "灰区"])
MIXED = study_of(
    Criterion("I1", "", column="age", between=(18, 60)),
    Criterion("I2", "", analyte="dna", below=10, window_weeks=4),
    Criterion("I3", "", agents=("pegifn",), ever=True),
    exclude=[Criterion("E1", "", column="cancer", equals=("1",)), Criterion("E2", "", column="absent", above=1)],
)


def mixed_cohort(rows, treatments=True):
    ids = [f"p{row}" for row in range(len(rows))]
    patients = {"patient_id": ids, "age": [row[0] for row in rows], "cancer": [row[1] for row in rows]}
    labs = [(one, -1, "dna", row[2], "IU/mL") for one, row in zip(ids, rows, strict=True) if row[2]]
    given = [one for one, row in zip(ids, rows, strict=True) if row[3]]
    courses = pd.DataFrame({"patient_id": given, "agent": "pegifn", "start_week": -50.0})
    # Read without the study, which would refuse a "17" where it asks for yes or no: it is undecidable here.
    return cohort_of(patients, labs, courses if treatments and given else None)


ROWS = st.lists(st.tuples(CELLS, CELLS, RESULTS, st.booleans()), min_size=1, max_size=12)


@given(rows=ROWS, keep=st.integers(2, 4))
@settings(max_examples=25, deadline=None)
def test_counts_add_up_to_the_cohort(rows, keep):
    # `keep` of 4 leaves the absent column out, so that patients can be eligible
    names = ("I1", "I2", "I3", "E1", "E2")[: keep + 1]
    include = tuple(one for one in MIXED.eligibility.include if one.id in names)
    exclude = tuple(one for one in MIXED.eligibility.exclude if one.id in names)
    study = dataclasses.replace(MIXED, eligibility=Eligibility(include, exclude))
    screening = screen(mixed_cohort(rows), study)
    patients, criteria, attrition = screening.patients, screening.criteria, screening.attrition
    counts = patients["state"].value_counts()
    assert (criteria[["met", "not_met", "undecidable"]].sum(axis=1) == len(rows)).all()
    assert attrition["left"].sum() == counts.get("not eligible", 0)
    assert attrition["left"].sum() + attrition["remaining"].iloc[-1] == len(rows)
    assert attrition["undecidable"].iloc[-1] == counts.get("undecidable", 0)
    assert (attrition["undecidable"] <= attrition["remaining"]).all()
    assert ((patients["failed"] != "") == (patients["state"] == "not eligible")).all()
    assert ((patients["undecided"] != "") == (patients["reasons"] != "")).all()
    assert ((patients["state"] == "eligible") == ((patients["failed"] == "") & (patients["undecided"] == ""))).all()


@given(rows=ROWS, order=st.randoms(use_true_random=False))
@settings(max_examples=12, deadline=None)
def test_row_order_says_nothing(rows, order):
    cohort = mixed_cohort(rows)
    tables = {}
    for name, table in cohort.tables().items():
        positions = list(range(len(table)))
        order.shuffle(positions)
        tables[name] = table.iloc[positions]
    shuffled = screen(rm.make_cohort(**tables), MIXED)
    straight = screen(cohort, MIXED)
    assert_frame_equal(shuffled.patients.loc[straight.patients.index], straight.patients)
    assert_frame_equal(shuffled.criteria, straight.criteria)
    assert_frame_equal(shuffled.attrition, straight.attrition)


# ---- the trial's own criteria ----


def complete(cohort, **columns):
    """Add what the simulator does not record: the excluding conditions, and the HBeAg assay's cut-off."""
    tables = {name: table.copy() for name, table in cohort.tables().items()}
    tables["patients"] = tables["patients"].assign(**dict.fromkeys(EXCLUSIONS, 0), **columns)
    # The simulator's negatives end at HBEAG_HIGHEST, so its cut-off lies above.
    tables["labs"].loc[tables["labs"]["analyte"] == "hbeag", "lower_limit"] = HBEAG_HIGHEST + 0.01
    return tables


def test_nobody_is_eligible_while_exclusions_are_not_recorded(cohort, study):
    tables = cohort.tables()
    tables = {**tables, "patients": tables["patients"].drop(columns=list(EXCLUSIONS))}
    screening = screen(rm.make_cohort(**tables, study=study), study)
    assert set(screening.patients["state"]) <= {"undecidable", "not eligible"}
    for column in EXCLUSIONS:
        assert f"the patients table has no column {column!r}" in screening.patients["reasons"].iloc[0]


def test_most_simulated_patients_are_eligible_once_they_are(cohort, study):
    # The simulator draws age, BMI, HBsAg, HBeAg and HBV DNA within the trial's criteria; a few HBeAg are not done.
    screening = screen(rm.make_cohort(**complete(cohort), study=study), study)
    counts = screening.patients["state"].value_counts()
    assert counts["eligible"] > 0.9 * len(cohort)
    assert "not eligible" not in counts
    assert set(screening.patients["undecided"]) <= {"", "I4"}


def test_later_rows_change_nothing(cohort, study):
    tables = complete(cohort)
    with_all = screen(rm.make_cohort(**tables, study=study), study)
    tables["labs"] = tables["labs"][tables["labs"]["week"] <= 0]
    tables["treatments"] = tables["treatments"][tables["treatments"]["start_week"] <= 0]
    until_enrolment = screen(rm.make_cohort(**tables, study=study), study)
    assert len(rm.make_cohort(**tables, study=study).labs) < len(cohort.labs)
    for name in ("patients", "criteria", "attrition"):
        assert_frame_equal(getattr(with_all, name), getattr(until_enrolment, name))


@pytest.mark.parametrize(
    ("change", "state", "failed", "undecided"),
    [
        ({}, "eligible", "", ""),
        ({"age_years": 18}, "eligible", "", ""),
        ({"age_years": 60}, "eligible", "", ""),
        ({"age_years": 60.5}, "not eligible", "I1", ""),
        ({"bmi_kg_m2": 28}, "eligible", "", ""),
        ({"bmi_kg_m2": 28.1}, "not eligible", "I6", ""),
        ({"hbsag": "0.05"}, "not eligible", "I2", ""),
        ({"hbsag": "0.049"}, "eligible", "", ""),
        ({"hbsag": "<0.5"}, "undecidable", "", "I2"),
        ({"hbv_dna": "<20"}, "undecidable", "", "I5"),
        ({"hbv_dna": "10"}, "not eligible", "I5", ""),
        ({"hbeag": "阳性"}, "not eligible", "I4", ""),
        ({"hbeag": "0.4"}, "undecidable", "", "I4"),
        ({"agent": "entecavir"}, "not eligible", "I3; E2", ""),
        ({"malignancy": 1}, "not eligible", "E4", ""),
        ({"coinfection": NAN}, "undecidable", "", "E3"),
        ({"coinfection": NAN, "decompensated_cirrhosis": 1}, "not eligible", "E1", "E3"),
        ({"immunosuppression_within_6_months": 1}, "not eligible", "E5", ""),
        ({"week": -4}, "eligible", "", ""),
        ({"week": -4.5}, "undecidable", "", "I2; I4; I5"),
    ],
)
def test_the_trial_s_criteria(study, change, state, failed, undecided):
    whole = {"age_years": 40, "bmi_kg_m2": 24, **dict.fromkeys(EXCLUSIONS, 0), "hbsag": "<0.05", "hbv_dna": "<10"}
    whole |= {"hbeag": "阴性", "agent": "pegifn", "week": 0} | change
    units = {"hbsag": "IU/mL", "hbv_dna": "IU/mL", "hbeag": "S/CO"}
    labs = [("a", whole["week"], name, whole[name], unit) for name, unit in units.items()]
    patients = {name: [whole[name]] for name in ("age_years", "bmi_kg_m2", *EXCLUSIONS)}
    treatments = pd.DataFrame({"patient_id": ["a"], "agent": [whole["agent"]], "start_week": [-60]})
    cohort = cohort_of({"patient_id": ["a"], **patients}, labs, treatments, study)
    found = screen(cohort, study).patients.iloc[0]
    assert (found["state"], found["failed"], found["undecided"]) == (state, failed, undecided)


def test_the_built_in_study_states_the_record_s_thresholds(study):
    include = {criterion.id: criterion for criterion in study.eligibility.include}
    assert (include["I1"].between, include["I2"].below, include["I5"].below) == ((18, 60), 0.05, 10)
    assert include["I6"].at_most == 28
    assert [criterion.column for criterion in study.eligibility.exclude if criterion.column] == list(EXCLUSIONS)


def test_a_cohort_without_any_result_has_a_verdict_for_everybody():
    found = screen(mixed_cohort([("18", "0", "", True)] * 12), MIXED)
    assert np.all(found.patients["undecided"] == "I2; E2")


def test_a_result_that_is_there_and_does_not_decide_says_why():
    labs = [["a", 0.0, "hbeag", "0.23", "S/CO", NAN], ["b", 0.0, "hbeag", "0.31", "S/CO", NAN],
            ["c", 0.0, "hbeag", "0.2", "S/CO", 1.0]]  # fmt: skip
    study = study_of(Criterion("HBeAg negative", "I4", analyte="hbeag", equals=("negative",)))
    found = screen(cohort_of({"patient_id": ["a", "b", "c", "d"]}, labs, study=study), study)
    (row,) = found.criteria.to_dict("records")
    assert (row["met"], row["undecidable"]) == (1, 3)  # "d" has no result
    silent = "comes with no word and no limit that decides: give the assay's cut-off as its lower_limit"
    assert row["there"] == f"in 2 it is there and {silent}"
    assert f"3  {row['id']}: needs {row['needs']}; {row['there']}" in str(found)


def test_a_number_in_a_unit_whose_numbers_are_not_read_is_there_and_does_not_decide():
    analytes = {**ANALYTES, "hbeag": Analyte("hbeag", "S/CO", "HBeAg", other_units=("COI",))}
    criterion = Criterion("HBeAg low", "I4", analyte="hbeag", below=1.0)
    study = dataclasses.replace(study_of(criterion), analytes=analytes)
    found = screen(cohort_of({"patient_id": ["a"]}, [["a", 0.0, "hbeag", "0.23", "COI", NAN]], study=study), study)
    said = "a number in COI: numbers in this unit are not read, words and limits are"
    assert found.criteria["there"].tolist() == [f"in 1 it is there and {said}"]
    assert said in found.patients["reasons"].iloc[0]


def test_values_that_are_there_and_do_not_decide_are_counted_apart_from_empty_ones():
    study = study_of(Criterion("adult", "I1", column="age_text", at_least=18.0))
    found = screen(cohort_of({"patient_id": ["a", "b"], "age_text": ["grown up", ""]}, study=study), study)
    assert found.criteria["there"].tolist() == ["in 1 it is there and a text that cannot show 'at least 18'"]


def test_why_results_do_not_decide_is_told_by_count_and_then_by_name():
    """Two reasons of one patient each stand in the order of their words, whichever row comes first."""
    from relapse_model.cohort.eligibility.screening import _there

    told = "in 2 it is there and c, in 1 it is there and a, in 1 it is there and b"
    for gists in (["b", "c", "", "a", "c"], ["c", "a", "c", "b", ""]):
        assert _there(np.array(gists, dtype=object)) == told
