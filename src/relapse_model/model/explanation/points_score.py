"""The logistic model as whole points that are added by hand, and what the rounding costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from relapse_model.arrays import Floats
from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.features.clinical_units import predictor_title
from relapse_model.features.design import level_codes
from relapse_model.model.explanation.points_bins import ValueBins, bin_of, value_bins
from relapse_model.model.explanation.points_loss import RoundingLoss, rounding_loss
from relapse_model.model.explanation.single_effects import FLAT, additive_effect, model_log_odds, require_logistic
from relapse_model.study.study import Study
from relapse_model.validation.logistic_fit import fit_logistic, risk_of

if TYPE_CHECKING:
    from relapse_model.model.trained import TrainedModel

FEWEST_PATIENTS = 10
MISSING = "missing"


@dataclass(frozen=True, slots=True)
class PredictorPoints:
    """The points of one predictor.

    Attributes
    ----------
    name, title : str
        Name in the table of predictors; label with its unit.
    bins : ValueBins
    points : tuple of int
        One for each bin, 0 or more.
    missing : int
        Points where the value is not known.
    """

    name: str
    title: str
    bins: ValueBins
    points: tuple[int, ...]
    missing: int

    def of(self, codes: Floats) -> NDArray[np.int64]:
        """Return the points of values on the scale of the model; NaN is missing."""
        known = ~np.isnan(codes)
        points = np.full(len(codes), self.missing, dtype=np.int64)
        points[known] = np.array(self.points, dtype=np.int64)[bin_of(codes[known], self.bins.cuts)]
        return points


@dataclass(frozen=True)
class PointsScore:
    """Whole points for each predictor, the risk of each total, and the accuracy lost. Made by `points_score`.

    Attributes
    ----------
    study : Study
    predictors : tuple of PredictorPoints
        In the order of the study.
    intercept, slope : float
        Log-odds at 0 points, and per point.
    loss : RoundingLoss
    """

    study: Study
    predictors: tuple[PredictorPoints, ...]
    intercept: float
    slope: float
    loss: RoundingLoss

    def table(self) -> pd.DataFrame:
        """Return the points of every value: columns predictor, value, points."""
        rows = [
            (one.title, value, points)
            for one in self.predictors
            for value, points in zip((*one.bins.labels, MISSING), (*one.points, one.missing), strict=True)
        ]
        return pd.DataFrame(rows, columns=["predictor", "value", "points"])

    def risks(self) -> pd.DataFrame:
        """Return the risk of every total that can be reached: columns points, risk (0 to 1)."""
        totals = np.arange(sum(max(*one.points, one.missing) for one in self.predictors) + 1)
        return pd.DataFrame({"points": totals, "risk": self._risk(totals)})

    def score(self, features: pd.DataFrame) -> pd.DataFrame:
        """Return total points and risk of every patient.

        Parameters
        ----------
        features : DataFrame
            As `derive_features` makes it.

        Returns
        -------
        DataFrame
            Columns points, risk; indexed like `features`.
        """
        totals = _totals(self.predictors, _codes(features, self.study))
        return pd.DataFrame({"points": totals, "risk": self._risk(totals)}, index=features.index)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values, for JSON."""
        return {
            "outcome": self.study.outcome.name,
            "predictors": [
                {
                    "name": one.name,
                    "title": one.title,
                    "values": [
                        {"value": value, "points": points}
                        for value, points in zip(one.bins.labels, one.points, strict=True)
                    ],
                    "missing": one.missing,
                }
                for one in self.predictors
            ],
            "risks": [
                {"points": int(points), "risk": float(risk)}
                for points, risk in self.risks().itertuples(index=False, name=None)
            ],
            "intercept": self.intercept,
            "slope": self.slope,
            "loss": asdict(self.loss),
        }

    def _risk(self, totals: NDArray[np.int64]) -> Floats:
        return risk_of(np.asarray(self.intercept + self.slope * totals, dtype=np.float64))


