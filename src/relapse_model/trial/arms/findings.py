"""What the reader of the comparison must know: the checks of the trial room, RM201 to RM205, RM208 and RM209."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd

from relapse_model.arrays import Mask
from relapse_model.cohort.cohort import Cohort
from relapse_model.development.checks.finding import Finding
from relapse_model.study.trial_plan import TrialPlan
from relapse_model.trial.arms.arm_contrast import ArmContrast
from relapse_model.trial.arms.detection import LossByArm, TestingFrequency
from relapse_model.trial.arms.protocol import Protocol
from relapse_model.trial.dosing.rule import ALL_CENTRES

TESTED_RATIO = 1.2
SIGNIFICANT = 0.05
POINTS = 0.10
FEWEST_EVENTS = 5
TITLES = {
    "RM201": "testing frequency differs by arm",
    "RM202": "loss differs by arm",
    "RM203": "dose deviations differ between centres, or the control arm was treated",
    "RM204": "few events in an arm",
    "RM205": "the plan changed after the data",
    "RM208": "the outcome was found at randomisation already",
    "RM209": "much of an arm did not receive its treatment",
}


def _found(code: str, text: str, severity: str = "warning") -> Finding:
    return Finding(code, TITLES[code], severity, text)


def testing_finding(tested: TestingFrequency | None, names: tuple[str, str]) -> list[Finding]:
    """Return RM201 if one arm was tested more than 20 % more often per patient-week."""
    if tested is None:
        return []
    low, high = sorted(tested.rates)
    if high <= TESTED_RATIO * low * (1 + 1e-9):
        return []
    counts = ", ".join(f"{name} {rate:.3f}" for name, rate in zip(names, tested.rates, strict=True))
    return [_found("RM201", f"tests per patient-week: {counts}. More frequent testing detects relapses "
                            "earlier, and more; the interval-censored analysis is least affected.")]  # fmt: skip


def loss_finding(loss: LossByArm, sizes: tuple[int, int], names: tuple[str, str]) -> list[Finding]:
    """Return RM202 if the shares lost, or the times of loss, differ: by a test at 0.05, or by 10 points."""
    total = loss.table.iloc[-1]
    lost = int(total["treatment"]), int(total["control"])
    shares = lost[0] / sizes[0], lost[1] / sizes[1]
    p = loss.share.p_value if loss.time is None else min(loss.share.p_value, loss.time.p_value)
    apart = abs(shares[0] - shares[1]) >= POINTS - 1e-9
    if p >= SIGNIFICANT and not apart:
        return []
    counts = ", ".join(f"{name} {one} of {size}" for name, one, size in zip(names, lost, sizes, strict=True))
    timing = "" if loss.time is None else f", of the time of loss p = {loss.time.p_value:.2g}"
    text = (
        f"unknown endpoints: {counts} (Fisher's exact test p = {loss.share.p_value:.2g}{timing}). Kaplan-Meier assumes "
        "that patients lost have the risk of the others in their arm: see the extremes and the tipping point."
    )
    return [_found("RM202", text, "warning" if p < SIGNIFICANT else "note")]


def deviation_finding(kept: Protocol, names: tuple[str, str]) -> list[Finding]:
    """Return RM203 if the doses given of those due differ between centres, or controls were treated."""
    from scipy import stats

    texts = []
    table = kept.adherence[kept.adherence["centre"] != ALL_CENTRES]
    given, due = table["given"].to_numpy(dtype=float), table["due"].to_numpy(dtype=float)
    if len(table) > 1 and 0 < given.sum() < due.sum():
        p = float(stats.chi2_contingency(np.stack([given, due - given]), correction=False).pvalue)
        if p < SIGNIFICANT:
            counts = ", ".join(f"{row['centre']} {row['given']} of {row['due']}" for _, row in table.iterrows())
            texts.append(f"doses given of those due: {counts} (chi-square test p = {p:.2g})")
    control = int(kept.deviations["control"].sum()) if len(kept.deviations) else 0
    if control:
        texts.append(f"{control} patients in the {names[1]} arm were given {names[0]}")
    return [_found("RM203", "; ".join(texts) + ". See the per-protocol analysis.")] if texts else []


def few_events_finding(primary: ArmContrast) -> list[Finding]:
    """Return RM204 if an arm has fewer than 5 events."""
    few = [arm for arm in (primary.treatment, primary.control) if arm.events < FEWEST_EVENTS]
    if not few:
        return []
    counts = ", ".join(f"{arm.name} {arm.events}" for arm in few)
    return [_found("RM204", f"events: {counts}. Normal approximations (Cox, RMST, Greenwood) are rough here; score "
                            "intervals and Fisher's exact test are more reliable.")]  # fmt: skip


def at_entry_finding(
    at_entry: Mask, treated: Mask, without: ArmContrast | None, names: tuple[str, str]
) -> list[Finding]:
    """Return RM208 if patients had the outcome at randomisation, with the comparison without them."""
    if not at_entry.any():
        return []
    counts = f"{names[0]} {int((at_entry & treated).sum())}, {names[1]} {int((at_entry & ~treated).sum())}"
    made = None if without is None else without.contrast
    other = "could not be made" if made is None else f"{made.value:.3f} ({made.lower:.3f} to {made.upper:.3f})"
    text = (
        f"had the outcome at randomisation: {counts}. They were randomised, and count as failed in week 0. Without "
        f"them the difference in risk is {other}. See whether they were eligible."
    )
    return [_found("RM208", text)]


def untreated_finding(untreated: int, allocated: int, name: str) -> list[Finding]:
    """Return RM209 if half of the treatment arm, or more, is known not to have received the treatment."""
    if not allocated or untreated < allocated / 2:
        return []
    text = f"{untreated} of {allocated} in the {name} arm received none. The comparison is of the arms as allocated."
    return [_found("RM209", text)]


def plan_finding(plan: TrialPlan, sha256: str, registered: str | None, last_visit: date | None) -> list[Finding]:
    """Return RM205 if the plan is not the one that was registered, or is dated after the last visit."""
    texts = []
    if registered is not None and registered.strip().lower() != sha256:
        texts.append(f"the study has SHA-256 {sha256}, the one registered {registered.strip().lower()}")
    if plan.dated is not None and last_visit is not None and plan.dated > last_visit:
        texts.append(f"the plan is dated {plan.dated.isoformat()}, the last visit was on {last_visit.isoformat()}")
    return [_found("RM205", "; ".join(texts) + ". What was changed, and why, belongs in the report.")] if texts else []


def last_visit(cohort: Cohort) -> date | None:
    """Return the day of the last laboratory result; None where the cohort has no dates.

    Parameters
    ----------
    cohort : Cohort
    """
    if "enrolment_date" not in cohort.patients or not len(cohort.labs):
        return None
    enrolled = pd.to_datetime(cohort.patients["enrolment_date"], errors="coerce")
    week = cohort.labs.groupby("patient")["week"].max()
    days = [
        day.date() + timedelta(days=round(7 * float(weeks)))
        for day, weeks in zip(enrolled.iloc[week.index], week, strict=True)
        if not pd.isna(day)
    ]
    return max(days, default=None)
