"""Every visit of the dosing arm beside the rule: what was due, what was given, and how the two differ."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Floats, Mask
from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.measurements import Measurements, measurements
from relapse_model.cohort.outcome.decided_tests import decide_tests
from relapse_model.cohort.tables.column_values import texts
from relapse_model.cohort.tables.columns import MISSING_WORDS
from relapse_model.comparisons import at_or_before
from relapse_model.errors import CohortError, Problem
from relapse_model.features.endogenous import dose_problems
from relapse_model.study.study import Study
from relapse_model.study.trial_plan import DosingRule
from relapse_model.trial.dosing.endings import Endings
from relapse_model.trial.dosing.rule import (
    DETECTED,
    DUE,
    ENDED,
    NONE,
    NOT_ASSESSED,
    NOT_DUE,
    UNDECIDABLE,
    call_titres,
    match_doses,
)

COLUMNS = ("patient", "week", "titre", "reason", "call", "given_week", "amount", "verdict", "days_late")
BY_HAND, WRONG_AMOUNT, WITHOUT_NEED = "clinician decides", "wrong amount", "given without need"
BEFORE, CONTROL, AFTER, TWICE, UNDECIDED, UNASSESSED, WITH_ANTIGEN = (
    "given before enrolment", "given in the control arm", "given after dosing ended", "given twice for one visit",
    "given while undecided", "given without a titre since the last dose", "given although HBsAg was detected",
)  # fmt: skip
NO_ARM = "given to a patient without an arm"  # of those who were not randomised: others are refused
_FIRST_ROW = 2  # rows are numbered as in a spreadsheet: the header is row 1


@dataclass(frozen=True, slots=True)
class _Records:
    """What the rule looks at, of all patients, and when dosing ends."""

    titres: Measurements
    tests: Measurements
    positive: NDArray[np.bool_]
    visit_patient: NDArray[np.intp]
    visit_week: Floats
    doses: pd.DataFrame
    endings: Endings
    reason: NDArray[np.object_]
    negative_to: float


def visit_verdicts(
    cohort: Cohort, study: Study, rule: DosingRule, as_of: Floats, visits: tuple[float, ...], ends: Endings
) -> pd.DataFrame:
    """Return one row per assessed visit of the dosing arm, and one per dose that answers none.

    A visit is a day with a titre, the enrolment, or an attended visit of the plan without any titre. Blood of a visit
    was drawn before the dose of that visit.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    rule : DosingRule
    as_of : array of float, shape (patients,)
        The week up to which each patient's records are looked at.
    visits : tuple of float
        Planned weeks; empty to take every day with a laboratory result as a visit.
    ends : Endings
        When dosing ends; from then on neither a titre nor HBsAg asks for anything.

    Returns
    -------
    DataFrame
        ``patient`` (position), ``week``, ``titre`` (as text), ``reason`` (``enrolment``, ``below 100``, ``negative``;
        or what ended dosing), ``call``, ``given_week``, ``amount``, ``verdict``, ``days_late``; by patient and week.

    Raises
    ------
    CohortError
        If the cohort has no treatments table, or a dose has no amount in IU.
    """
    records = _records(cohort, study, rule, as_of, ends)
    arm = cohort.patients["arm"].to_numpy()
    rows: list[dict[str, object]] = []
    by_patient = dict(iter(records.doses.groupby("patient")))
    nothing = records.doses.iloc[:0]
    for place in np.flatnonzero((arm == rule.arm) & (as_of >= rule.first.week - rule.first.window_weeks)):
        rows += _patient(records, rule, int(place), by_patient.get(int(place), nothing), float(as_of[place]), visits)
    nowhere = without_arm(cohort, study)
    for place in np.flatnonzero(arm != rule.arm):
        verdict = NO_ARM if nowhere[place] else CONTROL
        for _, dose in by_patient.get(int(place), nothing).iterrows():
            rows.append(_row(int(place), float(dose["start_week"]), None, "", NONE, dose, verdict))
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.sort_values(["patient", "week"], kind="stable").reset_index(drop=True)


def without_arm(cohort: Cohort, study: Study) -> Mask:
    """Tell of whom no arm is known: none is written, or a word for "missing" that names no arm of the plan.

    Parameters
    ----------
    cohort : Cohort
        With an arm column.
    study : Study
    """
    arm = texts(cohort.patients["arm"])
    named = [] if study.trial is None else [study.trial.arms.treatment, study.trial.arms.control]
    return np.asarray((arm.str.casefold().isin(MISSING_WORDS) & ~arm.isin(named)).to_numpy(), dtype=bool)


def _records(cohort: Cohort, study: Study, rule: DosingRule, as_of: Floats, ends: Endings) -> _Records:
    titres = measurements(cohort, study, rule.again.analyte)
    titres = titres.rows(at_or_before(titres.week, as_of[titres.patient]))
    tests = titres.rows(np.zeros(len(titres.week), dtype=bool))
    positive = np.zeros(0, dtype=bool)
    if study.outcome.analyte is not None:
        tests = measurements(cohort, study, study.outcome.analyte)
        tests = tests.rows(at_or_before(tests.week, as_of[tests.patient]))
        call = decide_tests(tests, study.outcome)
        tests, positive = tests.rows(call >= 0), call[call >= 0] == 1
    seen = cohort.labs.loc[at_or_before(cohort.labs["week"], as_of[cohort.labs["patient"]]), ["patient", "week"]]
    seen = seen.drop_duplicates().sort_values(["patient", "week"])
    doses, limit = _doses(cohort, rule), study.analytes[rule.again.analyte].lower_limit
    doses = doses[at_or_before(doses["start_week"], as_of[doses["patient"]])]
    return _Records(
        titres, tests, positive, seen["patient"].to_numpy(dtype=np.intp), seen["week"].to_numpy(dtype=float),
        doses, ends, ends.reason, rule.again.below if limit is None else limit,
    )  # fmt: skip


def _doses(cohort: Cohort, rule: DosingRule) -> pd.DataFrame:
    """Return the doses of the rule's agent in order, each an amount in IU."""
    table = cohort.treatments
    if table is None:
        problem = Problem(
            "treatments", None, None, "no such table", f"the doses of {rule.agent}",
            "A table without rows says that nobody was given any",
        )  # fmt: skip
        raise CohortError("no dosing report", [problem])
    given = (table["agent"] == rule.agent).to_numpy()
    problems = list(dose_problems(table[given], np.flatnonzero(given) + _FIRST_ROW))
    if problems:
        raise CohortError("no dosing report", problems)
    doses = table.loc[given].reindex(columns=["patient", "start_week", "dose"])
    # Vials of one day are one dose.
    return doses.astype({"start_week": float, "dose": float}).groupby(["patient", "start_week"], as_index=False).sum()


