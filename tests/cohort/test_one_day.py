"""Several results of one day: what agrees, what contradicts, what a study says of it; row order never counts."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import relapse_model as rm
from relapse_model.cohort.eligibility.screening import screen
from relapse_model.cohort.measurements import measurements
from relapse_model.cohort.one_day import day_rule
from relapse_model.development.checks.rm121_odd_rows import CHECK as odd_rows
from relapse_model.errors import CohortError, InsufficientDataError
from relapse_model.study.reader import parse_study

STUDY = """
[study]
protocol = 1
name = "one day"
{laboratory}
[analytes.hbsag]
unit = "IU/mL"
scale = "log10"
lower_limit = 0.05

[analytes.anti_hbs]
unit = "mIU/mL"
scale = "log10"
lower_limit = 10.0
upper_limit = 1000.0
units = {{ "IU/L" = 1.0 }}

[analytes.alt]
unit = "U/L"

[outcome]
analyte = "hbsag"
at_least = 0.05

[prediction]
landmark_weeks = [0]
horizon_weeks = 48

[[predictors]]
name = "titre"
kind = "last"
analyte = "anti_hbs"
direction = "down"

[[predictors]]
name = "doses"
kind = "dose_total"
agents = ["hbig"]
"""


def study_of(same_day=None):
    return parse_study(STUDY.format(laboratory=f'[laboratory]\nsame_day = "{same_day}"' if same_day else ""), "test")


def cohort_of(*results, same_day=None, study=None, dated=False, **more):
    """Results: (patient, week or date, analyte, value), in the unit of the analyte."""
    units = {"hbsag": "IU/mL", "anti_hbs": "mIU/mL", "alt": "U/L"}
    when = "date" if dated else "week"
    labs = pd.DataFrame(results, columns=["patient_id", when, "analyte", "value"])
    labs["unit"] = labs["analyte"].map(units)
    patients = pd.DataFrame({"patient_id": list(dict.fromkeys(labs["patient_id"])), "enrolment_date": "2024-03-02"})
    return rm.make_cohort(patients, labs, study=study or study_of(same_day), **more)


def last_titre(*values, same_day=None):
    study = study_of(same_day)
    cohort = cohort_of(*(("A", 0, "anti_hbs", value) for value in values), study=study)
    found = measurements(cohort, study, "anti_hbs")
    return float(found.value[0]), float(found.lower[0]), float(found.upper[0])


@pytest.mark.parametrize(
    ("values", "result"),
    [
        (("25", "25.0"), (25, 25, 25)),  # one number twice
        (("<10", "8"), (8, 8, 8)),  # both can be true: the more precise
        (("<10", "<20"), (5, 0, 10)),
        ((">1000", "1200"), (1200, 1200, 1200)),
        (("positive", "25"), (25, 25, 25)),
        (("negative", "<10"), (5, 0, 10)),
        (("123.4", "123"), (123, 123, 123)),  # rounded to three figures: the worse of the two
    ],
)
def test_results_that_can_all_be_true_are_one(values, result):
    assert last_titre(*values) == pytest.approx(result)
    assert last_titre(*values[::-1]) == pytest.approx(result)


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (("5", "500"), ["'5', and '500' on the same day", "'500', and '5' on the same day"]),
        (("<10", "25"), ["'<10', and '25' on the same day", "'25', and '<10' on the same day"]),
        (("negative", "25"), ["'negative', and '25' on the same day", "'25', and 'negative' on the same day"]),
        (("100", "101"), ["'100', and '101' on the same day", "'101', and '100' on the same day"]),  # 1 %: no rounding
    ],
)
def test_results_that_contradict_each_other_are_refused_by_their_rows(values, found):
    with pytest.raises(CohortError) as caught:
        last_titre(*values)
    problems = caught.value.problems
    assert [(problem.table, problem.row, problem.column) for problem in problems] == [
        ("labs", row, "value") for row in (2, 3)
    ]
    assert [problem.found for problem in problems] == found
    assert "time of day" in problems[0].expected
    assert "same_day = 'worst' or 'mean' under [laboratory]" in problems[0].advice


@pytest.mark.parametrize(
    ("same_day", "value"),
    # The mean is that of logarithms; few antibodies are the worse, since the predictor's direction is down.
    [("worst", 5.0), ("mean", np.sqrt(5 * 500)), ("last", 500.0)],
)
def test_a_stated_rule_settles_them(same_day, value):
    assert last_titre("5", "500", same_day=same_day) == pytest.approx((value, value, value))
    turned = 5.0 if same_day == "last" else value
    assert last_titre("500", "5", same_day=same_day)[0] == pytest.approx(turned)


def test_the_mean_of_a_limit_and_a_number_keeps_what_is_not_known():
    # Geometric: of 5 (half of the limit) and 40; the true one lies between sqrt(0 * 40) and sqrt(10 * 40).
    assert last_titre("<10", "40", same_day="mean") == pytest.approx((np.sqrt(200), 0, 20))


def test_worst_needs_a_direction():
    text = STUDY.format(laboratory='[laboratory]\nsame_day = "worst"').replace('direction = "down"\n', "")
    with pytest.raises(CohortError, match="give one a direction"):
        cohort_of(("A", 0, "anti_hbs", "5"), ("A", 0, "anti_hbs", "500"), study=parse_study(text, "test"))


def test_what_the_study_makes_no_use_of_contradicts_nothing():
    cohort = cohort_of(("A", 0, "alt", "5"), ("A", 0, "alt", "500"))
    assert measurements(cohort, study_of(), "alt").value.tolist() == [500]


@pytest.mark.parametrize(("pair", "contradicts"), [(("0.5", "0.06"), False), (("<0.05", "0.5"), True),
                                                   (("<0.05", "0.05"), True), (("0.0499", "0.05"), True)])  # fmt: skip
def test_for_the_outcome_the_side_of_the_threshold_counts(pair, contradicts):
    results = [("A", 0, "hbsag", "<0.05"), *(("A", 12, "hbsag", value) for value in pair)]
    for some in (results, results[::-1]):
        if contradicts:
            with pytest.raises(CohortError, match="labs, row"):
                cohort_of(*some)
        else:
            assert rm.derive_outcome(cohort_of(*some), study_of()).iloc[0]["first_positive_week"] == 12


def test_the_worst_for_the_outcome_is_its_side():
    results = [
        ("A", 0, "hbsag", "<0.05"),
        ("A", 12, "hbsag", "0.5"),
        ("A", 12, "hbsag", "<0.05"),
        ("A", 48, "hbsag", "1"),
    ]
    for some in (results, results[::-1]):
        found = rm.derive_outcome(cohort_of(*some, same_day="worst"), study_of("worst")).iloc[0]
        assert (found["state"], found["first_positive_week"]) == ("relapse", 12)


def test_a_cohort_read_without_the_study_is_refused_where_it_is_used():
    labs = pd.DataFrame({"patient_id": "A", "week": 0, "analyte": "anti_hbs", "value": ["5", "500"], "unit": "mIU/mL"})
    cohort = rm.make_cohort(pd.DataFrame({"patient_id": ["A"]}), labs)
    with pytest.raises(
        CohortError, match=r"results of 'anti_hbs' on 1 days that contradict each other.*lists the rows"
    ):
        measurements(cohort, study_of(), "anti_hbs")


def test_other_units_of_one_amount_agree():
    labs = pd.DataFrame(
        {"patient_id": "A", "week": 0, "analyte": "anti_hbs", "value": "25", "unit": ["mIU/mL", "IU/L"]}
    )
    cohort = rm.make_cohort(pd.DataFrame({"patient_id": ["A"]}), labs, study=study_of())
    assert measurements(cohort, study_of(), "anti_hbs").value.tolist() == [25]


# The time of day ----------------------------------------------------------------------------------------------------


def dated_titre(*results):
    cohort = cohort_of(*(("A", date, "anti_hbs", value) for date, value in results), dated=True)
    return measurements(cohort, study_of(), "anti_hbs")


def test_the_time_of_day_orders_results_and_each_counts():
    for step in (1, -1):
        found = dated_titre(*[("2024-03-02 08:00", "5"), ("2024-03-02T16:30:00", "500")][::step])
        assert (found.week.tolist(), found.value.tolist()) == ([0, 0], [5, 500])


@pytest.mark.parametrize("other", ["2024-03-02", "2024-03-02 00:00", "2024-03-02 16:00"])
def test_a_day_on_which_one_has_no_time_of_day_is_not_ordered(other):
    # Midnight is what exports write where no time is known. Two at one time are not ordered either.
    with pytest.raises(CohortError, match="'5', and '500' on the same day"):
        dated_titre(("2024-03-02 16:00", "5"), (other, "500"))


def test_two_tests_of_one_day_do_not_confirm_each_other():
    text = STUDY.format(laboratory="").replace(
        "at_least = 0.05", "at_least = 0.05\nconfirm = { tests = 2, within_weeks = 12 }"
    )
    study = parse_study(text, "test")
    tests = [("2024-03-02", "<0.05"), ("2024-05-25 08:00", "0.5"), ("2024-05-25 16:00", "0.7"), ("2025-02-01", "<0.05")]
    cohort = cohort_of(*(("A", date, "hbsag", value) for date, value in tests), study=study, dated=True)
    found = rm.derive_outcome(cohort, study).iloc[0]
    assert (found["state"], found["single_positives"]) == ("free", 1)


def test_the_time_of_day_survives_writing_and_reading(tmp_path):
    results = [("A", "2024-03-02 16:00", "anti_hbs", "500"), ("A", "2024-03-02 08:00", "anti_hbs", "5")]
    cohort = cohort_of(*results, dated=True)
    cohort.write(tmp_path)
    again = rm.read_cohort(tmp_path, study=study_of())
    assert again == cohort
    assert rm.derive_features(again, study_of())["titre"].tolist() == [np.log10(500)]
    assert "minute_of_day" not in pd.read_csv(tmp_path / "labs.csv")


def test_minutes_of_another_name_are_refused():
    with pytest.raises(CohortError, match="'minute_of_day': a name the library needs"):
        rm.make_cohort(
            pd.DataFrame({"patient_id": ["A"]}),
            pd.DataFrame(
                {"patient_id": "A", "week": [0], "analyte": "alt", "value": "5", "unit": "U/L", "minute_of_day": 1}
            ),
        )


# Criteria -----------------------------------------------------------------------------------------------------------


def with_criterion(rule):
    text = STUDY.format(laboratory="") + f'\n[[eligibility.include]]\nid = "I1"\ntext = "t"\nanalyte = "alt"\n{rule}\n'
    return parse_study(text, "test")


@pytest.mark.parametrize(("values", "state"), [(("30", "35"), "eligible"), (("45", "50"), "not eligible")])
def test_a_criterion_is_met_by_results_on_one_side_of_its_limit(values, state):
    study = with_criterion("below = 40")
    cohort = cohort_of(*(("A", 0, "alt", value) for value in values), study=study)
    assert screen(cohort, study).patients["state"].tolist() == [state]


def test_a_criterion_refuses_results_on_both_sides():
    with pytest.raises(CohortError, match="'30', and '50' on the same day"):
        cohort_of(("A", 0, "alt", "30"), ("A", 0, "alt", "50"), study=with_criterion("below = 40"))


def test_signs_that_disagree_are_undecidable():
    study = with_criterion('equals = ["negative"]')
    cohort = cohort_of(("A", 0, "alt", "negative"), ("A", 0, "alt", "positive"))  # not through the gate of this study
    found = screen(cohort, study).patients
    assert found["state"].tolist() == ["undecidable"]
    assert "and another result of that day disagree" in found["reasons"].iloc[0]


# Rows that stand twice ----------------------------------------------------------------------------------------------


def with_row_ids(column="record_id"):
    labs = pd.DataFrame(
        [
            ("A", 0, "anti_hbs", "25", "mIU/mL"),
            ("A", 0, "anti_hbs", "25", "mIU/mL"),
            ("A", 4, "anti_hbs", "25", "mIU/mL"),
        ],
        columns=["patient_id", "week", "analyte", "value", "unit"],
    ).assign(**{column: ["r1", "r2", "r3"]})
    doses = pd.DataFrame(
        {"patient_id": "A", "agent": "hbig", "start_week": -1.0, "dose": 400, "unit": "IU", column: [7, 8]}
    )
    return rm.make_cohort(pd.DataFrame({"patient_id": ["A"]}), labs, doses, study=study_of())


def test_rows_again_under_another_row_number_count_once_and_are_named():
    cohort = with_row_ids()
    assert (len(cohort.labs), len(cohort.treatments)) == (2, 1)
    assert rm.derive_features(cohort, study_of())["doses"].tolist() == [400]
    assert [(remark.table, remark.row) for remark in cohort.remarks] == [("labs", 3), ("treatments", 3)]
    result = odd_rows.of(cohort, study_of(), 0)
    assert "<5 rows of labs are repeated under another row number, and count once" in result.text


def test_rows_that_differ_in_a_column_of_the_patient_are_two_doses():
    # Two vials of one dose on one day, of two lots: nothing says that one of them is a repetition; RM121 lists them.
    cohort = with_row_ids("lot")
    assert rm.derive_features(cohort, study_of())["doses"].tolist() == [800]
    result = odd_rows.of(cohort, study_of(), 0)
    assert "<5 rows of treatments have the agent, weeks and dose of another, and count as more" in result.text


# The order of the rows ----------------------------------------------------------------------------------------------

VALUES = {"hbsag": ["<0.05", "0.5", "0.05", "0.0501", "negative", "positive"],
          "anti_hbs": ["<10", "8", "25", "25.05", "500", ">1000", "negative"], "alt": ["30", "50"]}  # fmt: skip
RESULT = st.sampled_from(list(VALUES)).flatmap(
    lambda analyte: st.tuples(
        st.sampled_from("AB"), st.sampled_from(["2024-03-01", "2024-03-02", "2024-05-25"]), st.just(analyte),
        st.sampled_from(VALUES[analyte]), st.sampled_from(["", " 08:00", " 16:00"]), st.sampled_from(["x", "y"]),
    )
)  # fmt: skip
DOSE = st.tuples(st.sampled_from("AB"), st.sampled_from([-3.0, -1.0]), st.sampled_from([0.1, 0.2, 0.7, 400.0]))


def everything(results, doses, study):
    """Return all that is made of some rows, or the rows that are refused."""
    labs = pd.DataFrame(results, columns=["patient_id", "date", "analyte", "value", "time", "assay"])
    labs = labs.assign(
        date=labs["date"] + labs.pop("time"),
        unit=labs["analyte"].map({"hbsag": "IU/mL", "anti_hbs": "mIU/mL", "alt": "U/L"}),
    )
    given = pd.DataFrame(doses, columns=["patient_id", "start_week", "dose"]).assign(
        agent="hbig", unit="IU", vial=range(len(doses))
    )
    patients = pd.DataFrame({"patient_id": ["A", "B"], "enrolment_date": "2024-03-02"})
    cohort = rm.make_cohort(patients, labs, given, study=study, on_problems="list")
    stated = [cohort.rejected["patient_id"].tolist(), cohort.patient_ids.tolist()]
    if len(cohort):
        stated += [rm.derive_features(cohort, study).to_dict("list"), str(odd_rows.of(cohort, study, 0))]
        stated.append(screen(cohort, study).patients.to_dict("list"))
        try:
            stated.append(rm.derive_outcome(cohort, study).to_dict("list"))
        except InsufficientDataError:
            stated.append("nobody has an outcome")
    return repr(stated)


@settings(deadline=None, max_examples=20)
@given(
    st.lists(RESULT, min_size=1, max_size=8, unique=True), st.lists(DOSE, max_size=6),
    st.sampled_from([None, "worst", "mean"]), st.randoms(use_true_random=False),
)  # fmt: skip
def test_the_order_of_rows_decides_nothing(results, doses, same_day, random):
    text = study_of(same_day).text + '\n[[eligibility.include]]\nid = "I1"\ntext = "t"\nanalyte = "alt"\nbelow = 40\n'
    study = parse_study(text, "test")
    shuffled, mixed = list(results), list(doses)
    random.shuffle(shuffled)
    random.shuffle(mixed)
    assert everything(results, doses, study) == everything(shuffled, mixed, study)


def test_a_study_of_an_earlier_version_refuses_rather_than_takes_the_last_row():
    study = rm.load_study("hbsag-relapse")
    assert (study.laboratory.same_day, study.time.zone, study.time.course_end) == ("refuse", None, None)
    assert day_rule(dataclasses.replace(study), "hbsag").thresholds == (0.05,)
