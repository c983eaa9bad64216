"""What the reader of the comparison must know: the checks of the trial room, RM201 to RM205, RM208 to RM212, RM214."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import pandas as pd

from relapse_model.arrays import Mask
from relapse_model.cohort.cohort import Cohort
from relapse_model.development.checks.finding import Finding
from relapse_model.study.trial_plan import TrialPlan
from relapse_model.trial.arms.arm_contrast import ArmContrast
from relapse_model.trial.arms.detection import LossByArm, TestingFrequency
from relapse_model.trial.arms.flow import ParticipantFlow
from relapse_model.trial.arms.number_words import number_of
from relapse_model.trial.arms.protocol import Protocol
from relapse_model.trial.arms.subgroups import SubgroupOfPlan
from relapse_model.trial.arms.uncounted import Uncounted
from relapse_model.trial.dosing.rule import ALL_CENTRES

TESTED_RATIO = 1.2
SIGNIFICANT = 0.05
POINTS = 0.10
FEWEST_EVENTS = 5
IMPROBABLE = 0.001
NOT_MADE = "not made: "  # begins the note of an analysis
TITLES = {
    "RM201": "testing frequency differs by arm",
    "RM202": "loss differs by arm",
    "RM203": "dose deviations differ between centres, or the control arm was treated",
    "RM204": "few events in an arm",
    "RM205": "the plan changed after the data",
    "RM208": "the outcome was found at randomisation already",
    "RM209": "much of an arm did not receive its treatment",
    "RM210": "a treatment was started that the plan does not count",
    "RM211": "the arms are not of the planned ratio",
    "RM212": "a planned analysis could not be made",
    "RM214": "few are followed to the endpoint",
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
    return [_found("RM201", f"tests per patient-week: {counts}. More frequent testing detects the outcome "
                            "earlier, and more often; the interval-censored analysis is least affected.")]  # fmt: skip


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
        given_to = number_of(control, f"patient in the {names[1]} arm was", f"patients in the {names[1]} arm were")
        texts.append(f"{given_to} given {names[0]}")
    return [_found("RM203", "; ".join(texts) + ". See the per-protocol analysis.")] if texts else []


def few_events_finding(primary: ArmContrast) -> list[Finding]:
    """Return RM204 if an arm has fewer than 5 events, or fewer than 5 patients without one."""
    arms = (primary.treatment, primary.control)
    few = [f"{arm.name} {arm.events}" for arm in arms if arm.events < FEWEST_EVENTS]
    others = [(arm.name, arm.patients - arm.events) for arm in arms]
    spared = [f"{name} {number} without an event" for name, number in others if number < FEWEST_EVENTS]
    if not few and not spared:
        return []
    text = (
        f"events: {', '.join([*few, *spared])}. Normal approximations (Cox, RMST, Greenwood) are rough here; score "
        "intervals and Fisher's exact test are more reliable."
    )
    return [_found("RM204", text)]


def at_entry_finding(
    at_entry: Mask, treated: Mask, without: ArmContrast | None, names: tuple[str, str]
) -> list[Finding]:
    """Return RM208 if patients had the outcome at randomisation, with the comparison without them."""
    if not at_entry.any():
        return []
    counts = f"{names[0]} {int((at_entry & treated).sum())}, {names[1]} {int((at_entry & ~treated).sum())}"
    made = None if without is None else without.contrast
    other = "could not be made"
    if made is not None:
        value, lower, upper = (f"{100 * (one or 0.0):+z.1f}" for one in (made.value, made.lower, made.upper))
        other = f"{value} percentage points ({lower} to {upper})"
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


def uncounted_finding(started: Sequence[Uncounted], names: tuple[str, str]) -> list[Finding]:
    """Return RM210 if agents were started before the endpoint that no intercurrent event of the plan names.

    A warning where one is of the class of an event's agents: the event then means less than it says.
    """
    if not started:
        return []
    listed = "; ".join(
        f"{one.agent} ({names[0]} {one.patients[0]}, {names[1]} {one.patients[1]}"
        f"{f'; of the class of {one.event!r}' if one.event else ''})"
        for one in started
    )
    text = (
        f"started after randomisation, before the endpoint: {listed}. The plan does not name "
        f"{'it' if len(started) == 1 else 'them'}, so nothing was counted or censored for "
        f"{'it' if len(started) == 1 else 'them'}."
    )
    return [_found("RM210", text, "warning" if any(one.event for one in started) else "note")]


def ratio_finding(sizes: tuple[int, int], plan: TrialPlan) -> list[Finding]:
    """Return RM211 if the numbers of the arms are improbable under the ratio of the plan (exact binomial test)."""
    from scipy import stats

    ratio, names = plan.arms.ratio, plan.arms.names
    p = float(stats.binomtest(sizes[0], sum(sizes), ratio[0] / sum(ratio)).pvalue)
    if p >= SIGNIFICANT:
        return []
    text = (
        f"{names[0]} {sizes[0]}, {names[1]} {sizes[1]}; planned {ratio[0]:g} : {ratio[1]:g} (exact binomial test p = "
        f"{p:.2g}). See whether the plan states the ratio of the randomisation, and whether all randomised are here."
    )
    return [_found("RM211", text, "warning" if p < IMPROBABLE else "note")]


def not_made_finding(subgroups: Sequence[SubgroupOfPlan], sensitivity: Sequence[ArmContrast]) -> list[Finding]:
    """Return RM212 with the subgroup and sensitivity analyses of the plan that could not be made, and why."""
    lacking = not_made(subgroups, sensitivity)
    return [_found("RM212", "; ".join(one.rstrip(".") for one in lacking) + ".")] if lacking else []


def not_made(subgroups: Sequence[SubgroupOfPlan], sensitivity: Sequence[ArmContrast]) -> list[str]:
    """Return each planned analysis that could not be made, with the reason; those of one kind and reason once.

    A subgroup was made if its interaction was tested.

    Parameters
    ----------
    subgroups : sequence of SubgroupOfPlan
    sensitivity : sequence of ArmContrast
    """
    lacking = [
        (one.label, one.note or "no interaction could be tested") for one in subgroups if one.interaction is None
    ]
    lacking += [(one.label, one.note) for one in sensitivity if one.note.startswith(NOT_MADE)]
    by_reason: dict[tuple[str, str], str] = {}
    for label, note in lacking:
        reason = note.removeprefix(NOT_MADE).rstrip(".")
        kind = label.partition(",")[0]  # "multiple imputation, odds multiplied by 2.7"
        reason = reason.removeprefix(f"{kind}: ").removeprefix(f"{kind[:1].upper()}{kind[1:]}: ")
        by_reason.setdefault((kind, reason), label)
    return [f"{label}: {reason}" for (_, reason), label in by_reason.items()]


def few_followed_finding(flow: ParticipantFlow, week: float) -> list[Finding]:
    """Return RM214 if fewer than half of those without a failure in an arm are followed to the endpoint."""
    few = [arm for arm in flow.arms if arm.free < arm.lost]
    if not few:
        return []
    counts = ", ".join(f"{arm.name} {arm.free} of {arm.free + arm.lost}" for arm in few)
    text = (
        f"followed to week {week:g}, of those without a failure: {counts}. The answer rests on few. Losses after the "
        "last failure of an arm do not widen a Kaplan-Meier interval: it is then too narrow."
    )
    return [_found("RM214", text)]


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