def _patient(
    records: _Records, rule: DosingRule, place: int, doses: pd.DataFrame, as_of: float, visits: tuple[float, ...]
) -> list[dict[str, object]]:
    week, lower, upper, reason = _visits(records, rule, place, visits)
    call = call_titres(lower, upper, rule.again.below)
    first = reason == "enrolment"
    call[first] = DUE
    detected = _detected(records, place, week) & ~first
    call[detected] = DETECTED
    ended = week >= records.endings.stop[place]
    expected = (call == DUE) & ~ended
    asked = call.copy()
    over = ended & np.isin(call, (DUE, DETECTED))
    call[over], reason[over] = ENDED, records.reason[place]  # what the titre would ask for is no longer asked
    latest = np.where(first, rule.first.week + rule.first.window_weeks, week + rule.again.act_within_weeks)
    amount, given = doses["dose"].to_numpy(), doses["start_week"].to_numpy()
    until = min(as_of, float(records.endings.gone[place]))  # what could still be given then is not omitted
    found = match_doses(week, expected, latest, given, rule.first.week - rule.first.window_weeks, until)
    rows = []
    for position in range(len(week)):
        verdict, days, dose = found.verdict[position], found.days_late[position], None
        if found.dose[position] >= 0:
            dose = doses.iloc[found.dose[position]]
            verdict = WRONG_AMOUNT if not np.isclose(amount[found.dose[position]], rule.dose) else verdict
        elif call[position] in (UNDECIDABLE, NOT_ASSESSED) and not ended[position]:
            verdict = call[position]
        elif call[position] == DETECTED:
            verdict = BY_HAND
        titre = titre_text(lower[position], upper[position])
        why = reason[position] if call[position] in (DUE, ENDED) else ""
        rows.append(_row(place, week[position], titre, why, call[position], dose, verdict, days))
    taken = set(found.dose.tolist())
    for number in sorted(set(range(len(doses))) - taken):
        verdict = _unasked(float(given[number]), week, asked, latest, rule, float(records.endings.stop[place]))
        rows.append(_row(place, float(given[number]), None, "", NONE, doses.iloc[number], verdict))
    return rows


