"""RM121: rows that stand twice, contradict each other, or lie at odd times."""

from __future__ import annotations

import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.development.checks.rm121_odd_rows import CHECK as odd_rows
from relapse_model.report.cohort_check import check_report
from relapse_model.study.reader import parse_study

WEEKS_ON = '\n[[predictors]]\nname = "weeks"\nkind = "weeks_on_agent"\nagents = ["pegifn"]\n'


def test_a_sound_cohort_passes(cohort, study):
    assert odd_rows.of(cohort, study, 0).state == "passed"


def test_weeks_more_than_ten_years_off_are_counted_on_each_side(study_with, cohort_of, names_nobody):
    labs = [(0, "anti_hbs", 940, "500"), *((1, "anti_hbs", -530 - week, "500") for week in range(6))]
    cohort = cohort_of(("free", 2, {}), labs=labs, treatments=[(0, "pegifn", -700)])
    text = odd_rows.of(cohort, study_with(), 0).text
    assert "6 rows of labs have a week more than ten years before enrolment" in text
    assert "<5 rows of labs have a week more than ten years after enrolment" in text
    assert "<5 rows of treatments have a start week more than ten years before enrolment" in text
    names_nobody(text, cohort)
    assert (
        odd_rows.of(cohort_of(("free", 1, {}), labs=[(0, "anti_hbs", 521, "500")]), study_with(), 0).state == "passed"
    )


def test_results_of_one_day_are_counted_where_they_agree_and_where_they_do_not(study_with, cohort_of):
    added = '\n[[predictors]]\nname = "titre"\nkind = "last"\nanalyte = "anti_hbs"\n'
    labs = [(0, "anti_hbs", week, value) for week in range(5) for value in ("20", "20.0")]
    assert (
        "Anti-HBs has several results that agree on 5 days, and count once"
        in odd_rows.of(cohort_of(("free", 1, {}), labs=labs), study_with(added), 0).text
    )
    labs = [(0, "anti_hbs", week, value) for week in range(5) for value in ("20", "200")]
    settled = study_with(added + '\n[laboratory]\nsame_day = "mean"\n')
    assert (
        "contradict each other on 5 days (counted by same_day = 'mean')"
        in odd_rows.of(cohort_of(("free", 1, {}), labs=labs), settled, 0).text
    )


def dated_courses(study, *rows):
    """Courses of peginterferon of one patient, enrolled on 2024-06-17: (first day, last day)."""
    labs = pd.DataFrame(
        {"patient_id": "A", "date": ["2024-06-17"], "analyte": "hbsag", "value": "<0.05", "unit": "IU/mL"}
    )
    given = pd.DataFrame(rows, columns=["start_date", "end_date"]).assign(patient_id="A", agent="pegifn")
    patients = pd.DataFrame({"patient_id": ["A"], "enrolment_date": "2024-06-17", "age_years": 40})
    return rm.make_cohort(patients, labs, given, study=study)


def prescriptions(days):
    """24 weekly prescriptions that end with the day before enrolment, each of so many days from first to last."""
    start = pd.date_range("2024-01-01", periods=24, freq="7D")
    return zip(start.astype(str), (start + pd.Timedelta(days=days)).astype(str), strict=True)


@pytest.mark.parametrize(
    ("course_end", "days", "weeks"),
    [
        ('"inclusive"', 6, 24),  # Monday to Sunday
        ('"exclusive"', 7, 24),  # Monday to the next Monday
        ('"exclusive"', 6, 24 * 6 / 7),
        (None, 6, 24 * 6 / 7),  # as before; RM121 reports it
    ],
)
def test_24_weekly_prescriptions_are_24_weeks_where_the_study_says_how_they_end(study_with, course_end, days, weeks):
    study = study_with(WEEKS_ON + (f"\n[time]\ncourse_end = {course_end}\n" if course_end else ""))
    cohort = dated_courses(study, *prescriptions(days))
    assert rm.derive_features(cohort, study)["weeks"].tolist() == pytest.approx([weeks])
    result = odd_rows.of(cohort, study, 0)
    assert ("23 courses end on the day before the next one" in result.text) is (course_end is None)
    assert result.state == ("found" if course_end is None else "passed")


def test_the_last_day_of_a_course_at_the_landmark_is_not_over_yet(study_with):
    # The last day is that of the landmark: what is left of it is not known, as of any course that reaches past it.
    study = study_with(WEEKS_ON + '\n[time]\ncourse_end = "inclusive"\n')
    cohort = dated_courses(study, ("2024-06-10", "2024-06-17"))
    assert cohort.treatments["end_week"].tolist() == pytest.approx([1 / 7])
    assert rm.derive_features(cohort, study)["weeks"].tolist() == pytest.approx([1])


