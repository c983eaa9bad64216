"""The measures side by side, from the most flattering estimate to the one to be quoted, in words for a clinician."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from relapse_model.development.internal_validation.bootstrap import OUT_OF_BAG
from relapse_model.development.internal_validation.result import Validation
from relapse_model.report.words import MEANING
from relapse_model.small_counts import HIDDEN
from relapse_model.validation.classification_measures import THRESHOLD_MEASURES, ThresholdMeasures
from relapse_model.validation.estimate import Estimate
from relapse_model.validation.performance_measures import MEASURES, THREE_DIGITS
from relapse_model.validation.subgroups import Subgroup

_NEARLY = 1e-9

COLUMNS = {
    "nested": "Nested cross-validation",
    "corrected": "Corrected for optimism",
    "point632_plus": ".632+",
    "apparent": "Apparent",
}
EXPLAINED = {
    "nested": "Each patient is predicted by models made without this patient. Quote these figures, with their "
    "intervals.",
    "corrected": "The apparent figure minus the optimism: what bootstrap models lose between their own sample and the "
    "original patients. Mean optimism; for measures of calibration the median, because a single model with almost no "
    "effects could dominate the mean.",
    "point632_plus": "A weighted mean of the apparent figure and the figure in patients outside the bootstrap samples. "
    "The stronger the overfitting, the more the latter counts. It has no interval.",
    "apparent": "Measured in the patients from whom the model was made, and therefore too good. Do not quote it alone.",
}


def performance_rows(validation: Validation) -> list[dict[str, Any]]:
    """Return a row for each measure that exists anywhere: label, meaning, and a cell for each of `COLUMNS`.

    Parameters
    ----------
    validation : Validation

    Returns
    -------
    list of dict
        Cells are dicts of ``value``, ``interval`` (may be empty) and ``method``, or None where it is not made at all; a
        figure that these patients cannot support has the value ``not estimable``.
    """
    columns = {name: _column(name, validation) for name in shown_columns(validation)}
    return [
        {
            "label": label,
            "meaning": MEANING[name],
            "cells": {column: found.get(name) for column, found in columns.items()},
        }
        for name, label in MEASURES.items()
        if any(name in found for found in columns.values())
    ]


def shown_columns(validation: Validation) -> list[str]:
    """Return the columns there are: without bootstrap resamples two of them are not."""
    return [name for name in COLUMNS if validation.bootstrap is not None or name in ("nested", "apparent")]


def interval_methods(validation: Validation) -> dict[str, list[str]]:
    """Return for each column how its intervals were made, measures with one method together."""
    methods: dict[str, list[str]] = {}
    for column in shown_columns(validation):
        by_method: dict[str, list[str]] = {}
        for name, cell in _column(column, validation).items():
            if cell["interval"]:
                by_method.setdefault(cell["method"], []).append(MEASURES[name])
        methods[column] = [f"{', '.join(names)}: {method}" for method, names in by_method.items()]
    return methods


def threshold_rows(validation: Validation) -> list[dict[str, Any]]:
    """Return what acting from each threshold on would mean, as text.

    Parameters
    ----------
    validation : Validation
        What it hides, since fewer than 5 patients are on one side of a threshold, is called hidden.
    """
    return [
        {
            "threshold": f"{100 * one.threshold:g} %",
            "cells": {label: _threshold_cell(one, name) for name, label in THRESHOLD_MEASURES.items()},
        }
        for one in validation.thresholds
    ]


def flat_thresholds(validation: Validation) -> dict[str, list[str]]:
    """Return the thresholds that divide nobody: at or above which all patients are, or none, in every repeat.

    Parameters
    ----------
    validation : Validation

    Returns
    -------
    dict
        ``everybody`` and ``nobody``: thresholds as `threshold_rows` names them.
    """
    found: dict[str, list[str]] = {"everybody": [], "nobody": []}
    for one in validation.thresholds:
        share = one.measures["flagged"].value if "flagged" in one.measures else np.nan
        who = "everybody" if share >= 1 - _NEARLY else "nobody" if share <= _NEARLY else ""
        if who:
            found[who].append(f"{100 * one.threshold:g} %")
    return found


def flat_words(flat: dict[str, list[str]]) -> str:
    """Return `flat_thresholds` as sentences; empty where there are none.

    Parameters
    ----------
    flat : dict of str to list of str

    Examples
    --------
    >>> flat_words({"everybody": ["5 %", "10 %"], "nobody": []})
    'At 5 %, 10 %: all patients are at or above the threshold.'
    """
    words = {"everybody": "at or above", "nobody": "below"}
    return " ".join(
        f"At {', '.join(cuts)}: all patients are {words[who]} the threshold." for who, cuts in flat.items() if cuts
    )


def group_rows(groups: tuple[Subgroup, ...]) -> list[dict[str, str]]:
    """Return a row for each group; one that is too small is named without figures.

    Parameters
    ----------
    groups : tuple of Subgroup
    """
    return [
        {
            "name": group.name, "patients": group.patients, "events": group.events,
            "lost": group.lost,
            "auc": _group_cell(group, "auc"), "observed_expected": _group_cell(group, "observed_expected"),
        }
        for group in groups
    ]  # fmt: skip


def _column(column: str, validation: Validation) -> dict[str, dict[str, str]]:
    boot = validation.bootstrap
    if column in ("nested", "apparent"):
        found = validation.performance if column == "nested" else validation.apparent
        return _refused_cells(found.refused) | {
            name: _cell(name, found.measures[name]) for name in MEASURES if name in found.measures
        }
    if boot is None:
        return {}
    if column == "point632_plus":
        refused = [name for name in OUT_OF_BAG if name in boot.refused or f"{name}_632" in boot.refused]
        return _refused_cells(refused) | {name: _cell(name, one.value) for name, one in boot.point632_plus.items()}
    refused = [name for name in boot.refused if name in MEASURES]
    return _refused_cells(refused) | {name: _cell(name, one.corrected) for name, one in boot.corrected.items()}


def _refused_cells(names: Iterable[str]) -> dict[str, dict[str, str]]:
    return {name: {"value": "not estimable", "interval": "", "method": "refused"} for name in names}


def _cell(name: str, found: Estimate | float) -> dict[str, str]:
    digits = "z.3f" if name in THREE_DIGITS else "z.2f"
    if not isinstance(found, Estimate):
        return {"value": f"{found:{digits}}", "interval": "", "method": "no interval"}
    interval = f"{found.lower:{digits}} to {found.upper:{digits}}"
    method = f"{100 * found.level:g} %, {found.method}"
    return {"value": f"{found.value:{digits}}", "interval": interval, "method": method}


def _threshold_cell(one: ThresholdMeasures, name: str) -> str:
    if name in one.measures:
        return _share(one.measures[name])
    return HIDDEN if one.refused.get(name, "").startswith(HIDDEN) else "not estimable"


def _share(found: Estimate) -> str:
    return f"{100 * found.value:.0f} % ({100 * found.lower:.0f} to {100 * found.upper:.0f})"


def _group_cell(group: Subgroup, name: str) -> str:
    if group.hidden:
        return f"not shown: {group.hidden}"
    return str(group.measures[name]) if name in group.measures else "not estimable"
