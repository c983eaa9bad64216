"""Decision curves against hand-countable tables and closed formulas."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relapse_model.errors import RelapseModelError
from relapse_model.validation.net_benefit import net_benefit

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
