"""Development: from a cohort and a study to a model. The whole of it is what validation repeats."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from relapse_model.candidates import CANDIDATES, Classifier, check_candidates
from relapse_model.checks import run_checks
from relapse_model.choice import Choice, choose, fit_known
from relapse_model.cohort import Cohort
from relapse_model.development_data import DevelopmentData, development_data, require_events, require_seed
from relapse_model.features.design import Design, design
from relapse_model.model import RelapseModel
from relapse_model.study import Study

FOLDS, REPEATS = 5, 2


@dataclass(frozen=True, slots=True)
class Development:
    """The result of one run of the procedure: the fitted classifier and how it was chosen."""

    classifier: Classifier
    choice: Choice


def develop(
    data: DevelopmentData,
    columns: Design,
    candidates: tuple[str, ...],
    seed: int,
    *,
    folds: int = FOLDS,
    repeats: int = REPEATS,
    final: bool = False,
) -> Development:
    """Run the whole procedure on these patients: compare the candidates, choose, refit on all of them."""
    from threadpoolctl import threadpool_limits

    # The problems are small: threads cost more than they bring, and the folds run side by side anyway.
    with threadpool_limits(1):
        choice = choose(data, columns, candidates, seed, folds=min(folds, data.events), repeats=repeats)
        return Development(fit_known(choice.chosen, data, columns, seed, final=final), choice)


def train(
    cohort: Cohort,
    study: Study,
    *,
    landmark_week: float | None = None,
    candidates: tuple[str, ...] = CANDIDATES,
    seed: int = 0,
    folds: int = FOLDS,
    repeats: int = REPEATS,
) -> RelapseModel:
    """Train a relapse model: derive features and outcome, compare classifiers, refit the chosen one.

    Assumes that losing a patient tells nothing of what would have become of them (censoring weights). The log
    losses in the model compare candidates; they are no validation, for which see `validate`.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    landmark_week : float, optional
        Week at which we predict; the study's first landmark by default.
    candidates : tuple of str
        Some of ``"prior_logistic"``, ``"ridge_logistic"``, ``"boosted_trees"``.
    seed : int
        The same seed gives the same model.
    folds, repeats : int
        Of the cross-validation that chooses.

    Returns
    -------
    RelapseModel

    Raises
    ------
    InsufficientDataError
        With fewer than 5 relapses, or 5 patients known to be free of it.

    Examples
    --------
    >>> import relapse_model as rm
    >>> cohort = rm.simulate_cohort(132, seed=7)
    >>> model = rm.train(cohort, rm.load_study("hbsag-relapse"), candidates=("prior_logistic",))
    >>> model.classifier_name
    'prior_logistic'
    """
    names = check_candidates(tuple(candidates))
    require_seed(seed)
    landmark = study.landmark(landmark_week)
    data = development_data(cohort, study, landmark)
    require_events(data, "train")
    columns = design(study)
    result = develop(data, columns, names, seed, folds=folds, repeats=repeats, final=True)
    return RelapseModel.from_development(
        study=study,
        landmark_week=landmark,
        classifier=result.classifier,
        choice=result.choice,
        data=data,
        seed=seed,
        synthetic=cohort.synthetic,
        findings=run_checks(cohort, study, landmark),
        mean_risk=float(np.average(np.nan_to_num(data.relapse), weights=data.weights())),
    )
