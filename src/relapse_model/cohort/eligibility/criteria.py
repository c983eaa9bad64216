"""How one criterion is decided for every patient: met, not met, or what is missing to say so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Floats
from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.courses import courses_until, ever
from relapse_model.cohort.laboratory.lab_texts import read_lab_texts
from relapse_model.cohort.laboratory.unit_conversion import conversion
from relapse_model.cohort.measurements import ordered_measurements
from relapse_model.cohort.one_day import moments, rounded
from relapse_model.cohort.study_columns import chosen, reader_of_criterion
from relapse_model.cohort.study_names import require_names
from relapse_model.cohort.tables.column_values import cell_shown, texts
from relapse_model.cohort.tables.columns import MINUTE, MISSING_WORDS
from relapse_model.comparisons import above, at_least, at_most, at_or_before, below
from relapse_model.study.analyte import Analyte
from relapse_model.study.eligibility import Criterion
from relapse_model.study.names import yes_or_no
from relapse_model.study.study import Study

ENROLMENT = 0.0  # week; nothing later is read
Calls = NDArray[np.int8]  # 1 met, 0 not met, -1 undecidable


SIGNS = ("negative", "positive")  # what `equals` may ask of an analyte


@dataclass(frozen=True, slots=True)
class _Verdict:
    """One criterion of all patients: the call, why there is none, and where the study's limit stood in.

    `gist` is why a value or result that is there does not decide, in words that name no value; empty where none is.
    """

    call: Calls
    reason: NDArray[np.object_]
    assumed: NDArray[np.bool_]
    gist: NDArray[np.object_]


def decide(cohort: Cohort, study: Study, criterion: Criterion) -> _Verdict:
    """Decide a criterion for every patient."""
    require_names(cohort, study)
    if criterion.analyte is not None:
        return _by_analyte(cohort, study, criterion)
    if criterion.column is None:
        return _by_agents(cohort, criterion, complete=study.treatments.complete)
    if criterion.column not in cohort.patients:
        return _unknown(cohort, f"the patients table has no column {criterion.column!r}")
    decide = _by_text if criterion.equals else _by_number
    return decide(cohort.patients[criterion.column], criterion)


def _unknown(cohort: Cohort, reason: str) -> _Verdict:
    patients = len(cohort)
    return _Verdict(
        np.full(patients, -1, dtype=np.int8), np.full(patients, reason, dtype=object), np.zeros(patients, dtype=bool),
        np.full(patients, "", dtype=object),
    )  # fmt: skip


def _by_agents(cohort: Cohort, criterion: Criterion, *, complete: bool) -> _Verdict:
    verdict = _unknown(cohort, "there is no treatments table")
    if cohort.treatments is not None:
        given = ever(courses_until(cohort.treatments, criterion.agents, ENROLMENT), len(cohort)) == 1
        decided = given | complete
        verdict.call[decided] = (given == criterion.ever)[decided]
        verdict.reason[decided] = ""
        verdict.reason[~decided] = (
            f"no course of {' or '.join(criterion.agents)} is recorded, and the table is not complete"
        )
    return verdict


def _by_text(values: pd.Series, criterion: Criterion) -> _Verdict:
    text = texts(values)
    empty = text.str.casefold().isin(MISSING_WORDS).to_numpy()
    met, bad = chosen(values, reader_of_criterion(criterion))
    call = np.where(empty | bad, -1, np.nan_to_num(met)).astype(np.int8)
    flags = all(yes_or_no(level) is not None for level in criterion.equals)
    otherwise = "is neither 0 nor 1" if flags else f"looks like {condition(criterion)!r} and is not it"
    return _of_column(criterion, text, call, empty, otherwise)


def _by_number(values: pd.Series, criterion: Criterion) -> _Verdict:
    text = texts(values)
    if pd.api.types.is_numeric_dtype(values.dtype):
        lower = upper = values.to_numpy(dtype=float, na_value=np.nan)
        empty = np.isnan(lower)
    else:
        read = read_lab_texts(text)
        # The name of the column states the unit: one printed in a cell ("Log" is one too) may be another.
        plain = (read["kind"] == "number") & (read["unit"] == "")
        lower, upper = (read[name].where(plain).to_numpy(dtype=float) for name in ("lower", "upper"))
        empty = text.str.casefold().isin(MISSING_WORDS).to_numpy()
    call = _compared(lower, upper, criterion)
    return _of_column(criterion, text, call, empty, f"cannot show {condition(criterion)!r}")


def _of_column(
    criterion: Criterion, text: pd.Series, call: Calls, empty: NDArray[np.bool_], otherwise: str
) -> _Verdict:
    reason = np.full(len(text), "", dtype=object)
    for row in np.flatnonzero(call == -1):
        what = "is empty" if empty[row] else f"holds {cell_shown(text.iloc[row])}, which {otherwise}"
        reason[row] = f"{criterion.column} {what}"
    gist = np.where((call == -1) & ~empty, f"a text that {otherwise}", "").astype(object)
    return _Verdict(call, reason, np.zeros(len(text), dtype=bool), gist)


def _by_analyte(cohort: Cohort, study: Study, criterion: Criterion) -> _Verdict:
    verdict = _unknown(cohort, f"there is no {a_result(study, criterion).removeprefix('a ')}")
    rule, results = study.analytes[str(criterion.analyte)], _last_results(cohort, study, criterion)
    is_first = ~results["patient"].duplicated().to_numpy()  # of those that nothing orders, which say the same
    last = results[is_first].reset_index(drop=True)
    patient = last["patient"].to_numpy(dtype=np.intp)
    if criterion.equals:
        call, opposed = _agreed(_signs(results, criterion), is_first)
        undecided = np.flatnonzero(call == -1)
        gists = _sign_gists(last.iloc[undecided], opposed[undecided])
        reasons = [f"{came} {gist}" for came, gist in zip(_printed(last.iloc[undecided]), gists, strict=True)]
    else:
        lower, upper = _bounds(study, criterion, results, is_first)
        call = _compared(lower, upper, criterion)
        undecided = np.flatnonzero(call == -1)
        ends = lower[undecided], upper[undecided]
        gists = _gaps(last.iloc[undecided], upper[undecided], rule)
        cannot = f"cannot show {condition(criterion)!r}"
        each = zip(_printed(last.iloc[undecided]), gists, *ends, strict=True)
        reasons = [f"{came} {cannot}: {_gap(why, low, high, rule.unit)}" for came, why, low, high in each]
        verdict.assumed[patient] = _no_limit(last) & (call != -1)
    verdict.call[patient] = call
    verdict.reason[patient] = ""
    verdict.reason[patient[undecided]] = [f"{rule.label} {reason}" for reason in reasons]
    verdict.gist[patient[undecided]] = gists
    return verdict


def _last_results(cohort: Cohort, study: Study, criterion: Criterion) -> pd.DataFrame:
    """Return the last result of each patient at or before enrolment, by patient; missing ones are no results.

    Several where nothing orders those of the last day, sorted by what they hold; one where the study says that the
    last row counts.
    """
    labs = cohort.labs
    week, patient = labs["week"].to_numpy(dtype=float), labs["patient"].to_numpy(dtype=np.intp)
    named = ((labs["analyte"] == criterion.analyte) & (labs["kind"] != "missing")).to_numpy()
    known = named & at_or_before(week, ENROLMENT)
    if criterion.window_weeks is not None:
        known &= at_or_before(ENROLMENT - criterion.window_weeks, week)
    rows = np.flatnonzero(known)
    minute = labs[MINUTE].to_numpy(dtype=float)[rows] if MINUTE in labs else np.full(len(rows), np.nan)
    order = np.lexsort((rows, minute, rounded(week[rows]), patient[rows]))
    rows, minute = rows[order], minute[order]
    start = moments(patient[rows], week[rows], minute)
    is_last = np.append(patient[rows][start][1:] != patient[rows][start][:-1], True)[: len(start)]
    kept = np.repeat(is_last, np.diff(np.append(start, len(rows))))
    last: pd.DataFrame = labs.iloc[rows[kept]].reset_index(drop=True)
    if study.laboratory.same_day == "last":
        return last.drop_duplicates("patient", keep="last").reset_index(drop=True)
    if last["patient"].duplicated().any():
        held = [name for name in ("number", "comparator", "value", "unit", "assay") if name in last]
        text = {name: last[name].astype(str) for name in held[1:]}
        last = last.iloc[last.assign(**text).sort_values(["patient", *held]).index].reset_index(drop=True)
    return last


def _agreed(call: Calls, is_first: NDArray[np.bool_]) -> tuple[Calls, NDArray[np.bool_]]:
    """Return the call of each patient, undecidable where results of one day are called otherwise; and where that is."""
    if is_first.all():
        return call, np.zeros(len(call), dtype=bool)
    start = np.flatnonzero(is_first)
    opposed = np.asarray(np.minimum.reduceat(call, start) != np.maximum.reduceat(call, start))
    return np.where(opposed, -1, call[start]).astype(np.int8), opposed


def _own_limit(results: pd.DataFrame) -> Floats:
    if "lower_limit" not in results:
        return np.full(len(results), np.nan)
    return results["lower_limit"].where(results["lower_limit"] != 0).to_numpy(dtype=float)


def _no_limit(results: pd.DataFrame) -> NDArray[np.bool_]:
    """Tell which results mean "below the limit" (a negative word, a printed 0) without saying what it is."""
    zero = (results["kind"] == "number") & (results["comparator"] == "") & (results["number"] == 0)
    below = ((results["kind"] == "negative") | zero).to_numpy(dtype=bool)
    return np.asarray(below & np.isnan(_own_limit(results)))


def _bounds(
    study: Study, criterion: Criterion, results: pd.DataFrame, is_first: NDArray[np.bool_]
) -> tuple[Floats, Floats]:
    """Return the bounds of each patient's result in the analyte's unit; NaN for a word without a limit in it."""
    rule = study.analytes[str(criterion.analyte)]
    unusable = _no_limit(results) & (rule.lower_limit is None)
    # The limit of "TND" with a limit of 20 and a blank unit is not known: the study's must not take its place.
    codes, units = pd.factorize(results["unit"])
    converts = [conversion(rule, unit) for unit in units]
    foreign = np.array([one is None or one[1] == "other" for one in converts], dtype=bool)[codes]
    unusable |= foreign & (results["kind"] != "number").to_numpy() & ~np.isnan(_own_limit(results))
    usable = ~np.isin(results["patient"], results["patient"][unusable])
    found = ordered_measurements(results[usable], study, rule.name)
    lower, upper = np.full(int(is_first.sum()), np.nan), np.full(int(is_first.sum()), np.nan)
    lower[usable[is_first]], upper[usable[is_first]] = found.lower, found.upper
    return lower, upper


_ABOVE, _LIMIT = "it is above a limit, and no number is given", "the assay's limit is too high to decide"


_UNREAD = "are not read, words and limits are"


def _gaps(last: pd.DataFrame, upper: Floats, rule: Analyte) -> list[str]:
    """Say, in words that name no value, why the bounds of each result do not decide."""
    other = {unit: (one := conversion(rule, unit)) is not None and one[1] == "other" for unit in last["unit"].unique()}
    return [
        f"a number in {unit}: numbers in this unit {_UNREAD}" if kind == "number" and other[unit]
        else f"no limit of it is known in {rule.unit}" if np.isnan(high)
        else "a word without a number" if kind == "positive"
        else _ABOVE if np.isinf(high) else _LIMIT
        for kind, unit, high in zip(last["kind"], last["unit"], upper, strict=True)
    ]  # fmt: skip


def _gap(why: str, lower: float, upper: float, unit: str) -> str:
    """Say why the bounds of a result do not decide, with the limit that stands in the way."""
    if why == _ABOVE:
        return f"it is above {lower:g} {unit}"
    return f"the assay's limit is {upper:g}" if why == _LIMIT else why


def _printed(last: pd.DataFrame) -> list[str]:
    """Return the results as a reason shows them: as printed, with the unit."""
    return [f"{cell_shown(value)} {unit}".strip() for value, unit in zip(last["value"], last["unit"], strict=True)]


def _signs(last: pd.DataFrame, criterion: Criterion) -> Calls:
    """Call each result by the laboratory's word or by the limit that stands with it."""
    number, lower, upper = (last[name].to_numpy(dtype=float) for name in ("number", "lower", "upper"))
    kind, detected = last["kind"].to_numpy(dtype=object), last["detected"].to_numpy(dtype=object)
    left = np.isin(last["comparator"].to_numpy(dtype=object), ["<", "<="])
    limit = _own_limit(last)
    limit = np.where(np.isnan(limit) & left, number, limit)
    # A plain number counts as detected, whatever its size; "<20 detected" was found, whatever its limit.
    found = (detected == True) & (left | (kind == "positive"))  # noqa: E712  (object array of True, False, None)
    undetected = detected == False  # noqa: E712
    negative = (kind == "negative") | undetected | (~found & (left & at_most(upper, limit) | below(upper, limit)))
    positive = (found | at_least(lower, limit)) & ~negative
    meant = np.where(negative, "negative", np.where(positive, "positive", ""))
    return np.where(meant == "", -1, np.isin(meant, criterion.equals)).astype(np.int8)


