"""Decision curves against hand-countable tables and closed formulas."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from relapse_model.errors import CensoringError, InsufficientDataError, RelapseModelError
from relapse_model.validation.decision_curve import net_benefit, net_benefit_survival

patients = st.lists(st.tuples(st.booleans(), st.integers(0, 20), st.integers(1, 4)), min_size=1, max_size=30)


def columns(rows):
    outcome, twentieth, weight = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    return outcome, twentieth / 20, weight / 2


def test_hand_countable_table():
    # 10 patients, 3 relapses. At 0.2: 4 treated (2 true, 2 false), odds 1/4: (2 - 2/4)/10 = 0.15.
    # All treated: 0.3 - 0.7/4 = 0.125. Avoided: (0.15 - 0.125) x 4 = 0.1: six of ten are spared, but one
    # of them relapses and outweighs 1 + 4 spared treatments at these odds: 0.6 - 0.1 x 5 = 0.1 again.
    y = [1, 1, 1, 0, 0, 0, 0, 0, 0, 0]
    p = [0.8, 0.2, 0.1, 0.5, 0.3, 0.1, 0.1, 0.1, 0.05, 0.05]
    curve = net_benefit(y, p, [0.2])
    np.testing.assert_allclose(
        [curve.thresholds, curve.model, curve.treat_all, curve.interventions_avoided],
        [[0.2], [0.15], [0.125], [0.1]],
    )


def test_a_patient_at_the_threshold_is_treated():
    assert net_benefit([1, 0], [0.25, 0.1], 0.25).model.tolist() == [0.5]
    assert net_benefit([1, 0], [0.25, 0.1], 0.2501).model.tolist() == [0.0]


def test_weights_count_as_patients():
    # True weight 3, false weight 1 of 8 in all; odds 1: (3 - 1) / 8.
    curve = net_benefit([1, 0, 0], [0.9, 0.6, 0.1], [0.5], weight=[3, 1, 4])
    np.testing.assert_allclose([curve.model[0], curve.treat_all[0]], [0.25, 3 / 8 - 5 / 8])


def test_lost_patients_do_not_count():
    with_lost = net_benefit([1, 0, np.nan], [0.9, 0.6, 0.7], [0.5], weight=[1, 1, 0])
    assert with_lost.model.tolist() == net_benefit([1, 0], [0.9, 0.6], [0.5]).model.tolist()


@settings(deadline=None)
@given(patients, st.lists(st.floats(0.01, 0.99), min_size=1, max_size=5))
def test_curve_against_its_definition(rows, thresholds):
    y, p, w = columns(rows)
    curve = net_benefit(y, p, thresholds, w)
    share = (w @ y) / w.sum()
    for at, threshold in enumerate(thresholds):
        odds, treated = threshold / (1 - threshold), p >= threshold
        model = (w[treated] @ y[treated] - odds * (w[treated] @ (1 - y[treated]))) / w.sum()
        treat_all = share - (1 - share) * odds
        assert curve.model[at] == pytest.approx(model, abs=1e-9)
        assert curve.treat_all[at] == pytest.approx(treat_all, abs=1e-9)
        assert curve.interventions_avoided[at] == pytest.approx((model - treat_all) / odds, abs=1e-7)
        assert curve.model[at] <= share + 1e-12  # nobody can catch more than all relapses


@settings(deadline=None)
@given(patients)
def test_ends_of_the_curve(rows):
    y, _, w = columns(rows)
    everybody = net_benefit(y, np.full(y.size, 0.9), [0.1, 0.5], w)
    np.testing.assert_allclose(everybody.model, everybody.treat_all, atol=1e-12)
    np.testing.assert_allclose(everybody.interventions_avoided, 0, atol=1e-12)
    nobody = net_benefit(y, np.full(y.size, 0.05), [0.1, 0.5], w)
    np.testing.assert_allclose(nobody.model, 0, atol=1e-12)
    perfect = net_benefit(y, y, [0.1, 0.5, 0.9], w)
    np.testing.assert_allclose(perfect.model, (w @ y) / w.sum(), atol=1e-12)


@pytest.mark.parametrize("thresholds", [[0.0], [1.0], [0.2, 1.5], [-0.1], [np.nan], [], [[0.1, 0.2]]])
def test_thresholds_must_lie_between_0_and_1(thresholds):
    with pytest.raises(RelapseModelError, match="Net benefit"):
        net_benefit([1, 0], [0.5, 0.5], thresholds)


def test_prevalence_of_a_case_control_study_by_hand():
    # Sensitivity 2/4, specificity 1/4 at 0.25; odds 1/3; prevalence 0.2: 0.2/2 - 0.8 x 3/4 / 3 = -0.1.
    # All treated: 0.2 - 0.8/3.
    y, p = [1, 1, 1, 1, 0, 0, 0, 0], [0.6, 0.3, 0.2, 0.1, 0.5, 0.25, 0.3, 0.05]
    curve = net_benefit(y, p, [0.25], prevalence=0.2)
    np.testing.assert_allclose([curve.model[0], curve.treat_all[0]], [-0.1, 0.2 - 0.8 / 3])


def test_published_figures_of_small_case_control_data():
    # dcurves 1.1.7: dca(data, 'y', ['p'], thresholds=[.1, .2, .3], prevalence=.2), columns p and all.
    y, p = [1, 1, 1, 1, 0, 0, 0, 0], [0.6, 0.3, 0.22, 0.1, 0.5, 0.25, 0.15, 0.05]
    curve = net_benefit(y, p, [0.1, 0.2, 0.3], prevalence=0.2)
    np.testing.assert_allclose(curve.model, [0.133333, 0.05, 0.014286], atol=5e-7)
    np.testing.assert_allclose(curve.treat_all, [0.111111, 0, -0.142857], atol=5e-7)


@settings(deadline=None, max_examples=50)
@given(patients, st.floats(0.05, 0.95))
def test_the_patients_own_prevalence_changes_nothing(rows, threshold):
    y, p, w = columns(rows)
    share = float(np.average(y, weights=w))
    assume(0 < share < 1)
    plain, given_it = net_benefit(y, p, [threshold], w), net_benefit(y, p, [threshold], w, prevalence=share)
    assert given_it.model[0] == pytest.approx(plain.model[0], abs=1e-9)
    assert given_it.treat_all[0] == pytest.approx(plain.treat_all[0], abs=1e-9)


@pytest.mark.parametrize("prevalence", [0, 1, -0.1, np.nan])
def test_prevalence_must_lie_between_0_and_1(prevalence):
    with pytest.raises(RelapseModelError, match="prevalence is"):
        net_benefit([1, 0], [0.5, 0.2], [0.3], prevalence=prevalence)


def test_prevalence_needs_both_outcomes():
    with pytest.raises(InsufficientDataError, match="Net benefit at a given prevalence: 2 patients with"):
        net_benefit([1, 1], [0.5, 0.2], [0.3], prevalence=0.2)


def product_limit(rows, horizon):
    """Kaplan-Meier risk by the horizon, factor by factor; those censored at an event's time are at risk."""
    free = 1.0
    for moment in sorted({time for time, event in rows if event and time <= horizon}):
        at_risk = sum(time >= moment for time, _ in rows)
        free *= 1 - sum(event and time == moment for time, event in rows) / at_risk
    return 1 - free


