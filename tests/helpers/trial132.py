"""A trial of 132 made by rule, without chance: what the golden values of the trial's analysis were computed on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm


@dataclass(frozen=True)
class Trial:
    arm: np.ndarray  # 1 hbig, 0 control
    centre: np.ndarray
    x: np.ndarray
    relapse: np.ndarray
    week: np.ndarray
    event: np.ndarray


def share(place, step):
    """The fraction of place x step: spread evenly over 0 to 1, and the same for ever."""
    return np.modf(place * step)[0]


def trial132() -> Trial:
    place = np.arange(132)
    arm = place % 2
    centre = np.array(["A", "B", "C"])[(place // 2) % 3]
    x = np.round(norm.ppf(((place * 37) % 132 + 0.5) / 132), 4)
    risk = 1 / (1 + np.exp(1.6 + 0.9 * arm - 0.8 * x))
    relapse = (share(place, 0.6180339887498949) < risk).astype(int)
    when = np.maximum(np.ceil(48 * share(place, 0.7548776662466927) ** 1.5 / 4) * 4, 4)
    week = np.where(relapse == 1, when, 48)
    lost = (place % 13 == 5) & (week > 20)
    return Trial(arm, centre, x, relapse, np.where(lost, 20, week), np.where(lost, 0, relapse))
