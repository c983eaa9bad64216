"""Priors from what was given to log-odds per unit."""

from __future__ import annotations

import numpy as np
import pytest

from relapse_model.classifiers.prior.per_unit import prior_per_unit
from relapse_model.errors import RelapseModelError

SCALE = np.array([2.0, 10.0, 0.5])


def test_units_and_defaults():
    # column 0 per unit as given; column 1 per SD, so divided by its SD 10; column 2 unknown: 0.15 per SD 0.5
    mean, sd = prior_per_unit([1.0, 1.0, 0.0], [0.4, 0.4, None], [False, True, True], 0.15, SCALE)
    assert mean.tolist() == [1.0, 0.1, 0.0]
    assert sd == pytest.approx([0.4, 0.04, 0.3])


def test_nothing_known():
    mean, sd = prior_per_unit(None, None, None, 0.15, SCALE)
    assert mean.tolist() == [0.0, 0.0, 0.0]
    assert sd == pytest.approx(0.15 / SCALE)


def test_sd_without_means_is_shrinkage_towards_nothing():
    mean, sd = prior_per_unit(None, [0.5, 0.5, np.nan], None, 0.15, SCALE)
    assert mean.tolist() == [0.0, 0.0, 0.0]
    assert sd == pytest.approx([0.5, 0.5, 0.3])


@pytest.mark.parametrize(
    ("mean", "sd", "per_sd", "default", "message"),
    [
        ([1.0, 0.0], None, None, 0.15, r"prior_mean has shape \(2,\)"),
        (None, [[1.0, 1.0, 1.0]], None, 0.15, r"prior_sd has shape \(1, 3\)"),
        (None, None, [True], 0.15, r"prior_per_sd has shape \(1,\)"),
        (None, [1.0, 0.0, 1.0], None, 0.15, r"prior_sd of columns \[1\]"),
        (None, [1.0, 1.0, -1.0], None, 0.15, r"prior_sd of columns \[2\]"),
        (None, [np.inf, 1.0, 1.0], None, 0.15, r"prior_sd of columns \[0\]"),
        ([1.0, 0.0, 0.0], None, None, 0.15, r"Columns \[0\] .* prior mean without a prior sd"),
        ([None, 0.0, 0.0], [1.0, 1.0, 1.0], None, 0.15, r"Columns \[0\]"),
        (None, None, None, 0.0, "default_sd"),
        (None, None, None, np.nan, "default_sd"),
    ],
)
def test_what_is_wrong_is_named(mean, sd, per_sd, default, message):
    with pytest.raises(RelapseModelError, match=message):
        prior_per_unit(mean, sd, per_sd, default, SCALE)
