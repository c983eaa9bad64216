"""The table of mean risks: those of the nodes to 2e-11 in every cell, and the integral itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from relapse_model.classifiers.prior.mean_sigmoid import NODES, mean_sigmoid
from relapse_model.classifiers.prior.sigmoid_table import (
    MOST_VARIANCE,
    PER_LOG_ODDS,
    PER_VARIANCE,
    REACH,
    empty_at_line,
    held,
    sigmoid_table,
    smaller_means,
)


def everywhere():
    """Return means and variances in each cell of the table, most of them near its corners, edges and middle."""
    side = np.array([1e-9, 0.02, 0.3, 0.5, 0.71, 0.98, 1 - 1e-9])
    mean = (np.arange(REACH * PER_LOG_ODDS)[:, None] + side).ravel() / PER_LOG_ODDS
    limits = [most**2 + step for _, most in NODES[:-1] for step in (-1e-12, 1e-12)]  # where the number of nodes changes
    variance = np.append((np.arange(MOST_VARIANCE * PER_VARIANCE)[:, None] + side).ravel() / PER_VARIANCE, limits)
    return tuple(one.ravel() for one in np.meshgrid(mean, np.append(variance, 0.0)))


def test_it_is_that_of_the_nodes_in_every_cell():
    mean, variance = everywhere()
    nodes, _ = mean_sigmoid(mean, np.sqrt(variance))
    table = smaller_means(mean, variance, sigmoid_table())
    np.testing.assert_allclose(table, nodes, rtol=0, atol=2e-11)
    np.testing.assert_allclose(table, nodes, rtol=5e-11, atol=0)


@given(st.floats(0, REACH, exclude_max=True), st.floats(0, MOST_VARIANCE, exclude_max=True))
@example(0.0, 0.0)
@example(float(np.nextafter(REACH, 0)), float(np.nextafter(MOST_VARIANCE, 0)))
def test_it_is_the_integral(mean, variance):
    place, weight = np.polynomial.hermite_e.hermegauss(200)  # right to 1e-15 for such variances
    exact = (weight / weight.sum()) @ (1.0 / (1.0 + np.exp(mean + np.sqrt(variance) * place)))
    found = smaller_means(np.array([mean]), np.array([variance]), sigmoid_table())
    assert found.item() == pytest.approx(exact, rel=0, abs=3e-11)


def test_it_holds_what_is_below_both_limits():
    size = np.array([0.0, REACH, 1.0, np.inf, np.nan, 1.0])
    variance = np.array([0.0, 0.1, MOST_VARIANCE, 0.2, 0.2, np.nan])
    assert held(size, variance).tolist() == [True, False, False, False, False, False]


def test_every_cell_is_one_line_of_the_cache():
    assert sigmoid_table().shape == (96, 96, 8)
    assert sigmoid_table().ctypes.data % 64 == 0
    assert [empty_at_line((3, 8)).ctypes.data % 64 for _ in range(5)] == [0] * 5
