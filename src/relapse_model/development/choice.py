"""Choosing a classifier by repeated cross-validation on log loss, with the benefit of the doubt to the simpler."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from relapse_model.arrays import Floats, Mask, Positions
from relapse_model.classifiers.known import MEMBERS, Classifier
from relapse_model.classifiers.shared.risks import sigmoid
from relapse_model.development.candidates import build, build_hazard
from relapse_model.development.folds import data_folds
from relapse_model.development.one_thread import one_thread
from relapse_model.development.refused_runs import reason_of, reasons_counted
from relapse_model.display.progress import progress_bar
from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.features.design import Design
from relapse_model.features.development_data import DevelopmentData
from relapse_model.features.known_columns import as_learned, marked_columns
from relapse_model.model.processes import results_of
from relapse_model.validation.effective_number import effective_share
from relapse_model.validation.estimate import Estimate
from relapse_model.validation.paired_loss import paired_difference

SHOWN_WORSE = 1.96  # standard errors of a difference in loss: its 95 % interval
LEAST_RISK = 1e-6  # risks are kept this far from 0 and 1 where a log loss is compared


class _Kept(Protocol):
    """What is left of a development: its data and design, and the columns of the matrix before."""

    @property
    def data(self) -> DevelopmentData: ...
    @property
    def design(self) -> Design: ...
    @property
    def columns(self) -> Positions: ...


Narrow: TypeAlias = Callable[[DevelopmentData, int], _Kept]


@dataclass(frozen=True, slots=True)
class Choice:
    """What cross-validation said of each candidate, and which was chosen.

    Attributes
    ----------
    chosen : str
    log_loss : dict
        Mean out-of-fold log loss of each candidate.
    difference_se : dict
        Standard error of each candidate's difference from the best.
    mean_risk_log_loss : float
        The same for "everyone has the mean risk of the training folds".
    folds, repeats : int
    failed : dict
        Folds in which a candidate could not be fitted, by reason. No candidate is judged on them.
    against_mean_risk : Estimate or None
        Out-of-fold log loss of the chosen one minus that of the mean risk, and its interval; None: not cross-validated.
    """

    chosen: str
    log_loss: dict[str, float]
    difference_se: dict[str, float]
    mean_risk_log_loss: float
    folds: int
    repeats: int
    failed: dict[str, int] = field(default_factory=dict)
    against_mean_risk: Estimate | None = None


def fit_known(
    name: str, data: DevelopmentData, design: Design, seed: int, *, final: bool = False, calibration: str = "none"
) -> Classifier:
    """Fit one candidate: to the times of all patients, or to the outcomes that count, weighted.

    Where a patient has several rows, they share the weight of one and stay together in folds. Weights are scaled to
    the number of patients that they are worth (`effective_share`): those who were lost tell nothing. Of a column that
    hardly anybody has nothing is learned (`hardly_known`).
    """
    data = as_learned(data)
    if name == "prior_hazard":
        followed = data.horizon_time - data.landmark
        hazard = build_hazard(design, data.landmark, data.horizon)
        return hazard.fit(data.matrix, followed, data.horizon_event, sample_weight=data.row_share())
    relapse, weight = data.training_rows()
    used = weight > 0
    weight = weight * effective_share(relapse, weight, data.numbers())
    groups = None if data.patient is None else data.patient[used]
    model = build(name, design, seed, final=final, calibration=calibration, marked=marked_columns(data))
    return model.fit(data.matrix[used], relapse[used], sample_weight=weight[used], groups=groups)


def patient_log_loss(relapse: Floats, risk: Floats) -> Floats:
    """Return each patient's log loss; NaN for the lost."""
    risk = np.clip(risk, LEAST_RISK, 1 - LEAST_RISK)
    return np.asarray(-(relapse * np.log(risk) + (1 - relapse) * np.log1p(-risk)))


def choose(
    data: DevelopmentData,
    design: Design,
    names: tuple[str, ...],
    seed: int,
    *,
    folds: int,
    repeats: int,
    calibration: str = "none",
    judge_single: bool = False,
    narrow: Narrow | None = None,
    jobs: int | None = 1,
    progress: bool = False,
) -> Choice:
    """Compare candidates by repeated stratified cross-validation; each fold refits everything that is learned.

    The simplest candidate that is not shown to be worse than the best is chosen: the 95 % interval of its difference
    from the best, over patients, reaches 0; rows of one patient are one cluster. With 20 events one standard error is
    not enough: one cohort in ten then got a model that had fitted noise. The loss is weighted by
    the inverse probability of censoring, whichever way training counts the lost. A fold in which one of the candidates
    cannot be fitted is left out for all of them and counted, so that all are compared on the same patients.

    Parameters
    ----------
    data : DevelopmentData
    design : Design
    names : tuple of str
        Candidates, the simplest first.
    seed : int
    folds, repeats : int
    calibration : {"none", "logistic"}
    judge_single : bool
        Whether a single candidate is cross-validated too: there is nothing to choose, but something to know.
    narrow : callable, optional
        What chooses predictors, in every fold again.
    jobs : int, optional
        Processes; the result is the same whatever their number.
    progress : bool
        Show a progress bar if it takes more than a moment and the output is a terminal.

    Raises
    ------
    InsufficientDataError
        If more than half the folds cannot be fitted.
    """
    if len(names) > 1:
        return _compared(data, design, names, seed, folds, repeats, calibration, narrow, jobs, progress)
    unknown = Choice(names[0], {}, {}, np.nan, 0, 0)
    if not judge_single:
        return unknown
    try:
        return _compared(data, design, names, seed, folds, repeats, calibration, narrow, jobs, progress)
    except RelapseModelError:  # a fold that cannot be made or fitted stops no model, and leaves its gain unknown
        return unknown


