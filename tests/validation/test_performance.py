"""Measures together: weighted for the lost, and refused by name where patients cannot support them."""

from __future__ import annotations

import numpy as np
import pytest

from relapse_model.validation.performance import MEASURES, performance

RELAPSE = np.array([0, 0, 1, 0, 1, 1, 0, np.nan])
RISK = np.array([0.1, 0.2, 0.15, 0.3, 0.6, 0.7, 0.4, 0.5])
TIME = np.array([48, 48, 20, 48, 10, 30, 48, 12.0])
EVENT = np.array([0, 0, 1, 0, 1, 1, 0, 0.0])


def test_the_lost_count_by_weights_only():
    weight = np.where(np.isnan(RELAPSE), 0.0, 1.0)
    found = performance(RELAPSE, RISK, weight, TIME, EVENT)
    assert (found.patients, found.events, found.lost) == (8, 3, 1)
    # 12 pairs: 0.15 beats 0.1 only; 0.6 and 0.7 beat all four: 9 of 12.
    assert found.measures["auc"].value == pytest.approx(9 / 12)
    # Mean of (y - p)^2 over the seven known patients.
    assert found.measures["brier"] == pytest.approx(np.nanmean((RELAPSE - RISK) ** 2))


def test_what_cannot_be_estimated_is_refused_by_name():
    separated = np.array([0.1, 0.1, 0.9, 0.1, 0.9, 0.9, 0.1, 0.5])
    weight = np.where(np.isnan(RELAPSE), 0.0, 1.0)
    found = performance(RELAPSE, separated, weight, TIME, EVENT)
    assert "calibration_slope" in found.refused
    assert set(found.measures) | set(found.refused) == set(MEASURES)
    assert not any(np.isnan(value) for value in found.measures.values() if isinstance(value, float))
