"""Eligibility of a cohort by the criteria of the study: met, not met, or undecidable, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.eligibility.criteria import ENROLMENT, SIGNS, Calls, a_result, condition, decide, negated
from relapse_model.cohort.outcome.risk_set import AT_RISK, NOT_AT_RISK, risk_set
from relapse_model.display.html_summary import html_summary
from relapse_model.errors import Problem, StudyError
from relapse_model.study.eligibility import Criterion
from relapse_model.study.study import Study

STATES = ("eligible", "not eligible", "undecidable")


@dataclass(frozen=True, eq=False, repr=False)
class Screening:
    """Who may enter by the study's criteria. Made by `screen`; printed, it shows counts and no patient.

    Attributes
    ----------
    patients : DataFrame
        Indexed by patient_id, in the order of the cohort. ``state``: "eligible", "not eligible" (an inclusion
        criterion is not met, or an exclusion criterion is) or "undecidable" (neither, but something is not known).
        ``failed`` and ``undecided``: ids of criteria, joined by "; ". ``reasons``: for each undecided criterion, what
        is missing. ``at_risk``: whether the patient is at risk at enrolment, as `risk_set` says it.
    criteria : DataFrame
        One row per criterion: ``id``, ``side`` ("include", "exclude"), ``text``, how many patients ``met`` it, did
        ``not_met`` or are ``undecidable`` (each over the whole cohort, summing to it), ``at_study_limit`` (of the
        decided, those whose result carries no limit of its own, so that the study's stands in), and ``needs``, what
        decides it, and ``there``, in how many of the undecidable a value or result is there and why it does not decide.
        An exclusion criterion is met by a patient who has the excluding condition.
    attrition : DataFrame
        The criteria applied one after the other: ``step`` (0 is the cohort), ``id``, ``text``, ``remaining`` after the
        step, ``left`` (known at this step not to qualify, among those who remained), ``undecidable`` (of those who
        remain, how many have a criterion undecided so far; they stay). `remaining` and all of `left` sum to the
        cohort; in the last row `remaining` less `undecidable` are the eligible.
    """

    patients: pd.DataFrame
    criteria: pd.DataFrame
    attrition: pd.DataFrame

    def __repr__(self) -> str:
        """Return the counts only."""
        counts = self.patients["state"].value_counts()
        return f"Screening({', '.join(f'{counts.get(state, 0)} {state}' for state in STATES)})"

    def _repr_html_(self) -> str:
        """Return the attrition table as a notebook shows it."""
        shown = ["text", "remaining", "left", "undecidable"]
        return html_summary(
            f"Eligibility of {len(self.patients)} patients: {repr(self)[10:-1]}",
            columns=("criterion", "remaining", "left here", "undecidable"),
            rows=self.attrition[shown].to_numpy(dtype=object).tolist(),
        )

    def __str__(self) -> str:
        """Return the attrition table, and what the undecided criteria need."""
        lines = [f"Eligibility of {len(self.patients)} patients: {repr(self)[10:-1]}."]
        lines.append("remaining  left here  undecidable  criterion (undecidable: at this criterion or one above)")
        shown_columns = ["remaining", "left", "undecidable", "id", "text"]
        for remaining, left, undecidable, name, text in self.attrition[shown_columns].to_numpy(dtype=object):
            lines.append(f"{remaining:9d}  {left:9d}  {undecidable:11d}  {f'{name}: ' if name else ''}{text}")
        counts = self.patients["at_risk"].value_counts()
        if set(counts.index) != {AT_RISK}:
            lines.append("At enrolment, over the whole cohort:")
            lines += [f"{counts[state]:9d}  {state}" for state in (AT_RISK, *NOT_AT_RISK) if state in counts]
        lines += self._counted("undecidable", "Undecidable, over the whole cohort:", ": needs ")
        lines += self._counted("at_study_limit", "Decided at the study's limit, since the result carries none:", "")
        return "\n".join(lines)

    def _counted(self, column: str, title: str, needs: str) -> list[str]:
        rows = self.criteria.loc[self.criteria[column] > 0, [column, "id", "needs", "there"]].to_numpy(dtype=object)
        lines = [
            f"{count:9d}  {name}{'; '.join([needs + need, *([there] if there else [])]) if needs else ''}"
            for count, name, need, there in rows
        ]
        return [title, *lines] if lines else []


def screen(cohort: Cohort, study: Study) -> Screening:
    """Decide the study's criteria for every patient, from what was known at enrolment (week 0).

    Nothing is assumed of what is not known: an absent column, an empty cell, a result that is not there or whose
    bounds lie on both sides of the threshold leaves a criterion undecidable.

    - A column of the patients table is compared as a number (a printed limit such as ``<0.05`` by its bounds), or,
      with `equals`, as text; where `equals` holds 0 or 1 alone the column is a flag, and anything but 0 and 1 in it
      is undecidable.
    - An analyte is its last result at or before week 0 (within `window_weeks`); of several on one day, what
      `relapse_model.cohort.one_day` makes of them. A result below a limit shows "below T" only if the limit is at
      most T. A result without a limit of its own has the study's. With `equals`, ``"negative"`` and ``"positive"``
      are the laboratory's word or, for a number, its side of the limit that stands with the result (``lower_limit``,
      or the limit printed: ``<0.1``); no limit is assumed here.
    - Agents count when begun at or before week 0.

    Beside the criteria stands who is at risk at enrolment: only they are trained on, scored and judged.

    Parameters
    ----------
    cohort : Cohort
    study : Study
        With criteria.

    Returns
    -------
    Screening

    Raises
    ------
    StudyError
        If the study states no criteria, or one that has no meaning for its subject.
    CohortError
        For a unit that the study does not accept.

    Examples
    --------
    >>> import relapse_model as rm
    >>> from relapse_model.cohort.eligibility.screening import screen
    >>> screen(rm.simulate_cohort(20, seed=1), rm.load_study("hbsag-relapse"))
    Screening(20 eligible, 0 not eligible, 0 undecidable)
    """
    _refuse_unusable(study)
    sides = [*("include" for _ in study.eligibility.include), *("exclude" for _ in study.eligibility.exclude)]
    criteria = [*study.eligibility.include, *study.eligibility.exclude]
    verdicts = [decide(cohort, study, criterion) for criterion in criteria]
    call = np.stack([verdict.call for verdict in verdicts])
    excludes = np.array([side == "exclude" for side in sides])[:, None]
    passes = np.where(excludes, negated(call), call)
    table = pd.DataFrame(
        {
            "id": [criterion.id for criterion in criteria],
            "side": sides,
            "text": [criterion.text for criterion in criteria],
            "met": (call == 1).sum(axis=1),
            "not_met": (call == 0).sum(axis=1),
            "undecidable": (call == -1).sum(axis=1),
            "at_study_limit": [int((verdict.assumed & (verdict.call != -1)).sum()) for verdict in verdicts],
            "needs": [_needs(cohort, study, criterion) for criterion in criteria],
            "there": [_there(verdict.gist[verdict.call == -1]) for verdict in verdicts],
        }
    )
    reasons = np.stack([verdict.reason for verdict in verdicts])
    patients = _patients(cohort, criteria, passes, reasons).assign(at_risk=risk_set(cohort, study, ENROLMENT))
    return Screening(patients, table, _attrition(criteria, passes))


def _refuse_unusable(study: Study) -> None:
    """Refuse a study without criteria, and criteria that ask of their subject what it does not have."""
    criteria = [*study.eligibility.include, *study.eligibility.exclude]
    problems = []
    if not criteria:
        problems.append(
            Problem(f"study {study.name!r}", None, None, "no eligibility criteria",
                    "[[eligibility.include]] or [[eligibility.exclude]]", "Write them, each with its registered text")
        )  # fmt: skip
    for criterion in criteria:
        where = f"study {study.name!r}, criterion {criterion.id!r}"
        if criterion.analyte is None and criterion.window_weeks is not None:
            problems.append(
                Problem(where, None, None, "window_weeks without an analyte", "window_weeks beside analyte")
            )
        if criterion.analyte is not None and not set(criterion.equals) <= set(SIGNS):
            expected = "equals = ['negative'] or ['positive'] for an analyte"
            problems.append(Problem(where, None, None, f"equals {', '.join(criterion.equals)}", expected))
    if problems:
        raise StudyError("the cohort cannot be screened by this study", problems)


def _patients(
    cohort: Cohort, criteria: Sequence[Criterion], passes: Calls, reasons: NDArray[np.object_]
) -> pd.DataFrame:
    ids = [criterion.id for criterion in criteria]
    failed = _listed(passes == 0, [[name] * len(cohort) for name in ids])
    undecided = _listed(passes == -1, [[name] * len(cohort) for name in ids])
    why = _listed(passes == -1, [[f"{name}: {why}" for why in row] for name, row in zip(ids, reasons, strict=True)])
    state = np.where((passes == 0).any(axis=0), STATES[1], np.where((passes == -1).any(axis=0), STATES[2], STATES[0]))
    columns = {"state": state.astype(object), "failed": failed, "undecided": undecided, "reasons": why}
    return pd.DataFrame(columns, index=cohort.patient_ids)


def _listed(where: NDArray[np.bool_], words: Sequence[Sequence[str]]) -> list[str]:
    """Join, for each patient (a column), the words of the criteria (rows) where the mask holds."""
    rows, patients = where.shape
    return ["; ".join(words[row][patient] for row in range(rows) if where[row, patient]) for patient in range(patients)]


def _attrition(criteria: Sequence[Criterion], passes: Calls) -> pd.DataFrame:
    here = np.logical_and.accumulate(passes != 0, axis=0)
    remaining = np.concatenate([[passes.shape[1]], here.sum(axis=1)])
    open_so_far = np.logical_or.accumulate(passes == -1, axis=0) & here
    return pd.DataFrame(
        {
            "step": np.arange(len(criteria) + 1),
            "id": ["", *(criterion.id for criterion in criteria)],
            "text": ["all patients of the cohort", *(criterion.text for criterion in criteria)],
            "remaining": remaining,
            "left": np.concatenate([[0], -np.diff(remaining)]),
            "undecidable": np.concatenate([[0], open_so_far.sum(axis=1)]),
        }
    )


def _there(gists: NDArray[np.object_]) -> str:
    """Say in how many patients a value or result is there that does not decide, and why; nothing where in none."""
    counts = Counter(str(gist) for gist in gists if gist)
    by_count = sorted(counts.items(), key=lambda one: (-one[1], one[0]))  # of equal counts not by the order of rows
    return ", ".join(f"in {count} it is there and {why}" for why, count in by_count)


def _needs(cohort: Cohort, study: Study, criterion: Criterion) -> str:
    """Say what decides a criterion, and whether its table or column is there at all."""
    if criterion.column is not None:
        absent = "" if criterion.column in cohort.patients else ", which is absent"
        return f"the patients column {criterion.column!r}{absent}"
    if criterion.analyte is not None:
        return f"{a_result(study, criterion)} that decides {condition(criterion)!r}"
    return f"the treatments table{', which is absent' if cohort.treatments is None else ''}"
