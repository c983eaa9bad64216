"""Compiled kernels, and what is remembered of a table: the same numbers as arrays give, and never stale ones."""

from __future__ import annotations

import dataclasses
import gc
import weakref

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import relapse_model as rm
from relapse_model.cohort import measurements as of_tables
from relapse_model.cohort import rows_by_patient as grouped
from relapse_model.cohort.measurements import measurements
from relapse_model.features import summaries
from relapse_model.features.summaries import SUMMARIES, summarise_groups

KINDS = ("last", "first", "maximum", "minimum", "mean", "count", "slope")


@pytest.fixture(params=["arrays", "kernels"])
def way(request, monkeypatch):
    """Run a test without the kernels, and with them however small the table."""
    if request.param == "kernels":
        pytest.importorskip("numba")
        monkeypatch.setattr(grouped, "ROWS_TO_ORDER", 0)
        monkeypatch.setattr(summaries, "ROWS_TO_SUMMARISE", 0)
    return request.param


def in_order(group, week):
    """The order by Python's sort, which keeps the rows of equal keys as they were."""
    return sorted((row for row, one in enumerate(group) if one >= 0), key=lambda row: (group[row], week[row]))


ROWS = st.lists(st.tuples(st.integers(-1, 4), st.sampled_from([-8.0, 0.0, 0.5, 4.0])), max_size=40)


@settings(deadline=None, max_examples=30)
@given(ROWS)
def test_order_is_that_of_a_stable_sort(rows):
    group, week = np.array([one for one, _ in rows], dtype=np.int32), np.array([week for _, week in rows], dtype=float)
    row, start = grouped.ordered(group, week, 5)
    assert row.tolist() == in_order(group, week)
    assert np.diff(start).tolist() == [int((group == one).sum()) for one in range(5)]


KEYS = st.lists(st.tuples(st.integers(0, 3), st.sampled_from([0, 1, 65_535, 65_536, 2**33])), max_size=30)


@settings(deadline=None, max_examples=50)
@given(KEYS)
def test_numbers_of_more_than_16_bits_are_ordered_too(pairs):
    # Beyond 16 bits a number is counted in parts: 65,536 has the lower half of 0.
    first, second = (np.array([pair[place] for pair in pairs], dtype=np.int64) for place in (0, 1))
    assert grouped.order_of(first, second).tolist() == np.lexsort((first, second)).tolist()


def test_rows_in_time_keep_their_order_within_a_group(way):
    row, start = grouped.ordered(np.array([1, 0, -1, 1, 0]), None, 2)
    assert (row.tolist(), start.tolist()) == ([1, 4, 0, 3], [0, 2, 4])


def test_rows_are_in_time_only_by_patient_and_week():
    patient = np.array([0, 0, 1])
    assert grouped.in_time(patient, np.array([0.0, 0.0, -4.0]))  # a new patient begins again
    assert not grouped.in_time(patient, np.array([4.0, 0.0, 8.0]))
    assert not grouped.in_time(patient[::-1], np.array([0.0, 4.0, 8.0]))
    assert not grouped.in_time(patient, np.array([0.0, np.nan, 8.0]))  # not known to be
    assert grouped.in_time(patient[:0], np.zeros(0))


def test_order_is_the_same_both_ways(way):
    # Group 2 has 500 rows in some 50 different weeks, so that ties and long groups are tried; -1 is left out.
    rng = np.random.default_rng(1)
    group = rng.permutation(np.repeat([-1, 0, 1, 2], [20, 1, 30, 500])).astype(np.int32)
    week = rng.integers(0, 50, len(group)).astype(float)
    row, start = grouped.ordered(group, week, 4)
    assert row.tolist() == in_order(group, week)
    assert start.tolist() == [0, 1, 31, 531, 531]
    again, _ = grouped.ordered(group[row], week[row], 4)  # what is in order stays as it is
    assert again.tolist() == list(range(531))


def test_features_counted_by_hand(way):
    # Group 0: 1, 3, 2 in weeks 0, 4, 8: mean 2, slope (-4*1 + 4*2) / 32 per week = 0.5 per 4 weeks.
    # Group 1 has no row; group 2 has one, so no slope; group 3 two in one week, so none either.
    value, week = np.array([1.0, 3.0, 2.0, 7.0, 5.0, 6.0]), np.array([0.0, 4.0, 8.0, 4.0, 2.0, 2.0])
    found = summarise_groups(KINDS, value, week, np.array([0, 3, 3, 4, 6]))
    nan = np.nan
    expected = {
        "last": [2, nan, 7, 6], "first": [1, nan, 7, 5], "maximum": [3, nan, 7, 6], "minimum": [1, nan, 7, 5],
        "mean": [2, nan, 7, 5.5], "count": [3, 0, 1, 2], "slope": [0.5, nan, nan, nan],
    }  # fmt: skip
    for kind in KINDS:
        np.testing.assert_allclose(found[kind], expected[kind], rtol=1e-12, err_msg=kind)