SURVIVAL_TIME = [2, 3, 3, 5, 6, 8, 9, 9, 11, 12]
SURVIVAL_EVENT = [1, 0, 1, 1, 0, 1, 0, 1, 0, 0]
SURVIVAL_RISK = [0.6, 0.5, 0.35, 0.3, 0.25, 0.4, 0.15, 0.1, 0.2, 0.05]


def test_censored_net_benefit_by_hand():
    # At or above 0.3: events at 2, 3, 5, 8 and one lost at 3. Free by 8: 4/5 x 3/4 x 1/2 x 0 = 0, so half of
    # the patients are treated and all of them relapse: 0.5.
    # At or above 0.2 also one lost at 6 and one at 11. Free: 6/7 x 5/6 x 3/4 x 1/2 = 0.267857; of the 0.7
    # treated: 0.7 (0.732143 - 0.267857 / 4) = 0.465625.
    curve = net_benefit_survival(SURVIVAL_TIME, SURVIVAL_EVENT, SURVIVAL_RISK, [0.3, 0.2, 0.7], horizon=8)
    np.testing.assert_allclose(curve.model, [0.5, 0.465625, 0])  # nobody is treated from 0.7 on


def test_published_figures_of_small_censored_data():
    # dcurves 1.1.7: dca(data, 'e', ['p'], thresholds=[.1, .2, .3], time=8, time_to_outcome_col='t').
    curve = net_benefit_survival(SURVIVAL_TIME, SURVIVAL_EVENT, SURVIVAL_RISK, [0.1, 0.2, 0.3], horizon=8)
    np.testing.assert_allclose(curve.model, [0.413889, 0.465625, 0.5], atol=5e-7)
    np.testing.assert_allclose(curve.treat_all, [0.390476, 0.314286, 0.216327], atol=5e-7)


