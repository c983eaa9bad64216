"""One short number for a whole cohort as a model saw it: the same patients are recognised, and no patient is."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import pandas as pd

from relapse_model.cohort.cohort import Cohort
from relapse_model.features.development_data import DevelopmentData, development_data
from relapse_model.features.development_data_at_landmarks import stacked_data
from relapse_model.study.study import Study

DIGITS = 8  # of the hash, in hexadecimal: 32 bits


def data_fingerprint(data: DevelopmentData) -> str:
    """Return the fingerprint of the patients of a development: one hash of all rows together, cut to 32 bits.

    Predictors at the landmark, outcome and follow-up of every patient at risk are rounded to single precision, sorted,
    and hashed as one. So the order of the rows, the identifiers, and how the tables were written do not matter; any
    other content gives another fingerprint, but for a chance of 1 in 4,000,000,000. A cohort of which a few patients
    are missing, or whose follow-up has gone on, is another cohort: that patients are shared in part is not seen.

    No patient can be tested for membership: no row has a hash of its own, and the hash of all says nothing of one of
    them to somebody who does not have every other row, to the last digit. Nor can the rows be guessed, however few and
    coarse they are: 32 bits hold less than they do, so that many different cohorts have the same fingerprint.

    Parameters
    ----------
    data : DevelopmentData

    Returns
    -------
    str
        Eight hexadecimal digits.

    Examples
    --------
    >>> import relapse_model as rm
    >>> study, cohort = rm.load_study("hbsag-relapse"), rm.simulate_cohort(30, seed=1)
    >>> turned = cohort.take(np.arange(30)[::-1])
    >>> cohort_fingerprint(cohort, study, (0.0,)) == cohort_fingerprint(turned, study, (0.0,))
    True
    """
    digest = hashlib.sha256(b"relapse-model cohort 1")
    columns = []
    for name in sorted(map(str, data.features.columns)):
        values = data.features[name]
        digest.update(name.encode() + b"\0")
        if pd.api.types.is_numeric_dtype(values.dtype):
            columns.append(values.to_numpy(dtype=float))
        else:
            codes, levels = pd.factorize(values, sort=True)
            digest.update("\0".join(map(str, levels)).encode() + b"\0")
            columns.append(codes.astype(float))
    landmark = np.full(len(data), data.landmark) if data.landmarks is None else data.landmarks
    columns += [data.relapse, data.time, data.event, landmark]
    ends = data.competing_ends()
    if ends is not None:  # a cohort without competing events keeps its fingerprint
        columns.append(ends[0])
    rows = np.column_stack(columns).astype("<f4") + np.float32(0)  # -0 is 0
    rows[np.isnan(rows)] = np.nan  # one NaN of the many there are
    digest.update(np.ascontiguousarray(rows[np.lexsort(rows.T[::-1])]).tobytes())
    return digest.hexdigest()[:DIGITS]


def cohort_fingerprint(cohort: Cohort, study: Study, landmark_weeks: tuple[float, ...]) -> str:
    """Return the fingerprint of a cohort as a model of a study sees it at its landmark, or landmarks.

    Parameters
    ----------
    cohort : Cohort
    study : Study
        Of the model.
    landmark_weeks : tuple of float
        Of the model.

    Raises
    ------
    RelapseModelError
        If the cohort does not fit the study, or nobody is at risk.
    """
    if len(landmark_weeks) > 1:
        return data_fingerprint(stacked_data(cohort, study, landmark_weeks))
    return data_fingerprint(development_data(cohort, study, landmark_weeks[0]))


def outcome_fingerprint(data: DevelopmentData) -> str:
    """Return the fingerprint of a development by outcomes and follow-up alone, whatever predictors are looked at.

    Parameters
    ----------
    data : DevelopmentData
    """
    return data_fingerprint(replace(data, features=data.features[[]]))
