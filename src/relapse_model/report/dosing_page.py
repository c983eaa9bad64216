"""The page of the dosing rule: who is due now, who will be, how practice departed from the rule. It names patients."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from relapse_model.files import write_text
from relapse_model.report.deviation_words import deviation_words
from relapse_model.report.dosing_lists import LATER, NO_DOSE, ForecastLists, forecast_lists, forecast_rows
from relapse_model.report.figures.style import svg
from relapse_model.report.figures.titre_forecast import LOWEST, titre_forecast_figure
from relapse_model.report.page import render
from relapse_model.report.trial_words import first_capital
from relapse_model.trial.arms.number_words import number_of, out_of, week_number
from relapse_model.trial.dosing.missed_visits import missed_planned
from relapse_model.trial.dosing.rule import ALL_CENTRES, DUE
from relapse_model.trial.dosing.visit_verdicts import BY_HAND, CONTROL, NO_ARM

if TYPE_CHECKING:
    from relapse_model.study.study import Study
    from relapse_model.trial.dosing.dosing_report import DosingReport

_WHAT = {
    "due": "give a dose",
    "overdue": "a dose is overdue",
    "undecidable": "measure again",
    "not assessed": "measure anti-HBs",
    "clinician decides": "a clinician decides",
}
_WHAT_OF_MISSED = "contact and measure anti-HBs"
_WHY = {  # where the rule itself does not say
    "undecidable": "the printed titre does not decide",
    "not assessed": "no titre at the visit",
}
_LONG = 12.0  # weeks without a titre, where no visits are planned


def write_dosing_page(
    found: DosingReport, study: Study, path: str | Path, *, as_of: str | None = None, synthetic: bool = False
) -> None:
    """Write the page, for its owner alone.

    Parameters
    ----------
    found : DosingReport
    study : Study
    path : str or Path
    as_of : str, optional
        The day or week that was asked for, as it shall be shown.
    synthetic : bool
        Whether the patients were simulated.
    """
    rule, lists = found.rule, forecast_lists(found)
    shown = _example(lists)
    course = None if shown is None else found.course(shown[0])
    pictures = {} if course is None else {"course": svg(titre_forecast_figure(course, rule.again.below))}
    html = render(
        "dosing_page.html.jinja",
        pictures,
        study=study,
        synthetic=synthetic,
        verdict=_verdict(found, as_of),
        rule=_rule_words(found, study),
        facts=_facts(found, lists, study),
        due=_due_rows(found),
        ended=_ended_rows(found),
        lost=_missed(found),
        stale=_stale(found) if as_of is None else "",
        dose=f"{rule.dose:g} {rule.unit}",
        below=f"{rule.again.below:g}",
        limit=f"{rule.again.below:g} {study.analytes[rule.again.analyte].unit}",
        titre=_titre_name(study.analytes[rule.again.analyte].label),
        titre_title=_titre_title(found, study),
        last_title=f"Last {_titre_name(_titre_title(found, study))}",
        adherence=found.adherence.to_dict("records"),
        on_record=_on_record(found, study),
        notes=[first_capital(note) for note in found.notes],
        captions={},
        course_caption="" if shown is None or course is None else _caption(*shown, course),
        number_of=number_of,
        **_coming(found, lists, study),
        **_deviations(found, study),
    )
    write_text(html, Path(path), private=True)


def _coming(found: DosingReport, lists: ForecastLists, study: Study) -> dict[str, Any]:
    """Return what the page says of the coming weeks."""
    falling = forecast_rows(lists.falling, found)
    return {
        "counted": _counted(found, lists, study),
        "planned": found.next is not None and bool(found.next["next_visit"].notna().any()),
        "upcoming": falling,
        "may_be_below": any("\N{LESS-THAN OR EQUAL TO}" in row["interval"] for row in falling),
        "may_be_later": any(LATER in row["interval"] for row in falling),
        "below_now": forecast_rows(lists.below, found),
        "unreached": forecast_rows(lists.unreached, found),
        "lasting": forecast_rows(lists.lasting, found),
        "no_forecast": _no_forecast(found, study),
    }


def _deviations(found: DosingReport, study: Study) -> dict[str, Any]:
    """Return the departures from the rule in words, with their counts by centre."""
    (agent,) = study.agent_labels([found.rule.agent])
    centres = [name for name in found.deviations.columns if name != "deviation"]
    rows = [
        {"name": deviation_words(row["deviation"], agent), "counts": [row[name] for name in centres]}
        for row in found.deviations.to_dict("records")
    ]
    return {"centres": centres, "deviations": rows}


def _titre_title(found: DosingReport, study: Study) -> str:
    analyte = study.analytes[found.rule.again.analyte]
    return f"{analyte.label} ({analyte.unit})"


def _verdict(found: DosingReport, as_of: str | None) -> str:
    counts = found.due["status"].value_counts()
    until = "" if as_of is None else f"records up to {as_of if '-' in as_of else f'week {as_of}'}"
    last = "as of each patient's last record"
    when = f" ({until or last})"
    now, late = int(counts.get("due", 0)), int(counts.get("overdue", 0))
    decided, measured = int(counts.get("clinician decides", 0)), int(counts.sum()) - now - late
    dose = f"Doses due now: {now or 'none'}; overdue: {late or 'none'}"
    rest = f"Patients to be measured: {measured - decided or 'none'}; for a clinician to decide: {decided or 'none'}"
    return f"{dose}. {rest}{when}."


def _missed(found: DosingReport) -> str:
    """Say how many patients have let planned visits pass: they may be lost, and nobody has recorded it."""
    number = int(missed_planned(found.due).sum())
    if not number:
        return ""
    one = number == 1
    return (
        f"{number_of(number, 'patient')} {'has' if one else 'have'} missed visits and may be lost to follow-up: "
        f"contact {'the patient' if one else 'them'}, or record the loss."
    )


def _stale(found: DosingReport) -> str:
    """Say how many others were last measured long before the rest: what is listed for them may not be of today."""
    if found.next is None or found.next.empty:
        return ""
    weeks, visits = found.next["titre_week"], found.rule.visits
    longest = max((later - early for early, later in pairwise(visits)), default=_LONG)
    limit = float(weeks.max()) - longest
    missed = set(found.due.loc[missed_planned(found.due), "patient_id"])
    old = int(((weeks < limit) & ~found.next["patient_id"].isin(missed)).sum())
    if not old:
        return ""
    return (
        f"The last titre is of week {week_number(float(weeks.max()))} at the latest. In {number_of(old, 'patient')} it "
        f"is from before week {week_number(limit)}: {'the patient was' if old == 1 else 'they were'} enrolled "
        f"recently, or {'has' if old == 1 else 'have'} not been measured since."
    )


def _no_forecast(found: DosingReport, study: Study) -> str:
    """Say why no row stands under the coming weeks."""
    if study.passive_antibody is None:
        return "No forecast: it requires the kinetics of the drug, section [passive_antibody] of the study file."
    if found.next is not None:
        unit = study.analytes[found.rule.again.analyte].unit
        return f"Nobody is expected to fall below {found.rule.again.below:g} {unit} within a year."
    of = "of the arm whose dosing has not ended" if len(found.ended) else "of the arm"
    return f"No forecast: no patient {of} has a titre."


def _rule_words(found: DosingReport, study: Study) -> str:
    rule = found.rule
    analyte = study.analytes[rule.again.analyte]
    return (
        f"The rule: {rule.dose:g} {rule.unit} at week {rule.first.week:g}, and again whenever "
        f"{_titre_name(analyte.label)} is negative or below {rule.again.below:g} {analyte.unit}."
    )


def _titre_name(label: str) -> str:
    """Return an analyte's name within a sentence: anti-HBs, but HBsAg."""
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


