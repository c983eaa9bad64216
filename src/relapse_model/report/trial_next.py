"""What a trial's team would do next: each sentence follows from a number of the analysis, or from what is missing."""

from __future__ import annotations

from dataclasses import replace

from relapse_model.report.trial_answer import DIFFERENCE, excludes_none, limits_per_100, settled_reasons
from relapse_model.report.trial_words import contrast_words, signed
from relapse_model.trial.arms.analysis import TrialAnalysis, direction
from relapse_model.trial.arms.arm_contrast import ArmContrast
from relapse_model.trial.arms.findings import NOT_MADE, not_made
from relapse_model.trial.arms.flow import NO_REASON, ArmFlow
from relapse_model.trial.arms.number_words import number_of, out_of

_NOTABLE = 0.2  # standardised difference
_PRECISION = 4  # times the patients: an interval of half the width


def next_steps(found: TrialAnalysis) -> list[str]:
    """Return what follows from the result: on reporting it, on what is missing, and for the next plan.

    Parameters
    ----------
    found : TrialAnalysis
    """
    steps = (
        _reporting(found), _unknown_endpoints(found), _other_conclusions(found), _not_made(found), _later(found),
        _records(found), _next_plan(found), _registration(found),
    )  # fmt: skip
    return [step for step in steps if step]


def _reporting(found: TrialAnalysis) -> str:
    """Say what the interval rules out, and what a narrower one would take."""
    contrast, name = found.primary.contrast, found.plan.arms.quoted[0]
    if contrast is None:
        return "Report that the planned analysis has no answer, and why; no other analysis replaces it."
    level = f"{100 * contrast.level:g} %"
    if excludes_none(contrast):
        unit = " percentage points" if contrast.measure == DIFFERENCE else ""
        what = f"{contrast.measure.replace('_', ' ')} of failure, {direction(found.plan).split('; ')[0]}"
        return f"Report the {what}, with its interval: {contrast_words(contrast)}{unit}."
    if contrast.measure != DIFFERENCE:
        reach = contrast_words(contrast, interval_only=True)
        return f"Do not report equivalence: the {level} interval of the ratio is {reach}."
    fewer, more = limits_per_100(contrast)
    patients = _PRECISION * found.flow.randomised
    return (
        f"Do not report equivalence: {name} may prevent up to {fewer}, or cause up to {more}, failures per 100 "
        f"patients ({level} interval). Compare these limits with the smallest difference that would change practice. "
        f"With the same risks and losses, an interval half as wide takes about {patients:,} patients in all."
    )


def _unknown_endpoints(found: TrialAnalysis) -> str:
    """Say how far the unknown endpoints could move the answer, by the extremes of the plan."""
    arms = found.flow.arms
    searched = [arm.lost - _settled(found, arm) for arm in arms]
    if not any(searched):
        return ""
    first = f"Try to obtain the missing outcomes (endpoint unknown in {out_of(sum(searched), found.flow.randomised)})"
    if searched != [arm.lost for arm in arms]:  # the extremes move the others too
        return f"{first}."
    extremes = [one.contrast for one in found.sensitivity if one.kind == "extreme"]  # the worst case first
    if not extremes:
        return f"{first}: the plan names no analysis of the extremes, which says how far they could move the answer."
    worst, best = extremes
    if worst is None or best is None:
        return f"{first}."
    conclusions = {excludes_none(one) for one in (worst, best, found.primary.contrast) if one is not None}
    verdict = "the conclusion would be the same" if len(conclusions) == 1 else "they can change the conclusion"
    case = _worst_case(*(replace(arm, name=name) for arm, name in zip(arms, found.plan.arms.quoted, strict=True)))
    return (
        f"{first}. If {case}, the difference would be {contrast_words(worst)} percentage points; in the reverse case "
        f"{contrast_words(best)}: {verdict}."
    )


def _settled(found: TrialAnalysis, arm: ArmFlow) -> int:
    """Return of how many unknown endpoints nothing is to be found: follow-up ended as planned, or by a death."""
    return sum(number for why, number in arm.lost_reasons if why in settled_reasons(found))