def _visits(
    records: _Records, rule: DosingRule, place: int, planned: tuple[float, ...]
) -> tuple[Floats, Floats, Floats, NDArray[np.object_]]:
    """Return week and bounds of the titre of each visit, and why a dose would be due; the enrolment comes first."""
    own = slice(*np.searchsorted(records.titres.patient, [place, place + 1]))
    week, lower, upper = (getattr(records.titres, name)[own] for name in ("week", "lower", "upper"))
    begin, end = rule.first.week - rule.first.window_weeks, rule.first.week + rule.first.window_weeks
    at_first = np.flatnonzero((week >= begin) & (week <= end))
    last = np.append(week[1:] != week[:-1], True) if len(week) else np.zeros(0, dtype=bool)
    later = np.flatnonzero((week > end) & last)
    seen = records.visit_week[slice(*np.searchsorted(records.visit_patient, [place, place + 1]))]
    missed = _without_titre(seen[seen > end], week, planned)
    none = np.full(len(missed), np.nan)
    bounds = [
        np.concatenate([[column[at_first[-1]] if len(at_first) else np.nan], column[later], none])
        for column in (lower, upper)
    ]
    weeks = np.concatenate([[rule.first.week], week[later], missed])
    negative = (bounds[0] == 0) & (bounds[1] <= records.negative_to)
    below = f"below {rule.again.below:g}"
    reason = np.where(negative, "negative", below).astype(object)
    reason[0] = "enrolment"
    order = np.argsort(weeks, kind="stable")
    return weeks[order], bounds[0][order], bounds[1][order], reason[order]


def _without_titre(seen: Floats, titre: Floats, planned: tuple[float, ...]) -> Floats:
    """Return attended visits without a titre: of the plan, where there is one, else days with results."""
    if not planned:
        return np.setdiff1d(seen, titre)
    border = np.array([0.5 * (early + late) for early, late in pairwise(planned)])
    visited, measured = np.searchsorted(border, seen), np.searchsorted(border, titre)
    return np.array([seen[visited == visit][0] for visit in np.setdiff1d(visited, measured)])


def _detected(records: _Records, place: int, week: Floats) -> NDArray[np.bool_]:
    """Tell at which weeks the last decided test of the outcome was positive."""
    own = slice(*np.searchsorted(records.tests.patient, [place, place + 1]))
    tested, positive = records.tests.week[own], records.positive[own]
    at = np.searchsorted(tested, week, side="right") - 1
    return np.asarray((at >= 0) & positive[np.maximum(at, 0)] if len(tested) else np.zeros(len(week), dtype=bool))


def _unasked(
    given: float, week: Floats, call: NDArray[np.object_], latest: Floats, rule: DosingRule, stop: float
) -> str:
    """Return what a dose is called that no visit asked for; past the time of the last visit it is of another day."""
    if given < rule.first.week - rule.first.window_weeks:
        return BEFORE
    last = np.searchsorted(week, given, side="right") - 1
    if given > stop or (call[last] == DUE and week[last] >= stop):
        return AFTER
    if call[last] == DUE and not at_or_before(given, latest[last]):
        return UNASSESSED
    return {NOT_DUE: WITHOUT_NEED, DUE: TWICE, DETECTED: WITH_ANTIGEN}.get(call[last], UNDECIDED)


def titre_text(lower: float, upper: float) -> str | None:
    """Return a titre by its bounds as a laboratory prints it; None where there is none."""
    if np.isnan(lower) or np.isnan(upper):
        return None
    if lower == upper:
        return f"{lower:g}"
    if np.isinf(upper):
        return f">{lower:g}"
    return f"<{upper:g}" if lower == 0 else f"{lower:g}-{upper:g}"


def _row(
    place: int, week: float, titre: str | None, reason: str, call: str, dose: pd.Series | None, verdict: str,
    days: float = np.nan,
) -> dict[str, object]:  # fmt: skip
    given = (np.nan, np.nan) if dose is None else (float(dose["start_week"]), float(dose["dose"]))
    values = (place, float(week), titre, reason, call, *given, verdict, days)
    return dict(zip(COLUMNS, values, strict=True))
