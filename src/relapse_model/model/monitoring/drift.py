"""Have the predictors moved away from those of the training? Shares beyond its quantiles, of levels, of missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Mask
from relapse_model.features.clinical_units import clinical, three_figures, unit_shown
from relapse_model.small_counts import BELOW_ROUNDED, HIDDEN, ROUNDED, SMALL
from relapse_model.study.predictor import Predictor
from relapse_model.study.study import Study
from relapse_model.validation.classification_measures import wilson
from relapse_model.validation.estimate import Estimate

_QUANTILES = (("p05", 0.05), ("median", 0.5), ("p95", 0.95))


@dataclass(frozen=True, slots=True)
class DriftedShare:
    """A share of the new patients beside the share that the training gives reason to expect.

    Attributes
    ----------
    what : str
        Such as ``below 5 mIU/mL, the 5th percentile of the training``.
    found : Estimate
        With Wilson's 95 % interval.
    expected : float
        Of the training; where it keeps only that a count was below 5, the share at 4.
    p_value : float
        Of a share as far off as this, or further, if both are from one population.
    """

    what: str
    found: Estimate
    expected: float
    p_value: float


@dataclass(frozen=True, slots=True)
class PredictorDrift:
    """One predictor, or one kind of warning, in new patients and in the training.

    Attributes
    ----------
    name, label : str
    patients : int
        New patients looked at.
    shares : tuple of DriftedShare
    """

    name: str
    label: str
    patients: int
    shares: tuple[DriftedShare, ...]

    @property
    def p_value(self) -> float:
        """Return the smallest p of its shares, times their number (Bonferroni), at most 1."""
        return min(1.0, min((one.p_value for one in self.shares), default=1.0) * max(1, len(self.shares)))

    @property
    def furthest(self) -> DriftedShare:
        """Return the share that is hardest to explain by chance."""
        return min(self.shares, key=lambda one: one.p_value)


def predictor_drift(
    features: pd.DataFrame, study: Study, summary: dict[str, Any], patient: NDArray[np.intp] | None = None
) -> tuple[PredictorDrift, ...]:
    """Compare the predictors of new patients with the summary of the training.

    A quantile of the training is itself uncertain: of new patients of the same population the number below the k-th
    of n training values has a beta-binomial distribution with k and n + 1 - k, whatever the distribution of the
    values; equal values make the test cautious. So 9 % below the 5th percentile of 132 training patients is no drift.
    Below and above are tested each for too many. Shares of yes, of levels and of missing are compared with Fisher's
    exact test; missing, again, for too many. Assumes patients independent of one another.

    Parameters
    ----------
    features : DataFrame
        As `derive_features` returns it, of the patients that can be scored.
    study : Study
    summary : dict
        Of the model.
    patient : array of int, optional
        The patient of each row, where one has several (one per landmark). Shares are then those of rows, as if each
        patient were one.

    Returns
    -------
    tuple of PredictorDrift
        One per predictor, but for the week of the prediction itself, in the order of the study.

    Examples
    --------
    >>> import relapse_model as rm
    >>> study = rm.load_study("hbsag-relapse")
    >>> model = rm.train(rm.simulate_cohort(132, seed=7), study, candidates=("prior_logistic",))
    >>> older = rm.derive_features(rm.simulate_cohort(60, seed=9), study).assign(age=60.0)
    >>> [one.label for one in predictor_drift(older, study, model.summary) if one.p_value < 0.001]
    ['Age']
    """
    who = np.arange(len(features)) if patient is None else np.unique(patient, return_inverse=True)[1]
    found = []
    for predictor in study.predictors:
        if predictor.kind != "landmark_week":
            training = summary["predictors"][predictor.name]
            shares = tuple(_shares(features[predictor.name], predictor, training, int(summary["patients"]), who))
            found.append(PredictorDrift(predictor.name, predictor.label, int(who.max()) + 1, shares))
    return tuple(found)


def too_many(what: str, count: int, of: int, trained: int | str, trained_of: int) -> DriftedShare:
    """Compare a count with one of the training; too many is drift, too few is none.

    Parameters
    ----------
    what : str
    count, of : int
        Of the new patients.
    trained : int or str
        Of the training patients; ``"<5"`` counts as 4.
    trained_of : int
    """
    return _compared(what, count, of, _most(trained), trained_of, "greater")


def training_missing(training: dict[str, Any], patients: int) -> int:
    """Return of how many training patients a predictor is not known, or the largest number that it may be.

    Parameters
    ----------
    training : dict
        The summary of the predictor.
    patients : int
        Of the training.

    Examples
    --------
    >>> training_missing({"missing": "hidden", "levels": {"B": 80, "C": "<5"}}, 100)
    19
    """
    if training["missing"] != HIDDEN:
        return _most(training["missing"])
    counts = training["levels"].values()
    rest = patients - sum(count if isinstance(count, int) else 1 for count in counts)
    return max(0, rest)


def beyond(what: str, count: int, of: int, share: float, known: int) -> DriftedShare:
    """Compare the number beyond a quantile of the training with what is to be expected there; too many is drift.

    Parameters
    ----------
    what : str
    count, of : int
        New patients beyond it, and all that have a value.
    share : float
        Of the training beyond it: 0.05 below its 5th percentile.
    known : int
        Training patients with a value.

    Notes
    -----
    Training quantiles are interpolated as NumPy does, at place ``share (n - 1) + 1`` among the n values.

    Examples
    --------
    All of 3 new patients below the median of many: one chance in eight.

    >>> round(beyond("below the median", 3, 3, 0.5, 100_000).p_value, 3)
    0.125
    """
    from scipy.stats import betabinom

    place = share * (known - 1) + 1
    p_value = float(betabinom.sf(count - 1, of, place, known + 1 - place))
    return DriftedShare(what, wilson(count / of, of), share, min(1.0, max(0.0, p_value)))


def _shares(
    values: pd.Series, predictor: Predictor, training: dict[str, Any], patients: int, who: NDArray[np.intp]
) -> Iterator[DriftedShare]:
    gone = values.isna().to_numpy()
    missing = training_missing(training, patients)
    known, trained = _any_row(~gone, who), patients - missing
    if known and trained > 0:
        yield from _levels(values, predictor, training, known, trained, who) if predictor.levels else ()
        yield from _numbers(values, known, predictor, training, trained) if training.get("mean") is not None else ()
    yield too_many("missing", _any_row(gone, who), int(who.max()) + 1, missing, patients)


def _levels(
    values: pd.Series, predictor: Predictor, training: dict[str, Any], known: int, trained: int, who: NDArray[np.intp]
) -> Iterator[DriftedShare]:
    counts = list(training["levels"].values())
    others = trained - sum(count for count in counts if isinstance(count, int))
    # All that is not disclosed, less the few of another level; of several hidden ones each may be nearly all of it.
    most = min(max(others - SMALL // 2 - SMALL * (counts.count(HIDDEN) - 1), SMALL), trained)
    for level, count in zip(predictor.levels, (training["levels"][level] for level in predictor.levels), strict=True):
        has = _any_row((values == level).to_numpy(dtype=bool), who)
        if isinstance(count, int) or (count == HIDDEN and counts.count(HIDDEN) == 1):
            was = min(count, trained) if isinstance(count, int) else most
            yield _compared(level, has, known, was, trained, "two-sided")
        else:
            yield too_many(level, has, known, most if count == HIDDEN else count, trained)


def _numbers(
    values: pd.Series, known: int, predictor: Predictor, training: dict[str, Any], trained: int
) -> Iterator[DriftedShare]:
    number = values.dropna().to_numpy(dtype=float)
    if _yes_no(predictor, training) and np.isin(number, (0.0, 1.0)).all():
        yes, was = round(float(number.mean()) * known), round(training["mean"] * trained)
        yield _compared("yes", yes, known, was, trained, "two-sided")
        return
    for name, share in _QUANTILES:
        at = training[name]
        shown = f"{three_figures(float(clinical(np.array([at]), predictor)[0]))} {unit_shown(predictor)}".rstrip()
        title = "the median" if name == "median" else f"percentile {100 * share:g}"
        # A mean of equal values may differ from them in its last digit.
        close = np.isclose(number, at, rtol=1e-9, atol=1e-12)
        if share <= 0.5:
            yield beyond(
                f"below {shown}, {title} of the training", _of(number < at, close, known), known, share, trained
            )
        if share >= 0.5:
            what = f"above {shown}, {title} of the training"
            yield beyond(what, _of(number > at, close, known), known, 1 - share, trained)


def _of(outside: Mask, close: Mask, known: int) -> int:
    """Return how many patients a share of the rows stands for."""
    return int(np.floor(float((outside & ~close).mean()) * known + 1e-9))


def _yes_no(predictor: Predictor, training: dict[str, Any]) -> bool:
    stated = predictor.equals is not None or predictor.kind == "column" or unit_shown(predictor) == "0/1"
    return stated and {training["p05"], training["p95"]} <= {0.0, 1.0} and 0.0 <= training["mean"] <= 1.0


def _compared(what: str, count: int, of: int, trained: int, trained_of: int, side: str) -> DriftedShare:
    from scipy.stats import fisher_exact

    table = [[count, of - count], [trained, trained_of - trained]]
    p_value = float(fisher_exact(table, alternative=side).pvalue)
    return DriftedShare(what, wilson(count / of, of), trained / trained_of, p_value)


def _any_row(rows: Mask, who: NDArray[np.intp]) -> int:
    """Return how many patients have one of these rows."""
    return len(np.unique(who[rows]))


def _most(count: int | str) -> int:
    """Return a count of the summary, or the largest that it may be where it is not disclosed."""
    return count if isinstance(count, int) else (ROUNDED if count == BELOW_ROUNDED else SMALL) - 1
