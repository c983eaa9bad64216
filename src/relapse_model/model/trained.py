"""The trained model as data: a study, a fitted classifier, what is known of both, and the risk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pandas as pd

from relapse_model.arrays import Floats
from relapse_model.comparisons import at_or_before, before
from relapse_model.display.html_summary import html_summary
from relapse_model.errors import RelapseModelError
from relapse_model.features.design import design_matrix
from relapse_model.study.study import Study

if TYPE_CHECKING:
    from relapse_model.classifiers.known import Classifier
    from relapse_model.validation.performance_measures import Performance

LEVEL = 0.9  # of the interval of a risk


@dataclass(frozen=True)
class TrainedModel:
    """A study, the classifier that was fitted by it, and the summary of its training.

    Attributes
    ----------
    study : Study
        The protocol, predictors and priors it was trained by.
    landmark_week : float
        The week at which it predicts; of several, the first.
    classifier_name : str
    classifier : Classifier
        Fitted; arrays in, arrays out.
    summary : dict
        The training cohort in counts and central ranges; how the classifier was chosen; versions; seed.
    performance : Performance or None
        How it is known to perform, as its file keeps it; None where it was not validated.
    """

    study: Study
    landmark_week: float
    classifier_name: str
    classifier: Classifier
    summary: dict[str, Any]
    performance: Performance | None = None

    def __repr__(self) -> str:
        """Return what it predicts, by what, from how many."""
        events, patients = self.told_count("events"), self.told_count("patients")
        synthetic = ", trained on synthetic patients" if self.summary["synthetic"] else ""
        kind, week = type(self).__name__, self.study.prediction.horizon_weeks
        return (
            f"{kind}({self.study.outcome.name} by week {week:g}, predicted at week {self.landmark_week:g} by "
            f"{self.classifier_name}; {events} events in {patients} patients{synthetic})"
        )

    def _repr_html_(self) -> str:
        """Return what it predicts, by what, from how many, and what was found in training, as a notebook shows it."""
        from relapse_model.classifiers.known import label_of
        from relapse_model.model.verdict import model_verdict

        summary, prediction = self.summary, self.study.prediction
        synthetic = ["Trained on synthetic patients."] if summary["synthetic"] else []
        weeks = ", ".join(f"{week:g}" for week in self.landmark_weeks)
        return html_summary(
            f"{self.study.outcome.name} by week {prediction.horizon_weeks:g}, predicted at week {weeks}",
            [
                ("classifier", label_of(self.classifier_name, self.study.has_priors)),
                ("trained on", f"{self.told_count('patients')} patients, {self.told_count('events')} events"),
                ("predictors", ", ".join(one.label for one in self.study.predictors)),
            ],
            columns=("found in training", "") if summary.get("warnings") else (),
            rows=[(one["code"], one["title"]) for one in summary.get("warnings") or ()],
            note=" ".join([model_verdict(self).en, *synthetic]),
        )

    def told_count(self, name: str) -> str:
        """Return a count of the training as text, with "about" where the model file tells it rounded.

        Parameters
        ----------
        name : str
            Of the summary, such as ``"events"``.
        """
        count = str(self.summary[name])
        return count if "disclosure" not in self.summary or count.startswith("<") else f"about {count}"

    @property
    def landmark_weeks(self) -> tuple[float, ...]:
        """Return the weeks at which it was trained to predict."""
        several = self.summary.get("by_landmark")
        return tuple(float(one["week"]) for one in several) if several else (self.landmark_week,)

    def landmark(self, week: float | None = None) -> float:
        """Return the week at which to predict: as given, else the (first) one it was trained for.

        Raises
        ------
        RelapseModelError
            For a week outside those of the training: how the risk changes there was not learned.
        """
        known = self.landmark_weeks
        if week is None:
            return known[0]
        week = self.study.landmark(week)
        if not (at_or_before(known[0], week) and at_or_before(week, known[-1])):
            span = f"week {known[0]:g}" if len(known) == 1 else f"weeks {known[0]:g} to {known[-1]:g}"
            raise RelapseModelError(
                f"landmark_week is {week:g}; expected {span}, for which this model was trained. "
                "Train a model for that week, or one for several landmarks (train(..., landmark_week=[0, 4, 12]))."
            )
        return week

    def weeks_after_landmark(self, weeks: Sequence[float]) -> Floats:
        """Return weeks since enrolment as weeks since the landmark; refuse what is not after it, by the horizon.

        Raises
        ------
        RelapseModelError
        """
        first, last = self.landmark_week, self.study.prediction.horizon_weeks
        given = list(weeks) if isinstance(weeks, Iterable) and not isinstance(weeks, str) else []
        if given and all(isinstance(week, int | float | np.integer | np.floating) for week in given):
            asked = np.asarray(given, dtype=np.float64)
            if (before(first, asked) & at_or_before(asked, last)).all():
                return np.asarray(asked - first)
        raise RelapseModelError(
            f"weeks is {weeks!r}; expected a list of one or more weeks since enrolment, after week {first:g} (the "
            f"landmark of this model) and by week {last:g} (its horizon)."
        )

    @property
    def centres(self) -> tuple[str, ...]:
        """Return the labels of the centres that it has an intercept for; none where centres do not count."""
        known = getattr(self.classifier, "centres_", None)
        return () if known is None else tuple(known.labels)

    @property
    def scores_unmeasured(self) -> bool:
        """Tell whether a patient without any result of the predictors is scored: if it was trained on such patients.

        A model of an earlier version does not tell, and scores none.
        """
        return bool(self.summary.get("unmeasured", 0) != 0)

    def predict_risk(self, features: pd.DataFrame) -> Floats:
        """Return the risks for a table of predictors as `derive_features` makes it; of a new centre, if they count."""
        return self.classifier.predict_proba(design_matrix(features, self.study))[:, 1]


Model = TypeVar("Model", bound=TrainedModel)
