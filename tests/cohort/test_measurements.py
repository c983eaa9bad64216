"""Results of one analyte: every number and bound can be counted by hand."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import relapse_model as rm
from relapse_model.cohort.measurements import measurements
from relapse_model.errors import CohortError
from relapse_model.study.analyte import Analyte
from relapse_model.study.prediction import OutcomeRule, Prediction
from relapse_model.study.study import Study

INF, NAN = math.inf, math.nan
HALF = math.log10(2)  # half of an amount is 0.30103 less on a log10 unit

ANALYTES = (
    # limit 10, so "negative" alone is 5
    Analyte("titre", "mIU/mL", "titre", scale="log10", lower_limit=10, units={"IU/L": 1.0, "kIU/L": 1000.0}),
    Analyte("at_limit", "mIU/mL", "the same, below the limit counts as the limit", lower_limit=10, below_limit="limit"),
    Analyte("logged", "log10 U/mL", "a unit that is a logarithm", lower_limit=2.0, units={"kU/mL": 1000.0}),
    Analyte("logged_at_limit", "log10 U/mL", "", lower_limit=2.0, below_limit="limit"),
    Analyte("open", "S/CO", "no limit is known"),
    Analyte("open_logged", "log10 U/mL", "no limit, logarithm"),
)
STUDY = Study("s", "", "", {a.name: a for a in ANALYTES}, OutcomeRule("x"), Prediction(), (), "")


def cohort_of(*rows, study=STUDY, patients=("a", "b", "c")):
    """Make a cohort of rows (patient, week, analyte, value, unit[, lower_limit])."""
    columns = ["patient_id", "week", "analyte", "value", "unit", "lower_limit"]
    labs = pd.DataFrame([(*row, NAN)[:6] for row in rows], columns=columns)
    return rm.make_cohort(pd.DataFrame({"patient_id": list(patients)}), labs, study=study)


def read(analyte, value, unit, lower_limit=NAN):
    found = measurements(cohort_of(("a", 0, analyte, value, unit, lower_limit)), STUDY, analyte)
    assert len(found.value) == 1
    return found.value[0], found.lower[0], found.upper[0]


@pytest.mark.parametrize(
    ("analyte", "value", "unit", "limit", "expected"),
    [
        # a plain number is its own bounds
        ("titre", "118", "mIU/mL", NAN, (118, 118, 118)),
        ("titre", "3", "mIU/mL", NAN, (3, 3, 3)),  # below the study's limit, but the laboratory vouches for it
        # below the limit: half of it, or the limit
        ("titre", "<10", "mIU/mL", NAN, (5, 0, 10)),
        ("titre", "<=10", "mIU/mL", NAN, (5, 0, 10)),
        ("titre", "<2", "mIU/mL", 2.5, (1, 0, 2)),  # what is printed wins over the column
        ("at_limit", "<10", "mIU/mL", NAN, (10, 0, 10)),
        # above: the limit, and no bound
        ("titre", ">1000", "mIU/mL", NAN, (1000, 1000, INF)),
        ("titre", ">=1000", "mIU/mL", NAN, (1000, 1000, INF)),
        # a negative word: half the row's limit, else half the analyte's
        ("titre", "negative", "mIU/mL", 2.0, (1, 0, 2)),
        ("titre", "negative", "mIU/mL", NAN, (5, 0, 10)),
        ("titre", "阴性", "", NAN, (5, 0, 10)),  # a word needs no unit
        ("titre", "TND", "COI", 1.0, (5, 0, 10)),  # a limit in a unit that does not convert is none
        ("titre", "negative", "mIU/mL", 0.0, (5, 0, 10)),  # exports write 0 for a limit that is not given
        ("at_limit", "negative", "mIU/mL", 2.0, (2, 0, 2)),
        ("open", "negative", "S/CO", NAN, (NAN, 0, NAN)),
        ("open", "negative", "S/CO", 0.4, (0.2, 0, 0.4)),
        # a printed zero is below the limit, never a zero
        ("titre", "0.00", "mIU/mL", NAN, (5, 0, 10)),
        ("titre", "0", "mIU/mL", 2.0, (1, 0, 2)),
        ("open", "0", "S/CO", NAN, (0, 0, 0)),
        # a positive word: no number, but something at or above the limit
        ("titre", "positive", "mIU/mL", NAN, (NAN, 10, INF)),
        ("titre", "阳性", "mIU/mL", 2.0, (NAN, 2, INF)),
        ("open", "positive", "S/CO", NAN, (NAN, 0, INF)),
        ("open_logged", "positive", "log10 U/mL", NAN, (NAN, -INF, INF)),
        ("titre", "grey zone", "mIU/mL", NAN, (NAN, NAN, INF)),  # no decision
        # units
        ("titre", "118", "IU/L", NAN, (118, 118, 118)),
        ("titre", "0.118", "kIU/L", NAN, (118, 118, 118)),
        ("titre", "<0.01", "kIU/L", NAN, (5, 0, 10)),
        ("titre", "negative", "kIU/L", 0.002, (1, 0, 2)),  # the limit is in the unit of its row
        # a log10 unit becomes an amount
        ("titre", "2.0", "log10 mIU/mL", NAN, (100, 100, 100)),
        ("titre", "<1.0", "log10 mIU/mL", NAN, (5, 0, 10)),
        ("titre", "<1.0 Log", "mIU/mL", NAN, (5, 0, 10)),
        ("titre", ">3", "Log IU/L", NAN, (1000, 1000, INF)),
        ("titre", "-1", "log10 kIU/L", NAN, (100, 100, 100)),
        ("titre", "negative", "log10 mIU/mL", 0.5, (10**0.5 / 2, 0, 10**0.5)),
        ("titre", "0.0", "log10 mIU/mL", NAN, (5, 0, 10)),  # 1 mIU/mL: below what the assay can tell
        ("titre", "0.0", "log10 kIU/L", NAN, (1000, 1000, 1000)),  # far above the limit: a number like any other
        # an amount becomes a logarithm, and half of it is 0.30103 less
        ("logged", "3.5", "log10 U/mL", NAN, (3.5, 3.5, 3.5)),
        ("logged", "1000", "U/mL", NAN, (3, 3, 3)),
        ("logged", "1", "kU/mL", NAN, (3, 3, 3)),
        ("logged", "0.5", "log10 kU/mL", NAN, (3.5, 3.5, 3.5)),
        ("logged", "<2.0", "log10 U/mL", NAN, (2 - HALF, -INF, 2)),
        ("logged", "<100", "U/mL", NAN, (2 - HALF, -INF, 2)),
        ("logged", ">7", "log10 U/mL", NAN, (7, 7, INF)),
        ("logged", ">1E7", "U/mL", NAN, (7, 7, INF)),
        ("logged", "negative", "log10 U/mL", NAN, (2 - HALF, -INF, 2)),
        ("logged", "negative", "U/mL", 1000, (3 - HALF, -INF, 3)),
        ("logged", "0", "log10 U/mL", NAN, (2 - HALF, -INF, 2)),
        ("logged", "0", "U/mL", NAN, (2 - HALF, -INF, 2)),  # no logarithm of zero is taken
        ("logged", "positive", "log10 U/mL", NAN, (NAN, 2, INF)),
        ("logged_at_limit", "<2.5", "log10 U/mL", NAN, (2.5, -INF, 2.5)),
    ],
)
def test_one_result(analyte, value, unit, limit, expected):
    assert read(analyte, value, unit, limit) == pytest.approx(expected, nan_ok=True)


def test_half_on_a_log10_unit_is_the_half_that_a_linear_unit_gives():
    assert abs(HALF - 0.30103) < 1e-5
    value, _, _ = read("logged", "<100", "U/mL")
    assert 10**value == pytest.approx(50)


def test_what_has_no_limit_at_all_is_refused_on_a_logarithmic_scale():
    no_limit = dataclasses.replace(STUDY.analytes["titre"], lower_limit=None)
    study = dataclasses.replace(STUDY, analytes={"titre": no_limit})
    cohort = cohort_of(("a", 0, "titre", "negative", "mIU/mL"), ("a", 1, "titre", "negative", "mIU/mL"))
    with pytest.raises(CohortError, match="2 negative results of 'titre' without a limit; expected a lower_limit"):
        measurements(cohort, study, "titre")
    for value, unit in (("0", "U/mL"), ("negative", "log10 U/mL")):
        with pytest.raises(CohortError, match="1 negative results of 'open_logged' without a limit"):
            read("open_logged", value, unit)


def test_missing_results_are_no_results_and_other_analytes_no_neighbours():
    cohort = cohort_of(
        ("a", 0, "titre", "未做", "mIU/mL"),
        ("a", 1, "titre", "", ""),
        ("a", 2, "titre", "7", "mIU/mL"),
        ("a", 3, "open", "8", "S/CO"),
        ("b", 0, "titre", "NA", "mIU/mL"),
    )
    found = measurements(cohort, STUDY, "titre")
    assert (found.patient.tolist(), found.week.tolist(), found.value.tolist()) == ([0], [2.0], [7.0])
    assert len(cohort.labs) == 5  # they stay in the table
    nothing = measurements(cohort, STUDY, "at_limit")
    assert [len(getattr(nothing, name)) for name in ("patient", "week", "value", "lower", "upper")] == [0] * 5


def test_results_are_sorted_by_patient_then_week():
    cohort = cohort_of(
        ("b", 4, "titre", "1", "mIU/mL"),
        ("a", 8, "titre", "2", "mIU/mL"),
        ("b", -4, "titre", "3", "mIU/mL"),
        ("a", 0, "titre", "5", "mIU/mL"),
    )
    found = measurements(cohort, STUDY, "titre")
    assert found.patient.tolist() == [0, 0, 1, 1]
    assert found.week.tolist() == [0, 8, -4, 4]
    assert found.value.tolist() == [5, 2, 3, 1]
    assert found.row.tolist() == [3, 1, 2, 0]


def test_until_a_landmark_and_within_a_window():
    found = measurements(
        cohort_of(*(("a", week, "titre", str(week + 20), "mIU/mL") for week in (-12, -4, 0, 4))), STUDY, "titre"
    )
    assert found.until(0).week.tolist() == [-12, -4, 0]  # the landmark itself is known
    assert found.until(0, 4).week.tolist() == [-4, 0]  # and so is the edge of the window
    assert found.until(-13).week.tolist() == []
    words = measurements(cohort_of(("a", 0, "titre", "positive", ""), ("a", 1, "titre", "5", "IU/L")), STUDY, "titre")
    assert words.valued().week.tolist() == [1]


def test_a_unit_the_study_does_not_know_is_refused_when_the_gate_was_not_told_the_study():
    cohort = cohort_of(
        ("a", 0, "titre", "0.1", "IU/mL"), ("b", 0, "titre", "0.2", "IU/mL"), ("c", 0, "titre", "neg", "IU/mL"),
        study=None,
    )  # fmt: skip
    with pytest.raises(CohortError) as caught:
        measurements(cohort, STUDY, "titre")
    (problem,) = caught.value.problems
    assert problem.found == "'IU/mL' on 2 rows of 'titre'"
    assert problem.expected == "a unit of titre in this study ('mIU/mL', 'IU/L', 'kIU/L')"
    assert "slip of the pen" in problem.advice


def test_all_units_that_do_not_fit_are_listed_at_once():
    cohort = cohort_of(("a", 0, "titre", "1", "mIU/mL"), ("b", 0, "titre", "2", "mIU/mL"), study=None)
    labs = cohort.labs.assign(unit=["ng/mL", "COI"])
    with pytest.raises(CohortError) as caught:
        measurements(dataclasses.replace(cohort, labs=labs), STUDY, "titre")
    assert [problem.found for problem in caught.value.problems] == [
        "'ng/mL' on 1 rows of 'titre'", "'COI' on 1 rows of 'titre'",
    ]  # fmt: skip


PRINTED = ["118", "<10", ">1000", "negative", "positive", "0.00", "2.5E2", "未做"]
ROW = st.tuples(
    st.sampled_from("abc"), st.integers(-2, 3), st.sampled_from(PRINTED), st.sampled_from(["mIU/mL", "IU/L"])
)


@settings(deadline=None, max_examples=15)
@given(st.lists(ROW, unique_by=lambda row: row[:2], max_size=12), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_never_matters_without_ties(rows, random):
    shuffled = rows.copy()
    random.shuffle(shuffled)
    straight, mixed = (
        measurements(cohort_of(*((p, w, "titre", v, u) for p, w, v, u in some)), STUDY, "titre")
        for some in (rows, shuffled)
    )
    for name in ("patient", "week", "value", "lower", "upper"):
        np.testing.assert_array_equal(getattr(straight, name), getattr(mixed, name))


@settings(deadline=None, max_examples=15)
@given(st.lists(ROW, unique_by=lambda row: row[:2], max_size=12))
def test_bounds_hold_the_value_and_every_result_of_a_day_of_its_own_is_kept(rows):
    found = measurements(cohort_of(*((p, w, "titre", v, u) for p, w, v, u in rows)), STUDY, "titre")
    assert len(found.value) == sum(value != "未做" for _, _, value, _ in rows)
    assert (found.lower <= found.upper).all()
    known = found.valued()
    assert ((known.lower <= known.value) & (known.value <= known.upper)).all()
    assert (known.value > 0).all()  # so that its logarithm exists
    order = np.lexsort((found.week, found.patient))
    np.testing.assert_array_equal(order, np.arange(len(order)))
