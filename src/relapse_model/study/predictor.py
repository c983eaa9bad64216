"""Predictors and terms as a study declares them, and what is known of their coefficients beforehand."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Prior:
    """What is known of a coefficient before the cohort is seen: a Gaussian on the log-odds scale.

    `per` is the step of the predictor that `log_odds` and `sd` refer to: ``"unit"``, ``"log10"`` (for an
    analyte on the log10 scale), ``"sd"`` (a standard deviation in the training cohort), or a number of units.
    """

    log_odds: float
    sd: float
    per: str | float
    source: str


@dataclass(frozen=True, slots=True)
class Predictor:
    """One declared predictor: how it is computed, what is known of it, and how it is shown.

    `window_weeks` says how old a result may be at the landmark: an older one is not used, and a value that would rest
    on it is unknown. `gap_weeks` says how far apart the last positive and the first negative test may lie for a loss
    to count as seen.

    Terms that are known beforehand not to be linear are declared: `cap` (no further effect above it) and
    `saturating` (value / (value + saturating), half of the effect at that value), both in the clinical unit.

    `typical` is the value of a usual patient, in the clinical unit (of a yes or no, the share of yes): where hardly any
    training patient has the predictor, the effect that the prior states counts from it.

    Beside `equals`, `others` says what counts as no: ``"no"``, everything else; or the levels that do, and
    nothing besides. Empty: where `equals` is a yes or a no, its opposite alone; else every other level that does
    not look like it. `negative` allows a column of numbers below 0. `possible` are the limits, in its unit, outside of
    which a number of its column cannot be right, and is refused by row.

    `hint` says what whoever types the value needs to know, such as when it was measured.

    `screened_on` is the fingerprint of the cohort on which it was chosen among many, as `screen_biomarkers` writes it.
    """

    name: str
    kind: str
    label: str
    analyte: str | None = None
    column: str | None = None
    agents: tuple[str, ...] = ()
    window_weeks: float | None = None
    gap_weeks: float | None = None
    below: float | None = None
    at_least: float | None = None
    confirmed: bool = False
    equals: str | None = None
    others: str | tuple[str, ...] = ()
    negative: bool = False
    levels: tuple[str, ...] = ()
    cap: float | None = None
    saturating: float | None = None
    scale: str = "linear"
    unit: str = ""
    direction: str | None = None
    prior: Prior | None = None
    typical: float | None = None
    screened_on: str | None = None
    label_zh: str = ""
    possible: tuple[float, float] | None = None
    hint: str = ""
    hint_zh: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A biomarker to be screened: computed as a predictor is, and the family it belongs to."""

    predictor: Predictor
    family: str = ""


@dataclass(frozen=True, slots=True)
class TermFactor:
    """A predictor, transformed, in its clinical unit: at most one of the five is given; none is the value itself."""

    predictor: str
    saturating: float | None = None
    cap: float | None = None
    below: float | None = None
    at_least: float | None = None
    minus: float | None = None


@dataclass(frozen=True, slots=True)
class StudyTerm:
    """A non-linear term or interaction stated beforehand: a product of factors, and what is known of its coefficient.

    `forms` names the forms of the model in which the term stands. The prior-informed model is averaged over the linear
    form and each named form, which is all terms that name it. `replaces` names predictors whose own, linear column
    stands for the same effect, and is left out where the term is used.
    """

    name: str
    label: str
    factors: tuple[TermFactor, ...]
    replaces: tuple[str, ...] = ()
    prior: Prior | None = None
    label_zh: str = ""
    forms: tuple[str, ...] = ("terms",)
