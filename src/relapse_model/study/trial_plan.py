"""The plan of a randomised trial as data: arms, the primary analysis, what is done about what happens on the way.

Everything a comparison of the arms may do stands here before the data are seen; nothing else is done.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

MEASURES = ("risk_difference", "risk_ratio", "odds_ratio")
METHODS = ("kaplan-meier", "miettinen-nurminen", "newcombe")
INTERVALS = ("score", "greenwood")
STRATEGIES = ("treatment policy", "composite", "hypothetical")
SENSITIVITIES = (
    "missing = failure", "missing = success", "extreme", "tipping point", "multiple imputation", "interval censored",
    "per protocol",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Arms:
    """The two arms, by the values of a column of the patients table, and how patients were allocated to them.

    `labels` are what reports call treatment and control; the values themselves by default.
    """

    treatment: str
    control: str
    column: str = "arm"
    ratio: tuple[float, float] = (1.0, 1.0)
    labels: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, str]:
        """Return what reports call the treatment and the control arm."""
        return (self.labels[0], self.labels[1]) if self.labels else (self.treatment, self.control)

    @property
    def quoted(self) -> tuple[str, str]:
        """Return the names as they stand within a sentence: in quotes where they are values of the table."""
        treatment, control = self.names
        return (treatment, control) if self.labels else (f"'{treatment}'", f"'{control}'")


@dataclass(frozen=True, slots=True)
class PrimaryAnalysis:
    """The one comparison that answers the trial's question.

    The endpoint is no outcome event by `week`. `measure` compares the risks of the event; `method` says how they are
    estimated. `adjust` names predictors known at randomisation for a standardised comparison, `adjust_model` the file
    of a model of other patients whose risk is the one column of it; neither for an unadjusted one. `interval` is that
    of a Kaplan-Meier difference: ``"score"`` exists always, ``"greenwood"`` only if both arms have events.
    """

    endpoint: str
    week: float
    window_weeks: float = 4.0
    measure: str = "risk_difference"
    method: str = "kaplan-meier"
    level: float = 0.95
    sides: int = 2
    adjust: tuple[str, ...] = ()
    interval: str = "score"
    adjust_model: str = ""

    @property
    def adjusted(self) -> bool:
        """Tell whether the comparison is a standardised one."""
        return bool(self.adjust or self.adjust_model)


@dataclass(frozen=True, slots=True)
class IntercurrentEvent:
    """Something that happens after randomisation and touches the endpoint (ICH E9(R1)), and the strategy for it.

    It is seen in the treatments table: any of `agents` given, to patients of `arm` or, without it, of either.
    ``"treatment policy"`` goes on as if it had not happened; ``"composite"`` counts it as the event, in its week;
    ``"hypothetical"`` ends follow-up in its week; by the predictors named in `weight_by`, known at randomisation, those
    still followed are then weighted for those whose follow-up it ended.
    """

    event: str
    agents: tuple[str, ...]
    strategy: str
    arm: str | None = None
    after_weeks: float = 0.0
    weight_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """One sensitivity analysis: its kind, and the settings of the kinds that have some."""

    kind: str
    imputations: int = 50
    deltas: tuple[float, ...] = (0.0, 1.0, 2.0, 3.0)
    seed: int = 0


@dataclass(frozen=True, slots=True)
class TrialSubgroup:
    """A subgroup of the plan: a column of the patients table, cut at `at` where it is a number."""

    column: str
    label: str = ""
    at: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class EffectModifier:
    """A predictor by which the effect of the treatment may differ, on the log-odds per standard deviation: mean 0."""

    predictor: str
    sd: float = 0.25


@dataclass(frozen=True, slots=True)
class TreatmentEffect:
    """The effect of the treatment on the log-odds of the event, known from elsewhere: estimate, spread, source."""

    log_odds: float
    sd: float
    source: str


@dataclass(frozen=True, slots=True)
class TrialPlan:
    """The section [trial] of a study: what `compare_arms` does, and all that it does.

    `dated` is the day on which the plan was laid down, as its author says.
    """

    arms: Arms
    primary: PrimaryAnalysis
    strata: tuple[str, ...] = ()
    population: str = "randomised"
    intercurrent: tuple[IntercurrentEvent, ...] = ()
    sensitivity: tuple[Sensitivity, ...] = ()
    subgroups: tuple[TrialSubgroup, ...] = ()
    effect_modifiers: tuple[EffectModifier, ...] = ()
    effect: TreatmentEffect | None = None
    dated: date | None = None


@dataclass(frozen=True, slots=True)
class FirstDose:
    """When the first dose is due, and how far from it a dose still is that dose."""

    week: float = 0.0
    window_weeks: float = 1.0


@dataclass(frozen=True, slots=True)
class DoseAgain:
    """The rule for another dose: a result of `analyte` below `below`; to be given within `act_within_weeks`."""

    analyte: str
    below: float
    act_within_weeks: float = 2.0


@dataclass(frozen=True, slots=True)
class DosingRule:
    """The section [dosing] of a study: who is due for a dose, and when.

    `dose` is in `unit`; `stop` names what ends dosing: ``"relapse"``, ``"lost"`` or ``"horizon"``.
    """

    agent: str
    arm: str
    dose: float
    again: DoseAgain
    unit: str = "IU"
    route: str = ""
    first: FirstDose = field(default_factory=FirstDose)
    stop: tuple[str, ...] = ("relapse", "lost", "horizon")
    visits: tuple[float, ...] = ()