def test_weeks_are_points_in_time_whatever_a_date_means(study_with):
    text = WEEKS_ON + '\n[time]\ncourse_end = "inclusive"\n'
    labs = pd.DataFrame({"patient_id": "A", "week": [0], "analyte": "hbsag", "value": "<0.05", "unit": "IU/mL"})
    given = pd.DataFrame({"patient_id": "A", "agent": "pegifn", "start_week": [-24], "end_week": [0]})
    study = study_with(text)
    cohort = rm.make_cohort(pd.DataFrame({"patient_id": ["A"], "age_years": 40}), labs, given, study=study)
    assert rm.derive_features(cohort, study)["weeks"].tolist() == [24]
    again = rm.make_cohort(**cohort.tables(), study=study)
    assert again == cohort


def test_single_doses_of_an_agent_whose_weeks_count_are_named(study_with):
    study = study_with(WEEKS_ON)
    doses = [(str(day.date()), str(day.date())) for day in pd.date_range("2024-01-01", periods=24, freq="7D")]
    assert (
        "24 courses of pegifn last a day or less, and are counted so"
        in odd_rows.of(dated_courses(study, *doses), study, 0).text
    )
    assert (
        odd_rows.of(dated_courses(study_with(), *doses), study_with(), 0).state == "passed"
    )  # nobody counts its weeks


def test_a_course_without_an_end_before_another_is_named(study_with):
    study = study_with(WEEKS_ON)
    cohort = dated_courses(study, ("2024-01-01", None), ("2024-03-01", "2024-04-01"))
    assert "<5 courses without an end are followed by another of the same agent" in odd_rows.of(cohort, study, 0).text


@pytest.mark.parametrize("text", ["2042-03-02", "9999-09-09", "1900-01-01"])
def test_a_result_of_a_day_that_cannot_be_is_refused_by_its_row(text, study_with):
    labs = pd.DataFrame(
        {"patient_id": "A", "date": ["2024-06-17", text], "analyte": "hbsag", "value": "<0.05", "unit": "IU/mL"}
    )
    with pytest.raises(rm.RelapseModelError, match=f"labs, row 3, column 'date': '{text}'"):
        rm.make_cohort(pd.DataFrame({"patient_id": ["A"], "enrolment_date": "2024-06-17"}), labs, study=study_with())


def test_a_course_may_end_in_a_year_to_come_and_is_listed(study_with):
    study = study_with(WEEKS_ON)
    cohort = dated_courses(study, ("2024-01-01", "2042-01-01"))
    assert [str(remark) for remark in cohort.remarks] == [
        "treatments, row 2, column 'end_date': week 915; expected a week within ten years of enrolment, or one that "
        "was looked at."
    ]
    assert "Rows to look at:\n  treatments, row 2, column 'end_date': week 915;" in check_report(cohort, study)
    assert rm.derive_features(cohort, study)["weeks"].tolist() == pytest.approx([24])  # no more than is known at week 0


def test_many_rows_of_a_kind_are_counted_in_one_line(study_with):
    weeks = [*range(-720, -700), 0]  # 20 of them over ten years before enrolment
    labs = pd.DataFrame({"patient_id": "A", "week": weeks, "analyte": "hbsag", "value": "<0.05", "unit": "IU/mL"})
    study = study_with()
    cohort = rm.make_cohort(pd.DataFrame({"patient_id": ["A"], "age_years": 60}), labs, study=study)
    assert len(cohort.remarks) == 20
    shown = check_report(cohort, study)
    assert "Rows to look at:\n  labs, column 'week', 20 times: week -720 (row 2), week -719 (row 3), week" in shown
    assert (shown.count("expected a week within ten years"), "... and " in shown) == (1, False)


@pytest.mark.parametrize(
    "text", ['zone = "Shanghai"', 'zone = ""', 'zone = "Asia"', 'zone = "../x"', 'course_end = "last"']
)
def test_settings_of_time_are_checked(text, study_with):
    with pytest.raises(rm.RelapseModelError, match=r"expected (a time zone of the IANA database|one of 'inclusive')"):
        study_with(f"\n[time]\n{text}\n")
    assert parse_study(study_with('\n[time]\nzone = "Asia/Shanghai"\n').text, "x").time.zone == "Asia/Shanghai"