def _sign_gists(last: pd.DataFrame, opposed: NDArray[np.bool_]) -> list[str]:
    """Say why each result does not decide whether it is negative or positive."""
    disagree = "and another result of that day disagree"
    neither = "is neither negative nor positive"
    silent = "comes with no word and no limit that decides: give the assay's cut-off as its lower_limit"
    return [
        disagree if disagrees else silent if kind == "number" else neither
        for kind, disagrees in zip(last["kind"], opposed, strict=True)
    ]


def _compared(lower: Floats, upper: Floats, criterion: Criterion) -> Calls:
    """Call the condition from the bounds of the true value (NaN: not known)."""
    low, high = criterion.between or (None, None)
    tests: list[tuple[float | None, Callable[[float], Calls]]] = [
        (criterion.below, lambda threshold: _below(lower, upper, threshold)),
        (criterion.at_most, lambda threshold: _at_most(lower, upper, threshold)),
        (criterion.at_least, lambda threshold: negated(_below(lower, upper, threshold))),
        (criterion.above, lambda threshold: negated(_at_most(lower, upper, threshold))),
        (low, lambda threshold: negated(_below(lower, upper, threshold))),
        (high, lambda threshold: _at_most(lower, upper, threshold)),
    ]
    calls = np.stack([test(threshold) for threshold, test in tests if threshold is not None])
    failed, unknown = (calls == 0).any(axis=0), (calls == -1).any(axis=0)
    return np.where(failed, 0, np.where(unknown, -1, 1)).astype(np.int8)


