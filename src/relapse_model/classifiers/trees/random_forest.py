"""A random forest whose risks are shrunk, leaf size by cross-validation: the comparator that assumes no shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from relapse_model.arrays import Floats
from relapse_model.classifiers.shared.base import RiskClassifier, TrainingRows
from relapse_model.classifiers.shared.columns import ColumnSummary, fill_missing
from relapse_model.classifiers.shared.folds import counted, group_numbers, log_loss_total, tuning_folds
from relapse_model.classifiers.shared.risks import sigmoid, tail_levels
from relapse_model.classifiers.shared.round_columns import round_columns
from relapse_model.classifiers.shared.saved_parts import Document, read_document, read_part, told, write_document
from relapse_model.classifiers.trees.forest_bytes import (
    LARGEST_DEPTH,
    Forest,
    check_forest,
    forest_of,
    read_forest,
    tree_risks,
    write_forest,
)
from relapse_model.errors import RelapseModelError

_FORM, _PART, _FOREST = "relapse-model random forest", "random_forest.json", "forest.bin"
_MOST_TREES, _MOST_NODES, _MOST_ROWS = 10_000, 2**24, 10**9
_BAG = 2  # trees that share their row weights: the least from which the variance between trees can be estimated
_TRIED_TREES = 100  # of each forest in the cross-validation
_SHRINKAGE = 3.0  # rows at the mean risk that are added to every leaf
_CERTAIN = 1e-9  # no risk of a leaf is nearer to 0 or 1
_FARTHEST = 1e30  # standard deviations from the mean: a number of 32 bits, and beyond every threshold
_LARGEST_VALUE = 1e30  # no measurement is beyond it


class ForestClassifier(RiskClassifier):
    """Random forest (Breiman, Machine Learning 45 (2001) 5-32) of scikit-learn's trees; NaN takes the median.

    Assumes independent rows (or groups), and nothing of the shape of the risk. At 20 events it is far behind a
    logistic model with prior knowledge. Each leaf's risk is shrunk towards the mean risk as if three more rows
    at that mean lay in it, so that no risk is 0 or 1 (m-estimate, Cestnik, ECAI 1990, 147-149). Columns are
    standardised, since scikit-learn takes values for equal that differ by less than 1e-7: values in mol/l all
    would be. Give the logarithm of a column that spans many powers of ten, or its small values look equal still.

    Intervals say how far the risk would move if other rows of the same kind had come: percentiles of the risks of the
    pairs of trees, each pair grown with its own exponential row weights (Bayesian bootstrap: Rubin, Ann Stat 9 (1981)
    130-134), centred at the risk, and narrowed by the share of their variance that is the chance of single trees
    (Sexton and Laake, Comput Stat Data Anal 53 (2009) 801-811). Leaf size and shares are taken as given and the pull
    of a forest towards the mean is not undone, so they are rather too narrow than too wide. They are not the spread
    of single trees, which is wider and no error of the forest.

    Parameters
    ----------
    trees : int, default=400
        Trees, an even number: two share their row weights, and differ by the columns that they were offered.
    leaf_sizes : sequence of int, default=(10, 20, 40, 80)
        Fewest rows of a leaf that are tried. Above half of the rows, it is the mean risk for everybody.
    feature_shares : sequence of float, default=(0.34,)
        Shares of the columns offered to each split that are tried. One is enough at 20 events: a choice among
        several costs more than it brings.
    folds : int, default=5
        Folds of the cross-validation.
    seed : int, default=0
        Seed of the folds, the row weights and the trees.

    Attributes
    ----------
    forest_ : Forest
        The trees, with their shrunk risks.
    leaf_size_, feature_share_ : int, float
        The choice.
    cv_log_loss_ : ndarray of shape (n_sizes, n_shares)
        Mean held-out log loss of each choice.
    impute_, center_, scale_ : ndarray of shape (p,)
        Round numbers near weighted median, mean and standard deviation of the training columns (see `round_columns`;
        scale 1 where constant).
    classes_, n_features_in_
        As in scikit-learn; the risk is that of ``classes_[1]``.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(132, 2))
    >>> y = rng.random(132) < 1 / (1 + np.exp(2 - 2 * X[:, 0]))
    >>> model = ForestClassifier(trees=40).fit(X, y)
    >>> model.predict_proba(X).shape
    (132, 2)
    """

    def __init__(
        self,
        trees: int = 400,
        leaf_sizes: Sequence[int] = (10, 20, 40, 80),
        feature_shares: Sequence[float] = (0.34,),
        folds: int = 5,
        seed: int = 0,
    ):
        self.trees = trees
        self.leaf_sizes = leaf_sizes
        self.feature_shares = feature_shares
        self.folds = folds
        self.seed = seed

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> Self:
        rows = self._training_rows(X, y, sample_weight)
        self._check_settings()
        columns = round_columns(rows.X, rows.weight)
        self.impute_, self.center_, self.scale_ = columns.impute, columns.center, columns.scale
        group = None if groups is None else counted(groups, "groups", sample_weight, len(np.asarray(y)))
        fold = tuning_folds(rows.event, self.folds, self.seed, group)
        unit = np.arange(len(fold)) if group is None else group_numbers(group, len(fold))
        losses = [self._held_out_loss(rows, unit, fold == held) for held in range(fold.max() + 1)]
        self.cv_log_loss_ = np.sum(losses, axis=0) / rows.weight.sum()
        self._choose()
        complete = TrainingRows(_standardise(rows.X, columns), rows.event, rows.weight)
        self.forest_ = self._grow(complete, unit, self.leaf_size_, self.feature_share_, self.trees)
        return self

    def predict_proba(self, X: ArrayLike) -> Floats:
        risk = self._tree_risks(X).mean(axis=0)
        return np.column_stack([1.0 - risk, risk])

    def predict_log_odds(self, X: ArrayLike) -> Floats:
        return _log_odds(self._tree_risks(X).mean(axis=0))

    def predict_interval(self, X: ArrayLike, level: float = 0.9) -> Floats:
        levels = tail_levels(level)
        risk = self._tree_risks(X)
        bags = risk.reshape(-1, _BAG, risk.shape[1])
        pairs = bags.mean(axis=1)
        chance = bags.var(axis=1, ddof=1).mean(axis=0) / _BAG  # of a pair's mean, its weights being given
        total = pairs.var(axis=0, ddof=1)
        share = np.maximum(total - chance, 0.0) / np.where(total > 0, total, 1.0)
        log_odds = _log_odds(pairs)
        shift = np.quantile(log_odds - np.median(log_odds, axis=0), levels, axis=0) * np.sqrt(share)
        mean = risk.mean(axis=0)
        lower, upper = sigmoid(_log_odds(mean) + shift)
        # A shift of 0, there and back, may miss the risk by a rounding.
        return np.column_stack([np.minimum(lower, mean), np.maximum(upper, mean)])

    def to_parts(self) -> dict[str, bytes]:
        check_forest(self.forest_, _FOREST, self.n_features_in_)  # never write what would be refused
        values = {
            "settings": {
                "trees": int(self.trees),
                "leaf_sizes": [int(size) for size in self.leaf_sizes],
                "feature_shares": [float(share) for share in self.feature_shares],
                "folds": int(self.folds),
                "seed": int(self.seed),
            },
            **self._identity(),
            "leaf_size": self.leaf_size_,
            "feature_share": self.feature_share_,
            "cv_log_loss": told(self.cv_log_loss_),
            "impute": self.impute_,
            "center": self.center_,
            "scale": self.scale_,
            "nodes": self.forest_.nodes,
        }
        return {_PART: write_document(_FORM, values), _FOREST: write_forest(self.forest_)}

    @classmethod
    def from_parts(cls, parts: Mapping[str, bytes]) -> Self:
        document = read_document(parts, _PART, _FORM)
        model = cls(**_read_settings(document))
        model._restore_identity(document)
        model.leaf_size_ = document.integer("leaf_size", 1, _MOST_ROWS)
        model.feature_share_ = document.number("feature_share", 0.0, 1.0)
        model.cv_log_loss_ = document.array_if_told("cv_log_loss", (len(model.leaf_sizes), len(model.feature_shares)))
        for choice, tried in (("leaf_size", model.leaf_sizes), ("feature_share", model.feature_shares)):
            if getattr(model, f"{choice}_") not in tried:
                document.refuse(choice, f"one of those that were tried, {tried}")
        model.impute_, model.center_, model.scale_ = _read_columns(document, model.n_features_in_)
        nodes = document.integers("nodes", 1, _MOST_NODES)
        if len(nodes) != model.trees:
            document.refuse("nodes", f"one number for each of {model.trees} trees")
        model.forest_ = read_forest(read_part(parts, _FOREST), _FOREST, model.n_features_in_, nodes)
        return model

    def _tree_risks(self, X: ArrayLike) -> Floats:
        rows = self._new_rows(X)
        return tree_risks(self.forest_, _standardise(rows, ColumnSummary(self.impute_, self.center_, self.scale_)))

    def _held_out_loss(self, rows: TrainingRows, unit: NDArray[np.intp], held: NDArray[np.bool_]) -> Floats:
        """Return summed held-out log losses, (sizes, shares); every choice gets the same row weights."""
        X = _standardise(rows.X, round_columns(rows.X[~held], rows.weight[~held]))
        known = TrainingRows(X[~held], rows.event[~held], rows.weight[~held])
        loss = np.empty((len(self.leaf_sizes), len(self.feature_shares)))
        for size, share in np.ndindex(loss.shape):
            trees = min(self.trees, _TRIED_TREES)
            forest = self._grow(known, unit[~held], self.leaf_sizes[size], self.feature_shares[share], trees)
            log_odds = _log_odds(tree_risks(forest, X[held]).mean(axis=0))
            loss[size, share] = log_loss_total(rows.event[held], log_odds, rows.weight[held])
        return loss

    def _choose(self) -> None:
        """Take the best choice; of equally good ones the largest leaves, then the fewest columns."""
        best = np.argwhere(self.cv_log_loss_ == self.cv_log_loss_.min())
        choices = [(int(self.leaf_sizes[size]), -float(self.feature_shares[share])) for size, share in best]
        self.leaf_size_, negative = max(choices)
        self.feature_share_ = -negative

    def _grow(self, rows: TrainingRows, unit: NDArray[np.intp], leaf_size: int, share: float, trees: int) -> Forest:
        """Grow trees on complete rows, with an exponential weight for each unit: no tree can lose a class."""
        # Here, because it takes a while. Squared error splits 0 and 1 as Gini's index does, in half the time.
        from sklearn.tree import DecisionTreeRegressor

        rng = np.random.default_rng([self.seed, 1])
        values, event = rows.X.astype(np.float32), rows.event[:, None]
        mean = float(rows.weight @ rows.event / rows.weight.sum())
        grown, risks = [], []
        for number in range(trees):
            if number % _BAG == 0:
                weight = rows.weight * rng.exponential(size=unit.max() + 1)[unit]
            tree = DecisionTreeRegressor(
                min_samples_leaf=int(leaf_size),
                max_features=float(share),
                max_depth=LARGEST_DEPTH,
                random_state=int(rng.integers(2**31)),
            ).fit(values, event, sample_weight=weight, check_input=False)
            grown.append(tree)
            risks.append(_shrunk(tree.tree_.value[:, 0, 0], tree.tree_.weighted_n_node_samples, mean))
        return forest_of(grown, risks)

    def _check_settings(self) -> None:
        accepted = {
            "trees": 2 * _BAG <= self.trees <= _MOST_TREES and self.trees % _BAG == 0,
            "leaf_sizes": len(self.leaf_sizes) > 0 and all(1 <= size <= _MOST_ROWS for size in self.leaf_sizes),
            "feature_shares": len(self.feature_shares) > 0 and all(0 < share <= 1 for share in self.feature_shares),
        }
        for name, good in accepted.items():
            if not good:
                raise RelapseModelError(f"{name} is {getattr(self, name)!r}, which cannot be used; see the docstring.")


def _standardise(X: Floats, columns: ColumnSummary) -> Floats:
    """Return complete columns in standard deviations from the mean, as far away as 32 bits can tell."""
    with np.errstate(over="ignore"):  # cut back to the farthest
        distance = (fill_missing(X, columns.impute) - columns.center) / columns.scale
    return np.clip(distance, -_FARTHEST, _FARTHEST)


def _shrunk(share: Floats, weight: Floats, mean: float) -> Floats:
    """Return the risks of leaves: shares of events, and three more rows at the mean risk."""
    risk = (weight * share + _SHRINKAGE * mean) / (weight + _SHRINKAGE)
    return np.clip(risk, _CERTAIN, 1.0 - _CERTAIN)


def _log_odds(risk: Floats) -> Floats:
    log_odds: Floats = np.log(risk) - np.log1p(-risk)
    return log_odds


def _read_settings(document: Document) -> dict[str, Any]:
    values = document.get("settings")
    if not isinstance(values, dict):
        document.refuse("settings", "an object")
    settings = Document(f"{document.name}, settings", values)
    trees = settings.integer("trees", 2 * _BAG, _MOST_TREES)
    if trees % _BAG:
        settings.refuse("trees", "an even number")
    shares = settings.numbers("feature_shares")
    if not all(0.0 < share <= 1.0 for share in shares):
        settings.refuse("feature_shares", "shares above 0, up to 1")
    return {
        "trees": trees,
        "leaf_sizes": settings.integers("leaf_sizes", 1, _MOST_ROWS),
        "feature_shares": shares,
        "folds": settings.integer("folds", 2, 2**31),
        "seed": settings.integer("seed", 0, 2**63),
    }


def _read_columns(document: Document, columns: int) -> tuple[Floats, Floats, Floats]:
    impute, center, scale = (document.array(key, (columns,)) for key in ("impute", "center", "scale"))
    for key, values in (("impute", impute), ("center", center)):
        if np.abs(values).max() > _LARGEST_VALUE:
            document.refuse(key, f"values within {_LARGEST_VALUE:g}")
    if not ((scale > 0) & (scale <= _LARGEST_VALUE)).all():
        document.refuse("scale", f"standard deviations above 0, up to {_LARGEST_VALUE:g}")
    return impute, center, scale
