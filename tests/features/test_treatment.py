"""Features of treatment: equal to a count of tenths of weeks, one by one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import relapse_model as rm
from relapse_model.cohort.courses import courses_until, ever
from relapse_model.features.treatment import dose_total, doses, weeks_off, weeks_on
from relapse_model.study.predictor import Predictor

AGENTS = ("pegifn", "entecavir", "tenofovir", "hbig")
KINDS = (
    "weeks_on_agent",
    "weeks_on_agent_after_first_negative",
    "weeks_off_agent",
    "ever_on_agent",
    "dose_count",
    "dose_total",
)


def tenths(week):
    return round(10 * week)


def weeks_covered(rows, landmark, since=-np.inf):
    """Every tenth of a week on treatment, as a set: what is in it twice is in it once."""
    covered = set()
    for start, end, _ in rows:
        stop = landmark if np.isnan(end) or end > landmark else end
        covered |= set(range(tenths(start), tenths(stop)))
    return sum(tenth >= (tenths(since) if np.isfinite(since) else since) for tenth in covered) / 10


def off(rows, landmark):
    ends = [landmark if np.isnan(end) or end > landmark else end for _, end, _ in rows]
    return landmark - max(ends) if ends else np.nan


def is_negative(row):
    """Tell whether a printed HBsAg is below 0.05, where every limit is at or under it."""
    return row["kind"] == "negative" or row["comparator"] == "<" or row["number"] < 0.05


def lost_in(tests):
    """Bounds of the first week of the last run of negatives: -inf below if no positive test stands before it.

    A positive test after enrolment between two negative ones is no relapse by this study's rule, and ends no run.
    """
    negatives = [week for week, negative in tests if negative]
    first, last = min(negatives, default=np.inf), max(negatives, default=-np.inf)
    tests = [(week, negative) for week, negative in sorted(tests) if negative or week <= 0 or not first < week < last]
    if not tests or not tests[-1][1]:
        return np.nan, np.nan
    last_positive = max((week for week, negative in tests if not negative), default=-np.inf)
    began = min(week for week, negative in tests if negative and week > last_positive)
    return (began if np.isfinite(last_positive) else -np.inf), began


def losses(cohort, landmark):
    tests = [[] for _ in range(len(cohort))]
    for row in cohort.labs[cohort.labs["analyte"] == "hbsag"].to_dict("records"):
        if row["kind"] != "missing" and row["week"] <= landmark:
            tests[row["patient"]].append((row["week"], is_negative(row)))
    return [lost_in(own) for own in tests]


def courses(cohort, agents, landmark):
    rows = [[] for _ in range(len(cohort))]
    for row in cohort.treatments.to_dict("records"):
        if row["agent"] in agents and row["start_week"] <= landmark:
            rows[row["patient"]].append((row["start_week"], row["end_week"], row["dose"]))
    return rows


def slowly(kind, rows, landmark, negative):
    if kind == "weeks_on_agent":
        return weeks_covered(rows, landmark)
    if kind == "weeks_on_agent_after_first_negative":
        most, fewest = (weeks_covered(rows, landmark, bound) for bound in negative)
        return fewest if most == fewest and not np.isnan(negative[0]) else np.nan
    if kind == "weeks_off_agent":
        return off(rows, landmark)
    if kind == "ever_on_agent":
        return float(len(rows) > 0)
    return float(len(rows)) if kind == "dose_count" else float(sum(dose for _, _, dose in rows))


@pytest.mark.parametrize("landmark", [-10.0, 0.0, 24.0])
@pytest.mark.parametrize("seed", [3, 4])
def test_features_equal_the_loop_over_patients(study, seed, landmark):
    cohort = rm.simulate_cohort(60, seed=seed)
    declared = {
        f"{kind} {'+'.join(agents)}": Predictor(
            name=f"{kind} {'+'.join(agents)}", kind=kind, label="", agents=agents, analyte="hbsag", below=0.05
        )
        for kind in KINDS
        for agents in (("pegifn",), ("hbig",), AGENTS)
    }
    found = rm.derive_features(cohort, replace(study, predictors=tuple(declared.values())), landmark)
    negatives = losses(cohort, landmark)
    for name, predictor in declared.items():
        known = courses(cohort, predictor.agents, landmark)
        expected = [
            slowly(predictor.kind, rows, landmark, negative) for rows, negative in zip(known, negatives, strict=True)
        ]
        np.testing.assert_allclose(found[name], expected, atol=1e-6, err_msg=name)


week = st.integers(-20, 20)
course = st.tuples(st.integers(0, 2), week, st.one_of(st.none(), st.integers(0, 15)), st.sampled_from(["a", "b", "c"]))


@settings(deadline=None, max_examples=80)
@given(
    given_courses=st.lists(course, max_size=12),
    landmark=week,
    since=st.lists(st.one_of(st.none(), week), min_size=3, max_size=3),
)
def test_any_courses_equal_the_count_of_weeks(given_courses, landmark, since):
    table = pd.DataFrame(
        {
            "patient": [patient for patient, _, _, _ in given_courses],
            "agent": [agent for _, _, _, agent in given_courses],
            "start_week": [float(start) for _, start, _, _ in given_courses],
            "end_week": [np.nan if length is None else float(start + length) for _, start, length, _ in given_courses],
            "dose": 1.0,
        }
    ).astype({"patient": int})
    known = courses_until(table, ("a", "b"), float(landmark))
    after = np.array([np.nan if one is None else float(one) for one in since])
    rows = [
        [
            (float(start), np.nan if length is None else float(start + length), 1.0)
            for patient, start, length, agent in given_courses
            if patient == who and agent != "c" and start <= landmark
        ]
        for who in range(3)
    ]
    np.testing.assert_allclose(weeks_on(known, 3), [weeks_covered(own, landmark) for own in rows])
    np.testing.assert_allclose(
        weeks_on(known, 3, after),
        [np.nan if np.isnan(one) else weeks_covered(own, landmark, one) for own, one in zip(rows, after, strict=True)],
    )
    np.testing.assert_allclose(weeks_off(known, 3, float(landmark)), [off(own, landmark) for own in rows])
    np.testing.assert_array_equal(ever(known, 3), [float(len(own) > 0) for own in rows])
    np.testing.assert_array_equal(doses(known, 3), [len(own) for own in rows])
    np.testing.assert_array_equal(dose_total(known, 3), [len(own) for own in rows])


def test_tables_without_end_or_dose_say_less_and_nothing_wrong():
    # Only what is required: a course without an end runs on, a dose without an amount has an unknown sum.
    table = pd.DataFrame({"patient": [0], "agent": ["hbig"], "start_week": [-4.0]})
    known = courses_until(table, ("hbig",), 8.0)
    assert weeks_on(known, 2).tolist() == [12.0, 0.0]
    np.testing.assert_array_equal(dose_total(known, 2), [np.nan, 0.0])
    assert doses(known, 2).tolist() == [1.0, 0.0]
