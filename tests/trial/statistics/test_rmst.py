"""Restricted mean survival time: published values, areas by hand, and the variance that is the estimator's."""

from __future__ import annotations

import numpy as np
import pytest
from golden_trials import pbc
from trial132 import trial132

from relapse_model.errors import CensoringError, InsufficientDataError
from relapse_model.trial.statistics import rmst_contrast

T = trial132()


def test_golden():
    found = rmst_contrast(T.week, T.event, T.arm, 48).contrast  # R package survRM2
    assert found.value == pytest.approx(2.622209556379, rel=1e-6)
    assert (found.lower, found.upper) == pytest.approx((-1.276218518, 6.520637631), rel=1e-6)
    assert found.p_value == pytest.approx(0.187391347887, rel=1e-6)
    ratio = rmst_contrast(T.week, T.event, T.arm, 48, measure="rmst_ratio").contrast
    assert ratio.value == pytest.approx(1.061881554347, rel=1e-6)


def test_golden_pbc():
    # The vignette of survRM2: ten years; the same at five.
    days, death, arm = pbc()
    ten = rmst_contrast(days / 365.25, death, arm, 10).contrast
    assert (ten.value, ten.lower, ten.upper) == pytest.approx((-0.13692276, -0.93851909, 0.66467356), rel=1e-6)
    assert ten.p_value == pytest.approx(0.73778609, rel=1e-6)
    five = rmst_contrast(days / 365.25, death, arm, 5).contrast
    assert (five.value, five.lower, five.upper) == pytest.approx((0.11959526, -0.19298630, 0.43217683), rel=1e-6)


def test_the_standard_error_is_that_of_repeated_trials():
    # lifelines gives the variance of min(T, horizon), several times too large.
    rng = np.random.default_rng(3)
    arm, found = np.repeat([1, 0], 50), []
    for _ in range(400):
        time, lost = rng.exponential(40, 100), rng.uniform(20, 80, 100)
        time[:2], lost[:2], time[50:52], lost[50:52] = 90, 90, 90, 90
        found.append(rmst_contrast(np.minimum(time, lost), time <= lost, arm, 48).contrast)
    errors = [one.standard_error for one in found]
    assert np.mean(errors) == pytest.approx(np.std([one.value for one in found]), rel=0.1)


def test_without_losses_it_is_the_mean_of_the_times_cut_at_the_horizon():
    week, arm = np.array([10, 30, 60, 60, 5, 20, 47, 60.0]), np.repeat([1, 0], 4)
    found = rmst_contrast(week, [1, 1, 1, 1, 1, 1, 1, 1], arm, 48)
    assert found.treatment.value == pytest.approx((10 + 30 + 48 + 48) / 4)
    # and its variance that of a mean, with n below the line
    cut = np.minimum(week, 48)
    expected = np.sqrt(cut[:4].var() / 4 + cut[4:].var() / 4)
    assert found.contrast.standard_error == pytest.approx(expected)


def test_refusals():
    with pytest.raises(CensoringError, match="the treatment arm is followed to week 40"):
        rmst_contrast([40, 20, 48, 20], [0, 1, 0, 1], [1, 1, 0, 0], 48)
    with pytest.raises(InsufficientDataError, match="nobody of 2 patients of the control arm"):
        rmst_contrast([48, 20, 48, 48], [0, 1, 0, 0], [1, 1, 0, 0], 48)
    with pytest.raises(InsufficientDataError, match="all had it at one time"):
        rmst_contrast([48, 20, 12, 12], [0, 1, 1, 1], [1, 1, 0, 0], 48)
