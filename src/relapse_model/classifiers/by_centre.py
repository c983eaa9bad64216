"""Rows of known centres scored each by its own posterior, all others by that of a new centre."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from relapse_model.arrays import Floats, Positions


def by_centre(classifier: Any, centre: NDArray[np.object_] | None, rows: int) -> list[tuple[Any, Positions]]:
    """Return the rows that one posterior scores, and the classifier that holds it.

    Parameters
    ----------
    classifier : Classifier
        Fitted. One that knows no centres scores all rows.
    centre : array of str of shape (rows,), or None
        Label of each row; None where it is not known.
    rows : int

    Examples
    --------
    >>> [(one, places.tolist()) for one, places in by_centre("any classifier", None, 2)]
    [('any classifier', [0, 1])]
    """
    known = getattr(classifier, "centres_", None)
    if known is None or centre is None:
        return [(classifier, np.arange(rows))]
    code = np.array([known.labels.index(one) if one in known.labels else -1 for one in np.unique(_texts(centre))])
    code = code[np.unique(_texts(centre), return_inverse=True)[1]]
    parts = [(number, np.flatnonzero(code == number)) for number in np.unique(code).tolist()]
    return [(classifier if number < 0 else classifier.at_centre(known.labels[number]), at) for number, at in parts]


def risk_by_centre(classifier: Any, matrix: Floats, centre: NDArray[np.object_] | None) -> Floats:
    """Return the risk of each row by the posterior of its centre.

    Parameters
    ----------
    classifier, centre
        As `by_centre` takes them.
    matrix : array, shape (n, p)
    """
    parts = by_centre(classifier, centre, len(matrix))
    if len(parts) == 1 and len(parts[0][1]) == len(matrix):
        return np.asarray(parts[0][0].predict_proba(matrix)[:, 1])
    risk = np.empty(len(matrix))
    for one, rows in parts:
        risk[rows] = one.predict_proba(matrix[rows])[:, 1]
    return risk


def _texts(centre: NDArray[np.object_]) -> NDArray[np.str_]:
    return np.array([one if isinstance(one, str) else "" for one in centre.tolist()], dtype=str)