def _facts(found: DosingReport, lists: ForecastLists, study: Study) -> list[tuple[str, str]]:
    totals = found.adherence[found.adherence["centre"] == ALL_CENTRES].iloc[0]
    due, given = int(totals["due"]), int(totals["given"])
    share = "" if due in (0, given) else f" ({_percent(given / due)})"
    shown = f"{out_of(given, due)}{share}" if due else "none due"
    facts = [("Patients to act on now", str(len(found.due))), ("Doses given of those known to be due", shown)]
    if found.next is not None:
        of = f"{len(lists.unreached)} of {len(found.next)}"
        limit = f"{found.rule.again.below:g} {study.analytes[found.rule.again.analyte].unit}"
        facts.append((f"Probably will not reach {limit} after one dose, of those with a forecast", of))
    return facts


def _on_record(found: DosingReport, study: Study) -> str:
    """Say how many doses are on record, and how many the report of the trial leaves out: its numbers differ."""
    given = found.audit[found.audit["given_week"].notna() & ~found.audit["verdict"].isin([CONTROL, NO_ARM])]
    if given.empty:
        return ""
    answered = int(given["call"].eq(DUE).sum())
    text = f"{number_of(len(given), 'dose')} on record in the arm; {answered} answered a visit that called for one."
    if study.trial is None:
        return text
    week = study.trial.primary.week
    later = int((given["given_week"] > week).sum())
    if not later:
        return text
    return f"{text} {later} given after week {week:g}: the report of the trial does not count these."


