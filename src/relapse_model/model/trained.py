"""The relapse model: a study, a fitted classifier, and what is known of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.cohort.cohort import Cohort
from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.features import derive_features
from relapse_model.features.design import design_matrix
from relapse_model.model.scoring.guards import NewPatients, guard_warnings
from relapse_model.model.scoring.scores import scores_table, unusable
from relapse_model.study.study import Study

if TYPE_CHECKING:
    import shap

    from relapse_model.development.candidates import Classifier
    from relapse_model.development.checks.finding import Finding
    from relapse_model.development.choice import Choice
    from relapse_model.features.development_data import DevelopmentData
    from relapse_model.validation.performance import Performance

Floats = NDArray[np.float64]
LEVEL = 0.9  # of the interval of a risk


@dataclass(frozen=True)
class RelapseModel:
    """A trained model. Made by `train` or `load_model`.

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
    """

    study: Study
    landmark_week: float
    classifier_name: str
    classifier: Classifier
    summary: dict[str, Any]

    def __repr__(self) -> str:
        """Return what it predicts, by what, from how many."""
        events, patients = self.summary["events"], self.summary["patients"]
        synthetic = ", trained on synthetic patients" if self.summary["synthetic"] else ""
        return (
            f"RelapseModel({self.study.outcome.name} by week {self.study.prediction.horizon_weeks:g}, predicted at "
            f"week {self.landmark_week:g} by {self.classifier_name}; {events} events in {patients} patients{synthetic})"
        )

    @classmethod
    def from_development(
        cls,
        *,
        study: Study,
        landmark_week: float,
        classifier: Classifier,
        choice: Choice,
        data: DevelopmentData,
        seed: int,
        synthetic: bool,
        mean_risk: float,
        findings: Sequence[Finding] = (),
        parent: dict[str, Any] | None = None,
        cohort: Cohort | None = None,
    ) -> RelapseModel:
        """Put a model together after development."""
        from relapse_model.development.summary import training_summary  # scoring needs nothing of it

        summary = training_summary(
            data,
            study,
            choice,
            seed=seed,
            synthetic=synthetic,
            mean_risk=mean_risk,
            findings=findings,
            parent=parent,
            cohort=cohort,
        )
        return cls(study, landmark_week, choice.chosen, classifier, summary)

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
        if not known[0] <= week <= known[-1]:
            span = f"week {known[0]:g}" if len(known) == 1 else f"weeks {known[0]:g} to {known[-1]:g}"
            raise RelapseModelError(
                f"landmark_week is {week:g}; expected {span}, for which this model was trained. "
                "Train a model for that week, or one for several landmarks (train(..., landmark_week=[0, 4, 12]))."
            )
        return float(week)

    def score(
        self, cohort: Cohort, *, landmark_week: float | None = None, horizon_weeks: float | None = None
    ) -> pd.DataFrame:
        """Return the risk of every patient: one row each, in the order of the cohort, nobody left out.

        Parameters
        ----------
        cohort : Cohort
            New patients. Read with ``on_problems="list"``, those refused at the gate are listed as rejected.
        landmark_week : float, optional
            Week at which to predict, for a model of several landmarks; what was seen later is not used.
        horizon_weeks : float, optional
            Until when the risk is wanted. Any week but that of the model is not covered: all are rejected.

        Returns
        -------
        DataFrame
            Columns patient_id; status (``scored`` or ``rejected``); relapse_risk; risk_lower and risk_upper, the
            90 % interval of the risk; warnings (each with its code, see docs/scoring_warnings.md; joined by "; ");
            reason (of a rejection).

        Examples
        --------
        >>> import relapse_model as rm
        >>> study = rm.load_study("hbsag-relapse")
        >>> model = rm.train(rm.simulate_cohort(132, seed=7), study, candidates=("prior_logistic",))
        >>> scores = model.score(rm.simulate_cohort(3, seed=8))
        >>> list(scores["status"])
        ['scored', 'scored', 'scored']
        """
        landmark = self.landmark(landmark_week)
        reasons = unusable(cohort, self.study, landmark, horizon_weeks)
        features = derive_features(cohort, self.study, landmark)
        usable = np.array([reason == "" for reason in reasons], dtype=bool)
        matrix = design_matrix(features, self.study)[usable]
        risk = np.full((len(cohort), 3), np.nan)
        if usable.any():
            risk[usable, 0] = self.classifier.predict_proba(matrix)[:, 1]
            risk[usable, 1:] = self.classifier.predict_interval(matrix, LEVEL)
        new = NewPatients(cohort, features, self.study, self.summary, landmark, self.landmark_weeks, self.predict_risk)
        return scores_table(cohort, risk, usable, guard_warnings(new), reasons)

    def risk_by_week(self, cohort: Cohort, weeks: Sequence[float]) -> pd.DataFrame:
        """Return the risk of relapse by each week up to the horizon; of discrete-time hazards only.

        Parameters
        ----------
        cohort : Cohort
        weeks : sequence of float
            Weeks since enrolment, after the landmark and up to the horizon.

        Returns
        -------
        DataFrame
            One row per patient, in the order of the cohort, one column per week; NaN for who cannot be scored (see
            `score` for the reason).

        Raises
        ------
        RelapseModelError
            If the classifier is not ``"prior_hazard"``, or a week is not such.
        """
        if not hasattr(self.classifier, "predict_risk"):
            raise RelapseModelError(
                f"risk_by_week: the classifier is {self.classifier_name!r}, which knows the horizon only; expected "
                "'prior_hazard'. Train with candidates=('prior_hazard',)."
            )
        usable = [reason == "" for reason in unusable(cohort, self.study, self.landmark_week)]
        matrix = design_matrix(derive_features(cohort, self.study, self.landmark_week), self.study)[usable]
        risk = np.full((len(cohort), len(weeks)), np.nan)
        if any(usable):
            risk[usable] = self.classifier.predict_risk(matrix, np.asarray(weeks, dtype=float) - self.landmark_week)
        return pd.DataFrame(risk, index=cohort.patient_ids, columns=list(weeks))

    def predict_risk(self, features: pd.DataFrame) -> Floats:
        """Return the risks for a table of predictors as `derive_features` makes it."""
        return self.classifier.predict_proba(design_matrix(features, self.study))[:, 1]

    def explain(self, cohort: Cohort, *, landmark_week: float | None = None) -> shap.Explanation:
        """Return SHAP values of the log-odds of relapse, one column per predictor, in clinical units.

        Parameters
        ----------
        cohort : Cohort
        landmark_week : float, optional
            As `score` takes it.

        Returns
        -------
        shap.Explanation
            ``values`` and ``base_values`` add up to the model's log-odds; ``data`` in clinical units; every shap
            plot works on it. Rows as in `cohort`.
        """
        from relapse_model.model.explanation.shap_values import explain

        return explain(self, derive_features(cohort, self.study, self.landmark(landmark_week)))

    def evaluate(self, cohort: Cohort, *, landmark_week: float | None = None) -> Performance:
        """Judge this model, as it is, on other patients (external validation). Nothing is refitted.

        Parameters
        ----------
        cohort : Cohort
            Patients with their outcome, none of whom the model was trained on.
        landmark_week : float, optional
            As `score` takes it.

        Returns
        -------
        Performance

        Raises
        ------
        InsufficientDataError
            If nobody is at risk at the landmark, or nobody has a known outcome.
        """
        from relapse_model.features.development_data import development_data
        from relapse_model.validation.performance import performance

        data = development_data(cohort, self.study, self.landmark(landmark_week))
        if data.events == 0:
            raise InsufficientDataError(
                f"evaluate: no relapse among {len(data)} patients at risk; a model cannot be judged without one."
            )
        risk = self.predict_risk(data.features)
        return performance(data.relapse, risk, data.weights(), data.time, data.event)

    def update(self, cohort: Cohort, *, method: str = "intercept", landmark_week: float | None = None) -> RelapseModel:
        """Return a new model, recalibrated on other patients; it records this one as its parent.

        Parameters
        ----------
        cohort : Cohort
            Patients with their outcome, none of whom the model was trained on.
        method : {"intercept", "intercept_and_slope"}
            What is learned anew; see `relapse_model.model.updating.updated_model`.
        landmark_week : float, optional
            As `score` takes it.

        Examples
        --------
        >>> import relapse_model as rm
        >>> study = rm.load_study("hbsag-relapse")
        >>> model = rm.train(rm.simulate_cohort(132, seed=7), study, candidates=("prior_logistic",))
        >>> elsewhere = rm.simulate_cohort(300, seed=9)
        >>> model.update(elsewhere).summary["update"]["slope"]
        1.0
        """
        from relapse_model.model.updating import updated_model

        return updated_model(self, cohort, method, landmark_week)

    def save(self, path: str | Path, card: str = "") -> None:
        """Write the model to one file; see `relapse_model.model.file.model_file`.

        Parameters
        ----------
        path : str or Path
            Such as ``hbsag_relapse.rmodel``. An existing file is replaced, in one step.
        card : str
            The model card, to keep inside.
        """
        from relapse_model.model.file.model_file import save_model

        save_model(self, path, card)
