"""The tables of a trial for a journal: baseline, flow, results, subgroups, harms, treatments, adherence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from relapse_model.report.harms_words import harms_lines
from relapse_model.report.paper.journal_table import JournalTable, inner, interval, journal_table
from relapse_model.report.trial_words import (
    contrast_words,
    first_capital,
    p_value,
    percent,
    points,
    result_rows,
    signed,
)
from relapse_model.trial.arms.adverse_events import GRADE, SUMMARY, TERM
from relapse_model.trial.arms.analysis import TrialAnalysis, direction, records
from relapse_model.trial.arms.arm_contrast import ArmContrast
from relapse_model.trial.arms.flow import ArmFlow
from relapse_model.trial.arms.number_words import number_of
from relapse_model.trial.arms.subgroups import SubgroupOfPlan
from relapse_model.trial.dosing.rule import ALL_CENTRES
from relapse_model.trial.statistics import Contrast

_HEADINGS = {SUMMARY: "", GRADE: "By worst grade", TERM: "By term"}


def trial_tables(found: TrialAnalysis) -> dict[str, JournalTable]:
    """Return the tables of a trial by name; those of which there is nothing to say are not among them.

    Counts are given in full, as trials report them.

    Parameters
    ----------
    found : TrialAnalysis
    """
    made: dict[str, JournalTable | None] = {
        "table_one": _table_one(found),
        "flow": _flow(found),
        "primary_analysis": _results(
            found, "Primary and supportive analyses", (found.primary, *found.beside, found.later, *found.extra)
        ),
        "sensitivity_analyses": _results(found, "Sensitivity analyses", found.sensitivity),
        "trial_subgroups": _subgroups(found),
        "harms": _harms(found),
        "treatments_given": _treatments(found),
        "adherence": _adherence(found),
        "losses": _losses(found),
    }
    return {name: table for name, table in made.items() if table is not None}


def arm_columns(found: TrialAnalysis) -> tuple[str, str]:
    """Return the names of the arms with their sizes.

    Parameters
    ----------
    found : TrialAnalysis
    """
    one, nought = (f"{arm.name} (n = {arm.allocated})" for arm in found.flow.arms)
    return one, nought


def _level(found: TrialAnalysis) -> float:
    """Return the level of the intervals: that of the plan."""
    return found.plan.primary.level


def _table_one(found: TrialAnalysis) -> JournalTable:
    rows: list[list[object]] = []
    unknown: tuple[int, int] = (0, 0)
    for row in found.table_one.rows:
        if not row.level:
            rows += _not_known(unknown)
            unknown = row.missing
            rows.append([row.variable, row.treatment, row.control, None if row.smd is None else signed(row.smd)])
        else:
            rows.append([inner(row.level), row.treatment, row.control, None])
    absent = f"not in the data: {', '.join(found.table_one.absent)}" if found.table_one.absent else ""
    notes = [
        "median (quartiles), or number (%) of those in whom the value is known",
        "SMD: standardised mean difference, treatment minus control. No tests: the arms were made by chance",
        absent,
    ]
    columns = ["Characteristic", *arm_columns(found), "SMD"]
    return journal_table("Baseline characteristics by arm", columns, [*rows, *_not_known(unknown)], notes)


def _not_known(unknown: tuple[int, int]) -> list[list[object]]:
    return [[inner("not known"), *unknown, None]] if any(unknown) else []


def _flow(found: TrialAnalysis) -> JournalTable:
    flow = found.flow
    rows: list[list[object]] = [["Assessed for eligibility", None, None, flow.assessed]]
    rows.append(["Not randomised", None, None, flow.not_randomised])
    rows += [[inner(why), None, None, number] for why, number in flow.reasons]
    rows.append(["Randomised", *(arm.allocated for arm in flow.arms), flow.randomised])
    for words, number in (("not eligible on record", flow.not_eligible),
                          ("eligibility not documented", flow.undecidable)):  # fmt: skip
        rows += [] if number is None else [[inner(words), None, None, number]]
    lines: tuple[tuple[str, Callable[[ArmFlow], int]], ...] = (
        ("Received the allocated intervention", lambda arm: arm.received),
        ("Did not receive it", lambda arm: arm.not_received),
        ("Not known whether received", lambda arm: arm.unknown_received),
        ("Endpoint known: failed", lambda arm: arm.failed),
        ("Endpoint known: free of failure", lambda arm: arm.free),
        ("Endpoint unknown (lost)", lambda arm: arm.lost),
    )
    for words, count in lines:
        rows.append(_both(words, *map(count, flow.arms)))
    reasons = dict.fromkeys(why for arm in flow.arms for why, _ in arm.lost_reasons)
    rows += [_both(inner(why), *(dict(arm.lost_reasons).get(why, 0) for arm in flow.arms)) for why in reasons]
    rows.append(_both("In the primary analysis", *(arm.analysed for arm in flow.arms)))
    rows.append(_both("Left out of the primary analysis", *(arm.left_out for arm in flow.arms)))
    for one, nought in zip(flow.arms[0].visits, flow.arms[1].visits, strict=True):
        rows.append(_both(f"Tested at week {one[0]:g}", one[1], nought[1]))
    columns = ["", *(arm.name for arm in flow.arms), "All"]
    return journal_table("Flow of participants (CONSORT 2025)", columns, rows)


def _both(words: str, one: int, nought: int) -> list[object]:
    return [words, one, nought, one + nought]


def _results(found: TrialAnalysis, title: str, contrasts: Sequence[ArmContrast]) -> JournalTable | None:
    if not contrasts:
        return None
    usual = found.primary.estimand
    rows: list[list[object]] = []
    about: dict[int, str] = {}
    for place, (one, row) in enumerate(zip(contrasts, result_rows(tuple(contrasts), usual), strict=True)):
        label = f"Primary: {row['label']}" if one is found.primary else row["label"]
        label += " (not pre-specified)" if one.status == "not pre-specified" else ""
        result = row["contrast"] or ("not made" if one.note.startswith("not made") else "")
        level = "" if one.contrast is None else f" [{interval(one.contrast.level)}]"
        unit = ", percentage points" if _differences([one]) else ""
        measure = f"{row['measure']}{unit}{level if _is_other(one.contrast, found) else ''}"
        rows.append([label, row["treatment"], row["control"], measure, result, _p(row["p"])])
        words = "; ".join(filter(None, (row["method"], row["estimand"], row["small"])))
        about |= {place: f"{row['label']}: {words}"} if words else {}
    columns = ["Analysis", *found.plan.arms.names, "Measure", f"Estimate ({interval(_level(found))})", "p"]
    first = f"risk differences in percentage points, {direction(found.plan)}" if _differences(contrasts) else ""
    everybody = f"{usual[:1].upper()}{usual[1:]}, unless stated" if found.primary in contrasts else ""
    return journal_table(title, columns, rows, [_arms_words(contrasts), first, everybody], about)


def _arms_words(contrasts: Sequence[ArmContrast]) -> str:
    """Return what the columns of the arms hold: not in every row a risk."""
    weeks = ", or mean weeks free of failure," if any(one.kind == "rmst" for one in contrasts) else ""
    return f"in each arm: risk of failure{weeks} where the analysis has one; patients who failed, of how many, and lost"


def _is_other(contrast: Contrast | None, found: TrialAnalysis) -> bool:
    return contrast is not None and contrast.level != _level(found)


def _differences(contrasts: Iterable[ArmContrast]) -> bool:
    return any(one.contrast is not None and one.contrast.measure == "risk_difference" for one in contrasts)


def _p(words: str) -> str:
    return words.removeprefix("p = ").replace("p < ", "<")


def _subgroups(found: TrialAnalysis) -> JournalTable | None:
    if not found.subgroups:
        return None
    rows: list[list[object]] = []
    about: dict[int, str] = {}
    for one in found.subgroups:
        method = "" if one.interaction is None else one.interaction.method
        words = "; ".join(filter(None, (method, one.note)))
        about |= {len(rows): f"{first_capital(one.label)}: {words}"} if words else {}
        rows += _subgroup(one)
    names = found.plan.arms.names
    columns = ["Subgroup", f"{names[0]}, failed", f"{names[1]}, failed",
               f"Difference, percentage points ({interval(_level(found))})", "p, interaction"]  # fmt: skip
    tests = sum(one.interaction is not None for one in found.subgroups)
    by_chance = (
        f"{number_of(tests, 'test')} of interaction; {0.05 * tests:g} would have p < 0.05 by chance alone"
        if tests
        else ""
    )
    return journal_table("Subgroups of the plan", columns, rows, [direction(found.plan), by_chance], about)


def _subgroup(one: SubgroupOfPlan) -> list[list[object]]:
    test = one.interaction
    p = "" if test is None else _p_of(test.p_value)
    rows: list[list[object]] = [[first_capital(one.label), None, None, None if one.effects else one.note, p]]
    for level in one.effects.levels if one.effects is not None else ():
        counts = [f"{x} of {n}" for x, n in zip(level.events, level.patients, strict=True)]
        words = level.note or "counts only" if level.contrast is None else contrast_words(level.contrast)
        rows.append([inner(level.name), *counts, words, None])
    return rows


def _p_of(p: float) -> str:
    return _p(p_value(p))


def _harms(found: TrialAnalysis) -> JournalTable | None:
    if found.adverse_events is None:
        return None
    rows: list[list[object]] = []
    words = harms_lines(found.adverse_events)
    for group, heading in _HEADINGS.items():
        lines = words[group]
        rows += [[heading, None, None, None]] if heading and lines else []
        for line in lines:
            label = inner(line["what"]) if heading else line["what"]
            rows.append([label, line["treatment"], line["control"], line["difference"]])
    events = found.adverse_events
    outside = [f"{when}: {both[0]} and {both[1]} events" for when, both in events.not_counted.items() if any(both)]
    notes = [
        f"from randomisation to week {events.until:g}; all randomised patients in the denominators; a patient counts "
        "once in a row",
        f"percentages with exact {interval(_level(found))}; differences in percentage points by Miettinen and "
        "Nurminen; no tests",
        f"not counted: {'; '.join(outside)}" if outside else "",
        *events.notes,
    ]
    columns = ["", *arm_columns(found), f"Difference, percentage points ({interval(_level(found))})"]
    return journal_table("Adverse events by arm", columns, rows, notes)


def _treatments(found: TrialAnalysis) -> JournalTable | None:
    if found.safety is None or found.safety.empty:
        return None
    rows = []
    for agent, both in found.safety.groupby("what", sort=False):
        one, nought = records(both)
        rows.append([agent, _given(one), _given(nought), _difference(one)])
    columns = ["Agent", *arm_columns(found), f"Difference, percentage points ({interval(_level(found))})"]
    notes = [f"patients (%, exact {interval(_level(found))}); courses or doses, from randomisation to week "
             f"{found.endpoint.week:g}"]  # fmt: skip
    return journal_table("Treatments given after randomisation", columns, rows, notes)


def _given(row: dict[str, Any]) -> str:
    share = f"{percent(row['share'])}, {100 * row['lower']:.1f} to {percent(row['upper'])}"
    return f"{row['patients']} of {row['of']} ({share}); {row['courses']}"


def _difference(row: dict[str, Any]) -> str:
    low, high = points(row["difference_lower"]), points(row["difference_upper"])
    return f"{points(row['difference'])} ({low} to {high})"


def _adherence(found: TrialAnalysis) -> JournalTable | None:
    if found.adherence.empty:
        return None
    rows: list[list[object]] = []
    for row in records(found.adherence):
        share = f"{100 * row['given'] / row['due']:.0f} %" if row["due"] else ""
        name = str(row["centre"])
        rows.append([first_capital(name) if name == ALL_CENTRES else name, row["due"], row["given"], share])
    names = found.plan.arms.names
    deviations = [
        f"{first_capital(str(row['deviation']))}: {number_of(row['treatment'], 'patient')} in {names[0]}, "
        f"{number_of(row['control'], 'patient')} in {names[1]}"
        for row in records(found.deviations)
    ]
    notes = [
        "doses due by the rule of the study, and given",
        *(f"Patients with departures from the rule up to their endpoint. {one}" for one in deviations),
    ]
    columns = ["Centre", "Doses due", "Doses given", "%"]
    return journal_table("Adherence to the dosing rule by centre", columns, rows, notes)


def _losses(found: TrialAnalysis) -> JournalTable:
    rows = [[f"Weeks {row['weeks']}", row["treatment"], row["control"]] for row in records(found.loss.table)]
    notes = [f"shares lost: p {_p_words(found.loss.share.p_value)}, {found.loss.share.method}"]
    if found.loss.time is not None:
        notes.append(f"time to loss: p {_p_words(found.loss.time.p_value)}, {found.loss.time.method}")
    return journal_table("Patients lost to follow-up, by arm", ["", *arm_columns(found)], rows, notes)


def _p_words(p: float) -> str:
    shown = _p_of(p)
    return shown if shown.startswith("<") else f"= {shown}"
