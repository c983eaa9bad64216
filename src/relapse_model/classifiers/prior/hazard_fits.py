"""Discrete-time hazards under every prior, without the terms and with them: logistic regressions of person-periods."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace

import numpy as np

from relapse_model.arrays import Floats, Mask
from relapse_model.classifiers.prior.person_periods import PersonPeriods
from relapse_model.classifiers.prior.posterior_mean import at_posterior_mean
from relapse_model.classifiers.prior.terms import PriorGrid
from relapse_model.classifiers.shared.newton import LogisticFits, penalised_logistic


def fit_hazards(
    distance: Floats,
    weight: Floats,
    periods: PersonPeriods,
    ends: Floats,
    forms: Sequence[Mask],
    grid: PriorGrid,
    interval_sd: float,
) -> LogisticFits:
    """Fit every prior with the columns of each form, one form after the other; 0 where a column is left out.

    The columns are a departure for each interval (none where there is a single one, of which the common level says
    everything), then those of the patients.

    Parameters
    ----------
    distance : ndarray of shape (n, q)
        Complete columns of the patients, centred.
    weight : ndarray of shape (n,)
        Of the patients.
    periods : PersonPeriods
    ends : ndarray of shape (K,)
    forms : sequence of ndarray of bool of shape (q,)
        Columns that are used.
    grid : PriorGrid
        Of the q columns.
    interval_sd : float
        Prior standard deviation of the departures.
    """
    lengths = np.diff(ends, prepend=0.0)
    departures = len(ends) if len(ends) > 1 else 0
    belongs = (periods.interval[:, None] == np.arange(departures)).astype(np.float64)
    rows, known = periods.weight * weight[periods.row], np.log(lengths / lengths.mean())[periods.interval]
    parts, pad = [], ((0, 0), (departures, 0))
    for used in forms:
        design = np.column_stack([belongs, distance[periods.row][:, used]])
        mean, sd = np.pad(grid.mean[:, used], pad), np.pad(grid.sd[:, used], pad, constant_values=interval_sd)
        modes = penalised_logistic(design, periods.event, rows, mean, sd**-2.0, offset=known)
        parts.append(
            _spread(at_posterior_mean(design, rows, modes, known), np.append(np.ones(departures, dtype=bool), used))
        )
    names = [field.name for field in fields(LogisticFits)]
    return LogisticFits(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def _spread(fits: LogisticFits, used: Mask) -> LogisticFits:
    """Return fits with a column for each of those that are not used: coefficient and variance are exactly 0."""
    coef = np.zeros((len(fits.coef), len(used)))
    coef[:, used] = fits.coef
    covariance = np.zeros((len(coef), len(used) + 1, len(used) + 1))
    places = np.flatnonzero(np.append(True, used))
    covariance[:, places[:, None], places] = fits.covariance
    return replace(fits, coef=coef, covariance=covariance)


def levels(fits: LogisticFits, ends: Floats) -> tuple[Floats, Floats]:
    """Return the log-odds of each interval's hazard, and the covariances of (levels, coefficients)."""
    intervals, lengths = len(ends), np.diff(ends, prepend=0.0)
    if intervals == 1:
        return fits.intercept[:, None], fits.covariance
    level = fits.intercept[:, None] + fits.coef[:, :intervals] + np.log(lengths / lengths.mean())
    joined = np.eye(fits.covariance.shape[1])[1:]
    joined[:intervals, 0] = 1.0
    covariance = joined @ fits.covariance @ joined.T
    return level, 0.5 * (covariance + np.swapaxes(covariance, 1, 2))
