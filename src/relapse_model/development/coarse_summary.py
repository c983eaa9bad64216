"""What a model tells of its training cohort, rounded: one patient more or less gives no value of this one away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from relapse_model.arrays import grid_step, on_grid
from relapse_model.small_counts import SMALL, coarse_count
from relapse_model.study.study import Study

PARTS = 25  # steps in the central range of a number, or more
SHARE_STEP = 0.01
_CORRELATION_STEP = 0.05
_SMALLEST_EIGENVALUE = 0.05


def coarse_share(share: float) -> float:
    """Return a mean risk, or the share in an arm, to the nearest hundredth, not below 0.001 and not above 0.999.

    Parameters
    ----------
    share : float

    Examples
    --------
    >>> coarse_share(0.16929), coarse_share(0.0)
    (0.17, 0.0)
    """
    return share if share in (0.0, 1.0) else min(max(on_grid(share, SHARE_STEP), 0.001), 0.999)


def coarse_predictors(
    exact: Mapping[str, dict[str, Any]], study: Study, patients: int, key: bytes
) -> dict[str, dict[str, Any]]:
    """Return the summaries of predictors as they are told.

    Of a number: mean and median rounded, and the 5th and 95th percentile rounded outwards, to steps of 1, 2 or 5 times
    a power of ten that go at least 25 times into the range between them. Of a yes or no: how many have it, as
    `coarse_count` tells it, as a share. Counts of levels and of missing values likewise; below 5, of missing values 0
    as well, they are ``<5``. That nobody has a level, or everybody the same, stays told: scoring warns of it.

    Parameters
    ----------
    exact : mapping of str to dict
        As `relapse_model.development.summary.predictor_summary` returns each.
    study : Study
    patients : int
    key : bytes
        See `coarse_count`.
    """
    return {
        one.name: (_levels if one.levels else _numbers)(exact[one.name], patients, key, one.name)
        for one in study.predictors
    }


def coarse_names(measured: Mapping[str, Any], patients: int, key: bytes) -> dict[str, Any]:
    """Return the assays and units that 5 patients or more had, as `coarse_count` tells it, with rounded counts.

    A name that hardly anybody had is left out: it would say that one patient had it, and a result with it is one that
    the model has not learned from. Where no name is left, the most common one is told.

    Parameters
    ----------
    measured : mapping
        ``assays`` and ``units``: by analyte, the number of patients of each name.
    patients : int
    key : bytes

    Examples
    --------
    >>> coarse_names({"assays": {"alt": {"A": 88, "B": 1}}}, 132, b"one cohort")
    {'assays': {'alt': {'A': 90}}}
    """
    told: dict[str, Any] = {}
    for part, analytes in measured.items():
        told[part] = {}
        for analyte, counts in analytes.items():
            known = {name: count if isinstance(count, int) else 1 for name, count in counts.items()}
            rounded = {
                name: coarse_count(count, patients, key, f"{part}\0{analyte}\0{name}") for name, count in known.items()
            }
            most = max(rounded, key=lambda name: known[name], default="")
            told[part][analyte] = {
                name: count if count >= SMALL else f"<{SMALL}"
                for name, count in rounded.items()
                if count >= SMALL or name == most
            }
    return told


def coarse_scatter(scatter: dict[str, Any] | None, told: Mapping[str, dict[str, Any]]) -> dict[str, Any] | None:
    """Return correlations and shrinkage in steps of 0.05, and the spread in steps of 0.1, upwards.

    Where the rounding brings the smallest eigenvalue below 0.05, all correlations are drawn towards 0 by twentieths.

    Parameters
    ----------
    scatter : dict or None
        As `relapse_model.model.scoring.guards.training_scatter.scatter_summary` returns it.
    told : mapping of str to dict
        The predictors as they are told: their rounded quantiles are what distances are measured with.
    """
    if scatter is None or any(told[name]["p05"] is None for name in scatter["predictors"]):
        return None
    exact = np.array(scatter["correlation"])
    for drawn in np.linspace(1.0, 0.0, 21):
        correlation = np.round(exact * drawn / _CORRELATION_STEP) * _CORRELATION_STEP
        np.fill_diagonal(correlation, 1.0)
        if np.linalg.eigvalsh(correlation)[0] >= _SMALLEST_EIGENVALUE:
            break
    return {
        "predictors": scatter["predictors"],
        "correlation": (np.round(correlation, 2) + 0.0).tolist(),  # -0 is 0
        "shrinkage": on_grid(scatter["shrinkage"], _CORRELATION_STEP),
        "spread": on_grid(scatter["spread"], 0.1, np.ceil),
    }


def _numbers(exact: dict[str, Any], patients: int, key: bytes, name: str) -> dict[str, Any]:
    told = {"missing": _missing(exact["missing"], patients, key, name)}
    low, median, high, mean = (exact[part] for part in ("p05", "median", "p95", "mean"))
    if low is None:
        return told | {"mean": None, "p05": None, "median": None, "p95": None}
    if {low, high} <= {0.0, 1.0} and 0.0 <= mean <= 1.0:
        known = patients - (exact["missing"] if isinstance(exact["missing"], int) else SMALL // 2)
        yes = round(mean * known)
        share = mean if mean in (0.0, 1.0) else min(coarse_count(yes, known, key, f"{name}\0yes") / known, 1.0)
        return told | {"mean": share, "p05": low, "median": float(share > 0.5), "p95": high}
    step = grid_step((high - low) / PARTS)
    return told | {
        "mean": on_grid(mean, step) if step else median,  # where hardly anybody differs, the mean would tell who does
        "p05": on_grid(low, step, np.floor),
        "median": on_grid(median, step),
        "p95": on_grid(high, step, np.ceil),
    }


def _levels(exact: dict[str, Any], patients: int, key: bytes, name: str) -> dict[str, Any]:
    levels = {
        level: coarse_count(count, patients, key, f"{name}\0{level}") if isinstance(count, int) and count else count
        for level, count in exact["levels"].items()
    }
    return {"missing": _missing(exact["missing"], patients, key, name), "levels": levels}


def _missing(count: int | str, patients: int, key: bytes, name: str) -> int | str:
    if not isinstance(count, int):
        return count
    return f"<{SMALL}" if count < SMALL else coarse_count(count, patients, key, f"{name}\0missing")
