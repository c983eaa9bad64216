"""Discrete-time hazards with priors: the life table, the logistic regression they become, and the lost."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression

from relapse_model.classifiers import PriorHazardClassifier, PriorLogisticClassifier
from relapse_model.classifiers.prior.terms import Factor, Term
from relapse_model.errors import InsufficientDataError, ModelFileError, RelapseModelError

ENDS = (12.0, 24.0, 48.0)
INFORMED = {"prior_mean": [0.8, -0.5, 0.0], "prior_sd": [0.3, 0.3, np.nan]}
# One component, each patient a million: the mean of the posterior is its mode, and priors of this width say nothing
MANY = {"strengths": (0.0,), "widths": (1.0,), "default_sd": 10.0, "interval_sd": 10.0, "visit_window": 0.0}
# One component, of which the priors say next to nothing
WEAK = {"strengths": (0.0,), "widths": (1.0,), "default_sd": 1e4, "interval_sd": 1e4, "visit_window": 0.0}

# Ten patients. At risk in (0, 12]: 10, one of them seen for half of it; events at 6 and 12: hazard 2 / 9.5.
# In (12, 24]: the 7 who are left, one for half of it; event at 20: 1 / 6.5 (the loss at 24 has seen all of it).
# In (24, 48]: 4; event at 40, while that at 50 comes too late: 1 / 4.
TIME = np.array([6.0, 12, 6, 20, 18, 24, 40, 50, 48, 60])
EVENT = np.array([1, 1, 0, 1, 0, 0, 1, 1, 0, 0])
LIFE_TABLE = np.array([2 / 9.5, 1 / 6.5, 1 / 4])


def cohort(rows=132, seed=0, gaps=0.0):
    """Return X, time and event: hazards constant over time, and losses that have nothing to do with them."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, 3))
    relapse = rng.exponential(150 * np.exp(-X @ [0.8, -0.5, 0.0]))
    lost = np.minimum(rng.exponential(120, rows), 48.0)
    X[rng.random(X.shape) < gaps] = np.nan
    return X, np.minimum(relapse, lost), (relapse <= lost).astype(int)


def fitted(rows=132, seed=0, gaps=0.1, **settings):
    chosen = {"intervals": ENDS, "visit_window": 0.0, **INFORMED, **settings}
    return PriorHazardClassifier(**chosen).fit(*cohort(rows, seed, gaps))


def test_a_prior_that_is_held_stands_in_every_component():
    # As in the logistic regression: nothing is learned of a column that is 0 throughout.
    X, time, event = cohort()
    X[:, 2] = 0.0
    settings = {"intervals": ENDS, "prior_mean": [0.8, -0.5, 0.0], "prior_sd": [0.3, 0.3, 0.5], "as_stated": (2,)}
    model = PriorHazardClassifier(**settings).fit(X, time, event)
    assert np.sqrt(model.components_.covariance[:, -1, -1]) == pytest.approx(np.full(16, 0.5))
    again = PriorHazardClassifier.from_parts(model.to_parts())
    assert again.as_stated == (2,)
    with pytest.raises(RelapseModelError, match="as_stated is"):
        PriorHazardClassifier(**settings | {"as_stated": (3,)}).fit(X, time, event)


# The life table


def test_without_predictors_the_hazards_are_those_of_the_life_table():
    model = PriorHazardClassifier(intervals=ENDS, **MANY)
    model.fit(np.full((10, 1), 3.0), TIME, EVENT, np.full(10, 1e6))
    assert expit(model.components_.level[0]) == pytest.approx(LIFE_TABLE, rel=1e-6)


def test_with_many_patients_the_risks_are_those_of_the_life_table():
    # Each patient stands for a thousand, so that the mean over the posterior is its mode.
    model = PriorHazardClassifier(intervals=ENDS, **WEAK)
    model.fit(np.full((10, 1), 3.0), TIME, EVENT, np.full(10, 1000.0))
    risk = model.predict_risk([[3.0]], ENDS)[0]
    assert risk == pytest.approx(1 - np.cumprod(1 - LIFE_TABLE), abs=2e-4)
    # halfway through an interval of constant hazard: the root of its survival
    assert model.predict_risk([[3.0]], [6.0])[0, 0] == pytest.approx(1 - np.sqrt(1 - 2 / 9.5), abs=2e-4)