def test_kernels_give_what_arrays_give(monkeypatch):
    pytest.importorskip("numba")
    rng = np.random.default_rng(2)
    start = np.append(0, np.cumsum(rng.integers(0, 9, 300)))
    # Weeks far from 0, on which a slope from plain sums of squares would lose nine digits.
    value, week = rng.normal(3, 2, start[-1]), 5000.0 + np.sort(rng.integers(0, 2000, start[-1]))
    by_arrays = summarise_groups(KINDS, value, week, start)
    monkeypatch.setattr(summaries, "ROWS_TO_SUMMARISE", 0)
    compiled = summarise_groups(KINDS, value, week, start)
    for kind in KINDS:
        np.testing.assert_allclose(compiled[kind], by_arrays[kind], rtol=1e-9, atol=1e-9, err_msg=kind)


def test_a_table_gives_the_same_features_both_ways(way, cohort, study):
    predictors = tuple(
        dataclasses.replace(
            study.predictor("anti_hbs"), name=f"{kind} {name}", kind=kind, analyte=name, window_weeks=None
        )
        for kind in KINDS for name in ("anti_hbs", "hbsag")
    )  # fmt: skip
    study = dataclasses.replace(study, predictors=predictors)
    fresh = dataclasses.replace(cohort, labs=cohort.labs.copy())
    expected = pd.DataFrame({one.name: slowly(cohort, study, one) for one in predictors}, index=cohort.patient_ids)
    pd.testing.assert_frame_equal(rm.derive_features(fresh, study, 0), expected, rtol=1e-9, check_names=False)


def slowly(cohort, study, predictor):
    """The feature from the results of each patient alone."""
    results = measurements(cohort, study, predictor.analyte).until(0)
    found = []
    for patient in range(len(cohort)):
        mine = results.rows(results.patient == patient)
        if predictor.kind != "count":
            mine = mine.valued()
        nothing = 0.0 if predictor.kind == "count" else np.nan
        known = summaries.Known(
            np.log10(mine.value), mine.week, grouped.groups(mine.patient * 0, 1), 0.0, np.nan, mine.detected
        )
        found.append(SUMMARIES[predictor.kind](known)[0] if len(mine.week) else nothing)
    return found


def test_without_numba_arrays_do_it(monkeypatch):
    monkeypatch.setattr(grouped, "_loaded", lambda: None)
    assert grouped.kernels(10**9, grouped.ROWS_TO_ORDER) is None
    monkeypatch.setattr(grouped, "ROWS_TO_ORDER", 0)
    assert grouped.ordered(np.array([1, 0]), np.zeros(2), 2)[0].tolist() == [1, 0]


# ---- what is remembered ----


def fresh_copy(cohort):
    return dataclasses.replace(cohort, labs=cohort.labs.copy())


def test_results_are_read_once_and_cannot_be_written_to(cohort, study):
    cohort = fresh_copy(cohort)
    found = measurements(cohort, study, "hbsag")
    assert measurements(cohort, study, "hbsag") is found
    for name in ("patient", "week", "value", "lower", "upper", "detected"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(found, name)[0] = 1


def test_a_cohort_of_another_table_is_read_anew(cohort, study):
    used = fresh_copy(cohort)
    before = rm.derive_features(used, study)  # remembered from here on
    changed = dataclasses.replace(used, labs=used.labs.assign(kind="missing"))
    assert rm.derive_features(changed, study)["anti_hbs"].isna().all()
    pd.testing.assert_frame_equal(rm.derive_features(used, study), before)


def test_another_limit_in_the_study_is_read_anew(cohort, study):
    higher = dataclasses.replace(study.analytes["anti_hbs"], lower_limit=40.0)
    other = dataclasses.replace(study, analytes={**study.analytes, "anti_hbs": higher})
    cohort = dataclasses.replace(cohort, labs=cohort.labs.drop(columns="lower_limit"))
    first, second = (measurements(cohort, one, "anti_hbs") for one in (study, other))
    negative = first.detected == 0
    assert negative.any()
    assert set(second.value[negative] / first.value[negative]) == {4.0}  # a limit of 40 instead of 10


def test_what_is_remembered_goes_with_the_cohort(cohort, study):
    used = fresh_copy(cohort)
    found = weakref.ref(measurements(used, study, "hbsag"))
    assert found() is not None
    del used
    gc.collect()
    assert found() is None


def test_the_oldest_results_are_forgotten_where_there_are_too_many(cohort, study, monkeypatch):
    monkeypatch.setattr(of_tables, "_ROWS_REMEMBERED", 0)
    cohort = fresh_copy(cohort)
    first = measurements(cohort, study, "hbsag")
    measurements(cohort, study, "anti_hbs")
    again = measurements(cohort, study, "hbsag")
    assert again is not first
    np.testing.assert_array_equal(again.value, first.value)
