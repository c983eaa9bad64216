"""Log-odds as risks, and the levels of an interval."""

from __future__ import annotations

import numpy as np

from relapse_model.arrays import Floats
from relapse_model.errors import RelapseModelError


def sigmoid(log_odds: Floats) -> Floats:
    """Return 1 / (1 + exp(-log_odds)) without overflow."""
    tail = np.exp(-np.abs(log_odds))
    risk: Floats = np.where(log_odds >= 0, 1.0, tail) / (1.0 + tail)
    return risk


def both_risks(log_odds: Floats) -> Floats:
    """Return the probabilities of no event and of the event, shape (n, 2); both are accurate where they are small."""
    tail = np.exp(-np.abs(log_odds))
    larger = 1.0 / (1.0 + tail)
    smaller = tail / (1.0 + tail)
    event = log_odds >= 0
    risks = np.empty((len(log_odds), 2))
    risks[:, 0], risks[:, 1] = np.where(event, smaller, larger), np.where(event, larger, smaller)
    return risks


def tail_levels(level: float) -> tuple[float, float]:
    """Return the two cumulative levels of a central interval: 0.9 gives 0.05 and 0.95."""
    if not 0.0 < level < 1.0:
        raise RelapseModelError(f"level is {level!r}; expected a number between 0 and 1, such as 0.9.")
    return (1.0 - level) / 2.0, (1.0 + level) / 2.0
