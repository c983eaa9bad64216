"""Standardised mean differences of two groups of patients, for a table of who they are."""

from __future__ import annotations

import numpy as np

from relapse_model.arrays import Floats


def difference_of_numbers(one: Floats, other: Floats) -> float | None:
    """Return the difference of two means over the pooled standard deviation; None where it does not exist.

    Parameters
    ----------
    one, other : array of shape (n,)
        Known values.

    Examples
    --------
    >>> difference_of_numbers(np.array([2.0, 4.0]), np.array([1.0, 3.0]))
    0.7071067811865475
    """
    if min(len(one), len(other)) < 2:
        return None
    spread = np.sqrt((one.var(ddof=1) + other.var(ddof=1)) / 2)
    return float((one.mean() - other.mean()) / spread) if spread > 0 else None


def difference_of_shares(shares: Floats) -> float | None:
    """Return the standardised difference of shares; signed for one share, else its length; None where it is endless.

    Parameters
    ----------
    shares : array of shape (2, k)
        Of two groups, the share of each level but the first; of a yes or no, that of yes.

    Notes
    -----
    Yang and Dalton 2012, SAS Global Forum 335; for one share it is the difference over the pooled standard deviation.

    Examples
    --------
    >>> round(difference_of_shares(np.array([[0.5], [0.25]])), 4)
    0.5345
    """
    if not np.isfinite(shares).all() or not shares.shape[1]:
        return None
    difference = shares[0] - shares[1]
    spread = sum(np.diag(share) - np.outer(share, share) for share in shares) / 2
    scaled = np.linalg.pinv(spread) @ difference
    if not np.allclose(spread @ scaled, difference, atol=1e-9):  # all of one group, nobody of the other
        return None
    squared = float(difference @ scaled)
    size = float(np.sqrt(max(squared, 0.0)))
    return float(np.sign(difference[0])) * size if shares.shape[1] == 1 else size
