"""RM117: a category with fewer than 5 patients."""

from __future__ import annotations

import pandas as pd

from relapse_model.cohort.tables.column_values import texts
from relapse_model.development.checks.check import CohortCheck, Verdict, found, nobody_at_risk, not_applicable, passed
from relapse_model.features.at_landmark import AtLandmark
from relapse_model.small_counts import SMALL


def small_category(at: AtLandmark) -> Verdict:
    """Warn when a level of a predictor, an answer of yes or no, or a group of `censoring_by` has fewer than 5 patients.

    Counted are patients at risk. The effect of such a level, and the chance of being lost in such a group, rest on
    chance. Of a yes or no that all answer alike, RM116 tells.

    Parameters
    ----------
    at : AtLandmark
    """
    by = at.study.outcome.censoring_by
    counts = {}
    features = at.features_at_risk
    for one in at.study.predictors:
        values = features[one.name]
        if one.levels:
            counts[one.label] = values.value_counts().reindex(one.levels, fill_value=0)
        elif values.notna().any() and values.dropna().isin([0.0, 1.0]).all():
            counts[one.label] = values.map({0.0: "no", 1.0: "yes"}).value_counts()
    if by is not None and by in at.cohort.patients:
        groups = texts(at.cohort.patients[by]).iloc[at.at_risk]
        counts[f"column {by!r}, by which the chance of being lost is estimated"] = groups.value_counts()
    if features.empty:
        return not_applicable(nobody_at_risk(at))
    if not counts:
        return not_applicable("no predictor has levels, or is yes or no, and the study has no censoring_by")
    small = [f"{label}: {_sizes_disclosed(sizes)}" for label, sizes in counts.items() if (sizes < SMALL).any()]
    if not small:
        return passed()
    return found(
        f"of {len(features)} patients at risk at week {at.landmark:g}, {'; '.join(small)}. So few patients "
        "teach little more than chance: merge such a category with a similar one, or leave it out."
    )


def _sizes_disclosed(sizes: pd.Series) -> str:
    few = sorted(str(name) or "no entry" for name, size in sizes.items() if 0 < size < SMALL)
    none = sorted(str(name) for name, size in sizes.items() if size == 0)
    parts = [f"{', '.join(few)} with fewer than {SMALL}"] if few else []
    return ", ".join([*parts, f"{', '.join(none)} in nobody"] if none else parts)


CHECK = CohortCheck("RM117", "a category with few patients", small_category)
