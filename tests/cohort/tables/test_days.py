"""Dates and times as the hospital's own days."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import pytest

from relapse_model.cohort.tables.days import EXPECTED, EXPECTED_DAY, EXPECTED_ZONE, read_days, refusals

SHANGHAI = "Asia/Shanghai"


def days(*texts, zone=None):
    return read_days(pd.Series(list(texts), dtype=object), zone).day.astype("datetime64[D]").astype(str).tolist()


def test_dates_are_read_in_one_order_only():
    found = read_days(pd.Series(["2025-04-03", "2025-04-03T08:15", "2025-04-03 08:15:00.5", "", "NA", None]))
    assert found.day[:3].astype("datetime64[D]").astype(str).tolist() == ["2025-04-03"] * 3
    assert found.empty.tolist() == [False, False, False, True, True, True]
    assert not found.bad.any()
    np.testing.assert_array_equal(found.minute[:3], [np.nan, 495, 495 + 0.5 / 60])


@pytest.mark.parametrize(
    "text",
    ["03/04/2025", "04.03.2025", "2025/04/03", "20250403", "2025-4-3", "2025-13-01", "2025-02-30", "3 Apr 2025",
     "2025-04", "45750", "2025-04-03Z", "0000-00-00", "today", "2025-04-03 8h", "2025-04-03 24:00", "2025-04-03 12:60",
     "2025-04-03 12:00+25:00", "2025-04-03 +08:00"],
)  # fmt: skip
def test_a_date_in_any_other_form_is_refused_rather_than_guessed(text):
    found = read_days(pd.Series(["2025-01-01", text]), SHANGHAI)
    assert found.bad.tolist() == [False, True]
    assert found.came.iloc[1] == text


@pytest.mark.parametrize(
    ("text", "day", "minute"),
    [
        ("2024-03-02T23:30:00Z", "2024-03-03", 450),  # half past seven the next morning
        ("2024-03-02 07:30+08:00", "2024-03-02", 450),
        ("2024-03-02 07:30+0800", "2024-03-02", 450),
        ("2024-03-02 07:30 +08", "2024-03-02", 450),
        ("2024-03-01T20:30:00.000-03:00", "2024-03-02", 450),
        ("2024-03-01T16:00:00Z", "2024-03-02", np.nan),  # midnight there: a date without a time, as UTC
    ],
)
def test_a_time_with_a_zone_counts_by_the_day_of_the_hospital(text, day, minute):
    for values in (pd.Series([text]), pd.Series(pd.to_datetime([text], utc=True))):
        found = read_days(values, SHANGHAI)
        assert found.day.astype("datetime64[D]").astype(str).tolist() == [day]
        np.testing.assert_array_equal(found.minute, [minute])


def test_without_the_hospitals_zone_it_is_refused_by_what_to_write():
    for values in (pd.Series(["2024-03-02T23:30Z"]), pd.Series(pd.to_datetime(["2024-03-02T23:30Z"]))):
        found = read_days(values)
        assert (found.zoned.tolist(), np.isnat(found.day).tolist(), found.bad.tolist()) == ([True], [True], [False])
    assert [expected for rows, expected in refusals(found) if rows.any()] == [EXPECTED_ZONE]
    assert '[time] zone = "..."' in EXPECTED_ZONE


def test_summer_time_is_that_of_the_zone():
    # Berlin: UTC+1 in winter, UTC+2 in summer.
    assert days("2024-01-01T22:30Z", "2024-07-01T22:30Z", zone="Europe/Berlin") == ["2024-01-01", "2024-07-02"]


def test_typed_dates_keep_their_day():
    texts = ["2025-04-03", None]
    for values in (
        pd.Series(pd.to_datetime(texts)),
        pd.Series(pd.to_datetime(texts).tz_localize(SHANGHAI)),
        pd.Series([datetime.date(2025, 4, 3), None]),
        pd.Series([pd.Timestamp("2025-04-03 23:00"), None], dtype=object),
    ):
        found = read_days(values, SHANGHAI)
        assert found.day[0] == np.datetime64("2025-04-03")
        assert (found.empty.tolist(), found.bad.tolist()) == ([False, True], [False, False])


def test_far_dates_are_themselves():
    # In nanoseconds 2609-07-22 would be the first day of 2025.
    found = read_days(pd.Series(["2609-07-22", "1025-01-01"]))
    readable = ~found.bad  # pandas 2 cannot read them, and says so
    expected = np.array(["2609-07-22", "1025-01-01"], dtype="datetime64[s]")
    np.testing.assert_array_equal(found.day[readable], expected[readable])


@pytest.mark.parametrize("text", ["1900-01-01", "1899-12-30", "1970-01-01", "2099-12-31", "9999-09-09", "9999-12-31"])
def test_dates_that_stand_for_nothing_are_refused_as_such(text):
    found = read_days(pd.Series([text, "2024-03-02"]))
    stated = {expected for rows, expected in refusals(found) if rows[0]}
    assert stated <= {EXPECTED_DAY, EXPECTED}  # pandas 2 cannot read year 9999
    assert len(stated) == 1
    assert np.isnat(found.day).tolist() == [True, False]


@pytest.mark.parametrize("dtype", [object, "str", "datetime64[s]", float])
def test_a_column_without_rows_or_dates_has_no_problem(dtype):
    assert len(read_days(pd.Series([], dtype=dtype)).day) == 0
    assert read_days(pd.Series([None, None], dtype=dtype)).empty.tolist() == [True, True]
