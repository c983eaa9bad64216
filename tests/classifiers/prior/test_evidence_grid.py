"""The priors that are averaged over: each grid by hand, fits that leave columns out, and what a posterior passes on."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import digamma, expit

from relapse_model.classifiers.prior.evidence_grid import (
    FEWEST_MARKED,
    FEWEST_MARKED_EVENTS,
    check_as_stated,
    check_grid,
    fit_components,
    forms_of,
    missing_indicators,
    posterior_of_form,
    previous_grid,
    published_grid,
)
from relapse_model.classifiers.prior.mixture_forms import LogisticMixture
from relapse_model.classifiers.prior.posterior_mean import at_posterior_mean
from relapse_model.classifiers.prior.terms import Factor, PriorGrid, Term
from relapse_model.classifiers.shared.newton import penalised_logistic
from relapse_model.errors import RelapseModelError

NAN = np.nan


def one_prior(mean, sd):
    return PriorGrid(np.array([mean], dtype=float), np.array([sd], dtype=float))


# Settings


def test_settings_of_which_a_grid_can_be_made_are_accepted():
    check_grid((0.0,), (1.0,), (0.0,))
    check_grid((-1.0, 0.0, 1.5), (0.25, 2.0), (0.0, 0.4))


@pytest.mark.parametrize(
    ("strengths", "widths", "between", "named"),
    [
        ((), (1.0,), (0.0,), r"strengths \(\) or widths \(1.0,\)"),
        ((1.0,), (), (0.0,), r"widths \(\)"),
        ((1.0, NAN), (1.0,), (0.0,), "strengths finite"),
        ((np.inf,), (1.0,), (0.0,), "strengths finite"),
        ((1.0,), (1.0, 0.0), (0.0,), "widths positive"),
        ((1.0,), (-1.0,), (0.0,), "widths positive"),
        ((1.0,), (NAN,), (0.0,), "widths positive"),
        ((1.0,), (np.inf,), (0.0,), "finite widths"),
        ((1.0,), (1.0,), (-0.1,), r"between_sds \(-0.1,\).*0 or more"),
        ((1.0,), (1.0,), (0.1, NAN), "between_sds.*finite"),
        ((1.0,), (1.0,), (np.inf,), "between_sds.*finite"),
    ],
)
def test_other_settings_are_refused_by_name(strengths, widths, between, named):
    with pytest.raises(RelapseModelError, match=named):
        check_grid(strengths, widths, between)


def test_an_empty_list_of_sds_between_cohorts_is_refused_by_its_name():
    with pytest.raises(RelapseModelError, match="between_sds"):
        check_grid((1.0,), (1.0,), ())


# Published priors


def test_the_published_grid_by_hand():
    # Strength outermost, then the width of the informed column (mean -0.8), then that of the other.
    grid = published_grid(np.array([-0.8, 0.0]), np.array([0.4, 0.1]), (0.5, 1.0), (1.0, 3.0))
    means = [[-0.4, 0.0]] * 4 + [[-0.8, 0.0]] * 4
    sds = [[0.4, 0.1], [0.4, 0.3], [1.2, 0.1], [1.2, 0.3]] * 2
    np.testing.assert_allclose(grid.mean, means)
    np.testing.assert_allclose(grid.sd, sds)


def test_where_every_column_is_informed_there_is_one_width():
    grid = published_grid(np.array([-0.8, 0.2]), np.array([0.4, 0.1]), (0.0, 1.0), (0.5, 2.0))
    np.testing.assert_allclose(grid.mean, [[0.0, 0.0], [0.0, 0.0], [-0.8, 0.2], [-0.8, 0.2]])
    np.testing.assert_allclose(grid.sd, [[0.2, 0.05], [0.8, 0.2], [0.2, 0.05], [0.8, 0.2]])


def test_a_prior_that_is_held_is_the_same_in_every_row():
    # The first of two informed columns, and the first of two others: neither strength nor width touches them.
    grid = published_grid(
        np.array([-0.8, 0.2, 0.0, 0.0]), np.array([0.4, 0.1, 0.5, 0.3]), (0.0, 1.5), (0.5, 2.0), as_stated=(0, 2)
    )
    np.testing.assert_allclose(grid.mean, [[-0.8, 0.0, 0.0, 0.0]] * 4 + [[-0.8, 0.3, 0.0, 0.0]] * 4)
    widths = [[0.4, 0.05, 0.5, 0.15], [0.4, 0.05, 0.5, 0.6], [0.4, 0.2, 0.5, 0.15], [0.4, 0.2, 0.5, 0.6]]
    np.testing.assert_allclose(grid.sd, widths * 2)


def test_where_the_only_other_column_is_held_there_is_one_other_width():
    grid = published_grid(np.array([-0.8, 0.0]), np.array([0.4, 0.5]), (1.0,), (0.5, 2.0), as_stated=(1,))
    np.testing.assert_allclose(grid.sd, [[0.2, 0.5], [0.8, 0.5]])


def test_positions_that_are_no_columns_cannot_be_held():
    check_as_stated((0, 2), 3)
    for wrong in ((3,), (-1,)):
        with pytest.raises(RelapseModelError, match=r"as_stated is .* expected positions of 0 to 2"):
            check_as_stated(wrong, 3)


# The posterior of another cohort


def test_the_grid_of_a_previous_model_by_hand():
    # Known: sd 0.3 and, on a column of sd 2, between-cohort sds of 0 and 0.8 / 2 = 0.4: 0.3 and 0.5.
    # Unknown: the fallback, not widened. Strength multiplies both means; strength outermost.
    grid = previous_grid(one_prior([1.0, NAN], [0.3, NAN]), one_prior([9.0, 0.2], [9.0, 0.15]),
                         np.array([2.0, 5.0]), (0.5, 1.0), (0.0, 0.8))  # fmt: skip
    np.testing.assert_allclose(grid.mean, [[0.5, 0.1], [0.5, 0.1], [1.0, 0.2], [1.0, 0.2]])
    np.testing.assert_allclose(grid.sd, [[0.3, 0.15], [0.5, 0.15], [0.3, 0.15], [0.5, 0.15]])


def mixture(coef, variance, weight, intercept_variance=0.1):
    """Return components with diagonal covariances; a variance of 0: the column is left out."""
    coef, variance = np.array(coef, dtype=float), np.array(variance, dtype=float)
    count, size = coef.shape
    covariance = np.zeros((count, size + 1, size + 1))
    covariance[:, 0, 0] = intercept_variance
    covariance[:, range(1, size + 1), range(1, size + 1)] = variance
    ones = np.ones(size)
    return LogisticMixture(coef, np.zeros(count), covariance, np.array(weight, dtype=float), ones, ones, ones)


# Two components with columns 0 and 1, weights 0.3 and 0.1; one with column 0 and 2, weight 0.6.
THREE = mixture(
    coef=[[1.0, -1.0, 0.0], [2.0, -1.0, 0.0], [4.0, 0.0, 0.5]],
    variance=[[0.04, 0.25, 0.0], [0.16, 0.25, 0.0], [0.09, 0.0, 0.01]],
    weight=[0.3, 0.1, 0.6],
)


def test_the_posterior_of_a_form_by_hand():
    # Column 0: weights 3/4 and 1/4, mean 1.25; variance 0.75 (0.04 + 0.0625) + 0.25 (0.16 + 0.5625) = 0.2575.
    grid = posterior_of_form(THREE, np.array([True, True, False]))
    np.testing.assert_allclose(grid.mean, [[1.25, -1.0, NAN]])
    np.testing.assert_allclose(grid.sd, [[np.sqrt(0.2575), 0.5, NAN]])


def test_the_posterior_of_a_form_of_one_component_is_that_component():
    grid = posterior_of_form(THREE, np.array([True, False, True]))
    np.testing.assert_allclose(grid.mean, [[4.0, NAN, 0.5]])
    np.testing.assert_allclose(grid.sd, [[0.3, NAN, 0.1]])


@pytest.mark.parametrize("used", [[True, True, True], [True, False, False]])
def test_where_no_component_has_the_form_it_is_over_all(used):
    # Column 1: 0.3 (-1) + 0.1 (-1) + 0.6 (0) = -0.4; variance 0.4 (0.25 + 0.36) + 0.6 (0 + 0.16) = 0.34.
    grid = posterior_of_form(THREE, np.array(used))
    np.testing.assert_allclose(grid.mean, [[0.3 + 0.2 + 2.4, -0.4, 0.3]])
    assert grid.sd[0, 1] == pytest.approx(np.sqrt(0.34))


def test_where_the_components_of_the_form_have_no_weight_it_is_over_all():
    left = mixture([[1.0, 2.0], [3.0, 0.0]], [[0.1, 0.1], [0.04, 0.0]], [0.0, 1.0])
    grid = posterior_of_form(left, np.array([True, True]))
    np.testing.assert_allclose(grid.mean, [[3.0, NAN]])
    np.testing.assert_allclose(grid.sd, [[0.2, NAN]])


# The fits


def rows(n=80, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3))
    event = (rng.random(n) < expit(-1.0 + X @ [0.8, -0.5, 0.3])).astype(float)
    return X - X.mean(axis=0), event, np.ones(n)


def test_a_form_leaves_its_columns_out_exactly():
    X, event, weight = rows()
    forms = [np.array([True, True, False]), np.array([True, False, True])]
    grid = published_grid(np.array([0.5, 0.0, 0.2]), np.array([0.3, 0.3, 0.3]), (0.0, 1.0), (1.0,))
    found = fit_components(X, event, weight, forms, [grid, grid])
    assert found.coef.shape == (4, 3)
    assert found.covariance.shape == (4, 4, 4)
    for component, out in ((0, 2), (1, 2), (2, 1), (3, 1)):
        assert found.coef[component, out] == 0.0
        assert (found.covariance[component, out + 1] == 0.0).all()
        assert (found.covariance[component, :, out + 1] == 0.0).all()
        kept = [column for column in range(3) if column != out]
        assert (found.coef[component, kept] != 0.0).all()
        assert (np.diag(found.covariance[component])[[0, *(column + 1 for column in kept)]] > 0).all()


def test_a_form_is_the_fit_without_the_other_columns():
    X, event, weight = rows()
    used = np.array([True, False, True])
    found = fit_components(X, event, weight, [used], [one_prior([0.5, 7.0, 0.2], [0.3, 0.1, 0.4])])
    mode = penalised_logistic(X[:, [0, 2]], event, weight, [[0.5, 0.2]], [[0.3**-2, 0.4**-2]])
    alone = at_posterior_mean(X[:, [0, 2]], weight, mode)
    np.testing.assert_allclose(found.coef[:, [0, 2]], alone.coef)
    np.testing.assert_allclose(found.intercept, alone.intercept)
    np.testing.assert_allclose(found.log_evidence, alone.log_evidence)
    np.testing.assert_allclose(found.covariance[0][np.ix_([0, 1, 3], [0, 1, 3])], alone.covariance[0])


def test_each_form_has_priors_of_its_own_and_they_stand_in_that_order():
    X, event, weight = rows()
    every, first = np.ones(3, dtype=bool), np.array([True, False, False])
    tight = [PriorGrid(np.array([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]]), np.full((2, 3), 1e-4)),
             PriorGrid(np.array([[0.7, 0.8, 0.9]]), np.full((1, 3), 1e-4))]  # fmt: skip
    found = fit_components(X, event, weight, [every, first], tight)
    # sd 1e-4 against 80 rows: the coefficients stay where the prior has them
    np.testing.assert_allclose(found.coef, [[0.1, 0.2, 0.3], [0.4, 0.5, 0.6], [0.7, 0.0, 0.0]], atol=1e-5)


def test_without_columns_there_is_the_mean_risk():
    X, event, weight = rows()
    found = fit_components(X, event, weight, [np.zeros(3, dtype=bool)], [one_prior([0, 0, 0], [1, 1, 1])])
    assert found.coef.tolist() == [[0.0, 0.0, 0.0]]
    # A flat prior of the log-odds: the risk is Beta(k, n - k), whose log-odds have this mean; the mode is 0.02 higher.
    k, n = event.sum(), len(event)
    assert found.intercept[0] == pytest.approx(digamma(k) - digamma(n - k), abs=0.002)


def test_forms_and_priors_must_be_as_many():
    X, event, weight = rows()
    with pytest.raises(ValueError, match="zip"):
        fit_components(X, event, weight, [np.ones(3, dtype=bool)] * 2, [one_prior([0, 0, 0], [1, 1, 1])])


# Indicators


def gaps(n, *missing):
    X = np.ones((n, len(missing)))
    for column, places in enumerate(missing):
        X[list(places), column] = NAN
    return X


# Every third patient has the event, the first one included: 4 of the first 10, 3 of the first 9, 2 of the first 6.
@pytest.mark.parametrize(
    ("missing", "n", "expected"),
    [
        ((), 60, ()),
        ([range(10)], 60, (0,)),
        ([range(9)], 60, ()),  # too few lack it
        ([range(50)], 60, (0,)),
        ([range(51)], 60, ()),  # too few have it
        ([range(10), range(10)], 60, (0,)),  # missing together: the first stands for both
        ([range(10), range(1, 11)], 60, (0, 1)),  # as many, but not the same
        ([range(3), range(16), range(17), range(16)], 60, (1, 2)),
    ],
)
def test_the_predictors_that_deserve_an_indicator(missing, n, expected):
    assert (FEWEST_MARKED, FEWEST_MARKED_EVENTS) == (10, 3)
    assert missing_indicators(gaps(n, *missing), np.arange(n) % 3 == 0) == expected


@pytest.mark.parametrize(
    ("events", "expected"), [((0, 1, 2, 40, 41, 42), (0,)), ((0, 1, 40, 41, 42), ()), ((0, 1, 2, 40, 41), ())]
)
def test_an_indicator_needs_three_events_on_both_sides(events, expected):
    event = np.zeros(60)
    event[list(events)] = 1.0
    assert missing_indicators(gaps(60, range(20)), event) == expected


def test_patients_are_counted_towards_an_indicator_not_their_rows():
    """27 rows of 9 patients are 9. Weights used to be counted, so that 3 patients got an odds ratio of 14.5."""
    patient, event = np.arange(90) // 3, (np.arange(90) // 3) % 3 == 0
    lack = gaps(90, range(27), range(30))  # 9 patients of 3 rows each, and 10
    assert missing_indicators(lack, event, patient) == (1,)
    assert missing_indicators(lack, event) == (0, 1)


def test_indicators_are_never_widened():
    # Widths 1 and 2 of what is not known beforehand: of the predictor 0.1 and 0.2, of the indicator 0.3 both times.
    grid = published_grid(np.array([0.5, 0.0, 0.0]), np.array([0.4, 0.1, 0.3]), (1.0,), (1.0, 2.0), marked=1)
    np.testing.assert_allclose(grid.sd, [[0.4, 0.1, 0.3], [0.4, 0.2, 0.3], [0.8, 0.1, 0.3], [0.8, 0.2, 0.3]])


# Forms


def test_a_term_that_is_left_out_replaces_nothing():
    terms = (Term((Factor(0, "cap", 24.0),), (0,)), Term((Factor(1),), (1,)))
    used = np.array([True, True, True, False, True])  # two predictors, two terms, an indicator
    without, with_terms = forms_of(used, terms, marked=1)
    assert without.tolist() == [True, True, False, False, True]
    assert with_terms.tolist() == [False, True, True, False, True]
    assert [form.tolist() for form in forms_of(used, ())] == [used.tolist()]


def test_each_form_is_all_terms_that_name_it():
    # Columns: titre, arm, shape of the titre (replaces it), product of titre and arm (replaces nothing). The shape
    # stands in both forms, the product in the second alone.
    terms = (Term((Factor(0, "saturating", 100.0),), (0,), forms=(0, 1)), Term((Factor(0), Factor(1)), forms=(1,)))
    found = forms_of(np.ones(4, dtype=bool), terms)
    assert [np.flatnonzero(form).tolist() for form in found] == [[0, 1], [1, 2], [1, 2, 3]]


def test_the_posterior_of_a_form_knows_nothing_of_a_column_that_nobody_had():
    mixture = LogisticMixture(
        np.array([[0.5, 0.0]]), np.zeros(1), np.diag([1.0, 0.04, 0.0])[None], np.ones(1), *np.ones((3, 2))
    )
    grid = posterior_of_form(mixture, np.ones(2, dtype=bool))
    np.testing.assert_allclose(grid.mean, [[0.5, NAN]])
    np.testing.assert_allclose(grid.sd, [[0.2, NAN]])
