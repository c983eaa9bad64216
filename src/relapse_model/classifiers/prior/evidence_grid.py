"""The priors over which a logistic regression is averaged, and the fits of all of them at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from relapse_model.arrays import Floats, Mask, Positions
from relapse_model.classifiers.prior.mixture_forms import LogisticMixture
from relapse_model.classifiers.prior.posterior_mean import at_posterior_mean
from relapse_model.classifiers.prior.terms import PriorGrid, Term, form_count
from relapse_model.classifiers.shared.newton import penalised_logistic
from relapse_model.errors import RelapseModelError

# Patients, and events among them, that lack a value, and that have it, before an indicator is worth a coefficient.
FEWEST_MARKED, FEWEST_MARKED_EVENTS = 10, 3


@dataclass(frozen=True, slots=True)
class Components:
    """Posterior means of every prior under every form; coefficients are 0 where the form leaves a column out."""

    coef: Floats
    intercept: Floats
    covariance: Floats
    log_evidence: Floats


def check_grid(strengths: Sequence[float], widths: Sequence[float], between_sds: Sequence[float]) -> None:
    """Refuse settings of which no grid can be made.

    Raises
    ------
    RelapseModelError
    """
    strength, width, between = (np.asarray(values, dtype=np.float64) for values in (strengths, widths, between_sds))
    if not (strength.size and width.size and np.isfinite(strength).all() and (width > 0).all()):
        raise RelapseModelError(
            f"strengths {strengths!r} or widths {widths!r} cannot be used; expected at least one of each, strengths "
            "finite, widths positive."
        )
    if not between.size or not (between >= 0).all() or not (np.isfinite(width).all() and np.isfinite(between).all()):
        raise RelapseModelError(
            f"between_sds {between_sds!r}: expected one or more finite numbers of 0 or more, and finite widths."
        )


def check_as_stated(as_stated: Sequence[int], columns: int) -> None:
    """Refuse positions of priors to be held that are no predictors or terms.

    Parameters
    ----------
    as_stated : sequence of int
    columns : int
        Predictors and terms.

    Raises
    ------
    RelapseModelError
    """
    if not set(as_stated) <= set(range(columns)):
        raise RelapseModelError(f"as_stated is {tuple(as_stated)!r}; expected positions of 0 to {columns - 1}.")


def published_grid(
    mean: Floats,
    sd: Floats,
    strengths: Sequence[float],
    widths: Sequence[float],
    marked: int = 0,
    as_stated: Sequence[int] = (),
) -> PriorGrid:
    """Return the priors of every strength, width of the columns with a mean, and width of the others, in that order.

    A width is learned from all columns that share it. The effect that a trial is made to find is alone in its kind:
    twenty events cannot tell its width, and an average over narrow ones draws a true effect to 0 with too short an
    interval. Such a column is held at its prior as stated.

    Parameters
    ----------
    mean, sd : ndarray of shape (q,)
        The prior as published.
    strengths, widths : sequence of float
    marked : int
        How many of the last columns are indicators of missing values: their priors are never widened.
    as_stated : sequence of int
        Columns whose prior is the same in every row.

    Examples
    --------
    >>> grid = published_grid(np.array([-0.8, 0.0]), np.array([0.4, 0.1]), (0.0, 1.0), (1.0, 2.0))
    >>> grid.mean.shape, grid.sd[:4].tolist()
    ((8, 2), [[0.4, 0.1], [0.4, 0.2], [0.8, 0.1], [0.8, 0.2]])
    """
    held = np.isin(np.arange(len(mean)), list(as_stated))
    informed = mean != 0.0
    widest = np.where(np.arange(len(mean)) < len(mean) - marked, np.inf, 1.0)
    means, sds = [], []
    for strength in strengths:
        for width in widths:
            for other in widths if not (informed | held).all() else (1.0,):
                means.append(np.where(held, 1.0, strength) * mean)
                sds.append(np.where(held, 1.0, np.minimum(np.where(informed, width, other), widest)) * sd)
    return PriorGrid(np.array(means), np.array(sds))


def previous_grid(
    previous: PriorGrid,
    fallback: PriorGrid,
    step: Floats,
    strengths: Sequence[float],
    between_sds: Sequence[float],
) -> PriorGrid:
    """Return priors that start from the posterior of another cohort, each widened by a variance between cohorts.

    Parameters
    ----------
    previous, fallback : PriorGrid of one row
        The posterior, NaN where the other cohort knows nothing of a column; what is taken there.
    step : ndarray of shape (q,)
        What counts as a standard deviation of each column, for `between_sds`; infinite where nobody knows it.
    strengths, between_sds : sequence of float

    Examples
    --------
    >>> other = PriorGrid(np.array([[0.5, np.nan]]), np.array([[0.3, np.nan]]))
    >>> grid = previous_grid(other, PriorGrid(np.zeros((1, 2)), np.full((1, 2), 0.15)), np.ones(2), (1.0,), (0.0, 0.4))
    >>> grid.mean.tolist(), grid.sd.round(2).tolist()
    ([[0.5, 0.0], [0.5, 0.0]], [[0.3, 0.15], [0.5, 0.15]])
    """
    known = ~np.isnan(previous.sd[0])
    start = np.where(known, previous.mean[0], fallback.mean[0])
    spread = np.where(known, previous.sd[0], fallback.sd[0])
    widened = [np.sqrt(spread**2 + np.where(known, between / step, 0.0) ** 2) for between in between_sds]
    return PriorGrid(
        np.repeat(np.outer(strengths, start), len(between_sds), axis=0), np.tile(np.array(widened), (len(strengths), 1))
    )


def forms_of(used: Mask, terms: Sequence[Term], marked: int = 0) -> list[Mask]:
    """Return the columns of a model without the terms, and of each form with terms in place of what they replace.

    Parameters
    ----------
    used : ndarray of bool of shape (q,)
        Columns that are not left out: of predictors, terms and indicators.
    terms : sequence of Term
    marked : int
        Number of indicators.

    Examples
    --------
    >>> from relapse_model.classifiers.prior.terms import Factor
    >>> [form.tolist() for form in forms_of(np.ones(3, dtype=bool), (Term((Factor(0, "cap", 24.0),), (0,)),))]
    [[True, True, False], [False, True, True]]
    """
    if not terms:
        return [used]
    is_term = np.zeros(len(used), dtype=bool)
    is_term[len(used) - marked - len(terms) : len(used) - marked] = True
    found = [used & ~is_term]
    for form in range(form_count(tuple(terms)) - 1):
        own = used.copy()
        for place, term in zip(np.flatnonzero(is_term), terms, strict=True):
            own[place] &= form in term.forms
            own[list(term.replaces)] &= not own[place]  # a term that is left out replaces nothing
        found.append(own)
    return found


def posterior_of_form(mixture: LogisticMixture, used: Mask) -> PriorGrid:
    """Return posterior mean and sd of each coefficient over the components that use exactly these columns.

    Where no component does, it is over all of them; a column that none uses is NaN.

    Parameters
    ----------
    mixture : LogisticMixture
    used : ndarray of bool of shape (q,)
    """
    variance = np.diagonal(mixture.covariance, axis1=1, axis2=2)[:, 1:]
    in_any = (variance > 0).any(axis=0)  # a column that nobody had is left out of every form
    same = ((variance > 0) == (used & in_any)).all(axis=1)
    weight = mixture.weight * (same if (mixture.weight * same).sum() > 0 else True)
    weight = weight / weight.sum()
    mean = weight @ mixture.coef
    sd = np.sqrt(weight @ (variance + (mixture.coef - mean) ** 2))
    return PriorGrid(np.where(sd > 0, mean, np.nan)[None], np.where(sd > 0, sd, np.nan)[None])


def check_baseline(baseline: tuple[float, float] | None, widths: Sequence[float]) -> None:
    """Refuse a prior of the mean risk that is none.

    Raises
    ------
    RelapseModelError
    """
    if baseline is None:
        return
    mean, sd = (float(value) for value in baseline)
    width = np.asarray(widths, dtype=np.float64)
    if not (np.isfinite(mean) and 0 < sd < np.inf and width.size and ((width > 0) & (width < np.inf)).all()):
        raise RelapseModelError(
            f"baseline {baseline!r} with baseline_widths {widths!r} cannot be used; expected the log-odds of the mean "
            "risk and their standard deviation, finite and positive, and one or more positive widths."
        )


def fit_components(
    distance: Floats,
    event: Floats,
    weight: Floats,
    forms: Sequence[Mask],
    starts: Sequence[PriorGrid],
    baselines: Sequence[tuple[float, float]] = (),
) -> Components:
    """Fit every prior of `starts[i]` with the columns of `forms[i]`, and each with every baseline.

    Parameters
    ----------
    distance : ndarray of shape (n, q)
        Complete columns, centred.
    event, weight : ndarray of shape (n,)
    forms : sequence of ndarray of bool of shape (q,)
        Columns that are used.
    starts : sequence of PriorGrid
    baselines : sequence of (float, float)
        Priors of the log-odds where every column has its mean: mean and standard deviation. None: it is free.
    """
    size = distance.shape[1]
    parts = []
    for used, start in zip(forms, starts, strict=True):
        columns = distance[:, used]
        grid, level = _with_baselines(start, baselines)
        modes = penalised_logistic(
            columns, event, weight, grid.mean[:, used], grid.sd[:, used] ** -2.0, intercept_prior=level
        )
        fits = at_posterior_mean(columns, weight, modes)
        coef = np.zeros((len(grid.mean), size))
        coef[:, used] = fits.coef
        covariance = np.zeros((len(coef), size + 1, size + 1))
        places = np.flatnonzero(np.concatenate([[True], used]))
        covariance[:, places[:, None], places] = fits.covariance
        parts.append(Components(coef, fits.intercept, covariance, fits.log_evidence))
    return Components(
        np.concatenate([part.coef for part in parts]),
        np.concatenate([part.intercept for part in parts]),
        np.concatenate([part.covariance for part in parts]),
        np.concatenate([part.log_evidence for part in parts]),
    )


def _with_baselines(
    grid: PriorGrid, baselines: Sequence[tuple[float, float]]
) -> tuple[PriorGrid, tuple[Floats, Floats] | None]:
    """Return each prior once for every baseline, the baselines innermost, and their means and precisions."""
    if not baselines:
        return grid, None
    every = PriorGrid(*(np.repeat(values, len(baselines), axis=0) for values in (grid.mean, grid.sd)))
    mean, sd = np.tile(np.array(baselines, dtype=np.float64), (len(grid.mean), 1)).T
    return every, (mean, sd**-2.0)


def missing_indicators(X: Floats, event: Floats, patient: Positions | None = None) -> tuple[int, ...]:
    """Return the predictors that deserve an indicator; of those that are missing together, the first.

    Patients are counted, not weights: at least 10 who lack the value and 10 who have it, 3 with the event among each.

    Parameters
    ----------
    X : ndarray of shape (n, p)
        NaN is missing.
    event : ndarray of shape (n,)
        1 for an event, 0 for none.
    patient : ndarray of int of shape (n,), optional
        Numbers of the patients, from 0, where one may have several rows; a patient counts on each side on which any row
        lies.

    Examples
    --------
    >>> X, event = np.ones((30, 3)), np.arange(30) % 3 == 0
    >>> X[:10, :2] = np.nan; X[:9, 2] = np.nan
    >>> missing_indicators(X, event)
    (0,)
    """
    missing = np.isnan(X)
    who = np.arange(len(X)) if patient is None else patient
    enough = np.flatnonzero([_enough(column, event, who) and _enough(~column, event, who) for column in missing.T])
    patterns = {missing[:, column].tobytes(): int(column) for column in enough[::-1]}
    return tuple(sorted(patterns.values()))


def _enough(side: Mask, event: Floats, patient: Positions) -> bool:
    return (
        len(np.unique(patient[side])) >= FEWEST_MARKED
        and len(np.unique(patient[side & (event == 1)])) >= FEWEST_MARKED_EVENTS
    )
