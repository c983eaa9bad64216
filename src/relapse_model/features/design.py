"""From the table of predictors to the matrix a classifier is given: levels become columns, nothing is learned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Floats
from relapse_model.classifiers.prior.beforehand import BASELINE_WIDTHS
from relapse_model.classifiers.prior.terms import SHAPES, Factor, PriorGrid, Term
from relapse_model.features.clinical_units import on_model_scale
from relapse_model.study.effect_modifiers import modifier_term
from relapse_model.study.predictor import Predictor, StudyTerm
from relapse_model.study.study import Study

_ROWS_AT_ONCE = 8192  # they stay in the processor's cache


@dataclass(frozen=True, slots=True)
class Design:
    """What the columns of the matrix are, and what the study knows of each beforehand.

    A predictor with k levels has k - 1 columns: the first level is the reference.

    Attributes
    ----------
    names : tuple of str
        ``anti_hbs``, or ``hbv_genotype=C`` for a level.
    predictor : array of int
        For each column, the position of its predictor in the study.
    prior_mean, prior_sd : array of float
        Gaussian prior on the log-odds scale, per unit of the column (or per standard deviation of it where
        `prior_per_sd`); NaN where the study knows nothing.
    prior_per_sd : array of bool
    monotone : tuple of int
        1, -1 or 0: the direction in which risk may move with the column.
    terms : tuple of Term
        The study's non-linear terms and interactions, by the positions of the columns.
    term_names : tuple of str
    previous : tuple of PriorGrid, or None
        What an earlier model says of the columns and terms; see `relapse_model.development.earlier_model`.
    typical : array of float
        The value of a usual patient in each column; NaN where the study states none, None where it states none at all.
    visit_weeks : tuple of float
        Planned visits, weeks from enrolment; empty where the study states none.
    visit_window : float
        Weeks by which a visit may be early or late; 0 where the outcome is adjudicated, which dates it exactly.
    as_stated : tuple of int
        Columns, and terms counted on from them, whose prior is taken as it stands: of a trial with a plan, the arm and
        the effect modifiers.
    baseline : tuple of (float, float), or None
        Prior of the mean risk from the landmark to the horizon: its log-odds and their standard deviation. None where
        the study states none, or is for several landmarks.
    baseline_widths : tuple of float
        Factors tried of that standard deviation.
    """

    names: tuple[str, ...]
    predictor: NDArray[np.intp]
    prior_mean: Floats
    prior_sd: Floats
    prior_per_sd: NDArray[np.bool_]
    monotone: tuple[int, ...]
    terms: tuple[Term, ...] = ()
    term_names: tuple[str, ...] = ()
    previous: tuple[PriorGrid, ...] | None = None
    typical: Floats | None = None
    visit_weeks: tuple[float, ...] = ()
    visit_window: float = 4.0
    as_stated: tuple[int, ...] = ()
    baseline: tuple[float, float] | None = None
    baseline_widths: tuple[float, ...] = BASELINE_WIDTHS


def design(study: Study, landmark: float | None = None) -> Design:
    """Describe the matrix of a study's predictors.

    Parameters
    ----------
    study : Study
    landmark : float, optional
        Week from which the risk counts, for the prior of the mean risk; by default the study's only landmark.

    Examples
    --------
    >>> import relapse_model as rm
    >>> design(rm.load_study("hbsag-relapse")).names[:2]
    ('anti_hbs', 'consolidation_weeks')
    """
    columns = [
        (position, predictor, level)
        for position, predictor in enumerate(study.predictors)
        for level in (predictor.levels[1:] or (None,))
    ]
    priors = [_prior(predictor) for _, predictor, _ in columns]
    return Design(
        names=tuple(p.name if level is None else f"{p.name}={level}" for _, p, level in columns),
        predictor=np.array([position for position, _, _ in columns], dtype=np.intp),
        prior_mean=np.array([mean for mean, _, _ in priors]),
        prior_sd=np.array([sd for _, sd, _ in priors]),
        prior_per_sd=np.array([per_sd for _, _, per_sd in priors], dtype=bool),
        monotone=tuple({"up": 1, "down": -1}.get(p.direction or "", 0) for _, p, _ in columns),
        terms=tuple(_term(term, study, [p.name for _, p, _ in columns]) for term in study.terms),
        term_names=tuple(term.name for term in study.terms),
        typical=np.array([np.nan if p.typical is None else on_model_scale(p.typical, p) for _, p, _ in columns]),
        visit_weeks=study.prediction.visit_weeks,
        visit_window=0.0 if study.outcome.analyte is None else study.prediction.visit_window_weeks,
        as_stated=_as_stated(study, [predictor for _, predictor, _ in columns]),
        baseline=_baseline(study, landmark),
        baseline_widths=(1.0,) if study.outcome.baseline and study.outcome.baseline.as_stated else BASELINE_WIDTHS,
    )


def design_matrix(features: pd.DataFrame, study: Study) -> Floats:
    """Return the matrix of a table of predictors, one row per patient; NaN is missing.

    Parameters
    ----------
    features : DataFrame
        As `derive_features` returns it.
    study : Study
    """
    columns = [
        _places(features[one.name], one.levels) if one.levels else features[one.name].to_numpy(dtype=float)
        for one in study.predictors
    ]
    return _matrix(columns, len(features), study)


def level_codes(features: pd.DataFrame, study: Study) -> Floats:
    """Return one numeric column per predictor: its value, or the position of its level."""
    columns = []
    for predictor in study.predictors:
        values = features[predictor.name]
        if predictor.levels:
            place = _places(values, predictor.levels)
            columns.append(np.where(place < 0, np.nan, place.astype(float)))
        else:
            columns.append(values.to_numpy(dtype=float))
    return np.column_stack(columns)


def matrix_of_codes(codes: Floats, study: Study) -> Floats:
    """Turn the columns of `level_codes` into the columns of the matrix."""
    columns: list[NDArray[Any]] = []
    for code, predictor in zip(codes.T, study.predictors, strict=True):
        columns.append(np.where(np.isnan(code), -1, code).astype(np.intp) if predictor.levels else code)
    return _matrix(columns, len(codes), study)


def _places(values: pd.Series, levels: tuple[str, ...]) -> NDArray[np.intp]:
    """Return the position of each value among the levels, -1 where it is none of them or missing."""
    codes, different = pd.factorize(values)
    place = np.append(pd.Index(levels, dtype=object).get_indexer(pd.Index(different, dtype=object)), -1)
    return place[codes]


def _matrix(columns: list[NDArray[Any]], rows: int, study: Study) -> Floats:
    """Lay the columns side by side, numbers as they are and levels as 0 and 1, some rows at a time."""
    indicators = [
        np.vstack([np.full(len(one.levels) - 1, np.nan), np.eye(len(one.levels))[:, 1:]]) if one.levels else None
        for one in study.predictors
    ]
    matrix = np.empty((rows, sum(1 if table is None else table.shape[1] for table in indicators)))
    for start in range(0, rows, _ROWS_AT_ONCE):
        part, at = slice(start, start + _ROWS_AT_ONCE), 0
        for column, table in zip(columns, indicators, strict=True):
            width = 1 if table is None else table.shape[1]
            matrix[part, at : at + width] = column[part, None] if table is None else table[column[part] + 1]
            at += width
    return matrix


def _term(term: StudyTerm, study: Study, columns: list[str]) -> Term:
    factors = []
    for factor in term.factors:
        shapes = {shape: getattr(factor, shape) for shape in SHAPES[1:] if getattr(factor, shape) is not None}
        shape, at = next(iter(shapes.items()), ("value", 1.0))
        log10 = study.predictor(factor.predictor).scale == "log10"
        factors.append(Factor(columns.index(factor.predictor), shape, float(at), log10))
    replaces = tuple(place for place, name in enumerate(columns) if name in term.replaces)
    named = list(dict.fromkeys(form for one in study.terms for form in one.forms))  # as they first come
    forms = tuple(named.index(form) for form in term.forms)
    if term.prior is None:
        return Term(tuple(factors), replaces, forms=forms)
    return Term(tuple(factors), replaces, term.prior.log_odds, term.prior.sd, forms)


def _as_stated(study: Study, columns: list[Predictor]) -> tuple[int, ...]:
    """Return the positions of the arm and of the effect modifiers of the plan; none where the study plans no trial."""
    if study.trial is None:
        return ()
    arms = [place for place, one in enumerate(columns) if one.column == study.trial.arms.column]
    modifiers = {
        modifier_term(columns[arm].name, one.predictor) for arm in arms for one in study.trial.effect_modifiers
    }
    terms = [len(columns) + place for place, term in enumerate(study.terms) if term.name in modifiers]
    return tuple(arms + terms)


def _baseline(study: Study, landmark: float | None) -> tuple[float, float] | None:
    known, weeks = study.outcome.baseline, study.prediction.landmark_weeks
    if known is None or len(weeks) > 1:
        return None
    return known.log_odds(study.prediction.horizon_weeks - study.landmark(landmark)), known.sd_logit


def _prior(predictor: Predictor) -> tuple[float, float, bool]:
    prior = predictor.prior
    if prior is None:
        return np.nan, np.nan, False
    step = float(prior.per) if not isinstance(prior.per, str) else 1.0
    return prior.log_odds / step, prior.sd / step, prior.per == "sd"
