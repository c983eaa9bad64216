"""Own antibody beside antibody given as a drug: what can be said by hand, and what holds on simulated truth."""

from __future__ import annotations

import runpy
from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import relapse_model as rm
from relapse_model.cohort.courses import Courses
from relapse_model.cohort.measurements import Measurements
from relapse_model.errors import CohortError, StudyError
from relapse_model.features.antibody_filter import FLOOR
from relapse_model.features.endogenous import derive_endogenous, endogenous_titre
from relapse_model.features.kinetics import passive_titre
from relapse_model.study.analyte import Analyte
from relapse_model.study.prediction import OutcomeRule, Prediction
from relapse_model.study.study import PassiveAntibody, Spread, Study

INF = np.inf


def drug(half_life=24.0, volume=7.5, absorption=0.6, error=0.12, spread=1.0):
    medians = ((half_life, 0.25), (volume, 0.40), (absorption, 0.50))
    kinetics = (Spread(median, spread * cv, "assumption") for median, cv in medians)
    return PassiveAntibody("anti_hbs", ("hbig",), *kinetics, error_sd_log10=error, error_source="assumption")


DRUG = drug()
STUDY = Study(
    "s", "", "", {"anti_hbs": Analyte("anti_hbs", "mIU/mL", "", scale="log10", lower_limit=10.0)},
    OutcomeRule("x"), Prediction(), (), "", passive_antibody=DRUG,
)  # fmt: skip


def titres(*rows):
    """Rows of patient, week, and a number or text such as "<10", ">1000", in the order of the library."""
    rows = sorted(rows, key=lambda row: row[:2])
    bounds = []
    for _, _, text in rows:
        number = float(str(text).strip("<>"))
        below, above = str(text).startswith("<"), str(text).startswith(">")
        bounds.append((number / 2 if below else number, 0.0 if below else number, INF if above else number))
    value, lower, upper = np.array(bounds, dtype=float).reshape(-1, 3).T
    return Measurements(
        np.array([row[0] for row in rows], dtype=np.intp), np.array([row[1] for row in rows], dtype=float),
        value, lower, upper,
    )  # fmt: skip


def doses(*rows):
    """Rows of patient, week, IU."""
    patient, week, amount = np.array(rows, dtype=float).reshape(-1, 3).T
    return Courses(patient.astype(np.intp), week, week, amount, np.zeros(len(week), dtype=bool))


def own(results, given=(), passive=DRUG, week=100.0, patients=1):
    return endogenous_titre(titres(*results), doses(*given), passive, patients, week)


def same(one, other):
    for field in fields(one):
        np.testing.assert_array_equal(getattr(one, field.name), getattr(other, field.name), err_msg=field.name)


@pytest.mark.parametrize(
    ("result", "expected"),
    [(60, (60, 60, 60)), ("<10", (5, 0, 10)), (">1000", (1000, 1000, INF)), (0.3, (0.3, 0.3, 0.3))],
)
@pytest.mark.parametrize("given", [(), ((0, 4.0, 400.0),), ((0, 6.0, 400.0), (0, 9.0, 400.0))])
def test_without_a_dose_before_it_the_titre_is_the_answer_to_the_last_digit(result, expected, given):
    # The dose of week 4 was given after the blood of week 4 was drawn; those of weeks 6 and 9 later still.
    found = own([(0, 0.0, 300), (0, 4.0, result)], given)
    assert (found.value[0], found.lower[0], found.upper[0]) == expected
    assert (found.state[0], found.passive[0], found.measured[0]) == ("measured", 0.0, expected[0])


def test_no_titre_is_unknown():
    found = own([(1, 0.0, 20.0)], [(0, -4.0, 400.0)], patients=3)
    assert found.state.tolist() == ["unknown", "measured", "unknown"]
    for name in ("value", "lower", "upper", "passive", "measured"):
        assert np.isnan(getattr(found, name)[[0, 2]]).all()
    later = own([(0, 8.0, 20.0)], week=4.0)
    assert later.state.tolist() == ["unknown"]  # nothing was measured by week 4


def test_a_word_without_a_number_is_no_titre():
    word = Measurements(np.array([0]), np.zeros(1), np.array([np.nan]), np.array([10.0]), np.array([INF]))
    assert endogenous_titre(word, doses(), DRUG, 1, 0.0).state.tolist() == ["unknown"]


