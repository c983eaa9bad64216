"""Means of the sigmoid of a normal log-odds: right, and the same bits whether by arrays or by the compiled loop."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import expit
from scipy.stats import norm

from relapse_model.classifiers.prior import mean_sigmoid as module
from relapse_model.classifiers.prior.compiled_mean_sigmoid import fill_by_pairs
from relapse_model.classifiers.prior.logistic_mixture import compiled_pays
from relapse_model.classifiers.prior.mean_sigmoid import exponential, mean_sigmoid


@pytest.mark.parametrize(("sd", "error"), [(0.0, 1e-15), (0.2, 1e-11), (0.4, 1e-11), (0.7, 1e-11), (0.97, 1e-10)])
@pytest.mark.parametrize("mean", [-9.0, -1.7, 0.0, 0.3, 5.0])
def test_the_integral_as_scipy_finds_it(mean, sd, error):
    below, above = mean_sigmoid(np.array([[mean]]), np.array([[sd]]))
    want = expit(mean)
    if sd:
        nodes = quad(lambda z: expit(mean + sd * z) * norm.pdf(z), -12, 12, epsabs=1e-14, epsrel=1e-13, limit=200)
        want = nodes[0]
    assert above.item() == pytest.approx(want, rel=10 * error, abs=0)
    assert below.item() + above.item() == pytest.approx(1.0, abs=1e-14)


def test_far_out_nothing_overflows():
    mean, sd = np.array([[-900.0, 900.0, 0.0, -5.0]]), np.array([[0.0, 0.5, 500.0, 59.0]])
    for fill in (None, fill_by_pairs):
        below, above = mean_sigmoid(mean, sd, fill)
        assert np.isfinite(below).all()
        assert ((above >= 0) & (above <= 1)).all()
        assert above[0, 0] < 1e-300
        assert below[0, 1] < 1e-300
        assert above[0, 2] == pytest.approx(0.5)


def test_the_compiled_loop_gives_the_same_bits():
    rng = np.random.default_rng(0)
    mean = rng.normal(-1.5, 2.0, (300, 16))
    sd = rng.lognormal(-0.7, 0.6, (300, 16))
    sd[0] = np.linspace(0.0, 90.0, 16)  # every number of nodes, and one by one
    mean[1] = np.linspace(-800, 800, 16)
    for ours, twin in zip(mean_sigmoid(mean, sd), mean_sigmoid(mean, sd, fill_by_pairs), strict=True):
        np.testing.assert_array_equal(ours, twin)


def test_the_exponential_is_right_to_the_last_bits():
    x = np.linspace(-708.0, 708.0, 200_001)
    np.testing.assert_allclose(exponential(x), np.exp(x), rtol=4.5e-16)


def test_few_rows_do_not_load_numba():
    code = "import sys; from relapse_model.classifiers.prior.logistic_mixture import compiled_pays as pays; "
    code += "assert not pays(10_000); assert 'numba' not in sys.modules; assert pays(10_000_000)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_many_blocks_of_few_rows_load_numba():
    code = "import sys; from relapse_model.classifiers.prior.logistic_mixture import compiled_pays as pays; "
    code += "assert [pays(500_000) for _ in range(3)] == [False, False, True]; assert 'numba' in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_once_numba_is_there_it_is_used(monkeypatch):
    monkeypatch.setitem(sys.modules, "numba", module)
    assert compiled_pays(10_000)
    assert not compiled_pays(10)
