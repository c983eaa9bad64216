"""Boosted trees kept small enough for small cohorts: depth, penalty and rounds chosen by cross-validation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import ArrayLike, NDArray

from relapse_model.arrays import Floats
from relapse_model.classifiers.shared.base import IntervalUnavailableError, RiskClassifier, TrainingRows
from relapse_model.classifiers.shared.folds import counted, group_numbers, tuning_folds
from relapse_model.classifiers.shared.risks import both_risks, sigmoid, tail_levels
from relapse_model.classifiers.shared.saved_parts import Document, read_document, read_part, told, write_document
from relapse_model.classifiers.trees.booster_bytes import check_booster, read_booster
from relapse_model.classifiers.trees.boosting import (
    grow_trees,
    held_out_losses,
    log_odds_after,
    matrix_of,
    mean_log_odds,
    round_counts,
)
from relapse_model.classifiers.trees.contributions import TreeTables, tree_paths, tree_tables
from relapse_model.errors import RelapseModelError

if TYPE_CHECKING:
    import xgboost


_FORM = "relapse-model boosted trees"
_PART, _BOOSTER, _INTERVAL = "boosted_trees.json", "booster.ubj", "interval_{:03d}.ubj"
_MOST_ROUNDS = 10_000
_MOST_RESAMPLES = 1000  # three digits in the name of a part
# Beside the classifiers, so that they hold nothing but what was fitted; a booster that is gone takes its tables along.
_TABLES: WeakKeyDictionary[xgboost.Booster, TreeTables | None] = WeakKeyDictionary()


class BoostedTreesClassifier(RiskClassifier):
    """Gradient-boosted trees (xgboost), never more complex than cross-validation says.

    Assumes independent rows (or groups). Zero rounds, which is the mean risk for everybody, is one of the choices, so
    that noise gives nearly the mean risk. The trees may start from another model's log-odds (``base_margin``) and so
    correct it; then zero rounds is that model. At 20 events it loses to a logistic model with prior knowledge; it
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
    starts_from_margin_ : bool
        Whether it was fitted with a ``base_margin``, which predictions then need too.
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

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        base_margin: ArrayLike | None = None,
    ) -> Self:
        """Choose depth, penalty and rounds together by cross-validated log loss, then fit on all rows.

        Parameters
        ----------
        X : array-like of shape (n, p)
            Predictors; NaN is missing.
        y : array-like of shape (n,)
            Two labels; the larger one is the event.
        sample_weight : array-like of shape (n,), optional
            Row weights; rows of weight 0 do not count at all.
        groups : array-like of shape (n,), optional
            Rows of one group (one patient) stay in one fold and are resampled together.
        base_margin : array-like of shape (n,), optional
            Log-odds of each row by another model, from which the trees start in place of the mean risk. They should
            be of rows held out of that model, or the trees learn that nothing is left to correct.

        Returns
        -------
        BoostedTreesClassifier
            Itself.

        Raises
        ------
        InsufficientDataError
            If a class has fewer than 2 rows (or groups).
        RelapseModelError
            If a setting or a margin cannot be used.
        """
        rows = self._training_rows(X, y, sample_weight)
        self._check_settings(rows.X.shape[1])
        given = len(np.asarray(y))
        group = None if groups is None else counted(groups, "groups", sample_weight, given)
        margin = None if base_margin is None else _margin(counted(base_margin, "base_margin", sample_weight, given))
        self.starts_from_margin_ = margin is not None
        self.round_counts_ = round_counts(self.max_rounds)
        fold = tuning_folds(rows.event, self.folds, self.seed, group)
        grid = (self.round_counts_, self.depths, self.l2)
        losses = [
            held_out_losses(rows, fold == held, margin, *grid, **self._shared()) for held in range(fold.max() + 1)
        ]
        self.cv_log_loss_ = np.sum(losses, axis=0) / rows.weight.sum()
        self._choose()
        self.booster_ = self._grow(rows, margin)
        self.interval_boosters_ = self._resample(rows, group, margin)
        return self

    def predict_proba(self, X: ArrayLike, base_margin: ArrayLike | None = None) -> Floats:
        """Return the probabilities of no event and of the event, shape (n, 2)."""
        return both_risks(self.predict_log_odds(X, base_margin))

    def predict_log_odds(self, X: ArrayLike, base_margin: ArrayLike | None = None) -> Floats:
        """Return the log-odds of the event, shape (n,).

        Parameters
        ----------
        X : array-like of shape (n, p)
            Predictors; NaN is missing.
        base_margin : array-like of shape (n,), optional
            Log-odds by the model from which it was fitted to start; needed then, and refused otherwise.
        """
        rows = self._new_rows(X)
        return log_odds_after(self.booster_, self._new_matrix(rows, base_margin))

    def contributions(self, X: ArrayLike) -> Floats:
        """Return exact TreeSHAP values of the log-odds, shape (n, columns + 1); the last is the base value.

        Path-dependent (Lundberg 2020, doi:10.1038/s42256-019-0138-9); rows sum to the log-odds. Read in 64 bits from
        tables of all answers that the trees can give, which are made at the first call (`tree_contributions`). Where
        the trees are too large for tables (a path that tests more than 4 columns), xgboost computes them in 32 bits.

        Parameters
        ----------
        X : array-like of shape (n, columns)
        """
        rows = self._new_rows(X)
        tables = _tables_of(self.booster_, rows.shape[1])
        if tables is not None:
            return tables.contributions(rows)
        return np.asarray(self.booster_.predict(matrix_of(rows), pred_contribs=True), dtype=np.float64)

    def predict_interval(self, X: ArrayLike, level: float = 0.9, base_margin: ArrayLike | None = None) -> Floats:
        """Return percentiles of the resampled risks, centred at the model's own risk.

        Depth, penalty and rounds are taken as given, so the interval is rather too narrow than too wide.

        Parameters
        ----------
        X : array-like of shape (n, p)
            Predictors; NaN is missing.
        level : float, default=0.9
            Share of resamples inside.
        base_margin : array-like of shape (n,), optional
            As `predict_log_odds` takes it; it counts as known.

        Returns
        -------
        ndarray of shape (n, 2)
            Lower and upper risk.

        Raises
        ------
        IntervalUnavailableError
            If it was fitted with ``interval_resamples=0``.
        """
        matrix = self._new_matrix(self._new_rows(X), base_margin)
        levels = tail_levels(level)
        if not self.interval_boosters_:
            raise IntervalUnavailableError(
                "This classifier was fitted with interval_resamples=0, so it has no intervals; expected 1 or "
                "more. Fit it again with, say, interval_resamples=100."
            )
        resampled = np.array([log_odds_after(booster, matrix) for booster in self.interval_boosters_])
        shift = np.quantile(resampled - np.median(resampled, axis=0), levels, axis=0)
        return sigmoid(log_odds_after(self.booster_, matrix) + shift).T

    def to_parts(self) -> dict[str, bytes]:
        values = {
            "settings": self._settings(),
            **self._identity(),
            "depth": self.depth_,
            "l2": self.l2_,
            "rounds": self.rounds_,
            "starts_from_margin": self.starts_from_margin_,
            "cv_log_loss": told(self.cv_log_loss_),
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
        document = read_document(parts, _PART, _FORM)
        columns = document.integer("n_features", 1, 100_000)
        model = cls(**_read_settings(document, columns))
        model._restore_identity(document)
        model.depth_ = document.integer("depth", 1, 32)
        model.l2_ = document.number("l2", low=0.0)
        model.rounds_ = document.integer("rounds", 0, model.max_rounds)
        # Parts written before trees could start from a margin say nothing of it.
        model.starts_from_margin_ = document.values.get("starts_from_margin") is True
        model.round_counts_ = round_counts(model.max_rounds)
        shape = (len(model.depths), len(model.l2), len(model.round_counts_))
        model.cv_log_loss_ = document.array_if_told("cv_log_loss", shape)
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

    def _shared(self) -> dict[str, Any]:
        return {"learning_rate": self.learning_rate, "monotone": self.monotone}

    def _grow(self, rows: TrainingRows, margin: Floats | None) -> xgboost.Booster:
        """Grow the trees that were chosen."""
        matrix = matrix_of(rows.X, rows, margin)
        booster = grow_trees(
            matrix, mean_log_odds(rows), self.rounds_, depth=self.depth_, l2=self.l2_, **self._shared()
        )  # fmt: skip
        booster.reset()  # it keeps no rows
        return booster

    def _resample(self, rows: TrainingRows, group: NDArray[Any] | None, margin: Floats | None) -> list[xgboost.Booster]:
        """Refit with exponential weights of rows or groups (the Bayesian bootstrap: no resample can lose a class)."""
        rng = np.random.default_rng([self.seed, 1])
        unit = np.arange(len(rows.event)) if group is None else group_numbers(group, len(rows.event))
        boosters = []
        for _ in range(self.interval_resamples):
            weight = rows.weight * rng.exponential(size=unit.max() + 1)[unit]
            boosters.append(self._grow(TrainingRows(rows.X, rows.event, weight), margin))
        return boosters

    def _new_matrix(self, rows: Floats, base_margin: ArrayLike | None) -> xgboost.DMatrix:
        if (base_margin is not None) != self.starts_from_margin_:
            came, wanted = ("a", "none") if base_margin is not None else ("no", "one")
            raise RelapseModelError(
                f"{came} base_margin came; expected {wanted}, as when this classifier was fitted: its trees start from "
                f"{'the log-odds of another model' if self.starts_from_margin_ else 'the mean risk'}."
            )
        margin = None if base_margin is None else _margin(counted(base_margin, "base_margin", None, len(rows)))
        return matrix_of(rows, None, margin)

    def _check_settings(self, columns: int) -> None:
        signs = [] if self.monotone is None else list(self.monotone)
        if self.monotone is not None and (len(signs) != columns or not set(signs) <= {-1, 0, 1}):
            raise RelapseModelError(
                f"monotone is {self.monotone!r}; expected -1, 0 or 1 for each of {columns} columns."
            )
        accepted = {
            "depths": len(self.depths) > 0 and all(1 <= depth <= 32 for depth in self.depths),
            "l2": len(self.l2) > 0 and all(0 <= penalty < np.inf for penalty in self.l2),
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


def _tables_of(booster: xgboost.Booster, columns: int) -> TreeTables | None:
    if booster not in _TABLES:
        _TABLES[booster] = tree_tables(*tree_paths(bytes(booster.save_raw("ubj"))), columns)
    return _TABLES[booster]


def _margin(values: NDArray[Any]) -> Floats:
    margin = np.asarray(values, dtype=np.float64)
    wrong = int((~np.isfinite(margin)).sum())
    if wrong:
        raise RelapseModelError(f"base_margin: {wrong} of {margin.size} are missing or infinite; expected log-odds.")
    return margin


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