def test_a_titre_before_the_dose_says_what_is_the_patients_own():
    # 400 IU give about 25 mIU/mL four weeks later (24 days, 7.5 L). At 60 before and 85 after, 60 stays own;
    # with "<10" before, 85 must be nearly all passive, though it takes an unusual volume.
    before = own([(0, 0.0, 60), (0, 4.0, 85)], [(0, 0.0, 400.0)])
    assert before.lower[0] < 60.0 < before.upper[0]
    assert before.value[0] == pytest.approx(60.0, rel=0.15)
    assert before.passive[0] == pytest.approx(25.0, rel=0.35)
    none = own([(0, 0.0, "<10"), (0, 4.0, 60)], [(0, 0.0, 400.0)])
    assert none.value[0] < 10.0
    assert none.passive[0] > 40.0


def test_without_it_the_interval_is_wider():
    one = own([(0, 0.0, 60), (0, 4.0, 85)], [(0, 0.0, 400.0)])
    other = own([(0, 4.0, 85)], [(0, 0.0, 400.0)])
    assert other.lower[0] < one.lower[0]
    assert np.log10(other.upper[0] / other.lower[0]) > 1.5 * np.log10(one.upper[0] / one.lower[0])


def test_a_titre_below_the_limit_leaves_little_and_never_nothing():
    found = own([(0, 0.0, "<10"), (0, 4.0, "<10")], [(0, 0.0, 400.0)])
    assert found.lower[0] == FLOOR <= found.value[0] < 5.0
    assert found.upper[0] < 10.0  # passive and own together are below 10
    assert found.state[0] == "estimated"


def test_far_below_what_the_dose_alone_would_give_is_still_no_negative_number():
    # 30 times 400 IU in one week give 700; a titre of 20 contradicts the kinetics, and something is answered.
    found = own([(0, 4.0, 20)], [(0, 0.0, 400.0)] * 30)
    assert FLOOR <= found.lower[0] <= found.value[0] <= found.upper[0] < 30.0


def test_above_the_limit_the_laboratorys_number_stands():
    # No dose of 400 IU explains 1000: it is own antibody, of which no more is known than "above".
    found = own([(0, 4.0, ">1000")], [(0, 0.0, 400.0)])
    assert 900.0 < found.value[0] <= 1000.0
    assert (found.upper[0], found.state[0]) == (INF, "estimated")
    assert 700.0 < found.lower[0] <= found.value[0]
    # 20,000 IU do explain it: then it may be all, or none.
    many = own([(0, 2.0, ">1000")], [(0, 0.0, 20_000.0)])
    assert many.lower[0] < 10.0 < 100.0 < many.upper[0]
    assert many.state[0] == "not identifiable"


def test_not_identifiable_is_a_titre_that_the_dose_explains_by_itself():
    # A week after 4000 IU the average patient has 420 mIU/mL of it: of 400 anything may be own, from none to most.
    found = own([(0, 1.0, 400)], [(0, 0.0, 4000.0)])
    assert found.state[0] == "not identifiable"
    assert found.lower[0] == FLOOR
    # With 30 before the dose it is identified.
    assert own([(0, 0.0, 30), (0, 1.0, 400)], [(0, 0.0, 4000.0)]).state[0] == "estimated"


def test_what_falls_slower_than_the_drug_is_own():
    # 400 IU in week 0. The first patient falls by half every 24 days, as the drug does; the second stays.
    weeks = np.array([2.0, 4.0, 6.0, 8.0, 10.0, 12.0])
    drug_only = passive_titre(7 * weeks, 400.0, 24.0, 7.5, 0.6)
    falling = [(0, week, titre) for week, titre in zip(weeks, drug_only, strict=True)]
    staying = [(1, week, drug_only[0]) for week in weeks]
    found = own([*falling, *staying], [(0, 0.0, 400.0), (1, 0.0, 400.0)], patients=2)
    last_falling, last_staying = drug_only[-1], drug_only[0]
    assert found.value[0] < 0.3 * last_falling + FLOOR
    assert found.passive[0] > 0.5 * last_falling
    assert found.value[1] > 0.7 * last_staying
    assert found.passive[1] < 0.3 * last_staying


def test_a_rise_without_a_dose_is_own():
    found = own([(0, 4.0, 30), (0, 24.0, 300)], [(0, 0.0, 400.0)])
    assert found.value[0] == pytest.approx(300.0, rel=0.15)


