"""Terms as JSON values and back."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from relapse_model.classifiers.prior.terms import SHAPES, Factor, Term
from relapse_model.classifiers.shared.saved_parts import Document

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
        }
        for term in terms
    ]


def read_terms(document: Document, columns: int) -> tuple[Term, ...]:
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
    return tuple(_term(document, entry, columns) for entry in found)


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
