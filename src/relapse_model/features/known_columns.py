"""Which columns of a development are known in enough patients to be learned, or to have an indicator of gaps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from relapse_model.arrays import Mask
from relapse_model.classifiers.prior.evidence_grid import missing_indicators
from relapse_model.features.design import design
from relapse_model.features.development_data import DevelopmentData
from relapse_model.study.predictor import Predictor
from relapse_model.study.study import Study

FEWEST_KNOWN = 10  # patients: fewer tell hardly anything, and what a model kept of them could point to one


def hardly_known_columns(data: DevelopmentData) -> Mask:
    """Tell which columns are known in fewer than 10 patients whose outcome is known.

    Nothing is learned from them: 9 patients move a coefficient hardly at all, and a median or a mean of so few, which
    a model would keep, is close to being their values.

    Parameters
    ----------
    data : DevelopmentData

    Returns
    -------
    ndarray of bool of shape (columns,)
    """
    counted, patient = ~np.isnan(data.relapse), data.numbers()
    known = ~np.isnan(data.matrix[counted])
    return np.array([len(np.unique(patient[counted][column])) < FEWEST_KNOWN for column in known.T], dtype=bool)


def hardly_known_predictors(data: DevelopmentData, study: Study) -> tuple[Predictor, ...]:
    """Return the predictors whose columns are hardly known.

    Parameters
    ----------
    data : DevelopmentData
    study : Study

    Examples
    --------
    >>> import relapse_model as rm
    >>> from relapse_model.features.development_data import development_data
    >>> study = rm.load_study("hbsag-relapse")
    >>> hardly_known_predictors(development_data(rm.simulate_cohort(132, seed=7), study), study)
    ()
    """
    places = np.unique(design(study).predictor[hardly_known_columns(data)])
    return tuple(study.predictors[place] for place in places)


def as_learned(data: DevelopmentData) -> DevelopmentData:
    """Return the data without the values of columns that are hardly known: nobody has them.

    Parameters
    ----------
    data : DevelopmentData
    """
    hidden = hardly_known_columns(data)
    return replace(data, matrix=np.where(hidden, np.nan, data.matrix)) if hidden.any() else data


def marked_columns(data: DevelopmentData) -> tuple[int, ...]:
    """Return the columns of which a model may count that the value is missing.

    At least 10 patients lack it and 10 have it, 3 of each with the event; see `missing_indicators`.

    Parameters
    ----------
    data : DevelopmentData
    """
    counted = ~np.isnan(data.relapse)
    return missing_indicators(data.matrix[counted], data.relapse[counted], data.numbers()[counted])


def parameter_count(data: DevelopmentData) -> int:
    """Return the number of parameters that are learned: columns that are known, and indicators of missing values.

    Parameters
    ----------
    data : DevelopmentData
    """
    learned = as_learned(data)
    return int((~hardly_known_columns(data)).sum()) + len(marked_columns(learned))