def test_long_after_the_dose_little_but_the_error_of_the_assay_is_left():
    # Twenty half-lives on: own is the titre; 90 % of a normal error of 0.12 is +- 0.197.
    found = own([(0, 69.0, 60)], [(0, 0.0, 400.0)])
    assert found.value[0] == pytest.approx(60.0, rel=0.02)
    assert np.log10(found.upper[0] / found.lower[0]) == pytest.approx(2 * 1.645 * 0.12, rel=0.1)
    assert found.passive[0] < 0.01


def test_the_interval_widens_with_what_is_not_known():
    rows, given = [(0, 4.0, 85)], [(0, 0.0, 400.0)]
    patients = [own(rows, given, drug(spread=spread)) for spread in (0.1, 0.5, 1.0, 1.5)]
    width = [np.log10(found.upper[0] / found.lower[0]) for found in patients]
    assert sorted(width) == width
    assert width[-1] > 1.5 * width[0]
    errors = [own(rows, given, drug(error=error)) for error in (0.03, 0.06, 0.12, 0.24)]
    width = [np.log10(found.upper[0] / found.lower[0]) for found in errors]
    assert sorted(width) == width


def test_level_of_the_interval():
    results, given = titres((0, 0.0, 60), (0, 4.0, 85)), doses((0, 0.0, 400.0))
    narrow, wide = (endogenous_titre(results, given, DRUG, 1, 4.0, level) for level in (0.5, 0.95))
    assert wide.lower[0] < narrow.lower[0] < narrow.value[0] < narrow.upper[0] < wide.upper[0]


def test_own_and_passive_make_the_titre():
    # A geometric and an arithmetic mean, and the error of the assay, so not to the digit.
    rows = [(patient, 4.0, titre) for patient, titre in enumerate((40, 80, 160, 400, 900))]
    found = own(rows, [(patient, 0.0, 400.0) for patient in range(5)], drug(spread=0.2, error=0.05), patients=5)
    np.testing.assert_allclose(found.value + found.passive, [40, 80, 160, 400, 900], rtol=0.1)


def test_what_comes_later_changes_nothing():
    before, given = [(0, 0.0, 20), (0, 4.0, 60)], [(0, 0.0, 400.0), (0, 4.0, 400.0)]
    once = own(before, given, week=4.0)
    same(once, own([*before, (0, 8.0, ">1000")], [*given, (0, 4.1, 400.0), (0, 8.0, np.nan)], week=4.0))


def test_contradictory_titres_of_one_week_still_leave_an_answer():
    found = own([(0, 4.0, 3), (0, 4.0, 900_000)], [(0, 0.0, 400.0)])
    assert np.isfinite([found.value[0], found.lower[0], found.upper[0]]).all()


amount = st.sampled_from([200.0, 400.0, 2000.0])
titre = st.sampled_from(["<10", 11, 35, 80, 400, 5000, ">1000"])
rows = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 30), titre), max_size=12, unique_by=lambda row: row[:2])
given_doses = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 30), amount), max_size=8)


@settings(deadline=None, max_examples=40)
@given(rows, given_doses, st.randoms(use_true_random=False))
def test_any_patient_in_any_company_and_order(results, given_rows, shuffle):
    found = own(results, given_rows, week=24.0, patients=4)
    mixed = list(given_rows)
    shuffle.shuffle(mixed)
    same(found, own(results, mixed, week=24.0, patients=4))
    for patient in range(4):
        alone = own(
            [(0, *row[1:]) for row in results if row[0] == patient],
            [(0, *row[1:]) for row in given_rows if row[0] == patient],
            week=24.0,
        )
        for name in ("value", "lower", "upper", "passive", "measured"):
            np.testing.assert_allclose(getattr(alone, name)[0], getattr(found, name)[patient], rtol=1e-9)
        assert alone.state[0] == found.state[patient]
    estimated = np.isin(found.state, ["estimated", "not identifiable"])
    assert (found.value[estimated] >= FLOOR * (1 - 1e-9)).all()
    assert (found.passive[estimated] > 0).all()
    known = found.state != "unknown"
    assert (found.lower[known] <= found.value[known] * (1 + 1e-9)).all()
    assert (found.value[known] <= found.upper[known] * (1 + 1e-9)).all()


def test_error_finer_than_the_grid_is_bounded():
    found = own([(0, 69.0, 60)], [(0, 0.0, 400.0)], drug(error=0.001))
    assert found.value[0] == pytest.approx(60.0, rel=0.025)


