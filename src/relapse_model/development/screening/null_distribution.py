"""What the statistics of a screen are compared with: outcomes drawn from the base, or permuted within strata."""

from __future__ import annotations

import numpy as np

from relapse_model.arrays import Floats, Positions
from relapse_model.development.screening.multiplicity import MaxT, max_t, permuted_max_t
from relapse_model.development.screening.score_test import ScoreTests


def compared_with_null(
    tests: ScoreTests,
    columns: Floats,
    relapse: Floats,
    risk: Floats,
    weight: Floats,
    strata: Positions | None,
    draws: int,
    seed: int,
) -> MaxT:
    """Compare score statistics with the largest one under the null.

    Parameters
    ----------
    tests : ScoreTests
        Of m candidates beside the base.
    columns : array, shape (m, n)
        The candidates; NaN is missing.
    relapse, risk, weight : array, shape (n,)
        The outcome, the risk by the base, and the weight; 0: takes no part.
    strata : array of int, shape (n,), or None
        Within which residuals of the base are permuted, and with them what the base leaves of each candidate; None:
        outcomes are drawn from the base.
    draws, seed : int
    """
    if strata is None:
        return max_t(tests.z, tests.influence, risk, draws, seed)
    left = np.where(np.isnan(tests.z)[:, None], 0.0, tests.influence / np.where(weight > 0, weight, 1.0))
    residual = np.where(weight > 0, weight * (relapse - risk), np.nan)
    return permuted_max_t(np.where(np.isnan(columns), np.nan, left), residual, strata, draws, seed)
