"""Internal validation: the whole procedure is refitted in every resample, and judged on the patients left out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from relapse_model.classifiers.by_centre import risk_by_centre
from relapse_model.classifiers.known import CANDIDATES
from relapse_model.cohort.cohort import Cohort
from relapse_model.development.internal_validation.bootstrap import bootstrap_validation
from relapse_model.development.internal_validation.group_tables import (
    column_left_out,
    left_out_table,
    subgroup_tables,
    threshold_table,
    thresholds_of,
)
from relapse_model.development.internal_validation.judged_risks import mean_performance
from relapse_model.development.internal_validation.kept_runs import KeptRuns, key_of
from relapse_model.development.internal_validation.plan import Plan, out_of_fold, plan_of
from relapse_model.development.internal_validation.refit import Refit
from relapse_model.development.internal_validation.refits import choices, run_tasks
from relapse_model.development.internal_validation.result import Validation
from relapse_model.development.procedure import Development, ProcedureSettings, SettingKeywords, develop, settings_with
from relapse_model.development.train import Start, model_of, narrowed, start_of
from relapse_model.errors import RelapseModelError
from relapse_model.features.development_data_at_landmarks import LandmarkWeeks
from relapse_model.model.lineage import parent_summary
from relapse_model.model.within_levels import between_groups, within_levels
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
    seed: int = 0,
    outer_repeats: int = 20,
    bootstraps: int = 200,
    leave_out: str | None = "centre",
    settings: ProcedureSettings | None = None,
    jobs: int | None = None,
    progress: bool = False,
    **rare: Unpack[SettingKeywords],
) -> Validation:
    """Judge the procedure that `train` follows, by doing all of it again on parts of the patients.

    In every resample the imputation, tuning, choice and fit are repeated. Three ways: repeated nested
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
    censoring, group_by, calibration
        As in `train`. Whatever `censoring`, risks are judged with weights for the lost.
    seed : int
        The same seed gives the same result, whatever `jobs`.
    outer_repeats : int
        Of the cross-validation that judges; its folds are among the settings.
    bootstraps : int
        Bootstrap resamples; 200 or more are usual (Riley and Collins 2023, doi:10.1002/bimj.202200302), 0 for none.
    leave_out : str, optional
        Column of the patients table whose groups are left out one by one. Without a column ``"centre"`` it is the one
        that the study names for centres; nothing is left out where there is neither, or a single group.
    settings : ProcedureSettings, optional
        What is rarely changed, such as the folds of the cross-validations, and a file to `keep` finished runs in, from
        which one that was broken off (Ctrl-C) can `resume`, to the same result.
    jobs : int, optional
        Processes; by default as joblib's backend says (`joblib.parallel_config`), else as many cores as are idle,
        where the first run says that it takes more than a moment.
    progress : bool
        Show a progress bar, and at the start how long it will take, in a terminal or a notebook.
    **rare
        Single settings by their names, as in `train`.

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
        For a column `leave_out` other than ``"centre"`` that is missing; for a `prior` that was made from this very
        cohort; to resume, where `keep` is of another validation.

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
    chosen = settings_with(settings, rare)
    start = start_of(
        "validate", cohort, study, landmark_week=landmark_week, candidates=candidates, prior=prior,
        censoring=censoring, group_by=group_by, calibration=calibration, seed=seed, settings=chosen,
    )  # fmt: skip
    leave_out = column_left_out(cohort, study, leave_out)
    start.data.weights()  # without them nothing can be judged: refused before hours of work, not after
    plan = plan_of(start, leave_out, (chosen.outer_folds, outer_repeats), bootstraps)
    result = develop(start.data, start.procedure, start.seed, final=True, jobs=jobs)
    after = narrowed(start, result)
    model = model_of(result, after)
    refits = _all_runs(start, plan, jobs, progress, chosen)
    used = {
        "outer_folds": chosen.outer_folds, "outer_repeats": outer_repeats, "bootstraps": bootstraps,
        "leave_out": leave_out if plan.held else None, "folds": chosen.folds, "repeats": chosen.repeats,
        "seed": start.seed, "candidates": list(start.procedure.candidates), "censoring": censoring,
        "group_by": group_by, "calibration": start.procedure.calibration,
        "prior": None if start.earlier is None else parent_summary(start.earlier),
    }  # fmt: skip
    return _judged(after, plan, refits, model, used | _screened(start, result))


def _all_runs(start: Start, plan: Plan, jobs: int | None, progress: bool, asked: ProcedureSettings) -> list[Refit]:
    """Run the procedure on every part; where runs are kept, those that are there already are not run again."""
    if asked.resume and asked.keep is None:
        raise RelapseModelError("resume: expected keep too, the file of the runs that an earlier validation has left.")
    if asked.keep is None:
        return run_tasks(start.data, start.procedure, plan.tasks, jobs=jobs, progress=progress)
    kept, done = KeptRuns(Path(asked.keep), key_of(start.data, start.procedure, plan.tasks), resume=asked.resume), False
    try:
        found = run_tasks(start.data, start.procedure, plan.tasks, jobs=jobs, progress=progress, kept=kept)
        done = True
        return found
    finally:
        kept.close(remove=done)


def _screened(start: Start, result: Development) -> dict[str, Any]:
    """Return what the screen looked at and selected, where it is a step of the procedure."""
    screen = start.procedure.screen
    if screen is None:
        return {}
    return {"biomarkers": "screen", "screened": list(screen.candidates), "selected": list(result.selected)}


def _judged(start: Start, plan: Plan, refits: list[Refit], model: RelapseModel, settings: dict[str, Any]) -> Validation:
    """Judge the model and the procedure by the risks of its repetitions."""
    data, seed = start.data, start.seed
    in_folds, in_bootstraps, in_groups = plan.parts(refits)
    out = out_of_fold(plan, in_folds, len(data))
    judged = {week: out.performance(data, week, seed) for week in data.landmark_weeks}
    own_risk = risk_by_centre(model.classifier, data.matrix, data.site)
    first, at = data.at(data.landmark), data.rows_at(data.landmark)
    risks, fold = out.risks[:, at], out.fold[:, at]
    alike = {} if out.too_few else within_levels(start.study, first, risks, fold, seed)
    own = judged[data.landmark]
    groups = between_groups(start.study, own.measures.get("auc"), alike)
    judged[data.landmark] = replace(own, measures={**own.measures, **groups})
    apparent = mean_performance(first, own_risk[None, at], seed)
    boot = bootstrap_validation(
        data, own_risk, in_bootstraps, plan.drawn, start.procedure.columns.names, thresholds_of(first)
    ) if plan.drawn else None  # fmt: skip
    return Validation(
        study=start.study,
        landmark_week=data.landmark,
        cohort=start.cohort,
        data=first,
        model=replace(model, performance=judged[data.landmark]),
        risks=risks,
        performance=judged[data.landmark],
        apparent=replace(apparent, apparent=True),
        bootstrap=boot,
        left_out=left_out_table(data, plan.held, in_groups, plan.groups, seed),
        subgroups={} if out.too_few else subgroup_tables(start.cohort, first, risks, fold, seed),
        thresholds=() if out.too_few else threshold_table(first, risks),
        by_landmark=judged,
        within_levels=alike,
        chosen=choices(in_folds),
        failed=out.failed,
        settings=settings,
        synthetic=start.cohort.synthetic,
    )
