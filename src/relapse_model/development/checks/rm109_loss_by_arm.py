"""RM109: one arm loses more patients before the horizon than another."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import erfc, sqrt

import numpy as np

from relapse_model.arrays import Floats, Mask, Positions
from relapse_model.development.checks.arms import patients_by_arm
from relapse_model.development.checks.check import CohortCheck, Verdict, found, not_applicable, passed
from relapse_model.features.at_landmark import AtLandmark
from relapse_model.features.development_data import follow_up_times
from relapse_model.validation.arm_counts import arm_counts

SIGNIFICANT = 0.05
POINTS = 0.10
FEWEST = 20  # in each arm, for a difference in points to be reported
EXPECTED = 5  # losses in each of two arms, for the log-rank test; fewer are compared exactly
LOG_RANK, FISHER = "log-rank test of the time to loss", "Fisher's exact test"


def loss_by_arm(at: AtLandmark) -> Verdict:
    """Warn when the loss before the horizon differs between arms: by the log-rank test, or by 10 points.

    In an open trial patients leave by what they were given. Censoring weights that are the same for both arms then let
    those who stay in one arm stand for those lost in the other. Who has the outcome can no longer be lost: so loss is
    the event of the test, and the outcome ends the follow-up. Where under 5 losses are expected in one of two arms, the
    proportions lost are compared by Fisher's exact test. With several arms each pair is tested, at 0.05 over the number
    of pairs (Bonferroni). A difference of 10 points between arms of 20 patients or more is reported whatever the test
    says, which in small arms says little; as a note, for chance brings it about often.

    Parameters
    ----------
    at : AtLandmark
    """
    arms = patients_by_arm(at.cohort, at.outcome)
    if len(arms) < 2:
        return not_applicable("the patients at risk are not in two or more arms (column 'arm' of the patients table)")
    loss = _loss(at)
    compared = [_compared(loss, one, other) for one, other in combinations(arms.values(), 2)]
    smallest, test = min(compared)
    p = min(1.0, smallest * len(compared))
    counts = [(int(loss.lost[rows].sum()), len(rows)) for rows in arms.values()]
    not_shown = p >= SIGNIFICANT
    if not_shown and not any(_points_apart(one, other) for one, other in combinations(counts, 2)):
        return passed()
    shown = ", ".join(f"{name} {lost} of {patients}" for name, (lost, patients) in zip(arms, counts, strict=True))
    return found(
        f"lost before week {at.study.prediction.horizon_weeks:g}: {shown} ({test}, p = {p:.2g}"
        f"{'; not significant, which in small arms says little' if not_shown else ''}). {_advice(at)}.",
        severity="note" if not_shown else None,
    )


def _advice(at: AtLandmark) -> str:
    if at.study.outcome.censoring_by == "arm":
        return "The weights are estimated within each arm already; look for the reasons for the loss"
    return 'Look for the reasons, and estimate the weights within each arm: [outcome] censoring_by = "arm"'


@dataclass(frozen=True, eq=False)
class _Loss:
    """Until when each patient was followed, in whole steps in which a loss comes after an outcome, and who was lost."""

    step: Floats
    lost: Mask


def _loss(at: AtLandmark) -> _Loss:
    """Return the follow-up by the horizon; who has the outcome on a day cannot be lost on it."""
    lost = (at.outcome["state"] == "lost").to_numpy(dtype=bool)
    time = follow_up_times(at.outcome, at.landmark, at.study.prediction.horizon_weeks)[1]
    step = 2 * np.unique(time, return_inverse=True)[1] + lost
    return _Loss(step.astype(np.float64), lost)


def _compared(loss: _Loss, one: Positions, other: Positions) -> tuple[float, str]:
    """Return the two-sided p of two arms, and the test."""
    rows = np.concatenate([one, other])
    lost, first = loss.lost[rows].astype(float), np.arange(len(rows)) < len(one)
    expected, variance = arm_counts(loss.step[rows], lost, first).expected()
    if min(expected, lost.sum() - expected) < EXPECTED or variance == 0:  # 0: all are lost on one day
        return _fisher(*((int(loss.lost[arm].sum()), len(arm)) for arm in (one, other))), FISHER
    z = (lost[first].sum() - expected) / sqrt(variance)
    return erfc(abs(z) / sqrt(2)), LOG_RANK


def _fisher(one: tuple[int, int], other: tuple[int, int]) -> float:
    """Return the two-sided p of two arms, each as (lost, patients)."""
    from scipy.stats import fisher_exact

    table = [[lost, patients - lost] for lost, patients in (one, other)]
    return float(fisher_exact(table)[1])


def _points_apart(one: tuple[int, int], other: tuple[int, int]) -> bool:
    (lost_1, patients_1), (lost_2, patients_2) = one, other
    # In whole numbers of patients, so that 10 points are 10 points.
    apart = abs(lost_1 * patients_2 - lost_2 * patients_1)
    return min(patients_1, patients_2) >= FEWEST and apart >= round(POINTS * patients_1 * patients_2, 6)


CHECK = CohortCheck("RM109", "loss before the horizon differs between arms", loss_by_arm)
