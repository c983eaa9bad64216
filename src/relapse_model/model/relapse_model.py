"""The relapse model as people use it: the trained model, with its verbs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from relapse_model.cohort.cohort import Cohort
from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.features import derive_features
from relapse_model.features.design import design_matrix
from relapse_model.model.file.model_file import read_model
from relapse_model.model.scoring.scorable import unusable
from relapse_model.model.scoring.score_table import ScoreTable
from relapse_model.model.scoring.scores import score_cohort
from relapse_model.model.trained import TrainedModel

if TYPE_CHECKING:
    import shap

    from relapse_model.model.scoring.benefit import BenefitTable
    from relapse_model.validation.performance_measures import Performance


@dataclass(frozen=True, repr=False)
class RelapseModel(TrainedModel):
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
    performance : Performance or None
        How it is known to perform, as its file keeps it; None where it was not validated.
    """

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
            90 % interval; warnings (each with its code, see docs/scoring_warnings.md; joined by "; ");
            reason (of a rejection). A notebook shows above it how far these risks can be relied on.

        Notes
        -----
        The risk is the mean risk of patients with the same predictors. The interval is of that mean: a patient's own
        risk may lie outside it, because of what the predictors leave out. Where the study states how much that is
        (``[prediction] residual``), the interval is of the patient's own risk.

        Examples
        --------
        >>> import relapse_model as rm
        >>> study = rm.load_study("hbsag-relapse")
        >>> model = rm.train(rm.simulate_cohort(132, seed=7), study, candidates=("prior_logistic",))
        >>> scores = model.score(rm.simulate_cohort(3, seed=8))
        >>> list(scores["status"])
        ['scored', 'scored', 'scored']
        """
        from relapse_model.model.verdict import model_verdict

        scores = score_cohort(self, cohort, landmark_week=landmark_week, horizon_weeks=horizon_weeks)
        return ScoreTable(scores, model_verdict(self).en)

    def benefit(self, cohort: Cohort, *, landmark_week: float | None = None) -> BenefitTable:
        """Return the risk of every patient in either arm of the trial, and the benefit of the treatment.

        One effect on the log-odds for all patients (PATH, Kent 2020, doi:10.7326/M18-3667): the absolute benefit grows
        with the risk, the relative effect does not differ, unless the plan names effect modifiers. Assumes that the
        training patients were randomised, and that new patients are like them.

        Parameters
        ----------
        cohort : Cohort
            New patients; whatever arm they have is not looked at.
        landmark_week : float, optional
            Of a model for several landmarks; only randomisation, week 0, can be asked for.

        Returns
        -------
        BenefitTable
            Columns risk_control, risk_treated; benefit (the difference) with lower and upper, its 90 % interval from
            the joint posterior of risk and effect; nnt; warnings.

        Raises
        ------
        BenefitRefusedError
            RM207: the study has no [trial]; the model knows no effect of the arm, or one that differs between patients
            in ways the plan does not name; the landmark lies after randomisation.

        Examples
        --------
        >>> import relapse_model as rm
        >>> study = rm.load_study("hbsag-relapse")
        >>> model = rm.train(rm.simulate_cohort(132, seed=7), study, candidates=("prior_logistic",))
        >>> found = model.benefit(rm.simulate_cohort(3, seed=8))
        >>> found.statement.split(";")[0]
        'The benefit differs between patients because their risks differ'
        """
        from relapse_model.model.scoring.benefit import benefit_table

        return benefit_table(self, cohort, landmark_week)

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
        asked = self.weeks_after_landmark(weeks)
        reasons = unusable(cohort, self.study, self.landmark_week, unmeasured=self.scores_unmeasured)
        usable = [reason == "" for reason in reasons]
        matrix = design_matrix(derive_features(cohort, self.study, self.landmark_week), self.study)[usable]
        risk = np.full((len(cohort), len(asked)), np.nan)
        if any(usable):
            risk[usable] = self.classifier.predict_risk(matrix, asked)
        return pd.DataFrame(risk, index=cohort.patient_ids, columns=list(weeks))

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
            plot works on it. Rows as in `cohort`; of a patient who cannot be scored (see `score` for the reason) there
            is no risk to explain, and ``values`` and ``base_values`` are NaN.
        """
        from relapse_model.features.centre_labels import centre_labels
        from relapse_model.model.explanation.shap_values import explain

        landmark = self.landmark(landmark_week)
        found = explain(self, derive_features(cohort, self.study, landmark), centre_labels(cohort, self.study))
        rejected = [reason != "" for reason in unusable(cohort, self.study, landmark)]
        if any(rejected):
            found.values[rejected] = np.nan
            found.base_values = np.where(rejected, np.nan, found.base_values)
        return found

    def evaluate(self, cohort: Cohort, *, landmark_week: float | None = None) -> Performance:
        """Judge this model, as it is, on other patients (external validation). Nothing is refitted.

        On the very cohort it was made from the figures are apparent, too good, and called so: ``apparent`` of the
        result is then True (RM115). A cohort that shares some of its patients is not recognised.

        Among patients of one arm (and alike in any predictor of few values) the AUC is told in ``within_levels``; where
        the model tells only the arms apart, or the centres, that AUC stands among the measures too.

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
        from relapse_model.classifiers.by_centre import risk_by_centre
        from relapse_model.model.judged import data_to_judge
        from relapse_model.model.own_cohort import is_own_cohort
        from relapse_model.model.within_levels import between_groups, within_levels
        from relapse_model.validation.performance_measures import performance

        data, unmeasured = data_to_judge(self, cohort, self.landmark(landmark_week))
        if data.events == 0:
            raise InsufficientDataError(
                f"evaluate: {self.study.outcome.name} in none of {len(data)} patients at risk; a model cannot be "
                "judged without one who had it."
            )
        risk = risk_by_centre(self.classifier, data.matrix, data.site)
        found = performance(
            data.relapse, risk, data.weights(), data.time, data.event, by_horizon=data.by_horizon(),
            competing=data.competing_ends(),
        )  # fmt: skip
        alike = within_levels(self.study, data, risk[None], np.zeros((1, len(data)), dtype=np.intp), seed=0)
        only = between_groups(self.study, found.measures.get("auc"), alike)
        return replace(
            found, measures={**found.measures, **only}, within_levels=alike, unmeasured=unmeasured,
            apparent=is_own_cohort(self, cohort),
        )  # fmt: skip

    def update(self, cohort: Cohort, *, method: str = "intercept", landmark_week: float | None = None) -> RelapseModel:
        """Return a new model, recalibrated on other patients; it records this one as its parent.

        Parameters
        ----------
        cohort : Cohort
            Patients with their outcome, none of whom the model was trained on.
        method : {"intercept", "intercept_and_slope"}
            What is estimated again; see `relapse_model.model.updating.updated_model`.
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

    def released(self) -> RelapseModel:
        """Return the model as it may leave the hospital: the same risks and intervals, coarse numbers of its cohort.

        Counts are rounded to 10, means and quantiles to a fifth of a standard deviation or finer, so that two such
        models, of a cohort and of the same without one patient, do not give that patient away by subtraction. The rule
        is in `relapse_model.model.file.coarse`; what the coefficients still tell, in docs/model_file.md.

        Examples
        --------
        >>> import relapse_model as rm
        >>> study = rm.load_study("hbsag-relapse")
        >>> model = rm.train(rm.simulate_cohort(132, seed=7), study, candidates=("prior_logistic",))
        >>> model.released().summary["patients"] in (130, 140)
        True
        """
        from relapse_model.model.file.coarse import coarse_model

        return coarse_model(self)

    def save(
        self,
        path: str | Path,
        card: str = "",
        performance: Performance | None = None,
        *,
        disclosure: str = "full",
    ) -> None:
        """Write the model to one file; see `relapse_model.model.file.model_file`.

        Parameters
        ----------
        path : str or Path
            Such as ``hbsag_relapse.rmodel``. An existing file is replaced, in one step.
        card : str
            The model card, to keep inside.
        performance : Performance, optional
            How the model is known to perform (of `validate` or `evaluate`), to keep inside; by default what the model
            itself knows of it.
        disclosure : {"full", "small-counts"}
            ``"full"``: every number of the training cohort exact, for whoever owns the data. ``"small-counts"``: as it
            may leave the hospital, see `released`, of which the card must be made then.

        Raises
        ------
        RelapseModelError
            For another disclosure, or a card that tells exact numbers beside rounded ones.
        """
        from relapse_model.model.file.model_file import save_model

        if disclosure not in ("full", "small-counts"):
            raise RelapseModelError(
                f"save: disclosure is {disclosure!r}; expected 'full' (exact numbers of the training cohort, for "
                "whoever owns the data) or 'small-counts' (rounded, for what leaves the hospital)."
            )
        performance = self.performance if performance is None else performance
        if disclosure == "full":
            save_model(self, path, card, performance)
            return
        from relapse_model.model.file.coarse import coarse_performance

        model = self.released()
        if card and model is not self:
            raise RelapseModelError(
                "save: the card tells exact numbers of the training cohort, which disclosure='small-counts' rounds; "
                "expected a card of model.released(), saved by that model: "
                "told = model.released(); told.save(path, card=model_card(told), disclosure='small-counts')."
            )
        rounded = None if performance is None else coarse_performance(performance, self.summary)
        save_model(model, path, card, rounded)

    def to_calculator(self, path: str | Path, languages: Sequence[str] = ("en", "zh")) -> Path:
        """Write a web calculator of this model: one HTML file that opens offline and scores one patient at a time.

        Its risks are those of `score` to 1e-9, with interval, warnings and what raised or lowered them. When it opens
        it scores made-up patients, and shows nothing unless they come out as here. It holds what scoring needs, and no
        training row; whoever has the file has the model.

        Parameters
        ----------
        path : str or Path
            Such as ``calculator.html``. An existing file is replaced, in one step.
        languages : sequence of str
            Of ``"en"`` and ``"zh"`` (Chinese); the page opens in the first.

        Returns
        -------
        Path

        Raises
        ------
        CalculatorError
            If the page would be larger than 5 MB, or a language is none of those.

        Examples
        --------
        >>> import relapse_model as rm
        >>> model = rm.load_model("models/hbsag_relapse.rmodel")  # doctest: +SKIP
        >>> model.to_calculator("calculator.html")  # doctest: +SKIP
        PosixPath('calculator.html')
        """
        from relapse_model.model.calculator.page import write_calculator

        return write_calculator(self, path, languages)


def load_model(
    path: str | Path, accept_changed_risks: bool = False, *, signed_by: str | Path | None = None
) -> RelapseModel:
    """Open a model file after auditing it; nothing in it is run, and nothing is built before the audit.

    Parameters
    ----------
    path : str or Path
    accept_changed_risks : bool
        Load the model even if its made-up patients get other risks here than where it was written, because other
        package versions compute otherwise. How far the risks are apart is kept in the summary, as
        ``accepted_risk_change``.
    signed_by : str or Path, optional
        A public key (PEM): refuse the file unless it was signed with the private key that belongs to it.

    Returns
    -------
    RelapseModel

    Raises
    ------
    ModelFileError
        If the file is not a model, was changed, is of another format, is too large, or gives its own made-up
        patients other risks here than where it was written.

    Examples
    --------
    >>> import relapse_model as rm
    >>> rm.load_model("models/hbsag_relapse.rmodel")  # doctest: +SKIP
    RelapseModel(HBsAg relapse by week 48, ...)
    """
    return read_model(path, RelapseModel, accept_changed_risks, signed_by)
