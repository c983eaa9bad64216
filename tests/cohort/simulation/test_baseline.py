"""Simulated marginals against the distributions they are said to follow."""

from __future__ import annotations

import numpy as np
import pytest

from relapse_model.cohort.simulation.baseline import draw_baseline, lognormal_sigma, truncated_normal

N = 20_000


@pytest.fixture(scope="module")
def baseline():
    return draw_baseline(N, 3, np.random.default_rng(11))


def near_share(flags, expected):
    """Whether a share lies within four standard errors of what was asked for."""
    return abs(np.mean(flags) - expected) < 4 * np.sqrt(expected * (1 - expected) / len(flags))


@pytest.mark.parametrize(
    ("titre", "share"),
    [
        (10, 59 / 101),  # Chang 2025: 59 of 101 positive at the end of therapy
        (100, 0.346),  # derived from the same: median 118, sigma 1.89
        (300, 0.20),
    ],
)
def test_anti_hbs_shares(baseline, titre, share):
    # The three published figures are rounded and one weight serves all: half a point of slack.
    error = np.sqrt(share * (1 - share) / N)
    assert abs(np.mean(baseline.anti_hbs >= titre) - share) < 4 * error + 0.005


def test_consolidation(baseline):
    weeks = baseline.consolidation_weeks
    assert near_share(weeks == 0, 0.28)
    assert abs(np.median(weeks) - 10) <= 1  # section 7: the mixture has median 10 and mean 12
    assert abs(weeks.mean() - 12.24) < 4 * weeks.std() / np.sqrt(N) + 0.05  # 0.72 * 17; rounding moves it a little
    assert abs(weeks[weeks > 0].std() - 11) < 0.5


def test_peginterferon_lasts_longer_than_the_consolidation_in_it(baseline):
    assert (baseline.pegifn_weeks - baseline.consolidation_weeks).min() >= 4
    assert abs(np.median(baseline.pegifn_weeks) - 48) <= 1
    # ln(1 + 0.45^2) is the variance of the logarithm of a lognormal with CV 0.45
    assert abs(np.log(baseline.pegifn_weeks).std() - np.sqrt(np.log(1 + 0.45**2))) < 0.02


def test_binary_covariates(baseline):
    assert near_share(baseline.male, 0.70)
    assert near_share(baseline.hbeag_positive, 0.33)
    missing = baseline.genotype == None  # noqa: E711  (elementwise)
    assert near_share(missing, 0.40)
    assert near_share(baseline.genotype[~missing] == "C", 0.60)


def test_arms_are_equal_in_size(baseline):
    assert baseline.hbig.sum() == N // 2
    assert draw_baseline(3, 1, np.random.default_rng(0)).hbig.sum() == 2


def test_eligibility_of_the_trial_holds(baseline):
    assert baseline.age_years.min() >= 18
    assert baseline.age_years.max() <= 60
    assert baseline.bmi_kg_m2.max() <= 28
    assert abs(baseline.age_years.mean() - 39) < 0.3


def test_hbsag_before_treatment_by_pretreatment(baseline):
    logs, pretreated = np.log10(baseline.hbsag_before), baseline.prior_nuc
    assert abs(np.median(logs[pretreated]) - 2.5) < 0.03
    assert abs(np.median(logs[~pretreated]) - 0.95) < 0.1  # the floor at 0.1 IU/mL lifts it slightly
    assert baseline.hbsag_before.min() >= 0.1


def test_pretreatment_depends_on_the_centre(baseline):
    shares = [baseline.prior_nuc[baseline.centre == centre].mean() for centre in range(3)]
    assert np.allclose(shares, [0.3, 0.55, 0.8], atol=0.03)


def test_hbcrag_is_detectable_in_a_fifth(baseline):
    # Seto 2013: HBcrAg detectable in 21 % after HBsAg loss
    assert near_share(baseline.hbcrag >= 3.0, 0.2119)  # the exact share above 3 of Normal(2.36, 0.8)


def test_truncated_normal_stays_inside_and_is_symmetric_there():
    assert truncated_normal(0.0, 1.0, -1.0, 1.0, np.array([0.0, 0.5, 1.0])).round(12).tolist() == [-1, 0, 1]


def test_lognormal_sigma():
    draws = np.exp(lognormal_sigma(0.4) * np.random.default_rng(0).standard_normal(200_000))
    assert abs(draws.std() / draws.mean() - 0.4) < 0.01
