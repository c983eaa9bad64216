"""What is known already: the base model that every candidate is judged beside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from relapse_model.arrays import Floats, Mask
from relapse_model.cohort.cohort import Cohort
from relapse_model.development.choice import fit_known
from relapse_model.development.screening.candidates import of_predictors
from relapse_model.development.screening.many_fits import fit_many
from relapse_model.development.screening.score_test import with_ones
from relapse_model.development.screening.within_centres import WithinCentres, accounts_for_centre, within_centres
from relapse_model.errors import InsufficientDataError, Problem, StudyError
from relapse_model.features.design import design
from relapse_model.features.development_data import DevelopmentData, development_data
from relapse_model.study.study import Study

FEWEST_EVENTS = 8
EVENTS_PER_COLUMN = 5
MOST_FITTED = 3  # columns that are fitted without priors
_LEARNED = "fitted with the priors of the study; its log-odds enter with a free intercept and slope"
_CLOSEST = 1e-6  # risks are kept this far from 0 and 1


@dataclass(frozen=True, slots=True, eq=False)
class Base:
    """The base model of the patients at risk.

    Attributes
    ----------
    study : Study
        With the predictors of the base alone.
    data : DevelopmentData
    columns : array, shape (n, k)
        What is fitted: the columns of the base, or the log-odds of the model that has learned them with their priors.
    risk : array, shape (n,)
    weight : array, shape (n,)
        For the lost; 0 for those who are lost themselves.
    words : str
        How it was made.
    """

    study: Study
    data: DevelopmentData
    columns: Floats
    risk: Floats
    weight: Floats
    words: str

    @property
    def names(self) -> tuple[str, ...]:
        """Return the predictors of the base."""
        return tuple(one.name for one in self.study.predictors)

    @property
    def relapse(self) -> Floats:
        """Return the outcomes; 0 for the lost, who have no weight."""
        return np.asarray(np.nan_to_num(self.data.relapse))


def base_names(study: Study, names: Sequence[str] | None) -> tuple[str, ...]:
    """Return the predictors of the base: as asked for, else those of the study that have a prior.

    Parameters
    ----------
    study : Study
    names : sequence of str, optional

    Raises
    ------
    StudyError
        For one that is no predictor of the study.
    """
    if names is None:
        return tuple(one.name for one in study.predictors if one.prior is not None)
    known = [one.name for one in study.predictors]
    unknown = [name for name in names if name not in known]
    problems = [Problem("base", None, name, "no predictor of the study", ", ".join(known)) for name in unknown]
    if problems:
        raise StudyError("no screen of biomarkers", problems)
    return tuple(dict.fromkeys(names))


def make_base(cohort: Cohort, study: Study, names: Sequence[str], landmark: float, seed: int) -> Base:
    """Fit the base to the patients at risk at the landmark.

    Up to 3 columns are fitted by maximum likelihood. More are learned with the priors of the study, and their log-odds
    are the base, with an intercept and a slope that are free. Missing values of fitted columns are their median.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    names : sequence of str
    landmark : float
    seed : int

    Raises
    ------
    InsufficientDataError
        With fewer than 8 events, with more than one column for 5 events, or where the base separates the outcomes.
    """
    own = of_predictors(study, [study.predictor(name) for name in names])
    data = development_data(cohort, own if names else of_predictors(study, study.predictors[:1]), landmark)
    data = replace(data, matrix=data.matrix if names else np.empty((len(data), 0)))
    require_support_of_screen(data, own)
    weight = data.weights()
    columns = base_columns(data, own, weight, seed)
    words = _LEARNED if _learned(data.matrix) else "fitted by maximum likelihood"
    return Base(own, data, columns, base_risk(columns, np.nan_to_num(data.relapse), weight, names), weight, words)


def with_centres(base: Base) -> tuple[Base, WithinCentres]:
    """Return the base with the centres beside it, and how: candidates are then compared within centres.

    Where centres differ in both their assays and their risk, a marker is associated for that reason alone, in all
    patients together, but not within centres.

    Parameters
    ----------
    base : Base

    Raises
    ------
    InsufficientDataError
        Where the base separates the outcomes within centres.
    """
    centre = None if accounts_for_centre(base.study) else base.data.centre
    within = within_centres(base.columns, base.relapse, base.weight, centre)
    if within.group is None:
        return base, within
    risk = base_risk(within.columns, base.relapse, within.weight, base.names)
    return replace(base, columns=within.columns, weight=within.weight, risk=risk), within


def base_columns(data: DevelopmentData, own: Study, weight: Floats, seed: int) -> Floats:
    """Return what is fitted: the columns of the base, or the log-odds of the model that has learned them with priors.

    Parameters
    ----------
    data : DevelopmentData
        With the matrix of the base.
    own : Study
        With the predictors of the base alone.
    weight : array, shape (n,)
    seed : int
    """
    if not _learned(data.matrix):
        return _filled(data.matrix, weight > 0)
    model = fit_known("prior_logistic", data, design(own), seed)
    risk = np.clip(model.predict_proba(data.matrix)[:, 1], _CLOSEST, 1 - _CLOSEST)
    return np.asarray(np.log(risk / (1 - risk))[:, None])


def base_risk(columns: Floats, relapse: Floats, weight: Floats, names: Sequence[str]) -> Floats:
    """Return the risk of each patient by the base alone.

    Parameters
    ----------
    columns : array, shape (n, k)
    relapse, weight : array, shape (n,)
    names : sequence of str
        For the message.

    Raises
    ------
    InsufficientDataError
        Where the base separates the outcomes.
    """
    fit = fit_many(with_ones(columns, len(relapse)), relapse, weight[None], firth=False)
    if not fit.converged[0]:
        events = int(((relapse == 1) & (weight > 0)).sum())
        raise InsufficientDataError(
            f"screen of biomarkers: the base ({', '.join(names)}) separates, or all but separates, the {events} "
            "patients with the event from the others, or its columns say the same; expected a base that leaves "
            "something to be explained. Name fewer predictors."
        )
    return np.asarray(np.clip(fit.risk[0], _CLOSEST, 1 - _CLOSEST))


def require_support_of_screen(data: DevelopmentData, own: Study) -> None:
    """Refuse fewer than 8 events, and a base of more than one column for 5 events.

    Parameters
    ----------
    data : DevelopmentData
        With the matrix of the base.
    own : Study
        With the predictors of the base alone.
    """
    _require_events(data)
    _require_support(own, data.events, _learned(data.matrix))


def _learned(matrix: Floats) -> bool:
    return bool(matrix.shape[1] > MOST_FITTED)


def _require_events(data: DevelopmentData) -> None:
    if data.events < FEWEST_EVENTS:
        raise InsufficientDataError(
            f"screen of biomarkers: {data.events} events by week {data.horizon:g} among {data.patients} patients at "
            f"risk ({data.lost} lost); expected at least {FEWEST_EVENTS}. With fewer no biomarker can be "
            "distinguished from chance: follow the cohort longer, or join cohorts."
        )


def _require_support(own: Study, events: int, learned: bool) -> None:
    columns = design(own)
    count = int(np.isnan(columns.prior_mean).sum()) if learned else len(columns.names)
    if count * EVENTS_PER_COLUMN > events:
        kind = "columns without a prior" if learned else "columns"
        raise InsufficientDataError(
            f"screen of biomarkers: a base of {count} {kind} and {events} events; expected at most "
            f"{events // EVENTS_PER_COLUMN}, one for {EVENTS_PER_COLUMN} events. Name fewer predictors in base."
        )


def _filled(matrix: Floats, counted: Mask) -> Floats:
    """Put the median of those who count into the gaps of each column."""
    known = ~np.isnan(matrix[counted])
    if not known.any(axis=0).all():
        raise InsufficientDataError(
            "screen of biomarkers: a predictor of the base is known in nobody at risk; expected values. Leave it out."
        )
    middle = np.nanmedian(matrix[counted], axis=0) if matrix.shape[1] else np.empty(0)
    return np.where(np.isnan(matrix), middle, matrix)
