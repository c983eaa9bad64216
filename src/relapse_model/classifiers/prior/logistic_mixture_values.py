"""A logistic mixture as JSON values and back: numpy only, so that a scorer needs no scikit-learn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from relapse_model.classifiers.prior.mixture_forms import LogisticMixture
from relapse_model.classifiers.prior.terms import SHAPES, Factor, Term
from relapse_model.classifiers.shared.saved_parts import Document, check_covariance

PART = "prior_logistic.json"
FORM = "relapse-model prior logistic"

_LARGEST_EFFECT = 1e9  # log-odds per standard deviation of a column: no posterior comes near it
_MOST_COMPONENTS = 10_000
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
    terms = read_mixture_terms(document, predictors)
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


_MOST_TERMS = 1000


_MOST_FACTORS = 10


def term_values(terms: Sequence[Term]) -> list[dict[str, object]]:
    """Return terms as JSON holds them; an unknown prior is null."""
    return [
        {
            "factors": [
                {"column": int(f.column), "shape": f.shape, "at": float(f.at), "log10": bool(f.log10)}
                for f in term.factors
            ],
            "replaces": [int(column) for column in term.replaces],
            "prior_mean": float(term.prior_mean),
            "prior_sd": None if np.isnan(term.prior_sd) else float(term.prior_sd),
            **({} if term.forms == (0,) else {"forms": [int(form) for form in term.forms]}),
        }
        for term in terms
    ]


def read_mixture_terms(document: Document, columns: int) -> tuple[Term, ...]:
    """Return the terms of a part, or refuse it; a part without them has none.

    Parameters
    ----------
    document : Document
    columns : int
        Number of predictors.

    Raises
    ------
    ModelFileError
    """
    if "terms" not in document.values:
        return ()
    found = document.items("terms")
    if len(found) > _MOST_TERMS:
        document.refuse("terms", f"at most {_MOST_TERMS} terms")
    terms = tuple(_term(document, entry, columns) for entry in found)
    numbered = {form for term in terms for form in term.forms}
    if numbered != set(range(len(numbered))):
        document.refuse("terms", "forms numbered from 0 without a gap")
    return terms


def _term(document: Document, entry: object, columns: int) -> Term:
    term = _object(document, entry)
    factors = term.items("factors")
    if not 1 <= len(factors) <= _MOST_FACTORS:
        document.refuse("terms", f"1 to {_MOST_FACTORS} factors in each")
    unknown = term.get("prior_sd") is None
    return Term(
        tuple(_factor(document, factor, columns) for factor in factors),
        term.integers("replaces", 0, columns - 1) if term.items("replaces") else (),
        term.number("prior_mean"),
        float("nan") if unknown else term.number("prior_sd", low=1e-60),
        term.integers("forms", 0, _MOST_TERMS) if "forms" in term.values else (0,),
    )


def _factor(document: Document, entry: object, columns: int) -> Factor:
    factor = _object(document, entry)
    shape, log10 = factor.get("shape"), factor.get("log10")
    at = factor.number("at")
    if shape not in SHAPES or not isinstance(log10, bool) or (shape == "saturating" and at <= 0):
        document.refuse("terms", f"factors of a shape among {', '.join(SHAPES)}")
    return Factor(factor.integer("column", 0, columns - 1), str(shape), at, log10)


def _object(document: Document, entry: object) -> Document:
    if not isinstance(entry, dict):
        document.refuse("terms", "objects")
    return Document(f"{document.name}, terms", entry)
