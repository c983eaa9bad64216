"""What is in a cohort, for a person to read before anything is trained."""

from __future__ import annotations

import numpy as np
import pandas as pd

from relapse_model.arrays import Mask, Positions
from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.courses import courses_until, ever
from relapse_model.cohort.eligibility.screening import screen
from relapse_model.cohort.outcome.outcome import COMPETING, STATES, derive_outcome
from relapse_model.cohort.outcome.risk_set import COMPETED, LEFT, POSITIVE, RELAPSED, UNKNOWN
from relapse_model.development.checks.all_checks import results_at
from relapse_model.development.checks.check import ERROR
from relapse_model.development.checks.check_result import MUTED, NOT_APPLICABLE
from relapse_model.development.sample_size import cohort_sample_size, size_words
from relapse_model.errors import InsufficientDataError, problem_lines
from relapse_model.features.at_landmark import AtLandmark
from relapse_model.features.clinical_units import clinical, limit_of_floor, unit_shown
from relapse_model.features.development_data import data_of
from relapse_model.features.why_unknown import weeks_old, why_unknown
from relapse_model.study.predictor import Predictor
from relapse_model.study.study import Study
from relapse_model.study.unit_spelling import is_log10, unit_key

_REMARKS = 20  # lines that are listed
_NONE = "The study states no outcome: predictors can be derived (relapse-model features), and no model can be trained."


def check_report(cohort: Cohort, study: Study, landmark_week: float | None = None, mute: tuple[str, ...] = ()) -> str:
    """Return a readable account of a cohort: tables, analytes, outcome, predictors, what the size supports.

    Parameters
    ----------
    cohort : Cohort
        Already through the gate, so free of problems.
    study : Study
    landmark_week : float, optional
    mute : tuple of str
        Codes of checks to mute; they are listed as muted.

    Raises
    ------
    RelapseModelError
        For a code that no check has.
    """
    landmark, stated = study.landmark(landmark_week), study.outcome.stated
    at = AtLandmark(cohort, study, landmark)
    parts = [
        f"{cohort!r}: no problems found.",
        _analytes(cohort, study),
        *([_outcome(at.outcome, study, landmark) + _other_reading(cohort, study, landmark)] if stated else [_NONE]),
        _predictors(at.cohort, at.features, study, landmark, at.at_risk),
        *([_support(at)] if stated else []),
        *_left_out(cohort),
        *_screening(cohort, study),
        *_findings(at, mute),
        *_remarks(cohort),
    ]
    if cohort.synthetic:
        parts.insert(1, "Synthetic patients, for testing: no conclusion about treatment can be drawn.")
    return "\n\n".join(parts)


def _analytes(cohort: Cohort, study: Study) -> str:
    labs = cohort.labs
    lines = ["Analytes (results; missing; below a limit, including a printed 0; above a limit; words):"]
    width = max((len(str(name)) for name in labs["analyte"].unique()), default=0)
    for name, rows in labs.groupby("analyte", sort=True, observed=True):
        zero = (rows["kind"] == "number") & (rows["comparator"] == "") & (rows["number"] == 0)
        amount = ~rows["unit"].map(lambda unit: is_log10(unit_key(unit)), na_action="ignore").eq(True)
        below = (rows["comparator"].isin(["<", "<="]) | (zero & amount)).sum()
        above = rows["comparator"].isin([">", ">="]).sum()
        words = rows["kind"].isin(["negative", "positive"]).sum()
        known = "" if name in study.analytes else "   (not in the study: kept, not used)"
        missing = (rows["kind"] == "missing").sum()
        lines.append(f"  {name:{max(width, 12)}s} {len(rows):6d} {missing:6d} {below:6d} {above:6d} {words:6d}{known}")
    return "\n".join(lines)


def _outcome(outcome: pd.DataFrame, study: Study, landmark: float) -> str:
    counts = outcome["state"].value_counts()
    words = {
        "relapse": "with the outcome by the horizon",
        "free": "without it through the horizon",
        "lost": "lost before the horizon (neither)",
        POSITIVE: f"{POSITIVE}: by the last test that decides",
        RELAPSED: f"{RELAPSED}: at or before the landmark",
        COMPETING: "with a competing event by the horizon (will never have the outcome)",
        COMPETED: f"{COMPETED}: by the landmark",
        UNKNOWN: f"{UNKNOWN}: nothing up to the landmark decides",
        LEFT: f"{LEFT}: free of it to a week before the landmark, and not followed since",
    }

    def shown(state: str) -> bool:  # some states only where there are any
        return state not in (COMPETING, COMPETED, LEFT) or state in counts

    lines = [f"{study.outcome.name}, landmark week {landmark:g}, horizon week {study.prediction.horizon_weeks:g}:"]
    lines += [f"  {int(counts.get(state, 0)):6d}  {words[state]}" for state in STATES if shown(state)]
    singles = int(outcome["single_positives"].sum())
    lines += [f"  {singles:6d}  positive runs that were not confirmed"] if singles else []
    return "\n".join(lines)


def _other_reading(cohort: Cohort, study: Study, landmark: float) -> str:
    """Tell how many relapses there would be if unconfirmed ones at the end did not count."""
    if study.outcome.analyte is None or study.outcome.confirm.unconfirmed_at_end != "both":
        return ""
    other = derive_outcome(cohort, study, landmark, unconfirmed_at_end="censor")
    events = int(other["relapse"].sum())
    return f"\n  {events:6d}  with the outcome if unconfirmed ones at the end of follow-up did not count"


