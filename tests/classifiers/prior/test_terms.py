"""Terms as columns: each shape by hand, on plain columns and on logarithms, and the terms that are refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relapse_model.classifiers.prior.terms import (
    SHAPES,
    Factor,
    PriorGrid,
    Term,
    check_previous,
    check_terms,
    term_columns,
)
from relapse_model.errors import RelapseModelError

NAN = np.nan


def column_of(shape, at, values, log10=False):
    return term_columns(np.array(values, dtype=float)[:, None], (Term((Factor(0, shape, at, log10),)),))[:, 0]


@pytest.mark.parametrize(
    ("shape", "at", "values", "expected"),
    [
        ("value", 1.0, [-2.0, 0.0, 7.5], [-2.0, 0.0, 7.5]),
        # x / (x + 100): nothing at 0, a half at 100, three quarters at 300
        ("saturating", 100.0, [0.0, 100.0, 300.0], [0.0, 0.5, 0.75]),
        ("cap", 24.0, [-1.0, 23.5, 24.0, 60.0], [-1.0, 23.5, 24.0, 24.0]),
        # the limit itself is not below, and is at least
        ("below", 10.0, [9.9, 10.0, 10.1], [1.0, 0.0, 0.0]),
        ("at_least", 10.0, [9.9, 10.0, 10.1], [0.0, 1.0, 1.0]),
    ],
)
def test_each_shape_by_hand(shape, at, values, expected):
    assert column_of(shape, at, values) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("shape", "at", "values", "expected"),
    [
        # the value of a logarithm is the logarithm
        ("value", 1.0, [0.7, 2.0], [0.7, 2.0]),
        # x is 1, 100, 900: 1 / 101, 100 / 200, 900 / 1000
        ("saturating", 100.0, [0.0, 2.0, np.log10(900.0)], [1 / 101, 0.5, 0.9]),
        # the cap stands in the unit of x, the column stays a logarithm
        ("cap", 100.0, [1.0, 2.0, 3.0], [1.0, 2.0, 2.0]),
        ("below", 10.0, [0.99, 1.0, 1.01], [1.0, 0.0, 0.0]),
        ("at_least", 10.0, [0.99, 1.0, 1.01], [0.0, 1.0, 1.0]),
    ],
)
def test_on_a_logarithm_the_shape_is_that_of_x(shape, at, values, expected):
    assert column_of(shape, at, values, log10=True) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("at", [3.0, 10.0, 20.0, 30.0, 100.0, 1e3])
def test_the_limit_itself_is_not_missed_by_a_rounding_error_of_the_logarithm(at):
    assert column_of("below", at, [np.log10(at)], log10=True).tolist() == [0.0]
    assert column_of("at_least", at, [np.log10(at)], log10=True).tolist() == [1.0]


@pytest.mark.parametrize("log10", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_missing_value_stays_missing(shape, log10):
    found = column_of(shape, 10.0, [NAN, 1.0], log10)
    assert np.isnan(found).tolist() == [True, False]


def test_a_product_of_factors_by_hand():
    X = np.array([[1.0, 10.0, 3.0], [3.0, 30.0, 3.0], [1.0, NAN, 3.0], [3.0, NAN, 3.0]])
    terms = (
        # x is 10 and 1000: the first is below 100; times the weeks, which count up to 24
        Term((Factor(0, "below", 100.0, log10=True), Factor(1, "cap", 24.0))),
        Term((Factor(2), Factor(2))),
        Term((Factor(1, "at_least", 20.0), Factor(0), Factor(2))),
    )
    expected = [
        [1 * 10, 9, 0 * 1 * 3],
        [0 * 24, 9, 1 * 3 * 3],
        [NAN, 9, NAN],
        [NAN, 9, NAN],  # also where the other factor is 0
    ]
    np.testing.assert_allclose(term_columns(X, terms), expected)


def test_without_terms_there_are_rows_and_no_columns():
    assert term_columns(np.ones((3, 2)), ()).shape == (3, 0)


def test_the_predictors_are_left_as_they_were():
    X = np.array([[1.0, 50.0], [2.0, NAN]])
    before = X.copy()
    term_columns(X, (Term((Factor(0, "saturating", 5.0, log10=True), Factor(1, "cap", 24.0))),))
    np.testing.assert_array_equal(X, before)


@pytest.mark.parametrize("log10", [False, True])
def test_saturation_overflows_nowhere(log10):
    found = column_of("saturating", 100.0, [-300.0, 0.0, 300.0, 1e6], log10)
    assert np.isfinite(found).all()
    assert ((found >= 0) & (found <= 1)).all()
    assert (np.diff(found) >= 0).all()


@given(x=st.floats(1e-3, 1e6), at=st.floats(1e-3, 1e6))
@settings(max_examples=50, deadline=None)
def test_saturation_is_the_fraction_on_either_scale(x, at):
    fraction = x / (x + at)
    assert column_of("saturating", at, [x])[0] == pytest.approx(fraction, rel=1e-9)
    assert column_of("saturating", at, [np.log10(x)], log10=True)[0] == pytest.approx(fraction, rel=1e-9)


@given(x=st.floats(-1e3, 1e3), at=st.floats(-1e3, 1e3))
@settings(max_examples=50, deadline=None)
def test_below_and_at_least_divide_everybody(x, at):
    assert column_of("below", at, [x])[0] + column_of("at_least", at, [x])[0] == 1.0


GOOD = Term((Factor(0, "cap", 24.0),), replaces=(0,), prior_mean=-0.04, prior_sd=0.03)


def test_terms_that_fit_are_accepted():
    check_terms((), 1)
    check_terms((GOOD, Term((Factor(1), Factor(0, "below", 10.0, log10=True)))), 2)


@pytest.mark.parametrize(
    "wrong",
    [
        Term(()),
        Term((Factor(2),)),
        Term((Factor(-1),)),
        Term((Factor(0),), replaces=(2,)),
        Term((Factor(0),), replaces=(-1,)),
        Term((Factor(0, "log"),)),
        Term((Factor(0, "cap", NAN),)),
        Term((Factor(0, "cap", np.inf),)),
        Term((Factor(0, "saturating", 0.0),)),
        Term((Factor(0, "saturating", -5.0),)),
        Term((Factor(0), Factor(0, "saturating", -5.0))),
        Term((Factor(0),), prior_mean=NAN),
        Term((Factor(0),), prior_mean=np.inf, prior_sd=1.0),
        Term((Factor(0),), prior_sd=0.0),
        Term((Factor(0),), prior_sd=-1.0),
        Term((Factor(0),), prior_sd=np.inf),
    ],
)
def test_a_term_that_does_not_fit_is_named_by_its_place(wrong):
    with pytest.raises(RelapseModelError, match=r"terms, 1 \(counted from 0\): expected .* columns 0 to 1.*; Term\("):
        check_terms((GOOD, wrong), 2)


@pytest.mark.parametrize("forms", [((),), ((1,),), ((0,), (2,)), ((-1,),)])
def test_forms_are_numbered_without_a_gap(forms):
    terms = tuple(Term((Factor(0),), forms=one) for one in forms)
    with pytest.raises(RelapseModelError, match="numbered from 0 without a gap"):
        check_terms(terms, 1)


def test_an_earlier_model_has_a_posterior_for_each_form():
    one = PriorGrid(np.zeros((1, 2)), np.ones((1, 2)))
    check_previous((one, one), 2, 1)  # of a model without terms the second is not used
    check_previous((one,) * 3, 2, 3)
    with pytest.raises(RelapseModelError, match="2 posteriors; expected one for each of 3 forms"):
        check_previous((one, one), 2, 3)