@settings(deadline=None, max_examples=80)
@given(
    st.lists(st.tuples(st.integers(1, 8), st.booleans(), st.integers(0, 4)), min_size=1, max_size=25),
    st.integers(1, 8),
    st.sampled_from([0.1, 0.25, 0.5]),
)
def test_censored_net_benefit_is_that_of_the_product_limit(rows, horizon, threshold):
    time, event, quarter = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    risk = quarter / 4
    treated = [(t, e) for (t, e, _), p in zip(rows, risk, strict=True) if p >= threshold]
    for group in ([(t, e) for t, e, _ in rows], treated):  # known at the horizon, or all free time used up
        assume(not group or max(t for t, _ in group) >= horizon or product_limit(group, horizon) == 1)
    curve = net_benefit_survival(time, event, risk, [threshold], horizon)
    odds, share = threshold / (1 - threshold), len(treated) / len(rows)
    within, overall = product_limit(treated, horizon), product_limit([(t, e) for t, e, _ in rows], horizon)
    assert curve.model[0] == pytest.approx(share * (within - odds * (1 - within)), abs=1e-9)
    assert curve.treat_all[0] == pytest.approx(overall - odds * (1 - overall), abs=1e-9)


def test_without_losses_it_is_the_plain_net_benefit():
    rng = np.random.default_rng(0)
    time, risk = rng.integers(1, 60, 200), rng.random(200)
    event = (time < 48) & (rng.random(200) < 0.5)
    time = np.where(event, time, 48)
    censored, plain = net_benefit_survival(time, event, risk, [0.1, 0.4], 48), net_benefit(event, risk, [0.1, 0.4])
    np.testing.assert_allclose(censored.model, plain.model)
    np.testing.assert_allclose(censored.interventions_avoided, plain.interventions_avoided)


def test_relapses_after_the_horizon_are_free_of_it():
    # Events at 10 and 50, horizon 48: one of two.
    assert net_benefit_survival([10, 50], [1, 1], [0.9, 0.9], [0.5], 48).model[0] == pytest.approx(0)


def test_groups_not_followed_to_the_horizon_are_named():
    time, event, risk = [10, 20, 48, 48], [1, 0, 0, 0], [0.6, 0.5, 0.1, 0.1]
    with pytest.raises(CensoringError, match=r"those at or above 0.4.*2 patients are followed to week 20"):
        net_benefit_survival(time, event, risk, [0.1, 0.4], 48)
    with pytest.raises(CensoringError, match="all patients"):
        net_benefit_survival(time, event, risk, [0.1], 49)


def test_censored_net_benefit_refusals():
    with pytest.raises(RelapseModelError, match="one entry per patient"):
        net_benefit_survival([1, 2, 3], [1, 0], [0.1, 0.2], [0.1], 1)
    with pytest.raises(RelapseModelError, match="Net benefit: 1 of 1 thresholds"):
        net_benefit_survival([1, 2], [1, 0], [0.1, 0.2], [1.0], 1)


def published(name):
    """The data of the reference implementation, which are not copied here."""
    package = pytest.importorskip("dcurves")
    return pd.read_csv(Path(package.__file__).parent / "data" / f"{name}.csv")


def test_golden_values_of_the_reference_data():
    # Printed by the R package dcurves for a threshold of 0.25.
    data = published("df_binary")
    curve = net_benefit(data["cancer"], data["cancerpredmarker"], [0.25])
    assert (curve.model[0], curve.treat_all[0]) == pytest.approx((0.0640000, -0.1466667), abs=5e-8)


def test_golden_values_of_the_reference_data_of_a_case_control_study():
    data = published("df_case_control")
    curve = net_benefit(data["casecontrol"], data["cancerpredmarker"], [0.25], prevalence=0.15)
    assert (curve.model[0], curve.treat_all[0]) == pytest.approx((0.0149567, -0.1333333), abs=5e-8)


def test_golden_values_of_the_reference_data_with_censoring():
    data = published("df_surv")
    curve = net_benefit_survival(data["ttcancer"], data["cancer"], data["cancerpredmarker"], [0.25], horizon=1)
    assert (curve.model[0], curve.treat_all[0]) == pytest.approx((0.0569537, -0.1369506), abs=5e-8)


def test_kaplan_meier_within_the_treated_is_that_of_lifelines():
    lifelines = pytest.importorskip("lifelines")
    rng = np.random.default_rng(6)
    time, event, risk = rng.integers(1, 60, 300), rng.random(300) < 0.4, rng.random(300)
    for threshold in (0.2, 0.5):
        treated = risk >= threshold
        fitted = lifelines.KaplanMeierFitter().fit(time[treated], event[treated])
        within = 1 - float(fitted.survival_function_at_times(48).iloc[0])
        expected = treated.mean() * (within - threshold / (1 - threshold) * (1 - within))
        assert net_benefit_survival(time, event, risk, [threshold], 48).model[0] == pytest.approx(expected)