def _worst_case(treatment: ArmFlow, control: ArmFlow) -> str:
    """Say what the worst case assumes of the arms in which endpoints are unknown."""
    parts = []
    if treatment.lost:
        whom = "the one patient" if treatment.lost == 1 else f"all {treatment.lost}"
        parts.append(f"{whom} in {treatment.name} had failed")
    if control.lost:
        one = control.lost == 1
        whom = f"the one patient in {control.name} had not" if one else f"none of the {control.lost} in {control.name}"
        parts.append(whom if parts else f"{whom}{' failed' if one else ' had failed'}")
    return " and ".join(parts)


def _other_conclusions(found: TrialAnalysis) -> str:
    """Name the sensitivity analyses whose interval leads to another conclusion than that of the plan."""
    contrast = found.primary.contrast
    if contrast is None:
        return ""
    made = [(one, one.contrast) for one in found.sensitivity if one.contrast is not None]
    other = [one.label for one, words in made if excludes_none(words) != excludes_none(contrast)]
    if not other:
        return ""
    of_all = number_of(len(made), "sensitivity analysis", "sensitivity analyses")
    which = f"all {of_all}" if len(other) == len(made) > 1 else f"{len(other)} of {of_all}"
    verb = "leads" if len(other) == 1 else "lead"
    return f"Report with the answer: {which} {verb} to another conclusion ({'; '.join(other)})."


def _not_made(found: TrialAnalysis) -> str:
    """List what the plan asked for and the data did not allow."""
    lacking = not_made(found.subgroups, found.sensitivity)
    return f"Report as planned but not made: {'; '.join(lacking)}." if lacking else ""


def _later(found: TrialAnalysis) -> str:
    later: ArmContrast = found.later
    if not later.note.startswith(NOT_MADE):
        return ""
    week = found.endpoint.week + found.study.scoring.passive_weeks
    return (
        f"Plan visits at week {week:g}: the analysis that allows for failures hidden by antibody was not possible: "
        f"{_why(later.note)}."
    )


def _why(note: str) -> str:
    return note.removeprefix(NOT_MADE).rstrip(".")


def _records(found: TrialAnalysis) -> str:
    """List what was not recorded, and what that leaves open."""
    flow, missing = found.flow, []
    if flow.undecidable:
        missing.append(f"the criteria of eligibility (not documented in {out_of(flow.undecidable, flow.randomised)})")
    lost = sum(arm.lost for arm in flow.arms)
    without = sum(dict(arm.lost_reasons).get(NO_REASON, 0) for arm in flow.arms)
    if without:
        where = "column lost_reason of the patients table"
        missing.append(f"why patients were lost (not recorded for {out_of(without, lost)}; {where})")
    if found.adverse_events is None:
        missing.append("adverse events (no table: harms cannot be reported)")
    return f"Complete the records: {'; '.join(missing)}." if missing else ""


def _next_plan(found: TrialAnalysis) -> str:
    """Say what may be stated before the next data are seen; nothing of it may be chosen for these."""
    if found.plan.primary.adjusted:
        return ""
    apart = [row for row in found.table_one.rows if row.smd is not None and abs(row.smd) > _NOTABLE]
    asked = [one.label for one in found.extra]
    if not (apart or asked):
        return ""
    parts = []
    if apart:
        named = ", ".join(f"{row.variable} {signed(row.smd or 0.0)}" for row in apart)
        parts.append(
            f"here the arms differ by more than {_NOTABLE} standard deviations, which can happen by chance ({named})"
        )
    if asked:
        parts.append(f"not planned, and exploratory: {'; '.join(asked)}")
    return (
        "For the next plan, name in advance the baseline variables that predict failure, to adjust for them or to "
        f"stratify by them. For information: {'; '.join(parts)}."
    )


def _registration(found: TrialAnalysis) -> str:
    if found.plan.dated is not None:
        return ""
    return (
        "State the date of the plan in the study file, and register its checksum (SHA-256) before the data are seen: "
        "this plan has no date."
    )
