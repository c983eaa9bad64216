"""Several results of one analyte on one day: what each day's result is, whatever the order of the rows.

The time of day orders them where every one of them has it. Those that nothing orders agree where all of them can be
true together (``<0.05`` and ``0.03``; one number twice), or differ by no more than rounding to three figures does; then
they are one result, the most precise. Otherwise they contradict each other as far as the study makes use of the
difference, and its rule decides: ``same_day = "refuse"``, ``"worst"``, ``"mean"`` or ``"last"``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from relapse_model.arrays import Floats, Mask, Positions
from relapse_model.study.eligibility import Criterion
from relapse_model.study.predictor import Predictor
from relapse_model.study.study import Study
from relapse_model.study.unit_spelling import is_log10, unit_key

MINUTES = 7 * 24 * 60  # of a week
_ROUNDING = 0.005  # the largest change of a number that is rounded to three figures, as a share of it
_EXACT = 1e-9  # a share below which two numbers are one, converted or summed in another way
_COUNTED = ("count", "weeks_since_last", "landmark_week")  # kinds that read no value
_HIGHER_IS_MORE = frozenset(
    {"last", "first", "maximum", "minimum", "mean", "time_weighted_mean", "endogenous", "ever_detected",
     "weeks_at_least"}
)  # fmt: skip
_HIGHER_IS_LESS = frozenset({"weeks_below"})


@dataclass(frozen=True, slots=True)
class DayRule:
    """What a study does with an analyte, as far as several results of one day are concerned.

    Attributes
    ----------
    choice : {"refuse", "worst", "mean", "last"}
        Of results that contradict each other.
    thresholds : tuple of float
        On which side of them a result lies, makes a difference.
    by_value, by_detection : bool
        Whether its value, or whether anything was detected, makes a difference.
    worst : {1, -1, 0}
        The highest is the worst, the lowest, or neither is known to be.
    log10 : bool
        Whether its mean is taken of the logarithm.
    """

    choice: str
    thresholds: tuple[float, ...]
    by_value: bool
    by_detection: bool
    worst: int
    log10: bool


@dataclass(frozen=True, slots=True, eq=False)
class Results:
    """Results in order of patient, week and time of day, as `Measurements` has them.

    `row` is the row of the labs table; `label` is a number for unit and assay that does not depend on the rows' order.
    """

    patient: Positions
    week: Floats
    value: Floats
    lower: Floats
    upper: Floats
    detected: NDArray[np.int8]
    row: NDArray[np.int32]
    label: Positions
    minute: Floats | None = None


def day_rule(study: Study, analyte: str) -> DayRule:
    """Return what a study does with an analyte; one that it makes no use of cannot contradict itself.

    Parameters
    ----------
    study : Study
    analyte : str

    Examples
    --------
    >>> import relapse_model as rm
    >>> day_rule(rm.load_study("hbsag-relapse"), "anti_hbs").by_value
    True
    """
    outcome, rule = study.outcome, study.analytes[analyte]
    readers = [one for one in study.predictors if one.analyte == analyte]
    criteria = [
        one for one in (*study.eligibility.include, *study.eligibility.exclude) if one.analyte == analyte
    ]  # fmt: skip
    thresholds = [limit for one in readers for limit in _limits(one)]
    thresholds += [limit for one in criteria for limit in _limits(one)]
    index = study.time.index
    if index is not None and index.analyte == analyte:
        thresholds += [limit for limit in (index.first_below, index.first_at_least) if limit is not None]
    is_outcome = outcome.analyte == analyte
    if is_outcome:
        thresholds += [limit for limit in (outcome.at_least, outcome.below) if limit is not None]
    return DayRule(
        choice=study.laboratory.same_day,
        thresholds=tuple(sorted(set(thresholds))),
        by_value=any(not _limits(one) and one.kind not in (*_COUNTED, "ever_detected") for one in readers)
        or any(one.equals for one in criteria),
        by_detection=any(one.kind == "ever_detected" for one in readers) or any(one.equals for one in criteria),
        worst=(1 if outcome.at_least is not None else -1) if is_outcome else _worst(readers),
        log10=rule.scale == "log10" and not is_log10(unit_key(rule.unit)),
    )


def _limits(one: Predictor | Criterion) -> list[float]:
    limits = [one.below, one.at_least]
    if isinstance(one, Criterion):
        limits += [one.at_most, one.above, *(one.between or ())]
    return [limit for limit in limits if limit is not None]


def _worst(readers: list[Predictor]) -> int:
    """Return the direction of a higher risk, where the predictors of an analyte state one, and only one."""
    signs = set()
    for one in readers:
        stated = {"up": 1, "down": -1}.get(one.direction or "", int(np.sign(one.prior.log_odds)) if one.prior else 0)
        kind = int(one.kind in _HIGHER_IS_MORE) - int(one.kind in _HIGHER_IS_LESS)
        signs |= {stated * kind} - {0}
    return signs.pop() if len(signs) == 1 else 0


def moments(patient: Positions, week: Floats, minute: Floats | None) -> Positions:
    """Return where each set of results begins that nothing orders: of one patient and day, or of one time of day.

    The time of day orders the results of a day only where all of them have it.

    Parameters
    ----------
    patient, week, minute : array
        In order of patient, week and minute; the minute may be NaN, or None altogether.

    Examples
    --------
    >>> week = np.array([0.0, 4.0, 4.0])
    >>> moments(np.zeros(3, dtype=int), week, None), moments(np.zeros(3, dtype=int), week, np.array([np.nan, 480, 960]))
    (array([0, 1]), array([0, 1, 2]))
    """
    if not len(patient):
        return np.zeros(0, dtype=np.intp)
    day = rounded(week)
    begins = np.append(True, (patient[1:] != patient[:-1]) | (day[1:] != day[:-1]))
    if minute is not None:
        start = np.flatnonzero(begins)
        untimed = np.logical_or.reduceat(np.isnan(minute), start)[np.cumsum(begins) - 1]
        begins[1:] |= ~untimed[1:] & (minute[1:] != minute[:-1])
    return np.flatnonzero(begins)


def rounded(week: Floats) -> Floats:
    """Return weeks to the minute: the same day, counted in two ways, may differ in the last digit."""
    return np.round(week * MINUTES)


def contradicting(results: Results, rule: DayRule) -> list[Positions]:
    """Return the places of results that nothing orders and that contradict each other, set by set.

    Parameters
    ----------
    results : Results
    rule : DayRule
        Whatever its choice.
    """
    start = moments(results.patient, results.week, results.minute)
    sets = _Sets(results, start, rule)
    return [sets.place[begin:end] for begin, end in zip(sets.begin[sets.clash], sets.end[sets.clash], strict=True)]


def refuses(rule: DayRule) -> bool:
    """Tell whether contradicting results are refused: so stated, or nothing says which of them is the worst."""
    return rule.choice == "refuse" or (rule.choice == "worst" and rule.worst == 0)


ON_ONE_DAY = "on one day that agree"


def same_day_expected(analyte: str) -> str:
    """Say what was expected of the results of one day."""
    return f"results of {analyte!r} {ON_ONE_DAY}, or the time of day of each (in 'date': 2024-03-02 08:00)"


def same_day_advice(rule: DayRule) -> str:
    """Say what to do about results of one day that contradict each other."""
    if rule.choice == "worst":
        return "No predictor of the study says which of them is the worst: give one a direction, or same_day = 'mean'"
    return "Correct them, or state which counts: same_day = 'worst' or 'mean' under [laboratory] in the study"


def settled(results: Results, rule: DayRule) -> tuple[Results, int]:
    """Return one result for each moment, and how many moments hold results that contradict each other.

    Parameters
    ----------
    results : Results
    rule : DayRule

    Returns
    -------
    results : Results
        `row` is that of the result that counts; with ``"mean"``, of the most precise.
    contradictions : int
    """
    start = moments(results.patient, results.week, results.minute)
    if len(start) == len(results.patient):
        return results, 0
    sets = _Sets(results, start, rule)
    columns = {name: getattr(results, name)[start].copy() for name in ("patient", "week", "value", "lower", "upper")}
    columns |= {name: getattr(results, name)[start].copy() for name in ("detected", "row", "label")}
    where = np.searchsorted(start, sets.place[sets.begin], side="right") - 1
    for name, found in sets.answer(results).items():
        columns[name][where] = found
    minute = None if results.minute is None else results.minute[start]
    return Results(**columns, minute=minute), int(sets.clash.sum())


class _Sets:
    """Sets of two or more results that nothing orders, each sorted by what it holds, so that no row order is left."""

    def __init__(self, results: Results, start: Positions, rule: DayRule):
        size = np.diff(np.append(start, len(results.patient)))
        of = np.repeat(np.arange(len(start)), size)
        place = np.flatnonzero((size > 1)[of])
        # The number that stands for a word such as "positive" is where it begins.
        rank = np.where(np.isnan(results.value), results.lower, results.value)[place]
        lower, upper = results.lower[place], results.upper[place]
        with np.errstate(invalid="ignore"):
            width = np.where(np.isnan(results.value[place]), np.inf, upper - lower)
        order = np.lexsort(
            (results.label[place], -results.detected[place], upper, lower, -rank if rule.worst >= 0 else rank, width,
             of[place])
        )  # fmt: skip
        self.rule, self.place, self.rank = rule, place[order], rank[order]
        group = of[self.place]
        self.begin = np.flatnonzero(np.append(True, group[1:] != group[:-1])[: len(group)])
        self.end = np.append(self.begin[1:], len(group)) if len(group) else self.begin
        self.lower, self.upper = lower[order], upper[order]
        self.detected = results.detected[self.place]
        self._judge()

    def _judge(self) -> None:
        """Find which sets agree, and which contradict themselves."""
        if not len(self.begin):
            self.agree = self.clash = np.zeros(0, dtype=bool)
            self.low = self.high = np.zeros(0)
            return
        at, rule = self.begin, self.rule
        unbounded = np.isnan(self.lower) | np.isnan(self.upper)
        self.low = np.maximum.reduceat(np.where(np.isnan(self.lower), -np.inf, self.lower), at)
        self.high = np.minimum.reduceat(np.where(np.isnan(self.upper), np.inf, self.upper), at)
        points = np.logical_and.reduceat(self.lower == self.upper, at)
        found, not_found = (np.logical_or.reduceat(self.detected == said, at) for said in (1, 0))
        opposed = found & not_found
        with np.errstate(invalid="ignore"):  # of infinite bounds
            largest = np.maximum(np.abs(self.low), np.abs(self.high))
            apart = self.low - self.high
            touching = apart <= _EXACT * largest
            together = np.where(points, touching, apart < 0)  # 0.05 is not below 0.05
            rounding = points & (apart <= _ROUNDING * largest)
        unlike = opposed & np.logical_or.reduceat(unbounded, at)  # a word for "none" whose limit nobody knows
        together &= ~unlike
        self.agree = (touching | rounding) & ~unlike
        sides = np.zeros(len(at), dtype=bool)
        for limit in rule.thresholds:
            for side in _sides(self.lower, self.upper, limit):
                sides |= np.maximum.reduceat(side, at) != np.minimum.reduceat(side, at)
        self.clash = (rule.by_value & ~self.agree) | (sides & ~together) | (rule.by_detection & opposed)

    def answer(self, results: Results) -> dict[str, NDArray[np.generic]]:
        """Return the columns of the result of each set."""
        choice, at = self.rule.choice, self.begin
        chosen = at.copy()  # the most precise
        apart = ~self.agree | self.clash
        if choice == "last":
            last = np.maximum.reduceat(results.row[self.place], at)
            chosen[apart] = np.flatnonzero(results.row[self.place] == np.repeat(last, self.end - at))[apart]
        else:
            sign = -1.0 if self.rule.worst < 0 else 1.0
            worst = np.maximum.reduceat(sign * self.rank, at)
            is_worst = np.flatnonzero(sign * self.rank == np.repeat(worst, self.end - at))
            first = is_worst[np.searchsorted(is_worst, at)]
            chosen[apart] = first[apart]
        columns = {name: getattr(results, name)[self.place[chosen]] for name in ("value", "lower", "upper", "row")}
        columns["detected"] = np.where(apart, self.detected[chosen], np.maximum.reduceat(self.detected, at))
        one = ~apart & (self.low <= self.high)
        narrower = {"lower": self.low, "upper": self.high}
        for name, bound in narrower.items():
            columns[name] = np.where(one & np.isfinite(bound) & ~np.isnan(columns[name]), bound, columns[name])
        columns["value"] = np.where(one, np.clip(columns["value"], self.low, self.high), columns["value"])
        if choice == "mean" and apart.any():
            for name in ("value", "lower", "upper"):
                mean = self._mean(getattr(results, name)[self.place])
                columns[name] = np.where(apart, mean, columns[name])
            columns["detected"] = np.where(apart, np.maximum.reduceat(self.detected, at), columns["detected"])
        return columns

    def _mean(self, values: Floats) -> Floats:
        with np.errstate(divide="ignore", invalid="ignore"):
            scaled = np.log10(values) if self.rule.log10 else values
            mean = np.add.reduceat(scaled, self.begin) / (self.end - self.begin)
            return np.power(10.0, mean) if self.rule.log10 else mean


def _sides(lower: Floats, upper: Floats, limit: float) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
    """Return on which side of a limit each result lies, if its bounds say so: below or not, above or not."""
    open_above = (lower < upper) & (upper <= limit)
    below: Mask = (upper < limit) | open_above
    above: Mask = (lower > limit) | (np.isposinf(upper) & (lower >= limit) & (lower < upper))
    first = np.where(below, 0, np.where(lower >= limit, 2, 1)).astype(np.int8)
    return first, np.where(above, 2, np.where(upper <= limit, 0, 1)).astype(np.int8)
