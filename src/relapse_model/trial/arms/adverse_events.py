"""Adverse events by arm: patients and events, serious ones, by grade and by term. Counted, never tested."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from relapse_model.arrays import Mask, Positions
from relapse_model.cohort.cohort import Cohort
from relapse_model.comparisons import at_or_before, before
from relapse_model.study.names import name_key
from relapse_model.trial.arms.endpoint import Endpoint
from relapse_model.trial.statistics import proportion, risk_difference

SUMMARY, GRADE, TERM = "summary", "grade", "term"
GRADES = ("1", "2", "3", "4", "5")
SEVERE = frozenset(GRADES[2:])
COLUMNS = (
    "group", "what", "arm", "patients", "of", "share", "lower", "upper", "events", "patients_grade_3_or_higher",
    "difference", "difference_lower", "difference_upper",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class AdverseEvents:
    """Adverse events of the randomised patients, in the arm to which they were allocated.

    Attributes
    ----------
    table : DataFrame
        Columns as in `COLUMNS`, two rows (treatment, control) for each of: any event, serious, related, grade 3 or
        higher (group ``"summary"``: exact intervals of the shares, Miettinen-Nurminen intervals of the differences);
        each grade (patients by their worst recorded grade, events by their own); each term (a patient counts once).
    until : float
        Events count from randomisation to this week.
    not_counted : dict of str to (int, int)
        Events of the treatment and the control arm outside these weeks.
    notes : tuple of str
        What was not recorded, and what is not counted.
    rows : DataFrame
        One row per event of a randomised patient, with the patient's place among them, for the analysis data.
    """

    table: pd.DataFrame
    until: float
    not_counted: dict[str, tuple[int, int]]
    notes: tuple[str, ...]
    rows: pd.DataFrame

    def __repr__(self) -> str:
        """Return counts only."""
        return f"AdverseEvents({int(self.rows['counted'].sum())} events to week {self.until:g})"


def adverse_events_by_arm(
    cohort: Cohort, found: Endpoint, names: tuple[str, str], reach: float, level: float
) -> AdverseEvents | None:
    """Count adverse events by arm, from randomisation to the visit of the endpoint's week.

    Assumes that the table is complete: a patient of whom it says nothing had no event. None without a table: then
    nothing was recorded, which is not "no events". All randomised patients are in the denominators, also those who were
    not followed to the end. No p-values: nothing here was planned to be tested.

    Parameters
    ----------
    cohort : Cohort
    found : Endpoint
    names : tuple of str
        The treatment and the control arm.
    reach : float
        Weeks by which the visit of the endpoint may be late.
    level : float
    """
    if cohort.adverse_events is None:
        return None
    rows, strangers = _rows(cohort, found, reach)
    inside = rows[rows["counted"]]
    parts = [*_summary(inside), *_grades(inside), *_terms(inside)]
    table = pd.DataFrame(
        [row for part in parts for row in _both(*part, found, names, level)], columns=list(COLUMNS)
    ).astype({"patients_grade_3_or_higher": "Int64"})
    treated = found.treated[rows["row"].to_numpy(dtype=np.intp)]
    outside = {
        f"before week {0:g}": before(rows["week"].to_numpy(dtype=float), 0.0),
        f"after week {found.week + reach:g}": rows["after"].to_numpy(dtype=bool),
    }
    not_counted = {when: (int((who & treated).sum()), int((who & ~treated).sum())) for when, who in outside.items()}
    return AdverseEvents(table, found.week + reach, not_counted, _notes(inside, strangers), rows)


def _rows(cohort: Cohort, found: Endpoint, reach: float) -> tuple[pd.DataFrame, int]:
    """Return the events of randomised patients with what is counted of each, and how many others had."""
    table = cohort.adverse_events
    assert table is not None
    place = np.full(len(cohort), -1)
    place[found.place] = np.arange(len(found))
    row = place[table["patient"].to_numpy(dtype=np.intp)]
    week = table["week"].to_numpy(dtype=float)
    after = ~np.asarray(at_or_before(week, found.week + reach))
    known = {name: table[name].to_numpy() if name in table else np.nan for name in ("grade", "serious", "related")}
    rows = pd.DataFrame({"row": row, "week": week, "term": table["term"].to_numpy(), **known}, index=table.index)
    rows["serious_by_grade"] = rows["grade"].isin(["5"]) & rows["serious"].isna()
    rows.loc[rows["grade"].isin(["5"]), "serious"] = 1.0  # a death is serious by definition
    rows["counted"], rows["after"] = ~before(week, 0.0) & ~after, after
    rows["counted_as"] = _spelling(rows["term"])
    return rows[row >= 0].reset_index(drop=True), int((row < 0).sum())


def _spelling(terms: pd.Series) -> pd.Series:
    """Return each term in the most frequent of its spellings: letters' case, spaces and hyphens make no other term."""
    key = terms.map({text: name_key(str(text)) for text in terms.unique()})
    count = pd.DataFrame({"key": key, "term": terms}).value_counts().reset_index()
    count = count.sort_values(["key", "count", "term"], ascending=[True, False, True]).drop_duplicates("key")
    return key.map(dict(zip(count["key"], count["term"], strict=True)))