def _left_out(cohort: Cohort) -> list[str]:
    """Tell how many patients are in the tables and not in the cohort, and why."""
    counts = cohort.rejected["reason"].value_counts()
    return (
        ["\n".join(["Left out:", *(f"  {count:6d}  {reason}" for reason, count in counts.items())])]
        if len(counts)
        else []
    )


def _screening(cohort: Cohort, study: Study) -> list[str]:
    stated = study.eligibility.include or study.eligibility.exclude
    return [str(screen(cohort, study))] if stated else []


def _findings(at: AtLandmark, mute: tuple[str, ...]) -> list[str]:
    """Return what the checks found, and one line that names those that were not made."""
    results = results_at(at, mute)
    found = [result for result in results if result.finding is not None]
    errors = [f"  {result}" for result in found if result.severity == ERROR]
    warnings = [f"  {result}" for result in found if result.severity != ERROR]
    codes = {state: [one.code for one in results if one.state == state] for state in (MUTED, NOT_APPLICABLE)}
    silent = [f"{state} {', '.join(named)}" for state, named in codes.items() if named]
    return [
        *(["\n".join(["Errors:", *errors])] if errors else []),
        *(["\n".join(["Warnings:", *warnings])] if warnings else []),
        *([f"Other checks: {'; '.join(silent)}."] if silent else []),
    ]


def _remarks(cohort: Cohort) -> list[str]:
    """List the rows to look at, many of a kind in one line, as far as there is room for them."""
    if not cohort.remarks:
        return []
    lines = [f"  {line}" for line in problem_lines(cohort.remarks)]
    more = len(lines) - _REMARKS
    shown = [*lines[:_REMARKS], *([f"  ... and {more} more."] if more > 0 else [])]
    return ["\n".join(["Rows to look at:", *shown])]


def _predictors(cohort: Cohort, features: pd.DataFrame, study: Study, landmark: float, rows: Positions) -> str:
    whose = " at risk" if study.outcome.stated else ""
    shown = "missing; 5th percentile, median, 95th percentile"
    lines = [f"Predictors at week {landmark:g} of {len(rows)} patients{whose} ({shown}):"]
    for predictor in study.predictors:
        values = features[predictor.name].iloc[rows]
        line = f"  {predictor.label:52.52s} {values.isna().sum():4d}  {_spread(values, predictor, study)}".rstrip()
        lines += [line, *_beside(cohort, study, predictor, landmark, features[predictor.name].isna().to_numpy(), rows)]
    return "\n".join(lines)


def _spread(values: pd.Series, predictor: Predictor, study: Study) -> str:
    if predictor.levels:
        return ", ".join(f"{level} {(values == level).sum()}" for level in predictor.levels)
    if not values.notna().any():
        return "never known"
    if values.dropna().isin([0.0, 1.0]).all():
        return f"{int(values.sum())} yes, {int((values == 0).sum())} no"
    limit = limit_of_floor(predictor, study)
    shown = [
        f"<{limit:g}" if limit is not None and number < limit * (1 - 1e-9) else f"{number:.4g}"
        for number in clinical(np.quantile(values.dropna(), [0.05, 0.5, 0.95]), predictor)
    ]
    return f"{', '.join(shown)} {unit_shown(predictor)}"


def _beside(
    cohort: Cohort, study: Study, predictor: Predictor, landmark: float, unknown: Mask, rows: Positions
) -> list[str]:
    """Say why values are missing, how old the results are that were read, and what counts as never given."""
    said = []
    reasons = pd.Series(why_unknown(cohort, study, predictor, landmark, unknown)[rows])
    counts = reasons[reasons != ""].value_counts()
    if len(counts):
        said.append("missing: " + "; ".join(f"{count} {reason}" for reason, count in counts.items()))
    if predictor.kind in ("last", "endogenous"):
        age = weeks_old(cohort, study, predictor, landmark)[rows][~unknown[rows]]
        if len(age) and np.nanmax(age) > 0:
            middle, oldest = np.nanmedian(age), np.nanmax(age)
            said.append(f"results {middle:.3g} weeks old (median), {oldest:.3g} at most")
    if predictor.agents and cohort.treatments is not None:
        given = ever(courses_until(cohort.treatments, predictor.agents, landmark), len(cohort))[rows] == 1
        derived = np.ones(len(rows), dtype=bool)
        if predictor.column in cohort.patients.columns:
            derived = cohort.patients[predictor.column].isna().to_numpy()[rows]
        without = int((~given & derived).sum())
        what = "never given it" if study.treatments.complete else "not known"
        said += [f"{without} without a course in the treatments table: {what}"] if without else []
    return [f"      {one}" for one in said]


def _support(at: AtLandmark) -> str:
    try:
        size = cohort_sample_size(data_of(at), at.study)
    except InsufficientDataError as error:
        return f"Sample size: no model ({error})"
    if not 0 < size["events"] < size["known"]:
        return f"Sample size: no model ({size['events']} events among {size['known']} with a known outcome)."
    if "refused" in size:
        return f"Sample size: not known ({size['refused']})"
    few = size["carried_parameters"] < size["parameters"]
    carried = (
        "Most of the information must come from the priors, not from this cohort"
        if at.study.has_priors
        else "The study states no priors"
    )
    more = f". {carried}." if few else "."
    return f"Sample size: {size_words(size)}{more}"
