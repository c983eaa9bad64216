"""What a validation gives: performance out of fold, in resamples and groups, and the model that it judges."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from relapse_model.arrays import Floats
from relapse_model.classifiers.known import label_of
from relapse_model.cohort.cohort import Cohort
from relapse_model.development.internal_validation.bootstrap import BootstrapValidation
from relapse_model.display.html_summary import html_summary
from relapse_model.features.development_data import DevelopmentData
from relapse_model.model.verdict import model_verdict
from relapse_model.small_counts import disclosed_count
from relapse_model.study.study import Study
from relapse_model.validation.classification_measures import ThresholdMeasures
from relapse_model.validation.estimate import Estimate
from relapse_model.validation.performance_measures import Performance
from relapse_model.validation.subgroups import Subgroup

if TYPE_CHECKING:
    from relapse_model.model.relapse_model import RelapseModel


@dataclass(frozen=True, eq=False)
class Validation:
    """The result of `validate`.

    Attributes
    ----------
    study : Study
    landmark_week : float
        Of several landmarks, the first.
    cohort : Cohort
        As it was given (not written to any file).
    data : DevelopmentData
        The patients at risk at that landmark (not written to any file).
    model : RelapseModel
        Of all patients, as `train` makes it: the one whose performance is being judged.
    risks : array, shape (repeats, n)
        Out-of-fold risk of each patient in each repeat.
    performance : Performance
        Measures of these risks at that landmark, averaged over the repeats.
    apparent : Performance
        Measures of the model in the very patients it was made from: too good by its optimism.
    bootstrap : BootstrapValidation or None
        Optimism, .632+ and stability, where resamples were asked for.
    left_out : tuple of Subgroup
        Each group of `leave_out`, predicted by a model of all the others.
    subgroups : dict of str to tuple of Subgroup
        Out-of-fold performance by sex, arm, centre, genotype and band of age, as far as they are known.
    thresholds : tuple of ThresholdMeasures
        Sensitivity, specificity and predictive values of the out-of-fold risks.
    chosen : dict of str to int
        How often each candidate was chosen in the outer folds.
    failed : dict of str to int
        Folds that could not be fitted, by reason; their patients have no risk in that repeat.
    settings : dict
        Folds, repeats, seed, candidates.
    synthetic : bool
    by_landmark : dict of float to Performance
        Measures among those at risk at each landmark.
    within_levels : dict of str to Estimate
        AUC over pairs of patients who are alike in a predictor, by its name: what the others tell apart.
    """

    study: Study
    landmark_week: float
    cohort: Cohort
    data: DevelopmentData
    model: RelapseModel
    risks: Floats
    performance: Performance
    apparent: Performance
    bootstrap: BootstrapValidation | None
    left_out: tuple[Subgroup, ...]
    subgroups: dict[str, tuple[Subgroup, ...]]
    thresholds: tuple[ThresholdMeasures, ...]
    chosen: dict[str, int]
    failed: dict[str, int]
    settings: dict[str, Any]
    synthetic: bool
    by_landmark: dict[float, Performance] = field(default_factory=dict)
    within_levels: dict[str, Estimate] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Return the headline only: patients are never printed."""
        found = self.performance
        auc = found.measures.get("auc")
        return f"Validation({self.study.outcome.name}: {found.patients} patients, {found.events} events; AUC {auc})"

    def _repr_html_(self) -> str:
        """Return the out-of-fold figures with their intervals, as a notebook shows them."""
        found = self.performance
        priors, verdict = self.study.has_priors, model_verdict(replace(self.model, performance=found))
        chosen = ", ".join(f"{label_of(name, priors)} {count}" for name, count in self.chosen.items() if count)
        return html_summary(
            f"{self.study.outcome.name} by week {self.study.prediction.horizon_weeks:g}: validation of the procedure",
            [
                ("patients", f"{found.patients}, {found.events} events, {found.lost} lost"),
                ("chosen in the folds", chosen),
                ("folds that failed", sum(self.failed.values()) or None),
            ],
            columns=("measure, out of fold", "value (interval)"),
            rows=found.measure_rows(),
            note=" ".join([verdict.en, *(["The patients are synthetic."] if self.synthetic else [])]),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the patients, as plain values; the counts of groups under 5 as ``<5``."""
        return {
            "study": self.study.name,
            "outcome": self.study.outcome.name,
            "landmark_week": self.landmark_week,
            "horizon_weeks": self.study.prediction.horizon_weeks,
            "method": "repeated nested cross-validation; every step refitted in every fold",
            "synthetic": self.synthetic,
            "performance": self.performance.to_dict(),
            "apparent": self.apparent.to_dict(),
            "bootstrap": None if self.bootstrap is None else self.bootstrap.to_dict(),
            "left_out": [group.to_dict() for group in self.left_out],
            "subgroups": {name: [group.to_dict() for group in groups] for name, groups in self.subgroups.items()},
            "thresholds": [one.to_dict() for one in self.thresholds],
            "by_landmark": [_at_landmark(week, found) for week, found in self.by_landmark.items()],
            "within_levels": {name: found.to_dict() for name, found in self.within_levels.items()},
            "chosen": self.chosen,
            "failed_folds": self.failed,
            "settings": self.settings,
        }


def _at_landmark(week: float, found: Performance) -> dict[str, Any]:
    counts = {"patients": found.patients, "events": found.events, "lost": found.lost}
    return {"week": week} | found.to_dict() | {name: disclosed_count(count) for name, count in counts.items()}
