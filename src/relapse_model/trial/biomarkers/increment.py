"""How much better the library's model predicts with a candidate, all of it refitted in every bootstrap resample."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from relapse_model.arrays import Floats, Positions, generator
from relapse_model.development.choice import fit_known
from relapse_model.development.screening.base import Base
from relapse_model.development.screening.candidates import Column
from relapse_model.development.screening.step import selected_columns
from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.features.design import Design, design
from relapse_model.features.development_data import DevelopmentData
from relapse_model.validation.decision_curve import net_benefit
from relapse_model.validation.discrimination import auc
from relapse_model.validation.estimate import Estimate
from relapse_model.validation.optimism import optimism_corrected
from relapse_model.validation.overall import brier, log_loss

MEASURES = ("log_loss", "brier", "auc", "net_benefit")
_REFUSED = ("nri", "idi", "net_reclassification", "integrated_discrimination")
_LEAST = 1e-6


def check_measures(increment: bool | Sequence[str]) -> tuple[str, ...]:
    """Return the measures of the increment; refuse those that reward noise.

    Parameters
    ----------
    increment : bool or sequence of str

    Raises
    ------
    RelapseModelError
        For NRI and IDI, and for what is not known.
    """
    if isinstance(increment, bool):
        return MEASURES if increment else ()
    for name in increment:
        if any(str(name).lower().replace("-", "_").startswith(word) for word in _REFUSED):
            raise RelapseModelError(
                f"increment names {name!r}: net reclassification and integrated discrimination improve when noise is "
                "added to a model, also in new patients (Pepe 2014, PMC4615606; Kerr 2014, PMC3918180); expected some "
                f"of {', '.join(MEASURES)}."
            )
        if name not in MEASURES:
            raise RelapseModelError(f"increment names {name!r}; expected some of {', '.join(MEASURES)}.")
    return tuple(increment)


def increments(
    base: Base, columns: Sequence[Column], measures: Sequence[str], threshold: float, resamples: int, seed: int
) -> pd.DataFrame:
    """Return what each candidate adds to the base, corrected for optimism, with bootstrap intervals.

    The prior-informed model is fitted with the base, and with the base and the candidate: to all patients, and again in
    every resample, where both are judged in the resample and in the original patients. Lost patients take part by
    weights. The p-value of a candidate is that of its test; none is made of these differences.

    Parameters
    ----------
    base : Base
    columns : sequence of Column
    measures : sequence of str
    threshold : float
        Risk at which net benefit is taken.
    resamples, seed : int

    Returns
    -------
    DataFrame
        One row per candidate: ``delta_MEASURE``, ``_lower``, ``_upper`` and ``_apparent`` of each measure; a negative
        change of log loss and Brier score is better, a positive one of AUC and net benefit. ``resamples`` that could be
        used.
    """
    from threadpoolctl import threadpool_limits

    original = _with_columns(base.data, columns)
    models = _designs(base, columns)
    names = [column.name for column in columns]
    with threadpool_limits(1):  # the problems are small: threads cost more than they bring
        return _over_resamples(original, models, names, measures, threshold, resamples, seed)[0]


def increment_of_screen(
    base: Base,
    columns: Sequence[Column],
    measures: Sequence[str],
    threshold: float,
    resamples: int,
    seed: int,
    **decided: Any,
) -> pd.DataFrame:
    """Return what the screen as a whole adds to the base: it is repeated in every resample, then the model is fitted.

    A candidate chosen for being the best of many looks better than it is, also with its own model refitted; here the
    choice is repeated too, by outcomes drawn from the base. No interval: where no marker is true most resamples select
    nothing, and change by 0.

    Parameters
    ----------
    base, measures, threshold, resamples, seed
        As in `increments`.
    columns : sequence of Column
        All that were tested.
    **decided
        What selects: ``draws``, ``decide`` and ``fdr``.

    Returns
    -------
    DataFrame
        One row: ``delta_MEASURE`` and ``_apparent`` of each measure, ``resamples``, and ``selected_in_resamples``, the
        mean number of candidates that a resample selects.
    """
    from threadpoolctl import threadpool_limits

    original, width = _with_columns(base.data, columns), base.data.matrix.shape[1]
    without = _designs(base, [])[0]
    counts: list[int] = []

    def models(data: DevelopmentData) -> list[_Model]:
        alone = replace(data, matrix=data.matrix[:, :width])
        found = selected_columns(alone, base.study, data.matrix[:, width:].T, seed=seed, **decided)
        counts.append(int(found.sum()))
        chosen = [columns[place].candidate.predictor for place in np.flatnonzero(found).tolist()]
        if not chosen:
            return [without, without]
        study = replace(base.study, predictors=(*base.study.predictors, *chosen))
        return [without, _Model(np.append(np.arange(width), width + np.flatnonzero(found)), design(study))]

    with threadpool_limits(1):
        table, done = _over_resamples(original, models, ["screen"], measures, threshold, resamples, seed)
    table = table.drop(
        columns=["candidate", *(f"delta_{name}_{end}" for name in measures for end in ("lower", "upper"))]
    )
    return table.assign(selected_in_resamples=float(np.mean(counts[1:])) if done else np.nan)


def _over_resamples(
    original: DevelopmentData,
    models: Sequence[_Model] | Callable[[DevelopmentData], list[_Model]],
    names: Sequence[str],
    measures: Sequence[str],
    threshold: float,
    resamples: int,
    seed: int,
) -> tuple[pd.DataFrame, int]:
    """Judge models, the first of them without any candidate, in resamples; return a row of each, and the resamples."""
    own = _judged_in(_fitted(original, models), [original], measures, threshold)[0]
    inside, outside = [], []
    rng = generator(seed)
    for _ in range(resamples):
        drawn, _ = original.resample(rng)
        try:
            found = _judged_in(_fitted(drawn, models), [drawn, original], measures, threshold)
        except InsufficientDataError:  # nobody with the event, or all of one kind lost
            found = [np.full_like(own, np.nan)] * 2
        inside.append(found[0])
        outside.append(found[1])
    rows = [
        _row(name, own[place], np.array(inside)[:, place], np.array(outside)[:, place], measures)
        for place, name in enumerate(names)
    ]
    return pd.DataFrame(rows), int((~np.isnan(np.array(inside)).any(axis=(1, 2))).sum())


@dataclass(frozen=True, slots=True, eq=False)
class _Model:
    """A model to be made: its columns of the matrix, and what is known of them; none: the mean risk."""

    columns: Positions
    design: Design | None


def _with_columns(data: DevelopmentData, columns: Sequence[Column]) -> DevelopmentData:
    """Return the data with the candidates beside the base, so that a resample takes rows of both."""
    return replace(data, matrix=np.column_stack([data.matrix, *(column.values for column in columns)]))


def _designs(base: Base, columns: Sequence[Column]) -> list[_Model]:
    width, predictors = base.data.matrix.shape[1], base.study.predictors
    own = np.arange(width)
    models = [_Model(own, design(base.study) if predictors else None)]
    for place, column in enumerate(columns):
        study = replace(base.study, predictors=(*predictors, column.candidate.predictor))
        models.append(_Model(np.append(own, width + place), design(study)))
    return models


def _fitted(
    data: DevelopmentData, models: Sequence[_Model] | Callable[[DevelopmentData], list[_Model]]
) -> list[Callable[[DevelopmentData], Floats]]:
    """Make every model of these patients, chosen by them or not; return how each predicts."""
    asked = models(data) if callable(models) else models
    return [_predictor(replace(data, matrix=data.matrix[:, model.columns]), model) for model in asked]


def _predictor(data: DevelopmentData, model: _Model) -> Callable[[DevelopmentData], Floats]:
    if model.design is None:
        relapse, weight = data.training_rows()
        share = float(np.average(relapse, weights=weight))
        return lambda others: np.full(len(others), share)
    fitted = fit_known("prior_logistic", data, model.design, 0)
    return lambda others: fitted.predict_proba(others.matrix[:, model.columns])[:, 1]


def _judged_in(
    predictors: Sequence[Callable[[DevelopmentData], Floats]],
    where: Sequence[DevelopmentData],
    measures: Sequence[str],
    threshold: float,
) -> list[Floats]:
    """Return, for each set of patients, the differences to the base: an array of candidates and measures."""
    differences = []
    for data in where:
        weight = data.weights()
        values = np.array([_values(data, predict(data), weight, measures, threshold) for predict in predictors])
        differences.append(values[1:] - values[0])
    return differences


def _values(
    data: DevelopmentData, risk: Floats, weight: Floats, measures: Sequence[str], threshold: float
) -> list[float]:
    p, y = np.clip(risk, _LEAST, 1 - _LEAST), data.relapse
    ways: dict[str, Callable[[], float]] = {
        "log_loss": lambda: log_loss(y, p, weight),
        "brier": lambda: brier(y, p, weight),
        "auc": lambda: auc(y, p, weight),
        "net_benefit": lambda: float(net_benefit(y, p, [threshold], weight).model[0]),
    }
    return [ways[name]() for name in measures]


def _row(name: str, own: Floats, inside: Floats, outside: Floats, measures: Sequence[str]) -> dict[str, Any]:
    row: dict[str, Any] = {"candidate": name, "resamples": int((~np.isnan(inside).any(axis=1)).sum())}
    notes = set()
    for place, measure in enumerate(measures):
        value, lower, upper, note = _corrected(float(own[place]), inside[:, place], outside[:, place])
        row |= {f"delta_{measure}": value, f"delta_{measure}_lower": lower, f"delta_{measure}_upper": upper}
        row[f"delta_{measure}_apparent"] = float(own[place])
        notes.add(note)
    return row | {"note": "; ".join(sorted(notes - {""}))}


def _corrected(own: float, inside: Floats, outside: Floats) -> tuple[float, float, float, str]:
    try:
        found = optimism_corrected(own, inside, outside)
    except InsufficientDataError as refused:
        return np.nan, np.nan, np.nan, str(refused)
    estimate = found.corrected
    if isinstance(estimate, Estimate):
        return estimate.value, estimate.lower, estimate.upper, ""
    return found.value, np.nan, np.nan, found.no_interval
