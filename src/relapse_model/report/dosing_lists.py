"""The lists of forecasts on the page of the dosing rule: every patient with a forecast stands in exactly one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from relapse_model.trial.arms.number_words import week_number
from relapse_model.trial.dosing.dosing_report import DosingReport
from relapse_model.trial.dosing.forecast import WEEKS
from relapse_model.trial.dosing.rule import DETECTED
from relapse_model.trial.dosing.visit_verdicts import BY_HAND

NO_DOSE = f"{DETECTED}: the rule calls for no dose"
LIKELY = 0.5  # chance from which on one dose is said to bring the titre to the limit
_AT_MOST = "\N{LESS-THAN OR EQUAL TO}"
LATER = "after"  # ">" beside a titre would be read as one above the limit


@dataclass(frozen=True, slots=True, eq=False)
class ForecastLists:
    """The forecasts by what is expected, in this order of the rule.

    Attributes
    ----------
    unreached : DataFrame
        Measured below the limit, and the chance (`reachable`) that one dose brings them there is under 50 %.
    lasting : DataFrame
        Of the others: not expected to fall below it within a year.
    below : DataFrame
        Of the others: measured below it, and no later dose brings them there.
    falling : DataFrame
        The rest: above it, or brought there by a dose, and expected to fall below it within a year.
    """

    unreached: pd.DataFrame
    lasting: pd.DataFrame
    below: pd.DataFrame
    falling: pd.DataFrame


def forecast_lists(found: DosingReport) -> ForecastLists:
    """Return which list each patient with a forecast stands in.

    Parameters
    ----------
    found : DosingReport
        With forecasts.
    """
    upcoming, titres = found.next, printed_titres(found)
    if upcoming is None:
        upcoming = pd.DataFrame(columns=["patient_id", "titre_week", "week", "reachable"])
    reached = np.array(
        [
            _at_the_limit(_titre(row, titres), found.rule.again.below)
            for row in upcoming[["patient_id", "titre_week"]].to_dict("records")
        ],
        dtype=bool,
    )
    upcoming = upcoming.assign(reached=reached).sort_values(["week", "patient_id"])
    unlikely = (upcoming["reachable"].astype(float) < LIKELY) & ~upcoming["reached"]
    lasting = ~unlikely & np.isinf(upcoming["week"].astype(float))
    below = ~unlikely & ~lasting & (upcoming["week"] <= upcoming["titre_week"]) & ~upcoming["reached"]
    return ForecastLists(
        upcoming[unlikely].sort_values(["reachable", "patient_id"], ascending=[False, True]),
        upcoming[lasting], upcoming[below], upcoming[~unlikely & ~lasting & ~below],
    )  # fmt: skip


def forecast_rows(rows: pd.DataFrame, found: DosingReport) -> list[dict[str, str]]:
    """Return the rows of one list as text; an empty text where a column has nothing to say.

    Parameters
    ----------
    rows : DataFrame
        One of `forecast_lists`.
    found : DosingReport
    """
    titres, by_hand = printed_titres(found), set(found.due.loc[found.due["status"] == BY_HAND, "patient_id"])
    planned = bool(rows["next_visit"].notna().any()) if len(rows) else False
    return [
        {
            "patient": str(row["patient_id"]),
            "titre": _titre(row, titres),
            "titre_week": week_number(row["titre_week"]),
            "week": _median(row),
            "interval": _interval(row),
            "reachable": chance_words(row["reachable"]),
            "visit": f"{row['next_visit']:g}" if pd.notna(row["next_visit"]) else "none planned" if planned else "",
            "chance": ""
            if row["patient_id"] in by_hand or np.isnan(row["due_at_next_visit"])
            else chance_words(row["due_at_next_visit"]),
            "needed": f"about {_hundreds(row['dose_needed'])} IU" if row["dose_needed"] > 0 else "",
            "note": _note(row, by_hand=row["patient_id"] in by_hand),
        }
        for row in rows.to_dict("records")
    ]


def printed_titres(found: DosingReport) -> dict[tuple[str, float], str]:
    """Return each titre as it was printed, by patient and week.

    Parameters
    ----------
    found : DosingReport
    """
    known = found.audit[found.audit["titre"].notna()]
    rows = zip(known["patient_id"], known["week"].astype(float).round(4), known["titre"], strict=True)
    return {(patient, week): str(titre) for patient, week, titre in rows}


def chance_words(share: float) -> str:
    """Return a chance as a whole percentage; never 0 or 100 %, which no forecast can promise.

    Parameters
    ----------
    share : float

    Examples
    --------
    >>> chance_words(0.224), chance_words(0.0), chance_words(1.0)
    ('22 %', '< 1 %', '> 99 %')
    """
    if share < 0.005:
        return "< 1 %"
    return "> 99 %" if share >= 0.995 else f"{100 * share:.0f} %"


def _titre(row: Mapping[Any, Any], titres: dict[tuple[str, float], str]) -> str:
    return titres.get((row["patient_id"], round(float(row["titre_week"]), 4)), "")


def _at_the_limit(titre: str, below: float) -> bool:
    """Tell whether a printed titre is certainly at or above the limit: 101, >1000 or 100-200, but not <200."""
    if not titre or titre.startswith("<"):
        return False
    return float(titre.lstrip(">").split("-")[0]) >= below


def _median(row: Mapping[Any, Any]) -> str:
    if row["reached"] and row["week"] <= row["titre_week"]:
        return f"soon after {week_number(row['titre_week'])}"
    return _week(row["week"], row)


def _interval(row: Mapping[Any, Any]) -> str:
    low, high = _week(row["lower"], row), _week(row["upper"], row)
    return low if low == high else f"{low} to {high}"


def _week(week: float, row: Mapping[Any, Any]) -> str:
    """Return a week; beyond a year the limit of what was looked at, and so at a last titre that may be below."""
    start = float(row["titre_week"])
    if np.isinf(week):
        return f"{LATER} {week_number(start + WEEKS)}"
    if week <= start:
        return week_number(start) if row["reached"] else f"{_AT_MOST} {week_number(start)}"
    return week_number(week)


def _note(row: Mapping[Any, Any], *, by_hand: bool) -> str:
    notes = [f"{NO_DOSE}; a clinician decides"] if by_hand else []
    if row["contradicts"]:
        notes.append("the last titre is implausible given dose and kinetics: check dose, date and assay")
    return "; ".join(notes)


def _hundreds(dose: float) -> str:
    return f"{100 * np.ceil(dose / 100):,.0f}"
