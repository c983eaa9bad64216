"""Internal validation: the whole procedure is refitted in every fold, and judged on the patients left out."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from relapse_model.candidates import CANDIDATES, check_candidates
from relapse_model.cohort import Cohort
from relapse_model.data_folds import data_folds
from relapse_model.development import FOLDS, REPEATS, check_calibration_of, develop
from relapse_model.development_data import (
    DevelopmentData,
    require_events,
    require_seed,
    require_support,
)
from relapse_model.errors import InsufficientDataError
from relapse_model.features.design import Design, design
from relapse_model.previous_model import parent_summary, with_previous
from relapse_model.stacked_data import LandmarkWeeks, study_and_data
from relapse_model.study import Study
from relapse_model.validation.estimate import Estimate
from relapse_model.validation.performance import Performance, performance

if TYPE_CHECKING:
    from relapse_model.model import RelapseModel

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Validation:
    """The result of `validate`.

    Attributes
    ----------
    study : Study
    landmark_week : float
        Of several landmarks, the first.
    data : DevelopmentData
        The patients at risk at that landmark (not written to any file).
    risks : array, shape (repeats, n)
        Out-of-fold risk of each of them in each repeat.
    performance : Performance
        Measures at that landmark, averaged over the repeats.
    chosen : dict of str to int
        How often each candidate was chosen in the outer folds.
    failed : dict of str to int
        Folds that could not be fitted, by reason; their patients have no risk in that repeat.
    settings : dict
        Folds, repeats, seed, candidates.
    synthetic : bool
    by_landmark : dict of float to Performance
        Measures among those at risk at each landmark.
    """

    study: Study
    landmark_week: float
    data: DevelopmentData
    risks: Floats
    performance: Performance
    chosen: dict[str, int]
    failed: dict[str, int]
    settings: dict[str, Any]
    synthetic: bool
    by_landmark: dict[float, Performance] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Return the headline only: patients are never printed."""
        found = self.performance
        return f"Validation({found.patients} patients, {found.events} relapses; AUC {found.measures.get('auc')})"

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the patients, as plain values."""
        return {
            "study": self.study.name,
            "outcome": self.study.outcome.name,
            "landmark_week": self.landmark_week,
            "horizon_weeks": self.study.prediction.horizon_weeks,
            "method": "repeated nested cross-validation; every step refitted in every fold",
            "synthetic": self.synthetic,
            "performance": self.performance.to_dict(),
            "by_landmark": [{"week": week, **found.to_dict()} for week, found in self.by_landmark.items()],
            "chosen": self.chosen,
            "failed_folds": self.failed,
            "settings": self.settings,
        }


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
    outer_repeats: int = 4,
    folds: int = FOLDS,
    repeats: int = REPEATS,
    jobs: int | None = None,
    progress: bool = False,
) -> Validation:
    """Judge the procedure that `train` follows: repeated nested cross-validation.

    In every outer fold the imputation, tuning, choice and fit are done anew without the patients that are then
    predicted. Lost patients take part by censoring weights. Says how well a model made this way does on
    patients like these; other hospitals need `RelapseModel.evaluate`.

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
        With too few events, or when more than half the folds cannot be fitted.

    Examples
    --------
    >>> import relapse_model as rm
    >>> found = rm.validate(
    ...     rm.simulate_cohort(132, seed=7),
    ...     rm.load_study("hbsag-relapse"),
    ...     candidates=("prior_logistic",),
    ...     outer_repeats=1,
    ... )
    >>> print(found.performance.measures["auc"])  # doctest: +SKIP
    0.72 (0.58 to 0.84)
    """
    from joblib import Parallel, delayed
    from tqdm import tqdm

    names = check_candidates(tuple(candidates))
    require_seed(seed)
    study, data = study_and_data(cohort, study, landmark_week, names, group_by=group_by, censoring=censoring)
    require_events(data, "validate")
    require_support(data, len(study.predictors), "validate", override=more_predictors_than_events)
    split = data_folds(data, outer_folds, outer_repeats, seed)
    columns = with_previous(design(study), study, prior)
    method = check_calibration_of(calibration, names, data.events)
    seeds = np.random.SeedSequence(seed).generate_state(len(split))
    tasks = (
        delayed(_outer_fold)(data, columns, names, test, int(fold_seed), folds, repeats, method)
        for (_, test), fold_seed in zip(split, seeds, strict=True)
    )
    found = list(
        tqdm(Parallel(n_jobs=jobs, return_as="generator")(tasks), total=len(split), disable=not progress or None,
             desc="validate", unit="fold", leave=False, delay=1.0)
    )  # fmt: skip
    risks = np.full((outer_repeats, len(data)), np.nan)
    for (repeat, test), (risk, _, _) in zip(split, found, strict=True):
        risks[repeat, test] = risk
    failed = Counter(reason for _, _, reason in found if reason)
    if failed.total() > len(split) / 2:
        raise InsufficientDataError(f"validate: {failed.total()} of {len(split)} folds failed: {dict(failed)}.")
    each = {week: (data.at(week), risks[:, data.rows_at(week)]) for week in data.landmark_weeks}
    judged = {week: mean_performance(rows, risk, seed) for week, (rows, risk) in each.items()}
    first = data.landmark
    return Validation(
        study=study,
        landmark_week=first,
        data=each[first][0],
        risks=each[first][1],
        performance=judged[first],
        by_landmark=judged,
        chosen=dict(Counter(name for _, name, _ in found if name)),
        failed=dict(failed),
        settings={
            "outer_folds": outer_folds, "outer_repeats": outer_repeats, "folds": folds, "repeats": repeats,
            "seed": seed, "candidates": list(names), "censoring": censoring, "group_by": group_by,
            "calibration": method,
            "prior": None if prior is None else parent_summary(prior),
        },
        synthetic=cohort.synthetic,
    )  # fmt: skip


def mean_performance(data: DevelopmentData, risks: Floats, seed: int) -> Performance:
    """Judge the risks of each repeat and average the measures, intervals limit by limit.

    Parameters
    ----------
    data : DevelopmentData
    risks : array, shape (repeats, n)
        NaN where a fold failed.
    seed : int
    """
    weight = data.weights()
    each = []
    for risk in risks:
        rows = ~np.isnan(risk)
        each.append(
            performance(data.relapse[rows], risk[rows], weight[rows], data.time[rows], data.event[rows], seed=seed)
        )
    common = [name for name in each[0].measures if all(name in one.measures for one in each)]
    measures = {name: _mean([one.measures[name] for one in each]) for name in common}
    refused = {name: reason for one in each for name, reason in one.refused.items()}
    return Performance(len(data), data.events, data.lost, measures, refused)


def _mean(found: list[Estimate | float]) -> Estimate | float:
    first = found[0]
    if not isinstance(first, Estimate):
        return float(np.mean([float(value) for value in found if not isinstance(value, Estimate)]))
    rows = np.array([(e.value, e.lower, e.upper) for e in found if isinstance(e, Estimate)])
    value, lower, upper = rows.mean(axis=0)
    return Estimate(float(value), float(lower), float(upper), first.level, f"{first.method}; mean over repeats")


def _outer_fold(
    data: DevelopmentData,
    columns: Design,
    names: tuple[str, ...],
    test: NDArray[np.intp],
    seed: int,
    folds: int,
    repeats: int,
    calibration: str,
) -> tuple[Floats, str, str]:
    """Run the procedure without the test patients; return their risks, the choice, and why it failed if it did."""
    train = data.take(np.setdiff1d(np.arange(len(data)), test))
    try:
        result = develop(train, columns, names, seed, folds=folds, repeats=repeats, calibration=calibration)
    except InsufficientDataError as error:
        return np.full(len(test), np.nan), "", str(error)
    return result.classifier.predict_proba(data.matrix[test])[:, 1], result.choice.chosen, ""