def test_an_interval_without_events_borrows_from_the_others():
    # No event in (12, 24]: the life table says 0; the prior around the common level says a little, and the less the
    # more intervals may differ.
    time, event = np.array([6.0, 12, 30, 36, 48, 48, 48, 48]), np.array([1, 1, 1, 0, 0, 0, 0, 0])
    hazards = []
    for spread in (0.3, 1.0, 3.0):
        settings = {**WEAK, "interval_sd": spread}
        model = PriorHazardClassifier(intervals=ENDS, **settings).fit(np.ones((8, 1)), time, event)
        hazards.append(expit(model.components_.level[0, 1]))
    assert 0.25 > hazards[0] > hazards[1] > hazards[2] > 0


def test_longer_intervals_have_more_risk_where_they_may_not_differ():
    # With interval_sd near 0 the log-odds differ by the log of the lengths alone.
    settings = {**WEAK, "interval_sd": 1e-4}
    model = PriorHazardClassifier(intervals=ENDS, **settings).fit(np.ones((10, 1)), TIME, EVENT)
    assert np.diff(model.components_.level[0]) == pytest.approx([0.0, np.log(2.0)], abs=1e-5)


def test_the_grouped_likelihood_is_a_logistic_regression_over_the_intervals_at_risk():
    X, time, event = cohort()
    rows, target, weight = [], [], []
    for x, t, e in zip(X, time, event, strict=True):
        for place, (start, end) in enumerate(zip((0.0, 12.0, 24.0), ENDS, strict=True)):
            if t > start:
                here = bool(e) and t <= end
                rows.append([*(np.arange(3) == place), *x])
                target.append(here)
                weight.append(1.0 if here else min((t - start) / (end - start), 1.0))
    rows, weight = np.array(rows, dtype=float), np.array(weight)
    plain = LogisticRegression(C=1e8, fit_intercept=False, solver="newton-cholesky", tol=1e-12)
    plain.fit(rows, target, weight)
    model = PriorHazardClassifier(intervals=ENDS, **MANY).fit(X, time, event, np.full(132, 1e6))
    found = np.concatenate([model.components_.level[0] - model.components_.coef[0] @ model.center_, model.coef_mean_])
    assert found == pytest.approx(plain.coef_[0], abs=1e-5)
    # its covariance is the inverse of the information, levels standing at the centres
    rows[:, 3:] -= model.center_
    risk = plain.predict_proba(np.column_stack([rows[:, :3], rows[:, 3:] + model.center_]))[:, 1]
    information = (rows.T * (weight * risk * (1 - risk))) @ rows
    assert 1e6 * model.components_.covariance[0] == pytest.approx(np.linalg.inv(information), rel=1e-4, abs=1e-6)


# One interval and nobody lost


@pytest.mark.parametrize("gaps", [0.0, 0.1])
def test_one_interval_and_nobody_lost_is_the_logistic_regression(gaps):
    rng = np.random.default_rng(5)
    X = rng.normal(size=(132, 3))
    y = (rng.random(132) < expit(-1.5 + X[:, 0])).astype(int)
    X[rng.random(X.shape) < gaps] = np.nan
    time = np.where(y, rng.uniform(1, 48, 132), 48.0)
    hazard = PriorHazardClassifier(**INFORMED, intervals=(48.0,)).fit(X, time, y)
    logistic = PriorLogisticClassifier(**INFORMED, indicators=False).fit(X, y)
    here, there = hazard.components_, logistic.components_
    assert here.coef == pytest.approx(there.coef, abs=1e-6)
    assert here.level[:, 0] == pytest.approx(there.intercept, abs=1e-6)
    assert here.weight == pytest.approx(there.weight, abs=1e-6)
    assert here.covariance == pytest.approx(there.covariance, abs=1e-6)
    assert hazard.coef_sd_ == pytest.approx(logistic.coef_sd_, abs=1e-6)
    assert hazard.strength_weight_ == pytest.approx(logistic.strength_weight_, abs=1e-6)
    # one takes the mean over draws, the other integrates
    assert hazard.predict_proba(X) == pytest.approx(logistic.predict_proba(X), abs=0.004)
    assert hazard.predict_interval(X) == pytest.approx(logistic.predict_interval(X), abs=0.02)


