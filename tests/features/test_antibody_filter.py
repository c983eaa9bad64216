"""The steps of the filter keep what they must keep."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relapse_model.features.antibody_filter import AntibodyFilter
from relapse_model.study.study import PassiveAntibody, Spread

DRUG = PassiveAntibody(
    "anti_hbs", ("hbig",), Spread(24.0, 0.25, "a"), Spread(7.5, 0.40, "a"), Spread(0.6, 0.50, "a"),
    error_sd_log10=0.12, error_source="assumption",
)  # fmt: skip


@given(st.lists(st.floats(0.0, 200.0), min_size=1, max_size=3))
@settings(deadline=None, max_examples=25)
def test_no_belief_is_lost_on_the_way(weeks):
    model = AntibodyFilter(DRUG)
    belief = model.start(len(weeks))
    moved = model.moved(belief, np.array(weeks))
    np.testing.assert_allclose(belief.sum(axis=(1, 2, 3)), 1.0)
    np.testing.assert_allclose(moved.sum(axis=3), belief.sum(axis=3), rtol=1e-9)
    assert (moved >= -1e-15).all()


def test_after_some_weeks_the_belief_has_the_mean_and_spread_of_the_assumptions():
    # From level 3 (1000 mIU/mL), 8 weeks: slope SD 0.1 * 2, drift SD 0.05 * sqrt 2, a jump of SD 0.7 with chance
    # 1 - 0.95^2. The grid adds a twelfth of its step squared.
    model = AntibodyFilter(DRUG)
    belief = model.start(1)
    belief[..., :] = 0.0
    start = int(np.abs(model.level - 3.0).argmin())
    belief[..., start] = model.slope_weight[:, None] * model.kinetic_weight
    level = model.moved(belief, np.array([8.0])).sum(axis=(0, 1, 2))
    mean = level @ model.level
    assert mean == pytest.approx(model.level[start], abs=1e-6)
    variance = 0.2**2 + 2 * 0.05**2 + (1 - 0.95**2) * 0.7**2 + model.step**2 / 12
    assert level @ (model.level - mean) ** 2 == pytest.approx(variance, rel=0.02)
