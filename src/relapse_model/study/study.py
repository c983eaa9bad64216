"""The study: a protocol as data. Everything the library must know of one disease stands here, not in code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from relapse_model.arrays import Floats, Mask
from relapse_model.comparisons import DAYS_PER_WEEK, at_or_before, calendar_days, is_of_dates
from relapse_model.display.html_summary import html_summary
from relapse_model.errors import NoOutcomeError
from relapse_model.study.analyte import Analyte
from relapse_model.study.eligibility import Eligibility
from relapse_model.study.predictor import Candidate, Predictor, StudyTerm

if TYPE_CHECKING:  # a study without a trial needs neither
    from relapse_model.study.trial_plan import DosingRule, TrialPlan

PROTOCOL = 1  # number of the study-file format; raised when a key changes its meaning


@dataclass(frozen=True, slots=True)
class Agent:
    """A drug or vaccine: its name in the treatments table, and other names that hospitals print for it."""

    name: str
    synonyms: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """What readers are shown: its first synonym in Latin letters, unless that is shorter than the name itself."""
        latin = [one for one in self.synonyms if one.isascii()]
        return latin[0] if latin and len(latin[0]) >= len(self.name) else self.name.replace("_", " ")

    @property
    def label_zh(self) -> str:
        """Its first synonym in Chinese; empty where there is none."""
        return next((one for one in self.synonyms if "\u4e00" <= one[0] <= "\u9fff"), "")


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
    a cohort lies between 5 and 27 % in 95 of 100, where 12 % is expected.
    """

    risk: float
    sd_logit: float
    by_week: float
    source: str = ""

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


@dataclass(frozen=True, slots=True)
class Spread:
    """A kinetic parameter: lognormal between patients, with where its figures come from."""

    median: float
    cv: float
    source: str


@dataclass(frozen=True, slots=True)
class PassiveAntibody:
    """Antibody given as a drug: one compartment, first-order absorption; the assay sees it added to the patient's own.

    Doses are in international units, volumes in litres, so that dose / volume is in IU/L = mIU/mL.
    """

    analyte: str
    agents: tuple[str, ...]
    half_life_days: Spread
    volume_litres: Spread
    absorption_per_day: Spread
    error_sd_log10: float
    error_source: str


@dataclass(frozen=True, slots=True)
class Laboratory:
    """Conventions of the laboratories.

    Parameters
    ----------
    dash : {"refuse", "negative", "missing"}
        What a bare ``-`` means.
    below_limit_detected : bool or None
        Whether ``<20`` alone was detected; None: unknown.
    same_day : {"refuse", "worst", "mean", "last"}
        Which of several results of one analyte and day counts that contradict each other, where no time of day orders
        them; see `relapse_model.cohort.one_day`.
    """

    dash: str = "refuse"
    below_limit_detected: bool | None = None
    same_day: str = "refuse"


@dataclass(frozen=True, slots=True)
class TimeIndex:
    """Week 0 as it is found in the data: a patient's first result of an analyte below, or at least, a threshold.

    Where a result that does not decide comes before it, or there is none, the week is not known: such a patient is
    refused, or, with `without` = ``"leave out"``, left out and listed.
    """

    analyte: str
    first_below: float | None = None
    first_at_least: float | None = None
    without: str = "refuse"


@dataclass(frozen=True, slots=True)
class Time:
    """How dates and times of day in the tables are meant.

    Parameters
    ----------
    zone : str or None
        The hospital's time zone (IANA), by whose day a timestamp that states a zone counts; without it such a
        timestamp is refused. A timestamp that states none is the hospital's own time.
    course_end : {"inclusive", "exclusive"} or None
        Whether the `end_date` of a course is a day on treatment; None: not stated, and taken as exclusive. Weeks
        (`end_week`) are points in time, and are not concerned.
    index : TimeIndex or None
        Week 0, where it is not enrolment but found in the data.
    """

    zone: str | None = None
    course_end: str | None = None
    index: TimeIndex | None = None


@dataclass(frozen=True, slots=True)
class Treatments:
    """What the treatments table holds: with `complete`, a patient without a course of an agent was not given it.

    Where it is not complete, that patient's history of the agent is unknown.
    """

    complete: bool = True


@dataclass(frozen=True, slots=True)
class Scoring:
    """When scoring warns of a patient; see `relapse_model.model.scoring.guards`.

    Parameters
    ----------
    range_margin : float
        How far a value may lie outside the central 90 % of the training, as a share of its width.
    distance_level : float
        The share of patients like those of the training whose values together are not called far from it.
    passive_weeks : float
        For how long after a dose of antibody a titre is taken to hold it.
    """

    range_margin: float = 0.25
    distance_level: float = 0.999
    passive_weeks: float = 12.0


