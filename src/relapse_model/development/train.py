"""Development: from a cohort and a study to a model. The whole of it is what validation repeats."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from relapse_model.classifiers.known import CANDIDATES, Classifier
from relapse_model.cohort.cohort import Cohort
from relapse_model.development.candidates import check_candidates
from relapse_model.development.checks import run_checks
from relapse_model.development.checks.all_checks import GAIN_CHECK
from relapse_model.development.checks.finding import Finding
from relapse_model.development.choice import Choice, choose, fit_known
from relapse_model.development.earlier_model import with_previous
from relapse_model.development.summary import training_summary
from relapse_model.errors import RelapseModelError
from relapse_model.features.design import Design, design
from relapse_model.features.development_data import DevelopmentData, require_events, require_seed, require_support
from relapse_model.features.development_data_at_landmarks import LandmarkWeeks, study_and_data
from relapse_model.features.known_columns import hardly_known_predictors
from relapse_model.model.lineage import parent_summary
from relapse_model.model.own_cohort import refuse_own_cohort
from relapse_model.model.relapse_model import RelapseModel
from relapse_model.study.study import Study

FOLDS, REPEATS = 5, 2


@dataclass(frozen=True, slots=True)
class Procedure:
    """How a model is made of patients: what `train` does once, and `validate` repeats.

    Attributes
    ----------
    columns : Design
        Columns, priors and directions of the study.
    candidates : tuple of str
        Classifiers to choose among, the simplest first.
    folds, repeats : int
        Of the cross-validation that chooses.
    calibration : {"none", "logistic"}
    """

    columns: Design
    candidates: tuple[str, ...]
    folds: int = FOLDS
    repeats: int = REPEATS
    calibration: str = "none"


@dataclass(frozen=True, slots=True)
class Development:
    """The result of one run of the procedure: the fitted classifier and how it was chosen."""

    classifier: Classifier
    choice: Choice


def develop(
    data: DevelopmentData,
    procedure: Procedure,
    seed: int,
    *,
    final: bool = False,
    jobs: int | None = 1,
    progress: bool = False,
) -> Development:
    """Run the whole procedure on these patients: compare the candidates, choose, refit on all of them.

    Parameters
    ----------
    data : DevelopmentData
    procedure : Procedure
    seed : int
    final : bool
        Whether it is the fit that will be kept: then intervals are learned too.
    jobs : int, optional
        Processes that compare the candidates.
    progress : bool
    """
    from threadpoolctl import threadpool_limits

    columns, way = procedure.columns, procedure.calibration
    # The problems are small: threads cost more than they bring, and the folds run side by side anyway.
    with threadpool_limits(1):
        choice = choose(
            data, columns, procedure.candidates, seed, folds=procedure.folds, repeats=procedure.repeats,
            calibration=way, judge_single=final, jobs=jobs, progress=progress,
        )  # fmt: skip
        return Development(fit_known(choice.chosen, data, columns, seed, final=final, calibration=way), choice)


def check_calibration_of(calibration: str, candidates: tuple[str, ...], events: int) -> str:
    """Return the way of calibrating; refuse what would spoil the risks, by name.

    Parameters
    ----------
    calibration : str
    candidates : tuple of str
    events : int

    Raises
    ------
    CalibrationMethodError
        For isotonic regression, class weights, resampling, and what is not known.
    RelapseModelError
        For hazards, which have no rows of outcomes to recalibrate on.
    """
    from relapse_model.classifiers.combined.recalibrated import check_calibration

    method = check_calibration(calibration, events)
    if method != "none" and "prior_hazard" in candidates:
        raise RelapseModelError(
            f"calibration is {calibration!r}, which 'prior_hazard' does not take: it is fitted to times, not to "
            "outcomes at the horizon. Leave it out of the candidates, or use calibration='none'."
        )
    return method


def train(
    cohort: Cohort,
    study: Study,
    *,
    landmark_week: LandmarkWeeks = None,
    candidates: tuple[str, ...] = CANDIDATES,
    prior: RelapseModel | Cohort | None = None,
    censoring: str = "ipcw",
    group_by: str | None = None,
    calibration: str = "none",
    more_predictors_than_events: bool = False,
    seed: int = 0,
    folds: int = FOLDS,
    repeats: int = REPEATS,
    jobs: int | None = None,
    progress: bool = False,
) -> RelapseModel:
    """Train a relapse model: derive features and outcome, compare classifiers, refit the chosen one.

    Assumes that losing a patient tells nothing of what would have become of them (censoring weights, or the hazards
    of ``"prior_hazard"``). The log losses in the model compare candidates; they are no validation, for which see
    `validate`.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    landmark_week : float or sequence of float, optional
        Week at which we predict; the study's first landmark by default. Several weeks: one model for all of them, so
        that a patient can be scored again at each visit; see `stacked_study` and `stacked_data`.
    candidates : tuple of str
        Some of ``"prior_logistic"``, ``"ridge_logistic"``, ``"elastic_net"``, ``"prior_hazard"``,
        ``"prior_and_trees"``, ``"boosted_trees"``, ``"random_forest"``.
    prior : RelapseModel or Cohort, optional
        A model of another cohort, or that cohort: the prior-informed classifiers may start from its posterior, widened
        by a variance between cohorts, or from the study's priors, as the evidence says.
    censoring : {"ipcw", "drop_lost", "lost_as_free"}
        How the lost are counted in training: weighted by the inverse probability of censoring. The others are biased,
        and there to be compared with.
    group_by : str, optional
        Column of the patients table whose values stay together in the folds, such as ``"centre"``.
    calibration : {"none", "logistic"}
        Whether intercept and slope of the log-odds are learned anew on training patients held out, as a part of the
        procedure. 20 events hardly tell a slope, so it is not the default. Isotonic regression, class weights and
        oversampling are refused.
    more_predictors_than_events : bool
        Train even then.
    seed : int
        The same seed gives the same model, whatever `jobs`.
    folds, repeats : int
        Of the cross-validation that chooses.
    jobs : int, optional
        Processes; by default as joblib's backend says (`joblib.parallel_config`), else one.
    progress : bool
        Show a progress bar if it takes more than a moment and the output is a terminal.

    Returns
    -------
    RelapseModel

    Raises
    ------
    InsufficientDataError
        With fewer than 5 relapses, or 5 patients known to be free of it; with more predictors than relapses.
    RelapseModelError
        For a setting that is none of the above, a `prior` that shares no predictor with the study or was made from this
        very cohort, or several landmarks and ``"prior_hazard"``.

    Examples
    --------
    >>> import relapse_model as rm
    >>> cohort = rm.simulate_cohort(132, seed=7)
    >>> model = rm.train(cohort, rm.load_study("hbsag-relapse"), candidates=("prior_logistic",))
    >>> model.classifier_name
    'prior_logistic'
    """
    names = check_candidates(tuple(candidates))
    seed = require_seed(seed)
    study, data = study_and_data(cohort, study, landmark_week, names, group_by=group_by, censoring=censoring)
    require_events(data, "train")
    require_support(data, len(study.predictors), "train", override=more_predictors_than_events)
    earlier = _earlier_model(prior, study, data, seed)
    if earlier is not None:
        refuse_own_cohort(earlier, cohort, "prior")
    method = check_calibration_of(calibration, names, data.events)
    procedure = Procedure(with_previous(design(study), study, earlier), names, folds, repeats, method)
    result = develop(data, procedure, seed, final=True, jobs=jobs, progress=progress)
    return model_of(result, study, data, cohort, seed, earlier)


def model_of(
    result: Development,
    study: Study,
    data: DevelopmentData,
    cohort: Cohort,
    seed: int,
    earlier: RelapseModel | None = None,
) -> RelapseModel:
    """Return the model of a development, with what is known of its patients.

    Parameters
    ----------
    result : Development
    study : Study
    data : DevelopmentData
    cohort : Cohort
    seed : int
    earlier : RelapseModel, optional
        The model from which it started.
    """
    summary = training_summary(
        data,
        study,
        result.choice,
        seed=seed,
        synthetic=cohort.synthetic,
        mean_risk=float(np.average(np.nan_to_num(data.relapse), weights=data.weights() * data.row_share())),
        findings=_findings(cohort, study, data.landmark_weeks, result.choice),
        parent=None if earlier is None else parent_summary(earlier),
        cohort=cohort,
        hardly_known=_hardly_known(result.classifier, study, data),
    )
    return RelapseModel(study, data.landmark, result.choice.chosen, result.classifier, summary)


def _hardly_known(classifier: Any, study: Study, data: DevelopmentData) -> dict[str, str]:
    """Return the predictors that hardly any patient has: "prior" where the model has theirs, else "left out"."""
    inner = getattr(classifier, "estimator_", classifier)  # of a recalibrated one
    inner = getattr(inner, "members_", [inner])[0]
    columns, spread = design(study), getattr(inner, "coef_sd_", np.zeros(0))
    used = set(columns.predictor[spread[: len(columns.names)] > 0].tolist()) if len(spread) else set()
    return {
        one.name: "prior" if study.predictors.index(one) in used else "left out"
        for one in hardly_known_predictors(data, study)
    }


def _findings(cohort: Cohort, study: Study, weeks: tuple[float, ...], choice: Choice) -> list[Finding]:
    """Return what the checks find at any of the landmarks, each code once, and what cross-validation showed."""
    found = {finding.code: finding for week in reversed(weeks) for finding in run_checks(cohort, study, week)}
    gain = GAIN_CHECK(choice.against_mean_risk).finding
    found |= {} if gain is None else {gain.code: gain}
    return [found[code] for code in sorted(found)]


def _earlier_model(
    prior: RelapseModel | Cohort | None, study: Study, data: DevelopmentData, seed: int
) -> RelapseModel | None:
    """Return the model to start from: as given, or trained on the cohort that was given."""
    if prior is None or isinstance(prior, RelapseModel):
        return prior
    landmark = data.landmark if data.landmarks is None else data.landmark_weeks
    return train(prior, study, landmark_week=landmark, candidates=("prior_logistic",), seed=seed)
