"""Shapley values: their axioms, exact cases by hand, and the same numbers as shap's exact explainer."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relapse_model.model.explanation import shapley
from relapse_model.model.explanation.shapley import EXACT_UP_TO, shapley_values

number = st.floats(-3, 3, allow_nan=False)


def bent(rows):
    """A function with curvature, and interactions between columns 0, 1 and 2."""
    return np.sin(rows[:, 0]) * rows[:, 1] + rows[:, 2] ** 2 * rows[:, 0] + 0.5 * rows[:, 1]


def by_definition(function, row, reference):
    """Mean over all orders of what a column adds when it joins those before it."""
    columns = len(row)
    found = np.zeros(columns)
    orders = list(permutations(range(columns)))
    for order in orders:
        now = reference.copy()
        for column in order:
            before = function(now[None, :])[0]
            now[column] = row[column]
            found[column] += function(now[None, :])[0] - before
    return found / len(orders)


def some_rows(columns, rows=4, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(rows, columns)), rng.normal(size=columns)


@pytest.mark.parametrize("columns", [1, 2, 3, 5])
def test_exact_values_equal_the_definition(columns):
    rows, reference = some_rows(columns)

    def function(x):
        return np.prod(1 + x**2, axis=1) + np.tanh(x.sum(axis=1))

    expected = [by_definition(function, row, reference) for row in rows]
    np.testing.assert_allclose(shapley_values(function, rows, reference), expected, rtol=1e-9, atol=1e-12)


@settings(deadline=None, max_examples=50)
@given(row=st.tuples(number, number, number), reference=st.tuples(number, number, number))
def test_values_add_up_to_the_difference(row, reference):
    rows, at = np.array([row]), np.array(reference)
    values = shapley_values(bent, rows, at)
    np.testing.assert_allclose(values.sum(axis=1), bent(rows) - bent(at[None, :]), atol=1e-9)


@settings(deadline=None, max_examples=50)
@given(row=st.tuples(number, number, number), reference=st.tuples(number, number, number), scale=number)
def test_axioms(row, reference, scale):
    rows, at = np.array([row]), np.array(reference)

    def other(x):
        return x[:, 0] * x[:, 2] - x[:, 1]

    # Linearity: values of a sum of functions are the sum of their values.
    both = shapley_values(lambda x: bent(x) + scale * other(x), rows, at)
    parts = shapley_values(bent, rows, at) + scale * shapley_values(other, rows, at)
    np.testing.assert_allclose(both, parts, atol=1e-9)
    # A dummy, which the function does not read, gets nothing; neither does a value equal to the reference.
    assert shapley_values(lambda x: x[:, 0] ** 2 + x[:, 2], rows, at)[0, 1] == 0
    same = at.copy()
    same[0] = row[0]
    assert shapley_values(bent, same[None, :], at)[0, 1:].tolist() == [0, 0]
    # Symmetry: columns that the function treats alike, with equal values and references, get the same.
    twins = np.array([[row[0], row[0], row[2]]])
    values = shapley_values(lambda x: np.exp(x[:, 0] * x[:, 1] / 9) * x[:, 2], twins, np.array([at[0], at[0], at[2]]))
    assert values[0, 0] == pytest.approx(values[0, 1], abs=1e-9)


@pytest.mark.parametrize("columns", [4, EXACT_UP_TO, EXACT_UP_TO + 1, 25])
def test_a_linear_function_is_its_coefficients_on_either_route(columns):
    rows, reference = some_rows(columns)
    beta = np.linspace(-2, 2, columns)
    values = shapley_values(lambda x: 7 + x @ beta, rows, reference)
    np.testing.assert_allclose(values, beta * (rows - reference), atol=1e-9)


def test_the_interaction_of_two_is_shared_by_hand():
    # f = x y z at (1, 2, 3) against (0, 2, 3): only x moves it. Against (0, 0, 3): x and y share 6 equally.
    def product(x):
        return x.prod(axis=1)

    rows = np.array([[1.0, 2.0, 3.0]])
    assert shapley_values(product, rows, np.array([0.0, 2.0, 3.0])).tolist() == [[6, 0, 0]]
    assert shapley_values(product, rows, np.array([0.0, 0.0, 3.0])).tolist() == [[3, 3, 0]]


def test_permutations_agree_with_exact_values_beyond_ten_columns():
    # 11 columns, of which 4 interact: the other 7 get nothing, and the 4 what exact values of 4 columns are.
    columns = EXACT_UP_TO + 1
    rows, reference = some_rows(columns, rows=6, seed=1)
    used = [2, 5, 6, 9]

    def four(x):
        return np.tanh(x.sum(axis=1)) + np.exp(x[:, 0] * x[:, 1] * x[:, 2] / 4)

    exact = np.array([by_definition(four, row[used], reference[used]) for row in rows])
    found = shapley_values(lambda x: four(x[:, used]), rows, reference, permutations=400)
    assert np.abs(np.delete(found, used, axis=1)).max() == 0
    np.testing.assert_allclose(found.sum(axis=1), four(rows[:, used]) - four(reference[None, used]), atol=1e-9)
    np.testing.assert_allclose(found[:, used], exact, atol=0.02)
    few = shapley_values(lambda x: four(x[:, used]), rows, reference, permutations=2)
    assert np.abs(found[:, used] - exact).mean() < np.abs(few[:, used] - exact).mean()  # more orders, less noise


def test_permutations_are_exact_for_pairs():
    # Forwards and backwards each column of a product of two comes first once: no noise at all.
    rows, reference = some_rows(EXACT_UP_TO + 2)
    values = shapley_values(lambda x: x[:, 0] * x[:, 11], rows, reference, permutations=1)
    pair = shapley_values(lambda x: x[:, 0] * x[:, 1], rows[:, [0, 11]], reference[[0, 11]])
    np.testing.assert_allclose(values[:, [0, 11]], pair, atol=1e-12)


def test_the_same_numbers_every_time_and_for_a_patient_alone():
    rows, reference = some_rows(EXACT_UP_TO + 1)

    def function(x):
        return x[:, 0] * x[:, 3] * x[:, 7] + x[:, 10]

    values = shapley_values(function, rows, reference)
    np.testing.assert_array_equal(values, shapley_values(function, rows, reference))
    np.testing.assert_allclose(shapley_values(function, rows[[2]], reference), values[[2]], rtol=1e-12)


@pytest.mark.parametrize("columns", [3, EXACT_UP_TO + 1])
def test_blocks_of_rows_change_nothing(monkeypatch, columns):
    rows, reference = some_rows(columns, rows=7)
    whole = shapley_values(bent, rows, reference)
    monkeypatch.setattr(shapley, "_ROWS_AT_ONCE", 1)  # one row at a time
    np.testing.assert_allclose(shapley_values(bent, rows, reference), whole, rtol=1e-9, atol=1e-12)


def test_no_rows_no_values():
    assert shapley_values(bent, np.zeros((0, 3)), np.zeros(3)).shape == (0, 3)


@pytest.mark.filterwarnings("ignore")  # what shap warns of while it is imported is not ours
def test_the_same_values_as_shaps_exact_explainer():
    import shap

    rows, reference = some_rows(3, rows=5, seed=2)
    masker = shap.maskers.Independent(reference[None, :], max_samples=1)
    theirs = shap.explainers.Exact(bent, masker)(rows)
    np.testing.assert_allclose(shapley_values(bent, rows, reference), theirs.values, atol=1e-9)
    np.testing.assert_allclose(bent(reference[None, :])[0], theirs.base_values, atol=1e-9)