def test_more_draws_come_nearer_to_the_integral():
    X, time, event = cohort()
    time = np.where(event, time, 48.0)
    integral = PriorLogisticClassifier(**INFORMED).fit(X, event).predict_proba(X)[:, 1]
    errors = []
    for draws in (40, 20_000):
        model = PriorHazardClassifier(**INFORMED, intervals=(48.0,), draws=draws).fit(X, time, event)
        errors.append(np.abs(model.predict_proba(X)[:, 1] - integral).max())
    assert errors[1] < min(errors[0] / 3, 1e-3)


# Risks


def test_risk_grows_with_the_week_up_to_that_of_the_horizon():
    model = fitted()
    X = np.vstack([cohort()[0][:30], np.full((1, 3), np.nan)])
    risk = model.predict_risk(X, np.arange(1, 49))
    assert (np.diff(risk, axis=1) > 0).all()
    assert np.array_equal(risk[:, -1], model.predict_proba(X)[:, 1])
    assert model.predict_proba(X).sum(axis=1) == pytest.approx(np.ones(31), abs=1e-12)
    assert expit(model.predict_log_odds(X)) == pytest.approx(risk[:, -1], rel=1e-9)


def test_predictions_are_of_events():
    model = fitted(rows=600)
    risky, safe = [3.0, -3.0, 0.0], [-3.0, 3.0, 0.0]
    assert model.classes_.tolist() == [0, 1]
    assert model.predict([risky, safe]).tolist() == [1, 0]


def test_a_missing_value_widens_the_interval():
    model = fitted(rows=600)
    known = np.array([[model.impute_[0], 0.2, 0.2]])
    missing = np.array([[np.nan, 0.2, 0.2]])
    lower, upper = model.predict_interval(known)[0]
    wider_lower, wider_upper = model.predict_interval(missing)[0]
    assert wider_lower < lower < model.predict_proba(known)[0, 1] < upper < wider_upper
    # a standard deviation of the column, twice 1.64 of them in the interval, at a coefficient of some 0.8
    assert wider_upper - wider_lower > 2 * (upper - lower)


def test_intervals_hold_the_risk_and_shrink_with_patients():
    X = cohort(seed=9)[0]
    widths = []
    for rows in (132, 5000):
        model = fitted(rows)
        interval, risk = model.predict_interval(X), model.predict_proba(X)[:, 1]
        assert ((interval[:, 0] < risk) & (risk < interval[:, 1])).all()
        widths.append((interval[:, 1] - interval[:, 0]).mean())
    assert widths[1] < 0.5 * widths[0]


def test_log_odds_stay_finite_far_away():
    log_odds = fitted().predict_log_odds([[1e30, -1e30, 0.0], [-1e30, 1e30, 0.0]])
    assert np.isfinite(log_odds).all()


# Time


def test_events_after_the_horizon_are_none():
    X, time, event = cohort()
    late = time >= 48.0
    assert late.any()
    model = fitted(gaps=0.0)
    same = clone(model).fit(X, np.where(late, 48.5, time), np.where(late, 1, event))
    assert same.to_parts() == model.to_parts()


def test_a_visit_window_moves_times_to_the_planned_visits():
    X, time, event = cohort()
    nearest = np.array(ENDS)[np.abs(time[:, None] - ENDS).argmin(axis=1)]
    moved = np.where(np.abs(time - nearest) <= 3, nearest, time)
    moved = np.where((time <= 3) & (event == 0), 0.0, moved)
    assert (moved != time).sum() > 20
    windowed = fitted(gaps=0.0, visit_window=3.0)
    exact = fitted(gaps=0.0, visit_window=0.0).fit(X, moved, event)
    assert np.array_equal(windowed.components_.level, exact.components_.level)
    assert np.array_equal(windowed.predict_proba(X), exact.predict_proba(X))


def test_patients_never_seen_again_count_for_the_columns_only():
    X, time, event = cohort()
    more = np.vstack([X, np.full((40, 3), 9.0)])
    seen = PriorHazardClassifier(intervals=ENDS, **WEAK).fit(X, time, event)
    both = clone(seen).fit(more, np.append(time, np.zeros(40)), np.append(event, np.zeros(40, int)))
    assert both.center_ == pytest.approx(more.mean(axis=0), abs=0.4)  # a tenth of the scale, which is 4
    assert both.coef_mean_ == pytest.approx(seen.coef_mean_, abs=1e-6)  # with weak priors scales do not matter
    assert both.predict_proba(X) == pytest.approx(seen.predict_proba(X), abs=0.005)  # other draws


