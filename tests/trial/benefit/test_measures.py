"""Golden values of the benefit of treatment, hand-counted cases, and properties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from trial132 import trial132

from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.trial.benefit.measures import (
    PAIRS_TEXT,
    benefit_slope,
    c_for_benefit,
    heterogeneity_score_test,
    heterogeneity_test,
    matched_pairs,
    policy_net_benefit,
    treated_risk,
)
from relapse_model.trial.statistics import standardised_contrast
from relapse_model.validation.logistic_fit import fit_logistic, log_odds, risk_of

RISKS = st.floats(1e-6, 1 - 1e-6)


@pytest.mark.parametrize(
    ("control", "treated", "benefit"), [(0.20, 0.0697674419, 0.1302325581), (0.05, 0.0155440415, 0.0344559585)]
)
def test_constant_effect_by_arithmetic(control, treated, benefit):
    # 1 / (1 + exp(-(logit p + log 0.3)))
    assert treated_risk(control, np.log(0.3)) == pytest.approx(treated, abs=5e-11)
    assert control - treated_risk(control, np.log(0.3)) == pytest.approx(benefit, abs=5e-11)


def test_heterogeneity_of_trial132():
    # R 4.5, glm: LR of arm x x, 6.30254109309, p 0.012057
    trial = trial132()
    found = heterogeneity_test(trial.relapse, trial.arm, trial.x)
    assert found.statistic == pytest.approx(6.30254109309, abs=1e-9)
    assert found.p_value == pytest.approx(0.012057, abs=5e-7)


def test_mean_predicted_benefit_is_the_standardised_difference():
    # The same maximum-likelihood model of arm and x: an identity.
    trial = trial132()
    design = np.column_stack([np.ones(132), trial.arm, trial.x])
    beta = fit_logistic(design, trial.relapse.astype(float), np.ones(132), sandwich=False).coefficients
    control = risk_of(beta[0] + beta[2] * trial.x)
    mean = float(np.mean(control - treated_risk(control, beta[1])))
    assert mean == pytest.approx(0.110026031121, abs=1e-11)
    assert mean == pytest.approx(-standardised_contrast(trial.relapse, trial.arm, trial.x).contrast.value, abs=1e-12)


def test_c_for_benefit_by_hand():
    # (0,1) in order, (0,-1) and (1,-1) not
    found = c_for_benefit([0.1, 0.2, 0.3], [0, 1, -1])
    assert found.value == pytest.approx(1 / 3)
    assert (found.comparable, found.pairs, found.text) == (3, 3, PAIRS_TEXT)


def test_c_for_benefit_counts_ties_half_and_refuses_equal_benefits():
    assert c_for_benefit([0.1, 0.1, 0.3], [0, 1, 1]).value == pytest.approx(0.75)
    with pytest.raises(InsufficientDataError, match="same observed benefit"):
        c_for_benefit([0.1, 0.2], [0, 0])


def test_pairs_in_the_order_of_predicted_benefit():
    # Treated .1 .3, controls .2 .4 .5 of which the middle one of the order is left out
    predicted, observed = matched_pairs([1, 0, 0, 1, 1], [1, 1, 0, 0, 0], [0.1, 0.3, 0.2, 0.4, 0.5])
    assert predicted.tolist() == pytest.approx([0.15, 0.4])
    assert observed.tolist() == [-1.0, 1.0]


@given(RISKS, st.floats(-5, 5))
def test_swapping_the_arms_negates_the_benefit(control, effect):
    treated = float(treated_risk(control, effect))
    back = float(treated_risk(treated, -effect)) if 0 < treated < 1 else control
    assert treated - back == pytest.approx(-(control - treated), abs=1e-9)


@given(RISKS)
def test_no_effect_no_benefit_exactly(control):
    assert control - float(treated_risk(control, 0.0)) == 0.0


@given(st.floats(0.001, 0.499), st.floats(-3, -0.01))
def test_benefit_grows_with_risk_below_a_half(risk, effect):
    benefit = [one - float(treated_risk(one, effect)) for one in (risk, min(risk + 1e-3, 0.5))]
    assert benefit[1] > benefit[0] > 0


def test_slope_is_one_where_the_prediction_is_the_fit():
    # Intercept and effect fitted to these very patients: nothing is left to correct.
    trial = trial132()
    design = np.column_stack([np.ones(132), trial.arm, trial.x])
    beta = fit_logistic(design, trial.relapse.astype(float), np.ones(132), sandwich=False).coefficients
    control = beta[0] + beta[2] * trial.x
    assert benefit_slope(trial.relapse, trial.arm, control, np.full(132, beta[1])).value == pytest.approx(1, abs=1e-9)
    half = benefit_slope(trial.relapse, trial.arm, control, np.full(132, 2 * beta[1]))
    assert half.value == pytest.approx(0.5, abs=1e-9)
    assert half.lower < 0.5 < half.upper
    with pytest.raises(InsufficientDataError, match="uninformative"):
        benefit_slope(trial.relapse, trial.arm, control, np.full(132, 0.01))


def test_weights_of_one_change_nothing_and_of_nothing_leave_out():
    trial = trial132()
    doubled = np.concatenate([trial.relapse, np.full(132, np.nan)])
    weight = np.repeat([1.0, 0.0], 132)
    found = heterogeneity_test(doubled, np.tile(trial.arm, 2), np.tile(trial.x, 2), weight)
    assert found.statistic == pytest.approx(6.30254109309, abs=1e-9)
    with pytest.raises(RelapseModelError, match="expected 0 or 1"):
        heterogeneity_test(doubled, np.tile(trial.arm, 2), np.tile(trial.x, 2))


def test_a_predicted_effect_of_next_to_nothing_has_no_slope():
    """0.039 and -0.039 are both closer to 0 than 0.05; -1 is below 0.05, and is not refused."""
    relapse, arm = np.tile([0.0, 1.0, 1.0, 0.0, 0.0], 8), np.tile([0.0, 1.0], 20)
    for effect in (0.039, -0.039):
        with pytest.raises(InsufficientDataError, match=r"closer to 0 than 0\.05"):
            benefit_slope(relapse, arm, np.zeros(40), np.full(40, effect))
    assert np.isfinite(benefit_slope(relapse, arm, np.zeros(40), np.full(40, -1.0)).value)


def test_equal_risks_cannot_be_tested():
    trial = trial132()
    with pytest.raises(InsufficientDataError, match="all predicted risks are the same"):
        heterogeneity_test(trial.relapse, trial.arm, np.zeros(132))


def test_score_test_by_the_square_of_sums():
    # The score of arm x x beside arm + x, over the sum of the squared scores: again, by a weighted regression.
    trial = trial132()
    y, columns = trial.relapse.astype(float), np.column_stack([np.ones(132), trial.arm, trial.x])
    beta = fit_logistic(columns, y, np.ones(132), sandwich=False).coefficients
    risk = risk_of(columns @ beta)
    root = np.sqrt(risk * (1 - risk))
    product = trial.arm * trial.x
    fitted = np.linalg.lstsq(columns * root[:, None], product * root, rcond=None)[0]
    scores = (y - risk) * (product - columns @ fitted)
    found = heterogeneity_score_test(trial.relapse, trial.arm, trial.x)
    assert found.statistic == pytest.approx(scores.sum() ** 2 / (scores**2).sum(), rel=1e-9)
    assert found.p_value > heterogeneity_test(trial.relapse, trial.arm, trial.x).p_value
    doubled = heterogeneity_score_test(trial.relapse, trial.arm, trial.x, np.full(132, 2.0))
    assert doubled.statistic == pytest.approx(found.statistic, rel=1e-9)  # the scale of weights says nothing


def test_score_test_with_three_events_is_refused():
    relapse = np.zeros(60)
    relapse[:3] = 1
    with pytest.raises(InsufficientDataError, match="3 of 60 patients"):
        heterogeneity_score_test(relapse, np.arange(60) % 2, np.arange(60.0))


def test_policy_by_hand():
    # 8 patients: above the threshold 1 of 2 controls and 0 of 2 treated relapse; below nobody does.
    relapse, arm = [1, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 1, 1, 1, 1]
    found = policy_net_benefit(relapse, arm, [0.5, 0.5, 0.0, 0.0] * 2, [0.1, 0.9])
    assert found[0].tolist() == [pytest.approx(0.5 * (0.5 - 0.1)), pytest.approx(0.25 - 0.1)]
    assert found[1].tolist() == [0.0, pytest.approx(0.25 - 0.9)]


def test_log_odds_round_trip():
    assert treated_risk(0.3, 0.7) == pytest.approx(risk_of(log_odds(np.array(0.3)) + 0.7))
