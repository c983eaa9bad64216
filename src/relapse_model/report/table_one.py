"""Table one: who the patients were, by what became of them, with small counts hidden."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from relapse_model.arrays import Floats, Mask
from relapse_model.cohort.cohort import Cohort
from relapse_model.features.clinical_units import clinical
from relapse_model.features.development_data import DevelopmentData
from relapse_model.model.explanation.shap_values import predictor_title
from relapse_model.small_counts import HIDDEN, SMALL, hidden_cells
from relapse_model.study.predictor import Predictor
from relapse_model.study.several_landmarks import LANDMARK_KIND
from relapse_model.study.study import Study

FEWEST_DESCRIBED = 10  # patients of a group: of fewer, nearly every count would be small
_MOST_LEVELS = 8
_UNKNOWN = "not known"
CHARACTERISTICS = {  # columns of the patients table that are described whether or not a predictor reads them
    "age_years": "Age (years)",
    "sex": "Sex",
    "bmi_kg_m2": "Body mass index (kg/m²)",
    "arm": "Arm",
    "centre": "Centre",
    "hbv_genotype": "HBV genotype",
}


@dataclass(frozen=True, slots=True)
class TableOneRow:
    """One row: a variable, or one level of it (`inner`)."""

    label: str
    cells: tuple[str, ...]
    inner: bool


@dataclass(frozen=True, slots=True)
class TableOne:
    """Who the patients were.

    Attributes
    ----------
    columns : tuple of str
        Groups by outcome with their sizes, then all of them together.
    rows : tuple of TableOneRow
    left_out : tuple of str
        Groups of fewer than 10 patients, who are described nowhere.
    """

    columns: tuple[str, ...]
    rows: tuple[TableOneRow, ...]
    left_out: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


def table_one(cohort: Cohort, data: DevelopmentData, study: Study) -> TableOne:
    """Describe the patients at risk by what became of them: median (quartiles), or number (%).

    Percentages are of those in whom the value is known. A count under 5 is shown as ``<5``, and a second count of the
    same line is hidden where the small one could be subtracted from the rest; a group of fewer than 10 patients is
    left out altogether, and of the column of all patients too. That keeps simple sums from giving a count away, not
    every thinkable combination with other tables.

    Parameters
    ----------
    cohort : Cohort
    data : DevelopmentData
        Patients at risk at one landmark.
    study : Study

    Returns
    -------
    TableOne
    """
    members = {
        f"{study.outcome.name}": data.relapse == 1,
        f"free of {study.outcome.name}": data.relapse == 0,
        "lost": np.isnan(data.relapse),
    }
    shown = {name: rows for name, rows in members.items() if rows.sum() >= FEWEST_DESCRIBED}
    if len(shown) > 1:
        everybody: Mask = np.logical_or.reduce(list(shown.values()))
        shown["all" if everybody.all() else "all of these"] = everybody
    rows = [row for label, values in _variables(cohort, data, study) for row in _described(label, values, shown)]
    left_out = tuple(
        f"{name} ({int(rows.sum())})" for name, rows in members.items() if 0 < rows.sum() < FEWEST_DESCRIBED
    )
    return TableOne(
        tuple(f"{name} (n\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}{int(rows.sum())})" for name, rows in shown.items()),
        tuple(rows),
        left_out,
    )


def summary_shown(value: float) -> str:
    """Return a number with three figures, without an exponent.

    Parameters
    ----------
    value : float

    Examples
    --------
    >>> summary_shown(1234.5), summary_shown(0.04567), summary_shown(36.0)
    ('1,230', '0.0457', '36')
    """
    return f"{float(f'{value:.3g}'):,.10g}"


def _variables(cohort: Cohort, data: DevelopmentData, study: Study) -> Iterator[tuple[str, pd.Series]]:
    """Yield label and values: numbers, booleans where it is yes or no, else levels."""
    read = {predictor.column for predictor in study.predictors}
    patients = cohort.patients.set_axis(cohort.patient_ids).loc[data.features.index]
    for column, label in CHARACTERISTICS.items():
        if column in patients and column not in read and patients[column].notna().any():
            number = column in ("age_years", "bmi_kg_m2")
            yield label, pd.to_numeric(patients[column]) if number else _levels(patients[column])
    for predictor in study.predictors:
        if predictor.kind != LANDMARK_KIND:
            yield _predictor_values(predictor, data.features[predictor.name])


def _predictor_values(predictor: Predictor, values: pd.Series) -> tuple[str, pd.Series]:
    if predictor.levels:
        return predictor.label, pd.Series(pd.Categorical(values, predictor.levels), values.index)
    known = values.dropna()
    if len(known) and known.isin([0.0, 1.0]).all():
        return predictor.label, values.astype("boolean")
    return predictor_title(predictor), pd.Series(clinical(values.to_numpy(dtype=float), predictor), values.index)


def _levels(values: pd.Series) -> pd.Series:
    """Return the levels, the commonest first; beyond eight, the rest together."""
    text = values.astype(object).where(values.notna(), None).map(str, na_action="ignore")
    order = list(text.value_counts(sort=True).index)
    names = sorted(order[:_MOST_LEVELS]) if len(order) <= _MOST_LEVELS + 1 else sorted(order[: _MOST_LEVELS - 1])
    names += order[_MOST_LEVELS:] if len(order) == _MOST_LEVELS + 1 else []
    if len(names) < len(order):
        text = text.where(text.isna() | text.isin(names), "others")
        names = [*names, "others"]
    return pd.Series(pd.Categorical(text, names), values.index)


def _described(label: str, values: pd.Series, groups: dict[str, Mask]) -> list[TableOneRow]:
    if values.dtype == "boolean":
        yes, no = (values.fillna(not answer).to_numpy(dtype=bool) == answer for answer in (True, False))
        cells = _counted(values, {"yes": yes, "no": no}, groups)
        return [TableOneRow(label, cells["yes"], False), *_unknown(cells)]
    if isinstance(values.dtype, pd.CategoricalDtype):
        levels = {str(level): (values == level).to_numpy(dtype=bool) for level in values.cat.categories}
        cells = _counted(values, levels, groups)
        inner = [TableOneRow(level, cells[level], True) for level in levels]
        return [TableOneRow(label, ("",) * len(groups), False), *inner, *_unknown(cells)]
    numbers = values.to_numpy(dtype=float)
    known = ~np.isnan(numbers)
    medians = tuple(_median(numbers[rows & known]) for rows in groups.values())
    return [TableOneRow(label, medians, False), *_unknown(_counted(values, {"known": known}, groups))]


def _counted(values: pd.Series, levels: dict[str, Mask], groups: dict[str, Mask]) -> dict[str, tuple[str, ...]]:
    """Return the cells of each level, and of those in whom the value is not known if there are any."""
    missing = values.isna().to_numpy(dtype=bool)
    every = levels | ({_UNKNOWN: missing} if missing.any() else {})
    counts = np.array(
        [[int((level & rows).sum()) for rows in groups.values()] for level in every.values()], dtype=np.intp
    )
    known = np.array([int((~missing & rows).sum()) for rows in groups.values()])
    small, besides = hidden_cells(counts)
    return {
        name: tuple(
            f"<{SMALL}" if small[row, column] else HIDDEN if besides[row, column]
            else str(counts[row, column]) if name == _UNKNOWN
            else f"{counts[row, column]} ({100 * counts[row, column] / known[column]:.0f} %)"
            for column in range(len(groups))
        )
        for row, name in enumerate(every)
    }  # fmt: skip


def _unknown(cells: dict[str, tuple[str, ...]]) -> list[TableOneRow]:
    return [TableOneRow(_UNKNOWN, cells[_UNKNOWN], True)] if _UNKNOWN in cells else []


def _median(values: Floats) -> str:
    if len(values) < SMALL:
        return f"<{SMALL} known"
    low, middle, high = map(summary_shown, np.quantile(values, [0.25, 0.5, 0.75]))
    return f"{middle} ({low} to {high})"
