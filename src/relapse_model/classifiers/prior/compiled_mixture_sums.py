"""The compiled twin of `mixture_sums`: the same operations in the same order, row by row."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from relapse_model.arrays import Floats
from relapse_model.classifiers.prior.compiled_mean_sigmoid import compiled, exponentials
from relapse_model.classifiers.prior.mixture_quantile import HART_ABOVE, HART_BELOW
from relapse_model.classifiers.prior.mixture_sums import REACH

_A0, _A1, _A2, _A3, _A4, _A5, _A6 = HART_ABOVE
_B0, _B1, _B2, _B3, _B4, _B5, _B6, _B7 = HART_BELOW


@compiled
def mixture_sums(
    at: Floats, rows: NDArray[np.int64], mean: Floats, per_sd: Floats, weight: Floats
) -> tuple[Floats, Floats, Floats]:
    """Return what `relapse_model.classifiers.prior.mixture_sums.mixture_sums` returns."""
    share, density, bend = np.empty(len(at)), np.empty(len(at)), np.empty(len(at))
    size = len(weight)
    z, x, bell, bits = np.empty(size), np.empty(size), np.empty(size), np.empty(size, dtype=np.int64)
    below, height, slope = np.empty(size), np.empty(size), np.empty(size)
    for number in range(len(at)):
        point, own, per = at[number], mean[rows[number]], per_sd[rows[number]]
        for one in range(size):
            z[one] = (point - own[one]) * per[one]
            away = min(abs(z[one]), REACH)
            x[one] = -0.5 * away * away
        exponentials(x, bell, bits)
        for one in range(size):
            a = min(abs(z[one]), REACH)
            above = (((((_A0 * a + _A1) * a + _A2) * a + _A3) * a + _A4) * a + _A5) * a + _A6
            tail = above / (
                ((((((_B0 * a + _B1) * a + _B2) * a + _B3) * a + _B4) * a + _B5) * a + _B6) * a + _B7
            ) * bell[one]  # fmt: skip
            high = bell[one] * per[one]
            below[one] = (1.0 - tail if z[one] > 0 else tail) * weight[one]
            height[one] = high * weight[one]
            slope[one] = (-(z[one] * high) * per[one]) * weight[one]
        total, heights, slopes = 0.0, 0.0, 0.0
        for one in range(size):
            total += below[one]
            heights += height[one]
            slopes += slope[one]
        share[number], density[number], bend[number] = total, heights, slopes
    return share, density, bend
