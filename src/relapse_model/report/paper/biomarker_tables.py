"""The table of a screen of biomarkers for a journal."""

from __future__ import annotations

from math import exp, isfinite
from typing import Any

from relapse_model.report.paper.journal_table import LEVEL, JournalTable, interval, journal_table
from relapse_model.trial.biomarkers.result import BiomarkerScreen

_STEPS = {"yes": "yes against no", "log10": "per tenfold", "SD": "per SD"}


def biomarker_table(found: BiomarkerScreen) -> JournalTable:
    """Return the candidates, each with its own interval and the one for all of them together; all counts shown.

    Parameters
    ----------
    found : BiomarkerScreen
    """
    rows = [
        [row["label"], _STEPS.get(str(row["per"]), row["per"]), row["n"], row["events"],
         _ratio(row, "lower", "upper"), _ratio(row, "simultaneous_lower", "simultaneous_upper"), _p(row["p_drawn"]),
         _p(row["p_maxt"]), _p(row["q_bh"]), "yes" if row["selected"] is True else "no"]
        for row in found.table.astype(object).to_dict("records")
    ]  # fmt: skip
    columns = ["Biomarker", "Step", "n", "Events", f"Odds ratio ({interval(LEVEL)})",
               f"{interval(LEVEL)} for all together", "p", "p, family-wise", "False discovery rate",
               "Selected"]  # fmt: skip
    untested = {
        place: f"{row['label']}: not tested, {row['note']}"
        for place, row in enumerate(found.table.to_dict("records"))
        if row["score_z"] != row["score_z"]
    }
    notes = [f"beside the predictors known already: {', '.join(found.base)}", *found.notes]
    return journal_table("Candidate biomarkers", columns, rows, notes, untested)


def _ratio(row: dict[Any, Any], low: str, high: str) -> str:
    numbers = [float(row[name]) for name in ("log_odds", low, high)]
    if not all(map(isfinite, numbers)):
        return ""
    value, lower, upper = map(exp, numbers)
    return (
        f"{lower:.2f} to {upper:.2f}" if low.startswith("simultaneous") else f"{value:.2f} ({lower:.2f} to {upper:.2f})"
    )


def _p(p: Any) -> str:
    number = float(p)
    if not isfinite(number):
        return ""
    return "<0.001" if number < 0.001 else f"{number:.3f}" if number < 0.1 else f"{number:.2f}"
