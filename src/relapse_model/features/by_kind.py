"""How each kind of predictor is computed from the tables; a kind of one's own is registered here too."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import pandas as pd

from relapse_model.arrays import Floats, Mask
from relapse_model.cohort import courses
from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.courses import Courses, ever
from relapse_model.cohort.laboratory.values_in_unit import below_limit_value
from relapse_model.cohort.measurements import measurements
from relapse_model.cohort.study_columns import ColumnReader, categories, chosen, numbers, reader_of, unusable_cells
from relapse_model.comparisons import at_or_before
from relapse_model.errors import CohortError, Problem, RelapseModelError
from relapse_model.features import treatment
from relapse_model.features.bounded_weeks import weeks_after_loss, weeks_beyond, weeks_since_first_below
from relapse_model.features.summaries import SUMMARIES, summarise_results
from relapse_model.study.predictor import Predictor
from relapse_model.study.predictor_kinds import FeatureKind, add_feature_kind
from relapse_model.study.study import Study
from relapse_model.study.unit_spelling import unit_key

Derive: TypeAlias = "Callable[[Cohort, Study, Predictor, float], Floats | pd.Series]"


def derive_one(cohort: Cohort, study: Study, predictor: Predictor, landmark: float) -> Floats | pd.Series:
    """Compute one predictor for all patients, as it was known at the landmark.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    predictor : Predictor
    landmark : float
    """
    values = _FUNCTIONS[predictor.kind](cohort, study, predictor, landmark)
    if predictor.agents:
        stated = _stated(cohort, study, predictor)
        values = np.where(np.isnan(stated), np.asarray(values, dtype=float), stated)
    return values if predictor.levels else transformed(np.asarray(values, dtype=float), predictor)


def transformed(values: Floats, predictor: Predictor) -> Floats:
    """Apply the declared non-linear term, in clinical units: a cap, or a saturating curve (0 to 1)."""
    if predictor.cap is not None:
        cap = np.log10(predictor.cap) if predictor.scale == "log10" else predictor.cap
        values = np.minimum(values, cap)
    if predictor.saturating is not None:
        values = values / (values + predictor.saturating)
    return values


def register_feature_kind(kind: FeatureKind, function: Derive) -> None:
    """Add a kind of predictor of one's own, which studies may then name.

    Whoever scores with a model that uses it must register it too: a model file carries no code.

    Parameters
    ----------
    kind : FeatureKind
        Its name, the keys it takes, its definition and unit.
    function : callable
        From cohort, study, predictor and landmark week to one number per patient. It must read no row after the
        landmark; `relapse_model.features.look_ahead` can check that it does not.

    Raises
    ------
    RelapseModelError
        If the name is taken.

    Examples
    --------
    >>> import numpy as np
    >>> from relapse_model.study.predictor_kinds import FeatureKind
    >>> kind = FeatureKind("always_one", (), (), "a constant, for this example", "")
    >>> register_feature_kind(kind, lambda cohort, study, predictor, landmark: np.ones(len(cohort)))
    """
    if kind.name in _FUNCTIONS and _FUNCTIONS[kind.name] is not function:
        raise RelapseModelError(f"feature kind {kind.name!r} exists already; choose another name.")
    add_feature_kind(kind)
    _FUNCTIONS[kind.name] = function


def _laboratory(cohort: Cohort, study: Study, predictor: Predictor, landmark: float) -> Floats:
    name, kind, window_weeks = str(predictor.analyte), predictor.kind, predictor.window_weeks
    # A saturating curve is stated in the clinical unit.
    log10 = study.analytes[name].scale == "log10" and predictor.saturating is None
    return summarise_results(kind, measurements(cohort, study, name), len(cohort), log10, landmark, window_weeks)


def _slope_to_first_below(cohort: Cohort, study: Study, predictor: Predictor, landmark: float) -> Floats:
    from relapse_model.features.decline import slope_to_first_below

    return slope_to_first_below(cohort, study, predictor, landmark)


def _endogenous(cohort: Cohort, study: Study, predictor: Predictor, landmark: float) -> Floats:
    from relapse_model.features.endogenous import derive_endogenous

    titre: Floats = derive_endogenous(cohort, study, landmark)["endogenous"].to_numpy(dtype=float)
    if predictor.window_weeks is not None:
        results = measurements(cohort, study, str(predictor.analyte))
        log10 = study.analytes[str(predictor.analyte)].scale == "log10"
        of_late = summarise_results("last", results, len(cohort), log10, landmark, predictor.window_weeks)
        titre = np.where(np.isnan(of_late), np.nan, titre)
    lowest = below_limit_value(study.analytes[str(predictor.analyte)])
    if lowest is not None:
        # No lower than what stands for a measured "below the limit": else the arm would show in the number.
        titre = np.maximum(titre, lowest)
    return np.log10(titre) if predictor.scale == "log10" else titre


def _column(cohort: Cohort, study: Study, predictor: Predictor) -> Floats | pd.Series:
    reader = reader_of(predictor, study)
    values = _usable(cohort, reader)
    if predictor.equals is not None or predictor.levels:
        return _category(values, reader)
    found = numbers(values, reader)[0]
    return np.log10(found) if predictor.scale == "log10" else found


def _usable(cohort: Cohort, reader: ColumnReader) -> pd.Series:
    """Return the column of a predictor; refuse it if the gate, without the study, let through what cannot be used."""
    values: pd.Series = cohort.patients[reader.column]
    cells = unusable_cells(values, reader)
    if cells.rows.any():
        found, advice = (
            f"{cells.rows.sum()} cells that cannot be used",
            "Read the cohort with this study: it lists them",
        )
        problem = Problem("patients", None, reader.column, found, cells.expected, advice)
        raise CohortError("the cohort does not fit the study", [problem])
    return values


def _category(values: pd.Series, reader: ColumnReader) -> Floats | pd.Series:
    if reader.chosen:
        return chosen(values, reader)[0]
    return pd.Series(categories(values, reader)[0], index=values.index, dtype=object)


def _stated(cohort: Cohort, study: Study, predictor: Predictor) -> Floats:
    """Return what the patients table says of a treatment predictor; NaN where it says nothing."""
    if predictor.column is None or predictor.column not in cohort.patients:
        return np.full(len(cohort), np.nan)
    reader = reader_of(predictor, study)
    return numbers(_usable(cohort, reader), reader)[0]


def _from_courses(function: Callable[[Courses, int, float], Floats]) -> Derive:
    """Make a feature of the courses known at the landmark; unknown where the cohort has no treatments table."""

    def derive(cohort: Cohort, study: Study, predictor: Predictor, landmark: float) -> Floats:
        if cohort.treatments is None:
            return np.full(len(cohort), np.nan)
        known = courses.courses_until(cohort.treatments, predictor.agents, landmark)
        return treatment.where_recorded(function(known, len(cohort), landmark), known, study.treatments.complete)

    return derive


def _dose_total(cohort: Cohort, study: Study, predictor: Predictor, landmark: float) -> Floats:
    """Sum the doses, once they are in one unit."""
    table = cohort.treatments
    if table is None:
        return np.full(len(cohort), np.nan)
    known = table[table["agent"].isin(predictor.agents) & at_or_before(table["start_week"], landmark)]
    units = {unit_key(unit): unit for unit in known["unit"].dropna()} if "unit" in known else {}
    if len(units) > 1:
        found = f"doses of {', '.join(predictor.agents)} in {' and '.join(sorted(map(repr, units.values())))}"
        advice = "Convert them: a sum of both has no meaning"
        problem = Problem("treatments", None, "unit", found, f"one unit for predictor {predictor.name!r}", advice)
        raise CohortError("the cohort does not fit the study", [problem])
    known_courses = courses.courses_until(table, predictor.agents, landmark)
    total = treatment.dose_total(known_courses, len(cohort))
    return treatment.where_recorded(
        np.where(_mixed(known, len(cohort)), np.nan, total), known_courses, study.treatments.complete
    )


def _mixed(doses: pd.DataFrame, patients: int) -> Mask:
    """Tell of whom some doses state a unit and others do not: their sum may be of two units."""
    if "unit" not in doses:
        return np.zeros(patients, dtype=bool)
    stated, patient = doses["unit"].notna().to_numpy(), doses["patient"].to_numpy(dtype=np.intp)
    with_unit, without = (np.bincount(patient[rows], minlength=patients) > 0 for rows in (stated, ~stated))
    return np.asarray(with_unit & without)


_FUNCTIONS: dict[str, Derive] = {
    **dict.fromkeys(SUMMARIES, _laboratory),
    **dict.fromkeys(("weeks_below", "weeks_at_least"), weeks_beyond),
    "weeks_since_first_below": weeks_since_first_below,
    "slope_to_first_below": _slope_to_first_below,
    "endogenous": _endogenous,
    "column": lambda cohort, study, predictor, landmark: _column(cohort, study, predictor),
    "weeks_on_agent": _from_courses(lambda known, n, week: treatment.weeks_on(known, n)),
    "weeks_on_agent_after_first_negative": weeks_after_loss,
    "weeks_between_courses": _from_courses(lambda known, n, week: treatment.weeks_between(known, n)),
    "weeks_off_agent": _from_courses(treatment.weeks_off),
    "ever_on_agent": _from_courses(lambda known, n, week: ever(known, n)),
    "dose_count": _from_courses(lambda known, n, week: treatment.doses(known, n)),
    "dose_total": _dose_total,
    "landmark_week": lambda cohort, study, predictor, landmark: np.full(len(cohort), landmark),
}
