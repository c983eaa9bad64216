"""Who can be scored, what to warn of, and the table in which nobody is lost."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.cohort import Cohort
from relapse_model.feature_kinds import FEATURE_KINDS
from relapse_model.outcome import relapsed_by
from relapse_model.study import Predictor, Study

Floats = NDArray[np.float64]
COLUMNS = ("patient_id", "status", "relapse_risk", "risk_lower", "risk_upper", "warnings", "reason")
_BEYOND = 0.25  # share of the central 90 % range a value may lie outside it before we warn
_ROUNDING = 1e-9  # a mean of equal values may differ from them in its last digit


def unusable(cohort: Cohort, study: Study, landmark_week: float) -> list[str]:
    """Return for each patient why no risk can be given, empty where one can.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    landmark_week : float
    """
    relapsed = relapsed_by(cohort, study, landmark_week)
    tested = np.zeros(len(cohort), dtype=bool)
    named = {p.analyte for p in study.predictors if FEATURE_KINDS[p.kind].unit.startswith("analyte")}
    labs = cohort.labs
    known = labs["analyte"].isin(named) & (labs["week"] <= landmark_week) & (labs["kind"] != "missing")
    tested[labs.loc[known, "patient"].to_numpy(dtype=np.intp)] = True
    week = f"week {landmark_week:g}"
    return [
        f"{study.outcome.name}, or an unconfirmed positive test, at or before {week}: nothing left to predict"
        if has_relapsed
        else f"no laboratory result of the model's predictors at or before {week}" if named and not has_labs
        else ""
        for has_relapsed, has_labs in zip(relapsed, tested, strict=True)
    ]  # fmt: skip


def guard_warnings(features: pd.DataFrame, study: Study, summary: dict[str, Any]) -> list[str]:
    """Return for each patient what to bear in mind: missing predictors, values unlike those of the training.

    Parameters
    ----------
    features : DataFrame
    study : Study
    summary : dict
        Of the training cohort.
    """
    notes: list[list[str]] = [[] for _ in range(len(features))]
    for predictor in study.predictors:
        values = features[predictor.name]
        for row in np.flatnonzero(values.isna().to_numpy()):
            notes[row].append(f"missing: {predictor.label}")
        low, high = _usual(predictor, summary["predictors"][predictor.name])
        if not predictor.levels:
            number = values.to_numpy(dtype=float)
            margin = _BEYOND * (high - low) + _ROUNDING
            for row in np.flatnonzero((number < low - margin) | (number > high + margin)):
                notes[row].append(_outside(predictor, number[row], low, high))
    return ["; ".join(note) for note in notes]


def scores_table(
    cohort: Cohort, risk: Floats, usable: NDArray[np.bool_], warnings: list[str], reasons: list[str]
) -> pd.DataFrame:
    """Lay the scores out, patients refused at the gate among them, in the order they came.

    Parameters
    ----------
    cohort : Cohort
    risk : array, shape (n, 3)
        Risk and its interval.
    usable : array of bool
    warnings, reasons : list of str
    """
    scored = pd.DataFrame(
        {
            "patient_id": cohort.patients["patient_id"].to_numpy(),
            "status": np.where(usable, "scored", "rejected"),
            "relapse_risk": risk[:, 0],
            "risk_lower": risk[:, 1],
            "risk_upper": risk[:, 2],
            "warnings": np.where(usable, np.array(warnings, dtype=object), ""),
            "reason": np.array(reasons, dtype=object),
        }
    )
    if cohort.rejected.empty:
        return scored
    refused = cohort.rejected.assign(
        status="rejected", relapse_risk=np.nan, risk_lower=np.nan, risk_upper=np.nan, warnings=""
    )[list(COLUMNS)]
    places = np.setdiff1d(np.arange(len(scored) + len(refused)), refused.index.to_numpy())
    scored.index = pd.Index(places)
    return pd.concat([scored, refused]).sort_index().reset_index(drop=True)


def clinical(values: Floats, predictor: Predictor) -> Floats:
    """Return values of a predictor in clinical units: the logarithm of a level undone, a slope as it is."""
    if predictor.saturating is not None:
        return predictor.saturating * values / np.maximum(1.0 - values, 1e-12)
    level = predictor.kind not in ("change", "slope")
    return np.power(10.0, values) if predictor.scale == "log10" and level else values


def unit_shown(predictor: Predictor) -> str:
    """Return the unit in which `clinical` gives a predictor; ``log10`` said where it stays one."""
    if predictor.scale == "log10" and predictor.kind in ("change", "slope"):
        return f"log10 {predictor.unit}"
    return predictor.unit


def _usual(predictor: Predictor, told: dict[str, Any]) -> tuple[float, float]:
    """Return the central 90 % of the training values; for 0/1, both of them."""
    if predictor.levels or told["p05"] is None:
        return -np.inf, np.inf
    low, high = told["p05"], told["p95"]
    if {low, high} <= {0.0, 1.0}:
        return 0.0, 1.0
    return low, high


def _outside(predictor: Predictor, value: float, low: float, high: float) -> str:
    shown, lower, upper = map(_plain, clinical(np.array([value, low, high]), predictor))
    unit = unit_shown(predictor)
    return f"outside the training range: {predictor.label} {shown} {unit} (usual {lower} to {upper})"


def _plain(number: float) -> str:
    """Write a number as a laboratory would: three figures, no exponent for a large one."""
    return f"{number:.0f}" if abs(number) >= 100 else f"{number:.3g}"
