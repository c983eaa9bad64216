"""From a cohort and a study to a table of predictors, as they were known at the landmark."""

from __future__ import annotations

import numpy as np
import pandas as pd

from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.index_week import require_same_index, seen_at
from relapse_model.cohort.study_names import require_names
from relapse_model.errors import CohortError, Problem, RelapseModelError
from relapse_model.features.by_kind import derive_one
from relapse_model.features.clinical_units import as_printed, clinical, held_by_model, predictor_title
from relapse_model.study.names_near import near_names
from relapse_model.study.predictor import Predictor
from relapse_model.study.study import Study

MODEL, CLINICAL = "model", "clinical"


def derive_features(
    cohort: Cohort, study: Study, landmark_week: float | None = None, *, units: str = MODEL
) -> pd.DataFrame:
    """Return the study's predictors of every patient, as they were known at the landmark.

    Only rows with ``week <= landmark`` are read, and of a course of treatment only the part up to it. Blood drawn
    in the week of a dose was drawn before the dose. Where the study says how late the visit of a landmark may be
    (`landmark_window_weeks`), what is known at a visit that was held late is read, and nothing after it.

    The model's scale is what models are fitted on, and not what a laboratory prints: a column ``alt`` of an analyte on
    the log10 scale holds the logarithm of U/L, not U/L (1.6, not 40), and a saturating term its share. The ``attrs`` of
    the table say what each column holds. To read the values, ask for clinical units.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    landmark_week : float, optional
        The study's first landmark by default.
    units : {"model", "clinical"}
        ``"model"``: columns by the names of the predictors, on the scale of the model. ``"clinical"``: columns by label
        and unit, such as ``Anti-HBs (mIU/mL)``, in that unit.

    Returns
    -------
    DataFrame
        One row per patient in the order of the cohort, indexed by patient_id; one column per predictor, float (0 or 1
        for no or yes), or text for a predictor with levels. NaN is missing. ``attrs["holds"]`` says of each column in
        which unit it is, such as ``log10 U/L``.

    Raises
    ------
    RelapseModelError
        If `units` is none of the two.
    CohortError
        If a column the study names is absent, or names, units or texts do not fit the study.

    Examples
    --------
    >>> import relapse_model as rm
    >>> X = rm.derive_features(rm.simulate_cohort(5, seed=1), rm.load_study("hbsag-relapse"))
    >>> X.shape
    (5, 8)
    >>> X.attrs["holds"]["anti_hbs"]
    'log10 mIU/mL'
    >>> shown = rm.derive_features(rm.simulate_cohort(5, seed=1), rm.load_study("hbsag-relapse"), units="clinical")
    >>> bool(np.isclose(shown["Anti-HBs (mIU/mL)"], 10 ** X["anti_hbs"], rtol=1e-11).all())
    True
    """
    if units not in (MODEL, CLINICAL):
        raise RelapseModelError(f"derive_features: units {units!r}; expected {MODEL!r} or {CLINICAL!r}.")
    landmark = study.landmark(landmark_week)
    require_same_index(cohort, study)
    require_names(cohort, study)
    cohort = seen_at(cohort, study, landmark)
    problems = [problem for predictor in study.predictors for problem in _absent(cohort, predictor)]
    if problems:
        raise CohortError(f"the cohort does not fit the study {study.name!r}", problems)
    columns = {
        predictor.name: np.asarray(derive_one(cohort, study, predictor, landmark)) for predictor in study.predictors
    }
    features = pd.DataFrame(columns, index=cohort.patient_ids)
    if units == CLINICAL:
        return in_clinical_units(features, study)
    features.attrs["holds"] = {predictor.name: held_by_model(predictor) for predictor in study.predictors}
    return features


def in_clinical_units(features: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Return predictors in clinical units, at twelve figures, under label and unit; of two alike, with their name.

    Parameters
    ----------
    features : DataFrame
        As `derive_features` makes them, on the scale of the model.
    study : Study
    """
    titles = [predictor_title(one) for one in study.predictors]
    alike = {title for title in titles if titles.count(title) > 1}
    columns = {
        f"{title}, {one.name}" if title in alike else title: features[one.name].to_numpy()
        if one.levels
        else as_printed(clinical(features[one.name].to_numpy(dtype=float), one))
        for one, title in zip(study.predictors, titles, strict=True)
    }
    return pd.DataFrame(columns, index=features.index)


def _absent(cohort: Cohort, predictor: Predictor) -> list[Problem]:
    """Refuse a column that only the table could give; where treatments can stand in, it may be absent."""
    column, patients = predictor.column, cohort.patients
    if column is None or column in patients or (predictor.agents and cohort.treatments is not None):
        return []
    near = near_names(column, patients.columns)
    advice = f"Did you mean {near[0]!r}?" if near else "Add it (empty where unknown), or take the predictor out"
    needed = f"a column {column!r} for predictor {predictor.name!r}"
    if predictor.agents:
        needed += ", or a treatments table"
    return [Problem("patients", None, column, "the column is missing", needed, advice)]
