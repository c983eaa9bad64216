"""Boosted trees kept small enough for small cohorts: depth, penalty and rounds chosen by cross-validation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from relapse_model.classifiers.base import RiskClassifier, TrainingRows
from relapse_model.classifiers.booster_file import check_booster, read_booster
from relapse_model.classifiers.folds import log_loss_total, stratified_folds
from relapse_model.classifiers.mixture import sigmoid, tail_levels
from relapse_model.classifiers.parts import Document, read_document, read_part, write_document
from relapse_model.errors import RelapseModelError

if TYPE_CHECKING:
    import xgboost

FloatArray = NDArray[np.float64]

_FORM = "relapse-model boosted trees"
_PART, _BOOSTER, _INTERVAL = "boosted_trees.json", "booster.ubj", "interval_{:03d}.ubj"
_MOST_ROUNDS = 10_000
_MOST_RESAMPLES = 1000  # three digits in the name of a part


class IntervalUnavailableError(RelapseModelError):
    """The classifier was fitted without the resamples that its intervals are read from."""


class BoostedTreesClassifier(RiskClassifier):
    """Gradient-boosted trees (xgboost), never more complex than cross-validation says.

    Assumes independent rows. Zero rounds, which is the mean risk for everybody, is one of the choices, so
    that noise gives nearly the mean risk. At 20 events it loses to a logistic model with prior knowledge; it
    earns its place from about a thousand patients. Missing values take the branch that training found best.

    Parameters
    ----------
    monotone : sequence of int of shape (p,), optional
        1 where the risk may only rise with the column, -1 where it may only fall, 0 where both.
    depths : tuple of int, default=(1, 2)
        Tree depths tried; 1 has no interactions.
    l2 : tuple of float, default=(1.0, 10.0)
        L2 penalties on the leaves tried.
    learning_rate : float, default=0.1
        Share of each tree that is added.
    max_rounds : int, default=150
        Most trees tried.
    folds : int, default=5
        Folds of the cross-validation.
    interval_resamples : int, default=0
        Boosters refitted with random row weights for ``predict_interval``; 0 for none.
    seed : int, default=0
        Seed of the folds and of the resamples.

    Attributes
    ----------
    booster_ : xgboost.Booster
        Fitted on all rows; its base score is the mean risk.
    depth_, l2_, rounds_ : int, float, int
        The choice.
    round_counts_ : ndarray of shape (n_counts,)
        Numbers of rounds that were compared.
    cv_log_loss_ : ndarray of shape (n_depths, n_l2, n_counts)
        Mean held-out log loss of each choice.
    interval_boosters_ : list of xgboost.Booster
        The resampled boosters.
    classes_, n_features_in_
        As in scikit-learn; the risk is that of ``classes_[1]``.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(132, 2))
    >>> y = rng.random(132) < 1 / (1 + np.exp(2 - 2 * X[:, 0]))
    >>> model = BoostedTreesClassifier(monotone=(1, 0), max_rounds=30).fit(X, y)
    >>> model.predict_proba(X).shape
    (132, 2)
    """

    def __init__(
        self,
        monotone: Sequence[int] | None = None,
        depths: Sequence[int] = (1, 2),
        l2: Sequence[float] = (1.0, 10.0),
        learning_rate: float = 0.1,
        max_rounds: int = 150,
        folds: int = 5,
        interval_resamples: int = 0,
        seed: int = 0,
    ):
        self.monotone = monotone
        self.depths = depths
        self.l2 = l2
        self.learning_rate = learning_rate
        self.max_rounds = max_rounds
        self.folds = folds
        self.interval_resamples = interval_resamples
        self.seed = seed

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Choose depth, penalty and rounds together by cross-validated log loss, then fit on all rows.

        Parameters
        ----------
        X : array-like of shape (n, p)
            Predictors; NaN is missing.
        y : array-like of shape (n,)
            Two labels; the larger one is the event.
        sample_weight : array-like of shape (n,), optional
            Row weights; rows of weight 0 do not count at all.

        Returns
        -------
        BoostedTreesClassifier
            Itself.

        Raises
        ------
        InsufficientDataError
            If a class has fewer than 2 rows.
        RelapseModelError
            If a setting cannot be used.
        """
        rows = self._training_rows(X, y, sample_weight)
        self._check_settings(rows.X.shape[1])
        self.round_counts_ = _round_counts(self.max_rounds)
        fold = stratified_folds(rows.event, self.folds, self.seed)
        losses = [self._held_out_loss(rows, fold == held) for held in range(fold.max() + 1)]
        self.cv_log_loss_ = np.sum(losses, axis=0) / rows.weight.sum()
        self._choose()
        self.booster_ = self._train(rows, self.depth_, self.l2_, self.rounds_)
        self.interval_boosters_ = self._resample(rows)
        return self

    def predict_proba(self, X: ArrayLike) -> FloatArray:
        """Return the probabilities of no event and of the event, shape (n, 2)."""
        log_odds = self.predict_log_odds(X)
        return np.column_stack([sigmoid(-log_odds), sigmoid(log_odds)])

    def predict_log_odds(self, X: ArrayLike) -> FloatArray:
        """Return the log-odds of the event, shape (n,)."""
        rows = self._new_rows(X)
        return _margin(self.booster_, _matrix(rows))

    def contributions(self, X: ArrayLike) -> FloatArray:
        """Return exact TreeSHAP values of the log-odds, shape (n, columns + 1); the last is the base value.

        Computed by xgboost (Lundberg 2020, doi:10.1038/s42256-019-0138-9), path-dependent; rows sum to the log-odds.

        Parameters
        ----------
        X : array-like of shape (n, columns)
        """
        rows = self._new_rows(X)
        return np.asarray(self.booster_.predict(_matrix(rows), pred_contribs=True), dtype=np.float64)

    def predict_interval(self, X: ArrayLike, level: float = 0.9) -> FloatArray:
        """Return percentiles of the resampled risks, centred at the model's own risk.

        Depth, penalty and rounds are taken as given, so the interval is rather too narrow than too wide.

        Parameters
        ----------
        X : array-like of shape (n, p)
            Predictors; NaN is missing.
        level : float, default=0.9
            Share of resamples inside.

        Returns
        -------
        ndarray of shape (n, 2)
            Lower and upper risk.

        Raises
        ------
        IntervalUnavailableError
            If it was fitted with ``interval_resamples=0``.
        """
        matrix = _matrix(self._new_rows(X))
        levels = tail_levels(level)
        if not self.interval_boosters_:
            raise IntervalUnavailableError(
                "This classifier was fitted with interval_resamples=0, so it has no intervals; expected 1 or "
                "more. Fit it again with, say, interval_resamples=100."
            )
        resampled = np.array([_margin(booster, matrix) for booster in self.interval_boosters_])
        shift = np.quantile(resampled - np.median(resampled, axis=0), levels, axis=0)
        return sigmoid(_margin(self.booster_, matrix) + shift).T

    def to_parts(self) -> dict[str, bytes]:
        """Return the fitted classifier as a JSON part and its boosters, read back by ``from_parts``."""
        values = {
            "settings": self._settings(),
            **self._identity(),
            "depth": self.depth_,
            "l2": self.l2_,
            "rounds": self.rounds_,
            "cv_log_loss": self.cv_log_loss_,
        }
        parts = {_PART: write_document(_FORM, values), _BOOSTER: bytes(self.booster_.save_raw("ubj"))}
        for number, booster in enumerate(self.interval_boosters_):
            parts[_INTERVAL.format(number)] = bytes(booster.save_raw("ubj"))
        for name, data in parts.items():
            if name != _PART:  # never write what would be refused
                check_booster(data, name, self.n_features_in_, self.rounds_)
        return parts

    @classmethod
    def from_parts(cls, parts: Mapping[str, bytes]) -> Self:
        """Return the classifier that ``to_parts`` wrote.

        Raises
        ------
        ModelFileError
            If a part is missing, or anything in it is not what this classifier writes.
        """
        document = read_document(parts, _PART, _FORM)
        columns = document.integer("n_features", 1, 100_000)
        model = cls(**_read_settings(document, columns))
        model._restore_identity(document)
        model.depth_ = document.integer("depth", 1, 32)
        model.l2_ = document.number("l2", low=0.0)
        model.rounds_ = document.integer("rounds", 0, model.max_rounds)
        model.round_counts_ = _round_counts(model.max_rounds)
        shape = (len(model.depths), len(model.l2), len(model.round_counts_))
        model.cv_log_loss_ = document.array("cv_log_loss", shape)
        names = [_BOOSTER, *(_INTERVAL.format(number) for number in range(model.interval_resamples))]
        boosters = [read_booster(read_part(parts, name), name, columns, model.rounds_) for name in names]
        model.booster_, model.interval_boosters_ = boosters[0], boosters[1:]
        return model

    def _choose(self) -> None:
        """Take the best choice; of equally good ones the fewest rounds, then the smallest tree."""
        best = np.argwhere(self.cv_log_loss_ == self.cv_log_loss_.min())
        choices = [
            (int(self.round_counts_[r]), int(self.depths[d]), -float(self.l2[penalty])) for d, penalty, r in best
        ]
        self.rounds_, self.depth_, negative = min(choices)
        self.l2_ = -negative

    def _held_out_loss(self, rows: TrainingRows, held: NDArray[np.bool_]) -> FloatArray:
        """Return summed held-out log losses, (depths, l2, counts): one fit each, read at every count."""
        known = TrainingRows(rows.X[~held], rows.event[~held], rows.weight[~held])
        training, new = _matrix(known.X, known), _matrix(rows.X[held])
        loss = np.empty((len(self.depths), len(self.l2), len(self.round_counts_)))
        for depth, penalty in np.ndindex(loss.shape[:2]):
            booster = self._train(known, self.depths[depth], self.l2[penalty], self.max_rounds, training)
            start = np.full(held.sum(), _log_odds(_mean_risk(known)))
            later = [_margin(booster, new, int(count)) for count in self.round_counts_[1:]]
            log_odds = np.array([start, *later])
            loss[depth, penalty] = log_loss_total(rows.event[held], log_odds, rows.weight[held])
        return loss

    def _train(
        self,
        rows: TrainingRows,
        depth: int,
        penalty: float,
        rounds: int,
        matrix: xgboost.DMatrix | None = None,
    ) -> xgboost.Booster:
        import xgboost

        settings = {
            "objective": "binary:logistic",
            "base_score": _mean_risk(rows),
            "tree_method": "hist",
            "max_depth": int(depth),
            "reg_lambda": float(penalty),
            "learning_rate": float(self.learning_rate),
            "nthread": 1,
            "seed": 0,  # nothing in these trees is random
        }
        if self.monotone is not None:
            settings["monotone_constraints"] = tuple(int(sign) for sign in self.monotone)
        matrix = _matrix(rows.X, rows) if matrix is None else matrix
        return xgboost.train(settings, matrix, num_boost_round=int(rounds))

    def _resample(self, rows: TrainingRows) -> list[xgboost.Booster]:
        """Refit with exponential row weights (the Bayesian bootstrap: no resample can lose a class)."""
        rng = np.random.default_rng([self.seed, 1])
        boosters = []
        for _ in range(self.interval_resamples):
            weight = rows.weight * rng.exponential(size=len(rows.weight))
            resampled = TrainingRows(rows.X, rows.event, weight)
            boosters.append(self._train(resampled, self.depth_, self.l2_, self.rounds_))
        return boosters

    def _check_settings(self, columns: int) -> None:
        signs = [] if self.monotone is None else list(self.monotone)
        if self.monotone is not None and (len(signs) != columns or not set(signs) <= {-1, 0, 1}):
            raise RelapseModelError(
                f"monotone is {self.monotone!r}; expected -1, 0 or 1 for each of {columns} columns."
            )
        accepted = {
            "depths": bool(self.depths) and all(1 <= depth <= 32 for depth in self.depths),
            "l2": bool(self.l2) and all(0 <= penalty < np.inf for penalty in self.l2),
            "learning_rate": 0 < self.learning_rate <= 1,
            "max_rounds": 0 <= self.max_rounds <= _MOST_ROUNDS,
            "interval_resamples": 0 <= self.interval_resamples <= _MOST_RESAMPLES,
        }
        for name, good in accepted.items():
            if not good:
                raise RelapseModelError(f"{name} is {getattr(self, name)!r}, which cannot be used; see the docstring.")

    def _settings(self) -> dict[str, object]:
        return {
            "monotone": None if self.monotone is None else [int(sign) for sign in self.monotone],
            "depths": [int(depth) for depth in self.depths],
            "l2": [float(penalty) for penalty in self.l2],
            "learning_rate": float(self.learning_rate),
            "max_rounds": int(self.max_rounds),
            "folds": int(self.folds),
            "interval_resamples": int(self.interval_resamples),
            "seed": int(self.seed),
        }


