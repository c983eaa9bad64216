"""Mean risks of many rows under a mixture: moments of the log-odds, means from a table, weighted sums.

By arrays, or by the compiled twin with the same bits: every product and sum is rounded for itself and comes in the same
order, whatever the processor, the library of linear algebra, and how the rows are cut.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from relapse_model.arrays import Floats, Mask, Positions
from relapse_model.classifiers.prior.mean_sigmoid import mean_sigmoid, node_table
from relapse_model.classifiers.prior.mixture_forms import Form, LogisticMixture, design_of
from relapse_model.classifiers.prior.sigmoid_table import empty_at_line, held, sigmoid_table, smaller_means
from relapse_model.classifiers.shared.threads import for_each, free_threads

MEMBERS_AT_ONCE = 16  # numbers of components are rounded up to it; those that are none have no weight
_LANES = 8  # sums that run side by side over the components of a row
_ROWS = 64  # of arrays that stay in the processor's cache
_ROWS_COMPILED = 4_096
_WORTH_THREADS = 4_000_000  # numbers: fewer are there before a second thread is


@dataclass(frozen=True, slots=True)
class PaddedForm:
    """What the loops need of components that use the same columns.

    Attributes
    ----------
    first, second : array of int
        Pairs of (intercept, used columns), each once: first those of the intercept with itself and each column.
    coef : ndarray of shape (1 + used, members)
        The intercept first.
    covariance : ndarray of shape (pairs, members)
        Twice where a pair stands for two.
    used : array of int
        Columns.
    spread : ndarray of shape (used, members)
        What a missing value of the column adds to the variance.
    weight : ndarray of shape (members,)
    """

    first: Positions
    second: Positions
    coef: Floats
    covariance: Floats
    used: Positions
    spread: Floats
    weight: Floats


AddMeans = Callable[..., None]


def risks_of_many(mixture: LogisticMixture, X: Floats, by_form: list[Form], compiled: bool) -> Floats:
    """Return the posterior mean risks of rows, by the compiled loop or without it: the bits are the same.

    Parameters
    ----------
    mixture : LogisticMixture
    X : ndarray of shape (n, p)
    by_form : list of Form
        What `mixture_forms.forms` returns.
    compiled : bool

    Returns
    -------
    ndarray of shape (n, 2)
        Probability of no event and of an event.
    """
    add, own = None, [_padded_form(mixture, form) for form in by_form]
    if compiled:
        from relapse_model.classifiers.prior.compiled_many_rows import add_means

        add = add_means
    risk = np.empty((len(X), 2))

    def fill(start: int) -> None:
        design, missing = design_of(mixture, X[start : start + _ROWS_COMPILED])
        risk[start : start + _ROWS_COMPILED] = mean_risks(design, missing, own, add)

    worth_it = compiled and len(X) * len(mixture.weight) > _WORTH_THREADS
    for_each(fill, range(0, len(X), _ROWS_COMPILED), free_threads() if worth_it else 1)
    return risk


def _padded_form(mixture: LogisticMixture, form: Form) -> PaddedForm:
    at, spread = np.append(0, 1 + form.used), mixture.scale[form.used, None] ** 2 * form.squared
    coef, covariance, spread = padded(form.coef), padded(form.covariance), padded(spread)
    weight = padded(mixture.weight[form.members])
    return PaddedForm(at[form.first], at[form.second], coef, covariance, form.used, spread, weight)


def padded(values: Floats) -> Floats:
    """Return an array with columns of 0 added, so that their number is a multiple of 16."""
    more = -values.shape[-1] % MEMBERS_AT_ONCE
    found = empty_at_line((*values.shape[:-1], values.shape[-1] + more))
    found[...] = np.pad(values, [(0, 0)] * (values.ndim - 1) + [(0, more)])
    return found


def mean_risks(design: Floats, missing: Mask, by_form: list[PaddedForm], add: AddMeans | None = None) -> Floats:
    """Return the probability of no event and of an event of each row.

    Parameters
    ----------
    design : ndarray of shape (1 + columns, n), contiguous
        Ones, and each column less its center.
    missing : ndarray of shape (columns, n), contiguous
    by_form : list of PaddedForm
        Whose weights sum to 1.
    add : callable, optional
        The compiled loop, `compiled_many_rows.add_means`; the result is the same to the last bit.

    Returns
    -------
    ndarray of shape (n, 2)
    """
    below, above, beyond = np.zeros(design.shape[1]), np.zeros(design.shape[1]), np.full(design.shape[1], add is None)
    if add is not None:
        for form in by_form:
            add(design, missing, form.first, form.second, form.coef, form.covariance, form.used, form.spread,
                form.weight, sigmoid_table(), *node_table(), below, above, beyond)  # fmt: skip
    for rows in _parts(np.flatnonzero(beyond)):
        below[rows], above[rows] = _by_arrays(design[:, rows], missing[:, rows], by_form)
    return np.column_stack([below, above])


def _by_arrays(design: Floats, missing: Mask, by_form: list[PaddedForm]) -> tuple[Floats, Floats]:
    below, above = np.zeros(design.shape[1]), np.zeros(design.shape[1])
    for form in by_form:
        products = design[form.first] * design[form.second]
        mean, variance = _sums(products, form.coef), _sums(products, form.covariance)
        for column, spread in zip(form.used, form.spread, strict=True):
            variance[missing[column]] += spread
        minor, positive = _minor(mean.ravel(), variance.ravel()).reshape(mean.shape), mean >= 0
        below += _by_lanes(form.weight * np.where(positive, minor, 1.0 - minor))
        above += _by_lanes(form.weight * np.where(positive, 1.0 - minor, minor))
    return below, above


def _sums(values: Floats, coef: Floats) -> Floats:
    found = np.zeros((values.shape[1], coef.shape[1]))
    for value, factors in zip(values, coef, strict=False):  # the first products are the columns themselves
        found += value[:, None] * factors
    return found


def _minor(mean: Floats, variance: Floats) -> Floats:
    """Return the smaller of both means of each number."""
    size, variance = np.abs(mean), np.maximum(variance, 0.0)
    inside = held(size, variance)
    if inside.all():
        return smaller_means(size, variance, sigmoid_table())
    minor = np.empty(len(mean))
    minor[inside] = smaller_means(size[inside], variance[inside], sigmoid_table())
    rest = np.flatnonzero(~inside)
    if len(rest):
        below, above = mean_sigmoid(mean[rest], np.sqrt(variance[rest]))
        minor[rest] = np.where(mean[rest] >= 0, below, above)
    return minor


def _by_lanes(values: Floats) -> Floats:
    """Return the sum of each row: eight sums side by side, then those two by two."""
    found = np.zeros((len(values), _LANES))
    for start in range(0, values.shape[1], _LANES):
        found += values[:, start : start + _LANES]
    while found.shape[1] > 1:
        found = found[:, ::2] + found[:, 1::2]
    return found[:, 0]


def _parts(rows: Positions) -> Iterator[Positions]:
    for start in range(0, len(rows), _ROWS):
        yield rows[start : start + _ROWS]
