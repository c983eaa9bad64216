"""How much each strength and width of a prior counts before the data: a hierarchical prior on a grid."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from relapse_model.arrays import Floats
from relapse_model.classifiers.prior.terms import form_weights
from relapse_model.errors import RelapseModelError

STRENGTHS = (0.0, 0.5, 1.0, 1.5)
WIDTHS = (0.25, 0.5, 1.0, 2.0)
BASELINE_WIDTHS = (1.0, 3.0)  # the wider one stands for a cohort unlike the published ones
# For effects as they were published, not shrunk: usually of the right sign and somewhat too large, since what is small
# is published less often. Priors of a study file are shrunk already, and with these weights would be shrunk twice.
PUBLISHED_STRENGTH_WEIGHTS = (0.1, 0.25, 0.5, 0.15)
PUBLISHED_WIDTH_WEIGHTS = (0.1, 0.3, 0.5, 0.1)


def weights_beforehand(grid: Sequence[float], weights: Sequence[float] | None, name: str) -> Floats:
    """Return the weight of each value of a grid before the data; they sum to 1.

    Parameters
    ----------
    grid : sequence of float
    weights : sequence of float, optional
        As they were given, in any unit. None: each counts alike.
    name : str
        Of the setting, for the message.

    Raises
    ------
    RelapseModelError
        If there is not one weight for each value, none negative and not all of them 0.

    Examples
    --------
    >>> weights_beforehand(STRENGTHS, PUBLISHED_STRENGTH_WEIGHTS, "strength_weights").tolist()
    [0.1, 0.25, 0.5, 0.15]
    """
    found = np.ones(len(grid)) if weights is None else np.asarray(weights, dtype=np.float64)
    if found.shape != (len(grid),) or not ((found >= 0) & (found < np.inf)).all() or not found.any():
        raise RelapseModelError(
            f"{name} is {weights!r}; expected one for each of {len(grid)} values, finite, 0 or more, not all of them 0."
        )
    return np.asarray(found / found.sum())


def grid_weights(
    strengths: tuple[Sequence[float], Sequence[float] | None],
    widths: tuple[Sequence[float], Sequence[float] | None],
    components: int,
    forms: int = 1,
    levels: int = 1,
) -> Floats:
    """Return the weight beforehand of each component in the order of `published_grid`; they sum to 1.

    The width of the columns with a mean and that of the others are independent beforehand, with the same weights. Of
    the forms, which vary most slowly, the linear one has half the weight, and those with terms share the rest. Priors
    of the level, which vary most quickly, count alike.

    Parameters
    ----------
    strengths, widths : (sequence of float, sequence of float or None)
        The grid, and its weights as they were given.
    components : int
        As many as there are: forms x strengths x widths x widths of the others, where they vary, x levels.
    forms, levels : int

    Examples
    --------
    >>> grid_weights(((0.0, 1.0), (0.2, 0.8)), ((0.5, 1.0), (0.3, 0.7)), 4).round(2).tolist()
    [0.06, 0.14, 0.24, 0.56]
    """
    strength = weights_beforehand(*strengths, "strength_weights")
    width = weights_beforehand(*widths, "width_weights")
    others = width if components > forms * levels * strength.size * width.size else np.ones(1)
    priors = np.multiply.outer(np.multiply.outer(strength, width), others).ravel()
    return np.multiply.outer(form_weights(forms), np.repeat(priors, levels) / levels).ravel()
