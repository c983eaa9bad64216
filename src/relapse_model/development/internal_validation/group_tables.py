"""Performance by groups of patients and at thresholds, of the risks that a validation gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Floats
from relapse_model.cohort.cohort import Cohort
from relapse_model.development.internal_validation.refit import Refit
from relapse_model.errors import CohortError, Problem
from relapse_model.features.centre_labels import one_name_each
from relapse_model.features.development_data import DevelopmentData
from relapse_model.small_counts import HIDDEN, SMALL
from relapse_model.study.study import Study
from relapse_model.validation.classification_measures import THRESHOLD_MEASURES, ThresholdMeasures, threshold_measures
from relapse_model.validation.estimate import Estimate
from relapse_model.validation.over_repeats import mean_measures
from relapse_model.validation.subgroups import Subgroup, subgroup_table

THRESHOLDS = np.array([0.05, 0.10, 0.15, 0.20, 0.30])  # risks at which a clinic might act; none is recommended
_TIMES_THE_ODDS = np.array([0.25, 0.5, 1.0, 2.0, 4.0])  # of the observed risk, where that lies outside THRESHOLDS
FLOOR_PATIENTS, FLOOR_EVENTS = 20, 5  # of a subgroup; smaller ones are listed without figures
CENTRE = "centre"  # column of the patients table
SUBGROUPS = ("sex", "arm", CENTRE, "hbv_genotype")  # columns of the patients table; bands of age besides
AGE_BANDS = ((0.0, 35.0, "0 to 34 years"), (35.0, 45.0, "35 to 44 years"), (45.0, np.inf, "45 years and over"))


def column_left_out(cohort: Cohort, study: Study, leave_out: str | None) -> str | None:
    """Return the column whose groups are left out: as asked; where there is no ``centre``, that which the study names.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    leave_out : str or None
        ``"centre"``, the default of a validation, may be missing: then nothing is left out.

    Raises
    ------
    CohortError
        If another column was asked for, and is missing.
    """
    if leave_out is None or leave_out in cohort.patients:
        return leave_out
    if leave_out == CENTRE:
        named = study.prediction.centre
        return named if named in cohort.patients else leave_out
    problem = Problem(
        "patients", None, leave_out, "the column is missing", f"a column {leave_out!r}, whose groups are left out",
        f"The table has {', '.join(map(repr, cohort.patients.columns))}",
    )  # fmt: skip
    raise CohortError("the cohort does not fit the validation", [problem])


def groups_of(cohort: Cohort, data: DevelopmentData, column: str | None) -> NDArray[np.object_]:
    """Return the group of each row by a column of the patients table; one group where there is no such column.

    All spellings of one name are one group: else a centre would be predicted by a model of its own patients.

    Parameters
    ----------
    cohort : Cohort
    data : DevelopmentData
    column : str or None
    """
    if column is None or column not in cohort.patients:
        return np.full(len(data), "all", dtype=object)
    values = one_name_each(cohort.patients[column]).set_axis(cohort.patient_ids).loc[data.features.index]
    return np.asarray(values.where(values.notna(), "not stated").to_numpy(), dtype=object)


def left_out_table(
    data: DevelopmentData,
    held: list[NDArray[np.intp]],
    refits: Sequence[Refit],
    groups: NDArray[np.object_],
    seed: int,
) -> tuple[Subgroup, ...]:
    """Return the performance in each group by a model of the others, at the (first) landmark.

    A group whose model could not be made is listed without figures, with the reason.

    Parameters
    ----------
    data : DevelopmentData
    held : list of array of int
        Rows of each group.
    refits : sequence of Refit
        Of each group, with the risks of its rows.
    groups : array of shape (n,)
    seed : int
        Of the bootstrap intervals.
    """
    if not held:
        return ()
    risk = np.full(len(data), np.nan)
    failed = {}
    for rows, one in zip(held, refits, strict=True):
        risk[rows] = one.risk
        if one.failed:
            failed[str(groups[rows[0]])] = one.failed
    at = data.rows_at(data.landmark)
    judged, used = data.at(data.landmark), ~np.isnan(risk[at])
    rows = at[used]
    table = subgroup_table(
        judged.relapse[used], risk[rows], judged.weights()[used], groups[rows].astype(str), FLOOR_PATIENTS,
        FLOOR_EVENTS, seed=seed,
    ) if len(rows) else ()  # fmt: skip
    unmade = [
        Subgroup(name, "not shown", "not shown", "not shown", f"no model of the others: {why}", {}, {})
        for name, why in failed.items()
    ]
    return tuple(sorted([*table, *unmade], key=lambda group: group.name))


def subgroup_tables(
    cohort: Cohort, data: DevelopmentData, risks: Floats, fold: NDArray[np.intp], seed: int
) -> dict[str, tuple[Subgroup, ...]]:
    """Return the out-of-fold performance by each known grouping of patients, repeat by repeat and averaged.

    Parameters
    ----------
    cohort : Cohort
    data : DevelopmentData
        Patients at risk at one landmark.
    risks : array of shape (repeats, n)
    fold : array of shape (repeats, n)
        The fold of each patient in each repeat: the AUC compares patients of one fold only.
    seed : int
        Of the bootstrap intervals.
    """
    seen = np.flatnonzero(~np.isnan(risks).all(axis=0))
    weight = data.weights()[seen]
    found = {name: values.iloc[seen] for name, values in groupings(cohort, data).items()}
    return {
        name: subgroup_table(
            data.relapse[seen],
            risks[:, seen],
            weight,
            values.to_numpy(dtype=object),
            FLOOR_PATIENTS,
            FLOOR_EVENTS,
            fold=fold[:, seen],
            seed=seed,
        )
        for name, values in found.items()
        if name == "age" or values.nunique() > 1
    }


def groupings(cohort: Cohort, data: DevelopmentData) -> dict[str, pd.Series]:
    """Return the group of each patient at risk, by each column of `SUBGROUPS` that there is and by bands of age.

    Parameters
    ----------
    cohort : Cohort
    data : DevelopmentData
        Patients at risk at one landmark.
    """
    patients = cohort.patients.set_axis(cohort.patient_ids).loc[data.features.index]
    found = {name: patients[name] for name in SUBGROUPS if name in patients}
    if CENTRE in found:
        found[CENTRE] = one_name_each(found[CENTRE])
    if "age_years" in patients:
        found["age"] = _age_bands(pd.to_numeric(patients["age_years"], errors="coerce"))
    return found


def _age_bands(age: pd.Series) -> pd.Series:
    bands = pd.Series(None, index=age.index, dtype=object)
    for low, high, name in AGE_BANDS:
        bands[(age >= low) & (age < high)] = name
    return bands


def thresholds_of(data: DevelopmentData) -> Floats:
    """Return risks at which a clinic might act: from 5 to 30 %, or around the observed risk where that lies elsewhere.

    Assumes that nobody has named a threshold. Then those are shown between which risks like the observed one are
    told apart: a quarter, half, once, twice and four times its odds, in round numbers.

    Parameters
    ----------
    data : DevelopmentData
        Patients at risk at one landmark.
    """
    weight = data.weights()
    known = weight > 0
    if not known.any():
        return THRESHOLDS
    return around(float(np.average(data.relapse[known], weights=weight[known])))


def around(risk: float) -> Floats:
    """Return thresholds that fit an observed risk, as `thresholds_of` states.

    Parameters
    ----------
    risk : float

    Examples
    --------
    >>> around(0.17).tolist(), around(0.68).tolist(), around(0.02).tolist()
    ([0.05, 0.1, 0.15, 0.2, 0.3], [0.35, 0.5, 0.7, 0.8, 0.9], [0.005, 0.01, 0.02, 0.04, 0.08])
    """
    if THRESHOLDS[0] <= risk <= THRESHOLDS[-1] or not 0 < risk < 1:
        return THRESHOLDS
    odds = _TIMES_THE_ODDS * risk / (1 - risk)
    return np.unique([_round_risk(one) for one in odds / (1 + odds)])


def _round_risk(risk: float) -> float:
    """Return a risk in steps of 5 % from 10 to 90 %, and beyond in one digit of the smaller share."""
    small = min(risk, 1 - risk)
    rounded = round(20 * small) / 20 if small >= 0.1 else float(f"{small:.1g}")
    return round(rounded if risk <= 0.5 else 1 - rounded, 12)


def threshold_table(data: DevelopmentData, risks: Floats, *, hide: bool = True) -> tuple[ThresholdMeasures, ...]:
    """Return sensitivity, specificity and predictive values of the out-of-fold risks, repeat by repeat and averaged.

    Where fewer than 5 patients, on average over the repeats, are on one side of a threshold, its measures are hidden:
    they would describe those few. Whoever owns the data may see them.

    Parameters
    ----------
    data : DevelopmentData
        Patients at risk at one landmark.
    risks : array of shape (repeats, n)
    hide : bool
    """
    weight, tables, known, cuts = data.weights(), [], [], thresholds_of(data)
    for risk in risks:
        rows = ~np.isnan(risk)
        outcomes = data.relapse[rows & (weight > 0)]
        if outcomes.size:
            tables.append(threshold_measures(data.relapse[rows], risk[rows], cuts, weight[rows]))
            known.append(outcomes.size)
    return tuple(_over_repeats(at, float(np.mean(known)), hide=hide) for at in zip(*tables, strict=True))


def _over_repeats(each: Sequence[ThresholdMeasures], known: float, *, hide: bool) -> ThresholdMeasures:
    """Return the measures at one threshold, averaged over the repeats."""
    measures, refused = mean_measures([(one.measures, one.refused) for one in each], THRESHOLD_MEASURES)
    estimates = {name: found for name, found in measures.items() if isinstance(found, Estimate)}
    flagged = float(np.mean([int(one.flagged) for one in each]))
    found = ThresholdMeasures(each[0].threshold, round(flagged), estimates, refused)
    return _few_hidden(found, flagged, known) if hide else found


def _few_hidden(one: ThresholdMeasures, flagged: float, known: float) -> ThresholdMeasures:
    """Hide what a threshold says of one to four patients at or above it, or below it."""
    above, below = 0 < flagged < SMALL, 0 < known - flagged < SMALL
    if not (above or below):
        return one
    why = f"{HIDDEN}: fewer than {SMALL} patients are {'at or above' if above else 'below'} the threshold"
    disclosed = f"<{SMALL}" if above else f"more than {round(known) - SMALL}"
    return replace(one, flagged=disclosed, measures={}, refused=dict.fromkeys(one.measures, why) | one.refused)
