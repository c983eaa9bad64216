"""Weights of strengths and widths before the data."""

import json

import numpy as np
import pytest

from relapse_model.classifiers import PriorHazardClassifier, PriorLogisticClassifier
from relapse_model.classifiers.prior.beforehand import (
    PUBLISHED_STRENGTH_WEIGHTS,
    PUBLISHED_WIDTH_WEIGHTS,
    STRENGTHS,
    grid_weights,
    weights_beforehand,
)
from relapse_model.classifiers.prior.evidence_grid import published_grid
from relapse_model.classifiers.prior.hazard_mixture_values import PART as HAZARD_PART
from relapse_model.classifiers.prior.logistic_mixture_values import PART
from relapse_model.errors import ModelFileError, RelapseModelError

PRIOR = {"prior_mean": [0.8, 0.0], "prior_sd": [0.3, 0.15]}
SMALL = {"strengths": (0.0, 1.0), "widths": (0.5, 1.0)}


def cohort(rows=80):
    rng = np.random.default_rng(5)
    X = rng.normal(size=(rows, 2))
    return X, (rng.random(rows) < 1 / (1 + np.exp(1.5 - 0.8 * X[:, 0]))).astype(float)


def test_weights_are_equal_unless_given():
    assert weights_beforehand(STRENGTHS, None, "x").tolist() == [0.25] * 4
    assert weights_beforehand((0.0, 1.0), (1, 3), "x").tolist() == [0.25, 0.75]


@pytest.mark.parametrize("weights", [(1.0,), (1.0, -1.0), (0.0, 0.0), (np.nan, 1.0), (np.inf, 1.0)])
def test_weights_that_are_none_are_refused_by_name(weights):
    with pytest.raises(RelapseModelError, match="strength_weights is"):
        PriorLogisticClassifier(**SMALL, strength_weights=weights).fit(*cohort())
    with pytest.raises(RelapseModelError, match="width_weights is"):
        PriorLogisticClassifier(**SMALL, width_weights=weights).fit(*cohort())


def test_weights_stand_in_the_order_of_the_grid():
    # Of two strengths and two widths, the mean of the first column tells the strength, its sd the width, and the sd of
    # the second, which has no mean, the other width: each prior's weight is the product of the three.
    strength, width = {0.0: 0.2, 1.0: 0.8}, {0.5: 0.3, 1.0: 0.7}
    grid = published_grid(np.array([0.8, 0.0]), np.array([0.3, 0.1]), (0.0, 1.0), (0.5, 1.0))
    expected = [
        strength[round(mean[0] / 0.8, 9)] * width[round(sd[0] / 0.3, 9)] * width[round(sd[1] / 0.1, 9)]
        for mean, sd in zip(grid.mean, grid.sd, strict=True)
    ]
    settings = ((0.0, 1.0), (0.2, 0.8)), ((0.5, 1.0), (0.3, 0.7))
    np.testing.assert_allclose(grid_weights(*settings, 8), expected)
    # Two forms outermost and three levels innermost count alike.
    np.testing.assert_allclose(grid_weights(*settings, 48, 2, 3), np.tile(np.repeat(expected, 3), 2) / 6)


def test_a_column_alone_has_no_other_width():
    grid = published_grid(np.array([0.8]), np.array([0.3]), (0.0, 1.0), (0.5, 1.0))
    weight = grid_weights(((0.0, 1.0), (0.2, 0.8)), ((0.5, 1.0), (0.3, 0.7)), len(grid.mean))
    np.testing.assert_allclose(weight, [0.06, 0.14, 0.24, 0.56])


def test_posterior_weights_are_beforehand_times_evidence():
    model = PriorLogisticClassifier(**PRIOR, **SMALL, strength_weights=(0.2, 0.8), width_weights=(0.3, 0.7))
    model.fit(*cohort())
    before = grid_weights(((0.0, 1.0), (0.2, 0.8)), ((0.5, 1.0), (0.3, 0.7)), 8)
    expected = before * np.exp(model.log_evidence_)
    np.testing.assert_allclose(model.components_.weight, expected / expected.sum())


def test_a_strength_of_no_weight_is_not_believed():
    model = PriorLogisticClassifier(**PRIOR, **SMALL, strength_weights=(1.0, 0.0)).fit(*cohort())
    assert model.strength_weight_.tolist() == [pytest.approx(1.0, abs=1e-15), 0.0]


def hazard(**settings):
    X, y = cohort()
    model = PriorHazardClassifier(**PRIOR, **SMALL, intervals=(24.0, 48.0), draws=20, **settings)
    return model.fit(X, np.where(y == 1, 20.0, 48.0), y)


def test_hazards_weigh_their_grid_alike():
    model = hazard(strength_weights=(0.2, 0.8), width_weights=(0.3, 0.7))
    before = grid_weights(((0.0, 1.0), (0.2, 0.8)), ((0.5, 1.0), (0.3, 0.7)), 8)
    expected = before * np.exp(model.log_evidence_ - model.log_evidence_.max())
    np.testing.assert_allclose(model.components_.weight, expected / expected.sum())


@pytest.mark.parametrize("weights", [None, (0.2, 0.8)])
def test_weights_stand_in_the_parts(weights):
    for model in (
        PriorLogisticClassifier(**PRIOR, **SMALL, strength_weights=weights).fit(*cohort()),
        hazard(strength_weights=weights),
    ):
        again = type(model).from_parts(model.to_parts())
        assert again.strength_weights == weights
        assert again.to_parts() == model.to_parts()


def without_weights(model, part):
    document = json.loads(model.to_parts()[part])
    for name in ("strength_weights", "width_weights"):
        del document["settings"][name]
    return {part: json.dumps(document).encode()}


def test_parts_of_earlier_versions_weigh_alike_when_fitted_again():
    old = PriorLogisticClassifier(**PRIOR).fit(*cohort())
    again = PriorLogisticClassifier.from_parts(without_weights(old, PART))
    assert again.strength_weights is again.width_weights is None
    X, y = cohort(60)
    same, new = (PriorLogisticClassifier(**one.get_params()).fit(X, y) for one in (old, again))
    np.testing.assert_array_equal(new.predict_proba(X), same.predict_proba(X))
    assert PriorHazardClassifier.from_parts(without_weights(hazard(), HAZARD_PART)).width_weights is None


def test_weights_for_published_effects_leave_a_wrong_sign_behind():
    # The column raises the risk (log-odds 0.8 at 400 rows) and the prior says -0.8 with sd 0.2: at the half, the
    # whole and 1.5 of it the density at the truth is less than at 0, so that strength 0 takes most of the weight.
    X, y = cohort(400)
    wrong = {"prior_mean": [-0.8, 0.0], "prior_sd": [0.2, 0.15], "strength_weights": PUBLISHED_STRENGTH_WEIGHTS}
    model = PriorLogisticClassifier(**wrong, width_weights=PUBLISHED_WIDTH_WEIGHTS).fit(X, y)
    assert model.strength_weight_[0] > 0.5 > 0.1


@pytest.mark.parametrize("weights", [[1.0], [0.0, 0.0], [-1.0, 2.0], "half", [None, 1.0]])
def test_parts_with_weights_that_are_none_are_refused(weights):
    model = PriorLogisticClassifier(**PRIOR, **SMALL).fit(*cohort())
    document = json.loads(model.to_parts()[PART])
    document["settings"]["strength_weights"] = weights
    with pytest.raises(ModelFileError, match="strength_weights"):
        PriorLogisticClassifier.from_parts({PART: json.dumps(document).encode()})