Part = tuple[str, str, pd.DataFrame, pd.DataFrame]  # group, what, rows of its patients, rows of its events


def _summary(rows: pd.DataFrame) -> Iterator[Part]:
    yield SUMMARY, "any", rows, rows
    for name, which, recorded in (
        ("serious", rows["serious"] == 1, rows["serious"].notna()),
        ("related to treatment", rows["related"] == 1, rows["related"].notna()),
        ("grade 3 or higher", rows["grade"].isin(SEVERE), rows["grade"].notna()),
    ):
        # Of a property that was recorded of no event nothing is said; without events, all are 0.
        if recorded.any() or rows.empty:
            yield SUMMARY, name, rows[which], rows[which]


def _grades(rows: pd.DataFrame) -> Iterator[Part]:
    grade = pd.to_numeric(rows["grade"])
    if not grade.notna().any():
        return
    worst = grade.groupby(rows["row"]).transform("max")
    for one in GRADES:
        yield GRADE, one, rows[worst == int(one)], rows[grade == int(one)]
    if grade.isna().any():
        yield GRADE, "not recorded", rows[worst.isna()], rows[grade.isna()]


def _terms(rows: pd.DataFrame) -> Iterator[Part]:
    """Return the terms, those of most patients first."""
    patients = rows.groupby("counted_as")["row"].nunique().reset_index()
    order = patients.sort_values(["row", "counted_as"], ascending=[False, True])["counted_as"]
    by_term = dict(iter(rows.groupby("counted_as")))
    for term in order:
        yield TERM, str(term), by_term[term], by_term[term]


def _both(
    group: str, what: str, patients: pd.DataFrame, events: pd.DataFrame, found: Endpoint, names: tuple[str, str],
    level: float,
) -> list[tuple[Any, ...]]:  # fmt: skip
    """Return the rows of one line of the table, for the treatment and the control arm."""
    graded = group == TERM and events["grade"].notna().any()
    arms = []
    for who in (found.treated, ~found.treated):
        severe = _patients(events[events["grade"].isin(SEVERE)], who) if graded else None
        arms.append((_patients(patients, who), int(who.sum()), _events(events, who), severe))
    (x1, n1, *_), (x0, n0, *_) = arms
    rows = []
    for name, (x, n, count, severe) in zip(names, arms, strict=True):
        figures: list[float] = [x / n, *[np.nan] * 5]
        if group == SUMMARY:
            share = proportion(x, n, level)
            figures[1:3] = share.lower, share.upper
            if name == names[0]:
                contrast = risk_difference(x1, n1, x0, n0, level)
                figures[3:] = float(contrast.value or 0.0), contrast.lower, contrast.upper
        rows.append((group, what, name, x, n, *figures[:3], count, severe, *figures[3:]))
    return rows


def _owners(rows: pd.DataFrame) -> Positions:
    owners: Positions = rows["row"].to_numpy(dtype=np.intp)
    return owners


def _patients(rows: pd.DataFrame, who: Mask) -> int:
    return int(who[np.unique(_owners(rows))].sum())


def _events(rows: pd.DataFrame, who: Mask) -> int:
    return int(who[_owners(rows)].sum())


def _notes(rows: pd.DataFrame, strangers: int) -> tuple[str, ...]:
    """Say what the table does not tell, and of whom it tells nothing that counts."""
    notes = []
    words = {"grade": "the grade", "serious": "whether the event was serious", "related": "whether it was related"}
    for name, what in words.items():
        unknown = int(rows[name].isna().sum())
        if unknown:
            of = "any event" if unknown == len(rows) else f"{unknown} of {len(rows)} events"
            one_sided = name != "grade" and unknown < len(rows)  # grades have a line of those not recorded
            counted = ", which are not among those counted: the true number may be larger" if one_sided else ""
            notes.append(f"{what} was not recorded for {of}{counted}")
    inferred = int(rows["serious_by_grade"].sum())
    if inferred:
        notes.append(f"counted as serious by their grade, 5, since whether they were was not recorded: {inferred}")
    if strangers:
        notes.append(f"not counted: events of patients who were not randomised ({strangers})")
    return tuple(notes)