def informative_dropout(rows=4000):
    """Return X, time, event and the true mean risk by week 48; what makes patients relapse makes them leave."""
    rng = np.random.default_rng(11)
    X = rng.normal(size=(rows, 1))
    rate = 0.006 * np.exp(0.9 * X[:, 0])
    relapse, lost = rng.exponential(1 / rate), rng.exponential(1 / (0.02 * np.exp(0.9 * X[:, 0])))
    time = np.minimum(np.minimum(relapse, lost), 48.0)
    return X, time, (relapse <= time).astype(int), (1 - np.exp(-48 * rate)).mean()


def test_patients_who_leave_because_of_a_predictor_do_not_mislead():
    X, time, event, truth = informative_dropout()
    settings = {"strengths": (0.0,), "widths": (1.0,), "default_sd": 1.0}
    hazard = PriorHazardClassifier(**settings, visit_window=0.0).fit(X, time, event)
    known = (event == 1) | (time == 48.0)
    assert known.mean() < 0.5  # more than half are lost
    dropped = PriorLogisticClassifier(**settings).fit(X[known], event[known])
    with_the_lost = hazard.predict_proba(X)[:, 1].mean() - truth
    without = dropped.predict_proba(X)[:, 1].mean() - truth
    # The standard error of a mean risk from some 600 events in 4000 patients is about 0.01.
    assert abs(with_the_lost) < 0.025
    assert abs(without) > 0.1


# Priors and weights


def test_an_overwhelming_prior_is_the_answer():
    settings = {"prior_mean": [0.3, 0.2, 0.1], "prior_sd": [1e-4] * 3, "strengths": (1.0,), "widths": (1.0,)}
    model = fitted(gaps=0.0, **settings)
    assert model.coef_mean_ == pytest.approx([0.3, 0.2, 0.1], abs=1e-3)


def test_shapes_and_sums():
    model = fitted()
    # 4 strengths x 4 widths x 4 widths of the column without a prior; 3 intervals and 3 columns
    assert model.components_.level.shape == model.components_.coef.shape == (64, 3)
    assert model.components_.covariance.shape == (64, 6, 6)
    assert model.components_.draws.shape == (2000, 7)
    assert model.components_.weight.sum() == pytest.approx(1.0)
    assert model.strength_weight_ == pytest.approx(model.components_.weight.reshape(4, 16).sum(axis=1))
    ratio = model.components_.weight[3] / model.components_.weight[7]
    assert ratio == pytest.approx(np.exp(model.log_evidence_[3] - model.log_evidence_[7]))


def test_a_wrong_prior_is_unlearned():
    wrong = {"prior_mean": [-0.8, 0.5, 0.0], "prior_sd": [0.2, 0.2, np.nan]}
    few, many = (fitted(rows, **wrong) for rows in (60, 3000))
    assert many.strength_weight_[2:].sum() < 1e-3 < few.strength_weight_[2:].sum()
    # The truth is 0.8 and -0.5 on the log of the rate; on the log-odds of hazards slightly more.
    assert many.coef_mean_ == pytest.approx([0.8, -0.5, 0.0], abs=0.2)


def test_rescaled_columns_with_rescaled_priors_give_the_same_risks():
    X, time, event = cohort(gaps=0.1)
    factor = np.array([1e-3, 10.0, 1e5])  # by which round numbers stay such
    there = {name: np.array(values) / factor for name, values in INFORMED.items()}
    model, same = fitted(), fitted(**there).fit(X * factor, time, event)
    assert same.predict_proba(X * factor) == pytest.approx(model.predict_proba(X), rel=1e-8)


def test_weight_two_is_two_patients():
    X, time, event = cohort(gaps=0.1)
    weight = np.arange(132) % 3
    weighted = clone(fitted()).fit(X, time, event, weight)
    repeated = clone(fitted()).fit(X.repeat(weight, axis=0), time.repeat(weight), event.repeat(weight))
    assert weighted.predict_proba(X) == pytest.approx(repeated.predict_proba(X), rel=1e-8)
    assert weighted.predict_interval(X) == pytest.approx(repeated.predict_interval(X), rel=1e-6)


