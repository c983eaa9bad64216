"""The result of a learning curve: what is expected at each number of patients, as a table and a sentence."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import isnan
from typing import TYPE_CHECKING, Any

from relapse_model.display.html_summary import html_summary

if TYPE_CHECKING:
    import pandas as pd

    from relapse_model.study.study import Study

WITH, WITHOUT = "with the priors", "without"
SMALL, RIDGE = "small effects expected", "ridge regression"  # the same two models, of a study that states no priors


@dataclass(frozen=True, slots=True)
class ExpectedPerformance:
    """What a model of so many patients is expected to reach in new ones, over the truths.

    Attributes
    ----------
    auc : tuple of float
        Mean, and the 10th and 90th percentile (of ranks out of n + 1: a further model lies between with 0.8).
    calibration_slope : tuple of float
        Median, and the 10th and 90th percentile: of one model it is below 1 where its risks are too extreme.
    share : float
        Share of the attainable gain in log loss: 1 is the true risk, 0 is giving everybody the mean risk of the
        training patients, below 0 is worse.
    share_error : float
        Its standard error, by the number of truths.
    interval_width : float
        Mean width of the 90 % interval of a risk.
    failed : int
        Truths in which no model could be fitted, such as without an event; they are in no figure.
    """

    auc: tuple[float, float, float]
    calibration_slope: tuple[float, float, float]
    share: float
    share_error: float
    interval_width: float
    failed: int = 0


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """What is expected at one number of patients.

    Attributes
    ----------
    patients : int
        At risk at the landmark.
    known : int
        Of them, those with a known outcome: as many are lost as in the cohort.
    events : float
        Expected number with the outcome, among those known.
    attainable_auc : float
        Mean AUC of the true risks: what no model exceeds.
    with_priors, without : ExpectedPerformance
        The prior-informed regression, which expects small effects where the study states no prior; ridge regression,
        which has only these patients to learn from.
    shrinkage : float or None
        Expected shrinkage of a model without penalty or prior (Riley's first criterion); None where it has none.
    """

    patients: int
    known: int
    events: float
    attainable_auc: float
    with_priors: ExpectedPerformance
    without: ExpectedPerformance
    shrinkage: float | None


@dataclass(frozen=True, slots=True)
class LearningCurve:
    """What more patients would bring, if what the study states beforehand holds; or, where it does not, a default.

    Attributes
    ----------
    study : Study
    landmark, horizon : float
    points : tuple of CurvePoint
        One for each number of patients, ascending.
    mean_risk : str
        Where the mean risk was taken from, in words.
    lost : float
        Share of the patients lost before the horizon.
    parameters : int
        Columns that are learned.
    needed_patients, needed_events : int or None
        By Riley's criteria, for a model without penalty or prior, at the attainable AUC and the mean risk of the first
        point; None where they give no answer.
    replicates, seed : int
    """

    study: Study
    landmark: float
    horizon: float
    points: tuple[CurvePoint, ...]
    mean_risk: str
    lost: float
    parameters: int
    needed_patients: int | None
    needed_events: int | None
    replicates: int
    seed: int

    def __repr__(self) -> str:
        """Return the sentence."""
        return f"LearningCurve({self.sentence()})"

    def _repr_html_(self) -> str:
        """Return the table, as a notebook shows it."""
        table = self.table()
        return html_summary(
            self.sentence(),
            columns=tuple(table.columns),
            rows=[tuple(map(str, row)) for row in table.itertuples(index=False)],
            note=self.assumption(),
        )

    def table(self) -> pd.DataFrame:
        """Return two rows for each number of patients: with the priors, and without.

        Where the study states no priors, the first is of a model that expects small effects.
        """
        import pandas as pd

        rows = []
        for point in self.points:
            for name, found in zip(self.models, (point.with_priors, point.without), strict=True):
                rows.append(
                    {
                        "patients": point.patients, "events": round(point.events, 1), "model": name,
                        "auc": round(found.auc[0], 3), "auc_p10": round(found.auc[1], 3),
                        "auc_p90": round(found.auc[2], 3), "attainable_auc": round(point.attainable_auc, 3),
                        "calibration_slope": round(found.calibration_slope[0], 2),
                        "share_of_gain": round(found.share, 2), "share_error": round(found.share_error, 2),
                        "interval_width": round(found.interval_width, 3), "failed": found.failed,
                    }
                )  # fmt: skip
        return pd.DataFrame(rows)

    @property
    def models(self) -> tuple[str, str]:
        """Return what the two models of each point are called: with the priors, if the study states any."""
        return (WITH, WITHOUT) if self.study.has_priors else (SMALL, RIDGE)

    def without_prior(self) -> list[str]:
        """Return the labels of the predictors and terms of which the study states no prior."""
        predictors = [one.label for one in self.study.predictors if one.prior is None]
        return predictors + [one.label for one in self.study.terms if one.prior is None]

    def sentence(self) -> str:
        """Return what the curve says, from the smallest number of patients to the largest."""
        first, last = self.points[0], self.points[-1]
        said = f"{self._words(first)}." if first is last else f"{self._words(first)}. {self._words(last)}."
        return (
            said if self.study.has_priors else f"This is an assumption, no forecast: the study states no priors. {said}"
        )

    def _words(self, point: CurvePoint) -> str:
        own, other = point.with_priors, point.without
        who = f"{point.patients} patients ({point.events:.0f} with the outcome)"
        if isnan(own.share) or isnan(other.share):
            return f"{who} are too few: in nearly all simulations no model could be fitted"
        stated = self.study.has_priors
        first, second = ("with the priors", "without") if stated else ("expecting small effects", "by ridge regression")
        return (
            f"{who} are expected to give an AUC of {own.auc[0]:.2f} {first} and {other.auc[0]:.2f} {second} "
            f"({point.attainable_auc:.2f} with the true risks), and {round(100 * own.share)} % of the attainable gain "
            f"{first} and {round(100 * other.share)} % {second}"
        )

    def assumption(self) -> str:
        """Return what the figures rest on."""
        riley = (
            f" Riley's criteria, for a model without penalty or prior, ask for {self.needed_patients} patients, "
            f"{self.needed_events} of them with the outcome."
            if self.needed_patients is not None
            else ""
        )
        return (
            f"{self._effects()} The attainable gain is how much lower the log loss "
            "is with the true risks than with the mean risk for everybody; below 0 %: worse than the mean risk. "
            f"Patients are resampled from the cohort; {100 * self.lost:.0f} % of them are lost to follow-up; the mean "
            f"risk is {self.mean_risk}.{riley}"
        )

    def _effects(self) -> str:
        """Return where the effects of the simulations come from: priors that are stated, or what stands in for them."""
        named, without = f"study {self.study.name!r}", self.without_prior()
        if not self.study.has_priors:
            return (
                f"Means over {self.replicates} simulations. No prior is stated in {named}, so the effects are drawn "
                f"from defaults of the library: {_default_words()}. Nothing is known of these effects: the figures "
                "show what such small effects would allow, and no more than that."
            )
        drawn = (
            f"Means over {self.replicates} simulations, each with effects drawn from the priors of {named}: they are "
            "reached if these hold."
        )
        if not without:
            return drawn
        return (
            f"{drawn} No prior is stated for {', '.join(without)}; defaults of the library stand for them: "
            f"{_default_words()}."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "study": self.study.name, "landmark": self.landmark, "horizon": self.horizon,
            "mean_risk": self.mean_risk, "lost": self.lost, "parameters": self.parameters,
            "needed_patients": self.needed_patients, "needed_events": self.needed_events,
            "replicates": self.replicates, "seed": self.seed, "priors_stated": self.study.has_priors,
            "without_prior": self.without_prior(), "models": {"with_priors": self.models[0], "without": self.models[1]},
            "points": [asdict(point) for point in self.points],
            "sentence": self.sentence(), "assumption": self.assumption(),
        }  # fmt: skip


def _default_words() -> str:
    """Return what is drawn of an effect of which no prior is stated."""
    from relapse_model.classifiers.prior.effect_steps import HALF
    from relapse_model.classifiers.prior.logistic import PriorLogisticClassifier

    sd: float = PriorLogisticClassifier().default_sd
    return (
        f"log-odds of mean 0 and standard deviation {sd:g} per standard deviation of a predictor, or {sd / HALF:g} "
        "between yes and no"
    )