def points_score(
    model: TrainedModel,
    features: pd.DataFrame,
    *,
    relapse: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    largest: int = 10,
    bins: Mapping[str, Sequence[float]] | None = None,
) -> PointsScore:
    """Turn a logistic model into points that are added by hand.

    Assumes log-odds that are all but a sum of one function per predictor. Each function is read off the model for
    the reference patient (means, commonest levels) with this one predictor changed, in the middle of each bin; so a
    product of predictors is seen at the others' means only. The predictor with the widest effect spans `largest`
    points, and neighbouring bins of equal points become one. The risk of a total is the logistic recalibration of
    the total on the model's risks (not on outcomes) in the given patients, whose mean risk it keeps.

    Parameters
    ----------
    model : TrainedModel
        Of one of the classifiers prior_logistic, ridge_logistic, elastic_net.
    features : DataFrame
        Predictors of 10 patients or more, as `derive_features` makes them; best those of the training.
    relapse : array-like of shape (n,), optional
        1, 0, or NaN where the weight is 0: then the loss is also measured against the outcomes.
    weight : array-like of shape (n,), optional
        Such as censoring weights; used for the outcomes only.
    largest : int, default=10
        Points between the lowest and the highest bin of the predictor that moves the risk most.
    bins : mapping of str to sequence of float, optional
        Cut points in clinical units, by the name of a predictor, instead of the round ones; never joined.

    Returns
    -------
    PointsScore

    Raises
    ------
    RelapseModelError
        If the classifier is not a logistic one, a predictor's column is lacking, or an argument is no such thing.
    InsufficientDataError
        If fewer than 10 patients came, no predictor moves the risk, or all patients have the same points.

    Notes
    -----
    Sullivan, Massaro and D'Agostino, Stat Med 23 (2004) 1631-1660.

    Examples
    --------
    >>> import relapse_model as rm
    >>> study, cohort = rm.load_study("hbsag-relapse"), rm.simulate_cohort(132, seed=7)
    >>> model = rm.train(cohort, study, candidates=("prior_logistic",))
    >>> found = points_score(model, rm.derive_features(cohort, study))
    >>> int(found.table()["points"].max())
    10
    """
    _check(model, features, largest, bins or {})
    codes = _codes(features, model.study)
    predictors = _predictor_points(model, largest, bins or {})
    totals, log_odds = _totals(predictors, codes), model_log_odds(model, codes)
    if np.ptp(totals) == 0 or np.ptp(log_odds) < FLAT:
        raise InsufficientDataError(
            f"points_score: all {len(features)} patients have the same points or the same risk, so points cannot be "
            "tied to risks; expected patients who differ. Give the patients of the training."
        )
    intercept, slope = _recalibrate(totals, risk_of(log_odds))
    risk = risk_of(np.asarray(intercept + slope * totals, dtype=np.float64))
    loss = rounding_loss(risk_of(log_odds), risk, relapse, weight)
    return PointsScore(model.study, predictors, intercept, slope, loss)


def _check(model: TrainedModel, features: pd.DataFrame, largest: int, bins: Mapping[str, Sequence[float]]) -> None:
    require_logistic(model, "points_score")
    if len(features) < FEWEST_PATIENTS:
        raise InsufficientDataError(
            f"points_score: {len(features)} patients came; expected {FEWEST_PATIENTS} or more, in whom points are "
            "tied to risks. Give the patients of the training."
        )
    if isinstance(largest, bool) or not isinstance(largest, int | np.integer) or largest < 1:
        raise RelapseModelError(f"points_score: largest is {largest!r}; expected a whole number of points, 1 or more.")
    names = [predictor.name for predictor in model.study.predictors]
    unknown = sorted(set(bins) - set(names))
    if unknown:
        raise RelapseModelError(f"bins: no predictor is called {unknown}; expected some of {', '.join(names)}.")


def _codes(features: pd.DataFrame, study: Study) -> Floats:
    lacking = [predictor.name for predictor in study.predictors if predictor.name not in features]
    if lacking:
        raise RelapseModelError(
            f"features: the columns {', '.join(lacking)} are lacking; expected one for each predictor of the study. "
            "Make the table with derive_features."
        )
    return level_codes(features, study)


def _predictor_points(
    model: TrainedModel, largest: int, given: Mapping[str, Sequence[float]]
) -> tuple[PredictorPoints, ...]:
    predictors, summary = model.study.predictors, model.summary["predictors"]
    all_bins = [value_bins(one, summary[one.name], given.get(one.name)) for one in predictors]
    effects = [additive_effect(model, place, [*one.at, np.nan]) for place, one in enumerate(all_bins)]
    widest = max(float(np.ptp(effect[:-1])) for effect in effects)
    if widest < FLAT:
        raise InsufficientDataError(
            "points_score: no predictor moves the risk of this model, so there is nothing to give points for; "
            "expected one that does."
        )
    found = []
    for predictor, bins, effect in zip(predictors, all_bins, effects, strict=True):
        points = np.rint(largest * (effect - effect[:-1].min()) / widest).astype(np.int64)
        points -= min(0, int(points[-1]))  # where missing is lowest, it gets the 0
        one = PredictorPoints(predictor.name, predictor_title(predictor), bins, _as_ints(points[:-1]), int(points[-1]))
        found.append(one if bins.names or predictor.name in given else _joined(one))
    return tuple(found)


def _joined(one: PredictorPoints) -> PredictorPoints:
    """Make one bin of neighbours that have the same points."""
    points = np.array(one.points)
    kept = points[1:] != points[:-1]
    shown = tuple(cut for cut, keep in zip(one.bins.shown, kept, strict=True) if keep)
    first = np.concatenate([[True], kept])
    bins = ValueBins(one.bins.cuts[kept], shown, one.bins.at[first])
    return replace(one, bins=bins, points=_as_ints(points[first]))


def _as_ints(points: NDArray[np.int64]) -> tuple[int, ...]:
    return tuple(int(number) for number in points)


def _totals(predictors: Sequence[PredictorPoints], codes: Floats) -> NDArray[np.int64]:
    return np.asarray(np.sum([one.of(codes[:, place]) for place, one in enumerate(predictors)], axis=0))


def _recalibrate(totals: NDArray[np.int64], risk: Floats) -> tuple[float, float]:
    """Return intercept and slope of the log-odds by points, fitted to risks: each patient an event with that weight."""
    design = np.column_stack([np.ones(len(totals)), totals])
    event = np.repeat([1.0, 0.0], len(totals))
    fit = fit_logistic(np.vstack([design, design]), event, np.concatenate([risk, 1.0 - risk]), sandwich=False)
    return float(fit.coefficients[0]), float(fit.coefficients[1])
