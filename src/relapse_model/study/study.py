"""The study: a protocol as data. Everything the library must know of one disease stands here, not in code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from relapse_model.display.html_summary import html_summary
from relapse_model.errors import NoOutcomeError, RelapseModelError
from relapse_model.study.analyte import Analyte
from relapse_model.study.eligibility import Eligibility
from relapse_model.study.prediction import OutcomeRule, Prediction
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


def one_week(week: object) -> float:
    """Return a week of a landmark as a plain number; refuse what is none.

    Raises
    ------
    RelapseModelError

    Examples
    --------
    >>> one_week(np.int64(12))
    12.0
    """
    number = isinstance(week, int | float | np.integer | np.floating) and not isinstance(week, bool)
    if not (number and np.isfinite(week)):  # type: ignore[call-overload]
        raise RelapseModelError(f"landmark_week is {week!r}; expected one week, as a number.")
    return float(week)  # type: ignore[arg-type]


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
        baseline = self.outcome.baseline
        return html_summary(
            self.heading,
            [
                ("registry", self.registry),
                ("outcome", f"{self.outcome.name} by week {self.prediction.horizon_weeks:g}"
                 if self.outcome.stated else "none is stated"),
                ("predicted at week", ", ".join(f"{week:g}" for week in self.prediction.landmark_weeks)),
                ("mean risk beforehand", "" if baseline is None else f"{100 * baseline.risk:g} % by week "
                 f"{baseline.by_week:g} (SD {baseline.sd_logit:g} log-odds)"),
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
        if week is None:
            return self.prediction.landmark_weeks[0]
        return one_week(week)

    @property
    def has_priors(self) -> bool:
        """Return whether it states a prior of any predictor or term."""
        return any(one.prior for one in self.predictors) or any(one.prior for one in self.terms)

    def predictor(self, name: str) -> Predictor:
        """Return the predictor called `name`."""
        return next(predictor for predictor in self.predictors if predictor.name == name)
