"""Sums over a mixture at a point: those of scipy, the same bits by arrays and by the compiled loop."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from relapse_model.classifiers.prior.compiled_mixture_sums import mixture_sums as compiled
from relapse_model.classifiers.prior.mixture_sums import mixture_sums

ROOT = np.sqrt(2 * np.pi)


@pytest.fixture
def mixture():
    rng = np.random.default_rng(1)
    mean, sd, weight = rng.normal(size=(90, 12)), rng.lognormal(-0.5, 0.8, (90, 12)), rng.dirichlet(np.ones(12))
    sd[3], sd[4] = 1e-100, 30.0  # of next to no width, and very wide
    return mean, sd, weight


def test_share_density_and_slope(mixture):
    mean, sd, weight = mixture
    rows = np.array([7, 4, 80, 11])
    at = np.array([0.0, 20.0, -3.0, 0.7])
    z = (at[:, None] - mean[rows]) / sd[rows]
    share, density, bend = mixture_sums(at, rows, mean, 1 / sd, weight)
    np.testing.assert_allclose(share, norm.cdf(z) @ weight, atol=1e-15)
    np.testing.assert_allclose(density / ROOT, (norm.pdf(z) / sd[rows]) @ weight, rtol=1e-13)
    np.testing.assert_allclose(bend / ROOT, (-z * norm.pdf(z) / sd[rows] ** 2) @ weight, rtol=1e-11)


def test_the_compiled_loop_gives_the_same_bits(mixture):
    mean, sd, weight = mixture
    at, rows = np.linspace(-9, 9, 90), np.arange(90)[::-1].copy()
    for one, twin in zip(
        mixture_sums(at, rows, mean, 1 / sd, weight), compiled(at, rows, mean, 1 / sd, weight), strict=True
    ):
        np.testing.assert_array_equal(one, twin)