def _below(lower: Floats, upper: Floats, threshold: float) -> Calls:
    """Call "below": ``<10`` is below 10, though 10 is not."""
    met = below(upper, threshold) | ((lower < upper) & at_most(upper, threshold))
    return np.where(met, 1, np.where(at_least(lower, threshold), 0, -1)).astype(np.int8)


def _at_most(lower: Floats, upper: Floats, threshold: float) -> Calls:
    """Call "at most": ``>5`` is more than 5, though 5 is not."""
    not_met = above(lower, threshold) | (np.isposinf(upper) & at_least(lower, threshold) & (lower < upper))
    return np.where(at_most(upper, threshold), 1, np.where(not_met, 0, -1)).astype(np.int8)


def negated(call: Calls) -> Calls:
    """Turn met into not met; what is undecidable stays so."""
    return np.where(call == -1, -1, 1 - call).astype(np.int8)


def a_result(study: Study, criterion: Criterion) -> str:
    """Say which result decides a criterion."""
    weeks = criterion.window_weeks
    when = "at or before enrolment" if weeks is None else f"in the {weeks:g} weeks up to enrolment"
    return f"a result of {study.analytes[str(criterion.analyte)].label} {when}"


def condition(criterion: Criterion) -> str:
    """Return the condition in words: ``below 10``."""
    if criterion.between is not None:
        return f"between {criterion.between[0]:g} and {criterion.between[1]:g}"
    if criterion.equals:
        return " or ".join(criterion.equals)
    limits = {name: getattr(criterion, name) for name in ("below", "at_most", "at_least", "above")}
    return next(f"{name.replace('_', ' ')} {limit:g}" for name, limit in limits.items() if limit is not None)
