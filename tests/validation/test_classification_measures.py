"""Sensitivity and its kin against hand-countable tables, and Wilson's interval against its definition."""

from __future__ import annotations

import json
import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relapse_model.development.internal_validation import group_tables
from relapse_model.errors import RelapseModelError
from relapse_model.validation.classification_measures import THRESHOLD_MEASURES, threshold_measures, wilson

# 10 patients, 4 relapses. At or above 0.3: 3 relapses and 2 others.
Y = [1, 1, 1, 1, 0, 0, 0, 0, 0, 0]
P = [0.8, 0.5, 0.3, 0.1, 0.6, 0.3, 0.2, 0.2, 0.1, 0.1]


def values(found):
    return {name: estimate.value for name, estimate in found.measures.items()}


def test_hand_countable_table():
    (found,) = threshold_measures(Y, P, [0.3])
    expected = {"sensitivity": 3 / 4, "specificity": 4 / 6, "ppv": 3 / 5, "npv": 4 / 5, "flagged": 5 / 10}
    assert values(found) == pytest.approx(expected)
    assert list(found.measures) == list(THRESHOLD_MEASURES)
    assert (found.threshold, found.flagged, found.refused) == (0.3, 5, {})
    assert {estimate.method for estimate in found.measures.values()} == {"Wilson"}


def test_published_wilson_intervals():
    # Newcombe 1998, Stat Med 17:857, table I, method 3.
    for events, n, lower, upper in [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611)]:
        interval = wilson(events / n, n)
        assert (interval.lower, interval.upper) == pytest.approx((lower, upper), abs=5e-5)
    assert (wilson(1.0, 29).lower, wilson(1.0, 29).upper) == pytest.approx((0.8830, 1), abs=5e-5)


@settings(deadline=None)
@given(st.floats(0, 1), st.floats(0.5, 500))
def test_the_limits_are_the_shares_not_refuted(share, n):
    interval = wilson(share, n)
    assert 0 <= interval.lower <= share <= interval.upper <= 1
    for limit in (interval.lower, interval.upper):
        # |share - limit| = z sqrt(limit (1 - limit) / n), squared.
        assert (share - limit) ** 2 == pytest.approx(1.959964**2 * limit * (1 - limit) / n, rel=1e-4, abs=1e-9)


def test_weights_count_in_shares_and_give_an_effective_number():
    # Relapses with weights 1, 3 (the first flagged): 1/4, effective number (1 + 3)^2 / (1 + 9) = 1.6.
    # Others 2, 2 (the first flagged): specificity 1/2 of effectively 2.
    (found,) = threshold_measures([1, 1, 0, 0], [0.9, 0.1, 0.9, 0.1], [0.5], [1, 3, 2, 2])
    assert values(found) == pytest.approx(
        {"sensitivity": 1 / 4, "specificity": 1 / 2, "ppv": 1 / 3, "npv": 2 / 5, "flagged": 3 / 8}
    )
    z2 = 1.959964**2
    middle, reach = 0.25 + z2 / 3.2, 1.959964 * math.sqrt(0.1875 / 1.6 + z2 / (4 * 1.6**2))
    assert found.measures["sensitivity"].lower == pytest.approx((middle - reach) / (1 + z2 / 1.6), abs=1e-6)
    assert {estimate.method for estimate in found.measures.values()} == {"Wilson, effective number of patients"}


def test_equal_weights_change_nothing_but_the_name():
    (plain,), (weighted,) = threshold_measures(Y, P, [0.3]), threshold_measures(Y, P, [0.3], np.full(10, 2.5))
    for name, estimate in plain.measures.items():
        other = weighted.measures[name]
        assert (other.value, other.lower, other.upper) == pytest.approx(
            (estimate.value, estimate.lower, estimate.upper)
        )


def test_lost_patients_do_not_count():
    (found,) = threshold_measures([*Y, np.nan], [*P, 0.9], [0.3], [1.0] * 10 + [0.0])
    assert values(found) == pytest.approx(values(threshold_measures(Y, P, [0.3])[0]))
    assert found.flagged == 5


def test_empty_denominators_are_refused_by_name():
    low, high = threshold_measures(Y, P, [0.05, 0.95])
    assert set(low.refused) == {"npv"}
    assert "Negative predictive value at 0.05: nobody is below the threshold, of 10 patients" in low.refused["npv"]
    assert set(high.refused) == {"ppv"}
    assert values(high)["sensitivity"] == 0
    (none,) = threshold_measures([0, 0], [0.2, 0.6], [0.3])
    assert "nobody has the outcome" in none.refused["sensitivity"]
    (every,) = threshold_measures([1, 1], [0.2, 0.6], [0.3])
    assert "everybody has the outcome" in every.refused["specificity"]
    for found in (low, high, none, every):
        assert found.measures.keys() | found.refused.keys() == set(THRESHOLD_MEASURES)


patients = st.lists(st.tuples(st.booleans(), st.integers(0, 20), st.integers(1, 4)), min_size=1, max_size=30)


@settings(deadline=None, max_examples=60)
@given(patients)
def test_a_higher_threshold_flags_fewer(rows):
    y, p, w = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    table = threshold_measures(y, p / 20, [0.1, 0.3, 0.6], w)
    for lower, higher in pairwise(table):
        assert lower.flagged >= higher.flagged
        for name, sign in (("sensitivity", 1), ("specificity", -1)):
            if name in lower.measures:
                assert sign * (lower.measures[name].value - higher.measures[name].value) >= -1e-12


def test_results_become_json():
    (found,) = threshold_measures(Y, P, 0.3)
    plain = json.loads(json.dumps(found.to_dict()))
    assert plain["measures"]["ppv"]["value"] == pytest.approx(0.6)


@pytest.mark.parametrize("thresholds", [[0.0], [1.0], [np.nan], [], [[0.1, 0.2]]])
def test_thresholds_must_lie_between_0_and_1(thresholds):
    with pytest.raises(RelapseModelError, match="Thresholds"):
        threshold_measures(Y, P, thresholds)


@pytest.mark.parametrize(("share", "n"), [(1.1, 5), (-0.1, 5), (0.5, 0), (math.nan, 5)])
def test_wilson_refusals(share, n):
    with pytest.raises(RelapseModelError, match="Wilson's interval"):
        wilson(share, n)


def test_what_a_threshold_says_of_one_to_four_patients_is_hidden_in_a_validation():
    """Twenty patients: at 0.3 three are flagged, at 0.1 all but two, at 0.2 eight, at 0.5 nobody."""
    risk = np.repeat([0.05, 0.15, 0.25, 0.4], [2, 10, 5, 3])
    table = threshold_measures(np.tile([0.0, 1.0], 10), risk, [0.3, 0.1, 0.2, 0.5])
    few, many, enough, nobody = (group_tables._few_hidden(one, one.flagged, 20) for one in table)
    assert (few.flagged, few.measures) == ("<5", {})
    assert few.refused["ppv"] == "hidden: fewer than 5 patients are at or above the threshold"
    assert (many.flagged, many.measures) == ("more than 15", {})
    assert many.refused["npv"].startswith("hidden: fewer than 5 patients are below")
    assert (enough, nobody) == (table[2], table[3])