def test_patients_of_weight_zero_leave_no_trace():
    X, time, event = cohort(gaps=0.1)
    model = fitted()
    same = clone(model).fit(
        np.vstack([X, np.full((5, 3), 1e6), np.full((5, 3), np.nan)]),
        np.append(time, np.full(10, 7.0)),
        np.append(event, np.ones(10, int)),
        np.append(np.ones(132), np.zeros(10)),
    )
    assert np.array_equal(same.predict_proba(X), model.predict_proba(X))


def test_of_patients_of_weight_zero_nothing_need_be_known():
    X, time, event = cohort(gaps=0.1)
    model = fitted()
    unknown = [np.nan, -5.0, 10.0, 0.0]  # no time, no such time, no event known, an event at the landmark
    same = clone(model).fit(
        np.vstack([X, np.full((4, 3), 1e6)]),
        np.append(time, unknown),
        np.append(event, [np.nan, 1.0, np.nan, 1.0]),
        np.append(np.ones(132), np.zeros(4)),
    )
    assert np.array_equal(same.predict_proba(X), model.predict_proba(X))


def test_where_everybody_has_the_event_by_the_horizon_the_hazards_are_learned_still():
    # At risk 10, 7 and 4; events 3, 3 and 4: 0.3, 3/7, and in the last interval everybody.
    time, X = np.repeat([6.0, 18.0, 36.0], [3, 3, 4]), np.ones((10, 1))
    model = PriorHazardClassifier(intervals=ENDS, **{**WEAK, "interval_sd": 2.0}).fit(X, time, np.ones(10))
    assert model.classes_.tolist() == [0, 1]
    assert np.array_equal(PriorHazardClassifier.from_parts(model.to_parts()).classes_, model.classes_)
    by_week = model.predict_risk([[1.0]], ENDS)[0]
    assert by_week[:2] == pytest.approx([0.3, 0.6], abs=0.06)
    assert 0.9 < by_week[2] < 1.0  # the prior around the common level leaves no hazard at 1
    assert model.predict([[1.0]]).tolist() == [1]
    with pytest.raises(
        InsufficientDataError, match="Each of 10 patients at risk has the event within the only interval"
    ):
        PriorHazardClassifier(intervals=(48.0,), visit_window=0.0).fit(X, time, np.ones(10))


def test_a_constant_column_keeps_its_prior():
    X, time, event = cohort()
    X[:, 0] = 5.0
    model = PriorHazardClassifier(**INFORMED, strengths=(1.0,), widths=(1.0,), visit_window=0.0).fit(X, time, event)
    assert (model.coef_mean_[0], model.coef_sd_[0]) == pytest.approx((0.8, 0.3))


def test_same_cohort_same_bits():
    X = cohort()[0]
    assert np.array_equal(fitted().predict_proba(X), fitted().predict_proba(X))


# Refusals


def test_a_last_interval_in_which_nobody_was_seen_is_named():
    X, time, event = cohort()
    with pytest.raises(InsufficientDataError, match=r"Nobody was at risk after week 24.*horizon at week 48"):
        PriorHazardClassifier(intervals=ENDS, visit_window=0.0).fit(X, np.minimum(time, 24.0), event)


def test_a_visit_window_may_not_fill_the_last_interval():
    # Seen up to week 27 and no further: within 4 weeks of the visit at 24, to which the times belong.
    X, time, event = cohort()
    with pytest.raises(InsufficientDataError, match="Nobody was at risk after week 24"):
        PriorHazardClassifier(intervals=ENDS).fit(X, np.minimum(time, 27.0), event)


@pytest.mark.parametrize("late", [np.zeros(132), np.ones(132), np.arange(132) % 2])
def test_no_events_by_the_horizon_are_refused(late):
    X, _, _ = cohort()
    with pytest.raises(InsufficientDataError, match="The 132 training rows with a positive weight are of one class"):
        PriorHazardClassifier().fit(X, np.full(132, 50.0), late)


