"""What is predicted: how the tests make an outcome, what is known of its mean risk, and up to when it counts."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from relapse_model.arrays import Floats, Mask
from relapse_model.comparisons import DAYS_PER_WEEK, at_or_before, calendar_days, is_of_dates


@dataclass(frozen=True, slots=True)
class Confirmation:
    """How a relapse is confirmed: `tests` positive results in a row, whenever they were taken.

    With `within_weeks`, that many of them must also lie within these weeks, to the day. `unconfirmed_at_end` says what
    a positive run is that is neither confirmed nor refuted by a negative test before it could be (it reaches the last
    test; or it is long enough, but too spread out): ``"relapse"``; ``"censor"`` (follow-up ends at the last negative
    test before it); or ``"both"``: counted as a relapse, and the other reading reported beside it as a sensitivity
    analysis.
    """

    tests: int = 1
    within_weeks: float | None = None
    unconfirmed_at_end: str = "relapse"


@dataclass(frozen=True, slots=True)
class Baseline:
    """What is known beforehand of the mean risk: by `by_week` weeks from enrolment, and how surely.

    `sd_logit` is the standard deviation of its log-odds between cohorts like this one: 0.5 says that the mean risk of
    a cohort lies between 5 and 27 % in 95 of 100, where 12 % is expected. With `as_stated` it is not tried three times
    as wide too.
    """

    risk: float
    sd_logit: float
    by_week: float
    source: str = ""
    as_stated: bool = False

    def log_odds(self, weeks: float) -> float:
        """Return the log-odds of the mean risk over so many weeks, at a constant hazard."""
        risk = -np.expm1(np.log1p(-self.risk) * weeks / self.by_week)
        return float(np.log(risk) - np.log1p(-risk))


@dataclass(frozen=True, slots=True)
class OutcomeRule:
    """What counts as the outcome: an analyte that reaches, or falls below, a threshold.

    With no analyte the outcome is adjudicated: it is read from the cohort's outcomes table alone; or, with `column`,
    it is a column of the patients table that says of each patient whether it came by the horizon, and not when. There
    `equals` is the value that is the outcome and `others` are those that are none of it (both empty: yes and no). With
    `censoring_by` (a column of the patients table, such as the arm) the chance of being lost is estimated within
    each of its values. `baseline` is what published cohorts tell of the mean risk.
    `competing` names the events of the outcomes table after which the outcome cannot come; where it is empty, all that
    are called competing there are. Those of `competing_as_censoring` end the follow-up as a loss does.
    Without `stated` there is none: the study is of predictors alone.
    """

    name: str
    analyte: str | None = None
    at_least: float | None = None
    below: float | None = None
    confirm: Confirmation = field(default_factory=Confirmation)
    censoring_by: str | None = None
    label_zh: str = ""
    column: str | None = None
    equals: str | None = None
    others: tuple[str, ...] = ()
    baseline: Baseline | None = None
    competing: tuple[str, ...] = ()
    competing_as_censoring: tuple[str, ...] = ()
    stated: bool = True


NO_OUTCOME = OutcomeRule("no outcome", stated=False)


@dataclass(frozen=True, slots=True)
class Residual:
    """What the predictors leave out: the standard deviation of log-odds between patients with the same predictors."""

    sd_logit: float
    source: str = ""


@dataclass(frozen=True, slots=True)
class Prediction:
    """When we predict, and until when. All weeks count from enrolment.

    A patient counts as seen at the horizon when tested at most `visit_window_weeks` before it. `visit_weeks` are the
    planned visits, by which discrete-time hazards divide the follow-up; where none are stated, every 12 weeks.

    A horizon in months (`horizon_months`) has 30.4375 days (365.25 / 12) in each of them, and `horizon_weeks` is what
    they add up to. Since months of the calendar differ in length, weeks that are whole days, as dates give them, are
    compared with the shortest and longest span of so many: what happens on the day 24 months after enrolment happens
    by month 24.

    `landmark_window_weeks` is how many weeks late the visit of a landmark may be held and still be that visit; 0: the
    landmark is a day.

    `implausible_auc` is the AUC above which no honest model of this outcome and horizon is believed; None: not known.
    `centre` is a column of the patients table between whose values the mean risk may differ; None: it may not.
    `residual` is what the predictors leave out: with it intervals are of the patient's own risk; None: of the mean risk
    of patients with the same predictors.
    """

    landmark_weeks: tuple[float, ...] = (0.0,)
    horizon_weeks: float = 48.0
    visit_window_weeks: float = 4.0
    visit_weeks: tuple[float, ...] = ()
    horizon_months: float | None = None
    implausible_auc: float | None = None
    centre: str | None = None
    landmark_window_weeks: float = 0.0
    residual: Residual | None = None

    @property
    def residual_sd(self) -> float:
        """Return the standard deviation that makes intervals those of the patient's own risk; 0: none is stated."""
        return 0.0 if self.residual is None else self.residual.sd_logit

    @property
    def interval_of(self) -> str:
        """Say of which risk the interval is."""
        own, mean = "the patient's own risk", "the mean risk of patients with the same predictors"
        return mean if self.residual is None else own

    def by_horizon(self, week: Floats) -> Mask:
        """Tell which weeks lie at or before the horizon."""
        dated = is_of_dates(week) & at_or_before(week, self._calendar_weeks()[1])
        return np.asarray(at_or_before(week, self.horizon_weeks) | dated)

    def reaches_horizon(self, week: Floats, *, early: float = 0.0) -> Mask:
        """Tell which weeks reach the horizon, or come early by no more than some weeks."""
        dated = is_of_dates(week) & at_or_before(self._calendar_weeks()[0] - early, week)
        return np.asarray(at_or_before(self.horizon_weeks - early, week) | dated)

    def _calendar_weeks(self) -> tuple[float, float]:
        """Return the shortest and longest span of the calendar that is the horizon."""
        months = self.horizon_months
        if months is None or months != int(months):
            return self.horizon_weeks, self.horizon_weeks
        shortest, longest = calendar_days(int(months))
        return shortest / DAYS_PER_WEEK, longest / DAYS_PER_WEEK
