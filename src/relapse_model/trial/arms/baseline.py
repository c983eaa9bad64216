"""Table one by arm: full counts, and the standardised difference of each variable."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from relapse_model.arrays import Floats, Mask
from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.tables.column_values import texts
from relapse_model.cohort.tables.columns import MISSING_WORDS
from relapse_model.errors import CohortError
from relapse_model.features.clinical_units import clinical, limit_of_floor, three_figures, unit_shown
from relapse_model.features.derive import derive_features
from relapse_model.study.predictor import Predictor
from relapse_model.study.study import Study
from relapse_model.trial.arms.endpoint import Endpoint
from relapse_model.trial.statistics.standardised_difference import difference_of_numbers, difference_of_shares

_COLUMNS = {  # of the patients table, described whether or not a predictor reads them
    "age_years": "Age (years)",
    "sex": "Female sex",  # one line, as journals print it: the other sex is what is left
    "bmi_kg_m2": "Body mass index (kg/m²)",
    "centre": "Centre",
    "hbv_genotype": "HBV genotype",
    "hbeag_positive_before_treatment": "HBeAg positive before treatment",
}
_FIRST = ("age_years", "sex")
_NUMBERS = ("age_years", "bmi_kg_m2")
_FLAGS = ("hbeag_positive_before_treatment",)


@dataclass(frozen=True, slots=True)
class BaselineRow:
    """One variable, or one level of it.

    Attributes
    ----------
    variable, level : str
        `level` is empty for a number, and for a variable of yes and no.
    treatment, control : str
        Median (quartiles), or number (%) of those in whom it is known. A quartile below the limit of an analyte of
        which one number stands for every result below it is shown as below it, such as ``<10``.
    missing : tuple of int
        Not known in the treatment and the control arm.
    smd : float or None
        Standardised mean difference of the variable, on its first row.
    """

    variable: str
    level: str
    treatment: str
    control: str
    missing: tuple[int, int]
    smd: float | None


@dataclass(frozen=True, slots=True)
class BaselineTable:
    """The variables by arm, and those that the tables of the cohort do not hold."""

    rows: tuple[BaselineRow, ...]
    absent: tuple[str, ...]

    def to_table(self) -> pd.DataFrame:
        """Return one row per variable or level."""
        table = pd.DataFrame([{name: getattr(row, name) for name in row.__slots__} for row in self.rows])
        if table.empty:
            return pd.DataFrame(columns=[*BaselineRow.__slots__])
        missing = pd.DataFrame(table.pop("missing").to_list(), columns=["missing_treatment", "missing_control"])
        return pd.concat([table, missing], axis=1)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {"rows": [{name: getattr(row, name) for name in row.__slots__} for row in self.rows],
                "absent": list(self.absent)}  # fmt: skip


def baseline_table(cohort: Cohort, study: Study, found: Endpoint) -> BaselineTable:
    """Describe the arms at randomisation.

    Age and sex come first. Counts are given in full: they are what a trial reports. No p-values, since the arms were
    made by chance. The standardised difference of a number is the difference of the means over the root of the mean
    variance, on the scale on which the study reads it; of levels, that of Yang and Dalton. Beyond 0.1 to 0.2 in either
    direction an imbalance is often called notable; at 66 patients per arm chance alone goes beyond 0.2 in one of four
    variables.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    found : Endpoint

    Notes
    -----
    Yang and Dalton 2012, SAS Global Forum 335.
    """
    described: list[tuple[str | None, list[BaselineRow]]] = []
    absent = []
    arm_column = None if study.trial is None else study.trial.arms.column
    read = {one.column for one in study.predictors if one.column in cohort.patients}
    for column, label in _COLUMNS.items():
        if column in cohort.patients and column not in read:
            described.append((column, _described(label, _values(cohort, column).iloc[found.place], found.treated)))
    own = set() if study.dosing is None else {study.dosing.agent}
    for predictor in study.predictors:
        if predictor.column == arm_column or own & set(predictor.agents):
            continue
        try:
            values = derive_features(cohort, replace(study, predictors=(predictor,), terms=()), 0.0)[predictor.name]
        except CohortError as error:
            absent.append(f"{predictor.label} ({error.problems[0].found})")
            continue
        rows = _predictor_rows(predictor, study, values.iloc[found.place], found.treated)
        described.append((predictor.column, rows))
    described.sort(key=lambda one: _FIRST.index(one[0]) if one[0] in _FIRST else len(_FIRST))  # the others as they were
    return BaselineTable(tuple(row for _, rows in described for row in rows), tuple(absent))


def _values(cohort: Cohort, column: str) -> pd.Series:
    values = cohort.patients[column]
    if column in _NUMBERS:
        return pd.to_numeric(values)
    if column in _FLAGS:
        return values.map({0: False, 1: True}).astype("boolean")
    text = texts(values)
    if column == "sex":
        return text.map({"F": True, "M": False}).astype("boolean")
    return text.where(~text.str.casefold().isin(MISSING_WORDS), None)


def _predictor_rows(predictor: Predictor, study: Study, values: pd.Series, treated: Mask) -> list[BaselineRow]:
    unit = unit_shown(predictor)
    label = f"{predictor.label} ({unit})" if unit else predictor.label
    if predictor.levels:
        return _described(label, values, treated)
    known = values.dropna()
    if len(known) and known.isin([0.0, 1.0]).all():
        return _described(predictor.label, values.map({0.0: False, 1.0: True}).astype("boolean"), treated)
    return _number_rows(label, values.to_numpy(dtype=float), treated, predictor, limit_of_floor(predictor, study))


def _described(label: str, values: pd.Series, treated: Mask) -> list[BaselineRow]:
    if values.dtype == "boolean":
        yes, known = values.fillna(False).to_numpy(dtype=bool), values.notna().to_numpy()
        cells = [_count(yes & who, known & who) for who in (treated, ~treated)]
        shares = np.array([[yes[known & who].mean() if (known & who).any() else np.nan] for who in (treated, ~treated)])
        return [BaselineRow(label, "", cells[0], cells[1], _missing(known, treated), difference_of_shares(shares))]
    if pd.api.types.is_numeric_dtype(values.dtype):
        return _number_rows(label, values.to_numpy(dtype=float), treated, None)
    known = values.notna().to_numpy()
    levels = sorted({str(value) for value in values[known]})
    at = [(values == level).to_numpy(dtype=bool) for level in levels]
    sizes = [max(int((known & who).sum()), 1) for who in (treated, ~treated)]
    shares = np.array(
        [[(one & who).sum() / size for one in at] for who, size in zip((treated, ~treated), sizes, strict=True)]
    )
    smd = difference_of_shares(shares[:, 1:])
    head = BaselineRow(label, "", "", "", _missing(known, treated), smd)
    inner = [
        BaselineRow(
            label, level, _count(one & treated, known & treated), _count(one & ~treated, known & ~treated), (0, 0), None
        )
        for level, one in zip(levels, at, strict=True)
    ]
    return [head, *inner]


def _number_rows(
    label: str, values: Floats, treated: Mask, predictor: Predictor | None, limit: float | None = None
) -> list[BaselineRow]:
    known = ~np.isnan(values)
    one, nought = values[known & treated], values[known & ~treated]
    smd = difference_of_numbers(one, nought)
    cells = []
    for arm in (one, nought):
        shown = arm if predictor is None else clinical(arm, predictor)
        if not len(shown):
            cells.append("none known")
            continue
        low, middle, high = (
            f"<{limit:g}" if limit is not None and quartile < limit * (1 - 1e-9) else three_figures(quartile)
            for quartile in np.quantile(shown, [0.25, 0.5, 0.75])
        )
        cells.append(f"{middle} ({low} to {high})")
    return [BaselineRow(label, "", cells[0], cells[1], _missing(known, treated), smd)]


def _count(those: Mask, of: Mask) -> str:
    number, total = int(those.sum()), int(of.sum())
    return f"{number} ({100 * number / total:.0f} %)" if total else "none known"


def _missing(known: Mask, treated: Mask) -> tuple[int, int]:
    return int((~known & treated).sum()), int((~known & ~treated).sum())
