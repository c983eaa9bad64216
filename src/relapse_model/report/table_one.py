"""Table one: who the patients were, by arm and by what became of them; for others, with small counts hidden."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Floats, Mask
from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.tables.columns import ARM
from relapse_model.features.clinical_units import clinical, limit_of_floor
from relapse_model.features.development_data import DevelopmentData
from relapse_model.model.explanation.shap_values import predictor_title
from relapse_model.report.arms import arm_names, arms_of_plan
from relapse_model.report.disclosure import FULL
from relapse_model.report.figures.survival import in_order
from relapse_model.small_counts import HIDDEN, SMALL, hidden_cells
from relapse_model.study.predictor import Predictor
from relapse_model.study.several_landmarks import LANDMARK_KIND
from relapse_model.study.study import Study
from relapse_model.trial.statistics.standardised_difference import difference_of_numbers, difference_of_shares

FEWEST_DESCRIBED = 10  # patients of a group: of fewer, nearly every count would be small
_MOST_LEVELS = 8
_MOST_ARMS = 4  # more columns are read by nobody
_UNKNOWN = "not known"
_SMD = "SMD"
CHARACTERISTICS = {  # columns of the patients table that are described whether or not a predictor reads them
    "age_years": "Age (years)",
    "sex": "Sex",
    "bmi_kg_m2": "Body mass index (kg/m²)",
    "arm": "Arm",
    "centre": "Centre",
    "hbv_genotype": "HBV genotype",
}
AGES = {"0 to 34 years": "under 35 years"}  # bands of a validation, in which nobody is an infant
SEXES = {"F": "female", "M": "male"}  # no other value is read from that column
FEMALE = "Female sex"  # one line, as journals print it: the other sex is what is left


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
        Groups with their sizes: with all counts, arms and groups by outcome, each followed by ``SMD`` where two are
        compared; else groups by outcome only. All of them together stand last.
    rows : tuple of TableOneRow
    left_out : tuple of str
        Groups of fewer than 10 patients, who are described nowhere; none with all counts.
    """

    columns: tuple[str, ...]
    rows: tuple[TableOneRow, ...]
    left_out: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Variable:
    """What is described of each patient; `scale` holds the numbers on the scale of the model."""

    label: str
    values: pd.Series
    scale: Floats | None = None
    limit: float | None = None  # all results below it are one value, shown as below it


def table_one(
    cohort: Cohort,
    data: DevelopmentData,
    study: Study,
    *,
    arm: NDArray[Any] | None = None,
    disclosure: str = FULL,
) -> TableOne:
    """Describe the patients at risk by arm and by what became of them: median (quartiles), or number (%).

    Percentages are of those in whom the value is known. SMD is the standardised mean difference of two arms, and of
    those with the outcome from those free of it.

    Small counts hidden: groups by outcome only, without SMD. A count under 5 is shown as ``<5``, and a second count of
    the same line is hidden where the small one could be subtracted from the rest; a group of fewer than 10 patients is
    left out altogether, and of the column of all patients too. That keeps simple sums from giving a count away, not
    every thinkable combination with other tables.

    Parameters
    ----------
    cohort : Cohort
    data : DevelopmentData
        Patients at risk at one landmark.
    study : Study
    arm : array of str, optional
        Arm of each of these patients.
    disclosure : {"full", "small-counts"}

    Returns
    -------
    TableOne
    """
    variables = _variables(cohort, data, study)
    competed = np.zeros(len(data), dtype=bool) if data.horizon_competing is None else data.horizon_competing == 1
    outcomes = {
        f"{study.outcome.name}": data.relapse == 1,
        f"free of {study.outcome.name}": (data.relapse == 0) & ~competed,
        **({"competing event": competed} if competed.any() else {}),
        "lost": np.isnan(data.relapse),
    }
    if disclosure == FULL:
        return _with_all_counts(variables, _arms(arm, study), outcomes, len(data))
    shown = {name: rows for name, rows in outcomes.items() if rows.sum() >= FEWEST_DESCRIBED}
    if len(shown) > 1:
        everybody: Mask = np.logical_or.reduce(list(shown.values()))
        shown["all" if everybody.all() else "all of these"] = everybody
    rows = [row for one in variables for row in _described(one, shown)]
    left_out = tuple(
        f"{name} ({int(rows.sum())})" for name, rows in outcomes.items() if 0 < rows.sum() < FEWEST_DESCRIBED
    )
    return TableOne(tuple(_column(name, rows) for name, rows in shown.items()), tuple(rows), left_out)


