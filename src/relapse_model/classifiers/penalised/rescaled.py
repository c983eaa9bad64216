"""Linear log-odds told on other centres and scales of the columns: the same risks and intervals, other numbers."""

from __future__ import annotations

import numpy as np

from relapse_model.arrays import Floats


def rescaling(center: Floats, scale: Floats, new_center: Floats, new_scale: Floats) -> Floats:
    """Return the matrix that brings (intercept, coefficients) to columns standardised by another centre and scale.

    With ``z = (x - center) / scale`` and ``w = (x - new_center) / new_scale``, z is linear in w, so that
    ``(1, z) @ theta == (1, w) @ (matrix @ theta)``.

    Parameters
    ----------
    center, scale, new_center, new_scale : ndarray of shape (p,)

    Returns
    -------
    ndarray of shape (p + 1, p + 1)

    Examples
    --------
    >>> one = rescaling(np.array([3.0]), np.array([2.0]), np.array([1.0]), np.array([4.0]))
    >>> (one @ [10.0, 1.0]).tolist()
    [9.0, 2.0]
    """
    matrix = np.diag(np.append(1.0, new_scale / scale))
    matrix[0, 1:] = (new_center - center) / scale
    return matrix
