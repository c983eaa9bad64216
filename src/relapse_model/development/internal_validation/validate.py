"""Internal validation: the whole procedure is refitted in every resample, and judged on the patients left out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from relapse_model.classifiers.known import CANDIDATES
from relapse_model.cohort.cohort import Cohort
from relapse_model.development.candidates import check_candidates
from relapse_model.development.earlier_model import with_previous
from relapse_model.development.folds import data_folds
from relapse_model.development.internal_validation.bootstrap import bootstrap_validation
from relapse_model.development.internal_validation.group_tables import (
    THRESHOLDS,
    groups_of,
    left_out_table,
    subgroup_tables,
    threshold_table,
)
from relapse_model.development.internal_validation.judged_risks import mean_performance, not_estimable
from relapse_model.development.internal_validation.refits import (
    bootstrap_tasks,
    choices,
    failures,
    fold_tasks,
    run_tasks,
)
from relapse_model.development.internal_validation.result import Validation
from relapse_model.development.refused_runs import reasons_counted
from relapse_model.development.train import FOLDS, REPEATS, Procedure, check_calibration_of, develop, model_of
from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.features.design import design
from relapse_model.features.development_data import require_events, require_seed, require_support
from relapse_model.features.development_data_at_landmarks import LandmarkWeeks, study_and_data
from relapse_model.model.lineage import parent_summary
from relapse_model.model.own_cohort import refuse_own_cohort
from relapse_model.study.study import Study

if TYPE_CHECKING:
    from relapse_model.model.relapse_model import RelapseModel


def validate(
    cohort: Cohort,
    study: Study,
    *,
    landmark_week: LandmarkWeeks = None,
    candidates: tuple[str, ...] = CANDIDATES,
    prior: RelapseModel | None = None,
    censoring: str = "ipcw",
    group_by: str | None = None,
    calibration: str = "none",
    more_predictors_than_events: bool = False,
    seed: int = 0,
    outer_folds: int = 5,
    outer_repeats: int = 20,
    bootstraps: int = 200,
    leave_out: str | None = "centre",
    folds: int = FOLDS,
    repeats: int = REPEATS,
    jobs: int | None = None,
    progress: bool = False,
) -> Validation:
    """Judge the procedure that `train` follows, by doing all of it again on parts of the patients.

    In every resample the imputation, tuning, choice and fit are done anew. Three ways: repeated nested
    cross-validation, whose risks are of patients that the model never saw; bootstrap resamples, for the optimism and
    for how far the risks depend on which patients came; and one centre after the other left out. Lost patients take
    part by censoring weights. It says how well a model made this way does on patients like these; other hospitals
    need `RelapseModel.evaluate`.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    landmark_week : float or sequence of float, optional
        Several weeks: one model for all of them, as in `train`; it is judged at each of them.
    candidates : tuple of str
    prior : RelapseModel, optional
        A model of another cohort to start from, as in `train`; none of these patients may have been in that cohort.
    censoring, group_by, calibration, more_predictors_than_events
        As in `train`. Whatever `censoring`, risks are judged with weights for the lost.
    seed : int
        The same seed gives the same result, whatever `jobs`.
    outer_folds, outer_repeats : int
    bootstraps : int
        Bootstrap resamples; 200 or more are usual (Riley and Collins 2023, doi:10.1002/bimj.202200302), 0 for none.
    leave_out : str, optional
        Column of the patients table whose groups are left out one by one; nothing is left out where the cohort has
        no such column, or a single group.
    folds, repeats : int
        Of the cross-validation inside, that chooses.
    jobs : int, optional
        Processes; by default as joblib's backend says (`joblib.parallel_config`), else one.
    progress : bool
        Show a progress bar if it takes more than a moment and the output is a terminal.

    Returns
    -------
    Validation

    Raises
    ------
    InsufficientDataError
        With too few events; where nobody is followed to the horizon, so that the lost cannot be weighted for; when no
        fold at all can be fitted. Where more than half of them cannot, no figure is estimable, and the reason stands at
        each. Single folds, resamples and centres left out that are refused are counted by reason, and stop nothing.
    RelapseModelError
        For a `prior` that was made from this very cohort.

    Examples
    --------
    >>> import relapse_model as rm
    >>> found = rm.validate(
    ...     rm.simulate_cohort(132, seed=7),
    ...     rm.load_study("hbsag-relapse"),
    ...     candidates=("prior_logistic",),
    ...     outer_repeats=1,
    ...     bootstraps=0,
    ... )
    >>> print(found.performance.measures["auc"])  # doctest: +SKIP
    0.72 (0.58 to 0.84)
    """
    names = check_candidates(tuple(candidates))
    seed = require_seed(seed)
    study, data = study_and_data(cohort, study, landmark_week, names, group_by=group_by, censoring=censoring)
    require_events(data, "validate")
    require_support(data, len(study.predictors), "validate", override=more_predictors_than_events)
    if bootstraps < 0:
        raise RelapseModelError(f"bootstraps is {bootstraps}; expected 0 for none, or a number such as 200.")
    data.weights()  # without them nothing can be judged: refused before hours of work, not after
    if prior is not None:
        refuse_own_cohort(prior, cohort, "prior")
    method = check_calibration_of(calibration, names, data.events)
    procedure = Procedure(with_previous(design(study), study, prior), names, folds, repeats, method)
    split = data_folds(data, outer_folds, outer_repeats, seed)
    groups = groups_of(cohort, data, leave_out)
    held = [np.flatnonzero(groups == name) for name in dict.fromkeys(groups)]
    held = held if len(held) > 1 else []
    of_folds, of_bootstraps, of_groups = (
        [int(one) for one in sequence.generate_state(max(count, 1))][:count]
        for sequence, count in zip(
            np.random.SeedSequence(seed).spawn(3), (len(split), bootstraps, len(held)), strict=True
        )
    )
    model = model_of(develop(data, procedure, seed, final=True, jobs=jobs), study, data, cohort, seed, prior)
    drawn = list(bootstrap_tasks(data, of_bootstraps))
    tasks = [
        *fold_tasks(data, [test for _, test in split], of_folds),
        *(task for task, _ in drawn),
        *fold_tasks(data, held, of_groups),
    ]
    refits = run_tasks(data, procedure, tasks, jobs=jobs, progress=progress)
    in_folds, in_bootstraps = refits[: len(split)], refits[len(split) : len(split) + bootstraps]
    in_groups = refits[len(split) + bootstraps :]
    failed = failures(in_folds)
    lost = f"{sum(failed.values())} of {len(split)} folds failed: {reasons_counted(failed)}."
    if sum(failed.values()) == len(split):
        raise InsufficientDataError(
            f"validate: {lost} No model of a part of these patients can be judged; add patients."
        )
    risks, fold = np.full((outer_repeats, len(data)), np.nan), np.zeros((outer_repeats, len(data)), dtype=np.intp)
    for number, ((repeat, test), one) in enumerate(zip(split, in_folds, strict=True)):
        risks[repeat, test], fold[repeat, test] = one.risk, number
    own_risk = model.classifier.predict_proba(data.matrix)[:, 1]
    each = {week: (data.at(week), data.rows_at(week)) for week in data.landmark_weeks}
    judged = {week: mean_performance(rows, risks[:, at], seed, fold[:, at]) for week, (rows, at) in each.items()}
    told = 2 * sum(failed.values()) <= len(split)
    if not told:
        judged = {week: not_estimable(one, lost) for week, one in judged.items()}
    first, at = each[data.landmark]
    boot = bootstrap_validation(
        data, own_risk, in_bootstraps, [rows for _, rows in drawn], procedure.columns.names, THRESHOLDS
    )  # fmt: skip
    return Validation(
        study=study,
        landmark_week=data.landmark,
        cohort=cohort,
        data=first,
        model=model,
        risks=risks[:, at],
        performance=judged[data.landmark],
        apparent=replace(mean_performance(first, own_risk[None, at], seed), apparent=True),
        bootstrap=boot if bootstraps else None,
        left_out=left_out_table(data, held, in_groups, groups, seed),
        subgroups=subgroup_tables(cohort, first, risks[:, at], fold[:, at], seed) if told else {},
        thresholds=threshold_table(first, risks[:, at]) if told else (),
        by_landmark=judged,
        chosen=choices(in_folds),
        failed=failed,
        settings={
            "outer_folds": outer_folds, "outer_repeats": outer_repeats, "bootstraps": bootstraps,
            "leave_out": leave_out if held else None, "folds": folds, "repeats": repeats,
            "seed": seed, "candidates": list(names), "censoring": censoring, "group_by": group_by,
            "calibration": method, "prior": None if prior is None else parent_summary(prior),
        },
        synthetic=cohort.synthetic,
    )  # fmt: skip
