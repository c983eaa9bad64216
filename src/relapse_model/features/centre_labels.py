"""The centre of each patient, where the study lets the mean risk differ between centres."""

from __future__ import annotations

import unicodedata

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.cohort.cohort import Cohort
from relapse_model.errors import CohortError, Problem
from relapse_model.study.study import Study


def centre_labels(cohort: Cohort, study: Study, *, required: bool = False) -> NDArray[np.object_] | None:
    """Return the label of each patient's centre, None where it is not known; None as a whole if the study names none.

    Labels that differ only in case, Unicode form or spaces around are one centre, as are 1 and 1.0.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    required : bool
        Whether the cohort must have the column, as in training; elsewhere every centre is then unknown.

    Raises
    ------
    CohortError
        If the column is required and missing.
    """
    column = study.prediction.centre
    if column is None:
        return None
    if column not in cohort.patients:
        if required:
            expected = f"a column {column!r}, since [prediction] centre names it"
            raise CohortError(
                "the cohort does not fit the study",
                [Problem("patients", None, column, "the column is missing", expected)],
            )
        return np.full(len(cohort), None, dtype=object)
    codes, different = pd.factorize(cohort.patients[column])  # a missing cell has code -1, the last label
    labels = np.array([*(_label(one) for one in different), None], dtype=object)
    return np.asarray(labels[codes])


def _label(value: object) -> str | None:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return unicodedata.normalize("NFKC", str(value)).strip().casefold() or None
