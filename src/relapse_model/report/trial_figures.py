"""The figures of a trial's report, and what stands beneath them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from relapse_model.report.figures.trial import ForestRow, difference_forest, failures_figure
from relapse_model.report.trial_words import contrast_words, first_capital
from relapse_model.trial.arms.analysis import TrialAnalysis
from relapse_model.trial.arms.arm_contrast import ArmContrast
from relapse_model.trial.arms.findings import NOT_MADE
from relapse_model.trial.arms.number_words import week_number
from relapse_model.trial.arms.subgroups import SubgroupOfPlan

CAPTIONS = {
    "failures": "Kaplan-Meier risk of failure by arm, 95 % bands (log-log), and the numbers still followed. "
    "{visit}",
    "flow": "Flow of participants (CONSORT 2025).",
    "sensitivity": "Risk differences of the primary and the sensitivity analyses, in percentage points.",
    "subgroups": "Risk differences in the subgroups of the plan.",
}  # fmt: skip


def trial_captions(found: TrialAnalysis) -> dict[str, str]:
    """Return what stands beneath each figure; of the forest also why its last row has no interval, where it has none.

    Parameters
    ----------
    found : TrialAnalysis
    """
    note, week = found.later.note, week_number(found.endpoint.week)
    visit = (
        f"Patients free of failure at their week-{week} visit, held within its window, are plotted at week {week}; a "
        f"failure is plotted in the week in which it was found, and at week {week} if that was later."
    )
    captions = CAPTIONS | {"failures": CAPTIONS["failures"].format(visit=visit)}
    if not note.startswith(NOT_MADE):
        return captions
    why = f"{found.later.label}: not possible, since {note.removeprefix(NOT_MADE).rstrip('.')}."
    return captions | {"sensitivity": f"{CAPTIONS['sensitivity']} {why}"}


def trial_figures(found: TrialAnalysis) -> dict[str, Any]:
    """Return the figures of the page by name, but for the flow; those that cannot be drawn are not in it.

    Parameters
    ----------
    found : TrialAnalysis
    """
    names = found.plan.arms.names
    data = found.endpoint
    drawn = {"failures": failures_figure(data.time, data.event, data.treated, names, data.week)}
    sides = (f"fewer failures with {names[0]}", "more")
    axis = f"{names[0]} minus {names[1]}, percentage points"
    rows = [_forest_row(found.primary, strong=True, label="Primary analysis")]
    rows += [_forest_row(one) for one in (*found.sensitivity, *found.extra)]
    rows = [row for row in rows if row.value is not None]
    rows += _later_row(found) if rows else []
    if len(rows) > 1:
        drawn["sensitivity"] = difference_forest(rows, axis, sides)
    levels = [row for one in found.subgroups for row in _subgroup_rows(one)]
    if any(row.value is not None for row in levels):
        whole = [_forest_row(found.primary, strong=True, label="All patients")]
        drawn["subgroups"] = difference_forest([row for row in whole if row.value is not None] + levels, axis, sides)
    return drawn


def _forest_row(one: ArmContrast, *, strong: bool = False, label: str = "") -> ForestRow:
    words = one.contrast
    if words is None or words.measure != "risk_difference" or words.value is None:
        return ForestRow(label or one.label)
    return ForestRow(label or one.label, words.value, words.lower, words.upper, contrast_words(words), strong)


def _later_row(found: TrialAnalysis) -> list[ForestRow]:
    """Return the row of the later week, also where it was not possible: without it nobody would ask why."""
    row = _forest_row(found.later)
    if row.value is None and not found.later.note.startswith(NOT_MADE):
        return []
    return [row if row.value is not None else replace(row, words="not possible")]


def _subgroup_rows(one: SubgroupOfPlan) -> list[ForestRow]:
    if one.effects is None:
        return []
    rows = []
    for level in one.effects.levels:
        counts = " v ".join(f"{x}/{n}" for x, n in zip(level.events, level.patients, strict=True))
        of = "" if one.column == "sex" else f"{first_capital(one.label)}: "  # "Women" needs no "Sex"
        label = f"{of}{level.name if of else first_capital(level.name)} ({counts})"
        words = level.contrast
        if words is None or words.value is None:
            rows.append(ForestRow(label, words="counts only"))
        else:
            rows.append(ForestRow(label, words.value, words.lower, words.upper, contrast_words(words)))
    return rows