def level_names(grouping: str, study: Study) -> dict[str, str]:
    """Return what the levels of a grouping of patients are called, by what stands in the tables.

    Parameters
    ----------
    grouping : str
    study : Study
    """
    return arm_names(study) if grouping == ARM else {"sex": SEXES, "age": AGES}.get(grouping, {})


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


def _column(name: str, rows: Mask) -> str:
    return f"{name} (n\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}{int(rows.sum())})"


def _arms(arm: NDArray[Any] | None, study: Study) -> dict[str, Mask]:
    """Return who is in which arm; nothing where there is one arm only, or too many for a table."""
    if arm is None:
        return {}
    labels = pd.Series(arm, dtype=object).astype(str).to_numpy(dtype=object)
    names = in_order(set(labels), arms_of_plan(study))
    return {name: labels == name for name in names} if 1 < len(names) <= _MOST_ARMS else {}


def _with_all_counts(
    variables: list[_Variable], arms: dict[str, Mask], outcomes: dict[str, Mask], patients: int
) -> TableOne:
    """Return the table for whoever owns the data: no count is hidden, no group left out."""
    by_outcome = {name: rows for name, rows in outcomes.items() if rows.any()}
    everybody = {"all": np.ones(patients, dtype=bool)}
    columns: list[tuple[str, Mask | tuple[Mask, Mask]]] = [*arms.items()]
    if len(arms) == 2:
        one, other = arms.values()
        columns.append((_SMD, (one, other)))
    relapsed, free = list(outcomes.values())[:2]
    both = relapsed.any() and free.any()
    for place, group in enumerate(by_outcome.items()):
        columns.append(group)
        if both and place == 1:  # beside the two that it compares
            columns.append((_SMD, (relapsed, free)))
    columns += everybody.items()
    groups = {str(place): members for place, (_, members) in enumerate(columns) if not isinstance(members, tuple)}
    rows = [row for one in variables for row in _rows_with_differences(one, groups, columns)]
    names = tuple(name if isinstance(members, tuple) else _column(name, members) for name, members in columns)
    return TableOne(names, tuple(rows), ())


def _rows_with_differences(
    one: _Variable, groups: dict[str, Mask], columns: list[tuple[str, Mask | tuple[Mask, Mask]]]
) -> list[TableOneRow]:
    """Return the rows of a variable, with its difference between two groups on the first of them."""
    rows = []
    for number, row in enumerate(_described(one, groups, hide=False)):
        cells = iter(row.cells)
        shown = [
            ("" if number else _difference(one, *members)) if isinstance(members, tuple) else next(cells)
            for _, members in columns
        ]
        rows.append(TableOneRow(row.label, tuple(shown), row.inner))
    return rows


def _difference(one: _Variable, first: Mask, second: Mask) -> str:
    """Return the standardised mean difference of two groups as text; empty where there is none."""
    known = one.values.notna().to_numpy(dtype=bool)
    groups = [first & known, second & known]
    if not all(rows.any() for rows in groups):
        return ""
    if one.values.dtype == "boolean":
        yes = one.values.fillna(False).to_numpy(dtype=bool)
        found = difference_of_shares(np.array([[yes[rows].mean()] for rows in groups]))
    elif isinstance(one.values.dtype, pd.CategoricalDtype):
        codes = one.values.cat.codes.to_numpy()
        present = [code for code in range(len(one.values.cat.categories)) if (codes == code).any()]
        found = difference_of_shares(
            np.array([[(codes[rows] == code).mean() for code in present[1:]] for rows in groups])
        )
    else:
        numbers = one.values.to_numpy(dtype=float) if one.scale is None else one.scale
        found = difference_of_numbers(numbers[groups[0]], numbers[groups[1]])
    return "" if found is None else f"{found:z.2f}"


