"""How each kind of predictor is computed from the tables; a kind of one's own is registered here too."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import pandas as pd

from relapse_model.arrays import Floats
from relapse_model.cohort import courses
from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.measurements import Measurements, measurements
from relapse_model.cohort.study_columns import ColumnReader, categories, chosen, numbers, reader_of, unusable_cells
from relapse_model.errors import CohortError, Problem, RelapseModelError
from relapse_model.features import treatment
from relapse_model.features.laboratory import SUMMARIES, summarise, summarise_results
from relapse_model.study.predictor_kinds import FeatureKind, add_feature_kind
from relapse_model.study.study import Predictor, Study
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
    results = measurements(cohort, study, name)
    threshold = predictor.below if predictor.below is not None else predictor.at_least
    if threshold is None:
        # A saturating curve is stated in the clinical unit.
        log10 = study.analytes[name].scale == "log10" and predictor.saturating is None
        return summarise_results(kind, results, len(cohort), log10, landmark, window_weeks)
    known = results.until(landmark, window_weeks)  # the bounds decide, so a word counts too
    value = _decided(known, threshold, below=predictor.below is not None)
    return summarise(
        kind, known.patient, known.week, value, len(cohort), False, landmark=landmark, threshold=0.0,
        detected=known.detected,
    )  # fmt: skip


def _endogenous(cohort: Cohort, study: Study, predictor: Predictor, landmark: float) -> Floats:
    from relapse_model.features.endogenous import derive_endogenous

    titre: Floats = derive_endogenous(cohort, study, landmark)["endogenous"].to_numpy(dtype=float)
    rule = study.analytes[str(predictor.analyte)]
    if rule.lower_limit is not None:
        # No lower than what stands for a measured "below the limit": else the arm would show in the number.
        titre = np.maximum(titre, rule.lower_limit * (0.5 if rule.below_limit == "half" else 1.0))
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


def _courses(cohort: Cohort, predictor: Predictor, landmark: float) -> courses.Courses:
    assert cohort.treatments is not None
    return courses.courses_until(cohort.treatments, predictor.agents, landmark)


def _from_courses(function: Callable[[courses.Courses, int, float], Floats]) -> Derive:
    """Make a feature of the courses known at the landmark; unknown where the cohort has no treatments table."""

    def derive(cohort: Cohort, study: Study, predictor: Predictor, landmark: float) -> Floats:
        if cohort.treatments is None:
            return np.full(len(cohort), np.nan)
        return function(_courses(cohort, predictor, landmark), len(cohort), landmark)

    return derive


def _weeks_after_negative(cohort: Cohort, study: Study, predictor: Predictor, landmark: float) -> Floats:
    """Count treatment after the first result below the threshold: that test must lie before the landmark too."""
    if cohort.treatments is None:
        return np.full(len(cohort), np.nan)
    results = measurements(cohort, study, str(predictor.analyte)).until(landmark)
    negative = _negative(results, float(predictor.below or 0.0))
    if predictor.confirmed:
        later = results.week[1:] > results.week[:-1]  # two rows of one sample confirm nothing
        followed = np.append(negative[1:] & (results.patient[1:] == results.patient[:-1]) & later, False)
        negative &= followed
    since = treatment.first_negative_week(results.patient, results.week, negative, len(cohort))
    return treatment.weeks_on(_courses(cohort, predictor, landmark), len(cohort), since)


def _negative(results: Measurements, threshold: float) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    at_limit = (results.upper <= threshold) & (results.lower < results.upper)
    return np.asarray((results.upper < threshold) | at_limit)


def _decided(results: Measurements, threshold: float, *, below: bool) -> Floats:
    """Return -inf for results surely below the threshold, inf for the others; or inf for those surely at least it.

    ``<0.08`` may lie on either side of 0.05: the number that stands for it must not decide.
    """
    is_below = _negative(results, threshold) if below else ~(results.lower >= threshold)
    return np.where(is_below, -np.inf, np.inf)


def _dose_total(cohort: Cohort, study: Study, predictor: Predictor, landmark: float) -> Floats:
    """Sum the doses, once they are in one unit."""
    table = cohort.treatments
    if table is None:
        return np.full(len(cohort), np.nan)
    known = table[table["agent"].isin(predictor.agents) & (table["start_week"] <= landmark)]
    units = {unit_key(unit): unit for unit in known["unit"].dropna()} if "unit" in known else {}
    if len(units) > 1:
        found = f"doses of {', '.join(predictor.agents)} in {' and '.join(sorted(map(repr, units.values())))}"
        advice = "Convert them: a sum of both has no meaning"
        problem = Problem("treatments", None, "unit", found, f"one unit for predictor {predictor.name!r}", advice)
        raise CohortError("the cohort does not fit the study", [problem])
    return treatment.dose_total(_courses(cohort, predictor, landmark), len(cohort))


_FUNCTIONS: dict[str, Derive] = {
    **dict.fromkeys(SUMMARIES, _laboratory),
    "endogenous": _endogenous,
    "column": lambda cohort, study, predictor, landmark: _column(cohort, study, predictor),
    "weeks_on_agent": _from_courses(lambda known, n, week: treatment.weeks_on(known, n)),
    "weeks_on_agent_after_first_negative": _weeks_after_negative,
    "weeks_between_courses": _from_courses(lambda known, n, week: treatment.weeks_between(known, n)),
    "weeks_off_agent": _from_courses(treatment.weeks_off),
    "ever_on_agent": _from_courses(lambda known, n, week: courses.ever(known, n)),
    "dose_count": _from_courses(lambda known, n, week: treatment.doses(known, n)),
    "dose_total": _dose_total,
    "landmark_week": lambda cohort, study, predictor, landmark: np.full(len(cohort), landmark),
}