def test_where_nobody_has_a_column_its_prior_stands_or_it_is_left_out():
    X, time, event = cohort()
    X[:, 1] = np.nan
    settings = {"intervals": ENDS, "visit_window": 0.0, **INFORMED}
    placed = PriorHazardClassifier(**settings, typical=[None, 2.0, None]).fit(X, time, event)
    np.testing.assert_allclose(placed.components_.coef[:, 1], -0.5 * np.repeat([0.0, 0.5, 1.0, 1.5], 16), atol=1e-9)
    usual, unknown, high = placed.predict_proba([[0.0, 2.0, 0.0], [0.0, np.nan, 0.0], [0.0, 4.0, 0.0]])[:, 1]
    assert usual == pytest.approx(unknown, rel=1e-6)
    assert high < usual
    left_out = PriorHazardClassifier(**settings).fit(X, time, event)
    assert (left_out.coef_mean_[1], left_out.coef_sd_[1]) == (0.0, 0.0)
    assert (left_out.components_.draws[:, len(ENDS) + 1] == 0).all()
    known, unknown = left_out.predict_proba([[0.0, 5000.0, 0.0], [0.0, np.nan, 0.0]])[:, 1]
    assert known == unknown
    again = PriorHazardClassifier.from_parts(left_out.to_parts())
    assert np.array_equal(again.predict_interval(X), left_out.predict_interval(X))


def test_terms_are_averaged_with_the_linear_form_as_the_evidence_says():
    # The hazard is a step at 0: a term that is the step wins, and the linear column is left out with it.
    rng = np.random.default_rng(1)
    X = rng.normal(size=(600, 2))
    relapse = rng.exponential(400 * np.exp(-2.5 * (X[:, 0] >= 0.0)))
    time, event = np.minimum(relapse, 48.0), relapse <= 48.0
    step = Term((Factor(0, "at_least", 0.0),), replaces=(0,), prior_mean=2.0, prior_sd=1.0)
    model = PriorHazardClassifier(intervals=ENDS, visit_window=0.0, terms=(step,)).fit(X, time, event)
    assert model.terms_weight_ > 0.99
    assert model.components_.coef.shape == (2 * 4 * 4 * 4, 3)
    assert model.coef_mean_[2] == pytest.approx(2.5, abs=0.5)
    risk = model.predict_proba([[-2.0, 0.0], [-0.1, 0.0], [0.1, 0.0], [2.0, 0.0]])[:, 1]
    assert risk == pytest.approx([0.11, 0.11, 0.77, 0.77], abs=0.08)  # 1 - exp(-48 / 400), 1 - exp(-48 e^2.5 / 400)
    again = PriorHazardClassifier.from_parts(model.to_parts())
    assert again.terms == (step,)
    assert np.array_equal(again.predict_proba(X), model.predict_proba(X))
    linear = PriorHazardClassifier(intervals=ENDS, visit_window=0.0).fit(X, time, event)
    assert linear.terms_weight_ == 0.0


def test_times_that_cannot_be_are_named():
    X, time, event = cohort()
    for wrong in (-1.0, np.nan):
        time[3] = wrong
        with pytest.raises(RelapseModelError, match="1 of 132 times are missing, infinite or negative"):
            PriorHazardClassifier().fit(X, time, event)


def test_an_event_at_the_landmark_is_named():
    X, time, event = cohort()
    time[3], event[3] = 0.0, 1
    with pytest.raises(RelapseModelError, match="1 of 132 events lie at week 0"):
        PriorHazardClassifier().fit(X, time, event)


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (np.ones(3), "one weight per row"),
        (np.full(132, -1.0), "negative"),
        (np.zeros(132), "Every sample_weight is zero"),
    ],
)
def test_weights_that_cannot_be_used_are_named(weight, message):
    with pytest.raises(RelapseModelError, match=message):
        PriorHazardClassifier().fit(*cohort(), weight)


def test_values_that_are_no_measurements_are_named():
    X, time, event = cohort()
    X[4, 1] = 1e200
    with pytest.raises(RelapseModelError, match=r"Columns \[1\] .* beyond 1e\+30"):
        PriorHazardClassifier().fit(X, time, event)


