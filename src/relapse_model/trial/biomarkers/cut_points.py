"""A cut-point that was searched for, judged as one that was searched for."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from relapse_model.arrays import Floats, generator
from relapse_model.errors import InsufficientDataError

_AT_ONCE = 4_000_000  # numbers held in memory


@dataclass(frozen=True, slots=True)
class SearchedCut:
    """The cut that divides outcomes best, and how often chance finds one as good.

    Attributes
    ----------
    cut : float
        Values up to it against those above.
    statistic : float
        The largest standardised statistic over all cuts.
    p : float
        Share of permutations with one as large: adjusted for the search.
    p_of_the_cut : float
        What the test of that cut alone would say; never to be reported.
    cuts : int
        Looked at.
    """

    cut: float
    statistic: float
    p: float
    p_of_the_cut: float
    cuts: int


def maximally_selected(
    column: ArrayLike,
    relapse: ArrayLike,
    within: tuple[float, float] = (0.1, 0.9),
    *,
    draws: int = 10_000,
    seed: int = 0,
) -> SearchedCut:
    """Search the cut of a column, and test it as the largest of all that were looked at.

    Between the 10th and the 90th percentile a search finds p < 0.05 in about 4 of 10 columns that have nothing to do
    with the outcome. The test permutes outcomes (Lausen and Schumacher 1992, doi:10.2307/2532740).

    Parameters
    ----------
    column, relapse : array-like of shape (n,)
        None missing.
    within : tuple of float
        Shares of the patients that must lie on either side.
    draws, seed : int

    Raises
    ------
    InsufficientDataError
        If there is no cut, or one outcome only.

    Examples
    --------
    >>> found = maximally_selected([1, 2, 3, 4, 5, 6, 7, 8], [0, 0, 0, 0, 1, 1, 1, 1], draws=2000)
    >>> found.cut, found.p > found.p_of_the_cut
    (4.0, True)
    """
    from scipy.special import ndtr

    x, y = np.asarray(column, dtype=float), np.asarray(relapse, dtype=float)
    values, counts = np.unique(x, return_counts=True)
    below = counts.cumsum()[:-1]
    allowed = (below >= within[0] * y.size) & (below <= within[1] * y.size)
    if not allowed.any() or y.min() == y.max():
        raise InsufficientDataError(
            "maximally_selected: no cut leaves patients on both sides, or all have one outcome; expected both."
        )
    cuts, size = values[:-1][allowed], below[allowed]
    under = (x[:, None] <= cuts).astype(float)
    expected = size * y.mean()
    sd = np.sqrt(size * (y.size - size) / (y.size * (y.size - 1)) * ((y - y.mean()) ** 2).sum())
    seen = np.abs((y @ under - expected) / sd)
    rng = generator(seed)
    largest = np.concatenate(
        [_largest(y, rows, under, expected, sd, rng) for rows in _blocks(draws, y.size + cuts.size)]
    )
    best = int(seen.argmax())
    share = (1 + (largest >= seen[best] - 1e-9).sum()) / (1 + draws)
    return SearchedCut(float(cuts[best]), float(seen[best]), float(share), float(2 * ndtr(-seen[best])), int(cuts.size))


@dataclass(frozen=True, slots=True)
class CutPoint:
    """A searched cut-point with what the search does to its p-value and its estimate.

    Attributes
    ----------
    found : SearchedCut
    log_odds : float
        Of the values above the cut against those up to it, as estimated in the same patients; too large.
    log_odds_shrunk : float
        Less its optimism: in each bootstrap resample a cut is searched, and judged there and in all patients.
    resamples : int
        In which there was a cut.
    """

    found: SearchedCut
    log_odds: float
    log_odds_shrunk: float
    resamples: int


def find_cut_point(
    column: ArrayLike,
    relapse: ArrayLike,
    within: tuple[float, float] = (0.1, 0.9),
    *,
    draws: int = 10_000,
    resamples: int = 200,
    seed: int = 0,
) -> CutPoint:
    """Search a cut-point, with p-value and estimate corrected for the search. Not recommended: it warns.

    `screen_biomarkers` keeps markers continuous and refuses to cut them. Whoever must have a cut, for example to report
    one beside those of the literature, is given what it is worth: the p-value is that of the largest statistic over all
    cuts, and the log odds ratio (with half a patient added to each cell) is shrunk by its bootstrap optimism.

    Parameters
    ----------
    column, relapse : array-like of shape (n,)
        None missing.
    within : tuple of float
        Shares of the patients that must lie on either side.
    draws, resamples, seed : int

    Raises
    ------
    InsufficientDataError
        If there is no cut, or one outcome only.

    Warns
    -----
    UserWarning
        Always.
    """
    x, y = np.asarray(column, dtype=float), np.asarray(relapse, dtype=float)
    found = maximally_selected(x, y, within, draws=draws, seed=seed)
    warnings.warn(
        f"find_cut_point: {found.cut:g} was searched among {found.cuts} cuts in these patients. A search finds p < "
        "0.05 in noise in about 4 of 10 cases, and another sample gives another cut. Report p and log_odds_shrunk of "
        "this result, never a test or an odds ratio at the cut, and keep the marker continuous in any model.",
        stacklevel=2,
    )
    rng, own = generator(seed), _log_odds(x, y, found.cut)
    optimism = []
    for _ in range(resamples):
        rows = rng.integers(0, y.size, y.size)
        try:
            again = maximally_selected(x[rows], y[rows], within, draws=1).cut
        except InsufficientDataError:
            continue
        inside, outside = _log_odds(x[rows], y[rows], again), _log_odds(x, y, again)
        optimism.append(np.sign(inside) * (inside - outside))
    shrunk = max(abs(own) - float(np.mean(optimism)), 0.0) * np.sign(own) if optimism else np.nan
    return CutPoint(found, own, float(shrunk), len(optimism))


def _log_odds(x: Floats, y: Floats, cut: float) -> float:
    """Return the log odds ratio of a table, with a half added to each cell."""
    above = x > cut
    a, b, c, d = (float(y[side].sum() if event else (1 - y[side]).sum()) + 0.5
                  for side in (above, ~above) for event in (True, False))  # fmt: skip
    return float(np.log(a / b) - np.log(c / d))


def _blocks(draws: int, width: int) -> list[int]:
    block = max(1, _AT_ONCE // width)
    return [min(block, draws - start) for start in range(0, draws, block)]


def _largest(y: Floats, rows: int, under: Floats, expected: Floats, sd: Floats, rng: np.random.Generator) -> Floats:
    shuffled = rng.permuted(np.broadcast_to(y, (rows, y.size)), axis=1)
    return np.asarray(np.abs((shuffled @ under - expected) / sd).max(axis=1))
