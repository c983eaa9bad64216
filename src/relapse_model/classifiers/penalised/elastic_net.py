"""Elastic-net logistic regression, penalty by cross-validation: the comparator that leaves columns out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from relapse_model.arrays import Floats
from relapse_model.classifiers.penalised.elastic_net_solver import elastic_net_logistic
from relapse_model.classifiers.penalised.linear import LinearClassifier, LinearLogOdds
from relapse_model.classifiers.shared.base import IntervalUnavailableError, TrainingRows
from relapse_model.classifiers.shared.columns import ColumnSummary, fill_missing, summarise_columns
from relapse_model.classifiers.shared.folds import counted, group_numbers, log_loss_total, tuning_folds
from relapse_model.classifiers.shared.risks import sigmoid, tail_levels
from relapse_model.classifiers.shared.saved_parts import Document, read_document, told, write_document
from relapse_model.errors import RelapseModelError

_FORM, _PART = "relapse-model elastic net", "elastic_net.json"
_MOST_RESAMPLES = 10_000
_LARGEST_EFFECT = 1e9  # log-odds per standard deviation of a column: no fit comes near it


class ElasticNetLogisticClassifier(LinearClassifier):
    """Logistic regression with a mixed L1 and L2 penalty on standardised columns, chosen by cross-validation.

    Assumes a risk whose log-odds are linear in few of the columns, and independent rows (or groups). It leaves
    columns out, but at 20 events which ones is mostly chance: read no finding from a coefficient of zero. A missing
    value takes the weighted median of its column; a column without any value is left out.

    Intervals are percentiles of the risks of resamples, centred at the model's own risk: refits with exponential row
    weights (Bayesian bootstrap: Rubin, Ann Stat 9 (1981) 130-134). The penalty is taken as given and its pull towards
    zero is not undone, so they are rather too narrow than too wide.

    Parameters
    ----------
    l1_shares : sequence of float, default=(0.1, 0.5, 0.95)
        Shares of the L1 penalty tried, above 0 and below 1. 0.95 stands for the lasso: it selects like it, but
        divides an effect between equal columns.
    penalty_ratios : sequence of float, optional
        Penalties tried, each as a share of the smallest one that leaves no column in. By default 16 from 1,
        which is the mean risk for everybody, to 0.003.
    folds : int, default=5
        Folds of the cross-validation.
    interval_resamples : int, default=100
        Fits with random row weights, from which ``predict_interval`` is read; 0 for none.
    seed : int, default=0
        Seed of the folds and of the resamples.

    Attributes
    ----------
    coef_ : ndarray of shape (p,)
        Log-odds per standard deviation of each column; 0 where it was left out.
    intercept_ : float
        Log-odds at ``center_``.
    impute_, center_, scale_ : ndarray of shape (p,)
        Weighted median, mean and standard deviation of the training columns (scale 1 where constant).
    l1_share_, penalty_ : float
        The choice. The penalty stands beside the sum of the log losses, as 1 / C in scikit-learn.
    cv_log_loss_ : ndarray of shape (n_shares, n_ratios)
        Mean held-out log loss of each choice.
    resampled_ : ndarray of shape (n_resamples, p + 1)
        Intercepts and coefficients of the resamples.
    classes_, n_features_in_
        As in scikit-learn; the risk is that of ``classes_[1]``.

    Notes
    -----
    Elastic net: Zou and Hastie, J R Stat Soc B 67 (2005) 301-320. Solved by proximal Newton steps with coordinate
    descent inside, as Friedman, Hastie and Tibshirani, J Stat Softw 33 (2010) 1, all penalties at once.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(132, 3))
    >>> y = rng.random(132) < 1 / (1 + np.exp(2 - 2 * X[:, 0]))
    >>> model = ElasticNetLogisticClassifier().fit(X, y)
    >>> model.predict_proba(X).shape, int(np.abs(model.coef_).argmax())
    ((132, 2), 0)
    """

    def __init__(
        self,
        l1_shares: Sequence[float] = (0.1, 0.5, 0.95),
        penalty_ratios: Sequence[float] | None = None,
        folds: int = 5,
        interval_resamples: int = 100,
        seed: int = 0,
    ):
        self.l1_shares = l1_shares
        self.penalty_ratios = penalty_ratios
        self.folds = folds
        self.interval_resamples = interval_resamples
        self.seed = seed

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> Self:
        rows = self._training_rows(X, y, sample_weight)
        shares, ratios = self._grid()
        columns = summarise_columns(rows.X, rows.weight)
        design = _standardise(rows.X, columns)
        penalties = np.outer(_largest_penalty(design, rows) / shares, ratios)
        group = None if groups is None else counted(groups, "groups", sample_weight, len(np.asarray(y)))
        fold = tuning_folds(rows.event, self.folds, self.seed, group)
        losses = [_held_out_loss(rows, fold == held, shares, penalties) for held in range(fold.max() + 1)]
        self.cv_log_loss_ = np.sum(losses, axis=0) / rows.weight.sum()
        self._choose(shares, penalties)
        theta = elastic_net_logistic(design, rows.event, rows.weight, *self._penalty(1))[0]
        self.intercept_, self.coef_ = float(theta[0]), theta[1:]
        self.impute_, self.center_, self.scale_ = columns.impute, columns.center, columns.scale
        self.resampled_ = self._resample(design, rows, group)
        return self

    def predict_interval(self, X: ArrayLike, level: float = 0.9) -> Floats:
        levels = tail_levels(level)
        distance = self._standardised(X)
        if not len(self.resampled_):
            raise IntervalUnavailableError(
                "This classifier was fitted with interval_resamples=0, so it has no intervals; expected 1 or "
                "more. Fit it again with, say, interval_resamples=100."
            )
        resampled = self.resampled_[:, 1:] @ distance.T + self.resampled_[:, :1]
        shift = np.quantile(resampled - np.median(resampled, axis=0), levels, axis=0)
        return sigmoid(distance @ self.coef_ + self.intercept_ + shift).T

    def to_parts(self) -> dict[str, bytes]:
        shares, ratios = self._grid()
        settings = {
            "l1_shares": shares,
            "penalty_ratios": ratios,
            "folds": int(self.folds),
            "interval_resamples": int(self.interval_resamples),
            "seed": int(self.seed),
        }
        values = {
            "settings": settings,
            "default_ratios": self.penalty_ratios is None,
            **self._identity(),
            "l1_share": self.l1_share_,
            "penalty": self.penalty_,
            "cv_log_loss": told(self.cv_log_loss_),
            "intercept": self.intercept_,
            "coef": self.coef_,
            "impute": self.impute_,
            "center": self.center_,
            "scale": self.scale_,
            "resampled": self.resampled_,
        }
        return {_PART: write_document(_FORM, values)}

    @classmethod
    def from_parts(cls, parts: Mapping[str, bytes]) -> Self:
        document = read_document(parts, _PART, _FORM)
        model = cls(**_read_settings(document))
        model._restore_identity(document)
        shares, ratios = model._grid()
        size = model.n_features_in_
        model.l1_share_ = document.number("l1_share", 0.0, 1.0)
        model.penalty_ = document.number("penalty", low=0.0)
        model.cv_log_loss_ = document.array_if_told("cv_log_loss", (len(shares), len(ratios)))
        model.intercept_ = document.number("intercept", -_LARGEST_EFFECT, _LARGEST_EFFECT)
        model.coef_ = document.array("coef", (size,))
        model.impute_, model.center_, model.scale_ = (
            document.array(key, (size,)) for key in ("impute", "center", "scale")
        )
        model.resampled_ = _read_resampled(document, model.interval_resamples, size)
        _check_numbers(document, model)
        return model

    def _grid(self) -> tuple[Floats, Floats]:
        """Return the shares of L1 and the ratios of the penalty, once they are found usable."""
        default = np.geomspace(1.0, 0.003, 16) if self.penalty_ratios is None else self.penalty_ratios
        shares, ratios = np.asarray(self.l1_shares, dtype=np.float64), np.asarray(default, dtype=np.float64)
        if shares.ndim != 1 or not shares.size or not ((shares > 0) & (shares < 1)).all():
            raise RelapseModelError(f"l1_shares is {self.l1_shares!r}; expected one or more shares between 0 and 1.")
        if ratios.ndim != 1 or not ratios.size or not ((ratios > 0) & (ratios <= 1)).all():
            raise RelapseModelError(
                f"penalty_ratios is {self.penalty_ratios!r}; expected one or more numbers above 0, up to 1."
            )
        if not 0 <= self.interval_resamples <= _MOST_RESAMPLES:
            raise RelapseModelError(
                f"interval_resamples is {self.interval_resamples!r}; expected 0 to {_MOST_RESAMPLES}."
            )
        return shares, ratios

    def _choose(self, shares: Floats, penalties: Floats) -> None:
        """Take the best choice; of equally good ones the fewest columns: most L1."""
        best = np.argwhere(self.cv_log_loss_ == self.cv_log_loss_.min())
        _, self.l1_share_, self.penalty_ = max(
            (float(shares[s] * penalties[s, r]), float(shares[s]), float(penalties[s, r])) for s, r in best
        )

    def _penalty(self, count: int) -> tuple[Floats, Floats]:
        """Return the chosen L1 and L2 penalties, ``count`` times."""
        l1 = self.l1_share_ * self.penalty_
        return np.full(count, l1), np.full(count, self.penalty_ - l1)

    def _resample(self, design: Floats, rows: TrainingRows, group: NDArray[Any] | None) -> Floats:
        if not self.interval_resamples:
            return np.empty((0, design.shape[1] + 1))
        rng = np.random.default_rng([self.seed, 1])
        unit = np.arange(len(rows.event)) if group is None else group_numbers(group, len(rows.event))
        weight = rows.weight * rng.exponential(size=(self.interval_resamples, unit.max() + 1))[:, unit]
        return elastic_net_logistic(design, rows.event, weight, *self._penalty(self.interval_resamples))

    def _line(self) -> LinearLogOdds:
        return LinearLogOdds(self.coef_ / self.scale_, self.center_, self.intercept_, self.impute_)

    def _standardised(self, X: ArrayLike) -> Floats:
        return _standardise(self._new_rows(X), ColumnSummary(self.impute_, self.center_, self.scale_))


def _standardise(X: Floats, columns: ColumnSummary) -> Floats:
    return (fill_missing(X, columns.impute) - columns.center) / columns.scale


def _largest_penalty(design: Floats, rows: TrainingRows) -> float:
    """Return the smallest L1 penalty at which every coefficient is zero."""
    mean = rows.weight @ rows.event / rows.weight.sum()
    largest = np.abs((rows.weight * (rows.event - mean)) @ design).max()
    return float(max(largest, 1e-6 * rows.weight.sum()))  # above zero where no column says anything


def _held_out_loss(rows: TrainingRows, held: NDArray[np.bool_], shares: Floats, penalties: Floats) -> Floats:
    """Return summed log losses on the held-out rows, (shares, ratios): all of them in one batch of fits."""
    columns = summarise_columns(rows.X[~held], rows.weight[~held])
    known, new = _standardise(rows.X[~held], columns), _standardise(rows.X[held], columns)
    l1 = (shares[:, None] * penalties).ravel()
    theta = elastic_net_logistic(known, rows.event[~held], rows.weight[~held], l1, penalties.ravel() - l1)
    log_odds = theta[:, 1:] @ new.T + theta[:, :1]
    return log_loss_total(rows.event[held], log_odds, rows.weight[held]).reshape(penalties.shape)


def _read_settings(document: Document) -> dict[str, Any]:
    values = document.get("settings")
    if not isinstance(values, dict):
        document.refuse("settings", "an object")
    settings = Document(f"{document.name}, settings", values)
    shares, ratios = settings.numbers("l1_shares"), settings.numbers("penalty_ratios")
    if not all(0.0 < share < 1.0 for share in shares):
        settings.refuse("l1_shares", "shares between 0 and 1")
    if not all(0.0 < ratio <= 1.0 for ratio in ratios):
        settings.refuse("penalty_ratios", "numbers above 0, up to 1")
    return {
        "l1_shares": shares,
        "penalty_ratios": None if document.get("default_ratios") is True else ratios,
        "folds": settings.integer("folds", 2, 2**31),
        "interval_resamples": settings.integer("interval_resamples", 0, _MOST_RESAMPLES),
        "seed": settings.integer("seed", 0, 2**63),
    }


def _read_resampled(document: Document, resamples: int, columns: int) -> Floats:
    if not resamples and document.get("resampled") == []:
        return np.empty((0, columns + 1))
    return document.array("resampled", (resamples, columns + 1))


def _check_numbers(document: Document, model: ElasticNetLogisticClassifier) -> None:
    if not ((model.scale_ >= 1e-30) & (model.scale_ <= 1e30)).all():
        document.refuse("scale", "standard deviations from 1e-30 to 1e30")
    if max(np.abs(model.impute_).max(), np.abs(model.center_).max()) > 1e30:
        document.refuse("center", "values within 1e30")
    for key, values in (("coef", model.coef_), ("resampled", model.resampled_)):
        if np.abs(values).max(initial=0.0) > _LARGEST_EFFECT:
            document.refuse(key, f"effects within {_LARGEST_EFFECT:g} log-odds per standard deviation")
