"""RM109: one arm loses more patients before the horizon than another."""

from __future__ import annotations

from itertools import combinations

from relapse_model.development.checks.arms import patients_by_arm
from relapse_model.development.checks.check import CohortCheck, Verdict, found, not_applicable, passed
from relapse_model.features.at_landmark import AtLandmark

SIGNIFICANT = 0.05
POINTS = 0.10
FEWEST = 20  # in each arm, for a difference in points to be reported


def loss_by_arm(at: AtLandmark) -> Verdict:
    """Warn when the loss before the horizon differs between arms: by Fisher's exact test, or by 10 points.

    In an open trial patients leave by what they were given. Censoring weights that are the same for both arms then let
    those who stay in one arm stand for those lost in the other. With several arms each pair is tested, at 0.05 over the
    number of pairs (Bonferroni). A difference of 10 points between arms of 20 patients or more is reported whatever the
    test says, which in small arms says little; as a note, for chance brings it about often.

    Parameters
    ----------
    at : AtLandmark
    """
    outcome = at.outcome
    lost = (outcome["state"] == "lost").to_numpy()
    arms = {name: (int(lost[rows].sum()), len(rows)) for name, rows in patients_by_arm(at.cohort, outcome).items()}
    if len(arms) < 2:
        return not_applicable("the patients at risk are not in two or more arms (column 'arm' of the patients table)")
    pairs = list(combinations(arms.values(), 2))
    p = min(1.0, min(_fisher(one, other) for one, other in pairs) * len(pairs))
    by_chance = p >= SIGNIFICANT
    if by_chance and not any(_points_apart(one, other) for one, other in pairs):
        return passed()
    counts = ", ".join(f"{name} {count} of {patients}" for name, (count, patients) in arms.items())
    advice = (
        "The weights are estimated within each arm already; look for the reasons for the loss"
        if at.study.outcome.censoring_by == "arm"
        else 'Look for the reasons, and estimate the weights within each arm: [outcome] censoring_by = "arm"'
    )
    return found(
        f"lost before week {at.study.prediction.horizon_weeks:g}: {counts} (Fisher's exact test, p = {p:.2g}"
        f"{'; chance may explain it' if by_chance else ''}). {advice}.",
        severity="note" if by_chance else None,
    )


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
