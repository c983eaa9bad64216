"""The page of the dosing rule: who is due now, who will be, how practice departed from the rule. It names patients."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from relapse_model.files import write_text
from relapse_model.report.figures.style import svg
from relapse_model.report.figures.titre_forecast import LOWEST, titre_forecast_figure
from relapse_model.report.page import render
from relapse_model.report.trial_words import first_capital
from relapse_model.trial.arms.number_words import number_of, out_of, week_number
from relapse_model.trial.dosing.forecast import WEEKS
from relapse_model.trial.dosing.rule import ALL_CENTRES, DETECTED
from relapse_model.trial.dosing.visit_verdicts import BY_HAND

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
_WHY = {  # where the rule itself does not say
    "undecidable": "the printed titre does not decide",
    "not assessed": "no titre at the visit",
}
_NO_DOSE = f"{DETECTED}: the rule calls for no dose"
_UNREACHABLE = 0.1  # chance of reaching the limit below which the page says that one dose does not do it
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
    rule = found.rule
    shown = _example(found)
    course = None if shown is None else found.course(shown[0])
    pictures = {} if course is None else {"course": svg(titre_forecast_figure(course, rule.again.below))}
    centres = [name for name in found.deviations.columns if name != "deviation"]
    html = render(
        "dosing_page.html.jinja",
        pictures,
        study=study,
        synthetic=synthetic,
        verdict=_verdict(found, as_of),
        rule=_rule_words(found, study),
        facts=_facts(found),
        due=_due_rows(found),
        upcoming=None if found.next is None else _next_rows(_above(found.next), found),
        below_now=[] if found.next is None else _next_rows(_below(found.next), found),
        unreached=[] if found.next is None else _next_rows(_unreached(found.next), found),
        no_forecast=_no_forecast(found, study),
        ended=_ended_rows(found),
        stale=_stale(found) if as_of is None else "",
        dose=f"{rule.dose:g} {rule.unit}",
        below=f"{rule.again.below:g}",
        limit=f"{rule.again.below:g} {study.analytes[rule.again.analyte].unit}",
        titre=_titre_name(study.analytes[rule.again.analyte].label),
        titre_title=_titre_title(found, study),
        centres=centres,
        deviations=[
            {"name": row["deviation"], "counts": [row[name] for name in centres]}
            for row in found.deviations.to_dict("records")
        ],
        adherence=found.adherence.to_dict("records"),
        notes=[first_capital(note) for note in found.notes],
        captions={},
        course_caption="" if shown is None or course is None else _caption(*shown, course),
        number_of=number_of,
    )
    write_text(html, Path(path), private=True)


def _titre_title(found: DosingReport, study: Study) -> str:
    analyte = study.analytes[found.rule.again.analyte]
    return f"{analyte.label} ({analyte.unit})"


def _verdict(found: DosingReport, as_of: str | None) -> str:
    counts = found.due["status"].value_counts()
    when = f" (records up to {as_of if '-' in as_of else 'week ' + as_of})" if as_of else " (as of each last record)"
    now, late = int(counts.get("due", 0)), int(counts.get("overdue", 0))
    decided, measured = int(counts.get("clinician decides", 0)), int(counts.sum()) - now - late
    dose = f"Doses due now: {now or 'none'}; overdue: {late or 'none'}"
    return f"{dose}. Patients to be measured: {measured - decided or 'none'}; to be decided: {decided or 'none'}{when}."


def _stale(found: DosingReport) -> str:
    """Say how many patients were last measured long before others: what is listed for them may not be of today."""
    if found.next is None or found.next.empty:
        return ""
    weeks, visits = found.next["titre_week"].to_numpy(dtype=float), found.rule.visits
    longest = max((later - early for early, later in pairwise(visits)), default=_LONG)
    limit = float(weeks.max()) - longest
    old = int((weeks < limit).sum())
    if not old:
        return ""
    return (
        f"The last titre is of week {week_number(weeks.max())} at the latest. In {number_of(old, 'patient')} it is "
        f"from before week {week_number(limit)}: {'the patient was' if old == 1 else 'they were'} enrolled "
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


def _facts(found: DosingReport) -> list[tuple[str, str]]:
    totals = found.adherence[found.adherence["centre"] == ALL_CENTRES].iloc[0]
    due, given = int(totals["due"]), int(totals["given"])
    share = "" if due in (0, given) else f" ({_percent(given / due)})"
    shown = f"{out_of(given, due)}{share}" if due else "none due"
    facts = [("Patients to act on now", str(len(found.due))), ("Doses given of those known to be due", shown)]
    if found.next is not None:
        never = int((found.next["reachable"] < _UNREACHABLE).sum())
        limit = f"{found.rule.again.below:g}"
        of = f"{never} of {len(found.next)} forecast"
        facts.append((f"Not expected to reach {limit} after one dose", of))
    return facts


def _due_rows(found: DosingReport) -> list[dict[str, Any]]:
    audit = found.audit[found.audit["given_week"].notna()]
    given = set(zip(audit["patient_id"], audit["given_week"].astype(float).round(4), strict=True))
    return [
        {
            "patient": row["patient_id"],
            "what": _WHAT[row["status"]],
            "why": _NO_DOSE if row["status"] == BY_HAND else row["reason"] or _WHY.get(row["status"], ""),
            "titre": row["titre"] if isinstance(row["titre"], str) else "",
            "week": week_number(row["week"]),
            "given": "yes" if (row["patient_id"], round(float(row["week"]), 4)) in given else "no",
        }
        for row in found.due.to_dict("records")
    ]


def _ended_rows(found: DosingReport) -> list[dict[str, str]]:
    return [
        {"patient": row["patient_id"], "reason": first_capital(row["reason"])} for row in found.ended.to_dict("records")
    ]


def _next_rows(upcoming: pd.DataFrame, found: DosingReport) -> list[dict[str, Any]]:
    """Return the rows of a table of forecasts, soonest first."""
    titres = _titres(found)
    by_hand = set(found.due.loc[found.due["status"] == BY_HAND, "patient_id"])
    return [
        {
            "patient": row["patient_id"],
            "titre": titres.get((row["patient_id"], round(float(row["titre_week"]), 4)), ""),
            "titre_week": week_number(row["titre_week"]),
            "week": _week(row["week"], row["titre_week"]),
            "interval": _interval(row),
            "visit": "none planned" if np.isnan(row["next_visit"]) else f"{row['next_visit']:g}",
            "chance": ""
            if row["patient_id"] in by_hand or np.isnan(row["due_at_next_visit"])
            else _percent(row["due_at_next_visit"]),
            "needed": f"about {_hundreds(row['dose_needed'])} IU" if row["dose_needed"] > 0 else "",
            "note": _note(row, by_hand=row["patient_id"] in by_hand),
        }
        for row in upcoming.sort_values(["week", "patient_id"]).to_dict("records")
    ]


def _titres(found: DosingReport) -> dict[tuple[str, float], str]:
    """Return each titre as it was printed, by patient and week."""
    known = found.audit[found.audit["titre"].notna()]
    rows = zip(known["patient_id"], known["week"].astype(float).round(4), known["titre"], strict=True)
    return {(patient, week): str(titre) for patient, week, titre in rows}


def _above(upcoming: pd.DataFrame) -> pd.DataFrame:
    """Return those above the limit, or whom a dose brings there, who fall below it, or whose titre is in doubt."""
    above = (upcoming["week"] > upcoming["titre_week"]) & (upcoming["reachable"] >= _UNREACHABLE)
    rows: pd.DataFrame = upcoming[above & (np.isfinite(upcoming["week"]) | upcoming["contradicts"])]
    return rows


def _unreached(upcoming: pd.DataFrame) -> pd.DataFrame:
    """Return the patients whom one dose is not expected to bring to the limit."""
    rows: pd.DataFrame = upcoming[upcoming["reachable"] < _UNREACHABLE]
    return rows


def _below(upcoming: pd.DataFrame) -> pd.DataFrame:
    """Return the patients who are below the limit even with their last dose."""
    below = (upcoming["week"] <= upcoming["titre_week"]) & (upcoming["reachable"] >= _UNREACHABLE)
    rows: pd.DataFrame = upcoming[below]
    return rows


def _interval(row: Mapping[Any, Any]) -> str:
    low, high = _week(row["lower"], row["titre_week"]), _week(row["upper"], row["titre_week"])
    return low if low == high else f"{low} to {high}"


def _week(week: float, titre_week: float) -> str:
    """Return a week; beyond a year, or at the last titre already, the limit of what was looked at."""
    if np.isinf(week):
        return f"> {week_number(titre_week + WEEKS)}"
    if week <= titre_week:
        return f"\N{LESS-THAN OR EQUAL TO} {week_number(titre_week)}"
    return week_number(week)


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _note(row: Mapping[Any, Any], *, by_hand: bool) -> str:
    notes = [f"{_NO_DOSE}; a clinician decides"] if by_hand else []
    if row["contradicts"]:
        notes.append("the last titre is implausible given dose and kinetics: check dose, date and assay")
    return "; ".join(notes)


def _hundreds(dose: float) -> str:
    return f"{100 * np.ceil(dose / 100):,.0f}"


def _example(found: DosingReport) -> tuple[str, str] | None:
    """Return the patient whose forecast is drawn, and why: the first of the first list that holds anybody."""
    if found.next is None:
        return None
    lists = ((_above, "falls below the threshold soonest"), (_below, "below the threshold at the last titre"),
             (_unreached, "not expected to reach the threshold after one dose"))  # fmt: skip
    for those, why in lists:
        rows = those(found.next).sort_values(["week", "patient_id"])
        if len(rows):
            return str(rows.iloc[0]["patient_id"]), f"the first in the list above ({why})"
    return None


def _caption(patient: str, why: str, course: pd.DataFrame) -> str:
    floor = f" Values below {LOWEST:g} are drawn at {LOWEST:g}." if (course["lower"] < LOWEST).any() else ""
    start = week_number(course["week"].iloc[0])
    return (
        f"Patient {patient}, {why}. Forecast from the last titre (week {start}) on, with the doses given so far and "
        "none after them. The band holds 90 % of the courses that are possible given the titres; it widens upwards as "
        f"well, because the patient's own antibody may rise or fall.{floor}"
    )
