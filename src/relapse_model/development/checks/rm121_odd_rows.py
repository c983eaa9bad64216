"""RM121: results and courses that stand twice, contradict each other, or lie at odd times."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from relapse_model.arrays import Floats
from relapse_model.cohort.cohort import COUNTED_ONCE, Cohort
from relapse_model.cohort.measurements import several_a_day
from relapse_model.cohort.tables.columns import DATES, FAR_WEEKS, TABLES
from relapse_model.development.checks.check import CohortCheck, Verdict, found, passed
from relapse_model.features.at_landmark import AtLandmark
from relapse_model.small_counts import disclosed_count
from relapse_model.study.study import Study

_DAY = 1 / 7
_SAME = 1e-6  # weeks; less than a second
_DURATIONS = ("weeks_on_agent", "weeks_on_agent_after_first_negative", "weeks_between_courses")


def odd_rows(at: AtLandmark) -> Verdict:
    """Warn of rows that may be right, but are more often a slip of an export or of a pen.

    Rows that stand twice, results of one day that nothing orders, courses whose last day, or end, nobody stated, and
    weeks more than ten years from enrolment.

    Parameters
    ----------
    at : AtLandmark
    """
    said = [*_rows_twice(at.cohort), *_one_day(at.cohort, at.study), *_courses(at.cohort, at.study), *_far(at.cohort)]
    return found(f"{'; '.join(said)}. Check these rows.") if said else passed()


def _rows_twice(cohort: Cohort) -> Iterator[str]:
    repeated = [remark.table for remark in cohort.remarks if remark.found == COUNTED_ONCE]
    for table in dict.fromkeys(repeated):
        count = repeated.count(table)
        yield f"{disclosed_count(count)} rows of {table} are repeated under another row number, and count once"


def _one_day(cohort: Cohort, study: Study) -> Iterator[str]:
    for name, rule in study.analytes.items():
        days, contradictions = several_a_day(cohort, study, name)
        if contradictions:
            choice = study.laboratory.same_day
            yield (
                f"{rule.label} has results that contradict each other on {disclosed_count(contradictions)} days "
                f"(counted by same_day = {choice!r})"
            )
        elif days:
            yield f"{rule.label} has several results that agree on {disclosed_count(days)} days, and count once"


def _courses(cohort: Cohort, study: Study) -> Iterator[str]:
    table = cohort.treatments
    if table is None or table.empty:
        return
    known = [name for name in (*TABLES["treatments"], *DATES.values()) if name in table]
    alike = int(table.duplicated(["patient", *known]).sum())
    if alike:
        yield (
            f"{disclosed_count(alike)} rows of treatments have the agent, weeks and dose of another, and count as more"
        )
    if "end_week" not in table:
        return
    start, end, following = _in_turn(table)
    left_open = int((np.isnan(end) & (following > start)).sum())
    if left_open:
        yield (
            f"{disclosed_count(left_open)} courses without an end are followed by another of the same agent, and count "
            "as continuing beside it"
        )
    if study.time.course_end is None and DATES["end_week"] in table:
        next_day = int((np.abs(following - end - _DAY) < _SAME).sum())
        if next_day > int((np.abs(following - end) < _SAME).sum()):
            yield (
                f"{disclosed_count(next_day)} courses end on the day before the next one, as if their last day were a "
                'day on treatment, which is not counted: if it is one, state course_end = "inclusive" under [time] '
                "in the study"
            )
    agents = {agent for one in study.predictors if one.kind in _DURATIONS for agent in one.agents}
    single = (table["end_week"] - table["start_week"]).to_numpy(dtype=float) <= _DAY + _SAME
    days = int((single & table["agent"].isin(agents).to_numpy()).sum())
    if days:
        yield (
            f"{disclosed_count(days)} courses of {' or '.join(sorted(agents))} last a day or less, and are counted "
            "so: enter a course from its first to its last day, not as single doses"
        )


def _in_turn(table: pd.DataFrame) -> tuple[Floats, Floats, Floats]:
    """Return start and end of each course, and the start of the patient's next one of the agent, NaN after the last."""
    ordered = table.sort_values(["patient", "agent", "start_week"], kind="stable")
    following = ordered.groupby(["patient", "agent"], sort=False)["start_week"].shift(-1)
    start, end = (ordered[name].to_numpy(dtype=float) for name in ("start_week", "end_week"))
    return start, end, following.to_numpy(dtype=float)


def _far(cohort: Cohort) -> Iterator[str]:
    for name in ("labs", "treatments", "outcomes", "adverse_events"):
        table = getattr(cohort, name)
        for week in DATES:
            if table is not None and week in TABLES[name] and week in table:
                weeks = table[week].to_numpy(dtype=float)
                for count, side in ((weeks < -FAR_WEEKS, "before"), (weeks > FAR_WEEKS, "after")):
                    if count.any():
                        rows, what = disclosed_count(int(count.sum())), week.replace("_", " ")
                        what = f"an {what}" if what.startswith("e") else f"a {what}"
                        yield f"{rows} rows of {name} have {what} more than ten years {side} enrolment"


CHECK = CohortCheck("RM121", "duplicated, contradicting or oddly dated rows", odd_rows)
