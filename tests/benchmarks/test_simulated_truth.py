"""What benchmarks on simulated truths compute over their cohorts, by hand."""

from __future__ import annotations

import importlib
import math
import sys

import numpy as np
import pytest


@pytest.fixture(scope="module")
def truths(root):
    sys.path.insert(0, str(root / "benchmarks"))
    yield importlib.import_module("simulated_truth")
    sys.path.remove(str(root / "benchmarks"))


def test_a_share_of_sums_counts_a_cohort_by_what_can_be_gained_in_it(truths):
    """(1 + 3) / (2 + 4); without one cohort 3/4 and 1/2, each 1/8 from their mean, times (2 - 1)."""
    ratio, error = truths.ratio_se(np.array([1.0, 3.0]), np.array([2.0, 4.0]))
    assert (ratio, error) == pytest.approx((2 / 3, 1 / 8))


def test_of_one_cohort_no_error_is_known(truths):
    assert truths.ratio_se(np.array([1.0]), np.array([2.0])) == (0.5, math.inf)