# The cohort


def cohort_of(labs, treatments, patients=("a", "b"), **columns_of_treatments):
    labs = pd.DataFrame(labs, columns=["patient_id", "week", "value"]).assign(analyte="anti_hbs", unit="mIU/mL")
    if treatments is not None:
        columns = ["patient_id", "start_week", "dose", "unit"]
        treatments = pd.DataFrame(treatments, columns=columns).assign(**{"agent": "hbig"} | columns_of_treatments)
    return rm.make_cohort(pd.DataFrame({"patient_id": list(patients)}), labs, treatments, study=STUDY)


LABS = [("a", 0, "60"), ("a", 4, "85"), ("b", 0, "<10"), ("b", 4, "118")]


def test_a_cohort():
    found = derive_endogenous(cohort_of(LABS, [("a", 0, 400, "IU")]), STUDY, 4)
    assert found.index.tolist() == ["a", "b"]
    assert list(found) == ["endogenous", "lower", "upper", "passive", "measured", "state"]
    assert found["state"].tolist() == ["estimated", "measured"]
    assert found.loc["b", ["endogenous", "lower", "upper", "passive", "measured"]].tolist() == [118, 118, 118, 0, 118]
    expected = own([(0, 0.0, 60), (0, 4.0, 85)], [(0, 0.0, 400.0)], week=4.0)
    assert found.loc["a", "endogenous"] == expected.value[0]
    at_enrolment = derive_endogenous(cohort_of(LABS, [("a", 0, 400, "IU")]), STUDY)
    assert at_enrolment["endogenous"].tolist() == [60.0, 5.0]  # the study's landmark, week 0: before the dose
    assert at_enrolment["state"].tolist() == ["measured", "measured"]


def test_rows_of_the_tables_in_any_order():
    given = [("a", 0, 400, "IU"), ("b", 0, 400, "IU"), ("a", 2, 200, "[iU]")]
    one = derive_endogenous(cohort_of(LABS, given), STUDY, 4)
    other = derive_endogenous(cohort_of(LABS[::-1], given[::-1]), STUDY, 4)
    pd.testing.assert_frame_equal(one, other)


def test_other_agents_are_no_antibody():
    cohort = cohort_of(LABS, [("a", 0, 180, "ug")], agent="pegifn")
    assert derive_endogenous(cohort, STUDY, 4)["state"].tolist() == ["measured", "measured"]


@pytest.mark.parametrize(
    ("treatments", "message"),
    [
        ([("a", 0, 400, "IU"), ("b", 0, None, "IU")], "treatments, row 3, column 'dose': no amount"),
        ([("a", 0, 0, "IU")], "treatments, row 2, column 'dose': an amount of 0"),
        ([("a", 0, 400, "IU"), ("b", 0, 2, "mL")], "treatments, row 3, column 'unit': 'mL'; expected IU"),
        ([("a", 0, 400, None), ("b", 0, 400, "IU")], "treatments, row 2, column 'unit': no unit; expected IU"),
        (None, "treatments: no such table; expected the doses of hbig"),
    ],
)
def test_doses_that_cannot_be_counted_are_refused_by_row(treatments, message):
    with pytest.raises(CohortError) as refusal:
        derive_endogenous(cohort_of(LABS, treatments), STUDY, 4)
    assert message in str(refusal.value)
    assert len(refusal.value.problems) == 1
    assert all(problem.patient is None for problem in refusal.value.problems)


def test_a_dose_that_nobody_had_given_yet_is_not_judged():
    cohort = cohort_of(LABS, [("a", 0, 400, "IU"), ("a", 8, None, "mL")])
    assert derive_endogenous(cohort, STUDY, 4)["state"].tolist() == ["estimated", "measured"]


def test_a_course_is_no_dose():
    cohort = cohort_of(LABS, [("a", -8, 1600, "IU")], end_week=-2.0)
    with pytest.raises(CohortError, match="row 2, column 'end_week': 6 weeks after the start; expected one row"):
        derive_endogenous(cohort, STUDY, 4)


