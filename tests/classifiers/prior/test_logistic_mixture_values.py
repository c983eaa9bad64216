"""Terms in a model file: they read back as they were, and what this library does not write is refused."""

from __future__ import annotations

import json
from copy import deepcopy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relapse_model.classifiers.prior.logistic_mixture_values import read_mixture_terms, term_values
from relapse_model.classifiers.prior.terms import SHAPES, Factor, Term
from relapse_model.classifiers.shared.saved_parts import Document, read_document, write_document
from relapse_model.errors import ModelFileError

TERMS = (
    Term((Factor(0, "saturating", 100.0, log10=True),), replaces=(0,), prior_mean=-2.2, prior_sd=1.2),
    Term((Factor(1, "cap", 24.0), Factor(0, "below", 10.0, log10=True), Factor(2))),
)
VALUES = [
    {
        "factors": [{"column": 0, "shape": "saturating", "at": 100.0, "log10": True}],
        "replaces": [0],
        "prior_mean": -2.2,
        "prior_sd": 1.2,
    },
    {
        "factors": [
            {"column": 1, "shape": "cap", "at": 24.0, "log10": False},
            {"column": 0, "shape": "below", "at": 10.0, "log10": True},
            {"column": 2, "shape": "value", "at": 1.0, "log10": False},
        ],
        "replaces": [],
        "prior_mean": 0.0,
        "prior_sd": None,  # NaN has no place in JSON
    },
]


def document(values):
    return Document("part.json", {"terms": values})


def same(left, right):
    """Compare terms; an unknown sd, NaN, is equal to itself."""
    return repr(left) == repr(right)


def test_terms_are_written_as_they_are():
    assert term_values(TERMS) == VALUES


def test_numbers_of_numpy_become_plain_ones():
    term = Term(
        (Factor(np.int64(1), "cap", np.float64(24.0), np.bool_(True)),), (np.int64(0),), np.float32(0.5), np.float64(2)
    )
    (written,) = json.loads(json.dumps(term_values([term])))
    assert written == {
        "factors": [{"column": 1, "shape": "cap", "at": 24.0, "log10": True}],
        "replaces": [0],
        "prior_mean": 0.5,
        "prior_sd": 2.0,
    }


def test_terms_read_back():
    part = write_document("test", {"terms": term_values(TERMS)})
    again = read_mixture_terms(read_document({"part.json": part}, "part.json", "test"), 3)
    assert again[0] == TERMS[0]
    assert same(again, TERMS)


@pytest.mark.parametrize("values", [{}, {"terms": []}])
def test_a_part_without_terms_has_none(values):
    assert read_mixture_terms(Document("part.json", values), 3) == ()


number = st.floats(-1e60, 1e60)
factor = st.builds(Factor, st.integers(0, 4), st.sampled_from(SHAPES), st.floats(1e-60, 1e60), st.booleans())
term = st.builds(
    Term,
    st.lists(factor, min_size=1, max_size=10).map(tuple),
    st.lists(st.integers(0, 4), max_size=4).map(tuple),
    number,
    st.floats(1e-60, 1e60) | st.just(float("nan")),
)


@given(terms=st.lists(term, max_size=4).map(tuple))
@settings(max_examples=40, deadline=None)
def test_any_terms_read_back_bit_for_bit(terms):
    part = write_document("test", {"terms": term_values(terms)})
    assert same(read_mixture_terms(read_document({"part.json": part}, "part.json", "test"), 5), terms)


def changed(path, value):
    values = deepcopy(VALUES)
    target = values
    for key in path[:-1]:
        target = target[key]
    if value is None and path[-1] in ("factors", "replaces", "prior_mean", "prior_sd"):
        del target[path[-1]]
    else:
        target[path[-1]] = value
    return values


FIRST = (0, "factors", 0)


@pytest.mark.parametrize(
    ("path", "value", "names"),
    [
        ((0,), 3, "'terms'.*objects"),
        ((0,), [], "'terms'.*objects"),
        ((0, "factors"), [], "'terms'.*1 to 10 factors in each"),
        ((0, "factors"), [VALUES[0]["factors"][0]] * 11, "'terms'.*1 to 10 factors in each"),
        ((0, "factors"), "all", "'factors'.*a list"),
        ((0, "factors"), None, "'factors'.*present"),
        (FIRST, "cap", "'terms'.*objects"),
        ((*FIRST, "column"), 3, "'column'.*from 0 to 2"),
        ((*FIRST, "column"), -1, "'column'.*from 0 to 2"),
        ((*FIRST, "column"), 0.0, "'column'.*whole number"),
        ((*FIRST, "column"), True, "'column'.*whole number"),
        ((*FIRST, "shape"), "log", "'terms'.*saturating, cap, below, at_least"),
        ((*FIRST, "shape"), ["cap"], "'terms'.*factors of a shape"),
        ((*FIRST, "log10"), 1, "'terms'.*factors of a shape"),
        ((*FIRST, "log10"), "true", "'terms'.*factors of a shape"),
        ((*FIRST, "at"), 0.0, "'terms'.*factors of a shape"),  # saturating at 0 divides nothing
        ((*FIRST, "at"), -5.0, "'terms'.*factors of a shape"),
        ((*FIRST, "at"), "100", "'at'.*a number"),
        ((*FIRST, "at"), 1e61, "'at'.*a number"),
        ((*FIRST, "at"), True, "'at'.*a number"),
        ((0, "replaces"), [3], "'replaces'.*from 0 to 2"),
        ((0, "replaces"), [0.5], "'replaces'.*whole numbers"),
        ((0, "replaces"), 0, "'replaces'.*a list"),
        ((0, "replaces"), None, "'replaces'.*present"),
        ((0, "prior_mean"), "0", "'prior_mean'.*a number"),
        ((0, "prior_mean"), None, "'prior_mean'.*present"),
        ((0, "prior_sd"), 0.0, "'prior_sd'.*a number from 1e-60"),
        ((0, "prior_sd"), -1.0, "'prior_sd'.*a number from 1e-60"),
        ((0, "prior_sd"), "NaN", "'prior_sd'.*a number"),
        ((0, "prior_sd"), None, "'prior_sd'.*present"),
    ],
)
def test_a_changed_term_is_refused_by_name(path, value, names):
    with pytest.raises(ModelFileError, match=r"part\.json.*" + names):
        read_mixture_terms(document(changed(path, value)), 3)


@pytest.mark.parametrize("values", [None, {}, "none", 3])
def test_what_is_no_list_of_terms_is_refused(values):
    with pytest.raises(ModelFileError, match=r"part\.json, 'terms'.*a list"):
        read_mixture_terms(document(values), 3)


def test_a_thousand_terms_are_read_and_more_are_refused():
    assert len(read_mixture_terms(document(VALUES[:1] * 1000), 3)) == 1000
    with pytest.raises(ModelFileError, match=r"'terms'.*at most 1000 terms"):
        read_mixture_terms(document(VALUES[:1] * 1001), 3)
