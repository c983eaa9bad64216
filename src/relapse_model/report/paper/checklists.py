"""The checklists of reporting, filled: where each item is reported, and what is left to the authors."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from relapse_model.report.paper import consort
from relapse_model.report.paper.journal_table import JournalTable, journal_table
from relapse_model.report.tripod import ANSWERED, IN_PART, OPEN, TripodItem
from relapse_model.report.tripod import ITEMS as TRIPOD
from relapse_model.trial.arms.analysis import TrialAnalysis

_COLUMNS = ("Item", "Topic", "Asks for", "State", "Reported in", "Left to the authors", "Page")
_TABLES_OF_TRIPOD = {  # items of TRIPOD+AI that tables and figures of the folder report
    9: ("predictors",), 14: ("subgroups",), 15: ("coefficients", "figure nomogram"), 20: ("patients_by_outcome",),
    22: ("coefficients", "figure nomogram"),
    23: ("performance", "thresholds", "subgroups", "figure calibration", "figure decision_curve"),
}  # fmt: skip


def consort_checklist(found: TrialAnalysis, made: Collection[str]) -> JournalTable:
    """Return CONSORT 2025 with where each item is reported: in a table or figure that was made, or in the study file.

    Parameters
    ----------
    found : TrialAnalysis
    made : collection of str
        Tables by name, figures as ``figure NAME``.
    """
    stated = consort.plan_words(found)
    rows = []
    for item in consort.ITEMS:
        where = [stated.get(one, _words(one)) for one in item.where if stated.get(one) or one in made]
        missing = [one for one in item.where if one not in stated and one not in made]
        authors = item.authors or (_not_here(missing) if not where else "")
        state = OPEN if not where else IN_PART if item.authors else ANSWERED
        rows.append([item.number, item.topic, item.asks, state, "; ".join(where), authors, ""])
    notes = ["CONSORT 2025, doi:10.1371/journal.pmed.1004587. What an item asks for is abridged: read the original"]
    return journal_table("CONSORT 2025 checklist", _COLUMNS, rows, notes)


def tripod_checklist(made: Collection[str], report: str) -> JournalTable:
    """Return TRIPOD+AI with where each item is reported: in a section of the report, in a table or figure.

    Parameters
    ----------
    made : collection of str
        Tables by name, figures as ``figure NAME``.
    report : str
        Address of the report of the validation.
    """
    rows = [
        [item.number, item.heading, _parts(item), item.state, "; ".join(_places(item, made, report)), item.authors, ""]
        for item in TRIPOD
    ]
    notes = ["TRIPOD+AI, doi:10.1136/bmj-2023-078378. The original says what each part of an item asks for"]
    return journal_table("TRIPOD+AI checklist", _COLUMNS, rows, notes)


def _parts(item: TripodItem) -> str:
    letters = "abcdefghij"[: item.subitems]
    return "" if item.subitems == 1 else f"parts {letters[0]} to {letters[-1]}"


def _places(item: TripodItem, made: Collection[str], report: str) -> Iterable[str]:
    yield from (f"{report}#{anchor}" for anchor in item.sections)
    yield from (_words(one) for one in _TABLES_OF_TRIPOD.get(item.number, ()) if one in made)


def _words(name: str) -> str:
    kind, _, figure = name.partition(" ")
    return f"figures/{figure}" if kind == "figure" and figure else f"tables/{name}"


def _not_here(missing: list[str]) -> str:
    """Say of an item that the data could have answered that they do not."""
    return f"not in the data: {', '.join(one.replace('_', ' ') for one in missing)}"
