"""The relapse model: a study, a fitted classifier, and what is known of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.candidates import Classifier
from relapse_model.checks.finding import Finding
from relapse_model.choice import Choice
from relapse_model.cohort import Cohort
from relapse_model.development_data import DevelopmentData, development_data
from relapse_model.errors import InsufficientDataError
from relapse_model.features import derive_features
from relapse_model.features.design import design_matrix
from relapse_model.scoring import guard_warnings, scores_table, unusable
from relapse_model.study import Study
from relapse_model.training_summary import training_summary

if TYPE_CHECKING:
    import shap

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
        The week at which it predicts.
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
    ) -> RelapseModel:
        """Put a model together after development."""
        summary = training_summary(
            data, study, choice, seed=seed, synthetic=synthetic, mean_risk=mean_risk, findings=findings, parent=parent
        )
        return cls(study, landmark_week, choice.chosen, classifier, summary)

    def score(self, cohort: Cohort) -> pd.DataFrame:
        """Return the risk of every patient: one row each, in the order of the cohort, nobody left out.

        Parameters
        ----------
        cohort : Cohort
            New patients. Read with ``on_problems="list"``, those refused at the gate are listed as rejected.

        Returns
        -------
        DataFrame
            Columns patient_id; status (``scored`` or ``rejected``); relapse_risk; risk_lower and risk_upper, the
            90 % interval of the risk; warnings; reason (of a rejection).

        Examples
        --------
        >>> import relapse_model as rm
        >>> study = rm.load_study("hbsag-relapse")
        >>> model = rm.train(rm.simulate_cohort(132, seed=7), study, candidates=("prior_logistic",))
        >>> scores = model.score(rm.simulate_cohort(3, seed=8))
        >>> list(scores["status"])
        ['scored', 'scored', 'scored']
        """
        reasons = unusable(cohort, self.study, self.landmark_week)
        features = derive_features(cohort, self.study, self.landmark_week)
        usable = np.array([reason == "" for reason in reasons], dtype=bool)
        matrix = design_matrix(features, self.study)[usable]
        risk = np.full((len(cohort), 3), np.nan)
        if usable.any():
            risk[usable, 0] = self.classifier.predict_proba(matrix)[:, 1]
            risk[usable, 1:] = self.classifier.predict_interval(matrix, LEVEL)
        warnings = guard_warnings(features, self.study, self.summary)
        return scores_table(cohort, risk, usable, warnings, reasons)

    def predict_risk(self, features: pd.DataFrame) -> Floats:
        """Return the risks for a table of predictors as `derive_features` makes it."""
        return self.classifier.predict_proba(design_matrix(features, self.study))[:, 1]

    def explain(self, cohort: Cohort) -> shap.Explanation:
        """Return SHAP values of the log-odds of relapse, one column per predictor, in clinical units.

        Parameters
        ----------
        cohort : Cohort

        Returns
        -------
        shap.Explanation
            ``values`` and ``base_values`` add up to the model's log-odds; ``data`` in clinical units; every shap
            plot works on it. Rows as in `cohort`.
        """
        from relapse_model.explanation import explain

        return explain(self, derive_features(cohort, self.study, self.landmark_week))

    def evaluate(self, cohort: Cohort) -> Performance:
        """Judge this model, as it is, on other patients (external validation). Nothing is refitted.

        Parameters
        ----------
        cohort : Cohort
            Patients with their outcome, none of whom the model was trained on.

        Returns
        -------
        Performance

        Raises
        ------
        InsufficientDataError
            If nobody is at risk at the landmark, or nobody has a known outcome.
        """
        from relapse_model.validation.performance import performance

        data = development_data(cohort, self.study, self.landmark_week)
        if data.events == 0:
            raise InsufficientDataError(
                f"evaluate: no relapse among {len(data)} patients at risk; a model cannot be judged without one."
            )
        risk = self.predict_risk(data.features)
        return performance(data.relapse, risk, data.weights(), data.time, data.event)

    def save(self, path: str | Path) -> None:
        """Write the model to one file; see `relapse_model.model_file`.

        Parameters
        ----------
        path : str or Path
            Such as ``hbsag_relapse.rmodel``. An existing file is replaced, in one step.
        """
        from relapse_model.model_file import save_model

        save_model(self, path)