@pytest.mark.parametrize("weeks", [[0.0], [49.0], [24.0, 48.1], []])
def test_weeks_beyond_the_horizon_are_named(weeks):
    model = fitted()
    with pytest.raises(RelapseModelError, match="at most 48, the horizon"):
        model.predict_risk(cohort()[0], weeks)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"intervals": ()}, "intervals"),
        ({"intervals": (24.0, 12.0)}, "intervals"),
        ({"visit_window": -1.0}, "visit_window"),
        ({"interval_sd": 0.0}, "interval_sd"),
        ({"interval_sd": np.inf}, "interval_sd"),
        ({"default_sd": 0.0}, "default_sd"),
        ({"strengths": ()}, "strengths"),
        ({"widths": (0.0,)}, "widths"),
        ({"prior_sd": [1.0]}, "prior_sd has shape"),
        ({"draws": 39}, "draws is 39"),
        ({"draws": 38}, "draws is 38.*at least 40"),  # 6 intervals, 3 columns, missing values: 4 for each
    ],
)
def test_settings_that_cannot_be_used_are_named(settings, message):
    with pytest.raises(RelapseModelError, match=message):
        PriorHazardClassifier(**settings).fit(*cohort())


def test_settings_may_be_any_sequence():
    found = fitted(intervals=np.array(ENDS), strengths=np.array([0.0, 1.0]), widths=np.array([0.5, 1.0]), draws=40)
    assert found.to_parts() == fitted(strengths=(0.0, 1.0), widths=(0.5, 1.0), draws=40).to_parts()


# The model file


def test_a_model_reads_back_bit_for_bit():
    settings = {"prior_per_sd": [True, False, False], "strengths": (0.0, 1.0), "widths": (0.3, 1.0), "draws": 100}
    X, time, event = cohort(gaps=0.1)
    table = pd.DataFrame(X, columns=["anti_hbs", "age_years", "alt"])
    model = PriorHazardClassifier(**INFORMED, **settings, intervals=ENDS, interval_sd=0.7).fit(table, time, event)
    again = PriorHazardClassifier.from_parts(model.to_parts())
    assert again.to_parts() == model.to_parts()
    assert again.feature_names_in_.tolist() == ["anti_hbs", "age_years", "alt"]
    assert again.prior_per_sd.tolist() == settings["prior_per_sd"]
    for name in ("strengths", "widths", "draws", "intervals", "interval_sd", "visit_window", "default_sd"):
        assert getattr(again, name) == getattr(model, name)
    for name in ("coef_mean_", "coef_sd_", "prior_mean_", "prior_sd_", "log_evidence_", "strength_weight_", "impute_"):
        assert np.array_equal(getattr(again, name), getattr(model, name))
    for name in model.components_.__slots__:
        assert np.array_equal(getattr(again.components_, name), getattr(model.components_, name))
    assert np.array_equal(again.predict_risk(table, [10, 48]), model.predict_risk(table, [10, 48]))
    assert np.array_equal(again.predict_interval(table), model.predict_interval(table))
    assert again.fit(table, time, event).to_parts() == model.to_parts()


def test_a_model_that_cannot_be_read_back_is_not_written():
    model = fitted()
    model.components_.coef[0, 0] = np.nan
    with pytest.raises(ModelFileError, match="not finite"):
        model.to_parts()


@pytest.mark.slow
def test_intervals_cover_when_the_prior_is_true():
    """Truth drawn from the prior, 200 cohorts: 90 % intervals hold the true risk in about 90 %."""
    rng = np.random.default_rng(0)
    settings = {"prior_mean": [0.5, -0.5, 0.0], "prior_sd": [0.4] * 3, "strengths": (1.0,), "widths": (1.0,)}
    hazards, covered = np.array([0.05, 0.08, 0.1]), []
    for _ in range(200):
        X = rng.normal(size=(332, 3))
        hazard = expit(np.log(hazards / (1 - hazards)) + (X @ rng.normal([0.5, -0.5, 0.0], 0.4))[:, None])
        events = rng.random(hazard.shape) < hazard
        when = np.where(events.any(axis=1), np.array(ENDS)[events.argmax(axis=1)], 99.0)
        lost = rng.choice([0.0, *ENDS], 332, p=[0.1, 0.1, 0.1, 0.7])
        time, event = np.minimum(when, lost), (when <= lost).astype(int)
        model = PriorHazardClassifier(**settings, intervals=ENDS, visit_window=0.0)
        model.fit(X[:132], time[:132], event[:132])
        lower, upper = model.predict_interval(X[132:]).T
        risk = 1 - np.prod(1 - hazard[132:], axis=1)
        covered.append(((lower <= risk) & (risk <= upper)).mean())
    assert np.mean(covered) == pytest.approx(0.9, abs=0.025)  # standard error about 0.011
