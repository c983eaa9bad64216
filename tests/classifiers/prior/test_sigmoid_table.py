"""Mean risks from the table: those of the nodes to 1e-13, the same bits by arrays and by the compiled loop."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from relapse_model.classifiers.prior.compiled_mean_sigmoid import fill_by_pairs
from relapse_model.classifiers.prior.compiled_sigmoid_table import fill_by_table
from relapse_model.classifiers.prior.mean_sigmoid import NODES, mean_sigmoid
from relapse_model.classifiers.prior.sigmoid_table import (
    EDGES,
    MOST_VARIANCE,
    REACH,
    mean_sigmoid_by_table,
    sigmoid_table,
)


def by_nodes(mean, variance):
    return mean_sigmoid(mean, np.sqrt(np.maximum(variance, 0.0)))


def by_table(mean, variance, *compiled):
    return mean_sigmoid_by_table(mean.copy(), variance.copy(), *compiled)


def everywhere():
    """Return means and variances in each cell of the table, most of them near its corners, and some beyond it."""
    rng = np.random.default_rng(0)
    side = np.array([1e-9, 0.02, 0.3, 0.5, 0.71, 0.98, 1 - 1e-9])
    mean = (np.arange(200)[:, None] + side).ravel() / 16
    variance = np.append((np.arange(50)[:, None] + side).ravel() / 50, [0.0, *np.add(EDGES, 1e-12)])
    mean, variance = (one.ravel() for one in np.meshgrid(mean, variance))
    return mean * rng.choice([-1.0, 1.0], len(mean)), variance


def test_it_is_that_of_the_nodes_in_every_cell():
    mean, variance = everywhere()
    for nodes, table in zip(by_nodes(mean, variance), by_table(mean, variance), strict=True):
        np.testing.assert_allclose(table, nodes, rtol=0, atol=1e-13)
        np.testing.assert_allclose(table, nodes, rtol=3e-13, atol=0)


@given(st.floats(-13, 13), st.floats(0, 1.1))
@example(0.0, 0.0)
@example(-REACH, MOST_VARIANCE)
def test_it_is_the_integral(mean, variance):
    place, weight = np.polynomial.hermite_e.hermegauss(200)
    exact = (weight / weight.sum()) @ (1.0 / (1.0 + np.exp(-(mean + np.sqrt(variance) * place))))
    _, above = by_table(np.array([[mean]]), np.array([[variance]]))
    assert above.item() == pytest.approx(exact, rel=0, abs=1.5e-11)


def test_the_compiled_loop_gives_the_same_bits():
    mean, variance = everywhere()
    arrays, compiled = by_table(mean, variance), by_table(mean, variance, fill_by_table, fill_by_pairs)
    for one, twin in zip(arrays, compiled, strict=True):
        np.testing.assert_array_equal(one, twin)


@pytest.mark.parametrize("compiled", [(), (fill_by_table, fill_by_pairs)])
def test_what_it_does_not_hold_is_left_to_the_nodes(compiled):
    mean = np.array([[REACH, -REACH, 1.0, 900.0, -2.0, -2.0, 0.3]])
    variance = np.array([[0.1, 0.1, MOST_VARIANCE, 0.2, 4.0, 1e6, -1e-17]])
    for nodes, table in zip(by_nodes(mean, variance), by_table(mean, variance, *compiled), strict=True):
        np.testing.assert_array_equal(table[0, :6], nodes[0, :6])
        assert table[0, 6] == pytest.approx(nodes[0, 6], abs=1e-13)


def test_each_limit_of_the_nodes_has_a_polynomial_on_either_side():
    assert len(sigmoid_table()) == 49 + len(EDGES)  # 49 cells up to 0.9604, five of them cut in two
    assert tuple(most**2 for _, most in NODES[:-2]) == EDGES
    assert pytest.approx(NODES[-2][1] ** 2) == MOST_VARIANCE
