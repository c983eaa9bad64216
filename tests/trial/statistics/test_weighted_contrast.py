"""Risks weighted for follow-up that was ended: Kaplan-Meier where nothing is; a second implementation; the truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.duration.hazard_regression import PHReg
from trial132 import trial132

from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.trial.statistics import survival_contrast, weighted_contrast

T = trial132()
NOBODY = np.zeros(132)


@pytest.mark.parametrize("measure", ["risk_difference", "risk_ratio"])
def test_where_nobody_was_ended_it_is_kaplan_meier(measure):
    found = weighted_contrast(T.week, T.event, NOBODY, T.arm, T.x, 48, measure=measure)
    plain = survival_contrast(T.week, T.event, T.arm, 48, measure=measure)
    for one, other in ((found.survival.treatment, plain.treatment), (found.survival.control, plain.control)):
        assert (one.risk, one.standard_error) == pytest.approx((other.risk, other.standard_error), rel=1e-12)
    ours, theirs = found.survival.contrast, plain.contrast
    assert (ours.value, ours.lower, ours.upper, ours.p_value) == pytest.approx(
        (theirs.value, theirs.lower, theirs.upper, theirs.p_value), rel=1e-9
    )
    assert (found.ended, found.weighted, found.largest) == ((0, 0), (False, False), 1.0)


def ended_by_x(seed, patients=400):
    """Relapse and ending both depend on x: time, event, ended, arm and x."""
    rng = np.random.default_rng(seed)
    x, arm = rng.normal(size=patients), np.repeat([1, 0], patients // 2)
    relapse = rng.exponential(np.exp(-0.9 * x) * np.where(arm == 1, 260.0, 130.0))
    ending = rng.exponential(np.exp(-0.9 * x) * 90.0)
    time = np.ceil(np.minimum(np.minimum(relapse, ending), 48.0))
    event = (np.ceil(relapse) <= np.minimum(np.ceil(ending), 48.0)).astype(int)
    ended = ((event == 0) & (np.ceil(ending) < 48.0)).astype(int)
    return time, event, ended, arm, x


def plainly(time, event, ended, x, week):
    """The same risk by loops over patients, the coefficient from statsmodels."""
    # An event in the week of an ending came first, so that this patient was at risk of no ending there.
    fit = PHReg(time - 0.5 * event, x[:, np.newaxis], ended, ties="efron").fit(disp=0)
    relative = np.exp(x * fit.params[0])

    def still(patient, at):
        total = 0.0
        for when in sorted({t for t, e in zip(time, ended, strict=True) if e and t < at}):
            at_risk = (time > when) | ((time == when) & (event == 0))
            total += ((time == when) & (ended == 1)).sum() / relative[at_risk].sum() * relative[patient]
        return np.exp(-total)

    survival = 1.0
    for at in sorted(set(time[(event == 1) & (time <= week)])):
        followed = [i for i in range(len(time)) if time[i] >= at]
        weight = {i: 1 / still(i, at) for i in followed}
        survival *= 1 - sum(weight[i] for i in followed if event[i] and time[i] == at) / sum(weight.values())
    return 1 - survival


def test_a_second_implementation():
    time, event, ended, arm, x = ended_by_x(3, patients=120)
    found = weighted_contrast(time, event, ended, arm, x, 40)
    assert found.weighted == (True, True)
    for risk, who in ((found.survival.treatment.risk, arm == 1), (found.survival.control.risk, arm == 0)):
        before = ended[who] * (time[who] < 40)
        assert risk == pytest.approx(plainly(time[who], event[who], before, x[who], 40), rel=1e-6)
    assert found.survival.treatment.risk != pytest.approx(survival_contrast(time, event, arm, 40).treatment.risk)
    assert found.largest > 1.2


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.1, 50), st.floats(-100, 100))
def test_units_of_the_columns_and_order_of_patients_change_nothing(seed, scale, shift):
    time, event, ended, arm, x = ended_by_x(seed, patients=120)
    order = np.random.default_rng(seed).permutation(120)
    found = weighted_contrast(time, event, ended, arm, x, 40).survival
    again = weighted_contrast(*(one[order] for one in (time, event, ended, arm, scale * x + shift)), 40).survival
    assert again.contrast.value == pytest.approx(found.contrast.value, rel=1e-6, abs=1e-9)
    assert again.contrast.upper == pytest.approx(found.contrast.upper, rel=1e-6, abs=1e-9)


def test_an_arm_in_which_few_were_ended_is_kaplan_meiers():
    """Four of the treatment arm were ended, fewer than 5 for one column."""
    time, event, ended, arm, x = ended_by_x(5)
    few = np.where((arm == 1) & (np.cumsum(ended * arm) > 4), 0, ended)
    found = weighted_contrast(time, event, few, arm, x, 40)
    assert found.weighted == (False, True)
    assert found.ended[0] <= 4
    plain = survival_contrast(time, event, arm, 40)
    assert found.survival.treatment.risk == pytest.approx(plain.treatment.risk, rel=1e-12)
    assert found.survival.control.risk != pytest.approx(plain.control.risk, rel=1e-6)


def test_refusals():
    time, event, ended, arm, x = ended_by_x(5)
    with pytest.raises(RelapseModelError, match="none of a patient with an event"):
        weighted_contrast(time, event, np.ones_like(ended), arm, x, 40)
    with pytest.raises(InsufficientDataError, match="Weights of an ended follow-up"):
        weighted_contrast(time, event, ended, arm, np.where(arm == 1, 0.0, x), 40)  # one value in an arm


@pytest.mark.slow
def test_the_risk_without_endings_is_found_where_kaplan_meier_misses_it():
    """Those likely to relapse are those whose follow-up is ended: Kaplan-Meier is far too low, the weights are not."""
    rng, size = np.random.default_rng(1), 4_000_000
    x = rng.normal(size=size)
    relapse = [np.ceil(rng.exponential(np.exp(-0.9 * x) * mean)) for mean in (260.0, 130.0)]
    truth = float((relapse[0] <= 48).mean() - (relapse[1] <= 48).mean())
    stated, plain, covered = [], [], []
    for seed in range(1000):
        time, event, ended, arm, column = ended_by_x(seed, patients=400)
        found = weighted_contrast(time, event, ended, arm, column, 48).survival
        stated.append(found.control.risk)
        plain.append(survival_contrast(time, event, arm, 48).control.risk)
        covered.append(found.contrast.lower <= truth <= found.contrast.upper)
    risk = float((relapse[1] <= 48).mean())
    print(f"truth {risk:.4f}; weighted {np.mean(stated):.4f}; Kaplan-Meier {np.mean(plain):.4f}; "  # noqa: T201
          f"coverage of the difference {np.mean(covered):.3f}")  # fmt: skip
    assert abs(np.mean(stated) - risk) < 0.01
    assert np.mean(plain) < risk - 0.02
    assert 0.93 <= np.mean(covered) <= 0.985