@dataclass(frozen=True, slots=True, repr=False)
class Study:
    """A study as read from its file. See `load_study`.

    `text` is the file as it was, so that a model can carry its study unchanged.
    """

    name: str
    title: str
    registry: str
    analytes: Mapping[str, Analyte]
    outcome: OutcomeRule
    prediction: Prediction
    predictors: tuple[Predictor, ...]
    text: str = field(repr=False)
    terms: tuple[StudyTerm, ...] = ()
    eligibility: Eligibility = field(default_factory=Eligibility)
    passive_antibody: PassiveAntibody | None = None
    laboratory: Laboratory = field(default_factory=Laboratory)
    time: Time = field(default_factory=Time)
    treatments: Treatments = field(default_factory=Treatments)
    scoring: Scoring = field(default_factory=Scoring)
    trial: TrialPlan | None = None
    dosing: DosingRule | None = None
    candidates: tuple[Candidate, ...] = ()
    agents: Mapping[str, Agent] = field(default_factory=dict)
    other_analytes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # known by name, and not read
    codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # of columns of the patients table
    title_zh: str = ""

    def __repr__(self) -> str:
        """Return what is predicted, when, and from how much."""
        weeks = ", ".join(f"{week:g}" for week in self.prediction.landmark_weeks)
        priors = sum(one.prior is not None for one in self.predictors)
        trial = "" if self.trial is None else ", with a trial plan"
        if not self.outcome.stated:
            return f"Study({self.name!r}: no outcome, at week {weeks} {len(self.predictors)} predictors)"
        return (
            f"Study({self.name!r}: {self.outcome.name} by week {self.prediction.horizon_weeks:g}, predicted at week "
            f"{weeks} from {len(self.predictors)} predictors, {priors} with a prior{trial})"
        )

    @property
    def heading(self) -> str:
        """Return what stands at the top of pages, cards and lists: the title, else the outcome, else the name.

        Examples
        --------
        >>> from dataclasses import replace
        >>> from relapse_model import load_study
        >>> replace(load_study("hbsag-relapse"), title="").heading
        'HBsAg relapse'
        """
        outcome = self.outcome.name if self.outcome.stated else ""
        return self.title.strip() or outcome.strip() or self.name

    @property
    def heading_zh(self) -> str:
        """Return the title shown to readers of Chinese; empty where the study has none."""
        return self.title_zh.strip()

    def _source_shown(self, one: Predictor) -> str:
        """Return where a predictor is read and how, as a notebook shows it."""
        if one.kind == "column":
            return f"column {one.column}"
        analyte = self.analytes.get(one.analyte or "")
        read = analyte.label if analyte is not None else one.column or ", ".join(self.agent_labels(one.agents))
        return f"{one.kind.replace('_', ' ')} of {read}"

    def agent_labels(self, names: Iterable[str], language: str = "en") -> tuple[str, ...]:
        """Return agents as readers are shown them; one of which the study says nothing stands by its own name.

        Parameters
        ----------
        names : iterable of str
        language : {"en", "zh"}

        Examples
        --------
        >>> from relapse_model import load_study
        >>> load_study("hbsag-relapse").agent_labels(["hbig"]), load_study("hbsag-relapse").agent_labels(["hbig"], "zh")
        (('hepatitis B immunoglobulin',), ('乙肝免疫球蛋白',))
        """
        known = [self.agents.get(name, Agent(name)) for name in names]
        return tuple((one.label_zh if language == "zh" else "") or one.label for one in known)

    def _repr_html_(self) -> str:
        """Return the protocol in short, as a notebook shows it."""
        return html_summary(
            self.heading,
            [
                ("registry", self.registry),
                ("outcome", f"{self.outcome.name} by week {self.prediction.horizon_weeks:g}"
                 if self.outcome.stated else "none is stated"),
                ("predicted at week", ", ".join(f"{week:g}" for week in self.prediction.landmark_weeks)),
                ("criteria", len(self.eligibility.include) + len(self.eligibility.exclude) or None),
                ("non-linear terms", ", ".join(one.label for one in self.terms)),
                ("candidate biomarkers", len(self.candidates) or None),
                ("trial plan", "" if self.trial is None else "yes"),
            ],
            columns=("predictor", "from", "unit", "prior (log-odds)"),
            rows=[
                (one.label, self._source_shown(one), one.unit,
                 "" if one.prior is None else f"{one.prior.log_odds:g} (SD {one.prior.sd:g})")
                for one in self.predictors
            ],
        )  # fmt: skip

    def require_outcome(self) -> None:
        """Refuse what a study of predictors alone cannot answer.

        Raises
        ------
        NoOutcomeError
        """
        if not self.outcome.stated:
            raise NoOutcomeError(
                f"the study {self.name!r} states no outcome, so that its cohort can be read and checked and its "
                "predictors derived, and nothing else. Expected a section [outcome], and horizon_weeks (or _days, "
                "_months) under [prediction]."
            )

    def landmark(self, week: float | None = None) -> float:
        """Return the week at which we predict: as given, else the study's first landmark."""
        return self.prediction.landmark_weeks[0] if week is None else float(week)

    @property
    def has_priors(self) -> bool:
        """Return whether it states a prior of any predictor or term."""
        return any(one.prior for one in self.predictors) or any(one.prior for one in self.terms)

    def predictor(self, name: str) -> Predictor:
        """Return the predictor called `name`."""
        return next(predictor for predictor in self.predictors if predictor.name == name)