def _compared(
    data: DevelopmentData,
    design: Design,
    names: tuple[str, ...],
    seed: int,
    folds: int,
    repeats: int,
    calibration: str,
    narrow: Narrow | None,
    jobs: int | None,
    progress: bool,
) -> Choice:
    """Cross-validate the candidates and choose among them."""
    from joblib import delayed

    losses = {name: np.zeros(len(data)) for name in (*names, "mean_risk")}
    judged = np.zeros(len(data))  # in how many repeats each row was
    split = data_folds(data, folds, repeats, seed)
    tasks = (delayed(_fold_risks)(names, data, test, design, seed, calibration, narrow) for _, test in split)
    found = results_of(tasks, jobs)
    bar = progress_bar(found, total=len(split), what="compare", unit="fold", shown=progress)
    failed: Counter[str] = Counter()
    for (_, test), (risks, why) in zip(split, bar, strict=True):
        if why:
            failed[why] += 1
            continue
        judged[test] += 1
        for name, risk in risks.items():
            losses[name][test] += patient_log_loss(data.relapse[test], risk)
    known = ~np.isnan(data.relapse) & (judged > 0)
    if 2 * failed.total() > len(split) or not known.any():
        raise InsufficientDataError(
            f"choice of the classifier: {failed.total()} of {len(split)} folds could not be fitted: "
            f"{reasons_counted(failed)}. Give a single candidate, or add patients."
        )
    each = {name: loss[known] / judged[known] for name, loss in losses.items()}
    used = len(split) // repeats  # fewer than asked for where there are few events, or groups
    return replace(_chosen(data, names, known, each), folds=used, repeats=repeats, failed=dict(failed))


def _chosen(data: DevelopmentData, names: tuple[str, ...], known: Mask, each: dict[str, Floats]) -> Choice:
    """Choose by the losses of the known rows: the simplest that is not shown to be worse than the best."""
    weight = (data.weights() * data.row_share())[known]
    mean = {name: float(np.average(loss, weights=weight)) for name, loss in each.items()}
    best = min(names, key=mean.__getitem__)
    draw = data.patient if data.copy is None else data.copy  # copies in a resample are draws of their own
    cluster = np.flatnonzero(known) if draw is None else draw[known]
    error = {name: _standard_error(each[name] - each[best], weight, cluster) for name in names}
    chosen = next(name for name in names if mean[name] <= mean[best] + SHOWN_WORSE * error[name])
    mean_losses = {name: mean[name] for name in names}
    gain = paired_difference(each[chosen], each["mean_risk"], weight, cluster)
    return Choice(chosen, mean_losses, error, mean["mean_risk"], 0, 0, against_mean_risk=gain)


def _fold_risks(
    names: tuple[str, ...],
    data: DevelopmentData,
    test: NDArray[np.intp],
    design: Design,
    seed: int,
    calibration: str,
    narrow: Narrow | None,
) -> tuple[dict[str, Floats], str]:
    """Return the risks of the test rows by each candidate; or nothing, and why one of them could not be fitted."""
    # The problems are small: threads cost more than they bring, and sums are in the same order everywhere.
    with one_thread():
        train = data.take(np.setdiff1d(np.arange(len(data)), test))
        try:
            held = data.matrix[test]
            if narrow is not None:
                kept = narrow(train, seed)
                train, design, held = kept.data, kept.design, held[:, kept.columns]
            return _held_out_risks(names, train, held, design, seed, calibration), ""
        except RelapseModelError as error:
            return {}, reason_of(error)


def _held_out_risks(
    names: tuple[str, ...],
    train: DevelopmentData,
    held: Floats,
    design: Design,
    seed: int,
    calibration: str = "none",
) -> dict[str, Floats]:
    """Return each candidate's risks, and the mean risk; an average is taken of members that were fitted anyway."""
    shared = set(MEMBERS) <= set(names) and calibration == "none"
    fitted, risks = {}, {}
    for name in names:
        if name == "prior_and_trees" and shared:
            continue
        fitted[name] = fit_known(name, train, design, seed, calibration=calibration)
        risks[name] = fitted[name].predict_proba(held)[:, 1]
    if "prior_and_trees" in names and "prior_and_trees" not in risks:
        log_odds = [fitted[member].predict_log_odds(held) for member in MEMBERS]
        risks["prior_and_trees"] = sigmoid(np.mean(log_odds, axis=0))
    relapse, weight = train.training_rows()
    return risks | {"mean_risk": np.full(len(held), np.sum(weight * relapse) / weight.sum())}


def _standard_error(difference: Floats, weight: Floats, cluster: Positions) -> float:
    """Return the standard error of a weighted mean; rows of one cluster (a patient) are one observation."""
    share = weight / weight.sum()
    centred = share * (difference - np.sum(share * difference))
    return float(np.sqrt(np.sum(np.bincount(np.unique(cluster, return_inverse=True)[1], weights=centred) ** 2)))