def _due_rows(found: DosingReport) -> list[dict[str, Any]]:
    audit = found.audit[found.audit["given_week"].notna()]
    given = set(zip(audit["patient_id"], audit["given_week"].astype(float).round(4), strict=True))
    return [
        {
            "patient": row["patient_id"],
            "what": _WHAT_OF_MISSED if gone else _WHAT[row["status"]],
            "why": NO_DOSE if row["status"] == BY_HAND else row["reason"] or _WHY.get(row["status"], ""),
            "titre": row["titre"] if isinstance(row["titre"], str) else "",
            "week": week_number(row["week"]),
            "given": "yes" if (row["patient_id"], round(float(row["week"]), 4)) in given else "no",
        }
        for row, gone in zip(found.due.to_dict("records"), missed_planned(found.due), strict=True)
    ]


def _ended_rows(found: DosingReport) -> list[dict[str, str]]:
    return [
        {"patient": row["patient_id"], "reason": first_capital(row["reason"])} for row in found.ended.to_dict("records")
    ]


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _example(lists: ForecastLists) -> tuple[str, str] | None:
    """Return the patient whose forecast is drawn, and why: the first of the first list that holds anybody."""
    ways = (
        (lists.falling, "falls below the threshold soonest"),
        (lists.below, "below the threshold at the last titre"),
        (lists.unreached, "probably will not reach the threshold after one dose"),
        (lists.lasting, "not expected to fall below the threshold within a year"),
    )
    for rows, why in ways:
        if len(rows):
            return str(rows.iloc[0]["patient_id"]), f"the first in the list above ({why})"
    return None


def _counted(found: DosingReport, lists: ForecastLists, study: Study) -> str:
    """Say where every patient of the arm stands; the numbers add up."""
    if found.next is None:
        return ""
    limit = f"{found.rule.again.below:g} {study.analytes[found.rule.again.analyte].unit}"
    ways = (
        (len(lists.falling), f"expected to fall below {limit} within a year"),
        (len(lists.below), f"expected to be below {limit} now"),
        (len(lists.unreached), f"probably will not reach {limit} after one dose"),
        (len(lists.lasting), f"not expected to fall below {limit} within a year"),
    )
    parts = "; ".join(f"{number} {what}" for number, what in ways if number)
    without = found.enrolled - len(found.next) - len(found.ended)
    others = [f"dosing has ended in {len(found.ended)}"] if len(found.ended) else []
    others += [f"{without} without any titre"] if without else []
    return (
        f"{number_of(found.enrolled, 'patient')} in the arm: {len(found.next)} with a forecast"
        f"{''.join(f', {one}' for one in others)}. Of those with a forecast: {parts}."
    )


def _caption(patient: str, why: str, course: pd.DataFrame) -> str:
    floor = f" Values below {LOWEST:g} are drawn at {LOWEST:g}." if (course["lower"] < LOWEST).any() else ""
    start = week_number(course["week"].iloc[0])
    return (
        f"Patient {patient}, {why}. Forecast from the last titre (week {start}) on, with the doses given so far and "
        "none after them. The band holds 90 % of the courses that are possible given the titres; it widens upwards as "
        f"well, because the patient's own antibody may rise or fall.{floor}"
    )
