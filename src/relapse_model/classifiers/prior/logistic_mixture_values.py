"""A logistic mixture as JSON values and back: numpy only, so that a scorer needs no scikit-learn."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from relapse_model.classifiers.prior.logistic_mixture import LogisticMixture
from relapse_model.classifiers.prior.term_file import read_terms, term_values
from relapse_model.classifiers.shared.saved_parts import Document, check_covariance, read_document

PART = "prior_logistic.json"
FORM = "relapse-model prior logistic"

_LARGEST_EFFECT = 1e9  # log-odds per standard deviation of a column: no posterior comes near it
_MOST_COMPONENTS = 100_000
_MOST_COLUMNS = 100_000


def mixture_values(mixture: LogisticMixture) -> dict[str, object]:
    """Return the mixture as values for a JSON part."""
    values = {name: getattr(mixture, name) for name in LogisticMixture.__slots__}
    return values | {"terms": term_values(mixture.terms), "indicators": list(mixture.indicators)}


def mixture_from(document: Document) -> LogisticMixture:
    """Return the mixture that stands in a JSON part, or refuse it.

    Parameters
    ----------
    document : Document
        The part, as read.

    Returns
    -------
    LogisticMixture
        Checked: shapes agree, numbers are finite and of a size that cannot overflow, weights sum to 1,
        covariances are positive semidefinite.

    Raises
    ------
    ModelFileError
        Naming the entry and what was expected.
    """
    predictors = document.integer("n_features", 1, _MOST_COLUMNS)
    terms = read_terms(document, predictors)
    marked = document.values.get("indicators", []) != []
    indicators = document.integers("indicators", 0, predictors - 1) if marked else ()
    columns = predictors + len(terms) + len(indicators)
    count = len(document.items("weight"))
    if not 1 <= count <= _MOST_COMPONENTS:
        document.refuse("weight", f"1 to {_MOST_COMPONENTS} components")
    mixture = LogisticMixture(
        coef=document.array("coef", (count, columns)),
        intercept=document.array("intercept", (count,)),
        covariance=document.array("covariance", (count, columns + 1, columns + 1)),
        weight=document.array("weight", (count,)),
        impute=document.array("impute", (columns,)),
        center=document.array("center", (columns,)),
        scale=document.array("scale", (columns,)),
        terms=terms,
        indicators=indicators,
    )
    _check_numbers(document, mixture)
    check_covariance(document, "covariance", mixture.covariance)
    return mixture


def read_mixture(parts: Mapping[str, bytes]) -> LogisticMixture:
    """Return the mixture of a saved ``PriorLogisticClassifier``, which is all that scoring needs.

    Parameters
    ----------
    parts : Mapping of str to bytes
        Parts of the classifier, as its ``to_parts`` gave them.

    Returns
    -------
    LogisticMixture
        For ``mixture_risk`` and ``mixture_interval``.

    Raises
    ------
    ModelFileError
        If the part is missing or not what the classifier writes.
    """
    return mixture_from(read_document(parts, PART, FORM))


def _check_numbers(document: Document, mixture: LogisticMixture) -> None:
    if not (mixture.weight >= 0).all() or abs(mixture.weight.sum() - 1.0) > 1e-9:
        document.refuse("weight", "weights of 0 or more that sum to 1")
    if not ((mixture.scale >= 1e-30) & (mixture.scale <= 1e30)).all():
        document.refuse("scale", "standard deviations from 1e-30 to 1e30")
    if max(np.abs(mixture.impute).max(), np.abs(mixture.center).max()) > 1e30:
        document.refuse("center", "values within 1e30")
    unit = np.concatenate([[1.0], mixture.scale])
    sd = np.sqrt(np.maximum(np.diagonal(mixture.covariance, axis1=1, axis2=2), 0.0)) * unit
    largest = {
        "coef": np.abs(mixture.coef * mixture.scale).max(),
        "intercept": np.abs(mixture.intercept).max(),
        "covariance": sd.max(),
    }
    for key, size in largest.items():
        if size > _LARGEST_EFFECT:
            document.refuse(key, f"effects within {_LARGEST_EFFECT:g} log-odds per standard deviation")
