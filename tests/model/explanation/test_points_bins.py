"""Bins a clinician would choose: levels, yes and no, round numbers; every value lies in one."""

from __future__ import annotations

import numpy as np
import pytest
from additive_model import TOLD, additive_model, numbers
from hypothesis import given, settings
from hypothesis import strategies as st

from relapse_model.errors import RelapseModelError
from relapse_model.features.clinical_units import clinical
from relapse_model.model.explanation.points_bins import (
    bin_of,
    interval_words,
    is_yes_or_no,
    model_scale,
    round_cuts,
    value_bins,
)
from relapse_model.study.predictor import Predictor

AGE = Predictor("age", "column", "Age", column="age_years", unit="years")
TITRE = Predictor("titre", "last", "Anti-HBs", analyte="anti_hbs", scale="log10", unit="mIU/mL")
WEEKS = Predictor("weeks", "weeks_on_agent", "Treatment", unit="weeks")


@pytest.mark.parametrize(
    ("predictor", "low", "high", "expected"),
    [
        # 5 to 1000 mIU/mL: decades give 10 and 100 only, factors of 3 four cut points.
        (TITRE, np.log10(5), 3.0, (10, 30, 100, 300)),
        # 0.88 to 1675: 1 is within a twentieth of the lower end, so 3 is the first; 1000 stays.
        (TITRE, -0.056, 3.224, (3, 10, 30, 100, 300, 1000)),
        # six decades: the powers of ten alone are enough
        (TITRE, 0.5, 6.5, (10, 100, 1000, 10_000, 100_000, 1_000_000)),
        # less than a decade, 15 to 90: steps of 20
        (TITRE, np.log10(15), np.log10(90), (20, 40, 60, 80)),
        (AGE, 26.5, 50.1, (30, 35, 40, 45)),  # 50 is too near the end
        (AGE, 1.71, 3.9, (2, 2.5, 3, 3.5)),
        (AGE, -2.3, 2.3, (-2, -1, 0, 1, 2)),
        (WEEKS, 0.0, 34.0, (8, 16, 24, 32)),
        (WEEKS, 0.0, 120.0, (24, 48, 72, 96)),
    ],
)
def test_cut_points_are_round_and_inside_the_training_range(predictor, low, high, expected):
    assert round_cuts(predictor, numbers(low, low, high)) == expected


def test_the_change_of_a_titre_is_cut_in_log10_steps_not_in_titres():
    change = Predictor("change", "change", "Change", analyte="anti_hbs", scale="log10", unit="mIU/mL")
    found = value_bins(change, numbers(0.0, -1.2, 1.2))
    assert found.shown == (-1.0, -0.5, 0.0, 0.5, 1.0)
    np.testing.assert_array_equal(found.cuts, found.shown)


def test_a_saturating_predictor_is_cut_in_its_clinical_unit():
    half_at_100 = Predictor("sat", "last", "Anti-HBs", analyte="anti_hbs", saturating=100.0, scale="log10")
    found = value_bins(half_at_100, numbers(0.3, 5 / 105, 1000 / 1100))
    assert found.shown[0] == 10.0
    assert found.cuts[0] == pytest.approx(10 / 110)
    np.testing.assert_allclose(clinical(found.cuts, half_at_100), found.shown)


def test_a_bin_is_judged_in_its_middle_and_the_outer_ones_end_with_the_training_range():
    found = value_bins(TITRE, TOLD["titre"])
    # Between log10 5 = 0.69897 and 1; 1 and log10 30 = 1.47712; ...; log10 300 = 2.47712 and 3.
    np.testing.assert_allclose(found.at, [0.849485, 1.238561, 1.738561, 2.238561, 2.738561], atol=1e-6)


def test_levels_and_yes_or_no_are_bins_of_their_own():
    study = additive_model().study
    assert value_bins(study.predictor("genotype"), TOLD["genotype"]).labels == ("C", "B", "D")
    assert value_bins(study.predictor("arm"), TOLD["arm"]).labels == ("no", "yes")


def test_a_column_of_noughts_and_ones_without_a_unit_is_yes_or_no_and_an_age_is_not():
    bare = Predictor("cirrhosis", "column", "Cirrhosis", column="cirrhosis")
    assert is_yes_or_no(bare, numbers(0.1, 0.0, 1.0))
    assert not is_yes_or_no(bare, numbers(0.4, 0.0, 2.0))
    assert not is_yes_or_no(AGE, numbers(0.4, 0.0, 1.0))


@pytest.mark.parametrize("stated", [numbers(3.0, 3.0, 3.0), dict.fromkeys(("mean", "p05", "median", "p95"))])
def test_a_number_without_a_range_has_one_bin(stated):
    assert value_bins(AGE, stated).labels == ("any value",)


def test_words_of_intervals_say_where_the_cut_point_belongs():
    assert interval_words((0.5, 1e6)) == ("below 0.5", "0.5 to below 1000000", "1000000 or more")
    # A titre of exactly 100, and one that lost its last digit, lie above the cut point of 100.
    assert bin_of(np.array([2.0, 2.0 - 1e-13, 1.999]), np.array([2.0])).tolist() == [1, 1, 0]


@settings(max_examples=60, deadline=None)
@given(st.floats(-5, 5), st.floats(0.01, 8), st.sampled_from([TITRE, AGE, WEEKS]))
def test_cut_points_rise_and_lie_within_any_range(low, span, predictor):
    if predictor is not TITRE:
        low, span = 10 * abs(low), 10 * span
    cuts = model_scale(round_cuts(predictor, numbers(low, low, low + span)), predictor)
    assert 1 <= len(cuts) <= 8
    assert (np.diff(cuts) > 0).all()
    assert low < cuts[0] <= cuts[-1] < low + span


def test_cut_points_of_ones_own_are_taken_in_clinical_units():
    found = value_bins(TITRE, TOLD["titre"], [100])
    assert found.labels == ("below 100", "100 or more")
    np.testing.assert_allclose(found.cuts, [2.0])


@pytest.mark.parametrize(
    ("predictor", "stated", "cuts", "words"),
    [
        (TITRE, TOLD["titre"], [100, 10], "rising numbers"),
        (TITRE, TOLD["titre"], [], "rising numbers"),
        (AGE, TOLD["age"], [float("nan")], "rising numbers"),
        (TITRE, TOLD["titre"], [0, 10], "above 0"),
        (additive_model().study.predictor("genotype"), TOLD["genotype"], [1], "a bin already"),
    ],
)
def test_cut_points_that_are_none_are_refused(predictor, stated, cuts, words):
    with pytest.raises(RelapseModelError, match=words):
        value_bins(predictor, stated, cuts)
