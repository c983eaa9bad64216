"""Which counts a report shows: all of them to whoever owns the data, none under 5 to others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from relapse_model.arrays import Mask
from relapse_model.development.internal_validation.group_tables import groupings, groups_of, threshold_table
from relapse_model.development.internal_validation.result import Validation
from relapse_model.errors import RelapseModelError
from relapse_model.model.relapse_model import RelapseModel
from relapse_model.small_counts import disclosed_count, disclosed_parts
from relapse_model.validation.subgroups import MISSING, Subgroup

FULL, SMALL_COUNTS = "full", "small-counts"
DISCLOSURES = (FULL, SMALL_COUNTS)


def known_disclosure(disclosure: str) -> None:
    """Refuse what names no way of showing counts.

    Parameters
    ----------
    disclosure : str

    Raises
    ------
    RelapseModelError
    """
    if disclosure not in DISCLOSURES:
        raise RelapseModelError(
            f"Report: disclosure {disclosure!r}; expected 'full' (all counts, for whoever owns the data) or "
            "'small-counts' (counts under 5 hidden, for what leaves the hospital)."
        )


def owner_only(disclosure: str, *, synthetic: bool) -> bool:
    """Tell whether a page is for its owner alone: it shows counts of few patients, and they are real.

    Parameters
    ----------
    disclosure : str
    synthetic : bool

    Examples
    --------
    >>> owner_only("full", synthetic=False), owner_only("small-counts", synthetic=False)
    (True, False)
    """
    return disclosure == FULL and not synthetic


def with_all_counts(validation: Validation) -> Validation:
    """Return a validation whose groups and thresholds tell all counts, which it holds as they may be disclosed.

    Figures of groups that are too small to be judged stay away: that is no matter of disclosure.

    Parameters
    ----------
    validation : Validation
    """
    data, column = validation.data, validation.settings["leave_out"]
    seen: Mask = np.logical_not(np.isnan(validation.risks).all(axis=0))
    subgroups = {
        name: _counted(validation.subgroups[name], values, validation, seen)
        for name, values in groupings(validation.cohort, data).items()
        if name in validation.subgroups
    }
    labels = pd.Series(groups_of(validation.cohort, data, column), dtype=object)
    thresholds = threshold_table(data, validation.risks, hide=False) if validation.thresholds else ()
    left_out = _counted(validation.left_out, labels, validation, np.ones(len(data), dtype=bool))
    return replace(validation, left_out=left_out, subgroups=validation.subgroups | subgroups, thresholds=thresholds)


def _counted(
    groups: tuple[Subgroup, ...], labels: pd.Series, validation: Validation, among: Mask
) -> tuple[Subgroup, ...]:
    names = labels.astype(object).where(labels.notna(), MISSING).astype(str).to_numpy()
    relapse = validation.data.relapse
    counted = []
    for group in groups:
        rows = among & (names == group.name)
        if not rows.any():
            counted.append(group)
            continue
        patients, events, lost = (int((rows & one).sum()) for one in (rows, relapse == 1, np.isnan(relapse)))
        counted.append(replace(group, patients=str(patients), events=str(events), lost=str(lost)))
    return tuple(counted)


def with_small_counts_hidden(model: RelapseModel) -> RelapseModel:
    """Return a model whose summary tells no count under 5 of its training patients; risks and ranges are the same.

    Parameters
    ----------
    model : RelapseModel
        One whose file tells rounded numbers stays as it is.
    """
    return model if "disclosure" in model.summary else replace(model, summary=hidden_summary(model.summary))


def hidden_summary(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Return an exact summary with counts under 5 hidden, and those from which one could be worked out.

    Parameters
    ----------
    summary : Mapping
    """
    hidden: dict[str, Any] = {
        "predictors": {name: _predictor_hidden(one) for name, one in summary["predictors"].items()}
    }
    for part, told in (("competing", _each_hidden), ("eligibility", _parts_hidden)):
        if part in summary:
            hidden[part] = told(summary[part])
    if "by_landmark" in summary:
        hidden["by_landmark"] = [
            {"week": one["week"]} | _each_hidden({key: count for key, count in one.items() if key != "week"})
            for one in summary["by_landmark"]
        ]
    return {**summary, **hidden}


def _predictor_hidden(values: Mapping[str, Any]) -> dict[str, Any]:
    if "levels" in values:
        missing, *levels = _parts_hidden({"": values["missing"], **values["levels"]}).values()
        return {"missing": missing, "levels": dict(zip(values["levels"], levels, strict=True))}
    kept = {key: value for key, value in values.items() if key not in ("yes", "no")}
    return kept | _each_hidden({"missing": values["missing"]})


def _each_hidden(counts: Mapping[str, int | str]) -> dict[str, int | str]:
    return {key: disclosed_count(count) if isinstance(count, int) else count for key, count in counts.items()}


def _parts_hidden(counts: Mapping[str, int | str]) -> dict[str, int | str]:
    """Return counts that add up to a known number; those of an earlier version were told as they may be already."""
    exact = [count for count in counts.values() if isinstance(count, int)]
    return dict(zip(counts, disclosed_parts(exact), strict=True)) if len(exact) == len(counts) else dict(counts)