def test_a_dose_of_one_day_is_one_whatever_the_last_digit_of_its_weeks():
    # With course_end = "inclusive" it ends a day later, and (d + 1) / 7 - d / 7 may be more than 1 / 7.
    days = np.arange(0, 28)
    assert ((days + 1) / 7 - days / 7 > 1 / 7).any()
    cohort = cohort_of(LABS, [("a", day / 7, 10, "IU") for day in days], end_week=(days + 1) / 7)
    assert derive_endogenous(cohort, STUDY, 4)["state"].tolist()[1] == "measured"


def test_a_table_without_amounts_is_refused_unless_nobody_was_dosed():
    cohort = cohort_of(LABS, [("a", 0, 400, "IU")])
    bare = replace(cohort, treatments=cohort.treatments.drop(columns=["dose", "unit"]))
    with pytest.raises(CohortError, match="2 problems"):
        derive_endogenous(bare, STUDY, 4)
    nobody = replace(bare, treatments=bare.treatments.iloc[:0])
    assert derive_endogenous(nobody, STUDY, 4)["endogenous"].tolist() == [85.0, 118.0]


def test_an_amount_is_needed_without_a_cohort_too():
    with pytest.raises(CohortError, match="amount above 0"):
        own([(0, 4.0, 60)], [(0, 0.0, np.nan)])


def test_a_study_without_the_section_or_with_other_units_is_refused():
    cohort = cohort_of(LABS, [])
    with pytest.raises(StudyError, match=r"no section \[passive_antibody\]"):
        derive_endogenous(cohort, replace(STUDY, passive_antibody=None), 4)
    other = replace(STUDY, analytes={"anti_hbs": Analyte("anti_hbs", "S/CO", "")})
    with pytest.raises(StudyError, match="analyte 'anti_hbs' in 'S/CO'; expected mIU/mL or IU/L"):
        derive_endogenous(cohort, other, 4)


def test_the_simulated_trial(study):
    cohort = rm.simulate_cohort(60, seed=3)
    table = derive_endogenous(cohort, replace(study, passive_antibody=DRUG), 24.0)
    dosed = (cohort.patients["arm"] == "hbig").to_numpy()
    plain = np.isin(table["state"], ["measured", "unknown"])
    assert plain[~dosed].all()
    assert not plain[dosed].any()
    np.testing.assert_array_equal(table["endogenous"][plain], table["measured"][plain])


# Simulated truth. Figures of 2000 patients: benchmarks/endogenous.py


@pytest.fixture(scope="module")
def bench(root):
    return runpy.run_path(str(root / "benchmarks" / "endogenous.py"))


def figures(bench, patients, known=DRUG, **case):
    return bench["judge"](bench["Case"]("", **case), known, patients, seed=11)


@pytest.mark.parametrize("before_dose", [True, False])
def test_closer_to_the_truth_than_subtraction_and_an_honest_interval(bench, before_dose):
    found = figures(bench, 250, before_dose=before_dose, last=12.0)
    assert found["estimate rmse"] < 0.85 * found["subtraction rmse"]
    assert found["subtraction rmse"] < found["raw rmse"]
    assert abs(found["estimate bias"]) < 0.15 < found["raw bias"]
    # Nominal 0.90. Patients without any antibody are held by every interval that begins at the floor.
    assert 0.85 < found["coverage of some"] < found["coverage"] < 0.99


def test_without_doses_the_simulated_titres_are_untouched(bench):
    found = figures(bench, 100, dosed=False)
    assert found["estimate rmse"] == found["raw rmse"] == found["subtraction rmse"]


@pytest.mark.slow
@pytest.mark.parametrize("before_dose", [True, False])
@pytest.mark.parametrize("last", [4.0, 12.0, 24.0, 48.0])
def test_coverage_and_error_on_many_patients(bench, last, before_dose):
    found = figures(bench, 2000, last=last, before_dose=before_dose)
    assert 0.86 < found["coverage of some"] < 0.96
    assert abs(found["estimate bias"]) < 0.1
    assert found["estimate rmse"] < 0.9 * found["subtraction rmse"]


@pytest.mark.slow
@pytest.mark.parametrize("medians", [(23.1, 11.2, 0.44), (23.5, 7.5, 0.75), (26.2, 4.72, 0.67)])
def test_another_product_than_assumed(bench, medians):
    # Nabi-HB, HepaGam B, Hooman 2008: volumes from 0.63 to 1.5 times the assumed one.
    found = figures(bench, 1000, truth=drug(*medians))
    assert found["coverage of some"] > 0.80
    assert found["estimate rmse"] < found["subtraction rmse"] < found["raw rmse"]