def _round_counts(most: int) -> NDArray[np.int64]:
    """Return the numbers of rounds compared: 0, then about a dozen, each a third more than the last."""
    counts = np.append(0, np.round(np.geomspace(1, max(most, 1), 16)).astype(np.int64))
    return np.unique(counts[counts <= most])


def _mean_risk(rows: TrainingRows) -> float:
    return float(rows.weight @ rows.event / rows.weight.sum())


def _log_odds(risk: float) -> float:
    return float(np.log(risk) - np.log1p(-risk))


def _matrix(X: FloatArray, rows: TrainingRows | None = None) -> xgboost.DMatrix:
    import xgboost

    if rows is None:
        return xgboost.DMatrix(X, nthread=1)
    return xgboost.DMatrix(X, label=rows.event, weight=rows.weight, nthread=1)


def _margin(booster: xgboost.Booster, matrix: xgboost.DMatrix, rounds: int = 0) -> FloatArray:
    """Return log-odds after the first ``rounds`` trees; 0 is all of them."""
    found = booster.predict(matrix, output_margin=True, iteration_range=(0, rounds))
    return np.asarray(found, dtype=np.float64)


def _read_settings(document: Document, columns: int) -> dict[str, Any]:
    values = document.get("settings")
    if not isinstance(values, dict):
        document.refuse("settings", "an object")
    settings = Document(f"{document.name}, settings", values)
    monotone = None if settings.get("monotone") is None else settings.integers("monotone", -1, 1)
    if monotone is not None and len(monotone) != columns:
        settings.refuse("monotone", f"{columns} signs")
    return {
        "monotone": monotone,
        "depths": settings.integers("depths", 1, 32),
        "l2": settings.numbers("l2", low=0.0),
        "learning_rate": settings.number("learning_rate", 0.0, 1.0),
        "max_rounds": settings.integer("max_rounds", 0, _MOST_ROUNDS),
        "folds": settings.integer("folds", 2, 2**31),
        "interval_resamples": settings.integer("interval_resamples", 0, _MOST_RESAMPLES),
        "seed": settings.integer("seed", 0, 2**63),
    }
