"""Does the effect of treatment change with a continuous column: the likelihood-ratio test."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from relapse_model.arrays import Floats
from relapse_model.errors import InsufficientDataError
from relapse_model.trial.statistics.contrast import SignificanceTest
from relapse_model.trial.statistics.inputs import check_arms, check_covariates, check_outcome
from relapse_model.validation.logistic_fit import fit_logistic


def interaction_test(
    relapse: ArrayLike, arm: ArrayLike, modifier: ArrayLike, *, name: str = "the modifier"
) -> SignificanceTest:
    """Test whether the effect of treatment changes with a continuous column, which stays continuous.

    Assumes that the log-odds of relapse is linear in the column in both arms.

    Parameters
    ----------
    relapse, arm : array-like of shape (n,)
        As in `subgroup_effects`.
    modifier : array-like of shape (n,)
        Known before randomisation, none missing.
    name : str
        For messages.

    Returns
    -------
    SignificanceTest
        Likelihood ratio of logistic models with and without the product of arm and column.

    Raises
    ------
    InsufficientDataError
        If arm and column separate those with the event from those without.
    RelapseModelError
        If the arrays do not fit each other, or an entry is missing.

    Examples
    --------
    >>> relapse, x = [0, 1, 0, 1, 1, 0, 0, 1, 1, 0, 1, 0], [1, 2, 3, 4, 5, 6] * 2
    >>> interaction_test(relapse, [0] * 6 + [1] * 6, x).degrees_of_freedom
    1
    """
    from scipy import stats

    y = check_outcome(relapse)
    treated = check_arms(arm, y.size)
    column, _ = check_covariates(modifier, [name], y.size)
    scaled = (column[:, 0] - column.mean()) / column.std()
    smaller = np.column_stack([np.ones(y.size), treated, scaled])
    try:
        fits = [
            logistic_log_likelihood(design, y) for design in (smaller, np.column_stack([smaller, treated * scaled]))
        ]
    except InsufficientDataError:
        raise InsufficientDataError(
            f"Interaction with {name!r}: arm and column separate the {int(y.sum())} patients with the event from the "
            f"{int((1 - y).sum())} without; expected overlap in both arms. It cannot be tested in these patients."
        ) from None
    statistic = max(2 * (fits[1] - fits[0]), 0.0)
    words = "likelihood-ratio test of interaction, logistic model"
    return SignificanceTest(statistic, 1, float(stats.chi2.sf(statistic, 1)), words)


def logistic_log_likelihood(design: Floats, y: Floats) -> float:
    """Return the largest log-likelihood of a logistic model."""
    fit = fit_logistic(design.astype(np.float64), y, np.ones(y.size), sandwich=False)
    return -float(np.logaddexp(0, (1 - 2 * y) * (design @ fit.coefficients)).sum())
