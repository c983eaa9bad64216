"""The strata within which outcomes may be permuted: where all that is known already are arm and centre."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from relapse_model.arrays import Floats, Positions


def strata_of_base(columns: Floats, weight: Floats, arm: Floats | None, centre: Any) -> Positions | None:
    """Return the stratum of each patient, by arm and centre; None where the base says more than these, or nothing.

    Which of the two ways is taken follows from the base, not from the outcomes.

    Parameters
    ----------
    columns : array, shape (n, k)
        Of the base.
    weight : array, shape (n,)
        0: takes no part.
    arm : array of shape (n,) or None
        1, 0, or NaN.
    centre : array of shape (n,) or None
        Small ones taken together: of one patient each, every base would be the same within the strata.

    Examples
    --------
    >>> arm, centre = np.array([0.0, 0, 1, 1]), np.array(["a", "b", "a", "b"], dtype=object)
    >>> strata_of_base(arm[:, None], np.ones(4), arm, centre).tolist()
    [0, 1, 2, 3]
    >>> strata_of_base(np.array([[1.0], [2], [3], [4]]), np.ones(4), arm, None) is None
    True
    """
    strata = by_arm_and_centre(arm, centre)
    if strata is None or not columns.shape[1]:
        return None
    counted = weight > 0
    within = pd.DataFrame(columns[counted]).groupby(strata[counted])
    return strata if bool((within.max() == within.min()).all(axis=None)) else None


def strata_words(arm: Floats | None, centre: Any) -> str:
    """Return what the strata of `by_arm_and_centre` are made of, in words.

    Parameters
    ----------
    arm, centre : array of shape (n,) or None
    """
    return " and ".join(name for name, values in (("arm", arm), ("centre", centre)) if values is not None)


def by_arm_and_centre(arm: Floats | None, centre: Any) -> Positions | None:
    """Return the stratum of each patient; None without arms and centres.

    Parameters
    ----------
    arm, centre : array of shape (n,) or None
    """
    known = {name: values for name, values in (("arm", arm), ("centre", centre)) if values is not None}
    if not known:
        return None
    return pd.DataFrame(known).groupby(list(known), dropna=False).ngroup().to_numpy().astype(np.intp)
