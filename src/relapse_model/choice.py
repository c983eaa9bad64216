"""Choosing a classifier by repeated cross-validation on log loss, with the benefit of the doubt to the simpler."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from relapse_model.candidates import Classifier, build
from relapse_model.development_data import DevelopmentData
from relapse_model.features.design import Design
from relapse_model.validation.resampling import stratified_folds

Floats = NDArray[np.float64]
LEAST_RISK = 1e-6  # risks are kept this far from 0 and 1 where a log loss is compared


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
    """

    chosen: str
    log_loss: dict[str, float]
    difference_se: dict[str, float]
    mean_risk_log_loss: float
    folds: int
    repeats: int


def fit_known(name: str, data: DevelopmentData, design: Design, seed: int, *, final: bool = False) -> Classifier:
    """Fit one candidate on the patients whose outcome is known, weighted for those who were lost."""
    known = ~np.isnan(data.relapse)
    model = build(name, design, seed, final=final)
    return model.fit(data.matrix[known], data.relapse[known], sample_weight=data.weights()[known])


def patient_log_loss(relapse: Floats, risk: Floats) -> Floats:
    """Return each patient's log loss; NaN for the lost."""
    risk = np.clip(risk, LEAST_RISK, 1 - LEAST_RISK)
    return np.asarray(-(relapse * np.log(risk) + (1 - relapse) * np.log1p(-risk)))


def choose(
    data: DevelopmentData, design: Design, names: tuple[str, ...], seed: int, *, folds: int, repeats: int
) -> Choice:
    """Compare candidates by repeated stratified cross-validation; each fold refits everything that is learned.

    The simplest candidate whose loss is within one standard error of the best is chosen; the standard error is
    that of the difference from the best, over patients.

    Parameters
    ----------
    data : DevelopmentData
    design : Design
    names : tuple of str
        Candidates, the simplest first.
    seed : int
    folds, repeats : int
    """
    if len(names) == 1:
        return Choice(names[0], {}, {}, np.nan, 0, 0)
    losses = {name: np.zeros(len(data)) for name in (*names, "mean_risk")}
    for _, test in stratified_folds(data.relapse, folds=folds, repeats=repeats, seed=seed):
        train = data.take(np.setdiff1d(np.arange(len(data)), test))
        held, relapse = data.matrix[test], data.relapse[test]
        for name in names:
            risk = fit_known(name, train, design, seed).predict_proba(held)[:, 1]
            losses[name][test] += patient_log_loss(relapse, risk) / repeats
        weight = train.weights()
        mean_risk = np.full(len(test), np.nansum(weight * train.relapse) / weight.sum())
        losses["mean_risk"][test] += patient_log_loss(relapse, mean_risk) / repeats
    known = ~np.isnan(data.relapse)
    weight = data.weights()[known]
    mean = {name: float(np.average(loss[known], weights=weight)) for name, loss in losses.items()}
    best = min(names, key=mean.__getitem__)
    error = {name: _standard_error(losses[name][known] - losses[best][known], weight) for name in names}
    chosen = next(name for name in names if mean[name] <= mean[best] + error[name])
    return Choice(chosen, {name: mean[name] for name in names}, error, mean["mean_risk"], folds, repeats)


def _standard_error(difference: Floats, weight: Floats) -> float:
    share = weight / weight.sum()
    centred = difference - np.sum(share * difference)
    return float(np.sqrt(np.sum(share**2 * centred**2)))
