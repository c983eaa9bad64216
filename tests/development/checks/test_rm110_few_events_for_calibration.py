"""RM110: how many relapses a calibration curve needs."""

from __future__ import annotations

import pytest

from relapse_model.development.checks.rm110_few_events_for_calibration import CHECK as few_events_for_calibration


@pytest.mark.parametrize(("events", "state"), [(0, "found"), (99, "found"), (100, "passed"), (500, "passed")])
def test_a_hundred_relapses_are_enough(events, state):
    result = few_events_for_calibration(events)
    assert (result.code, result.state, result.severity) == ("RM110", state, "note")


def test_what_is_found_says_how_many_and_what_to_report_instead():
    text = few_events_for_calibration(21).text
    assert text.startswith("21 events; expected 100 or more for a calibration curve.")
    assert "the slope" in text