def _variables(cohort: Cohort, data: DevelopmentData, study: Study) -> list[_Variable]:
    """Return what is described: age and sex first, then the other characteristics, then the predictors."""
    read = {predictor.column for predictor in study.predictors}
    patients = cohort.patients.set_axis(cohort.patient_ids).loc[data.features.index]
    found: list[tuple[str | None, _Variable]] = []
    for column, label in CHARACTERISTICS.items():
        if column in patients and column not in read and patients[column].notna().any():
            number = column in ("age_years", "bmi_kg_m2")
            called = patients[column].astype(object).replace(arm_names(study)) if column == ARM else patients[column]
            if column == "sex":
                label, values = FEMALE, called.map({"F": True, "M": False}).astype("boolean")
            else:
                values = pd.to_numeric(called) if number else _levels(called)
            found.append((column, _Variable(label, values)))
    for predictor in study.predictors:
        if predictor.kind != LANDMARK_KIND:
            label, values = _predictor_values(predictor, data.features[predictor.name])
            number = pd.api.types.is_float_dtype(values.dtype)
            scale = data.features[predictor.name].to_numpy(dtype=float) if number else None
            found.append((predictor.column, _Variable(label, values, scale, limit_of_floor(predictor, study))))
    first = ("age_years", "sex")
    found.sort(key=lambda pair: first.index(pair[0]) if pair[0] in first else len(first))  # the rest as it was
    return [variable for _, variable in found]


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


def _described(one: _Variable, groups: dict[str, Mask], *, hide: bool = True) -> list[TableOneRow]:
    label, values = one.label, one.values
    if values.dtype == "boolean":
        yes, no = (values.fillna(not answer).to_numpy(dtype=bool) == answer for answer in (True, False))
        cells = _counted(values, {"yes": yes, "no": no}, groups, hide)
        return [TableOneRow(label, cells["yes"], False), *_unknown(cells)]
    if isinstance(values.dtype, pd.CategoricalDtype):
        levels = {str(level): (values == level).to_numpy(dtype=bool) for level in values.cat.categories}
        cells = _counted(values, levels, groups, hide)
        inner = [TableOneRow(level, cells[level], True) for level in levels]
        return [TableOneRow(label, ("",) * len(groups), False), *inner, *_unknown(cells)]
    numbers = values.to_numpy(dtype=float)
    known = ~np.isnan(numbers)
    medians = tuple(_median(numbers[rows & known], hide, one.limit) for rows in groups.values())
    return [TableOneRow(label, medians, False), *_unknown(_counted(values, {"known": known}, groups, hide))]


def _counted(
    values: pd.Series, levels: dict[str, Mask], groups: dict[str, Mask], hide: bool
) -> dict[str, tuple[str, ...]]:
    """Return the cells of each level, and of those in whom the value is not known if there are any."""
    missing = values.isna().to_numpy(dtype=bool)
    every = levels | ({_UNKNOWN: missing} if missing.any() else {})
    counts = np.array(
        [[int((level & rows).sum()) for rows in groups.values()] for level in every.values()], dtype=np.intp
    )
    known = np.array([int((~missing & rows).sum()) for rows in groups.values()])
    small, besides = hidden_cells(counts) if hide else (np.zeros(counts.shape, dtype=bool),) * 2
    return {
        name: tuple(
            f"<{SMALL}" if small[row, column] else HIDDEN if besides[row, column]
            else str(counts[row, column]) if name == _UNKNOWN
            else f"{counts[row, column]} ({100 * counts[row, column] / max(known[column], 1):.0f} %)"
            for column in range(len(groups))
        )
        for row, name in enumerate(every)
    }  # fmt: skip


def _unknown(cells: dict[str, tuple[str, ...]]) -> list[TableOneRow]:
    return [TableOneRow(_UNKNOWN, cells[_UNKNOWN], True)] if _UNKNOWN in cells else []


def _median(values: Floats, hide: bool, limit: float | None = None) -> str:
    if hide and len(values) < SMALL:
        return f"<{SMALL} known"
    if not len(values):
        return "none known"
    low, middle, high = (
        f"<{limit:g}" if limit is not None and quartile < limit * (1 - 1e-9) else summary_shown(quartile)
        for quartile in np.quantile(values, [0.25, 0.5, 0.75])
    )
    return f"{middle} ({low} to {high})"
