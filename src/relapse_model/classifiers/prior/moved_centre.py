"""A posterior told from another centre of the columns: the same risks and intervals, other numbers. Numpy only."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from relapse_model.arrays import Floats

if TYPE_CHECKING:
    from relapse_model.classifiers.prior.centre_intercepts import CentreIntercepts
    from relapse_model.classifiers.prior.hazard_mixture import HazardMixture
    from relapse_model.classifiers.prior.mixture_forms import LogisticMixture


def moved_logistic(mixture: LogisticMixture, center: Floats) -> LogisticMixture:
    """Return the posterior with its intercept at another centre.

    Log-odds are ``intercept + coef @ (x - center)``: another centre is another intercept, whose covariance with the
    coefficients changes linearly. Nothing is approximated.

    Parameters
    ----------
    mixture : LogisticMixture
    center : ndarray of shape (q,)

    Examples
    --------
    >>> from relapse_model.classifiers.prior.logistic_mixture import mixture_risk
    >>> from relapse_model.classifiers.prior.mixture_forms import LogisticMixture
    >>> one = LogisticMixture(np.ones((1, 1)), np.zeros(1), np.eye(2)[None], np.ones(1), *np.ones((3, 1)))
    >>> moved = moved_logistic(one, np.array([3.0]))
    >>> float(moved.intercept[0]), moved.covariance[0].tolist()
    (2.0, [[5.0, 2.0], [2.0, 1.0]])
    >>> bool(np.allclose(mixture_risk(moved, [[2.0]]), mixture_risk(one, [[2.0]]), rtol=0, atol=1e-15))
    True
    """
    shift = center - mixture.center
    return replace(
        mixture,
        intercept=mixture.intercept + mixture.coef @ shift,
        covariance=_moved_covariance(mixture.covariance, _move(1, shift)),
        center=center,
    )


def moved_centres(centres: CentreIntercepts, shift: Floats) -> CentreIntercepts:
    """Return what is known of single hospitals beside a posterior whose columns' centre was moved by `shift`.

    Parameters
    ----------
    centres : CentreIntercepts
    shift : ndarray of shape (q,)
        New centre less the old one.
    """
    return replace(centres, cross=centres.cross @ _move(1, shift).T)


def moved_hazard(mixture: HazardMixture, center: Floats) -> HazardMixture:
    """Return the posterior of hazards with the levels of its intervals at another centre; the draws move with it.

    Parameters
    ----------
    mixture : HazardMixture
    center : ndarray of shape (q,)
    """
    shift, intervals = center - mixture.center, mixture.level.shape[1]
    draws = mixture.draws.copy()
    draws[:, :intervals] += (draws[:, intervals:-1] @ shift)[:, None]
    return replace(
        mixture,
        level=mixture.level + (mixture.coef @ shift)[:, None],
        covariance=_moved_covariance(mixture.covariance, _move(intervals, shift)),
        draws=draws,
        center=center,
    )


def _move(levels: int, shift: Floats) -> Floats:
    """Return the matrix that brings (levels, coefficients) from one centre to another."""
    move = np.eye(levels + len(shift))
    move[:levels, levels:] = shift
    return move


def _moved_covariance(covariance: Floats, move: Floats) -> Floats:
    """Return the covariances after a linear map, exactly symmetric."""
    moved = move @ covariance @ move.T
    return 0.5 * (moved + np.swapaxes(moved, -1, -2))
