"""Training: from a cohort and a study to a model, by the procedure that validation repeats."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Unpack

import numpy as np

from relapse_model.arrays import require_seed
from relapse_model.classifiers.known import CANDIDATES
from relapse_model.cohort.cohort import Cohort
from relapse_model.development.candidates import check_candidates
from relapse_model.development.checks.all_checks import GAIN_CHECK, results_at
from relapse_model.development.checks.finding import Finding
from relapse_model.development.choice import Choice
from relapse_model.development.earlier_model import STARTING_FROM_EARLIER, with_previous
from relapse_model.development.procedure import (
    Development,
    Procedure,
    ProcedureSettings,
    SettingKeywords,
    check_calibration_of,
    develop,
    settings_with,
)
from relapse_model.development.screening.step import require_support_of_step, screen_step
from relapse_model.development.summary import training_summary
from relapse_model.errors import RelapseModelError
from relapse_model.features.at_landmark import AtLandmark
from relapse_model.features.centre_labels import centre_labels
from relapse_model.features.design import design
from relapse_model.features.development_data import DevelopmentData
from relapse_model.features.development_data_at_landmarks import (
    LandmarkWeeks,
    landmarks_and_data,
    with_modifiers_of_plan,
)
from relapse_model.features.enough_events import require_events, require_support
from relapse_model.features.fingerprint import outcome_fingerprint
from relapse_model.features.known_columns import hardly_known_predictors
from relapse_model.model.lineage import parent_summary
from relapse_model.model.own_cohort import refuse_own_cohort
from relapse_model.model.relapse_model import RelapseModel
from relapse_model.study.candidates_as_predictors import marked_as_screened, with_candidates
from relapse_model.study.study import Study


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
    seed: int = 0,
    settings: ProcedureSettings | None = None,
    jobs: int | None = None,
    progress: bool = False,
    **rare: Unpack[SettingKeywords],
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
        Whether intercept and slope of the log-odds are learned on training patients held out, as a part of the
        procedure. 20 events hardly tell a slope, so it is not the default. Isotonic regression, class weights and
        oversampling are refused.
    seed : int
        The same seed gives the same model, whatever `jobs`.
    settings : ProcedureSettings, optional
        What is rarely changed, such as the folds of the cross-validation that chooses.
    jobs : int, optional
        Processes; by default as joblib's backend says (`joblib.parallel_config`), else one.
    progress : bool
        Show a progress bar if it takes more than a moment and the output is a terminal.
    **rare
        Single settings by their names, such as ``more_predictors_than_events=True``; they win over `settings`.

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
    start = start_of(
        "train", cohort, study, landmark_week=landmark_week, candidates=candidates, prior=prior, censoring=censoring,
        group_by=group_by, calibration=calibration, seed=seed, settings=settings_with(settings, rare),
    )  # fmt: skip
    result = develop(start.data, start.procedure, start.seed, final=True, jobs=jobs, progress=progress)
    return model_of(result, narrowed(start, result))


@dataclass(frozen=True, eq=False)
class Start:
    """What a development starts from, checked: the same in `train` and `validate`.

    Attributes
    ----------
    at : tuple of AtLandmark
        The cohort with the study of the model, at each landmark.
    data : DevelopmentData
    procedure : Procedure
    seed : int
    earlier : RelapseModel or None
        The model from which it starts.
    as_given : Study or None
        The study as it was asked for; that of a screen has all its candidates as predictors until one was made.
    """

    at: tuple[AtLandmark, ...]
    data: DevelopmentData
    procedure: Procedure
    seed: int
    earlier: RelapseModel | None
    as_given: Study | None = None

    @property
    def cohort(self) -> Cohort:
        """Return the cohort."""
        return self.at[0].cohort

    @property
    def study(self) -> Study:
        """Return the study of the model."""
        return self.at[0].study


def start_of(
    purpose: str,
    cohort: Cohort,
    study: Study,
    *,
    landmark_week: LandmarkWeeks,
    candidates: tuple[str, ...],
    prior: RelapseModel | Cohort | None,
    censoring: str,
    group_by: str | None,
    calibration: str,
    seed: int,
    settings: ProcedureSettings,
) -> Start:
    """Derive what is needed, once, and refuse what would make no sense, before anything is fitted.

    Parameters
    ----------
    purpose : str
        What was asked for, for the messages.
    cohort, study, landmark_week, candidates, prior, censoring, group_by, calibration, seed, settings
        As `train` takes them.

    Raises
    ------
    RelapseModelError
        As `train`.
    """
    names = check_candidates(candidates if isinstance(candidates, str) else tuple(candidates))
    if prior is not None and not {*names} & {*STARTING_FROM_EARLIER}:
        raise RelapseModelError(
            f"prior: none of the candidates ({', '.join(names)}) starts from an earlier model; expected one of "
            f"{', '.join(STARTING_FROM_EARLIER)} among them. Add it, or leave the prior out."
        )
    seed = require_seed(seed)
    step = screen_step(cohort, study, settings.biomarkers, landmark_week, prior=prior)
    study_as_given, wide = study, study if step is None else step.study
    at, data = landmarks_and_data(cohort, wide, landmark_week, names, group_by=group_by, censoring=censoring)
    predictors = len(study.predictors)  # candidates are not among them: of these a screen selects few, or none
    study = at[0].study
    centre_labels(cohort, study, required=True)
    require_events(data, purpose)
    require_support(data, predictors, purpose, override=settings.more_predictors_than_events)
    if step is not None:
        require_support_of_step(step, data)
        step = replace(step, study=study)
    earlier = _earlier_model(prior, study, data, seed)
    if earlier is not None:
        refuse_own_cohort(earlier, cohort, "prior")
    method = check_calibration_of(calibration, names, data.events)
    columns = with_previous(design(study, at[0].landmark), study, earlier, data)
    procedure = Procedure(columns, names, settings.folds, settings.repeats, method, step)
    return Start(at, data, procedure, seed, earlier, study_as_given)


def narrowed(start: Start, result: Development) -> Start:
    """Return the start with what a screen selected: the others are candidates of its study again.

    Parameters
    ----------
    start : Start
    result : Development
        Of all its patients.
    """
    if result.columns is None or start.as_given is None:
        return start
    study = with_candidates(start.as_given, result.selected)
    data = replace(
        start.data, matrix=result.of_classifier(start.data.matrix),
        features=start.data.features[[one.name for one in study.predictors]],
    )  # fmt: skip
    study = with_modifiers_of_plan(study, data)
    return replace(start, at=tuple(replace(one, study=study) for one in start.at), data=data)


def model_of(result: Development, start: Start) -> RelapseModel:
    """Return the model of a development, with what is known of its patients.

    What a screen selected is marked in its study, so that it is known again where the study is validated (RM206).

    Parameters
    ----------
    result : Development
    start : Start
        As `narrowed` returns it.
    """
    study, data = start.study, start.data
    summary = training_summary(
        data,
        study,
        result.choice,
        seed=start.seed,
        synthetic=start.cohort.synthetic,
        mean_risk=float(np.average(np.nan_to_num(data.relapse), weights=data.weights() * data.row_share())),
        findings=_findings(start.at, result.choice),
        parent=None if start.earlier is None else parent_summary(start.earlier),
        cohort=start.cohort,
        hardly_known=_hardly_known(result.classifier, study, data),
        eligibility=start.at[0].eligibility,
    )
    if start.procedure.screen is not None:
        summary["screen"] = {"tested": list(start.procedure.screen.candidates), "selected": list(result.selected)}
        study = marked_as_screened(study, result.selected, outcome_fingerprint(data))
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


def _findings(at: tuple[AtLandmark, ...], choice: Choice) -> list[Finding]:
    """Return what the checks find at any of the landmarks, each code once, and what cross-validation showed."""
    results = [result for one in reversed(at) for result in results_at(one)]
    found = {
        result.code: result.finding for result in (*results, GAIN_CHECK(choice.against_mean_risk)) if result.finding
    }
    return [found[code] for code in sorted(found)]


def _earlier_model(
    prior: RelapseModel | Cohort | None, study: Study, data: DevelopmentData, seed: int
) -> RelapseModel | None:
    """Return the model to start from: as given, or trained on the cohort that was given."""
    if prior is None or isinstance(prior, RelapseModel):
        return prior
    if not isinstance(prior, Cohort):
        raise RelapseModelError(
            f"prior is of type {type(prior).__name__}; expected a model or a cohort. Read it with load_model or "
            "read_cohort."
        )
    landmark = data.landmark if data.landmarks is None else data.landmark_weeks
    return train(prior, study, landmark_week=landmark, candidates=("prior_logistic",), seed=seed)
