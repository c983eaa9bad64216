"""Priors as papers print them, computed by hand: ln, the width over 3.92, shrunk by a Normal(0, 1)."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relapse_model.errors import StudyError
from relapse_model.study.published_effects import fits_interval, shrunk_effect
from relapse_model.study.reader import parse_study

HEAD = '[study]\nprotocol = 1\nname = "x"\n[outcome]\nadjudicated = true\n[prediction]\nhorizon_weeks = 52\n'

# Ratio and interval -> mean and standard deviation, by hand to four digits. The first four are the published effects
# of the built-in study (Chang 2025, Table 5), whose priors were computed from them before there was a shorthand:
# -1.09 (0.57), -0.04 (0.03; its own sd is 0.027), -0.01 (0.03), and 0.30 / 1.32 = 0.23 (0.49).
BY_HAND = [
    # s = (ln 0.75 - ln 0.05) / 3.92 = 2.70805 / 3.92 = 0.69083; 1 + s^2 = 1.47725; ln 0.20 = -1.60944
    (0.20, 0.05, 0.75, -1.0895, 0.5684),
    # s = (0.00995 + 0.09431) / 3.92 = 0.026597; 1 + s^2 = 1.000707; ln 0.96 = -0.040822
    (0.96, 0.91, 1.01, -0.0408, 0.0266),
    # s = (0.058269 + 0.061875) / 3.92 = 0.030649; ln 0.99 = -0.010050
    (0.99, 0.94, 1.06, -0.0100, 0.0306),
    # s = (1.396245 + 0.798508) / 3.92 = 0.559886; 1 + s^2 = 1.313472; ln 1.35 = 0.300105
    (1.35, 0.45, 4.04, 0.2285, 0.4885),
]


@pytest.mark.parametrize(("ratio", "low", "high", "mean", "sd"), BY_HAND)
def test_by_hand(ratio, low, high, mean, sd):
    assert shrunk_effect(ratio, low, high) == pytest.approx((mean, sd), abs=6e-5)


def test_a_level_of_90_percent():
    # s = (ln 4 - ln 1) / (2 * 1.644854) = 1.386294 / 3.289707 = 0.421404; 1 + s^2 = 1.177581
    assert shrunk_effect(2.0, 1.0, 4.0, level=0.9) == pytest.approx(
        (0.693147 / 1.177581, 0.421404 / 1.085164), abs=1e-5
    )


def test_steps_between_the_groups():
    """The built-in prior of anti-HBs per log10: positives and negatives lie 1.37 log10 apart."""
    mean, sd = shrunk_effect(0.20, 0.05, 0.75, steps=1.37)
    assert (round(mean, 2), round(sd, 2)) == (-0.80, 0.41)


@given(st.floats(-3, 3), st.floats(0.05, 3))
def test_shrinking_never_turns_nor_strengthens_an_effect(log_ratio, half):
    mean, sd = shrunk_effect(math.exp(log_ratio), math.exp(log_ratio - half), math.exp(log_ratio + half))
    error = half / 1.959964
    assert abs(mean) <= abs(log_ratio) + 1e-12
    assert mean * log_ratio >= -1e-12
    assert sd < min(error, 1.0) + 1e-12
    # It is the posterior of a Normal(0, 1) prior: precisions add up.
    assert 1 / sd**2 == pytest.approx(1 + 1 / error**2, rel=1e-6)


@given(st.floats(-3, 3), st.floats(0.1, 3), st.integers(1, 3))
def test_an_interval_as_papers_round_it_fits_its_ratio(log_ratio, half, decimals):
    printed = [round(math.exp(log_ratio + part * half), decimals) for part in (0, -1, 1)]
    if min(printed) > 0:
        assert fits_interval(*printed)


@given(st.floats(-1, 1), st.floats(0.5, 2), st.floats(0.2, 0.9), st.sampled_from([-1, 1]))
def test_a_ratio_off_the_middle_by_more_than_a_fifth_of_the_half_width_does_not(log_ratio, half, off, side):
    """To four decimals, rounding is less than a tenth of any half width here."""
    low, ratio, high = (round(math.exp(log_ratio + part * half), 4) for part in (-1, side * off, 1))
    assert not fits_interval(ratio, low, high)


def test_numbers_of_ten_and_more_are_printed_with_fewer_decimals():
    # 12 (1.05-137): the middle of 1.045 to 1.055 and 136.5 to 137.5 is 11.94 to 12.04.
    assert fits_interval(12, 1.05, 137)
    assert not fits_interval(15, 1.05, 37)


def prior(text, **more):
    column = more.get("column", 'age = { column = "age_years"')
    return parse_study(f"{HEAD}[predictors]\n{column}, prior = {{ {text} }} }}\n", "own.toml").predictors[0].prior


def test_in_a_study():
    found = prior('odds_ratio = 1.5, ci = [1.1, 2.0], per = 10, source = "Somebody 2020"')
    assert (found.log_odds, found.sd) == shrunk_effect(1.5, 1.1, 2.0)
    assert found.per == 10
    assert found.source == "Somebody 2020: OR 1.5 (1.1-2), shrunk"
    hazard = prior('hazard_ratio = 2.1, ci = [1.42, 3.11], level = 0.9, steps = 2, source = "S"')
    assert (hazard.log_odds, hazard.sd) == shrunk_effect(2.1, 1.42, 3.11, level=0.9, steps=2)
    assert (hazard.per, hazard.source) == ("unit", "S: HR 2.1 (1.42-3.11, 90 % interval), shrunk, divided by 2")


@pytest.mark.parametrize(
    ("text", "key", "found"),
    [
        ('odds_ratio = 2, source = "s"', "prior", "key 'ci' is missing"),
        ("odds_ratio = 2, ci = [1, 3]", "prior", "key 'source' is missing"),
        ('ci = [1, 3], source = "s"', "prior", "no ratio"),
        ('odds_ratio = 2, hazard_ratio = 2, ci = [1, 3], source = "s"', "prior", "odds_ratio and hazard_ratio"),
        ('odds_ratio = 4, ci = [1, 3], source = "s"', "prior.ci", "[1, 3], and a ratio of 4 outside it"),
        # The geometric middle of 0.05 to 0.75 is 0.19: 0.70 for 0.20, or the interval of another row of the table.
        ('odds_ratio = 0.7, ci = [0.05, 0.75], source = "s"', "prior.odds_ratio",
         "0.7, far from the geometric middle (0.194) of [0.05, 0.75]"),
        ('hazard_ratio = 2.1, ci = [0.5, 3.11], source = "s"', "prior.hazard_ratio",
         "2.1, far from the geometric middle (1.25) of [0.5, 3.11]"),
        ('odds_ratio = 2, ci = [3, 1], source = "s"', "prior.ci", "[3, 1]"),
        ('odds_ratio = 2, ci = [0, 3], source = "s"', "prior.ci", "[0, 3]"),
        ('odds_ratio = -2, ci = [1, 3], source = "s"', "prior.odds_ratio", "-2"),
        ('odds_ratio = 2, ci = [1, 3], level = 95, source = "s"', "prior.level", "95"),
        ('odds_ratio = 2, ci = [1, 3], log_odds = 0.7, source = "s"', "prior.log_odds", "unknown key"),
    ],
)  # fmt: skip
def test_what_no_prior_can_be_made_of(text, key, found):
    with pytest.raises(StudyError) as caught:
        prior(text)
    assert (8 + 1, f"predictors.age.{key}", found) in [(p.row, p.column, p.found) for p in caught.value.problems]


def test_per_unit_of_a_logarithm_is_refused():
    with pytest.raises(StudyError, match="'log10' or 'sd': this predictor is a logarithm"):
        prior('odds_ratio = 2, ci = [1, 3], source = "s"', column="alt = { unit = 'U/L'")
    assert (
        prior('odds_ratio = 2, ci = [1, 3], per = "log10", source = "s"', column="alt = { unit = 'U/L'").per == "log10"
    )


def test_the_prior_of_a_term():
    text = (
        f'{HEAD}[predictors]\nage = {{ column = "age_years" }}\n[[terms]]\nname = "old"\n'
        'factors = [{ predictor = "age", at_least = 65 }]\nprior = { odds_ratio = 2, ci = [1, 4], source = "s" }\n'
    )
    (term,) = parse_study(text, "own.toml").terms
    assert (term.prior.log_odds, term.prior.sd) == shrunk_effect(2, 1, 4)
